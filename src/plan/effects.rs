//! What a change, or a drift, means for the ability to recover. Pure.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::catalog::layout::expires_at;
use crate::model::aspects::Versioning;
use crate::model::document::Document;
use crate::model::fact::Fact;
use crate::model::lifecycle::{Expiration, Lifecycle, Rule};
use crate::model::request::ReadOp;
use crate::model::resource::{BucketWish, Observed, SeenBackup};
use crate::model::units::{bytes, plural};

/// What a step means for one policy's backups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Effect {
    /// The policy.
    pub policy: String,
    /// How many restore points go earlier than promised.
    pub points: usize,
    /// How many bytes they are.
    pub bytes: u64,
    /// When the first of them becomes deletable.
    pub first: Option<Timestamp>,
    /// In words.
    pub sentence: String,
    /// The oldest restore point there is.
    pub oldest: Option<Timestamp>,
    /// The oldest that is left once those have gone; none when none is left, or when none goes.
    pub oldest_left: Option<Timestamp>,
    /// Whether there is a way back, in words; none where nothing goes.
    pub undo: Option<String>,
}

/// A moment as people read it, in UTC.
pub(super) fn moment(at: Timestamp) -> String {
    at.strftime("%a %Y-%m-%d %H:%M UTC").to_string()
}

fn complete<'a>(observed: &'a Observed, policy: &str) -> Option<Vec<&'a SeenBackup>> {
    match observed.backups.get(policy) {
        Some(Fact::Known(backups)) => Some(backups.iter().filter(|backup| backup.complete).collect()),
        Some(Fact::Absent) => Some(Vec::new()),
        Some(Fact::Unknown(_)) | None => None,
    }
}

/// What one lifecycle rule of others takes away from each policy of the bucket: backups are born kept, so by our own
/// rules nothing untagged ever goes.
pub(super) fn of_foreign_rule(bucket: &BucketWish, live: &Document, rule: &str, observed: &Observed) -> Vec<Effect> {
    let Some(lifecycle) = live.to::<Lifecycle>() else { return Vec::new() };
    let Some(rule) = lifecycle.rules.iter().find(|other| other.id == rule) else { return Vec::new() };
    let versioned = is_versioned(bucket, observed);
    let mut out = Vec::new();
    for tenant in &bucket.tenants {
        let Some(backups) = complete(observed, &tenant.policy) else {
            out.push(effect(&tenant.policy, 0, 0, None, "which restore points go cannot be said: the bucket could not be listed".to_owned()));
            continue;
        };
        let gone: Vec<(&SeenBackup, Timestamp)> = backups
            .iter()
            .filter_map(|backup| {
                let at = backup.keys.keys().filter_map(|key| expiry(rule, key, backup.oldest)).min()?;
                Some((*backup, at))
            })
            .collect();
        let first = gone.iter().map(|(_, at)| *at).min();
        let size = gone.iter().map(|(backup, _)| backup.bytes).sum();
        if let Some(first) = first {
            let left = |backup: &&&SeenBackup| !gone.iter().any(|(lost, _)| lost.set == backup.set && lost.id == backup.id);
            let undo = if versioned { "until its noncurrent versions go it can be undone" } else { "final: versioning is not on" };
            let last = if gone.len() == backups.len() { ", and none is left then" } else { "" };
            let sentence = format!(
                "{} ({}) would go earlier than promised, the first on {}{last}; {undo}",
                plural(gone.len() as u64, "restore point"),
                bytes(size),
                moment(first)
            );
            out.push(Effect {
                oldest: backups.iter().map(|backup| backup.oldest).min(),
                oldest_left: backups.iter().filter(left).map(|backup| backup.oldest).min(),
                undo: Some(if versioned { "until its noncurrent versions go" } else { "none: versioning is not on" }.to_owned()),
                ..effect(&tenant.policy, gone.len(), size, Some(first), sentence)
            });
        } else if expiry(rule, &format!("{}x", tenant.prefix), observed.at).is_some() {
            out.push(effect(&tenant.policy, 0, 0, None, "no restore point is there yet; each one that is written would go".to_owned()));
        }
    }
    out
}

/// When a rule expires an untagged object with this key that was written then, if it does.
fn expiry(rule: &Rule, key: &str, written: Timestamp) -> Option<Timestamp> {
    match &rule.expiration {
        Some(Expiration::Date(date)) if rule.enabled && rule.filter.tags.is_empty() && rule.filter.covers(key) => date.parse().ok(),
        _ => Some(expires_at(written, rule.expires_untagged(key)?)),
    }
}

/// What it means that versioning is not on.
pub(super) fn of_versioning_off(bucket: &BucketWish, observed: &Observed) -> Vec<Effect> {
    let each = bucket.tenants.iter().filter_map(|tenant| {
        let backups = complete(observed, &tenant.policy)?;
        let size = backups.iter().map(|backup| backup.bytes).sum();
        (!backups.is_empty()).then(|| {
            let sentence =
                format!("until it is on again, an overwrite or delete is final: {} ({})", plural(backups.len() as u64, "restore point"), bytes(size));
            effect(&tenant.policy, 0, 0, None, sentence)
        })
    });
    each.collect()
}

fn is_versioned(bucket: &BucketWish, observed: &Observed) -> bool {
    let id = crate::model::id::ResourceId::Bucket(bucket.name.clone());
    let fact = observed.resources.get(&id).map(|resource| resource.fact(ReadOp::BucketVersioning));
    matches!(fact, Some(Fact::Known(document)) if document.to().is_some_and(Versioning::keeps))
}

fn effect(policy: &str, points: usize, bytes: u64, first: Option<Timestamp>, sentence: String) -> Effect {
    Effect { policy: policy.to_owned(), points, bytes, first, sentence, oldest: None, oldest_left: None, undo: None }
}
