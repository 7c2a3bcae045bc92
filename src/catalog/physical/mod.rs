//! Repositories of other engines that lie below a prefix, told from their own metadata: read, and never expired by lifeboat.
//!
//! Pure: the listing and the metadata come in as values. What is not understood is said as a problem, never guessed.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::backups::CLOCKS;
pub use crate::model::policy::{PhysicalEngine as Engine, RepositoryPlace as Place};
use crate::model::units::{count, plural};

mod barman;
mod pgbackrest;
mod wal;
mod walg;
mod way;

pub use wal::{Archive, Gap, Segment};
pub use way::{Stop, Way, way};

pub use crate::model::resource::SeenMetadata as Metadata;

/// What a repository holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Repository {
    /// Where it is.
    pub place: Place,
    /// Its backups, oldest first.
    pub backups: Vec<Physical>,
    /// The archived segments that are missing between ones that are there.
    pub gaps: Vec<Gap>,
    /// The oldest moment that can be restored: the end of the oldest complete backup.
    pub oldest: Option<Timestamp>,
    /// The newest moment that can be restored: when S3 stored the last segment that can be replayed without a gap from the newest complete
    /// backup on, or the end of that backup where none follows.
    pub newest: Option<Timestamp>,
    /// Stretches of which any moment can be restored, oldest first; where they begin and end in one moment, only the end of a backup.
    pub windows: Vec<(Timestamp, Timestamp)>,
    /// How many segments are archived.
    pub segments: u64,
    /// The first and the last of them, by timeline and position.
    pub range: Option<(Segment, Segment)>,
    /// When S3 stored the oldest object that is left of it: it is no younger than that.
    pub born: Option<Timestamp>,
    /// What could not be understood, or is odd.
    pub problems: Vec<String>,
    /// Why it cannot be said which backups there are, and what to do; what is listed is then not all. None = they are known.
    pub unknown: Option<String>,
}

impl Repository {
    /// One of which it is not known what it holds.
    pub fn untold(place: &Place, why: String) -> Self {
        Self {
            place: place.clone(),
            backups: Vec::new(),
            gaps: Vec::new(),
            oldest: None,
            newest: None,
            windows: Vec::new(),
            segments: 0,
            range: None,
            born: None,
            problems: Vec::new(),
            unknown: Some(why),
        }
    }
}

/// What a physical backup is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It, what it builds on, and the WAL that makes it consistent are there.
    Complete,
    /// Its engine says that it failed.
    Failed,
    /// A folder that the engine's metadata does not name: under way, or broken off.
    Unfinished,
    /// It builds on a backup that is gone.
    Orphaned,
    /// Some of it, or of its WAL, is gone.
    Partial,
    /// What its engine says of it could not be read.
    Unknown,
}

impl State {
    /// `complete`, `failed`, `unfinished`, `orphaned`, `partial`, `unknown`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Failed => "failed",
            Self::Unfinished => "unfinished",
            Self::Orphaned => "orphaned",
            Self::Partial => "partial",
            Self::Unknown => "unknown",
        }
    }
}

/// One physical backup.
#[derive(Clone, Debug, PartialEq)]
pub struct Physical {
    /// Its label or id.
    pub id: String,
    /// What can be said of it.
    pub state: State,
    /// Why, where the state does not say it.
    pub why: Option<String>,
    /// `full`, `diff`, `incr`.
    pub kind: String,
    /// The backup that it builds on.
    pub prior: Option<String>,
    /// When it ended: the first moment that can be restored. Never later than S3's own date of what its engine writes last.
    pub stopped: Option<Timestamp>,
    /// Bytes of the database.
    pub bytes: Option<u64>,
    /// Bytes that it stores.
    pub stored: u64,
    /// Version of the server, in the engine's words.
    pub server: Option<String>,
    /// The WAL from its beginning to its end, without which it is nothing.
    pub wal: Option<(Segment, Segment)>,
}

/// An object of a listing: key, bytes, and when S3 stored it.
pub type Listed<'a> = (&'a str, u64, Timestamp);

/// The repositories that a listing shows, by their own write-once metadata.
pub fn places<'a>(listing: impl Iterator<Item = &'a str>) -> Vec<Place> {
    let mut out: Vec<Place> = listing.filter_map(|key| pgbackrest::place(key).or_else(|| barman::place(key)).or_else(|| walg::place(key))).collect();
    out.sort_by(|a, b| (a.engine, &a.base, &a.name).cmp(&(b.engine, &b.base, &b.name)));
    out.dedup();
    out
}

