//! A policy played forward, day by day: what would be there if everything ran as it is written, or if something stopped. Pure.
//!
//! It plays with the very functions that decide in earnest: the schedule, the retention, the keeper's rules about tags, the timeline of
//! S3 and the lifecycle rules that the policy compiles to. Nothing is random, and every backup and drill is taken to succeed until the day on
//! which uploads or passes stop. Sets of other engines are played by `physical`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::catalog::retention::{Point, Tier};
use crate::catalog::timeline::{Keeping, Version};
use crate::model::aspects::Versioning;
use crate::model::lifecycle::Lifecycle;
use crate::model::policy::{BackupSet, LifecycleWish, Name, Pick, Schedule};
use crate::model::resource::BucketWish;
use crate::policy::LoadedPolicy;
use crate::rules::schedule;

mod law;
mod physical;
mod world;

use law::Court;
pub use physical::PhysicalPlay;
use world::World;

pub(super) const DAY: i64 = 86_400;
/// The keeper is taken to run once a day, at noon UTC.
const NOON: i64 = 12 * 3_600;

/// What can stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Part {
    /// No backup is taken any more.
    Backups,
    /// No drill runs any more.
    Drills,
    /// Nothing is released any more, and no tag is taken off.
    Keeper,
    /// Backups begin as scheduled, and their upload breaks off: none is complete any more.
    Uploads,
    /// Drills run as scheduled, and each one fails: none passes any more.
    Passes,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Backups, Self::Drills, Self::Keeper, Self::Uploads, Self::Passes];

    /// `backups`, `drills`, `keeper`, `uploads`, `passes`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Backups => "backups",
            Self::Drills => "drills",
            Self::Keeper => "keeper",
            Self::Uploads => "uploads",
            Self::Passes => "passes",
        }
    }
}

/// Something that stops, written `keeper@30`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Stop {
    /// What.
    pub part: Part,
    /// From which day on; the first day is 0.
    pub day: u32,
}

impl std::str::FromStr for Stop {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = || Part::ALL.map(Part::as_str).join(", ");
        let (name, day) = text.split_once('@').ok_or_else(|| format!("`{text}` names no day: write it as in keeper@30"))?;
        let part = Part::ALL.into_iter().find(|part| part.as_str() == name).ok_or_else(|| format!("`{name}` cannot stop: there are {}", known()))?;
        let day = day.parse().map_err(|_| format!("`{day}` is not a day: write a number, the first day being 0"))?;
        Ok(Self { part, day })
    }
}

/// When a set is drilled, and which backup is taken.
#[derive(Clone, Debug)]
pub struct Drilled<'a> {
    /// When.
    pub schedule: &'a Schedule,
    /// Which.
    pub pick: Pick,
}

/// Where backups lie, and how they are kept there.
#[derive(Clone, Debug)]
pub struct Bucket<'a> {
    /// Prefix of the policy, ending in a slash.
    pub prefix: &'a str,
    /// All rules that act in it.
    pub rules: &'a Lifecycle,
    /// Versioning; none = it was never versioned.
    pub versioning: Option<Versioning>,
    /// For so many days a new version is locked.
    pub lock_days: i32,
    /// Whether the policy wants the rules that let backups go; if not, nothing is asked about when they go.
    pub expires: bool,
}

impl Bucket<'_> {
    /// An object as it is once it is written.
    fn version<'k>(&self, key: &'k str, bytes: u64, written: Timestamp) -> Version<'k> {
        let locked = (self.lock_days > 0).then(|| moment(written.as_second() + i64::from(self.lock_days) * DAY));
        Version { locked, null: Keeping::of(self.versioning) != Keeping::Enabled, ..Version::plain(key, bytes, written) }
    }
}

/// A backup that is there when a play begins.
#[derive(Clone, Debug)]
pub struct There {
    /// As the retention sees it.
    pub point: Point,
    /// Its objects: key, bytes and S3's name of the class.
    pub objects: Vec<(String, u64, String)>,
    /// As what it is released.
    pub tier: Option<Tier>,
}

/// One backup set that is played.
#[derive(Clone, Debug)]
pub struct Play<'a> {
    /// The policy.
    pub policy: &'a str,
    /// The set.
    pub set: &'a str,
    /// What is written of it.
    pub spec: &'a BackupSet,
    /// Its drills.
    pub drills: Vec<Drilled<'a>>,
    /// Its bucket.
    pub bucket: Bucket<'a>,
    /// The first day, at midnight UTC.
    pub begin: Timestamp,
    /// How many days.
    pub days: u32,
    /// What stops, and when.
    pub stops: &'a [Stop],
    /// Bytes that each backup is taken to have.
    pub bytes: u64,
    /// What is there when it begins, oldest first.
    pub there: Vec<There>,
}

