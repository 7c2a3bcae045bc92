//! From evidence, backups and policies to what can be said of each policy, failures first. Pure.
//!
//! What is missing, unreadable or of a newer format is unproven, and never passes. Only records whose signature, number,
//! identity and link hold are listened to.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::evidence::{Checked, Record, Reference};
use crate::model::fact::Fact;
use crate::model::resource::SeenBackup;
use crate::policy::LoadedPolicy;

pub mod ahead;
pub mod alerts;
mod backups;
mod drills;
pub mod expected;
mod objectives;
pub mod past;
mod physical;
pub mod reading;
pub mod serving;
pub mod simulate;
pub mod status;
pub mod storage;

pub use backups::SetReport;
pub use drills::{CheckReport, DrillReport, PhaseReport};
pub use objectives::{Objective, going};
pub use physical::{Pitr, Repositories};

/// What was found. The order is that of a report: failures first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// It is not as promised.
    Failed,
    /// It could not be found out, or was not tried.
    Unproven,
    /// It is as promised, and that was measured.
    Passed,
}

impl Verdict {
    /// `failed`, `unproven`, `passed`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Unproven => "unproven",
            Self::Passed => "passed",
        }
    }
}

/// What a report is made from.
#[derive(Debug)]
pub struct Input<'a> {
    /// The time.
    pub now: Timestamp,
    /// The policies.
    pub policies: &'a [LoadedPolicy],
    /// What the bucket lists, by policy. A policy that is not in it is unknown.
    pub backups: &'a BTreeMap<String, Fact<Vec<SeenBackup>>>,
    /// The repositories of physical sets.
    pub repositories: &'a Repositories,
    /// The chains of evidence, judged; or why they could not be read.
    pub evidence: Result<&'a [Checked], &'a str>,
}

/// What can be said.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The policies, failures first.
    pub policies: Vec<PolicyReport>,
    /// The drills that left a record, failures first, then the newest first.
    pub drills: Vec<DrillReport>,
}

/// One policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolicyReport {
    /// Its name.
    pub name: String,
    /// Who answers for it.
    pub owner: String,
    /// Its file.
    pub file: String,
    /// The worst of its parts.
    pub verdict: Verdict,
    /// How much may be lost: the age of the newest complete backup of the database that has the oldest one.
    pub rpo: Objective,
    /// How long a restore takes: measured by the last drill.
    pub rto: Objective,
    /// Its drills by name, as they stand now.
    pub drills: Vec<DrillStanding>,
    /// Its backup sets by name.
    pub sets: Vec<SetReport>,
}

/// How a drill of a policy stands now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DrillStanding {
    /// Its name.
    pub name: String,
    /// What its newest record says, if that is recent enough.
    pub verdict: Verdict,
    /// In words.
    pub sentence: String,
    /// When the newest record was written.
    pub at: Option<String>,
    /// When it last passed, whatever came after it; of a drill of several sets the time by which all had passed.
    #[serde(default)]
    pub passed_at: Option<String>,
    /// The newest record.
    pub evidence: Option<String>,
}

/// A record that counts.
pub(crate) type Proof<'a> = (&'a Reference, &'a Record);

/// Makes the report.
pub fn report(input: &Input<'_>) -> Report {
    let chains = input.evidence.unwrap_or_default();
    let proofs: Vec<Proof<'_>> = chains.iter().flat_map(sound).collect();
    let mut drills = drills::read(&proofs);
    let mut policies: Vec<PolicyReport> = input.policies.iter().map(|policy| one(policy, input, &proofs, &drills)).collect();
    policies.sort_by(|a, b| (a.verdict, &a.name).cmp(&(b.verdict, &b.name)));
    drills.sort_by(|a, b| a.verdict.cmp(&b.verdict).then_with(|| b.at.cmp(&a.at)).then_with(|| a.evidence.cmp(&b.evidence)));
    Report { policies, drills }
}

/// The records of a chain with which nothing is wrong.
pub(crate) fn sound(chain: &Checked) -> impl Iterator<Item = Proof<'_>> {
    let wrong = |sequence: u64| chain.problems.iter().any(|problem| problem.sequence == sequence && !problem.fault.is_warning());
    chain.records.iter().filter(move |(reference, ..)| !wrong(reference.sequence)).map(|(reference, record, _)| (reference, record))
}

fn one(policy: &LoadedPolicy, input: &Input<'_>, proofs: &[Proof<'_>], all: &[DrillReport]) -> PolicyReport {
    let spec = &policy.policy.spec;
    let seen = input.backups.get(&policy.name);
    let own: Vec<&DrillReport> = all.iter().filter(|drill| drill.policy.as_deref() == Some(policy.name.as_str())).collect();
    let mut sets = backups::sets(policy, seen, proofs, input.now);
    sets.extend(physical::sets(policy, input.repositories));
    let rpo = objectives::rpo(policy, &sets, input.now);
    let rto = objectives::rto(spec.objectives.rto, &own, input.evidence.err());
    let drills: Vec<DrillStanding> = spec.drills.iter().map(|(name, drill)| drills::standing(&name.0, drill, &own, input.now, input.evidence.err())).collect();
    let parts = [rpo.verdict, rto.verdict].into_iter().chain(drills.iter().map(|drill| drill.verdict));
    PolicyReport {
        name: policy.name.clone(),
        owner: policy.policy.metadata.owner.clone(),
        file: policy.file.clone(),
        verdict: parts.min().unwrap_or(Verdict::Unproven),
        rpo,
        rto,
        drills,
        sets,
    }
}

/// A text of a body, if it is there and one.
pub(crate) fn text(body: &serde_json::Value, pointer: &str) -> Option<String> {
    body.pointer(pointer)?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests;
