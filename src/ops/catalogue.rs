//! The catalogue as commands need it: listing, manifests, tags and what the records say, read together. Writes nothing.

use std::collections::BTreeMap;

use futures_util::StreamExt as _;
use futures_util::future::join_all;
use futures_util::stream;
use jiff::Timestamp;

use super::{OpError, Prepared, causes, evidence};
use crate::catalog::backups::{Around, Backup, Proven, Read, Tags, judge};
use crate::catalog::layout::{self, Foreign, MANIFEST};
use crate::catalog::manifest::{LARGEST, Manifest};
use crate::catalog::physical::{self, Place, Repository};
use crate::evidence::{Checked, Kind as RecordKind, Record};
use crate::model::fact::{Fact, Why};
use crate::model::policy::Name;
use crate::model::resource::SeenBackup;
use crate::policy::LoadedPolicy;
use crate::ports::{Kind, ObjectInfo, PortError, Ports};

/// How many requests are under way at once.
const AT_ONCE: usize = 16;
/// From how far on the clock of this machine is worth a sentence, in seconds.
const SKEW: i64 = 60;

/// Whose tags are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marked {
    /// Nobody's.
    No,
    /// Those of the manifest, or of the first object where there is none.
    Last,
    /// Those of every object.
    All,
}

/// The backups of one policy.
pub(super) struct Shelf<'a> {
    pub(super) policy: &'a LoadedPolicy,
    pub(super) backups: Vec<Backup>,
    pub(super) foreign: Foreign,
    /// Repositories of other engines that lie there too.
    pub(super) repositories: Vec<Repository>,
    /// The time, by S3 where it said it.
    pub(super) now: Timestamp,
    /// What is wrong with the clock of this machine, if something is.
    pub(super) clock: Option<String>,
}

/// What records say of backups, by policy, set and id.
pub(super) type Proofs = BTreeMap<(String, String, String), Proven>;

/// Reads what records say. Without evidence in the config repo there are none, and that is known.
pub(super) async fn proofs(prepared: &Prepared, ports: &Ports) -> Fact<Proofs> {
    let Some(place) = evidence::configured(prepared) else { return Fact::Known(Proofs::new()) };
    let checked = match evidence::trusted(prepared, place) {
        Ok(keys) => evidence::checked(ports, place, &keys, None, &[]).await,
        Err(error) => Err(error),
    };
    match checked {
        Err(error) => Fact::Unknown(Why::Unreachable(causes(&error))),
        Ok(chains) => match chains.iter().find(|chain| !chain.is_whole()) {
            Some(broken) => Fact::Unknown(Why::NotUnderstood(format!("the chain of {} is broken: `lifeboat evidence verify` says where", broken.identity))),
            None => Fact::Known(said(&chains)),
        },
    }
}

/// The last word of each backup's drills, whoever ran them.
fn said(chains: &[Checked]) -> Proofs {
    let mut records: Vec<&Record> = chains.iter().flat_map(|chain| chain.records.iter().map(|(_, record, _)| record)).collect();
    records.sort_by(|a, b| a.at.cmp(&b.at));
    let mut out = Proofs::new();
    for record in records {
        let text = |name: &str| record.body.get(name).and_then(serde_json::Value::as_str);
        let (Some(policy), Some(set), Some(id)) = (record.policy.clone(), text("set"), text("backup")) else { continue };
        let proven = out.entry((policy, set.to_owned(), id.to_owned())).or_default();
        match record.kind {
            RecordKind::Backup => proven.recorded = true,
            RecordKind::Drill => match text("verdict") {
                Some("passed") => (proven.verified, proven.manifest, proven.failed) = (record.at.parse().ok(), text("manifest").map(str::to_owned), false),
                Some("failed") if damages(record) => (proven.verified, proven.failed) = (None, true),
                _ => {}
            },
            RecordKind::Apply | RecordKind::Restore | RecordKind::Keep | RecordKind::Hold | RecordKind::Undelete => {}
        }
    }
    out
}

/// Whether a failed drill says something of the backup: one that only took too long does not.
fn damages(record: &Record) -> bool {
    let checks = record.body.get("checks").and_then(serde_json::Value::as_array);
    let of = |check: &serde_json::Value, name: &str| check.get(name).and_then(serde_json::Value::as_str).map(str::to_owned);
    checks.into_iter().flatten().any(|check| of(check, "outcome").as_deref() == Some("failed") && !matches!(of(check, "id").as_deref(), Some("rpo" | "rto")))
}

