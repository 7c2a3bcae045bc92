//! `lifeboat report`: what an auditor reads. What could not be read is in the report as unproven, and does not stop it.

use std::collections::BTreeMap;

use super::{Exit, OpError, Prepared, Where, catalogue, causes, check, connect, counted, evidence, identify, plan as planning, repositories};
use crate::evidence::Checked;
use crate::model::fact::{Fact, Why};
use crate::model::resource::{Observed, SeenBackup};
use crate::observe;
use crate::plan;
use crate::ports::Ports;
use crate::ports::quirks::Quirks;
use crate::report::{self, Input, Verdict};
use crate::view::evidence::EvidenceView;
use crate::view::plan::PlanView;
use crate::view::report::{Parts, ReportView};

/// Reads everything and makes the report.
///
/// # Errors
/// When there is no config repo.
pub async fn report(place: &Where) -> Result<(ReportView, Exit), OpError> {
    let (prepared, ports, aws) = connect(place).await?;
    let (check, checked) = check::view(&prepared);
    let mut observed = match identify(&ports, Some(&aws)).await {
        Ok(identity) => Ok(observe::observe(&prepared.desired, &ports, Fact::Known(identity)).await),
        Err(error) => Err(causes(&error)),
    };
    let chains = match &observed {
        Ok(_) => chains(&prepared, &ports).await,
        Err(why) => Err(why.clone()),
    };
    if let Ok(observed) = &mut observed {
        let proofs = match &chains {
            Ok((_, chains)) => catalogue::trusted(chains),
            Err(why) => Fact::Unknown(Why::Unreachable(why.clone())),
        };
        counted::added(observed, &prepared.loaded.policies, &ports, &proofs).await;
    }
    let backups = backups(&prepared, observed.as_ref());
    let policies = &prepared.loaded.policies;
    let repositories = match &observed {
        Ok(observed) => repositories::left(&ports, policies, observed, observed.at).await,
        Err(_) => repositories::now(&ports, policies, &BTreeMap::new()).await,
    };
    let now = ports.clock.now();
    let input = Input {
        now,
        policies: &prepared.loaded.policies,
        backups: &backups,
        repositories: &repositories,
        evidence: chains.as_ref().map(|(_, chains)| chains.as_slice()).map_err(String::as_str),
    };
    let report = report::report(&input);
    let (plan, drift) = compared(&prepared, observed, checked, (&aws.quirks(), ports.cloud.sent()));
    let view = ReportView::of(Parts {
        revision: &prepared.revision,
        policy_digest: &prepared.desired.digest,
        made_at: now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        report,
        check,
        plan,
        evidence: chains.map(|(view, _)| view),
    });
    let exit = exit(&view).worst(checked).worst(drift);
    Ok((view, exit))
}

pub(super) async fn chains(prepared: &Prepared, ports: &Ports) -> Result<(EvidenceView, Vec<Checked>), String> {
    let place = evidence::configured(prepared).ok_or("this config repo keeps no evidence")?;
    let keys = evidence::trusted(prepared, place).map_err(|error| causes(&error))?;
    let checked = evidence::checked(ports, place, &keys, None, &[]).await.map_err(|error| causes(&error))?;
    Ok((EvidenceView::of(&format!("s3://{}/{}", place.bucket, place.prefix), &keys, &checked), checked))
}

fn backups(prepared: &Prepared, observed: Result<&Observed, &String>) -> BTreeMap<String, Fact<Vec<SeenBackup>>> {
    match observed {
        Ok(observed) => observed.backups.clone(),
        Err(why) => prepared.loaded.policies.iter().map(|policy| (policy.name.clone(), Fact::Unknown(Why::Unreachable(why.clone())))).collect(),
    }
}

/// The plan with its exit code. Policies with errors are not compared: what they want is not known.
fn compared(prepared: &Prepared, observed: Result<Observed, String>, checked: Exit, (quirks, sent): (&Quirks, usize)) -> (Result<PlanView, String>, Exit) {
    match observed {
        Err(why) => (Err(why), Exit::Failed),
        Ok(_) if checked == Exit::Findings => (Err("the policies have errors".to_owned()), checked),
        Ok(observed) => {
            let plan = plan::plan(&prepared.desired, &observed, &[]);
            (Ok(planning::view(prepared, &observed, &plan, quirks, sent)), planning::exit(&plan))
        }
    }
}

/// What the report itself ends with: broken evidence 7, restores not proven 6, backups too old 4.
fn exit(view: &ReportView) -> Exit {
    let mut exit = match view.evidence.verdict {
        Verdict::Failed => Exit::Evidence,
        Verdict::Unproven | Verdict::Passed => Exit::Good,
    };
    for policy in &view.policies {
        let restores = [policy.rto.verdict].into_iter().chain(policy.drills.iter().map(|drill| drill.verdict));
        if restores.min() != Some(Verdict::Passed) {
            exit = exit.worst(Exit::Drill);
        }
        if policy.rpo.verdict != Verdict::Passed {
            exit = exit.worst(Exit::Pending);
        }
    }
    exit
}
