//! `apply` as text: one line per step, then what was not done and the next command.

use std::fmt::Write as _;

use super::super::paint::{Label, Paint};
use super::labelled;
use super::plan::means;
use crate::model::units::plural;
use crate::view::apply::ApplyView;

/// Renders an apply; `exit` is the code that the command will end with.
pub fn apply(view: &ApplyView, exit: u8, paint: Paint) -> String {
    let mut out = String::new();
    let who = view.plan.identity.as_ref().map_or_else(String::new, |identity| format!(" · account {} as {}", identity.account, identity.name));
    let _ = writeln!(out, "{}\n", paint.text(Label::Dim, &format!("lifeboat apply · {}{who}", view.plan.revision)));
    for run in &view.broken_off {
        let _ = writeln!(out, "{}; planned anew, and its journal is closed\n", paint.text(Label::Change, &run.sentence));
    }
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
        if let Some(planned) = view.plan.groups.iter().flat_map(|group| &group.steps).find(|planned| planned.id == step.id) {
            means(&mut out, planned);
        }
    }
    for step in view.plan.groups.iter().flat_map(|group| &group.steps).filter(|step| step.hold.is_some()) {
        let _ = writeln!(out, "  {:<60} {}", step.title, paint.text(Label::Change, &step.reason));
        if let Some(hold) = &step.hold {
            labelled(&mut out, "held", &hold.sentence);
            means(&mut out, step);
            if let Some(allow) = &hold.allow {
                labelled(&mut out, "to allow", &format!("--allow {allow}"));
            }
        }
    }
    if view.steps.is_empty() && view.plan.counts.held + view.plan.counts.unknown == 0 {
        let _ = writeln!(out, "  nothing to do");
    }
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
