//! Until when each version of an object is current, and when it is gone.
//!
//! Expiry lays a delete marker over the current version where the bucket is versioned and is final where it is not. A lock keeps
//! bytes and never keeps a delete marker away.

use jiff::Timestamp;

use super::rules::{Behind, Near};
use super::{Forecast, Keeping, Stack, Version, earliest};
use crate::catalog::layout::expires_at;

/// The life of one version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Life {
    /// Until when it is the current version; none = for ever, or it is not the current one.
    pub(super) current_until: Option<Timestamp>,
    /// Since when it is, or will be, not current.
    pub(super) behind_since: Option<Timestamp>,
    /// When its bytes go.
    pub(super) gone: Option<Timestamp>,
}

impl Life {
    /// Whether a plain read finds it then.
    pub(super) fn is_current_at(&self, at: Timestamp) -> bool {
        self.behind_since.is_none_or(|since| at < since) && self.gone.is_none_or(|gone| at < gone)
    }
}

/// The versions that are newer than one, with their lives.
type Newer<'n> = &'n [(bool, Life)];

impl Forecast<'_> {
    /// The life of an object's only version.
    pub(super) fn alone(&self, near: &Near, version: &Version<'_>) -> Life {
        self.life(near, version, &[], None)
    }

    /// The lives of all versions of an object, newest first.
    pub(super) fn lives(&self, near: &Near, stack: &Stack<'_>) -> Vec<Life> {
        let expired = stack.first().filter(|top| top.noncurrent.is_none() && !top.marker).and_then(|top| self.expiry(near, top).map(|at| (at, top.null)));
        let mut newer: Vec<(bool, Life)> = Vec::with_capacity(stack.len());
        for version in stack {
            let life = self.life(near, version, &newer, expired);
            newer.push((version.marker, life));
        }
        newer.into_iter().map(|(_, life)| life).collect()
    }

    /// `expired`: when the current version of the object expires, and whether that one has no id.
    fn life(&self, near: &Near, version: &Version<'_>, newer: Newer<'_>, expired: Option<(Timestamp, bool)>) -> Life {
        if version.marker {
            return Life { behind_since: version.noncurrent, ..Life::default() };
        }
        let Some(since) = version.noncurrent else { return self.current(near, version) };
        let mut gone = self.removal(near, version, since, newer, expired.map(|(at, _)| at));
        // A marker without an id takes the place of the version without an id, wherever that one is.
        if let (Keeping::Suspended, true, Some((at, false))) = (self.keeping, version.null, expired) {
            gone = earliest(gone, free(version, at));
        }
        Life { current_until: None, behind_since: Some(since), gone }
    }

    /// One pass over the rules: nothing is newer than the current version, so of the removals the one with the fewest days counts.
    fn current(&self, near: &Near, version: &Version<'_>) -> Life {
        let (mut expiry, mut behind) = (None, None);
        for rule in self.acting(near, version) {
            expiry = earliest(expiry, rule.expires.map(|when| when.due(version.written)));
            let days = rule.removes.filter(|removes| removes.newer == 0).map(|removes| removes.days);
            behind = behind.into_iter().chain(days).min();
        }
        let Some(expiry) = expiry.map(|due| due.max(self.now)) else { return Life::default() };
        let is_final = match self.keeping {
            Keeping::Unversioned => true,
            Keeping::Suspended => version.null,
            Keeping::Enabled => false,
        };
        if is_final {
            let gone = free(version, expiry);
            return Life { current_until: gone, behind_since: None, gone };
        }
        let gone = behind.and_then(|days| free(version, expires_at(expiry, days).max(self.now)));
        Life { current_until: Some(expiry), behind_since: Some(expiry), gone }
    }

    /// When the current version expires: the shortest of all rules that meet it.
    fn expiry(&self, near: &Near, version: &Version<'_>) -> Option<Timestamp> {
        let due = self.acting(near, version).filter_map(|rule| rule.expires.map(|when| when.due(version.written)));
        due.min().map(|due| due.max(self.now))
    }

    /// When a noncurrent version goes.
    fn removal(&self, near: &Near, version: &Version<'_>, since: Timestamp, newer: Newer<'_>, joins: Option<Timestamp>) -> Option<Timestamp> {
        let due = |behind: Behind| {
            let at = free(version, expires_at(since, behind.days).max(self.now))?;
            enough(at, behind.newer, newer, joins)
        };
        self.acting(near, version).filter_map(|rule| rule.removes.and_then(due)).min()
    }
}

/// The first moment from `at` on at which so many newer noncurrent versions are there. Delete markers do not count (S3 User Guide,
/// intro-lifecycle-rules). Their number grows only when the current version `joins` them, and shrinks by their removal.
pub(super) fn enough(at: Timestamp, wanted: usize, newer: Newer<'_>, joins: Option<Timestamp>) -> Option<Timestamp> {
    let there = |at: Timestamp| {
        let counts = |life: &Life| life.behind_since.is_some_and(|since| since <= at) && life.gone.is_none_or(|gone| gone >= at);
        newer.iter().filter(|(marker, life)| !marker && counts(life)).count() >= wanted
    };
    if there(at) {
        return Some(at);
    }
    joins.filter(|joins| *joins > at && there(*joins))
}

/// The first moment from `at` on at which no lock keeps the bytes; none under a legal hold.
fn free(version: &Version<'_>, at: Timestamp) -> Option<Timestamp> {
    (!version.held).then(|| version.locked.map_or(at, |until| until.max(at)))
}
