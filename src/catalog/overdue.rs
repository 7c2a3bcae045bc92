//! Which releases are overdue: what the retention released long ago, and the keeper should have tagged since. Pure.
//!
//! A release that is late loses nothing and costs storage. Whether a tag is there only S3 can say, never this.

use jiff::{SignedDuration, Timestamp};

use super::backups::Proven;
use super::layout::id_time;
use super::retention::{Decision, Hold, Holding, Kind, Periods, Point, Terms, decide};
use crate::model::resource::SeenBackup;
use jiff::tz::TimeZone;

/// How long a release may take: policies hold no schedule of the keeper. It should run once a day, and one run may fail.
pub const GRACE: SignedDuration = SignedDuration::from_hours(48);

/// A complete backup as far as a listing and the records tell it: enough to choose whose tags are asked for, and never to release.
pub fn sketch(seen: &SeenBackup, proven: &Proven, zone: &TimeZone) -> Point {
    let snapshot = id_time(&seen.id).unwrap_or(seen.oldest);
    Point {
        id: seen.id.clone(),
        kind: Kind::Complete,
        stored: seen.stored.unwrap_or(seen.oldest),
        oldest: seen.oldest,
        snapshot,
        periods: Periods::of(snapshot, zone),
        verified: proven.verified.filter(|_| !proven.failed),
        failed: proven.failed,
        hold: Hold::None,
        holding: Holding::default(),
    }
}

/// The places of whole backups that were to be released a grace ago, by what was so then, and still are; in the order of `points`.
/// `touched` says when a person last changed a hold on a backup: what was held then may be free only since.
pub fn due(points: &[Point], terms: &Terms<'_>, touched: impl Fn(&Point) -> Option<Timestamp>) -> Vec<usize> {
    let Ok(then) = terms.now.checked_sub(GRACE) else { return Vec::new() };
    let past: Vec<(usize, Point)> = points
        .iter()
        .enumerate()
        .filter(|(_, point)| point.stored <= then)
        .map(|(at, point)| (at, Point { verified: point.verified.filter(|at| *at <= then), ..point.clone() }))
        .collect();
    let of_past: Vec<Point> = past.iter().map(|(_, point)| point.clone()).collect();
    let before = decide(&of_past, &Terms { now: then, ..*terms });
    let now = decide(points, terms);
    let is_released = |decision: Option<&Decision>| matches!(decision, Some(Decision::Release(_)));
    let due = past.iter().zip(&before).filter(|((at, point), before)| {
        is_released(Some(before)) && is_released(now.get(*at)) && point.kind == Kind::Complete && touched(point).is_none_or(|touched| touched <= then)
    });
    due.map(|((at, _), _)| *at).collect()
}

#[cfg(test)]
mod tests;
