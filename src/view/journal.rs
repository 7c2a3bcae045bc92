//! Runs of `apply` as others see them: who holds the lock, and what a run that broke off had done.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::journal::lock::Look;
use crate::journal::{Run, RunStep};
use crate::model::units::plural;

/// What is known of other applies.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OthersView {
    /// Who is applying now, in one sentence.
    pub under_way: Option<String>,
    /// Runs that broke off and that no later apply has closed.
    pub broken_off: Vec<RunView>,
    /// Why nothing is known of other applies.
    pub unknown: Option<String>,
}

/// One run that broke off.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunView {
    /// Its id.
    pub run: String,
    /// Whose it was; none when it broke off before it wrote anything down.
    pub identity: Option<String>,
    /// When its first entry was written, RFC 3339.
    pub began: Option<String>,
    /// When its last entry was written, RFC 3339.
    pub last: Option<String>,
    /// Ids of the steps that were sent and read back as planned.
    pub done: Vec<String>,
    /// Ids of the steps that were surely not sent.
    pub not_done: Vec<String>,
    /// Ids of the steps of which that is not known.
    pub unknown: Vec<String>,
    /// What is wrong with its journal itself.
    pub problems: Vec<String>,
    /// All of that in one sentence.
    pub sentence: String,
}

impl OthersView {
    /// The view of what was seen at the lock, or why nothing was.
    pub fn of(look: Result<Look, String>) -> Self {
        match look {
            Ok(look) => {
                Self { under_way: look.holder.map(|holder| holder.sentence()), broken_off: look.broken.iter().map(RunView::of).collect(), unknown: None }
            }
            Err(why) => Self { under_way: None, broken_off: Vec::new(), unknown: Some(why) },
        }
    }
}

impl RunView {
    /// The view of a run.
    pub fn of(run: &Run) -> Self {
        let ids = |steps: Vec<&RunStep>| steps.into_iter().map(|step| step.intended.id.clone()).collect::<Vec<_>>();
        let seconds = |at: jiff::Timestamp| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let mut view = Self {
            run: run.id.clone(),
            identity: run.began.as_ref().map(|began| began.identity.short().to_owned()),
            began: run.first.map(seconds),
            last: run.last.map(seconds),
            done: ids(run.done()),
            not_done: ids(run.not_done()),
            unknown: ids(run.unknown()),
            problems: run.problems.clone(),
            sentence: String::new(),
        };
        view.sentence =
            if run.entries == 0 { format!("run {} broke off before it wrote down what it set out to do, so it sent nothing", run.id) } else { view.in_words() };
        view
    }

    fn in_words(&self) -> String {
        let who = self.identity.as_ref().map_or_else(String::new, |identity| format!(" of `{identity}`"));
        let last = self.last.as_ref().map_or_else(String::new, |last| format!(", last heard of at {last}"));
        let mut parts = vec![format!("{} done", plural(self.done.len() as u64, "step"))];
        if !self.unknown.is_empty() {
            parts.push(format!("{} unknown ({})", self.unknown.len(), self.unknown.join(", ")));
        }
        parts.push(format!("{} not done", self.not_done.len()));
        let problems = if self.problems.is_empty() { String::new() } else { format!("; its journal is damaged: {}", self.problems.join(", ")) };
        format!("run {}{who} broke off{last}: {}{problems}", self.run, parts.join(", "))
    }
}