/// The keys that must be read to judge a repository.
pub fn metadata<'a>(place: &Place, listing: impl Iterator<Item = &'a str>) -> Vec<String> {
    match place.engine {
        Engine::Pgbackrest => pgbackrest::info(place, listing).into_iter().collect(),
        Engine::BarmanCloud => listing.filter(|key| barman::is_info(place, key)).map(str::to_owned).collect(),
        Engine::WalG => listing.filter(|key| walg::is_sentinel(place, key)).map(str::to_owned).collect(),
    }
}

/// How many objects, and how many bytes in all, are read of one repository to judge it. They are held in memory; the lists of a real
/// repository are some hundred objects of kilobytes.
pub const MOST_READ: (usize, u64) = (10_000, 64 << 20);

/// How many bytes the metadata of a repository is, by the keys that [`metadata`] gave and the listing.
pub fn weight<'a>(keys: &[String], listing: impl Iterator<Item = (&'a str, u64)>) -> u64 {
    let wanted: BTreeSet<&str> = keys.iter().map(String::as_str).collect();
    listing.filter(|(key, _)| wanted.contains(key)).fold(0, |sum, (_, bytes)| sum.saturating_add(bytes))
}

/// Why the metadata of a repository, by the keys that [`metadata`] gave, is not read: there is too much of it, by the listing.
pub fn too_much<'a>(keys: &[String], listing: impl Iterator<Item = (&'a str, u64)>) -> Option<String> {
    let bytes = weight(keys, listing);
    let (most, most_bytes) = MOST_READ;
    let is_much = keys.len() > most || bytes > most_bytes;
    let size = |many: usize, bytes: u64| format!("{} of {} bytes", plural(many as u64, "object"), count(bytes));
    is_much.then(|| format!("what tells of its backups is {}, and at most {} is read", size(keys.len(), bytes), size(most, most_bytes)))
}

/// What an object of a repository is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// Part of the backup with that id.
    Backup(&'a str),
    /// That segment of WAL.
    Wal(Segment),
    /// A list without which the engine finds nothing.
    List,
    /// Anything else: histories, labels, a list's copy.
    Other,
}

/// What a key of a repository is for.
pub fn part<'a>(place: &Place, key: &'a str) -> Part<'a> {
    match place.engine {
        Engine::Pgbackrest => pgbackrest::part(place, key),
        Engine::BarmanCloud => barman::part(place, key),
        Engine::WalG => walg::part(place, key),
    }
}

/// Whether a key is part of a repository.
pub fn is_of(place: &Place, key: &str) -> bool {
    place.holds(key)
}

/// Judges a repository by its listing and the metadata that [`metadata`] asked for, by key.
pub fn read(place: &Place, listing: &[Listed<'_>], metadata: &[Metadata]) -> Repository {
    read_with_archive(place, listing, metadata).0
}

/// The same, with the archive of its WAL beside it, for who asks how a moment is reached.
pub fn read_with_archive(place: &Place, listing: &[Listed<'_>], metadata: &[Metadata]) -> (Repository, Archive) {
    match place.engine {
        Engine::Pgbackrest => pgbackrest::read(place, listing, metadata),
        Engine::BarmanCloud => barman::read(place, listing, metadata),
        Engine::WalG => walg::read(place, listing, metadata),
    }
}

/// What an engine's metadata tells.
#[derive(Debug, Default)]
struct Told<'a> {
    backups: Vec<Physical>,
    /// When S3 stored what the engine writes last of a backup, by its id.
    last: BTreeMap<&'a str, Timestamp>,
    problems: Vec<String>,
    unknown: Option<String>,
}

impl Told<'_> {
    /// No backup ended after S3 had all of it: a clock that is ahead, or a forged word, must not make an archive look new.
    fn date(&mut self) {
        for backup in &mut self.backups {
            let Some((stopped, stored)) = backup.stopped.zip(self.last.get(backup.id.as_str()).copied()).filter(|(stopped, stored)| stopped > stored) else {
                continue;
            };
            if stopped.as_second() > stored.as_second() + CLOCKS {
                self.problems.push(format!("the end of {} is dated {stopped}, and S3 stored it at {stored}: S3's date counts", backup.id));
            }
            backup.stopped = Some(stored);
        }
    }
}

