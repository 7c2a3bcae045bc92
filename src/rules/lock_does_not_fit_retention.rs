//! Rule `lock-does-not-fit-retention`.

use super::{Check, Rule, RuleDocs};
use crate::model::finding::{Finding, Level};
use crate::policy::LoadedPolicy;
use crate::settings::bucket_lifecycle::tiers;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "lock-does-not-fit-retention",
    level: Level::Warning,
    since: "0.1.0",
    summary: "an object lock that outlives the shortest tier, or ends within the days that every backup is kept",
    docs: RuleDocs {
        checks: "That the lock of the bucket, in days from the upload, is not longer than the shortest tier lives with its time to undo, and not shorter than the days for which every backup is kept anyway (`recent`).",
        why: "A locked version cannot be removed: a lock that is longer than a tier keeps, and bills, every backup of it until the lock ends. One that ends sooner than the shortest promise leaves the newest backups, the ones that a restore needs, open to whoever gets at the bucket.",
        example: "storage: {objectLock: {mode: governance, days: 365, iUnderstand: cannot be undone}}",
        instead: "storage: {objectLock: {mode: governance, days: 30, iUnderstand: cannot be undone}}",
        when: "When a regulator asks for one length for everything that is stored.",
    },
    check: Check::Policy(check),
};

fn check(policy: &LoadedPolicy) -> Vec<Finding> {
    let spec = &policy.policy.spec;
    let Some(lock) = &spec.storage.object_lock else { return Vec::new() };
    // S3 counts a year of a lock as 365 days.
    let days = lock.days.or_else(|| lock.years.map(|years| years.saturating_mul(365))).unwrap_or(0);
    let undo = spec.storage.noncurrent.keep_days;
    let mut out = Vec::new();
    for (name, set) in &spec.backups {
        let Some((tier, lives, _)) = tiers(&set.retention).into_iter().min_by_key(|(_, lives, _)| *lives) else { continue };
        let gone = lives.saturating_add(undo);
        let recent = i32::try_from(set.retention.recent.days_rounded_up()).unwrap_or(i32::MAX);
        let (said, why, instead) = if days > gone {
            let why = format!("each backup of tier {tier} stays, and is billed, for {} d after it should be gone", days - gone);
            (
                format!("the lock of {days} d outlives tier {tier} of `{name}`"),
                why,
                format!("lock for {gone} d at the most, or give the set a bucket of its own"),
            )
        } else if days < recent {
            let why = format!("for {} d backups that are still promised can be removed by whoever gets at the bucket", recent - days);
            (
                format!("the lock of {days} d ends before the {recent} d for which every backup of `{name}` is kept"),
                why,
                format!("lock for {recent} d at the least"),
            )
        } else {
            continue;
        };
        let finding = policy.mark(Finding::error(said), "/spec/storage/objectLock", format!("{days} d from the upload"));
        let finding = policy.mark(finding, &format!("/spec/backups/{name}/retention"), format!("tier {tier} lives {lives} d, and {undo} d more to undo"));
        out.push(finding.why(why).instead(instead));
    }
    out
}
