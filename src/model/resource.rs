//! Desired and observed: what the policies want of each resource, and what was seen of it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::aspects::{Encryption, Versioning};
use super::document::Document;
use super::fact::{Fact, Why};
use super::id::ResourceId;
use super::policy::{ClassStep, Retention, Trust};
use super::request::ReadOp;

/// Everything the policies want, resource by resource.
#[derive(Clone, Debug, Default)]
pub struct Desired {
    /// The resources, sorted by id.
    pub resources: Vec<ResourceWish>,
    /// SHA-256 over the resolved policies.
    pub digest: String,
}

/// What is wanted of one resource.
#[derive(Clone, Debug)]
pub enum ResourceWish {
    /// A bucket.
    Bucket(BucketWish),
    /// A role.
    Role(RoleWish),
}

impl ResourceWish {
    /// Its id.
    pub fn id(&self) -> ResourceId {
        match self {
            Self::Bucket(bucket) => ResourceId::Bucket(bucket.name.clone()),
            Self::Role(role) => ResourceId::Role(role.name.clone()),
        }
    }

    /// The names of the policies that want it.
    pub fn policies(&self) -> Vec<&str> {
        match self {
            Self::Bucket(bucket) => bucket.tenants.iter().map(|tenant| tenant.policy.as_str()).collect(),
            Self::Role(role) => vec![role.policy.as_str()],
        }
    }
}

/// Where a bucket is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketPlace {
    /// Its name.
    pub name: String,
    /// Expected owner, sent with every call.
    pub account: Option<String>,
    /// Its region.
    pub region: String,
    /// Its endpoint, if it is not that of the AWS environment.
    pub endpoint: Option<String>,
}

/// What is wanted of a bucket, merged over all policies that share it.
#[derive(Clone, Debug)]
pub struct BucketWish {
    /// Its name.
    pub name: String,
    /// Expected owner.
    pub account: Option<String>,
    /// Its region.
    pub region: String,
    /// Its endpoint, if any.
    pub endpoint: Option<String>,
    /// Whether it may be made.
    pub create: bool,
    /// Versioning; none = not managed.
    pub versioning: Option<Versioning>,
    /// Encryption; none = not managed.
    pub encryption: Option<Encryption>,
    /// Whether the public access block is managed (and then: all on).
    pub public_access: bool,
    /// Tags that it must carry.
    pub tags: BTreeMap<String, String>,
    /// The policies that keep backups in it, sorted by name.
    pub tenants: Vec<Tenant>,
}

impl BucketWish {
    /// Where it is.
    pub fn place(&self) -> BucketPlace {
        BucketPlace { name: self.name.clone(), account: self.account.clone(), region: self.region.clone(), endpoint: self.endpoint.clone() }
    }
}

/// One policy's part of a bucket.
#[derive(Clone, Debug)]
pub struct Tenant {
    /// Name of the policy.
    pub policy: String,
    /// Its key prefix, ending in `/`.
    pub prefix: String,
    /// Days for which what was expired can be brought back.
    pub keep_days: i32,
    /// Days after which unfinished uploads are aborted.
    pub abort_days: i32,
    /// Its backup sets, sorted by name.
    pub sets: Vec<SetWish>,
}

/// What is wanted of one backup set's objects.
#[derive(Clone, Debug)]
pub struct SetWish {
    /// Its name.
    pub name: String,
    /// How long its tiers live.
    pub retention: Retention,
    /// Storage classes by age.
    pub classes: Vec<ClassStep>,
}

/// What a role is for. Decides its permissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Purpose {
    /// Writes backups.
    Writer,
    /// Releases backups by tag.
    Keeper,
    /// Reads backups.
    Restorer,
}

impl Purpose {
    /// `writer`, `keeper`, `restorer`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Writer => "writer",
            Self::Keeper => "keeper",
            Self::Restorer => "restorer",
        }
    }
}

/// What is wanted of a role.
#[derive(Clone, Debug)]
pub struct RoleWish {
    /// Its name.
    pub name: String,
    /// The policy that wants it.
    pub policy: String,
    /// What it is for.
    pub purpose: Purpose,
    /// Who may assume it.
    pub trust: Vec<Trust>,
    /// Account of the storage, for ARNs of OIDC providers.
    pub account: Option<String>,
    /// The bucket it works on.
    pub bucket: String,
    /// The key prefix it works under.
    pub prefix: String,
    /// The names of the backup sets.
    pub sets: Vec<String>,
    /// Values of the release tag that the keeper may set.
    pub tag_values: Vec<String>,
    /// The KMS key of the bucket, when it has one.
    pub kms_key: Option<String>,
    /// Bucket and prefix of the evidence, when there is one.
    pub evidence: Option<(String, String)>,
    /// Condition keys that the endpoint is known not to fill; conditions on them are left out and the plan says so.
    pub unfilled_keys: &'static [&'static str],
}

/// Everything that was seen, at one time.
#[derive(Clone, Debug)]
pub struct Observed {
    /// When the reads began.
    pub at: Timestamp,
    /// Who asked.
    pub identity: Fact<Identity>,
    /// What was seen of each resource.
    pub resources: BTreeMap<ResourceId, ObservedResource>,
    /// Backups in each bucket and prefix that a policy uses, by policy name.
    pub backups: BTreeMap<String, Fact<Vec<SeenBackup>>>,
    /// How many control-plane and listing requests were made.
    pub requests: usize,
    /// How many questions were not asked, or not answered, because the asking was interrupted.
    pub unasked: usize,
}

impl Observed {
    /// What nobody asked is unknown because the asking was interrupted.
    pub fn interrupt(&mut self) {
        let facts = self.resources.values_mut().flat_map(|resource| resource.facts.values_mut());
        for fact in facts.filter(|fact| **fact == Fact::Unknown(Why::NotAsked)) {
            *fact = Fact::Unknown(Why::Interrupted);
        }
        for backups in self.backups.values_mut().filter(|backups| **backups == Fact::Unknown(Why::NotAsked)) {
            *backups = Fact::Unknown(Why::Interrupted);
        }
    }
}

/// Who asks, as STS says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// Account id.
    pub account: String,
    /// Caller ARN.
    pub arn: String,
}

impl Identity {
    /// A short name that is the same in every session: the role's or user's name, else the last part of the ARN.
    pub fn short(&self) -> &str {
        let mut parts = self.arn.rsplit('/');
        let last = parts.next().unwrap_or(&self.arn);
        if self.arn.contains(":assumed-role/") { parts.next().unwrap_or(last) } else { last.rsplit(':').next().unwrap_or(last) }
    }
}

/// The answers about one resource.
#[derive(Clone, Debug, Default)]
pub struct ObservedResource {
    /// Each answer by its question.
    pub facts: BTreeMap<ReadOp, Fact<Document>>,
}

impl ObservedResource {
    /// The answer to a question; a question that nobody asked is unknown.
    pub fn fact(&self, op: ReadOp) -> Fact<Document> {
        self.facts.get(&op).cloned().unwrap_or(Fact::Unknown(Why::NotAsked))
    }
}

/// A backup as the listing of the bucket shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenBackup {
    /// Its set.
    pub set: String,
    /// Its id.
    pub id: String,
    /// Whether its manifest is there.
    pub complete: bool,
    /// Bytes of all its objects.
    pub bytes: u64,
    /// S3 date of its oldest object: expiry counts from it.
    pub oldest: Timestamp,
    /// S3 date of its newest object.
    pub newest: Timestamp,
    /// Its keys.
    pub keys: BTreeSet<String>,
}
