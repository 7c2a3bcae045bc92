//! Which backup may be released, and as what: a pure function of backups, verifications, policy, holds and the time.
//!
//! A backup is born kept, and everything that is not known keeps it. What is released is the keeper's tag; expiry is the
//! bucket's, and counts from each object's own date. `docs/retention.md` says the same for people.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::catalog::layout::expires_at;
use crate::model::policy::{Anomalies, Retention};
use crate::model::units::Span;

mod neighbours;
mod periods;

pub use neighbours::{Promoted, Unfit, measures, opened, promoted, survivors};
pub use periods::{Periods, Tier, tag_value, tiers};

const DAY: i64 = 86_400;
/// Ages in days of which one point must remain, where there was one.
pub const GUARDED: [i64; 2] = [30, 7];
/// A released point counts as remaining while its expiry is so many days away: S3 queues an expiry before its day, and later
/// than that a tag may be taken off in vain.
const MARGIN: i64 = 3;

/// A backup, or an attempt at one.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Its id.
    pub id: String,
    /// What the bucket shows of it.
    pub kind: Kind,
    /// When it was stored, by S3: the date of its manifest, or the newest date of an attempt. The order of "newest".
    pub stored: Timestamp,
    /// S3 date of its oldest object: expiry counts from it.
    pub oldest: Timestamp,
    /// The moment that it restores.
    pub snapshot: Timestamp,
    /// The periods of that moment in the policy's time zone.
    pub periods: Periods,
    /// When a drill last passed it, if the last drill of it passed.
    pub verified: Option<Timestamp>,
    /// Whether the last drill of it failed.
    pub failed: bool,
    /// What is known of holds on it.
    pub hold: Hold,
    /// What it holds.
    pub holding: Holding,
}

/// What the bucket shows of a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Manifest and objects are there, and agree.
    Complete,
    /// Begun and without a manifest, and a record says nothing else.
    Attempt,
    /// Something about it contradicts itself or is missing, or could not be read: kept, and counted for nothing.
    Doubtful,
}

/// What is known of holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// There is none.
    None,
    /// Until then it may not be released.
    Until(Timestamp),
    /// It could not be read, or not be understood.
    Unknown,
}

/// What a backup holds, for comparison with another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holding {
    /// Rows by table: `database.schema.table`.
    pub tables: BTreeMap<String, u64>,
    /// Bytes of the dumps before compression.
    pub bytes: u64,
}

/// What is asked of the function besides the points.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// How many are kept.
    pub retention: &'a Retention,
    /// How long an attempt may take.
    pub max_duration: Span,
    /// How much less is normal.
    pub anomalies: Anomalies,
    /// Whether the records of drills and backups could be read; a repository without evidence has none, which is known.
    pub evidence_known: bool,
    /// The time, by S3.
    pub now: Timestamp,
}

/// What is to become of one point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is released as this tier.
    Release(Tier),
    /// It is kept without a tag; a tag that it carries is taken off.
    Keep(Reason),
    /// Not enough is known: whatever is there stays.
    Leave(Reason),
}

/// Why a point is not released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Evidence could not be read.
    EvidenceUnknown,
    /// Holds on it could not be read.
    HoldUnknown,
    /// The bucket does not show a whole backup, nor a plain attempt.
    Doubtful,
    /// Somebody holds it.
    Held,
    /// The newest backup holds much less than the last verified one.
    Anomaly,
    /// It may still be under way.
    Running,
    /// The period that it opens is not over.
    Unsettled,
    /// It is among the newest complete ones.
    KeepLast,
    /// It is among the newest verified ones.
    KeepVerified,
    /// The tags of the one that opens its period could not be read, so nobody can raise that one's.
    OpenerUnknown,
    /// It is the last one older than 7 or 30 days.
    Guarded,
}

