//! The catalogue as commands need it: listing, manifests, tags and what the records say, read together. Writes nothing.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::StreamExt as _;
use futures_util::future::join_all;
use futures_util::stream;
use jiff::Timestamp;

use super::indexed::{self, Indexed};
use super::repositories::{Memory, Reading};
use super::{OpError, Prepared, causes, evidence};
use crate::catalog::backups::{Around, Backup, CLOCKS, Proven, Read, Tags, judge};
use crate::catalog::index::Entry;
use crate::catalog::layout::{self, Foreign, MANIFEST};
use crate::catalog::manifest::{LARGEST, Manifest};
use crate::catalog::physical::{self, Place, Repository};
use crate::catalog::summary::Summary;
use crate::evidence::{Checked, Kind as RecordKind, Record};
use crate::model::fact::{Fact, Why};
use crate::model::policy::Name;
use crate::model::repository::ControlPlace;
use crate::model::resource::SeenBackup;
use crate::observe;
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
    /// What was read of backups that can be remembered, by set and id.
    pub(super) entries: BTreeMap<(String, String), Entry>,
    /// Backups of which the index was believed, by set and id: nothing may be changed by its word alone.
    pub(super) remembered: BTreeSet<(String, String)>,
    /// The indexes as they were found, by set.
    pub(super) indexes: BTreeMap<String, Indexed>,
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
        Ok(chains) => trusted(&chains),
    }
}

/// What whole chains say; nothing where one is broken.
pub(super) fn trusted(chains: &[Checked]) -> Fact<Proofs> {
    match chains.iter().find(|chain| !chain.is_whole()) {
        Some(broken) => Fact::Unknown(Why::NotUnderstood(format!("the chain of {} is broken: `lifeboat evidence verify` says where", broken.identity))),
        None => Fact::Known(said(chains)),
    }
}

/// The same, unless there are more records than `most`: then it is not known, and only the listing was asked for.
pub(super) async fn proofs_of_few(prepared: &Prepared, ports: &Ports, most: usize) -> Fact<Proofs> {
    let Some(place) = evidence::configured(prepared) else { return Fact::Known(Proofs::new()) };
    match ports.objects.list(&place.bucket, &place.prefix).await {
        Err(error) => Fact::Unknown(error.why()),
        Ok(records) if records.len() > most => Fact::Unknown(Why::NotUnderstood(format!("{} records are more than a plan reads", records.len()))),
        Ok(records) if records.is_empty() => Fact::Known(Proofs::new()),
        Ok(_) => proofs(prepared, ports).await,
    }
}

