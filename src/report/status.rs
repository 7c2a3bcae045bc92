//! What can be restored now, policy by policy: how far it reaches, where it misses, what comes next. Pure.
//!
//! The bucket is the witness: a run that left no complete backup was missed, whatever a scheduler says of it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::expected::{self, History, MISSED, Slot, Wanted};
use super::{DrillReport, DrillStanding, Input, Objective, Pitr, PolicyReport, Report, Verdict, physical};
use crate::catalog::ending;
use crate::catalog::layout::{failed_step, id_time};
use crate::catalog::retention::Tier;
use crate::catalog::timeline::{self, Forecast, Gap, Keeping, Point, Reach, Spacing, World, reach};
use crate::model::aspects::Versioning;
use crate::model::fact::{Fact, Why};
use crate::model::id::ResourceId;
use crate::model::lifecycle::{EXPIRE_TAG, Lifecycle, Tag};
use crate::model::policy::BackupSet;
use crate::model::request::ReadOp;
use crate::model::resource::{Observed, SeenBackup, Told};
use crate::model::units::Span;
use crate::policy::LoadedPolicy;
use crate::rules::schedule;

/// What can be restored of one policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Standing {
    /// Its name.
    pub policy: String,
    /// How much may be lost, as promised and as it is.
    pub rpo: Objective,
    /// How long a restore may take, and how long the last drill took.
    pub rto: Objective,
    /// The worst of its drills; none where it has none.
    pub drills: Option<Verdict>,
    /// Each of its drills, by name.
    pub rehearsals: Vec<DrillStanding>,
    /// When a drill last passed, RFC 3339.
    pub verified_at: Option<String>,
    /// How many restore points there are.
    pub points: usize,
    /// Their bytes.
    pub bytes: u64,
    /// The oldest of them, RFC 3339.
    pub oldest: Option<String>,
    /// The newest of them, RFC 3339.
    pub newest: Option<String>,
    /// Its sets, by name.
    pub sets: Vec<SetStanding>,
    /// Why nothing can be said of what is there; none = it was listed.
    pub unknown: Option<String>,
}

/// One backup set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SetStanding {
    /// Its name.
    pub set: String,
    /// How many restore points it has.
    pub points: usize,
    /// Their bytes.
    pub bytes: u64,
    /// The newest, RFC 3339.
    pub newest: Option<String>,
    /// Bytes of the newest.
    pub newest_bytes: Option<u64>,
    /// How long the newest took, from its beginning until S3 had all of it, in seconds.
    pub newest_seconds: Option<u64>,
    /// For how long of that something of it was on its way to the bucket, in seconds, by its record.
    #[serde(default)]
    pub newest_upload_seconds: Option<u64>,
    /// Its next run, RFC 3339.
    pub next: Option<String>,
    /// The longest that two runs are apart.
    pub interval_seconds: Option<u64>,
    /// Whether a run that was begun may still end.
    pub running: bool,
    /// Runs of the last seven days that left no complete backup, the newest first, RFC 3339.
    pub missed: Vec<String>,
    /// Runs of the last seven days that began and never completed, though their time is over: when they began, the newest first.
    pub failed: Vec<String>,
    /// Those of them whose upload failed, by the mark that they left: the bucket took it not.
    #[serde(default)]
    pub upload_failed: Vec<String>,
    /// Backups with a manifest that are not whole, by id, each with why: of all by the listing, of the newest, and of those that lack an object
    /// which that has, by their manifests.
    #[serde(default)]
    pub damaged: BTreeMap<String, String>,
    /// How many more a rule of the bucket has reached, which may delete them at any time, by its id.
    #[serde(default)]
    pub reached: BTreeMap<String, u64>,
    /// Stretches without a restore point that are longer than schedule and retention explain, the newest first.
    pub gaps: Vec<GapStanding>,
    /// Of a physical set: the archive of its WAL, and what it promises.
    pub pitr: Option<Pitr>,
    /// Whether the keeper released what it should have; none = it was not looked at.
    #[serde(default)]
    pub release: Option<ReleaseStanding>,
}

/// Releases of one set that are overdue: backups that the retention released two days ago and more, and that still bear no tag.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReleaseStanding {
    /// How many there are.
    pub overdue: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The id of the oldest of them.
    pub oldest: Option<String>,
    /// Why it is not known; none = it is.
    pub unknown: Option<String>,
}

