//! The typed form of each small managed aspect. Each is what a `Document` of its `ReadOp` holds.
//!
//! Lifecycle and IAM documents are large enough to have modules of their own.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// A bucket that is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Existence {
    /// Its region, where the endpoint says one.
    pub region: Option<String>,
}

/// Tags of a bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tags(pub BTreeMap<String, String>);

/// Parts of a bucket that lifeboat never manages: what each is called, and what it does in a few words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Parts(pub BTreeMap<String, String>);

/// Versioning. A bucket that was never versioned is `Absent`, not one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Versioning {
    /// Every overwrite and delete keeps the old bytes.
    Enabled,
    /// The same, and only the root user with a second factor may remove a version or change this (MFA delete; S3 User Guide,
    /// `MultiFactorAuthenticationDelete`). Such a bucket takes no lifecycle configuration.
    EnabledWithMfa,
    /// New writes overwrite for good; older versions stay.
    Suspended,
}

impl Versioning {
    /// Whether an overwrite or delete keeps the old bytes.
    pub fn keeps(self) -> bool {
        matches!(self, Self::Enabled | Self::EnabledWithMfa)
    }
}

/// Default encryption of new objects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Encryption {
    /// `AES256`, `aws:kms` or `aws:kms:dsse`.
    pub algorithm: String,
    /// Key id, ARN or alias; none with `AES256`, and none with KMS means the AWS managed key.
    pub key: Option<String>,
    /// Whether the bucket key is used.
    pub bucket_key: bool,
    /// `BlockedEncryptionTypes` as read, carried along; since April 2026 AWS answers `SSE-C` on new buckets, and a PUT
    /// that leaves it out fights AWS for ever (terraform-provider-aws 45157).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocked_types: Vec<String>,
}

impl Encryption {
    /// The `PutBucketEncryption` request in the API's own names (as boto3 sends it).
    pub fn wire(&self) -> Value {
        let mut default = json!({"SSEAlgorithm": self.algorithm});
        if let (Some(key), Some(fields)) = (&self.key, default.as_object_mut()) {
            fields.insert("KMSMasterKeyID".to_owned(), key.as_str().into());
        }
        let mut rule = json!({"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": self.bucket_key});
        if let (false, Some(fields)) = (self.blocked_types.is_empty(), rule.as_object_mut()) {
            fields.insert("BlockedEncryptionTypes".to_owned(), json!({"EncryptionType": self.blocked_types}));
        }
        json!({"ServerSideEncryptionConfiguration": {"Rules": [rule]}})
    }
}

/// The four switches of the public access block. A PUT that leaves one out stores `false` for it, so all are always sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "four switches are what the S3 API has")]
pub struct PublicAccess {
    /// `BlockPublicAcls`.
    pub block_public_acls: bool,
    /// `IgnorePublicAcls`.
    pub ignore_public_acls: bool,
    /// `BlockPublicPolicy`.
    pub block_public_policy: bool,
    /// `RestrictPublicBuckets`.
    pub restrict_public_buckets: bool,
}

impl PublicAccess {
    /// Everything blocked.
    pub const BLOCKED: Self = Self { block_public_acls: true, ignore_public_acls: true, block_public_policy: true, restrict_public_buckets: true };
}

/// Who owns the objects of a bucket, and whether ACLs count (S3 User Guide, about-object-ownership).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ownership {
    /// The bucket's owner owns everything, and ACLs count for nothing.
    BucketOwnerEnforced,
    /// The bucket's owner owns what is uploaded with `bucket-owner-full-control`.
    BucketOwnerPreferred,
    /// Who uploads an object owns it.
    ObjectWriter,
}

/// Object lock. It can be put on a bucket and never be taken off (S3 User Guide, object-lock-managing).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ObjectLock {
    /// How long each new version is locked; none = only what is locked one by one.
    pub retention: Option<LockRetention>,
}

