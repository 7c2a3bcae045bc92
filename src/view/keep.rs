//! `lifeboat.keep/1`: what was released, what was taken back, and what waits for a person.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::catalog::release::Step;
use crate::catalog::retention::Decision;

/// What `keep` says.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeepView {
    /// Always `lifeboat.keep/1`.
    pub format: String,
    /// Version of lifeboat.
    pub tool: String,
    /// What was read: a commit, or the working folder.
    pub revision: String,
    /// ARN of who asked.
    pub identity: String,
    /// Whether nothing was done.
    pub dry_run: bool,
    /// The backup sets.
    pub sets: Vec<KeptSetView>,
    /// Leave that nothing needed.
    pub unused: Vec<String>,
    /// Reference of the evidence record, if one was written.
    pub evidence: Option<String>,
    /// Why none could be written, when one should have been.
    pub evidence_failed: Option<String>,
}

/// One backup set.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeptSetView {
    /// The policy.
    pub policy: String,
    /// The set.
    pub set: String,
    /// The time by S3, RFC 3339.
    pub at: String,
    /// What is wrong with the clock of this machine, if something is.
    pub clock: Option<String>,
    /// What is wrong with the index of the set, if something is: it is only a cache, and everything was read without it.
    #[serde(default)]
    pub index: Option<String>,
    /// Whether the newest backup holds much less than before, so that nothing is released.
    pub anomaly: bool,
    /// How many backups are released, by tier, tagged before or now.
    pub released: BTreeMap<String, u64>,
    /// How many are kept, by reason.
    pub kept: BTreeMap<String, u64>,
    /// How many are left as they are, by reason.
    pub left: BTreeMap<String, u64>,
    /// The changes, oldest backup first.
    pub steps: Vec<KeptStepView>,
}

/// A change of one backup's tag.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeptStepView {
    /// `POLICY/SET/ID`.
    pub backup: String,
    /// The tag before; none = it had none.
    pub from: Option<String>,
    /// The tag after; none = it is kept.
    pub to: Option<String>,
    /// Why.
    pub reason: String,
    /// Its bytes.
    pub bytes: u64,
    /// How many objects.
    pub objects: usize,
    /// Until when it can be restored then, RFC 3339; none = nothing expires it.
    pub until: Option<String>,
    /// `planned`, `done`, `held`, `failed`, or `changed` (by somebody else in the meantime, and not touched).
    pub outcome: String,
    /// What stands or stood in the way.
    pub why: Option<String>,
    /// The option that gives leave, where leave can.
    pub leave: Option<String>,
}

impl KeepView {
    /// How many steps were done, or would be.
    pub fn changes(&self) -> usize {
        self.sets.iter().flat_map(|set| &set.steps).filter(|step| step.outcome != "held").count()
    }
}

impl KeptSetView {
    /// A set of which nothing is said yet.
    pub fn of(policy: &str, set: &str, now: Timestamp) -> Self {
        Self {
            policy: policy.to_owned(),
            set: set.to_owned(),
            at: now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            clock: None,
            index: None,
            anomaly: false,
            released: BTreeMap::new(),
            kept: BTreeMap::new(),
            left: BTreeMap::new(),
            steps: Vec::new(),
        }
    }

    /// Counts one decision.
    pub fn count(&mut self, decision: &Decision) {
        let (counts, name) = match decision {
            Decision::Release(tier) => (&mut self.released, tier.as_str()),
            Decision::Keep(reason) => (&mut self.kept, reason.as_str()),
            Decision::Leave(reason) => (&mut self.left, reason.as_str()),
        };
        *counts.entry(name.to_owned()).or_default() += 1;
    }
}

impl KeptStepView {
    /// A step that is planned.
    pub fn of(name: &str, step: &Step, bytes: u64) -> Self {
        Self {
            backup: name.to_owned(),
            from: step.from.clone(),
            to: step.to.clone(),
            reason: step.reason.clone(),
            bytes,
            objects: step.keys.len(),
            until: step.until.map(|until| until.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
            outcome: "planned".to_owned(),
            why: None,
            leave: None,
        }
    }

    /// The same with its end.
    #[must_use]
    pub fn ended(self, outcome: &str, why: Option<String>, leave: Option<String>) -> Self {
        Self { outcome: outcome.to_owned(), why, leave, ..self }
    }
}
