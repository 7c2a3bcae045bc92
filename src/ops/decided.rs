//! What is to become of the backups of one set: the retention function with what the catalogue and the records say. Sends nothing.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::backups;
use super::catalogue::Proofs;
use crate::catalog::backups::Backup;
use crate::catalog::release::Around;
use crate::catalog::retention::{self, Decision, Point, Terms};
use crate::model::document::Document;
use crate::model::fact::{Fact, Why};
use crate::model::lifecycle::Lifecycle;
use crate::model::policy::{BackupSet, Name};
use crate::policy::LoadedPolicy;

/// One set and what its decisions rest on, but for its backups.
#[derive(Clone, Copy)]
pub(super) struct Case<'a> {
    pub(super) policy: &'a LoadedPolicy,
    pub(super) name: &'a Name,
    pub(super) spec: &'a BackupSet,
    pub(super) proofs: &'a Fact<Proofs>,
    /// The time, by S3 where it said it.
    pub(super) now: Timestamp,
}

/// What is to become of the backups of a set.
pub(super) struct Decided<'a> {
    pub(super) own: Vec<&'a Backup>,
    pub(super) points: Vec<Point>,
    pub(super) decisions: Vec<Decision>,
    pub(super) anomaly: bool,
}

impl<'a> Case<'a> {
    /// What is asked of the retention function.
    pub(super) fn terms(&self) -> Terms<'a> {
        Terms {
            retention: &self.spec.retention,
            max_duration: self.spec.max_duration,
            anomalies: self.spec.anomalies,
            evidence_known: self.proofs.known().is_some(),
            now: self.now,
        }
    }

    /// Around what steps are made; the lifecycle rules of the bucket say what a tag means.
    pub(super) fn around(&self, rules: &'a Fact<Lifecycle>) -> Around<'a> {
        Around { policy: &self.policy.name, set: &self.name.0, retention: &self.spec.retention, rules }
    }

    /// The time zone of its schedule, in which its periods begin.
    pub(super) fn zone(&self) -> TimeZone {
        TimeZone::get(&self.spec.schedule.timezone).unwrap_or(TimeZone::UTC)
    }

    /// Those of these backups that are of the set, and the same as points.
    pub(super) fn points<'b>(&self, backups: &'b [Backup]) -> (Vec<&'b Backup>, Vec<Point>) {
        let own: Vec<&Backup> = backups.iter().filter(|backup| backup.seen.set == self.name.0).collect();
        let zone = self.zone();
        let points = own.iter().map(|backup| backup.point(&backups::proven(self.proofs, self.policy, &backup.seen), &zone)).collect();
        (own, points)
    }

    /// Decides for each of these backups that is of the set.
    pub(super) fn decide<'b>(&self, backups: &'b [Backup]) -> Decided<'b> {
        let (own, points) = self.points(backups);
        let terms = self.terms();
        let (decisions, anomaly) = (retention::decide(&points, &terms), retention::open_anomaly(&points, &terms));
        Decided { own, points, decisions, anomaly }
    }
}

/// The lifecycle rules of a bucket as they were answered: what a tag means.
pub(super) fn rules(answer: Fact<Document>) -> Fact<Lifecycle> {
    let not_one = || Fact::Unknown(Why::NotUnderstood("the answer is no lifecycle configuration".to_owned()));
    answer.and_then(|document| document.to::<Lifecycle>().map_or_else(not_one, Fact::Known))
}
