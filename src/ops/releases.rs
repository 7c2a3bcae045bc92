//! What the keeper's next run would do, for a plan: read from what the plan listed already, the indexes, and little else. Sends nothing.
//!
//! A plan of policies without backups asks nothing here. What is more than a plan reads is unknown, and said so.

use futures_util::{StreamExt as _, stream};

use super::catalogue::{self, Proofs};
use super::decided::{self, Case};
use super::indexed::{self, Indexed};
use super::{Prepared, control};
use crate::catalog::release::outlook::outlook;
use crate::model::fact::{Fact, Why};
use crate::model::id::ResourceId;
use crate::model::lifecycle::Lifecycle;
use crate::model::policy::{BackupSet, Name};
use crate::model::repository::ControlPlace;
use crate::model::request::ReadOp;
use crate::model::resource::{Observed, SeenBackup};
use crate::policy::LoadedPolicy;
use crate::ports::Ports;
use crate::view::releases::ReleaseSetView;

/// So many records of evidence are read for a plan at the most.
const RECORDS: usize = 2_000;
/// So many backups that no index remembers are read for one plan at the most, each with two requests.
const BACKUPS: usize = 500;

/// How many indexes are asked for at once.
const AT_ONCE: usize = 16;

/// One set that has backups.
pub(super) struct Set<'a> {
    policy: &'a LoadedPolicy,
    name: &'a Name,
    spec: &'a BackupSet,
    /// What the listing shows of it; unknown where the bucket could not be listed.
    seen: Fact<Vec<SeenBackup>>,
}

impl Set<'_> {
    fn unknown(&self, why: &str) -> ReleaseSetView {
        ReleaseSetView::unknown(&self.policy.name, &self.name.0, Some(why.to_owned()))
    }
}

/// What would be done to each set that has backups, by policy and set.
pub(super) async fn releases(prepared: &Prepared, ports: &Ports, observed: &Observed) -> Vec<ReleaseSetView> {
    let sets = sets(&prepared.loaded.policies, observed);
    let proofs =
        if sets.iter().any(|set| set.seen.known().is_some()) { catalogue::proofs_of_few(prepared, ports, RECORDS).await } else { Fact::Known(Proofs::new()) };
    Glance { ports, observed, control: control(prepared), proofs: &proofs }.at(&sets).await
}

/// The same where nobody waited for the answers.
pub(super) fn interrupted(prepared: &Prepared, observed: &Observed) -> Vec<ReleaseSetView> {
    sets(&prepared.loaded.policies, observed).iter().map(|set| set.unknown("it was not asked: the plan was interrupted")).collect()
}

/// The sets whose backups are released by tag, but for those that have none.
pub(super) fn sets<'a>(policies: &'a [LoadedPolicy], observed: &Observed) -> Vec<Set<'a>> {
    let mut out = Vec::new();
    for policy in policies {
        for (name, spec) in &policy.policy.spec.backups {
            let of_set = |all: &Vec<SeenBackup>| all.iter().filter(|backup| backup.set == name.0).cloned().collect::<Vec<_>>();
            let seen = match observed.backups.get(&policy.name) {
                Some(Fact::Known(all)) => Fact::Known(of_set(all)),
                Some(Fact::Unknown(why)) => Fact::Unknown(why.clone()),
                Some(Fact::Absent) | None => Fact::Absent,
            };
            let is_there = !seen.known().is_some_and(Vec::is_empty) && seen != Fact::Absent;
            out.extend(is_there.then_some(Set { policy, name, spec, seen }));
        }
    }
    out
}

/// What is looked at, and with what.
#[derive(Clone, Copy)]
pub(super) struct Glance<'a> {
    pub(super) ports: &'a Ports,
    pub(super) observed: &'a Observed,
    /// Where the indexes are.
    pub(super) control: Option<&'a ControlPlace>,
    pub(super) proofs: &'a Fact<Proofs>,
}

impl Glance<'_> {
    /// What would be done to each of these sets.
    pub(super) async fn at(self, sets: &[Set<'_>]) -> Vec<ReleaseSetView> {
        let mut indexes = std::pin::pin!(stream::iter(sets.iter().map(|set| async move { (set, self.index(set).await) })).buffered(AT_ONCE));
        let (mut out, mut room) = (Vec::new(), BACKUPS);
        while let Some((set, index)) = indexes.next().await {
            out.push(match (&set.seen, self.proofs) {
                (Fact::Unknown(why), _) => set.unknown(&format!("the backups could not be listed: {why}")),
                (Fact::Known(_), Fact::Unknown(why)) => set.unknown(&format!("the evidence could not be read: {why}")),
                (Fact::Known(seen), _) => self.one(set, seen, &index, &mut room).await,
                (Fact::Absent, _) => continue,
            });
        }
        out
    }

    /// What an index remembers of a set about which anything can be said.
    async fn index(self, set: &Set<'_>) -> Indexed {
        match (self.control, &set.seen, self.proofs) {
            (_, _, Fact::Unknown(_)) => Indexed::default(),
            (Some(control), Fact::Known(_), _) => indexed::open(self.ports, control, &set.policy.name, &set.name.0).await,
            _ => Indexed::default(),
        }
    }

    /// What would be done to one set; `room` is how many backups may still be read for this plan.
    async fn one(self, set: &Set<'_>, seen: &[SeenBackup], indexed: &Indexed, room: &mut usize) -> ReleaseSetView {
        let (policy, observed) = (set.policy, self.observed);
        let known = |seen: &SeenBackup| {
            let listed = observed.listed.get(&(policy.name.clone(), seen.set.clone(), seen.id.clone()))?;
            indexed.index.as_ref()?.remembered(&seen.id, listed)
        };
        let unread = seen.iter().filter(|seen| known(seen).is_none()).count();
        let Some(left) = room.checked_sub(unread) else {
            return set.unknown(&format!("no index remembers {unread} of its backups, more than a plan reads; `lifeboat keep --dry-run` asks for all"));
        };
        *room = left;
        let seen = seen.iter().map(|backup| (backup.clone(), known(backup))).collect();
        let backups = catalogue::glanced(self.ports, policy, self.proofs, seen, observed.at).await;
        let rules = rules(observed, &policy.policy.spec.storage.bucket);
        let case = Case { policy, name: set.name, spec: set.spec, proofs: self.proofs, now: observed.at };
        let (own, points) = case.points(&backups);
        ReleaseSetView::of(&policy.name, &set.name.0, &outlook(&own, &points, &case.terms(), &case.around(&rules)))
    }
}

/// The lifecycle rules of a bucket, as the plan read them.
fn rules(observed: &Observed, bucket: &str) -> Fact<Lifecycle> {
    let seen = observed.resources.get(&ResourceId::Bucket(bucket.to_owned()));
    decided::rules(seen.map_or(Fact::Unknown(Why::NotAsked), |seen| seen.fact(ReadOp::BucketLifecycle)))
}
