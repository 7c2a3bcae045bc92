//! Colour as labels. It only supports what the words already say; without it nothing is lost.

use anstyle::{AnsiColor, Style};

/// What a piece of text is, to be coloured alike everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// Well, added, passed.
    Good,
    /// Changed, waiting.
    Change,
    /// Held, failed.
    Bad,
    /// Secondary.
    Dim,
    /// A heading.
    Strong,
}

/// Paints, or leaves everything as it is.
#[derive(Clone, Copy, Debug)]
pub struct Paint {
    /// Whether to colour.
    pub on: bool,
}

impl Paint {
    /// The text with its label.
    pub fn text(self, label: Label, text: &str) -> String {
        if !self.on {
            return text.to_owned();
        }
        let style = match label {
            Label::Good => Style::new().fg_color(Some(AnsiColor::Green.into())),
            Label::Change => Style::new().fg_color(Some(AnsiColor::Yellow.into())),
            Label::Bad => Style::new().bold().fg_color(Some(AnsiColor::Red.into())),
            Label::Dim => Style::new().dimmed(),
            Label::Strong => Style::new().bold(),
        };
        format!("{style}{text}{style:#}")
    }
}
