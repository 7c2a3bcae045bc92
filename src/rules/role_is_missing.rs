//! Rule `role-is-missing`.

use super::{Check, Rule, RuleDocs};
use crate::model::finding::{Finding, Level};
use crate::policy::LoadedPolicy;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "role-is-missing",
    level: Level::Warning,
    since: "0.1.0",
    summary: "`access` leaves out a role that the policy has work for",
    docs: RuleDocs {
        checks: "That `access`, where it is given, names a writer, a restorer and, where a set has `retention`, a keeper.",
        why: "A role that is left out is neither made nor compared: who does its work, and what else they may do, is then not known here. Backups that nobody may release outlive their retention, and drills and restores need somebody who may read.",
        example: "access: {keeper: null}",
        instead: "access: {keeper: {role: shop-keeper, trust: [{principal: \"arn:aws:iam::111122223333:role/keeper\"}]}}",
        when: "While roles that exist are taken over one by one (`lifeboat import --role`), or where others look after the role that is left out.",
    },
    check: Check::Policy(check),
};

fn check(policy: &LoadedPolicy) -> Vec<Finding> {
    let spec = &policy.policy.spec;
    let Some(access) = &spec.access else { return Vec::new() };
    let released: Vec<String> = spec.backups.keys().map(|set| format!("`{set}`")).collect();
    let wanted = [
        ("writer", access.writer.is_some(), "it writes the backups".to_owned()),
        ("keeper", access.keeper.is_some() || released.is_empty(), format!("it releases what the retention of {} no longer keeps", released.join(", "))),
        ("restorer", access.restorer.is_some(), "drills and restores read the backups as it".to_owned()),
    ];
    let missing = wanted.into_iter().filter(|(_, named, _)| !named);
    missing
        .map(|(purpose, _, work)| {
            let finding = policy.mark(Finding::error(format!("`access` has no {purpose}")), "/spec/access", "leaves it out");
            let finding = finding.why(format!("{work}, and a role that is left out is neither made nor compared"));
            finding.instead(format!("write {purpose}: {{role: NAME, trust: […]}}; `lifeboat import --role NAME` writes one that exists"))
        })
        .collect()
}
