//! Rule `repository-expires-by-age`.

use super::{Check, Rule, RuleDocs, repositories};
use crate::model::finding::{Finding, Level};
use crate::model::resource::{BucketWish, Observed};
use crate::policy::LoadedPolicy;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "repository-expires-by-age",
    level: Level::Warning,
    since: "0.1.0",
    summary: "a lifecycle rule expires by age what the chains of a physical repository still need",
    docs: RuleDocs {
        checks: "That no live lifecycle rule, whoever wrote it, expires backups of pgBackRest, WAL-G or barman-cloud by age sooner than the window, one wait between two full backups and one run are over. Of a repository without a set, or a set without `window` and `schedule.full`, any expiry is told. Repositories are known by their sets, or found in the listing.",
        why: "An incremental backup is nothing without what it builds on, and only its engine knows the chain. A rule by age takes the base first, and the engine notices when it restores.",
        example: "backups: {physical: {engine: pgbackrest, prefix: pgbackrest/, stanza: main, window: 14d, schedule: {full: \"0 1 * * 0\"}, wal: {maxLag: 5m}}}\nlive: [{id: cleanup, enabled: true, filter: {prefix: orders/pgbackrest/backup/main/2026}, expiration: {days: 20}}]",
        instead: "backups: {physical: {engine: pgbackrest, prefix: pgbackrest/, stanza: main, window: 14d, schedule: {full: \"0 1 * * 0\"}, wal: {maxLag: 5m}}}\nlive: [{id: cleanup, enabled: true, filter: {prefix: orders/pgbackrest/backup/main/2026}, expiration: {days: 30}}]",
        when: "When the engine no longer writes there and the rule is to clear the rest away.",
    },
    check: Check::Observed(check),
};

fn check(policy: &LoadedPolicy, bucket: &BucketWish, observed: &Observed) -> Vec<Finding> {
    let Some(live) = super::lifecycle(bucket, observed) else { return Vec::new() };
    let mut out = Vec::new();
    for repository in repositories::of(policy, observed) {
        let needed = repository.chain_days();
        let backups = repository.place.backups();
        for rule in live.rules.iter().filter(|rule| repositories::meets(rule, &backups)) {
            let Some((days, said)) = repositories::expires(rule) else { continue };
            if needed.is_some_and(|needed| days >= needed) {
                continue;
            }
            let finding = Finding::error(format!("lifecycle rule `{}` of bucket `{}` breaks the chains of {}", rule.id, bucket.name, repository.says()));
            let needed =
                needed.map_or_else(|| "and only its engine knows what is still needed".to_owned(), |needed| format!("and chains are needed for {needed} d"));
            let finding = repository.mark(policy, finding).why(format!("it {said}, {needed}"));
            out.push(finding.instead("let the engine expire its backups; below a repository only remove noncurrent versions and abort uploads"));
        }
    }
    out
}
