//! The repositories of physical sets, as they are, as they were and as they will be: listed, and told by their engines' own metadata.
//! Writes nothing.
//!
//! Metadata is held in memory while it is judged, and of all repositories together never more than of one.

use std::borrow::Cow;
use std::collections::BTreeMap;

use futures_util::StreamExt as _;
use futures_util::stream;
use jiff::Timestamp;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::causes;
use crate::catalog::physical::{self, Listed, Metadata, Place, Repository};
use crate::model::aspects::Versioning;
use crate::model::fact::Fact;
use crate::model::lifecycle::Lifecycle;
use crate::model::policy::{Name, PhysicalSet};
use crate::model::resource::{Observed, SeenObject, SeenRepository};
use crate::policy::LoadedPolicy;
use crate::ports::{Kind, PortError, Ports, VersionInfo};
use crate::report::status::live;
use crate::report::{Repositories, ahead, past};

/// How many repositories are read at once, as far as their metadata fits into [`Memory`].
const AT_ONCE: usize = 16;
/// What [`Memory`] counts in, in bytes.
const UNIT: u64 = 1024;
/// By how much metadata may have grown since it was listed, in bytes, besides by half.
const GROWN: u64 = 1 << 20;

/// Room for the metadata of repositories: as much in all as one of them may have.
#[derive(Debug)]
pub(super) struct Memory(Semaphore);

impl Default for Memory {
    fn default() -> Self {
        Self(Semaphore::new(usize::try_from(Self::ALL / UNIT).unwrap_or(Semaphore::MAX_PERMITS)))
    }
}

impl Memory {
    const ALL: u64 = physical::MOST_READ.1;

    /// Waits for room for metadata of so many bytes by the listing, and for what may have come to it since. Answers how many bytes.
    async fn room(&self, listed: u64) -> (u64, Option<SemaphorePermit<'_>>) {
        let units = listed.saturating_add(listed / 2).saturating_add(GROWN).min(Self::ALL) / UNIT;
        // It is never closed; were it, what is read would still be bounded.
        let room = self.0.acquire_many(u32::try_from(units).unwrap_or(u32::MAX)).await.ok();
        (units * UNIT, room)
    }
}

/// What the engine of a repository says of its backups, and the room that it takes until it is dropped.
#[derive(Debug)]
pub(super) struct Told<'m> {
    pub(super) metadata: Vec<Metadata>,
    _room: Option<SemaphorePermit<'m>>,
}

/// How metadata is read.
#[derive(Clone, Copy)]
pub(super) struct Reading<'a> {
    pub(super) ports: &'a Ports,
    pub(super) memory: &'a Memory,
    pub(super) bucket: &'a str,
    /// By these versions, and not as it is now.
    pub(super) versions: Option<&'a [&'a VersionInfo]>,
}

impl<'a> Reading<'a> {
    /// Reads what the engine of a repository says of its backups, one after another.
    pub(super) async fn told(self, place: &Place, listed: &[Listed<'_>]) -> Told<'a> {
        let keys = physical::metadata(place, listed.iter().map(|(key, ..)| *key));
        let sizes = || listed.iter().map(|(key, bytes, _)| (*key, *bytes));
        if let Some(why) = physical::too_much(&keys, sizes()) {
            return Told { metadata: keys.into_iter().map(|key| (key, Err(why.clone()))).collect(), _room: None };
        }
        let (mut left, room) = self.memory.room(physical::weight(&keys, sizes())).await;
        let mut metadata = Vec::new();
        for key in keys {
            let read = self.read(&key, left).await;
            left = left.saturating_sub(read.as_ref().map_or(0, |bytes| bytes.len() as u64));
            metadata.push((key, read));
        }
        Told { metadata, _room: room }
    }

    async fn read(self, key: &str, limit: u64) -> Result<Vec<u8>, String> {
        let (objects, bucket) = (&self.ports.objects, self.bucket);
        let Some(versions) = self.versions else { return objects.get(bucket, key, limit).await.map_err(|error| causes(&error)) };
        let Some(version) = versions.iter().find(|version| version.key == key) else { return Err("it has no version from then".to_owned()) };
        if !version.latest {
            let old = |error: &PortError| if error.kind == Kind::Refused { " (it takes s3:GetObjectVersion)" } else { "" };
            return objects.get_version(bucket, key, &version.id, limit).await.map_err(|error| format!("{}{}", causes(&error), old(&error)));
        }
        // The current one needs no right to read versions; another one may have come since the listing.
        let found = objects.get_tagged(bucket, key, limit).await.map_err(|error| causes(&error))?;
        if found.modified.as_second() != version.modified.as_second() {
            return Err("it was replaced while it was read: ask again".to_owned());
        }
        Ok(found.bytes)
    }
}

/// A physical set of a policy, and where its repository lies.
struct Set<'a> {
    policy: &'a LoadedPolicy,
    name: &'a Name,
    place: Place,
}

impl<'a> Set<'a> {
    fn all(policy: &'a LoadedPolicy) -> impl Iterator<Item = Self> {
        let of = |(name, set): (&'a Name, &'a PhysicalSet)| Set { policy, name, place: Place::of(&policy.policy.spec.storage.prefix, set) };
        policy.policy.spec.backups.physical.iter().map(of)
    }

    fn key(&self) -> (String, String) {
        (self.policy.name.clone(), self.name.0.clone())
    }

    fn bucket(&self) -> &'a str {
        &self.policy.policy.spec.storage.bucket
    }

