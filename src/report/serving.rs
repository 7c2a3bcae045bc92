//! Which backup brings a moment back, what it needs, and how long that takes. Pure: listing, heads, versions and records come in.
//!
//! It never calls a backup good that could not be read, and never offers one that is dated after the moment.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Proof, text};
use crate::catalog::backups::{Backup, State};
use crate::catalog::layout::{self, MANIFEST, id_time, is_id};
use crate::evidence::record::Kind;
use crate::ports::VersionInfo;

pub mod physical;

/// The moment that a backup restores; for one whose manifest could not be read, when it was begun, which is a little earlier.
pub fn moment(backup: &Backup) -> Option<Timestamp> {
    backup.facts.as_ref().map(|facts| facts.snapshot).or_else(|| id_time(&backup.seen.id))
}

/// The backups of a set that may bring a moment back, the nearest first: complete ones, and those whose manifest could not be read.
pub fn nearest<'a>(backups: &'a [Backup], set: &str, at: Timestamp) -> Vec<(Timestamp, &'a Backup)> {
    let mut out: Vec<_> = whole(backups, set).filter(|(when, _)| *when <= at).collect();
    out.sort_by(|a, b| (b.0, &b.1.seen.id).cmp(&(a.0, &a.1.seen.id)));
    out
}

/// The first complete backup of a set that was taken after a moment.
pub fn following<'a>(backups: &'a [Backup], set: &str, at: Timestamp) -> Option<(Timestamp, &'a Backup)> {
    whole(backups, set).filter(|(when, backup)| *when > at && backup.state == State::Complete).min_by_key(|(when, _)| *when)
}

fn whole<'a>(backups: &'a [Backup], set: &str) -> impl Iterator<Item = (Timestamp, &'a Backup)> {
    let may = |backup: &Backup| backup.state == State::Complete || (backup.state == State::Unknown && backup.seen.complete);
    backups.iter().filter(move |backup| backup.seen.set == set && may(backup)).filter_map(|backup| Some((moment(backup)?, backup)))
}

/// The objects that a restore reads: all but the marks of its run.
pub fn needed(backup: &Backup) -> impl Iterator<Item = (&String, u64)> {
    backup.seen.keys.iter().filter(|(key, _)| !layout::is_mark(key)).map(|(key, bytes)| (key, *bytes))
}

/// The key of the manifest, if there is one.
pub fn manifest(backup: &Backup) -> Option<&String> {
    backup.seen.keys.keys().find(|key| key.ends_with(&format!("/{MANIFEST}")))
}

/// A backup that is hidden by delete markers, in part or whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hidden {
    /// Its id.
    pub id: String,
    /// When it was begun.
    pub began: Timestamp,
    /// Since when the first of its objects is hidden.
    pub since: Timestamp,
    /// Whether each of its objects still has a version, the manifest among them.
    pub whole: bool,
}

/// The backups of a set that expired, or were deleted, of the time after `from` and up to `at`: the newest first. Those of which nothing is left
/// but markers are not among them. `below` is the prefix of the set, with a slash behind.
pub fn hidden(versions: &[VersionInfo], below: &str, from: Option<Timestamp>, at: Timestamp) -> Vec<Hidden> {
    let mut folders: BTreeMap<&str, BTreeMap<&str, Vec<&VersionInfo>>> = BTreeMap::new();
    for version in versions {
        let Some((id, name)) = version.key.strip_prefix(below).and_then(|rest| rest.split_once('/')).filter(|(id, _)| is_id(id)) else { continue };
        folders.entry(id).or_default().entry(name).or_default().push(version);
    }
    let one = |(id, objects): (&str, BTreeMap<&str, Vec<&VersionInfo>>)| {
        let began = id_time(id).filter(|began| *began <= at && from.is_none_or(|from| *began > from))?;
        let markers = objects.values().flatten().filter(|version| version.marker && version.latest);
        let since = markers.map(|marker| marker.modified).min()?;
        let left = |stack: &Vec<&VersionInfo>| stack.iter().any(|version| !version.marker);
        let any = objects.get(MANIFEST).is_some_and(left);
        any.then(|| Hidden { id: id.to_owned(), began, since, whole: objects.values().all(left) })
    };
    folders.into_iter().rev().filter_map(one).collect()
}

/// How fast backups were restored when it was last measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Bytes of the backup.
    pub bytes: u64,
    /// Milliseconds that fetching, restoring and checking took.
    pub millis: u64,
    /// `drill` or `restore`.
    pub by: &'static str,
    /// The backup set that it was.
    pub set: String,
    /// When, RFC 3339.
    pub at: String,
    /// The record.
    pub evidence: String,
}

impl Rate {
    /// How long so many bytes take at this rate, in milliseconds.
    pub fn millis_of(&self, bytes: u64) -> u64 {
        let scaled = u128::from(bytes) * u128::from(self.millis) / u128::from(self.bytes.max(1));
        u64::try_from(scaled).unwrap_or(u64::MAX)
    }
}

/// The newest measurement of a policy that passed: of this set if there is one, else of another one.
pub(crate) fn rate(proofs: &[Proof<'_>], policy: &str, set: &str) -> Option<Rate> {
    let own = proofs.iter().filter(|(_, record)| record.policy.as_deref() == Some(policy) && text(&record.body, "/verdict").as_deref() == Some("passed"));
    let measured = own.filter_map(|(reference, record)| {
        let (by, bytes, set) = match record.kind {
            Kind::Drill => ("drill", "/bytes", "/set"),
            Kind::Restore => ("restore", "/plan/bytes", "/plan/set"),
            Kind::Apply | Kind::Backup | Kind::Keep | Kind::Hold | Kind::Undelete => return None,
        };
        let bytes = record.body.pointer(bytes).and_then(serde_json::Value::as_u64).filter(|bytes| *bytes > 0)?;
        let phases = record.body.get("phases").and_then(serde_json::Value::as_array)?;
        let counted = phases.iter().filter(|phase| matches!(text(phase, "/name").as_deref(), Some("fetch" | "restore" | "check")));
        let millis = counted.filter_map(|phase| phase.get("millis").and_then(serde_json::Value::as_u64)).fold(0, u64::saturating_add);
        let set = text(&record.body, set)?;
        (millis > 0).then(|| Rate { bytes, millis, by, set, at: record.at.clone(), evidence: reference.to_string() })
    });
    measured.max_by(|a, b| (a.set == set, &a.at).cmp(&(b.set == set, &b.at)))
}

#[cfg(test)]
mod tests;
