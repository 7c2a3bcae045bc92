//! Saved plans: they select and approve steps, they never supply requests.
//!
//! Apply recomputes the plan in its own context and sends only those of its own steps that equal an approved one, so a
//! crafted file owns nothing.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Plan, Step};

/// The part of a saved plan that apply looks at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Approved {
    /// Format of the file.
    pub format: String,
    /// Digest of the resolved policies that it was made for.
    pub policy_digest: String,
    /// Digests of the approved steps, each with its `SETTING@RESOURCE`.
    pub approved: Vec<ApprovedStep>,
}

/// One approved step.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApprovedStep {
    /// `SETTING@RESOURCE`, for messages.
    pub id: String,
    /// SHA-256 over setting, from, to and requests.
    pub digest: String,
}

/// The format that this build writes and reads.
pub const FORMAT: &str = "lifeboat.plan/1";

/// Why a saved plan cannot be applied.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stale {
    /// Another format.
    #[error("the plan file has format `{0}`, and this lifeboat reads `{FORMAT}`")]
    Format(String),
    /// The policies are not those of the plan.
    #[error("the policies are not those that the plan was made for")]
    Policies,
    /// Steps were approved that are not needed any more, or differ now.
    #[error("what was approved differs from what is needed now: {}", .0.join(", "))]
    Steps(Vec<String>),
}

/// The steps that apply may send: those of the recomputed plan that were approved.
///
/// # Errors
/// When the file is of another format, was made for other policies, or approves a step that is not needed as it was.
pub fn select(plan: Plan, policy_digest: &str, approved: &Approved) -> Result<Plan, Stale> {
    if approved.format != FORMAT {
        return Err(Stale::Format(approved.format.clone()));
    }
    if approved.policy_digest != policy_digest {
        return Err(Stale::Policies);
    }
    let wanted: BTreeSet<&str> = approved.approved.iter().map(|step| step.digest.as_str()).collect();
    let known: BTreeSet<String> = plan.steps.iter().map(Step::digest).collect();
    let gone: Vec<String> = approved.approved.iter().filter(|step| !known.contains(&step.digest)).map(|step| step.id.clone()).collect();
    if !gone.is_empty() {
        return Err(Stale::Steps(gone));
    }
    let steps = plan.steps.into_iter().filter(|step| wanted.contains(step.digest().as_str())).collect();
    Ok(Plan { steps, ..plan })
}
