//! Findings: mistakes of an author and judgements of rules, each with the places it is about.
//!
//! A finding is a value beside a result, never an error: all of them are collected. It carries the source text it points
//! into, so that it can be shown without reading a file again.

use std::ops::Range;
use std::sync::Arc;

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Stops `check`, `plan` and `apply` (exit 3).
    Error,
    /// Shown, stops nothing.
    Warning,
}

impl Level {
    /// `error` or `warning`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Id of the rule that made it; none for mistakes of form.
    pub rule: Option<&'static str>,
    /// Its weight.
    pub level: Level,
    /// The kind of problem in one phrase, no period.
    pub title: String,
    /// Where it is; the first one is the primary place.
    pub places: Vec<Place>,
    /// Why it matters.
    pub why: Option<String>,
    /// What to write instead.
    pub instead: Option<String>,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Which file.
    pub file: Arc<SourceText>,
    /// Which bytes of it.
    pub span: Range<usize>,
    /// What is to be seen there.
    pub label: String,
}

/// The text of a file that findings point into.
#[derive(Debug, PartialEq, Eq)]
pub struct SourceText {
    /// Its path in the config repo, with `/`.
    pub path: String,
    /// Its text; not UTF-8 bytes are replaced.
    pub text: String,
}

impl Finding {
    /// An error of form at one place.
    pub fn error(title: impl Into<String>) -> Self {
        Self { rule: None, level: Level::Error, title: title.into(), places: Vec::new(), why: None, instead: None }
    }

    /// Adds a place; the first one added is the primary place.
    #[must_use]
    pub fn at(mut self, file: &Arc<SourceText>, span: Range<usize>, label: impl Into<String>) -> Self {
        self.places.push(Place { file: Arc::clone(file), span, label: label.into() });
        self
    }

    /// Says why it matters.
    #[must_use]
    pub fn why(mut self, why: impl Into<String>) -> Self {
        self.why = Some(why.into());
        self
    }

    /// Says what to write instead.
    #[must_use]
    pub fn instead(mut self, instead: impl Into<String>) -> Self {
        self.instead = Some(instead.into());
        self
    }
}

impl Place {
    /// Line and column of its first byte, both from 1; columns count characters.
    pub fn line_column(&self) -> (usize, usize) {
        self.position(self.span.start)
    }

    /// Line and column of the first byte behind it.
    pub fn end_line_column(&self) -> (usize, usize) {
        self.position(self.span.end.max(self.span.start))
    }

    fn position(&self, at: usize) -> (usize, usize) {
        let upto = self.file.text.get(..at).unwrap_or(&self.file.text);
        let line = upto.matches('\n').count() + 1;
        let column = upto.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
        (line, column)
    }
}
