//! `lifeboat.restore-plan/1` and `lifeboat.restore/1`: what a restore will do, and what it did.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::drill::{CheckView, PhaseView};

/// What a restore will do.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RestorePlanView {
    /// Always `lifeboat.restore-plan/1`.
    pub format: String,
    /// The policy.
    pub policy: String,
    /// The backup set.
    pub set: String,
    /// Id of the backup.
    pub backup: String,
    /// The database of the backup.
    pub database: String,
    /// Where it goes, without password.
    pub target: String,
    /// Version of the target server as a number.
    pub target_version: u32,
    /// Bytes to fetch.
    pub bytes: u64,
    /// Rows that come back.
    pub rows: u64,
    /// Tables with data.
    pub tables: usize,
    /// The moment that comes back, RFC 3339.
    pub snapshot_at: String,
    /// How long ago that was.
    pub age_seconds: u64,
    /// Roles that will be made, without passwords and not able to log in.
    pub new_roles: Vec<String>,
}

/// What a restore did.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RestoreView {
    /// Always `lifeboat.restore/1`.
    pub format: String,
    /// What it was to do.
    pub plan: RestorePlanView,
    /// `passed`, `failed` or `unproven`; `brokeOff` when the restore did not come to its end.
    pub verdict: String,
    /// How far it came, when it broke off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broke_off: Option<BrokeOffView>,
    /// The phases, in order.
    pub phases: Vec<PhaseView>,
    /// Every check.
    pub checks: Vec<CheckView>,
    /// Reference of the evidence record, if one was written.
    pub evidence: Option<String>,
    /// Why none could be written, when one should have been.
    pub evidence_failed: Option<String>,
}

/// How far a restore came that broke off.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BrokeOffView {
    /// What it was at: `roles`, `restore` or `check`. Before `check` the target may hold a part of the backup.
    pub stage: String,
    /// Bytes of the archive, decompressed, that went into the target's `pg_restore`.
    pub bytes: u64,
    /// Of so many.
    pub of_bytes: u64,
    /// How long it ran, in milliseconds.
    pub millis: u64,
    /// What broke it off.
    pub cause: String,
}