/// Reads the backups of a policy, or of one set of it. `marked` says whose tags are asked for.
pub(super) async fn shelf<'a>(
    ports: &Ports,
    policy: &'a LoadedPolicy,
    set: Option<&Name>,
    proofs: &Fact<Proofs>,
    marked: Marked,
) -> Result<Shelf<'a>, OpError> {
    let storage = &policy.policy.spec.storage;
    let below = set.map_or_else(|| storage.prefix.clone(), |set| format!("{}{set}/", storage.prefix));
    let listing = match ports.objects.list(&storage.bucket, &below).await {
        Err(error) if error.kind == Kind::Missing => Vec::new(),
        listed => listed.map_err(|source| unlisted(policy, source))?,
    };
    let objects = || listing.iter().map(|object| (object.key.as_str(), object.bytes, object.modified));
    let seen = layout::backups(&storage.prefix, objects());
    let (now, clock) = clock(ports, &storage.bucket, &storage.prefix, &seen).await;
    let read = |seen: SeenBackup| async move {
        let known = proofs.known().and_then(|proofs| proofs.get(&(policy.name.clone(), seen.set.clone(), seen.id.clone())));
        let read = read(ports, policy, &seen, known.is_some_and(|proven| proven.recorded), marked).await;
        let max_duration = policy.policy.spec.backups.iter().find(|(name, _)| name.0 == seen.set).map(|(_, set)| set.max_duration);
        let folder = layout::folder(&policy.policy.spec.storage.prefix, &seen.set, &seen.id);
        judge(seen, read, &Around { policy: &policy.name, folder: &folder, max_duration, now })
    };
    let backups = stream::iter(seen).map(read).buffered(AT_ONCE).collect().await;
    let places = physical::places(listing.iter().map(|object| object.key.as_str()));
    let others = objects().filter(|(key, ..)| places.iter().all(|place| !physical::is_of(place, key)));
    let foreign = layout::foreign(&storage.prefix, others);
    let repositories = join_all(places.iter().map(|place| repository(ports, &storage.bucket, place, &listing))).await;
    Ok(Shelf { policy, backups, foreign, repositories, now, clock })
}

/// A repository of another engine, by its own metadata.
async fn repository(ports: &Ports, bucket: &str, place: &Place, listing: &[ObjectInfo]) -> Repository {
    let keys = || listing.iter().map(|object| object.key.as_str());
    let mut metadata = Vec::new();
    let mut problems = Vec::new();
    for key in physical::metadata(place, keys()) {
        match ports.objects.get(bucket, &key, LARGEST).await {
            Ok(bytes) => metadata.push((key, bytes)),
            Err(error) => problems.push(causes(&error)),
        }
    }
    let listed: Vec<(&str, u64)> = listing.iter().map(|object| (object.key.as_str(), object.bytes)).collect();
    let mut repository = physical::read(place, &listed, &metadata);
    repository.problems.extend(problems);
    repository
}

fn unlisted(policy: &LoadedPolicy, source: PortError) -> OpError {
    let storage = &policy.policy.spec.storage;
    OpError::Cloud { what: format!("the backups in s3://{}/{} cannot be listed", storage.bucket, storage.prefix), source, credentials: None }
}

/// The time by S3, from the answer about the smallest manifest; the clock of this machine where there is none.
async fn clock(ports: &Ports, bucket: &str, prefix: &str, seen: &[SeenBackup]) -> (Timestamp, Option<String>) {
    let manifest = |seen: &SeenBackup| {
        let key = format!("{}{MANIFEST}", layout::folder(prefix, &seen.set, &seen.id));
        seen.keys.get(&key).map(|bytes| (*bytes, key))
    };
    let here = ports.clock.now();
    let Some((_, key)) = seen.iter().filter_map(manifest).min() else { return (here, None) };
    match ports.objects.get_tagged(bucket, &key, LARGEST).await {
        Err(_) => (here, None),
        Ok(tagged) => {
            let off = ports.clock.now().as_second() - tagged.now.as_second();
            let said = (off.abs() > SKEW)
                .then(|| format!("the clock of this machine is {} s {} S3's; S3's counts", off.abs(), if off > 0 { "ahead of" } else { "behind" }));
            (tagged.now, said)
        }
    }
}

async fn read(ports: &Ports, policy: &LoadedPolicy, seen: &SeenBackup, recorded: bool, marked: Marked) -> Read {
    let storage = &policy.policy.spec.storage;
    let key = format!("{}{MANIFEST}", layout::folder(&storage.prefix, &seen.set, &seen.id));
    let manifest = if !seen.complete {
        Fact::Absent
    } else if seen.keys.get(&key).is_some_and(|bytes| *bytes > LARGEST) {
        Fact::Unknown(Why::NotUnderstood(format!("{key} is larger than any manifest")))
    } else {
        match ports.objects.get(&storage.bucket, &key, LARGEST).await {
            Ok(bytes) => Fact::Known(Manifest::parse(&bytes, &seen.set, &seen.id)),
            Err(error) => Fact::Unknown(error.why()),
        }
    };
    let last = if seen.complete { Some(&key) } else { seen.keys.keys().next() };
    let asked: Vec<&String> = match marked {
        Marked::No => Vec::new(),
        Marked::Last => last.into_iter().collect(),
        Marked::All => seen.keys.keys().collect(),
    };
    let ask = |key: &String| {
        let key = key.clone();
        async move {
            let tags = ports.objects.tags(&storage.bucket, &key, None).await.map_or_else(|error| Fact::Unknown(error.why()), Fact::Known);
            (key, tags)
        }
    };
    let marks: BTreeMap<String, Fact<Tags>> = join_all(asked.into_iter().map(ask)).await.into_iter().collect();
    let tags = last.and_then(|last| marks.get(last)).cloned().unwrap_or(Fact::Unknown(Why::NotAsked));
    Read { manifest, tags, marks, recorded }
}
