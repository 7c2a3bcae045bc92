//! Promise against measurement. A promise without a measurement is unproven.

use std::collections::BTreeSet;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{DrillReport, SetReport, Verdict};
use crate::model::units::{Span, elapsed, plural};
use crate::policy::LoadedPolicy;

/// One objective with its measurement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Objective {
    /// Whether it is kept.
    pub verdict: Verdict,
    /// What was promised.
    pub limit_seconds: u64,
    /// What was measured.
    pub measured_seconds: Option<u64>,
    /// When it was measured, RFC 3339.
    pub at: Option<String>,
    /// The record of the measurement.
    pub evidence: Option<String>,
    /// In words.
    pub sentence: String,
}

impl Objective {
    fn without(verdict: Verdict, limit: Span, sentence: String) -> Self {
        Self { verdict, limit_seconds: limit.as_secs(), measured_seconds: None, at: None, evidence: None, sentence }
    }
}

/// All databases, where no set names one.
const CLUSTER: &str = "the cluster";

/// The recovery point: what would be lost if the database were gone now.
pub(super) fn rpo(policy: &LoadedPolicy, sets: &[SetReport], now: Timestamp) -> Objective {
    let limit = policy.policy.spec.objectives.rpo;
    if let Some((set, why)) = sets.iter().find_map(|set| Some((set, set.unknown.as_ref()?))) {
        return Objective::without(Verdict::Unproven, limit, format!("the backups of set {} could not be listed: {why}", set.set));
    }
    let mut databases: BTreeSet<&str> = sets.iter().flat_map(|set| &set.databases).map(String::as_str).collect();
    // A set that names no database covers the whole cluster.
    if databases.is_empty() && !sets.is_empty() {
        databases.insert(CLUSTER);
    }
    let mut worst: Option<(Timestamp, &SetReport, &str)> = None;
    for database in databases {
        let covering = || sets.iter().filter(|set| set.databases.is_empty() || set.databases.iter().any(|name| name == database));
        let newest = covering().filter_map(|set| Some((set.newest_at.as_ref()?.parse::<Timestamp>().ok()?, set))).max_by_key(|(at, _)| *at);
        let Some((at, set)) = newest else {
            let rules: Vec<String> = covering().flat_map(|set| &set.reached).map(|(rule, count)| going(rule, *count)).collect();
            let rules = if rules.is_empty() { String::new() } else { format!(" that lasts: {}", rules.join(", ")) };
            return Objective::without(Verdict::Failed, limit, format!("there is no complete backup of database {database}{rules}"));
        };
        if worst.is_none_or(|(known, ..)| at < known) {
            worst = Some((at, set, database));
        }
    }
    let Some((at, set, database)) = worst else {
        return Objective::without(Verdict::Unproven, limit, "no set covers any database".to_owned());
    };
    if let Some(why) = &set.unread {
        let newest = set.newest.as_deref().unwrap_or("");
        return Objective::without(Verdict::Unproven, limit, format!("the manifest of {newest}, the newest backup of {database}, could not be read: {why}"));
    }
    let age = u64::try_from(now.as_second() - at.as_second()).unwrap_or(0);
    Objective {
        verdict: if age <= limit.as_secs() { Verdict::Passed } else { Verdict::Failed },
        limit_seconds: limit.as_secs(),
        measured_seconds: Some(age),
        at: Some(now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
        evidence: set.evidence.clone(),
        sentence: format!("the newest complete backup of {database} is {} old: {}", elapsed(age * 1000), set.newest.as_deref().unwrap_or("")),
    }
}

/// What a rule of the bucket that has reached backups does to them.
pub fn going(rule: &str, count: u64) -> String {
    let them = if count == 1 { "it" } else { "them" };
    format!("rule `{rule}` has reached {} and may delete {them} at any time", plural(count, "backup"))
}

/// The recovery time: what the newest drill measured.
pub(super) fn rto(limit: Span, drills: &[&DrillReport], unreadable: Option<&str>) -> Objective {
    if let Some(why) = unreadable {
        return Objective::without(Verdict::Unproven, limit, format!("the evidence could not be read: {why}"));
    }
    let Some(last) = drills.iter().max_by(|a, b| a.at.cmp(&b.at)) else {
        return Objective::without(Verdict::Unproven, limit, "no drill has measured it".to_owned());
    };
    let (verdict, sentence) = match (last.verdict, last.rto_seconds) {
        (Verdict::Failed, _) => (Verdict::Failed, "the last drill failed: nothing was restored in any time".to_owned()),
        (Verdict::Unproven, _) => (Verdict::Unproven, "the last drill did not prove enough".to_owned()),
        (Verdict::Passed, None) => (Verdict::Unproven, "the last drill did not measure it".to_owned()),
        (Verdict::Passed, Some(took)) => {
            let verdict = if took <= limit.as_secs() { Verdict::Passed } else { Verdict::Failed };
            (verdict, format!("the last drill restored backup {} in {}", last.backup.as_deref().unwrap_or("of unknown id"), elapsed(took * 1000)))
        }
    };
    let measured = last.rto_seconds.filter(|_| last.verdict == Verdict::Passed);
    Objective {
        verdict,
        limit_seconds: limit.as_secs(),
        measured_seconds: measured,
        at: Some(last.at.clone()),
        evidence: Some(last.evidence.clone()),
        sentence,
    }
}
