//! What the policies want of a bucket: one wish of all that share it, and what of it cannot be.
//!
//! A contradiction is a finding that names both lines; one policy never silently wins over another.

use std::collections::BTreeMap;

use super::accounts;
use crate::model::aspects::{AccessLog, Encryption, LockMode, LockRetention, Ownership, Versioning};
use crate::model::document::Document;
use crate::model::finding::{Finding, Level};
use crate::model::policy::{
    Algorithm, BucketPolicyWish, LifecycleWish, LockModeWish, LockWish, OwnershipWish, Policy, PublicAccessWish, ReplicationWish, Storage, UnsupportedWish,
    VersioningWish,
};
use crate::model::resource::{BucketWish, Guard, LockWanted, Replica, SetWish, Tenant};
use crate::policy::LoadedPolicy;

/// A bucket with the policies that share it, the first one first.
pub(super) type Shared<'a> = (BucketWish, Vec<&'a LoadedPolicy>);

fn bucket_wish(policy: &Policy, unfilled_keys: &'static [&'static str]) -> BucketWish {
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
        guard: guard(storage, unfilled_keys),
        object_lock: storage.object_lock.as_ref().map(lock),
        replication: storage.replication.as_ref().map(replica),
        access_log: storage.access_log.as_ref().map(|log| AccessLog {
            bucket: log.bucket.clone(),
            prefix: log.prefix.clone(),
            grants: Vec::new(),
            key_format: None,
        }),
        tags: storage.tags.clone(),
        skip_unsupported: storage.unsupported == UnsupportedWish::Skip,
        not_taken: &[],
        tenants: vec![tenant(policy)],
    }
}

fn guard(storage: &Storage, unfilled_keys: &'static [&'static str]) -> Option<Guard> {
    let changed_by = storage.settings_changed_by.iter().flatten().map(|arn| arn.0.clone()).collect();
    (storage.bucket_policy == BucketPolicyWish::Managed).then_some(Guard { transport: storage.transport, changed_by, unfilled_keys })
}

/// What the bucket policy cannot be, and what its author should know of it.
fn guard_findings(policy: &LoadedPolicy) -> Vec<Finding> {
    let storage = &policy.policy.spec.storage;
    let mut out = Vec::new();
    if storage.bucket_policy == BucketPolicyWish::Unmanaged {
        let asked = [("transport", storage.transport.is_some()), ("settingsChangedBy", storage.settings_changed_by.is_some())];
        for (field, _) in asked.iter().filter(|(_, asked)| *asked) {
            let finding = Finding::error(format!("`{field}` is written into the bucket policy, which is unmanaged"));
            let finding = policy.mark(finding, &format!("/spec/storage/{field}"), "nobody would write this");
            out.push(policy.mark(finding, "/spec/storage/bucketPolicy", "because of this").instead("take one of the two out"));
        }
    }
    let plain = storage.endpoint.as_ref().is_some_and(|endpoint| endpoint.starts_with("http://"));
    if plain && storage.transport.is_some_and(|transport| transport.tls_only) {
        let finding = Finding::error("the endpoint has no TLS, and requests without TLS would be refused").why("nobody could reach the bucket any more");
        let finding = policy.mark(policy.mark(finding, "/spec/storage/transport", "refuses plain HTTP"), "/spec/storage/endpoint", "plain HTTP");
        out.push(finding.instead("write an endpoint with https://, or take `transport` out"));
    }
    if storage.settings_changed_by.is_some() {
        let finding = Finding { level: Level::Warning, ..Finding::error("who is not named here is locked out of the settings, lifeboat too") };
        let finding = finding.why("only the root user of the account can take the statement away again (S3 User Guide, PutBucketPolicy)");
        out.push(policy.mark(finding.instead("make sure that the role of `lifeboat apply` is among them"), "/spec/storage/settingsChangedBy", "the only ones"));
    }
    out
}

