//! `lifeboat.evidence-check/1` and `lifeboat.evidence-record/1`: chains of evidence, judged; and one record.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::evidence::record::Record;
use crate::evidence::{Checked, Problem, Reference, TrustedKeys};

/// What `evidence verify` and `evidence list` say.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EvidenceView {
    /// Always `lifeboat.evidence-check/1`.
    pub format: String,
    /// Where it lies: `s3://bucket/prefix/`.
    pub place: String,
    /// Whether nothing is wrong with any chain.
    pub whole: bool,
    /// Trusted public keys: file by key id.
    pub trusted: BTreeMap<String, String>,
    /// The chains by identity.
    pub chains: Vec<ChainView>,
}

/// One chain.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChainView {
    /// Whose.
    pub identity: String,
    /// Whether it is whole; warnings do not count.
    pub whole: bool,
    /// How many envelopes lie there.
    pub stored: usize,
    /// How many of them have a signature that holds.
    pub verified: usize,
    /// Number of the newest envelope.
    pub head: Option<u64>,
    /// SHA-256 of its bytes.
    pub head_sha256: Option<String>,
    /// What is wrong.
    pub problems: Vec<ProblemView>,
    /// The records whose signature holds.
    pub records: Vec<EntryView>,
}

/// What is wrong with one record.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProblemView {
    /// Its number; 0 for what is no record.
    pub sequence: u64,
    /// A stable word.
    pub id: String,
    /// `error` or `warning`.
    pub level: String,
    /// A sentence.
    pub sentence: String,
}

/// One record in a list.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EntryView {
    /// Its number.
    pub sequence: u64,
    /// Its name, as commands print it.
    pub reference: String,
    /// SHA-256 of its envelope.
    pub sha256: String,
    /// When it was written, RFC 3339.
    pub at: String,
    /// `apply`, `backup`, `drill`, `restore`.
    pub kind: String,
    /// How it ended, as drills and restores say it: `passed`, `failed`, `unproven`, `brokeOff`.
    pub outcome: Option<String>,
    /// The policy it is about.
    pub policy: Option<String>,
    /// The key that signed it.
    pub keyid: String,
}

/// What `evidence show` says.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecordView {
    /// Always `lifeboat.evidence-record/1`.
    pub format: String,
    /// Its name.
    pub reference: String,
    /// SHA-256 of its envelope.
    pub sha256: String,
    /// Whether signature, number, identity and link hold.
    pub verified: bool,
    /// The key that signed it, if it is trusted.
    pub keyid: Option<String>,
    /// What is wrong with it.
    pub problems: Vec<ProblemView>,
    /// The record as it claims to be; `null` when it cannot be read.
    pub record: Value,
}

impl EvidenceView {
    /// The view of some chains.
    pub fn of(place: &str, keys: &TrustedKeys, chains: &[Checked]) -> Self {
        let chains: Vec<ChainView> = chains.iter().map(ChainView::of).collect();
        Self {
            format: "lifeboat.evidence-check/1".to_owned(),
            place: place.to_owned(),
            whole: chains.iter().all(|chain| chain.whole),
            trusted: keys.iter().map(|(keyid, name)| (keyid.to_owned(), name.to_owned())).collect(),
            chains,
        }
    }
}

impl ChainView {
    fn of(chain: &Checked) -> Self {
        Self {
            identity: chain.identity.clone(),
            whole: chain.is_whole(),
            stored: chain.stored,
            verified: chain.records.len(),
            head: chain.head.as_ref().map(|head| head.sequence),
            head_sha256: chain.head.as_ref().map(|head| head.sha256.clone()),
            problems: chain.problems.iter().map(ProblemView::of).collect(),
            records: chain.records.iter().map(|(reference, record, keyid)| EntryView::of(reference, record, keyid)).collect(),
        }
    }
}

impl ProblemView {
    /// The view of a problem.
    pub fn of(problem: &Problem) -> Self {
        Self {
            sequence: problem.sequence,
            id: problem.fault.id().to_owned(),
            level: if problem.fault.is_warning() { "warning" } else { "error" }.to_owned(),
            sentence: problem.fault.to_string(),
        }
    }
}

impl EntryView {
    fn of(reference: &Reference, record: &Record, keyid: &str) -> Self {
        Self {
            sequence: reference.sequence,
            reference: reference.to_string(),
            sha256: reference.sha256.clone(),
            at: record.at.clone(),
            kind: record.kind.as_str().to_owned(),
            outcome: record.body.get("verdict").and_then(Value::as_str).map(str::to_owned),
            policy: record.policy.clone(),
            keyid: keyid.to_owned(),
        }
    }
}
