//! What must hold on every day of a play, each part with a stable id. It only watches: it never changes the world.
//!
//! Counting begins when there is something to count: before the third backup nobody can have three.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;

use super::world::{Departed, World};
use super::{Broken, DAY, Invariant, Part, Play};
use crate::catalog::retention::{Kind, Point, Tier};
use crate::model::units::{Span, plural};

/// The invariants, in the order in which they are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Id {
    Last,
    Verified,
    Tier(Tier),
    StandIn,
    Window,
    Outlives,
}

impl Id {
    fn name(self) -> &'static str {
        match self {
            Self::Last => "keep-last",
            Self::Verified => "keep-verified",
            Self::Tier(Tier::Recent) => "recent-kept",
            Self::Tier(Tier::Daily) => "daily-kept",
            Self::Tier(Tier::Weekly) => "weekly-kept",
            Self::Tier(Tier::Monthly) => "monthly-kept",
            Self::Tier(Tier::Yearly) => "yearly-kept",
            Self::StandIn => "stand-in-kept",
            Self::Window => "window-kept",
            Self::Outlives => "nothing-outlives",
        }
    }
}

/// A period that had a backup, and one of it must be there until then.
struct Promise {
    tier: Tier,
    /// The first day of the period.
    day: Date,
    /// The backup that it was given for.
    id: String,
    until: Timestamp,
}

impl Promise {
    /// Whether a backup keeps it: of `recent` each one is promised, of a period any one of it.
    fn is_kept_by(&self, point: &Point) -> bool {
        if self.tier == Tier::Recent { point.id == self.id } else { point.periods.first_day(self.tier) == self.day }
    }

    fn of(&self) -> String {
        if self.tier == Tier::Recent { self.id.clone() } else { period(self.tier, self.day) }
    }
}

/// A period of which a backup failed its drill while another one was there that did not: one such must stay as long as was promised.
struct StandIn {
    tier: Tier,
    day: Date,
    until: Timestamp,
}

impl StandIn {
    fn is_kept_by(&self, point: &Point) -> bool {
        !point.failed && point.periods.first_day(self.tier) == self.day
    }
}

pub(super) struct Court<'a> {
    play: &'a Play<'a>,
    taken: usize,
    first: Option<Timestamp>,
    /// Those that a drill passed and that had no tag then or later.
    verified: BTreeSet<String>,
    promises: Vec<Promise>,
    stand_ins: Vec<StandIn>,
    /// How far back restore points must reach once they could.
    window: i64,
    broken: BTreeMap<Id, Broken>,
}

impl<'a> Court<'a> {
    pub(super) fn new(play: &'a Play<'a>, wait: u64) -> Self {
        let longest = tiers(play).filter_map(|tier| days(play, tier)).max().unwrap_or(0);
        // Between two that open a period lies the period, and one wait more; each lives one period more than is promised.
        let window = (longest * DAY).saturating_sub(i64::try_from(wait).unwrap_or(i64::MAX)).max(0);
        Self { play, taken: 0, first: None, verified: BTreeSet::new(), promises: Vec::new(), stand_ins: Vec::new(), window, broken: BTreeMap::new() }
    }

    /// A backup is there already: it counts as one that was taken, and what doubts it has keep it from counting.
    pub(super) fn found(&mut self, point: &Point) {
        if point.kind == Kind::Complete {
            self.taken(point);
        }
    }

    /// A backup was taken.
    pub(super) fn taken(&mut self, point: &Point) {
        self.taken += 1;
        self.first.get_or_insert(point.stored);
        for tier in tiers(self.play) {
            let Some(days) = days(self.play, tier) else { continue };
            let until = super::moment(point.stored.as_second() + days * DAY);
            let promise = Promise { tier, day: point.periods.first_day(tier), id: point.id.clone(), until };
            // Of a period the first one gives the promise.
            if tier == Tier::Recent || !self.promises.iter().any(|known| known.tier == tier && known.day == promise.day) {
                self.promises.push(promise);
            }
        }
    }

    /// A backup failed its drill: what is left of its periods counts from now on, and no verified one is owed for it.
    pub(super) fn failed(&mut self, world: &World<'_>, failed: &Point, at: Timestamp) {
        self.verified.retain(|id| world.complete().any(|stored| stored.point.id == *id && stored.point.verified.is_some()));
        // The keeper comes at the next noon, and may find one that goes before that gone.
        let stays = super::moment(at.as_second() + 2 * DAY);
        for tier in tiers(self.play).filter(|tier| *tier != Tier::Recent) {
            let day = failed.periods.first_day(tier);
            self.stand_ins.retain(|known| (known.tier, known.day) != (tier, day));
            let promise = self.promises.iter().find(|promise| promise.tier == tier && promise.day == day && promise.until > at);
            let Some(stand_in) = promise.map(|promise| StandIn { tier, day, until: promise.until }) else { continue };
            if world.complete().any(|stored| stand_in.is_kept_by(&stored.point) && stored.is_there_at(stays)) {
                self.stand_ins.push(stand_in);
            }
        }
    }

