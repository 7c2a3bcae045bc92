//! An account of AWS in memory: S3 and IAM as they behave there, for tests and walks through time.
//!
//! It passes the suite in `ports::conformance` that real servers pass too. It can lose an answer, refuse, crash and hang
//! on demand, counts every request and remembers every write. It must never be kinder than AWS: what AWS refuses, it
//! refuses, and a new bucket is born with AWS's defaults.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::{Kind, PortError, Ports};
use crate::model::aspects::{Encryption, Key, Ownership, PublicAccess, RoleTrust};
use crate::model::document::Document;
use crate::model::fact::Fact;
use crate::model::id::ResourceId;
use crate::model::lifecycle::{Lifecycle, Rule};
use crate::model::request::{ReadOp, RequestOp};

mod classes;
mod clock;
mod cloud;
mod faults;
mod lifecycle;
mod objects;
mod roles;
mod settings;

pub use faults::{Fault, When};

/// The account that the world belongs to.
pub const ACCOUNT: &str = "000000000000";
/// Who asks, unless [`World::act_as`] says otherwise.
pub const CALLER: &str = "arn:aws:iam::000000000000:user/sim";

/// What a request does, for scripts of faults, refusals and the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Op {
    /// `GetCallerIdentity`.
    Identity,
    /// A question to the control plane.
    Read(ReadOp),
    /// A write to the control plane.
    Write(RequestOp),
    /// `ListObjectsV2`.
    List,
    /// `GetObject`, whole or a range.
    Get,
    /// `GetObject` of one version by its id, which is a permission of its own.
    GetVersion,
    /// `PutObject` with `If-None-Match`.
    Create,
    /// `PutObject` with `If-Match`.
    Replace,
    /// `CreateMultipartUpload`.
    Begin,
    /// `UploadPart`.
    Part,
    /// `CompleteMultipartUpload`.
    Complete,
    /// `AbortMultipartUpload`.
    Abort,
    /// `GetObjectTagging`.
    Tags,
    /// `PutObjectTagging`.
    PutTags,
    /// `ListObjectVersions`.
    Versions,
    /// `DeleteObject` of a delete marker.
    RemoveMarker,
    /// `PutObjectLegalHold`.
    LegalHold,
}

impl Op {
    /// Whether it changes something.
    pub fn writes(self) -> bool {
        !matches!(self, Self::Identity | Self::Read(_) | Self::List | Self::Get | Self::GetVersion | Self::Tags | Self::Versions)
    }
}

/// A write as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// What it does.
    pub op: Op,
    /// `bucket/NAME`, `role/NAME` or `s3://BUCKET/KEY`.
    pub target: String,
    /// The body of a control-plane write.
    pub body: Option<Document>,
}

/// The world: shared state behind the four ports.
#[derive(Debug)]
pub struct World {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    now: Timestamp,
    caller: String,
    refused: BTreeSet<(String, Op)>,
    answers: BTreeMap<(ResourceId, ReadOp), Fact<Document>>,
    buckets: BTreeMap<String, Bucket>,
    roles: BTreeMap<String, Role>,
    providers: BTreeMap<String, BTreeSet<String>>,
    keys: BTreeMap<String, Key>,
    uploads: BTreeMap<String, objects::Unfinished>,
    script: Vec<(When, Fault)>,
    lasting: faults::Lasting,
    careless: bool,
    requests: usize,
    sent: Vec<Sent>,
    /// Makes upload ids, entity tags and random names, each one once.
    serial: u64,
}

#[derive(Clone, Debug)]
struct Bucket {
    owner: String,
    region: String,
    settings: BTreeMap<ReadOp, Document>,
    objects: BTreeMap<String, Vec<objects::Version>>,
}

#[derive(Clone, Debug)]
struct Role {
    trust: RoleTrust,
    permissions: Option<Document>,
    attached: BTreeSet<String>,
    inline: BTreeSet<String>,
}

/// Managed policies of the account that exist: one that does not cannot be attached, nor bound a role.
const MANAGED: [&str; 2] = ["arn:aws:iam::000000000000:policy/lifeboat-extra", "arn:aws:iam::000000000000:policy/lifeboat-boundary"];

