//! Carries a plan out: re-read what the step assumes → send → read back → write down. Stops at the first surprise.
//!
//! It decides nothing: every request was in the plan. A step is sent only while what it was planned upon still holds.

use std::collections::BTreeSet;

use crate::journal::{Entry, Outcome};
use crate::model::document::Document;
use crate::model::fact::{Fact, Why};
use crate::model::id::ResourceId;
use crate::model::request::{Read, ReadOp};
use crate::model::resource::ObservedResource;
use crate::plan::{Plan, Step};
use crate::ports::{Answer, Kind, PortError, Ports};
use crate::settings::{self, Setting};

pub mod session;
mod settle;

pub use settle::Settle;
use settle::{Streak, passes};

/// What was done and what not, in the order of the plan.
#[derive(Clone, Debug, Default)]
pub struct Applied {
    /// Steps with their outcomes. Those behind a surprise are `NotSent`.
    pub steps: Vec<(Step, Outcome)>,
}

impl Applied {
    /// Whether every step was done.
    pub fn complete(&self) -> bool {
        self.steps.iter().all(|(_, outcome)| *outcome == Outcome::Done)
    }
}

/// What an apply is accompanied by. Failing stops it.
pub trait Journal: Send {
    /// Writes an entry down, durably: called before and after each step.
    fn write(&mut self, entry: Entry) -> Answer<'_, Result<(), String>>;
    /// Whether a request may still be sent: called right before each.
    fn hold(&mut self) -> Answer<'_, Result<(), String>>;
}

/// Carries the plan out, waiting for each write as long as `settle` says.
pub async fn apply(plan: &Plan, ports: &Ports, settle: Settle, journal: &mut dyn Journal) -> Applied {
    let mut applied = Applied::default();
    let mut stopped: Option<String> = None;
    let mut made: BTreeSet<ResourceId> = BTreeSet::new();
    for step in &plan.steps {
        if let Some(why) = &stopped {
            applied.steps.push((step.clone(), Outcome::NotSent(format!("stopped before it: {why}"))));
            continue;
        }
        let (id, digest) = (step.id(), step.digest());
        let outcome = match journal.write(Entry::Sending { step: id.clone(), digest: digest.clone() }).await {
            Ok(()) => one(step, ports, settle, made.contains(&step.resource), journal).await,
            Err(error) => Outcome::NotSent(format!("the journal cannot be written: {error}")),
        };
        if let Err(error) = journal.write(Entry::Ended { step: id.clone(), digest, outcome: outcome.clone() }).await {
            stopped = Some(format!("the journal cannot be written: {error}"));
        }
        if outcome == Outcome::Done && step.from == Fact::Absent && is_the_resource_itself(step) {
            made.insert(step.resource.clone());
        }
        // Of a bucket that was not there nobody could tell; what else protects it goes on.
        let is_lacking = matches!(&outcome, Outcome::NotSent(why) if why == LACKING);
        if outcome != Outcome::Done && !is_lacking {
            stopped = Some(format!("{id} did not end as planned"));
        }
        applied.steps.push((step.clone(), outcome));
    }
    applied
}

/// Of a setting of a resource that this apply made, and that turned out not to have it: nothing was sent.
const LACKING: &str = "this endpoint does not support it, which only the new resource could tell; `lifeboat plan` says what can be done";

/// What a new bucket of AWS has although nobody wrote it (since January and April 2023), and that a new role has no policies.
const BORN_WITH: [ReadOp; 4] = [ReadOp::BucketEncryption, ReadOp::BucketPublicAccess, ReadOp::BucketOwnership, ReadOp::RoleAttached];

/// The first setting of a kind is the resource itself.
fn is_the_resource_itself(step: &Step) -> bool {
    settings::of_kind(step.resource.kind()).next().is_some_and(|first| first.id == step.setting)
}

/// `made` = this apply made the resource a moment ago: its other settings were absent because it was, and now have the
/// defaults of the endpoint. Anything else that is there by now is the work of somebody else.
async fn one(step: &Step, ports: &Ports, settle: Settle, made: bool, journal: &mut dyn Journal) -> Outcome {
    let Some(setting) = settings::by_id(&step.setting) else {
        return Outcome::NotSent(format!("there is no setting `{}`", step.setting));
    };
    if let Some(ended) = before(setting, step, ports, settle, made).await {
        return ended;
    }
    if step.from.known().is_none() && step.requests.iter().any(|request| request.removes()) {
        return Outcome::NotSent("it would remove what was not seen to be there".to_owned());
    }
    let mut doubt = None;
    for (sent, request) in step.requests.iter().enumerate() {
        // What was sent before it of the same step is done, and the step as a whole is not.
        let broken_off = |why: String| match sent {
            0 => Outcome::NotSent(why),
            _ => Outcome::MaybeDone(format!("{sent} of {} requests were sent: {why}", step.requests.len())),
        };
        let mut patience = settle.of_sending(&*ports.clock);
        loop {
            if let Err(why) = journal.hold().await {
                return broken_off(why);
            }
            let Err(error) = ports.cloud.send(request).await else { break };
            if passes(&error, made) && step.requests.len() == 1 && patience.wait().await {
                // What it was planned upon must still hold after the wait, and it may have happened after all.
                match before(setting, step, ports, settle, made).await {
                    None => continue,
                    Some(Outcome::NotSent(_)) if error.maybe_done => {}
                    Some(ended) => return ended,
                }
            }
            // A creation that met its own first attempt, repeated behind a lost answer, finds what it made.
            if !error.maybe_done && error.kind != Kind::Exists {
                return broken_off(refusal(&error));
            }
            doubt = Some(error);
            break;
        }
    }
    read_back(setting, step, ports, settle, doubt, journal).await
}

