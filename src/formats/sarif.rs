//! Findings and held steps as SARIF 2.1.0, for code scanning and editors.
//!
//! A result has a place in a file where a finding has one; a held step stands at the head of each file that wants it. What
//! is pending and not held is no result: nothing is wrong with it. Same input, same bytes.

use std::fmt::Write as _;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::json::render;
use crate::model::document::Document;
use crate::view::check::{CheckView, FindingView, PlaceView};
use crate::view::plan::{GroupView, HoldView, PlanView, StepView};
use crate::view::rule::{FORM, RuleView};

/// Renders findings.
pub fn check(view: &CheckView) -> String {
    let results = view.findings.iter().map(finding).collect();
    log(&view.revision, Vec::new(), results)
}

/// Renders the findings beside a plan, and its held steps.
pub fn plan(view: &PlanView, findings: &CheckView) -> String {
    let held: Vec<(&GroupView, &StepView, &HoldView)> = view
        .groups
        .iter()
        .flat_map(|group| group.steps.iter().map(move |step| (group, step)))
        .filter(|(_, step)| matches!(step.kind.as_str(), "held" | "unknown"))
        .filter_map(|(group, step)| Some((group, step, step.hold.as_ref()?)))
        .collect();
    let known = RuleView::all();
    let ids: BTreeSet<&str> = held.iter().map(|(_, _, hold)| hold.id.as_str()).filter(|id| known.iter().all(|rule| rule.id != *id)).collect();
    let rules = ids.into_iter().map(|id| json!({"id": id, "shortDescription": {"text": "a step of the plan is held: a person must decide"}})).collect();
    let results = findings.findings.iter().map(finding).chain(held.iter().map(|(group, step, hold)| held_step(group, step, hold))).collect();
    log(&view.revision, rules, results)
}

fn log(revision: &str, more_rules: Vec<Value>, results: Vec<Value>) -> String {
    let rules: Vec<Value> = RuleView::all().iter().map(rule).chain(more_rules).collect();
    render(&json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "lifeboat", "semanticVersion": env!("CARGO_PKG_VERSION"), "rules": rules}},
            "columnKind": "unicodeCodePoints",
            "properties": {"revision": revision},
            "results": results,
        }],
    }))
}

fn rule(rule: &RuleView) -> Value {
    let instead = rule.instead.map_or_else(String::new, |yaml| format!("\n\nInstead:\n\n{yaml}"));
    let instead_code = rule.instead.map_or_else(String::new, |yaml| format!("\n\n**Instead**\n\n```yaml\n{}\n```", yaml.trim_end()));
    json!({
        "id": rule.id,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": rule.why},
        "help": {
            "text": format!("{}{instead}\n\nWhen to allow: {}", rule.why, rule.when),
            "markdown": format!("{}{instead_code}\n\n**When to allow.** {}", rule.why, rule.when),
        },
        "defaultConfiguration": {"level": rule.level},
    })
}

fn finding(finding: &FindingView) -> Value {
    let mut text = finding.title.clone();
    for (heading, more) in [("why", &finding.why), ("instead", &finding.instead)] {
        if let Some(more) = more {
            let _ = write!(text, "\n{heading}: {more}");
        }
    }
    let id = finding.rule.as_deref().unwrap_or(FORM);
    let file = finding.places.first().map_or("", |place| place.file.as_str());
    json!({
        "ruleId": id,
        "level": finding.level,
        "message": {"text": text},
        "locations": finding.places.iter().take(1).map(location).collect::<Vec<Value>>(),
        "relatedLocations": finding.places.iter().skip(1).map(location).collect::<Vec<Value>>(),
        "partialFingerprints": {"lifeboat/1": fingerprint(id, file, &finding.title)},
    })
}

fn held_step(group: &GroupView, step: &StepView, hold: &HoldView) -> Value {
    let mut text = format!("{}: {}", step.title, hold.sentence);
    for effect in &step.effects {
        let _ = write!(text, "\nmeans for {}: {}", effect.policy, effect.sentence);
    }
    if let Some(allow) = &hold.allow {
        let _ = write!(text, "\nto allow: --allow {allow}");
    }
    if let Some(advice) = &hold.advice {
        let _ = write!(text, "\nnext: {advice}");
    }
    let at = |file: &str, line: usize| json!({"physicalLocation": {"artifactLocation": {"uri": uri(file)}, "region": {"startLine": line}}});
    let places: Vec<Value> = match hold.lines.as_slice() {
        [] => group.files.iter().map(|file| at(file, 1)).collect(),
        lines => lines.iter().map(|place| at(&place.file, place.line)).collect(),
    };
    let (first, more) = places.split_at(places.len().min(1));
    json!({
        "ruleId": hold.id,
        "level": if step.kind == "held" { "error" } else { "warning" },
        "message": {"text": text},
        "locations": first,
        "relatedLocations": more,
        "partialFingerprints": {"lifeboat/1": fingerprint(&hold.id, &step.id, &hold.sentence)},
    })
}

fn location(place: &PlaceView) -> Value {
    let mut region = json!({"startLine": place.line.max(1), "startColumn": place.column.max(1)});
    if let Some(region) = region.as_object_mut().filter(|_| (place.end_line, place.end_column) >= (place.line.max(1), place.column.max(1))) {
        region.insert("endLine".to_owned(), json!(place.end_line));
        region.insert("endColumn".to_owned(), json!(place.end_column));
    }
    let mut location = json!({"physicalLocation": {"artifactLocation": {"uri": uri(&place.file)}, "region": region}});
    if let Some(location) = location.as_object_mut().filter(|_| !place.label.is_empty()) {
        location.insert("message".to_owned(), json!({"text": place.label}));
    }
    location
}

/// The same finding keeps its fingerprint when lines move.
fn fingerprint(rule: &str, place: &str, sentence: &str) -> String {
    Document::of(&(rule, place, sentence)).digest()
}

/// A path as a relative URI reference (RFC 3986, section 3.3).
fn uri(path: &str) -> String {
    let kept = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'.' | b'_' | b'~');
    path.bytes().map(|byte| if kept(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
