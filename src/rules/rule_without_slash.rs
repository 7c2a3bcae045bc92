//! Rule `rule-without-slash`.

use super::{Check, Rule, RuleDocs};
use crate::model::finding::{Finding, Level};
use crate::model::resource::{BucketWish, Observed};
use crate::policy::LoadedPolicy;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "rule-without-slash",
    level: Level::Warning,
    since: "0.1.0",
    summary: "a lifecycle rule whose prefix has no slash at its end, and so also takes the backups of a neighbour",
    docs: RuleDocs {
        checks: "That no enabled lifecycle rule of the bucket begins with a part of the policy's prefix that does not end at a slash.",
        why: "A prefix is a plain beginning of a key and no folder: `ord` and `orders` both take `orders/…` (S3 User Guide, lifecycle-filters). Such a rule was mostly meant for one folder and takes its neighbours too.",
        example: "live: [{id: logs, enabled: true, filter: {prefix: ord}, abortUploadsDays: 1}]",
        instead: "live: [{id: logs, enabled: true, filter: {prefix: ord/}, abortUploadsDays: 1}]",
        when: "When the rule is meant for everything that begins so.",
    },
    check: Check::Observed(check),
};

fn check(policy: &LoadedPolicy, bucket: &BucketWish, observed: &Observed) -> Vec<Finding> {
    let Some(live) = super::lifecycle(bucket, observed) else { return Vec::new() };
    let ours = &policy.policy.spec.storage.prefix;
    let open = |prefix: &&str| !prefix.is_empty() && !prefix.ends_with('/') && ours.starts_with(*prefix);
    let rules = live.rules.iter().filter(|rule| rule.enabled);
    rules
        .filter_map(|rule| {
            let prefix = rule.filter.prefix.as_deref().filter(open)?;
            let finding = Finding::error(format!("lifecycle rule `{}` of bucket `{}` takes every key that begins with `{prefix}`", rule.id, bucket.name));
            let finding = policy.mark(finding, "/spec/storage/prefix", "these keys too");
            Some(finding.why("a prefix without a slash is no folder").instead(format!("write `{prefix}/` in that rule, if one folder is meant")))
        })
        .collect()
}
