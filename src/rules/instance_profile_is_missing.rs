//! Rule `instance-profile-is-missing`.

use super::{Check, Rule, RuleDocs};
use crate::model::aspects::Names;
use crate::model::fact::Fact;
use crate::model::finding::{Finding, Level};
use crate::model::id::ResourceId;
use crate::model::policy::Trust;
use crate::model::request::ReadOp;
use crate::model::resource::{BucketWish, Observed};
use crate::policy::LoadedPolicy;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "instance-profile-is-missing",
    level: Level::Warning,
    since: "0.1.0",
    summary: "a trust names an instance profile that does not hold the role",
    docs: RuleDocs {
        checks: "That the instance profile which a trust names holds the role, by ListInstanceProfilesForRole.",
        why: "A machine of EC2 gets a role by its instance profile only (EC2 user guide, \"IAM roles for Amazon EC2\"): the trust alone lets nobody in.",
        example: "access: {restorer: {role: shop-restorer, trust: [{instanceProfile: restore-host}]}}\nliveProfiles: []",
        instead: "access: {restorer: {role: shop-restorer, trust: [{instanceProfile: restore-host}]}}\nliveProfiles: [restore-host]",
        when: "While the machine that will use it is not there yet.",
    },
    check: Check::Observed(check),
};

fn check(policy: &LoadedPolicy, _: &BucketWish, observed: &Observed) -> Vec<Finding> {
    let Some(access) = &policy.policy.spec.access else { return Vec::new() };
    let mut out = Vec::new();
    for (purpose, role) in access.named() {
        let seen = observed.resources.get(&ResourceId::Role(role.role.clone())).map(|seen| seen.fact(ReadOp::RoleProfiles));
        let Some(Fact::Known(holding)) = seen.map(|seen| seen.and_then(|found| found.to::<Names>().map_or(Fact::Absent, Fact::Known))) else { continue };
        for (at, trust) in role.trust.iter().enumerate() {
            let Trust::InstanceProfile(name) = trust else { continue };
            if holding.0.contains(name) {
                continue;
            }
            let finding = Finding::error(format!("instance profile `{name}` does not hold role `{}`", role.role));
            let finding = policy.mark(finding, &format!("/spec/access/{}/trust/{at}/instanceProfile", purpose.as_str()), "missing, or holds another role");
            let finding = finding.why("no machine of EC2 gets the role without it");
            out.push(finding.instead(format!("aws iam create-instance-profile --instance-profile-name {name}; then add-role-to-instance-profile")));
        }
    }
    out
}
