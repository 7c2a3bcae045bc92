//! `lifeboat undo`: the way back from an apply, by its journal. It is a plan like any other, and `--apply` carries it out as
//! `apply` does.

use super::apply::{self, Ended, Interrupted, Wanted};
use super::plan::{self as planning, Planned};
use super::select::Selection;
use super::{Act, Exit, OpError, Prepared, Where, causes, check, connect_as, control, identify};
use crate::journal::{Run, store};
use crate::model::fact::Fact;
use crate::model::repository::ControlPlace;
use crate::observe;
use crate::plan::{self, Ask, Done};
use crate::ports::Ports;
use crate::view::plan::PlanView;

/// How many runs back one that did something is looked for.
const BACK: usize = 10;

/// Plans the way back from a run; none named = the last one that did something. With `send`, carries it out, until that says to end.
///
/// # Errors
/// When there is no config repo, no journal, no usable identity, or another apply holds the lock.
pub async fn undo(place: &Where, ask: &Ask<'_>, run: Option<&str>, send: Option<Interrupted>) -> Result<(Ended, Exit), OpError> {
    let (prepared, ports, aws) = connect_as(place, if send.is_some() { Act::Apply } else { Act::Plan }, &Selection::default()).await?;
    let (findings, exit) = check::view(&prepared);
    if exit == Exit::Findings {
        return Ok((Ended::Stopped(Planned::Stopped(findings)), exit));
    }
    let Some(at) = control(&prepared) else {
        return Err(OpError::Setup {
            message: "what applies did is not known: lifeboat.yaml names no `control`".to_owned(),
            hint: "write spec.control into lifeboat.yaml: from then on every apply keeps a journal there that leads back".to_owned(),
        });
    };
    let run = found(&ports, at, run).await?;
    let done = done(&run);
    if send.is_some() {
        let wanted = Wanted { ask: *ask, undo: Some(&done), interrupted: send, ..Wanted::default() };
        return apply::under_lock(&prepared, &ports, &aws, &wanted, Ok(at)).await;
    }
    let identity = identify(&ports, Some(&aws)).await?;
    let observed = observe::observe(&prepared.desired, &ports, Fact::Known(identity)).await;
    let prices = planning::priced(ask, &aws);
    let plan = plan::undo(&done, &prepared.desired, &observed, &Ask { prices: prices.as_ref(), ..*ask });
    let exit = planning::exit(&plan);
    let when = run.first.map_or_else(String::new, |at| format!(" of {}", at.strftime("%Y-%m-%d %H:%M UTC")));
    let of = Some(format!("undo of run {}{when}", run.id));
    let view = PlanView { of, ..planning::view(&prepared, &observed, &plan, &aws.quirks(), ports.cloud.sent()) };
    Ok((Ended::Stopped(Planned::Plan(Box::new(view), findings)), exit))
}

/// The run to take back.
async fn found(ports: &Ports, at: &ControlPlace, run: Option<&str>) -> Result<Run, OpError> {
    let unread = |why: String| OpError::Setup {
        message: format!("the journals cannot be read: {why}"),
        hint: "let this identity list and read below `control.prefix`".to_owned(),
    };
    let runs = store::last(ports, at, BACK).await.map_err(|error| unread(causes(&error)))?;
    let known: Vec<String> = runs.iter().rev().filter(|run| !run.done().is_empty()).map(|run| run.id.clone()).collect();
    let wanted = run.map(str::to_owned).or_else(|| known.first().cloned());
    let name = || wanted.clone().unwrap_or_else(|| "the last one".to_owned());
    let none = || OpError::NoSuch { kind: "run that did something", name: name(), known: known.clone() };
    runs.into_iter().find(|run| Some(&run.id) == wanted.as_ref() && !run.done().is_empty()).ok_or_else(none)
}

/// What a run did, in its order.
fn done(run: &Run) -> Vec<Done> {
    let step = |step: &crate::journal::RunStep| Done {
        resource: step.intended.resource.clone(),
        setting: step.intended.setting.clone(),
        from: step.intended.from.clone(),
        to: step.intended.to.clone(),
    };
    run.done().into_iter().map(step).collect()
}

/// What the last runs wrote, so that a plan can say since when something drifted. What cannot be read says nothing: the
/// plan itself does not rest on it.
pub(super) async fn last_applied(prepared: &Prepared, ports: &Ports, observed: &mut crate::model::resource::Observed) {
    /// So many runs are read: their entries cost a request each.
    const RUNS: usize = 3;
    let Some(at) = control(prepared) else { return };
    for run in store::last(ports, at, RUNS).await.unwrap_or_default() {
        let Some(when) = run.last else { continue };
        for step in run.done() {
            let key = (step.intended.resource.clone(), step.intended.setting.clone());
            observed.applied.insert(key, crate::model::resource::LastApplied { at: when, to: step.intended.to.clone() });
        }
    }
}
