//! Whatever stops, what must survive survives: random histories of backups, drills, holds, forgeries and a keeper, each with a seed.
//!
//! The world here knows what the function cannot: which backups are honest. It expires by tag as S3 does, and asks after every
//! step whether something is gone that had to stay.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::super::{Law, Part, decide_by};
use super::{Decision, Hold, Holding, Kind, Periods, Point, Reason, Terms, Tier};
use crate::catalog::layout::expires_at;
use crate::model::policy::{Anomalies, Retention};
use crate::model::units::Span;

/// Histories in an ordinary run, and in a soak.
const HISTORIES: (u64, u64) = (10_000, 1_000_000);
/// The seed of a history that a soak broke on.
const RARE: u64 = 409_490;
const DAY: i64 = 86_400;
/// 2026-01-01 in UTC.
const BEGIN: i64 = 1_767_225_600;
const DAYS: i64 = 440;
/// Times of day at which backups run, in seconds.
const SLOTS: [i64; 3] = [8_100, 43_200, 84_600];
const MAX_DURATION: i64 = 3 * 3_600;
const ZONES: [&str; 3] = ["UTC", "Europe/Berlin", "Pacific/Auckland"];

static PERIODS: LazyLock<Vec<Vec<Periods>>> = LazyLock::new(|| {
    let of = |name: &&str| {
        let zone = TimeZone::get(name).unwrap();
        (0..DAYS * 3).map(|at| Periods::of(time(BEGIN + at / 3 * DAY + SLOTS[usize::try_from(at % 3).unwrap()]), &zone)).collect()
    };
    ZONES.iter().map(of).collect()
});

fn time(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Seed(u64);

impl Seed {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: i64) -> i64 {
        i64::try_from(self.next() % u64::try_from(bound).unwrap()).unwrap()
    }

    fn one_in(&mut self, n: i64) -> bool {
        self.below(n) == 0
    }
}

/// What a backup is in truth, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Truth {
    Honest,
    /// Written by somebody with the writer's credentials, and as like an honest one as can be.
    Forged,
    /// The same with nothing in it.
    Emptied,
}

struct Object {
    point: Point,
    truth: Truth,
    tag: Option<Tier>,
    /// Whether it is verified, and has no tag since that could be known.
    counted: bool,
}

struct World {
    seed: Seed,
    zone: usize,
    retention: Retention,
    objects: Vec<Object>,
    now: i64,
    serial: u32,
    /// All periods that had an honest backup, by tier: its first one, and until when one of the period is promised.
    promised: BTreeMap<(Tier, jiff::civil::Date), (String, i64)>,
    /// Those that failed a drill: their place may go to a forgery that no drill looked at.
    failed: BTreeSet<String>,
}

/// A history ended with something gone that had to stay, or released that had to wait.
type Broken = String;

impl World {
    fn new(seed: u64) -> Self {
        let mut seed = Seed(seed);
        let mut some = |from: i64, to: i64| (!seed.one_in(3)).then(|| i32::try_from(from + seed.below(to - from)).unwrap());
        let (daily, weekly, monthly) = (some(3, 15), some(2, 7), some(2, 5));
        let mut small = |from: i64, to: i64| u32::try_from(from + seed.below(to - from)).unwrap();
        let retention = Retention {
            recent: Span::seconds(u64::from(small(1, 6)) * 86_400),
            daily,
            weekly,
            monthly,
            yearly: None,
            keep_last: small(1, 5),
            keep_verified: small(1, 4),
            verified_for: Span::seconds(u64::from(small(5, 90)) * 86_400),
        };
        let zone = usize::try_from(seed.below(3)).unwrap();
        Self { seed, zone, retention, objects: Vec::new(), now: BEGIN, serial: 0, promised: BTreeMap::new(), failed: BTreeSet::new() }
    }

