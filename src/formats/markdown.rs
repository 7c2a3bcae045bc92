//! A plan, or what stops it, as one pull-request comment: the verdict, what it means for each database, then every step folded.
//!
//! A comment is read by more people than a plan is, and stays. So only the fields of [`SHOWN`] reach it: never who asked,
//! what a server answered when it failed, or a document as it is. Every text goes through `escape`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;

use crate::model::units::{self, plural};
use crate::view::check::{CheckView, FindingView};
use crate::view::plan::{EffectView, GroupView, LeftoverView, PlanView, StepView};

use escape::{Safe, digest};

mod escape;
mod inventory;
mod releases;

/// Marker by which a workflow finds its own comment to update it.
pub const MARKER: &str = "<!-- lifeboat-plan -->";

/// The longest comment, in bytes and so in characters too, however they are counted. GitHub refuses 65,537 characters
/// (`body is too long (maximum is 65536 characters)`); what is left is for a line that a workflow adds.
pub const LONGEST: usize = 60_000;

/// The fields whose text a comment may show, by their path in the JSON of a plan and of findings.
pub const SHOWN: &[&str] = &[
    "digest",
    "findings[].instead",
    "findings[].places[].file",
    "findings[].places[].label",
    "findings[].rule",
    "findings[].title",
    "groups[].policies[]",
    "groups[].steps[].allowed",
    "groups[].steps[].effects[].first",
    "groups[].steps[].effects[].oldest",
    "groups[].steps[].effects[].oldestLeft",
    "groups[].steps[].effects[].policy",
    "groups[].steps[].effects[].sentence",
    "groups[].steps[].effects[].undo",
    "groups[].steps[].hold.advice",
    "groups[].steps[].hold.allow",
    "groups[].steps[].hold.sentence",
    "groups[].steps[].lines[]",
    "groups[].steps[].reason",
    "groups[].steps[].title",
    "inventory.resources[].parts[].name",
    "inventory.resources[].parts[].title",
    "inventory.resources[].parts[].words",
    "inventory.resources[].resource",
    "inventory.resources[].unknown[].title",
    "inventory.resources[].unknown[].why",
    "leftovers[].name",
    "leftovers[].resource",
    "leftovers[].sentence",
    "notEnforced[]",
    "observedAt",
    "policyDigest",
    "releases[].effects[].first",
    "releases[].effects[].policy",
    "releases[].effects[].sentence",
    "releases[].effects[].undo",
    "releases[].policy",
    "releases[].set",
    "releases[].steps[].held",
    "releases[].steps[].id",
    "releases[].steps[].instead",
    "revision",
    "tool",
    "unusedLeaves[]",
    "voidApprovals[]",
];

/// Up to where rows of the table are written, then findings, then steps: what is left is for the closing lines.
const ROWS_UNTIL: usize = 16_000;
const FINDINGS_UNTIL: usize = 24_000;
const STEPS_UNTIL: usize = 48_000;
/// Lines of one step at the most, and characters of one text.
const MOST_LINES: usize = 60;
const TEXT: usize = 300;
const NAME: usize = 120;

/// Renders a plan, with the findings that did not stop it.
pub fn plan(view: &PlanView, findings: &CheckView) -> String {
    let safe = &Safe::naming(view.groups.iter().flat_map(|group| &group.steps).map(|step| step.resource.as_str()));
    let steps = decided(view);
    let mut out = format!("{MARKER}\n{}\n", verdict(safe, view, &steps));
    table(safe, &mut out, view, &steps);
    found(safe, &mut out, findings);
    let shown = folded(safe, &mut out, &steps);
    let hidden = steps.len() - shown + unread(safe, &mut out, view);
    left_over(safe, &mut out, view);
    releases::releases(safe, &mut out, &view.releases);
    if let Some(found) = &view.inventory {
        inventory::inventory(safe, &mut out, found, STEPS_UNTIL);
    }
    closing(safe, &mut out, view, hidden);
    out
}

/// Renders findings: of a check, or those that stopped a plan.
pub fn check(view: &CheckView) -> String {
    let safe = &Safe::naming(std::iter::empty());
    let files = plural(view.policies as u64, "policy").replace("policys", "policies");
    let said = match (view.errors, view.warnings) {
        (0, 0) => format!("**✅ {files} checked, no findings**"),
        (0, warnings) => format!("**⚠️ {} in {files}**", plural(warnings as u64, "warning")),
        (errors, 0) => format!("**⛔ {} in {files}: nothing is planned before they are put right**", plural(errors as u64, "error")),
        (errors, warnings) => {
            let warnings = plural(warnings as u64, "warning");
            format!("**⛔ {} in {files}: nothing is planned before they are put right** · {warnings}", plural(errors as u64, "error"))
        }
    };
    let mut out = format!("{MARKER}\n{said}\n");
    found(safe, &mut out, view);
    let _ =
        write!(out, "\n<sub>{} · `lifeboat check` shows each with its lines, `lifeboat explain RULE` why it is one</sub>\n", safe.prose(&view.revision, NAME));
    out
}

