//! The table of settings: one managed aspect of a bucket or role a file.
//!
//! A setting is data and plain functions. It yields requests and never sends them; it judges what weakens and never
//! decides whether that is allowed. Adding one: a new file here and two lines below (`mod x;` and `&x::SETTING,`).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::document::Document;
use crate::model::fact::Fact;
use crate::model::id::{ResourceId, ResourceKind};
use crate::model::request::{Read, ReadOp, Request};
use crate::model::resource::{Observed, ObservedResource, ResourceWish};

mod bucket_encryption;
mod bucket_exists;
pub mod bucket_lifecycle;
mod bucket_logging;
mod bucket_object_lock;
mod bucket_ownership;
mod bucket_policy;
mod bucket_public_access;
mod bucket_replication;
mod bucket_tags;
mod bucket_versioning;
mod oidc_provider;
mod role_attached;
mod role_boundary;
mod role_inline;
mod role_permissions;
pub(crate) mod role_session;
mod role_trust;

pub mod beside;

/// All settings: within a kind in the order in which apply must send them, which is also the order of the table's ids
/// on a page (a bucket must exist before anything else of it, a role before its permissions).
pub static SETTINGS: &[&Setting] = &[
    &bucket_exists::SETTING,
    &bucket_public_access::SETTING,
    &bucket_ownership::SETTING,
    &bucket_versioning::SETTING,
    &bucket_object_lock::SETTING,
    &bucket_encryption::SETTING,
    &bucket_lifecycle::SETTING,
    &bucket_tags::SETTING,
    &bucket_logging::SETTING,
    &bucket_replication::SETTING,
    &bucket_policy::SETTING,
    &role_trust::SETTING,
    &role_session::SETTING,
    &role_boundary::SETTING,
    &role_attached::SETTING,
    &role_inline::SETTING,
    &role_permissions::SETTING,
    &oidc_provider::SETTING,
];

/// Settings that AWS refuses while another one of the same resource is not as wanted: the first needs the second.
static NEEDS: &[(&str, &str)] = &[("bucket-object-lock", "bucket-versioning"), ("bucket-replication", "bucket-versioning")];

type ForGood = fn(&ResourceWish, &Fact<Document>) -> Option<Weakening>;

/// Settings with a change that nothing can take back, and who says when it is one.
static FOR_GOOD: &[(&str, ForGood)] = &[("bucket-object-lock", bucket_object_lock::for_good)];

type Others = fn(&ResourceWish, &Document) -> Vec<Part>;

/// Settings in which others may have a part, and who tells it from ours.
static OTHERS: &[(&str, Others)] = &[
    ("bucket-lifecycle", bucket_lifecycle::others),
    ("bucket-policy", bucket_policy::others),
    ("bucket-tags", bucket_tags::others),
    ("bucket-replication", bucket_replication::others),
    ("role-trust", role_trust::others),
    ("role-attached", role_attached::others),
    ("role-inline", role_inline::others),
];

/// Whether others may have a part in a setting that lifeboat manages.
pub fn is_shared(setting: &Setting) -> bool {
    OTHERS.iter().any(|(id, _)| *id == setting.id)
}

/// What in the live setting is not of lifeboat and stays as it is; none where the setting is one whole, which is managed or not.
pub fn others(setting: &Setting, wish: &ResourceWish, live: &Document) -> Option<Vec<Part>> {
    OTHERS.iter().find(|(id, _)| *id == setting.id).map(|(_, parts)| parts(wish, live))
}

/// The setting that must be settled or planned before this one can be sent.
pub fn needs(setting: &Setting) -> Option<&'static str> {
    NEEDS.iter().find(|(id, _)| *id == setting.id).map(|(_, needed)| *needed)
}

/// Questions about other resources that the settings of this one rest upon.
pub fn beyond(wish: &ResourceWish) -> Vec<Read> {
    bucket_replication::far_end(wish)
}

/// Why another resource, which is not ours to change, makes AWS refuse this setting.
pub fn not_ready(setting: &Setting, wish: &ResourceWish, observed: &Observed) -> Option<String> {
    if setting.read == ReadOp::BucketReplication { bucket_replication::not_ready(wish, observed) } else { None }
}

/// Whether changing what was seen cannot be undone, so that a person must say that it is meant.
pub fn for_good(setting: &Setting, wish: &ResourceWish, seen: &Fact<Document>) -> Option<Weakening> {
    FOR_GOOD.iter().find(|(id, _)| *id == setting.id).and_then(|(_, judge)| judge(wish, seen))
}

/// One managed aspect.
pub struct Setting {
    /// Stable id, kebab-case.
    pub id: &'static str,
    /// The kind of resource it belongs to.
    pub kind: ResourceKind,
    /// Its name in plans: `versioning`.
    pub title: &'static str,
    /// What to write in the policy so that it is left alone, where that can be written.
    pub leave_alone: Option<&'static str>,
    /// The question whose answer it compares.
    pub read: ReadOp,
    /// Documentation, shown by `lifeboat explain` and in `docs/settings.md`.
    pub docs: Docs,
    /// What the policies want; none = not managed.
    pub want: fn(&ResourceWish) -> Option<Document>,
    /// What was seen, in canonical form.
    pub seen: fn(&ObservedResource) -> Fact<Document>,
    /// The whole document to send: what is wanted, with what others wrote carried along.
    pub adopt: fn(&Document, &Fact<Document>) -> Document,
    /// The requests that lead from one to the other.
    pub requests: fn(&ResourceId, &Fact<Document>, &Document) -> Vec<Request>,
    /// Why AWS would refuse this document, when it would: its code and a plain sentence. Other servers accept much that
    /// AWS rejects, and a rejected whole-document write is known only after the steps before it were sent.
    pub refused: fn(&Document) -> Option<String>,
    /// Whether going from one to the other loosens protection.
    pub weakens: fn(&Document, &Document) -> Option<Weakening>,
    /// Parts that others wrote and that work against the policy.
    pub threats: fn(&ResourceWish, &Document) -> Vec<Threat>,
    /// Who the live setting belongs to, when it is not ours to change.
    pub owner: fn(&Document, &Document) -> Option<String>,
    /// A change in words, one line each.
    pub describe: fn(&Fact<Document>, &Document) -> Vec<String>,
}

