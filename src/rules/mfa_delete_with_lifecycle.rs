//! Rule `mfa-delete-with-lifecycle`.

use super::{Check, Rule, RuleDocs};
use crate::model::aspects::Versioning;
use crate::model::finding::{Finding, Level};
use crate::model::id::ResourceId;
use crate::model::policy::LifecycleWish;
use crate::model::request::ReadOp;
use crate::model::resource::{BucketWish, Observed};
use crate::policy::LoadedPolicy;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "mfa-delete-with-lifecycle",
    level: Level::Warning,
    since: "0.1.0",
    summary: "a bucket with MFA delete, which takes no lifecycle rules",
    docs: RuleDocs {
        checks: "That MFA delete is off in a bucket whose lifecycle is managed.",
        why: "S3 does not allow both (S3 User Guide, lifecycle-and-other-bucket-config): no rule can be written, so nothing that is released ever goes, and the bucket grows for ever.",
        example: "liveVersioning: EnabledWithMfa",
        instead: "liveVersioning: EnabledWithMfa\nstorage: {lifecycle: unmanaged}\nlive: [{id: x, enabled: true, filter: {}, noncurrent: {days: 60}}]",
        when: "While MFA delete is about to be turned off. An object lock, and a bucket in an account of its own, protect versions without a person at every step.",
    },
    check: Check::Observed(check),
};

fn check(policy: &LoadedPolicy, bucket: &BucketWish, observed: &Observed) -> Vec<Finding> {
    if policy.policy.spec.storage.lifecycle == LifecycleWish::Unmanaged {
        return Vec::new();
    }
    let seen = observed.resources.get(&ResourceId::Bucket(bucket.name.clone())).map(|resource| resource.fact(ReadOp::BucketVersioning));
    let guarded = seen.as_ref().and_then(|fact| fact.known()?.to()) == Some(Versioning::EnabledWithMfa);
    if !guarded {
        return Vec::new();
    }
    let finding = Finding::error(format!("bucket `{}` has MFA delete, so S3 takes no lifecycle rules for it", bucket.name));
    let finding = policy.mark(finding, "/spec/storage/bucket", "nothing that is released ever goes");
    let finding = finding.why("S3 does not allow MFA delete and a lifecycle configuration together");
    vec![finding.instead("let the root user turn MFA delete off, and protect versions by an object lock; or write `lifecycle: unmanaged`")]
}