fn lock(wish: &LockWish) -> LockWanted {
    let mode = match wish.mode {
        LockModeWish::Governance => LockMode::Governance,
        LockModeWish::Compliance => LockMode::Compliance,
    };
    LockWanted { retention: LockRetention { mode, days: wish.days, years: wish.years }, understood: wish.i_understand.is_some() }
}

/// What a lock needs, and what must be said before nobody can take it away.
fn lock_findings(policy: &LoadedPolicy) -> Vec<Finding> {
    let storage = &policy.policy.spec.storage;
    let mut out = Vec::new();
    let at = "/spec/storage/objectLock";
    if let Some(lock) = &storage.object_lock {
        if lock.days.is_some() == lock.years.is_some() {
            let finding = Finding::error("an object lock has days or years").instead("write one of the two, as in {mode: governance, days: 14}");
            out.push(policy.mark(finding, at, "S3 takes exactly one of them"));
        }
        if lock.mode == LockModeWish::Compliance && lock.i_understand.is_none() {
            let finding =
                Finding::error("a lock in compliance mode cannot be broken by anybody").why("what is locked stays and costs until its day, whoever asks");
            out.push(policy.mark(finding.instead("write iUnderstand: \"cannot be undone\" beside it"), at, "nobody said that this is known"));
        }
        if storage.versioning != VersioningWish::Enabled {
            let finding = Finding::error("object lock needs versioning").why("S3 locks versions, and refuses the lock otherwise (InvalidBucketState)");
            let finding = policy.mark(policy.mark(finding, at, "this one"), "/spec/storage/versioning", "and this one");
            out.push(finding.instead("write versioning: enabled"));
        }
    }
    if storage.access_log.as_ref().is_some_and(|log| log.bucket == storage.bucket) {
        let finding = Finding::error("the access log of a bucket into itself logs its own writing, for ever").instead("name a bucket for logs");
        out.push(policy.mark(finding, "/spec/storage/accessLog/bucket", "the bucket that is logged"));
    }
    out
}

fn replica(wish: &ReplicationWish) -> Replica {
    Replica {
        bucket: wish.bucket.clone(),
        account: wish.account.clone(),
        region: wish.region.clone(),
        role: wish.role.0.clone(),
        kms_key: wish.kms_key.clone(),
        storage_class: wish.storage_class.map(|class| class.as_str().to_owned()),
    }
}

/// What S3 would refuse of a replication, or quietly not copy.
fn replication_findings(policy: &LoadedPolicy) -> Vec<Finding> {
    let storage = &policy.policy.spec.storage;
    let Some(wish) = &storage.replication else { return Vec::new() };
    let at = "/spec/storage/replication";
    let mut out = Vec::new();
    if wish.bucket == storage.bucket {
        let finding = Finding::error("a bucket cannot be its own replica").instead("name a bucket in another region and account");
        out.push(policy.mark(finding, &format!("{at}/bucket"), "the bucket that is copied"));
    }
    if storage.versioning != VersioningWish::Enabled {
        let finding = Finding::error("replication needs versioning").why("S3 copies versions, and refuses the rule otherwise (InvalidRequest)");
        let finding = policy.mark(policy.mark(finding, at, "this one"), "/spec/storage/versioning", "and this one");
        out.push(finding.instead("write versioning: enabled"));
    }
    if let Some(account) = storage.account.as_ref().filter(|account| !wish.role.0.contains(&format!(":{account}:"))) {
        let finding = Finding::error("the role that copies is of another account than the bucket")
            .why("a role is handed to S3 by a caller of its own account only (IAM user guide, iam:PassRole)");
        let finding = policy.mark(policy.mark(finding, &format!("{at}/role"), "this role"), "/spec/storage/account", "and this account");
        out.push(finding.instead(format!("name a role of account {account}")));
    }
    let kms = storage.encryption.as_ref().is_some_and(|encryption| encryption.algorithm == Algorithm::Kms);
    if kms && wish.kms_key.is_none() {
        let finding = Finding::error("backups under a KMS key would not be copied").why("S3 leaves them out unless the rule names a key for the copies");
        let finding = policy.mark(policy.mark(finding, at, "names no kmsKey"), "/spec/storage/encryption/algorithm", "encrypts with a KMS key");
        out.push(finding.instead("write kmsKey: the ARN of a key in the region of the replica"));
    }
    out
}

