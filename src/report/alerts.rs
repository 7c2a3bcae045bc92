//! What somebody must be told of, and what of that is new since they were told last. Pure.
//!
//! A condition that was told stays told until its opposite is proven: that it is not seen any more proves nothing. Its detail changes
//! only when something new happened, never because time went by.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

mod judged;

pub use judged::{Around, Failed, backup_ended, drill_ended, judged};

/// How full a disk is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Disk {
    /// The folder whose disk it is: where drills of this machine restore.
    pub folder: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// What somebody without special rights can still write, in bytes.
    pub free_bytes: u64,
}

impl Disk {
    /// How much of it is used, in percent, rounded up.
    pub fn used_percent(&self) -> u64 {
        let used = u128::from(self.bytes.saturating_sub(self.free_bytes)) * 100;
        u64::try_from(used.div_ceil(u128::from(self.bytes.max(1)))).unwrap_or(100)
    }
}

/// Something that is not well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// When it happened, RFC 3339, which tells one time from another; empty where there is only one.
    pub detail: String,
    /// In a sentence.
    pub sentence: String,
}

/// What is known of a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Now {
    /// It is not well.
    Open(Condition),
    /// It is well, and that was seen.
    Well,
    /// What happened until this moment has been made good; of what happened later nothing is known.
    WellUpTo(Timestamp),
    /// Nothing is known.
    Unknown,
}

impl Now {
    /// Whether this proves that what was told with this detail is over.
    fn proves(&self, detail: &str) -> bool {
        match self {
            Self::Open(_) | Self::Unknown => false,
            Self::Well => true,
            // What has no moment never happened before: anything came after it.
            Self::WellUpTo(until) => detail.parse::<Timestamp>().map_or(detail.is_empty(), |at| at <= *until),
        }
    }
}

/// What is known of a policy: each condition by its key, `KIND POLICY[/NAME]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// Its name.
    pub policy: String,
    /// Whether all that is asked of it is in here: what is not there is then asked no more.
    pub is_whole: bool,
    /// The conditions.
    pub all: BTreeMap<String, Now>,
}

/// What changed with a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Turn {
    /// It is new.
    New,
    /// It was open, and happened once more.
    Again,
    /// It is well again, and that was seen.
    Recovered,
    /// The policy asks for it no more.
    Dropped,
}

/// A condition that changed since somebody was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// `backup-missed`, `full-missed`, `backup-failed`, `upload-failed`, `backup-damaged`, `release-overdue`, `wal-late`, `wal-gap`, `drill-missed`, `drill-failed`,
    /// `drills-unknown`, `rpo`, `unknown` or `disk`.
    pub kind: String,
    /// `POLICY`, `POLICY/SET` or `POLICY/DRILL`.
    pub name: String,
    /// What changed.
    pub turn: Turn,
    /// In a sentence.
    pub sentence: String,
}

/// What was told last: the details of what is not proven well since, by key.
pub type Told = BTreeMap<String, String>;

/// What somebody who was told this must hear now: what is worse first.
pub fn changes(told: &Told, now: &[&Judged]) -> Vec<Change> {
    let mut out = Vec::new();
    let mut add = |key: &str, turn, sentence: &str| {
        let (kind, name) = key.split_once(' ').unwrap_or((key, ""));
        out.push(Change { kind: kind.to_owned(), name: name.to_owned(), turn, sentence: sentence.to_owned() });
    };
    for (key, now) in now.iter().flat_map(|judged| &judged.all) {
        match (now, told.get(key)) {
            (Now::Open(condition), None) => add(key, Turn::New, &condition.sentence),
            (Now::Open(condition), Some(detail)) if condition.detail > *detail => add(key, Turn::Again, &condition.sentence),
            (now, Some(detail)) if now.proves(detail) => add(key, Turn::Recovered, "it is well again"),
            _ => {}
        }
    }
    for key in told.keys().filter(|key| is_dropped(key, now)) {
        add(key, Turn::Dropped, "the policy asks for it no more");
    }
    out.sort_by(|a, b| (a.turn, &a.name, &a.kind).cmp(&(b.turn, &b.name, &b.kind)));
    out
}

/// What was told once these changes are. What a policy wants that is not there at all is kept: it may only be unreadable today.
pub fn now_told(told: &Told, now: &[&Judged]) -> Told {
    let known = |key: &str| now.iter().find_map(|judged| judged.all.get(key));
    let stays = |key: &str, detail: &str| !is_dropped(key, now) && !known(key).is_some_and(|now| now.proves(detail));
    let mut out: Told = told.iter().filter(|(key, detail)| stays(key, detail)).map(|(key, detail)| (key.clone(), detail.clone())).collect();
    for (key, now) in now.iter().flat_map(|judged| &judged.all) {
        if let Now::Open(condition) = now {
            let detail = out.entry(key.clone()).or_default();
            if condition.detail > *detail {
                detail.clone_from(&condition.detail);
            }
        }
    }
    out
}

/// Whether the policy of a key was judged whole, and has nothing of that name.
fn is_dropped(key: &str, now: &[&Judged]) -> bool {
    let name = key.split_once(' ').map_or("", |(_, name)| name);
    let policy = name.split('/').next().unwrap_or(name);
    now.iter().any(|judged| judged.policy == policy && judged.is_whole && !judged.all.contains_key(key))
}

#[cfg(test)]
mod tests;
