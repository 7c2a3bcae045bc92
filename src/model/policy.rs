//! The policy as its author writes it. The JSON Schema under `schema/` is made from these types.
//!
//! A field is here only when this build acts on it; `docs/architecture.md` says where each one takes effect.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::units::Span;

mod access;
mod alerts;
mod approvals;
mod backups;
mod drills;
mod physical;
mod protection;
mod storage;

pub(super) use access::BOUNDARY;
pub use access::{Access, AccountTrust, GithubEvent, GithubTrust, IrsaTrust, PodIdentityTrust, PolicyArn, Role, Trust};
pub use alerts::{Alerts, Receiver};
pub use approvals::Approval;
pub use backups::{Anomalies, BackupSet, ClassStep, EngineKind, Exclusion, Retention, Schedule, StorageClass};
pub use drills::{Check, Drill, Expect, Pick};
pub use physical::{BackupSets, PhysicalEngine, PhysicalSchedule, PhysicalSet, RepositoryPlace, SetObjectives, WalWish};
pub use protection::{
    AccessLogWish, BucketPolicyWish, LockModeWish, LockWish, PrincipalArn, ReplicaRoleWish, ReplicationWish, TlsVersion, TransportWish, Understood,
};
pub use storage::{
    Algorithm, AssumeRoleWish, EncryptionWish, LifecycleWish, NoncurrentWish, OwnershipWish, PublicAccessWish, Storage, UnsupportedWish, VersioningWish,
};

/// What must be true of one database's disaster recovery.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "a policy")]
pub struct Policy {
    /// Always `lifeboat.dev/v1`.
    pub api_version: ApiVersion,
    /// Always `DisasterRecoveryPolicy`.
    pub kind: PolicyKind,
    /// Its name and owner.
    pub metadata: Metadata,
    /// What must be true.
    pub spec: Spec,
}

/// The version of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ApiVersion {
    /// The first and only one.
    #[serde(rename = "lifeboat.dev/v1")]
    V1,
}

/// The kind of a policy file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum PolicyKind {
    /// A policy.
    DisasterRecoveryPolicy,
}

/// Name, owner, labels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "the metadata")]
pub struct Metadata {
    /// The policy's name: commands, tags and rule ids use it.
    pub name: Name,
    /// Who answers for it; shown in reports.
    pub owner: String,
    /// Free labels; `data` says how the data is classified and is judged by rules.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

/// A name: lower-case letters, digits and hyphens, 1 to 40 characters, beginning with a letter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(
    title = "a name",
    description = "lower-case letters, digits and hyphens, beginning with a letter, at most 40 characters",
    extend("pattern" = "^[a-z][a-z0-9-]{0,39}$")
)]
pub struct Name(pub String);

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The body of a policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "the spec of a policy")]
pub struct Spec {
    /// Profiles merged below this file, in order: `profiles/NAME.yaml` of the config repo, else one shipped with lifeboat.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extends: Vec<Name>,
    /// What is promised.
    pub objectives: Objectives,
    /// The database that is backed up.
    pub database: Database,
    /// The bucket that keeps the backups.
    pub storage: Storage,
    /// Backup sets, by name.
    #[schemars(length(min = 1))]
    pub backups: BackupSets,
    /// The roles that work on the backups. Left out, roles are not managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<Access>,
    /// Rehearsed restores, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub drills: BTreeMap<Name, Drill>,
    /// Who is told when something is not well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alerts: Option<Alerts>,
    /// Leave for steps that are held, given here instead of on the command line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<Approval>,
}

/// Recovery objectives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "the objectives")]
pub struct Objectives {
    /// How much work may be lost at the most.
    pub rpo: Span,
    /// How long a restore may take at the most.
    pub rto: Span,
}

/// The database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "the database")]
pub struct Database {
    /// Where its connection URL is kept; never the URL itself. The URL may name libpq's `sslmode` and `sslrootcert`.
    pub connection: SecretRef,
}

/// Where a secret is kept. A policy never holds one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "the place of a secret", description = "{env: NAME} or {file: PATH}")]
pub enum SecretRef {
    /// In an environment variable.
    Env(#[schemars(regex(pattern = "^[A-Za-z_][A-Za-z0-9_]*$"), description = "the name of an environment variable")] String),
    /// In a file, read at run time.
    File(#[schemars(regex(pattern = "^[^:\n]+$"), description = "the path of a file")] String),
}
