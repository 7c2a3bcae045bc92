//! Whether releases are overdue: a few tags while all is well, and every manifest of a set only when one of them is missing. Writes nothing.

use std::collections::BTreeMap;

use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;

use super::backups::proven;
use super::catalogue::{self, Asking, Marked, Proofs};
use super::causes;
use super::decided::{Case, Decided};
use crate::catalog::layout::{self, MANIFEST};
use crate::catalog::overdue::{due, sketch};
use crate::catalog::retention::{Decision, Kind, Point};
use crate::model::fact::Fact;
use crate::model::lifecycle::EXPIRE_TAG;
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
            let case = Case { policy, name, spec: set, proofs: seen.proofs, now: seen.now };
            looks.push(Look { ports, case, own }.named());
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
    pub(super) case: Case<'a>,
    /// Its complete backups.
    pub(super) own: Vec<&'a SeenBackup>,
}

/// Those of these points that are due.
fn due_of(case: &Case<'_>, points: &[Point]) -> Vec<usize> {
    let key = |point: &Point| (case.policy.name.clone(), case.name.0.clone(), point.id.clone());
    due(points, &case.terms(), |point| case.proofs.known()?.get(&key(point))?.touched)
}

impl Look<'_> {
    async fn named(self) -> ((String, String), ReleaseStanding) {
        let found = self.release().await;
        ((self.case.policy.name.clone(), self.case.name.0.clone()), found)
    }

    /// Whether its releases are overdue.
    pub(super) async fn release(&self) -> ReleaseStanding {
        let Case { policy, name, proofs, .. } = self.case;
        if let Fact::Unknown(why) = proofs {
            return ReleaseStanding::unknown(format!("the evidence could not be read: {why}"));
        }
        let points: Vec<Point> = self.own.iter().map(|seen| sketch(seen, &proven(proofs, policy, seen), &self.case.zone())).collect();
        let mut newest = due_of(&self.case, &points);
        newest.sort_by_key(|at| std::cmp::Reverse(points.get(*at).map(|point| point.stored)));
        let mut untagged = Vec::new();
        let middle = ASKED..newest.len().saturating_sub(ASKED);
        let ends = newest.into_iter().enumerate().filter(|(nth, _)| !middle.contains(nth));
        for seen in ends.filter_map(|(_, at)| self.own.get(at)) {
            let storage = &policy.policy.spec.storage;
            let key = format!("{}{MANIFEST}", layout::folder(&storage.prefix, &name.0, &seen.id));
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
        let Case { policy, name, proofs, .. } = self.case;
        let shelf = match catalogue::shelf(self.ports, policy, Some(name), Asking::plainly(proofs, Marked::Last)).await {
            Ok(shelf) => shelf,
            Err(error) => return ReleaseStanding::unknown(causes(&error)),
        };
        let case = Case { now: shelf.now, ..self.case };
        let Decided { own, points, decisions, .. } = case.decide(&shelf.backups);
        let is_unknown =
            |(point, decision): (&Point, &Decision)| untagged.contains(&point.id) && (matches!(decision, Decision::Leave(_)) || point.kind != Kind::Complete);
        if points.iter().zip(&decisions).any(is_unknown) {
            return ReleaseStanding::unknown("the manifests or tags of backups could not be read".to_owned());
        }
        let missing = |at: &usize| own.get(*at).and_then(|backup| backup.tags.known()).is_some_and(|tags| !tags.contains_key(EXPIRE_TAG));
        let late: Vec<usize> = due_of(&case, &points).into_iter().filter(missing).collect();
        let ids = late.iter().filter_map(|at| own.get(*at));
        ReleaseStanding {
            overdue: late.len() as u64,
            bytes: ids.clone().map(|backup| backup.seen.bytes).fold(0, u64::saturating_add),
            oldest: ids.map(|backup| backup.seen.id.clone()).min(),
            unknown: None,
        }
    }
}
