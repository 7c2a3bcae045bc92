//! Policies → what is wanted of each resource. Several policies may share one bucket: what they say of it is merged, or
//! a finding names both lines. Pure.

use std::collections::BTreeMap;

use crate::model::finding::Finding;
use crate::model::resource::{Desired, ResourceWish};
use crate::policy::{Loaded, LoadedPolicy};

mod accounts;
mod approvals;
mod bucket;
mod physical;

/// What is wanted, and what contradicts itself. `unfilled_keys` are the condition keys that the endpoint does not fill.
pub fn compile(loaded: &Loaded, unfilled_keys: &'static [&'static str]) -> (Desired, Vec<Finding>) {
    let mut findings = Vec::new();
    let mut buckets: BTreeMap<String, bucket::Shared<'_>> = BTreeMap::new();
    let mut given = Vec::new();
    for policy in &loaded.policies {
        given.extend(approvals::read(policy, &mut findings));
        findings.extend(unanswerable(policy));
        findings.extend(physical::findings(policy));
        bucket::add(&mut buckets, policy, unfilled_keys, &mut findings);
    }
    findings.extend(bucket::logs_into_locked(&buckets));
    findings.extend(accounts::of_replicas(&loaded.policies));
    let mut roles = roles::Roles::of(loaded, unfilled_keys);
    findings.append(&mut roles.findings);
    let roles: Vec<_> = roles.wishes().collect();
    let providers = bootstrap::providers(&roles);
    let places = roles::places(loaded, &roles);
    let buckets = buckets.into_values().map(|(bucket, _)| ResourceWish::Bucket(bucket));
    let resources = buckets.chain(roles.into_iter().map(ResourceWish::Role)).chain(providers);
    let limits = loaded.repository.as_ref().map(|repository| repository.spec.limits).unwrap_or_default();
    let elsewhere = accounts::elsewhere(&loaded.policies);
    (Desired { resources: resources.collect(), digest: loaded.digest(), approvals: given, limits, roles: places, elsewhere }, findings)
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

mod bootstrap;
mod roles;

pub use bootstrap::bootstrap;

#[cfg(test)]
mod tests;
