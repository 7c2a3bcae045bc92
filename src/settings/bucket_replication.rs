//! Setting `bucket-replication`: every new backup is copied to another bucket, best in another region and account.
//!
//! One rule per policy, by its prefix; rules of others are carried. The role of the configuration is one for all of them.

use std::collections::BTreeSet;

use crate::model::aspects::Versioning;
use crate::model::document::Document;
use crate::model::fact::{Fact, Why};
use crate::model::id::{ResourceId, ResourceKind};
use crate::model::lifecycle::{Filter, OURS};
use crate::model::replication::{Destination, Replication, ReplicationRule};
use crate::model::request::{Read, ReadOp, Request, RequestOp};
use crate::model::resource::{BucketWish, Observed, ObservedResource, Replica, ResourceWish};
use crate::model::verdict;

use super::{Docs, Part, Setting, Weakening, no_threats};

/// The setting.
pub(super) static SETTING: Setting = Setting {
    id: "bucket-replication",
    kind: ResourceKind::Bucket,
    title: "replication",
    leave_alone: Some("storage without replication"),
    read: ReadOp::BucketReplication,
    docs: Docs {
        protects: "Every new backup is copied to a bucket elsewhere, which outlives the loss of a region or of the account.",
        why: "A bucket is one region, one account and one set of administrators; a copy that they cannot reach survives what they do.",
        risk: "The replica needs rules of its own by age: lifecycle rules are not copied, and neither are the delete markers that they make, so without one it grows for ever. Backups from before the rule are not copied (S3 Batch Replication does that). Both buckets must be versioned, and the role must be allowed to read here and to replicate there (S3 User Guide, replication). A live rule of the form before 2018, with a prefix of its own and no `Filter`, copies delete markers too and is not what is wanted; where such rules of others are beside ours nothing is sent, as S3 takes one form only.",
        example: "storage: {replication: {bucket: acme-dr-orders-replica, account: \"444455556666\", assumeRole: {role: \"arn:aws:iam::444455556666:role/dr-replica-reader\"}, region: eu-central-1, role: \"arn:aws:iam::111122223333:role/dr-replicator\", storageClass: STANDARD_IA}}",
    },
    want,
    seen,
    adopt,
    requests,
    refused,
    weakens,
    threats: no_threats,
    owner: super::ours,
    describe,
};

fn want(wish: &ResourceWish) -> Option<Document> {
    let ResourceWish::Bucket(bucket) = wish else { return None };
    let replica = bucket.replication.as_ref()?;
    let rules = (1..).zip(&bucket.tenants).map(|(priority, tenant)| rule(bucket, replica, &tenant.policy, &tenant.prefix, priority));
    Some(Document::of(&Replication { role: replica.role.clone(), rules: sorted(rules.collect()) }))
}

fn rule(bucket: &BucketWish, replica: &Replica, policy: &str, prefix: &str, priority: i32) -> ReplicationRule {
    let elsewhere = replica.account.as_ref().filter(|_| replica.is_elsewhere(bucket.account.as_ref()));
    ReplicationRule {
        id: format!("{OURS}{policy}"),
        priority: Some(priority),
        enabled: true,
        filter: Filter::prefix(prefix),
        delete_markers: Some(false),
        existing_objects: None,
        kms_objects: replica.kms_key.is_some().then_some(true),
        replica_modifications: None,
        destination: Destination {
            bucket: format!("arn:aws:s3:::{}", replica.bucket),
            account: elsewhere.cloned(),
            storage_class: replica.storage_class.clone(),
            owner_changes: elsewhere.is_some(),
            kms_key: replica.kms_key.clone(),
            time: None,
            metrics: None,
        },
    }
}

fn sorted(mut rules: Vec<ReplicationRule>) -> Vec<ReplicationRule> {
    rules.sort_by(|a, b| a.id.cmp(&b.id));
    rules
}

fn seen(observed: &ObservedResource) -> Fact<Document> {
    observed.fact(ReadOp::BucketReplication).map(|document| match document.to::<Replication>() {
        Some(live) => Document::of(&Replication { rules: sorted(live.rules), ..live }),
        None => document,
    })
}

/// Rules that are not wanted are carried. A rule of ours that means what is wanted stays as it is written; else it keeps its live priority, or
/// takes the lowest that is free.
fn adopt(want: &Document, seen: &Fact<Document>) -> Document {
    let (Some(want), Some(live)) = (want.to::<Replication>(), seen.known().and_then(|seen| seen.to::<Replication>())) else { return want.clone() };
    let same = |live: &ReplicationRule| want.rules.iter().any(|rule| rule.meaning() == live.meaning());
    let ours = |id: &str| want.rules.iter().any(|rule| rule.id == id && rule.id.starts_with(OURS));
    let (kept, live_rules): (Vec<ReplicationRule>, Vec<ReplicationRule>) = live.rules.iter().cloned().partition(|rule| ours(&rule.id) && same(rule));
    let wanted = |id: &str| ours(id) && !kept.iter().any(|rule| rule.id == id);
    let mut carried: Vec<ReplicationRule> = live_rules.iter().filter(|rule| !wanted(&rule.id)).cloned().collect();
    carried.extend(kept.iter().cloned());
    let mut taken: BTreeSet<i32> = carried.iter().filter_map(|rule| rule.priority).collect();
    let mut rules = Vec::new();
    for rule in want.rules.iter().filter(|rule| rule.id.starts_with(OURS) && wanted(&rule.id) && !carried.contains(rule)) {
        let before = live.rules.iter().find(|live| live.id == rule.id).and_then(|live| live.priority).filter(|priority| !taken.contains(priority));
        let priority = before.or_else(|| (1..i32::MAX).find(|free| !taken.contains(free)));
        taken.extend(priority);
        rules.push(ReplicationRule { priority, ..rule.clone() });
    }
    rules.extend(carried);
    Document::of(&Replication { role: want.role, rules: sorted(rules) })
}