/// Puts what is known of backups and of the archive together: chains, and the WAL that each backup needs.
fn judged(place: &Place, listing: &[Listed<'_>], mut told: Told<'_>, archive: Archive) -> (Repository, Archive) {
    told.date();
    let Told { mut backups, problems, unknown, .. } = told;
    backups.sort_by(|a, b| a.id.cmp(&b.id));
    let sound: BTreeSet<String> = backups.iter().filter(|backup| backup.state == State::Complete).map(|backup| backup.id.clone()).collect();
    for backup in backups.iter_mut().filter(|backup| backup.state == State::Complete) {
        if let Some((first, last)) = backup.wal
            && let Some(missing) = archive.missing(first, last)
        {
            (backup.state, backup.why) =
                (State::Partial, Some(format!("segment {missing} is not in the archive, and without it the backup is not consistent")));
        }
    }
    // Oldest first, and a label begins with that of the full backup: what breaks a chain is seen before what builds on it.
    let mut whole: BTreeSet<String> = BTreeSet::new();
    for backup in &mut backups {
        match &backup.prior {
            Some(prior) if backup.state == State::Complete && !whole.contains(prior) => {
                let gone = if sound.contains(prior) { "is not whole" } else { "is gone" };
                (backup.state, backup.why) = (State::Orphaned, Some(format!("it builds on {prior}, which {gone}")));
            }
            _ => {}
        }
        if backup.state == State::Complete {
            whole.insert(backup.id.clone());
        }
    }
    let reaches: Vec<Reach<'_>> = reaches(&backups, &archive, None).collect();
    let (oldest, newest) = (reaches.last().map(|reach| reach.stopped), reaches.first().map(|reach| reach.until));
    let windows = windows(&reaches);
    let mut gaps = archive.gaps();
    for gap in &mut gaps {
        let behind = backups.iter().filter(|backup| backup.state == State::Complete && backup.wal.is_some_and(|(first, _)| first >= gap.before));
        gap.until = behind.filter_map(|backup| backup.stopped).min();
    }
    // Of some that are told the newest may be missing; of none that is told, "none" would be a guess.
    let untold = || backups.iter().find(|backup| backup.state == State::Unknown).filter(|_| whole.is_empty());
    let unknown = unknown.or_else(|| untold().map(|backup| format!("{}: {}", backup.id, backup.why.as_deref().unwrap_or("it could not be read"))));
    let found = Repository {
        place: place.clone(),
        backups,
        gaps,
        oldest,
        newest,
        windows,
        segments: archive.count(),
        range: archive.range(),
        born: listing.iter().filter(|(key, ..)| is_of(place, key)).map(|(_, _, stored)| *stored).min(),
        problems,
        unknown,
    };
    (found, archive)
}

/// A complete backup, when it ended, and how far the WAL reaches from there.
#[derive(Clone, Copy)]
struct Reach<'a> {
    stopped: Timestamp,
    until: Timestamp,
    backup: &'a Physical,
}

/// How far each complete backup reaches that had ended by a moment, the newest first; without one, each.
fn reaches<'a>(backups: &'a [Physical], archive: &Archive, by: Option<Timestamp>) -> impl Iterator<Item = Reach<'a>> {
    let complete = backups.iter().filter(|backup| backup.state == State::Complete);
    let mut ended: Vec<(Timestamp, &Physical)> = complete.filter_map(|backup| Some((backup.stopped?, backup))).collect();
    ended.retain(|(stopped, _)| by.is_none_or(|by| *stopped <= by));
    ended.sort_by_key(|(stopped, backup)| std::cmp::Reverse((*stopped, &backup.id)));
    // The walk from an older one ends where that of a newer one began.
    let mut walked = BTreeMap::new();
    ended.into_iter().map(move |(stopped, backup)| {
        let last = backup.wal.map(|(_, last)| last);
        let reached = last.and_then(|last| archive.reached(last, &walked));
        walked.extend(last.zip(reached));
        Reach { stopped, until: reached.map_or(stopped, |reached| reached.max(stopped)), backup }
    })
}

/// The stretches that the WAL behind each complete backup reaches over.
fn windows(reaches: &[Reach<'_>]) -> Vec<(Timestamp, Timestamp)> {
    let mut out: Vec<(Timestamp, Timestamp)> = Vec::new();
    for &Reach { stopped, until, .. } in reaches {
        match out.last_mut() {
            Some((from, later)) if *from <= until => (*from, *later) = (stopped, until.max(*later)),
            _ => out.push((stopped, until)),
        }
    }
    out.reverse();
    out
}

#[cfg(test)]
mod tests;
