//! A plan as one pull-request comment: the verdict first, then what it means, then the steps folded.

use std::fmt::Write as _;

use crate::model::units::plural;
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
    let held = view.groups.iter().flat_map(|group| &group.steps).find_map(|step| Some((step, step.hold.as_ref().filter(|_| step.kind == "held")?)));
    let others = match open.saturating_sub(1) {
        0 => "nothing else".to_owned(),
        others => plural(others as u64, "other change"),
    };
    if lost > 0 {
        format!("**⛔ {} would go earlier than promised** · {others}", plural(lost as u64, "restore point"))
    } else if let Some((step, hold)) = held {
        format!("**✋ {}: {}** · {others}", escape(&step.title), escape(&hold.sentence))
    } else if counts.unknown > 0 {
        format!("**✋ {} could not be read and will not be touched** · {} to make", plural(counts.unknown as u64, "setting"), counts.add + counts.change)
    } else if open > 0 {
        format!("**✅ {}, none of which loosens protection**", plural(open as u64, "change"))
    } else {
        "**✅ everything is as the policies say**".to_owned()
    }
}

fn mark(step: &StepView) -> &'static str {
    match step.kind.as_str() {
        "add" => "+",
        "change" => "~",
        "held" => "!",
        "waits" => "…",
        "skipped" => "-",
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
