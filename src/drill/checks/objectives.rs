//! Checks `rpo` and `rto`: what was measured against what is promised.

use jiff::Timestamp;

use super::{CheckResult, Outcome};
use crate::catalog::manifest::Manifest;
use crate::model::policy::{Objectives, Pick};
use crate::model::units::elapsed;

/// How far the clocks of database, writer and S3 may be apart.
const CLOCKS: i64 = 600;

/// Whether the manifest is dated before it was stored: S3's date is the one that a writer cannot choose.
pub fn dated(manifest: &Manifest, stored: Timestamp) -> CheckResult {
    let times = [manifest.snapshot_at.parse::<Timestamp>().ok(), crate::catalog::layout::id_time(&manifest.id)];
    let late = times.iter().any(|time| time.is_none_or(|time| time.as_second() > stored.as_second() + CLOCKS));
    let detail = late.then(|| format!("it says {} and {}, and S3 stored it at {stored}", manifest.id, manifest.snapshot_at));
    let outcome = if late { Outcome::Failed } else { Outcome::Passed };
    CheckResult::of("manifest", "the manifest is dated before it was stored", None, outcome, detail)
}

/// The recovery point measured when a drill began: the age of the picked backup's snapshot, in milliseconds.
pub fn rpo_millis(manifest: &Manifest, started: Timestamp) -> Option<u64> {
    let snapshot: Timestamp = manifest.snapshot_at.parse().ok()?;
    let age = started.as_millisecond().saturating_sub(snapshot.as_millisecond());
    // A little in the future is a clock; more than that is no age.
    (age > -1000 * CLOCKS).then(|| u64::try_from(age).unwrap_or(0))
}

/// Judges both. The recovery point is judged only when the newest backup was picked: an old one is old on purpose.
pub fn judge(objectives: &Objectives, manifest: Option<&Manifest>, pick: Pick, started: Timestamp, total_millis: u64) -> Vec<CheckResult> {
    let mut out = Vec::new();
    let limit = objectives.rto.as_secs().saturating_mul(1000);
    let title = format!("RTO {} of {}", elapsed(total_millis), elapsed(limit));
    let late = (total_millis > limit).then(|| "the restore took longer than promised".to_owned());
    out.push(CheckResult::of("rto", title, None, if late.is_some() { Outcome::Failed } else { Outcome::Passed }, late));
    let measured = manifest.and_then(|manifest| rpo_millis(manifest, started));
    if pick == Pick::Latest {
        let limit = objectives.rpo.as_secs().saturating_mul(1000);
        let (outcome, title, detail) = match measured {
            Some(age) if age <= limit => (Outcome::Passed, format!("RPO {} of {}", elapsed(age), elapsed(limit)), None),
            Some(age) => (Outcome::Failed, format!("RPO {} of {}", elapsed(age), elapsed(limit)), Some("the newest backup is older than promised".to_owned())),
            None => (Outcome::Unproven, "RPO".to_owned(), Some("the manifest names no usable time of its snapshot".to_owned())),
        };
        out.push(CheckResult::of("rpo", title, None, outcome, detail));
    }
    out
}
