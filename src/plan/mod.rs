//! Desired against observed → the plan: what will be sent, what is held and why, and what it means for recovery.
//!
//! Pure: no clock, no port. The plan holds the very requests that apply will send; apply has no choices left to make.

use serde::{Deserialize, Serialize};

use crate::model::document::Document;
use crate::model::fact::{Fact, Why};
use crate::model::id::ResourceId;
use crate::model::request::Request;
use crate::settings::{Setting, Weakening};

mod diff;
mod effects;
mod leave;
pub mod saved;

pub use diff::plan;
pub use effects::Effect;
pub use leave::Leave;

/// What would be done, and what not.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// What apply sends, in order.
    pub steps: Vec<Step>,
    /// What it does not send, and why.
    pub held: Vec<Held>,
    /// Settings that are as they should be, by resource.
    pub settled: Vec<(ResourceId, &'static str)>,
    /// Leaves that nothing needed.
    pub unused: Vec<Leave>,
}

/// One change of one setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// The resource.
    pub resource: ResourceId,
    /// Id of the setting.
    pub setting: String,
    /// Why.
    pub reason: Reason,
    /// What was seen, in canonical form. Apply sends only while this still holds.
    pub from: Fact<Document>,
    /// What will be there.
    pub to: Document,
    /// What will be sent.
    pub requests: Vec<Request>,
    /// The change in words.
    pub lines: Vec<String>,
    /// What it means for recovery.
    pub effects: Vec<Effect>,
    /// The leave that released it, when it was held.
    pub allowed: Option<String>,
}

impl Step {
    /// `SETTING@RESOURCE`.
    pub fn id(&self) -> String {
        format!("{}@{}", self.setting, self.resource)
    }

    /// SHA-256 over what is approved when this step is approved: the setting, from, to and the requests.
    pub fn digest(&self) -> String {
        Document::of(&(&self.resource, &self.setting, &self.from, &self.to, &self.requests)).digest()
    }
}

/// Why a step is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Reason {
    /// It is not there.
    Missing,
    /// It is there and differs.
    Differs,
}

/// A setting that apply will not touch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The resource.
    pub resource: ResourceId,
    /// Id of the setting.
    pub setting: &'static str,
    /// Why.
    pub hold: Hold,
    /// What would be done with leave, where that is known.
    pub step: Option<Step>,
}

/// Why a setting is left alone. Each hold knows what a person can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hold {
    /// It could not be read.
    Unknown(Why),
    /// The change loosens protection.
    Weakens(Weakening),
    /// Something of others works against the policy, and it is not ours to remove.
    NotOurs {
        /// What it is: a rule id, or the role itself.
        name: String,
        /// What it does, or why it is not ours.
        sentence: String,
    },
    /// The bucket is missing and the policy says `create: false`.
    MayNotCreate,
    /// It cannot be changed by any request (a bucket cannot move).
    CannotChange(String),
    /// AWS would reject what would be sent: its code and why.
    Refused(String),
    /// Another setting of this resource must come first, and that one is held.
    WaitsFor(&'static str),
}

/// Id of the leave to remove a part that others wrote.
pub const REMOVES_FOREIGN: &str = "removes-foreign-rule";

impl Hold {
    /// Id of the leave that releases it, if leave can.
    pub fn leave_id(&self) -> Option<&str> {
        match self {
            Self::Weakens(weakening) => Some(&weakening.id),
            Self::NotOurs { .. } => Some(REMOVES_FOREIGN),
            Self::Unknown(_) | Self::MayNotCreate | Self::CannotChange(_) | Self::Refused(_) | Self::WaitsFor(_) => None,
        }
    }

    /// What stands in the way.
    pub fn sentence(&self) -> String {
        match self {
            Self::Unknown(why) => why.to_string(),
            Self::Weakens(weakening) => weakening.sentence.clone(),
            Self::NotOurs { name, sentence } => format!("`{name}`, not ours, {sentence}"),
            Self::MayNotCreate => "the bucket does not exist, and the policy says `create: false`".to_owned(),
            Self::CannotChange(sentence) => sentence.clone(),
            Self::Refused(why) => format!("AWS would refuse it: {why}"),
            Self::WaitsFor(setting) => format!("waits for {setting}, which is held"),
        }
    }

    /// What a person can do, besides giving leave; `setting` is the held one.
    pub fn advice(&self, setting: &Setting) -> Option<String> {
        let alone = setting.leave_alone.map_or_else(String::new, |yaml| format!(", or leave it alone with `{yaml}`"));
        match self {
            Self::Unknown(Why::Refused(_)) => Some(format!("grant {} to this identity{alone}", setting.read.action())),
            Self::Unknown(Why::NotUnderstood(_)) => Some(format!("use a newer lifeboat{alone}")),
            Self::Unknown(Why::NotAsked) => Some("run it without --offline".to_owned()),
            Self::Unknown(Why::Credentials(_)) => Some("renew the credentials and run it again".to_owned()),
            Self::Unknown(Why::Unreachable(_) | Why::Busy(_) | Why::Stale(_) | Why::Interrupted) => Some("run it again".to_owned()),
            Self::Unknown(Why::Unsupported(_)) => setting.leave_alone.map(|yaml| format!("leave it alone with `{yaml}`")),
            Self::MayNotCreate => Some("make the bucket, or write `create: true`".to_owned()),
            Self::Weakens(_) | Self::NotOurs { .. } | Self::CannotChange(_) | Self::Refused(_) | Self::WaitsFor(_) => None,
        }
    }
}

#[cfg(test)]
mod tests;
