//! The policy as its author writes it. The JSON Schema under `schema/` is made from these types.
//!
//! A field is here only when this build acts on it; `docs/architecture.md` says where each one takes effect.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::units::{Percent, Span};

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
    pub backups: BTreeMap<Name, BackupSet>,
    /// The roles that work on the backups. Left out, roles are not managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<Access>,
    /// Rehearsed restores, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub drills: BTreeMap<Name, Drill>,
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
    /// Where its connection URL is kept; never the URL itself.
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

/// The bucket and how it is protected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "the storage")]
pub struct Storage {
    /// Name of the bucket.
    #[schemars(regex(pattern = "^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$"), description = "a bucket name: 3 to 63 lower-case letters, digits, dots and hyphens")]
    pub bucket: String,
    /// The AWS account that owns it: sent as expected owner with every call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[0-9]{12}$"), description = "an account id: 12 digits, in quotes")]
    pub account: Option<String>,
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

/// One way of backing the database up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "a backup set")]
pub struct BackupSet {
    /// The engine that takes it.
    pub engine: EngineKind,
    /// The databases of the cluster that it covers.
    #[schemars(length(min = 1, max = 100))]
    pub databases: Vec<String>,
    /// When it runs.
    pub schedule: Schedule,
    /// How long one run may take at the most.
    #[serde(default = "three_hours")]
    pub max_duration: Span,
    /// How long backups live, by tier.
    pub retention: Retention,
    /// Storage classes with age; a tier that does not live to see one goes without it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub storage_classes: Vec<ClassStep>,
    /// What a drill holds against the last verified backup.
    #[serde(default)]
    pub anomalies: Anomalies,
    /// Tables left out of the dump, with the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<Exclusion>,
}

fn three_hours() -> Span {
    Span::seconds(3 * 3_600)
}

/// Engines that this build drives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EngineKind {
    /// `pg_dump`, streamed: nothing on disk.
    PgDump,
}

/// A schedule: five cron fields in a time zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "a schedule")]
pub struct Schedule {
    /// Minute, hour, day of month, month, day of week.
    pub cron: String,
    /// IANA time zone.
    #[serde(default = "utc")]
    pub timezone: String,
}

fn utc() -> String {
    "UTC".to_owned()
}

/// How many backups of each tier are kept. A backup is born kept; these limits act only once it is released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "a retention")]
pub struct Retention {
    /// Backups that open no longer period, for so long.
    pub recent: Span,
    /// Days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 3660))]
    pub daily: Option<i32>,
    /// ISO weeks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 520))]
    pub weekly: Option<i32>,
    /// Months.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 120))]
    pub monthly: Option<i32>,
    /// Years.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 30))]
    pub yearly: Option<i32>,
}

/// A storage class from some age on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "a storage class step")]
pub struct ClassStep {
    /// From this age on, whole days.
    pub after: Span,
    /// The class.
    pub class: StorageClass,
}

/// Storage classes that a backup can move to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are S3's own")]
pub enum StorageClass {
    StandardIa,
    OnezoneIa,
    IntelligentTiering,
    GlacierIr,
    Glacier,
    DeepArchive,
}

impl StorageClass {
    /// S3's spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::StandardIa => "STANDARD_IA",
            Self::OnezoneIa => "ONEZONE_IA",
            Self::IntelligentTiering => "INTELLIGENT_TIERING",
            Self::GlacierIr => "GLACIER_IR",
            Self::Glacier => "GLACIER",
            Self::DeepArchive => "DEEP_ARCHIVE",
        }
    }

    /// Longest time to thaw an object by the standard retrieval, if it must be thawed at all
    /// (S3 User Guide, restoring-objects-retrieval-options: 3–5 h, and 12 h for Deep Archive).
    pub fn thaw(self) -> Option<Span> {
        match self {
            Self::Glacier => Some(Span::seconds(5 * 3_600)),
            Self::DeepArchive => Some(Span::seconds(12 * 3_600)),
            Self::StandardIa | Self::OnezoneIa | Self::IntelligentTiering | Self::GlacierIr => None,
        }
    }
}