    /// Asks everything at a midnight.
    pub(super) fn ask(&mut self, world: &World<'_>, now: Timestamp, day: u32) {
        let counted = world.stored.iter().filter(|stored| stored.point.verified.is_some() && stored.tag.is_none());
        self.verified.extend(counted.map(|stored| stored.point.id.clone()));
        self.promises.retain(|promise| promise.until > now);
        self.stand_ins.retain(|stand_in| stand_in.until > now);
        let mut found = vec![(Id::Last, self.last(world)), (Id::Verified, self.verified(world)), (Id::Window, self.window(world, now))];
        found.extend(tiers(self.play).map(|tier| (Id::Tier(tier), self.tier(world, now, tier))));
        found.push((Id::StandIn, self.stand_in(world, now)));
        found.push((Id::Outlives, self.outlives(world, now)));
        for (id, wrong) in found {
            let Some((sentence, cause)) = wrong else { continue };
            let at = now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
            self.broken.entry(id).or_insert(Broken { at, day, sentence, cause });
        }
    }

    fn last(&self, world: &World<'_>) -> Option<(String, String)> {
        let (keep, there) = (self.play.spec.retention.keep_last as usize, world.complete().count());
        let sentence = || format!("{} left, and the newest {keep} are kept", are(there, "complete backup"));
        (there < keep.min(self.taken)).then(|| (sentence(), why(world, |_| true)))
    }

    fn verified(&self, world: &World<'_>) -> Option<(String, String)> {
        let keep = self.play.spec.retention.keep_verified as usize;
        let there = world.stored.iter().filter(|stored| stored.point.verified.is_some()).count();
        let sentence = || format!("{} left, and the newest {keep} are kept", are(there, "verified backup"));
        (there < keep.min(self.verified.len())).then(|| (sentence(), why(world, |gone| gone.stored.point.verified.is_some())))
    }

    fn window(&self, world: &World<'_>, now: Timestamp) -> Option<(String, String)> {
        let since = now.as_second() - self.first?.as_second();
        let wanted = self.window.min(since);
        let oldest = world.complete().map(|stored| stored.point.snapshot).min();
        let reach = oldest.map_or(0, |oldest| now.as_second() - oldest.as_second());
        let sentence = || format!("restore points reach back {} d, and {} d are promised", reach / DAY, wanted / DAY);
        (reach < wanted).then(|| (sentence(), why(world, |_| true)))
    }

    fn tier(&self, world: &World<'_>, now: Timestamp, tier: Tier) -> Option<(String, String)> {
        let is_there = |promise: &&Promise| world.complete().any(|stored| promise.is_kept_by(&stored.point));
        let promise = self.promises.iter().filter(|promise| promise.tier == tier).find(|promise| !is_there(promise))?;
        let left = promise.until.as_second() - now.as_second();
        let sentence = format!("nothing is left of {}, promised for {} more", promise.of(), plural(left.unsigned_abs().div_ceil(86_400), "day"));
        Some((sentence, why(world, |gone| promise.is_kept_by(&gone.stored.point))))
    }

    /// Only while the keeper runs: nobody else takes a tag off.
    fn stand_in(&self, world: &World<'_>, now: Timestamp) -> Option<(String, String)> {
        if !self.asks_stand_ins() {
            return None;
        }
        let is_there = |stand_in: &&StandIn| world.complete().any(|stored| stand_in.is_kept_by(&stored.point));
        let lost = self.stand_ins.iter().find(|stand_in| !is_there(stand_in))?;
        let left = plural((lost.until.as_second() - now.as_second()).unsigned_abs().div_ceil(86_400), "day");
        let sentence = format!("nothing but what failed its drill is left of {}, promised for {left} more", period(lost.tier, lost.day));
        Some((sentence, why(world, |gone| lost.is_kept_by(&gone.stored.point))))
    }

    fn asks_stand_ins(&self) -> bool {
        let stops = |part: Part| self.play.stops.iter().any(|stop| stop.part == part);
        stops(Part::Passes) && !stops(Part::Keeper)
    }

