//! `plan` as text.

use std::fmt::Write as _;

use super::super::alike::{alike, names};
use super::super::paint::{Label, Paint};
use super::inventory::inventory;
use super::releases::releases;
use super::{WIDE, labelled, tamed, wrap};
use crate::model::units::plural;
use crate::view::plan::{GroupView, PlanView, StepView};
use crate::view::releases::ReleaseSetView;

/// Most lines of one step that are shown; the rest is counted, and `--format json` has all of it.
const MOST_LINES: usize = 12;
/// Most names of one list that are shown.
const MOST_NAMES: usize = 6;
/// The reason of a step about which nobody was asked.
const NOT_ASKED: &str = "not asked";

/// Renders a plan; `exit` is the code that the command will end with.
pub fn plan(view: &PlanView, exit: u8, paint: Paint) -> String {
    let view = &tamed(view);
    let mut out = heading(view, paint);
    let (busy, calm): (Vec<&GroupView>, Vec<&GroupView>) = view.groups.iter().partition(|group| !group.steps.is_empty());
    if busy.is_empty() {
        left_over(&mut out, view, paint);
        releases(&mut out, &view.releases, paint);
        if view.releases.iter().any(ReleaseSetView::is_busy) {
            out.push('\n');
        }
        let _ = writeln!(out, "{}", paint.text(Label::Good, &format!("{} · exit {exit}", view.calm())));
        others(&mut out, view);
        unused(&mut out, view);
        not_managed(&mut out, view, paint);
        return out;
    }
    let (unasked, busy): (Vec<&GroupView>, Vec<&GroupView>) = busy.into_iter().partition(|group| is_unasked(group));
    for same in alike(busy) {
        let Some((group, others)) = same.split_first() else { continue };
        one_group(&mut out, group, paint);
        if !others.is_empty() {
            let many = plural_policies(others.len()).replacen(' ', " more ", 1);
            let _ = writeln!(out, "    {} {}", paint.text(Label::Strong, &format!("the same in {many}:")), names(of(others), MOST_NAMES));
        }
    }
    if !calm.is_empty() {
        let settled: usize = calm.iter().map(|group| group.settled).sum();
        let said = format!("{} as they should be", plural(settled as u64, "setting"));
        let _ = writeln!(out, "\n{}   {}", names(of(&calm), MOST_NAMES), paint.text(Label::Dim, &said));
    }
    if !unasked.is_empty() {
        let said = format!("not asked: {} settings", unasked.iter().map(|group| group.steps.len()).sum::<usize>());
        let _ = writeln!(out, "\n{}   {}", names(of(&unasked), MOST_NAMES), paint.text(Label::Change, &said));
    }
    let roles = view.groups.iter().flat_map(|group| &group.steps).any(|step| step.id.starts_with("role-permissions@"));
    if roles && !view.not_enforced.is_empty() {
        let said = format!("not enforced by this endpoint, so left out: {}", view.not_enforced.join("; "));
        let _ = writeln!(out, "\n{}", wrap(&said, WIDE).join("\n"));
    }
    left_over(&mut out, view, paint);
    releases(&mut out, &view.releases, paint);
    others(&mut out, view);
    unused(&mut out, view);
    not_managed(&mut out, view, paint);
    let _ = writeln!(out, "\n{}", closing(view, exit));
    out
}

fn not_managed(out: &mut String, view: &PlanView, paint: Paint) {
    if let Some(found) = &view.inventory {
        inventory(out, found, paint);
    }
}

/// Whether nothing of it was asked, or it waits for what was not asked.
fn is_unasked(group: &GroupView) -> bool {
    group.steps.iter().any(|step| step.reason == NOT_ASKED) && group.steps.iter().all(|step| step.reason == NOT_ASKED || step.kind == "waits")
}

/// Names of the policies of groups.
fn of<'a>(groups: &'a [&GroupView]) -> impl Iterator<Item = &'a str> {
    groups.iter().flat_map(|group| group.policies.iter().map(String::as_str))
}

fn one_group(out: &mut String, group: &GroupView, paint: Paint) {
    let policies = group.policies.iter().map(String::as_str);
    let files = group.files.iter().map(String::as_str);
    if group.policies.is_empty() {
        let _ = writeln!(out, "\n{}", paint.text(Label::Strong, &group.name()));
    } else {
        let _ = writeln!(out, "\n{} · {}", paint.text(Label::Strong, &names(policies, MOST_NAMES)), names(files, MOST_NAMES));
    }
    for step in group.steps.iter().filter(|step| step.kind != "waits") {
        one(out, step, paint);
        let waiting = group.steps.iter().filter(|other| other.kind == "waits" && other.resource == step.resource).count();
        if waiting > 0 {
            labelled(out, "behind it", &format!("{} of it wait until that is decided", plural(waiting as u64, "setting")));
        }
    }
    if group.settled > 0 {
        let _ = writeln!(out, "    {}", paint.text(Label::Dim, &format!("{} as they should be", plural(group.settled as u64, "other setting"))));
    }
}

