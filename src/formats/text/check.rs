//! `check` as text: each finding as a compiler would show it, then one line that counts.

use std::fmt::Write as _;

use super::super::paint::{Label, Paint};
use super::super::snippet::{Level, Place, Snippet};
use crate::model::units::plural;
use crate::view::check::{CheckView, FindingView};

/// Renders the findings and the closing line.
pub fn check(view: &CheckView, paint: Paint) -> String {
    let mut out = String::new();
    for finding in &view.findings {
        out.push_str(&one(finding, paint));
        out.push_str("\n\n");
    }
    let files = plural(view.policies as u64, "policy").replace("policys", "policies");
    if view.findings.is_empty() {
        let _ = writeln!(out, "{}", paint.text(Label::Good, &format!("{files} checked at {}: no findings", view.revision)));
    } else {
        let counted = match (view.errors, view.warnings) {
            (errors, 0) => plural(errors as u64, "error"),
            (0, warnings) => plural(warnings as u64, "warning"),
            (errors, warnings) => format!("{}, {}", plural(errors as u64, "error"), plural(warnings as u64, "warning")),
        };
        let place = if view.policies == 0 { String::new() } else { format!(" in {files}") };
        let exit = if view.errors > 0 { " · exit 3" } else { "" };
        let label = if view.errors > 0 { Label::Bad } else { Label::Change };
        let _ = writeln!(out, "{}", paint.text(label, &format!("{counted}{place}{exit}")));
    }
    out
}

fn one(finding: &FindingView, paint: Paint) -> String {
    let places: Vec<Place<'_>> = finding
        .places
        .iter()
        .enumerate()
        .filter_map(|(at, place)| {
            let (source, span) = place.source.as_ref()?;
            Some(Place { file: &place.file, source: &source.text, span: span.clone(), label: &place.label, primary: at == 0 })
        })
        .collect();
    let mut notes = Vec::new();
    if let Some(why) = &finding.why {
        notes.push(("why", why.as_str()));
    }
    if let Some(instead) = &finding.instead {
        notes.push(("instead", instead.as_str()));
    }
    let level = if finding.level == "error" { Level::Error } else { Level::Warning };
    Snippet { level, id: finding.rule.as_deref(), title: &finding.title, places: &places, notes: &notes }.render(paint.on)
}
