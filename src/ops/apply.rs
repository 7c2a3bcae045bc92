//! `lifeboat apply`.

use super::journal::FileJournal;
use super::plan::{self as planning, Planned};
use super::{Exit, OpError, Where, check, connect, identify};
use crate::model::fact::Fact;
use crate::plan::saved::{self, Approved, Stale};
use crate::plan::{self, Leave};
use crate::view::apply::ApplyView;
use crate::{apply, observe};

/// What `apply` ends with.
#[derive(Debug)]
pub enum Ended {
    /// The policies have errors; nothing was asked or sent.
    Stopped(Planned),
    /// What was done and what not.
    Applied(Box<ApplyView>),
}

/// Recomputes the plan and carries it out; with `approved`, only the steps that the saved plan approves.
///
/// # Errors
/// When there is no config repo, no usable identity, the saved plan is stale, or no journal can be opened.
pub async fn apply(place: &Where, leaves: &[Leave], approved: Option<&Approved>) -> Result<(Ended, Exit), OpError> {
    let (prepared, ports, aws) = connect(place).await?;
    let (findings, exit) = check::view(&prepared);
    if exit == Exit::Findings {
        return Ok((Ended::Stopped(Planned::Stopped(findings)), exit));
    }
    let identity = identify(&ports, Some(&aws)).await?;
    let observed = observe::observe(&prepared.desired, &ports, Fact::Known(identity)).await;
    let mut plan = plan::plan(&prepared.desired, &observed, leaves);
    if let Some(approved) = approved {
        plan = saved::select(plan, &prepared.desired.digest, approved).map_err(stale)?;
    }
    let view = planning::view(&prepared, &observed, &plan);
    let held = planning::exit(&plan) == Exit::Held;
    if plan.steps.is_empty() {
        let exit = if held { Exit::Held } else { Exit::Good };
        return Ok((Ended::Applied(Box::new(ApplyView::of(view, &apply::Applied::default()))), exit));
    }
    let name = format!("apply-{}-{}", observed.at.strftime("%Y%m%dT%H%M%SZ"), ports.entropy.hex(3));
    let mut journal = FileJournal::open(&name).map_err(|error| OpError::Setup {
        message: format!("no journal can be written: {error}"),
        hint: "make the state folder writable, or set XDG_STATE_HOME; nothing was sent".to_owned(),
    })?;
    let applied = apply::apply(&plan, &ports, &mut journal).await;
    let exit = match (applied.complete(), held) {
        (false, _) => Exit::Failed,
        (true, true) => Exit::Held,
        (true, false) => Exit::Good,
    };
    let mut view = ApplyView::of(view, &applied);
    view.journal = Some(journal.path.display().to_string());
    Ok((Ended::Applied(Box::new(view)), exit))
}

fn stale(error: Stale) -> OpError {
    OpError::Setup { message: format!("the saved plan cannot be applied: {error}"), hint: "make a new plan and have it reviewed; nothing was sent".to_owned() }
}
