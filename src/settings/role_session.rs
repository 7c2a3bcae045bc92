//! Setting `role-session`: how long credentials of one assumption may live.

use crate::model::aspects::{RoleSession, RoleTrust};
use crate::model::document::Document;
use crate::model::fact::Fact;
use crate::model::id::{ResourceId, ResourceKind};
use crate::model::request::{ReadOp, Request, RequestOp};
use crate::model::resource::{ObservedResource, ResourceWish};
use crate::model::units::Span;

use super::{Docs, Setting, Weakening, as_wanted, no_threats};

/// The setting.
pub(super) static SETTING: Setting = Setting {
    id: "role-session",
    kind: ResourceKind::Role,
    title: "session",
    leave_alone: None,
    read: ReadOp::RoleTrust,
    docs: Docs {
        protects: "Credentials that are lost are worth nothing soon.",
        why: "Credentials of an assumed role cannot be taken back one by one: whoever has them has the role until they expire.",
        risk: "Shorter than a backup, drill or restore takes, it breaks off in the middle; longer, stolen credentials live longer.",
        example: "access:\n  writer:   {role: orders-backup-writer, maxSession: 4h, trust: [{principal: \"arn:aws:iam::111122223333:role/backup-host\"}]}\n  keeper:   {role: orders-keeper, trust: [{principal: \"arn:aws:iam::111122223333:role/keeper\"}]}\n  restorer: {role: orders-restore, maxSession: 2h, trust: [{principal: \"arn:aws:iam::111122223333:role/drill-host\"}]}",
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

/// What a role has when nobody wrote it (IAM API reference, `CreateRole`, MaxSessionDuration): one hour in seconds.
pub(crate) const DEFAULT: i32 = 3_600;
/// The longest that IAM takes: 12 hours in seconds.
pub(crate) const LONGEST: i32 = 43_200;

fn want(wish: &ResourceWish) -> Option<Document> {
    let ResourceWish::Role(role) = wish else { return None };
    Some(Document::of(&RoleSession { max_session: role.max_session }))
}

/// `CreateRole` answers no length and `GetRole` does; where none is said, it is the default.
fn seen(observed: &ObservedResource) -> Fact<Document> {
    observed.fact(ReadOp::RoleTrust).map(|document| match document.to::<RoleTrust>() {
        Some(live) => Document::of(&RoleSession { max_session: live.max_session.unwrap_or(DEFAULT) }),
        None => document,
    })
}

fn requests(id: &ResourceId, _: &Fact<Document>, to: &Document) -> Vec<Request> {
    vec![Request { op: RequestOp::UpdateRoleSession, target: id.clone(), body: to.clone() }]
}

fn length(document: &Document) -> Option<i32> {
    document.to::<RoleSession>().map(|session| session.max_session)
}

fn words(seconds: i32) -> String {
    Span::seconds(u64::try_from(seconds).unwrap_or_default()).to_string()
}

fn refused(document: &Document) -> Option<String> {
    let seconds = length(document).filter(|seconds| !(DEFAULT..=LONGEST).contains(seconds))?;
    Some(format!("ValidationError: a session of {} is not from 1h to 12h", words(seconds)))
}

fn weakens(from: &Document, to: &Document) -> Option<Weakening> {
    let (from, to) = (length(from)?, length(to)?);
    let sentence = format!("credentials of this role then live up to {} instead of {}", words(to), words(from));
    (to > from).then(|| Weakening { id: "lengthens-session".to_owned(), sentence })
}

fn describe(from: &Fact<Document>, to: &Document) -> Vec<String> {
    let to = length(to).map(words).unwrap_or_default();
    match from.known().and_then(length) {
        Some(from) => vec![format!("{} → {to}", words(from))],
        None => vec![format!("up to {to}")],
    }
}
