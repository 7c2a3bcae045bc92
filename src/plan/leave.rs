//! Leave for a held step: `ID@RESOURCE`, as in `weakens-versioning@bucket/acme-dr-orders`, given on the command line or as
//! an approval of the policy.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Effect, effects};
use crate::model::id::ResourceId;
use crate::model::resource::Approval;
use crate::model::units::{Span, plural};

/// Leave for one kind of step on one resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Leave {
    /// What is allowed.
    pub id: String,
    /// On what.
    pub resource: ResourceId,
}

impl FromStr for Leave {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (id, resource) = text.split_once('@').ok_or_else(|| format!("`{text}` is not a leave: write ID@RESOURCE, as the plan prints it"))?;
        if id.is_empty() {
            return Err(format!("`{text}` names nothing to allow: write ID@RESOURCE, as the plan prints it"));
        }
        Ok(Self { id: id.to_owned(), resource: resource.parse()? })
    }
}

impl fmt::Display for Leave {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.id, self.resource)
    }
}

/// What released a step that would be held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Allowed {
    /// `--allow ID@RESOURCE`.
    Flag(String),
    /// An approval of the policy. Its approver is only claimed: whoever wrote the policy wrote the name.
    Approval {
        /// The policy.
        policy: String,
        /// Who is said to have approved it.
        by: String,
        /// Why.
        reason: String,
        /// Until when it counts.
        until: Timestamp,
    },
}

impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(leave) => write!(f, "--allow {leave}"),
            Self::Approval { policy, by, reason, until } => {
                write!(f, "approval in policy {policy} by {by} (claimed) until {}: {reason}", effects::moment(*until))
            }
        }
    }
}

impl Allowed {
    /// What an approval releases, as itself.
    pub(super) fn by(approval: &Approval) -> Self {
        Self::Approval { policy: approval.policy.clone(), by: approval.by.clone(), reason: approval.reason.clone(), until: approval.until }
    }
}

/// Why an approval does not release a step of these effects now; none = it does.
pub(super) fn objection(approval: &Approval, effects: &[Effect], now: Timestamp) -> Option<String> {
    let lost: usize = effects.iter().map(|effect| effect.points).sum();
    if now >= approval.until {
        return Some(format!("the approval by {} ended on {}", approval.by, effects::moment(approval.until)));
    }
    if let Some(unsaid) = effects.iter().find(|effect| effect.unsaid) {
        return Some(format!("the approval by {} is for a known effect, and {}", approval.by, unsaid.sentence));
    }
    if lost > approval.points {
        let most = plural(approval.points as u64, "restore point");
        return Some(format!("the approval by {} is for {most} lost at the most, and this step costs {lost}", approval.by));
    }
    beyond_window(approval, effects, now)
}

/// Whether the window shrinks by more than was approved. How far the oldest restore point comes nearer is in the number of points; minutes
/// between them are lost by themselves, so they must have been approved by themselves.
fn beyond_window(approval: &Approval, effects: &[Effect], now: Timestamp) -> Option<String> {
    let window = |effect: &Effect| match approval.window {
        Some(_) => effect.window_lost(now),
        None => effect.window_seconds.unwrap_or(0),
    };
    let lost = Span::seconds(effects.iter().map(window).max().unwrap_or(0));
    let most = approval.window.unwrap_or(Span::seconds(0));
    let is_for = approval.window.map_or_else(|| "says no `windowLost`".to_owned(), |most| format!("is for {most} of the window at the most"));
    (lost > most).then(|| format!("the approval by {} {is_for}, and this step costs {lost} of it", approval.by))
}

#[cfg(test)]
mod tests;
