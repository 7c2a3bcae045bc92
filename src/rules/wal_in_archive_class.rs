//! Rule `wal-in-archive-class`.

use super::{Check, Rule, RuleDocs, repositories};
use crate::model::finding::{Finding, Level};
use crate::model::resource::{BucketWish, Observed};
use crate::policy::LoadedPolicy;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "wal-in-archive-class",
    level: Level::Warning,
    since: "0.1.0",
    summary: "WAL that moves to a class from which nothing can be read before it is thawed",
    docs: RuleDocs {
        checks: "That no live lifecycle rule moves the WAL of a physical repository to GLACIER or DEEP_ARCHIVE. The archive tiers of INTELLIGENT_TIERING are set object by object elsewhere and are not looked at.",
        why: "A recovery reads one segment after the other: a day of WAL is thousands of objects of 16 MB, each to be asked for and waited on for hours, and no engine asks by itself (S3 User Guide, restoring-objects-retrieval-options).",
        example: "backups: {physical: {engine: pgbackrest, prefix: pgbackrest/, stanza: main, window: 14d, schedule: {full: \"0 1 * * 0\"}, wal: {maxLag: 5m}}}\nlive: [{id: cleanup, enabled: true, filter: {prefix: orders/pgbackrest/archive/}, transitions: [{days: 30, class: GLACIER}]}]",
        instead: "backups: {physical: {engine: pgbackrest, prefix: pgbackrest/, stanza: main, window: 14d, schedule: {full: \"0 1 * * 0\"}, wal: {maxLag: 5m}}}\nlive: [{id: cleanup, enabled: true, filter: {prefix: orders/pgbackrest/archive/}, transitions: [{days: 30, class: GLACIER_IR}]}]",
        when: "Never for WAL that is to be replayed.",
    },
    check: Check::Observed(check),
};

fn check(policy: &LoadedPolicy, bucket: &BucketWish, observed: &Observed) -> Vec<Finding> {
    let Some(live) = super::lifecycle(bucket, observed) else { return Vec::new() };
    let mut out = Vec::new();
    for repository in repositories::of(policy, observed) {
        let wal = repository.place.wal();
        let meeting = live.rules.iter().filter(|rule| repositories::meets(rule, &wal));
        for (rule, class) in meeting.flat_map(|rule| repositories::archives(rule).map(move |class| (rule, class))) {
            let finding = Finding::error(format!("lifecycle rule `{}` of bucket `{}` moves WAL of {} to {class}", rule.id, bucket.name, repository.says()));
            let finding = repository.mark(policy, finding).why("thousands of segments would have to be thawed one by one before anything can be replayed");
            out.push(finding.instead("keep that rule off the WAL, or use GLACIER_IR, which reads in milliseconds"));
        }
    }
    out
}
