//! From decisions and tags to steps: which tag each backup is to have, and what may not be done without a person's word. Pure.
//!
//! A step never lets a backup go earlier than its tag promises by the rules of the bucket; that is held. Tags of others stay.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::backups::{Backup, Tags};
use super::layout::{MANIFEST, expires_at};
use super::retention::{Decision, Tier, tag_value};
use crate::model::fact::Fact;
use crate::model::lifecycle::{EXPIRE_TAG, Expiration, Lifecycle, Rule};
use crate::model::policy::Retention;

pub mod outlook;

/// S3 takes at most so many tags of an object (S3 User Guide, object-tagging).
pub const MOST_TAGS: usize = 10;

/// A change of the release tag of one backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its set.
    pub set: String,
    /// Its id.
    pub id: String,
    /// The tag to be set; none = it is taken off.
    pub to: Option<String>,
    /// The tag of its last object now.
    pub from: Option<String>,
    /// Why, in a few words.
    pub reason: String,
    /// Until when it can then be restored, by the rules of the bucket; none = nothing expires it.
    pub until: Option<Timestamp>,
    /// Its keys, data first and the manifest last.
    pub keys: Vec<String>,
}

/// Why a step is not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hold {
    /// It would go earlier than its tag promises.
    Earlier {
        /// What the tag promises; none = it never expires.
        promised: Timestamp,
    },
    /// The rules of the bucket could not be read.
    RulesUnknown(String),
    /// The bucket has no rule for the tag.
    NoRule,
    /// The bucket's rule lets it go earlier than the policy promises.
    RuleShorter {
        /// Days of the rule.
        rule: i32,
        /// Days of the policy.
        policy: i32,
    },
    /// Others have so many tags on an object that ours has no room.
    NoRoom(String),
}

impl Hold {
    /// What stands in the way, and what to do.
    pub fn sentence(&self) -> String {
        match self {
            Self::Earlier { promised } => format!("it would go earlier than its tag promises ({promised})"),
            Self::RulesUnknown(why) => format!("the lifecycle rules of the bucket are not known: {why}"),
            Self::NoRule => "the bucket has no rule for this tag: `lifeboat apply` makes it".to_owned(),
            Self::RuleShorter { rule, policy } => {
                format!("the rule of the bucket expires it after {rule} d, and the policy promises {policy} d: `lifeboat apply` puts that right")
            }
            Self::NoRoom(key) => format!("{key} has {MOST_TAGS} tags of others, and S3 takes no more: take one away"),
        }
    }
}

/// Around what steps are made.
#[derive(Clone, Copy, Debug)]
pub struct Around<'a> {
    /// The policy.
    pub policy: &'a str,
    /// The set.
    pub set: &'a str,
    /// Its retention.
    pub retention: &'a Retention,
    /// The lifecycle rules of the bucket.
    pub rules: &'a Fact<Lifecycle>,
}

/// The step that a decision asks for, if the tags are not so already, and what holds it. `marks` are the tags of all objects.
pub fn step(backup: &Backup, decision: &Decision, marks: &BTreeMap<String, Tags>, around: &Around<'_>) -> Option<(Step, Option<Hold>)> {
    let tier = match decision {
        Decision::Release(tier) => Some(*tier),
        Decision::Keep(_) => None,
        Decision::Leave(_) => return None,
    };
    let to = tier.map(|tier| tag_value(around.policy, around.set, tier.as_str()));
    let settled = backup.seen.keys.keys().all(|key| marks.get(key).map(|tags| tags.get(EXPIRE_TAG)) == Some(to.as_ref()));
    if settled {
        return None;
    }
    let keys = in_order(backup);
    let from = keys.last().and_then(|key| marks.get(key)?.get(EXPIRE_TAG)).cloned();
    let days = to.as_ref().and_then(|to| Some(days_of(rule_of(around.rules.known()?, to)?)));
    let until = days.flatten().map(|days| expires_at(backup.seen.oldest, days));
    let reason = match decision {
        Decision::Release(tier) => format!("{} is settled", tier.as_str()),
        Decision::Keep(reason) | Decision::Leave(reason) => reason.as_str().to_owned(),
    };
    let held = tier.zip(to.as_deref()).and_then(|(tier, to)| hold(backup, tier, to, until, marks, around));
    Some((Step { set: backup.seen.set.clone(), id: backup.seen.id.clone(), to, from, reason, until, keys }, held))
}

