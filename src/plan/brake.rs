//! The brake: a plan that weakens or removes much at once is held as a whole, each leave notwithstanding.
//!
//! One wrong commit, or one wrong account, must not take the protection of everything away, however many leaves came with it.

use std::collections::BTreeSet;

use super::{Held, Hold, Plan, Step};
use crate::model::id::{ResourceId, ResourceKind};
use crate::model::repository::Limits;
use crate::settings;

/// From so many buckets on they are a fleet, of which the share of buckets is looked at too: of fewer, one alone would be
/// above the usual limit.
const FLEET: usize = 4;

/// Holds what loosens, when it is more than the limit allows.
pub(super) fn apply(plan: &mut Plan, limits: Limits) {
    let Some(hold) = too_many(plan, limits) else { return };
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

fn too_many(plan: &Plan, limits: Limits) -> Option<Hold> {
    let compared: BTreeSet<(&ResourceId, &str)> = plan.settled.iter().map(|(id, setting)| (id, *setting)).collect();
    let planned = plan.steps.iter().map(|step| (&step.resource, step.setting.as_str()));
    let held = plan.held.iter().map(|held| (&held.resource, held.setting));
    let all: BTreeSet<(&ResourceId, &str)> = compared.into_iter().chain(planned).chain(held).collect();
    let loosened: BTreeSet<(&ResourceId, &str)> = plan.steps.iter().filter(|step| loosens(step)).map(|step| (&step.resource, step.setting.as_str())).collect();
    let buckets =
        |of: &BTreeSet<(&ResourceId, &str)>| of.iter().map(|(id, _)| *id).filter(|id| id.kind() == ResourceKind::Bucket).collect::<BTreeSet<_>>().len();
    let (changed, of) = (loosened.len(), all.len());
    if above(changed, of, limits) {
        return Some(Hold::TooMany { what: "settings", changed, of, limit: limits.settings_changed });
    }
    let (changed, of) = (buckets(&loosened), buckets(&all));
    (of >= FLEET && above(changed, of, limits)).then_some(Hold::TooMany { what: "buckets", changed, of, limit: limits.settings_changed })
}

#[expect(clippy::cast_precision_loss, reason = "counts of settings are far below 2^52")]
fn above(changed: usize, of: usize, limits: Limits) -> bool {
    changed as f64 * 100.0 > of as f64 * limits.settings_changed.value()
}

#[cfg(test)]
mod tests;
