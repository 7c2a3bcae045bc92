//! Rule `minimum-storage-not-reached`.

use super::{Check, Rule, RuleDocs};
use crate::model::finding::{Finding, Level};
use crate::policy::LoadedPolicy;
use crate::settings::bucket_lifecycle::tiers;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "minimum-storage-not-reached",
    level: Level::Warning,
    since: "0.1.0",
    summary: "a tier leaves a storage class before the days that S3 bills at the least",
    docs: RuleDocs {
        checks: "That what moves to a storage class stays there for its minimum storage duration: until the next class, or until it expired and the time to undo is over (30 d in STANDARD_IA and ONEZONE_IA, 90 d in GLACIER_IR and GLACIER, 180 d in DEEP_ARCHIVE; S3 User Guide, storage-class-intro).",
        why: "S3 bills the rest of the minimum when an object leaves early. A move that was meant to save money then costs more than no move.",
        example: "backups: {nightly: {storageClasses: [{after: 90d, class: DEEP_ARCHIVE}]}}\nobjectives: {rpo: 26h, rto: 24h}",
        instead: "backups: {nightly: {storageClasses: [{after: 120d, class: DEEP_ARCHIVE}]}}\nobjectives: {rpo: 26h, rto: 24h}",
        when: "When the class is wanted for its price of storage however long it is billed.",
    },
    check: Check::Policy(check),
};

fn check(policy: &LoadedPolicy) -> Vec<Finding> {
    let spec = &policy.policy.spec;
    let undo = spec.storage.noncurrent.keep_days;
    let mut out = Vec::new();
    for (name, set) in &spec.backups {
        let steps: Vec<(i32, usize)> =
            set.storage_classes.iter().zip(0..).filter_map(|(step, at)| Some((i32::try_from(step.after.days_rounded_up()).ok()?, at))).collect();
        for (at, step) in set.storage_classes.iter().enumerate() {
            let Some((after, _)) = steps.iter().find(|(_, of)| *of == at) else { continue };
            let short = tiers(&set.retention).into_iter().filter(|(_, lives, _)| after < lives).find_map(|(tier, lives, _)| {
                let next = steps.iter().map(|(day, _)| *day).filter(|day| day > after && *day < lives).min();
                let stays = next.unwrap_or_else(|| lives.saturating_add(undo)) - after;
                (stays < step.class.minimum_days()).then_some((tier, stays))
            });
            let Some((tier, stays)) = short else { continue };
            let (class, least) = (step.class.as_str(), step.class.minimum_days());
            let finding = Finding::error(format!("tier {tier} of `{name}` stays in {class} for {stays} d, and S3 bills {least} d at the least"));
            let finding = policy.mark(finding, &format!("/spec/backups/{name}/storageClasses/{at}"), format!("moved here after {after} d"));
            let finding = finding.why(format!("{} d of each backup are paid for and not used", least - stays));
            out.push(finding.instead("move it later than this tier lives, or keep the tier for longer"));
        }
    }
    out
}