/// A configuration has rules of one form only (S3 User Guide, "Backward compatibility considerations"), and a rule of others goes back in the
/// form it came or not at all.
fn requests(id: &ResourceId, _: &Fact<Document>, to: &Document) -> Vec<Request> {
    let rules = to.to::<Replication>().unwrap_or_default().rules;
    let old = rules.iter().filter(|rule| rule.is_of_the_old_form()).count();
    if old > 0 && old < rules.len() {
        return Vec::new();
    }
    vec![Request { op: RequestOp::PutBucketReplication, target: id.clone(), body: to.clone() }]
}

fn refused(to: &Document) -> Option<String> {
    to.to::<Replication>().and_then(|to| verdict::said(verdict::replication::replication(&to.wire())))
}

/// What must be asked about the other end.
pub(super) fn far_end(wish: &ResourceWish) -> Vec<Read> {
    let ResourceWish::Bucket(bucket) = wish else { return Vec::new() };
    bucket.replication.as_ref().map(|replica| replica.reads(bucket.account.as_ref())).unwrap_or_default()
}

/// Why the other bucket cannot receive copies. S3 refuses the whole configuration then.
pub(super) fn not_ready(wish: &ResourceWish, observed: &Observed) -> Option<String> {
    let ResourceWish::Bucket(bucket) = wish else { return None };
    let target = ResourceId::Bucket(bucket.replication.as_ref()?.bucket.clone());
    let fact = observed.resources.get(&target).map_or(Fact::Unknown(Why::NotAsked), |resource| resource.fact(ReadOp::BucketVersioning));
    match fact {
        Fact::Known(document) if document.to().is_some_and(Versioning::keeps) => None,
        Fact::Unknown(Why::NotAsked) => None,
        Fact::Known(_) | Fact::Absent => Some(format!("{target}, which is to receive the copies, is missing or not versioned; version it first")),
        Fact::Unknown(why) => Some(format!("whether {target}, which is to receive the copies, is versioned is not known: {why}")),
    }
}

fn place(rule: &ReplicationRule) -> &str {
    rule.destination.bucket.rsplit(':').next().unwrap_or_default()
}

fn weakens(from: &Document, to: &Document) -> Option<Weakening> {
    let (from, to) = (from.to::<Replication>()?, to.to::<Replication>()?);
    let mut said = Vec::new();
    let others = from.rules.iter().filter(|rule| !rule.id.starts_with(OURS)).count();
    if from.role != to.role && others > 0 {
        said.push(format!("{others} rules of others are then carried out as {} and no longer as {}", to.role, from.role));
    }
    for before in from.rules.iter().filter(|rule| rule.enabled) {
        match to.rules.iter().find(|rule| rule.id == before.id) {
            None => said.push(format!("rule `{}` no longer copies to {}", before.id, place(before))),
            Some(now) if !now.enabled || place(now) != place(before) => {
                said.push(format!("rule `{}` copies to {} and no longer to {}", before.id, place(now), place(before)));
            }
            Some(_) => {}
        }
    }
    (!said.is_empty()).then(|| Weakening { id: "weakens-replication".to_owned(), sentence: said.join("; ") })
}

/// Rules that are not ours, or all where replication is not managed.
pub(super) fn others(wish: &ResourceWish, live: &Document) -> Vec<Part> {
    let Some(live) = live.to::<Replication>() else { return Vec::new() };
    let managed = want(wish).is_some();
    let others = live.rules.iter().filter(|rule| !(managed && rule.id.starts_with(OURS)));
    others.map(|rule| Part { kind: "replication-rule", name: rule.id.clone(), words: format!("copies {}", copies(rule)) }).collect()
}

fn copies(rule: &ReplicationRule) -> String {
    let class = rule.destination.storage_class.as_ref().map_or_else(String::new, |class| format!(" as {class}"));
    let what = rule.filter.prefix.clone().unwrap_or_else(|| "everything".to_owned());
    let markers = if rule.copies_delete_markers() { ", delete markers too" } else { "" };
    format!("{what} to {}{class}{markers}{}", place(rule), if rule.enabled { "" } else { ", off" })
}

fn describe(from: &Fact<Document>, to: &Document) -> Vec<String> {
    let rules = |document: &Document| document.to::<Replication>().map(|found| (found.role, found.rules)).unwrap_or_default();
    let (role_before, before) = from.known().map(rules).unwrap_or_default();
    let (role, after) = rules(to);
    let words = |rule: &ReplicationRule| format!("{}  {}", rule.id, copies(rule));
    let mut lines = Vec::new();
    for rule in after.iter().filter(|rule| !before.contains(rule)) {
        let mark = if before.iter().any(|old| old.id == rule.id) { '~' } else { '+' };
        lines.push(format!("{mark} {}", words(rule)));
    }
    lines.extend(before.iter().filter(|rule| !after.iter().any(|new| new.id == rule.id)).map(|rule| format!("- {}", words(rule))));
    if role != role_before {
        lines.push(format!("by role {role}"));
    }
    lines
}

#[cfg(test)]
mod tests;