/// What is asked of a play besides the policy.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The first day, at midnight UTC.
    pub begin: Timestamp,
    /// How many days.
    pub days: u32,
    /// What stops, and when.
    pub stops: &'a [Stop],
    /// Bytes that each backup is taken to have.
    pub bytes: u64,
}

/// A set of either kind that is played.
#[derive(Clone, Debug)]
pub enum Played<'a> {
    /// One that lifeboat takes.
    Taken(Box<Play<'a>>),
    /// One that another engine takes.
    Physical(Box<PhysicalPlay<'a>>),
}

impl Played<'_> {
    /// The name of the set.
    pub fn set(&self) -> &str {
        match self {
            Self::Taken(play) => play.set,
            Self::Physical(play) => play.set,
        }
    }

    /// That it is not played, and why.
    pub fn not_played(&self, why: &str) -> Course {
        let policy = match self {
            Self::Taken(play) => play.policy,
            Self::Physical(play) => play.policy,
        };
        Course::empty(policy, self.set(), Some(why.to_owned()))
    }

    /// Plays it.
    pub fn play(&self) -> Course {
        match self {
            Self::Taken(one) => play(one),
            Self::Physical(one) => physical::play(one),
        }
    }
}

/// The plays of a policy: one for each set. `rules` are those of its bucket.
pub fn plays<'a>(policy: &'a LoadedPolicy, bucket: &'a BucketWish, rules: &'a Lifecycle, asked: Asked<'a>) -> Vec<Played<'a>> {
    let spec = &policy.policy.spec;
    let lock = bucket.object_lock.map(|lock| lock.retention);
    let lock_days = lock.map_or(0, |lock| lock.days.unwrap_or(0).saturating_add(lock.years.unwrap_or(0).saturating_mul(366)));
    let place =
        Bucket { prefix: &spec.storage.prefix, rules, versioning: bucket.versioning, lock_days, expires: spec.storage.lifecycle == LifecycleWish::Managed };
    let of = |(name, set): (&'a Name, &'a BackupSet)| {
        let drills = spec.drills.values().filter(|drill| drill.backups.contains(name));
        let drills = drills.map(|drill| Drilled { schedule: &drill.schedule, pick: drill.pick }).collect();
        let Asked { begin, days, stops, bytes } = asked;
        Play { policy: &policy.name, set: &name.0, spec: set, drills, bucket: place.clone(), begin, days, stops, bytes, there: Vec::new() }
    };
    let taken = spec.backups.iter().map(of).map(|play| Played::Taken(Box::new(play)));
    taken.chain(physical::plays(policy, &place, asked).into_iter().map(|play| Played::Physical(Box::new(play)))).collect()
}

/// What came of a set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Course {
    /// The policy.
    pub policy: String,
    /// The set.
    pub set: String,
    /// Why it was not played; none = it was.
    pub not_played: Option<String>,
    /// What must hold, in a fixed order.
    pub invariants: Vec<Invariant>,
    /// How it stands at the beginning of each day, UTC.
    pub days: Vec<Day>,
}

/// Something that must hold on every day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Invariant {
    /// Its stable id.
    pub id: String,
    /// What it promises, in words.
    pub promise: String,
    /// When it is first broken; none = it holds.
    pub broken: Option<Broken>,
    /// From which day on all of it is at stake, where that is behind the last one: then it holds only so far.
    #[serde(default)]
    pub shown_from: Option<u64>,
}

impl Invariant {
    /// `broken`, `so far` or `holds`.
    pub fn word(&self) -> &'static str {
        match (&self.broken, self.shown_from) {
            (Some(_), _) => "broken",
            (None, Some(_)) => "so far",
            (None, None) => "holds",
        }
    }
}

/// The first time that an invariant does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Broken {
    /// When, RFC 3339.
    pub at: String,
    /// On which day; the first is 0.
    pub day: u32,
    /// What is so then.
    pub sentence: String,
    /// What brought it about.
    pub cause: String,
}

