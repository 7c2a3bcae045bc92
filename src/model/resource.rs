//! Desired and observed: what the policies want of each resource, and what was seen of it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::aspects::{AccessLog, Encryption, LockRetention, Ownership, Versioning};
use super::document::Document;
use super::fact::{Fact, Why};
use super::id::ResourceId;
use super::policy::{ClassStep, RepositoryPlace, Retention, TransportWish, Trust};
use super::repository::Limits;
use super::request::{Read, ReadOp, Request};
use super::support::NotTaken;
use super::units::Span;

/// Everything the policies want, resource by resource.
#[derive(Clone, Debug, Default)]
pub struct Desired {
    /// The resources, sorted by id.
    pub resources: Vec<ResourceWish>,
    /// SHA-256 over the resolved policies.
    pub digest: String,
    /// Leave that the policies themselves give.
    pub approvals: Vec<Approval>,
    /// What one plan may do at the most.
    pub limits: Limits,
    /// Where roles of this config repo are, and the names of all that are wanted, selected or not.
    pub roles: RolePlaces,
    /// What is looked at and changed as a role of its own account.
    pub elsewhere: Elsewhere,
}

/// What is looked at and changed as a role of another account, which is that of its own: everything else is in the account of the credentials.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Elsewhere {
    /// Buckets and roles.
    pub resources: BTreeSet<ResourceId>,
    /// Accounts whose OIDC providers are looked at so.
    pub accounts: BTreeSet<String>,
}

/// Where the roles of a config repo are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RolePlaces {
    /// The IAM path that is this config repo's alone: of its scope.
    pub path: Option<String>,
    /// The names of all roles that any policy wants.
    pub wanted: BTreeSet<String>,
}

impl RolePlaces {
    /// The question which roles there are; none without a path of our own.
    pub fn question(&self) -> Option<Read> {
        let path = self.path.as_ref()?;
        Some(Read { op: ReadOp::RolesBelow, target: ResourceId::Role(path.trim_start_matches('/').to_owned()) })
    }

    /// The names of the roles right below our path that no policy wants.
    pub fn unwanted(&self, found: &Fact<Document>) -> Vec<String> {
        let names = found.known().and_then(|found| found.to::<BTreeSet<String>>()).unwrap_or_default();
        let Some(path) = &self.path else { return Vec::new() };
        let ours = names.iter().filter_map(|name| name.strip_prefix(path.as_str()).filter(|name| !name.contains('/')));
        ours.filter(|name| !self.wanted.contains(*name)).map(str::to_owned).collect()
    }
}

/// An approval of a policy, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// The policy that gives it.
    pub policy: String,
    /// What is allowed.
    pub allow: String,
    /// On what.
    pub on: ResourceId,
    /// Why.
    pub reason: String,
    /// Who is said to have approved it.
    pub by: String,
    /// The first moment at which it no longer counts.
    pub until: Timestamp,
    /// How many restore points may be lost by it.
    pub points: usize,
    /// By how much the window may shrink; none = by what those points take, and by no minute between them.
    pub window: Option<Span>,
}

/// What is wanted of one resource.
#[derive(Clone, Debug)]
pub enum ResourceWish {
    /// A bucket.
    Bucket(BucketWish),
    /// A role.
    Role(RoleWish),
    /// An OIDC provider.
    Provider(ProviderWish),
}

impl ResourceWish {
    /// Its id.
    pub fn id(&self) -> ResourceId {
        match self {
            Self::Bucket(bucket) => ResourceId::Bucket(bucket.name.clone()),
            Self::Role(role) => ResourceId::Role(role.name.clone()),
            Self::Provider(provider) => ResourceId::Provider(format!("{}/{}", provider.account, provider.issuer)),
        }
    }

    /// The names of the policies that want it.
    pub fn policies(&self) -> Vec<&str> {
        match self {
            Self::Bucket(bucket) => bucket.tenants.iter().map(|tenant| tenant.policy.as_str()).collect(),
            Self::Role(role) => vec![role.policy.as_str()],
            Self::Provider(provider) => provider.policies.iter().map(String::as_str).collect(),
        }
    }

    /// Whether only a person may change it, by `lifeboat bootstrap`.
    pub fn is_bootstrap_only(&self) -> bool {
        match self {
            Self::Bucket(_) => false,
            Self::Role(role) => role.bootstrap_only,
            Self::Provider(provider) => provider.bootstrap_only,
        }
    }
}

