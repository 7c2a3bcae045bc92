//! The bucket that keeps the backups, as a policy wants it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::units::Span;
use super::protection::{AccessLogWish, BucketPolicyWish, LockWish, PrincipalArn, ReplicationWish, TransportWish};

/// Who plans and who applies in another account. Backups, restores and drills run with credentials of their own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "the roles to take on")]
pub struct AssumeRoleWish {
    /// ARN of the role that `plan` takes on: one that only reads.
    pub plan: PrincipalArn,
    /// ARN of the role that `apply` takes on.
    pub apply: PrincipalArn,
    /// The external id that their trusts ask for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        regex(pattern = "^[A-Za-z0-9+=,.@:/_-]+$"),
        length(min = 2, max = 1224),
        description = "an external id: 2 to 1224 letters, digits and +=,.@:/_-"
    )]
    pub external_id: Option<String>,
}

/// The bucket and how it is protected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "the storage")]
pub struct Storage {
    /// Name of the bucket.
    #[schemars(
        regex(pattern = "^[a-z0-9][a-z0-9.-]+[a-z0-9]$"),
        length(max = 63),
        description = "a bucket name: 3 to 63 lower-case letters, digits, dots and hyphens"
    )]
    pub bucket: String,
    /// The AWS account that owns it: sent as expected owner with every call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[0-9]{12}$"), description = "an account id: 12 digits, in quotes")]
    pub account: Option<String>,
    /// Roles of that account to take on for this bucket, its key and the roles of `access`; left out, the credentials of the
    /// environment are used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assume_role: Option<AssumeRoleWish>,
    /// Its region.
    pub region: String,
    /// Prefix of all keys of this policy, ending in `/`.
    #[schemars(regex(pattern = "^([A-Za-z0-9._-]+/)+$"), description = "a key prefix that ends in a slash, as in orders/")]
    pub prefix: String,
    /// An S3-compatible endpoint other than the one of the AWS environment. S3 only: IAM and STS come from the environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^https?://"), description = "a URL that begins with http:// or https://")]
    pub endpoint: Option<String>,
    /// Whether lifeboat may make the bucket when it is missing.
    #[serde(default = "yes")]
    pub create: bool,
    /// Versioning: without it an overwrite or delete is final.
    #[serde(default)]
    pub versioning: VersioningWish,
    /// Default encryption; left out, it is not managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption: Option<EncryptionWish>,
    /// Public access block, all four switches.
    #[serde(default)]
    pub public_access: PublicAccessWish,
    /// What becomes of a setting that the endpoint does not support. AWS supports all of them.
    #[serde(default)]
    pub unsupported: UnsupportedWish,
    /// Whether the lifecycle rules of the bucket are managed.
    #[serde(default)]
    pub lifecycle: LifecycleWish,
    /// Who owns the objects.
    #[serde(default)]
    pub ownership: OwnershipWish,
    /// How requests must come; left out, any way will do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transport: Option<TransportWish>,
    /// The bucket policy: lifeboat's own statements in it.
    #[serde(default)]
    pub bucket_policy: BucketPolicyWish,
    /// The only ones who may change the settings that protect the backups; left out, everybody who may by IAM. Whoever is not
    /// in it is locked out, lifeboat too: name the role that applies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub settings_changed_by: Option<Vec<PrincipalArn>>,
    /// Object lock; left out, it is not managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object_lock: Option<LockWish>,
    /// Where the access log goes; left out, it is not managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_log: Option<AccessLogWish>,
    /// Where every new backup is copied to; left out, it is not managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replication: Option<ReplicationWish>,
    /// How long what was expired can be brought back.
    #[serde(default)]
    pub noncurrent: NoncurrentWish,
    /// When unfinished uploads are given up.
    #[serde(default = "three_days")]
    pub abort_incomplete_uploads: Span,
    /// Tags of the bucket; others that it carries stay.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

fn yes() -> bool {
    true
}

fn three_days() -> Span {
    Span::seconds(3 * 86_400)
}

/// Versioning as wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum VersioningWish {
    /// On.
    #[default]
    Enabled,
    /// Off for new writes. Weakens: an overwrite is then final.
    Suspended,
    /// Left alone.
    Unmanaged,
}

/// Default encryption as wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "the encryption")]
pub struct EncryptionWish {
    /// Which kind.
    pub algorithm: Algorithm,
    /// Key ARN or id; only with `aws:kms`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Whether to use the bucket key (fewer KMS requests).
    #[serde(default)]
    pub bucket_key: bool,
}

/// Encryption algorithms of S3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Algorithm {
    /// Keys managed by S3.
    #[serde(rename = "AES256")]
    Aes256,
    /// A KMS key.
    #[serde(rename = "aws:kms")]
    Kms,
}

/// Public access as wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum PublicAccessWish {
    /// All four switches on.
    #[default]
    Blocked,
    /// Left alone.
    Unmanaged,
}

/// What becomes of a setting that the endpoint does not support.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum UnsupportedWish {
    /// A person must decide: the plan is held (exit 5) until the policy no longer asks for it.
    #[default]
    Hold,
    /// It goes without: the plan lists it as not supported and holds nothing.
    Skip,
}

/// Lifecycle rules as wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum LifecycleWish {
    /// One rule per tier, so that what is released goes when its time has come.
    #[default]
    Managed,
    /// Left alone: nothing that lifeboat writes expires anything, and what others wrote is only reported.
    Unmanaged,
}

/// Object ownership as wanted, in the words of S3.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum OwnershipWish {
    /// The bucket's owner owns every object, and ACLs count for nothing.
    #[default]
    BucketOwnerEnforced,
    /// Left alone.
    #[serde(rename = "unmanaged")]
    Unmanaged,
}

/// Noncurrent versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "the noncurrent versions")]
pub struct NoncurrentWish {
    /// Days for which an expired backup can be brought back.
    #[schemars(range(min = 1, max = 3650))]
    pub keep_days: i32,
}

impl Default for NoncurrentWish {
    fn default() -> Self {
        Self { keep_days: 30 }
    }
}
