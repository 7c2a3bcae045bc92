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
    /// Until when it is held now, RFC 3339: what was asked for, or what holds it longer already.
    pub until: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// The hold that was on it before, as it is written: until when, and why.
    #[serde(default)]
    pub before: Option<String>,
    /// How many objects it has.
    pub objects: usize,
    /// How many of them had expired and are back.
    pub brought_back: usize,
    /// What became of the legal hold, where the bucket has an object lock.
    pub legal_hold: Option<String>,
    /// Whether it is certain that nothing expires it: by what S3 says of each object, and by the rules of the bucket.
    pub certain: bool,
    /// What is not as one would wish.
    pub doubts: Vec<String>,
    /// Reference of the evidence record, if one was written.
    pub evidence: Option<String>,
    /// Why none could be written, when one should have been.
    pub evidence_failed: Option<String>,
}
