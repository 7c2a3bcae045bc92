//! `lifeboat.status/1`: what can be restored now.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::report::alerts::Disk;
use crate::report::status::Standing;
use crate::report::storage::Storage;

/// What `status` says.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StatusView {
    /// Always `lifeboat.status/1`.
    pub format: String,
    /// Version of lifeboat.
    pub tool: String,
    /// What was read: a commit, or the working folder.
    pub revision: String,
    /// The moment that it is of, RFC 3339: when the reads began, or the one that was asked for.
    pub at: String,
    /// The policies, those that do not keep their promises first.
    pub policies: Vec<Standing>,
    /// How many keep them.
    pub kept: usize,
    /// Why the evidence could not be read; none = it was.
    pub evidence: Option<String>,
    /// Why scheduled runs are expected by the schedules as they are written now; none = by those of their time, from git.
    #[serde(default)]
    pub schedules: Option<String>,
    /// How full the disk is that drills of this machine restore to, where it was looked at.
    #[serde(default)]
    pub disk: Option<Disk>,
    /// What lies there by storage class, and what a month of it costs; none of another moment than now.
    #[serde(default)]
    pub storage: Option<Storage>,
    /// The moment that was asked for; none = now.
    #[serde(default)]
    pub as_of: Option<AsOfView>,
}

/// A status of another moment.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AsOfView {
    /// `before`: what could be restored then, as far as versions still tell it. `after`: what will be restorable then by the rules
    /// of the bucket, if nothing else happens.
    pub side: String,
    /// When the bucket was read, RFC 3339.
    pub read_at: String,
    /// What cannot be known.
    pub notes: Vec<String>,
}

impl StatusView {
    /// The view of standings that were taken at a time.
    pub fn of(revision: &str, at: Timestamp, policies: Vec<Standing>, evidence: Option<String>) -> Self {
        Self {
            format: "lifeboat.status/1".to_owned(),
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            revision: revision.to_owned(),
            at: at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            kept: policies.iter().filter(|policy| policy.is_kept()).count(),
            policies,
            evidence,
            schedules: None,
            disk: None,
            storage: None,
            as_of: None,
        }
    }
}