/// The last word of each backup's drills, whoever ran them.
pub(super) fn said(chains: &[Checked]) -> Proofs {
    let mut records: Vec<&Record> = chains.iter().flat_map(|chain| chain.records.iter().map(|(_, record, _)| record)).collect();
    records.sort_by(|a, b| a.at.cmp(&b.at));
    let mut out = Proofs::new();
    for record in records {
        let text = |name: &str| record.body.get(name).and_then(serde_json::Value::as_str);
        let (Some(policy), Some(backup)) = (record.policy.clone(), text("backup")) else { continue };
        // A hold names its backup in one word, POLICY/SET/ID.
        let named = || backup.strip_prefix(&policy)?.strip_prefix('/')?.split_once('/');
        let Some((set, id)) = text("set").map(|set| (set, backup)).or_else(named) else { continue };
        let proven = out.entry((policy.clone(), set.to_owned(), id.to_owned())).or_default();
        match record.kind {
            RecordKind::Backup => proven.recorded = true,
            RecordKind::Drill => match text("verdict") {
                Some("passed") => (proven.verified, proven.manifest, proven.failed) = (record.at.parse().ok(), text("manifest").map(str::to_owned), false),
                Some("failed") if damages(record) => (proven.verified, proven.failed) = (None, true),
                _ => {}
            },
            RecordKind::Hold | RecordKind::Undelete => proven.touched = record.at.parse().ok(),
            RecordKind::Apply | RecordKind::Restore | RecordKind::Keep => {}
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

/// How the backups of a policy are read.
#[derive(Clone, Copy)]
pub(super) struct Asking<'a> {
    /// What records say.
    pub(super) proofs: &'a Fact<Proofs>,
    /// Whose tags are asked for.
    pub(super) marked: Marked,
    /// Where the indexes are; none = everything is read from the bucket.
    pub(super) control: Option<&'a ControlPlace>,
    /// Whether everything is read from the bucket all the same, and remembered.
    pub(super) anew: bool,
}

impl<'a> Asking<'a> {
    /// Everything from the bucket, nothing from an index.
    pub(super) const fn plainly(proofs: &'a Fact<Proofs>, marked: Marked) -> Self {
        Self { proofs, marked, control: None, anew: false }
    }
}

/// Reads the backups of a policy, or of one set of it.
pub(super) async fn shelf<'a>(ports: &Ports, policy: &'a LoadedPolicy, set: Option<&Name>, asking: Asking<'_>) -> Result<Shelf<'a>, OpError> {
    let storage = &policy.policy.spec.storage;
    let physical = |set: &Name| policy.policy.spec.backups.physical.get(set).map(|set| format!("{}{}", storage.prefix, set.prefix));
    let below = set.map_or_else(|| storage.prefix.clone(), |set| physical(set).unwrap_or_else(|| format!("{}{set}/", storage.prefix)));
    let sets: Vec<String> = policy.policy.spec.backups.keys().map(|name| name.0.clone()).collect();
    let observe::Gathered { objects: listing, foreign: dropped } = match observe::gather(ports, &storage.bucket, (&storage.prefix, &below), &sets).await {
        Err(error) if error.kind == Kind::Missing => observe::Gathered::default(),
        listed => listed.map_err(|source| unlisted(policy, source))?,
    };
    let objects = || listing.iter().map(|object| (object.key.as_str(), object.bytes, object.modified));
    let mut seen = layout::backups(&storage.prefix, objects());
    layout::classify(&mut seen, &storage.prefix, listing.iter().filter_map(|object| Some((object.key.as_str(), object.class.as_deref()?))));
    let (now, clock) = clock(ports, &storage.bucket, smallest(&storage.prefix, &seen).as_deref(), LARGEST).await;
    let mut indexes = BTreeMap::new();
    for name in policy.policy.spec.backups.keys().filter(|name| set.is_none_or(|set| set == *name)) {
        let Some(control) = asking.control else { break };
        indexes.insert(name.0.clone(), indexed::open(ports, control, &policy.name, &name.0).await);
    }
    let reader = Reader { ports, policy, asking, now };
    let read = |seen: SeenBackup| {
        let listed = observe::listed(&seen, &listing);
        let known = indexes.get(&seen.set).and_then(|indexed| indexed.index.as_ref()?.entry(&seen.id, &listed, now));
        let known = known.filter(|entry| !asking.anew && !reader.is_touched(&seen, entry));
        async move { reader.one(seen, listed, known).await }
    };
    let all: Vec<One> = stream::iter(seen).map(read).buffered(AT_ONCE).collect().await;
    let places = physical::places(listing.iter().map(|object| object.key.as_str()));
    let others = objects().filter(|(key, ..)| places.iter().all(|place| !physical::is_of(place, key)));
    let foreign = layout::foreign(&storage.prefix, others).with(dropped);
    let listed: Vec<_> = objects().collect();
    let memory = Memory::default();
    let reading = Reading { ports, memory: &memory, bucket: &storage.bucket, versions: None };
    let repositories = join_all(places.iter().map(|place| repository(reading, place, &listed))).await;
    let (backups, entries, remembered) = (Vec::new(), BTreeMap::new(), BTreeSet::new());
    let mut shelf = Shelf { policy, backups, foreign, repositories, now, clock, entries, remembered, indexes };
    for one in all {
        shelf.backups.push(one.backup.clone());
        shelf.remember(one);
    }
    Ok(shelf)
}

/// One backup as it was read, or remembered.
struct One {
    backup: Backup,
    entry: Option<Entry>,
    remembered: bool,
}

impl Shelf<'_> {
    fn remember(&mut self, one: One) {
        let name = (one.backup.seen.set, one.backup.seen.id);
        if one.remembered {
            self.remembered.insert(name.clone());
        } else {
            self.remembered.remove(&name);
        }
        match one.entry {
            Some(entry) => self.entries.insert(name, entry),
            None => self.entries.remove(&name),
        };
    }

    /// Reads these backups of a set from the source, whatever an index said of them.
    pub(super) async fn refresh(&mut self, ports: &Ports, proofs: &Fact<Proofs>, set: &str, ids: &BTreeSet<String>) {
        let reader = Reader { ports, policy: self.policy, asking: Asking::plainly(proofs, Marked::All), now: self.now };
        let stale = self.backups.iter().filter(|backup| backup.seen.set == set && ids.contains(&backup.seen.id));
        let entries = &self.entries;
        let read = |backup: &Backup| {
            let (seen, name) = (backup.seen.clone(), (backup.seen.set.clone(), backup.seen.id.clone()));
            let listed = entries.get(&name).map(|entry| entry.listed.clone()).unwrap_or_default();
            async move { reader.one(seen, listed, None).await }
        };
        let fresh: Vec<One> = stream::iter(stale.map(read).collect::<Vec<_>>()).buffered(AT_ONCE).collect().await;
        for one in fresh {
            let place = self.backups.iter_mut().find(|backup| (&backup.seen.set, &backup.seen.id) == (&one.backup.seen.set, &one.backup.seen.id));
            if let Some(place) = place {
                place.clone_from(&one.backup);
            }
            self.remember(one);
        }
    }

    /// Writes the index of a set; what was changed is left out, and so read by the next run. Answers what could not be done.
    pub(super) async fn write_index(&self, ports: &Ports, control: &ControlPlace, set: &str, changed: &BTreeSet<String>) -> Option<String> {
        let of_set = self.entries.iter().filter(|((of, id), _)| of == set && !changed.contains(id));
        let entries = of_set.map(|((_, id), entry)| (id.clone(), entry.clone())).collect();
        indexed::write(ports, control, &self.policy.name, set, self.indexes.get(set)?, entries).await
    }
}

#[derive(Clone, Copy)]
struct Reader<'a> {
    ports: &'a Ports,
    policy: &'a LoadedPolicy,
    asking: Asking<'a>,
    now: Timestamp,
}

