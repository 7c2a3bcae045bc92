//! Parameters of a connection text that tokio-postgres does not know, or knows less of than libpq, taken out of it.
//!
//! Both forms of libpq: `postgresql://…?name=value&…` and `name=value name='value'` (PostgreSQL documentation, "Connection
//! Strings"). A text that cannot be read is left as it is: the parser behind says what is wrong with it.

use std::collections::BTreeMap;

use crate::engines::pg_dump::rowhash::nibble;

/// The text without the named parameters, and their values.
pub(super) fn take(text: &str, names: &[&str]) -> (String, BTreeMap<String, String>) {
    let is_url = ["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme));
    if is_url { from_url(text, names) } else { from_words(text, names) }
}

fn from_url(text: &str, names: &[&str]) -> (String, BTreeMap<String, String>) {
    let mut taken = BTreeMap::new();
    let Some((head, query)) = text.split_once('?') else { return (text.to_owned(), taken) };
    let mut rest = Vec::new();
    for pair in query.split('&') {
        match pair.split_once('=').filter(|(name, _)| names.contains(name)) {
            Some((name, value)) => drop(taken.insert(name.to_owned(), decoded(value))),
            None => rest.push(pair),
        }
    }
    let text = if rest.is_empty() { head.to_owned() } else { format!("{head}?{}", rest.join("&")) };
    (text, taken)
}

/// `%2F` → `/`.
fn decoded(text: &str) -> String {
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        let escaped = match behind {
            [high, low, after @ ..] if *first == b'%' => nibble(*high).zip(nibble(*low)).map(|(high, low)| (high << 4 | low, after)),
            _ => None,
        };
        let (byte, after) = escaped.unwrap_or((*first, behind));
        out.push(byte);
        rest = after;
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn from_words(text: &str, names: &[&str]) -> (String, BTreeMap<String, String>) {
    let (mut rest, mut taken) = (Vec::new(), BTreeMap::new());
    let mut left = text.trim_start();
    while let Some((name, behind)) = left.split_once('=') {
        let (value, after) = value(behind.trim_start());
        if names.contains(&name.trim()) {
            taken.insert(name.trim().to_owned(), value);
        } else {
            rest.push(left.strip_suffix(after).unwrap_or(left).trim());
        }
        left = after.trim_start();
    }
    rest.extend((!left.is_empty()).then_some(left));
    (rest.join(" "), taken)
}

/// One value, which may stand between quotes and hold escapes, and what is behind it.
fn value(text: &str) -> (String, &str) {
    let quoted = text.starts_with('\'');
    let mut out = String::new();
    let mut characters = text.char_indices().skip(usize::from(quoted));
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => out.extend(characters.next().map(|(_, escaped)| escaped)),
            '\'' if quoted => return (out, text.get(at + 1..).unwrap_or_default()),
            space if !quoted && space.is_whitespace() => return (out, text.get(at..).unwrap_or_default()),
            other => out.push(other),
        }
    }
    (out, "")
}

#[cfg(test)]
mod tests {
    use super::take;

    #[test]
    fn both_forms_lose_only_what_is_taken() {
        for (text, rest, mode, roots) in [
            ("postgresql://u:p@h/d", "postgresql://u:p@h/d", None, None),
            ("postgres://h/d?sslmode=require", "postgres://h/d", Some("require"), None),
            ("postgres://h/d?a=1&sslrootcert=%2Fa%20b&sslmode=x&b=2", "postgres://h/d?a=1&b=2", Some("x"), Some("/a b")),
            ("postgres://h/d?sslrootcert=100%&c=%zz", "postgres://h/d?c=%zz", None, Some("100%")),
            ("host=h sslmode=require dbname=d", "host=h dbname=d", Some("require"), None),
            ("password='a \\' sslmode=x' sslrootcert = /c user=u", "password='a \\' sslmode=x' user=u", None, Some("/c")),
            ("sslmode=", "", Some(""), None),
            ("nonsense", "nonsense", None, None),
        ] {
            let (left, taken) = take(text, &["sslmode", "sslrootcert"]);
            assert_eq!(left, rest, "{text}");
            assert_eq!((taken.get("sslmode").map(String::as_str), taken.get("sslrootcert").map(String::as_str)), (mode, roots), "{text}");
        }
    }
}
