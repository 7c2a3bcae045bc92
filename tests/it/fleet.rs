//! Plans of many policies: what is said stays readable, parts of a fleet are cut where they may be, and an interruption
//! shows what was read.

use std::collections::BTreeMap;

use lifeboat::compile;
use lifeboat::formats::paint::Paint;
use lifeboat::formats::text;
use lifeboat::model::aspects::{Tags, Versioning};
use lifeboat::model::document::Document;
use lifeboat::model::fact::Fact;
use lifeboat::model::request::ReadOp;
use lifeboat::model::resource::{Desired, Identity, ResourceWish};
use lifeboat::observe::{self, Watch};
use lifeboat::plan::{self, Ask};
use lifeboat::policy::{self, ConfigFile, Loaded};
use lifeboat::ports::sim::{ACCOUNT, World};
use lifeboat::view::plan::{Around, PlanView};

use crate::converge::{planned, round};

const QUICKSTART: &str = include_str!("../../examples/quickstart/config/policies/orders.yaml");

/// So many policies, each with a bucket and roles of its own.
fn fleet(count: usize) -> (Loaded, Desired) {
    let file = |number: usize| {
        let name = format!("fleet-{number:04}");
        let text = QUICKSTART.replace("name: orders\n", &format!("name: {name}\n")).replace("prefix: orders/", &format!("prefix: {name}/"));
        let text = text.replace("shop-dr-orders", &format!("dr-{name}")).replace("role: shop-", &format!("role: {name}-"));
        ConfigFile { path: format!("policies/{name}.yaml"), bytes: text.into_bytes() }
    };
    let loaded = policy::load(&(1..=count).map(file).collect::<Vec<_>>());
    let (desired, findings) = compile::compile(&loaded, &[]);
    assert!(loaded.findings.is_empty() && findings.is_empty(), "{:?} {findings:?}", loaded.findings);
    (loaded, desired)
}

async fn said(loaded: &Loaded, desired: &Desired, world: &std::sync::Arc<World>, watch: &Watch<'_>) -> (PlanView, String) {
    let identity = Fact::Known(Identity { account: ACCOUNT.to_owned(), arn: "arn:aws:iam::000000000000:user/planner".to_owned() });
    let observed = observe::observe_watched(desired, &world.ports(), identity, watch).await;
    let plan = plan::asked(desired, &observed, &Ask::default());
    let around = Around { revision: "3f2c1ab", desired, observed: &observed, not_enforced: &[], policies: &loaded.policies, selected: None };
    let view = PlanView::of(&plan, &around);
    let text = text::plan(&view, if observed.unasked > 0 { 1 } else { 4 }, Paint { on: false });
    (view, text)
}

#[tokio::test]
async fn a_thousand_policies_are_one_page_and_nothing_is_left_out() {
    let (loaded, desired) = fleet(1000);
    let world = World::at("2026-11-22T10:00:00Z".parse().unwrap());
    let (view, text) = said(&loaded, &desired, &world, &Watch::default()).await;
    assert!(text.lines().count() < 120, "{text}");
    assert!(text.contains("the same in 999 more policies: fleet-0002, fleet-0003, "), "{text}");
    assert!(text.contains(&format!("{} to add", view.settings)), "{text}");
    assert_eq!(view.groups.len(), 1000, "JSON names each");

    assert!(round(&desired, &world, &[], "a fleet").await.1.complete());
    let (_, text) = said(&loaded, &desired, &world, &Watch::default()).await;
    assert!(text.lines().count() <= 2 && text.contains("everything is as the policies say"), "{text}");

    // The same drift in three of them, another one in a fourth.
    for number in [7, 300, 900] {
        world.put_bucket_setting(&format!("dr-fleet-{number:04}"), ReadOp::BucketVersioning, Some(Document::of(&Versioning::Suspended)));
    }
    world.put_bucket_setting("dr-fleet-0500", ReadOp::BucketTags, Some(Document::of(&Tags(BTreeMap::new()))));
    let (_, text) = said(&loaded, &desired, &world, &Watch::default()).await;
    assert!(text.contains("the same in 2 more policies: fleet-0300, fleet-0900"), "{text}");
    assert!(text.contains("fleet-0500 · policies/fleet-0500.yaml") && text.contains("and 990 more"), "{text}");
    assert!(text.contains("4 to change") || text.contains("3 to change"), "{text}");
    assert!(text.lines().count() < 40, "{text}");
    assert!(planned(&desired, &world, &[]).await.steps.len() == 4);
}

#[tokio::test]
async fn an_interrupted_plan_of_a_fleet_says_what_it_knows_and_what_not() {
    let (loaded, desired) = fleet(200);
    let world = World::at("2026-11-22T10:00:00Z".parse().unwrap());
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let note = |answered, _| {
        if answered == 500 {
            stop.send(true).unwrap();
        }
    };
    let (view, text) = said(&loaded, &desired, &world, &Watch { stop: Some(stopped), answered: Some(&note) }).await;
    assert!(view.unasked > 1000, "{}", view.unasked);
    assert!(text.contains("not asked: ") && text.contains("exit 1: interrupted, "), "{text}");
    assert!(text.contains("to add") && text.lines().count() < 250, "{text}");
}

/// The fleet that `make bench` measures: a bucket and four roles for each policy, none of which is sham, and as many requests as `docs/plans.md`
/// says are the least. The program that they are measured against knows each of the questions.
#[tokio::test]
async fn the_fleet_of_the_bench_has_four_roles_a_policy_and_asks_what_is_written_down() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().unwrap();
    let made = std::process::Command::new("python3").arg(root.join("scripts/fleet")).arg(folder.path()).arg("3").status().unwrap();
    assert!(made.success());
    let source = lifeboat::source::read(folder.path().to_str().unwrap(), None).unwrap();
    let loaded = policy::load(&source.files);
    let (desired, findings) = compile::compile(&loaded, &[]);
    let judged = lifeboat::rules::check(&loaded.policies);
    assert!(loaded.findings.is_empty() && findings.is_empty() && judged.is_empty(), "{:?} {findings:?} {judged:?}", loaded.findings);
    let roles = desired.resources.iter().filter(|wish| matches!(wish, ResourceWish::Role(_))).count();
    assert_eq!((loaded.policies.len(), roles, desired.resources.len()), (3, 12, 15));

    let world = World::at("2026-11-22T10:00:00Z".parse().unwrap());
    assert!(round(&desired, &world, &[], "the fleet of the bench").await.1.complete());
    world.forget();
    let (view, text) = said(&loaded, &desired, &world, &Watch::default()).await;
    assert!(text.contains("everything is as the policies say"), "{text}");
    assert_eq!((view.requests, world.requests()), (3 * 28, 3 * 28));
    let docs = std::fs::read_to_string(root.join("docs/plans.md")).unwrap();
    // Who it is, is asked once.
    assert!(docs.contains("these are 29 requests"), "the least number of requests is another one");
    let bare = std::fs::read_to_string(root.join("examples/bare_reads/main.rs")).unwrap();
    for read in observe::questions(&desired) {
        assert!(bare.contains(&format!("ReadOp::{:?} =>", read.op)), "{:?} is not asked by the bare SDK", read.op);
    }
}