impl Reader<'_> {
    /// Whether a person has changed tags of a backup since they were asked for.
    fn is_touched(&self, seen: &SeenBackup, entry: &Entry) -> bool {
        let name = (self.policy.name.clone(), seen.set.clone(), seen.id.clone());
        let touched = self.asking.proofs.known().and_then(|proofs| proofs.get(&name)?.touched);
        touched.is_some_and(|at| at.as_second() + CLOCKS >= entry.asked.as_second())
    }

    async fn one(self, seen: SeenBackup, listed: String, known: Option<&Entry>) -> One {
        let (policy, storage) = (self.policy, &self.policy.policy.spec.storage);
        let name = (policy.name.clone(), seen.set.clone(), seen.id.clone());
        let recorded = self.asking.proofs.known().and_then(|proofs| proofs.get(&name)).is_some_and(|proven| proven.recorded);
        let (read, entry) = match known {
            Some(entry) => (recall(entry, &seen, &storage.prefix, recorded), Some(entry.clone())),
            None => {
                let read = read(self.ports, policy, &seen, recorded, self.asking.marked).await;
                let entry = (self.asking.marked == Marked::All).then(|| entry(&read, listed, self.now)).flatten();
                (read, entry)
            }
        };
        let set = policy.policy.spec.backups.iter().find(|(name, _)| name.0 == seen.set).map(|(_, set)| set);
        let (max_duration, retention) = (set.map(|set| set.max_duration), set.map(|set| &set.retention));
        let folder = layout::folder(&storage.prefix, &seen.set, &seen.id);
        let backup = judge(seen, read, &Around { policy: &policy.name, folder: &folder, max_duration, retention, now: self.now });
        One { backup, entry, remembered: known.is_some() }
    }
}

/// The backups of a policy that a listing showed, each by what an index remembers of it, else by its manifest and the tags of that,
/// which are the last to be set: so they stand for those of its other objects. Two requests for each that is not remembered.
pub(super) async fn glanced(
    ports: &Ports,
    policy: &LoadedPolicy,
    proofs: &Fact<Proofs>,
    seen: Vec<(SeenBackup, Option<&Entry>)>,
    now: Timestamp,
) -> Vec<Backup> {
    let reader = Reader { ports, policy, asking: Asking::plainly(proofs, Marked::Last), now };
    let read = |(seen, known): (SeenBackup, Option<&Entry>)| {
        let known = known.filter(|entry| !reader.is_touched(&seen, entry)).cloned();
        async move {
            let mut backup = reader.one(seen, String::new(), known.as_ref()).await.backup;
            for key in backup.seen.keys.keys() {
                backup.marks.entry(key.clone()).or_insert_with(|| backup.tags.clone());
            }
            backup
        }
    };
    stream::iter(seen.into_iter().map(read).collect::<Vec<_>>()).buffered(AT_ONCE).collect().await
}

