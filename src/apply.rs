//! Carries a plan out: re-read what the step assumes → send → read back → write down. Stops at the first surprise.
//!
//! It decides nothing: every request was in the plan. A step is sent only while what it was planned upon still holds.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::document::Document;
use crate::model::fact::Fact;
use crate::model::id::ResourceId;
use crate::model::request::{Read, ReadOp};
use crate::model::resource::ObservedResource;
use crate::plan::{Plan, Step};
use crate::ports::{PortError, Ports};
use crate::settings::{self, Setting};

/// How often a written setting is read back before the answer counts as final, and how long is waited in between. S3 and
/// IAM may answer the old state for a while after a write (terraform-provider-aws 41268, 9862).
const READ_BACK: [Duration; 6] =
    [Duration::ZERO, Duration::from_millis(200), Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(3), Duration::from_secs(8)];

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "state", content = "detail")]
pub enum Outcome {
    /// Sent, and read back as planned.
    Done,
    /// Not sent.
    NotSent(String),
    /// Sent, and whether it happened is not known.
    MaybeDone(String),
    /// Sent and accepted, but what is there now is not what was planned.
    ReadsBackOtherwise(String),
}

impl Outcome {
    /// A stable word for programs.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::NotSent(_) => "notSent",
            Self::MaybeDone(_) => "maybeDone",
            Self::ReadsBackOtherwise(_) => "readsBackOtherwise",
        }
    }
}

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// `SETTING@RESOURCE`.
    pub step: String,
    /// Digest of the step.
    pub digest: String,
    /// `None` before it is sent, then how it ended.
    pub outcome: Option<Outcome>,
}

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

/// A place to write the journal: called before and after each step. Failing stops the apply.
pub trait Journal: Send {
    /// Writes an entry down, durably.
    ///
    /// # Errors
    /// When it could not be written.
    fn write(&mut self, entry: &Entry) -> Result<(), String>;
}

/// Carries the plan out.
pub async fn apply(plan: &Plan, ports: &Ports, journal: &mut dyn Journal) -> Applied {
    let mut applied = Applied::default();
    let mut stopped: Option<String> = None;
    let mut made: BTreeSet<ResourceId> = BTreeSet::new();
    for step in &plan.steps {
        if let Some(why) = &stopped {
            applied.steps.push((step.clone(), Outcome::NotSent(format!("stopped before it: {why}"))));
            continue;
        }
        let mut entry = Entry { step: step.id(), digest: step.digest(), outcome: None };
        let outcome = match journal.write(&entry) {
            Ok(()) => one(step, ports, made.contains(&step.resource)).await,
            Err(error) => Outcome::NotSent(format!("the journal cannot be written: {error}")),
        };
        entry.outcome = Some(outcome.clone());
        if let Err(error) = journal.write(&entry) {
            stopped = Some(format!("the journal cannot be written: {error}"));
        }
        if outcome == Outcome::Done && step.from == Fact::Absent && is_the_resource_itself(step) {
            made.insert(step.resource.clone());
        }
        if outcome != Outcome::Done {
            stopped = Some(format!("{} did not end as planned", step.id()));
        }
        applied.steps.push((step.clone(), outcome));
    }
    applied
}

/// What a new bucket of AWS has although nobody wrote it (since January and April 2023), and that a new role has no policies.
const BORN_WITH: [ReadOp; 4] = [ReadOp::BucketEncryption, ReadOp::BucketPublicAccess, ReadOp::BucketOwnership, ReadOp::RoleAttached];

/// The first setting of a kind is the resource itself.
fn is_the_resource_itself(step: &Step) -> bool {
    settings::of_kind(step.resource.kind()).next().is_some_and(|first| first.id == step.setting)
}

/// `made` = this apply made the resource a moment ago: its other settings were absent because it was, and now have the
/// defaults of the endpoint. Anything else that is there by now is the work of somebody else.
async fn one(step: &Step, ports: &Ports, made: bool) -> Outcome {
    let Some(setting) = settings::by_id(&step.setting) else {
        return Outcome::NotSent(format!("there is no setting `{}`", step.setting));
    };
    match seen(setting, step, ports).await {
        // First of all: unknown then and unknown now is no reason to write, whatever the step says.
        Fact::Unknown(why) => return Outcome::NotSent(format!("it can no longer be read: {why}")),
        now if now == step.from => {}
        Fact::Known(default) if made && step.from == Fact::Absent && BORN_WITH.contains(&setting.read) => {
            if (setting.adopt)(&step.to, &Fact::Known(default.clone())) == default {
                return Outcome::Done;
            }
        }
        _ => return Outcome::NotSent("it changed since the plan was made; plan again".to_owned()),
    }
    if step.from.known().is_none() && step.requests.iter().any(|request| request.op.removes()) {
        return Outcome::NotSent("it would remove what was not seen to be there".to_owned());
    }
    let mut doubt = None;
    for request in &step.requests {
        if let Err(error) = ports.cloud.send(request).await {
            if !error.maybe_done {
                return Outcome::NotSent(refusal(&error));
            }
            doubt = Some(error.to_string());
        }
    }
    read_back(setting, step, ports, doubt).await
}

fn refusal(error: &PortError) -> String {
    match error.hint() {
        Some(hint) => format!("{error} ({hint})"),
        None => error.to_string(),
    }
}

async fn read_back(setting: &'static Setting, step: &Step, ports: &Ports, doubt: Option<String>) -> Outcome {
    let mut last = Fact::Absent;
    for pause in READ_BACK {
        if !pause.is_zero() {
            ports.clock.sleep(pause).await;
        }
        last = seen(setting, step, ports).await;
        if last.known().is_some_and(|document| (setting.adopt)(&step.to, &last) == *document && !still_there(setting, step, document)) {
            return Outcome::Done;
        }
    }
    let now = match last {
        Fact::Known(document) => format!("it reads {document}"),
        Fact::Absent => "it is not there".to_owned(),
        Fact::Unknown(why) => return Outcome::MaybeDone(doubt.unwrap_or_else(|| why.to_string())),
    };
    match doubt {
        Some(error) => Outcome::MaybeDone(format!("{error}; {now}")),
        None => Outcome::ReadsBackOtherwise(format!("{now}, and the plan said {}", step.to)),
    }
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
