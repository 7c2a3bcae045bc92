//! Desired against observed → the plan: what will be sent, what is held and why, and what it means for recovery.
//!
//! Pure: no clock, no port. The plan holds the very requests that apply will send; apply has no choices left to make.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::catalog::prices::Prices;
use crate::model::document::Document;
use crate::model::fact::{Fact, Why};
use crate::model::id::{ResourceId, ResourceKind};
use crate::model::request::{Request, RequestOp};
use crate::model::units::Percent;
use crate::settings::{Setting, Weakening};

mod brake;
mod diff;
mod effects;
pub mod inventory;
mod leave;
mod leftovers;
pub mod saved;
mod undo;

pub use diff::{asked, plan};
pub use effects::Effect;
pub use effects::cost::CostChange;
pub use leave::{Allowed, Leave};
pub use leftovers::Leftover;
pub use undo::{Done, undo};

/// What the caller asks of a plan besides the policies.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ask<'a> {
    /// Leave for held steps.
    pub leaves: &'a [Leave],
    /// Whether what is left over is removed.
    pub prune: bool,
    /// The prices by which it is said what a step does to the bill; none = that is not said.
    pub prices: Option<&'a Prices>,
}

/// What would be done, and what not.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// What apply sends, in order.
    pub steps: Vec<Step>,
    /// What it does not send, and why.
    pub held: Vec<Held>,
    /// Settings that are as they should be, by resource.
    pub settled: Vec<(ResourceId, &'static str)>,
    /// What lifeboat made and no policy wants any more.
    pub leftovers: Vec<Leftover>,
    /// Leaves that nothing needed.
    pub unused: Vec<Leave>,
    /// Approvals of policies that no longer count, or not for what is needed now, each with the reason.
    pub void_approvals: Vec<String>,
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
    /// What released it, when it would be held.
    pub allowed: Option<Allowed>,
}

impl Step {
    /// `SETTING@RESOURCE`.
    pub fn id(&self) -> String {
        format!("{}@{}", self.setting, self.resource)
    }

    /// Whether it takes the whole resource away: nothing is there afterwards.
    pub fn is_removal(&self) -> bool {
        self.requests.iter().any(|request| request.op == RequestOp::DeleteRole)
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
    /// It differs, and an apply at that time wrote just what is wanted: somebody changed it since.
    Drifted(Timestamp),
    /// It is taken back.
    Undo,
    /// No policy wants it any more.
    LeftOver,
}

/// A setting that apply will not touch.
#[derive(Clone, Debug, PartialEq)]
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
#[derive(Clone, Debug, PartialEq)]
pub enum Hold {
    /// It could not be read.
    Unknown(Why),
    /// The endpoint does not support it, and the policy says `unsupported: skip`.
    Skipped(String),
    /// The change loosens protection.
    Weakens(Weakening),
    /// Something of others works against the policy, and it is not ours to remove.
    NotOurs {
        /// What it is: a rule id, or the role itself.
        name: String,
        /// What it does, or why it is not ours.
        sentence: String,
        /// Id of the leave to take it away.
        leave: &'static str,
    },
    /// The bucket is missing and the policy says `create: false`.
    MayNotCreate,
    /// It cannot be changed by any request (a bucket cannot move).
    CannotChange(String),
    /// AWS would reject what would be sent: its code and why.
    Refused(String),
    /// The plan loosens so much that no leave is enough.
    TooMany {
        /// `settings` or `buckets`.
        what: &'static str,
        /// How many would be weakened or removed.
        changed: usize,
        /// Of how many.
        of: usize,
        /// The limit.
        limit: Percent,
    },
    /// Only a person may make or change it, by `lifeboat bootstrap`.
    NeedsBootstrap,
    /// Another setting of this resource must come first, and that one is held.
    WaitsFor(&'static str),
}

impl Hold {
    /// Id of the leave that releases it, if leave can.
    pub fn leave_id(&self) -> Option<&str> {
        match self {
            Self::Weakens(weakening) => Some(&weakening.id),
            Self::NotOurs { leave, .. } => Some(leave),
            Self::Unknown(_)
            | Self::Skipped(_)
            | Self::MayNotCreate
            | Self::CannotChange(_)
            | Self::Refused(_)
            | Self::TooMany { .. }
            | Self::NeedsBootstrap
            | Self::WaitsFor(_) => None,
        }
    }