impl Role {
    fn new(trust: RoleTrust, permissions: Option<Document>) -> Self {
        Self { trust, permissions, attached: BTreeSet::new(), inline: BTreeSet::new() }
    }
}

impl Bucket {
    /// As AWS makes one since April 2023: private, encrypted, its owner's, unversioned, without lifecycle and tags.
    fn new(owner: &str, region: &str) -> Self {
        let encryption = Encryption { algorithm: "AES256".to_owned(), key: None, bucket_key: false, blocked_types: Vec::new() };
        let born = [
            (ReadOp::BucketEncryption, Document::of(&encryption)),
            (ReadOp::BucketPublicAccess, Document::of(&PublicAccess::BLOCKED)),
            (ReadOp::BucketOwnership, Document::of(&Ownership::BucketOwnerEnforced)),
        ];
        Self { owner: owner.to_owned(), region: region.to_owned(), settings: BTreeMap::from(born), objects: BTreeMap::new() }
    }
}

impl World {
    /// An empty account at a moment.
    pub fn at(now: Timestamp) -> Arc<Self> {
        let state = State {
            now,
            caller: CALLER.to_owned(),
            refused: BTreeSet::new(),
            answers: BTreeMap::new(),
            buckets: BTreeMap::new(),
            roles: BTreeMap::new(),
            providers: BTreeMap::new(),
            keys: BTreeMap::new(),
            uploads: BTreeMap::new(),
            script: Vec::new(),
            lasting: faults::Lasting::default(),
            careless: false,
            requests: 0,
            sent: Vec::new(),
            serial: 0,
        };
        Arc::new(Self { state: Mutex::new(state) })
    }

    /// The four ports, all on this world.
    pub fn ports(self: &Arc<Self>) -> Ports {
        Ports { cloud: self.clone(), objects: self.clone(), clock: self.clone(), entropy: self.clone() }
    }

    /// A test that fails in one thread leaves the lock poisoned; the state itself is whole after every request.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on somebody else asks.
    pub fn act_as(&self, arn: &str) {
        arn.clone_into(&mut self.lock().caller);
    }

    /// Refuses one kind of request of one identity (403) until [`World::grant`].
    pub fn refuse(&self, arn: &str, op: Op) {
        self.lock().refused.insert((arn.to_owned(), op));
    }

    /// Takes a refusal back.
    pub fn grant(&self, arn: &str, op: Op) {
        self.lock().refused.remove(&(arn.to_owned(), op));
    }

    /// Makes a bucket of this account, with AWS's defaults.
    pub fn put_bucket(&self, name: &str, region: &str) {
        self.lock().buckets.insert(name.to_owned(), Bucket::new(ACCOUNT, region));
    }

    /// Makes a bucket of another account: everything about it is refused.
    pub fn put_bucket_of_others(&self, name: &str) {
        self.lock().buckets.insert(name.to_owned(), Bucket::new("999999999999", "us-east-1"));
    }

    /// Sets one setting of a bucket behind lifeboat's back; `None` takes it away.
    pub fn put_bucket_setting(&self, bucket: &str, op: ReadOp, value: Option<Document>) {
        if let Some(bucket) = self.lock().buckets.get_mut(bucket) {
            match value {
                Some(value) => bucket.settings.insert(op, value),
                None => bucket.settings.remove(&op),
            };
        }
    }

    /// One setting of a bucket as it is, without a request; `None` when there is none.
    pub fn bucket_setting(&self, bucket: &str, op: ReadOp) -> Option<Document> {
        self.lock().buckets.get(bucket)?.settings.get(&op).cloned()
    }

    /// Adds a lifecycle rule that somebody else wrote.
    pub fn add_foreign_rule(&self, bucket: &str, rule: Rule) {
        let mut live = self.bucket_setting(bucket, ReadOp::BucketLifecycle).and_then(|live| live.to::<Lifecycle>()).unwrap_or_default();
        live.rules.push(rule);
        live.minimum_size.get_or_insert_with(|| lifecycle::DEFAULT_MINIMUM.to_owned());
        self.put_bucket_setting(bucket, ReadOp::BucketLifecycle, Some(Document::of(&live)));
    }

