//! Settings: what is written reads back in canonical form, through the very table that plans use.

use std::collections::{BTreeMap, BTreeSet};

use super::{Found, Subject, fails, read, same};
use crate::model::aspects::{AccessLog, Encryption, Existence, LockMode, LockRetention, ObjectLock, Ownership, Versioning};
use crate::model::document::Document;
use crate::model::fact::Fact;
use crate::model::id::ResourceId;
use crate::model::policy::{ClassStep, GithubTrust, Retention, StorageClass, TlsVersion, TransportWish, Trust};
use crate::model::request::{ReadOp, Request, RequestOp};
use crate::model::resource::{
    BoundaryWish, BucketWish, Guard, LockWanted, ObservedResource, Partition, ProviderWish, Purpose, Replica, ResourceWish, RoleWish, SetWish, Tenant,
};
use crate::model::units::Span;
use crate::ports::{Kind, Ports};
use crate::settings::{self, Setting};

/// The bucket itself, and that it cannot be made again.
pub(super) async fn bucket(ports: &Ports, subject: &Subject) -> Found {
    let setting = settings::by_id("bucket-exists").ok_or("no such setting")?;
    let wish = wish(subject, Versioning::Enabled, None);
    write(ports, setting, &wish).await?;
    let want = (setting.want)(&wish).ok_or("nothing wanted")?;
    let again = (setting.requests)(&wish.id(), &Fact::Absent, &want);
    let again = again.first().ok_or("a missing bucket needs no request")?;
    fails("making it again", ports.cloud.send(again).await, Kind::Exists)
}