/// A backup that a listing showed by its manifest, and by nothing that any record says.
pub(super) async fn looked(ports: &Ports, policy: &LoadedPolicy, seen: SeenBackup, marked: Marked, now: Timestamp) -> Backup {
    let proofs = Fact::Known(Proofs::new());
    Reader { ports, policy, asking: Asking::plainly(&proofs, marked), now }.one(seen, String::new(), None).await.backup
}

/// What the index says, as if it had been read.
fn recall(entry: &Entry, seen: &SeenBackup, prefix: &str, recorded: bool) -> Read {
    let key = format!("{}{MANIFEST}", layout::folder(prefix, &seen.set, &seen.id));
    let marks: BTreeMap<String, Fact<Tags>> = entry.tags.iter().map(|(key, tags)| (key.clone(), Fact::Known(tags.clone()))).collect();
    let tags = marks.get(&key).cloned().unwrap_or(Fact::Unknown(Why::NotAsked));
    Read { manifest: Fact::Known(Ok(entry.summary.clone())), tags, marks, recorded }
}

/// What can be remembered: a manifest that could be read, and the tags of every object.
fn entry(read: &Read, listed: String, asked: Timestamp) -> Option<Entry> {
    let Some(Ok(summary)) = read.manifest.known() else { return None };
    let tags: Option<BTreeMap<String, Tags>> = read.marks.iter().map(|(key, tags)| Some((key.clone(), tags.known()?.clone()))).collect();
    Some(Entry { listed, summary: summary.clone(), tags: tags?, asked })
}

/// A repository of another engine, by its own metadata.
async fn repository(reading: Reading<'_>, place: &Place, listed: &[physical::Listed<'_>]) -> Repository {
    physical::read(place, listed, &reading.told(place, listed).await.metadata)
}

/// The same with the archive of its WAL, the time by S3, and what is wrong with the clock of this machine, if something is.
pub(super) async fn archived(ports: &Ports, bucket: &str, place: &Place, listing: &[ObjectInfo]) -> (Repository, physical::Archive, Timestamp, Option<String>) {
    let listed: Vec<_> = listing.iter().map(|object| (object.key.as_str(), object.bytes, object.modified)).collect();
    let memory = Memory::default();
    let metadata = Reading { ports, memory: &memory, bucket, versions: None }.told(place, &listed).await.metadata;
    let read = listing.iter().filter(|object| metadata.iter().any(|(key, read)| *key == object.key && read.is_ok()));
    let (now, clock) = clock(ports, bucket, read.min_by_key(|object| object.bytes).map(|object| object.key.as_str()), physical::MOST_READ.1).await;
    let (found, archive) = physical::read_with_archive(place, &listed, &metadata);
    (found, archive, now, clock)
}

pub(super) fn unlisted(policy: &LoadedPolicy, source: PortError) -> OpError {
    let storage = &policy.policy.spec.storage;
    OpError::Cloud { what: format!("the backups in s3://{}/{} cannot be listed", storage.bucket, storage.prefix), source, credentials: None }
}

/// The smallest manifest.
fn smallest(prefix: &str, seen: &[SeenBackup]) -> Option<String> {
    let manifest = |seen: &SeenBackup| {
        let key = format!("{}{MANIFEST}", layout::folder(prefix, &seen.set, &seen.id));
        seen.keys.get(&key).map(|bytes| (*bytes, key))
    };
    seen.iter().filter_map(manifest).min().map(|(_, key)| key)
}

/// The time by S3, from its answer about an object of at most so many bytes; the clock of this machine where there is none.
async fn clock(ports: &Ports, bucket: &str, key: Option<&str>, most: u64) -> (Timestamp, Option<String>) {
    let here = ports.clock.now();
    let Some(key) = key else { return (here, None) };
    match ports.objects.get_tagged(bucket, key, most).await {
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
            Ok(bytes) => Fact::Known(Manifest::parse(&bytes, &seen.set, &seen.id).map(|manifest| Summary::of(&manifest))),
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

#[cfg(test)]
mod tests;
