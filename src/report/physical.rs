//! What can be said of physical sets: how new the archive of their WAL is, where nothing can be restored, what their engine missed. Pure.
//!
//! The bucket is the only witness: when S3 stored a segment is when its changes were safe.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::expected::{self, History, MISSED, Wanted};
use super::status::{GapStanding, Seen, SetStanding, Standing, text};
use super::{Input, SetReport};
use crate::catalog::backups::CLOCKS;
use crate::catalog::physical::{Physical, Repository, State};
use crate::model::fact::Fact;
use crate::model::policy::{Name, PhysicalSet, Schedule};
use crate::model::units::{Span, elapsed};
use crate::policy::LoadedPolicy;
use crate::rules::schedule;

/// What was read of the repositories of physical sets, by policy and set.
pub type Repositories = BTreeMap<(String, String), Fact<Repository>>;

/// The archive of a physical set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Pitr {
    /// `pgbackrest`, `barman-cloud` or `wal-g`.
    pub engine: String,
    /// How long ago S3 stored the newest segment that can be replayed.
    pub lag_seconds: Option<u64>,
    /// How long ago that may be: the shorter one of `wal.maxLag` and the set's own RPO.
    pub max_lag_seconds: Option<u64>,
    /// How far back any moment must be restorable.
    pub window_seconds: Option<u64>,
    /// Whether that is so.
    pub is_kept: bool,
    /// What is wrong, if something is.
    pub sentence: Option<String>,
    /// That it reaches back less far than its window although it is old enough, with both figures.
    #[serde(default)]
    pub short: Option<String>,
    /// Why nothing is known of the repository; none = it was read.
    #[serde(default)]
    pub unknown: Option<String>,
    /// How many of its backups could not be read.
    #[serde(default)]
    pub unread: usize,
    /// When the newest complete backup ended, RFC 3339.
    #[serde(default)]
    pub last_backup: Option<String>,
    /// When the newest complete full backup ended, RFC 3339.
    #[serde(default)]
    pub last_full: Option<String>,
    /// The missed runs that only a full backup would have filled, the newest first, RFC 3339.
    #[serde(default)]
    pub missed_full: Vec<String>,
}

/// A physical set in a report: it covers the whole cluster, and so names no database.
pub(super) fn sets(policy: &LoadedPolicy, seen: &Repositories) -> Vec<SetReport> {
    let of = |name: &Name| {
        let empty = SetReport::empty(name, Vec::new());
        match seen.get(&(policy.name.clone(), name.0.clone())) {
            Some(Fact::Known(found)) => SetReport {
                complete: complete(found).count() as u64,
                incomplete: (found.backups.len() - complete(found).count()) as u64,
                bytes: found.backups.iter().map(|backup| backup.stored).fold(0, u64::saturating_add),
                newest: complete(found).max_by_key(|backup| backup.stopped).map(|backup| backup.id.clone()),
                newest_at: found.newest.map(text),
                unknown: found.unknown.clone(),
                ..empty
            },
            Some(Fact::Absent) => empty,
            Some(Fact::Unknown(why)) => SetReport { unknown: Some(why.to_string()), ..empty },
            None => SetReport { unknown: Some("the repository was not listed".to_owned()), ..empty },
        }
    };
    policy.policy.spec.backups.physical.keys().map(of).collect()
}

/// When each complete backup ended, or each full one.
fn ended(found: &Repository, full: bool) -> impl Iterator<Item = Timestamp> {
    complete(found).filter(move |backup| !full || backup.kind == "full").filter_map(|backup| backup.stopped)
}

fn complete(found: &Repository) -> impl Iterator<Item = &Physical> {
    found.backups.iter().filter(|backup| backup.state == State::Complete)
}

