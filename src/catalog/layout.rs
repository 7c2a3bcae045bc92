//! Where a backup lies: `<prefix><set>/<id>/…`, the manifest last.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::model::resource::{SeenBackup, Told};

/// Name of the manifest below a backup's folder.
pub const MANIFEST: &str = "manifest.json";
/// Name of the mark that a backup was begun. Its conditional create also makes the id unique.
pub const BEGUN: &str = "begun.json";

/// What the mark of a failed run is called: this, the step, and `.json`. The name says it all, so that nobody need read it.
pub const FAILED: &str = "failed-";

/// An object as a listing shows it: key, bytes, S3 date.
pub type Listed<'a> = (&'a str, u64, Timestamp);

/// The id of a backup whose run began at `at`: UTC to the second, which sorts by age.
pub fn backup_id(at: Timestamp) -> String {
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// The folder of a backup, with a slash behind.
pub fn folder(prefix: &str, set: &str, id: &str) -> String {
    format!("{prefix}{set}/{id}/")
}

/// The name of the mark that a run failed at a step.
pub fn failed_name(step: &str) -> String {
    format!("{FAILED}{step}.json")
}

/// Whether a key is that of a mark which a run leaves: no restore reads it.
pub fn is_mark(key: &str) -> bool {
    let name = key.rsplit('/').next().unwrap_or(key);
    name == BEGUN || (name.starts_with(FAILED) && name.ends_with(".json"))
}

/// At which step a run failed, if it left a mark that says so.
pub fn failed_step(backup: &SeenBackup) -> Option<&str> {
    backup.keys.keys().find_map(|key| key.rsplit('/').next()?.strip_prefix(FAILED)?.strip_suffix(".json"))
}

/// Where the index of a set lies in the control bucket, below the prefix of `control`.
pub fn index_key(control: &str, policy: &str, set: &str) -> String {
    format!("{control}index/{policy}/{set}.json")
}

/// The backups that a listing below `prefix` shows, oldest first. Keys of another shape are left out.
pub fn backups<'a>(prefix: &str, listing: impl Iterator<Item = Listed<'a>>) -> Vec<SeenBackup> {
    let mut found: BTreeMap<(String, String), SeenBackup> = BTreeMap::new();
    for (key, bytes, modified) in listing {
        let Some((set, id, name)) = split(prefix, key) else { continue };
        let backup = found.entry((id.to_owned(), set.to_owned())).or_insert_with(|| SeenBackup {
            set: set.to_owned(),
            id: id.to_owned(),
            complete: false,
            told: Told::Listed,
            bytes: 0,
            oldest: modified,
            newest: modified,
            stored: None,
            keys: BTreeMap::new(),
            classes: BTreeMap::new(),
            late: BTreeMap::new(),
        });
        if name == MANIFEST {
            (backup.complete, backup.stored) = (true, Some(modified));
            if bytes == 0 {
                backup.told = Told::Broken("its manifest is empty".to_owned());
            }
        }
        backup.bytes = backup.bytes.saturating_add(bytes);
        backup.oldest = backup.oldest.min(modified);
        backup.newest = backup.newest.max(modified);
        backup.keys.insert(key.to_owned(), bytes);
        backup.late.insert(key.to_owned(), modified);
    }
    found.into_values().map(only_late).map(hollow).collect()
}

/// Of the dates only those after the manifest's are kept: of a sound backup none.
fn only_late(mut backup: SeenBackup) -> SeenBackup {
    let stored = backup.stored;
    backup.late.retain(|_, modified| stored.is_some_and(|stored| *modified > stored));
    backup
}

/// A manifest alone brings nothing back: each names at least one other object.
fn hollow(mut backup: SeenBackup) -> SeenBackup {
    let own = |key: &str| !is_mark(key) && key.rsplit('/').next() != Some(MANIFEST);
    if backup.complete && backup.told == Told::Listed && !backup.keys.keys().any(|key| own(key)) {
        backup.told = Told::Broken("nothing but its manifest is there".to_owned());
    }
    backup
}

/// Notes the storage class of what is not in STANDARD: keys of the same listing, each with its class.
pub fn classify<'a>(backups: &mut [SeenBackup], prefix: &str, listing: impl Iterator<Item = (&'a str, &'a str)>) {
    for (key, class) in listing {
        let Some((set, id, _)) = split(prefix, key) else { continue };
        let place = backups.binary_search_by(|backup| (backup.id.as_str(), backup.set.as_str()).cmp(&(id, set)));
        if let Some(backup) = place.ok().and_then(|place| backups.get_mut(place)) {
            backup.classes.insert(key.to_owned(), class.to_owned());
        }
    }
}

/// What lies below a prefix and is no part of a backup.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Foreign {
    /// How many objects.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The first few keys.
    pub first: Vec<String>,
}