impl Reason {
    /// Why, in a few words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EvidenceUnknown => "the evidence could not be read",
            Self::HoldUnknown => "its tags could not be read",
            Self::Doubtful => "it is not a whole backup, and no plain attempt",
            Self::Held => "held",
            Self::Anomaly => "the newest backup holds much less than before",
            Self::Running => "it may be under way",
            Self::Unsettled => "its period is not over",
            Self::KeepLast => "among the newest complete ones",
            Self::KeepVerified => "among the newest verified ones",
            Self::OpenerUnknown => "the tags of the one that opens its period could not be read",
            Self::Guarded => "the last point of its age",
        }
    }
}

/// The parts of the law, each of which keeps something. Tests leave one out to see that it is missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Evidence,
    Hold,
    HoldUnknown,
    Doubt,
    Anomaly,
    Running,
    Settled,
    KeepLast,
    KeepVerified,
    VerifiedForEver,
    Failed,
    Deputy,
    Guard,
    S3Order,
    FirstStored,
}

/// The law: all of it, or all but one part.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Law {
    pub(crate) without: Option<Part>,
}

impl Law {
    fn has(self, part: Part) -> bool {
        self.without != Some(part)
    }
}

/// What is to become of each point, in the order of `points`.
pub fn decide(points: &[Point], terms: &Terms<'_>) -> Vec<Decision> {
    decide_by(points, terms, Law::default())
}

pub(crate) fn decide_by(points: &[Point], terms: &Terms<'_>, law: Law) -> Vec<Decision> {
    let view = View::of(points, terms, law);
    let mut decisions: Vec<Decision> = points.iter().enumerate().map(|(at, point)| view.decide(at, point)).collect();
    if law.has(Part::Guard) {
        view.guard(&mut decisions);
    }
    decisions
}

/// Whether the newest complete backup holds much less than the last verified one.
pub fn open_anomaly(points: &[Point], terms: &Terms<'_>) -> bool {
    View::of(points, terms, Law::default()).anomaly
}

struct View<'a> {
    points: &'a [Point],
    terms: &'a Terms<'a>,
    law: Law,
    /// Complete ones, oldest first by S3's dates.
    good: Vec<usize>,
    /// Those of them that hold much less than before, or that a drill could not restore: never in the place of another.
    weak: BTreeSet<usize>,
    /// The tier that each good one opens.
    tier: BTreeMap<usize, Tier>,
    /// Those that stay in case the one that opens their period goes by a tag that nobody can read.
    deputies: BTreeSet<usize>,
    last: BTreeSet<usize>,
    verified: BTreeSet<usize>,
    anomaly: bool,
}

impl<'a> View<'a> {
    fn of(points: &'a [Point], terms: &'a Terms<'a>, law: Law) -> Self {
        let is_good = |point: &Point| point.kind == Kind::Complete || (point.kind == Kind::Doubtful && !law.has(Part::Doubt));
        let mut good: Vec<usize> = points.iter().enumerate().filter(|(_, point)| is_good(point)).map(|(at, _)| at).collect();
        let stored = |at: &usize| points.get(*at).map(|point| (if law.has(Part::S3Order) { point.stored } else { point.snapshot }, &point.id));
        good.sort_by(|a, b| stored(a).cmp(&stored(b)));
        let (mut weak, anomaly) = compare(points, &good, terms);
        if law.has(Part::Failed) {
            weak.extend(good.iter().filter(|at| points.get(**at).is_some_and(|point| point.failed)));
        }
        let (tier, deputies, last, verified) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let mut view = Self { points, terms, law, good, weak, tier, deputies, last, verified, anomaly };
        view.open_periods();
        view.protect();
        view
    }

