//! Every backup of a policy, judged from the listing, the manifests and the tags alone. Pure.
//!
//! A manifest is its writer's word: it is held against the listing and against S3's dates, and one that does not agree with
//! them counts for nothing. What could not be read is unknown, and never complete.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::layout::{BEGUN, MANIFEST, expires_at, id_time};
use super::manifest::ManifestError;
use super::retention::{Hold, Holding, Kind, Periods, Point, Tier};
use super::summary::Summary;
use crate::model::fact::Fact;
use crate::model::lifecycle::{EXPIRE_TAG, HOLD_TAG};
use crate::model::policy::Retention;
use crate::model::resource::SeenBackup;
use crate::model::units::{Span, plural};

/// How far the clocks of database, writer and S3 may be apart before a date in a manifest is a lie, in seconds.
pub const CLOCKS: i64 = 600;
/// From how far on a writer's clock is worth a sentence, in seconds.
const SKEW: i64 = 60;

/// Tags of an object.
pub type Tags = BTreeMap<String, String>;

/// What was read of one backup besides the listing.
#[derive(Debug)]
pub struct Read {
    /// What its manifest says; absent when the listing has none.
    pub manifest: Fact<Result<Summary, ManifestError>>,
    /// Tags of its manifest, or of its first object when there is no manifest.
    pub tags: Fact<Tags>,
    /// Tags of its objects by key, as far as they were asked for.
    pub marks: BTreeMap<String, Fact<Tags>>,
    /// Whether a record says that it was completed.
    pub recorded: bool,
}

/// Around what a backup is judged.
#[derive(Clone, Copy, Debug)]
pub struct Around<'a> {
    /// The policy.
    pub policy: &'a str,
    /// The folder of the backup, with a slash behind.
    pub folder: &'a str,
    /// How long an attempt may take, where the policy has the set.
    pub max_duration: Option<Span>,
    /// Its retention, where the policy has the set: until when its release tag promises it.
    pub retention: Option<&'a Retention>,
    /// The time, by S3.
    pub now: Timestamp,
}

/// What the bucket shows of a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Manifest and objects are there, and agree.
    Complete,
    /// Begun, and not longer ago than a run may take.
    Running,
    /// Begun, never completed, and its time is over.
    Abandoned,
    /// Released, and some of its objects have expired.
    Expiring,
    /// Some of it is gone, and no release explains that.
    Partial,
    /// Objects of a backup that was never begun.
    Orphaned,
    /// What it says cannot be.
    Refused,
    /// It could not be read, or not by this version.
    Unknown,
}

impl State {
    /// All of them, in the order of a summary.
    pub const ALL: [Self; 8] = [Self::Complete, Self::Running, Self::Abandoned, Self::Expiring, Self::Partial, Self::Orphaned, Self::Refused, Self::Unknown];

    /// `complete`, `running`, `abandoned`, `expiring`, `partial`, `orphaned`, `refused`, `unknown`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Running => "running",
            Self::Abandoned => "abandoned",
            Self::Expiring => "expiring",
            Self::Partial => "partial",
            Self::Orphaned => "orphaned",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
        }
    }
}

/// One backup of the catalogue.
#[derive(Clone, Debug, PartialEq)]
pub struct Backup {
    /// As the listing shows it.
    pub seen: SeenBackup,
    /// What the bucket shows of it.
    pub state: State,
    /// Why, where the state does not say it.
    pub why: Option<String>,
    /// What its manifest says, if that can be believed.
    pub facts: Option<Facts>,
    /// Tags of its manifest, or of its first object.
    pub tags: Fact<Tags>,
    /// Tags of its objects by key, as far as they were asked for.
    pub marks: BTreeMap<String, Fact<Tags>>,
    /// What is odd without deciding anything.
    pub notes: Vec<String>,
}

/// What a manifest says, as far as lists and the keeper need it.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// `pg_dump`.
    pub engine: String,
    /// Version of the server, as a number: 150018.
    pub server_version: u32,
    /// The moment that it restores.
    pub snapshot: Timestamp,
    /// Names of its databases.
    pub databases: Vec<String>,
    /// Rows of all tables.
    pub rows: u64,
    /// Rows by table, and bytes before compression.
    pub holding: Holding,
    /// SHA-256 of what the manifest says.
    pub digest: String,
    /// When something of what it names, or itself, was stored last.
    pub newest: Timestamp,
}

