//! The brake: a plan that weakens or removes much at once is held as a whole, each leave notwithstanding.
//!
//! One wrong commit, or one wrong account, must not take the protection of everything away, however many leaves came with it.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Effect, Held, Hold, Plan, Step};
use crate::model::id::{ResourceId, ResourceKind};
use crate::model::repository::Limits;
use crate::model::resource::{Desired, ResourceWish};
use crate::model::units::{Percent, Span, bytes, plural};
use crate::settings::{self, Weakening};

/// From so many buckets on they are a fleet, of which the share of buckets is looked at too: of fewer, one alone would be
/// above the usual limit.
const FLEET: usize = 4;

/// Holds what loosens, when it is more than the limit allows of all that the policies want.
pub(super) fn apply(plan: &mut Plan, desired: &Desired) {
    let Some(hold) = too_many(plan, desired) else { return };
    let steps = std::mem::take(&mut plan.steps);
    for step in steps {
        match settings::by_id(&step.setting) {
            Some(setting) if loosens(&step) => {
                plan.held.push(Held { resource: step.resource.clone(), setting: setting.id, hold: hold.clone(), step: Some(step) });
            }
            _ => plan.steps.push(step),
        }
    }
}

/// Only what needed leave loosens.
fn loosens(step: &Step) -> bool {
    step.allowed.is_some()
}

type Place<'a> = (ResourceId, &'a str);

fn too_many(plan: &Plan, desired: &Desired) -> Option<Hold> {
    let loosened: BTreeSet<Place<'_>> = plan.steps.iter().filter(|step| loosens(step)).map(|step| (step.resource.clone(), step.setting.as_str())).collect();
    if loosened.is_empty() {
        return None;
    }
    let of_resource = |wish: &ResourceWish| -> Vec<Place<'static>> {
        let id = wish.id();
        let wanted = settings::of_kind(id.kind()).filter(|setting| (setting.want)(wish).is_some());
        wanted.map(|setting| (id.clone(), setting.id)).collect()
    };
    let all: BTreeSet<Place<'_>> = desired.resources.iter().flat_map(of_resource).collect();
    let limit = desired.limits.settings_changed;
    let (changed, of) = (loosened.len(), all.len());
    if above(changed, of, limit) {
        return Some(Hold::TooMany { what: "settings", changed, of, limit });
    }
    let (changed, of) = (buckets(&loosened), buckets(&all));
    (of >= FLEET && above(changed, of, limit)).then_some(Hold::TooMany { what: "buckets", changed, of, limit })
}

fn buckets(of: &BTreeSet<Place<'_>>) -> usize {
    of.iter().map(|(id, _)| id).filter(|id| id.kind() == ResourceKind::Bucket).collect::<BTreeSet<_>>().len()
}

#[expect(clippy::cast_precision_loss, reason = "counts of settings are far below 2^52")]
fn above(changed: usize, of: usize, limit: Percent) -> bool {
    changed as f64 * 100.0 > of as f64 * limit.value()
}

/// What steps take away without leave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Loss {
    points: usize,
    seconds: u64,
    bytes: u64,
}

impl Loss {
    /// Counts what a step takes away. Databases lose side by side, so of the windows the worst counts.
    pub(super) fn add(&mut self, effects: &[Effect], now: Timestamp) {
        for effect in effects {
            self.points += effect.points;
            self.bytes = self.bytes.saturating_add(effect.bytes);
            self.seconds = self.seconds.max(effect.window_lost(now));
        }
    }

    /// Why a step is held, when it and what goes before it take more than the limits allow.
    pub(super) fn beyond(&self, effects: &[Effect], now: Timestamp, limits: &Limits) -> Option<Weakening> {
        let held = |sentence: String| Some(Weakening { id: "loses-restore-points".to_owned(), sentence });
        if effects.iter().any(|effect| effect.unsaid) {
            return held("which restore points it ends earlier than promised cannot be said".to_owned());
        }
        let mut all = *self;
        all.add(effects, now);
        if all == *self {
            return None;
        }
        let window = Span::seconds(all.seconds);
        let points = plural(all.points as u64, "restore point");
        if all.points > limits.restore_points_lost {
            return held(format!("this plan would end {points} earlier than promised, and limits.restorePointsLost is {}", limits.restore_points_lost));
        }
        if window > limits.window_lost {
            let any_moment = effects.iter().max_by_key(|effect| effect.window_lost(now)).is_some_and(|worst| worst.window_seconds.is_some());
            let words = if any_moment {
                format!("take {window} from the window in which any moment can be restored")
            } else {
                format!("bring the oldest restore point nearer by {window}")
            };
            return held(format!("this plan would {words}, and limits.windowLost is {}", limits.window_lost));
        }
        if all.bytes > limits.bytes_lost {
            return held(format!("this plan would end {} of backups earlier than promised, and limits.bytesLost is {}", bytes(all.bytes), limits.bytes_lost));
        }
        None
    }
}

#[cfg(test)]
mod tests;