/// A log cannot be delivered into a bucket with object lock (S3 User Guide, object-lock-managing).
pub(super) fn logs_into_locked(buckets: &BTreeMap<String, Shared<'_>>) -> Vec<Finding> {
    let locked = |name: &str| buckets.get(name).filter(|(bucket, _)| bucket.object_lock.is_some()).and_then(|(_, owners)| owners.first());
    let logged = buckets.values().flat_map(|(_, owners)| owners);
    let wrong = logged.filter_map(|policy| Some((policy, locked(&policy.policy.spec.storage.access_log.as_ref()?.bucket)?)));
    wrong
        .map(|(policy, owner)| {
            let finding = Finding::error("an access log cannot go into a bucket with object lock").instead("name another bucket for logs");
            owner.mark(policy.mark(finding, "/spec/storage/accessLog/bucket", "this bucket"), "/spec/storage/objectLock", "is locked here")
        })
        .collect()
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
        rto: policy.spec.objectives.rto,
        sets: sets.collect(),
        repositories: policy.spec.backups.physical.iter().map(|(name, set)| (name.0.clone(), format!("{}{}", storage.prefix, set.prefix))).collect(),
    }
}

/// Adds what one policy wants of its bucket, and says where it contradicts the policies before it.
pub(super) fn add<'a>(
    buckets: &mut BTreeMap<String, Shared<'a>>,
    policy: &'a LoadedPolicy,
    unfilled_keys: &'static [&'static str],
    findings: &mut Vec<Finding>,
) {
    let wish = bucket_wish(&policy.policy, unfilled_keys);
    findings.extend(guard_findings(policy));
    findings.extend(lock_findings(policy));
    findings.extend(replication_findings(policy));
    findings.extend(accounts::findings(policy));
    if wish.encryption.as_ref().is_some_and(|encryption| encryption.algorithm == "AES256" && encryption.key.is_some()) {
        let finding = Finding::error("`AES256` has no key of yours").instead("write algorithm: aws:kms, or leave the key out");
        findings.push(policy.mark(finding, "/spec/storage/encryption/key", "S3 refuses a key here"));
    }
    let Some((first, owners)) = buckets.get_mut(&wish.name) else {
        buckets.insert(wish.name.clone(), (wish, vec![policy]));
        return;
    };
    let guards = (first.guard.as_ref(), wish.guard.as_ref());
    let guards_differ = |of: fn(&Guard) -> Document| matches!(guards, (Some(a), Some(b)) if of(a) != of(b));
    let differing = [
        ("account", first.account != wish.account),
        ("assumeRole", owners.first().is_some_and(|owner| owner.policy.spec.storage.assume_role != policy.policy.spec.storage.assume_role)),
        ("region", first.region != wish.region),
        ("endpoint", first.endpoint != wish.endpoint),
        ("versioning", first.versioning != wish.versioning),
        ("encryption", first.encryption != wish.encryption),
        ("publicAccess", first.public_access != wish.public_access),
        ("unsupported", first.skip_unsupported != wish.skip_unsupported),
        ("ownership", first.ownership != wish.ownership),
        ("objectLock", first.object_lock != wish.object_lock),
        ("accessLog", first.access_log != wish.access_log),
        ("replication", first.replication != wish.replication),
        ("bucketPolicy", guards.0.is_some() != guards.1.is_some()),
        ("transport", guards_differ(|guard| Document::of(&guard.transport))),
        ("settingsChangedBy", guards_differ(|guard| Document::of(&guard.changed_by))),
    ];
    for (field, _) in differing.iter().filter(|(_, differs)| *differs) {
        let finding = Finding::error(format!("two policies want different `{field}` on bucket `{}`", wish.name));
        let pointer = format!("/spec/storage/{field}");
        let says = |policy: &LoadedPolicy| match policy.value().pointer(&pointer) {
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
