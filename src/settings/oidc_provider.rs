//! Setting `oidc-provider`: the account trusts the issuer whose tokens roles are assumed with.
//!
//! It is made by `lifeboat bootstrap` only: who may let an issuer into an account decides over every role in it.

use std::collections::BTreeSet;

use crate::model::aspects::Provider;
use crate::model::document::Document;
use crate::model::fact::Fact;
use crate::model::id::{ResourceId, ResourceKind};
use crate::model::request::{ReadOp, Request, RequestOp};
use crate::model::resource::{ObservedResource, ResourceWish};

use super::{Docs, Setting, no_threats};

/// The setting.
pub(super) static SETTING: Setting = Setting {
    id: "oidc-provider",
    kind: ResourceKind::Provider,
    title: "provider",
    leave_alone: None,
    read: ReadOp::OidcProvider,
    docs: Docs {
        protects: "Jobs of GitHub Actions get credentials for an hour, and no key of AWS is kept in a repository.",
        why: "Without the provider in the account, no trust of a GitHub job lets anybody in: backups and drills stop with an error of STS.",
        risk: "A provider admits nobody by itself; each role's trust says whose tokens count. lifeboat never removes one, nor an audience.",
        example: "storage: {account: \"111122223333\"}\naccess:\n  writer:   {role: orders-backup-writer, trust: [{github: {repository: acme/dr, environment: dr-writer}}]}\n  keeper:   {role: orders-keeper,        trust: [{github: {repository: acme/dr, environment: dr-keeper}}]}\n  restorer: {role: orders-restore,       trust: [{github: {repository: acme/dr, environment: dr-drill}}]}",
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
    let ResourceWish::Provider(_) = wish else { return None };
    Some(Document::of(&Provider { audiences: BTreeSet::from(["sts.amazonaws.com".to_owned()]) }))
}

fn seen(observed: &ObservedResource) -> Fact<Document> {
    observed.fact(ReadOp::OidcProvider)
}

fn audiences(document: &Document) -> BTreeSet<String> {
    document.to::<Provider>().map(|provider| provider.audiences).unwrap_or_default()
}

/// Audiences of others stay.
fn adopt(want: &Document, seen: &Fact<Document>) -> Document {
    let mut all = audiences(want);
    all.extend(seen.known().map(audiences).unwrap_or_default());
    Document::of(&Provider { audiences: all })
}

fn requests(id: &ResourceId, from: &Fact<Document>, to: &Document) -> Vec<Request> {
    let request = |op, body| vec![Request { op, target: id.clone(), body }];
    match from {
        Fact::Absent => request(RequestOp::CreateProvider, to.clone()),
        Fact::Known(_) | Fact::Unknown(_) => {
            let new: BTreeSet<String> = audiences(to).difference(&from.known().map(audiences).unwrap_or_default()).cloned().collect();
            if new.is_empty() { Vec::new() } else { request(RequestOp::AddAudiences, Document::of(&Provider { audiences: new })) }
        }
    }
}

fn describe(from: &Fact<Document>, to: &Document) -> Vec<String> {
    let before = from.known().map(audiences).unwrap_or_default();
    audiences(to).difference(&before).map(|audience| format!("+ tokens for {audience}")).collect()
}
