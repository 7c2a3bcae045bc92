//! `lifeboat bootstrap`.

use super::apply::{self, Ended, Wanted};
use super::plan::{self as planning, Planned};
use super::{Exit, OpError, Prepared, Where, check, connect, control, identify};
use crate::compile;
use crate::model::fact::Fact;
use crate::model::id::ResourceId;
use crate::model::request::{Read, ReadOp};
use crate::model::resource::ResourceWish;
use crate::observe;
use crate::plan::{self, Ask};
use crate::ports::Ports;

/// Plans what must exist before the first plan in CI; with `send`, carries it out as `apply` does.
///
/// # Errors
/// When there is no config repo, nothing to make, no usable identity, or no journal can be opened.
pub async fn bootstrap(place: &Where, ask: &Ask<'_>, send: bool) -> Result<(Ended, Exit), OpError> {
    let (mut prepared, ports, aws) = connect(place).await?;
    let (findings, exit) = check::view(&prepared);
    if exit == Exit::Findings {
        return Ok((Ended::Stopped(Planned::Stopped(findings)), exit));
    }
    prepared.desired = compile::bootstrap(&prepared.loaded, &prepared.desired);
    for wish in &mut prepared.desired.resources {
        if let ResourceWish::Bucket(bucket) = wish {
            bucket.not_taken = aws.quirks_of(&bucket.name).not_taken;
        }
    }
    something(&prepared)?;
    if send {
        without_a_lock_that_is_not_there(&mut prepared, &ports).await;
        return apply::under_lock(&prepared, &ports, &aws, &Wanted { ask: *ask, ..Wanted::default() }).await;
    }
    let identity = identify(&ports, Some(&aws)).await?;
    let observed = observe::observe(&prepared.desired, &ports, Fact::Known(identity)).await;
    let plan = plan::asked(&prepared.desired, &observed, ask);
    let exit = planning::exit(&plan);
    let view = planning::view(&prepared, &observed, &plan, &aws.quirks());
    Ok((Ended::Stopped(Planned::Plan(Box::new(view), findings)), exit))
}

/// The very first run makes the control bucket: until then there is no lock, and nobody who could hold it.
async fn without_a_lock_that_is_not_there(prepared: &mut Prepared, ports: &Ports) {
    let Some(place) = control(prepared) else { return };
    let read = Read { op: ReadOp::BucketExists, target: ResourceId::Bucket(place.bucket.clone()) };
    if ports.cloud.read(&read).await == Fact::Absent
        && let Some(repository) = &mut prepared.loaded.repository
    {
        repository.spec.control = None;
    }
}

fn something(prepared: &Prepared) -> Result<(), OpError> {
    if prepared.desired.resources.is_empty() {
        return Err(OpError::Setup {
            message: "there is nothing to make before the first plan: lifeboat.yaml names no place of evidence or control, and no planner, applier or auditor"
                .to_owned(),
            hint: "write spec.evidence, spec.control or spec.access into lifeboat.yaml".to_owned(),
        });
    }
    Ok(())
}
