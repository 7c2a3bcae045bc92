//! What lies in buckets and roles and is not managed, in one folded list of the comment.

use std::fmt::Write as _;

use super::escape::Safe;
use super::{NAME, TEXT, within};
use crate::formats::text::by_reason;
use crate::model::units::plural;
use crate::view::inventory::{InventoryView, NotOursView};

/// Appends it, as far as there is room before `longest`. What a server said is not repeated.
pub(super) fn inventory(safe: &Safe, out: &mut String, view: &InventoryView, longest: usize) {
    let lines: Vec<String> = view.resources.iter().flat_map(|found| lines(safe, found)).collect();
    if lines.is_empty() {
        return;
    }
    let (mut parts, mut unknown) = (0, 0);
    for found in &view.resources {
        parts += found.parts.len();
        unknown += found.unknown.len();
    }
    let beside = if unknown > 0 { format!(", {unknown} not known") } else { String::new() };
    let head = format!("\n<details><summary><code>·</code> <b>{} not managed{beside}</b> · for information</summary>\n\n", plural(parts as u64, "part"));
    if !within(out, &head, longest) {
        return;
    }
    let shown = lines.iter().take_while(|line| within(out, line, longest)).count();
    if shown < lines.len() {
        let _ = writeln!(out, "- and {} more", lines.len() - shown);
    }
    out.push_str("\n</details>\n");
}

fn lines(safe: &Safe, found: &NotOursView) -> Vec<String> {
    let whose = safe.prose(&found.resource.replacen('/', " ", 1), NAME);
    let part = found.parts.iter().map(|part| {
        let words = if part.words.is_empty() { String::new() } else { format!(": {}", safe.prose(&part.words, TEXT)) };
        format!("- {whose} · {} {}{words}\n", safe.prose(&part.title, NAME), safe.code(&part.name, NAME))
    });
    let unknown = by_reason(&found.unknown);
    part.chain(
        unknown.into_iter().map(|(why, titles)| format!("- {whose} · not known: {} ({})\n", safe.prose(&titles.join(", "), TEXT), safe.prose(why, NAME))),
    )
    .collect()
}
