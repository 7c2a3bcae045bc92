//! Setting `role-attached`: exactly the managed policies that the policy names are attached to the role.

use std::collections::BTreeSet;

use crate::model::aspects::{Attachments, Names};
use crate::model::document::Document;
use crate::model::fact::Fact;
use crate::model::id::{ResourceId, ResourceKind};
use crate::model::request::{ReadOp, Request, RequestOp};
use crate::model::resource::{ObservedResource, ResourceWish};

use super::{Docs, Part, Setting, Threat, Weakening};

/// The setting.
pub(super) static SETTING: Setting = Setting {
    id: "role-attached",
    kind: ResourceKind::Role,
    title: "attached policies",
    leave_alone: None,
    read: ReadOp::RoleAttached,
    docs: Docs {
        protects: "A role may do what its own policy says and what is attached by name, and nothing that somebody else attached.",
        why: "One managed policy too many, AdministratorAccess for a minute of debugging, undoes every refusal that was designed.",
        risk: "What an attached policy grants is not compared: its owner can change it at any time. A policy of others is taken off only with leave.",
        example: "access:\n  writer:   {role: orders-backup-writer, attached: [\"arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy\"], trust: [{principal: \"arn:aws:iam::111122223333:role/backup-host\"}]}\n  keeper:   {role: orders-keeper, trust: [{principal: \"arn:aws:iam::111122223333:role/keeper\"}]}\n  restorer: {role: orders-restore, trust: [{principal: \"arn:aws:iam::111122223333:role/drill-host\"}]}",
    },
    want,
    seen,
    adopt: with_what_is_there,
    requests,
    refused: super::never_refused,
    weakens,
    threats,
    owner: super::ours,
    describe: names_before_and_after,
};

fn want(wish: &ResourceWish) -> Option<Document> {
    let ResourceWish::Role(role) = wish else { return None };
    Some(Document::of(&Names(role.attached.iter().cloned().collect())))
}

fn seen(observed: &ObservedResource) -> Fact<Document> {
    observed.fact(ReadOp::RoleAttached)
}

/// The names of a document.
pub(super) fn names(document: &Document) -> BTreeSet<String> {
    document.to::<Names>().map(|names| names.0).unwrap_or_default()
}

/// What others put there is carried along until it may be taken off.
pub(super) fn with_what_is_there(want: &Document, seen: &Fact<Document>) -> Document {
    let mut all = names(want);
    all.extend(seen.known().map(names).unwrap_or_default());
    Document::of(&Names(all))
}

fn requests(id: &ResourceId, from: &Fact<Document>, to: &Document) -> Vec<Request> {
    let (before, after) = (from.known().map(names).unwrap_or_default(), names(to));
    let change = Attachments { attach: after.difference(&before).cloned().collect(), detach: before.difference(&after).cloned().collect() };
    if change.attach.is_empty() && change.detach.is_empty() {
        return Vec::new();
    }
    vec![Request { op: RequestOp::ChangeRoleAttached, target: id.clone(), body: Document::of(&change) }]
}

fn weakens(from: &Document, to: &Document) -> Option<Weakening> {
    let new: Vec<String> = names(to).difference(&names(from)).cloned().collect();
    let sentence = format!("the role may then also do what {} grants", new.join(" and "));
    (!new.is_empty()).then(|| Weakening { id: "widens-permissions".to_owned(), sentence })
}

fn threats(wish: &ResourceWish, live: &Document) -> Vec<Threat> {
    let wanted = want(wish).map(|want| names(&want)).unwrap_or_default();
    let live = names(live);
    let foreign = live.difference(&wanted);
    foreign
        .map(|name| Threat {
            name: name.clone(),
            sentence: "is attached to the role, which may do what that policy grants too".to_owned(),
            without: Document::of(&Names(live.iter().filter(|other| *other != name).cloned().collect())),
            blocks: false,
        })
        .collect()
}

/// Managed policies that the policy does not name.
pub(super) fn others(wish: &ResourceWish, live: &Document) -> Vec<Part> {
    let wanted = want(wish).map(|want| names(&want)).unwrap_or_default();
    let part = |name: &String| Part { kind: "attached-policy", name: name.clone(), words: "the role may do what it grants".to_owned() };
    names(live).difference(&wanted).map(part).collect()
}

/// A change of a set of names, one line each.
pub(super) fn names_before_and_after(from: &Fact<Document>, to: &Document) -> Vec<String> {
    let (before, after) = (from.known().map(names).unwrap_or_default(), names(to));
    let mut lines: Vec<String> = after.difference(&before).map(|name| format!("+ {name}")).collect();
    lines.extend(before.difference(&after).map(|name| format!("- {name}")));
    if lines.is_empty() {
        lines.push("none".to_owned());
    }
    lines
}
