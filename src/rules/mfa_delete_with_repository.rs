//! Rule `mfa-delete-with-repository`.

use super::{Check, Rule, RuleDocs, repositories};
use crate::model::aspects::Versioning;
use crate::model::finding::{Finding, Level};
use crate::model::id::ResourceId;
use crate::model::request::ReadOp;
use crate::model::resource::{BucketWish, Observed};
use crate::policy::LoadedPolicy;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "mfa-delete-with-repository",
    level: Level::Warning,
    since: "0.1.0",
    summary: "a physical repository in a bucket with MFA delete",
    docs: RuleDocs {
        checks: "That MFA delete is off in a bucket that holds a repository of pgBackRest, WAL-G or barman-cloud.",
        why: "Its engine expires by deleting, which leaves noncurrent versions; with MFA delete no lifecycle rule and no program can remove them (S3 User Guide, lifecycle-and-other-bucket-config), so the bucket grows for ever.",
        example: "liveVersioning: EnabledWithMfa\nstorage: {lifecycle: unmanaged}\nlive: [{id: x, enabled: true, filter: {}, noncurrent: {days: 60}}]\nbackups: {physical: {engine: pgbackrest, prefix: pgbackrest/, stanza: main, window: 14d, schedule: {full: \"0 1 * * 0\"}, wal: {maxLag: 5m}}}",
        instead: "liveVersioning: Enabled\nstorage: {lifecycle: unmanaged}\nlive: [{id: x, enabled: true, filter: {}, noncurrent: {days: 60}}]\nbackups: {physical: {engine: pgbackrest, prefix: pgbackrest/, stanza: main, window: 14d, schedule: {full: \"0 1 * * 0\"}, wal: {maxLag: 5m}}}",
        when: "While a person with the device removes versions by hand, and the growth is watched.",
    },
    check: Check::Observed(check),
};

fn check(policy: &LoadedPolicy, bucket: &BucketWish, observed: &Observed) -> Vec<Finding> {
    let seen = observed.resources.get(&ResourceId::Bucket(bucket.name.clone())).map(|resource| resource.fact(ReadOp::BucketVersioning));
    if seen.as_ref().and_then(|fact| fact.known()?.to()) != Some(Versioning::EnabledWithMfa) {
        return Vec::new();
    }
    let one = |repository: &repositories::Repository<'_>| {
        let finding = Finding::error(format!("{} lies in bucket `{}`, which has MFA delete", repository.says(), bucket.name));
        let finding = repository.mark(policy, finding).why("what its engine deletes stays as noncurrent versions, which nothing can remove");
        finding.instead("let the root user turn MFA delete off, and protect versions by an object lock")
    };
    repositories::of(policy, observed).iter().map(one).collect()
}
