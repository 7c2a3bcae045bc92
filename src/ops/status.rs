//! `lifeboat status`: what can be restored now, or at another moment, and whether that is what was promised. Writes nothing.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt as _, stream};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::catalogue::Proofs;
use super::notify::{self, Receivers};
use super::repositories::{self, Memory, Moment};
use super::{Exit, OpError, Prepared, Where, catalogue, connect, counted, evidence, identify, overdue, report as reporting};
use crate::catalog::prices::Prices;
use crate::evidence::Checked;
use crate::model::fact::{Fact, Why};
use crate::model::request::ReadOp;
use crate::model::resource::{Identity, Observed, SeenBackup};
use crate::model::units::plural;
use crate::model::when::When;
use crate::observe;
use crate::policy::{self, LoadedPolicy};
use crate::ports::{Kind, Ports};
use crate::report::expected::{Era, History, MISSED, Wanted};
use crate::report::status::{Around, Seen, Standing, live, reached, standings};
use crate::report::{self, Input, Repositories, Verdict, past, storage};
use crate::source;
use crate::view::status::{AsOfView, StatusView};

/// How many listings of versions are under way at once.
const AT_ONCE: usize = 16;
/// What of a bucket decides what can be restored, besides its listing.
const ASKED: [ReadOp; 2] = [ReadOp::BucketLifecycle, ReadOp::BucketVersioning];

/// Reads buckets and evidence and says how each policy stands, or stood, or will stand if nothing else happens; and who wants to be told.
///
/// # Errors
/// When there is no config repo, the moment is none, or the cloud cannot be used at all.
pub async fn status(place: &Where, at: Option<When>, prices: Prices) -> Result<(StatusView, Exit, Receivers), OpError> {
    let (prepared, ports, aws) = connect(place).await?;
    let identity = identify(&ports, Some(&aws)).await?;
    stands(place, (&prepared, identity), &ports, at, prices.through(aws.endpoint())).await
}

/// The same of what was read already, by whatever ports there are.
///
/// # Errors
/// When the moment is none, or the cloud cannot be used at all.
pub async fn of(place: &Where, prepared: &Prepared, ports: &Ports, at: Option<When>, prices: Prices) -> Result<(StatusView, Exit, Receivers), OpError> {
    let identity = identify(ports, None).await?;
    stands(place, (prepared, identity), ports, at, prices).await
}

async fn stands(
    place: &Where,
    (prepared, identity): (&Prepared, Identity),
    ports: &Ports,
    at: Option<When>,
    prices: Prices,
) -> Result<(StatusView, Exit, Receivers), OpError> {
    let read = ports.clock.now();
    let at = at.map(|when| moment(when, read, prepared)).transpose()?.unwrap_or(read);
    let seen = match at.cmp(&read) {
        std::cmp::Ordering::Less => Seen::Before,
        std::cmp::Ordering::Equal => Seen::Now,
        std::cmp::Ordering::Greater => Seen::After(read),
    };
    let mut observed = observe::observe_only(&prepared.desired, ports, Fact::Known(identity), &ASKED, matches!(seen, Seen::After(_))).await;
    // Without a place for evidence no drill leaves a record, which is no failure of reading.
    let configured = evidence::configured(prepared).is_some();
    let chains = reporting::chains(prepared, ports).await.map(|(_, chains)| until(chains, at));
    let policies = &prepared.loaded.policies;
    let proofs = proofs(configured, &chains);
    if seen != Seen::Before {
        counted::added(&mut observed, policies, ports, &proofs).await;
    }
    let (then, repositories) = match seen {
        Seen::Before => {
            let (then, repositories) = then(policies, ports, &observed, Moment { at, read }).await;
            (Cow::Owned(then), repositories)
        }
        Seen::Now => (Cow::Borrowed(&observed.backups), repositories::left(ports, policies, &observed, at).await),
        Seen::After(_) => (Cow::Owned(reached(policies, &observed, at, read)), repositories::left(ports, policies, &observed, at).await),
    };
    let input = Input {
        now: at,
        policies: &prepared.loaded.policies,
        backups: &then,
        repositories: &repositories,
        evidence: chains.as_ref().map(Vec::as_slice).map_err(String::as_str),
    };
    let report = report::report(&input);
    let history = history(place, at);
    let around = Around { observed: &observed, seen, history: history.as_ref().ok() };
    let mut policies = standings(&input, &report, &around);
    if seen == Seen::Now {
        overdue::added(&mut policies, &prepared.loaded.policies, ports, &overdue::Seen { backups: &observed.backups, proofs: &proofs, now: read }).await;
    }
    let exit = policies.iter().map(exit).fold(Exit::Good, Exit::worst);
    let as_of = as_of(prepared, &observed, seen, at, read);
    let why = chains.err().filter(|_| configured);
    let storage = (seen == Seen::Now).then(|| {
        let listed = storage::Listed { backups: &then, stored: &observed.stored };
        storage::storage(&prepared.loaded.policies, listed, &prices, at)
    });
    let view = StatusView { schedules: history.err(), as_of, storage, ..StatusView::of(&prepared.revision, at, policies, why) };
    Ok((view, exit, notify::receivers(prepared)))
}

