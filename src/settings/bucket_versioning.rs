//! Setting `bucket-versioning`: an overwrite or delete keeps the old bytes.

use crate::model::aspects::Versioning;
use crate::model::document::Document;
use crate::model::fact::Fact;
use crate::model::id::{ResourceId, ResourceKind};
use crate::model::request::{ReadOp, Request, RequestOp};
use crate::model::resource::{ObservedResource, ResourceWish};

use super::{Docs, Setting, Weakening, before_after, no_threats};

/// The setting.
pub(super) static SETTING: Setting = Setting {
    id: "bucket-versioning",
    kind: ResourceKind::Bucket,
    title: "versioning",
    leave_alone: Some("storage: {versioning: unmanaged}"),
    read: ReadOp::BucketVersioning,
    docs: Docs {
        protects: "Whatever is overwritten, deleted or expired stays as a noncurrent version and can be brought back.",
        why: "Without it a delete, an overwrite or a wrong lifecycle rule is final the moment it happens.",
        risk: "Suspending it makes every later overwrite and delete final; there is no way back to \"never versioned\" (S3 User Guide, Versioning).",
        example: "storage: {versioning: enabled, noncurrent: {keepDays: 30}}",
    },
    want,
    seen,
    adopt,
    requests,
    refused: super::never_refused,
    weakens,
    threats: no_threats,
    owner: super::ours,
    describe: before_after,
};

fn want(wish: &ResourceWish) -> Option<Document> {
    let ResourceWish::Bucket(bucket) = wish else { return None };
    bucket.versioning.map(|versioning| Document::of(&versioning))
}

fn seen(observed: &ObservedResource) -> Fact<Document> {
    observed.fact(ReadOp::BucketVersioning)
}

/// A second factor on top of what is wanted stays: only the root user could take it off.
fn adopt(want: &Document, seen: &Fact<Document>) -> Document {
    let guarded = Document::of(&Versioning::EnabledWithMfa);
    if want.to() == Some(Versioning::Enabled) && seen.known() == Some(&guarded) { guarded } else { want.clone() }
}

fn requests(id: &ResourceId, _: &Fact<Document>, to: &Document) -> Vec<Request> {
    vec![Request { op: RequestOp::PutBucketVersioning, target: id.clone(), body: to.clone() }]
}

fn weakens(from: &Document, to: &Document) -> Option<Weakening> {
    (from.to().is_some_and(Versioning::keeps) && to.to() == Some(Versioning::Suspended))
        .then(|| Weakening { id: "weakens-versioning".to_owned(), sentence: "from then on an overwrite or delete of a backup is final".to_owned() })
}
