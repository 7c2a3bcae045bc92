use super::super::tests::{desired, observed};
use super::super::{Ask, Hold, Leave, Plan, asked};
use crate::model::aspects::Versioning;
use crate::model::document::Document;
use crate::model::fact::Fact;
use crate::model::id::ResourceId;
use crate::model::request::ReadOp;
use crate::model::resource::{BucketWish, Desired, ResourceWish};
use crate::model::units::Percent;

/// A fleet of buckets of one policy's shape without roles; each wants versioning suspended where it is enabled.
fn fleet(buckets: usize) -> Desired {
    let one = desired("prefix: orders/\n", "prefix: orders/\n    versioning: suspended\n");
    let Some(ResourceWish::Bucket(bucket)) = one.resources.iter().find(|wish| matches!(wish, ResourceWish::Bucket(_))) else { panic!() };
    let resources = (0..buckets).map(|at| ResourceWish::Bucket(BucketWish { name: format!("b{at}"), ..bucket.clone() }));
    Desired { resources: resources.collect(), ..one }
}

fn with_leave(desired: &Desired, weakened: usize) -> Plan {
    let mut seen = observed(desired, &[]);
    for live in seen.resources.values_mut() {
        live.facts.insert(ReadOp::BucketExists, Fact::Known(Document::of(&serde_json::json!({"region": "eu-west-1"}))));
        live.facts.insert(ReadOp::BucketVersioning, Fact::Known(Document::of(&Versioning::Enabled)));
    }
    let leave = |at| Leave { id: "weakens-versioning".to_owned(), resource: ResourceId::Bucket(format!("b{at}")) };
    let leaves: Vec<Leave> = (0..weakened).map(leave).collect();
    asked(desired, &seen, &Ask { leaves: &leaves, ..Ask::default() })
}

fn braked(plan: &Plan) -> Option<(&'static str, usize, usize)> {
    plan.held.iter().find_map(|held| match held.hold {
        Hold::TooMany { what, changed, of, .. } => Some((what, changed, of)),
        _ => None,
    })
}

#[test]
fn a_third_of_a_fleet_of_buckets_is_too_much_and_a_quarter_is_not() {
    let fleet = fleet(8);
    assert_eq!(braked(&with_leave(&fleet, 2)), None);
    let plan = with_leave(&fleet, 3);
    assert_eq!(braked(&plan), Some(("buckets", 3, 8)));
    assert!(plan.steps.iter().all(|step| step.allowed.is_none()), "nothing that loosens is sent");
    assert!(plan.steps.iter().any(|step| step.setting == "bucket-public-access"), "what protects is sent");
    assert_eq!(plan.held.iter().filter(|held| matches!(held.hold, Hold::TooMany { .. })).count(), 3);
    assert!(plan.held.iter().all(|held| held.hold.leave_id() != Some("too-many")), "no leave releases it");
}

#[test]
fn one_of_few_buckets_is_not_a_fleet_but_a_third_of_all_settings_is_too_much() {
    assert_eq!(braked(&with_leave(&fleet(1), 1)), None, "1 of 1 bucket, 1 of 6 settings");
    let mut tight = fleet(1);
    tight.limits.settings_changed = Percent::of(10.0);
    assert!(matches!(braked(&with_leave(&tight, 1)), Some(("settings", 1, _))));
    tight.limits.settings_changed = Percent::of(100.0);
    assert_eq!(braked(&with_leave(&tight, 1)), None, "a limit of 100 % is no brake");
}
