//! What somebody must be told of, and what of that is new since they were told last. Pure.
//!
//! A condition is open or it is not; its detail changes only when something new happened, never because time went by.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Verdict;
use super::status::Standing;

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
    /// What tells one time that it happened from another; empty where there is only one.
    pub detail: String,
    /// In a sentence.
    pub sentence: String,
}

/// What is not well, by its key: `KIND POLICY[/NAME]`.
pub type Open = BTreeMap<String, Condition>;

/// Everything of a policy that is not well. `limit` is the share of the disk that may be used, in percent.
pub fn open(policy: &Standing, disk: Option<(&Disk, f64)>) -> Open {
    let mut out = Open::new();
    let mut add = |kind: &str, name: &str, detail: &str, sentence: String| {
        out.insert(format!("{kind} {name}"), Condition { detail: detail.to_owned(), sentence });
    };
    if let Some(why) = &policy.unknown {
        add("unknown", &policy.policy, "", format!("what lies there is not known: {why}"));
    } else if policy.rpo.verdict != Verdict::Passed {
        add("rpo", &policy.policy, "", policy.rpo.sentence.clone());
    }
    for set in &policy.sets {
        let name = format!("{}/{}", policy.policy, set.set);
        // What came after it has made it good.
        let since = |at: &&String| set.newest.as_ref().is_none_or(|newest| *at > newest);
        if let Some(at) = set.missed.iter().filter(since).max() {
            add("backup-missed", &name, at, format!("the run of {} left no complete backup", minute(at)));
        }
        if let Some(at) = set.failed.iter().filter(since).max() {
            add("backup-failed", &name, at, format!("the run that began at {} never completed: its dump or its upload failed", minute(at)));
        }
    }
    for drill in &policy.rehearsals {
        let name = format!("{}/{}", policy.policy, drill.name);
        let detail = drill.at.as_deref().unwrap_or("");
        match drill.verdict {
            Verdict::Passed => {}
            Verdict::Failed => add("drill-failed", &name, detail, drill.sentence.clone()),
            Verdict::Unproven => add("drill-missed", &name, detail, drill.sentence.clone()),
        }
    }
    if let Some((disk, limit)) = disk {
        #[expect(clippy::cast_precision_loss, reason = "a percentage")]
        let used = disk.used_percent() as f64;
        if used > limit {
            let sentence = format!("the disk of {} is used to {used} %, and {limit} % are allowed: drills restore there", disk.folder);
            add("disk", &policy.policy, "", sentence);
        }
    }
    out
}

fn minute(at: &str) -> String {
    at.parse::<Timestamp>().map_or_else(|_| at.to_owned(), |at| at.strftime("%Y-%m-%d %H:%M UTC").to_string())
}

/// What changed with a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Turn {
    /// It is new.
    New,
    /// It was open, and happened once more.
    Again,
    /// It is well again.
    Recovered,
}

/// A condition that changed since somebody was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// `backup-missed`, `backup-failed`, `drill-missed`, `drill-failed`, `rpo`, `unknown` or `disk`.
    pub kind: String,
    /// `POLICY`, `POLICY/SET` or `POLICY/DRILL`.
    pub name: String,
    /// What changed.
    pub turn: Turn,
    /// In a sentence.
    pub sentence: String,
}

/// What was told last: the details of what was open, by key.
pub type Told = BTreeMap<String, String>;

/// What changed: what is worse first. What is not known cannot have recovered: while a policy is unknown its other conditions stay as
/// they were told.
pub fn changes(told: &Told, open: &Open, unknown: &[&str]) -> Vec<Change> {
    let change = |key: &String, turn, sentence: String| {
        let (kind, name) = key.split_once(' ').unwrap_or((key, ""));
        Change { kind: kind.to_owned(), name: name.to_owned(), turn, sentence }
    };
    let mut out = Vec::new();
    for (key, condition) in open {
        match told.get(key) {
            None => out.push(change(key, Turn::New, condition.sentence.clone())),
            Some(detail) if *detail != condition.detail => out.push(change(key, Turn::Again, condition.sentence.clone())),
            Some(_) => {}
        }
    }
    let gone = told.keys().filter(|key| !open.contains_key(*key) && !is_of(key, unknown));
    out.extend(gone.map(|key| change(key, Turn::Recovered, "it is well again".to_owned())));
    out.sort_by(|a, b| (a.turn, &a.name, &a.kind).cmp(&(b.turn, &b.name, &b.kind)));
    out
}

/// What was told once these changes are.
pub fn now_told(told: &Told, open: &Open, unknown: &[&str]) -> Told {
    let stays = told.iter().filter(|(key, _)| is_of(key, unknown)).map(|(key, detail)| (key.clone(), detail.clone()));
    stays.chain(open.iter().map(|(key, condition)| (key.clone(), condition.detail.clone()))).collect()
}

fn is_of(key: &str, policies: &[&str]) -> bool {
    let name = key.split_once(' ').map_or("", |(_, name)| name);
    policies.contains(&name.split('/').next().unwrap_or(name))
}

#[cfg(test)]
mod tests;