    fn add(&mut self, day: i64, slot: usize, stored: i64, kind: Kind, truth: Truth, rows: u64) {
        self.serial += 1;
        let snapshot = BEGIN + day * DAY + SLOTS[slot];
        let periods = PERIODS[self.zone][usize::try_from(day * 3).unwrap() + slot];
        let point = Point {
            id: format!("{:06}", self.serial),
            kind,
            stored: time(stored),
            oldest: time(stored),
            snapshot: time(snapshot),
            periods,
            verified: None,
            failed: false,
            hold: Hold::None,
            holding: Holding { tables: BTreeMap::from([("t".to_owned(), rows)]), bytes: rows },
        };
        if kind == Kind::Complete && truth == Truth::Honest && stored == snapshot {
            for tier in [Tier::Recent].into_iter().chain(Tier::PERIODS) {
                let days = if tier == Tier::Recent {
                    Some(self.retention.recent.days_rounded_up().try_into().unwrap())
                } else {
                    tier.count(&self.retention).map(|(n, days)| i64::from(n * days))
                };
                if let Some(days) = days {
                    // The first of a period keeps its promise from its own date on.
                    self.promised.entry((tier, periods.first_day(tier))).or_insert_with(|| (point.id.clone(), stored + days * DAY));
                }
            }
        }
        self.objects.push(Object { point, truth, tag: None, counted: false });
    }

    /// Moves on, and expires what is tagged and due.
    fn pass(&mut self, to: i64) {
        self.now = to;
        let retention = self.retention;
        self.objects.retain(|object| object.tag.is_none_or(|tier| expires_at(object.point.oldest, tier.days(&retention).unwrap()).as_second() > to));
    }

    fn backup(&mut self, day: i64) {
        let slot = usize::try_from(self.seed.below(3)).unwrap();
        let stored = BEGIN + day * DAY + SLOTS[slot];
        self.now = self.now.max(stored);
        let rows = 95 + u64::try_from(self.seed.below(10)).unwrap();
        match self.seed.below(40) {
            0 => self.add(day, slot, stored, Kind::Attempt, Truth::Honest, 0),
            // A manifest of the future, a lie about sizes, one that cannot be read.
            1 => self.add(day, slot, stored, Kind::Doubtful, Truth::Forged, 100),
            2 if self.objects.iter().any(|object| object.truth == Truth::Honest && object.point.kind == Kind::Complete) => {
                self.add(day, slot, stored, Kind::Complete, Truth::Emptied, 0);
            }
            // It claims to be older than one that is there.
            3 if slot > 0 => {
                self.add(day, slot, stored, Kind::Complete, Truth::Honest, 100);
                self.add(day, slot - 1, stored + 60, Kind::Complete, Truth::Forged, 100);
            }
            // An import of an old dump.
            4 if day > 10 => {
                let back = self.seed.below(day);
                self.add(back, slot, stored, Kind::Complete, Truth::Honest, 100);
            }
            _ => self.add(day, slot, stored, Kind::Complete, Truth::Honest, rows),
        }
    }

    fn drill(&mut self) {
        let complete: Vec<usize> = self.objects.iter().enumerate().filter(|(_, object)| object.point.kind == Kind::Complete).map(|(at, _)| at).collect();
        let pick = if self.seed.one_in(4) { complete.first() } else { complete.last() };
        let (Some(at), fails, now) = (pick.copied(), self.seed.one_in(12), self.now) else { return };
        let object = &mut self.objects[at];
        object.point.failed = fails || object.truth != Truth::Honest;
        object.point.verified = (!object.point.failed).then(|| time(now));
        object.counted = object.point.verified.is_some() && object.tag.is_none();
        if object.point.failed {
            self.failed.insert(object.point.id.clone());
        }
    }

    fn hold(&mut self) {
        let count = i64::try_from(self.objects.len()).unwrap();
        if count > 0 {
            let (at, days) = (usize::try_from(self.seed.below(count)).unwrap(), self.seed.below(120));
            let until = time(self.now + days * DAY);
            let longer = if let Hold::Until(before) = self.objects[at].point.hold { before.max(until) } else { until };
            self.objects[at].point.hold = Hold::Until(longer);
            self.objects[at].tag = None;
        }
    }

