//! `lifeboat status`: what can be restored now, and whether that is what was promised. Writes nothing.

use super::{Exit, OpError, Where, catalogue, connect, evidence, identify, report as reporting};
use crate::model::fact::Fact;
use crate::observe;
use crate::report::status::{Standing, standings};
use crate::report::{self, Input, Verdict};
use crate::view::status::StatusView;

/// Reads buckets and evidence and says how each policy stands.
///
/// # Errors
/// When there is no config repo, or the cloud cannot be used at all.
pub async fn status(place: &Where) -> Result<(StatusView, Exit), OpError> {
    let (prepared, ports, aws) = connect(place).await?;
    let identity = identify(&ports, Some(&aws)).await?;
    let observed = observe::observe(&prepared.desired, &ports, Fact::Known(identity)).await;
    // Without a place for evidence no drill leaves a record, which is no failure of reading.
    let configured = evidence::configured(&prepared).is_some();
    let chains = reporting::chains(&prepared, &ports).await;
    let repositories = catalogue::repositories(&ports, &prepared.loaded.policies).await;
    let now = ports.clock.now();
    let input = Input {
        now,
        policies: &prepared.loaded.policies,
        backups: &observed.backups,
        repositories: &repositories,
        evidence: chains.as_ref().map(|(_, chains)| chains.as_slice()).map_err(String::as_str),
    };
    let report = report::report(&input);
    let policies = standings(&input, &report, &observed);
    let exit = policies.iter().map(exit).fold(Exit::Good, Exit::worst);
    let why = chains.err().filter(|_| configured);
    Ok((StatusView::of(&prepared.revision, now, policies, why), exit))
}

/// Drills that are not proven 6, backups too old or not listed 4.
fn exit(policy: &Standing) -> Exit {
    let backups = if policy.is_recent() { Exit::Good } else { Exit::Pending };
    let drills = if policy.drills.is_none_or(|verdict| verdict == Verdict::Passed) { Exit::Good } else { Exit::Drill };
    backups.worst(drills)
}