/// What the records say of backups, as the keeper takes them: of a chain that is broken nothing is believed.
fn proofs(configured: bool, chains: &Result<Vec<Checked>, String>) -> Fact<Proofs> {
    match chains {
        _ if !configured => Fact::Known(Proofs::new()),
        Err(why) => Fact::Unknown(Why::Unreachable(why.clone())),
        Ok(chains) => catalogue::trusted(chains),
    }
}

/// A date and time without a zone is in that of the schedules, if they all have one.
fn moment(when: When, now: Timestamp, prepared: &Prepared) -> Result<Timestamp, OpError> {
    let sets = || prepared.loaded.policies.iter().map(|policy| &policy.policy.spec.backups);
    let taken = sets().flat_map(|sets| sets.values()).map(|set| set.schedule.timezone.as_str());
    let physical = sets().flat_map(|sets| sets.physical.values()).filter_map(|set| Some(set.schedule.as_ref()?.timezone.as_str()));
    let zones: BTreeSet<&str> = taken.chain(physical).collect();
    let setup = |why: String| OpError::Setup { message: format!("--at: {why}"), hint: "write it as 2026-11-22T12:00:00Z".to_owned() };
    if matches!(when, When::Local(_)) && zones.len() > 1 {
        let zones: Vec<&str> = zones.into_iter().collect();
        return Err(setup(format!("the schedules are in several time zones ({}), and so is this moment", zones.join(", "))));
    }
    let zone = zones.first().and_then(|zone| TimeZone::get(zone).ok()).unwrap_or(TimeZone::UTC);
    when.at(now, &zone).map_err(setup)
}

/// The chains as they were at a moment.
fn until(mut chains: Vec<Checked>, at: Timestamp) -> Vec<Checked> {
    for chain in &mut chains {
        chain.records.retain(|(_, record, _)| record.at.parse::<Timestamp>().is_ok_and(|written| written <= at));
    }
    chains
}

/// What lay below each policy's prefix then, as far as versions tell it: its backups, and the repositories of its physical sets.
async fn then(policies: &[LoadedPolicy], ports: &Ports, observed: &Observed, moment: Moment) -> (BTreeMap<String, Fact<Vec<SeenBackup>>>, Repositories) {
    let memory = Memory::default();
    let of = async |policy: &LoadedPolicy| {
        let storage = &policy.policy.spec.storage;
        let versions = ports.objects.versions(&storage.bucket, &storage.prefix).await;
        let repositories = repositories::then((ports, &memory), policy, &versions, &live(&storage.bucket, observed), moment).await;
        let seen = match versions {
            Ok(versions) => Fact::Known(past::listed(&versions, &storage.prefix, moment.at)),
            Err(error) if error.kind == Kind::Missing => Fact::Absent,
            Err(error) => Fact::Unknown(error.why()),
        };
        (policy.name.clone(), seen, repositories)
    };
    let all: Vec<_> = policies.iter().map(&of).collect();
    let (mut backups, mut stored) = (BTreeMap::new(), Repositories::new());
    for (policy, seen, repositories) in stream::iter(all).buffered(AT_ONCE).collect::<Vec<_>>().await {
        backups.insert(policy, seen);
        stored.extend(repositories);
    }
    (backups, stored)
}

