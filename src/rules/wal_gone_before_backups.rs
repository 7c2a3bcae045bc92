//! Rule `wal-gone-before-backups`.

use super::{Check, Rule, RuleDocs, repositories};
use crate::model::finding::{Finding, Level};
use crate::model::resource::{BucketWish, Observed};
use crate::policy::LoadedPolicy;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "wal-gone-before-backups",
    level: Level::Warning,
    since: "0.1.0",
    summary: "WAL that expires by age sooner than the backups that need it",
    docs: RuleDocs {
        checks: "That no live lifecycle rule expires WAL of a physical repository by age while its backups live on, or live longer.",
        why: "Monthly backups that are kept for a year beside 14 days of WAL restore to their own end only, and only while the WAL from their start to their stop is kept: without it they are not consistent and restore to nothing. pgBackRest keeps just that WAL by `repo-retention-archive`; a rule by age keeps none of it.",
        example: "backups: {physical: {engine: pgbackrest, prefix: pgbackrest/, stanza: main, window: 14d, schedule: {full: \"0 1 * * 0\"}, wal: {maxLag: 5m}}}\nlive: [{id: cleanup, enabled: true, filter: {prefix: orders/pgbackrest/archive/main/15-1/0000000100000000/}, expiration: {days: 14}}]",
        instead: "backups: {physical: {engine: pgbackrest, prefix: pgbackrest/, stanza: main, window: 14d, schedule: {full: \"0 1 * * 0\"}, wal: {maxLag: 5m}}}\nlive: [{id: cleanup, enabled: true, filter: {prefix: orders/pgbackrest/archive/main/15-1/0000000100000000/}, noncurrent: {days: 30}}]",
        when: "When every backup is expired by its engine before its WAL is, with a margin.",
    },
    check: Check::Observed(check),
};

fn check(policy: &LoadedPolicy, bucket: &BucketWish, observed: &Observed) -> Vec<Finding> {
    let Some(live) = super::lifecycle(bucket, observed) else { return Vec::new() };
    let mut out = Vec::new();
    for repository in repositories::of(policy, observed) {
        let (backups, wal) = (repository.place.backups(), repository.place.wal());
        // Only a rule that takes every backup says how long they all live: others live on beside one that takes some of them.
        let whole = live.rules.iter().filter(|rule| repositories::covers(rule, &backups));
        let kept = whole.filter_map(repositories::expires).map(|(days, _)| days).min();
        for rule in live.rules.iter().filter(|rule| repositories::meets(rule, &wal)) {
            let Some((days, said)) = repositories::expires(rule).filter(|(days, _)| kept.is_none_or(|kept| kept > *days)) else { continue };
            let finding =
                Finding::error(format!("lifecycle rule `{}` of bucket `{}` takes the WAL of {} before its backups", rule.id, bucket.name, repository.says()));
            let finding = repository.mark(policy, finding).why(format!("it {said}: a backup older than {days} d restores to nothing, not even to its own end"));
            out.push(finding.instead("let the engine expire WAL: it keeps what each backup needs from its start to its stop"));
        }
    }
    out
}