/// The standing of a policy with its physical sets. Of a moment to come nothing is missed or failed: that nothing runs until then is what
/// is supposed.
pub(super) fn added(mut standing: Standing, policy: &LoadedPolicy, input: &Input<'_>, seen: Seen, history: Option<&History>) -> Standing {
    let ahead = matches!(seen, Seen::After(_));
    for (name, set) in &policy.policy.spec.backups.physical {
        let found = input.repositories.get(&(policy.name.clone(), name.0.clone()));
        let one = match found {
            Some(Fact::Known(Repository { unknown: Some(why), .. })) => unread(&name.0, set, format!("which backups it has is not known: {why}")),
            Some(Fact::Known(found)) => {
                standing.oldest = standing.oldest.into_iter().chain(found.oldest.map(text)).min();
                standing.newest = standing.newest.max(found.newest.map(text));
                let runs = if ahead { Runs::default() } else { Runs::of(policy, (&name.0, set), found, history, input.now) };
                of(&name.0, set, found, runs, input.now)
            }
            Some(Fact::Absent) => empty(&name.0, set, "there is no such bucket".to_owned()),
            Some(Fact::Unknown(why)) => unread(&name.0, set, format!("the repository could not be listed: {why}")),
            None => unread(&name.0, set, "the repository was not listed".to_owned()),
        };
        standing.points += one.points;
        standing.bytes = standing.bytes.saturating_add(one.bytes);
        standing.sets.push(one);
    }
    standing
}

fn unread(name: &str, set: &PhysicalSet, why: String) -> SetStanding {
    let standing = empty(name, set, why.clone());
    let pitr = standing.pitr.clone().map(|pitr| Pitr { unknown: Some(why), ..pitr });
    SetStanding { pitr, ..standing }
}

fn empty(name: &str, set: &PhysicalSet, why: String) -> SetStanding {
    let pitr = Pitr {
        engine: set.engine.as_str().to_owned(),
        lag_seconds: None,
        max_lag_seconds: limit(set).map(Span::as_secs),
        window_seconds: set.window.map(Span::as_secs),
        is_kept: false,
        sentence: Some(why),
        short: None,
        unknown: None,
        unread: 0,
        last_backup: None,
        last_full: None,
        missed_full: Vec::new(),
    };
    SetStanding { pitr: Some(pitr), ..SetStanding::empty(name) }
}

fn limit(set: &PhysicalSet) -> Option<Span> {
    set.wal.map(|wal| wal.max_lag).into_iter().chain(set.rpo()).min()
}

fn of(name: &str, set: &PhysicalSet, found: &Repository, runs: Runs, now: Timestamp) -> SetStanding {
    let newest = complete(found).max_by_key(|backup| backup.stopped);
    let holes: Vec<(Timestamp, Option<Timestamp>)> = holes(found).collect();
    SetStanding {
        points: complete(found).count(),
        bytes: complete(found).map(|backup| backup.stored).fold(0, u64::saturating_add),
        newest: found.newest.map(text),
        newest_bytes: newest.map(|backup| backup.stored),
        next: schedules(set).iter().filter_map(|schedule| schedule::read(schedule).ok()?.next(now)).min().map(text),
        interval_seconds: interval(set),
        missed: runs.missed,
        failed: runs.failed,
        gaps: holes.iter().rev().map(|(from, until)| GapStanding { from: text(*from), to: text(until.unwrap_or(now)) }).collect(),
        pitr: Some(Pitr { missed_full: runs.missed_full, ..pitr(set, found, &holes, now) }),
        ..empty(name, set, String::new())
    }
}

/// The longest wait between two of its runs, of whichever kind.
fn interval(set: &PhysicalSet) -> Option<u64> {
    schedule::longest_wait_of(&schedules(set))
}

/// Its schedules, whichever kind they take.
fn schedules(set: &PhysicalSet) -> Vec<Schedule> {
    set.schedule.iter().flat_map(|schedule| schedule.each().map(|(_, schedule)| schedule)).collect()
}

/// Stretches between the oldest and the newest restorable moment, or behind it, that cannot be restored: from, and until if that is known.
fn holes(found: &Repository) -> impl Iterator<Item = (Timestamp, Option<Timestamp>)> {
    let reached = |at: Timestamp| found.oldest.is_some_and(|oldest| oldest <= at);
    found.gaps.iter().filter(move |gap| reached(gap.from)).map(|gap| (gap.from, gap.until))
}

