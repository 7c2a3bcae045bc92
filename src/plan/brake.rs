//! The brake: a plan that weakens or removes much at once is held as a whole, each leave notwithstanding.
//!
//! One wrong commit, or one wrong account, must not take the protection of everything away, however many leaves came with it.

use std::collections::BTreeSet;

use super::{Held, Hold, Plan, Step};
use crate::model::id::{ResourceId, ResourceKind};
use crate::model::resource::{Desired, ResourceWish};
use crate::model::units::Percent;
use crate::settings;

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
    let of_resource = |wish: &ResourceWish| -> Vec<Place<'static>> {
        let id = wish.id();
        let wanted = settings::of_kind(id.kind()).filter(|setting| (setting.want)(wish).is_some());
        wanted.map(|setting| (id.clone(), setting.id)).collect()
    };
    let all: BTreeSet<Place<'_>> = desired.resources.iter().flat_map(of_resource).collect();
    let loosened: BTreeSet<Place<'_>> = plan.steps.iter().filter(|step| loosens(step)).map(|step| (step.resource.clone(), step.setting.as_str())).collect();
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

#[cfg(test)]
mod tests;
