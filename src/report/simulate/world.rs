//! The bucket of a play: backups in it, their tags, and what S3 makes of them.
//!
//! It only carries out. What is released the retention decides, when something goes the timeline says.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Day, Play, There};
use crate::catalog::layout::{MANIFEST, backup_id, expires_at, folder};
use crate::catalog::release;
use crate::catalog::retention::{Decision, Hold, Holding, Kind, Periods, Point, Terms, Tier, decide, tag_value};
use crate::catalog::timeline::{self, Class, Forecast, Standing, Version};
use crate::model::lifecycle::{EXPIRE_TAG, Lifecycle, Rule, Tag};

/// Bytes that a manifest is taken to have: below 128 KiB S3 moves nothing to another class.
const MANIFEST_BYTES: u64 = 16 * 1024;

/// One object of a backup.
#[derive(Clone, Debug)]
struct Object {
    key: String,
    bytes: u64,
    class: Class,
}

/// A backup in the bucket.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) point: Point,
    objects: Vec<Object>,
    /// As what it is released, and since when.
    pub(super) tag: Option<(Tier, Timestamp)>,
    /// As what it is to be released, since when, and why it is not.
    pub(super) wanted: Option<Wanted>,
    standing: Standing,
    classes: Classes,
}

/// Bytes by class from each moment on.
type Classes = Vec<(Timestamp, Vec<(Class, u64)>)>;

/// A release that was decided.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    tier: Tier,
    /// When that was first decided.
    since: Timestamp,
    /// When it is to be gone.
    pub(super) due: Timestamp,
    /// Why the keeper does not do it by itself.
    pub(super) held: Option<String>,
}

/// A backup that expired.
#[derive(Clone, Debug)]
pub(super) struct Departed {
    pub(super) stored: Stored,
    pub(super) at: Timestamp,
}

pub(super) struct World<'a> {
    play: &'a Play<'a>,
    zone: TimeZone,
    now: Timestamp,
    /// What each backup holds.
    holding: Holding,
    /// What is there, oldest first.
    pub(super) stored: Vec<Stored>,
    /// What expired, the last one last.
    pub(super) departed: Vec<Departed>,
}

impl<'a> World<'a> {
    pub(super) fn new(play: &'a Play<'a>, zone: TimeZone) -> Self {
        let holding = Holding { tables: BTreeMap::new(), bytes: play.bytes };
        Self { play, zone, now: play.begin, holding, stored: Vec::new(), departed: Vec::new() }
    }

    /// Moves on, and lets go what is due.
    pub(super) fn pass(&mut self, now: Timestamp) {
        self.now = now;
        let (there, gone): (Vec<Stored>, Vec<Stored>) = std::mem::take(&mut self.stored).into_iter().partition(|stored| stored.standing.is_restorable_at(now));
        self.stored = there;
        // Who asks why something is gone asks at the next midnight.
        self.departed.retain(|departed| departed.stored.standing.bytes_gone_at.is_none_or(|gone| now < gone));
        self.departed.extend(gone.into_iter().filter_map(|stored| Some(Departed { at: stored.standing.restorable_until?, stored })));
    }

    /// What is there before anything happens; the backups to come are taken to hold what the newest of them holds.
    pub(super) fn find(&mut self, there: &There) {
        let object = |(key, bytes, class): &(String, u64, String)| Object { key: key.clone(), bytes: *bytes, class: Class::of(class) };
        let objects: Vec<Object> = there.objects.iter().map(object).collect();
        let (standing, classes) = self.fate(&objects, there.point.oldest, there.tier, self.now);
        if there.point.kind == Kind::Complete {
            self.holding.clone_from(&there.point.holding);
        }
        let tag = there.tier.map(|tier| (tier, self.now));
        self.stored.push(Stored { point: there.point.clone(), objects, tag, wanted: None, standing, classes });
    }

    /// Takes a backup.
    pub(super) fn backup(&mut self, at: Timestamp) -> Point {
        self.put(at, Kind::Complete)
    }

    /// Begins a backup whose upload breaks off: what was dumped is there, and no manifest.
    pub(super) fn attempt(&mut self, at: Timestamp) {
        self.put(at, Kind::Attempt);
    }

    /// What can be restored, oldest first.
    pub(super) fn complete(&self) -> impl Iterator<Item = &Stored> {
        self.stored.iter().filter(|stored| stored.point.kind == Kind::Complete)
    }

