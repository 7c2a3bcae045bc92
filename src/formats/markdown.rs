//! A plan as one pull-request comment: the verdict first, then what it means, then the steps folded.

use std::fmt::Write as _;

use crate::view::plan::{PlanView, StepView};

/// Marker by which a workflow finds its own comment to update it.
pub const MARKER: &str = "<!-- lifeboat-plan -->";

/// Renders a plan.
pub fn plan(view: &PlanView) -> String {
    let mut out = format!("{MARKER}\n{}\n", verdict(view));
    let steps: Vec<&StepView> = view.groups.iter().flat_map(|group| &group.steps).collect();
    let effects: Vec<_> = steps.iter().flat_map(|step| step.effects.iter().map(move |effect| (step, effect))).collect();
    if !effects.is_empty() {
        let _ = writeln!(out, "\n| policy | step | what it means |\n| --- | --- | --- |");
        for (step, effect) in effects {
            let _ = writeln!(out, "| {} | {} | {} |", cell(&effect.policy), cell(&step.title), cell(&effect.sentence));
        }
    }
    for step in steps {
        let _ = writeln!(out, "\n<details><summary><code>{}</code> {} · {}</summary>\n", mark(step), escape(&step.title), escape(&step.reason));
        for line in &step.lines {
            let _ = writeln!(out, "    {line}");
        }
        if let Some(hold) = &step.hold {
            let _ = writeln!(out, "\n{}", escape(&hold.sentence));
            if let Some(allow) = &hold.allow {
                let _ = writeln!(out, "\nto allow: `--allow {allow}`");
            }
        }
        let _ = writeln!(out, "\n</details>");
    }
    let _ = writeln!(out, "\n<sub>{} · policies {} · {} compared</sub>", escape(&view.revision), short(&view.policy_digest), view.settings);
    out
}

fn verdict(view: &PlanView) -> String {
    let lost: usize = view.groups.iter().flat_map(|group| &group.steps).flat_map(|step| &step.effects).map(|effect| effect.points).sum();
    let counts = view.counts;
    let open = counts.add + counts.change + counts.held + counts.unknown;
    if lost > 0 {
        format!("**⛔ {lost} restore points are at stake** · {} held, {} other changes", counts.held, counts.add + counts.change)
    } else if counts.held + counts.unknown > 0 {
        format!("**✋ {} held, {} unknown: a person must decide** · {} other changes", counts.held, counts.unknown, counts.add + counts.change)
    } else if open > 0 {
        format!("**✅ {open} changes, none of them loosens protection**")
    } else {
        "**✅ everything is as the policies say**".to_owned()
    }
}

fn mark(step: &StepView) -> &'static str {
    match step.kind.as_str() {
        "add" => "+",
        "change" => "~",
        "held" => "!",
        _ => "?",
    }
}

fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn cell(text: &str) -> String {
    escape(text).replace('|', "\\|").replace('\n', " ")
}
