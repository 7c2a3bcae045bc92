//! Rule `replica-expires-too-early`.

use super::{Check, Rule, RuleDocs, replica};
use crate::model::finding::{Finding, Level};
use crate::model::lifecycle::{Expiration, Rule as LifecycleRule};
use crate::model::resource::{BucketWish, Observed};
use crate::policy::LoadedPolicy;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "replica-expires-too-early",
    level: Level::Warning,
    since: "0.1.0",
    summary: "a copy in the replica goes before its original, or at a word of the original",
    docs: RuleDocs {
        checks: "The rules of the replica that meet a backup set: by age, each must leave copies longer than the set's longest tier; none may act on the release tag.",
        why: "Tags are copied with the object: a rule of the replica that acts on the release tag deletes there what is released here, also when it is released by mistake or by a thief (S3 User Guide, \"What does Amazon S3 replicate\").",
        example: "storage: {account: \"111122223333\", replication: {bucket: shop-replica, region: eu-central-1, role: \"arn:aws:iam::111122223333:role/dr-replicator\"}}\nliveReplica: [{id: old, enabled: true, filter: {prefix: orders/}, expiration: {days: 30}}]",
        instead: "storage: {account: \"111122223333\", replication: {bucket: shop-replica, region: eu-central-1, role: \"arn:aws:iam::111122223333:role/dr-replicator\"}}\nliveReplica: [{id: old, enabled: true, filter: {prefix: orders/}, expiration: {days: 430}}]",
        when: "Where the replica is only for the loss of a region in the last days, and the policy of the company says so.",
    },
    check: Check::Observed(check),
};

fn check(policy: &LoadedPolicy, bucket: &BucketWish, observed: &Observed) -> Vec<Finding> {
    let Some((name, Ok(live))) = replica::live(bucket, observed) else { return Vec::new() };
    let mut out = Vec::new();
    for (folder, longest) in replica::longest_tiers(policy) {
        for rule in live.rules.iter().filter(|rule| rule.enabled && replica::meets(rule, &folder)) {
            let Some(said) = early(rule, longest) else { continue };
            let finding = Finding::error(format!("lifecycle rule `{}` of replica `{name}` {said}", rule.id));
            let finding = policy.mark(finding, "/spec/storage/replication/bucket", format!("backups below {folder} live up to {longest} d"));
            let finding = finding.why("a replica that goes with its original, or before it, brings nothing back");
            out.push(finding.instead(format!("have its owner expire objects there by age only, later than {longest} d after they were written")));
        }
    }
    out
}

/// What is wrong with a rule that meets the copies of a set whose longest tier lives so many days.
fn early(rule: &LifecycleRule, longest: i32) -> Option<String> {
    if replica::by_release_tag(rule) {
        return Some("expires copies by the release tag, which the original decides".to_owned());
    }
    match &rule.expiration {
        Some(Expiration::Days(days)) if rule.filter.tags.is_empty() && *days <= longest => Some(format!("expires copies after {days} d")),
        Some(Expiration::Date(date)) if rule.filter.tags.is_empty() => Some(format!("expires all copies on {date}")),
        _ => None,
    }
}