impl Facts {
    fn of(summary: &Summary, snapshot: Timestamp, seen: &SeenBackup, folder: &str) -> Self {
        let late = summary.objects.iter().filter_map(|(name, _)| seen.late.get(&format!("{folder}{name}")));
        Self {
            engine: summary.engine.clone(),
            server_version: summary.server_version,
            snapshot,
            databases: summary.databases.clone(),
            rows: summary.rows,
            holding: Holding { tables: summary.tables.clone(), bytes: summary.raw_bytes },
            digest: summary.digest.clone(),
            newest: late.chain(&seen.stored).max().copied().unwrap_or(seen.newest),
        }
    }
}

/// Judges one backup.
pub fn judge(seen: SeenBackup, read: Read, around: &Around<'_>) -> Backup {
    let released = Release::of(read.tags.known().and_then(|tags| tags.get(EXPIRE_TAG)), &seen, around);
    let mut notes: Vec<String> = skew(&seen).into_iter().collect();
    let mut facts = None;
    let (state, why) = match read.manifest {
        Fact::Absent => unfinished(&seen, released, read.recorded, around),
        Fact::Unknown(why) => (State::Unknown, Some(why.to_string())),
        Fact::Known(Err(error @ ManifestError::Newer(_))) => (State::Unknown, Some(error.to_string())),
        Fact::Known(Err(error)) => (State::Refused, Some(error.to_string())),
        Fact::Known(Ok(manifest)) => match dates(&manifest, &seen, around) {
            Err(why) => (State::Refused, Some(why)),
            Ok(snapshot) => {
                facts = Some(Facts::of(&manifest, snapshot, &seen, around.folder));
                against_listing(&manifest, &seen, released, around)
            }
        },
    };
    if around.max_duration.is_none() {
        notes.push(format!("policy `{}` has no set `{}`: nothing of it is ever released", around.policy, seen.set));
    }
    Backup { seen, state, why, facts, tags: read.tags, marks: read.marks, notes }
}

/// What the release tag of a backup says of objects that are gone.
#[derive(Clone, Copy, Debug)]
enum Release {
    /// It has none.
    None,
    /// They have expired.
    Due,
    /// They were promised until then.
    Early(Timestamp),
}

impl Release {
    fn of(tag: Option<&String>, seen: &SeenBackup, around: &Around<'_>) -> Self {
        let Some(tag) = tag else { return Self::None };
        let tier = [Tier::Recent].into_iter().chain(Tier::PERIODS).find(|tier| tag.rsplit(':').next() == Some(tier.as_str()));
        let days = tier.zip(around.retention).and_then(|(tier, retention)| tier.days(retention));
        match days.map(|days| expires_at(seen.oldest, days)).filter(|until| *until > around.now) {
            Some(until) => Self::Early(until),
            None => Self::Due,
        }
    }

    /// The state of a backup of which something is gone.
    fn state(self, why: String) -> (State, Option<String>) {
        match self {
            Self::Due => (State::Expiring, None),
            Self::None => (State::Partial, Some(why)),
            Self::Early(until) => (State::Partial, Some(format!("{why}, and its release tag promises it until {}", until.strftime("%Y-%m-%d")))),
        }
    }
}

/// A writer's clock against S3's date of the first object, which is written first.
fn skew(seen: &SeenBackup) -> Option<String> {
    let begun = id_time(&seen.id)?;
    let off = begun.as_second() - seen.oldest.as_second();
    (off.abs() > SKEW).then(|| format!("the clock of its writer was {} s {} S3's", off.abs(), if off > 0 { "ahead of" } else { "behind" }))
}

fn unfinished(seen: &SeenBackup, released: Release, recorded: bool, around: &Around<'_>) -> (State, Option<String>) {
    let begun = seen.keys.contains_key(&format!("{}{BEGUN}", around.folder));
    let over = |limit: Span| around.now.as_second() > seen.oldest.as_second().saturating_add_unsigned(limit.as_secs());
    match around.max_duration {
        _ if recorded => released.state("a record says that it was complete, and its manifest is gone".to_owned()),
        _ if !begun => (State::Orphaned, Some(format!("it has neither {BEGUN} nor {MANIFEST}"))),
        Some(limit) if !over(limit) => (State::Running, None),
        Some(_) | None => (State::Abandoned, None),
    }
}

