//! What the keeper's next run would do, in one folded list of a comment: it comes with time, not with the change.

use std::fmt::Write as _;

use super::escape::Safe;
use super::{NAME, STEPS_UNTIL, TEXT, within};
use crate::model::units::{bytes, plural};
use crate::view::plan::EffectView;
use crate::view::releases::ReleaseSetView;

/// Backups of one set that are named.
const NAMED: usize = 3;

/// What releases mean: restore points that would go earlier than the live rules promise.
pub(super) fn effects(sets: &[ReleaseSetView]) -> impl Iterator<Item = &EffectView> {
    sets.iter().flat_map(|set| &set.effects)
}

/// The first sentence of a comment, where the change itself loses nothing and releases would go earlier.
pub(super) fn verdict(safe: &Safe, sets: &[ReleaseSetView]) -> Option<String> {
    let first = effects(sets).next()?;
    let points: usize = effects(sets).map(|effect| effect.points).sum();
    let others = match effects(sets).count() - 1 {
        0 => String::new(),
        more => format!(" and {}", plural(more as u64, "more set")),
    };
    let points = plural(points as u64, "restore point");
    Some(format!("⚠️ {points} of {}{others} would be released to go earlier than the live rules promise", safe.code(&first.policy, NAME)))
}

/// Each set that has something to say.
pub(super) fn releases(safe: &Safe, out: &mut String, sets: &[ReleaseSetView]) {
    let busy: Vec<&ReleaseSetView> = sets.iter().filter(|set| set.is_busy()).collect();
    if busy.is_empty() {
        return;
    }
    let steps: usize = busy.iter().map(|set| set.steps.len()).sum();
    let head = format!(
        "\n<details><summary><code>·</code> <b>{}</b> · done by <code>lifeboat keep</code>, never by apply</summary>\n\n",
        plural(steps as u64, "release step")
    );
    if !within(out, &head, STEPS_UNTIL) {
        return;
    }
    let shown = busy.iter().take_while(|set| within(out, &one(safe, set), STEPS_UNTIL)).count();
    if shown < busy.len() {
        let _ = writeln!(out, "- and {}", plural((busy.len() - shown) as u64, "more set"));
    }
    out.push_str("\n</details>\n");
}

fn one(safe: &Safe, set: &ReleaseSetView) -> String {
    let name = safe.code(&format!("{}/{}", set.policy, set.set), NAME);
    // What a server said is not repeated here.
    if set.unknown.is_some() {
        return format!("- {name}: not known\n");
    }
    let size = bytes(set.steps.iter().map(|step| step.bytes).sum());
    let said = if set.steps.is_empty() { "nothing to do".to_owned() } else { format!("{}, {size}", set.counted()) };
    let mut out = format!("- {name}: {said}");
    let instead = set.steps.iter().filter_map(|step| Some((step.backup(), step.instead.as_deref()?)));
    for (backup, instead) in instead.take(NAMED) {
        let _ = write!(out, "<br>{} for {}", safe.code(backup, NAME), safe.prose(instead, TEXT));
    }
    for effect in &set.effects {
        let _ = write!(out, "<br><b>means</b> {}", safe.prose(&effect.sentence, TEXT));
    }
    for (why, count) in set.waiting() {
        let _ = write!(out, "<br>{}: {}", plural(count as u64, "step waits"), safe.prose(why, TEXT));
    }
    if set.anomaly {
        out.push_str("<br>the newest backup holds much less than the last verified one, so nothing is released");
    }
    let left: u64 = set.left.values().sum();
    if left > 0 {
        let _ = write!(out, "<br>{} left alone: too little is known of it", plural(left, "backup"));
    }
    out.push('\n');
    out
}
