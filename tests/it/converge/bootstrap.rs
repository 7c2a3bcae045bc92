//! What only a person may make: held in every ordinary plan, made by the bootstrap from any start, through every fault.

use std::sync::Arc;

use lifeboat::compile;
use lifeboat::model::aspects::Versioning;
use lifeboat::model::document::Document;
use lifeboat::model::request::ReadOp;
use lifeboat::model::resource::Desired;
use lifeboat::plan::Hold;
use lifeboat::policy::{self, ConfigFile};
use lifeboat::ports::sim::{Fault, When, World};

use super::{carry_out, planned, round};

const REPOSITORY: &str = include_str!("../../../examples/roles/lifeboat.yaml");
const POLICY: &str = include_str!("../../../examples/roles/policies/orders.yaml");

/// What the ordinary plan wants, and what the bootstrap wants, in the account of the simulator.
fn both() -> (Desired, Desired) {
    let file = |path: &str, text: &str| {
        let text = text.replace("111122223333", "000000000000").replace("dr-boundary", "lifeboat-boundary");
        ConfigFile { path: path.to_owned(), bytes: text.into_bytes() }
    };
    let loaded = policy::load(&[file("lifeboat.yaml", REPOSITORY), file("policies/orders.yaml", POLICY)]);
    assert!(loaded.findings.is_empty(), "{:?}", loaded.findings);
    let (desired, findings) = compile::compile(&loaded, &[]);
    assert!(findings.is_empty(), "{findings:?}");
    let bootstrap = compile::bootstrap(&loaded, &desired);
    (desired, bootstrap)
}

fn world() -> Arc<World> {
    let world = World::at("2026-11-22T10:00:00Z".parse().unwrap());
    world.put_bucket("acme-dr-orders-replica", "eu-central-1");
    world.put_bucket_setting("acme-dr-orders-replica", ReadOp::BucketVersioning, Some(Document::of(&Versioning::Enabled)));
    world.forget();
    world
}

#[tokio::test]
async fn an_ordinary_apply_makes_nothing_that_only_a_person_may_make() {
    let (desired, bootstrap) = both();
    let world = world();
    let (plan, applied) = round(&desired, &world, &[], "ordinary").await;
    assert!(applied.complete());
    let guarded = ["role/dr-planner", "role/dr-applier", "role/dr-auditor", "oidc/000000000000/token.actions.githubusercontent.com"];
    for name in guarded {
        let holds: Vec<&Hold> = plan.held.iter().filter(|held| held.resource.to_string() == name).map(|held| &held.hold).collect();
        assert!(matches!(holds.first(), Some(Hold::NeedsBootstrap)), "{name}: {holds:?}");
        assert!(holds.iter().skip(1).all(|hold| matches!(hold, Hold::WaitsFor(_))), "{name}: {holds:?}");
    }
    assert!(world.sent().iter().all(|sent| !guarded.contains(&sent.target.as_str()) && sent.target != "bucket/acme-dr-evidence"), "{:?}", world.sent());
    let (_, applied) = round(&bootstrap, &world, &[], "bootstrap").await;
    assert!(applied.complete());
    let left = planned(&desired, &world, &[]).await;
    assert!(left.held.is_empty() && left.steps.is_empty(), "{:?} {:?}", left.held, left.steps);
}

#[tokio::test]
async fn the_bootstrap_converges_through_every_fault() {
    let (_, bootstrap) = both();
    let clean = world();
    round(&bootstrap, &clean, &[], "clean").await;
    let writes = clean.sent().len();
    assert!(writes >= 8, "only {writes} writes");
    for at in 1..=writes {
        for fault in Fault::ALL {
            let what = format!("write {at}, {fault:?}");
            let world = world();
            let plan = planned(&bootstrap, &world, &[]).await;
            world.forget();
            world.strike(When::NthWrite(at), fault);
            carry_out(plan, &world, &what).await;
            world.revive();
            let (_, applied) = round(&bootstrap, &world, &[], &what).await;
            assert!(applied.complete(), "{what}");
            let left = planned(&bootstrap, &world, &[]).await;
            assert!(left.steps.is_empty() && left.held.is_empty(), "{what}: {:?} {:?}", left.steps, left.held);
        }
    }
}