/// What cannot be known of a moment that is not now.
fn as_of(prepared: &Prepared, observed: &Observed, seen: Seen, at: Timestamp, read: Timestamp) -> Option<AsOfView> {
    let blind = |policy: &LoadedPolicy| {
        let (_, kept) = live(&policy.policy.spec.storage.bucket, observed).ok()?;
        past::blind(&policy.name, &policy.policy.spec.storage, kept, at, read)
    };
    let (side, notes) = match seen {
        Seen::Now => return None,
        Seen::Before => {
            let first = "objectives and drills are those of the policies as they are written now; what was brought back since was never gone; \
                         what lay there is not held against the manifests of then";
            let notes = prepared.loaded.policies.iter().filter_map(blind);
            ("before", [first.to_owned()].into_iter().chain(notes).collect())
        }
        Seen::After(_) => {
            let first = "by the bucket's rules as they are now; runs, drills and the keeper are supposed to stand still";
            ("after", [first.to_owned()].into_iter().chain(untold(observed)).collect())
        }
    };
    Some(AsOfView { side: side.to_owned(), read_at: read.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(), notes })
}

/// How many release tags could not be read.
fn untold(observed: &Observed) -> Option<String> {
    let told = |policy: &str, backup: &SeenBackup| observed.released.contains_key(&(policy.to_owned(), backup.set.clone(), backup.id.clone()));
    let of = |(policy, seen): (&String, &Fact<Vec<SeenBackup>>)| {
        seen.known().into_iter().flatten().filter(|backup| backup.complete && !told(policy, backup)).count()
    };
    let count: usize = observed.backups.iter().map(of).sum();
    let backups = plural(u64::try_from(count).unwrap_or(u64::MAX), "backup");
    (count > 0).then(|| format!("the release tags of {backups} could not be read: each counts as gone once any rule for a tag could have ended it"))
}

/// What was wanted of all sets over the time in which missed runs are looked for, or why the git history does not tell them.
fn history(place: &Where, at: Timestamp) -> Result<History, String> {
    let from = at.checked_sub(SignedDuration::from_secs(MISSED)).unwrap_or(at);
    let written = "scheduled runs are expected by the schedules as they are written now";
    match source::history(&place.repo, place.rev.as_deref(), from) {
        Err(error) => Err(format!("{written}: {error}")),
        Ok(None) => Err(format!("{written}: the git history of the policies is not at hand")),
        Ok(Some(versions)) => Ok(eras(&versions)),
    }
}

/// Version by version, what was wanted of each set. A policy that could not be read then expects nothing.
fn eras(versions: &[source::Past]) -> History {
    let mut out = History::new();
    for version in versions {
        let loaded = policy::load(&version.files);
        let mut now = BTreeMap::new();
        for policy in &loaded.policies {
            let spec = &policy.policy.spec;
            let taken = spec.backups.iter().map(|(name, set)| (name, Wanted::taken(set)));
            let physical = spec.backups.physical.iter().map(|(name, set)| (name, Wanted::physical(&spec.storage, set)));
            now.extend(taken.chain(physical).map(|(name, wanted)| ((policy.name.clone(), name.0.clone()), wanted)));
        }
        let known: BTreeSet<(String, String)> = out.keys().cloned().chain(now.keys().cloned()).collect();
        for key in known {
            let wanted = now.remove(&key);
            let eras = out.entry(key).or_default();
            if eras.last().map(|era: &Era| &era.wanted) != Some(&wanted) {
                eras.push(Era { from: version.since, wanted });
            }
        }
    }
    out
}

/// Drills that are not proven 6, backups too old or not listed 4.
fn exit(policy: &Standing) -> Exit {
    let backups = if policy.is_recent() { Exit::Good } else { Exit::Pending };
    let drills = if policy.drills.is_none_or(|verdict| verdict == Verdict::Passed) { Exit::Good } else { Exit::Drill };
    backups.worst(drills)
}

#[cfg(test)]
mod tests;
