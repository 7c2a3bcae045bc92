//! `drill` as text: phases as measured, what is not well in full, then the verdict.

use std::fmt::Write as _;

use super::super::paint::{Label, Paint};
use super::wrap;
use crate::model::units::{bytes, elapsed, plural};
use crate::view::drill::{CheckView, DrillRunView, DrillView, PhaseView};

/// Renders the drills of a run; `exit` is the code that the command will end with.
pub fn drill(view: &DrillRunView, exit: u8, paint: Paint) -> String {
    let each: Vec<String> = view.drills.iter().map(|drill| one(drill, exit, paint)).collect();
    each.join("\n")
}

fn one(view: &DrillView, exit: u8, paint: Paint) -> String {
    let mut out = String::new();
    let size = view.bytes.map_or_else(String::new, |size| format!(", {}", bytes(size)));
    let into = match (&view.dumped_from, &view.restored_into) {
        (Some(from), Some(into)) => format!(" · PostgreSQL {from} into {into}"),
        _ => String::new(),
    };
    let shut = if view.isolation == "none" { "NOT isolated from the network".to_owned() } else { format!("{}, no passwords", view.isolation) };
    let head = format!("lifeboat drill · {}/{} · backup {} ({}{size}){into} · {shut}", view.policy, view.drill, view.backup, view.set);
    let _ = writeln!(out, "{}\n", paint.text(Label::Dim, &head));
    phases(&mut out, &view.phases);
    checks(&mut out, &view.checks, paint);
    let _ = writeln!(out, "\n{}", verdict(view, paint));
    if let Some(next) = &view.next {
        let _ = writeln!(out, "next        {next}");
    }
    super::no_evidence(&mut out, view.evidence_failed.as_deref(), paint);
    let code = if exit == 0 { String::new() } else { format!(" · exit {exit}") };
    match &view.evidence {
        Some(evidence) => {
            let _ = writeln!(out, "evidence    {evidence}{code}");
        }
        None if exit != 0 => {
            let _ = writeln!(out, "{}", code.trim_start_matches(" · "));
        }
        None => {}
    }
    out
}

pub(super) fn phases(out: &mut String, phases: &[PhaseView]) {
    for phase in phases {
        let _ = writeln!(out, "  {:<10} {:>12}   {}", phase.name, elapsed(phase.millis), phase.note);
    }
}

/// One line for all that passed; each of the others in full.
pub(super) fn checks(out: &mut String, checks: &[CheckView], paint: Paint) {
    let passed = checks.iter().filter(|check| check.outcome == "passed").count();
    if passed > 0 {
        let titles: Vec<&str> = checks.iter().filter(|check| check.outcome == "passed").map(|check| check.title.as_str()).collect();
        let _ = writeln!(out);
        for (at, line) in wrap(&titles.join(" · "), 92).iter().enumerate() {
            let label = if at == 0 { format!("{passed} passed") } else { String::new() };
            let _ = writeln!(out, "  {} {line}", paint.text(Label::Good, &format!("{label:<10}")));
        }
    }
    if passed == 0 {
        let _ = writeln!(out);
    }
    for check in checks.iter().filter(|check| check.outcome != "passed") {
        let label = if check.outcome == "failed" { Label::Bad } else { Label::Change };
        let _ = writeln!(out, "  {} {}", paint.text(label, &format!("{:<10}", check.outcome)), check.title);
        for line in wrap(check.detail.as_deref().unwrap_or(""), 92) {
            let _ = writeln!(out, "  {:<10} {line}", "");
        }
    }
}

fn verdict(view: &DrillView, paint: Paint) -> String {
    let times = |measured: Option<u64>, limit: u64| measured.map(|seconds| format!("{} of {}", elapsed(seconds * 1000), elapsed(limit * 1000)));
    let measured: Vec<String> = [
        ("RTO", times(view.objectives.rto_seconds, view.objectives.rto_limit_seconds)),
        ("RPO", times(view.objectives.rpo_seconds, view.objectives.rpo_limit_seconds)),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some(format!(" · {name} {}", value?)))
    .collect();
    let bad = |outcome: &str| view.checks.iter().filter(|check| check.outcome == outcome).count();
    match view.verdict.as_str() {
        "passed" if bad("noted") > 0 => paint.text(Label::Good, &format!("passed with {}{}", plural(bad("noted") as u64, "note"), measured.concat())),
        "passed" => paint.text(Label::Good, &format!("passed{}", measured.concat())),
        "failed" => paint.text(
            Label::Bad,
            &format!("failed · {} failed{}", plural(bad("failed") as u64, "check"), if view.cause.is_some() { String::new() } else { measured.concat() }),
        ),
        _ => paint.text(Label::Change, &format!("unproven · {} could not be answered", plural(bad("unproven") as u64, "check"))),
    }
}