    /// The lifecycle rules of a bucket, in their order.
    pub fn rules(&self, bucket: &str) -> Vec<Rule> {
        self.bucket_setting(bucket, ReadOp::BucketLifecycle).and_then(|live| live.to::<Lifecycle>()).unwrap_or_default().rules
    }

    /// Makes a role, with an inline policy named `lifeboat` if one is given.
    pub fn put_role(&self, name: &str, trust: RoleTrust, permissions: Option<Document>) {
        self.lock().roles.insert(name.to_owned(), Role::new(trust, permissions));
    }

    /// Makes a KMS key that answers to a name: an ARN or an alias.
    pub fn put_key(&self, name: &str, key: Key) {
        self.lock().keys.insert(name.to_owned(), key);
    }

    /// Attaches a managed policy behind lifeboat's back.
    pub fn attach(&self, role: &str, arn: &str) {
        if let Some(role) = self.lock().roles.get_mut(role) {
            role.attached.insert(arn.to_owned());
        }
    }

    /// Adds an inline policy of others to a role.
    pub fn add_inline(&self, role: &str, name: &str) {
        if let Some(role) = self.lock().roles.get_mut(role) {
            role.inline.insert(name.to_owned());
        }
    }

    /// What is attached to a role, and its inline policies of others, without a request.
    pub fn policies_of_role(&self, role: &str) -> Option<(BTreeSet<String>, BTreeSet<String>)> {
        self.lock().roles.get(role).map(|role| (role.attached.clone(), role.inline.clone()))
    }

    /// A role as it is, without a request: trust and our inline policy.
    pub fn role(&self, name: &str) -> Option<(RoleTrust, Option<Document>)> {
        self.lock().roles.get(name).map(|role| (role.trust.clone(), role.permissions.clone()))
    }

    /// Answers one question so until [`World::answer_truly`]: for answers that a store cannot give, as an unknown element.
    pub fn answer(&self, target: ResourceId, op: ReadOp, fact: Fact<Document>) {
        self.lock().answers.insert((target, op), fact);
    }

    /// Takes an [`World::answer`] back.
    pub fn answer_truly(&self, target: ResourceId, op: ReadOp) {
        self.lock().answers.remove(&(target, op));
    }

    /// From now on the store takes every write on objects and ignores its conditions, as some S3-compatible servers do.
    pub fn ignore_conditions(&self) {
        self.lock().careless = true;
    }

    /// Requests so far, or since [`World::forget`].
    pub fn requests(&self) -> usize {
        self.lock().requests
    }

    /// Every write that was sent, arrived or not, so far or since [`World::forget`].
    pub fn sent(&self) -> Vec<Sent> {
        self.lock().sent.clone()
    }

    /// Begins to count anew and takes back what is left of the script.
    pub fn forget(&self) {
        let mut state = self.lock();
        (state.requests, state.sent, state.script) = (0, Vec::new(), Vec::new());
    }

    /// Does a request: counts it, lets the script strike, and does to the answer what it says.
    fn call<T>(&self, op: Op, target: &str, body: Option<&Document>, work: impl FnOnce(&mut State) -> Result<T, PortError>) -> Result<T, PortError> {
        let mut state = self.lock();
        let fate = state.enter(op, target, body)?;
        let before = state.before(fate, target);
        let answer = work(&mut state);
        state.after(fate, op, target, before, answer)
    }
}

impl State {
    fn serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    fn bucket(&mut self, op: Op, name: &str) -> Result<&mut Bucket, PortError> {
        let found = self.buckets.get_mut(name);
        let found = found.ok_or_else(|| failure(op, name, Kind::Missing, "NoSuchBucket: The specified bucket does not exist"))?;
        if found.owner == ACCOUNT { Ok(found) } else { Err(failure(op, name, Kind::Refused, "AccessDenied: Access Denied")) }
    }
}

fn failure(op: Op, target: &str, kind: Kind, message: &str) -> PortError {
    PortError { what: format!("{op:?} of {target}"), kind, message: message.to_owned(), maybe_done: false }
}

#[cfg(test)]
mod tests;