    /// The first of each period opens it: the first to be stored, whatever it says of its age, so that nothing which comes later can
    /// take the place of one that is there. A weak one opens a period only if nothing else is in it.
    fn open_periods(&mut self) {
        let (weak, whole): (Vec<usize>, Vec<usize>) = self.good.iter().partition(|at| self.weak.contains(at));
        let ordered = [whole, weak].concat();
        for tier in Tier::PERIODS.into_iter().filter(|tier| tier.count(self.terms.retention).is_some()) {
            let (mut openers, mut known) = (BTreeMap::new(), BTreeMap::new());
            for at in ordered.iter().copied() {
                let Some(point) = self.points.get(at) else { continue };
                if point.hold != Hold::Unknown {
                    known.entry(point.periods.first_day(tier)).or_insert(at);
                }
                let first = openers.entry(point.periods.first_day(tier)).or_insert(at);
                if !self.law.has(Part::FirstStored) && self.points.get(*first).is_some_and(|first| point.snapshot < first.snapshot) {
                    *first = at;
                }
            }
            // An opener whose tags cannot be read is left as it is, and that may be a tag of a shorter tier: of when another one opened the
            // period, which may have failed its drill since. Then the next one that could open it stays.
            let unknown = |at: usize| self.points.get(at).is_some_and(|point| point.hold == Hold::Unknown);
            self.deputies.extend(openers.iter().filter(|(_, at)| unknown(**at)).filter_map(|(day, _)| known.get(day)));
            // A policy may count so few of a longer period that a shorter one lives longer.
            for at in openers.into_values() {
                let before = self.tier.get(&at).copied().unwrap_or(Tier::Recent);
                if tier.days(self.terms.retention) >= before.days(self.terms.retention) {
                    self.tier.insert(at, tier);
                }
            }
        }
    }

    fn protect(&mut self) {
        let Retention { keep_last, keep_verified, verified_for, .. } = *self.terms.retention;
        let newest = |count: u32, fits: &dyn Fn(&Point, usize) -> bool| -> Vec<usize> {
            let fitting = self.good.iter().rev().filter(|at| self.points.get(**at).is_some_and(|point| fits(point, **at)));
            fitting.take(count as usize).copied().collect()
        };
        let since = self.terms.now.as_second().saturating_sub_unsigned(verified_for.as_secs());
        // The weak are counted beside the others and never instead of them.
        let last = [newest(keep_last.max(1), &|_, _| true), newest(keep_last.max(1), &|_, at| !self.weak.contains(&at))];
        let fresh = newest(keep_verified, &|point, _| point.verified.is_some_and(|at| at.as_second() >= since));
        let ever = if self.law.has(Part::VerifiedForEver) { newest(keep_verified, &|point, _| point.verified.is_some()) } else { Vec::new() };
        self.last = last.concat().into_iter().collect();
        self.verified = fresh.into_iter().chain(ever).collect();
    }

    fn decide(&self, at: usize, point: &Point) -> Decision {
        let (now, law) = (self.terms.now, self.law);
        if !self.terms.evidence_known && law.has(Part::Evidence) {
            return Decision::Leave(Reason::EvidenceUnknown);
        }
        match point.hold {
            Hold::Unknown if law.has(Part::HoldUnknown) => return Decision::Leave(Reason::HoldUnknown),
            Hold::Until(until) if now < until && law.has(Part::Hold) => return Decision::Keep(Reason::Held),
            Hold::None | Hold::Until(_) | Hold::Unknown => {}
        }
        if point.kind == Kind::Doubtful && law.has(Part::Doubt) {
            return Decision::Leave(Reason::Doubtful);
        }
        if self.anomaly && law.has(Part::Anomaly) {
            return Decision::Keep(Reason::Anomaly);
        }
        if point.kind == Kind::Attempt {
            let over = point.stored.as_second().saturating_add_unsigned(self.terms.max_duration.as_secs());
            let running = now.as_second() <= over && law.has(Part::Running);
            return if running { Decision::Keep(Reason::Running) } else { Decision::Release(Tier::Recent) };
        }
        let tier = self.tier.get(&at).copied().unwrap_or(Tier::Recent);
        if now < point.periods.over(tier) && law.has(Part::Settled) {
            return Decision::Keep(Reason::Unsettled);
        }
        if self.last.contains(&at) && law.has(Part::KeepLast) {
            return Decision::Keep(Reason::KeepLast);
        }
        if self.verified.contains(&at) && law.has(Part::KeepVerified) {
            return Decision::Keep(Reason::KeepVerified);
        }
        if self.deputies.contains(&at) && law.has(Part::Deputy) {
            return Decision::Keep(Reason::OpenerUnknown);
        }
        Decision::Release(self.lived(point, tier))
    }

