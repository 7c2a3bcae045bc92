//! `lifeboat.evidence/1`: what a record says. It never holds a secret: bodies are views, built from allow-lists of fields.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The format of records that this version writes and reads.
pub const FORMAT: &str = "lifeboat.evidence/1";

/// One record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Record {
    /// Always [`FORMAT`].
    pub format: String,
    /// Its place in the chain of its identity, from 1 and without gaps.
    pub sequence: u64,
    /// SHA-256 of the previous envelope's exact bytes, lower-case hex; none for the first.
    pub previous: Option<String>,
    /// Who wrote it: the name of a role or user, and of the folder that it lies in.
    pub identity: String,
    /// What it records.
    pub kind: Kind,
    /// When it was written, RFC 3339.
    pub at: String,
    /// The lifeboat that wrote it.
    pub tool: String,
    /// The policy it is about, when it is about one.
    pub policy: Option<String>,
    /// SHA-256 over the resolved policies.
    pub policy_digest: Option<String>,
    /// What was done and found, by kind.
    pub body: Value,
}

/// What a record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// Settings were changed.
    Apply,
    /// A backup was taken.
    Backup,
    /// A restore was rehearsed.
    Drill,
    /// A restore was done.
    Restore,
    /// Backups were released, or kept again.
    Keep,
    /// A backup was held, or its hold was lifted.
    Hold,
    /// A backup that had expired was brought back.
    Undelete,
}

impl Kind {
    /// `apply`, `backup`, `drill`, `restore`, `keep`, `hold`, `undelete`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Apply => "apply",
            Self::Backup => "backup",
            Self::Drill => "drill",
            Self::Restore => "restore",
            Self::Keep => "keep",
            Self::Hold => "hold",
            Self::Undelete => "undelete",
        }
    }
}

/// What a writer brings; the ledger adds the rest.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What it is about.
    pub kind: Kind,
    /// The policy it is about, when it is about one.
    pub policy: Option<String>,
    /// SHA-256 over the resolved policies.
    pub policy_digest: Option<String>,
    /// What was done and found.
    pub body: Value,
}

/// The name of a written record, for output: `shop-restorer/000042 sha256:9b1c55d0`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// Whose chain.
    pub identity: String,
    /// Its place in the chain.
    pub sequence: u64,
    /// SHA-256 of the envelope's bytes, lower-case hex.
    pub sha256: String,
}

impl FromStr for Reference {
    type Err = String;

    /// Reads what `Display` prints; the digest may be longer or left out.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` names no record: write it as commands print it, as in `shop-restorer/000042 sha256:9b1c55d0`");
        let (place, sha256) = text.trim().split_once(' ').unwrap_or((text.trim(), "sha256:"));
        let sha256 = sha256.trim().strip_prefix("sha256:").ok_or_else(wrong)?;
        let (identity, number) = place.rsplit_once('/').or_else(|| place.split_once('@').map(|(number, identity)| (identity, number))).ok_or_else(wrong)?;
        let sequence = number.parse().ok().filter(|sequence| *sequence > 0).ok_or_else(wrong)?;
        if identity.is_empty() || sha256.len() > 64 || !sha256.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(wrong());
        }
        Ok(Self { identity: identity.to_owned(), sequence, sha256: sha256.to_owned() })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = self.sha256.get(..8).unwrap_or(&self.sha256);
        write!(f, "{}/{:06} sha256:{short}", self.identity, self.sequence)
    }
}