fn pitr(set: &PhysicalSet, found: &Repository, holes: &[(Timestamp, Option<Timestamp>)], now: Timestamp) -> Pitr {
    let age = |at: Timestamp| u64::try_from(now.as_second() - at.as_second()).unwrap_or(0);
    // S3 dates nothing in the future: then it is this clock that is behind, and no age is known.
    let ahead = found.newest.filter(|newest| newest.as_second() > now.as_second() + CLOCKS);
    let lag = found.newest.filter(|_| ahead.is_none()).map(age);
    let limit = limit(set).map(Span::as_secs);
    let hole = set.window.and_then(|window| holes.iter().rev().find(|(_, until)| until.is_none_or(|until| age(until) < window.as_secs())));
    let short = short(set, found, age);
    let sentence = match (lag, hole) {
        (None, _) if ahead.is_some() => {
            ahead.map(|at| format!("its newest change is dated {}, which is yet to come: see to the clock of this machine", text(at)))
        }
        (None, _) => Some(match found.problems.first() {
            Some(problem) => format!("there is no complete backup: {problem}"),
            None => "there is no complete backup".to_owned(),
        }),
        (Some(lag), _) if limit.is_some_and(|limit| lag > limit) => {
            let newest = "the newest change that can be restored was archived";
            Some(format!("{newest} {} ago, and {} is promised", elapsed(lag * 1000), Span::seconds(limit.unwrap_or_default())))
        }
        (Some(_), Some(_)) => Some("a gap in the WAL lies within the window that is promised".to_owned()),
        (Some(_), None) => short.clone(),
    };
    Pitr {
        engine: set.engine.as_str().to_owned(),
        lag_seconds: lag,
        max_lag_seconds: limit,
        window_seconds: set.window.map(Span::as_secs),
        is_kept: sentence.is_none(),
        sentence,
        short,
        unknown: None,
        unread: found.backups.iter().filter(|backup| backup.state == State::Unknown).count(),
        last_backup: ended(found, false).max().map(text),
        last_full: ended(found, true).max().map(text),
        missed_full: Vec::new(),
    }
}

/// That the set reaches back less far than its window, unless it may be as young as that. It is no younger than the oldest object that is
/// left of it, whatever that is: a list, a history, WAL without its backup; and its first backup came no later than one wait after that.
fn short(set: &PhysicalSet, found: &Repository, age: impl Fn(Timestamp) -> u64) -> Option<String> {
    let window = set.window?;
    let (reach, old) = (found.oldest.map(&age)?, found.born.map(&age)?);
    let is_short = reach < window.as_secs() && old > window.as_secs().saturating_add(interval(set).unwrap_or(0));
    let (reach, old) = (elapsed(reach * 1000), elapsed(old * 1000));
    is_short.then(|| format!("any moment of the last {window} is promised, and it reaches back {reach}, although the repository has been there for {old}"))
}

/// Runs of the last seven days that left nothing, the newest first, RFC 3339.
#[derive(Default)]
struct Runs {
    missed: Vec<String>,
    /// Those that only a full backup would have filled.
    missed_full: Vec<String>,
    /// The ends of those of which their engine says that they failed.
    failed: Vec<String>,
}

impl Runs {
    /// By whose end nothing complete was there, by the schedules of then, and that failed.
    fn of(policy: &LoadedPolicy, (name, set): (&str, &PhysicalSet), found: &Repository, history: Option<&History>, now: Timestamp) -> Self {
        let wanted = Wanted::physical(&policy.policy.spec.storage, set);
        let slots = expected::slots(history, (&policy.name, name), wanted, ended(found, false).min(), now);
        let mut out = Self { failed: failed(found, now), ..Self::default() };
        for slot in slots.into_iter().filter(|slot| !slot.is_filled(ended(found, slot.full).map(Timestamp::as_second))) {
            out.missed.push(text(slot.at));
            out.missed_full.extend(slot.full.then(|| text(slot.at)));
        }
        out
    }
}

/// When backups of the last seven days ended of which their engine says that they failed, the newest first.
fn failed(found: &Repository, now: Timestamp) -> Vec<String> {
    let late = |at: &Timestamp| at.as_second() > now.as_second() - MISSED;
    let of = |backup: &Physical| if backup.state == State::Failed { backup.stopped } else { None };
    let mut out: Vec<Timestamp> = found.backups.iter().filter_map(of).filter(late).collect();
    out.sort_unstable_by(|a, b| b.cmp(a));
    out.into_iter().map(text).collect()
}

#[cfg(test)]
mod tests;
