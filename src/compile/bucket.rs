//! What the policies want of a bucket: one wish of all that share it, and what of it cannot be.
//!
//! A contradiction is a finding that names both lines; one policy never silently wins over another.

use std::collections::BTreeMap;

use crate::model::aspects::{Encryption, Ownership, Versioning};
use crate::model::finding::Finding;
use crate::model::policy::{Algorithm, LifecycleWish, OwnershipWish, Policy, PublicAccessWish, UnsupportedWish, VersioningWish};
use crate::model::resource::{BucketWish, SetWish, Tenant};
use crate::policy::LoadedPolicy;

/// A bucket with the policies that share it, the first one first.
pub(super) type Shared<'a> = (BucketWish, Vec<&'a LoadedPolicy>);

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
        ownership: (storage.ownership == OwnershipWish::BucketOwnerEnforced).then_some(Ownership::BucketOwnerEnforced),
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
        lifecycle: storage.lifecycle == LifecycleWish::Managed,
        keep_days: storage.noncurrent.keep_days,
        abort_days: i32::try_from(storage.abort_incomplete_uploads.days_rounded_up()).unwrap_or(i32::MAX).max(1),
        sets: sets.collect(),
    }
}

/// Adds what one policy wants of its bucket, and says where it contradicts the policies before it.
pub(super) fn add<'a>(buckets: &mut BTreeMap<String, Shared<'a>>, policy: &'a LoadedPolicy, findings: &mut Vec<Finding>) {
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
        ("ownership", first.ownership != wish.ownership),
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
