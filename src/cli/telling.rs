//! `--notify` and `--state` of the commands that run a job.

use std::path::PathBuf;

use clap::Args;

use super::{Said, blame};
use crate::ops::notify::Telling;
use crate::ops::{Exit, OpError};

/// Whether the receivers of the policy are told how a job ended.
#[derive(Debug, Args)]
pub(super) struct Tell {
    /// Post to the webhooks of the policy (alerts.notify) when it fails, and when what was told is well again by it. A post that fails ends in exit 1
    #[arg(long)]
    notify: bool,
    /// Where it is kept what was told last, as `status --notify` keeps it; without it a failure is told every time
    #[arg(long, value_name = "FILE", requires = "notify")]
    state: Option<PathBuf>,
}

impl Tell {
    /// What the operation needs to know of it.
    pub(super) fn telling(&self) -> Option<Telling<'_>> {
        self.notify.then_some(Telling { state: self.state.as_deref() })
    }
}

/// How a job ended, and beside it why somebody could not be told.
pub(super) fn beside(ended: Result<Said, OpError>, untold: Option<OpError>) -> Result<Said, OpError> {
    let Some(untold) = untold else { return ended };
    let said = ended.unwrap_or_else(|error| Said { out: String::new(), err: blame(&error), exit: Exit::Failed });
    Ok(Said { err: format!("{}{}", said.err, blame(&untold)), exit: said.exit.worst(Exit::Failed), ..said })
}