/// A role of another account to take on, and what it is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assumed {
    /// Its ARN.
    pub role: String,
    /// The external id that its trust asks for.
    pub external_id: Option<String>,
    /// The account whose OIDC providers are looked at with it; empty = those of none.
    pub account: String,
    /// The buckets that are looked at and changed with it.
    pub buckets: BTreeSet<String>,
    /// The same for keys.
    pub keys: BTreeSet<String>,
    /// The same for roles, by name.
    pub roles: BTreeSet<String>,
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
    /// Object ownership; none = not managed.
    pub ownership: Option<Ownership>,
    /// Our statements in its policy; none = not managed.
    pub guard: Option<Guard>,
    /// Object lock; none = not managed.
    pub object_lock: Option<LockWanted>,
    /// Where its access log goes; none = not managed.
    pub access_log: Option<AccessLog>,
    /// Where its backups are copied to; none = not managed.
    pub replication: Option<Replica>,
    /// Tags that it must carry.
    pub tags: BTreeMap<String, String>,
    /// Whether a setting that the endpoint does not support is skipped instead of held.
    pub skip_unsupported: bool,
    /// What its endpoint is known not to take; filled in when the endpoint has said what it is.
    pub not_taken: &'static [NotTaken],
    /// The policies that keep backups in it, sorted by name.
    pub tenants: Vec<Tenant>,
}

impl BucketWish {
    /// What in these requests the endpoint is known not to take.
    pub fn not_taken(&self, requests: &[Request]) -> Option<&'static str> {
        self.not_taken.iter().find(|row| requests.iter().any(|request| row.is_in(request))).map(|row| row.sentence)
    }

    /// Where it is.
    pub fn place(&self) -> BucketPlace {
        BucketPlace { name: self.name.clone(), account: self.account.clone(), region: self.region.clone(), endpoint: self.endpoint.clone() }
    }
}

/// The lock that is wanted, and whether the policy says that it knows what a lock is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockWanted {
    /// How long new versions are locked.
    pub retention: LockRetention,
    /// Whether the policy says that it cannot be undone.
    pub understood: bool,
}

/// The bucket that receives copies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replica {
    /// Its name.
    pub bucket: String,
    /// Its account, when it is said.
    pub account: Option<String>,
    /// Its region.
    pub region: String,
    /// ARN of the role that S3 takes on to copy.
    pub role: String,
    /// ARN of the key that encrypts the copies.
    pub kms_key: Option<String>,
    /// Storage class of the copies.
    pub storage_class: Option<String>,
}

impl Replica {
    /// What must be known of both ends: of the bucket that it can receive, keeps by rules of its own and lets the copies of another
    /// account, `source`, in; of the role that S3 may take it on and what it may do.
    pub fn reads(&self, source: Option<&String>) -> Vec<Read> {
        let policy = self.is_elsewhere(source).then_some(ReadOp::BucketPolicy);
        let ends = [ReadOp::BucketVersioning, ReadOp::BucketLifecycle].into_iter().chain(policy);
        let ends = ends.map(|op| Read { op, target: ResourceId::Bucket(self.bucket.clone()) });
        let role = |op| self.role_id().map(|target| Read { op, target });
        ends.chain([ReadOp::RoleTrust, ReadOp::RoleGrants].into_iter().filter_map(role)).collect()
    }

    /// Whether it is of another account than the bucket whose backups it receives.
    pub fn is_elsewhere(&self, source: Option<&String>) -> bool {
        self.account.as_ref().is_some_and(|account| source != Some(account))
    }

    /// The role that copies, by its name.
    pub fn role_id(&self) -> Option<ResourceId> {
        let name = self.role.rsplit_once(":role/")?.1.rsplit('/').next()?;
        Some(ResourceId::Role(name.to_owned()))
    }
}

/// What the bucket policy must refuse, besides what follows from encryption and prefixes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guard {
    /// How requests must come.
    pub transport: Option<TransportWish>,
    /// The only ones who may change the settings; empty = not limited.
    pub changed_by: BTreeSet<String>,
    /// Condition keys that the endpoint is known not to fill; conditions on them are left out and the plan says so.
    pub unfilled_keys: &'static [&'static str],
}

