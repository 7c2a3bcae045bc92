//! Roles of other accounts that a policy names to be taken on, and what is wrong with them. Pure.

use std::collections::BTreeMap;

use crate::model::finding::{Finding, Level};
use crate::model::id::ResourceId;
use crate::model::policy::{Access, PrincipalArn, ReplicationWish};
use crate::model::resource::Elsewhere;
use crate::policy::LoadedPolicy;

/// What goes with a role that a policy names.
pub(super) fn elsewhere(policies: &[LoadedPolicy]) -> Elsewhere {
    let mut out = Elsewhere::default();
    for spec in policies.iter().map(|policy| &policy.policy.spec).filter(|spec| spec.storage.assume_role.is_some()) {
        out.accounts.extend(spec.storage.account.clone());
        out.resources.insert(ResourceId::Bucket(spec.storage.bucket.clone()));
        out.resources.extend(spec.access.iter().flat_map(Access::named).map(|(_, role)| ResourceId::Role(role.role.clone())));
    }
    out
}

/// What is wrong with the roles that one policy names.
pub(super) fn findings(policy: &LoadedPolicy) -> Vec<Finding> {
    let storage = &policy.policy.spec.storage;
    let mut out = Vec::new();
    if let Some(wish) = &storage.assume_role {
        for (field, role) in [("plan", &wish.plan), ("apply", &wish.apply)] {
            out.extend(of_account(policy, "/spec/storage", field, role, storage.account.as_ref()));
        }
        if wish.plan == wish.apply {
            let finding = Finding { level: Level::Warning, ..Finding::error("plan and apply take on the same role") };
            let finding = finding.why("whoever may plan, in a pull request too, may then change everything");
            let finding = policy.mark(finding, "/spec/storage/assumeRole", "one role for both");
            out.push(finding.instead("name a role that only reads for `plan`"));
        }
    }
    if let Some((replica, wish)) = storage.replication.as_ref().and_then(|replica| Some((replica, replica.assume_role.as_ref()?))) {
        out.extend(of_account(policy, "/spec/storage/replication", "role", &wish.role, replica.account.as_ref()));
    }
    out
}

/// A role that is taken on works in its own account: what is looked at elsewhere with it is somebody else's.
fn of_account(policy: &LoadedPolicy, of: &str, field: &str, role: &PrincipalArn, account: Option<&String>) -> Vec<Finding> {
    let at = format!("{of}/assumeRole/{field}");
    let mut out = Vec::new();
    if !role.0.contains(":role/") {
        let finding = Finding::error("a user cannot be taken on").instead("name a role, as in arn:aws:iam::444455556666:role/lifeboat-planner");
        out.push(policy.mark(finding, &at, "not a role"));
    }
    match account {
        Some(account) if role.0.contains(&format!(":{account}:")) => {}
        Some(account) => {
            let finding = Finding::error("the role to take on is of another account than the bucket");
            let finding = policy.mark(policy.mark(finding, &at, "this role"), &format!("{of}/account"), "and this account");
            out.push(finding.instead(format!("name a role of account {account}")));
        }
        None => {
            let finding = Finding::error("`assumeRole` needs `account`").why("whose bucket is meant is checked with every call");
            let field = of.trim_start_matches("/spec/").replace('/', ".");
            out.push(policy.mark(finding, &at, "of which account is the bucket?").instead(format!("write {field}.account")));
        }
    }
    out
}

/// One bucket is looked at with one role: policies that copy into the same replica must agree, and with the policy whose bucket it is.
pub(super) fn of_replicas(policies: &[LoadedPolicy]) -> Vec<Finding> {
    let owner = |bucket: &str| policies.iter().find(|policy| policy.policy.spec.storage.bucket == bucket);
    let mut first: BTreeMap<&str, (&LoadedPolicy, &ReplicationWish)> = BTreeMap::new();
    let mut out = Vec::new();
    for policy in policies {
        let Some(replica) = &policy.policy.spec.storage.replication else { continue };
        let at = "/spec/storage/replication/assumeRole";
        if let Some(owner) = owner(&replica.bucket).filter(|_| replica.assume_role.is_some()) {
            let finding = Finding::error(format!("bucket `{}` is that of policy `{}`, which says who looks at it", replica.bucket, owner.name));
            let finding = policy.mark(policy.mark(finding, at, "here too"), "/spec/storage/replication/bucket", "this bucket");
            out.push(owner.mark(finding, "/spec/storage/bucket", "and its policy").instead("take this `assumeRole` out, and write one into that policy"));
        }
        let (other, wish) = *first.entry(&replica.bucket).or_insert((policy, replica));
        if wish.assume_role != replica.assume_role {
            let finding = Finding::error(format!("two policies look at replica `{}` with different roles", replica.bucket));
            let finding = other.mark(policy.mark(finding, at, "this one"), at, "and this one");
            out.push(finding.instead("make them agree"));
        }
    }
    out
}
