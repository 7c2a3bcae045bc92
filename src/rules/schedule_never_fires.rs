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
        instead: "backups: {nightly: {schedule: {cron: \"0 3 * * *\"}}}",
        when: "Never: take the backup set or drill out instead.",
    },
    check: Check::Policy(check),
};

fn check(policy: &LoadedPolicy) -> Vec<Finding> {
    let spec = &policy.policy.spec;
    let backups = spec.backups.iter().map(|(name, set)| (format!("backup set `{name}`"), format!("/spec/backups/{name}/schedule"), &set.schedule));
    let drills = spec.drills.iter().map(|(name, drill)| (format!("drill `{name}`"), format!("/spec/drills/{name}/schedule"), &drill.schedule));
    let mut out: Vec<Finding> = backups.chain(drills).filter_map(|(of, pointer, schedule)| one(policy, &of, &pointer, schedule)).collect();
    for (name, set) in &spec.backups.physical {
        let Some(wish) = &set.schedule else { continue };
        for (kind, wish) in wish.each() {
            out.extend(one(policy, &format!("{kind} backups of `{name}`"), &format!("/spec/backups/{name}/schedule/{kind}"), &wish));
        }
    }
    out
}

fn one(policy: &LoadedPolicy, of: &str, pointer: &str, wish: &Schedule) -> Option<Finding> {
    // What waits for a next run fires; the walk that tells is remembered.
    if schedule::longest_wait(wish).is_some() {
        return None;
    }
    match schedule::read(wish) {
        Err(wrong) => {
            let finding = Finding::error(format!("the schedule of {of} cannot be read")).instead(wrong.instead);
            Some(policy.mark(finding, &format!("{pointer}/{}", wrong.field), wrong.why))
        }
        Ok(asked) if !asked.fires() => {
            let finding = Finding::error(format!("the schedule of {of} never fires"));
            let finding = policy.mark(finding, &format!("{pointer}/cron"), "no date matches this");
            Some(finding.why("what is never due is never missed either").instead("name a day that each of the months has"))
        }
        Ok(_) => None,
    }
}
