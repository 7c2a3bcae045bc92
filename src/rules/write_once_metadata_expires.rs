//! Rule `write-once-metadata-expires`.

use super::{Check, Rule, RuleDocs, repositories};
use crate::model::finding::{Finding, Level};
use crate::model::lifecycle::Rule as LifecycleRule;
use crate::model::resource::{BucketWish, Observed};
use crate::policy::LoadedPolicy;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "write-once-metadata-expires",
    level: Level::Warning,
    since: "0.1.0",
    summary: "a lifecycle rule expires by age what a physical repository writes once and needs for ever",
    docs: RuleDocs {
        checks: "That no live lifecycle rule expires by age, however late, the keys that are written once: `archive.info` and `backup.info` of pgBackRest, sentinels of WAL-G, and the `.history` files of timelines.",
        why: "They are as old as the repository, or as its last failover. A history that is gone ends recovery at the switch of the timeline (barman documentation, object stores), and without its lists pgBackRest knows no backup.",
        example: "backups: {physical: {engine: pgbackrest, prefix: pgbackrest/, stanza: main, window: 14d, schedule: {full: \"0 1 * * 0\"}, wal: {maxLag: 5m}}}\nlive: [{id: cleanup, enabled: true, filter: {prefix: orders/pgbackrest/}, expiration: {days: 400}}]",
        instead: "backups: {physical: {engine: pgbackrest, prefix: pgbackrest/, stanza: main, window: 14d, schedule: {full: \"0 1 * * 0\"}, wal: {maxLag: 5m}}}\nlive: [{id: cleanup, enabled: true, filter: {prefix: orders/pgbackrest/}, noncurrent: {days: 30}}]",
        when: "When the whole repository is to go.",
    },
    check: Check::Observed(check),
};

fn check(policy: &LoadedPolicy, bucket: &BucketWish, observed: &Observed) -> Vec<Finding> {
    let Some(live) = super::lifecycle(bucket, observed) else { return Vec::new() };
    let mut out = Vec::new();
    for repository in repositories::of(policy, observed) {
        let below = repository.place.prefixes();
        let meets = |rule: &&LifecycleRule| below.iter().any(|prefix| repositories::meets(rule, prefix));
        for rule in live.rules.iter().filter(meets).filter(|rule| repository.has_metadata(rule.filter.prefix.as_deref().unwrap_or(""))) {
            let Some((_, said)) = repositories::expires(rule) else { continue };
            let finding = Finding::error(format!("lifecycle rule `{}` of bucket `{}` expires the metadata of {}", rule.id, bucket.name, repository.says()));
            let finding = repository.mark(policy, finding).why(format!("it {said}, and lists of backups and histories of timelines are written once"));
            out.push(finding.instead("let the engine expire its backups; below a repository only remove noncurrent versions and abort uploads"));
        }
    }
    out
}
