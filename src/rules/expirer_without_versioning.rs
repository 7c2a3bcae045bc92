//! Rule `expirer-without-versioning`.

use super::{Check, Rule, RuleDocs};
use crate::model::finding::{Finding, Level};
use crate::model::policy::VersioningWish;
use crate::policy::LoadedPolicy;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "expirer-without-versioning",
    level: Level::Error,
    since: "0.1.0",
    summary: "a role that deletes objects in a bucket whose versions are not kept",
    docs: RuleDocs {
        checks: "That the bucket is versioned by the policy when `access.expirer` is given.",
        why: "The expirer is the one role that deletes. With versioning it only leaves delete markers, and `noncurrent.keepDays` is the time to bring back what it took by mistake, or in the hands of a thief; without it each delete is final.",
        example: "storage: {versioning: unmanaged}\nbackups: {physical: {engine: pgbackrest, prefix: pgbackrest/, stanza: main, window: 14d, schedule: {full: \"0 1 * * 0\"}, wal: {maxLag: 5m}}}\naccess: {expirer: {role: shop-expirer, trust: [{principal: \"arn:aws:iam::111122223333:role/expire-host\"}]}}",
        instead: "storage: {versioning: enabled}\nbackups: {physical: {engine: pgbackrest, prefix: pgbackrest/, stanza: main, window: 14d, schedule: {full: \"0 1 * * 0\"}, wal: {maxLag: 5m}}}\naccess: {expirer: {role: shop-expirer, trust: [{principal: \"arn:aws:iam::111122223333:role/expire-host\"}]}}",
        when: "Never: let the engine expire by hand until the bucket is versioned.",
    },
    check: Check::Policy(check),
};

fn check(policy: &LoadedPolicy) -> Vec<Finding> {
    let spec = &policy.policy.spec;
    let expires = spec.access.as_ref().is_some_and(|access| access.expirer.is_some());
    if !expires || spec.storage.versioning == VersioningWish::Enabled {
        return Vec::new();
    }
    let finding = Finding::error("the expirer may delete, and the bucket is not versioned by this policy");
    let finding = policy.mark(finding, "/spec/access/expirer", "deletes objects of the repositories");
    let finding = policy.mark(finding, "/spec/storage/versioning", "nothing brings them back");
    vec![finding.why("without versioning each delete is final").instead("write versioning: enabled, or take the expirer out")]
}
