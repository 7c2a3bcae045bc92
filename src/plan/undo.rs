//! The way back from an apply: itself a plan, with the same holds. What cannot be taken back says so.
//!
//! It starts from what a journal says was done, and from what is there now. A setting that somebody changed since is left
//! alone: going back would undo their work, not ours.

use super::diff::{Planner, weigh};
use super::{Ask, Effect, Hold, Plan, Reason, Step, effects};
use crate::model::document::Document;
use crate::model::fact::Fact;
use crate::model::id::ResourceId;
use crate::model::resource::{Desired, Observed, ResourceWish};
use crate::settings::{self, Setting};

/// One step that an apply did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// The resource.
    pub resource: ResourceId,
    /// Id of the setting.
    pub setting: String,
    /// What was there before.
    pub from: Fact<Document>,
    /// What was written.
    pub to: Document,
}

/// The plan that leads back to what was there before these steps, the last one first.
pub fn undo(done: &[Done], desired: &Desired, observed: &Observed, ask: &Ask<'_>) -> Plan {
    let mut planner = Planner::new(desired, observed, ask);
    for step in done.iter().rev() {
        let Some(setting) = settings::by_id(&step.setting) else { continue };
        let id = &step.resource;
        match back(step, setting, observed) {
            Way::There => planner.plan.settled.push((id.clone(), setting.id)),
            Way::None(why) => planner.hold(id, setting, Hold::CannotChange(why), None),
            Way::Unknown(why) => planner.hold(id, setting, Hold::Unknown(why), None),
            Way::Back(mut back) => {
                back.effects = means(&back, setting, desired, observed, ask);
                let obstacle = weigh(setting, &back);
                planner.take(id, setting, *back, obstacle);
            }
        }
    }
    planner.end()
}

/// What the way back means for the ability to recover, and for the bill, as a plan says it of any step.
fn means(back: &Step, setting: &Setting, desired: &Desired, observed: &Observed, ask: &Ask<'_>) -> Vec<Effect> {
    let wish = desired.resources.iter().find(|wish| wish.id() == back.resource);
    match wish {
        Some(ResourceWish::Bucket(bucket)) => effects::of_step(bucket, setting.read, &back.from, &back.to, observed, ask.prices),
        Some(ResourceWish::Role(_) | ResourceWish::Provider(_)) | None => Vec::new(),
    }
}

enum Way {
    /// It is as it was before.
    There,
    /// There is none, and why.
    None(String),
    /// It cannot be read.
    Unknown(crate::model::fact::Why),
    /// This one.
    Back(Box<Step>),
}

fn back(done: &Done, setting: &'static Setting, observed: &Observed) -> Way {
    let Some(seen) = observed.resources.get(&done.resource) else {
        return Way::None("no policy here wants it, so it was not looked at: take it back from where its policy is".to_owned());
    };
    let live = (setting.seen)(seen);
    if live == done.from {
        return Way::There;
    }
    let now = match &live {
        Fact::Unknown(why) => return Way::Unknown(why.clone()),
        Fact::Absent => return Way::None("it is not there any more".to_owned()),
        Fact::Known(now) => now,
    };
    if (setting.adopt)(&done.to, &live) != *now {
        return Way::None(format!("it was changed since: going back would undo the work of somebody else; it reads {now}"));
    }
    let Fact::Known(before) = &done.from else {
        return Way::None("it was not there before, and lifeboat removes nothing that protects: remove it by hand if it must go".to_owned());
    };
    let requests = (setting.requests)(&done.resource, &live, before);
    if requests.is_empty() {
        return Way::None(format!("no request leads back to {before}"));
    }
    Way::Back(Box::new(Step {
        resource: done.resource.clone(),
        setting: done.setting.clone(),
        reason: Reason::Undo,
        lines: (setting.describe)(&live, before),
        from: live,
        to: before.clone(),
        requests,
        effects: Vec::new(),
        allowed: None,
    }))
}

#[cfg(test)]
mod tests;
