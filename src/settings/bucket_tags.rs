//! Setting `bucket-tags`: the tags that the policies want, and the mark of who manages the bucket.

use std::collections::BTreeMap;

use crate::model::aspects::Tags;
use crate::model::document::Document;
use crate::model::fact::Fact;
use crate::model::id::{ResourceId, ResourceKind};
use crate::model::request::{ReadOp, Request, RequestOp};
use crate::model::resource::{ObservedResource, ResourceWish};
use crate::model::verdict;

use super::{Docs, Part, Setting, never_weakens, no_threats};

/// The setting.
pub(super) static SETTING: Setting = Setting {
    id: "bucket-tags",
    kind: ResourceKind::Bucket,
    title: "tags",
    leave_alone: None,
    read: ReadOp::BucketTags,
    docs: Docs {
        protects: "The bucket says who manages it, and carries the tags that cost reports and inventories look for.",
        why: "Ownership is written on the object itself, not in a state file.",
        risk: "None: tags that lifeboat does not know stay as they are.",
        example: "storage: {tags: {cost-centre: \"4711\"}}",
    },
    want,
    seen,
    adopt,
    requests,
    refused,
    weakens: never_weakens,
    threats: no_threats,
    owner: super::ours,
    describe,
};

fn want(wish: &ResourceWish) -> Option<Document> {
    let ResourceWish::Bucket(bucket) = wish else { return None };
    let mut tags = bucket.tags.clone();
    // The mark of what lifeboat makes; a bucket that it may not make is somebody's already.
    if bucket.create {
        tags.insert("managed-by".to_owned(), "lifeboat".to_owned());
    }
    (!tags.is_empty()).then(|| Document::of(&Tags(tags)))
}

fn seen(observed: &ObservedResource) -> Fact<Document> {
    observed.fact(ReadOp::BucketTags)
}

/// A PUT replaces the whole set, so foreign tags are sent along.
fn adopt(want: &Document, seen: &Fact<Document>) -> Document {
    let mut all = seen.known().and_then(|seen| seen.to::<Tags>()).map_or_else(Default::default, |tags| tags.0);
    all.extend(want.to::<Tags>().map_or_else(Default::default, |tags| tags.0));
    Document::of(&Tags(all))
}

fn requests(id: &ResourceId, _: &Fact<Document>, to: &Document) -> Vec<Request> {
    vec![Request { op: RequestOp::PutBucketTags, target: id.clone(), body: to.clone() }]
}

fn refused(to: &Document) -> Option<String> {
    to.to::<Tags>().and_then(|to| verdict::said(verdict::tags::tags(&to.0, None)))
}

/// Tags that no policy wants.
pub(super) fn others(wish: &ResourceWish, live: &Document) -> Vec<Part> {
    let tags = |document: &Document| document.to::<Tags>().map(|tags| tags.0).unwrap_or_default();
    of_others(tags(live), &want(wish).as_ref().map(tags).unwrap_or_default())
}

/// The tags that are not among those that are wanted.
pub(super) fn of_others(live: BTreeMap<String, String>, wanted: &BTreeMap<String, String>) -> Vec<Part> {
    live.into_iter().filter(|(key, _)| !wanted.contains_key(key)).map(|(name, words)| Part { kind: "tag", name, words }).collect()
}

fn describe(from: &Fact<Document>, to: &Document) -> Vec<String> {
    let live = from.known().and_then(|from| from.to::<Tags>()).map_or_else(Default::default, |tags| tags.0);
    let wanted = to.to::<Tags>().map_or_else(Default::default, |tags| tags.0);
    let changed = wanted.iter().filter(|(key, value)| live.get(*key) != Some(*value));
    changed.map(|(key, value)| format!("{key} = {value}")).collect()
}
