//! A physical set played forward: base backups and WAL by its schedule, an engine that keeps what the window needs, and what S3 makes of both
//! by the rules of the bucket. Pure.
//!
//! What its engine is configured to keep is not known here, so it is taken to keep just what the policy promises: a broken promise is the
//! bucket's doing, or the schedule's. WAL is taken as one segment of 16 MiB an hour.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{Asked, Broken, Bucket, Course, DAY, Day, Invariant, Part, Stop, moment};
use crate::catalog::timeline::{Class, Forecast, Keeping, Version, World};
use crate::model::lifecycle::{Lifecycle, Rule};
use crate::model::policy::{Name, PhysicalEngine, PhysicalSet, RepositoryPlace};
use crate::model::units::Span;
use crate::policy::LoadedPolicy;
use crate::rules::schedule;

const HOUR: i64 = 3_600;
const SEGMENT: u64 = 16 << 20;

/// One physical set that is played.
#[derive(Clone, Debug)]
pub struct PhysicalPlay<'a> {
    /// The policy.
    pub policy: &'a str,
    /// The set.
    pub set: &'a str,
    /// What is written of it.
    pub spec: &'a PhysicalSet,
    /// Its bucket.
    pub bucket: Bucket<'a>,
    /// What is asked besides.
    pub asked: Asked<'a>,
}

/// The plays of the physical sets of a policy.
pub(super) fn plays<'a>(policy: &'a LoadedPolicy, bucket: &Bucket<'a>, asked: Asked<'a>) -> Vec<PhysicalPlay<'a>> {
    let of = |(name, spec): (&'a Name, &'a PhysicalSet)| PhysicalPlay { policy: &policy.name, set: &name.0, spec, bucket: bucket.clone(), asked };
    policy.policy.spec.backups.physical.iter().map(of).collect()
}

/// An object, or what stands for many, from when it is written until S3 ends it or the engine deletes it.
#[derive(Clone, Debug)]
struct Object {
    key: String,
    bytes: u64,
    written: Timestamp,
    /// When S3 ends it; none = never.
    until: Option<Timestamp>,
    /// When its bytes are gone.
    gone: Option<Timestamp>,
    /// Its class from each moment on.
    classes: Vec<(Timestamp, Class)>,
    /// When its engine deletes it, which may be yet to come; none = not yet decided.
    deleted_at: Option<Timestamp>,
}

impl Object {
    fn is_there(&self, now: Timestamp) -> bool {
        self.deleted_at.is_none_or(|at| now < at) && self.until.is_none_or(|until| now < until)
    }

    /// Whether S3 has ended it, and not its engine.
    fn was_ended(&self, now: Timestamp) -> Option<Timestamp> {
        self.until.filter(|until| *until <= now && self.deleted_at.is_none_or(|at| *until < at))
    }
}

/// A base backup.
#[derive(Clone, Debug)]
struct Base {
    name: String,
    object: Object,
    begun: Timestamp,
    ended: Timestamp,
    /// What it builds on.
    prior: Option<usize>,
}

/// Plays one set.
pub(super) fn play(play: &PhysicalPlay<'_>) -> Course {
    let empty = |why: Option<&str>| Course::empty(play.policy, play.set, why.map(str::to_owned));
    let Some(window) = play.spec.window else {
        return empty(Some("it names no `window`: for how long its engine is to keep any moment restorable is not known"));
    };
    let runs = runs(play);
    if play.spec.schedule.is_none() || runs.is_empty() && !play.stops_at_once() {
        return empty(Some("it has no `schedule` that fires: when its engine takes backups is not known"));
    }
    let mut world = Repository::new(play, window);
    let mut broken: BTreeMap<&'static str, Broken> = BTreeMap::new();
    let mut days = Vec::new();
    let mut runs = runs.into_iter().peekable();
    for day in 0..=play.asked.days {
        let midnight = moment(play.asked.begin.as_second() + i64::from(day) * DAY);
        let standing = world.standing(midnight);
        for (id, (sentence, cause)) in standing.wrong {
            let at = midnight.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
            broken.entry(id).or_insert(Broken { at, day, sentence, cause });
        }
        days.push(standing.day);
        while let Some((at, full)) = runs.next_if(|(at, _)| at.as_second() < midnight.as_second() + DAY) {
            world.backup(at, full);
        }
        world.archive(midnight);
    }
    let promises = [(CHAIN, "no chain loses its base".to_owned()), (WINDOW, format!("any moment of the last {window} can be restored, once it could"))];
    let invariant = |(id, promise): (&'static str, String)| {
        let shown_from = (id == WINDOW).then(|| window.as_secs().div_ceil(86_400)).filter(|days| *days > u64::from(play.asked.days));
        Invariant { id: id.to_owned(), promise, broken: broken.remove(id), shown_from }
    };
    Course { invariants: promises.into_iter().map(invariant).collect(), days, ..empty(None) }
}

