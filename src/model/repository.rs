//! `lifeboat.yaml` at the root of a config repo, and profile files.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::policy::{ApiVersion, BOUNDARY, Role, SecretRef};
use super::units::{Percent, Span};

/// What is common to all policies of a config repo.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "a repository file")]
pub struct Repository {
    /// Always `lifeboat.dev/v1`.
    pub api_version: ApiVersion,
    /// Always `Repository`.
    pub kind: RepositoryKind,
    /// What is common.
    pub spec: RepositorySpec,
}

/// The kind of `lifeboat.yaml`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum RepositoryKind {
    /// A config repo.
    Repository,
}

/// The kind of a profile file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ProfileKind {
    /// A profile.
    Profile,
}

/// The body of `lifeboat.yaml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "the spec of a repository file")]
pub struct RepositorySpec {
    /// Where evidence goes. Left out, commands write none and say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<EvidencePlace>,
    /// Where applies keep their lock and their journal. Left out, no lock is taken and the journal is a local file only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control: Option<ControlPlace>,
    /// The roles that work on all policies of this repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<RepositoryAccess>,
    /// What one plan may do at the most.
    #[serde(default)]
    pub limits: Limits,
}

/// The roles that plan, apply and read evidence, made by `lifeboat bootstrap`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "the access of a repository")]
pub struct RepositoryAccess {
    /// Every role of this repository lives at `/lifeboat/<scope>/`, those of its policies too.
    #[schemars(regex(pattern = "^[a-z0-9][a-z0-9-]*$"), length(max = 63), description = "a scope: lower-case letters, digits and hyphens, at most 63")]
    pub scope: String,
    /// The account in which they are.
    #[schemars(regex(pattern = "^[0-9]{12}$"), description = "an account id: 12 digits, in quotes")]
    pub account: String,
    /// The managed policy that bounds these roles and every role that the applier makes, by name or ARN; `none` takes it off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = BOUNDARY), length(max = 2048), description = "a policy name, an ARN as in arn:aws:iam::111122223333:policy/dr-boundary, or none")]
    pub permission_boundary: Option<String>,
    /// Reads settings, roles and manifests; writes nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planner: Option<Role>,
    /// Changes settings of the named buckets and the roles of the policies; may not touch itself or the evidence, or delete objects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applier: Option<Role>,
    /// Reads evidence and nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auditor: Option<Role>,
}

/// Limits of one plan: the brake.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "the limits")]
pub struct Limits {
    /// Share of all settings, or in a fleet of all buckets, that one plan may weaken or remove, each with leave.
    #[serde(default = "thirty_percent")]
    pub settings_changed: Percent,
    /// How long a saved plan can be applied.
    #[serde(default = "one_day")]
    pub plan_valid_for: Span,
    /// Restore points that one plan may end earlier than promised without leave.
    #[serde(default)]
    pub restore_points_lost: usize,
    /// How much nearer the oldest restore point may come by that.
    #[serde(default = "no_time")]
    pub window_lost: Span,
    /// How many bytes those restore points may be.
    #[serde(default)]
    pub bytes_lost: u64,
}

fn thirty_percent() -> Percent {
    Percent::of(30.0)
}

fn no_time() -> Span {
    Span::seconds(0)
}

fn one_day() -> Span {
    Span::seconds(86_400)
}

impl Default for Limits {
    fn default() -> Self {
        Self { settings_changed: thirty_percent(), plan_valid_for: one_day(), restore_points_lost: 0, window_lost: no_time(), bytes_lost: 0 }
    }
}

/// The place of the lock and of the journal of applies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "the control place")]
pub struct ControlPlace {
    /// Its bucket. It exists before the first apply and is never managed by the applier.
    pub bucket: String,
    /// The AWS account that owns it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[0-9]{12}$"), description = "an account id: 12 digits, in quotes")]
    pub account: Option<String>,
    /// Its region.
    pub region: String,
    /// Prefix of its keys, ending in `/`.
    #[schemars(regex(pattern = "^([A-Za-z0-9._-]+/)+$"), description = "a key prefix that ends in a slash, as in control/")]
    pub prefix: String,
}

/// The place of the evidence and its keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "the evidence")]
pub struct EvidencePlace {
    /// Its bucket. It exists before the first apply and is never managed by the applier.
    pub bucket: String,
    /// The AWS account that owns it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[0-9]{12}$"), description = "an account id: 12 digits, in quotes")]
    pub account: Option<String>,
    /// Its region.
    pub region: String,
    /// Prefix of its keys, ending in `/`.
    #[schemars(regex(pattern = "^([A-Za-z0-9._-]+/)+$"), description = "a key prefix that ends in a slash, as in evidence/")]
    pub prefix: String,
    /// Where the private key (PKCS#8 PEM, ed25519) is kept.
    pub sign: SecretRef,
    /// Public keys (files of this repository) whose signatures count.
    #[schemars(length(min = 1))]
    pub trusted: Vec<String>,
}