/// How a set stands when a day begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Day {
    /// The day, `2026-11-23`.
    pub date: String,
    /// Restore points by the tier that they were released as; those that are not released under `kept`. Of a physical set, `full` and
    /// `incremental` ones.
    pub points: BTreeMap<String, u64>,
    /// How many of them a drill passed.
    pub verified: u64,
    /// How many of them failed their last drill.
    #[serde(default)]
    pub failed: u64,
    /// Age of the oldest, in seconds; none without any.
    pub reaches_back_seconds: Option<u64>,
    /// Bytes by storage class, noncurrent versions included.
    pub bytes: BTreeMap<String, u64>,
}

impl Course {
    /// The first violation of all.
    pub fn first_broken(&self) -> Option<(&Invariant, &Broken)> {
        let broken = self.invariants.iter().filter_map(|invariant| Some((invariant, invariant.broken.as_ref()?)));
        broken.min_by(|a, b| a.1.at.cmp(&b.1.at))
    }

    /// Of a set that was not played yet, or is not for a reason.
    fn empty(policy: &str, set: &str, why: Option<String>) -> Self {
        Self { policy: policy.to_owned(), set: set.to_owned(), not_played: why, invariants: Vec::new(), days: Vec::new() }
    }
}

/// What happens at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// One that breaks off.
    Attempt,
    Backup,
    Drill(Oldest),
    /// One that fails.
    Fail(Oldest),
    Keep,
}

type Oldest = bool;

/// Plays one set.
pub fn play(play: &Play<'_>) -> Course {
    let asked = match schedule::read(&play.spec.schedule) {
        Ok(asked) => asked,
        Err(wrong) => return Course::empty(play.policy, play.set, Some(format!("its schedule cannot be read: {}", wrong.why))),
    };
    let zone = TimeZone::get(&play.spec.schedule.timezone).unwrap_or(TimeZone::UTC);
    let mut events = events(play, &asked).into_iter().peekable();
    let mut world = World::new(play, zone);
    let mut court = Court::new(play, asked.longest_wait().unwrap_or(0));
    let mut days = Vec::new();
    for there in &play.there {
        world.find(there);
        court.found(&there.point);
    }
    for day in 0..=play.days {
        let midnight = moment(play.begin.as_second() + i64::from(day) * DAY);
        world.pass(midnight);
        court.ask(&world, midnight, day);
        days.push(world.day(midnight));
        if day == play.days {
            break;
        }
        let tomorrow = midnight.as_second() + DAY;
        while let Some((at, event)) = events.next_if(|(at, _)| at.as_second() < tomorrow) {
            match event {
                Event::Attempt => world.attempt(at),
                Event::Backup => court.taken(&world.backup(at)),
                Event::Drill(oldest) => world.drill(at, oldest),
                Event::Fail(oldest) => {
                    if let Some(failed) = world.fail(at, oldest) {
                        court.failed(&world, &failed, at);
                    }
                }
                Event::Keep => world.keep(at),
            }
        }
    }
    Course { invariants: court.judged(), days, ..Course::empty(play.policy, play.set, None) }
}

/// Everything that happens, in order. What has stopped happens no more.
fn events(play: &Play<'_>, asked: &schedule::Asked) -> Vec<(Timestamp, Event)> {
    let begin = play.begin.as_second();
    let until = |part: Part| {
        let stop = play.stops.iter().filter(|stop| stop.part == part).map(|stop| stop.day).min();
        begin + i64::from(stop.unwrap_or(play.days).min(play.days)) * DAY
    };
    let (broken, failing) = (until(Part::Uploads), until(Part::Passes));
    let run = |at: Timestamp| (at, if at.as_second() < broken { Event::Backup } else { Event::Attempt });
    let mut out: Vec<(Timestamp, Event)> = asked.runs(begin, until(Part::Backups)).into_iter().map(run).collect();
    for drill in &play.drills {
        let runs = schedule::read(drill.schedule).map(|asked| asked.runs(begin, until(Part::Drills))).unwrap_or_default();
        let oldest = drill.pick == Pick::Oldest;
        out.extend(runs.into_iter().map(|at| (at, if at.as_second() < failing { Event::Drill(oldest) } else { Event::Fail(oldest) })));
    }
    let noons = (0..i64::from(play.days)).map(|day| begin + day * DAY + NOON).take_while(|at| *at < until(Part::Keeper));
    out.extend(noons.map(|at| (moment(at), Event::Keep)));
    out.sort_unstable();
    out
}

fn moment(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
