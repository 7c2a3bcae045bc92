//! Policies → what is wanted of each resource. Several policies may share one bucket: what they say of it is merged, or
//! a finding names both lines. Pure.

use std::collections::BTreeMap;

use crate::model::finding::Finding;
use crate::model::policy::{Access, Algorithm, Policy, Role, Trust};
use crate::model::resource::{Desired, Purpose, ResourceWish, RoleWish};
use crate::policy::{Loaded, LoadedPolicy};
use crate::settings::bucket_lifecycle::{tag_value, tiers};

mod approvals;
mod bucket;

/// What is wanted, and what contradicts itself. `unfilled_keys` are the condition keys that the endpoint does not fill.
pub fn compile(loaded: &Loaded, unfilled_keys: &'static [&'static str]) -> (Desired, Vec<Finding>) {
    let mut findings = Vec::new();
    let mut buckets: BTreeMap<String, bucket::Shared<'_>> = BTreeMap::new();
    let mut roles: BTreeMap<String, (RoleWish, &LoadedPolicy, &'static str)> = BTreeMap::new();
    let evidence = loaded.repository.as_ref().and_then(|repository| repository.spec.evidence.as_ref());
    let evidence = evidence.map(|place| (place.bucket.clone(), place.prefix.clone()));
    let mut given = Vec::new();
    for policy in &loaded.policies {
        given.extend(approvals::read(policy, &mut findings));
        findings.extend(unanswerable(policy));
        bucket::add(&mut buckets, policy, &mut findings);
        if let Some(access) = &policy.policy.spec.access {
            needs_key_arn(policy, &mut findings);
            for (wish, pointer) in role_wishes(&policy.policy, access, evidence.as_ref(), unfilled_keys) {
                needs_account(policy, &wish, pointer, &mut findings);
                add_role(&mut roles, wish, policy, pointer, &mut findings);
            }
        }
    }
    let resources =
        buckets.into_values().map(|(bucket, _)| ResourceWish::Bucket(bucket)).chain(roles.into_values().map(|(role, _, _)| ResourceWish::Role(role)));
    let limits = loaded.repository.as_ref().map(|repository| repository.spec.limits).unwrap_or_default();
    (Desired { resources: resources.collect(), digest: loaded.digest(), approvals: given, limits }, findings)
}

type RoleAndPlace = (RoleWish, &'static str);

fn role_wishes(policy: &Policy, access: &Access, evidence: Option<&(String, String)>, unfilled_keys: &'static [&'static str]) -> Vec<RoleAndPlace> {
    let storage = &policy.spec.storage;
    let name = &policy.metadata.name.0;
    let values = policy.spec.backups.iter().flat_map(|(set, backup)| tiers(&backup.retention).into_iter().map(|(tier, _, _)| tag_value(name, &set.0, tier)));
    let values: Vec<String> = values.collect();
    let wish = |role: &Role, purpose: Purpose| RoleWish {
        name: role.role.clone(),
        policy: name.clone(),
        purpose,
        trust: role.trust.clone(),
        account: storage.account.clone(),
        bucket: storage.bucket.clone(),
        prefix: storage.prefix.clone(),
        sets: policy.spec.backups.keys().map(|set| set.0.clone()).collect(),
        tag_values: values.clone(),
        kms_key: storage.encryption.as_ref().and_then(|encryption| encryption.key.clone()),
        evidence: evidence.cloned(),
        unfilled_keys,
    };
    vec![
        (wish(&access.writer, Purpose::Writer), "/spec/access/writer"),
        (wish(&access.keeper, Purpose::Keeper), "/spec/access/keeper"),
        (wish(&access.restorer, Purpose::Restorer), "/spec/access/restorer"),
    ]
}

/// Checks that name a database which no set of their drill backs up: nobody could ever ask them.
fn unanswerable(policy: &LoadedPolicy) -> Vec<Finding> {
    let spec = &policy.policy.spec;
    let mut out = Vec::new();
    for (name, drill) in &spec.drills {
        let held: Vec<&String> = drill.backups.iter().filter_map(|set| spec.backups.get(set)).flat_map(|set| &set.databases).collect();
        for (at, check) in drill.checks.iter().enumerate() {
            let Some(database) = check.database.as_ref().filter(|database| !held.contains(database)) else { continue };
            let finding = Finding::error(format!("check `{}` asks database `{database}`, which no backup set of drill `{name}` holds", check.name));
            let finding = policy.mark(finding, &format!("/spec/drills/{name}/checks/{at}/database"), "nobody could ask this");
            let known: Vec<String> = held.iter().map(|database| format!("`{database}`")).collect();
            out.push(finding.instead(format!("its sets hold {}", known.join(", "))));
        }
    }
    out
}

/// A role can be granted a key only by the key's own ARN: an id says no account, and a grant on an alias grants nothing
/// (KMS developer guide, "Using aliases to control access").
fn needs_key_arn(policy: &LoadedPolicy, findings: &mut Vec<Finding>) {
    let encryption = policy.policy.spec.storage.encryption.as_ref().filter(|encryption| encryption.algorithm == Algorithm::Kms);
    let key = encryption.and_then(|encryption| encryption.key.as_deref());
    if key.is_some_and(|key| !(key.starts_with("arn:") && key.contains(":key/"))) {
        let finding = Finding::error("the key cannot be granted to the roles").why("the roles of `access` need the key's own ARN in their permissions");
        let finding = finding.instead("write the ARN of the key itself, as in arn:aws:kms:eu-west-1:111122223333:key/1234abcd-…");
        findings.push(policy.mark(finding, "/spec/storage/encryption/key", "an id or an alias"));
    }
}

fn needs_account(policy: &LoadedPolicy, wish: &RoleWish, pointer: &str, findings: &mut Vec<Finding>) {
    if wish.account.is_none() && wish.trust.iter().any(|trust| matches!(trust, Trust::Github(_))) {
        let finding = Finding::error("a GitHub trust needs `storage.account`").instead("write storage.account: its OIDC provider is the one that is trusted");
        findings.push(policy.mark(finding, &format!("{pointer}/trust"), "trusts the OIDC provider of an account that is not named"));
    }
}

fn add_role<'a>(
    roles: &mut BTreeMap<String, (RoleWish, &'a LoadedPolicy, &'static str)>,
    wish: RoleWish,
    policy: &'a LoadedPolicy,
    pointer: &'static str,
    findings: &mut Vec<Finding>,
) {
    if let Some((_, owner, other)) = roles.get(&wish.name) {
        let finding = Finding::error(format!("role `{}` is named twice", wish.name));
        let finding = policy.mark(finding, &format!("{pointer}/role"), "here");
        let finding = owner.mark(finding, &format!("{other}/role"), "and here");
        findings.push(finding.why("one role for two purposes may do what neither should").instead("give each purpose of each policy a role of its own"));
        return;
    }
    roles.insert(wish.name.clone(), (wish, policy, pointer));
}

#[cfg(test)]
mod tests;