    fn put(&mut self, at: Timestamp, kind: Kind) -> Point {
        let id = backup_id(at);
        let at_key = |name: &str| format!("{}{name}", folder(self.play.bucket.prefix, self.play.set, &id));
        let object = |name: &str, bytes| Object { key: at_key(name), bytes, class: Class::Standard };
        let mut objects = vec![object("dump.zst", self.play.bytes)];
        objects.extend((kind == Kind::Complete).then(|| object(MANIFEST, MANIFEST_BYTES)));
        let point = Point {
            kind,
            stored: at,
            oldest: at,
            snapshot: at,
            periods: Periods::of(at, &self.zone),
            verified: None,
            failed: false,
            hold: Hold::None,
            holding: self.holding.clone(),
            id,
        };
        let (standing, classes) = self.fate(&objects, at, None, at);
        self.stored.push(Stored { point: point.clone(), objects, tag: None, wanted: None, standing, classes });
        point
    }

    /// Drills the newest one, or the oldest; it passes.
    pub(super) fn drill(&mut self, at: Timestamp, oldest: bool) {
        if let Some(stored) = self.picked(at, oldest) {
            (stored.point.verified, stored.point.failed) = (Some(at), false);
        }
    }

    /// The same, and it fails: whatever was proven of that backup before is proven no more. Which one it was.
    pub(super) fn fail(&mut self, at: Timestamp, oldest: bool) -> Option<Point> {
        let stored = self.picked(at, oldest)?;
        (stored.point.verified, stored.point.failed) = (None, true);
        Some(stored.point.clone())
    }

    fn picked(&mut self, at: Timestamp, oldest: bool) -> Option<&mut Stored> {
        let mut there = self.stored.iter_mut().filter(|stored| stored.point.kind == Kind::Complete && stored.standing.is_restorable_at(at));
        if oldest { there.next() } else { there.next_back() }
    }

    /// One run of the keeper: it sees what can be read, decides, and tags.
    pub(super) fn keep(&mut self, at: Timestamp) {
        self.now = at;
        let points: Vec<Point> = self.stored.iter().map(|stored| stored.point.clone()).collect();
        let spec = self.play.spec;
        let terms = Terms { retention: &spec.retention, max_duration: spec.max_duration, anomalies: spec.anomalies, evidence_known: true, now: at };
        let decisions = decide(&points, &terms);
        let mut all = std::mem::take(&mut self.stored);
        for (stored, decision) in all.iter_mut().zip(decisions) {
            match decision {
                Decision::Release(tier) => self.release(stored, tier, at),
                Decision::Keep(_) => {
                    stored.wanted = None;
                    self.tag(stored, None, at);
                }
                Decision::Leave(_) => {}
            }
        }
        self.stored = all;
    }

    /// Sets the tag of a tier, unless the keeper would hold that back for a person.
    fn release(&self, stored: &mut Stored, tier: Tier, at: Timestamp) {
        let Some(days) = tier.days(&self.play.spec.retention) else { return };
        let promised = expires_at(stored.point.oldest, days);
        let by_rules = |tier: Tier| {
            let tags = BTreeMap::from([(EXPIRE_TAG.to_owned(), self.value(tier))]);
            release::expiry(&tags, stored.point.oldest, self.play.bucket.rules)
        };
        let held = match (by_rules(tier), stored.tag.and_then(|(tier, _)| by_rules(tier))) {
            (None, _) => Some(format!("no rule of the bucket acts on the tag of tier {}, and the keeper releases nothing that no rule ends", tier.as_str())),
            (Some(until), _) if until < promised => Some(format!("the rule of tier {} is shorter than the policy, and the keeper holds that", tier.as_str())),
            (Some(until), Some(before)) if until < before => Some("it would go earlier than its tag promises, which waits for a person".to_owned()),
            _ => None,
        };
        let since = stored.wanted.as_ref().filter(|wanted| wanted.tier == tier).map_or(at, |wanted| wanted.since);
        // What is overdue when it is tagged goes at the next midnight.
        let due = promised.max(expires_at(since, 0));
        let is_held = held.is_some();
        stored.wanted = Some(Wanted { tier, since, due, held });
        if !is_held {
            self.tag(stored, Some(tier), at);
        }
    }

    fn tag(&self, stored: &mut Stored, tier: Option<Tier>, at: Timestamp) {
        if stored.tag.map(|(tier, _)| tier) == tier {
            return;
        }
        let (oldest, before) = (stored.point.oldest, stored.tag.map(|(tier, _)| tier));
        let moved = self.with(&stored.objects, oldest, before, self.play.bucket.rules, |forecast, versions| {
            let class = |version: &Version<'_>| forecast.lying(std::slice::from_ref(version), at).bytes.first().map_or(version.class, |(class, _)| *class);
            versions.iter().map(class).collect::<Vec<Class>>()
        });
        for (object, class) in stored.objects.iter_mut().zip(moved) {
            object.class = class;
        }
        stored.tag = tier.map(|tier| (tier, at));
        (stored.standing, stored.classes) = self.fate(&stored.objects, oldest, tier, at);
    }

