//! `lifeboat apply`.

use serde_json::{Value, json};
use tokio::sync::watch;

use super::journal::FileJournal;
use super::plan::{self as planning, Planned};
use super::select::Selection;
use super::{Act, Exit, OpError, Prepared, Where, check, connect_as, control, evidence, identify};
use crate::apply::Settle;
use crate::apply::session::{self, Session};
use crate::evidence::{Entry, Kind};
use crate::journal::lock::waiting::Waiting;
use crate::journal::{Began, Run};
use crate::model::fact::Fact;
use crate::model::repository::ControlPlace;
use crate::model::resource::Identity;
use crate::plan::saved::{self, Approved, Here, Stale};
use crate::plan::{self, Ask, Done, Plan};
use crate::ports::Ports;
use crate::ports::aws::Aws;
use crate::view::apply::ApplyView;
use crate::view::journal::RunView;
use crate::{apply, observe};

/// What `apply` ends with.
#[derive(Debug)]
pub enum Ended {
    /// The policies have errors; nothing was asked or sent.
    Stopped(Planned),
    /// What was done and what not.
    Applied(Box<ApplyView>),
}

/// What says from its first call on whether somebody wants a run to end.
pub type Interrupted = fn() -> watch::Receiver<bool>;

/// What the caller of `apply` decides.
#[derive(Debug, Default)]
pub struct Wanted<'a> {
    /// What is asked of the plan.
    pub ask: Ask<'a>,
    /// The saved plan, which selects and approves steps.
    pub approved: Option<&'a Approved>,
    /// The steps of an earlier run that are taken back, instead of what the policies want.
    pub undo: Option<&'a [Done]>,
    /// For how long another apply is waited for, and who is told meanwhile.
    pub waiting: Waiting<'a>,
    /// Which policies.
    pub selection: Selection,
    /// For how long each write is waited for.
    pub settle: Settle,
    /// Says from the first request on whether somebody wants the run to end; asked for right before it.
    pub interrupted: Option<Interrupted>,
}

/// Recomputes the plan and carries it out; with a saved plan, only the steps that it approves.
///
/// # Errors
/// When there is no config repo, no usable identity, another apply holds the lock, the saved plan is stale, or no journal
/// can be opened.
pub async fn apply(place: &Where, wanted: &Wanted<'_>) -> Result<(Ended, Exit), OpError> {
    let (mut prepared, ports, aws) = connect_as(place, Act::Apply, &wanted.selection).await?;
    let (findings, exit) = check::view(&prepared);
    if exit == Exit::Findings {
        return Ok((Ended::Stopped(Planned::Stopped(findings)), exit));
    }
    prepared.select(&wanted.selection)?;
    let at = control(&prepared).ok_or("lifeboat.yaml names no `control`");
    under_lock(&prepared, &ports, &aws, wanted, at).await
}

/// The same for what was read and judged already. `at` is the place of the lock, or why none is taken.
///
/// # Errors
/// When there is no usable identity, another apply holds the lock, the saved plan is stale, or no journal can be opened.
pub(super) async fn under_lock(
    prepared: &Prepared,
    ports: &Ports,
    aws: &Aws,
    wanted: &Wanted<'_>,
    at: Result<&ControlPlace, &'static str>,
) -> Result<(Ended, Exit), OpError> {
    let identity = identify(ports, Some(aws)).await?;
    // Before anything is read for the plan: what another run is doing now is not what to plan upon.
    let mut session = Session::open(ports, at.ok(), &identity, &wanted.waiting).await?;
    let around = Around { prepared, ports, aws, identity: &identity };
    let carried = carry_out(&around, wanted, &mut session).await;
    let broken = session.broken.iter().map(RunView::of).collect();
    let closed = session.close().await;
    let (mut view, finished, exit) = carried?;
    view.broken_off = broken;
    view.unlocked = at.err().map(str::to_owned);
    view.left_behind = session::left_behind(&finished, &closed);
    let exit = if view.left_behind.is_empty() { exit } else { exit.worst(Exit::Failed) };
    Ok((Ended::Applied(Box::new(view)), exit))
}

/// What an apply works with.
struct Around<'a> {
    prepared: &'a Prepared,
    ports: &'a Ports,
    aws: &'a Aws,
    identity: &'a Identity,
}

