//! Rule `versions-never-removed`.

use super::{Check, Rule, RuleDocs};
use crate::model::finding::{Finding, Level};
use crate::model::policy::{LifecycleWish, VersioningWish};
use crate::model::resource::{BucketWish, Observed};
use crate::policy::LoadedPolicy;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "versions-never-removed",
    level: Level::Warning,
    since: "0.1.0",
    summary: "a versioned bucket in which no lifecycle rule removes noncurrent versions",
    docs: RuleDocs {
        checks: "Where the lifecycle is not managed, that an enabled rule of the live bucket removes noncurrent versions below the policy's prefix.",
        why: "With versioning on, an expired or overwritten object stays as a noncurrent version, and is billed, until a rule removes it (S3 User Guide, intro-lifecycle-rules).",
        example: "storage: {lifecycle: unmanaged}\nlive: []",
        instead: "storage: {lifecycle: unmanaged}\nlive: [{id: old, enabled: true, filter: {prefix: orders/}, noncurrent: {days: 60}}]",
        when: "When every version is to be kept for ever.",
    },
    check: Check::Observed(check),
};

fn check(policy: &LoadedPolicy, bucket: &BucketWish, observed: &Observed) -> Vec<Finding> {
    let storage = &policy.policy.spec.storage;
    if storage.versioning != VersioningWish::Enabled || storage.lifecycle != LifecycleWish::Unmanaged {
        return Vec::new();
    }
    let Some(live) = super::lifecycle(bucket, observed) else { return Vec::new() };
    if live.rules.iter().any(|rule| rule.enabled && rule.noncurrent.is_some() && rule.filter.tags.is_empty() && rule.filter.covers(&storage.prefix)) {
        return Vec::new();
    }
    let finding = Finding::error(format!("nothing removes noncurrent versions from bucket `{}`", bucket.name));
    let finding = policy.mark(finding, "/spec/storage/lifecycle", "lifeboat writes no rule");
    let finding = finding.why("whatever expires or is overwritten stays and is billed for ever");
    vec![finding.instead("let lifeboat manage the lifecycle, or write a rule with NoncurrentVersionExpiration")]
}
