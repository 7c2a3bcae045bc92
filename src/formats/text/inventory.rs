//! What lies in buckets and roles and is not managed, below a plan as text.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::super::alike::names;
use super::super::paint::{Label, Paint};
use crate::model::units::plural;
use crate::view::inventory::{InventoryView, NotOursView, NotReadView};

/// Most lines of one bucket or role; the rest is counted, and `--format json` has all of it.
const MOST_PARTS: usize = 40;
/// Most names of one list that are shown.
const MOST_NAMES: usize = 6;

/// Appends it; it is information and changes no verdict above it.
pub(super) fn inventory(out: &mut String, view: &InventoryView, paint: Paint) {
    let _ = writeln!(out, "\n{}", paint.text(Label::Strong, "not managed, for information"));
    for same in alike(&view.resources) {
        let Some((first, others)) = same.split_first() else { continue };
        one(out, first, paint);
        if !others.is_empty() {
            let named = names(others.iter().map(|found| found.resource.as_str()), MOST_NAMES);
            let _ = writeln!(out, "      {}", paint.text(Label::Dim, &format!("the same in {} more: {named}", others.len())));
        }
    }
    if view.bare > 0 {
        let what = if view.resources.is_empty() { "bucket or role" } else { "other bucket or role" };
        let many = plural(view.bare as u64, what).replace("bucket or roles", "buckets and roles");
        let _ = writeln!(out, "  {}", paint.text(Label::Dim, &format!("{many}: nothing that is not managed")));
    }
}

/// Buckets and roles of which the same is said, each group in the order of its first: a fleet has thousands.
fn alike(resources: &[NotOursView]) -> Vec<Vec<&NotOursView>> {
    let mut out: Vec<Vec<&NotOursView>> = Vec::new();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for found in resources {
        let key = format!("{:?} {:?}", found.parts, by_reason(&found.unknown));
        let at = *seen.entry(key).or_insert(out.len());
        match out.get_mut(at) {
            Some(group) => group.push(found),
            None => out.push(vec![found]),
        }
    }
    out
}

fn one(out: &mut String, found: &NotOursView, paint: Paint) {
    let _ = writeln!(out, "  {}", found.resource.replacen('/', " ", 1));
    for part in found.parts.iter().take(MOST_PARTS) {
        let words = if part.words.is_empty() { String::new() } else { format!("  {}", paint.text(Label::Dim, &part.words)) };
        let _ = writeln!(out, "      {:<18} {}{words}", part.title, part.name);
    }
    if found.parts.len() > MOST_PARTS {
        let _ = writeln!(out, "      and {} more (--format json shows all)", found.parts.len() - MOST_PARTS);
    }
    for (why, titles) in by_reason(&found.unknown) {
        let _ = writeln!(out, "      {} {}: {why}", paint.text(Label::Change, &format!("{:<18}", "not known")), titles.join(", "));
    }
}

/// What could not be read, each reason once.
pub(in crate::formats) fn by_reason(unknown: &[NotReadView]) -> BTreeMap<&str, Vec<&str>> {
    let mut out: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for what in unknown {
        out.entry(&what.why).or_default().push(&what.title);
    }
    out
}
