//! A role that left the policies: with `--prune` it goes, through every fault, and nothing else does.

use std::sync::Arc;

use lifeboat::model::fact::Fact;
use lifeboat::model::resource::Desired;
use lifeboat::observe;
use lifeboat::plan::{self, Ask, Plan};
use lifeboat::ports::sim::{Fault, When, World};

use super::worlds::KEEPER;
use super::{QUICKSTART, carry_out, desired, round};

async fn pruning(desired: &Desired, world: &Arc<World>) -> Plan {
    let ports = world.ports();
    let observed = observe::observe(desired, &ports, Fact::Known(ports.cloud.identity().await.unwrap())).await;
    plan::asked(desired, &observed, &Ask { prune: true, ..Ask::default() })
}

/// A world as the quickstart wants it, whose keeper another role has taken the place of.
async fn world(renamed: &Desired) -> Arc<World> {
    let world = World::at("2026-11-22T10:00:00Z".parse().unwrap());
    for desired in [&desired(&[QUICKSTART]), renamed] {
        assert!(round(desired, &world, &[], "the start").await.1.complete());
    }
    world
}

#[tokio::test]
async fn a_role_that_left_goes_whole_through_every_fault_and_no_other_does() {
    let mut renamed = desired(&[&QUICKSTART.replace(&format!("role: {KEEPER}"), "role: shop-guardian")]);
    // As a scope of that name has it.
    renamed.roles.path = Some("/lifeboat/orders/".to_owned());
    let clean = world(&renamed).await;
    let plain = super::planned(&renamed, &clean, &[]).await;
    assert!(plain.steps.is_empty() && plain.leftovers.iter().any(|left| left.resource.name() == KEEPER && left.removable), "{:?}", plain.leftovers);
    assert!(clean.role(KEEPER).is_some(), "not without --prune");
    let plan = pruning(&renamed, &clean).await;
    let writes: usize = plan.steps.iter().map(|step| step.requests.len()).sum();
    assert_eq!((plan.steps.len(), writes), (1, 2), "its permissions, then the role");
    for at in 1..=writes {
        for fault in Fault::ALL {
            let what = format!("write {at}, {fault:?}");
            let world = world(&renamed).await;
            let plan = pruning(&renamed, &world).await;
            world.forget();
            world.strike(When::NthWrite(at), fault);
            carry_out(plan, &world, &what).await;
            world.revive();
            let (_, applied) = carry_out(pruning(&renamed, &world).await, &world, &what).await;
            assert!(applied.complete(), "{what}: {:?}", applied.steps);
            assert!(world.role(KEEPER).is_none() && world.role("shop-guardian").is_some(), "{what}");
            let left = pruning(&renamed, &world).await;
            assert!(left.steps.is_empty() && left.leftovers.is_empty(), "{what}: {:?} {:?}", left.steps, left.leftovers);
        }
    }
}
