//! Plans to look at, each from a world of the simulator.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;
use lifeboat::apply;
use lifeboat::model::aspects::{Tags, Versioning};
use lifeboat::model::document::Document;
use lifeboat::model::fact::{Fact, Why};
use lifeboat::model::id::ResourceId;
use lifeboat::model::request::ReadOp;
use lifeboat::model::resource::Desired;
use lifeboat::observe;
use lifeboat::plan::{self, Leave};
use lifeboat::policy::{self, ConfigFile};
use lifeboat::ports::sim::{Fault, When, World};
use lifeboat::view::apply::ApplyView;
use lifeboat::view::plan::{Around, EffectView, PlanView};
use lifeboat::view::releases::{ReleaseSetView, ReleaseStepView};

use crate::converge::worlds::{self, BUCKET, expiring};
use crate::converge::{Memory, QUICKSTART, desired, planned};

/// The view of the plan in a world.
pub(crate) async fn view(desired: &Desired, world: &Arc<World>, leaves: &[Leave]) -> PlanView {
    let ports = world.ports();
    let identity = ports.cloud.identity().await.map_or_else(|error| Fact::Unknown(error.why()), Fact::Known);
    let observed = observe::observe(desired, &ports, identity).await;
    let plan = plan::plan(desired, &observed, leaves);
    let file = ConfigFile { path: "policies/orders.yaml".to_owned(), bytes: QUICKSTART.as_bytes().to_vec() };
    let loaded = policy::load(&[file]);
    PlanView::of(&plan, &Around { revision: "3f2c1ab (main)", desired, observed: &observed, not_enforced: &[], policies: &loaded.policies, selected: None })
}

/// A world as the policy wants it, with twelve nightly backups.
async fn settled(policy: &str) -> Arc<World> {
    let world = World::at("2026-11-10T02:15:00Z".parse().unwrap());
    let plan = planned(&desired(&[policy]), &world, &[]).await;
    assert!(apply::apply(&plan, &world.ports(), lifeboat::apply::Settle::default(), &mut Memory::default()).await.complete());
    for day in 10..22 {
        for object in ["begun.json", "shop.dump.zst", "manifest.json"] {
            world.put_object(BUCKET, &format!("orders/nightly/202611{day}T021500Z/{object}"), &[0; 4096]);
        }
        world.advance(SignedDuration::from_hours(24));
    }
    world.forget();
    world
}

/// A bucket and a role in which much lies that nobody manages, and some that cannot be read.
async fn with_inventory(wanted: &Desired) -> PlanView {
    let world = settled(QUICKSTART).await;
    crate::inventory::strewn(&world);
    let mut shown = view(wanted, &world, &[]).await;
    shown.inventory = Some(crate::inventory::found(wanted, &world).await);
    shown
}

/// The committed samples.
pub(crate) async fn all() -> Vec<(&'static str, PlanView)> {
    let wanted = desired(&[QUICKSTART]);
    let shorter = desired(&[&QUICKSTART.replace("daily: 14", "daily: 7")]);
    let mut out = Vec::new();

    let world = World::at("2026-11-22T10:00:00Z".parse().unwrap());
    out.push(("new", view(&wanted, &world, &[]).await));

    let world = settled(QUICKSTART).await;
    out.push(("settled", view(&wanted, &world, &[]).await));
    out.push(("held", view(&shorter, &world, &[]).await));
    let leave: Leave = format!("shortens-retention@bucket/{BUCKET}").parse().unwrap();
    out.push(("allowed", view(&shorter, &world, &[leave]).await));

    world.put_bucket_setting(BUCKET, ReadOp::BucketTags, Some(Document::of(&Tags(BTreeMap::from([("cost-centre".to_owned(), "1".to_owned())])))));
    out.push(("tags", view(&wanted, &world, &[]).await));

    let world = settled(QUICKSTART).await;
    world.add_foreign_rule(BUCKET, expiring("cleanup", "orders/", 3));
    world.put_bucket_setting(BUCKET, ReadOp::BucketVersioning, Some(Document::of(&Versioning::Suspended)));
    out.push(("lost", view(&wanted, &world, &[]).await));

    out.push(("inventory", with_inventory(&wanted).await));

    let world = settled(QUICKSTART).await;
    let denied = "AccessDenied: arn:aws:sts::123456789012:assumed-role/dr-planner/ci is not authorized";
    world.answer(ResourceId::Bucket(BUCKET.to_owned()), ReadOp::BucketLifecycle, Fact::Unknown(Why::Refused(denied.to_owned())));
    out.push(("unread", view(&wanted, &world, &[]).await));

    let world = settled(QUICKSTART).await;
    let mut released = view(&wanted, &world, &[]).await;
    released.releases = releases();
    out.push(("releases", released));
    out
}

