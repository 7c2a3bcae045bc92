//! Setting `bucket-encryption`: the default encryption of new objects.

use crate::model::aspects::Encryption;
use crate::model::document::Document;
use crate::model::fact::Fact;
use crate::model::id::{ResourceId, ResourceKind};
use crate::model::request::{ReadOp, Request, RequestOp};
use crate::model::resource::{ObservedResource, ResourceWish};
use crate::model::verdict;

use super::{Docs, Setting, Weakening, before_after, no_threats};

/// The setting.
pub(super) static SETTING: Setting = Setting {
    id: "bucket-encryption",
    kind: ResourceKind::Bucket,
    title: "encryption",
    leave_alone: None,
    read: ReadOp::BucketEncryption,
    docs: Docs {
        protects: "New backups are encrypted at rest, with the key that the policy names.",
        why: "S3 encrypts everything since January 2023; what matters is which key, because who may use the key may read the backups.",
        risk: "Another key applies to new objects only; a key that is disabled or deleted makes every object under it unreadable.",
        example: "storage: {encryption: {algorithm: \"aws:kms\", key: \"arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab\", bucketKey: true}}",
    },
    want,
    seen,
    adopt,
    requests,
    refused,
    weakens,
    threats: no_threats,
    owner: super::ours,
    describe: before_after,
};

fn want(wish: &ResourceWish) -> Option<Document> {
    let ResourceWish::Bucket(bucket) = wish else { return None };
    bucket.encryption.as_ref().map(Document::of)
}

fn seen(observed: &ObservedResource) -> Fact<Document> {
    observed.fact(ReadOp::BucketEncryption)
}

/// `BlockedEncryptionTypes` is not ours to choose here: it is carried as it was read.
fn adopt(want: &Document, seen: &Fact<Document>) -> Document {
    let live = seen.known().and_then(|seen| seen.to::<Encryption>());
    match (want.to::<Encryption>(), live) {
        (Some(want), Some(live)) => Document::of(&Encryption { blocked_types: live.blocked_types, ..want }),
        _ => want.clone(),
    }
}

fn requests(id: &ResourceId, _: &Fact<Document>, to: &Document) -> Vec<Request> {
    vec![Request { op: RequestOp::PutBucketEncryption, target: id.clone(), body: to.clone() }]
}

fn refused(to: &Document) -> Option<String> {
    to.to::<Encryption>().and_then(|to| verdict::said(verdict::encryption::encryption(&to.wire())))
}

fn weakens(from: &Document, to: &Document) -> Option<Weakening> {
    let (from, to) = (from.to::<Encryption>()?, to.to::<Encryption>()?);
    let loses_key = from.algorithm.starts_with("aws:kms") && (to.algorithm == "AES256" || from.key != to.key);
    loses_key.then(|| Weakening {
        id: "changes-encryption-key".to_owned(),
        sentence: "new backups are no longer protected by the key that protects them now".to_owned(),
    })
}