/// What nobody wants any more. It is information: it changes no exit code.
fn left_over(out: &mut String, view: &PlanView, paint: Paint) {
    if view.leftovers.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}", paint.text(Label::Strong, "left over"));
    for left in &view.leftovers {
        let _ = writeln!(out, "  {} {} · {}", paint.text(Label::Dim, "·"), left.resource.replace('/', " "), left.name);
        let _ = writeln!(out, "      {}", left.sentence);
    }
    if view.groups.iter().all(|group| group.steps.is_empty()) {
        out.push('\n');
    }
}

/// What other applies do or left; the plan itself rests on what was read, not on that.
fn others(out: &mut String, view: &PlanView) {
    let Some(others) = &view.others else { return };
    if let Some(sentence) = &others.under_way {
        let _ = writeln!(out, "\nnote: another apply is under way, so this may change: {sentence}");
    }
    for run in &others.broken_off {
        let _ = writeln!(out, "\nnote: {}; the next `lifeboat apply` plans anew and closes its journal", run.sentence);
    }
    if let Some(why) = &others.unknown {
        let _ = writeln!(out, "\nnote: whether another apply is under way or broke off is not known: {why}");
    }
}

pub(super) fn unused(out: &mut String, view: &PlanView) {
    for leave in &view.unused_leaves {
        let _ = writeln!(out, "\nnote: nothing needed --allow {leave}");
    }
    for approval in &view.void_approvals {
        let _ = writeln!(out, "\nnote: {approval}");
    }
}

fn heading(view: &PlanView, paint: Paint) -> String {
    let policies = match &view.selected {
        Some(selected) => format!("{} of {}", view.policies, plural_policies(selected.out_of)),
        None => plural_policies(view.policies),
    };
    let who = view.identity.as_ref().map_or_else(|| "offline".to_owned(), |identity| format!("account {} as {}", identity.account, identity.name));
    let of = view.of.as_deref().unwrap_or("plan");
    let line = format!("lifeboat {of} · {policies} at {} · {who} · {} compared", view.revision, plural(view.settings as u64, "setting"));
    let mut out = format!("{}\n", paint.text(Label::Dim, &line));
    for shared in view.selected.iter().flat_map(|selected| &selected.shared) {
        let others = names(shared.others.iter().map(String::as_str), MOST_NAMES);
        let _ = writeln!(out, "note: bucket {} is planned whole: {others} use it too", shared.bucket);
    }
    out
}

fn plural_policies(number: usize) -> String {
    plural(number as u64, "policy").replace("policys", "policies")
}

/// What a step means, for the ability to recover and for the bill.
pub(super) fn means(out: &mut String, step: &StepView) {
    for effect in &step.effects {
        labelled(out, "means", &effect.sentence);
        if !effect.named.is_empty() {
            let rest = effect.points.saturating_sub(effect.named.len());
            let rest = if rest > 0 { format!(", and {rest} more") } else { String::new() };
            labelled(out, "first go", &format!("{}{rest}", effect.named.join(", ")));
        }
    }
}

fn one(out: &mut String, step: &StepView, paint: Paint) {
    let (mark, label) = match step.kind.as_str() {
        "add" => ("+", Label::Good),
        "change" => ("~", Label::Change),
        "held" => ("!", Label::Bad),
        "skipped" => ("-", Label::Dim),
        _ => ("?", Label::Change),
    };
    let width = 60;
    let _ = writeln!(out, "  {} {:<width$} {}", paint.text(label, mark), step.title, paint.text(label, &step.reason));
    // Of a part of others the sentence says what it does, and the change would only be its removal.
    let of_others = step.hold.as_ref().is_some_and(|hold| hold.id.starts_with("removes-foreign"));
    if !of_others || step.effects.is_empty() {
        for line in step.lines.iter().take(MOST_LINES) {
            let _ = writeln!(out, "      {line}");
        }
        if step.lines.len() > MOST_LINES {
            let _ = writeln!(out, "      and {} more (--format json shows all)", step.lines.len() - MOST_LINES);
        }
    }
    if let Some(hold) = &step.hold {
        labelled(out, if step.kind == "held" { "held" } else { "why" }, &hold.sentence);
    }
    means(out, step);
    if let Some(hold) = &step.hold {
        if let Some(allow) = &hold.allow {
            labelled(out, "to allow", &format!("--allow {allow}"));
        }
        if let Some(advice) = &hold.advice {
            labelled(out, "next", advice);
        }
    }
    if let Some(allowed) = &step.allowed {
        labelled(out, "allowed by", allowed);
    }
}

fn closing(view: &PlanView, exit: u8) -> String {
    let counts = view.counts;
    let parts = [
        (counts.add, "to add"),
        (counts.change, "to change"),
        (counts.held, "held"),
        (counts.unknown, "unknown"),
        (counts.skipped, "not supported and skipped"),
    ];
    let said: Vec<String> = parts.iter().filter(|(number, _)| *number > 0).map(|(number, what)| format!("{number} {what}")).collect();
    let meaning = match exit {
        1 if view.unasked > 0 => return format!("{} · exit 1: interrupted, {} without an answer", said.join(", "), plural(view.unasked as u64, "question")),
        4 => "exit 4: changes are pending",
        5 => "exit 5: a person must decide",
        _ => "exit 0: everything else is as the policies say",
    };
    format!("{} · {meaning}", said.join(", "))
}
