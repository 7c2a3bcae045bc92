//! What is said while another apply is waited for: one line that changes on a terminal, plain lines elsewhere, all of it on standard error.
//! Standard output belongs to the result.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use jiff::SignedDuration;

use super::Global;
use crate::journal::lock::waiting::News;

/// Where there is no terminal, a lock that stays with the same run is said no more often than this.
const EVERY: SignedDuration = SignedDuration::from_secs(30);

/// Says what there is to say of the lock.
pub(super) enum Line {
    Silent,
    Terminal(ProgressBar),
    Plain(Mutex<Pace>),
}

impl Line {
    pub(super) fn new(global: &Global) -> Self {
        if global.quiet {
            return Self::Silent;
        }
        if !io::stderr().is_terminal() {
            return Self::Plain(Mutex::new(Pace::default()));
        }
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
            bar.set_style(style);
        }
        Self::Terminal(bar)
    }

    pub(super) fn told(&self, news: &News) {
        match self {
            Self::Silent => {}
            Self::Terminal(bar) if news.is_last() => {
                bar.finish_and_clear();
                say(news);
            }
            Self::Terminal(bar) => {
                bar.enable_steady_tick(Duration::from_millis(120));
                bar.set_message(news.sentence());
            }
            Self::Plain(pace) => {
                if pace.lock().is_ok_and(|mut pace| pace.is_due(news)) {
                    say(news);
                }
            }
        }
    }
}

fn say(news: &News) {
    let _ = writeln!(io::stderr(), "lifeboat: {}", news.sentence());
}

/// What was said last.
#[derive(Debug, Default)]
pub(super) struct Pace(Option<(String, SignedDuration)>);

impl Pace {
    /// Whether something is to be said again: the first time, at the end, when another run has it, and else from time to time.
    fn is_due(&mut self, news: &News) -> bool {
        let fresh = self.0.as_ref().is_none_or(|(run, at)| *run != news.holder.run || news.waited - *at >= EVERY);
        if fresh {
            self.0 = Some((news.holder.run.clone(), news.waited));
        }
        fresh || news.is_last()
    }
}

#[cfg(test)]
mod tests;
