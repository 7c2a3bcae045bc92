//! Approvals of policies → leave, with what is wrong with them. Whether one still counts is decided by the plan, which knows
//! the time.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::model::finding::Finding;
use crate::model::id::{ResourceId, ResourceKind};
use crate::model::policy::Policy;
use crate::model::resource::Approval;
use crate::policy::LoadedPolicy;
use crate::policy::schema_check::suggestion;
use crate::settings::LEAVES;

/// The approvals of one policy.
pub(super) fn read(policy: &LoadedPolicy, findings: &mut Vec<Finding>) -> Vec<Approval> {
    let own = resources(&policy.policy);
    let mut out = Vec::new();
    for (at, written) in policy.policy.spec.approvals.iter().enumerate() {
        let place = |field: &str| format!("/spec/approvals/{at}/{field}");
        let on: Option<ResourceId> = written.on.parse().ok().filter(|on| own.contains(on));
        let until = end_of(&written.expires);
        if on.is_none() {
            let finding = Finding::error(format!("approval of `{}` is on `{}`, which is nothing of this policy", written.allow, written.on));
            let known: Vec<String> = own.iter().map(|id| format!("`{id}`")).collect();
            findings.push(policy.mark(finding, &place("on"), "not of this policy").instead(format!("this policy has {}", known.join(", "))));
        }
        if let Some(on) = &on
            && !LEAVES.contains(&(written.allow.as_str(), on.kind()))
        {
            let what = if on.kind() == ResourceKind::Bucket { "bucket" } else { "role" };
            let known: Vec<String> = LEAVES.iter().filter(|(_, kind)| *kind == on.kind()).map(|(id, _)| format!("`{id}`")).collect();
            let finding = Finding::error(format!("no step of a {what} is released by `{}`: this approval changes nothing", written.allow));
            let near = suggestion(&written.allow, LEAVES.iter().filter(|(_, kind)| *kind == on.kind()).map(|(id, _)| *id));
            let finding = policy.mark(finding, &place("allow"), near.map_or_else(|| "no such leave".to_owned(), |near| format!("did you mean `{near}`?")));
            findings.push(match near {
                Some(_) => finding,
                None => finding.instead(format!("write the id that the plan prints before the `@`, one of {}", known.join(", "))),
            });
        }
        if until.is_none() {
            let finding = Finding::error(format!("`{}` is no day of the calendar", written.expires));
            findings.push(policy.mark(finding, &place("expires"), "no such day").instead("write a day, as in 2027-03-31"));
        }
        if let (Some(on), Some(until)) = (on, until) {
            out.push(Approval {
                policy: policy.name.clone(),
                allow: written.allow.clone(),
                on,
                reason: written.reason.clone(),
                by: written.approved_by.clone(),
                until,
                points: written.restore_points_lost,
                window: written.window_lost,
            });
        }
    }
    out
}

/// The first moment after a day, in UTC.
fn end_of(day: &str) -> Option<Timestamp> {
    let day: Date = day.parse().ok()?;
    day.tomorrow().ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

fn resources(policy: &Policy) -> Vec<ResourceId> {
    let mut out = vec![ResourceId::Bucket(policy.spec.storage.bucket.clone())];
    if let Some(access) = &policy.spec.access {
        out.extend(access.named().map(|(_, role)| ResourceId::Role(role.role.clone())));
    }
    out
}
