//! Setting `role-boundary`: the managed policy that bounds a role, whatever its own policies grant.

use crate::model::aspects::{RoleBoundary, RoleTrust};
use crate::model::document::Document;
use crate::model::fact::Fact;
use crate::model::id::{ResourceId, ResourceKind};
use crate::model::request::{ReadOp, Request, RequestOp};
use crate::model::resource::{BoundaryWish, ObservedResource, ResourceWish};

use super::{Docs, Setting, Weakening, as_wanted, no_threats};

/// The setting.
pub(super) static SETTING: Setting = Setting {
    id: "role-boundary",
    kind: ResourceKind::Role,
    title: "boundary",
    leave_alone: Some("leave access.permissionBoundary out"),
    read: ReadOp::RoleTrust,
    docs: Docs {
        protects: "Whoever can change the policies of a role cannot make it more than the boundary allows.",
        why: "The applier writes permissions of roles; without a boundary it could give a role, and so itself, every right of the account.",
        risk: "A boundary that lacks what the role needs stops backups; taken off or exchanged, it no longer holds what it held.",
        example: "storage: {account: \"111122223333\"}\naccess:\n  permissionBoundary: dr-boundary",
    },
    want,
    seen,
    adopt: as_wanted,
    requests,
    refused: super::never_refused,
    weakens,
    threats: no_threats,
    owner: super::ours,
    describe,
};

fn want(wish: &ResourceWish) -> Option<Document> {
    let ResourceWish::Role(role) = wish else { return None };
    match &role.boundary {
        BoundaryWish::LeftAlone => None,
        BoundaryWish::None => Some(Document::of(&RoleBoundary { boundary: None })),
        BoundaryWish::Policy(arn) => Some(Document::of(&RoleBoundary { boundary: Some(arn.clone()) })),
    }
}

/// A role without a boundary is known to have none: absent is only the role itself.
fn seen(observed: &ObservedResource) -> Fact<Document> {
    observed.fact(ReadOp::RoleTrust).map(|document| match document.to::<RoleTrust>() {
        Some(live) => Document::of(&RoleBoundary { boundary: live.boundary }),
        None => document,
    })
}

fn requests(id: &ResourceId, _: &Fact<Document>, to: &Document) -> Vec<Request> {
    vec![Request { op: RequestOp::PutRoleBoundary, target: id.clone(), body: to.clone() }]
}

fn boundary(document: &Document) -> Option<String> {
    document.to::<RoleBoundary>().and_then(|bound| bound.boundary)
}

fn weakens(from: &Document, to: &Document) -> Option<Weakening> {
    let (from, to) = (boundary(from)?, boundary(to));
    let sentence = match &to {
        Some(to) if *to == from => return None,
        Some(to) => format!("{from} no longer bounds the role; {to} does, and lifeboat cannot compare them"),
        None => format!("{from} no longer bounds the role, and nothing else does"),
    };
    Some(Weakening { id: "weakens-boundary".to_owned(), sentence })
}

fn describe(from: &Fact<Document>, to: &Document) -> Vec<String> {
    let words = |document: &Document| boundary(document).unwrap_or_else(|| "none".to_owned());
    match from.known() {
        Some(from) => vec![format!("{} → {}", words(from), words(to))],
        None => vec![words(to)],
    }
}