/// Plans and applies under the lock. The second part says whether the end of the run is written down.
async fn carry_out(around: &Around<'_>, wanted: &Wanted<'_>, session: &mut Session) -> Result<(ApplyView, Result<(), String>, Exit), OpError> {
    let Around { prepared, ports, aws, identity } = *around;
    let prices = planning::priced(&wanted.ask, aws);
    let ask = Ask { prices: prices.as_ref(), ..wanted.ask };
    let observed = observe::observe(&prepared.desired, ports, Fact::Known(identity.clone())).await;
    let mut plan = match wanted.undo {
        Some(done) => plan::undo(done, &prepared.desired, &observed, &ask),
        None => plan::asked(&prepared.desired, &observed, &ask),
    };
    if let Some(approved) = wanted.approved {
        let here =
            Here { policy_digest: &prepared.desired.digest, account: &identity.account, now: observed.at, valid_for: prepared.desired.limits.plan_valid_for };
        plan = saved::select(plan, here, approved).map_err(|error| stale(&error, &session.broken))?;
    }
    let already = wanted.approved.map(|approved| saved::already(&plan, approved)).unwrap_or_default();
    let view = planning::view(prepared, &observed, &plan, &aws.quirks(), around.ports.cloud.sent());
    let held = planning::exit(&plan) == Exit::Held;
    if plan.steps.is_empty() {
        let exit = if held { Exit::Held } else { Exit::Good };
        return Ok((ApplyView { already, ..ApplyView::of(view, &apply::Applied::default()) }, Ok(()), exit));
    }
    // Before anything is sent: what cannot be recorded is not done.
    let ledger = evidence::ledger(prepared, ports, identity)?;
    let no_journal = |why: String| OpError::Setup {
        message: format!("no journal can be written: {why}"),
        hint: "make the state folder writable, or set XDG_STATE_HOME; let this identity write below `control.prefix`; nothing was sent".to_owned(),
    };
    let file = FileJournal::open(&session.run).map_err(|error| no_journal(error.to_string()))?;
    let path = file.path.display().to_string();
    if let Some(interrupted) = wanted.interrupted {
        session.stop_when(interrupted());
    }
    session.begin(Box::new(file), began(prepared, identity, &plan)).await.map_err(no_journal)?;
    let applied = apply::apply(&plan, ports, wanted.settle, session).await;
    let finished = session.finish(&applied).await;
    let mut view = ApplyView { already, ..ApplyView::of(view, &applied) };
    (view.journal, view.run) = (Some(path), Some(session.run.clone()));
    let entry = entry(prepared, &plan, &applied, identity, &session.run);
    (view.evidence, view.evidence_failed) = evidence::record(ledger.as_ref(), entry).await;
    let exit = match (applied.complete() && view.evidence_failed.is_none(), held) {
        (false, _) => Exit::Failed,
        (true, true) => Exit::Held,
        (true, false) => Exit::Good,
    };
    Ok((view, finished, exit))
}

fn began(prepared: &Prepared, identity: &Identity, plan: &Plan) -> Began {
    Began {
        command: "apply".to_owned(),
        tool: env!("CARGO_PKG_VERSION").to_owned(),
        identity: identity.clone(),
        revision: prepared.revision.clone(),
        policy_digest: prepared.desired.digest.clone(),
        steps: session::intended(plan),
    }
}

/// What the record says: ids, digests and outcomes. Messages of servers stay in the journal.
fn entry(prepared: &Prepared, plan: &Plan, applied: &apply::Applied, identity: &Identity, run: &str) -> Entry {
    let steps: Vec<Value> = applied
        .steps
        .iter()
        .map(|(step, outcome)| json!({"id": step.id(), "digest": step.digest(), "outcome": outcome.as_str(), "allowed": step.allowed}))
        .collect();
    let held: Vec<String> = plan.held.iter().map(|held| format!("{}@{}", held.setting, held.resource)).collect();
    let body = json!({
        "format": "lifeboat.applied/1", "run": run, "revision": prepared.revision, "account": identity.account, "arn": identity.arn, "steps": steps, "held": held,
    });
    Entry { kind: Kind::Apply, policy: None, policy_digest: Some(prepared.desired.digest.clone()), body }
}

/// `broken` are the runs that broke off before: each is told once, and one of them may be why.
fn stale(error: &Stale, broken: &[Run]) -> OpError {
    let hint = match error {
        Stale::Held(_) => "nothing was sent",
        _ => "make a new plan and have it reviewed; nothing was sent",
    };
    let told: String = broken.iter().map(|run| format!("; run {} broke off before this one: `lifeboat plan` shows what it left to do", run.id)).collect();
    OpError::Setup { message: format!("the saved plan cannot be applied: {error}"), hint: format!("{hint}{told}") }
}
