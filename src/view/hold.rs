//! `lifeboat.hold/1`: a backup that is held, no longer held, or brought back.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What `hold` and `undelete` say.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HoldView {
    /// Always `lifeboat.hold/1`.
    pub format: String,
    /// `hold`, `hold --lift` or `undelete`.
    pub action: String,
    /// `POLICY/SET/ID`.
    pub backup: String,
    /// Until when, RFC 3339.
    pub until: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// How many objects it has.
    pub objects: usize,
    /// How many of them had expired and are back.
    pub brought_back: usize,
    /// What became of the legal hold, where the bucket has an object lock.
    pub legal_hold: Option<String>,
    /// Whether S3 says that nothing expires it.
    pub certain: bool,
    /// What is not as one would wish.
    pub doubts: Vec<String>,
    /// Reference of the evidence record, if one was written.
    pub evidence: Option<String>,
    /// Why none could be written, when one should have been.
    pub evidence_failed: Option<String>,
}
