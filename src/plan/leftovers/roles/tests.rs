use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::super::super::tests::{observed, quickstart};
use super::super::super::{Ask, Plan, Reason, asked};
use crate::model::aspects::Names;
use crate::model::document::Document;
use crate::model::fact::{Fact, Why};
use crate::model::id::ResourceId;
use crate::model::request::{ReadOp, RequestOp};
use crate::model::resource::ObservedResource;

const ARN: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";

fn names(of: &[&str]) -> Fact<Document> {
    Fact::Known(Document::of(&Names(of.iter().map(|name| (*name).to_owned()).collect())))
}

fn trust(tags: &[(&str, &str)]) -> Fact<Document> {
    let tags: BTreeMap<&str, &str> = tags.iter().copied().collect();
    Fact::Known(Document::of(&json!({"path": "/lifeboat/orders/", "trust": {}, "tags": tags})))
}

const OURS: &[(&str, &str)] = &[("managed-by", "lifeboat"), ("lifeboat-policy", "orders"), ("lifeboat-purpose", "writer")];

/// The answers about a role of ours with a policy of ours and one attached.
fn answers() -> BTreeMap<ReadOp, Fact<Document>> {
    BTreeMap::from([
        (ReadOp::RoleTrust, trust(OURS)),
        (ReadOp::RolePermissions, Fact::Known(Document::of(&json!({})))),
        (ReadOp::RoleAttached, names(&[ARN])),
        (ReadOp::RoleInline, names(&[])),
        (ReadOp::RoleProfiles, names(&[])),
    ])
}

/// The plan of the quickstart when these roles are there.
fn planned(listed: Fact<Document>, facts: BTreeMap<ReadOp, Fact<Document>>, prune: bool) -> Plan {
    let mut desired = quickstart();
    desired.roles.path = Some("/lifeboat/orders/".to_owned());
    let mut seen = observed(&desired, &[]);
    let question = desired.roles.question().unwrap();
    seen.resources.entry(question.target).or_default().facts.insert(question.op, listed);
    seen.resources.insert(ResourceId::Role("shop-old".to_owned()), ObservedResource { facts });
    asked(&desired, &seen, &Ask { prune, ..Ask::default() })
}

fn listed() -> Fact<Document> {
    names(&["/lifeboat/orders/shop-old", "/lifeboat/orders/shop-keeper", "/lifeboat/carts/carts-writer", "/lifeboat/orders/deeper/x"])
}

fn removals(plan: &Plan) -> Vec<&crate::plan::Step> {
    plan.steps.iter().filter(|step| step.reason == Reason::LeftOver).collect()
}

fn roles(plan: &Plan) -> BTreeSet<(String, bool)> {
    let roles = plan.leftovers.iter().filter(|left| left.name == "role");
    roles.map(|left| (left.resource.to_string(), left.removable)).collect()
}

#[test]
fn a_role_of_ours_that_left_is_reported_and_with_prune_removed_from_its_policies_on() {
    let plan = planned(listed(), answers(), false);
    assert_eq!(roles(&plan), BTreeSet::from([("role/shop-old".to_owned(), true)]), "another policy's path and wanted roles are none of it");
    assert_eq!(removals(&plan).len(), 0);
    let plan = planned(listed(), answers(), true);
    let steps = removals(&plan);
    let [step] = steps.as_slice() else { panic!("{steps:?}") };
    let ops: Vec<RequestOp> = step.requests.iter().map(|request| request.op).collect();
    assert_eq!(ops, [RequestOp::DeleteRoleInline, RequestOp::ChangeRoleAttached, RequestOp::DeleteRole]);
    assert!(step.requests.iter().all(|request| request.target.name() == "shop-old" && request.removes()));
    assert!(step.is_removal() && step.from.known().is_some() && plan.steps.last() == Some(*step));
    let bare = answers().into_iter().map(|(op, fact)| match op {
        ReadOp::RolePermissions => (op, Fact::Absent),
        ReadOp::RoleAttached => (op, names(&[])),
        _ => (op, fact),
    });
    let plan = planned(listed(), bare.collect(), true);
    assert_eq!(removals(&plan).first().map(|step| step.requests.len()), Some(1));
}

#[test]
fn what_others_need_of_a_role_or_what_is_not_known_of_it_keeps_it() {
    let refused = || Fact::Unknown(Why::Refused("AccessDenied".to_owned()));
    let purposes = [("managed-by", "lifeboat"), ("lifeboat-purpose", "applier")];
    let kept = [
        (ReadOp::RoleInline, names(&["debug"])),
        (ReadOp::RoleProfiles, names(&["restore-host"])),
        (ReadOp::RoleTrust, trust(&purposes)),
        (ReadOp::RoleTrust, refused()),
        (ReadOp::RolePermissions, refused()),
        (ReadOp::RoleAttached, refused()),
        (ReadOp::RoleInline, refused()),
        (ReadOp::RoleProfiles, refused()),
    ];
    for (op, fact) in kept {
        let mut facts = answers();
        facts.insert(op, fact.clone());
        let plan = planned(listed(), facts, true);
        assert_eq!(roles(&plan), BTreeSet::from([("role/shop-old".to_owned(), false)]), "{op:?} {fact:?}");
        assert_eq!(removals(&plan).len(), 0, "{op:?} {fact:?}");
    }
    for not_ours in [&[][..], &[("managed-by", "terraform")]] {
        let mut facts = answers();
        facts.insert(ReadOp::RoleTrust, trust(not_ours));
        let plan = planned(listed(), facts, true);
        assert_eq!((roles(&plan).len(), removals(&plan).len()), (0, 0), "a role without our mark is none of ours");
    }
}

#[test]
fn a_list_that_cannot_be_read_is_said_and_nothing_follows_from_it() {
    let plan = planned(Fact::Unknown(Why::Refused("AccessDenied".to_owned())), answers(), true);
    assert!(plan.leftovers.iter().any(|left| left.name == "roles" && left.sentence.contains("AccessDenied")), "{:?}", plan.leftovers);
    assert_eq!(removals(&plan).len(), 0);
    let silent = planned(Fact::Unknown(Why::Unsupported("no roles here".to_owned())), answers(), true);
    assert_eq!((silent.leftovers.len(), removals(&silent).len()), (0, 0));
}