/// A step with the policies that want it.
type Owned<'a> = (&'a GroupView, &'a StepView);

/// What a person decides on or apply sends: held steps first, then what is changed, then what is new.
fn decided(view: &PlanView) -> Vec<Owned<'_>> {
    let of =
        |kind: &'static str| view.groups.iter().flat_map(move |group| group.steps.iter().filter(move |step| step.kind == kind).map(move |step| (group, step)));
    of("held").chain(of("change")).chain(of("add")).collect()
}

fn effects<'a>(steps: &'a [Owned<'a>]) -> impl Iterator<Item = &'a EffectView> {
    steps.iter().flat_map(|(_, step)| &step.effects)
}

fn verdict(safe: &Safe, view: &PlanView, steps: &[Owned<'_>]) -> String {
    let counts = view.counts;
    let lost = lost(steps);
    let held = steps.iter().find_map(|(_, step)| Some((step, step.hold.as_ref()?)));
    let allowed = steps.iter().filter(|(_, step)| step.allowed.is_some()).count();
    let said = if lost > 0 {
        format!("⛔ {} {}", plural(lost as u64, "restore point"), losing(safe, steps))
    } else if let Some((step, hold)) = held {
        format!("✋ {}: {}", safe.prose(&step.title, NAME), safe.prose(&hold.sentence, TEXT))
    } else if let Some(said) = releases::verdict(safe, &view.releases) {
        said
    } else if counts.unknown > 0 {
        format!("✋ {} could not be read and will not be touched", plural(counts.unknown as u64, "setting"))
    } else if allowed > 0 {
        format!("⚠️ {}, {allowed} of them by leave that was given", plural(steps.len() as u64, "change"))
    } else if steps.is_empty() {
        format!("✅ {}", view.calm())
    } else {
        format!("✅ {}, none of which loosens protection", plural(steps.len() as u64, "change"))
    };
    let parts = [
        (counts.held, "held"),
        (counts.change, "to change"),
        (counts.add, "to add"),
        (counts.unknown, "not read"),
        (counts.skipped, "not supported and skipped"),
    ];
    let rest: String = parts.iter().filter(|(number, _)| *number > 0).map(|(number, what)| format!(" · {number} {what}")).collect();
    let part = view.selected.as_ref().map_or_else(String::new, |selected| format!(" · {} of {} policies looked at", view.policies, selected.out_of));
    let cut = if view.unasked > 0 { format!(" · interrupted, {} without an answer", plural(view.unasked as u64, "question")) } else { String::new() };
    format!("**{said}**{rest}{part}{cut}")
}

/// How many restore points go. Two steps may take the same ones, so of each policy the worst step counts.
fn lost(steps: &[Owned<'_>]) -> usize {
    let mut worst: BTreeMap<&str, usize> = BTreeMap::new();
    for effect in effects(steps) {
        let points = worst.entry(&effect.policy).or_default();
        *points = effect.points.max(*points);
    }
    worst.values().sum()
}

/// Whose restore points go, from when on, and whether there is a way back.
fn losing(safe: &Safe, steps: &[Owned<'_>]) -> String {
    let mut losses: Vec<&EffectView> = effects(steps).filter(|effect| effect.points > 0).collect();
    losses.sort_by_key(|effect| effect.first.clone());
    let Some(first) = losses.first() else { return String::new() };
    let mut policies: Vec<&str> = losses.iter().map(|effect| effect.policy.as_str()).collect();
    policies.sort_unstable();
    policies.dedup();
    let others = match policies.len().saturating_sub(1) {
        0 => String::new(),
        others => format!(" and {others} more"),
    };
    let from = first.first.as_deref().map_or_else(String::new, |at| format!(", the first on {}", moment(safe, at)));
    format!("of {}{others} would go earlier than promised{from}", safe.code(&first.policy, NAME))
}

fn table(safe: &Safe, out: &mut String, view: &PlanView, steps: &[Owned<'_>]) {
    let mut rows: Vec<&EffectView> = effects(steps).chain(releases::effects(&view.releases)).collect();
    if rows.is_empty() {
        return;
    }
    rows.sort_by_key(|effect| std::cmp::Reverse(effect.points));
    out.push_str("\n| database | what goes | the first on | reaches back | way back |\n| --- | --- | --- | --- | --- |\n");
    let total = rows.len();
    let shown = rows.iter().take_while(|effect| within(out, &row(safe, view, effect), ROWS_UNTIL)).count();
    if shown < total {
        let _ = write!(out, "\n{} more are not shown here.\n", total - shown);
    }
}

fn row(safe: &Safe, view: &PlanView, effect: &EffectView) -> String {
    let goes = match effect.points {
        0 => safe.prose(&effect.sentence, TEXT),
        points => format!("**{}**, {}", plural(points as u64, "restore point"), units::bytes(effect.bytes)),
    };
    let first = effect.first.as_deref().map_or_else(|| "–".to_owned(), |at| moment(safe, at));
    let reach = match (days(effect.oldest.as_deref(), view), days(effect.oldest_left.as_deref(), view)) {
        (Some(now), Some(then)) if effect.points > 0 => format!("{now} d → {then} d"),
        (Some(now), None) if effect.points > 0 => format!("{now} d → **nothing**"),
        _ => "–".to_owned(),
    };
    let undo = effect.undo.as_deref().map_or_else(|| "–".to_owned(), |undo| safe.prose(undo, TEXT));
    format!("| {} | {goes} | {first} | {reach} | {undo} |\n", safe.code(&effect.policy, NAME))
}

/// Whole days from a moment to when the plan was read.
fn days(at: Option<&str>, view: &PlanView) -> Option<i64> {
    let (at, read): (Timestamp, Timestamp) = (at?.parse().ok()?, view.observed_at.parse().ok()?);
    Some((read.as_second() - at.as_second()) / 86_400)
}

/// `Thu 2026-12-03 00:00 UTC`
fn moment(safe: &Safe, at: &str) -> String {
    at.parse::<Timestamp>().map_or_else(|_| safe.prose(at, NAME), |at| at.strftime("%a %Y-%m-%d %H:%M UTC").to_string())
}

fn found(safe: &Safe, out: &mut String, view: &CheckView) {
    let mut hidden = 0;
    for (at, finding) in view.findings.iter().enumerate() {
        let piece = format!("{}{}", if at == 0 { "\n" } else { "" }, finding_line(safe, finding));
        if hidden > 0 || !within(out, &piece, FINDINGS_UNTIL) {
            hidden += 1;
        }
    }
    if hidden > 0 {
        let _ = write!(out, "\n{} not shown here: `lifeboat check` shows all.\n", plural(hidden, "finding"));
    }
}

fn finding_line(safe: &Safe, finding: &FindingView) -> String {
    let mark = if finding.level == "error" { "⛔" } else { "⚠️" };
    let rule = finding.rule.as_deref().map_or_else(String::new, |rule| format!("{} ", safe.code(rule, NAME)));
    let place = finding.places.first();
    let at = place.map_or_else(String::new, |place| format!(" · {}", safe.code(&format!("{}:{}", place.file, place.line), NAME)));
    let label = place.filter(|place| !place.label.is_empty()).map_or_else(String::new, |place| format!(" · {}", safe.prose(&place.label, TEXT)));
    let instead = finding.instead.as_deref().map_or_else(String::new, |text| format!("<br>instead: {}", safe.prose(text, TEXT)));
    format!("- {mark} {rule}{}{at}{label}{instead}\n", safe.prose(&finding.title, TEXT))
}

/// Each step folded, as many as there is room for; how many were written.
fn folded(safe: &Safe, out: &mut String, steps: &[Owned<'_>]) -> usize {
    steps.iter().take_while(|(group, step)| within(out, &one(safe, group, step), STEPS_UNTIL)).count()
}

fn one(safe: &Safe, group: &GroupView, step: &StepView) -> String {
    let mark = match step.kind.as_str() {
        "add" => "+",
        "change" => "~",
        _ => "!",
    };
    let policies = safe.prose(&group.name(), NAME);
    let mut out = format!(
        "\n<details><summary><code>{mark}</code> <b>{}</b> · {} · {policies}</summary>\n",
        safe.prose(&step.title, NAME),
        safe.prose(&step.reason, NAME)
    );
    if let Some(hold) = &step.hold {
        let _ = write!(out, "\n**held** {}\n", safe.prose(&hold.sentence, TEXT));
    }
    for effect in &step.effects {
        let _ = write!(out, "\n**means** for {}: {}\n", safe.code(&effect.policy, NAME), safe.prose(&effect.sentence, TEXT));
    }
    if !step.lines.is_empty() {
        let mut lines: Vec<String> = step.lines.iter().take(MOST_LINES).cloned().collect();
        if step.lines.len() > MOST_LINES {
            lines.push(format!("and {} more", step.lines.len() - MOST_LINES));
        }
        let _ = write!(out, "\n{}", safe.block("diff", &lines, TEXT));
    }
    if let Some(hold) = &step.hold {
        if let Some(allow) = &hold.allow {
            let _ = write!(out, "\n**to allow** {}\n", safe.code(&format!("--allow {allow}"), TEXT));
        }
        if let Some(advice) = &hold.advice {
            let _ = write!(out, "\n**next** {}\n", safe.prose(advice, TEXT));
        }
    }
    if let Some(allowed) = &step.allowed {
        let _ = write!(out, "\n**allowed by** {}\n", safe.prose(allowed, TEXT));
    }
    out.push_str("\n</details>\n");
    out
}

/// What could not be read, in one folded list; how many of it there was no room for. What a server said is not repeated.
fn unread(safe: &Safe, out: &mut String, view: &PlanView) -> usize {
    let of = |kind: &'static str| view.groups.iter().flat_map(|group| &group.steps).filter(move |step| step.kind == kind);
    let total = of("unknown").count();
    let waiting = of("waits").count();
    if waiting > 0 {
        let _ = write!(out, "\n{} until that is decided.\n", if waiting == 1 { "1 setting waits".to_owned() } else { format!("{waiting} settings wait") });
    }
    if total == 0 {
        return 0;
    }
    let head = format!("\n<details><summary><code>?</code> <b>{} not read</b> · left alone</summary>\n\n", plural(total as u64, "setting"));
    if !within(out, &head, STEPS_UNTIL) {
        return total;
    }
    let line = |step: &StepView| {
        let advice = step.hold.as_ref().and_then(|hold| hold.advice.as_deref()).map_or_else(String::new, |advice| format!(": {}", safe.prose(advice, TEXT)));
        format!("- {}{advice}\n", safe.prose(&step.title, NAME))
    };
    let shown = of("unknown").take_while(|step| within(out, &line(step), STEPS_UNTIL)).count();
    out.push_str("\n</details>\n");
    total - shown
}

/// What no policy wants any more, in one folded list.
fn left_over(safe: &Safe, out: &mut String, view: &PlanView) {
    if view.leftovers.is_empty() {
        return;
    }
    let total = view.leftovers.len();
    let head = format!("\n<details><summary><code>·</code> <b>{total} left over</b> · nobody wants it any more</summary>\n\n");
    if !within(out, &head, STEPS_UNTIL) {
        return;
    }
    let line =
        |left: &LeftoverView| format!("- {} · {}: {}\n", safe.prose(&left.resource, NAME), safe.prose(&left.name, NAME), safe.prose(&left.sentence, TEXT));
    let shown = view.leftovers.iter().take_while(|left| within(out, &line(left), STEPS_UNTIL)).count();
    if shown < total {
        let _ = writeln!(out, "- and {} more", total - shown);
    }
    out.push_str("\n</details>\n");
}

fn closing(safe: &Safe, out: &mut String, view: &PlanView, hidden: usize) {
    let roles = view.groups.iter().flat_map(|group| &group.steps).any(|step| step.id.starts_with("role-permissions@"));
    if roles && !view.not_enforced.is_empty() {
        let _ = write!(out, "\nnot enforced by this endpoint, so left out: {}\n", safe.prose(&view.not_enforced.join("; "), NAME));
    }
    if !view.unused_leaves.is_empty() {
        let _ = write!(out, "\nnothing needed the leave {}\n", safe.code(&view.unused_leaves.join(", "), NAME));
    }
    if !view.void_approvals.is_empty() {
        let _ = write!(out, "\nnote: {}\n", safe.prose(&view.void_approvals.join("; "), TEXT));
    }
    if hidden > 0 {
        let _ = write!(out, "\n**{} not shown here**: a comment has an end. The whole plan is the artifact of this run.\n", plural(hidden as u64, "step"));
    }
    let _ = write!(
        out,
        "\n<sub>plan {}<br>{} · policies {} · {} compared at {} · lifeboat {} · all of it: <code>lifeboat plan --format json</code></sub>\n",
        digest(&view.digest, 64),
        safe.prose(&view.revision, NAME),
        digest(&view.policy_digest, 12),
        plural(view.settings as u64, "setting"),
        moment(safe, &view.observed_at),
        safe.prose(&view.tool, NAME),
    );
}

/// Appends a piece if the text then stays within a length.
fn within(out: &mut String, piece: &str, longest: usize) -> bool {
    let fits = out.len() + piece.len() <= longest;
    if fits {
        out.push_str(piece);
    }
    fits
}
