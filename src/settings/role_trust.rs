//! Setting `role-trust`: the role exists, bears our mark, and only those whom the policy names may assume it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::model::aspects::RoleTrust;
use crate::model::document::Document;
use crate::model::fact::Fact;
use crate::model::iam;
use crate::model::id::{ResourceId, ResourceKind};
use crate::model::request::{ReadOp, Request, RequestOp};
use crate::model::resource::{BoundaryWish, ObservedResource, ResourceWish};
use crate::model::units::Span;
use crate::model::verdict;

use super::{Docs, Part, Setting, Weakening, no_threats, role_session};

mod statement;

/// The setting.
pub(super) static SETTING: Setting = Setting {
    id: "role-trust",
    kind: ResourceKind::Role,
    title: "trust",
    leave_alone: None,
    read: ReadOp::RoleTrust,
    docs: Docs {
        protects: "Each role can be assumed only by the job it is for.",
        why: "Whoever may assume the writer may fill the bucket; whoever may assume the restorer may read every backup.",
        risk: "A principal more is a way in more: lifeboat holds such a step until it is allowed by name.",
        example: "access:\n  writer:   {role: orders-backup-writer, trust: [{principal: \"arn:aws:iam::111122223333:role/backup-host\"}]}\n  keeper:   {role: orders-keeper,        trust: [{github: {repository: acme/dr, environment: dr-keeper}}]}\n  restorer: {role: orders-restore,       trust: [{github: {repository: acme/dr, environment: dr-drill}}]}",
    },
    want,
    seen,
    adopt,
    requests,
    refused,
    weakens,
    threats: no_threats,
    owner,
    describe,
};

fn want(wish: &ResourceWish) -> Option<Document> {
    let ResourceWish::Role(role) = wish else { return None };
    let statements: Vec<Value> = role.trust.iter().map(|trust| statement::of(role, trust)).collect();
    let trust = iam::canonical(&json!({"Version": "2012-10-17", "Statement": statements}));
    let tags = BTreeMap::from([
        ("managed-by".to_owned(), "lifeboat".to_owned()),
        ("lifeboat-policy".to_owned(), role.policy.clone()),
        ("lifeboat-purpose".to_owned(), role.purpose.as_str().to_owned()),
    ]);
    let boundary = match &role.boundary {
        BoundaryWish::Policy(arn) => Some(arn.clone()),
        BoundaryWish::LeftAlone | BoundaryWish::None => None,
    };
    let max_session = (role.max_session != role_session::DEFAULT).then_some(role.max_session);
    Some(Document::of(&RoleTrust { path: role.path.clone(), trust, tags, max_session, boundary }))
}

fn seen(observed: &ObservedResource) -> Fact<Document> {
    observed.fact(ReadOp::RoleTrust).map(|document| match document.to::<RoleTrust>() {
        Some(live) => Document::of(&RoleTrust { trust: iam::canonical(&live.trust), ..live }),
        None => document,
    })
}

fn adopt(want: &Document, seen: &Fact<Document>) -> Document {
    let live = seen.known().and_then(|seen| seen.to::<RoleTrust>());
    match (want.to::<RoleTrust>(), live) {
        (Some(mut want), Some(live)) => {
            let mut tags = live.tags;
            tags.append(&mut want.tags);
            // What means the same stays as it is written. Session and boundary of a role that exists are settings of their own.
            let trust = if iam::same(&want.trust, &live.trust) { live.trust } else { want.trust };
            Document::of(&RoleTrust { trust, tags, max_session: live.max_session, boundary: live.boundary, ..want })
        }
        _ => want.clone(),
    }
}

fn requests(id: &ResourceId, from: &Fact<Document>, to: &Document) -> Vec<Request> {
    let (op, body) = match (from, to.to::<RoleTrust>()) {
        (Fact::Known(_), Some(role)) => (RequestOp::UpdateRoleTrust, Document::of(&RoleTrust { max_session: None, boundary: None, ..role })),
        _ => (RequestOp::CreateRole, to.clone()),
    };
    vec![Request { op, target: id.clone(), body }]
}

fn refused(to: &Document) -> Option<String> {
    to.to::<RoleTrust>().and_then(|to| verdict::said(verdict::role::trust(&to.trust)))
}

fn weakens(from: &Document, to: &Document) -> Option<Weakening> {
    let (from, to) = (from.to::<RoleTrust>()?, to.to::<RoleTrust>()?);
    let new = iam::opened(&from.trust, &to.trust);
    let deleted = iam::deleted_principals(&from.trust);
    if !deleted.is_empty() && !new.is_empty() {
        let sentence = format!(
            "the trust names {}: a user or role that was deleted, or made again under its old name. AWS does not let the new one in, so that nobody gets \
             in by making a name again. Afterwards the role can be assumed by {}",
            deleted.join(", "),
            new.join(", ")
        );
        return Some(Weakening { id: "repairs-deleted-principal".to_owned(), sentence });
    }
    (!new.is_empty()).then(|| Weakening { id: "opens-trust".to_owned(), sentence: format!("the role can then also be assumed by {}", new.join(", ")) })
}

/// A role of that name elsewhere, or without our mark, is somebody else's.
fn owner(want: &Document, seen: &Document) -> Option<String> {
    let (want, live) = (want.to::<RoleTrust>()?, seen.to::<RoleTrust>()?);
    if live.path != want.path {
        return Some(format!("it lives at path {} and not at {}", live.path, want.path));
    }
    (live.tags.get("managed-by").map(String::as_str) != Some("lifeboat")).then(|| "it does not carry the tag managed-by = lifeboat".to_owned())
}

/// Tags that lifeboat does not write.
pub(super) fn others(wish: &ResourceWish, live: &Document) -> Vec<Part> {
    let tags = |document: &Document| document.to::<RoleTrust>().map(|role| role.tags).unwrap_or_default();
    super::bucket_tags::of_others(tags(live), &want(wish).as_ref().map(tags).unwrap_or_default())
}

fn describe(from: &Fact<Document>, to: &Document) -> Vec<String> {
    let trust = |document: &Document| document.to::<RoleTrust>().map(|role| iam::principals(&role.trust)).unwrap_or_default();
    let (before, after) = (from.known().map(trust).unwrap_or_default(), trust(to));
    let mut lines: Vec<String> = after.iter().filter(|name| !before.contains(name)).map(|name| format!("+ may be assumed by {name}")).collect();
    lines.extend(before.iter().filter(|name| !after.contains(name)).map(|name| format!("- may no longer be assumed by {name}")));
    if let (Fact::Absent, Some(role)) = (from, to.to::<RoleTrust>()) {
        lines.extend(role.max_session.map(|seconds| format!("+ sessions of up to {}", Span::seconds(u64::try_from(seconds).unwrap_or_default()))));
        lines.extend(role.boundary.map(|arn| format!("+ bounded by {arn}")));
    }
    if lines.is_empty() {
        lines.push("conditions of the trust, or tags, differ".to_owned());
    }
    lines
}