impl ReleaseStanding {
    /// What is overdue, in a few words.
    pub fn sentence(&self) -> String {
        let backups = if self.overdue == 1 { "backup that was" } else { "backups that were" };
        let oldest = self.oldest.as_deref().unwrap_or("of unknown id");
        format!("{} {backups} to be released more than 2 d ago, the oldest {oldest}", self.overdue)
    }

    /// Of which nothing is known.
    pub fn unknown(why: String) -> Self {
        Self { unknown: Some(why), ..Self::default() }
    }
}

/// A stretch without a restore point.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GapStanding {
    /// The point before it, RFC 3339.
    pub from: String,
    /// The point after it, or the time that was asked for, RFC 3339.
    pub to: String,
}

impl SetStanding {
    /// Of a set of which nothing is there.
    pub fn empty(set: &str) -> Self {
        Self {
            set: set.to_owned(),
            points: 0,
            bytes: 0,
            newest: None,
            newest_bytes: None,
            newest_seconds: None,
            newest_upload_seconds: None,
            next: None,
            interval_seconds: None,
            running: false,
            missed: Vec::new(),
            failed: Vec::new(),
            damaged: BTreeMap::new(),
            reached: BTreeMap::new(),
            upload_failed: Vec::new(),
            gaps: Vec::new(),
            pitr: None,
            release: None,
        }
    }

    /// When the newest complete backup was begun; of a physical set when it ended, as its newest restorable moment is that of its WAL.
    pub fn last(&self) -> Option<&str> {
        self.pitr.as_ref().map_or(self.newest.as_deref(), |pitr| pitr.last_backup.as_deref())
    }

    /// Whether a physical set reaches back less far than its window although it is old enough; none where no window is promised, or that is
    /// not known: where there is no complete backup, or one could not be read, that nothing is seen to be short proves nothing.
    pub fn is_window_short(&self) -> Option<bool> {
        let pitr = self.pitr.as_ref().filter(|pitr| pitr.unknown.is_none() && pitr.window_seconds.is_some())?;
        let is_long = (self.points > 0 && pitr.unread == 0).then_some(false);
        if pitr.short.is_some() { Some(true) } else { is_long }
    }
}

impl Standing {
    /// Whether the backups, and the archives of WAL, are as young as was promised.
    pub fn is_recent(&self) -> bool {
        self.unknown.is_none() && self.rpo.verdict == Verdict::Passed && self.sets.iter().all(|set| set.pitr.as_ref().is_none_or(|pitr| pitr.is_kept))
    }

    /// Whether what was promised is kept: backups young enough, and restores proven where drills are promised.
    pub fn is_kept(&self) -> bool {
        self.is_recent() && self.drills.is_none_or(|verdict| verdict == Verdict::Passed)
    }
}

/// How the moment of a status lies to the time at which the bucket was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It is that time.
    Now,
    /// It was before: what was there then is a fact, and no rule takes it away any more.
    Before,
    /// It is still to come; the bucket was read at this time, and nothing else happens until then.
    After(Timestamp),
}

/// What a status is taken of besides the report.
#[derive(Clone, Copy, Debug)]
pub struct Around<'a> {
    /// What was seen.
    pub observed: &'a Observed,
    /// When.
    pub seen: Seen,
    /// What was wanted of each set over time, where the policies lie in git.
    pub history: Option<&'a History>,
}

