//! `lifeboat bootstrap`.

use super::apply::{self, Ended, Interrupted, Wanted};
use super::plan::{self as planning, Planned};
use super::{Exit, OpError, Prepared, Where, check, connect, control, identify};
use crate::compile;
use crate::model::fact::Fact;
use crate::model::repository::ControlPlace;
use crate::model::resource::ResourceWish;
use crate::observe;
use crate::plan::{self, Ask};
use crate::ports::{Kind, Ports};
use crate::view::plan::PlanView;

/// Plans what must exist before the first plan in CI; with `send`, carries it out as `apply` does, until that says to end.
///
/// # Errors
/// When there is no config repo, nothing to make, no usable identity, or no journal can be opened.
pub async fn bootstrap(place: &Where, ask: &Ask<'_>, send: Option<Interrupted>) -> Result<(Ended, Exit), OpError> {
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
    if send.is_some() {
        let at = lock(&prepared, &ports).await;
        return apply::under_lock(&prepared, &ports, &aws, &Wanted { ask: *ask, interrupted: send, ..Wanted::default() }, at).await;
    }
    let identity = identify(&ports, Some(&aws)).await?;
    let observed = observe::observe(&prepared.desired, &ports, Fact::Known(identity)).await;
    let plan = plan::asked(&prepared.desired, &observed, ask);
    let exit = planning::exit(&plan);
    let of = Some("bootstrap".to_owned());
    let view = PlanView { of, ..planning::view(&prepared, &observed, &plan, &aws.quirks(), ports.cloud.sent()) };
    Ok((Ended::Stopped(Planned::Plan(Box::new(view), findings)), exit))
}

/// The place of the lock, unless its bucket is one of those that are yet to be made.
async fn lock<'a>(prepared: &'a Prepared, ports: &Ports) -> Result<&'a ControlPlace, &'static str> {
    let place = control(prepared).ok_or("lifeboat.yaml names no `control`")?;
    match ports.objects.list(&place.bucket, &place.prefix).await {
        Err(error) if error.kind == Kind::Missing => Err("its bucket is yet to be made"),
        Ok(_) | Err(_) => Ok(place),
    }
}

fn something(prepared: &Prepared) -> Result<(), OpError> {
    if prepared.desired.resources.is_empty() {
        return Err(OpError::Setup {
            message: "there is nothing to make before the first plan: lifeboat.yaml names no bucket of evidence or control and no planner, applier or auditor"
                .to_owned(),
            hint: "write spec.evidence, spec.control or spec.access into lifeboat.yaml".to_owned(),
        });
    }
    Ok(())
}