    /// Only while everything runs: what stopped releases nothing, and that is as it should be.
    fn outlives(&self, world: &World<'_>, now: Timestamp) -> Option<(String, String)> {
        if !self.asks_outlives() {
            return None;
        }
        let late = world.stored.iter().find_map(|stored| stored.wanted.as_ref().filter(|wanted| wanted.due <= now).map(|wanted| (stored, wanted)))?;
        let (stored, wanted) = late;
        let sentence = format!("{} should have gone on {}", stored.point.id, wanted.due.strftime("%Y-%m-%d"));
        Some((sentence, wanted.held.clone().unwrap_or_else(|| "no rule of the bucket ends it".to_owned())))
    }

    fn asks_outlives(&self) -> bool {
        self.play.stops.is_empty() && self.play.bucket.expires
    }

    /// What came of each.
    pub(super) fn judged(mut self) -> Vec<Invariant> {
        let retention = &self.play.spec.retention;
        let mut all = vec![
            (Id::Last, format!("never fewer than {}", plural(u64::from(retention.keep_last), "complete backup"))),
            (Id::Verified, format!("never fewer than {}, once there were", plural(u64::from(retention.keep_verified), "verified backup"))),
        ];
        for tier in tiers(self.play) {
            let promise = match tier {
                Tier::Recent => format!("every backup for {}", retention.recent),
                Tier::Daily => format!("a backup of each of {}", plural(count(self.play, tier), "day")),
                Tier::Weekly => format!("a backup of each of {}", plural(count(self.play, tier), "week")),
                Tier::Monthly => format!("a backup of each of {}", plural(count(self.play, tier), "month")),
                Tier::Yearly => format!("a backup of each of {}", plural(count(self.play, tier), "year")),
            };
            all.push((Id::Tier(tier), promise));
        }
        if self.asks_stand_ins() {
            all.push((Id::StandIn, "where a drill failed, another backup of the period stays in its place".to_owned()));
        }
        let window = Span::seconds(self.window.unsigned_abs() / 86_400 * 86_400);
        all.push((Id::Window, format!("restore points reach back {window}, once they could")));
        if self.asks_outlives() {
            all.push((Id::Outlives, "nothing stays longer than it was promised".to_owned()));
        }
        let at_stake = |id: Id| match id {
            Id::Tier(tier) => days(self.play, tier),
            Id::Window => Some(self.window / DAY),
            Id::Last | Id::Verified | Id::StandIn | Id::Outlives => None,
        };
        let one = |(id, promise): (Id, String)| {
            let shown_from = at_stake(id).and_then(|days| u64::try_from(days).ok()).filter(|days| *days > u64::from(self.play.days));
            Invariant { id: id.name().to_owned(), promise, broken: self.broken.remove(&id), shown_from }
        };
        all.into_iter().map(one).collect()
    }
}

/// `recent`, and the tiers that the policy counts.
fn tiers(play: &Play<'_>) -> impl Iterator<Item = Tier> {
    let retention = play.spec.retention;
    std::iter::once(Tier::Recent).chain(Tier::PERIODS.into_iter().filter(move |tier| tier.count(&retention).is_some()))
}

/// A period in words, by its first day.
fn period(tier: Tier, day: Date) -> String {
    match tier {
        Tier::Recent | Tier::Daily => format!("the day {day}"),
        Tier::Weekly => format!("the week of {day}"),
        Tier::Monthly => format!("the month of {day}"),
        Tier::Yearly => format!("the year of {day}"),
    }
}

fn count(play: &Play<'_>, tier: Tier) -> u64 {
    tier.count(&play.spec.retention).and_then(|(count, _)| u64::try_from(count).ok()).unwrap_or(0)
}

/// For how many days a tier is promised: without the period of lateness that its rule adds.
fn days(play: &Play<'_>, tier: Tier) -> Option<i64> {
    let retention = &play.spec.retention;
    match tier {
        Tier::Recent => i64::try_from(retention.recent.days_rounded_up()).ok(),
        _ => tier.count(retention).map(|(count, days)| i64::from(count) * i64::from(days)),
    }
}

fn are(there: usize, noun: &str) -> String {
    let verb = if there == 1 { "is" } else { "are" };
    format!("{} {verb}", plural(there as u64, noun))
}

/// What went last, of those that matter.
fn why(world: &World<'_>, matters: impl Fn(&Departed) -> bool) -> String {
    let last = world.departed.iter().rev().find(|gone| matters(gone));
    last.map_or_else(|| "nothing went while it was played: too few were there, or were taken".to_owned(), |gone| world.cause(gone))
}