/// One policy's part of a bucket.
#[derive(Clone, Debug)]
pub struct Tenant {
    /// Name of the policy.
    pub policy: String,
    /// Its key prefix, ending in `/`.
    pub prefix: String,
    /// Whether its lifecycle rules are managed.
    pub lifecycle: bool,
    /// Days for which what was expired can be brought back.
    pub keep_days: i32,
    /// Days after which unfinished uploads are aborted.
    pub abort_days: i32,
    /// How long a restore may take at the most.
    pub rto: Span,
    /// Its backup sets, sorted by name.
    pub sets: Vec<SetWish>,
    /// The repositories of its physical sets: name of the set, and prefix.
    pub repositories: Vec<(String, String)>,
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
    /// Runs the expiry of another engine: the only one that deletes objects, and no versions.
    Expirer,
    /// Reads settings, roles and manifests.
    Planner,
    /// Changes settings and roles.
    Applier,
    /// Reads evidence.
    Auditor,
}

impl Purpose {
    /// `writer`, `keeper`, `restorer`, `expirer`, `planner`, `applier`, `auditor`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Writer => "writer",
            Self::Keeper => "keeper",
            Self::Restorer => "restorer",
            Self::Expirer => "expirer",
            Self::Planner => "planner",
            Self::Applier => "applier",
            Self::Auditor => "auditor",
        }
    }

    /// Whether it is made before the first plan, by a person, and never by the applier.
    pub fn is_bootstrapped(self) -> bool {
        matches!(self, Self::Planner | Self::Applier | Self::Auditor)
    }
}

/// The issuer of tokens of GitHub Actions, without `https://`.
pub const GITHUB_OIDC: &str = "token.actions.githubusercontent.com";

/// A partition of AWS: ARNs and service names carry it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Partition {
    /// The ordinary one.
    #[default]
    Aws,
    /// China.
    China,
    /// GovCloud (US).
    UsGov,
}

impl Partition {
    /// The partition of a region, by its name.
    pub fn of_region(region: &str) -> Self {
        match region.split('-').next() {
            Some("cn") => Self::China,
            _ if region.starts_with("us-gov-") => Self::UsGov,
            _ => Self::Aws,
        }
    }

    /// `aws`, `aws-cn`, `aws-us-gov`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::China => "aws-cn",
            Self::UsGov => "aws-us-gov",
        }
    }

    /// The end of the names of its services: EC2 is `ec2.amazonaws.com.cn` in China (IAM user guide, service principals).
    pub fn dns_suffix(self) -> &'static str {
        match self {
            Self::China => "amazonaws.com.cn",
            Self::Aws | Self::UsGov => "amazonaws.com",
        }
    }
}

/// What is wanted of the boundary of a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BoundaryWish {
    /// Nothing is said: whatever is there stays.
    LeftAlone,
    /// None.
    None,
    /// This managed policy, by ARN.
    Policy(String),
}

/// What the roles of a whole repository work on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Estate {
    /// Bucket and key prefix of each policy, sorted.
    pub places: BTreeSet<(String, String)>,
    /// Bucket and place of each repository of another engine, sorted.
    pub repositories: BTreeSet<(String, RepositoryPlace)>,
    /// Bucket and prefix of the lock and the journals.
    pub control: Option<(String, String)>,
    /// ARNs of the KMS keys of the buckets.
    pub keys: BTreeSet<String>,
    /// Those of the buckets with repositories of other engines.
    pub repository_keys: BTreeSet<String>,
    /// Names of the buckets that receive copies.
    pub replicas: BTreeSet<String>,
    /// ARNs of the roles that S3 takes on to copy.
    pub replicators: BTreeSet<String>,
    /// ARNs of the roles of other accounts to take on, for planning.
    pub plans_as: BTreeSet<String>,
    /// The same for applying.
    pub applies_as: BTreeSet<String>,
    /// ARNs of the roles that only a person may change: planner, applier, auditor.
    pub guarded: BTreeSet<String>,
}

/// What is wanted of an OIDC provider: that it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderWish {
    /// The account.
    pub account: String,
    /// Issuer without `https://`.
    pub issuer: String,
    /// The policies, or the scope, whose roles trust it.
    pub policies: BTreeSet<String>,
    /// Whether only a person may change it.
    pub bootstrap_only: bool,
}