pub(super) fn text(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The standings of all policies, worst first. `report` says what is promised and proven.
pub fn standings(input: &Input<'_>, report: &Report, around: &Around<'_>) -> Vec<Standing> {
    let of = |policy: &LoadedPolicy| {
        let reported = report.policies.iter().find(|reported| reported.name == policy.name)?;
        let own = one(policy, reported, &report.drills, around, input);
        Some(physical::added(own, policy, input, around.seen, around.history))
    };
    let mut out: Vec<Standing> = input.policies.iter().filter_map(of).collect();
    out.sort_by(|a, b| (a.is_kept(), &a.policy).cmp(&(b.is_kept(), &b.policy)));
    out
}

fn one(policy: &LoadedPolicy, reported: &PolicyReport, all: &[DrillReport], around: &Around<'_>, input: &Input<'_>) -> Standing {
    let passed = all.iter().filter(|drill| drill.policy.as_deref() == Some(policy.name.as_str()) && drill.verdict == Verdict::Passed);
    let mut out = Standing {
        policy: policy.name.clone(),
        rpo: reported.rpo.clone(),
        rto: reported.rto.clone(),
        drills: reported.drills.iter().map(|drill| drill.verdict).min(),
        rehearsals: reported.drills.clone(),
        verified_at: passed.map(|drill| drill.at.clone()).max(),
        points: 0,
        bytes: 0,
        oldest: None,
        newest: None,
        sets: Vec::new(),
        unknown: None,
    };
    let backups = match input.backups.get(&policy.name) {
        Some(Fact::Known(backups)) => backups.as_slice(),
        Some(Fact::Absent) => &[],
        Some(Fact::Unknown(why)) => return Standing { unknown: Some(why.to_string()), ..out },
        None => return Standing { unknown: Some("the bucket was not listed".to_owned()), ..out },
    };
    let world = match live(&policy.policy.spec.storage.bucket, around.observed) {
        // What was there then was not taken away by then.
        _ if around.seen == Seen::Before => (Lifecycle::default(), None),
        Ok(world) => world,
        Err(why) => return Standing { unknown: Some(why), ..out },
    };
    let shelf = Shelf { policy: &policy.name, backups, world, now: input.now, around };
    let mut newest: Option<Timestamp> = None;
    for (name, set) in &policy.policy.spec.backups {
        let (mut standing, reach) = shelf.set(&name.0, set);
        let reported = reported.sets.iter().find(|reported| reported.set == name.0);
        standing.reached = reported.map(|reported| reported.reached.clone()).unwrap_or_default();
        standing.newest_upload_seconds = reported.and_then(|reported| reported.upload_millis).map(|millis| millis.div_ceil(1_000));
        out.points += reach.points;
        out.bytes = out.bytes.saturating_add(reach.bytes);
        out.oldest = out.oldest.into_iter().chain(reach.oldest.map(text)).min();
        newest = newest.max(reach.newest);
        out.sets.push(standing);
    }
    out.newest = newest.map(text);
    out
}

/// The backups by policy, those marked that a rule of their bucket will have reached at a moment; they were `read` then or before. Where the
/// rules are not known, neither is what they leave.
pub fn reached(policies: &[LoadedPolicy], observed: &Observed, at: Timestamp, read: Timestamp) -> BTreeMap<String, Fact<Vec<SeenBackup>>> {
    let seen = if at > read { Seen::After(read) } else { Seen::Now };
    let around = Around { observed, seen, history: None };
    let of = |policy: &LoadedPolicy| {
        let listed = observed.backups.get(&policy.name)?;
        let Fact::Known(backups) = listed else { return Some((policy.name.clone(), listed.clone())) };
        let world = match live(&policy.policy.spec.storage.bucket, observed) {
            Ok(world) => world,
            // What is there now is; that it may go, status says.
            Err(_) if seen == Seen::Now => return Some((policy.name.clone(), listed.clone())),
            Err(why) => return Some((policy.name.clone(), Fact::Unknown(Why::Unreachable(why)))),
        };
        let shelf = Shelf { policy: &policy.name, backups, world, now: at, around: &around };
        let (forecast, keeping) = shelf.forecast();
        let marked = backups.iter().map(|backup| shelf.marked(backup, &forecast, keeping)).collect();
        Some((policy.name.clone(), Fact::Known(marked)))
    };
    policies.iter().filter_map(of).collect()
}

/// The rules of a bucket, those of others too, and its versioning, as they are.
///
/// # Errors
/// Why they are not known.
pub fn live(bucket: &str, observed: &Observed) -> Result<(Lifecycle, Option<Versioning>), String> {
    let seen = observed.resources.get(&ResourceId::Bucket(bucket.to_owned()));
    let fact = |op| seen.map_or(Fact::Unknown(Why::NotAsked), |seen| seen.fact(op));
    let rules = match fact(ReadOp::BucketLifecycle) {
        Fact::Known(document) => document.to::<Lifecycle>().ok_or("the lifecycle rules are not understood")?,
        Fact::Absent => Lifecycle::default(),
        Fact::Unknown(why) => return Err(format!("the lifecycle rules could not be read: {why}")),
    };
    match fact(ReadOp::BucketVersioning) {
        Fact::Known(document) => Ok((rules, document.to())),
        Fact::Absent => Ok((rules, None)),
        Fact::Unknown(why) => Err(format!("versioning could not be read: {why}")),
    }
}

struct Shelf<'a> {
    policy: &'a str,
    backups: &'a [SeenBackup],
    world: (Lifecycle, Option<Versioning>),
    now: Timestamp,
    around: &'a Around<'a>,
}

