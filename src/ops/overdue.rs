//! Whether releases are overdue: a few tags while all is well, and every manifest of a set only when one of them is missing. Writes nothing.

use std::collections::BTreeMap;

use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::backups::proven;
use super::catalogue::{self, Asking, Marked, Proofs};
use super::causes;
use crate::catalog::layout::{self, MANIFEST};
use crate::catalog::overdue::{due, sketch};
use crate::catalog::retention::{Decision, Kind, Point, Terms, decide};
use crate::model::fact::Fact;
use crate::model::lifecycle::EXPIRE_TAG;
use crate::model::policy::{BackupSet, Name};
use crate::model::resource::SeenBackup;
use crate::policy::LoadedPolicy;
use crate::ports::Ports;
use crate::report::status::{ReleaseStanding, Standing};

/// So many of the newest and of the oldest backups that are due are asked for their tags: a keeper that stopped left the newest without, one
/// that waits for leave the oldest.
const ASKED: usize = 8;
/// How many sets are looked at at once.
const AT_ONCE: usize = 16;

/// Adds to each set what is known of its releases. `seen` are the listings of the policies.
pub(super) async fn added(standings: &mut [Standing], policies: &[LoadedPolicy], ports: &Ports, seen: &Seen<'_>) {
    let mut looks = Vec::new();
    for policy in policies {
        let Some(backups) = seen.backups.get(&policy.name).and_then(Fact::known) else { continue };
        for (name, set) in &policy.policy.spec.backups {
            let own = backups.iter().filter(|backup| backup.complete && backup.set == name.0).collect();
            looks.push(Look { ports, policy, name, set, own, proofs: seen.proofs, now: seen.now }.named());
        }
    }
    let found: BTreeMap<(String, String), ReleaseStanding> = stream::iter(looks).buffered(AT_ONCE).collect().await;
    for standing in standings {
        for set in &mut standing.sets {
            set.release = found.get(&(standing.policy.clone(), set.set.clone())).cloned();
        }
    }
}

/// What was read for the status.
pub(super) struct Seen<'a> {
    pub(super) backups: &'a BTreeMap<String, Fact<Vec<SeenBackup>>>,
    pub(super) proofs: &'a Fact<Proofs>,
    pub(super) now: Timestamp,
}

/// A look at one set.
pub(super) struct Look<'a> {
    pub(super) ports: &'a Ports,
    pub(super) policy: &'a LoadedPolicy,
    pub(super) name: &'a Name,
    pub(super) set: &'a BackupSet,
    /// Its complete backups.
    pub(super) own: Vec<&'a SeenBackup>,
    pub(super) proofs: &'a Fact<Proofs>,
    pub(super) now: Timestamp,
}

impl Look<'_> {
    fn terms(&self, now: Timestamp) -> Terms<'_> {
        Terms {
            retention: &self.set.retention,
            max_duration: self.set.max_duration,
            anomalies: self.set.anomalies,
            evidence_known: self.proofs.known().is_some(),
            now,
        }
    }

    fn zone(&self) -> TimeZone {
        TimeZone::get(&self.set.schedule.timezone).unwrap_or(TimeZone::UTC)
    }

    /// Those of these points that are due.
    fn due(&self, points: &[Point], now: Timestamp) -> Vec<usize> {
        let key = |point: &Point| (self.policy.name.clone(), self.name.0.clone(), point.id.clone());
        due(points, &self.terms(now), |point| self.proofs.known()?.get(&key(point))?.touched)
    }

    async fn named(self) -> ((String, String), ReleaseStanding) {
        let found = self.release().await;
        ((self.policy.name.clone(), self.name.0.clone()), found)
    }

    /// Whether its releases are overdue.
    pub(super) async fn release(&self) -> ReleaseStanding {
        if let Fact::Unknown(why) = self.proofs {
            return ReleaseStanding::unknown(format!("the evidence could not be read: {why}"));
        }
        let points: Vec<Point> = self.own.iter().map(|seen| sketch(seen, &proven(self.proofs, self.policy, seen), &self.zone())).collect();
        let mut newest = self.due(&points, self.now);
        newest.sort_by_key(|at| std::cmp::Reverse(points.get(*at).map(|point| point.stored)));
        let mut untagged = Vec::new();
        let middle = ASKED..newest.len().saturating_sub(ASKED);
        let ends = newest.into_iter().enumerate().filter(|(nth, _)| !middle.contains(nth));
        for seen in ends.filter_map(|(_, at)| self.own.get(at)) {
            let storage = &self.policy.policy.spec.storage;
            let key = format!("{}{MANIFEST}", layout::folder(&storage.prefix, &self.name.0, &seen.id));
            match self.ports.objects.tags(&storage.bucket, &key, None).await {
                Ok(tags) if tags.contains_key(EXPIRE_TAG) => {}
                Ok(_) => untagged.push(seen.id.clone()),
                Err(error) => return ReleaseStanding::unknown(format!("the tags of backups could not be read: {}", causes(&error))),
            }
        }
        if untagged.is_empty() { ReleaseStanding::default() } else { self.judged(&untagged).await }
    }

    /// By everything that the keeper would look at: a backup can be kept for what only manifests tell.
    async fn judged(&self, untagged: &[String]) -> ReleaseStanding {
        let shelf = match catalogue::shelf(self.ports, self.policy, Some(self.name), Asking::plainly(self.proofs, Marked::Last)).await {
            Ok(shelf) => shelf,
            Err(error) => return ReleaseStanding::unknown(causes(&error)),
        };
        let own: Vec<_> = shelf.backups.iter().filter(|backup| backup.seen.set == self.name.0).collect();
        let points: Vec<Point> = own.iter().map(|backup| backup.point(&proven(self.proofs, self.policy, &backup.seen), &self.zone())).collect();
        let decisions = decide(&points, &self.terms(shelf.now));
        let is_unknown =
            |(point, decision): (&Point, &Decision)| untagged.contains(&point.id) && (matches!(decision, Decision::Leave(_)) || point.kind != Kind::Complete);
        if points.iter().zip(&decisions).any(is_unknown) {
            return ReleaseStanding::unknown("the manifests or tags of backups could not be read".to_owned());
        }
        let missing = |at: &usize| own.get(*at).and_then(|backup| backup.tags.known()).is_some_and(|tags| !tags.contains_key(EXPIRE_TAG));
        let late: Vec<usize> = self.due(&points, shelf.now).into_iter().filter(missing).collect();
        let ids = late.iter().filter_map(|at| own.get(*at));
        ReleaseStanding {
            overdue: late.len() as u64,
            bytes: ids.clone().map(|backup| backup.seen.bytes).fold(0, u64::saturating_add),
            oldest: ids.map(|backup| backup.seen.id.clone()).min(),
            unknown: None,
        }
    }
}
