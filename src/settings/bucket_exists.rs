//! Setting `bucket-exists`: the bucket is there, ours and in its region.

use crate::model::aspects::Existence;
use crate::model::document::Document;
use crate::model::fact::Fact;
use crate::model::id::{ResourceId, ResourceKind};
use crate::model::request::{ReadOp, Request, RequestOp};
use crate::model::resource::{ObservedResource, ResourceWish};

use super::{Docs, Setting, no_threats};

/// The setting.
pub(super) static SETTING: Setting = Setting {
    id: "bucket-exists",
    kind: ResourceKind::Bucket,
    title: "bucket",
    leave_alone: None,
    read: ReadOp::BucketExists,
    docs: Docs {
        protects: "The backups have a bucket of their own, in the account and region that the policy names.",
        why: "A bucket of another account with the same name would receive your backups; a bucket in another region breaks residency promises.",
        risk: "None: lifeboat makes a missing bucket when `create` allows it and never deletes one.",
        example: "storage: {bucket: acme-dr-orders, account: \"111122223333\", region: eu-west-1, prefix: orders/, create: true}",
    },
    want,
    seen,
    adopt,
    requests,
    refused: super::never_refused,
    weakens: super::never_weakens,
    threats: no_threats,
    owner: super::ours,
    describe,
};

fn want(wish: &ResourceWish) -> Option<Document> {
    let ResourceWish::Bucket(bucket) = wish else { return None };
    Some(Document::of(&Existence { region: Some(bucket.region.clone()) }))
}

fn seen(observed: &ObservedResource) -> Fact<Document> {
    observed.fact(ReadOp::BucketExists)
}

/// Some endpoints do not say a region; then theirs is taken for the right one.
fn adopt(want: &Document, seen: &Fact<Document>) -> Document {
    match seen.known().and_then(|seen| seen.to::<Existence>()) {
        Some(Existence { region: None }) => Document::of(&Existence { region: None }),
        _ => want.clone(),
    }
}

fn requests(id: &ResourceId, from: &Fact<Document>, to: &Document) -> Vec<Request> {
    match from {
        Fact::Absent => vec![Request { op: RequestOp::CreateBucket, target: id.clone(), body: to.clone() }],
        // A bucket cannot move. The diff never gets here: another region is an unknown with its own sentence.
        Fact::Known(_) | Fact::Unknown(_) => Vec::new(),
    }
}

fn describe(_: &Fact<Document>, to: &Document) -> Vec<String> {
    let region = to.to::<Existence>().and_then(|existence| existence.region).unwrap_or_default();
    vec![format!("new bucket in {region}")]
}
