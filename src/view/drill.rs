//! `lifeboat.drill/1`: a rehearsed restore, or the checks behind a real one, with its verdict.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::drill::checks::{CheckResult, Outcome, objectives};
use crate::drill::{Drilled, Phase};
use crate::model::policy::Objectives;

/// What a drill says.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DrillView {
    /// Always `lifeboat.drill/1`.
    pub format: String,
    /// The policy.
    pub policy: String,
    /// Name of the drill.
    pub drill: String,
    /// The backup set.
    pub set: String,
    /// Id of the backup.
    pub backup: String,
    /// SHA-256 of what its manifest says, if that could be read: the proof holds for nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<String>,
    /// `passed`, `failed` or `unproven`.
    pub verdict: String,
    /// How the restored server was shut in.
    pub isolation: String,
    /// Version of the server that was dumped.
    pub dumped_from: Option<String>,
    /// Version of the server that it was restored into.
    pub restored_into: Option<String>,
    /// Bytes of the backup.
    pub bytes: Option<u64>,
    /// The phases, in order.
    pub phases: Vec<PhaseView>,
    /// Every check, in order.
    pub checks: Vec<CheckView>,
    /// Measurements against the objectives.
    pub objectives: ObjectivesView,
    /// What broke it off, if something did.
    pub cause: Option<String>,
    /// The next command, if it did not pass.
    pub next: Option<String>,
    /// When it began, RFC 3339.
    pub started_at: String,
    /// When it ended.
    pub finished_at: String,
    /// What was removed afterwards, as lifeboat asserts.
    pub removed: String,
    /// Reference of the evidence record, if one was written.
    pub evidence: Option<String>,
    /// Why none could be written, when one should have been.
    pub evidence_failed: Option<String>,
}

/// One phase.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PhaseView {
    /// Its name.
    pub name: String,
    /// How long it took.
    pub millis: u64,
    /// What it did.
    pub note: String,
}

/// One check.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckView {
    /// Id of the check.
    pub id: String,
    /// What was asked.
    pub title: String,
    /// The database, where there is one.
    pub database: Option<String>,
    /// `passed`, `noted` (passed, with something worth a sentence), `failed` or `unproven`.
    pub outcome: String,
    /// What was found, unless it passed without a note.
    pub detail: Option<String>,
}

/// Measurements against what is promised, in seconds.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObjectivesView {
    /// Age of the snapshot when the drill began; none when it is not known.
    pub rpo_seconds: Option<u64>,
    /// The objective.
    pub rpo_limit_seconds: u64,
    /// Time from the beginning to a checked database; none when it was not reached.
    pub rto_seconds: Option<u64>,
    /// The objective.
    pub rto_limit_seconds: u64,
}

/// What the view needs besides the outcome.
#[derive(Debug)]
pub struct About<'a> {
    /// The policy.
    pub policy: &'a str,
    /// The drill.
    pub drill: &'a str,
    /// The set.
    pub set: &'a str,
    /// The backup.
    pub backup: &'a str,
    /// What is promised.
    pub objectives: Objectives,
    /// The next command, if it did not pass.
    pub next: Option<String>,
}

fn version(number: u32) -> String {
    format!("{}.{}", number / 10_000, number % 10_000)
}

impl DrillView {
    /// The view of what came of a drill.
    pub fn of(about: &About<'_>, drilled: &Drilled) -> Self {
        let verdict = drilled.verdict();
        let total = crate::drill::millis_between(drilled.started, drilled.finished);
        let manifest = drilled.manifest.as_ref();
        let seconds = |at: jiff::Timestamp| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        Self {
            format: "lifeboat.drill/1".to_owned(),
            policy: about.policy.to_owned(),
            drill: about.drill.to_owned(),
            set: about.set.to_owned(),
            backup: about.backup.to_owned(),
            manifest: manifest.map(crate::catalog::manifest::Manifest::digest),
            verdict: verdict.as_str().to_owned(),
            isolation: drilled.isolation.to_owned(),
            dumped_from: manifest.map(|manifest| version(manifest.server_version)),
            restored_into: drilled.restored_into.clone(),
            bytes: manifest.map(crate::catalog::manifest::Manifest::bytes),
            phases: drilled.phases.iter().map(PhaseView::of).collect(),
            checks: drilled.checks.iter().map(CheckView::of).collect(),
            objectives: ObjectivesView {
                rpo_seconds: manifest.and_then(|manifest| objectives::rpo_millis(manifest, drilled.started)).map(|millis| millis / 1000),
                rpo_limit_seconds: about.objectives.rpo.as_secs(),
                rto_seconds: drilled.cause.is_none().then_some(total / 1000),
                rto_limit_seconds: about.objectives.rto.as_secs(),
            },
            cause: drilled.cause.clone(),
            next: (verdict != Outcome::Passed).then(|| about.next.clone()).flatten(),
            started_at: seconds(drilled.started),
            finished_at: seconds(drilled.finished),
            removed: drilled.removed.clone(),
            evidence: None,
            evidence_failed: None,
        }
    }
}

impl PhaseView {
    /// The view of one phase.
    pub fn of(phase: &Phase) -> Self {
        Self { name: phase.name.to_owned(), millis: phase.millis, note: phase.note.clone() }
    }
}

impl CheckView {
    /// The view of one result.
    pub fn of(check: &CheckResult) -> Self {
        Self {
            id: check.id.to_owned(),
            title: check.title.clone(),
            database: check.database.clone(),
            outcome: check.outcome.as_str().to_owned(),
            detail: check.detail.clone(),
        }
    }
}

/// `lifeboat.drill-run/1`: the drills of one run, one per backup set.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DrillRunView {
    /// Always `lifeboat.drill-run/1`.
    pub format: String,
    /// One per backup set.
    pub drills: Vec<DrillView>,
}
