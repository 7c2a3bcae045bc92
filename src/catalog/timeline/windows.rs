//! What the backups of one database give together: how far they reach back, how densely, and where they miss.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::Standing;
use crate::model::units::Span;

/// One restore point.
#[derive(Clone, Copy, Debug)]
pub struct Point<'a> {
    /// The moment that it restores.
    pub at: Timestamp,
    /// The tier that it was released as; none = it is kept.
    pub tier: Option<&'a str>,
    /// What becomes of it.
    pub standing: Standing,
}

/// How far apart restore points may be, by their age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spacing {
    /// For points up to this age.
    pub up_to: Span,
    /// The longest stretch between two of them.
    pub at_most: Span,
}

/// A stretch without a restore point that is longer than it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The point before it.
    pub from: Timestamp,
    /// The point after it, or the time that was asked for.
    pub to: Timestamp,
    /// How long it might have been.
    pub at_most: Span,
}

/// What can be restored at a time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// How many points.
    pub points: usize,
    /// Their bytes.
    pub bytes: u64,
    /// The oldest.
    pub oldest: Option<Timestamp>,
    /// The newest.
    pub newest: Option<Timestamp>,
    /// Points by tier; those that are kept under `kept`.
    pub tiers: BTreeMap<String, usize>,
    /// Where points miss, newest first.
    pub gaps: Vec<Gap>,
}

/// What these points, in any order, give at a time. `spacing` is sorted by age; points older than its last row are judged by none.
pub fn reach<'a>(points: impl IntoIterator<Item = Point<'a>>, spacing: &[Spacing], at: Timestamp) -> Reach {
    let mut out = Reach::default();
    let mut moments = Vec::new();
    for point in points.into_iter().filter(|point| point.at <= at && point.standing.is_restorable_at(at)) {
        out.points += 1;
        out.bytes = out.bytes.saturating_add(point.standing.bytes);
        *out.tiers.entry(point.tier.unwrap_or("kept").to_owned()).or_insert(0) += 1;
        moments.push(point.at);
    }
    moments.sort_unstable();
    out.oldest = moments.first().copied();
    out.newest = moments.last().copied();
    moments.push(at);
    let between = moments.iter().zip(moments.iter().skip(1)).rev();
    out.gaps = between.filter_map(|(from, to)| gap(*from, *to, spacing, at)).collect();
    out
}

/// The spacing that holds is the one at the older end: what is finer may already have gone there.
fn gap(from: Timestamp, to: Timestamp, spacing: &[Spacing], at: Timestamp) -> Option<Gap> {
    let age = at.duration_since(from);
    let row = spacing.iter().find(|row| age <= length(row.up_to))?;
    (to.duration_since(from) > length(row.at_most)).then_some(Gap { from, to, at_most: row.at_most })
}

fn length(span: Span) -> SignedDuration {
    SignedDuration::from_secs(i64::try_from(span.as_secs()).unwrap_or(i64::MAX))
}
