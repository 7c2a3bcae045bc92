//! `apply` as text: one line per step, then what was not done and the next command.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::super::paint::{Label, Paint};
use super::plan::{means, unused};
use super::{labelled, tamed};
use crate::model::units::plural;
use crate::view::apply::ApplyView;
use crate::view::plan::StepView;

/// Renders an apply; `exit` is the code that the command will end with.
pub fn apply(view: &ApplyView, exit: u8, paint: Paint) -> String {
    let view = &tamed(view);
    let mut out = String::new();
    let who = view.plan.identity.as_ref().map_or_else(String::new, |identity| format!(" · account {} as {}", identity.account, identity.name));
    let _ = writeln!(out, "{}\n", paint.text(Label::Dim, &format!("lifeboat apply · {}{who}", view.plan.revision)));
    for run in &view.broken_off {
        let _ = writeln!(out, "{}; planned anew, and its journal is closed\n", paint.text(Label::Change, &run.sentence));
    }
    let steps = || view.plan.groups.iter().flat_map(|group| &group.steps);
    let planned: BTreeMap<&str, &StepView> = steps().map(|step| (step.id.as_str(), step)).collect();
    for step in &view.steps {
        let (word, label) = match step.outcome.as_str() {
            "done" => ("done", Label::Good),
            "notSent" => ("not sent", Label::Bad),
            "maybeDone" => ("may be done", Label::Bad),
            _ => ("reads back otherwise", Label::Bad),
        };
        let _ = writeln!(out, "  {:<60} {}", step.title, paint.text(label, word));
        if let Some(detail) = &step.detail {
            labelled(&mut out, "why", detail);
        }
        if let Some(planned) = planned.get(step.id.as_str()) {
            means(&mut out, planned);
        }
    }
    steps().for_each(|step| held(&mut out, step, paint));
    if let Some(rest) = view.already.len().checked_sub(1) {
        let (what, more) = if rest == 0 { ("step is", String::new()) } else { ("steps are", format!(" and {rest} more")) };
        let first = view.already.first().map_or("", String::as_str);
        let _ = writeln!(out, "  {} approved {what} done already: {first}{more}", rest + 1);
    }
    if view.steps.is_empty() && view.plan.counts.held + view.plan.counts.unknown == 0 {
        let _ = writeln!(out, "  nothing to do");
    }
    unused(&mut out, &view.plan);
    let _ = writeln!(out);
    if let Some(evidence) = &view.evidence {
        let _ = writeln!(out, "evidence {evidence}");
    }
    if let Some(why) = &view.evidence_failed {
        let _ = writeln!(out, "{}\n", paint.text(Label::Bad, "no evidence of this was written: the steps above are recorded only in the journal"));
        labelled(&mut out, "why", why);
        if let Some(journal) = &view.journal {
            labelled(&mut out, "journal", journal);
        }
        let _ = writeln!(out);
    }
    if let (Some(run), Some(why)) = (&view.run, &view.unlocked) {
        let _ = writeln!(out, "run {run}: no lock was taken and its journal is only on this machine, as {why}");
    }
    for what in &view.left_behind {
        let _ = writeln!(out, "{}", paint.text(Label::Bad, what));
    }
    let held = view.plan.counts.held + view.plan.counts.unknown;
    let parts = [(view.not_done, "not done"), (view.unknown, "unknown"), (held, "held")];
    let rest: String = parts.iter().filter(|(number, _)| *number > 0).map(|(number, what)| format!(", {number} {what}")).collect();
    let summary = format!("{} done{rest}", plural(view.done as u64, "step"));
    let next = if view.not_done + view.unknown > 0 { " · next: lifeboat plan" } else { "" };
    let label = if exit == 0 { Label::Good } else { Label::Change };
    let _ = writeln!(out, "{}{next}", paint.text(label, &format!("{summary} · exit {exit}")));
    out
}

/// A step that was held, with what it would mean and what releases it.
fn held(out: &mut String, step: &StepView, paint: Paint) {
    let Some(hold) = &step.hold else { return };
    let _ = writeln!(out, "  {:<60} {}", step.title, paint.text(Label::Change, &step.reason));
    labelled(out, "held", &hold.sentence);
    means(out, step);
    if let Some(allow) = &hold.allow {
        labelled(out, "to allow", &format!("--allow {allow}"));
    }
}