impl ObjectLock {
    /// As the AWS API names it, for `model::verdict`.
    pub fn wire(&self) -> Value {
        let mut out = json!({"ObjectLockEnabled": "Enabled"});
        if let (Some(retention), Some(fields)) = (self.retention, out.as_object_mut()) {
            let mut period = Map::from_iter([("Mode".to_owned(), json!(retention.mode))]);
            period.extend(retention.days.map(|days| ("Days".to_owned(), json!(days))));
            period.extend(retention.years.map(|years| ("Years".to_owned(), json!(years))));
            fields.insert("Rule".to_owned(), json!({"DefaultRetention": period}));
        }
        out
    }
}

/// The default retention of a bucket with object lock: days or years, never both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LockRetention {
    /// Who may break it.
    pub mode: LockMode,
    /// Days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<i32>,
    /// Years.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub years: Option<i32>,
}

/// Who may break a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum LockMode {
    /// Who has `s3:BypassGovernanceRetention`.
    #[serde(rename = "GOVERNANCE")]
    Governance,
    /// Nobody, not even the root user of the account.
    #[serde(rename = "COMPLIANCE")]
    Compliance,
}

/// Where the server access log goes. A bucket without one is `Absent`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccessLog {
    /// The bucket that receives it.
    pub bucket: String,
    /// What its keys begin with.
    pub prefix: String,
    /// `TargetGrants` as read, carried along.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grants: Vec<LogGrant>,
    /// `TargetObjectKeyFormat` as read, carried along.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_format: Option<LogKeyFormat>,
}

/// Who may read the log objects, as ACLs say it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LogGrant {
    /// `CanonicalUser`, `AmazonCustomerByEmail` or `Group`.
    pub kind: String,
    /// Canonical id.
    pub id: Option<String>,
    /// Name for people.
    pub display_name: Option<String>,
    /// URI of a group.
    pub uri: Option<String>,
    /// Mail address of an account.
    pub email: Option<String>,
    /// `FULL_CONTROL`, `READ` or `WRITE`.
    pub permission: String,
}

/// How the keys of log objects are made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LogKeyFormat {
    /// `SimplePrefix`.
    Simple,
    /// `PartitionedPrefix` with its `PartitionDateSource`.
    Partitioned(Option<String>),
}

/// A role: where it lives, who made it and who may assume it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RoleTrust {
    /// IAM path, `/lifeboat/<policy>/`.
    pub path: String,
    /// Canonical trust policy (`model::iam::canonical`).
    pub trust: Value,
    /// Tags that mark the owner.
    pub tags: BTreeMap<String, String>,
    /// Longest session in seconds, `MaxSessionDuration`; a new role without a word has 3,600.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_session: Option<i32>,
    /// ARN of the managed policy that bounds it; none = not bounded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boundary: Option<String>,
}

/// How long a session of a role may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RoleSession {
    /// `MaxSessionDuration`, in seconds.
    pub max_session: i32,
}

/// What bounds a role, whatever its policies grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RoleBoundary {
    /// ARN of the managed policy; none = not bounded.
    pub boundary: Option<String>,
}

/// A KMS key, as it is: lifeboat never changes one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Key {
    /// Its own ARN, also where the policy names an alias.
    pub arn: String,
    /// `KeyState`: `Enabled`, `Disabled`, `PendingDeletion`, `PendingImport`, `Unavailable`, …
    pub state: String,
    /// When it is deleted, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<String>,
    /// Whether AWS rotates it; none where it cannot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotated: Option<bool>,
    /// The key policy.
    pub policy: Value,
}

/// An OIDC provider: for whom tokens may be made out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Provider {
    /// `ClientIDList`, sorted.
    pub audiences: BTreeSet<String>,
}

/// Names of things that hang on a role, sorted: ARNs of attached managed policies, or names of inline policies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Names(pub BTreeSet<String>);

/// What is put on a role and what is taken off, one request of AWS for each name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Attachments {
    /// ARNs of managed policies to attach.
    pub attach: BTreeSet<String>,
    /// ARNs of managed policies to detach.
    pub detach: BTreeSet<String>,
}

/// The policies of a role with their documents: of one that lifeboat does not manage and must understand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Grants {
    /// Inline policies by name, managed ones by ARN.
    pub policies: BTreeMap<String, Value>,
    /// The permission boundary by its ARN, where there is one.
    pub bounds: BTreeMap<String, Value>,
    /// Those that could not be read, each with the reason.
    pub unread: BTreeMap<String, String>,
}
