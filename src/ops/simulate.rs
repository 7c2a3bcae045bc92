//! `lifeboat simulate`: the policies played forward. Writes nothing, and asks a server only when the play is to begin with what is there.

use jiff::Timestamp;

use super::catalogue::{self, Asking, Marked, Proofs, Shelf};
use super::decided::Case;
use super::{Exit, OpError, Prepared, Where, backups, check, connect, control, identify, prepare};
use crate::catalog::backups::Backup;
use crate::catalog::retention::{Kind, Point, Tier, tag_value};
use crate::model::fact::Fact;
use crate::model::lifecycle::{EXPIRE_TAG, Lifecycle};
use crate::model::policy::Name;
use crate::model::request::ReadOp;
use crate::model::resource::{BucketWish, ResourceWish};
use crate::observe;
use crate::policy::LoadedPolicy;
use crate::ports::Clock as _;
use crate::ports::quirks::AWS;
use crate::ports::system::SystemClock;
use crate::report::simulate::{Asked, Course, Played, Stop, There, plays};
use crate::report::status;
use crate::settings;
use crate::view::check::CheckView;
use crate::view::simulate::SimulateView;

/// What `simulate` ends with.
#[derive(Debug)]
pub enum Ended {
    /// The policies have errors; nothing was played.
    Stopped(CheckView),
    /// What came of it.
    Played(Box<SimulateView>),
}

/// What is asked for.
#[derive(Debug)]
pub struct Wish<'a> {
    /// `POLICY` or `POLICY/SET`, several of them; none = all.
    pub names: &'a [String],
    /// The first day; none = today.
    pub from: Option<Timestamp>,
    /// How many days.
    pub days: u32,
    /// What stops.
    pub stops: &'a [Stop],
    /// Bytes of one backup; none = those of the newest one, or 1 GiB.
    pub bytes: Option<u64>,
}

/// What a backup is taken to hold when nobody says it.
const BYTES: u64 = 1 << 30;
/// What of a bucket decides what becomes of its objects.
const ASKED: [ReadOp; 2] = [ReadOp::BucketLifecycle, ReadOp::BucketVersioning];

/// Plays every set that is asked for. A broken invariant is a finding against the policy.
///
/// # Errors
/// When there is no config repo, or nothing is of that name.
pub fn simulate(place: &Where, wish: &Wish<'_>) -> Result<(Ended, Exit), OpError> {
    let prepared = prepare(place, &AWS)?;
    let (findings, exit) = check::view(&prepared);
    if exit == Exit::Findings {
        return Ok((Ended::Stopped(findings), exit));
    }
    let begin = midnight(wish.from.unwrap_or_else(|| SystemClock.now()));
    let asked = Asked { begin, days: wish.days, stops: wish.stops, bytes: wish.bytes.unwrap_or(BYTES) };
    let mut sets = Vec::new();
    for (policy, set) in wanted(&prepared, wish.names)? {
        sets.extend(courses(&prepared, policy, set, asked));
    }
    Ok(ended(SimulateView::of(&prepared.revision, &asked, sets)))
}

fn ended(view: SimulateView) -> (Ended, Exit) {
    let exit = if view.broken > 0 { Exit::Findings } else { Exit::Good };
    (Ended::Played(Box::new(view)), exit)
}

/// The same from the next midnight on, with the backups, the lifecycle rules and the versioning that are there now.
///
/// # Errors
/// When there is no config repo, no usable identity, nothing of that name, or a bucket cannot be listed.
pub async fn live(place: &Where, wish: &Wish<'_>) -> Result<(Ended, Exit), OpError> {
    let (prepared, ports, aws) = connect(place).await?;
    let (findings, exit) = check::view(&prepared);
    if exit == Exit::Findings {
        return Ok((Ended::Stopped(findings), exit));
    }
    let identity = identify(&ports, Some(&aws)).await?;
    let observed = observe::observe_only(&prepared.desired, &ports, Fact::Known(identity), &ASKED, false).await;
    let proofs = catalogue::proofs(&prepared, &ports).await;
    let begin = midnight(Timestamp::from_second(observed.at.as_second() + DAY).unwrap_or(observed.at));
    let asked = Asked { begin, days: wish.days, stops: wish.stops, bytes: wish.bytes.unwrap_or(BYTES) };
    let mut sets = Vec::new();
    for (policy, set) in wanted(&prepared, wish.names)? {
        let Some(bucket) = bucket(&prepared, policy) else { continue };
        let (bucket, rules, unknown) = match (status::live(&bucket.name, &observed), &proofs) {
            (Err(why), _) => (bucket.clone(), Lifecycle::default(), Some(why)),
            (Ok(_), Fact::Unknown(why)) => (bucket.clone(), Lifecycle::default(), Some(format!("what drills proved is not known: {why}"))),
            (Ok((rules, versioning)), _) => (BucketWish { versioning, ..bucket.clone() }, rules, None),
        };
        let asking = Asking { proofs: &proofs, marked: Marked::Last, control: control(&prepared), anew: false };
        let shelf = catalogue::shelf(&ports, policy, set.filter(|set| policy.policy.spec.backups.contains_key(*set)), asking).await?;
        for mut one in plays(policy, &bucket, &rules, asked).into_iter().filter(|one| set.is_none_or(|set| set.0 == one.set())) {
            if let Played::Taken(play) = &mut one {
                play.there = there(&shelf, play.set, &proofs);
                play.bytes = wish.bytes.or_else(|| newest(&play.there)).unwrap_or(BYTES);
            }
            sets.push(unknown.as_ref().map_or_else(|| one.play(), |why| one.not_played(why)));
        }
    }
    Ok(ended(SimulateView { live: true, ..SimulateView::of(&prepared.revision, &asked, sets) }))
}

