//! `lifeboat simulate`: the policies played forward. Asks no server and writes nothing.

use jiff::Timestamp;

use super::{Exit, OpError, Prepared, Where, backups, check, prepare};
use crate::model::lifecycle::Lifecycle;
use crate::model::policy::Name;
use crate::model::resource::{BucketWish, ResourceWish};
use crate::policy::LoadedPolicy;
use crate::ports::Clock as _;
use crate::ports::quirks::AWS;
use crate::ports::system::SystemClock;
use crate::report::simulate::{Asked, Course, Played, Stop, plays};
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
    /// Bytes of one backup.
    pub bytes: u64,
}

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
    let asked = Asked { begin: midnight(wish.from.unwrap_or_else(|| SystemClock.now())), days: wish.days, stops: wish.stops, bytes: wish.bytes };
    let mut sets = Vec::new();
    for (policy, set) in wanted(&prepared, wish.names)? {
        sets.extend(courses(&prepared, policy, set, asked));
    }
    let view = SimulateView::of(&prepared.revision, &asked, sets);
    let exit = if view.broken > 0 { Exit::Findings } else { Exit::Good };
    Ok((Ended::Played(Box::new(view)), exit))
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

fn midnight(at: Timestamp) -> Timestamp {
    let second = at.as_second();
    Timestamp::from_second(second - second.rem_euclid(86_400)).unwrap_or(at)
}
