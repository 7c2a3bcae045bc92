//! Saved plans: they select and approve steps, they never supply requests.
//!
//! Apply recomputes the plan in its own context and sends only those of its own steps that equal an approved one, so a
//! crafted file owns nothing. Leave is not in the file: what was released by `--allow` when the plan was made must be
//! allowed again, and reaches only the approved steps.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Leave, Plan, Step};
use crate::model::document::Document;
use crate::model::units::Span;

/// The part of a saved plan that apply looks at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Approved {
    /// Format of the file.
    pub format: String,
    /// Digest of the resolved policies that it was made for.
    pub policy_digest: String,
    /// When the reads for it began.
    pub observed_at: Timestamp,
    /// Who asked; none = a plan that asked nobody.
    pub identity: Option<Asker>,
    /// The approved steps.
    pub approved: Vec<ApprovedStep>,
}

/// The account that a plan was made in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Asker {
    /// Account id.
    pub account: String,
}

/// One approved step.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApprovedStep {
    /// `SETTING@RESOURCE`, for messages.
    pub id: String,
    /// SHA-256 over setting, from, to and requests.
    pub digest: String,
    /// How many restore points it was said to cost.
    pub points: usize,
    /// When the first of them was said to become deletable.
    #[schemars(with = "Option<String>")]
    pub first: Option<Timestamp>,
    /// By how many seconds the window of the policy that loses most was said to shrink.
    #[serde(default)]
    pub window_seconds: u64,
    /// Whether it could not be said what it costs.
    #[serde(default)]
    pub unsaid: bool,
}

impl ApprovedStep {
    /// What is approved when this step is, as it looks at a moment.
    pub fn of(step: &Step, at: Timestamp) -> Self {
        Self {
            id: step.id(),
            digest: step.digest(),
            points: step.effects.iter().map(|effect| effect.points).sum(),
            first: step.effects.iter().filter_map(|effect| effect.first).min(),
            window_seconds: step.effects.iter().map(|effect| effect.window_lost(at)).max().unwrap_or(0),
            unsaid: step.effects.iter().any(|effect| effect.unsaid),
        }
    }

    /// Whether the same step costs more now than when it was approved: more points, the first one earlier, more of the window than has come
    /// to it since, or what cannot be said any more.
    fn worse(&self, now: &Self, since: SignedDuration) -> bool {
        let earlier = match (self.first, now.first) {
            (Some(then), Some(now)) => now < then,
            (None, Some(_)) => true,
            (_, None) => false,
        };
        let grown = u64::try_from(since.as_secs()).unwrap_or(0);
        now.points > self.points || earlier || now.window_seconds > self.window_seconds.saturating_add(grown) || (now.unsaid && !self.unsaid)
    }
}

/// The format that this build writes and reads.
pub const FORMAT: &str = "lifeboat.plan/1";

/// How far the clock of whoever made a plan may be ahead of ours.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// Where a saved plan is to be applied.
#[derive(Clone, Copy, Debug)]
pub struct Here<'a> {
    /// Digest of the resolved policies.
    pub policy_digest: &'a str,
    /// The account.
    pub account: &'a str,
    /// The time.
    pub now: Timestamp,
    /// How old a saved plan may be.
    pub valid_for: Span,
}

/// Why a saved plan cannot be applied.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stale {
    /// Another format.
    #[error("the plan file has format `{0}`, and this lifeboat reads `{FORMAT}`")]
    Format(String),
    /// The policies are not those of the plan.
    #[error("the policies are not those that the plan was made for")]
    Policies,
    /// It was made in another account, or by asking nobody.
    #[error("the plan was made {made}, and this is account {here}")]
    Account {
        /// `in account …`, or `offline`.
        made: String,
        /// The account here.
        here: String,
    },
    /// It is too old.
    #[error("the plan is of {made}, and a plan is valid for {valid_for} (limits.planValidFor in lifeboat.yaml)")]
    TooOld {
        /// When it was made.
        made: Timestamp,
        /// How long a plan is valid.
        valid_for: Span,
    },
    /// Its time has not come.
    #[error("the plan is of {0}, which is still to come: one of the two clocks is wrong")]
    FromTheFuture(Timestamp),
    /// Steps were approved that are held here: leave is not in the file.
    #[error("what was approved is held here, as a saved plan carries no leave: give it again with {}", .0.iter().map(|leave| format!("--allow {leave}")).collect::<Vec<_>>().join(" "))]
    Held(Vec<Leave>),
    /// Steps were approved that differ now.
    #[error("what was approved differs from what is needed now: {}", .0.join(", "))]
    Steps(Vec<String>),
    /// Steps would now cost more than was approved, or cost it earlier.
    #[error("what was approved would now cost more than was said: {}", .0.join(", "))]
    Worse(Vec<String>),
}

