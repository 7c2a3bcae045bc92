//! Values, types and lists in words. It must never print a value unescaped or unbounded.

use jsonschema::JsonType;
use serde_json::Value;

/// Longer words get no suggestion: nobody mistypes them, and comparing them costs time.
const LONGEST_WORD: usize = 64;
/// How alike two words must be for one to be suggested for the other.
const ALIKE: f32 = 0.6;

/// A value's type.
pub(super) fn found(value: &Value) -> &'static str {
    match value {
        Value::Null => "empty",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}

/// A type of the schema.
pub(super) fn type_name(kind: JsonType) -> &'static str {
    match kind {
        JsonType::Null => "nothing",
        JsonType::Boolean => "true or false",
        JsonType::Integer => "a whole number",
        JsonType::Number => "a number",
        JsonType::String => "a string",
        JsonType::Array => "a list",
        JsonType::Object => "a mapping",
    }
}

/// A value between backticks, cut short and without control characters. Lists and mappings only by type; of a URL with
/// a password nothing.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "empty".to_owned(),
        Value::String(text) if text.contains("://") && text.contains('@') => "a URL with credentials".to_owned(),
        Value::String(text) => code(text),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        other => found(other).to_owned(),
    }
}

/// Text between backticks, cut short and without control characters.
pub(super) fn code(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut short: String = text.chars().take(LONGEST).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(LONGEST).is_some() {
        short.push('…');
    }
    format!("`{short}`")
}

/// `a, b and c`, each as given.
pub(super) fn list(items: &[String], last: &str) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., end] => format!("{} {last} {end}", first.join(", ")),
    }
}

/// The candidate that is most like a mistyped word, if any is.
pub(crate) fn suggestion<'c>(word: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    if word.chars().nth(LONGEST_WORD).is_some() {
        return None;
    }
    let folded = fold(word);
    let rated = candidates.map(|candidate| {
        let other = fold(candidate);
        let ratio = if other == folded { 1.0 } else { similar::TextDiff::from_chars(folded.as_str(), other.as_str()).ratio() };
        (ratio, candidate)
    });
    let best = rated.filter(|(ratio, _)| *ratio >= ALIKE).reduce(|best, next| if next.0 > best.0 { next } else { best });
    best.map(|(_, candidate)| candidate)
}

/// A word without what `bucketKey`, `bucket_key` and `Bucket-Key` differ in.
fn fold(word: &str) -> String {
    word.chars().filter(|c| !matches!(c, '_' | '-' | ' ')).flat_map(char::to_lowercase).collect()
}

/// The last part of a JSON pointer, as an author would name it.
pub(super) fn name(root: &Value, pointer: &str) -> String {
    let Some((parent, last)) = pointer.rsplit_once('/') else { return "the document".to_owned() };
    match (root.pointer(parent), last.parse::<usize>()) {
        (Some(Value::Array(_)), Ok(index)) => format!("item {} of {}", index + 1, name(root, parent)),
        _ => code(&unescape(last)),
    }
}

/// A JSON pointer as a dotted path between backticks.
pub(super) fn path(pointer: &str) -> String {
    let segments: Vec<String> = pointer.split('/').skip(1).map(unescape).collect();
    if segments.is_empty() { "the document".to_owned() } else { code(&segments.join(".")) }
}

/// A key as a segment of a JSON pointer.
pub(super) fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn unescape(segment: &str) -> String {
    segment.replace("~1", "/").replace("~0", "~")
}
