//! Rule `rpo-shorter-than-schedule`.

use super::{Check, Rule, RuleDocs, archive_slower_than_rpo, schedule};
use crate::model::finding::{Finding, Level};
use crate::model::units::Span;
use crate::policy::LoadedPolicy;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "rpo-shorter-than-schedule",
    level: Level::Error,
    since: "0.1.0",
    summary: "the RPO promises less loss than the schedule can give",
    docs: RuleDocs {
        checks: "That for each database the longest wait between two backups of the set that covers it best is not above the RPO, over a whole year with its clock changes.",
        why: "A logical backup can only be restored to the moment of its snapshot: everything after it is lost. A promise that the schedule cannot keep is found out on the worst day.",
        example: "objectives: {rpo: 1h, rto: 1h}",
        instead: "objectives: {rpo: 26h, rto: 1h}",
        when: "Never: a promise that cannot be kept helps nobody. Promise less, or back up more often.",
    },
    check: Check::Policy(check),
};

fn check(policy: &LoadedPolicy) -> Vec<Finding> {
    let spec = &policy.policy.spec;
    let rpo = spec.objectives.rpo;
    let mut databases: Vec<&str> = spec.backups.values().flat_map(|set| set.databases.iter().map(String::as_str)).collect();
    databases.sort_unstable();
    databases.dedup();
    let mut out: Vec<Finding> = Vec::new();
    if databases.is_empty() {
        databases.push("the cluster");
    }
    // A physical set covers every database.
    let physical = spec.backups.physical.iter().filter_map(|(name, set)| {
        let (loss, field) = archive_slower_than_rpo::longest_loss(set)?;
        Some((loss.as_secs(), format!("/spec/backups/{name}/{field}")))
    });
    let physical: Vec<(u64, String)> = physical.collect();
    for database in databases {
        let covering = spec.backups.iter().filter(|(_, set)| set.databases.iter().any(|name| name == database));
        let waits = covering.filter_map(|(name, set)| Some((schedule::longest_wait(&set.schedule)?, format!("/spec/backups/{name}/schedule/cron"))));
        let Some((wait, pointer)) = waits.chain(physical.iter().cloned()).min() else { continue };
        if wait <= rpo.as_secs() {
            continue;
        }
        let longest = Span::seconds(wait);
        let finding = Finding::error(format!("objective rpo is {rpo}, but backups of `{database}` can be {longest} apart"));
        let finding = policy.mark(finding, "/spec/objectives/rpo", "promised here");
        let finding = policy.mark(finding, &pointer, format!("the set that covers `{database}` best: the longest wait of a year is {longest}"));
        out.push(
            finding
                .why(format!("up to {longest} of data would be lost, {} the promise", times(wait, rpo.as_secs())))
                .instead(format!("back up more often, or promise rpo: {}", Span::seconds(wait.div_ceil(3_600) * 3_600 + 3_600))),
        );
    }
    out
}

fn times(wait: u64, promised: u64) -> String {
    match wait / promised.max(1) {
        0 | 1 => "more than".to_owned(),
        number => format!("{number} times"),
    }
}
