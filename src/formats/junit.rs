//! Findings and settings as JUnit XML, for what shows tests: GitLab, Jenkins and others.
//!
//! Of a check, one case for each policy by each rule that found nothing in it, and one for each finding; of a plan, one for each setting. Names
//! do not change when lines move, so that a server can tell what is new. There are no times in it: same input, same bytes.

use std::fmt::Write as _;

use crate::view::check::{CheckView, FindingView};
use crate::view::plan::{GroupView, PlanView, StepView};
use crate::view::rule::{FORM, RuleView};

/// One test case.
struct Case {
    class: String,
    name: String,
    /// The message and the text, when it failed.
    failure: Option<(String, String)>,
    /// What is said besides.
    note: Option<String>,
}

/// Renders findings: errors fail, warnings are said.
pub fn check(view: &CheckView) -> String {
    suites(&[("check", findings(view))])
}

/// Renders the findings beside a plan, and every setting: what is not as it should be fails.
pub fn plan(view: &PlanView, beside: &CheckView) -> String {
    suites(&[("check", findings(beside)), ("plan", view.groups.iter().flat_map(settings).collect())])
}

fn findings(view: &CheckView) -> Vec<Case> {
    let mut out = Vec::new();
    for rule in RuleView::all() {
        let own: Vec<&FindingView> = view.findings.iter().filter(|finding| finding.rule.as_deref().unwrap_or(FORM) == rule.id).collect();
        let sound = view.files.iter().filter(|file| !own.iter().any(|finding| finding.places.iter().any(|place| place.file == **file)));
        out.extend(sound.map(|file| Case { class: rule.id.to_owned(), name: format!("{file}: {}", rule.summary), failure: None, note: None }));
        out.extend(own.into_iter().map(|finding| found(rule.id, finding)));
    }
    out
}

fn found(rule: &str, finding: &FindingView) -> Case {
    let places = finding.places.iter().map(|place| format!("{}:{}:{} {}", place.file, place.line, place.column, place.label).trim_end().to_owned());
    let more = [("why", &finding.why), ("instead", &finding.instead)];
    let more = more.into_iter().filter_map(|(heading, text)| Some(format!("{heading}: {}", text.as_ref()?)));
    let text: Vec<String> = places.chain(more).collect();
    let file = finding.places.first().map_or(String::new(), |place| format!("{}: ", place.file));
    let (failure, note) = match finding.level.as_str() {
        "error" => (Some((finding.title.clone(), text.join("\n"))), None),
        _ => (None, Some(format!("{}\n{}", finding.title, text.join("\n")))),
    };
    Case { class: rule.to_owned(), name: format!("{file}{}", finding.title), failure, note }
}

fn settings(group: &GroupView) -> Vec<Case> {
    let class = group.name();
    let settled = group.settled_ids.iter().map(|id| Case { class: class.clone(), name: id.clone(), failure: None, note: None });
    let mut out: Vec<Case> = settled.collect();
    for step in &group.steps {
        let (message, text) = failure(step);
        // A setting that is held for two reasons is one case.
        match out.iter_mut().find(|case| case.name == step.id).and_then(|case| case.failure.as_mut()) {
            Some((_, more)) => {
                let _ = write!(more, "\n{text}");
            }
            None => out.push(Case { class: class.clone(), name: step.id.clone(), failure: Some((message, text)), note: None }),
        }
    }
    out
}

fn failure(step: &StepView) -> (String, String) {
    let mut text = step.lines.clone();
    if let Some(hold) = &step.hold {
        text.push(hold.sentence.clone());
        text.extend(hold.allow.iter().map(|allow| format!("to allow: --allow {allow}")));
        text.extend(hold.advice.iter().map(|advice| format!("next: {advice}")));
    }
    text.extend(step.effects.iter().map(|effect| format!("means for {}: {}", effect.policy, effect.sentence)));
    let state = match step.kind.as_str() {
        "add" | "change" => "pending",
        kind => kind,
    };
    (format!("{state}: {}, {}", step.title, step.reason), text.join("\n"))
}

fn suites(suites: &[(&str, Vec<Case>)]) -> String {
    let count = |cases: &[Case]| (cases.len(), cases.iter().filter(|case| case.failure.is_some()).count());
    let (tests, failures) = suites.iter().map(|(_, cases)| count(cases)).fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    let mut out = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"lifeboat\" tests=\"{tests}\" failures=\"{failures}\">\n");
    for (name, cases) in suites {
        let (tests, failures) = count(cases);
        let _ = writeln!(out, "  <testsuite name=\"lifeboat {name}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"0\">");
        out.extend(cases.iter().map(one));
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn one(case: &Case) -> String {
    let head = format!("    <testcase classname=\"{}\" name=\"{}\"", attribute(&case.class), attribute(&case.name));
    let body = match (&case.failure, &case.note) {
        (Some((message, text)), _) => format!("      <failure message=\"{}\">{}</failure>\n", attribute(message), escape(text)),
        (None, Some(note)) => format!("      <system-out>{}</system-out>\n", escape(note)),
        (None, None) => return format!("{head}/>\n"),
    };
    format!("{head}>\n{body}    </testcase>\n")
}

/// Text for an attribute, where a line break would be read as a space.
fn attribute(text: &str) -> String {
    escape(text).replace('\n', "&#10;")
}

/// Text for an element; characters that XML 1.0 has no place for are replaced (section 2.2).
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push('\n'),
            other if other.is_control() || matches!(other, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}
