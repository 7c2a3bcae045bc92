//! Setting `bucket-logging`: requests to the bucket are written down in another one.

use crate::model::aspects::AccessLog;
use crate::model::document::Document;
use crate::model::fact::Fact;
use crate::model::id::{ResourceId, ResourceKind};
use crate::model::request::{ReadOp, Request, RequestOp};
use crate::model::resource::{ObservedResource, ResourceWish};

use super::{Docs, Setting, Weakening, no_threats};

/// The setting.
pub(super) static SETTING: Setting = Setting {
    id: "bucket-logging",
    kind: ResourceKind::Bucket,
    title: "access log",
    leave_alone: Some("storage without accessLog"),
    read: ReadOp::BucketLogging,
    docs: Docs {
        protects: "Who read, wrote or deleted a backup is written down in a bucket of its own.",
        why: "What lifecycle rules expire is in no CloudTrail, only in this log (S3 User Guide, lifecycle-and-other-bucket-config).",
        risk: "The log goes to one place only: another one takes it away from whoever reads it now, so that is held. The bucket that receives it must be in the same region and account, without object lock, and let `logging.s3.amazonaws.com` write.",
        example: "storage: {accessLog: {bucket: acme-logs, prefix: s3/orders/}}",
    },
    want,
    seen,
    adopt,
    requests,
    refused: super::never_refused,
    weakens,
    threats: no_threats,
    owner: super::ours,
    describe,
};

fn want(wish: &ResourceWish) -> Option<Document> {
    let ResourceWish::Bucket(bucket) = wish else { return None };
    bucket.access_log.as_ref().map(Document::of)
}

fn seen(observed: &ObservedResource) -> Fact<Document> {
    observed.fact(ReadOp::BucketLogging)
}

/// Grants and the form of the keys are not ours to choose: they are carried as they were read.
fn adopt(want: &Document, seen: &Fact<Document>) -> Document {
    let live = seen.known().and_then(|seen| seen.to::<AccessLog>());
    match (want.to::<AccessLog>(), live) {
        (Some(want), Some(live)) => Document::of(&AccessLog { grants: live.grants, key_format: live.key_format, ..want }),
        _ => want.clone(),
    }
}

fn requests(id: &ResourceId, _: &Fact<Document>, to: &Document) -> Vec<Request> {
    vec![Request { op: RequestOp::PutBucketLogging, target: id.clone(), body: to.clone() }]
}

fn place(log: &AccessLog) -> String {
    format!("s3://{}/{}", log.bucket, log.prefix)
}

fn weakens(from: &Document, to: &Document) -> Option<Weakening> {
    let (from, to) = (from.to::<AccessLog>()?, to.to::<AccessLog>()?);
    (place(&from) != place(&to)).then(|| Weakening {
        id: "moves-access-log".to_owned(),
        sentence: format!("whoever reads the access log in {} no longer sees what happens from then on", place(&from)),
    })
}

fn describe(from: &Fact<Document>, to: &Document) -> Vec<String> {
    let words = |document: &Document| document.to::<AccessLog>().map_or_else(String::new, |log| format!("to {}", place(&log)));
    match from {
        Fact::Known(from) => vec![format!("{} → {}", words(from), words(to))],
        Fact::Absent | Fact::Unknown(_) => vec![words(to)],
    }
}

#[cfg(test)]
mod tests;
