//! Findings and steps as workflow commands: GitHub shows them beside the lines of the pull request.
//!
//! The runner reads commands from every line that a step prints, so no text from a policy or a server may begin one: values
//! are escaped as the runner's own toolkit does it (`@actions/core`, command.ts), and the old form `##[` is broken up.

use crate::model::units::plural;
use crate::view::check::{CheckView, FindingView};
use crate::view::plan::{GroupView, PlanView, StepView};

/// Renders findings.
pub fn check(view: &CheckView) -> String {
    let mut out: String = view.findings.iter().map(finding).collect();
    if view.findings.is_empty() {
        out.push_str(&command("notice", &[("title", "lifeboat check")], "no findings"));
    }
    out
}

/// Renders the findings beside a plan, its held steps as errors, and one notice that counts what is pending.
pub fn plan(view: &PlanView, findings: &CheckView) -> String {
    let mut out: String = findings.findings.iter().map(finding).collect();
    for group in &view.groups {
        out.extend(group.steps.iter().filter_map(|step| held(group, step)));
    }
    let counts = view.counts;
    let said = match counts.add + counts.change {
        0 if counts.held + counts.unknown == 0 => view.calm().to_owned(),
        0 => return out,
        pending => format!("{} pending: {} to add, {} to change", plural(pending as u64, "change"), counts.add, counts.change),
    };
    out.push_str(&command("notice", &[("title", "lifeboat plan")], &said));
    out
}

fn finding(finding: &FindingView) -> String {
    let title = finding.rule.as_ref().map_or_else(|| finding.title.clone(), |rule| format!("{}: {}", rule, finding.title));
    let place = finding.places.first();
    let label = place.map_or("", |place| place.label.as_str());
    let parts = [Some(label), finding.why.as_deref(), finding.instead.as_deref()];
    let text: Vec<&str> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
    let text = if text.is_empty() { finding.title.clone() } else { text.join("\n") };
    let numbers = place.map(|place| [place.line, place.end_line, place.column, place.end_column].map(|number| number.to_string()));
    let mut properties = Vec::new();
    if let (Some(place), Some([line, end_line, column, end_column])) = (place, &numbers) {
        properties.extend([("file", place.file.as_str()), ("line", line), ("endLine", end_line), ("col", column)]);
        // The runner takes a column's end only within one line.
        if line == end_line {
            properties.push(("endColumn", end_column));
        }
    }
    properties.push(("title", &title));
    command(if finding.level == "error" { "error" } else { "warning" }, &properties, &text)
}

fn held(group: &GroupView, step: &StepView) -> Option<String> {
    let level = match step.kind.as_str() {
        "held" => "error",
        "unknown" => "warning",
        _ => return None,
    };
    let hold = step.hold.as_ref()?;
    let mut text = vec![hold.sentence.clone()];
    text.extend(step.effects.iter().map(|effect| format!("means for {}: {}", effect.policy, effect.sentence)));
    text.extend(hold.allow.iter().map(|allow| format!("to allow: --allow {allow}")));
    text.extend(hold.advice.iter().map(|advice| format!("next: {advice}")));
    let title = format!("{}: {}", step.title, step.reason);
    let line = hold.lines.first().map(|place| (place.file.as_str(), place.line.to_string()));
    let place = match &line {
        Some((file, line)) => vec![("file", *file), ("line", line.as_str())],
        None => group.files.first().map(|file| ("file", file.as_str())).into_iter().collect(),
    };
    let properties: Vec<(&str, &str)> = place.into_iter().chain([("title", title.as_str())]).collect();
    Some(command(level, &properties, &text.join("\n")))
}

fn command(name: &str, properties: &[(&str, &str)], text: &str) -> String {
    let properties: Vec<String> = properties.iter().map(|(key, value)| format!("{key}={}", property(value))).collect();
    format!("::{name} {}::{}\n", properties.join(","), data(text))
}

fn data(text: &str) -> String {
    let text = text.replace("##[", "##\u{200b}[");
    let visible = |character: char| if character.is_control() && !matches!(character, '\n' | '\r') { '\u{fffd}' } else { character };
    let text: String = text.chars().map(visible).collect();
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