/// Looks whether what the step was planned upon still holds. `None`: it does, and the step is to be sent.
async fn before(setting: &'static Setting, step: &Step, ports: &Ports, settle: Settle, made: bool) -> Option<Outcome> {
    let mut now = seen(setting, step, ports).await;
    let mut patience = settle.of_doubt(&*ports.clock);
    while matches!(now, Fact::Unknown(Why::Busy(_) | Why::Unreachable(_))) && patience.wait().await {
        now = seen(setting, step, ports).await;
    }
    match now {
        // First of all: unknown then and unknown now is no reason to write, whatever the step says.
        Fact::Unknown(Why::Unsupported(_)) if made => Some(Outcome::NotSent(LACKING.to_owned())),
        Fact::Unknown(why) => Some(Outcome::NotSent(format!("it can no longer be read: {why}"))),
        now if now == step.from => None,
        // The plan was made upon an answer that was old already, or somebody did the same.
        now if reached(setting, step, &now) => Some(Outcome::Done),
        Fact::Known(_) if made && step.from == Fact::Absent && BORN_WITH.contains(&setting.read) => None,
        _ => Some(Outcome::NotSent("it changed since the plan was made; plan again".to_owned())),
    }
}

fn refusal(error: &PortError) -> String {
    match error.hint() {
        Some(hint) => format!("{error} ({hint})"),
        None => error.to_string(),
    }
}

/// Reads until what is there is as planned, or patience ends.
async fn read_back(setting: &'static Setting, step: &Step, ports: &Ports, settle: Settle, doubt: Option<PortError>, journal: &mut dyn Journal) -> Outcome {
    let (mut accepted, mut streak) = (settle.of_reading(&*ports.clock), Streak::new());
    let mut doubtful = settle.of_doubt(&*ports.clock);
    let last = loop {
        let now = seen(setting, step, ports).await;
        if streak.takes(reached(setting, step, &now)) {
            return Outcome::Done;
        }
        let patience = if doubt.is_some() || matches!(now, Fact::Unknown(_)) { &mut doubtful } else { &mut accepted };
        if matches!(now, Fact::Unknown(Why::Credentials(_))) || !patience.wait().await {
            break now;
        }
        // A long wait must not cost the lock; who lost it has nothing to say about what is there now.
        if let Err(why) = journal.hold().await {
            return Outcome::MaybeDone(format!("sent, and not read back: {why}"));
        }
    };
    let now = match last {
        Fact::Known(document) => format!("it reads {document}"),
        Fact::Absent => "it is not there".to_owned(),
        Fact::Unknown(why) => return Outcome::MaybeDone(doubt.map_or_else(|| format!("sent and accepted, but not read back: {why}"), |error| refusal(&error))),
    };
    match doubt {
        Some(error) if error.kind == Kind::Exists => Outcome::NotSent(format!("{}; {now}", refusal(&error))),
        Some(error) => Outcome::MaybeDone(format!("{error}; {now}")),
        None => Outcome::ReadsBackOtherwise(format!("{now} after {} s, and the plan said {}", settle.0.as_secs(), step.to)),
    }
}

/// Whether what is there is what the step makes.
fn reached(setting: &Setting, step: &Step, now: &Fact<Document>) -> bool {
    if step.is_removal() {
        return *now == Fact::Absent;
    }
    now.known().is_some_and(|document| (setting.adopt)(&step.to, now) == *document && !still_there(setting, step, document))
}

/// Whether the step takes something of others away that is still there. `adopt` carries such things along, so to it the
/// state before a removal looks as good as the one after.
fn still_there(setting: &Setting, step: &Step, now: &Document) -> bool {
    let removes = (setting.adopt)(&step.to, &step.from) != step.to;
    removes && (setting.adopt)(now, &step.from) == *now
}

async fn seen(setting: &'static Setting, step: &Step, ports: &Ports) -> Fact<Document> {
    let read = Read { op: setting.read, target: step.resource.clone() };
    let mut observed = ObservedResource::default();
    observed.facts.insert(setting.read, ports.cloud.read(&read).await);
    (setting.seen)(&observed)
}

#[cfg(test)]
mod tests;
