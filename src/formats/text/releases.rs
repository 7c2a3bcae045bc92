//! What the keeper's next run would do, below a plan. It is information: it changes no exit code, and apply sends none of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::super::alike::names;
use super::super::paint::{Label, Paint};
use super::labelled;
use crate::model::units::{bytes, plural};
use crate::view::releases::{ReleaseSetView, ReleaseStepView};

/// Sets that are shown; the rest is counted, and `--format json` has all of it.
const MOST_SETS: usize = 8;
/// Backups of one set that are named.
const MOST_NAMED: usize = 3;

/// Renders what would be released; nothing where every tag is as it should be.
pub(super) fn releases(out: &mut String, sets: &[ReleaseSetView], paint: Paint) {
    let (unknown, known): (Vec<&ReleaseSetView>, Vec<&ReleaseSetView>) = sets.iter().filter(|set| set.is_busy()).partition(|set| set.unknown.is_some());
    if !known.is_empty() {
        let _ = writeln!(out, "\n{} {}", paint.text(Label::Strong, "releases"), paint.text(Label::Dim, "· done by `lifeboat keep`, never by apply"));
    }
    for set in known.iter().take(MOST_SETS) {
        one(out, set, paint);
    }
    if let Some(rest) = known.get(MOST_SETS..).filter(|rest| !rest.is_empty()) {
        let steps: usize = rest.iter().map(|set| set.steps.len()).sum();
        let _ = writeln!(out, "  and {} with {} (--format json shows all)", plural(rest.len() as u64, "set"), plural(steps as u64, "step"));
    }
    let mut whys: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for set in unknown {
        whys.entry(set.unknown.as_deref().unwrap_or_default()).or_default().push(format!("{}/{}", set.policy, set.set));
    }
    for (why, sets) in whys {
        let _ = writeln!(out, "\nnote: what the keeper would release of {} is not known: {why}", names(sets.iter().map(String::as_str), MOST_NAMED));
    }
}

fn one(out: &mut String, set: &ReleaseSetView, paint: Paint) {
    let name = paint.text(Label::Strong, &format!("{}/{}", set.policy, set.set));
    let size = bytes(set.steps.iter().map(|step| step.bytes).sum());
    let said = if set.steps.is_empty() { "nothing to do".to_owned() } else { format!("{} · {size}", set.counted()) };
    let mark = if set.effects.is_empty() { paint.text(Label::Dim, "·") } else { paint.text(Label::Change, "~") };
    let _ = writeln!(out, "  {mark} {name}  {said}");
    if let Some(first) = set.steps.first() {
        let rest = set.steps.len() - 1;
        let more = if rest > 0 { format!(", and {rest} more") } else { String::new() };
        labelled(out, "first", &format!("{}{more}", sentence(first)));
    }
    let instead: Vec<String> = set.steps.iter().filter_map(|step| Some(format!("{} for {}", id(step), step.instead.as_deref()?))).collect();
    for said in instead.iter().take(MOST_NAMED) {
        labelled(out, "in its place", said);
    }
    if instead.len() > MOST_NAMED {
        labelled(out, "", &format!("and {} more", instead.len() - MOST_NAMED));
    }
    for effect in &set.effects {
        labelled(out, "means", &effect.sentence);
        labelled(out, "first go", &effect.named.join(", "));
    }
    for (why, count) in set.waiting() {
        labelled(out, "waits", &format!("{}: {why}", plural(count as u64, "step")));
    }
    if set.anomaly {
        labelled(out, "anomaly", "the newest backup holds much less than the last verified one, so nothing is released");
    }
    for (why, count) in &set.left {
        labelled(out, "left alone", &format!("{}: {why}", plural(*count, "backup")));
    }
}

fn id(step: &ReleaseStepView) -> &str {
    step.backup().rsplit('/').next().unwrap_or_default()
}

fn sentence(step: &ReleaseStepView) -> String {
    let until = step.until.as_deref().and_then(|until| until.get(..10)).map_or_else(String::new, |day| format!(", restorable until {day}"));
    match step.tier() {
        Some(tier) => format!("{} as {}{until}", id(step), tier.as_str()),
        None => format!("{} is kept: {}", id(step), step.reason),
    }
}
