//! Rule `schedule-never-fires`.

use super::{Check, Rule, RuleDocs, schedule};
use crate::model::finding::{Finding, Level};
use crate::model::policy::Schedule;
use crate::policy::LoadedPolicy;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "schedule-never-fires",
    level: Level::Error,
    since: "0.1.0",
    summary: "a schedule that cannot be read, or that no date ever matches",
    docs: RuleDocs {
        checks: "Every cron expression and time zone of backups and drills.",
        why: "A backup that is never due is never missed either: nobody notices until it is needed.",
        example: "backups: {nightly: {schedule: {cron: \"0 3 31 2 *\"}}}",
        instead: "backups: {nightly: {schedule: {cron: \"0 3 28 * *\"}}}\nobjectives: {rpo: 33d, rto: 1h}",
        when: "Never: take the backup set or drill out instead.",
    },
    check: Check::Policy(check),
};

fn check(policy: &LoadedPolicy) -> Vec<Finding> {
    let spec = &policy.policy.spec;
    let backups = spec.backups.iter().map(|(name, set)| (format!("/spec/backups/{name}/schedule"), &set.schedule));
    let drills = spec.drills.iter().map(|(name, drill)| (format!("/spec/drills/{name}/schedule"), &drill.schedule));
    backups.chain(drills).filter_map(|(pointer, schedule)| one(policy, &pointer, schedule)).collect()
}

fn one(policy: &LoadedPolicy, pointer: &str, wish: &Schedule) -> Option<Finding> {
    match schedule::read(wish) {
        Err(why) => {
            let field = if why.contains("time zone") { "timezone" } else { "cron" };
            Some(policy.mark(Finding::error("the schedule cannot be read").why(why), &format!("{pointer}/{field}"), "this"))
        }
        Ok(asked) if !asked.fires() => {
            let finding = Finding::error(format!("the schedule `{}` never fires", wish.cron));
            let finding = policy.mark(finding, &format!("{pointer}/cron"), "no date matches this");
            Some(finding.why("what is never due is never missed").instead("correct day and month"))
        }
        Ok(_) => None,
    }
}