    /// Its objects. What the listing of the policy showed already is not listed again.
    async fn objects<'s>(&self, ports: &Ports, stored: &'s BTreeMap<String, Vec<SeenRepository>>) -> Fact<Cow<'s, [SeenObject]>> {
        if let Some(seen) = stored.get(&self.policy.name).into_iter().flatten().find(|seen| seen.place == self.place) {
            return Fact::Known(Cow::Borrowed(&seen.objects));
        }
        match ports.objects.list(self.bucket(), &self.place.base).await {
            Ok(listing) => {
                let objects =
                    listing.into_iter().map(|object| SeenObject { key: object.key, bytes: object.bytes, written: object.modified, class: object.class });
                Fact::Known(Cow::Owned(objects.collect()))
            }
            Err(error) if error.kind == Kind::Missing => Fact::Absent,
            Err(error) => Fact::Unknown(error.why()),
        }
    }
}

fn listed(objects: &[SeenObject]) -> Vec<Listed<'_>> {
    objects.iter().map(|object| (object.key.as_str(), object.bytes, object.written)).collect()
}

/// The repositories of all physical sets as they are.
pub(super) async fn now(ports: &Ports, policies: &[LoadedPolicy], stored: &BTreeMap<String, Vec<SeenRepository>>) -> Repositories {
    let memory = Memory::default();
    within(ports, policies, stored, &memory).await
}

async fn within(ports: &Ports, policies: &[LoadedPolicy], stored: &BTreeMap<String, Vec<SeenRepository>>, memory: &Memory) -> Repositories {
    let read = async |set: Set<'_>| {
        let reading = Reading { ports, memory, bucket: set.bucket(), versions: None };
        let found = match set.objects(ports, stored).await {
            Fact::Known(objects) => {
                let listed = listed(&objects);
                Fact::Known(physical::read(&set.place, &listed, &reading.told(&set.place, &listed).await.metadata))
            }
            Fact::Absent => Fact::Absent,
            Fact::Unknown(why) => Fact::Unknown(why),
        };
        (set.key(), found)
    };
    let all: Vec<_> = policies.iter().flat_map(Set::all).map(&read).collect();
    stream::iter(all).buffered(AT_ONCE).collect().await
}

/// The repositories of all physical sets as the live rules of the buckets leave them until `at`, if nothing else happens.
pub(super) async fn left(ports: &Ports, policies: &[LoadedPolicy], observed: &Observed, at: Timestamp) -> Repositories {
    let memory = Memory::default();
    let read = async |set: Set<'_>| {
        let reading = Reading { ports, memory: &memory, bucket: set.bucket(), versions: None };
        let found = match (set.objects(ports, &observed.stored).await, live(set.bucket(), observed)) {
            (Fact::Known(objects), Ok(live)) => {
                let told = reading.told(&set.place, &listed(&objects)).await;
                Fact::Known(ahead::repository(&set.place, (&objects, &told.metadata), &live, (at, observed.at)))
            }
            (Fact::Known(_), Err(why)) => Fact::Known(Repository::untold(&set.place, why)),
            (Fact::Absent, _) => Fact::Absent,
            (Fact::Unknown(why), _) => Fact::Unknown(why),
        };
        (set.key(), found)
    };
    let all: Vec<_> = policies.iter().flat_map(Set::all).map(&read).collect();
    stream::iter(all).buffered(AT_ONCE).collect().await
}

/// What is known of a moment that is over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) at: Timestamp,
    /// When the bucket was read.
    pub(super) read: Timestamp,
}

/// The repositories of the physical sets of a policy as they were, by the versions below its prefix, which are by key, the newest first.
/// Where something that was there then may have left no trace, or cannot be read, it is not known.
pub(super) async fn then(
    (ports, memory): (&Ports, &Memory),
    policy: &LoadedPolicy,
    versions: &Result<Vec<VersionInfo>, PortError>,
    live: &Result<(Lifecycle, Option<Versioning>), String>,
    moment: Moment,
) -> Repositories {
    let mut out = Repositories::new();
    for set in Set::all(policy) {
        let found = match versions {
            Ok(versions) => Fact::Known(match held((ports, memory), &set, versions, live, moment).await {
                Ok(found) => found,
                Err(why) => Repository::untold(&set.place, format!("what it held then is not known: {why}")),
            }),
            Err(error) if error.kind == Kind::Missing => Fact::Absent,
            Err(error) => Fact::Unknown(error.why()),
        };
        out.insert(set.key(), found);
    }
    out
}

async fn held(
    (ports, memory): (&Ports, &Memory),
    set: &Set<'_>,
    versions: &[VersionInfo],
    live: &Result<(Lifecycle, Option<Versioning>), String>,
    Moment { at, read }: Moment,
) -> Result<Repository, String> {
    let live = live.as_ref().map_err(String::clone)?;
    if let Some(why) = past::untold(&set.place, &set.policy.policy.spec.storage, live, at, read) {
        return Err(why);
    }
    let then = past::repository(&set.place, versions, at)?;
    let listed: Vec<Listed<'_>> = then.iter().map(|version| (version.key.as_str(), version.bytes, version.modified)).collect();
    let told = Reading { ports, memory, bucket: set.bucket(), versions: Some(&then) }.told(&set.place, &listed).await;
    match told.metadata.iter().find_map(|(key, read)| Some((key, read.as_ref().err()?))) {
        Some((key, why)) => Err(format!("{key} as it was then could not be read: {why}")),
        None => Ok(physical::read(&set.place, &listed, &told.metadata)),
    }
}

#[cfg(test)]
mod tests;
