//! Which runs were expected, by the schedules of their time. Pure.
//!
//! A run is never expected of a set that was not in the policy yet, nor in a place that is not looked at.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::catalog::physical::Place;
use crate::model::policy::{BackupSet, PhysicalSet, Schedule, Storage};
use crate::model::units::Span;
use crate::rules::schedule;

/// How far back scheduled runs are looked for, in seconds.
pub const MISSED: i64 = 7 * 86_400;
/// How much earlier than its slot a run may begin, or end: clocks differ.
pub(super) const EARLY: i64 = 300;

/// What a policy wanted of a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// When it was to run, each with whether only a full backup of a physical set fills the slot.
    pub runs: Vec<(Schedule, bool)>,
    /// How long a run may take.
    pub limit: Span,
    /// Of a physical set: the bucket and where its repository lies there. None = lifeboat takes the set.
    pub place: Option<(String, Place)>,
}

impl Wanted {
    /// Of a set that lifeboat takes.
    pub fn taken(set: &BackupSet) -> Self {
        Self { runs: vec![(set.schedule.clone(), false)], limit: set.max_duration, place: None }
    }

    /// Of a set that another engine takes.
    pub fn physical(storage: &Storage, set: &PhysicalSet) -> Self {
        let runs = set.schedule.iter().flat_map(|schedule| schedule.each().map(|(kind, schedule)| (schedule, kind == "full"))).collect();
        Self { runs, limit: set.max_duration, place: Some((storage.bucket.clone(), Place::of(&storage.prefix, set))) }
    }
}

/// A stretch of time in which the same was wanted of a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Era {
    /// When it began; it lasts until the next one begins.
    pub from: Timestamp,
    /// What was wanted; none = the policy had no such set.
    pub wanted: Option<Wanted>,
}

/// What was wanted of each set over time, oldest first, by policy and set; none = it is taken as it is written now.
pub type History = BTreeMap<(String, String), Vec<Era>>;

/// A run that should have ended by now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Slot {
    pub(super) at: Timestamp,
    /// Whether only a full backup fills it.
    pub(super) full: bool,
    /// How long it may take, in seconds.
    late: i64,
}

impl Slot {
    /// Whether one of these moments, in seconds since 1970, is that of its run.
    pub(super) fn is_filled(&self, mut runs: impl Iterator<Item = i64>) -> bool {
        let at = self.at.as_second();
        runs.any(|run| run >= at - EARLY && run <= at.saturating_add(self.late))
    }
}

/// The runs of the last seven days that should have ended by now, the newest first. Where no history tells what was wanted before the
/// first backup, nothing was. What was wanted of another place, or of another kind of set by that name, is not looked for: what is
/// there now does not show it.
pub(super) fn slots(history: Option<&History>, (policy, set): (&str, &str), today: Wanted, first: Option<Timestamp>, now: Timestamp) -> Vec<Slot> {
    let place = today.place.clone();
    let eras = match history {
        Some(history) => history.get(&(policy.to_owned(), set.to_owned())).cloned().unwrap_or_default(),
        None => first.map(|from| Era { from, wanted: Some(today) }).into_iter().collect(),
    };
    let until = now.as_second();
    let ends = eras.iter().skip(1).map(|era| era.from.as_second()).chain([until]);
    let mut out = Vec::new();
    for (era, end) in eras.iter().zip(ends) {
        let Some(wanted) = era.wanted.as_ref().filter(|wanted| wanted.place == place) else { continue };
        let late = i64::try_from(wanted.limit.as_secs()).unwrap_or(MISSED);
        for (schedule, full) in &wanted.runs {
            let Ok(asked) = schedule::read(schedule) else { continue };
            let runs = asked.runs(era.from.as_second().max(until - MISSED), end.min(until - late));
            out.extend(runs.into_iter().map(|at| Slot { at, full: *full, late }));
        }
    }
    out.sort_unstable_by(|a, b| b.cmp(a));
    out
}
