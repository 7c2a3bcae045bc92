//! Passwords in connection URLs: found, and blanked out of every text that a finding may show.
//!
//! It must never change the length of a text: findings point into it by byte.

use std::ops::Range;

/// The text with every byte of a password in a URL replaced by `*`, and where the passwords stood.
pub(super) fn passwords(text: &str) -> (String, Vec<Range<usize>>) {
    let mut found = Vec::new();
    for (at, scheme) in text.match_indices("://") {
        let start = at + scheme.len();
        let rest = text.get(start..).unwrap_or_default();
        // A password may hold almost anything but what ends the text around it; the last `@` of the authority ends it.
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '/' | '?' | '#' | '{' | '}' | ',')).unwrap_or(rest.len());
        let Some(at_sign) = rest.get(..end).and_then(|authority| authority.rfind('@')) else { continue };
        let Some(colon) = rest.get(..at_sign).and_then(|user| user.find(':')) else { continue };
        if colon + 1 < at_sign {
            found.push(start + colon + 1..start + at_sign);
        }
    }
    let mut shown = text.to_owned();
    for span in &found {
        shown.replace_range(span.clone(), &"*".repeat(span.len()));
    }
    (shown, found)
}

#[cfg(test)]
mod tests;
