//! Roles that left the policies: below a path of ours, with our mark, and wanted by nobody. Removed whole or not at all;
//! what somebody else hung on one, or uses it for, keeps it.

use std::collections::BTreeSet;

use super::Leftover;
use crate::model::aspects::{Attachments, Names, RoleTrust};
use crate::model::document::Document;
use crate::model::fact::Fact;
use crate::model::id::ResourceId;
use crate::model::request::{INLINE_POLICY, ReadOp, Request, RequestOp};
use crate::model::resource::{Desired, Observed, ObservedResource, Purpose};
use crate::plan::{Reason, Step};
use crate::settings;

/// What is said of each, with the step that removes it where one may.
pub(in crate::plan) fn roles(desired: &Desired, observed: &Observed) -> Vec<(Leftover, Option<Step>)> {
    let Some(question) = desired.roles.question() else { return Vec::new() };
    let found = observed.resources.get(&question.target).map(|seen| seen.fact(question.op));
    let found = found.unwrap_or(Fact::Unknown(crate::model::fact::Why::NotAsked));
    if let Fact::Unknown(why) = &found {
        return unknown(&question.target, why).into_iter().map(|leftover| (leftover, None)).collect();
    }
    desired.roles.unwanted(&found).into_iter().filter_map(|name| of_role(ResourceId::Role(name), observed)).collect()
}

fn unknown(below: &ResourceId, why: &crate::model::fact::Why) -> Option<Leftover> {
    use crate::model::fact::Why;
    // Nobody asked, or there are no roles to ask for: nothing is hidden by that.
    if matches!(why, Why::NotAsked | Why::Unsupported(_)) {
        return None;
    }
    let sentence = format!("whether a role is left over there is not known: {why}");
    Some(Leftover { resource: below.clone(), name: "roles".to_owned(), sentence, removable: false })
}

fn of_role(id: ResourceId, observed: &Observed) -> Option<(Leftover, Option<Step>)> {
    let live = observed.resources.get(&id)?;
    let said = |sentence: String| Leftover { resource: id.clone(), name: "role".to_owned(), sentence, removable: false };
    let trust = match live.fact(ReadOp::RoleTrust) {
        Fact::Known(document) => document,
        Fact::Absent => return None,
        Fact::Unknown(why) => return Some((said(format!("no policy wants it; whose it is is not known: {why}")), None)),
    };
    let role = trust.to::<RoleTrust>()?;
    if role.tags.get("managed-by").map(String::as_str) != Some("lifeboat") {
        return None;
    }
    Some(match requests(&id, &role, live) {
        Err(why) => (said(format!("no policy wants it; it stays: {why}")), None),
        Ok((requests, lines)) => {
            let from = settings::by_id("role-trust").map_or(Fact::Absent, |setting| (setting.seen)(live));
            let step = Step {
                resource: id.clone(),
                setting: "role-trust".to_owned(),
                reason: Reason::LeftOver,
                from,
                to: Document::of(&()),
                requests,
                lines,
                effects: Vec::new(),
                allowed: None,
            };
            (Leftover { removable: true, ..said("no policy wants it: --prune removes it".to_owned()) }, Some(step))
        }
    })
}

/// What removes a role, in the order that IAM asks for, or what keeps it.
fn requests(id: &ResourceId, role: &RoleTrust, live: &ObservedResource) -> Result<(Vec<Request>, Vec<String>), String> {
    let purpose = role.tags.get("lifeboat-purpose").map(String::as_str);
    if [Purpose::Planner, Purpose::Applier, Purpose::Auditor].iter().any(|kept| purpose == Some(kept.as_str())) {
        return Err("only a person removes what plans and applies themselves rest upon".to_owned());
    }
    let profiles = names(live, ReadOp::RoleProfiles, "which instance profiles hold it")?;
    if !profiles.is_empty() {
        return Err(format!("a machine may use it by instance profile {}: aws iam remove-role-from-instance-profile", profiles.join(", ")));
    }
    let foreign = names(live, ReadOp::RoleInline, "which inline policies it has")?;
    if !foreign.is_empty() {
        return Err(format!("somebody else wrote inline policies into it: {}", foreign.join(", ")));
    }
    let attached = names(live, ReadOp::RoleAttached, "what is attached to it")?;
    let own = match live.fact(ReadOp::RolePermissions) {
        Fact::Known(_) => vec![INLINE_POLICY.to_owned()],
        Fact::Absent => Vec::new(),
        Fact::Unknown(why) => return Err(format!("what it may do is not known: {why}")),
    };
    let (mut out, mut lines) = (Vec::new(), vec!["- the role".to_owned()]);
    let mut send = |op, body: Document| out.push(Request { op, target: id.clone(), body });
    if !own.is_empty() {
        lines.push(format!("- inline policy {}", own.join(", ")));
        send(RequestOp::DeleteRoleInline, Document::of(&Names(own.into_iter().collect())));
    }
    if !attached.is_empty() {
        lines.push(format!("- detached from {}", attached.join(", ")));
        send(RequestOp::ChangeRoleAttached, Document::of(&Attachments { attach: BTreeSet::new(), detach: attached.into_iter().collect() }));
    }
    send(RequestOp::DeleteRole, Document::of(&()));
    Ok((out, lines))
}

fn names(live: &ObservedResource, op: ReadOp, what: &str) -> Result<Vec<String>, String> {
    match live.fact(op) {
        Fact::Known(document) => Ok(document.to::<Names>().map(|names| names.0.into_iter().collect()).unwrap_or_default()),
        Fact::Absent => Ok(Vec::new()),
        Fact::Unknown(why) => Err(format!("{what} is not known: {why}")),
    }
}

#[cfg(test)]
mod tests;
