//! Rule `replica-has-no-rule-of-its-own`.

use super::{Check, Rule, RuleDocs, replica};
use crate::model::finding::{Finding, Level};
use crate::model::lifecycle::{Expiration, Rule as LifecycleRule};
use crate::model::resource::{BucketWish, Observed};
use crate::policy::LoadedPolicy;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "replica-has-no-rule-of-its-own",
    level: Level::Warning,
    since: "0.1.0",
    summary: "the replica has no lifecycle rule by age, so copies stay there for ever",
    docs: RuleDocs {
        checks: "That the bucket which receives the copies has a rule that expires the copies of every backup set by their age.",
        why: "Lifecycle rules are not replicated, and neither are the delete markers that they make (S3 User Guide, \"What does Amazon S3 replicate\"): without a rule of its own the replica grows for ever.",
        example: "storage: {account: \"111122223333\", replication: {bucket: shop-replica, region: eu-central-1, role: \"arn:aws:iam::111122223333:role/dr-replicator\"}}\nliveReplica: []",
        instead: "storage: {account: \"111122223333\", replication: {bucket: shop-replica, region: eu-central-1, role: \"arn:aws:iam::111122223333:role/dr-replicator\"}}\nliveReplica: [{id: old, enabled: true, filter: {}, expiration: {days: 430}}]",
        when: "Where copies are to be kept for ever, or somebody else removes them.",
    },
    check: Check::Observed(check),
};

fn check(policy: &LoadedPolicy, bucket: &BucketWish, observed: &Observed) -> Vec<Finding> {
    let Some((name, found)) = replica::live(bucket, observed) else { return Vec::new() };
    let (title, label) = match found {
        Err(why) => (format!("whether replica `{name}` has rules of its own is not known"), why),
        Ok(live) => {
            let grows = |folder: &String| !live.rules.iter().any(|rule| by_age(rule) && replica::covers(rule, folder));
            let folders: Vec<String> = replica::longest_tiers(policy).into_iter().map(|(folder, _)| folder).filter(grows).collect();
            if folders.is_empty() {
                return Vec::new();
            }
            (format!("no lifecycle rule of replica `{name}` expires copies by age"), format!("of {}", folders.join(", ")))
        }
    };
    let finding = policy.mark(Finding::error(title), "/spec/storage/replication/bucket", label);
    let finding = finding.why("rules and the delete markers that they make are not replicated: copies stay there for ever");
    let longest = replica::longest_tiers(policy).into_iter().map(|(_, longest)| longest).max().unwrap_or_default();
    vec![finding.instead(format!("have its owner expire objects by age there, later than {longest} d after they were written"))]
}

fn by_age(rule: &LifecycleRule) -> bool {
    rule.enabled && rule.filter.tags.is_empty() && matches!(rule.expiration, Some(Expiration::Days(_)))
}
