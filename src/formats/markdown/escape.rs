//! Text of policies and servers made harmless in Markdown, as GitHub and GitLab render it.
//!
//! Nothing from outside may end the cell, the folded block or the code it stands in, begin a line, become a link, an image or
//! a command, or ping anybody. Forges look for names and references in the rendered text, where an entity is already
//! the character it stands for: so each sigil is also parted from what follows by a zero-width space.

use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Parts a sigil from a name, and is not seen.
const APART: &str = "&#8203;";
/// Digits of an account id.
const ACCOUNT: usize = 12;
/// Characters that begin a name or a reference on a forge.
const SIGILS: &[char] = &['@', '#', '!', '~', '%', '$', '&', '^', '*'];

/// Makes text harmless. Account ids are masked but for their last four digits, for a comment is read by more people than a
/// plan is; those that are part of names of the policy's own resources stay, or the names would be wrong.
pub(super) struct Safe {
    named: BTreeSet<String>,
}

impl Safe {
    /// With the names that policies give to buckets and roles.
    pub(super) fn naming<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let numbers = |name: &'a str| name.split(|c: char| !c.is_ascii_digit()).filter(|digits| digits.len() >= ACCOUNT).map(str::to_owned);
        Self { named: names.flat_map(numbers).collect() }
    }

    /// Prose outside of code; what stands between two backticks becomes code. One line, at most `longest` characters.
    pub(super) fn prose(&self, text: &str, longest: usize) -> String {
        let text = self.plain(text, longest);
        let parts: Vec<&str> = text.split('`').collect();
        let mut out = String::new();
        for (at, part) in parts.iter().enumerate() {
            let is_code = at % 2 == 1 && at + 1 < parts.len();
            match (is_code, part.is_empty()) {
                (true, false) => out.push_str(&tagged(part)),
                (true, true) => out.push_str("&#96;&#96;"),
                (false, _) if at % 2 == 1 => {
                    out.push_str("&#96;");
                    words(&mut out, part);
                }
                (false, _) => words(&mut out, part),
            }
        }
        out
    }

    /// Code within a line: nothing in it is a name or a reference. One line, at most `longest` characters.
    pub(super) fn code(&self, text: &str, longest: usize) -> String {
        tagged(&self.plain(text, longest))
    }

    /// Lines of code in a block of their own, which no line can end.
    pub(super) fn block(&self, language: &str, lines: &[String], longest: usize) -> String {
        let lines: Vec<String> = lines.iter().map(|line| self.plain(line, longest)).collect();
        let ticks = lines.iter().map(|line| longest_run(line)).max().unwrap_or(0);
        let fence = "`".repeat(ticks.max(2) + 1);
        format!("{fence}{language}\n{}\n{fence}\n", lines.join("\n"))
    }

    /// One line without control characters or changes of direction, cut at `longest` characters, account ids masked.
    fn plain(&self, text: &str, longest: usize) -> String {
        let visible = |character: char| match character {
            '\n' | '\r' | '\t' => ' ',
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => '\u{fffd}',
            other if other.is_control() => '\u{fffd}',
            other => other,
        };
        let text = self.masked(text);
        let mut out: String = text.chars().take(longest).map(visible).collect();
        if text.chars().nth(longest).is_some() {
            out.push('…');
        }
        out
    }

    fn masked(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
            let (before, digits) = rest.split_at_checked(start).unwrap_or((rest, ""));
            let length = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
            let (digits, after) = digits.split_at_checked(length).unwrap_or((digits, ""));
            out.push_str(before);
            match digits.get(digits.len().saturating_sub(4)..) {
                Some(last) if digits.len() >= ACCOUNT && !self.named.contains(digits) => {
                    out.push('…');
                    out.push_str(last);
                }
                _ => out.push_str(digits),
            }
            rest = after;
        }
        out.push_str(rest);
        out
    }
}

/// A digest as code, whole or its beginning. What is none is not shown at all.
pub(super) fn digest(text: &str, length: usize) -> String {
    let is_digest = text.chars().all(|c| c.is_ascii_hexdigit());
    tagged(if is_digest { text.get(..length).unwrap_or(text) } else { "–" })
}

fn longest_run(line: &str) -> usize {
    line.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// Markdown between tags is still Markdown: an address would become a link, were its colon or dot not a number.
fn tagged(text: &str) -> String {
    let mut out = "<code>".to_owned();
    let mut before = ' ';
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            ':' if rest.peek() == Some(&'/') => out.push_str("&#58;"),
            '.' if before.eq_ignore_ascii_case(&'w') => out.push_str("&#46;"),
            other => entity(&mut out, other),
        }
        before = character;
    }
    out.push_str("</code>");
    out
}

fn words(out: &mut String, text: &str) {
    let mut before = [' '; 3];
    for character in text.chars() {
        let joined = character.is_alphanumeric() || matches!(character, '/' | '_' | '[' | '(' | '"' | '{' | '-' | '@');
        let [.., third, second, first] = before;
        let sigil = SIGILS.contains(&first) && joined;
        let site = character != ' ' && first == '.' && second.eq_ignore_ascii_case(&'w') && third.eq_ignore_ascii_case(&'w');
        let number = character.is_ascii_digit() && first == '-' && second.eq_ignore_ascii_case(&'h') && third.eq_ignore_ascii_case(&'g');
        let scheme = first == ':' && character == '/';
        if sigil || scheme || site || number {
            out.push_str(APART);
        }
        entity(out, character);
        before = [second, first, character];
    }
}

/// Letters and what means nothing in Markdown as they are, every other sign of ASCII as a number.
fn entity(out: &mut String, character: char) {
    match character {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        ' ' | ',' | '.' | ':' | '-' | '/' | '=' | '+' | ';' | '(' | ')' | '?' | '\'' | '"' => out.push(character),
        other if other.is_ascii_alphanumeric() || !other.is_ascii() => out.push(other),
        other => {
            let _ = write!(out, "&#{};", u32::from(other));
        }
    }
}
