//! Rule `promotion-impossible`.

use super::{Check, Rule, RuleDocs, schedule};
use crate::catalog::retention::Tier;
use crate::model::finding::{Finding, Level};
use crate::model::units::Span;
use crate::policy::LoadedPolicy;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "promotion-impossible",
    level: Level::Warning,
    since: "0.1.0",
    summary: "a retention that the schedule cannot fill",
    docs: RuleDocs {
        checks: "That backups are taken at least as often as the periods that the retention counts: one a day for `daily`, one a week for `weekly`, and so on, by the longest wait of a year.",
        why: "A tier takes the first complete backup of its period. A period without a backup leaves its place empty, so fewer restore points are kept than the policy reads like.",
        example: "backups: {nightly: {schedule: {cron: \"15 2 * * 0\", timezone: Europe/Berlin}}}\nobjectives: {rpo: 8d, rto: 1h}",
        instead: "backups: {nightly: {retention: {recent: 3d, daily: 14, weekly: 12}}}",
        when: "While a set changes from one schedule to another.",
    },
    check: Check::Policy(check),
};

/// A day of 25 h is one day.
const CLOCK_CHANGE: u64 = 3_600;

fn check(policy: &LoadedPolicy) -> Vec<Finding> {
    let mut out = Vec::new();
    for (name, set) in &policy.policy.spec.backups {
        let Some(wait) = schedule::longest_wait(&set.schedule) else { continue };
        let is_short = |days: i32| wait > u64::try_from(days).unwrap_or(0) * 86_400 + CLOCK_CHANGE;
        let short = |tier: Tier| tier.count(&set.retention).filter(|(_, days)| is_short(*days)).map(|(count, _)| (tier.as_str(), count));
        let empty: Vec<(&str, i32)> = Tier::PERIODS.into_iter().filter_map(short).collect();
        if empty.is_empty() {
            continue;
        }
        let longest = Span::seconds(wait);
        let said: Vec<String> = empty.iter().map(|(tier, count)| format!("{count} of tier {tier}")).collect();
        let finding = Finding::error(format!("`{name}` is to keep {}, but its backups can be {longest} apart", said.join(" and ")));
        let place =
            |finding, (tier, _): &(&str, i32)| policy.mark(finding, &format!("/spec/backups/{name}/retention/{tier}"), "most of these places stay empty");
        let finding = empty.iter().fold(finding, place);
        let finding = policy.mark(finding, &format!("/spec/backups/{name}/schedule/cron"), format!("the longest wait of a year is {longest}"));
        out.push(finding.why("fewer restore points are kept than the policy reads like").instead("back up more often, or count longer periods"));
    }
    out
}
