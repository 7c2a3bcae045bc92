//! `keep`, `hold` and `undelete` as text.

use std::fmt::Write as _;

use super::super::paint::{Label, Paint};
use super::{labelled, tamed};
use crate::model::units::{self, plural};
use crate::view::hold::HoldView;
use crate::view::keep::{KeepView, KeptSetView, KeptStepView};

/// Renders a run of the keeper; `exit` is the code that it will end with.
pub fn keep(view: &KeepView, exit: u8, paint: Paint) -> String {
    let view = &tamed(view);
    let how = if view.dry_run { " · nothing is sent" } else { "" };
    let mut out = format!("{}\n", paint.text(Label::Dim, &format!("lifeboat keep · {}{how}", view.revision)));
    for set in &view.sets {
        one(&mut out, set, paint);
    }
    for unused in &view.unused {
        let _ = writeln!(out, "  nothing needed --allow-earlier {unused}");
    }
    super::no_evidence(&mut out, view.evidence_failed.as_deref(), paint);
    if let Some(evidence) = &view.evidence {
        let _ = writeln!(out, "\nevidence    {evidence}");
    }
    let count = |outcome: &str| view.sets.iter().flat_map(|set| &set.steps).filter(|step| step.outcome == outcome).count() as u64;
    let parts = [
        ("planned", Label::Change, "to do"),
        ("done", Label::Good, "done"),
        ("held", Label::Bad, "held"),
        ("changed", Label::Bad, "left: changed by somebody else"),
        ("failed", Label::Bad, "failed"),
    ];
    let said: Vec<String> = parts
        .iter()
        .filter(|(outcome, ..)| count(outcome) > 0)
        .map(|(outcome, label, word)| paint.text(*label, &format!("{} {word}", plural(count(outcome), "step"))))
        .collect();
    let said = if said.is_empty() { paint.text(Label::Good, "every tag is as it should be") } else { said.join(" · ") };
    let _ = writeln!(out, "\n{said} · exit {exit}");
    out
}

fn one(out: &mut String, set: &KeptSetView, paint: Paint) {
    let _ = writeln!(out, "\n{}  {}", paint.text(Label::Strong, &format!("{}/{}", set.policy, set.set)), paint.text(Label::Dim, &set.at));
    for note in [&set.clock, &set.index].into_iter().flatten() {
        labelled(out, "note", note);
    }
    if set.anomaly {
        let text = "the newest backup holds much less than the last verified one: nothing is released before a drill passes it, or a whole one follows";
        labelled(out, "anomaly", text);
    }
    for step in &set.steps {
        line(out, step, paint);
    }
    for (title, counts) in [("released", &set.released), ("kept", &set.kept), ("left alone", &set.left)] {
        if !counts.is_empty() {
            let parts: Vec<String> = counts.iter().map(|(name, count)| format!("{count} {name}")).collect();
            labelled(out, title, &parts.join(", "));
        }
    }
}

fn line(out: &mut String, step: &KeptStepView, paint: Paint) {
    let label = match step.outcome.as_str() {
        "done" => Label::Good,
        "planned" => Label::Change,
        _ => Label::Bad,
    };
    let what = match (&step.to, &step.until) {
        (Some(to), Some(until)) => format!("release as {to}, restorable until {until}"),
        (Some(to), None) => format!("release as {to}"),
        (None, _) => "keep: its tag is taken off".to_owned(),
    };
    let _ = writeln!(out, "  {} {}  {what} · {} · {}", paint.text(label, &format!("{:<8}", step.outcome)), step.backup, step.reason, units::bytes(step.bytes));
    for why in step.why.iter().chain(&step.leave) {
        labelled(out, "why", why);
    }
}

/// Renders a hold, its end, or a backup that was brought back.
pub fn hold(view: &HoldView, paint: Paint) -> String {
    let view = &tamed(view);
    let mut out = format!("{}\n\n", paint.text(Label::Dim, &format!("lifeboat {} · {}", view.action, view.backup)));
    let mut say = |name: &str, text: &str| {
        for (at, part) in super::wrap(text, 84).iter().enumerate() {
            let _ = writeln!(out, "  {:<11} {part}", if at == 0 { name } else { "" });
        }
    };
    if let Some(until) = &view.until {
        say("held until", until);
    }
    if let Some(reason) = &view.reason {
        say("reason", reason);
    }
    if let Some(before) = &view.before {
        let (until, why) = before.split_once(' ').unwrap_or((before, ""));
        let stays = view.until.as_deref() == Some(until) && view.reason.as_deref() == Some(why);
        say("was held", &format!("until {until}, {why}{}", if stays { ": that stays" } else { "" }));
    } else if view.action == "hold --lift" {
        say("was held", "not at all");
    }
    say("objects", &view.objects.to_string());
    if view.brought_back > 0 {
        say("back", &format!("{} that had expired", plural(view.brought_back as u64, "object")));
    }
    if let Some(locked) = &view.legal_hold {
        say("legal hold", locked);
    }
    for doubt in &view.doubts {
        say("doubt", doubt);
    }
    if let Some(evidence) = &view.evidence {
        say("evidence", evidence);
    }
    super::no_evidence(&mut out, view.evidence_failed.as_deref(), paint);
    let end = match (view.action.as_str(), view.certain) {
        ("hold --lift", _) => paint.text(Label::Change, "no longer held: the next run of the keeper decides"),
        (_, true) => paint.text(Label::Good, "nothing expires it"),
        (_, false) => paint.text(Label::Bad, "not certain: see to the doubts above, and run it again"),
    };
    let _ = writeln!(out, "\n{end}");
    out
}