/// How much less a backup may hold than the last verified one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "the anomaly limits")]
pub struct Anomalies {
    /// Rows of one table.
    #[serde(default = "twenty_percent")]
    pub rows_down: Percent,
    /// Tables that may be gone.
    #[serde(default)]
    pub tables_gone: u32,
}

fn twenty_percent() -> Percent {
    Percent::of(20.0)
}

impl Default for Anomalies {
    fn default() -> Self {
        Self { rows_down: twenty_percent(), tables_gone: 0 }
    }
}

/// A table left out on purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "an exclusion")]
pub struct Exclusion {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub table: String,
    /// Why its rows need not come back.
    #[schemars(length(min = 3))]
    pub reason: String,
}

/// The roles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "the access")]
pub struct Access {
    /// Writes backups; may not delete, tag or overwrite.
    pub writer: Role,
    /// Releases backups by tag; may not write or delete.
    pub keeper: Role,
    /// Reads backups for drills and restores; may not write or tag.
    pub restorer: Role,
}

/// One role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "a role")]
pub struct Role {
    /// Its name; the path is `/lifeboat/<policy>/`.
    #[schemars(regex(pattern = "^[A-Za-z0-9+=,.@_-]{1,64}$"), description = "an IAM role name: letters, digits and +=,.@_- , at most 64 characters")]
    pub role: String,
    /// Who may assume it.
    #[schemars(length(min = 1))]
    pub trust: Vec<Trust>,
}

/// One way to assume a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "a trust", description = "{principal: ARN} or {github: {repository: ORG/REPO, environment: NAME}}")]
pub enum Trust {
    /// A user, role or account of AWS, by ARN.
    Principal(#[schemars(regex(pattern = "^arn:[a-z-]+:(iam|sts)::[0-9]{12}:[^*]+$"), description = "an ARN without wildcards")] String),
    /// A job of GitHub Actions, by OIDC.
    Github(GithubTrust),
}

/// A job of GitHub Actions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "a GitHub trust")]
pub struct GithubTrust {
    /// `ORG/REPO`.
    #[schemars(regex(pattern = "^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$"), description = "ORG/REPO, without wildcards")]
    pub repository: String,
    /// The deployment environment that the job must name.
    #[schemars(regex(pattern = "^[A-Za-z0-9_.-]+$"), description = "an environment name, without wildcards")]
    pub environment: String,
}

/// A rehearsed restore.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "a drill")]
pub struct Drill {
    /// The backup sets it restores.
    #[schemars(length(min = 1))]
    pub backups: Vec<Name>,
    /// Which backup it takes.
    #[serde(default)]
    pub pick: Pick,
    /// When it runs.
    pub schedule: Schedule,
    /// Labels of the machine that runs it; judged by rules.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub runs_on: Vec<String>,
    /// How long it may take in all.
    #[serde(default = "one_hour")]
    pub timeout: Span,
    /// What the restored database must answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
}

fn one_hour() -> Span {
    Span::seconds(3_600)
}

/// Which backup a drill takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Pick {
    /// The newest complete one.
    #[default]
    Latest,
    /// The oldest complete one.
    Oldest,
}

/// One question to the restored database.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "a check")]
pub struct Check {
    /// What it asks, in words.
    #[schemars(length(min = 1, max = 100))]
    pub name: String,
    /// The database it is asked of; the first of the set when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// One statement that answers one row with one column.
    pub sql: String,
    /// What the answer must be.
    pub expect: Expect,
}

/// What an answer must be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "an expectation", description = "one of {atLeast: N}, {equals: TEXT}, {maxAge: DURATION}, {sameAsBackup: true}")]
pub enum Expect {
    /// A number not below this one.
    AtLeast(f64),
    /// Exactly this text.
    Equals(String),
    /// A timestamp not older than this, counted from the backup's snapshot.
    MaxAge(Span),
    /// What the same query answered in the snapshot of the backup.
    SameAsBackup(bool),
}