    /// One run of the keeper: what it sees, decides and tags. What would go earlier than its tag promises is held.
    fn keep(&mut self, law: Law) -> Result<(), Broken> {
        let evidence_known = !self.seed.one_in(10);
        let mut seen: Vec<Point> = self.objects.iter().map(|object| object.point.clone()).collect();
        for point in &mut seen {
            if !evidence_known {
                (point.verified, point.failed) = (None, false);
            }
            if point.hold != Hold::None && self.seed.one_in(8) {
                point.hold = Hold::Unknown;
            }
        }
        let retention = self.retention;
        let max_duration = Span::seconds(u64::try_from(MAX_DURATION).unwrap());
        let terms = Terms { retention: &retention, max_duration, anomalies: Anomalies::default(), evidence_known, now: time(self.now) };
        let old = super::super::GUARDED.map(|age| self.older_than(age, 2, Truth::Honest));
        let decisions = decide_by(&seen, &terms, law);
        self.judge_run(&decisions, evidence_known)?;
        for (object, decision) in self.objects.iter_mut().zip(&decisions) {
            match decision {
                Decision::Release(tier) => object.tag = object.tag.max_by_days(*tier, &retention),
                Decision::Keep(_) => object.tag = None,
                Decision::Leave(_) => {}
            }
            object.counted = object.point.verified.is_some() && object.tag.is_none();
        }
        // Midnight comes before the keeper does again.
        self.pass(self.now + 1);
        self.pass(self.now + DAY);
        for (age, before) in super::super::GUARDED.into_iter().zip(old) {
            if before && !self.older_than(age, 0, Truth::Emptied) {
                return Err(format!("a run of the keeper left nothing older than {age} days"));
            }
        }
        Ok(())
    }

    fn older_than(&self, days: i64, margin: i64, worst: Truth) -> bool {
        // A forgery that no drill looked at may be the one that remains.
        let whole = |object: &&Object| object.truth <= worst && object.point.kind == Kind::Complete && !object.point.failed;
        let retention = &self.retention;
        // What has expired already when the keeper comes is past its help.
        let lives = |object: &Object| {
            object.tag.is_none_or(|tier| expires_at(object.point.oldest, tier.days(retention).unwrap()).as_second() > self.now + margin * DAY)
        };
        self.objects.iter().filter(whole).any(|object| object.point.stored.as_second() <= self.now - days * DAY && lives(object))
    }

    /// What no run may decide.
    fn judge_run(&self, decisions: &[Decision], evidence_known: bool) -> Result<(), Broken> {
        let emptied = |object: &&Object| object.point.kind == Kind::Complete && object.point.verified.is_none();
        let newest =
            self.objects.iter().filter(|object| object.point.kind == Kind::Complete).max_by_key(|object| (object.point.stored, object.point.id.clone()));
        let anomaly = newest.as_ref().filter(|newest| emptied(newest)).is_some_and(|newest| newest.point.holding.bytes == 0);
        let before = self.objects.iter().any(|object| object.point.kind == Kind::Complete && !object.point.failed && object.point.holding.bytes > 0);
        let protected = self.protected();
        for (object, decision) in self.objects.iter().zip(decisions) {
            let Decision::Release(tier) = decision else { continue };
            let point = &object.point;
            if let Some((_, why)) = protected.iter().find(|(id, _)| *id == point.id) {
                return Err(format!("{} is released and is among the newest {why}", point.id));
            }
            if anomaly && before && evidence_known && object.truth == Truth::Honest {
                return Err(format!("{} is released while the newest backup is empty", point.id));
            }
            if point.kind == Kind::Attempt && point.stored.as_second() + MAX_DURATION >= self.now {
                return Err(format!("{} is released while it may be under way", point.id));
            }
            if point.kind == Kind::Complete && self.now < point.periods.over(*tier).as_second() {
                return Err(format!("{} is released as {} before that is over", point.id, tier.as_str()));
            }
            let better = |other: &Object| {
                let whole = other.point.kind == Kind::Complete && !other.point.failed && other.truth == Truth::Honest && other.point.holding.bytes > 0;
                whole && *tier != Tier::Recent && other.point.id != point.id && other.point.periods.first_day(*tier) == point.periods.first_day(*tier)
            };
            if point.failed && evidence_known && point.kind == Kind::Complete && point.oldest == point.snapshot && self.objects.iter().any(better) {
                return Err(format!("{} failed its drill and is released as {} although a neighbour is whole", point.id, tier.as_str()));
            }
        }
        Ok(())
    }

