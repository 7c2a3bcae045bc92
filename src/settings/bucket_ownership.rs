//! Setting `bucket-ownership`: the bucket's owner owns every object, and ACLs count for nothing.

use crate::model::aspects::Ownership;
use crate::model::document::Document;
use crate::model::fact::Fact;
use crate::model::id::{ResourceId, ResourceKind};
use crate::model::request::{ReadOp, Request, RequestOp};
use crate::model::resource::{ObservedResource, ResourceWish};

use super::{Docs, Setting, Weakening, as_wanted, before_after, no_threats};

/// The setting.
pub(super) static SETTING: Setting = Setting {
    id: "bucket-ownership",
    kind: ResourceKind::Bucket,
    title: "object ownership",
    leave_alone: Some("storage: {ownership: unmanaged}"),
    read: ReadOp::BucketOwnership,
    docs: Docs {
        protects: "Every backup belongs to the owner of the bucket, whoever uploaded it, and no ACL gives anybody access.",
        why: "An object that belongs to the account that uploaded it may be unreadable to the account that must restore it, and an ACL is a grant that no policy shows.",
        risk: "ACLs stop to count at once: who has access by an ACL alone loses it. AWS refuses the change while the ACL of the bucket grants access to others (S3 User Guide, about-object-ownership).",
        example: "storage: {ownership: BucketOwnerEnforced}",
    },
    want,
    seen,
    adopt: as_wanted,
    requests,
    refused: super::never_refused,
    weakens,
    threats: no_threats,
    owner: super::ours,
    describe: before_after,
};

fn want(wish: &ResourceWish) -> Option<Document> {
    let ResourceWish::Bucket(bucket) = wish else { return None };
    bucket.ownership.map(|ownership| Document::of(&ownership))
}

fn seen(observed: &ObservedResource) -> Fact<Document> {
    observed.fact(ReadOp::BucketOwnership)
}

fn requests(id: &ResourceId, _: &Fact<Document>, to: &Document) -> Vec<Request> {
    vec![Request { op: RequestOp::PutBucketOwnership, target: id.clone(), body: to.clone() }]
}

fn weakens(from: &Document, to: &Document) -> Option<Weakening> {
    let enforced = |document: &Document| document.to() == Some(Ownership::BucketOwnerEnforced);
    (enforced(from) && !enforced(to))
        .then(|| Weakening { id: "weakens-ownership".to_owned(), sentence: "from then on ACLs count, and a backup may belong to who uploaded it".to_owned() })
}
