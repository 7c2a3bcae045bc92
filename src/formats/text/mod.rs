//! Text for people: calm, aligned, the verdict in reach.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::paint::{Label, Paint};

mod apply;
mod backup;
mod backups;
mod check;
mod drill;
mod evidence;
mod inventory;
mod keep;
mod plan;
mod releases;
mod report;
mod restore;
mod serving;
mod simulate;
pub(in crate::formats) mod status;

pub use apply::apply;
pub use backup::backup;
pub use backups::{list as backup_list, show as backup_show, verify as backup_check};
pub use check::check;
pub use drill::drill;
pub use evidence::{evidence, list as evidence_list, record as evidence_record};
pub(in crate::formats) use inventory::by_reason;
pub use keep::{hold, keep};
pub use plan::plan;
pub use report::report;
pub use restore::{restore, restore_plan};
pub use serving::serving;
pub use simulate::simulate;
#[cfg(test)]
pub(crate) use simulate::tests::view as simulated;
pub use status::status;
#[cfg(test)]
pub(crate) use status::tests::view as stood;

/// A view whose words came from servers and other people, without what would begin a line of its own or change the order of what is read:
/// control characters and those that direct the writing (Unicode Standard, section 23.2).
fn tamed<T: Serialize + DeserializeOwned + Clone>(view: &T) -> T {
    fn tame(value: &mut Value) {
        match value {
            Value::String(text) if text.contains(is_wild) => *text = text.replace(is_wild, "\u{fffd}"),
            Value::Array(items) => items.iter_mut().for_each(tame),
            Value::Object(fields) => {
                fields.values_mut().for_each(tame);
                if fields.keys().any(|name| name.contains(is_wild)) {
                    *fields = std::mem::take(fields).into_iter().map(|(name, value)| (name.replace(is_wild, "\u{fffd}"), value)).collect();
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut value = serde_json::to_value(view).unwrap_or_default();
    tame(&mut value);
    T::deserialize(value).unwrap_or_else(|_| view.clone())
}

fn is_wild(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Columns of a line of words: a terminal of 100 takes it.
const WIDE: usize = 98;

/// Wraps a sentence at `width` columns, at spaces.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

/// What is said when a record that should have been written was not.
fn no_evidence(out: &mut String, why: Option<&str>, paint: Paint) {
    use std::fmt::Write as _;
    if let Some(why) = why {
        let _ = writeln!(out, "{}", paint.text(Label::Bad, "no evidence of this was written"));
        labelled(out, "why", why);
    }
}

/// A labelled line with continuation lines below the text.
fn labelled(out: &mut String, label: &str, text: &str) {
    use std::fmt::Write as _;
    for (at, line) in wrap(text, 96).iter().enumerate() {
        let label = if at == 0 { label } else { "" };
        let _ = writeln!(out, "      {label:<12} {line}");
    }
}

#[cfg(test)]
mod tests;