/// Data first, the manifest last: as long as the manifest has not the tag, the next run begins anew.
fn in_order(backup: &Backup) -> Vec<String> {
    let (last, data): (Vec<&String>, Vec<&String>) = backup.seen.keys.keys().partition(|key| key.ends_with(&format!("/{MANIFEST}")));
    data.into_iter().chain(last).cloned().collect()
}

fn hold(backup: &Backup, tier: Tier, to: &str, until: Option<Timestamp>, marks: &BTreeMap<String, Tags>, around: &Around<'_>) -> Option<Hold> {
    let rules = match around.rules {
        Fact::Known(rules) => rules,
        Fact::Absent => return Some(Hold::NoRule),
        Fact::Unknown(why) => return Some(Hold::RulesUnknown(why.to_string())),
    };
    let Some(rule) = rule_of(rules, to).and_then(days_of) else { return Some(Hold::NoRule) };
    if let Some(policy) = tier.days(around.retention).filter(|policy| rule < *policy) {
        return Some(Hold::RuleShorter { rule, policy });
    }
    let full = |(_, tags): &(&String, &Tags)| tags.keys().filter(|key| *key != EXPIRE_TAG).count() >= MOST_TAGS;
    if let Some((key, _)) = marks.iter().find(full) {
        return Some(Hold::NoRoom(key.clone()));
    }
    let promised = promised(backup, marks, rules)?;
    until.is_some_and(|until| until < promised).then_some(Hold::Earlier { promised })
}

/// When the tags that a backup has let it go: all of its objects must have one that a rule acts upon, or it has no promise.
fn promised(backup: &Backup, marks: &BTreeMap<String, Tags>, rules: &Lifecycle) -> Option<Timestamp> {
    let days = |key: &String| days_of(rule_of(rules, marks.get(key)?.get(EXPIRE_TAG)?)?);
    let all: Option<Vec<i32>> = backup.seen.keys.keys().map(days).collect();
    all?.into_iter().min().map(|days| expires_at(backup.seen.oldest, days))
}

/// When the tag that an object has lets it go.
pub fn expiry(tags: &Tags, dated: Timestamp, rules: &Lifecycle) -> Option<Timestamp> {
    tags.get(EXPIRE_TAG).and_then(|value| days_of(rule_of(rules, value)?)).map(|days| expires_at(dated, days))
}

/// The rule that acts upon a value of the release tag, the shortest if several do.
fn rule_of<'a>(rules: &'a Lifecycle, value: &str) -> Option<&'a Rule> {
    let acts = |rule: &&Rule| rule.enabled && matches!(rule.filter.tags.as_slice(), [tag] if tag.key == EXPIRE_TAG && tag.value == value);
    rules.rules.iter().filter(acts).filter(|rule| days_of(rule).is_some()).min_by_key(|rule| days_of(rule))
}

fn days_of(rule: &Rule) -> Option<i32> {
    match rule.expiration {
        Some(Expiration::Days(days)) => Some(days),
        _ => None,
    }
}

/// The tags that an object is to have: ours as wanted, and those of others as they are.
pub fn with(tags: &Tags, to: Option<&str>) -> Tags {
    let mut out = tags.clone();
    out.remove(EXPIRE_TAG);
    out.extend(to.map(|to| (EXPIRE_TAG.to_owned(), to.to_owned())));
    out
}

#[cfg(test)]
mod tests;