/// What is wanted of a role.
#[derive(Clone, Debug)]
pub struct RoleWish {
    /// Its name.
    pub name: String,
    /// The policy that wants it; the scope, when it is the repository.
    pub policy: String,
    /// Its IAM path, `/lifeboat/…/`.
    pub path: String,
    /// Partition of its ARNs.
    pub partition: Partition,
    /// What it is for.
    pub purpose: Purpose,
    /// Longest session in seconds.
    pub max_session: i32,
    /// What bounds it.
    pub boundary: BoundaryWish,
    /// ARNs of the managed policies that are attached to it, and no others.
    pub attached: Vec<String>,
    /// What it works on, when it is a role of the repository.
    pub estate: Option<Box<Estate>>,
    /// Whether only a person may change it.
    pub bootstrap_only: bool,
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
    /// The prefixes of the repositories of other engines.
    pub repositories: Vec<RepositoryPlace>,
    /// Values of the release tag that the keeper may set.
    pub tag_values: Vec<String>,
    /// The KMS key of the bucket, when it has one.
    pub kms_key: Option<String>,
    /// Bucket and prefix of the evidence, when there is one.
    pub evidence: Option<(String, String)>,
    /// Bucket and prefix of the lock, the journals and the indexes, when there is one.
    pub control: Option<(String, String)>,
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
    /// The repositories of other engines that were found there, with all that lies in them, by policy name.
    pub stored: BTreeMap<String, Vec<SeenRepository>>,
    /// The backups of policies that left a bucket and whose cleanup rule is still there, by bucket and policy.
    pub left: BTreeMap<(String, String), Fact<Vec<SeenBackup>>>,
    /// Digests of the objects of each backup as the listing showed them, by policy, set and id: what an index goes by.
    pub listed: BTreeMap<(String, String, String), String>,
    /// The release tag of backups as far as it was read, none where there is none; by policy, set and id.
    pub released: BTreeMap<(String, String, String), Option<String>>,
    /// What applies wrote last, by resource and setting, as far as their journals tell.
    pub applied: BTreeMap<(ResourceId, String), LastApplied>,
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

/// What an apply wrote to a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastApplied {
    /// When.
    pub at: Timestamp,
    /// What was there then, in canonical form.
    pub to: Document,
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

/// A repository of another engine as the listing shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenRepository {
    /// Where it is.
    pub place: RepositoryPlace,
    /// What lies in it.
    pub objects: Vec<SeenObject>,
    /// What its engine says of its backups: objects by key, or why they could not be read; unknown where nobody asked.
    pub metadata: Fact<Vec<SeenMetadata>>,
}

/// An object of what an engine says: its key, and its bytes or why they could not be read.
pub type SeenMetadata = (String, Result<Vec<u8>, String>);

/// An object as the listing shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenObject {
    /// Its key.
    pub key: String,
    /// Its bytes.
    pub bytes: u64,
    /// Its S3 date.
    pub written: Timestamp,
    /// S3's name of its storage class; none = STANDARD.
    pub class: Option<String>,
}

/// What is known of a backup whose manifest a listing shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Told {
    /// Nothing else.
    #[default]
    Listed,
    /// All that its manifest names is there.
    Whole,
    /// It was released, and some of it has expired or may at any time.
    Expiring,
    /// Why it is not whole.
    Broken(String),
    /// Why its manifest could not be read.
    Unread(String),
    /// The id of a rule of the bucket that has reached it: it may be deleted at any time.
    Reached(String),
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
    /// What is known of it besides.
    pub told: Told,
    /// Bytes of all its objects.
    pub bytes: u64,
    /// S3 date of its oldest object: expiry counts from it.
    pub oldest: Timestamp,
    /// S3 date of its newest object.
    pub newest: Timestamp,
    /// S3 date of its manifest, if there is one.
    pub stored: Option<Timestamp>,
    /// Its keys, each with its bytes.
    pub keys: BTreeMap<String, u64>,
    /// Keys in another storage class than STANDARD, each with S3's name of it.
    pub classes: BTreeMap<String, String>,
    /// What was stored after its manifest, which is written last: S3's date by key.
    pub late: BTreeMap<String, Timestamp>,
}

impl SeenBackup {
    /// Whether it can be counted on: its manifest is there, and nothing that is known speaks against it.
    pub fn is_good(&self) -> bool {
        self.complete && !matches!(self.told, Told::Expiring | Told::Broken(_) | Told::Reached(_))
    }

    /// Why it is not whole although its manifest is there, if that is known.
    pub fn broken(&self) -> Option<&str> {
        if let Told::Broken(why) = &self.told { Some(why) } else { None }
    }

    /// The rule that has reached it, if that is known.
    pub fn reached(&self) -> Option<&str> {
        if let Told::Reached(rule) = &self.told { Some(rule) } else { None }
    }
}
