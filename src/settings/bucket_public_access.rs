//! Setting `bucket-public-access`: all four switches of the public access block.

use crate::model::aspects::PublicAccess;
use crate::model::document::Document;
use crate::model::fact::Fact;
use crate::model::id::{ResourceId, ResourceKind};
use crate::model::request::{ReadOp, Request, RequestOp};
use crate::model::resource::{ObservedResource, ResourceWish};

use super::{Docs, Setting, as_wanted, never_weakens, no_threats};

/// The setting.
pub(super) static SETTING: Setting = Setting {
    id: "bucket-public-access",
    kind: ResourceKind::Bucket,
    title: "public access block",
    leave_alone: Some("storage: {publicAccess: unmanaged}"),
    read: ReadOp::BucketPublicAccess,
    docs: Docs {
        protects: "No ACL and no bucket policy can open the backups to the world.",
        why: "A backup holds the whole database; one public statement is a breach.",
        risk: "None for a backup bucket: nothing that lifeboat does needs public access.",
        example: "storage: {publicAccess: blocked}",
    },
    want,
    seen,
    adopt: as_wanted,
    requests,
    refused: super::never_refused,
    weakens: never_weakens,
    threats: no_threats,
    owner: super::ours,
    describe,
};

fn want(wish: &ResourceWish) -> Option<Document> {
    let ResourceWish::Bucket(bucket) = wish else { return None };
    bucket.public_access.then(|| Document::of(&PublicAccess::BLOCKED))
}

fn seen(observed: &ObservedResource) -> Fact<Document> {
    observed.fact(ReadOp::BucketPublicAccess)
}

fn requests(id: &ResourceId, _: &Fact<Document>, to: &Document) -> Vec<Request> {
    vec![Request { op: RequestOp::PutPublicAccess, target: id.clone(), body: to.clone() }]
}

fn describe(from: &Fact<Document>, _: &Document) -> Vec<String> {
    let open = from.known().and_then(|from| from.to::<PublicAccess>()).map_or(4, |live| {
        [live.block_public_acls, live.ignore_public_acls, live.block_public_policy, live.restrict_public_buckets].iter().filter(|on| !**on).count()
    });
    vec![format!("all four switches on ({open} of them are not)")]
}
