//! Setting `bucket-object-lock`: every new version is locked for a time.
//!
//! A lock can never be taken off a bucket again, so it is never put on one by surprise.

use crate::model::aspects::{LockMode, LockRetention, ObjectLock};
use crate::model::document::Document;
use crate::model::fact::Fact;
use crate::model::id::{ResourceId, ResourceKind};
use crate::model::request::{ReadOp, Request, RequestOp};
use crate::model::resource::{ObservedResource, ResourceWish};
use crate::model::verdict;

use super::{Docs, Setting, Weakening, as_wanted, no_threats};

/// The setting.
pub(super) static SETTING: Setting = Setting {
    id: "bucket-object-lock",
    kind: ResourceKind::Bucket,
    title: "object lock",
    leave_alone: Some("storage without objectLock"),
    read: ReadOp::BucketObjectLock,
    docs: Docs {
        protects: "No version of a backup can be deleted or overwritten before its time, in compliance mode by nobody at all.",
        why: "Whoever takes over an administrator can delete versions and the rules that keep them; a lock holds even then.",
        risk: "Object lock cannot be taken off a bucket, and versioning can never be suspended again. What is locked stays and costs until its day; lifecycle rules only lay delete markers over it. A lock longer than the retention keeps every backup that much longer. Keys of KMS must outlive the lock (S3 User Guide, object-lock-managing).",
        example: "storage: {objectLock: {mode: governance, days: 14, iUnderstand: cannot be undone}}",
    },
    want,
    seen,
    adopt: as_wanted,
    requests,
    refused,
    weakens,
    threats: no_threats,
    owner: super::ours,
    describe,
};

fn want(wish: &ResourceWish) -> Option<Document> {
    let ResourceWish::Bucket(bucket) = wish else { return None };
    bucket.object_lock.map(|lock| Document::of(&ObjectLock { retention: Some(lock.retention) }))
}

fn seen(observed: &ObservedResource) -> Fact<Document> {
    observed.fact(ReadOp::BucketObjectLock)
}

fn requests(id: &ResourceId, _: &Fact<Document>, to: &Document) -> Vec<Request> {
    vec![Request { op: RequestOp::PutBucketObjectLock, target: id.clone(), body: to.clone() }]
}

fn refused(to: &Document) -> Option<String> {
    to.to::<ObjectLock>().and_then(|to| verdict::said(verdict::object_lock::object_lock(&to.wire())))
}

/// The first lock of a bucket, unless the policy says that it is meant.
pub(super) fn for_good(wish: &ResourceWish, seen: &Fact<Document>) -> Option<Weakening> {
    let ResourceWish::Bucket(bucket) = wish else { return None };
    let meant = bucket.object_lock.is_none_or(|lock| lock.understood);
    (*seen == Fact::Absent && !meant).then(|| Weakening {
        id: "locks-for-good".to_owned(),
        sentence: "object lock can never be taken off this bucket again, and versioning can never be suspended; the policy can say so with \
                   objectLock.iUnderstand"
            .to_owned(),
    })
}

/// The shortest and the longest that a period can be: a year has 365 or 366 days.
fn days(retention: &LockRetention) -> (i64, i64) {
    match (retention.days, retention.years) {
        (_, Some(years)) => (i64::from(years) * 365, i64::from(years) * 366),
        (Some(days), None) => (i64::from(days), i64::from(days)),
        (None, None) => (0, 0),
    }
}

fn weakens(from: &Document, to: &Document) -> Option<Weakening> {
    let before = from.to::<ObjectLock>()?.retention?;
    let weaker = |sentence: String| Some(Weakening { id: "weakens-object-lock".to_owned(), sentence });
    let Some(after) = to.to::<ObjectLock>().and_then(|lock| lock.retention) else {
        return weaker("new backups are then no longer locked".to_owned());
    };
    if after.mode < before.mode {
        return weaker("whoever may bypass governance can then break the lock of new backups".to_owned());
    }
    let same_period = (after.days, after.years) == (before.days, before.years);
    if !same_period && days(&after).0 < days(&before).1 {
        return weaker(format!("new backups are then locked for {} instead of {}", period(&after), period(&before)));
    }
    None
}

fn period(retention: &LockRetention) -> String {
    match (retention.days, retention.years) {
        (_, Some(years)) => format!("{years} y"),
        (days, None) => format!("{} d", days.unwrap_or(0)),
    }
}

fn describe(from: &Fact<Document>, to: &Document) -> Vec<String> {
    let words = |document: &Document| match document.to::<ObjectLock>().and_then(|lock| lock.retention) {
        Some(retention) => {
            let mode = match retention.mode {
                LockMode::Governance => "governance",
                LockMode::Compliance => "compliance",
            };
            format!("each new version locked for {}, {mode}", period(&retention))
        }
        None => "on, and nothing locked by default".to_owned(),
    };
    match from {
        Fact::Known(from) => vec![format!("{} → {}", words(from), words(to))],
        Fact::Absent | Fact::Unknown(_) => vec![words(to)],
    }
}

#[cfg(test)]
mod tests;