/// Keys of a foreign listing that are named; the rest is counted.
const NAMED: usize = 5;

/// What a listing below `prefix` shows besides backups.
pub fn foreign<'a>(prefix: &str, listing: impl Iterator<Item = Listed<'a>>) -> Foreign {
    let mut out = Foreign::default();
    listing.filter(|(key, ..)| split(prefix, key).is_none()).for_each(|(key, bytes, _)| out.add(key, bytes));
    out
}

impl Foreign {
    /// Counts one more.
    fn add(&mut self, key: &str, bytes: u64) {
        self.objects += 1;
        self.bytes = self.bytes.saturating_add(bytes);
        let place = self.first.partition_point(|first| first.as_str() < key);
        if place < NAMED {
            self.first.insert(place, key.to_owned());
            self.first.truncate(NAMED);
        }
    }

    /// Both together.
    #[must_use]
    pub fn with(mut self, other: Self) -> Self {
        self.objects += other.objects;
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.first.extend(other.first);
        self.first.sort_unstable();
        self.first.truncate(NAMED);
        self
    }
}

/// Folders of repositories of other engines: what lies in one of that name may be part of one.
const ENGINES: [&str; 6] = ["archive", "backup", "base", "basebackups_005", "wals", "wal_005"];

/// Goes over a listing while it comes: what no backup and no repository can need is counted and not kept, so that a million objects
/// of others take no memory.
#[derive(Debug)]
pub struct Sieve<'a> {
    prefix: &'a str,
    /// What was not kept.
    pub foreign: Foreign,
}

impl<'a> Sieve<'a> {
    /// A sieve for the listing below a prefix.
    pub fn new(prefix: &'a str) -> Self {
        Self { prefix, foreign: Foreign::default() }
    }

    /// Whether an object is kept; one that is not is counted.
    pub fn keeps(&mut self, key: &str, bytes: u64) -> bool {
        let below = key.strip_prefix(self.prefix).unwrap_or(key);
        let keeps = split(self.prefix, key).is_some() || below.split('/').any(|part| ENGINES.contains(&part));
        if !keeps {
            self.foreign.add(key, bytes);
        }
        keeps
    }
}

/// Keys between which a listing of these sets can be asked for in parts: the months of the last years of each set.
pub fn bounds<'a>(prefix: &str, sets: impl Iterator<Item = &'a str>, now: Timestamp) -> Vec<String> {
    const MONTHS: i32 = 26;
    let date = now.to_zoned(jiff::tz::TimeZone::UTC).date();
    let last = i32::from(date.year()) * 12 + i32::from(date.month()) - 1;
    let months =
        |set: &str| (last - MONTHS..=last).map(|month| format!("{prefix}{set}/{:04}{:02}", month.div_euclid(12), month.rem_euclid(12) + 1)).collect::<Vec<_>>();
    let mut out: Vec<String> = sets.flat_map(months).collect();
    out.sort_unstable();
    out
}

fn split<'a>(prefix: &str, key: &'a str) -> Option<(&'a str, &'a str, &'a str)> {
    let (set, rest) = key.strip_prefix(prefix)?.split_once('/')?;
    let (id, name) = rest.split_once('/')?;
    is_id(id).then_some((set, id, name))
}

/// Whether a text has the shape of a backup id: `20261122T011507Z`.
pub fn is_id(text: &str) -> bool {
    let shape = b"dddddddd-dddddd-";
    text.len() == shape.len()
        && text.bytes().zip(shape).enumerate().all(|(at, (byte, kind))| match (at, kind) {
            (8, _) => byte == b'T',
            (15, _) => byte == b'Z',
            _ => byte.is_ascii_digit(),
        })
}

/// The time in a backup id.
pub fn id_time(id: &str) -> Option<Timestamp> {
    if !is_id(id) {
        return None;
    }
    let parts = [id.get(0..4)?, id.get(4..6)?, id.get(6..8)?, id.get(9..11)?, id.get(11..13)?, id.get(13..15)?];
    let [year, month, day, hour, minute, second] = parts;
    format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z").parse().ok()
}

/// When S3 expires an object by a rule of so many days: that long after its date, rounded up to the next midnight UTC
/// (S3 User Guide, intro-lifecycle-rules: 15 Jan 10:30 + 3 days → 19 Jan 00:00).
pub fn expires_at(date: Timestamp, days: i32) -> Timestamp {
    const DAY: i64 = 86_400;
    let seconds = date.as_second().saturating_add(i64::from(days) * DAY);
    let midnight = seconds.div_euclid(DAY) * DAY;
    let rounded = if midnight == seconds { seconds } else { midnight + DAY };
    Timestamp::from_second(rounded).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
