//! The parser's errors in the words of a policy's author. It must never drop an error: what has no words here keeps the
//! parser's own.

use std::ops::Range;

use granit_parser::{ErrorKind, ScanError};

use super::problem::{YamlProblem, YamlProblemKind};
use super::shift;

/// One problem for the error that ended the parse. `innermost` is where the list or mapping around it began.
pub(super) fn explain(error: &ScanError, text: &str, base: usize, innermost: Option<Range<usize>>) -> YamlProblem {
    let at = error.marker().byte_offset().unwrap_or(0);
    let at = if is_tab(error.kind()) { tab_before(text, at) } else { at };
    let span = shift(&token(text, at), base);
    let kind = match words(error.kind()) {
        None => YamlProblemKind::TooDeep,
        Some((message, hint)) => YamlProblemKind::Syntax { message, hint: hint.map(str::to_owned) },
    };
    let mut problem = YamlProblem::new(kind, span);
    let opened = innermost.filter(|range| !range.is_empty() && range.start != problem.span.start);
    if let Some(opened) = opened {
        problem.related = Some((opened, "opened here".to_owned()));
    }
    problem
}

fn is_tab(kind: &ErrorKind) -> bool {
    matches!(kind, ErrorKind::TabInBlockIndentation | ErrorKind::TabInIndentation | ErrorKind::TabNotAllowed)
}

/// The first tab of the line that an offset is in: the parser stops behind it.
fn tab_before(text: &str, at: usize) -> usize {
    let before = text.get(..at).unwrap_or_default();
    let line = before.rfind('\n').map_or(0, |end| end + 1);
    before.get(line..).and_then(|rest| rest.find('\t')).map_or(at, |tab| line + tab)
}

/// What the error says and what to do about it; `None` when nesting is too deep.
fn words(kind: &ErrorKind) -> Option<(String, Option<&'static str>)> {
    let (message, hint) = match kind {
        ErrorKind::RecursionLimitExceeded => return None,
        ErrorKind::UnclosedQuotedScalar => ("a quote is not closed", None),
        ErrorKind::UnclosedFlowCollection { .. }
        | ErrorKind::UnexpectedEofFlowSequence
        | ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnexpectedEofImplicitFlowMapping => ("a bracket is not closed", None),
        ErrorKind::ExpectedFlowMappingSeparator => ("expected `,` or `}`", Some("close the mapping with `}`")),
        ErrorKind::ExpectedFlowSequenceSeparator => ("expected `,` or `]`", Some("close the list with `]`")),
        ErrorKind::MisplacedFlowCollectionEnd => ("a closing bracket without its opening one", None),
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
            return Some((format!("`{open}` is closed by `{close}`"), None));
        }
        ErrorKind::MappingValueNotAllowed => ("`:` cannot stand here", Some("align the key with the ones above it; quote a text that contains `: `")),
        ErrorKind::SimpleKeyExpected => ("a key without `:`", Some("write `key: value`")),
        ErrorKind::TabInBlockIndentation | ErrorKind::TabInIndentation | ErrorKind::TabNotAllowed => ("a tab in the indentation", Some("indent with spaces")),
        ErrorKind::ExpectedBlockMappingKey => ("expected a key", Some("align the line with the ones above it")),
        ErrorKind::ExpectedBlockSequenceEntry => ("expected `-`", Some("a list and a mapping cannot share one level")),
        ErrorKind::InvalidIndentation => ("wrong indentation", Some("align the line with the ones above it")),
        ErrorKind::BlockSequenceEntryNotAllowed => ("`-` cannot start a list here", Some("start the list on a line of its own")),
        ErrorKind::MissingAnchorOrAliasName => {
            ("`*` and `&` at the start of a text mean an alias or an anchor", Some("quote the text, as in `cron: \"* * * * *\"`"))
        }
        ErrorKind::UnexpectedCharacter { character } => {
            let character = if super::is_forbidden(*character) { '\u{fffd}' } else { *character };
            return Some((format!("a text cannot start with `{character}`"), Some("quote the text")));
        }
        ErrorKind::InvalidTrailingSingleQuotedScalar | ErrorKind::InvalidTrailingDoubleQuotedScalar => {
            ("text follows a closing quote", Some("put all of it between the quotes"))
        }
        ErrorKind::UnknownQuotedScalarEscape => ("an unknown escape between double quotes", Some("double the backslash, or use single quotes")),
        ErrorKind::DirectiveDisallowed => ("a `%` directive", Some("remove the line; a policy is YAML 1.2")),
        other => return Some((other.to_string(), None)),
    };
    Some((message.to_owned(), hint))
}

/// The word or sign at an offset; the last one before it when the line or file ends there.
pub(super) fn token(text: &str, at: usize) -> Range<usize> {
    let at = text.floor_char_boundary(at);
    let (before, after) = text.split_at(at);
    let Some(first) = after.chars().next().filter(|c| !c.is_whitespace() || *c == '\t') else {
        let end = before.trim_end().len();
        let width = before.trim_end().chars().next_back().map_or(0, char::len_utf8);
        return end - width..end;
    };
    let word: usize = after.chars().take(60).take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-')).map(char::len_utf8).sum();
    at..at + word.max(first.len_utf8())
}
