//! What a policy says beyond the bucket itself: who may reach it and how, and what must not change.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::backups::StorageClass;

/// How requests must come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "the transport")]
pub struct TransportWish {
    /// Whether requests without TLS are refused.
    #[serde(default = "yes")]
    pub tls_only: bool,
    /// The lowest version of TLS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_tls: Option<TlsVersion>,
}

fn yes() -> bool {
    true
}

/// Versions of TLS that S3 knows (S3 User Guide, amazon-s3-policy-keys: `s3:TlsVersion`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum TlsVersion {
    /// RFC 5246.
    #[serde(rename = "1.2")]
    V12,
    /// RFC 8446.
    #[serde(rename = "1.3")]
    V13,
}

impl TlsVersion {
    /// As the condition key spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V12 => "1.2",
            Self::V13 => "1.3",
        }
    }
}

/// The bucket policy as wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum BucketPolicyWish {
    /// lifeboat's own statements are in it, beside those of others.
    #[default]
    Managed,
    /// Left alone.
    Unmanaged,
}

/// The ARN of a role or user that may change the settings of the bucket; `*` stands for any characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(
    title = "a role or user by its ARN",
    description = "the ARN of a role or user, as in arn:aws:iam::111122223333:role/dr-applier",
    extend("pattern" = "^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/.+$")
)]
pub struct PrincipalArn(pub String);

/// Object lock as wanted: on every new version, for days or for years.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "the object lock")]
pub struct LockWish {
    /// Who may break it.
    pub mode: LockModeWish,
    /// How many days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 36500))]
    pub days: Option<i32>,
    /// How many years.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub years: Option<i32>,
    /// That a lock stays for ever is known. Needed for `compliance`; with `governance`, the first apply asks for leave without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub i_understand: Option<Understood>,
}

/// Who may break a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum LockModeWish {
    /// Who has `s3:BypassGovernanceRetention`.
    Governance,
    /// Nobody, not even the root user of the account.
    Compliance,
}

/// The words of somebody who knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Understood {
    /// The only ones.
    #[serde(rename = "cannot be undone")]
    CannotBeUndone,
}

/// Where the server access log goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "the access log")]
pub struct AccessLogWish {
    /// A bucket in the same region and account, which lets `logging.s3.amazonaws.com` write.
    #[schemars(regex(pattern = "^[a-z0-9][a-z0-9.-]+[a-z0-9]$"), length(max = 63))]
    pub bucket: String,
    /// What the keys of the log begin with.
    #[serde(default)]
    pub prefix: String,
}

/// Who looks at the replica, in `plan` and in `apply`. It need only read: lifeboat changes nothing there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "the role to take on for a replica")]
pub struct ReplicaRoleWish {
    /// ARN of the role, of the replica's account.
    pub role: PrincipalArn,
    /// The external id that its trust asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        regex(pattern = "^[A-Za-z0-9+=,.@:/_-]+$"),
        length(min = 2, max = 1224),
        description = "an external id: 2 to 1224 letters, digits and +=,.@:/_-"
    )]
    pub external_id: Option<String>,
}

/// The bucket that receives a copy of every new backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "the replication")]
pub struct ReplicationWish {
    /// Its name. It must be versioned; lifeboat reads that and changes nothing of it.
    #[schemars(regex(pattern = "^[a-z0-9][a-z0-9.-]+[a-z0-9]$"), length(max = 63))]
    pub bucket: String,
    /// Its account; in another account than the original, the copies belong to that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[0-9]{12}$"))]
    pub account: Option<String>,
    /// A role of that account to take on for it; left out, the credentials of the environment are used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assume_role: Option<ReplicaRoleWish>,
    /// Its region.
    pub region: String,
    /// ARN of the role that S3 takes on to copy.
    pub role: PrincipalArn,
    /// ARN of the KMS key that encrypts the copies; needed when a KMS key encrypts the originals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:(key|alias)/.+$"))]
    pub kms_key: Option<String>,
    /// Storage class of the copies; left out, that of the originals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_class: Option<StorageClass>,
}
