//! `lifeboat plan`.

use futures_util::future::join;

use super::{Exit, OpError, Prepared, Where, causes, check, connect, control, identify, prepare, undo};
use crate::journal::lock;
use crate::model::fact::Fact;
use crate::model::resource::Observed;
use crate::observe;
use crate::plan::{self, Ask, Plan, Reason};
use crate::ports::Ports;
use crate::ports::quirks::{AWS, Quirks};
use crate::ports::system::SystemClock;
use crate::rules;
use crate::view::check::CheckView;
use crate::view::journal::OthersView;
use crate::view::plan::{Around, PlanView};

/// What `plan` ends with: findings that stop it, or the plan.
#[derive(Debug)]
pub enum Planned {
    /// The policies have errors; nothing was asked.
    Stopped(CheckView),
    /// The plan, and findings that do not stop it.
    Plan(Box<PlanView>, CheckView),
}

/// Plans, with reads only.
///
/// # Errors
/// When there is no config repo or no usable identity.
pub async fn plan(place: &Where, ask: &Ask<'_>, offline: bool) -> Result<(Planned, Exit), OpError> {
    if offline {
        let prepared = prepare(place, &AWS)?;
        return Ok(match stop(&prepared) {
            Some(stopped) => stopped,
            None => without_asking(&prepared, ask),
        });
    }
    let (prepared, ports, aws) = connect(place).await?;
    if let Some(stopped) = stop(&prepared) {
        return Ok(stopped);
    }
    let identity = identify(&ports, Some(&aws)).await?;
    let (mut observed, others) = join(observe::observe(&prepared.desired, &ports, Fact::Known(identity)), others(&prepared, &ports)).await;
    let mut plan = plan::asked(&prepared.desired, &observed, ask);
    // Only what differs can have drifted, and only then are journals read.
    if plan.steps.iter().any(|step| step.reason == Reason::Differs) {
        undo::last_applied(&prepared, &ports, &mut observed).await;
        plan = plan::asked(&prepared.desired, &observed, ask);
    }
    let exit = exit(&plan);
    let mut view = view(&prepared, &observed, &plan, &aws.quirks());
    view.others = others;
    let mut findings = prepared.findings.clone();
    findings.extend(rules::check_observed(&prepared.loaded.policies, &prepared.desired, &observed));
    let findings = CheckView::of(&prepared.revision, prepared.loaded.files, &findings).about(prepared.files().into_values());
    Ok((Planned::Plan(Box::new(view), findings), exit))
}

/// What is known of other applies, where a lock and journals are kept.
async fn others(prepared: &Prepared, ports: &Ports) -> Option<OthersView> {
    let look = lock::look(ports, control(prepared)?).await;
    Some(OthersView::of(look.map_err(|error| causes(&error))))
}

fn stop(prepared: &Prepared) -> Option<(Planned, Exit)> {
    let (view, exit) = check::view(prepared);
    (exit == Exit::Findings).then_some((Planned::Stopped(view), exit))
}

fn without_asking(prepared: &Prepared, ask: &Ask<'_>) -> (Planned, Exit) {
    let observed = observe::offline(&prepared.desired, &SystemClock);
    let plan = plan::asked(&prepared.desired, &observed, ask);
    let exit = exit(&plan);
    (Planned::Plan(Box::new(view(prepared, &observed, &plan, &AWS)), check::view(prepared).0), exit)
}

/// The published view of a plan.
pub fn view(prepared: &Prepared, observed: &Observed, plan: &Plan, quirks: &Quirks) -> PlanView {
    PlanView::of(
        plan,
        &Around { revision: &prepared.revision, desired: &prepared.desired, observed, not_enforced: quirks.not_enforced, files: &prepared.files() },
    )
}

/// What a plan ends with: held 5, pending 4, nothing 0.
pub fn exit(plan: &Plan) -> Exit {
    let held = plan.held.iter().any(|held| held.hold.needs_a_person());
    if held {
        Exit::Held
    } else if plan.steps.is_empty() {
        Exit::Good
    } else {
        Exit::Pending
    }
}