    /// Those that no run may release, by what is true and not by what the keeper could read.
    fn protected(&self) -> Vec<(String, &'static str)> {
        let mut complete: Vec<&Object> = self.objects.iter().filter(|object| object.point.kind == Kind::Complete).collect();
        complete.sort_by_key(|object| std::cmp::Reverse((object.point.stored, object.point.id.clone())));
        let newest = |count: u32, why: &'static str, fits: &dyn Fn(&Object) -> bool| -> Vec<(String, &'static str)> {
            complete.iter().filter(|object| fits(object)).take(count as usize).map(|object| (object.point.id.clone(), why)).collect()
        };
        let Retention { keep_last, keep_verified, .. } = self.retention;
        [
            newest(keep_last, "complete ones", &|_| true),
            newest(keep_last, "that are not empty and passed", &|object| object.truth != Truth::Emptied && !object.point.failed),
            newest(keep_verified, "verified ones", &|object| object.point.verified.is_some()),
        ]
        .concat()
    }

    /// What must be there now, of all that ever was.
    fn must_stay(&self, ever: &BTreeMap<String, i64>, counted: &[String]) -> Result<(), Broken> {
        let there = |id: &String| self.objects.iter().any(|object| object.point.id == *id);
        let newest = ever.iter().max_by_key(|(id, stored)| (**stored, (*id).clone()));
        if let Some((id, _)) = newest.filter(|(id, _)| !there(id)) {
            return Err(format!("{id} is gone, and was the newest of all"));
        }
        let alive = self.objects.iter().filter(|object| object.point.kind == Kind::Complete).count();
        if alive < ever.len().min(self.retention.keep_last as usize) {
            return Err(format!("{alive} are left, and the newest {} are kept", self.retention.keep_last));
        }
        if let Some(id) = counted.iter().find(|id| !there(id)) {
            return Err(format!("{id} is gone, was verified and had no tag"));
        }
        for ((tier, day), (first, until)) in self.promised.iter().filter(|(_, (_, until))| *until > self.now) {
            // An empty one opens a period where nothing says that it was ever more; that it stops releases, each run is asked.
            let honest = |object: &Object| object.truth != Truth::Forged || self.failed.contains(first);
            let fits = |object: &Object| honest(object) && object.point.kind == Kind::Complete && object.point.periods.first_day(*tier) == *day;
            if !self.objects.iter().any(fits) {
                return Err(format!("nothing is left of the {} of {day}, promised for {} days more", tier.as_str(), (until - self.now) / DAY));
            }
        }
        Ok(())
    }
}

trait Longer {
    fn max_by_days(self, other: Tier, retention: &Retention) -> Self;
}

impl Longer for Option<Tier> {
    fn max_by_days(self, other: Tier, retention: &Retention) -> Self {
        [self, Some(other)].into_iter().flatten().max_by_key(|tier| tier.days(retention))
    }
}

/// One history: each of backups, drills and the keeper may stop on any day, or rest for long.
fn history(seed: u64, law: Law) -> Result<(), Broken> {
    let mut world = World::new(seed);
    let stop = |seed: &mut Seed, last: i64| if seed.one_in(2) { seed.below(last) } else { last };
    let longest = if world.seed.one_in(8) { 400 } else { 60 };
    let last = 20 + world.seed.below(longest);
    let stops = [stop(&mut world.seed, last), stop(&mut world.seed, last), stop(&mut world.seed, last)];
    let rest = if world.seed.one_in(3) { 60 } else { 9 };
    let every = [1 + world.seed.below(2), 2 + world.seed.below(12), 1 + world.seed.below(rest)];
    let (mut ever, mut held) = (BTreeMap::new(), Vec::new());
    for day in 0..last {
        let due = |at: usize| day < stops[at] && day % every[at] == 0;
        world.pass((BEGIN + day * DAY).max(world.now));
        if due(0) {
            world.backup(day);
        }
        let complete = world.objects.iter().filter(|object| object.point.kind == Kind::Complete);
        ever.extend(complete.map(|object| (object.point.id.clone(), object.point.stored.as_second())));
        if due(1) {
            world.drill();
        }
        if world.seed.one_in(40) {
            world.hold();
        }
        if due(2) {
            world.keep(law)?;
        }
        held.extend(world.objects.iter().filter_map(|object| match object.point.hold {
            Hold::Until(until) => Some((object.point.id.clone(), until.as_second())),
            Hold::None | Hold::Unknown => None,
        }));
        held.sort();
        held.dedup();
        if day % 7 == 6 || day + 1 == last {
            world.must_stay(&ever, &[])?;
            still_held(&world, &held)?;
        }
    }
    // For ever: nobody does anything any more.
    let counted: Vec<String> = world.objects.iter().filter(|object| object.counted).map(|object| object.point.id.clone()).collect();
    world.pass(world.now + 3_000 * DAY);
    world.must_stay(&ever, &counted)
}

fn still_held(world: &World, held: &[(String, i64)]) -> Result<(), Broken> {
    let gone = |(id, until): &&(String, i64)| *until > world.now && world.objects.iter().all(|object| object.point.id != *id);
    held.iter().find(gone).map_or(Ok(()), |(id, _)| Err(format!("{id} is gone, and was held")))
}

