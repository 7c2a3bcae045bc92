//! Setting `role-inline`: no inline policy beside the one named `lifeboat` widens a role.
//!
//! lifeboat never writes one of them; it says that they are there, and takes them off with leave.

use std::collections::BTreeSet;

use crate::model::aspects::Names;
use crate::model::document::Document;
use crate::model::fact::Fact;
use crate::model::id::{ResourceId, ResourceKind};
use crate::model::request::{ReadOp, Request, RequestOp};
use crate::model::resource::{ObservedResource, ResourceWish};

use super::role_attached::{names, names_before_and_after, with_what_is_there};
use super::{Docs, Part, Setting, Threat};

/// The setting.
pub(super) static SETTING: Setting = Setting {
    id: "role-inline",
    kind: ResourceKind::Role,
    title: "other inline policies",
    leave_alone: None,
    read: ReadOp::RoleInline,
    docs: Docs {
        protects: "The inline policy named lifeboat says all that a role may do; a second one beside it does not stay unseen.",
        why: "Policies of a role add up: an inline policy of others grants what the generated one left out on purpose.",
        risk: "Somebody may rely on what the other policy grants. It is taken off only with leave, and is not kept anywhere.",
        example: "access: {writer: {role: orders-backup-writer, trust: [{principal: \"arn:aws:iam::111122223333:role/backup-host\"}]}, keeper: {role: orders-keeper, trust: [{principal: \"arn:aws:iam::111122223333:role/keeper\"}]}, restorer: {role: orders-restore, trust: [{principal: \"arn:aws:iam::111122223333:role/drill-host\"}]}}",
    },
    want,
    seen,
    adopt: with_what_is_there,
    requests,
    refused: super::never_refused,
    weakens: super::never_weakens,
    threats,
    owner: super::ours,
    describe: names_before_and_after,
};

fn want(wish: &ResourceWish) -> Option<Document> {
    matches!(wish, ResourceWish::Role(_)).then(|| Document::of(&Names(BTreeSet::new())))
}

fn seen(observed: &ObservedResource) -> Fact<Document> {
    observed.fact(ReadOp::RoleInline)
}

fn requests(id: &ResourceId, from: &Fact<Document>, to: &Document) -> Vec<Request> {
    let gone: BTreeSet<String> = from.known().map(names).unwrap_or_default().difference(&names(to)).cloned().collect();
    if gone.is_empty() {
        return Vec::new();
    }
    vec![Request { op: RequestOp::DeleteRoleInline, target: id.clone(), body: Document::of(&Names(gone)) }]
}

fn threats(_: &ResourceWish, live: &Document) -> Vec<Threat> {
    let live = names(live);
    let each = live.iter().map(|name| Threat {
        name: name.clone(),
        sentence: "is an inline policy of the role, which may do what it grants too".to_owned(),
        without: Document::of(&Names(live.iter().filter(|other| *other != name).cloned().collect())),
        blocks: false,
    });
    each.collect()
}

/// Every one but ours.
pub(super) fn others(_: &ResourceWish, live: &Document) -> Vec<Part> {
    names(live).into_iter().map(|name| Part { kind: "inline-policy", name, words: "the role may do what it grants".to_owned() }).collect()
}
