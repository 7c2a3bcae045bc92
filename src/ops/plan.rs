//! `lifeboat plan`.

use futures_util::future::join;

use super::select::Selection;
use super::{Act, Exit, OpError, Prepared, Where, causes, check, connect_as, control, identify, prepare, releases, undo};
use crate::catalog::prices::Prices;
use crate::journal::lock;
use crate::model::fact::Fact;
use crate::model::resource::Observed;
use crate::observe::{self, Watch};
use crate::plan::inventory::inventory;
use crate::plan::{self, Ask, Plan, Reason};
use crate::ports::Ports;
use crate::ports::aws::Aws;
use crate::ports::quirks::{AWS, Quirks};
use crate::ports::system::SystemClock;
use crate::rules;
use crate::view::check::CheckView;
use crate::view::inventory::InventoryView;
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

/// What is planned, and who watches.
#[derive(Debug, Default)]
pub struct Asked<'a> {
    /// Leave for held steps, and whether what is left over goes.
    pub ask: Ask<'a>,
    /// Ask nobody.
    pub offline: bool,
    /// Which policies.
    pub selection: Selection,
    /// Also look for what lies there and is not managed.
    pub inventory: bool,
    /// Who watches, and may interrupt the asking.
    pub watch: Watch<'a>,
}

/// Plans, with reads only.
///
/// # Errors
/// When there is no config repo or no usable identity, or nothing is selected.
pub async fn plan(place: &Where, asked: &Asked<'_>) -> Result<(Planned, Exit), OpError> {
    if asked.offline {
        let mut prepared = prepare(place, &AWS)?;
        if let Some(stopped) = stop(&prepared) {
            return Ok(stopped);
        }
        prepared.select(&asked.selection)?;
        return Ok(without_asking(&prepared, &asked.ask));
    }
    let (mut prepared, ports, aws) = connect_as(place, Act::Plan, &asked.selection).await?;
    if let Some(stopped) = stop(&prepared) {
        return Ok(stopped);
    }
    prepared.select(&asked.selection)?;
    // Who we are comes first: whether there is a plan must not depend on which of many answers is the last good one.
    let (mut observed, others) = tokio::select! {
        identity = identify(&ports, Some(&aws)) => {
            join(observe::observe_watched(&prepared.desired, &ports, Fact::Known(identity?), &asked.watch), others(&prepared, &ports, &asked.watch)).await
        }
        () = asked.watch.stopped() => (interrupted(&prepared, &ports), None),
    };
    let prices = priced(&asked.ask, &aws);
    let ask = Ask { prices: prices.as_ref(), ..asked.ask };
    let mut plan = plan::asked(&prepared.desired, &observed, &ask);
    // Only what differs can have drifted, and only then are journals read.
    if observed.unasked == 0 && plan.steps.iter().any(|step| step.reason == Reason::Differs) {
        undo::last_applied(&prepared, &ports, &mut observed).await;
        plan = plan::asked(&prepared.desired, &observed, &ask);
    }
    // What is left out of a plan that was interrupted is not known to be good: no gate may let it pass.
    let exit = if observed.unasked > 0 { Exit::Failed } else { exit(&plan) };
    let mut view = view(&prepared, &observed, &plan, &aws.quirks(), ports.cloud.sent());
    view.others = others;
    if observed.unasked == 0 {
        view.releases = tokio::select! {
            releases = releases::releases(&prepared, &ports, &observed) => releases,
            () = asked.watch.stopped() => releases::interrupted(&prepared, &observed),
        };
    }
    view.requests = ports.cloud.sent();
    view.inventory = not_managed(&prepared, &ports, &observed, asked).await;
    let mut findings = prepared.findings.clone();
    findings.extend(rules::check_observed(&prepared.loaded.policies, &prepared.desired, &observed));
    let findings = CheckView::of(&prepared.revision, prepared.loaded.files, &findings).about(prepared.files().into_values());
    Ok((Planned::Plan(Box::new(view), findings), exit))
}

/// What lies there and is not managed, if it was asked for. It is read behind everything else, and nothing rests on it.
async fn not_managed(prepared: &Prepared, ports: &Ports, observed: &Observed, asked: &Asked<'_>) -> Option<InventoryView> {
    if !asked.inventory || observed.unasked > 0 {
        return None;
    }
    let before = ports.cloud.sent();
    let beside = observe::beside(&prepared.desired, ports, &asked.watch).await;
    Some(InventoryView::of(&inventory(&prepared.desired, observed, &beside), ports.cloud.sent().saturating_sub(before)))
}

/// The prices of what is asked, as they hold for the endpoint that is asked.
pub(super) fn priced(ask: &Ask<'_>, aws: &Aws) -> Option<Prices> {
    ask.prices.map(|prices| prices.clone().through(aws.endpoint()))
}

/// Interrupted before the first question.
fn interrupted(prepared: &Prepared, ports: &Ports) -> Observed {
    let mut observed = observe::offline(&prepared.desired, &*ports.clock);
    observed.unasked = observe::questions(&prepared.desired).len();
    observed.interrupt();
    observed
}

/// What is known of other applies, where a lock and journals are kept.
async fn others(prepared: &Prepared, ports: &Ports, watch: &Watch<'_>) -> Option<OthersView> {
    let place = control(prepared)?;
    tokio::select! {
        look = lock::look(ports, place) => Some(OthersView::of(look.map_err(|error| causes(&error)))),
        () = watch.stopped() => None,
    }
}

fn stop(prepared: &Prepared) -> Option<(Planned, Exit)> {
    let (view, exit) = check::view(prepared);
    (exit == Exit::Findings).then_some((Planned::Stopped(view), exit))
}

fn without_asking(prepared: &Prepared, ask: &Ask<'_>) -> (Planned, Exit) {
    let observed = observe::offline(&prepared.desired, &SystemClock);
    let plan = plan::asked(&prepared.desired, &observed, ask);
    let exit = exit(&plan);
    (Planned::Plan(Box::new(view(prepared, &observed, &plan, &AWS, 0)), check::view(prepared).0), exit)
}

/// The published view of a plan, for which so many requests were sent.
pub fn view(prepared: &Prepared, observed: &Observed, plan: &Plan, quirks: &Quirks, sent: usize) -> PlanView {
    let view = PlanView::of(
        plan,
        &Around {
            revision: &prepared.revision,
            desired: &prepared.desired,
            observed,
            not_enforced: quirks.not_enforced,
            policies: &prepared.loaded.policies,
            selected: prepared.selected.as_ref(),
        },
    );
    PlanView { requests: sent, ..view }
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