const CHAIN: &str = "chain";
const WINDOW: &str = "window";

impl PhysicalPlay<'_> {
    fn stop(&self) -> u32 {
        // One that breaks off leaves nothing that an engine would count.
        let stops = self.asked.stops.iter().filter(|stop: &&Stop| matches!(stop.part, Part::Backups | Part::Uploads));
        let stop = stops.map(|stop| stop.day).min();
        stop.unwrap_or(self.asked.days).min(self.asked.days)
    }

    fn stops_at_once(&self) -> bool {
        self.stop() == 0
    }
}

/// Its runs, and whether each is a full backup; of two at the same time the full one counts.
fn runs(play: &PhysicalPlay<'_>) -> Vec<(Timestamp, bool)> {
    let begin = play.asked.begin.as_second();
    let until = begin + i64::from(play.stop()) * DAY;
    let mut out: BTreeMap<Timestamp, bool> = BTreeMap::new();
    for (kind, wish) in play.spec.schedule.iter().flat_map(|schedule| schedule.each()) {
        let all = schedule::read(&wish).map(|asked| asked.runs(begin, until)).unwrap_or_default();
        for at in all {
            *out.entry(at).or_default() |= kind == "full";
        }
    }
    out.into_iter().collect()
}

/// How the repository stands at a midnight.
struct Standing {
    day: Day,
    /// What is wrong: id of the promise, what is so, and why.
    wrong: Vec<(&'static str, (String, String))>,
}

struct Repository<'a> {
    play: &'a PhysicalPlay<'a>,
    place: RepositoryPlace,
    window: i64,
    bases: Vec<Base>,
    /// One for each hour from the beginning.
    wal: Vec<Object>,
}

impl<'a> Repository<'a> {
    fn new(play: &'a PhysicalPlay<'a>, window: Span) -> Self {
        let window = i64::try_from(window.as_secs()).unwrap_or(i64::MAX);
        Self { play, place: RepositoryPlace::of(play.bucket.prefix, play.spec), window, bases: Vec::new(), wal: Vec::new() }
    }

    fn hour(&self, at: Timestamp) -> usize {
        usize::try_from((at.as_second() - self.play.asked.begin.as_second()).max(0) / HOUR).unwrap_or(0)
    }

    /// Takes a backup, which lasts as long as it may, and lets the engine expire what the window does not need.
    fn backup(&mut self, at: Timestamp, full: bool) {
        let ended = at + SignedDuration::from_secs(i64::try_from(self.play.spec.max_duration.as_secs()).unwrap_or(0));
        // The first one is full, whatever was asked for.
        let prior = self.bases.len().checked_sub(1).filter(|_| !full);
        let name = self.name(at, prior);
        let key = format!("{}{name}/{}", self.place.backups(), if self.place.engine == PhysicalEngine::BarmanCloud { "data.tar" } else { "base" });
        let object = self.object(key, self.play.asked.bytes, ended);
        self.bases.push(Base { name, object, begun: at, ended, prior });
        self.expire(ended);
    }

    fn name(&self, at: Timestamp, prior: Option<usize>) -> String {
        match self.place.engine {
            PhysicalEngine::Pgbackrest => {
                let label = at.strftime("%Y%m%d-%H%M%S");
                let base = self.bases.iter().rev().find(|base| base.prior.is_none()).filter(|_| prior.is_some());
                base.map_or_else(|| format!("{label}F"), |base| format!("{}_{label}I", base.name))
            }
            PhysicalEngine::BarmanCloud => at.strftime("%Y%m%dT%H%M%S").to_string(),
            PhysicalEngine::WalG => {
                let base = prior.and_then(|prior| self.bases.get(prior));
                let from = base.map_or_else(String::new, |base| format!("_D_{}", segment(self.hour(base.begun))));
                format!("base_{}{from}", segment(self.hour(at)))
            }
        }
    }