/// What the keeper would do to one set, and two of which that is not known.
pub(crate) fn releases() -> Vec<ReleaseSetView> {
    let step = |id: &str, drift: &str, tier: Option<&str>, until: Option<&str>| ReleaseStepView {
        id: format!("backup-release@orders/nightly/{id}"),
        drift: drift.to_owned(),
        from: (drift != "missing").then(|| "orders/nightly:weekly".to_owned()),
        to: tier.map(|tier| format!("orders/nightly:{tier}")),
        reason: tier.map_or_else(|| "among the newest complete ones".to_owned(), |tier| format!("{tier} is settled")),
        bytes: 12 << 20,
        objects: 4,
        until: until.map(str::to_owned),
        instead: (tier == Some("monthly")).then(|| "20261001T021500Z, which holds much less".to_owned()),
        promised: None,
        held: None,
        leave: None,
    };
    let mut steps = vec![
        step("20261002T021500Z", "missing", Some("monthly"), Some("2027-11-10T00:00:00Z")),
        step("20261005T021500Z", "missing", Some("weekly"), Some("2027-01-05T00:00:00Z")),
        step("20261006T021500Z", "wrong", Some("daily"), Some("2026-10-22T00:00:00Z")),
        step("20261019T021500Z", "missing", Some("daily"), Some("2026-11-04T00:00:00Z")),
        step("20261121T021500Z", "kept", None, None),
    ];
    if let Some(early) = steps.get_mut(2) {
        early.promised = Some("2027-01-06T00:00:00Z".to_owned());
        early.held = Some("it would go earlier than its tag promises (2027-01-06T00:00:00Z)".to_owned());
        early.leave = Some("--allow-earlier orders/nightly/20261006T021500Z".to_owned());
    }
    let effect = EffectView {
        policy: "orders".to_owned(),
        points: 1,
        bytes: 12 << 20,
        first: Some("2026-10-22T00:00:00Z".to_owned()),
        sentence: "1 restore point (12.0 MiB) would be released to go earlier than the live rules promise, the first on Thu 2026-10-22 instead of Wed \
                   2027-01-06; the keeper waits for --allow-earlier before it does that"
            .to_owned(),
        oldest: None,
        oldest_left: None,
        undo: Some("`lifeboat hold` keeps each until then".to_owned()),
        cost: None,
        named: vec!["nightly/20261006T021500Z on 2026-10-22".to_owned()],
    };
    let known = ReleaseSetView {
        backups: Some(41),
        steps,
        effects: vec![effect],
        left: BTreeMap::from([("it is not a whole backup, and no plain attempt".to_owned(), 1)]),
        ..ReleaseSetView::unknown("orders", "nightly", None)
    };
    let why = || Some("the evidence could not be read: access denied".to_owned());
    vec![known, ReleaseSetView::unknown("orders", "hourly", why()), ReleaseSetView::unknown("orders", "weekly", why())]
}

/// The apply of a new world through every fault at its third write.
pub(crate) async fn applied() -> Vec<(String, ApplyView)> {
    let wanted = desired(&[QUICKSTART]);
    let mut out = Vec::new();
    for fault in [None].into_iter().chain(Fault::ALL.map(Some)) {
        let world = World::at("2026-11-22T10:00:00Z".parse().unwrap());
        let shown = view(&wanted, &world, &[]).await;
        let plan = planned(&wanted, &world, &[]).await;
        world.forget();
        if let Some(fault) = fault {
            world.strike(When::NthWrite(3), fault);
        }
        let done = apply::apply(&plan, &world.ports(), lifeboat::apply::Settle::default(), &mut Memory::default()).await;
        out.push((format!("{fault:?}"), ApplyView::of(shown, &done)));
    }
    out
}

/// The samples, and the plan of every small world.
pub(crate) async fn everything() -> Vec<(String, PlanView)> {
    let mut out: Vec<(String, PlanView)> = all().await.into_iter().map(|(name, view)| (name.to_owned(), view)).collect();
    let wanted = desired(&[QUICKSTART]);
    for start in worlds::all() {
        out.push((start.name.clone(), view(&wanted, &start.world(), &[]).await));
    }
    out
}
