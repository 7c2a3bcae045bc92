//! Repositories of other engines as they are seen: what lies in them, and, where a step may take something of it, what their engine says
//! of its backups. It never reads data.

use super::{Question, is_open};
use crate::catalog::physical;
use crate::model::fact::{Fact, Why};
use crate::model::id::ResourceKind;
use crate::model::request::ReadOp;
use crate::model::resource::{BucketWish, Desired, Observed, ResourceWish, SeenObject, SeenRepository};
use crate::ports::{ObjectInfo, Ports};
use crate::settings;

/// Settings whose steps may take what is stored, or say what they mean for it.
const TAKE: [ReadOp; 3] = [ReadOp::BucketLifecycle, ReadOp::BucketVersioning, ReadOp::BucketObjectLock];

/// The repositories that a listing shows.
pub(super) fn seen(listing: &[ObjectInfo]) -> Vec<SeenRepository> {
    let of = |place: physical::Place| {
        let within = listing.iter().filter(|object| physical::is_of(&place, &object.key));
        let object = |object: &ObjectInfo| SeenObject { key: object.key.clone(), bytes: object.bytes, written: object.modified, class: object.class.clone() };
        let objects: Vec<SeenObject> = within.map(object).collect();
        let keys = physical::metadata(&place, objects.iter().map(|object| object.key.as_str()));
        let too_much = physical::too_much(&keys, objects.iter().map(|object| (object.key.as_str(), object.bytes)));
        SeenRepository { place, objects, metadata: Fact::Unknown(too_much.map_or(Why::NotAsked, Why::NotUnderstood)) }
    };
    physical::places(listing.iter().map(|object| object.key.as_str())).into_iter().map(of).collect()
}

/// What the engines say of the backups of buckets in which a step may take some. Where nothing is to change, nothing is asked.
pub(super) fn questions(desired: &Desired, seen: &Observed) -> Vec<Question> {
    let mut out = Vec::new();
    for wish in &desired.resources {
        let ResourceWish::Bucket(bucket) = wish else { continue };
        let questions = of_bucket(bucket, seen);
        let takes = |setting: &settings::Setting| TAKE.contains(&setting.read) && is_open(setting, wish, seen);
        if !questions.is_empty() && settings::of_kind(ResourceKind::Bucket).any(takes) {
            out.extend(questions);
        }
    }
    out
}

fn of_bucket(bucket: &BucketWish, seen: &Observed) -> Vec<Question> {
    let mut out = Vec::new();
    for tenant in &bucket.tenants {
        let stored = seen.stored.get(&tenant.policy).into_iter().flatten().enumerate();
        for (at, repository) in stored.filter(|(_, repository)| repository.metadata == Fact::Unknown(Why::NotAsked)) {
            let keys = physical::metadata(&repository.place, repository.objects.iter().map(|object| object.key.as_str()));
            let ask = |key| Question::Metadata { policy: tenant.policy.clone(), bucket: bucket.name.clone(), at, key };
            out.extend(keys.into_iter().map(ask));
        }
    }
    out
}

pub(super) async fn metadata(ports: &Ports, bucket: &str, key: &str) -> Fact<Vec<u8>> {
    match ports.objects.get(bucket, key, physical::MOST_READ.1).await {
        Ok(bytes) => Fact::Known(bytes),
        Err(error) => Fact::Unknown(error.why()),
    }
}

/// Puts an answer to those that are there; what could not be read is there with the reason.
pub(super) fn put(seen: &mut Observed, policy: &str, at: usize, key: String, fact: Fact<Vec<u8>>) {
    let Some(repository) = seen.stored.get_mut(policy).and_then(|stored| stored.get_mut(at)) else { return };
    let read = match fact {
        Fact::Known(bytes) => Ok(bytes),
        Fact::Absent => Err("it is gone".to_owned()),
        Fact::Unknown(why) => Err(why.to_string()),
    };
    match &mut repository.metadata {
        Fact::Known(metadata) => metadata.push((key, read)),
        Fact::Absent | Fact::Unknown(_) => repository.metadata = Fact::Known(vec![(key, read)]),
    }
}