    /// The newest full backup that ended before the window begins is kept, with all that follows and its WAL.
    fn expire(&mut self, now: Timestamp) {
        let cutoff = now.as_second() - self.window;
        let Some(keep) = self.bases.iter().rposition(|base| base.prior.is_none() && base.ended.as_second() <= cutoff) else { return };
        let Some(first) = self.bases.get(keep).map(|base| self.hour(base.begun)) else { return };
        let (play, bases, wal) = (self.play, &mut self.bases, &mut self.wal);
        let old = bases.iter_mut().take(keep).map(|base| &mut base.object).chain(wal.iter_mut().take(first));
        for object in old.filter(|object| object.is_there(now)) {
            (object.deleted_at, object.gone) = (Some(now), after_delete(play, object, now));
        }
    }

    /// Archives the WAL of a day.
    fn archive(&mut self, midnight: Timestamp) {
        for hour in 0..24 {
            let at = moment(midnight.as_second() + (hour + 1) * HOUR);
            let name = segment(self.wal.len());
            let folder = name.get(..16).unwrap_or_default().to_owned();
            let key = match self.place.engine {
                PhysicalEngine::Pgbackrest => format!("{}16-1/{folder}/{name}-0123456789abcdef.gz", self.place.wal()),
                PhysicalEngine::BarmanCloud => format!("{}{folder}/{name}.gz", self.place.wal()),
                PhysicalEngine::WalG => format!("{}{name}.br", self.place.wal()),
            };
            let object = self.object(key, SEGMENT, at);
            self.wal.push(object);
        }
    }

    fn object(&self, key: String, bytes: u64, written: Timestamp) -> Object {
        let (version, rules) = (self.play.bucket.version(&key, bytes, written), self.play.bucket.rules);
        let forecast = Forecast::new(&World::of(rules, self.play.bucket.versioning, written));
        let standing = forecast.standing(std::slice::from_ref(&version));
        let class = |at| forecast.lying(std::slice::from_ref(&version), at).bytes.first().map(|(class, _)| (at, *class));
        let classes = std::iter::once(written).chain(forecast.transitions(std::slice::from_ref(&version))).filter_map(class).collect();
        Object { bytes, written, until: standing.restorable_until, gone: standing.bytes_gone_at, classes, deleted_at: None, key }
    }

    /// Whether a backup, what it builds on and the WAL of its run are there.
    fn usable(&self, now: Timestamp) -> Vec<bool> {
        let mut out: Vec<bool> = Vec::new();
        for base in &self.bases {
            let prior = base.prior.is_none_or(|prior| out.get(prior) == Some(&true));
            let run = self.wal.get(self.hour(base.begun)..=self.hour(base.ended)).is_some_and(|run| run.iter().all(|object| object.is_there(now)));
            out.push(base.ended <= now && base.object.is_there(now) && prior && run);
        }
        out
    }

    fn standing(&self, now: Timestamp) -> Standing {
        let usable = self.usable(now);
        let mut wrong = Vec::new();
        wrong.extend(self.chain(now).map(|said| (CHAIN, said)));
        let (oldest, hole) = self.covered(now, &usable);
        if let Some(hole) = hole {
            let sentence = format!("{} cannot be restored, and any moment of the last {} is promised", hour(hole), Span::seconds(self.window.unsigned_abs()));
            wrong.push((WINDOW, (sentence, self.why(now))));
        }
        let mut points = BTreeMap::new();
        for (base, _) in self.bases.iter().zip(&usable).filter(|(_, usable)| **usable) {
            *points.entry(if base.prior.is_none() { "full" } else { "incremental" }.to_owned()).or_insert(0) += 1;
        }
        let mut bytes = BTreeMap::new();
        let all = self.bases.iter().map(|base| &base.object).chain(&self.wal);
        for object in all.filter(|object| object.written <= now && object.gone.is_none_or(|gone| now < gone)) {
            let class = object.classes.iter().rev().find(|(from, _)| *from <= now).map_or(Class::Standard, |(_, class)| *class);
            *bytes.entry(class.as_str().to_owned()).or_insert(0) += object.bytes;
        }
        let reaches_back_seconds = oldest.and_then(|oldest| u64::try_from(now.as_second() - oldest.as_second()).ok());
        Standing { day: Day { date: now.strftime("%Y-%m-%d").to_string(), points, verified: 0, failed: 0, reaches_back_seconds, bytes }, wrong }
    }