/// What a manifest says of times, against its id and S3's date of it: the moment that it restores, or why it cannot be so.
fn dates(manifest: &Summary, seen: &SeenBackup, around: &Around<'_>) -> Result<Timestamp, String> {
    if manifest.policy != around.policy {
        return Err(format!("it says that it is of policy `{}`, and it lies in the place of `{}`", manifest.policy, around.policy));
    }
    let stored = seen.stored.unwrap_or(seen.newest);
    let read = |name: &str, text: &str| text.parse::<Timestamp>().map_err(|_| format!("`{name}` is `{text}`, which is no time"));
    let snapshot = read("snapshotAt", &manifest.snapshot_at)?;
    let times = [("snapshotAt", snapshot), ("startedAt", read("startedAt", &manifest.started_at)?), ("finishedAt", read("finishedAt", &manifest.finished_at)?)];
    let id = id_time(&seen.id).ok_or_else(|| format!("its id `{}` is no time", seen.id))?;
    for (name, time) in times.into_iter().chain([("its id", id)]) {
        if time.as_second() > stored.as_second() + CLOCKS {
            return Err(format!("{name} is {time}, and S3 stored its manifest at {stored}: it is dated after itself"));
        }
    }
    Ok(snapshot)
}

/// Every object that the manifest names is there, with the bytes that it names.
fn against_listing(manifest: &Summary, seen: &SeenBackup, released: Release, around: &Around<'_>) -> (State, Option<String>) {
    let mut gone = Vec::new();
    for (name, said) in &manifest.objects {
        match seen.keys.get(&format!("{}{name}", around.folder)) {
            None => gone.push(name),
            Some(bytes) if bytes != said => return (State::Refused, Some(format!("{name} has {bytes} bytes, and the manifest says {said}"))),
            Some(_) => {}
        }
    }
    match gone.as_slice() {
        [] => (State::Complete, None),
        [one] => released.state(format!("{one} is gone")),
        [first, others @ ..] => released.state(format!("{first} and {} are gone", plural(others.len() as u64, "other object"))),
    }
}

/// What a value of the hold tag says: until when, and why.
pub fn read_hold(value: &str) -> Option<(Timestamp, &str)> {
    let (until, reason) = value.split_once(' ').unwrap_or((value, ""));
    Some((until.parse().ok()?, reason))
}

/// The value of the hold tag.
pub fn hold_value(until: Timestamp, reason: &str) -> String {
    format!("{} {reason}", until.strftime("%Y-%m-%dT%H:%M:%SZ"))
}

/// What drills and records say of one backup.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proven {
    /// When the last drill of it passed, if it did.
    pub verified: Option<Timestamp>,
    /// Digest of the manifest that it restored by; records of the first build do not say it.
    pub manifest: Option<String>,
    /// Whether the last drill of it could not restore it, or found something else in it.
    pub failed: bool,
    /// Whether a record says that it was completed.
    pub recorded: bool,
    /// When a person last held it, lifted a hold, or brought it back.
    pub touched: Option<Timestamp>,
}

impl Backup {
    /// What is known of holds on it. A hold that is not understood is one that is not known.
    pub fn hold(&self) -> Hold {
        if self.marks.values().any(|tags| tags.known().is_none()) {
            return Hold::Unknown;
        }
        match self.tags.known().map(|tags| tags.get(HOLD_TAG)) {
            None => Hold::Unknown,
            Some(None) => Hold::None,
            Some(Some(value)) => read_hold(value).map_or(Hold::Unknown, |(until, _)| Hold::Until(until)),
        }
    }

    /// When the last drill of it passed, if it is still what was drilled: the manifest says the same, and none of its objects was
    /// stored anew since. A listing shows no version ids; S3's dates tell as much. What else lies in its folder changes nothing, so
    /// that nobody takes a proof away by adding to it.
    pub fn verified(&self, proven: &Proven) -> Option<Timestamp> {
        let facts = self.facts.as_ref()?;
        let same = proven.manifest.as_ref().is_none_or(|digest| *digest == facts.digest);
        proven.verified.filter(|at| same && !proven.failed && facts.newest.as_second() <= at.as_second() + CLOCKS)
    }

    /// The same backup as the retention function takes it.
    pub fn point(&self, proven: &Proven, zone: &TimeZone) -> Point {
        let kind = match self.state {
            State::Complete => Kind::Complete,
            State::Running | State::Abandoned => Kind::Attempt,
            State::Expiring | State::Partial | State::Orphaned | State::Refused | State::Unknown => Kind::Doubtful,
        };
        let begun = id_time(&self.seen.id).unwrap_or(self.seen.oldest);
        let snapshot = self.facts.as_ref().map_or(begun, |facts| facts.snapshot);
        Point {
            id: self.seen.id.clone(),
            kind,
            stored: self.seen.stored.unwrap_or(self.seen.oldest),
            oldest: self.seen.oldest,
            snapshot,
            periods: Periods::of(snapshot, zone),
            verified: self.verified(proven),
            failed: proven.failed,
            hold: self.hold(),
            holding: self.facts.as_ref().map(|facts| facts.holding.clone()).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests;
