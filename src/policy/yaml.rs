//! Reads a policy file: bytes in, a JSON value and the byte range of every part of it out, by one parser.
//!
//! One parser decides both what a file means and where it says so. It must never guess (a scalar that other YAML
//! readers take for another number is a problem, a repeated key is a problem), never panic, and never spend more than
//! a bounded amount of memory or time on a hostile file. It reads the YAML 1.2 core schema: `no`, `off` and `y` are text.

mod build;
mod problem;
mod scalar;
mod spans;
mod syntax;
#[cfg(test)]
mod tests;

use std::ops::Range;

use granit_parser::Parser;
use serde_json::Value;

use build::{Builder, Stop};
pub use problem::{YamlProblem, YamlProblemKind};
pub use spans::{SpanIndex, Spans};

/// The largest policy file that is read, in bytes.
pub const MAX_BYTES: usize = 1024 * 1024;
/// The largest number of values in a file once every alias is expanded.
pub const MAX_NODES: usize = 100_000;
/// The largest amount of text in a file once every alias is expanded, in bytes.
pub const MAX_TEXT: usize = 4 * MAX_BYTES;
/// How deep lists and mappings may nest.
pub const MAX_DEPTH: usize = 64;
/// How many problems are collected before the rest of a file is left unread.
pub const MAX_PROBLEMS: usize = 100;

/// What a file says, where it says so, and what is wrong with it.
#[derive(Debug, Clone, Default)]
pub struct Parsed {
    /// The value; `Null` when nothing usable was read.
    pub value: Value,
    /// Where each part of the value stands in the file.
    pub spans: SpanIndex,
    /// Every mistake, in the order of the file. A value with problems must not be acted on.
    pub problems: Vec<YamlProblem>,
}

impl Parsed {
    fn unusable(problems: Vec<YamlProblem>) -> Self {
        Self { problems, ..Self::default() }
    }
}

/// Reads one policy file. It never fails: whatever is wrong is in [`Parsed::problems`].
#[must_use]
pub fn parse(bytes: &[u8]) -> Parsed {
    if bytes.len() > MAX_BYTES {
        let kind = YamlProblemKind::TooLarge { bytes: bytes.len() };
        return Parsed::unusable(vec![YamlProblem::new(kind, 0..0)]);
    }
    let source = match std::str::from_utf8(bytes) {
        Ok(source) => source,
        Err(error) => {
            let offset = error.valid_up_to();
            let end = (offset + error.error_len().unwrap_or(1)).min(bytes.len());
            let kind = YamlProblemKind::NotUtf8 { offset };
            return Parsed::unusable(vec![YamlProblem::new(kind, offset..end)]);
        }
    };
    let (text, base) = source.strip_prefix('\u{feff}').map_or((source, 0), |rest| (rest, source.len() - rest.len()));
    let forbidden = forbidden_characters(text, base);
    if !forbidden.is_empty() {
        return Parsed::unusable(forbidden);
    }
    read(text, base)
}

/// Builds the value from the parser's events.
fn read(text: &str, base: usize) -> Parsed {
    let mut builder = Builder::new(text, base);
    for item in Parser::new_from_str_with_options(text, options()) {
        let step = match item {
            Ok((event, span)) => builder.event(event, &span),
            Err(error) => Err(Stop::Fatal(Box::new(syntax::explain(&error, text, base, builder.innermost())))),
        };
        match step {
            Ok(()) => {}
            Err(Stop::SecondDocument) => break,
            Err(Stop::Fatal(problem)) => return Parsed::unusable(vec![*problem]),
            Err(Stop::TooManyProblems) => return Parsed::unusable(builder.into_problems()),
        }
    }
    builder.finish()
}

/// The parser's own limits stand one step behind ours, so that ours speak first.
fn options() -> granit_parser::Options {
    granit_parser::options! {
        disallow_directives: true,
        emit_unresolved_aliases: true,
        emit_comments: false,
        block_scalar_eof_without_line_feed: true,
        flow_nesting_limit: MAX_DEPTH + 1,
        block_nesting_limit: MAX_DEPTH + 1,
    }
}

/// Every character that has no business in a policy: it hides text from a reviewer, or splits lines for some parsers only.
fn forbidden_characters(text: &str, base: usize) -> Vec<YamlProblem> {
    text.char_indices()
        .filter(|(_, character)| is_forbidden(*character))
        .take(MAX_PROBLEMS)
        .map(|(at, character)| {
            let span = shift(&(at..at + character.len_utf8()), base);
            let kind = YamlProblemKind::ForbiddenCharacter { character, offset: span.start };
            YamlProblem::new(kind, span)
        })
        .collect()
}

/// Control characters, invisible text direction, and what only some YAML parsers take for a line break.
fn is_forbidden(character: char) -> bool {
    match character {
        '\t' | '\n' | '\r' => false,
        '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => true,
        other => other.is_control(),
    }
}

fn shift(range: &Range<usize>, base: usize) -> Range<usize> {
    range.start + base..range.end + base
}
