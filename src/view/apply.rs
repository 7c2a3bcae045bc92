//! `lifeboat.apply/1`: what was done and what not.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::journal::RunView;
use super::plan::{PlanView, StepView};
use crate::apply::Applied;
use crate::journal::Outcome;

/// What `apply` says.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApplyView {
    /// Always `lifeboat.apply/1`.
    pub format: String,
    /// The plan that was carried out.
    pub plan: PlanView,
    /// Its steps with their outcomes, in order.
    pub steps: Vec<AppliedView>,
    /// Steps of the saved plan that are done already, by an apply that broke off as an example: nothing of them was sent.
    #[serde(default)]
    pub already: Vec<String>,
    /// How many were done.
    pub done: usize,
    /// How many were surely not.
    pub not_done: usize,
    /// How many were sent without it being known what came of them, or read back otherwise than planned.
    pub unknown: usize,
    /// Id of the run, if it set out to do something.
    pub run: Option<String>,
    /// Runs before it that broke off, as this one found and closed them.
    pub broken_off: Vec<RunView>,
    /// Why no lock was taken and the journal is only on this machine; none = a lock was taken.
    pub unlocked: Option<String>,
    /// What this run could not clear up behind itself.
    pub left_behind: Vec<String>,
    /// Reference of the evidence record, if one was written.
    pub evidence: Option<String>,
    /// Why none was written although it should have been.
    pub evidence_failed: Option<String>,
    /// The file of the journal.
    pub journal: Option<String>,
}

/// One step with its outcome.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppliedView {
    /// `SETTING@RESOURCE`.
    pub id: String,
    /// Its name for people.
    pub title: String,
    /// `done`, `notSent`, `maybeDone` or `readsBackOtherwise`.
    #[schemars(extend("enum" = ["done", "notSent", "maybeDone", "readsBackOtherwise"]))]
    pub outcome: String,
    /// What happened, unless it was done.
    pub detail: Option<String>,
}

impl ApplyView {
    /// The view of what was applied.
    pub fn of(plan: PlanView, applied: &Applied) -> Self {
        let name = |id: &str| find(&plan, id).map_or_else(|| id.to_owned(), |step| step.title.clone());
        let steps: Vec<AppliedView> = applied
            .steps
            .iter()
            .map(|(step, outcome)| {
                let detail = match outcome {
                    Outcome::Done => None,
                    Outcome::NotSent(why) | Outcome::MaybeDone(why) | Outcome::ReadsBackOtherwise(why) => Some(why.clone()),
                };
                AppliedView { id: step.id(), title: name(&step.id()), outcome: outcome.as_str().to_owned(), detail }
            })
            .collect();
        let done = steps.iter().filter(|step| step.outcome == "done").count();
        let not_done = steps.iter().filter(|step| step.outcome == "notSent").count();
        Self {
            format: "lifeboat.apply/1".to_owned(),
            plan,
            unknown: steps.len() - done - not_done,
            steps,
            done,
            not_done,
            already: Vec::new(),
            run: None,
            broken_off: Vec::new(),
            unlocked: None,
            left_behind: Vec::new(),
            evidence: None,
            evidence_failed: None,
            journal: None,
        }
    }
}

fn find<'a>(plan: &'a PlanView, id: &str) -> Option<&'a StepView> {
    plan.groups.iter().flat_map(|group| &group.steps).find(|step| step.id == id)
}
