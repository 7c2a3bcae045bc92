//! Policies → what is wanted of each resource. Several policies may share one bucket: what they say of it is merged, or
//! a finding names both lines. Pure.

use std::collections::BTreeMap;

use crate::model::aspects::{Encryption, Versioning};
use crate::model::finding::Finding;
use crate::model::policy::{Access, Algorithm, Policy, PublicAccessWish, Role, Trust, UnsupportedWish, VersioningWish};
use crate::model::resource::{BucketWish, Desired, Purpose, ResourceWish, RoleWish, SetWish, Tenant};
use crate::policy::{Loaded, LoadedPolicy};
use crate::settings::bucket_lifecycle::{tag_value, tiers};

/// What is wanted, and what contradicts itself. `unfilled_keys` are the condition keys that the endpoint does not fill.
pub fn compile(loaded: &Loaded, unfilled_keys: &'static [&'static str]) -> (Desired, Vec<Finding>) {
    let mut findings = Vec::new();
    let mut buckets: BTreeMap<String, Shared<'_>> = BTreeMap::new();
    let mut roles: BTreeMap<String, (RoleWish, &LoadedPolicy, &'static str)> = BTreeMap::new();
    let evidence = loaded.repository.as_ref().and_then(|repository| repository.spec.evidence.as_ref());
    let evidence = evidence.map(|place| (place.bucket.clone(), place.prefix.clone()));
    for policy in &loaded.policies {
        findings.extend(unanswerable(policy));
        add_bucket(&mut buckets, policy, &mut findings);
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
    (Desired { resources: resources.collect(), digest: loaded.digest() }, findings)
}

/// A bucket with the policies that share it, the first one first.
type Shared<'a> = (BucketWish, Vec<&'a LoadedPolicy>);

fn bucket_wish(policy: &Policy) -> BucketWish {
    let storage = &policy.spec.storage;
    let encryption = storage.encryption.as_ref().map(|wish| Encryption {
        algorithm: match wish.algorithm {
            Algorithm::Aes256 => "AES256",
            Algorithm::Kms => "aws:kms",
        }
        .to_owned(),
        key: wish.key.clone(),
        bucket_key: wish.bucket_key,
        blocked_types: Vec::new(),
    });
    BucketWish {
        name: storage.bucket.clone(),
        account: storage.account.clone(),
        region: storage.region.clone(),
        endpoint: storage.endpoint.clone(),
        create: storage.create,
        versioning: match storage.versioning {
            VersioningWish::Enabled => Some(Versioning::Enabled),
            VersioningWish::Suspended => Some(Versioning::Suspended),
            VersioningWish::Unmanaged => None,
        },
        encryption,
        public_access: storage.public_access == PublicAccessWish::Blocked,
        tags: storage.tags.clone(),
        skip_unsupported: storage.unsupported == UnsupportedWish::Skip,
        not_taken: &[],
        tenants: vec![tenant(policy)],
    }
}

fn tenant(policy: &Policy) -> Tenant {
    let storage = &policy.spec.storage;
    let sets = policy.spec.backups.iter().map(|(name, set)| SetWish { name: name.0.clone(), retention: set.retention, classes: set.storage_classes.clone() });
    Tenant {
        policy: policy.metadata.name.0.clone(),
        prefix: storage.prefix.clone(),
        keep_days: storage.noncurrent.keep_days,
        abort_days: i32::try_from(storage.abort_incomplete_uploads.days_rounded_up()).unwrap_or(i32::MAX).max(1),
        sets: sets.collect(),
    }
}

fn add_bucket<'a>(buckets: &mut BTreeMap<String, Shared<'a>>, policy: &'a LoadedPolicy, findings: &mut Vec<Finding>) {
    let wish = bucket_wish(&policy.policy);
    if wish.encryption.as_ref().is_some_and(|encryption| encryption.algorithm == "AES256" && encryption.key.is_some()) {
        let finding = Finding::error("`AES256` has no key of yours").instead("write algorithm: aws:kms, or leave the key out");
        findings.push(policy.mark(finding, "/spec/storage/encryption/key", "S3 refuses a key here"));
    }
    let Some((first, owners)) = buckets.get_mut(&wish.name) else {
        buckets.insert(wish.name.clone(), (wish, vec![policy]));
        return;
    };
    let differing = [
        ("account", first.account != wish.account),
        ("region", first.region != wish.region),
        ("endpoint", first.endpoint != wish.endpoint),
        ("versioning", first.versioning != wish.versioning),
        ("encryption", first.encryption != wish.encryption),
        ("publicAccess", first.public_access != wish.public_access),
        ("unsupported", first.skip_unsupported != wish.skip_unsupported),
    ];
    for (field, _) in differing.iter().filter(|(_, differs)| *differs) {
        let finding = Finding::error(format!("two policies want different `{field}` on bucket `{}`", wish.name));
        let pointer = format!("/spec/storage/{field}");
        let says = |policy: &LoadedPolicy| match policy.value.pointer(&pointer) {
            Some(_) => format!("`{}` says this", policy.name),
            None => format!("`{}` leaves it out, which means the default", policy.name),
        };
        let finding = policy.mark(finding, &pointer, says(policy));
        let finding = owners.iter().take(1).fold(finding, |finding, owner| owner.mark(finding, &pointer, says(owner)));
        findings.push(finding.instead("make them agree, or give one of them a bucket of its own"));
    }
    for (key, value) in &wish.tags {
        let other = owners.iter().find(|owner| owner.policy.spec.storage.tags.get(key).is_some_and(|other| other != value));
        if let Some(other) = other {
            let finding = Finding::error(format!("two policies want different values of tag `{key}` on bucket `{}`", wish.name));
            let pointer = format!("/spec/storage/tags/{}", crate::policy::profile::escape(key));
            findings.push(other.mark(policy.mark(finding, &pointer, "this one"), &pointer, "and this one"));
        }
    }
    overlapping_prefix(&wish, policy, owners, findings);
    owners.push(policy);
    // One policy that forbids it is enough.
    first.create &= wish.create;
    first.tags.extend(wish.tags);
    first.tenants.extend(wish.tenants);
}

fn overlapping_prefix(wish: &BucketWish, policy: &LoadedPolicy, owners: &[&LoadedPolicy], findings: &mut Vec<Finding>) {
    let prefix = &policy.policy.spec.storage.prefix;
    for owner in owners {
        let other = &owner.policy.spec.storage.prefix;
        if !prefix.starts_with(other) && !other.starts_with(prefix) {
            continue;
        }
        let finding = Finding::error(format!("the prefixes of two policies overlap in bucket `{}`", wish.name));
        let finding = policy.mark(finding, "/spec/storage/prefix", format!("`{}` writes here", policy.name));
        let finding = owner.mark(finding, "/spec/storage/prefix", format!("`{}` writes here", owner.name));
        findings.push(finding.instead("give each policy a prefix that no other prefix begins with"));
    }
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