impl Shelf<'_> {
    fn set(&self, name: &str, set: &BackupSet) -> (SetStanding, Reach) {
        let own: Vec<&SeenBackup> = self.backups.iter().filter(|backup| backup.set == name).collect();
        let complete = || own.iter().filter(|backup| backup.is_good());
        let asked = schedule::read(&set.schedule).ok();
        let interval = schedule::longest_wait(&set.schedule);
        let spacing = interval.map_or_else(Vec::new, |interval| spacing(set, interval));
        let (forecast, keeping) = self.forecast();
        let ahead = matches!(self.around.seen, Seen::After(_));
        // What a rule of others has reached may go at any time, and is not counted on.
        let points = complete().filter_map(|backup| Some(Point { at: id_time(&backup.id)?, tier: None, standing: self.lasts(&forecast, keeping, backup) }));
        let reach = reach(points, &spacing, self.now);
        let newest = complete().filter_map(|backup| Some((id_time(&backup.id)?, *backup))).filter(|(at, _)| *at <= self.now).max_by_key(|(at, _)| *at);
        let runs_until = |at: Timestamp| at.as_second() + i64::try_from(set.max_duration.as_secs()).unwrap_or(i64::MAX / 2);
        let running = own
            .iter()
            .any(|backup| !backup.complete && failed_step(backup).is_none() && id_time(&backup.id).is_some_and(|at| runs_until(at) > self.now.as_second()));
        let standing = SetStanding {
            set: name.to_owned(),
            points: reach.points,
            bytes: reach.bytes,
            newest: newest.map(|(at, _)| text(at)),
            newest_bytes: newest.map(|(_, backup)| backup.bytes),
            newest_seconds: newest.and_then(|(at, backup)| u64::try_from(backup.stored?.as_second() - at.as_second()).ok()),
            newest_upload_seconds: None,
            next: asked.as_ref().and_then(|asked| asked.next(self.now)).map(text),
            interval_seconds: interval,
            running: running && !ahead,
            missed: if ahead { Vec::new() } else { self.missed(name, set, &own) },
            damaged: own.iter().filter_map(|backup| Some((backup.id.clone(), backup.broken()?.to_owned()))).collect(),
            reached: BTreeMap::new(),
            failed: if ahead { Vec::new() } else { self.failed(&own, set, |_| true) },
            upload_failed: if ahead { Vec::new() } else { self.failed(&own, set, |backup| failed_step(backup) == Some("upload")) },
            // That nothing is taken until then is what is supposed, and no gap.
            gaps: reach.gaps.iter().filter(|gap| !ahead || gap.to != self.now).map(GapStanding::of).collect(),
            pitr: None,
            release: None,
        };
        (standing, reach)
    }

    fn forecast(&self) -> (Forecast<'_>, Keeping) {
        let (rules, versioning) = &self.world;
        let now = if let Seen::After(read) = self.around.seen { read } else { self.now };
        let world = World::of(rules, *versioning, now);
        (Forecast::new(&world), world.keeping)
    }

    /// Runs that left a beginning and nothing whole, once their time is over or they left a mark that they failed.
    fn failed(&self, own: &[&SeenBackup], set: &BackupSet, wanted: impl Fn(&SeenBackup) -> bool) -> Vec<String> {
        let late = i64::try_from(set.max_duration.as_secs()).unwrap_or(MISSED);
        let now = self.now.as_second();
        let over = |(at, failed): &(Timestamp, bool)| at.as_second() <= now - if *failed { 0 } else { late } && at.as_second() >= now - MISSED;
        let begun = own.iter().filter(|backup| !backup.complete && wanted(backup));
        let begun = begun.filter_map(|backup| Some((id_time(&backup.id)?, failed_step(backup).is_some())));
        let mut out: Vec<String> = begun.filter(over).map(|(at, _)| text(at)).collect();
        out.sort_by(|a, b| b.cmp(a));
        out
    }

    /// What the rules of the bucket make of a backup.
    fn lasts(&self, forecast: &Forecast<'_>, keeping: Keeping, backup: &SeenBackup) -> timeline::Standing {
        tagged(forecast, keeping, backup, self.released(backup).and_then(Option::as_deref))
    }

    /// A backup, with the rule that has reached it, if one has. Now only tags that were read count; of a moment to come any that it may have.
    fn marked(&self, backup: &SeenBackup, forecast: &Forecast<'_>, keeping: Keeping) -> SeenBackup {
        let mut out = backup.clone();
        let tags = if self.around.seen == Seen::Now { vec![self.released(backup).and_then(Option::as_deref)] } else { self.may_be(backup) };
        let gone = tags.into_iter().find(|tag| !tagged(forecast, keeping, backup, *tag).is_restorable_at(self.now));
        if let Some(tag) = gone.filter(|_| backup.is_good()) {
            let tags: Vec<Tag> = tag.map(Tag::release).into_iter().collect();
            let (rules, versioning) = &self.world;
            let read = if let Seen::After(read) = self.around.seen { read } else { self.now };
            let first = ending::first(&timeline::versions(backup, &tags, keeping), (rules, *versioning), read);
            out.told = match first {
                Some(first) if !first.by_release => Told::Reached(first.rule),
                Some(_) | None => Told::Expiring,
            };
        }
        out
    }

    /// The release tag of a backup, if it was read: none where there is none.
    fn released(&self, backup: &SeenBackup) -> Option<&Option<String>> {
        self.around.observed.released.get(&(self.policy.to_owned(), backup.set.clone(), backup.id.clone()))
    }

    /// The release tags that it may have: one that could not be read can be any that a rule knows.
    fn may_be(&self, backup: &SeenBackup) -> Vec<Option<&str>> {
        let tags = self.world.0.rules.iter().flat_map(|rule| &rule.filter.tags).filter(|tag| tag.key == EXPIRE_TAG);
        self.released(backup).map_or_else(|| [None].into_iter().chain(tags.map(|tag| Some(tag.value.as_str()))).collect(), |tag| vec![tag.as_deref()])
    }

    /// Runs that should have ended by now and left nothing complete, by the schedules of then.
    fn missed(&self, name: &str, set: &BackupSet, own: &[&SeenBackup]) -> Vec<String> {
        let began: Vec<Timestamp> = own.iter().filter(|backup| backup.complete).filter_map(|backup| id_time(&backup.id)).collect();
        let slots = expected::slots(self.around.history, (self.policy, name), Wanted::taken(set), began.iter().min().copied(), self.now);
        let missing = |slot: &Slot| !slot.is_filled(began.iter().map(|began| began.as_second()));
        slots.into_iter().filter(missing).map(|slot| text(slot.at)).collect()
    }
}