impl Setting {
    /// Whether a resource that is made has this from its first moment, so that no step of its own is needed: `CreateRole`
    /// carries session length and boundary, and a new role has no policies of others.
    pub fn comes_with_creation(&self, to: &Document) -> bool {
        match self.read {
            ReadOp::RoleTrust => true,
            ReadOp::RoleAttached | ReadOp::RoleInline => to.value().as_array().is_some_and(Vec::is_empty),
            _ => false,
        }
    }

    /// Id of the leave to take away a part that others wrote.
    pub fn removes_foreign(&self) -> &'static str {
        match self.read {
            ReadOp::RoleAttached | ReadOp::RoleInline => "removes-foreign-policy",
            ReadOp::BucketPolicy => "removes-foreign-statement",
            _ => "removes-foreign-rule",
        }
    }
}

/// The ids of all leaves, by the kind of resource that they are for, sorted: what a step can be held by, and released from.
pub const LEAVES: &[(&str, ResourceKind)] = &[
    ("changes-encryption-key", ResourceKind::Bucket),
    ("leaves-backups-behind", ResourceKind::Bucket),
    ("lengthens-session", ResourceKind::Role),
    ("locks-for-good", ResourceKind::Bucket),
    ("loses-restore-points", ResourceKind::Bucket),
    ("moves-access-log", ResourceKind::Bucket),
    ("opens-trust", ResourceKind::Role),
    ("removes-foreign-policy", ResourceKind::Role),
    ("removes-foreign-rule", ResourceKind::Bucket),
    ("removes-foreign-statement", ResourceKind::Bucket),
    ("repairs-deleted-principal", ResourceKind::Role),
    ("shortens-retention", ResourceKind::Bucket),
    ("weakens-boundary", ResourceKind::Role),
    ("weakens-bucket-policy", ResourceKind::Bucket),
    ("weakens-object-lock", ResourceKind::Bucket),
    ("weakens-ownership", ResourceKind::Bucket),
    ("weakens-replication", ResourceKind::Bucket),
    ("weakens-versioning", ResourceKind::Bucket),
    ("widens-permissions", ResourceKind::Role),
];

/// Documentation of a setting.
#[derive(Debug)]
pub struct Docs {
    /// What it protects, in one sentence.
    pub protects: &'static str,
    /// Why it is so.
    pub why: &'static str,
    /// What can go wrong when it is changed.
    pub risk: &'static str,
    /// Policy YAML that sets it (below `spec:`).
    pub example: &'static str,
}

/// A loosening of protection: a stable id and one plain sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Weakening {
    /// Reads well after "allow": `weakens-versioning`.
    pub id: String,
    /// What it means.
    pub sentence: String,
}

/// A part of the live setting that is not ours and works against the policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Threat {
    /// The name of the part: a rule id.
    pub name: String,
    /// What it does.
    pub sentence: String,
    /// The live document without it.
    pub without: Document,
    /// Whether AWS refuses every document with it, so that nothing else of the setting can be sent before it is gone.
    pub blocks: bool,
}

/// A part of what is there that lifeboat does not own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    /// What kind of thing it is, kebab-case and stable: `lifecycle-rule`.
    pub kind: &'static str,
    /// What it is called there.
    pub name: String,
    /// What it does, in a few words.
    pub words: String,
}

impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Setting({})", self.id)
    }
}

/// The settings of one kind of resource, in sending order.
pub fn of_kind(kind: ResourceKind) -> impl Iterator<Item = &'static Setting> {
    SETTINGS.iter().copied().filter(move |setting| setting.kind == kind)
}

/// A setting by its id.
pub fn by_id(id: &str) -> Option<&'static Setting> {
    SETTINGS.iter().copied().find(|setting| setting.id == id)
}

/// `adopt` of a setting that carries nothing: what is wanted is what is sent.
pub(crate) fn as_wanted(want: &Document, _: &Fact<Document>) -> Document {
    want.clone()
}

/// `threats` of a setting in which others have no part.
pub(crate) fn no_threats(_: &ResourceWish, _: &Document) -> Vec<Threat> {
    Vec::new()
}

/// `owner` of a setting that has no owner but the bucket.
pub(crate) fn ours(_: &Document, _: &Document) -> Option<String> {
    None
}

/// `weakens` of a setting of which no change loosens anything.
pub(crate) fn never_weakens(_: &Document, _: &Document) -> Option<Weakening> {
    None
}

/// `refused` of a setting whose documents are right by their type.
pub(crate) fn never_refused(_: &Document) -> Option<String> {
    None
}

/// `describe` for small aspects: before → after as short JSON.
pub(crate) fn before_after(from: &Fact<Document>, to: &Document) -> Vec<String> {
    match from {
        Fact::Known(from) => vec![format!("{} → {}", plain(from), plain(to))],
        Fact::Absent | Fact::Unknown(_) => vec![plain(to)],
    }
}

fn plain(document: &Document) -> String {
    match document.value() {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Object(fields) => {
            let parts: Vec<String> = fields.iter().filter(|(_, value)| !value.is_null()).map(|(key, value)| format!("{key} {}", bare(value))).collect();
            parts.join(", ")
        }
        other => other.to_string(),
    }
}

fn bare(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests;
