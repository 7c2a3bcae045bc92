//! `restore` as text: what it will do, and what it did.

use std::fmt::Write as _;

use super::super::paint::{Label, Paint};
use super::drill::{checks, phases};
use crate::model::units::{bytes, count, elapsed, plural};
use crate::view::restore::{RestorePlanView, RestoreView};

/// What it will do.
pub fn restore_plan(view: &RestorePlanView, paint: Paint) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{}", paint.text(Label::Strong, &format!("restore {}/{} → {}", view.policy, view.set, view.target)));
    let _ = writeln!(out, "  backup   {}, {} old: everything after {} is lost", view.backup, elapsed(view.age_seconds * 1000), view.snapshot_at);
    let _ = writeln!(out, "  holds    database {}, {}, {} rows", view.database, plural(view.tables as u64, "table"), count(view.rows));
    let _ = writeln!(out, "  fetches  {}, streamed: nothing on disk but the database", bytes(view.bytes));
    if !view.new_roles.is_empty() {
        let _ = writeln!(out, "  makes    {} without password, not able to log in: {}", plural(view.new_roles.len() as u64, "role"), view.new_roles.join(", "));
    }
    let _ = writeln!(out, "  then     the checks of a drill; promote and repoint by docs/HA_DR_RUNBOOK.md");
    out
}

/// What it did; `exit` is the code that the command will end with.
pub fn restore(view: &RestoreView, exit: u8, paint: Paint) -> String {
    let mut out = String::new();
    if let Some(broke) = &view.broke_off {
        let _ = writeln!(out, "came to     {}, {} of {}, after {}", broke.stage, bytes(broke.bytes), bytes(broke.of_bytes), elapsed(broke.millis));
        recorded(&mut out, view, paint);
        return out;
    }
    phases(&mut out, &view.phases);
    checks(&mut out, &view.checks, paint);
    let total: u64 = view.phases.iter().map(|phase| phase.millis).sum();
    let verdict = match view.verdict.as_str() {
        "passed" => paint.text(Label::Good, &format!("restored and proven in {}", elapsed(total))),
        "failed" => paint.text(Label::Bad, "restored, but what came back is not what was dumped"),
        _ => paint.text(Label::Change, "restored, but not everything could be proven"),
    };
    let code = if exit == 0 { String::new() } else { format!(" · exit {exit}") };
    let _ = writeln!(out, "\n{verdict}{code}");
    recorded(&mut out, view, paint);
    out
}

fn recorded(out: &mut String, view: &RestoreView, paint: Paint) {
    super::no_evidence(out, view.evidence_failed.as_deref(), paint);
    if let Some(evidence) = &view.evidence {
        let _ = writeln!(out, "evidence    {evidence}");
    }
}
