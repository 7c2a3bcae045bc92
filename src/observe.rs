//! Asks the control plane everything that the desired state needs to be compared with. Writes nothing.
//!
//! Each question is asked once, concurrently. A refused question is one unknown fact, never a failed run.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::StreamExt as _;
use futures_util::stream;

use crate::catalog::layout;
use crate::model::document::Document;
use crate::model::fact::{Fact, Why};
use crate::model::id::ResourceId;
use crate::model::lifecycle::Lifecycle;
use crate::model::policy::Trust;
use crate::model::request::{Read, ReadOp};
use crate::model::resource::{Desired, Identity, Observed, ObservedResource, ResourceWish, SeenBackup};
use crate::ports::{Clock, Ports};
use crate::settings;
use crate::settings::bucket_lifecycle::left;

/// How many questions are under way at once.
const AT_ONCE: usize = 16;

/// Every question that the desired state raises.
pub fn questions(desired: &Desired) -> BTreeSet<Read> {
    let of = |wish: &ResourceWish| {
        let id = wish.id();
        let own = settings::of_kind(id.kind()).map(|setting| Read { op: setting.read, target: id.clone() });
        own.chain(settings::beyond(wish)).collect::<Vec<_>>()
    };
    let keys = desired.resources.iter().filter_map(key_of).map(|key| Read { op: ReadOp::Key, target: ResourceId::Key(key.to_owned()) });
    let profiles = desired.resources.iter().filter(|wish| has_instance_profile(wish)).map(|wish| Read { op: ReadOp::RoleProfiles, target: wish.id() });
    desired.resources.iter().flat_map(of).chain(keys).chain(profiles).collect()
}

fn has_instance_profile(wish: &ResourceWish) -> bool {
    matches!(wish, ResourceWish::Role(role) if role.trust.iter().any(|trust| matches!(trust, Trust::InstanceProfile(_))))
}

/// The KMS key that a bucket is to be encrypted with: looked at, never changed.
fn key_of(wish: &ResourceWish) -> Option<&str> {
    match wish {
        ResourceWish::Bucket(bucket) => bucket.encryption.as_ref()?.key.as_deref(),
        _ => None,
    }
}

/// Reads all of it.
pub async fn observe(desired: &Desired, ports: &Ports, identity: Fact<Identity>) -> Observed {
    let at = ports.clock.now();
    let reads = questions(desired);
    let mut requests = reads.len();
    let ask = |read: Read| async move {
        let fact = ports.cloud.read(&read).await;
        (read, fact)
    };
    let answers: Vec<(Read, Fact<Document>)> = stream::iter(reads).map(ask).buffer_unordered(AT_ONCE).collect().await;
    let mut resources: BTreeMap<_, ObservedResource> = BTreeMap::new();
    for (read, fact) in answers {
        resources.entry(read.target).or_default().facts.insert(read.op, fact);
    }
    let mut backups = BTreeMap::new();
    for (policy, bucket, prefix) in tenants(desired) {
        requests += 1;
        backups.insert(policy, seen_backups(ports, &bucket, &prefix).await);
    }
    let mut left = BTreeMap::new();
    for (bucket, policy, prefix) in left_behind(desired, &resources) {
        requests += 1;
        let seen = seen_backups(ports, &bucket, &prefix).await;
        left.insert((bucket, policy), seen);
    }
    Observed { at, identity, resources, backups, left, applied: BTreeMap::new(), requests }
}

/// Policies that left a bucket, by their cleanup rule: bucket, policy, prefix.
fn left_behind(desired: &Desired, resources: &BTreeMap<ResourceId, ObservedResource>) -> Vec<(String, String, String)> {
    let mut out = Vec::new();
    for wish in &desired.resources {
        let ResourceWish::Bucket(bucket) = wish else { continue };
        let live = resources.get(&wish.id()).map(|seen| seen.fact(ReadOp::BucketLifecycle));
        let Some(live) = live.as_ref().and_then(Fact::known).and_then(Document::to::<Lifecycle>) else { continue };
        let gone = left(bucket, &live).into_iter().filter(|rule| bucket.tenants.iter().all(|tenant| tenant.policy != rule.policy));
        out.extend(gone.filter_map(|rule| Some((bucket.name.clone(), rule.policy, rule.prefix?))));
    }
    out
}

/// The same shape with nothing asked, for `--offline`.
pub fn offline(desired: &Desired, clock: &dyn Clock) -> Observed {
    let mut resources: BTreeMap<_, ObservedResource> = BTreeMap::new();
    for read in questions(desired) {
        resources.entry(read.target).or_default().facts.insert(read.op, Fact::Unknown(Why::NotAsked));
    }
    let backups = tenants(desired).into_iter().map(|(policy, _, _)| (policy, Fact::Unknown(Why::NotAsked))).collect();
    Observed { at: clock.now(), identity: Fact::Unknown(Why::NotAsked), resources, backups, left: BTreeMap::new(), applied: BTreeMap::new(), requests: 0 }
}

fn tenants(desired: &Desired) -> Vec<(String, String, String)> {
    let buckets = desired.resources.iter().filter_map(|wish| match wish {
        ResourceWish::Bucket(bucket) => Some(bucket),
        ResourceWish::Role(_) | ResourceWish::Provider(_) => None,
    });
    buckets.flat_map(|bucket| bucket.tenants.iter().map(|tenant| (tenant.policy.clone(), bucket.name.clone(), tenant.prefix.clone()))).collect()
}

/// The backups below one prefix, as the bucket lists them.
pub async fn seen_backups(ports: &Ports, bucket: &str, prefix: &str) -> Fact<Vec<SeenBackup>> {
    match ports.objects.list(bucket, prefix).await {
        Ok(listing) => Fact::Known(layout::backups(prefix, listing.iter().map(|object| (object.key.as_str(), object.bytes, object.modified)))),
        Err(error) if error.kind == crate::ports::Kind::Missing => Fact::Absent,
        Err(error) => Fact::Unknown(error.why()),
    }
}