    /// The tier of a backup that was stored long after its snapshot: expiry counts from the upload, so it is the shortest one that
    /// lasts for what remains of its life.
    fn lived(&self, point: &Point, tier: Tier) -> Tier {
        let retention = self.terms.retention;
        let late = point.oldest.as_second() - point.snapshot.as_second();
        let Some(days) = tier.days(retention).filter(|_| late > 2 * DAY) else { return tier };
        let left = i64::from(days) * DAY - late;
        let lasts = |tier: &Tier| tier.days(retention).is_some_and(|days| i64::from(days) * DAY >= left);
        let shorter = [Tier::Recent].into_iter().chain(Tier::PERIODS).filter(|other| other.days(retention) <= Some(days));
        shorter.filter(lasts).min_by_key(|tier| tier.days(retention)).unwrap_or(tier)
    }

    /// One point older than 30 days and one older than 7 remain, where there were any.
    fn guard(&self, decisions: &mut [Decision]) {
        for age in GUARDED {
            let old = self.old(age);
            let known = |at: &&usize| !matches!(decisions.get(**at), Some(Decision::Leave(_)));
            let newest = old.iter().rev().find(known).copied();
            if !old.iter().any(|at| self.remains(decisions, *at))
                && let Some(decision) = newest.and_then(|newest| decisions.get_mut(newest))
            {
                *decision = Decision::Keep(Reason::Guarded);
            }
        }
    }

    /// Whether a point is still there in some days, by what is decided of it.
    fn remains(&self, decisions: &[Decision], at: usize) -> bool {
        match (decisions.get(at), self.points.get(at)) {
            (Some(Decision::Release(tier)), Some(point)) => {
                let gone = tier.days(self.terms.retention).map(|days| expires_at(point.oldest, days));
                gone.is_some_and(|gone| gone.as_second() > self.terms.now.as_second() + MARGIN * DAY)
            }
            (Some(Decision::Keep(_)), _) => true,
            // What is left alone may have a tag already, and go by it.
            _ => false,
        }
    }
}

/// Which good ones hold much less than what came before them, and whether the newest one does. The measure is the last
/// verified one; while nothing was ever verified, the last one that was not itself much less.
fn compare(points: &[Point], good: &[usize], terms: &Terms<'_>) -> (BTreeSet<usize>, bool) {
    let mut less = BTreeSet::new();
    let mut measure: Option<(&Point, bool)> = None;
    let mut newest = false;
    for (at, point) in good.iter().filter_map(|at| Some((*at, points.get(*at)?))) {
        let verified = point.verified.is_some() && !point.failed;
        newest = !verified && measure.is_some_and(|(before, _)| is_less(&before.holding, &point.holding, terms.anomalies));
        if newest {
            less.insert(at);
        }
        if verified || (!newest && !point.failed && measure.is_none_or(|(_, verified)| !verified)) {
            measure = Some((point, verified));
        }
    }
    (less, newest)
}

/// Whether a backup holds much less than another: tables gone, rows of a table, or bytes in all.
pub fn is_less(before: &Holding, now: &Holding, limits: Anomalies) -> bool {
    let few = |before: u64, now: u64| less_percent(before, now) > limits.rows_down.value() || (now == 0 && before > 0);
    let gone = before.tables.keys().filter(|table| !now.tables.contains_key(*table)).count();
    let down = before.tables.iter().any(|(table, rows)| now.tables.get(table).is_some_and(|now| few(*rows, *now)));
    down || gone > limits.tables_gone as usize || few(before.bytes, now.bytes)
}

#[expect(clippy::cast_precision_loss, reason = "a share in percent")]
fn less_percent(before: u64, now: u64) -> f64 {
    if before == 0 { 0.0 } else { before.saturating_sub(now) as f64 * 100.0 / before as f64 }
}

#[cfg(test)]
mod tests;