/// Every setting of the table, with the values that policies can ask for.
pub(super) async fn settings(ports: &Ports, subject: &Subject) -> Vec<(String, Found)> {
    let kms = Encryption { algorithm: "aws:kms".to_owned(), key: Some("alias/lifeboat".to_owned()), bucket_key: true, blocked_types: Vec::new() };
    let aes = Encryption { algorithm: "AES256".to_owned(), key: None, bucket_key: false, blocked_types: Vec::new() };
    let mut other = role(subject, Purpose::Writer);
    other.boundary = BoundaryWish::Policy("arn:aws:iam::aws:policy/ReadOnlyAccess".to_owned());
    other.trust = vec![Trust::Github(GithubTrust { repository: "acme/dr".to_owned(), environment: Some("dr-writer".to_owned()), event: None, r#ref: None })];
    let wishes = [
        ("as most want it", wish(subject, Versioning::Enabled, Some(aes.clone()))),
        ("as few want it", wish(subject, Versioning::Suspended, Some(kms))),
        ("as most want it, again", wish(subject, Versioning::Enabled, Some(aes))),
        ("without storage classes", without_classes(wish(subject, Versioning::Enabled, None))),
        ("writer", ResourceWish::Role(role(subject, Purpose::Writer))),
        ("keeper", ResourceWish::Role(role(subject, Purpose::Keeper))),
        ("restorer", ResourceWish::Role(role(subject, Purpose::Restorer))),
        ("writer of another", ResourceWish::Role(other)),
        ("of an issuer", ResourceWish::Provider(provider(subject))),
    ];
    let mut out = Vec::new();
    for (name, wish) in &wishes {
        let wanted = settings::of_kind(wish.id().kind()).filter(|setting| setting.id != "bucket-exists" && (setting.want)(wish).is_some());
        for setting in wanted {
            out.push((format!("{} {name}", setting.id), write(ports, setting, wish).await));
        }
    }
    out
}

/// Replication into a second bucket, made for it.
pub(super) async fn replicates(ports: &Ports, subject: &Subject) -> Vec<(String, Found)> {
    let replica = Replica {
        bucket: format!("{}-replica", subject.bucket),
        account: None,
        region: subject.region.clone(),
        role: "arn:aws:iam::000000000000:role/dr-replicator".to_owned(),
        kms_key: None,
        storage_class: Some("STANDARD_IA".to_owned()),
    };
    let key = "arn:aws:kms:eu-west-1:000000000000:key/1234abcd".to_owned();
    let elsewhere = Replica { account: Some("444455556666".to_owned()), kms_key: Some(key), storage_class: None, ..replica.clone() };
    let target = ResourceId::Bucket(replica.bucket.clone());
    let made = Request { op: RequestOp::CreateBucket, target: target.clone(), body: Document::of(&Existence { region: Some(subject.region.clone()) }) };
    let versioned = Request { op: RequestOp::PutBucketVersioning, target, body: Document::of(&Versioning::Enabled) };
    let mut out = Vec::new();
    for request in [made, versioned] {
        if let Err(error) = ports.cloud.send(&request).await {
            out.push(("bucket-replication".to_owned(), Err(error.to_string())));
        }
    }
    let Some(setting) = settings::by_id("bucket-replication") else { return out };
    for (name, replica) in [("to another class", replica), ("to another account and key", elsewhere)] {
        if let ResourceWish::Bucket(bucket) = wish(subject, Versioning::Enabled, None) {
            let wish = ResourceWish::Bucket(BucketWish { replication: Some(replica), ..bucket });
            out.push((format!("bucket-replication {name}"), write(ports, setting, &wish).await));
        }
    }
    out
}

/// Object lock, last of all: nothing takes it away again, and the versioning that it needs cannot be suspended.
pub(super) async fn locks(ports: &Ports, subject: &Subject) -> Vec<(String, Found)> {
    let locked = |mode: LockMode, days: Option<i32>, years: Option<i32>| {
        let ResourceWish::Bucket(bucket) = wish(subject, Versioning::Enabled, None) else { return wish(subject, Versioning::Enabled, None) };
        let retention = LockRetention { mode, days, years };
        ResourceWish::Bucket(BucketWish { object_lock: Some(LockWanted { retention, understood: true }), ..bucket })
    };
    let wishes = [
        ("for days", locked(LockMode::Governance, Some(1), None)),
        ("for years", locked(LockMode::Governance, None, Some(1))),
        ("in compliance mode", locked(LockMode::Compliance, Some(1), None)),
    ];
    let mut out = Vec::new();
    let Some(setting) = settings::by_id("bucket-object-lock") else { return out };
    for (name, wish) in &wishes {
        out.push((format!("bucket-object-lock {name}"), write(ports, setting, wish).await));
    }
    out
}

/// A lock is refused while the bucket is not versioned.
pub(super) async fn lock_needs_versioning(ports: &Ports, subject: &Subject) -> Found {
    let body = Document::of(&ObjectLock { retention: Some(LockRetention { mode: LockMode::Governance, days: Some(1), years: None }) });
    let request = Request { op: RequestOp::PutBucketObjectLock, target: ResourceId::Bucket(subject.bucket.clone()), body };
    fails("a lock before versioning", ports.cloud.send(&request).await, Kind::Rejected)?;
    same("the lock", read(ports, &request.target, ReadOp::BucketObjectLock).await, Fact::Absent)
}

/// As plan and apply do it: look, write what is wanted with what others have there, look again.
pub(super) async fn write(ports: &Ports, setting: &'static Setting, wish: &ResourceWish) -> Found {
    let id = wish.id();
    let want = (setting.want)(wish).ok_or("nothing wanted")?;
    let before = seen(ports, setting, &id).await;
    if let Fact::Unknown(why) = before {
        return Err(format!("it cannot be read, so it is not written: {why}"));
    }
    let to = (setting.adopt)(&want, &before);
    for request in (setting.requests)(&id, &before, &to) {
        ports.cloud.send(&request).await.map_err(|error| error.to_string())?;
    }
    match seen(ports, setting, &id).await {
        Fact::Known(now) if (setting.adopt)(&to, &Fact::Known(now.clone())) == now => Ok(()),
        other => Err(format!("it reads {other:?} and {to} was written")),
    }
}

async fn seen(ports: &Ports, setting: &'static Setting, id: &ResourceId) -> Fact<Document> {
    let facts = BTreeMap::from([(setting.read, read(ports, id, setting.read).await)]);
    (setting.seen)(&ObservedResource { facts })
}

fn wish(subject: &Subject, versioning: Versioning, encryption: Option<Encryption>) -> ResourceWish {
    let retention = Retention {
        recent: Span::seconds(3 * 86_400),
        daily: Some(14),
        weekly: Some(12),
        monthly: Some(12),
        yearly: Some(2),
        keep_last: 3,
        keep_verified: 2,
        verified_for: Span::seconds(90 * 86_400),
    };
    let classes = [(30, StorageClass::StandardIa), (90, StorageClass::GlacierIr)];
    let classes = classes.map(|(days, class)| ClassStep { after: Span::seconds(days * 86_400), class });
    let set = SetWish { name: "nightly".to_owned(), retention, classes: classes.to_vec() };
    let tenant = Tenant {
        policy: "orders".to_owned(),
        prefix: "orders/".to_owned(),
        lifecycle: true,
        keep_days: 30,
        abort_days: 3,
        rto: crate::model::units::Span::seconds(900),
        sets: vec![set],
        repositories: Vec::new(),
    };
    ResourceWish::Bucket(BucketWish {
        name: subject.bucket.clone(),
        account: None,
        region: subject.region.clone(),
        endpoint: None,
        create: true,
        versioning: Some(versioning),
        encryption,
        public_access: true,
        ownership: Some(Ownership::BucketOwnerEnforced),
        guard: Some(Guard {
            // The servers of the suite speak plain HTTP, and this bucket must stay within reach.
            transport: Some(TransportWish { tls_only: false, min_tls: Some(TlsVersion::V12) }),
            changed_by: BTreeSet::from(["arn:aws:iam::000000000000:*".to_owned()]),
            unfilled_keys: &[],
        }),
        object_lock: None,
        replication: None,
        access_log: Some(AccessLog { bucket: subject.bucket.clone(), prefix: "log/".to_owned(), grants: Vec::new(), key_format: None }),
        tags: BTreeMap::from([("cost-centre".to_owned(), "4711 + more".to_owned())]),
        skip_unsupported: false,
        not_taken: &[],
        tenants: vec![tenant],
    })
}

fn without_classes(mut wish: ResourceWish) -> ResourceWish {
    if let ResourceWish::Bucket(bucket) = &mut wish {
        bucket.tenants.iter_mut().flat_map(|tenant| &mut tenant.sets).for_each(|set| set.classes.clear());
    }
    wish
}

/// A provider that nothing else uses, in the account of the subject's user.
pub(super) fn provider(subject: &Subject) -> ProviderWish {
    let account = subject.principal.split(':').nth(4).unwrap_or_default().to_owned();
    let policies = BTreeSet::from(["orders".to_owned()]);
    ProviderWish { account, issuer: format!("oidc.example.com/{}", subject.role), policies, bootstrap_only: false }
}

pub(super) fn role(subject: &Subject, purpose: Purpose) -> RoleWish {
    RoleWish {
        name: subject.role.clone(),
        policy: "orders".to_owned(),
        path: "/lifeboat/orders/".to_owned(),
        partition: Partition::Aws,
        purpose,
        max_session: 3_600,
        boundary: BoundaryWish::LeftAlone,
        attached: Vec::new(),
        estate: None,
        bootstrap_only: false,
        trust: vec![Trust::Principal(subject.principal.clone())],
        account: Some("000000000000".to_owned()),
        bucket: subject.bucket.clone(),
        prefix: "orders/".to_owned(),
        sets: vec!["nightly".to_owned()],
        repositories: Vec::new(),
        tag_values: vec!["orders/nightly:recent".to_owned()],
        kms_key: Some("arn:aws:kms:eu-west-1:000000000000:key/1234abcd".to_owned()),
        evidence: Some((subject.bucket.clone(), "evidence/".to_owned())),
        unfilled_keys: &[],
    }
}