    fn chain(&self, now: Timestamp) -> Option<(String, String)> {
        let lost = |base: &&Base| {
            let prior = base.prior.and_then(|prior| self.bases.get(prior));
            base.object.is_there(now) && prior.is_some_and(|prior| !prior.object.is_there(now))
        };
        let base = self.bases.iter().find(lost)?;
        let prior = self.bases.get(base.prior?)?;
        Some((format!("{} is there, and {}, which it builds on, is gone", base.name, prior.name), self.cause(&prior.name, &prior.object, now)))
    }

    /// The oldest moment that can be restored, and the first hour within the promise that cannot.
    fn covered(&self, now: Timestamp, usable: &[bool]) -> (Option<Timestamp>, Option<Timestamp>) {
        let Some(first) = self.bases.iter().map(|base| base.ended).filter(|ended| *ended <= now).min() else { return (None, None) };
        let promised = self.hour(moment((now.as_second() - self.window).max(first.as_second()))) + 1;
        let mut ends: Vec<usize> = self.bases.iter().zip(usable).filter(|(_, usable)| **usable).map(|(base, _)| self.hour(base.ended)).collect();
        ends.sort_unstable();
        let at = |hour: usize| moment(self.play.asked.begin.as_second() + i64::try_from(hour).unwrap_or(0) * HOUR);
        let from = ends.first().copied().unwrap_or(promised).min(promised);
        let (mut covered, mut oldest) = (false, None);
        for hour in from..self.hour(now) {
            let there = self.wal.get(hour).is_some_and(|object| object.is_there(now));
            covered = there && (covered || ends.binary_search(&hour).is_ok());
            oldest = oldest.or_else(|| covered.then(|| at(hour)));
            if !covered && hour >= promised {
                return (oldest, Some(at(hour)));
            }
        }
        (oldest, None)
    }

    /// What S3 ended last, and by which rule.
    fn why(&self, now: Timestamp) -> String {
        let bases = self.bases.iter().map(|base| (base.name.as_str(), &base.object));
        let wal = self.wal.iter().map(|object| (object.key.rsplit('/').next().unwrap_or(&object.key), object));
        let ended = bases.chain(wal).filter_map(|(name, object)| Some((object.was_ended(now)?, name, object)));
        let last = ended.max_by_key(|(at, ..)| *at);
        last.map_or_else(|| "no backup was complete by then".to_owned(), |(_, name, object)| self.cause(name, object, now))
    }

    fn cause(&self, name: &str, object: &Object, now: Timestamp) -> String {
        let Some(at) = object.was_ended(now) else { return format!("{name} was expired by its engine") };
        let version = self.play.bucket.version(&object.key, object.bytes, object.written);
        let ends = |rule: &&Rule| {
            let only = Lifecycle { rules: vec![(*rule).clone()], minimum_size: None };
            let until = Forecast::new(&World::of(&only, self.play.bucket.versioning, object.written)).standing(std::slice::from_ref(&version)).restorable_until;
            until.is_some_and(|until| until <= at)
        };
        let rule = self.play.bucket.rules.rules.iter().find(ends).map_or("a rule", |rule| rule.id.as_str());
        format!("rule `{rule}` ended {name} on {}", at.strftime("%Y-%m-%d"))
    }
}

/// The name of the segment of an hour.
fn segment(hour: usize) -> String {
    format!("00000001{:08X}{:08X}", hour / 256, hour % 256)
}

fn hour(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// When the bytes of an object are gone that its engine deletes.
fn after_delete(play: &PhysicalPlay<'_>, object: &Object, now: Timestamp) -> Option<Timestamp> {
    if Keeping::of(play.bucket.versioning) != Keeping::Enabled {
        return Some(now);
    }
    let old = Version { noncurrent: Some(now), ..play.bucket.version(&object.key, object.bytes, object.written) };
    let marker = Version { marker: true, ..Version::plain(&object.key, 0, now) };
    Forecast::new(&World::of(play.bucket.rules, play.bucket.versioning, now)).standing(&[marker, old]).bytes_gone_at
}

#[cfg(test)]
mod tests;
