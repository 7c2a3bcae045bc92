//! What lies in the buckets and roles of a plan and is not of lifeboat. Part of `lifeboat.plan/1` where it was asked for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::fact::Why;
use crate::plan::inventory::{NotOurs, NotRead};
use crate::settings::Part;
use crate::settings::beside::BESIDE;

/// What is not managed. It is information: nothing of a plan rests on it, and a saved plan is without it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InventoryView {
    /// How many requests it took beside those of the plan.
    pub requests: usize,
    /// The buckets and roles where something lies, or may lie.
    pub resources: Vec<NotOursView>,
    /// How many others were looked at and hold nothing else.
    pub bare: usize,
}

/// What is not managed in one bucket or role.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotOursView {
    /// The bucket or role.
    pub resource: String,
    /// What lies there.
    pub parts: Vec<PartView>,
    /// What could not be read: something may lie there.
    pub unknown: Vec<NotReadView>,
}

/// Something that lies there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PartView {
    /// `lifecycle-rule`, `policy-statement`, `tag`, `replication-rule`, `attached-policy` or `inline-policy` of others; `setting` that
    /// no policy says anything about; or what lifeboat never manages: `acl-grant`, `website`, `cors`, `notification`,
    /// `intelligent-tiering`, `inventory`, `analytics`, `metrics`, `accelerate`, `request-payment`.
    pub kind: String,
    /// The kind for people.
    pub title: String,
    /// What it is called.
    pub name: String,
    /// What it does, in a few words.
    pub words: String,
}

/// Something that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotReadView {
    /// What was asked for, for people.
    pub title: String,
    /// Why it is not known, in lifeboat's words.
    pub why: String,
    /// What the server said, where it said something.
    pub said: String,
}

impl InventoryView {
    /// The view of an inventory that took so many requests.
    pub fn of(inventory: &[NotOurs], requests: usize) -> Self {
        let (bare, rest): (Vec<&NotOurs>, Vec<&NotOurs>) = inventory.iter().partition(|found| found.parts.is_empty() && found.unknown.is_empty());
        Self { requests, resources: rest.into_iter().map(NotOursView::of).collect(), bare: bare.len() }
    }
}

impl NotOursView {
    fn of(found: &NotOurs) -> Self {
        Self {
            resource: found.resource.to_string(),
            parts: found.parts.iter().map(PartView::of).collect(),
            unknown: found.unknown.iter().map(NotReadView::of).collect(),
        }
    }
}

impl PartView {
    fn of(part: &Part) -> Self {
        let title = match BESIDE.iter().find(|beside| beside.id == part.kind) {
            Some(beside) => beside.title.to_owned(),
            None => part.kind.replace('-', " "),
        };
        Self { kind: part.kind.to_owned(), title, name: part.name.clone(), words: part.words.clone() }
    }
}

impl NotReadView {
    fn of(what: &NotRead) -> Self {
        let why = match &what.why {
            Why::Refused(_) => format!("may not read: {} is refused", what.action),
            Why::Unsupported(_) => "not supported by this endpoint".to_owned(),
            Why::NotUnderstood(_) => "not understood".to_owned(),
            Why::Unreachable(_) => "no usable answer".to_owned(),
            Why::Busy(_) => "too busy to answer".to_owned(),
            Why::NoRole(_) => "nobody to ask as".to_owned(),
            Why::Credentials(_) => "the credentials are not accepted".to_owned(),
            Why::Stale(_) => "too old".to_owned(),
            Why::NotAsked | Why::Interrupted => "not asked".to_owned(),
        };
        Self { title: what.title.to_owned(), why, said: what.why.to_string() }
    }
}
