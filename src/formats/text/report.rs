//! `report` as text: the verdict and one line per policy; the page has the rest.

use std::fmt::Write as _;

use super::super::paint::{Label, Paint};
use super::{WIDE, labelled, wrap};
use crate::report::Verdict;
use crate::view::report::ReportView;

/// Renders a summary; `exit` is the code that the command will end with.
pub fn report(view: &ReportView, exit: u8, paint: Paint) -> String {
    let label = |verdict: Verdict| match verdict {
        Verdict::Failed => Label::Bad,
        Verdict::Unproven => Label::Change,
        Verdict::Passed => Label::Good,
    };
    let mut out = format!("{}\n\n", paint.text(Label::Dim, &format!("lifeboat report · {} · {}", view.revision, view.made_at)));
    for policy in &view.policies {
        let _ = writeln!(out, "  {:<20} {}", policy.name, paint.text(label(policy.verdict), policy.verdict.as_str()));
        for (name, objective) in [("RPO", &policy.rpo), ("RTO", &policy.rto)] {
            if objective.verdict != Verdict::Passed {
                labelled(&mut out, name, &objective.sentence);
            }
        }
        for drill in policy.drills.iter().filter(|drill| drill.verdict != Verdict::Passed) {
            labelled(&mut out, "drill", &format!("{}: {}", drill.name, drill.sentence));
        }
    }
    for (name, verdict, sentence) in [("drift", view.drift.verdict, &view.drift.sentence), ("evidence", view.evidence.verdict, &view.evidence.sentence)] {
        let said = wrap(sentence, WIDE - 34).join(&format!("\n{:<23}", ""));
        let _ = writeln!(out, "  {name:<20} {} · {said}", paint.text(label(verdict), verdict.as_str()));
    }
    let _ = writeln!(out, "\n{}", paint.text(label(view.verdict), &format!("{} · exit {exit}", view.headline)));
    out
}