/// The backups of a set, oldest first.
fn there(shelf: &Shelf<'_>, set: &str, proofs: &Fact<Proofs>) -> Vec<There> {
    let Some((name, spec)) = shelf.policy.policy.spec.backups.iter().find(|(name, _)| name.0 == set) else { return Vec::new() };
    let case = Case { policy: shelf.policy, name, spec, proofs, now: shelf.now };
    let (own, points) = case.points(&shelf.backups);
    let of = |(backup, point): (&Backup, Point)| {
        let class = |key: &String| backup.seen.classes.get(key).cloned().unwrap_or_default();
        let value = backup.tags.known().and_then(|tags| tags.get(EXPIRE_TAG));
        let tiers = std::iter::once(Tier::Recent).chain(Tier::PERIODS);
        let tier = value.and_then(|value| tiers.into_iter().find(|tier| tag_value(&shelf.policy.name, set, tier.as_str()) == *value));
        There { point, objects: backup.seen.keys.iter().map(|(key, bytes)| (key.clone(), *bytes, class(key))).collect(), tier }
    };
    let mut all: Vec<There> = own.into_iter().zip(points).map(of).collect();
    all.sort_by(|a, b| (a.point.oldest, &a.point.id).cmp(&(b.point.oldest, &b.point.id)));
    all
}

fn newest(there: &[There]) -> Option<u64> {
    let complete = there.iter().rev().find(|there| there.point.kind == Kind::Complete)?;
    Some(complete.objects.iter().map(|(_, bytes, _)| bytes).sum())
}

fn wanted<'a>(prepared: &'a Prepared, names: &[String]) -> Result<Vec<(&'a LoadedPolicy, Option<&'a Name>)>, OpError> {
    if names.is_empty() {
        return backups::wanted(prepared, None);
    }
    let mut out = Vec::new();
    for name in names {
        match backups::physical(prepared, name) {
            Some(physical) => out.push(physical),
            None => out.extend(backups::wanted(prepared, Some(name))?),
        }
    }
    Ok(out)
}

fn courses(prepared: &Prepared, policy: &LoadedPolicy, set: Option<&Name>, asked: Asked<'_>) -> Vec<Course> {
    let Some(bucket) = bucket(prepared, policy) else { return Vec::new() };
    let rules = rules(bucket);
    let plays = plays(policy, bucket, &rules, asked);
    plays.iter().filter(|one| set.is_none_or(|set| set.0 == one.set())).map(Played::play).collect()
}

fn bucket<'a>(prepared: &'a Prepared, policy: &LoadedPolicy) -> Option<&'a BucketWish> {
    prepared.desired.resources.iter().find_map(|wish| match wish {
        ResourceWish::Bucket(bucket) if bucket.name == policy.policy.spec.storage.bucket => Some(bucket),
        _ => None,
    })
}

/// The lifecycle rules that a bucket is to have, those of all its policies.
fn rules(bucket: &BucketWish) -> Lifecycle {
    let setting = settings::by_id("bucket-lifecycle");
    let wanted = setting.and_then(|setting| (setting.want)(&ResourceWish::Bucket(bucket.clone())));
    wanted.and_then(|document| document.to()).unwrap_or_default()
}

const DAY: i64 = 86_400;

fn midnight(at: Timestamp) -> Timestamp {
    let second = at.as_second();
    Timestamp::from_second(second - second.rem_euclid(DAY)).unwrap_or(at)
}