/// SHA-256 over what is approved by a plan: the policies it is for, and its steps with what each costs. Equal plans have equal digests,
/// whenever and by whomever they were made.
pub fn digest(policy_digest: &str, approved: &[ApprovedStep]) -> String {
    Document::of(&(policy_digest, approved)).digest()
}

/// The steps that apply may send: those of the recomputed plan that were approved. An approved one whose setting is by now as it should be is done, by a run
/// that broke off as an example: nothing of it is sent.
///
/// # Errors
/// When the file is of another format, was made for other policies, elsewhere or too long ago, approves a step that is
/// held here, or not needed as it was, or one whose effects are worse by now.
pub fn select(plan: Plan, here: Here<'_>, approved: &Approved) -> Result<Plan, Stale> {
    fitting(here, approved)?;
    let since = here.now.duration_since(approved.observed_at) + CLOCK_SKEW;
    let wanted: BTreeSet<&str> = approved.approved.iter().map(|step| step.digest.as_str()).collect();
    let needed: Vec<ApprovedStep> = plan.steps.iter().map(|step| ApprovedStep::of(step, here.now)).collect();
    let names =
        |wrong: &dyn Fn(&ApprovedStep) -> bool| -> Vec<String> { approved.approved.iter().filter(|step| wrong(step)).map(|step| step.id.clone()).collect() };
    let held: Vec<Leave> = approved.approved.iter().filter_map(|step| unallowed(&plan, step)).collect();
    if !held.is_empty() {
        return Err(Stale::Held(held));
    }
    let settled: BTreeSet<String> = plan.settled.iter().map(|(resource, setting)| format!("{setting}@{resource}")).collect();
    let gone = names(&|step| needed.iter().all(|now| now.digest != step.digest) && !settled.contains(&step.id));
    if !gone.is_empty() {
        return Err(Stale::Steps(gone));
    }
    let worse = names(&|step| needed.iter().any(|now| now.digest == step.digest && step.worse(now, since)));
    if !worse.is_empty() {
        return Err(Stale::Worse(worse));
    }
    let steps = plan.steps.into_iter().filter(|step| wanted.contains(step.digest().as_str())).collect();
    Ok(Plan { steps, ..plan })
}

/// The approved steps of a plan that was selected from whose settings are as they should be already.
pub fn already(plan: &Plan, approved: &Approved) -> Vec<String> {
    let settled: BTreeSet<String> = plan.settled.iter().map(|(resource, setting)| format!("{setting}@{resource}")).collect();
    approved.approved.iter().map(|step| step.id.clone()).filter(|id| settled.contains(id)).collect()
}

/// The leave that an approved step lacks here, if that alone holds it.
fn unallowed(plan: &Plan, approved: &ApprovedStep) -> Option<Leave> {
    let held = plan.held.iter().find(|held| held.step.as_ref().is_some_and(|step| step.digest() == approved.digest))?;
    Some(Leave { id: held.hold.leave_id()?.to_owned(), resource: held.resource.clone() })
}

fn fitting(here: Here<'_>, approved: &Approved) -> Result<(), Stale> {
    if approved.format != FORMAT {
        return Err(Stale::Format(approved.format.clone()));
    }
    if approved.policy_digest != here.policy_digest {
        return Err(Stale::Policies);
    }
    let made = approved.identity.as_ref().map(|identity| identity.account.as_str());
    if made != Some(here.account) {
        let made = made.map_or_else(|| "offline".to_owned(), |account| format!("in account {account}"));
        return Err(Stale::Account { made, here: here.account.to_owned() });
    }
    let age = here.now.duration_since(approved.observed_at);
    if age < -CLOCK_SKEW {
        return Err(Stale::FromTheFuture(approved.observed_at));
    }
    if age.as_secs() > i64::try_from(here.valid_for.as_secs()).unwrap_or(i64::MAX) {
        return Err(Stale::TooOld { made: approved.observed_at, valid_for: here.valid_for });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