    /// Whether a person must decide: not when another hold is decided first, and not when the policy has decided.
    pub fn needs_a_person(&self) -> bool {
        !matches!(self, Self::WaitsFor(_) | Self::Skipped(_))
    }

    /// What stands in the way.
    pub fn sentence(&self) -> String {
        match self {
            Self::Unknown(why) => why.to_string(),
            Self::Skipped(said) => said.clone(),
            Self::Weakens(weakening) => weakening.sentence.clone(),
            Self::NotOurs { name, sentence, .. } => format!("`{name}`, not ours, {sentence}"),
            Self::MayNotCreate => "the bucket does not exist, and the policy says `create: false`".to_owned(),
            Self::CannotChange(sentence) => sentence.clone(),
            Self::Refused(why) => format!("AWS would refuse it: {why}"),
            Self::TooMany { what, changed, of, limit } => {
                format!("this plan would weaken or remove {changed} of {of} {what}, and the limit is {}", String::from(*limit))
            }
            Self::NeedsBootstrap => "only a person may change what plans and applies themselves rest upon".to_owned(),
            Self::WaitsFor(setting) => format!("waits for {setting}, which is held"),
        }
    }

    /// What a person can do, besides giving leave; `setting` is the held one.
    pub fn advice(&self, setting: &Setting) -> Option<String> {
        let alone = setting.leave_alone.map_or_else(String::new, |yaml| format!(", or leave it alone with `{yaml}`"));
        match self {
            Self::Unknown(Why::Refused(_)) => Some(format!("grant {} to this identity{alone}", setting.read.action())),
            Self::Unknown(Why::NoRole(_)) => Some("let this identity assume the role, in its own permissions and in the trust of that role".to_owned()),
            Self::Unknown(Why::NotUnderstood(_)) => Some(format!("use a newer lifeboat{alone}")),
            Self::Unknown(Why::NotAsked) => Some("run it without --offline".to_owned()),
            Self::Unknown(Why::Credentials(_)) => Some("renew the credentials and run it again".to_owned()),
            Self::Unknown(Why::Unreachable(_) | Why::Busy(_) | Why::Stale(_) | Why::Interrupted) => Some("run it again".to_owned()),
            Self::Unknown(Why::Unsupported(_)) => Some(unsupported(setting)),
            Self::NeedsBootstrap => Some("run `lifeboat bootstrap --apply` with a person's credentials".to_owned()),
            Self::MayNotCreate => Some("make the bucket, or write `create: true`".to_owned()),
            Self::TooMany { .. } => Some("allow fewer steps at a time, or raise limits.settingsChanged in lifeboat.yaml".to_owned()),
            Self::Skipped(_) | Self::Weakens(_) | Self::NotOurs { .. } | Self::CannotChange(_) | Self::Refused(_) | Self::WaitsFor(_) => None,
        }
    }
}

/// What to do where the endpoint does not know a setting.
fn unsupported(setting: &Setting) -> String {
    match (setting.kind, setting.leave_alone) {
        (ResourceKind::Role | ResourceKind::Provider | ResourceKind::Key, _) => "take `access` out of the policy: this endpoint has no such roles".to_owned(),
        (ResourceKind::Bucket, Some(yaml)) => {
            format!("leave it alone with `{yaml}`, or go without whatever is not supported: `storage: {{unsupported: skip}}`")
        }
        (ResourceKind::Bucket, None) => "take it out of the policy, or go without whatever is not supported: `storage: {unsupported: skip}`".to_owned(),
    }
}

#[cfg(test)]
pub(crate) mod tests;
