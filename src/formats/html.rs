//! The report as one HTML page: no script, no external resource, readable on a phone and on paper.
//!
//! Every text comes escaped from the template; nothing here marks a text as safe.

#![expect(clippy::trivially_copy_pass_by_ref, clippy::ref_option, reason = "the template passes every value by reference")]

use askama::Template;

use crate::model::units;
use crate::report::{DrillReport, Objective, PolicyReport, Verdict};
use crate::view::report::ReportView;

mod simulate;
mod status;

pub use simulate::simulate;
pub use status::status;

/// Renders the page.
///
/// # Errors
/// When the template cannot be rendered.
pub fn report(view: &ReportView) -> Result<String, askama::Error> {
    let shown = |drill: &&DrillReport| drill.latest || drill.verdict != Verdict::Passed;
    let (open, earlier): (Vec<&DrillReport>, Vec<&DrillReport>) = view.drills.iter().partition(shown);
    Page { view, open, earlier }.render()
}

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    view: &'a ReportView,
    /// Drills shown whole: what did not pass, and the newest of each.
    open: Vec<&'a DrillReport>,
    /// Older drills that passed.
    earlier: Vec<&'a DrillReport>,
}

/// Both objectives of a policy, with their names and what they mean.
fn goals(policy: &PolicyReport) -> [(&'static str, &'static str, &Objective); 2] {
    [("RPO", "work that would be lost now", &policy.rpo), ("RTO", "time to restore", &policy.rto)]
}

/// An objective's verdict in a word.
fn kept(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Failed => "missed",
        Verdict::Unproven => "unproven",
        Verdict::Passed => "met",
    }
}

/// `4 h 12 min of 26h`, or what was promised when nothing was measured.
fn measured(objective: &Objective) -> String {
    let limit = limit(objective.limit_seconds);
    objective.measured_seconds.map_or_else(|| format!("not measured, promised {limit}"), |seconds| format!("{} of {limit}", units::elapsed(seconds * 1000)))
}

/// A promise for people: `15 min`, `26 h`, `2 d`.
fn limit(seconds: u64) -> String {
    match seconds {
        0 => "0 s".to_owned(),
        s if s % 86_400 == 0 && s >= 172_800 => format!("{} d", s / 86_400),
        s if s % 3_600 == 0 => format!("{} h", s / 3_600),
        s if s % 60 == 0 => format!("{} min", s / 60),
        s => units::elapsed(s * 1000),
    }
}

/// When an objective was measured or tried; none where the figure says already that nobody ever did, and nothing proves anything.
fn proof(objective: &Objective) -> Option<String> {
    let said = |word: &str| objective.at.as_deref().map(|at| format!("{word} {}", time(at)));
    match (objective.measured_seconds, &objective.evidence) {
        (Some(_), _) => said("Measured").or_else(|| Some("Measured".to_owned())),
        (None, Some(_)) => said("Last tried").or_else(|| Some("Never measured".to_owned())),
        (None, None) => said("Last tried"),
    }
}

/// How much of the promise is used, in percent of the bar; a bar that is full was overrun.
fn share(objective: &Objective) -> u64 {
    match objective.measured_seconds {
        None => 0,
        Some(seconds) if objective.limit_seconds == 0 => u64::from(seconds > 0) * 100,
        Some(seconds) => (seconds.saturating_mul(100) / objective.limit_seconds).clamp(1, 100),
    }
}

/// `2026-11-22 01:15 UTC`
fn time(at: &str) -> String {
    match (at.get(..10), at.get(11..16), at.ends_with('Z')) {
        (Some(day), Some(minute), true) => format!("{day} {minute} UTC"),
        _ => at.to_owned(),
    }
}

/// The same of something that may be missing.
fn maybe_time(at: &Option<String>) -> String {
    at.as_deref().map_or_else(|| "unknown".to_owned(), time)
}

fn going(rule: &str, count: &u64) -> String {
    crate::report::going(rule, *count)
}

fn or_unknown(text: &Option<String>) -> &str {
    text.as_deref().unwrap_or("unknown")
}

fn elapsed(millis: &Option<u64>) -> String {
    millis.map_or_else(|| "unknown".to_owned(), units::elapsed)
}

fn records(count: &usize) -> String {
    units::plural(*count as u64, "record")
}

fn bytes(count: &u64) -> String {
    units::bytes(*count)
}

fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

/// The class of a plan step: what holds it decides the colour, the word beside it says the same.
fn step_class(kind: &str) -> &'static str {
    match kind {
        "held" => "failed",
        _ => "unproven",
    }
}

#[cfg(test)]
mod tests;
