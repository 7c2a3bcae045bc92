//! The index of one backup set: what was read of its backups, so that the next run need not read it again. Pure.
//!
//! It is only a cache. An entry holds for exactly the objects that the listing shows, and tags only for some days; whatever
//! does not fit is read anew. Nothing is ever released by its word alone: [`rests_on`] says what is read from the source before that.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::backups::Tags;
use super::retention::{self, Decision, Kind, Point, Terms, Tier};
use super::summary::Summary;
use crate::model::document::sha256_hex;

/// The format of the index.
pub const FORMAT: &str = "lifeboat.index/1";
/// Every tag is asked for again at least so often, in days: so tags that others set, or took off, are found.
pub const ASKED_EVERY: i64 = 7;
/// Of the newest whole backups so many are always read before anything is released: by them it is seen that one holds much less.
const NEWEST: usize = 3;
const DAY: i64 = 86_400;

/// What was read of the backups of one set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Index {
    format: String,
    policy: String,
    set: String,
    /// SHA-256 of the entries as they are written here, so that damage is noticed. It proves nothing of who wrote them.
    sha256: String,
    entries: BTreeMap<String, Entry>,
}

/// What was read of one backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Entry {
    /// Digest of its objects as the listing showed them: see [`listed`].
    pub listed: String,
    /// What its manifest says.
    pub summary: Summary,
    /// Tags of its objects by key.
    pub tags: BTreeMap<String, Tags>,
    /// When the tags were asked for, by S3.
    pub asked: Timestamp,
}

impl Index {
    /// An index of these entries, by id.
    pub fn new(policy: &str, set: &str, entries: BTreeMap<String, Entry>) -> Self {
        Self { format: FORMAT.to_owned(), policy: policy.to_owned(), set: set.to_owned(), sha256: digest(&entries), entries }
    }

    /// Reads an index, or says why it counts for nothing.
    ///
    /// # Errors
    /// When it is damaged, of a newer format, or of another set.
    pub fn parse(bytes: &[u8], policy: &str, set: &str) -> Result<Self, String> {
        let value: serde_json::Value = serde_json::from_slice(bytes).map_err(|error| format!("it is damaged: {error}"))?;
        match value.get("format").and_then(serde_json::Value::as_str) {
            Some(FORMAT) => {}
            Some(other) if other.starts_with("lifeboat.index/") => return Err(format!("it has format `{other}`, and this lifeboat writes `{FORMAT}`")),
            _ => return Err("it is no index".to_owned()),
        }
        let index: Self = serde_json::from_value(value).map_err(|error| format!("it is damaged: {error}"))?;
        if (index.policy.as_str(), index.set.as_str()) != (policy, set) {
            return Err(format!("it is the one of {}/{}", index.policy, index.set));
        }
        if digest(&index.entries) != index.sha256 {
            return Err("it is damaged: its entries are not those of its digest".to_owned());
        }
        Ok(index)
    }

    /// The bytes to be stored.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The entry of a backup, if its objects are still those of the listing and its tags are not due.
    pub fn entry(&self, id: &str, listed: &str, now: Timestamp) -> Option<&Entry> {
        self.entries.get(id).filter(|entry| entry.listed == listed && !is_due(id, entry.asked, now))
    }

    /// The entry of a backup, if its objects are still those of the listing: for who only looks, however long ago its tags were asked for.
    pub fn remembered(&self, id: &str, listed: &str) -> Option<&Entry> {
        self.entries.get(id).filter(|entry| entry.listed == listed)
    }

    /// Whether it says the same of the same backups as these entries.
    pub fn holds(&self, entries: &BTreeMap<String, Entry>) -> bool {
        self.entries == *entries
    }
}

fn digest(entries: &BTreeMap<String, Entry>) -> String {
    sha256_hex(&serde_json::to_vec(entries).unwrap_or_default())
}

/// Whether tags are to be asked for again: in rotation, a seventh of the backups a day, and whatever is older than that.
fn is_due(id: &str, asked: Timestamp, now: Timestamp) -> bool {
    let age = now.as_second() - asked.as_second();
    let turn = id.bytes().map(i64::from).sum::<i64>().rem_euclid(ASKED_EVERY) == now.as_second().div_euclid(DAY).rem_euclid(ASKED_EVERY);
    // A time that is yet to come was written by somebody else, or by a wrong clock.
    !(0..ASKED_EVERY * DAY).contains(&age) || (turn && age >= DAY)
}

/// The digest of a backup's objects as a listing shows them: keys, entity tags, bytes and S3 dates, in the order of the keys.
pub fn listed<'a>(objects: impl Iterator<Item = (&'a str, &'a str, u64, Timestamp)>) -> String {
    let lines: String = objects.map(|(key, etag, bytes, modified)| format!("{key}\n{etag}\n{bytes}\n{modified}\n")).collect();
    sha256_hex(lines.as_bytes())
}

/// Which points a set's steps rest on, by their place: what is changed itself, what is kept instead of it, what opens a period
/// in its place, the newest, what each of these is measured by, and the released ones because of which the last point of an age may
/// go. All of these are to be read from the source before anything is tagged. Nothing, when nothing is to be done.
pub fn rests_on(points: &[Point], decisions: &[Decision], steps: &BTreeSet<usize>, terms: &Terms<'_>) -> BTreeSet<usize> {
    if steps.is_empty() {
        return BTreeSet::new();
    }
    let mut newest: Vec<usize> = (0..points.len()).filter(|at| points.get(*at).is_some_and(|point| point.kind == Kind::Complete)).collect();
    newest.sort_by_key(|at| std::cmp::Reverse(points.get(*at).map(|point| point.stored)));
    let changed: Vec<&Point> = steps.iter().filter_map(|at| points.get(*at)).collect();
    let opens = |point: &Point, tier: Tier| changed.iter().any(|changed| changed.periods.first_day(tier) == point.periods.first_day(tier));
    let is_needed = |(point, decision): (&Point, &Decision)| match decision {
        Decision::Keep(_) => true,
        Decision::Leave(_) => false,
        Decision::Release(tier) => Tier::PERIODS.into_iter().filter(|period| period <= tier).any(|period| opens(point, period)),
    };
    let needed = points.iter().zip(decisions).enumerate().filter(|(_, pair)| is_needed(*pair)).map(|(at, _)| at);
    let mut needed: BTreeSet<usize> = needed.chain(newest.into_iter().take(NEWEST)).chain(steps.iter().copied()).collect();
    needed.extend(retention::measures(points, terms, &needed));
    needed.extend(retention::survivors(points, decisions, terms));
    needed
}

#[cfg(test)]
mod tests;
