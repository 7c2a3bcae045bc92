//! Rule `archive-slower-than-rpo`.

use super::{Check, Rule, RuleDocs, schedule};
use crate::model::finding::{Finding, Level};
use crate::model::policy::{PhysicalSet, Schedule};
use crate::model::units::Span;
use crate::policy::LoadedPolicy;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "archive-slower-than-rpo",
    level: Level::Error,
    since: "0.1.0",
    summary: "a physical set promises less loss than its archive, or its schedule, can give",
    docs: RuleDocs {
        checks: "That the RPO of a physical set is not below `wal.maxLag`, nor, without an archive of WAL, below the longest wait between two backups.",
        why: "What is not archived yet is lost with the server. `wal.maxLag` is the age of the archive that nobody is told of.",
        example: "backups: {physical: {engine: wal-g, prefix: wal-g/, objectives: {rpo: 1m}, wal: {maxLag: 5m}}}",
        instead: "backups: {physical: {engine: wal-g, prefix: wal-g/, objectives: {rpo: 5m}, wal: {maxLag: 5m}}}",
        when: "Never: a promise that cannot be kept helps nobody.",
    },
    check: Check::Policy(check),
};

fn check(policy: &LoadedPolicy) -> Vec<Finding> {
    let mut out = Vec::new();
    for (name, set) in &policy.policy.spec.backups.physical {
        let (Some(rpo), Some((loss, at))) = (set.rpo(), longest_loss(set)) else { continue };
        if loss <= rpo {
            continue;
        }
        let finding = Finding::error(format!("`{name}` promises rpo {rpo}, and up to {loss} can be lost before anybody is told"));
        let finding = policy.mark(finding, &format!("/spec/backups/{name}/objectives/rpo"), "promised here");
        let finding = policy.mark(finding, &format!("/spec/backups/{name}/{at}"), format!("allows {loss}"));
        out.push(finding.why("what is not in the bucket is lost with the server").instead(format!("promise rpo: {loss}, or be told sooner")));
    }
    out
}

/// The longest loss that a physical set allows, and the field that says it: the lag of its archive, else the wait between two backups.
pub(super) fn longest_loss(set: &PhysicalSet) -> Option<(Span, &'static str)> {
    if let Some(wal) = &set.wal {
        return Some((wal.max_lag, "wal/maxLag"));
    }
    let schedules: Vec<Schedule> = set.schedule.as_ref()?.each().map(|(_, wish)| wish).collect();
    Some((Span::seconds(schedule::longest_wait_of(&schedules)?), "schedule"))
}
