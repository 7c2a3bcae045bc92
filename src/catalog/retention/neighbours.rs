//! What the decision about one backup owes to others: who opens a period in whose place, and by whom it is measured. Pure.
//!
//! It explains what [`decide`](super::decide) decides, and decides nothing itself.

use std::collections::BTreeSet;

use super::{DAY, Decision, GUARDED, Kind, Law, Point, Terms, Tier, View};

/// A backup that opens a period although another one of that period was stored before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promoted {
    /// Its place among the points.
    pub at: usize,
    /// The period that it opens.
    pub tier: Tier,
    /// The place of the first one that it stands in for.
    pub instead: usize,
    /// What is wrong with that one.
    pub why: Unfit,
}

/// Why a backup does not open its period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// A drill could not restore it, or found something else in it.
    Failed,
    /// It holds much less than what came before it.
    Less,
    /// It is not a whole backup.
    NotWhole,
    /// It was begun and never completed.
    NeverCompleted,
}

impl Unfit {
    /// Why, in a few words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "whose drill failed",
            Self::Less => "which holds much less",
            Self::NotWhole => "which is not whole",
            Self::NeverCompleted => "which was never completed",
        }
    }
}

/// Which backups stand in for another one of their period, in the order of the points.
pub fn promoted(points: &[Point], terms: &Terms<'_>) -> Vec<Promoted> {
    let view = View::of(points, terms, Law::default());
    let opens = view.tier.iter().filter(|(at, tier)| **tier != Tier::Recent && !view.weak.contains(at));
    opens.filter_map(|(at, tier)| view.instead(*at, *tier)).collect()
}

/// The tier that each point opens, settled or not; none for what is no whole backup.
pub fn opened(points: &[Point], terms: &Terms<'_>) -> Vec<Option<Tier>> {
    let view = View::of(points, terms, Law::default());
    let tier = |(at, point): (usize, &Point)| (point.kind == Kind::Complete).then(|| view.lived(point, view.tier.get(&at).copied().unwrap_or(Tier::Recent)));
    points.iter().enumerate().map(tier).collect()
}

/// By what these points are seen to hold much less, or not: the one each is measured by, and what lies between the two. Where many
/// between them hold much less, the nearest tells as much.
pub fn measures(points: &[Point], terms: &Terms<'_>, of: &BTreeSet<usize>) -> BTreeSet<usize> {
    let view = View::of(points, terms, Law::default());
    let mut out = BTreeSet::new();
    let mut measure: Option<(usize, bool)> = None;
    let mut before: Option<usize> = None;
    for at in view.good.iter().copied() {
        let Some(point) = points.get(at) else { continue };
        if of.contains(&at) {
            out.extend(measure.map(|(at, _)| at).into_iter().chain(before));
        }
        let verified = point.verified.is_some() && !point.failed;
        if verified || (!view.weak.contains(&at) && measure.is_none_or(|(_, verified)| !verified)) {
            measure = Some((at, verified));
        }
        before = Some(at);
    }
    out
}

/// The released points that let others go: of each guarded age the newest one that still remains, where nothing that is kept does.
pub fn survivors(points: &[Point], decisions: &[Decision], terms: &Terms<'_>) -> BTreeSet<usize> {
    let view = View::of(points, terms, Law::default());
    let newest = |age: i64| {
        let remaining = || view.old(age).into_iter().rev().filter(|at| view.remains(decisions, *at));
        let kept = |at: usize| matches!(decisions.get(at), Some(Decision::Keep(_)));
        if remaining().any(kept) { None } else { remaining().next() }
    };
    GUARDED.into_iter().filter_map(newest).collect()
}

impl View<'_> {
    fn instead(&self, at: usize, tier: Tier) -> Option<Promoted> {
        let opener = self.points.get(at)?;
        let day = opener.periods.first_day(tier);
        // By the oldest object: a manifest that was ruined has a new date.
        let before = |(_, point): &(usize, &Point)| point.oldest < opener.oldest && point.periods.first_day(tier) == day;
        let unfit = self.points.iter().enumerate().filter(before).filter_map(|(other, point)| Some((other, point, self.unfit(other, point)?)));
        let (instead, _, why) = unfit.min_by_key(|(_, point, _)| point.oldest)?;
        Some(Promoted { at, tier, instead, why })
    }

    fn unfit(&self, at: usize, point: &Point) -> Option<Unfit> {
        match point.kind {
            Kind::Attempt => Some(Unfit::NeverCompleted),
            Kind::Doubtful => Some(Unfit::NotWhole),
            Kind::Complete if point.failed => Some(Unfit::Failed),
            Kind::Complete => self.weak.contains(&at).then_some(Unfit::Less),
        }
    }

    /// Whole ones stored so many days ago or more, oldest first: those that hold much less only where there are no others.
    pub(super) fn old(&self, age: i64) -> Vec<usize> {
        let since = self.terms.now.as_second() - age * DAY;
        let is_old = |at: &&usize| self.points.get(**at).is_some_and(|point| point.stored.as_second() <= since);
        let (weak, whole): (Vec<usize>, Vec<usize>) = self.good.iter().filter(is_old).partition(|at| self.weak.contains(at));
        if whole.is_empty() { weak } else { whole }
    }
}

#[cfg(test)]
mod tests;
