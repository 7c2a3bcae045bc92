//! `lifeboat apply`.

use serde_json::{Value, json};

use super::journal::FileJournal;
use super::plan::{self as planning, Planned};
use super::select::Selection;
use super::{Exit, OpError, Prepared, Where, causes, check, connect, evidence, identify};
use crate::apply::Settle;
use crate::evidence::{Entry, Kind};
use crate::model::fact::Fact;
use crate::model::resource::Identity;
use crate::plan::saved::{self, Approved, Here, Stale};
use crate::plan::{self, Ask, Plan};
use crate::ports::Ports;
use crate::ports::aws::Aws;
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
pub async fn apply(place: &Where, ask: &Ask<'_>, approved: Option<&Approved>, selection: &Selection, settle: Settle) -> Result<(Ended, Exit), OpError> {
    let (mut prepared, ports, aws) = connect(place).await?;
    let (findings, exit) = check::view(&prepared);
    if exit == Exit::Findings {
        return Ok((Ended::Stopped(Planned::Stopped(findings)), exit));
    }
    prepared.select(selection)?;
    carry_out(&prepared, &ports, &aws, ask, approved, settle).await
}

/// The same for what was read and judged already.
///
/// # Errors
/// When there is no usable identity, the saved plan is stale, or no journal can be opened.
pub(super) async fn carry_out(
    prepared: &Prepared,
    ports: &Ports,
    aws: &Aws,
    ask: &Ask<'_>,
    approved: Option<&Approved>,
    settle: Settle,
) -> Result<(Ended, Exit), OpError> {
    let identity = identify(ports, Some(aws)).await?;
    let observed = observe::observe(&prepared.desired, ports, Fact::Known(identity.clone())).await;
    let mut plan = plan::asked(&prepared.desired, &observed, ask);
    if let Some(approved) = approved {
        let here =
            Here { policy_digest: &prepared.desired.digest, account: &identity.account, now: observed.at, valid_for: prepared.desired.limits.plan_valid_for };
        plan = saved::select(plan, here, approved).map_err(stale)?;
    }
    let view = planning::view(prepared, &observed, &plan, &aws.quirks());
    let held = planning::exit(&plan) == Exit::Held;
    if plan.steps.is_empty() {
        let exit = if held { Exit::Held } else { Exit::Good };
        return Ok((Ended::Applied(Box::new(ApplyView::of(view, &apply::Applied::default()))), exit));
    }
    // Before anything is sent: what cannot be recorded is not done.
    let ledger = evidence::ledger(prepared, ports, &identity)?;
    let name = format!("apply-{}-{}", observed.at.strftime("%Y%m%dT%H%M%SZ"), ports.entropy.hex(3));
    let mut journal = FileJournal::open(&name).map_err(|error| OpError::Setup {
        message: format!("no journal can be written: {error}"),
        hint: "make the state folder writable, or set XDG_STATE_HOME; nothing was sent".to_owned(),
    })?;
    let applied = apply::apply(&plan, ports, settle, &mut journal).await;
    let mut view = ApplyView::of(view, &applied);
    view.journal = Some(journal.path.display().to_string());
    if let Some(ledger) = ledger {
        match ledger.append(entry(prepared, &plan, &applied, &identity)).await {
            Ok(reference) => view.evidence = Some(reference.to_string()),
            Err(error) => view.evidence_failed = Some(causes(&error)),
        }
    }
    let exit = match (applied.complete() && view.evidence_failed.is_none(), held) {
        (false, _) => Exit::Failed,
        (true, true) => Exit::Held,
        (true, false) => Exit::Good,
    };
    Ok((Ended::Applied(Box::new(view)), exit))
}

/// What the record says: ids, digests and outcomes. Messages of servers stay in the journal.
fn entry(prepared: &Prepared, plan: &Plan, applied: &apply::Applied, identity: &Identity) -> Entry {
    let steps: Vec<Value> = applied
        .steps
        .iter()
        .map(|(step, outcome)| json!({"id": step.id(), "digest": step.digest(), "outcome": outcome.as_str(), "allowed": step.allowed}))
        .collect();
    let held: Vec<String> = plan.held.iter().map(|held| format!("{}@{}", held.setting, held.resource)).collect();
    let body = json!({
        "format": "lifeboat.applied/1", "revision": prepared.revision, "account": identity.account, "arn": identity.arn, "steps": steps, "held": held,
    });
    Entry { kind: Kind::Apply, policy: None, policy_digest: Some(prepared.desired.digest.clone()), body }
}

fn stale(error: Stale) -> OpError {
    OpError::Setup { message: format!("the saved plan cannot be applied: {error}"), hint: "make a new plan and have it reviewed; nothing was sent".to_owned() }
}