#[test]
fn whatever_stops_what_must_survive_survives() {
    let count = if std::env::var_os("LIFEBOAT_SOAK").is_some() { HISTORIES.1 } else { HISTORIES.0 };
    for seed in 0..count {
        if let Err(broken) = history(seed, Law::default()) {
            panic!("seed {seed}: {broken}");
        }
    }
}

/// Too rare for an ordinary run: the opener of a week fails its drill, and the neighbour in its place bears a tag already and can
/// never be raised, for its holds cannot be read in any run until it expires.
#[test]
fn a_neighbour_that_nobody_can_raise_takes_no_place() {
    assert_eq!(history(RARE, Law::default()), Ok(()));
    assert!(history(RARE, Law { without: Some(Part::Deputy) }).is_err(), "the history no longer shows what it is kept for");
}

#[test]
fn every_part_of_the_law_is_missed_when_it_is_left_out() {
    let parts = [
        Part::Evidence,
        Part::Hold,
        Part::HoldUnknown,
        Part::Doubt,
        Part::Anomaly,
        Part::Running,
        Part::Settled,
        Part::KeepLast,
        Part::KeepVerified,
        Part::VerifiedForEver,
        Part::Failed,
        Part::Guard,
        Part::S3Order,
        Part::FirstStored,
    ];
    let missed = |part: Part| (0..HISTORIES.0 / 5).any(|seed| history(seed, Law { without: Some(part) }).is_err());
    let unmissed: Vec<Part> = parts.into_iter().filter(|part| !missed(*part)).collect();
    assert!(unmissed.is_empty(), "nobody notices that these are gone: {unmissed:?}");
}

/// While all three run daily and nothing is odd, nothing outlives its promise: what has no tag when its time is over says why.
#[test]
fn while_all_run_nothing_outlives_its_promise() {
    for seed in 0..60 {
        let (mut world, mut kept) = (World::new(seed), Vec::new());
        for day in 0..200 {
            world.pass(BEGIN + day * DAY);
            world.now = BEGIN + day * DAY + SLOTS[0];
            world.add(day, 0, world.now, Kind::Complete, Truth::Honest, 100);
            let at = world.objects.len() - 1;
            world.objects[at].point.verified = Some(time(world.now));
            let points: Vec<Point> = world.objects.iter().map(|object| object.point.clone()).collect();
            let retention = world.retention;
            let terms =
                Terms { retention: &retention, max_duration: Span::seconds(3600), anomalies: Anomalies::default(), evidence_known: true, now: time(world.now) };
            for (object, decision) in world.objects.iter_mut().zip(decide_by(&points, &terms, Law::default())) {
                object.tag = if let Decision::Release(tier) = decision { Some(tier) } else { None };
                let age = (world.now - object.point.stored.as_second()) / DAY;
                let longest = Tier::PERIODS.iter().filter_map(|tier| tier.days(&retention)).chain(Tier::Recent.days(&retention)).max().unwrap();
                // What was the last of its age until yesterday goes at the next midnight.
                let why = matches!(decision, Decision::Keep(Reason::KeepLast | Reason::KeepVerified | Reason::Guarded));
                let until_now = kept.contains(&object.point.id);
                kept.retain(|id| *id != object.point.id);
                kept.extend(why.then(|| object.point.id.clone()));
                assert!(age <= i64::from(longest) + 1 || why || until_now, "seed {seed} day {day}: {} is {age} days old: {decision:?}", object.point.id);
                if let Decision::Keep(Reason::Unsettled) = decision {
                    let opens = Tier::PERIODS.into_iter().filter(|tier| tier.count(&retention).is_some()).chain([Tier::Recent]);
                    assert!(opens.into_iter().any(|tier| object.point.periods.over(tier).as_second() > world.now), "seed {seed}: {decision:?}");
                }
            }
        }
        let most: u32 = world.retention.keep_last + world.retention.keep_verified + 2;
        let tiers: i32 = Tier::PERIODS.iter().filter_map(|tier| tier.count(&world.retention)).map(|(count, _)| count + 2).sum();
        let most = i64::from(most) + i64::from(tiers) + i64::try_from(world.retention.recent.days_rounded_up()).unwrap() + 3 + 31;
        assert!(i64::try_from(world.objects.len()).unwrap() <= most, "seed {seed}: {} are left, and {most} at the most", world.objects.len());
    }
}
