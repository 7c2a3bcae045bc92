//! Rule `delete-markers-are-copied`.

use super::{Check, Rule, RuleDocs};
use crate::model::document::Document;
use crate::model::fact::Fact;
use crate::model::finding::{Finding, Level};
use crate::model::id::ResourceId;
use crate::model::replication::{Replication, ReplicationRule};
use crate::model::request::ReadOp;
use crate::model::resource::{BucketWish, Observed};
use crate::policy::LoadedPolicy;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "delete-markers-are-copied",
    level: Level::Warning,
    since: "0.1.0",
    summary: "a replication rule copies delete markers, so who deletes a backup hides its copy too",
    docs: RuleDocs {
        checks: "Every live replication rule that acts on objects below the prefix, also those of others: that it copies no delete markers. A rule of the form before 2018, with a prefix of its own and no `Filter`, copies those that people make and cannot be told not to.",
        why: "A copy is there for the day on which somebody deletes what must stay; a rule that copies delete markers hides the copy with the original (S3 User Guide, \"Replicating delete markers between buckets\", and \"Backward compatibility considerations\" of replication configurations).",
        example: "liveReplication: {role: \"arn:aws:iam::111122223333:role/theirs\", rules: [{id: old, enabled: true, filter: {form: rulePrefix}, destination: {bucket: \"arn:aws:s3:::theirs\", ownerChanges: false}}]}",
        instead: "liveReplication: {role: \"arn:aws:iam::111122223333:role/theirs\", rules: [{id: new, enabled: true, priority: 1, filter: {}, deleteMarkers: false, destination: {bucket: \"arn:aws:s3:::theirs\", ownerChanges: false}}]}",
        when: "Where the other bucket is to be a mirror and something else keeps what is deleted.",
    },
    check: Check::Observed(check),
};

fn check(policy: &LoadedPolicy, bucket: &BucketWish, observed: &Observed) -> Vec<Finding> {
    let seen = observed.resources.get(&ResourceId::Bucket(bucket.name.clone())).map(|seen| seen.fact(ReadOp::BucketReplication));
    let Some(live) = seen.as_ref().and_then(Fact::known).and_then(Document::to::<Replication>) else { return Vec::new() };
    let prefix = &policy.policy.spec.storage.prefix;
    let meets = |rule: &ReplicationRule| rule.filter.prefix.as_ref().is_none_or(|begin| begin.starts_with(prefix) || prefix.starts_with(begin));
    let found = live.rules.iter().filter(|rule| rule.enabled && rule.copies_delete_markers() && meets(rule));
    let found: Vec<String> = found.map(|rule| format!("`{}`{}", rule.id, if rule.is_of_the_old_form() { " (of the form before 2018)" } else { "" })).collect();
    if found.is_empty() {
        return Vec::new();
    }
    let title = format!("replication of `{}` copies delete markers: who deletes a backup hides its copy too", bucket.name);
    let finding = policy.mark(Finding::error(title), "/spec/storage/bucket", format!("by rule {}", found.join(", ")));
    let finding = finding.why("the copy is there for the day on which somebody deletes what must stay");
    vec![finding.instead("have its owner write the rule with a Filter, a Priority and DeleteMarkerReplication Disabled")]
}