impl GapStanding {
    fn of(gap: &Gap) -> Self {
        Self { from: text(gap.from), to: text(gap.to) }
    }
}

/// How far apart points may be by their age: as the schedule takes them while they are fresh, then one in each period of a tier, which
/// can be nearly two periods apart.
fn spacing(set: &BackupSet, interval: u64) -> Vec<Spacing> {
    let day = |days: i32| u64::try_from(days).unwrap_or(0) * 86_400;
    let taken = interval + set.max_duration.as_secs();
    // Without the last period of lateness, which may be gone already.
    let mut out = vec![Spacing { up_to: Span::seconds(set.retention.recent.days_rounded_up() * 86_400), at_most: Span::seconds(taken) }];
    for (count, period) in Tier::PERIODS.into_iter().filter_map(|tier| tier.count(&set.retention)) {
        out.push(Spacing { up_to: Span::seconds(day(count) * day(period) / 86_400), at_most: Span::seconds(taken.max(2 * day(period))) });
    }
    out.sort_by_key(|row| row.up_to);
    out
}

/// What the rules of a bucket make of a backup with a release tag.
pub fn tagged(forecast: &Forecast<'_>, keeping: Keeping, backup: &SeenBackup, tag: Option<&str>) -> timeline::Standing {
    let tags: Vec<Tag> = tag.map(Tag::release).into_iter().collect();
    forecast.standing(&timeline::versions(backup, &tags, keeping))
}

#[cfg(test)]
mod tests;