    /// What becomes of a backup from a moment on.
    fn fate(&self, objects: &[Object], oldest: Timestamp, tier: Option<Tier>, at: Timestamp) -> (Standing, Classes) {
        self.with(objects, oldest, tier, self.play.bucket.rules, |forecast, versions| {
            let standing = forecast.standing(versions);
            let moments = std::iter::once(at).chain(forecast.transitions(versions)).chain(standing.bytes_gone_at);
            (standing, moments.map(|moment| (moment, forecast.lying(versions, moment).bytes)).collect())
        })
    }

    /// Asks the timeline about a backup as it would be with a tag.
    fn with<T>(&self, objects: &[Object], oldest: Timestamp, tier: Option<Tier>, rules: &Lifecycle, ask: impl FnOnce(&Forecast<'_>, &[Version<'_>]) -> T) -> T {
        let tags: Vec<Tag> = tier.map(|tier| Tag::release(&self.value(tier))).into_iter().collect();
        let plain = objects.iter().map(|object| (object.class, self.play.bucket.version(&object.key, object.bytes, oldest)));
        let versions: Vec<Version<'_>> = plain.map(|(class, version)| Version { class, tags: &tags, ..version }).collect();
        ask(&Forecast::new(&self.world(rules, self.now.max(oldest))), &versions)
    }

    fn world<'r>(&self, rules: &'r Lifecycle, now: Timestamp) -> timeline::World<'r> {
        timeline::World::of(rules, self.play.bucket.versioning, now)
    }

    fn value(&self, tier: Tier) -> String {
        tag_value(self.play.policy, self.play.set, tier.as_str())
    }

    /// Which rule let a backup go, and why it had its tag.
    pub(super) fn cause(&self, departed: &Departed) -> String {
        let tier = departed.stored.tag.map(|(tier, _)| tier);
        let alone = |rule: &'_ Rule| {
            let only = Lifecycle { rules: vec![rule.clone()], minimum_size: None };
            let stored = &departed.stored;
            self.with(&stored.objects, stored.point.oldest, tier, &only, |_, versions| {
                Forecast::new(&self.world(&only, stored.point.oldest)).standing(versions).restorable_until
            })
        };
        let rules = self.play.bucket.rules.rules.iter().filter_map(|rule| Some((alone(rule)?, rule.id.as_str())));
        let rule = rules.filter(|(until, _)| *until <= departed.at).min().map_or("a rule", |(_, id)| id);
        let day = |at: Timestamp| at.strftime("%Y-%m-%d").to_string();
        let id = &departed.stored.point.id;
        match departed.stored.tag {
            Some((tier, at)) => format!("{id} was released as {} on {}, and rule `{rule}` ended it on {}", tier.as_str(), day(at), day(departed.at)),
            None => format!("{id} was never released, and rule `{rule}` ended it on {}", day(departed.at)),
        }
    }

    /// How it stands now.
    pub(super) fn day(&self, now: Timestamp) -> Day {
        let mut points = BTreeMap::new();
        for stored in self.complete() {
            let tier = stored.tag.map_or("kept", |(tier, _)| tier.as_str());
            *points.entry(tier.to_owned()).or_insert(0) += 1;
        }
        let mut bytes = BTreeMap::new();
        for (class, count) in self.stored.iter().chain(self.departed.iter().map(|departed| &departed.stored)).flat_map(|stored| stored.lying(now)) {
            *bytes.entry(class.as_str().to_owned()).or_insert(0) += count;
        }
        let oldest = self.complete().map(|stored| stored.point.snapshot).min();
        Day {
            date: now.strftime("%Y-%m-%d").to_string(),
            verified: self.complete().filter(|stored| stored.point.verified.is_some()).count() as u64,
            failed: self.complete().filter(|stored| stored.point.failed).count() as u64,
            reaches_back_seconds: oldest.and_then(|oldest| u64::try_from(now.as_second() - oldest.as_second()).ok()),
            points,
            bytes,
        }
    }
}

impl Stored {
    /// Whether it can still be restored at a time, if nothing is done about it.
    pub(super) fn is_there_at(&self, at: Timestamp) -> bool {
        self.standing.is_restorable_at(at)
    }

    fn lying(&self, now: Timestamp) -> &[(Class, u64)] {
        self.classes.iter().rev().find(|(from, _)| *from <= now).map_or(&[], |(_, bytes)| bytes)
    }
}
