//! What a plan says of releases is what the keeper then does, and costs a plan without backups nothing.

use super::index::settled;
use super::*;
use crate::model::resource::Observed;
use crate::observe;
use crate::ops::releases::{self, Glance};
use crate::ports::sim::{CALLER, Op};
use crate::view::releases::ReleaseSetView;

async fn observed(stage: &Stage) -> Observed {
    let ports = stage.world.ports();
    let identity = ports.cloud.identity().await.map_or_else(|error| Fact::Unknown(error.why()), Fact::Known);
    observe::observe(&stage.desired, &ports, identity).await
}

/// What a plan of these policies says, and with how many requests beyond what it listed anyway.
async fn foretold(stage: &Stage, policies: &[LoadedPolicy], proofs: &Fact<Proofs>) -> (Vec<ReleaseSetView>, usize) {
    let (ports, observed) = (stage.world.ports(), observed(stage).await);
    let before = stage.world.requests();
    let glance = Glance { ports: &ports, observed: &observed, control: stage.control.as_ref(), proofs };
    let said = glance.at(&releases::sets(policies, &observed)).await;
    (said, stage.world.requests() - before)
}

async fn plain(stage: &Stage) -> (ReleaseSetView, usize) {
    let (mut sets, requests) = foretold(stage, &stage.policies, &Fact::Known(Proofs::new())).await;
    assert_eq!(sets.len(), 1);
    (sets.swap_remove(0), requests)
}

/// The policies with another retention, as a pull request would have them.
pub(super) fn with(stage: &Stage, from: &str, to: &str) -> Vec<LoadedPolicy> {
    let text = include_str!("../../../../examples/quickstart/config/policies/orders.yaml").replace("monthly: 12}", "monthly: 12, keepLast: 1}");
    assert!(text.contains(from), "{from}");
    assert_eq!(stage.policies.len(), 1);
    policy::load(&[ConfigFile { path: "policies/orders.yaml".to_owned(), bytes: text.replace(from, to).into_bytes() }]).policies
}

fn steps(view: &ReleaseSetView) -> Vec<(&str, Option<&str>, Option<&str>)> {
    view.steps.iter().map(|step| (step.backup(), step.from.as_deref(), step.to.as_deref())).collect()
}

#[tokio::test]
async fn what_a_plan_foretells_the_keeper_does_and_then_nothing_is_left() {
    let stage = Stage::new(40);
    // A wrong tag, one of nobody's set, one on a kept backup, and one on an object alone.
    let objects = stage.world.ports().objects;
    let tag = |value: &str| Tags::from([(EXPIRE_TAG.to_owned(), value.to_owned())]);
    for (id, value) in [("20261006", "orders/nightly:recent"), ("20261007", "carts/nightly:daily"), ("20261109", "orders/nightly:recent")] {
        objects.put_tags(BUCKET, &format!("orders/nightly/{id}T021500Z/manifest.json"), None, &tag(value)).await.unwrap();
    }
    let (said, _) = plain(&stage).await;
    let drifts: BTreeSet<&str> = said.steps.iter().map(|step| step.drift.as_str()).collect();
    assert_eq!(drifts.into_iter().collect::<Vec<_>>(), ["foreign", "kept", "missing", "wrong"]);
    assert!(said.counted().contains("1 tag of another tier, 1 tag that is none of the set, 1 tag to be taken off"), "{}", said.counted());
    stage.world.forget();
    plain(&stage).await;
    assert!(stage.world.sent().is_empty(), "a plan writes nothing");
    let done = stage.keep().await.unwrap();
    let done: Vec<_> = done.steps.iter().map(|step| (step.backup.as_str(), step.from.as_deref(), step.to.as_deref())).collect();
    assert_eq!(steps(&said), done);
    let (after, _) = plain(&stage).await;
    assert!(after.steps.is_empty() && !after.is_busy() && after.effects.is_empty(), "{after:#?}");
}

#[tokio::test]
async fn a_plan_without_backups_asks_nothing_and_one_with_an_index_one_question() {
    let empty = Stage::new(0);
    let (sets, requests) = foretold(&empty, &empty.policies, &Fact::Known(Proofs::new())).await;
    assert_eq!((sets.len(), requests), (0, 0));
    for days in [20, 60] {
        let indexed = settled(days).await;
        assert_eq!(plain(&indexed).await.1, 1, "the index");
        indexed.backup();
        assert_eq!(plain(&indexed).await.1, 3, "and of a new one its manifest and the tags of that");
    }
    let without = Stage::new(20);
    assert_eq!(plain(&without).await.1, 40);
}

#[tokio::test]
async fn what_is_more_than_a_plan_reads_and_what_cannot_be_read_is_not_known() {
    let stage = Stage::new(8);
    let why = || crate::model::fact::Why::Refused("no".to_owned());
    let (sets, requests) = foretold(&stage, &stage.policies, &Fact::Unknown(why())).await;
    assert!(sets[0].unknown.as_ref().is_some_and(|said| said.contains("evidence could not be read")) && requests == 0, "{sets:?}");
    stage.world.refuse(CALLER, Op::Tags);
    let (blind, _) = plain(&stage).await;
    assert!(blind.steps.is_empty() && blind.left.get("its tags could not be read") == Some(&8), "{blind:#?}");
    stage.world.grant(CALLER, Op::Tags);
    stage.world.refuse(CALLER, Op::List);
    let (unlisted, requests) = plain(&stage).await;
    assert!(unlisted.unknown.is_some_and(|said| said.contains("could not be listed")) && requests == 0);
    let many = Stage::new(501);
    let (said, requests) = plain(&many).await;
    assert!(said.unknown.is_some_and(|said| said.contains("501 of its backups")) && requests == 0);
}

#[tokio::test]
async fn a_retention_that_a_change_shortens_shows_what_goes_earlier_than_the_live_rules_promise() {
    let stage = Stage::new(40);
    let (unchanged, _) = plain(&stage).await;
    assert!(unchanged.steps.len() > 20 && unchanged.effects.is_empty(), "what the live rules promise is no loss: {:?}", unchanged.effects);
    let proofs = Fact::Known(Proofs::new());
    let shorter = with(&stage, "daily: 14", "daily: 7");
    let (sets, _) = foretold(&stage, &shorter, &proofs).await;
    let daily = sets[0].steps.iter().filter(|step| step.to.as_deref() == Some("orders/nightly:daily")).count();
    let effect = &sets[0].effects[0];
    assert!(daily > 10 && effect.points == daily, "{daily}: {effect:?}");
    assert!(effect.sentence.contains("earlier than the live rules promise, the first on Sun 2026-10-11 instead of Sun 2026-10-18"), "{}", effect.sentence);
    // A tier that is dropped: what has its tag waits for a person, what has none goes as another one.
    stage.keep().await.unwrap();
    let dropped = with(&stage, "weekly: 12, ", "");
    let (sets, _) = foretold(&stage, &dropped, &proofs).await;
    let held = sets[0].steps.iter().filter(|step| step.leave.is_some()).count();
    let effect = &sets[0].effects[0];
    assert!(held > 2 && effect.points >= held && effect.sentence.contains("--allow-earlier"), "{held}: {effect:?}");
    // A longer one takes nothing from anybody.
    let (sets, _) = foretold(&stage, &with(&stage, "daily: 14", "daily: 30"), &proofs).await;
    assert!(sets[0].effects.is_empty(), "{:?}", sets[0].effects);
}

#[tokio::test]
async fn the_best_neighbour_of_a_damaged_backup_is_named_with_it() {
    let stage = Stage::new(40);
    stage.world.put_object(BUCKET, "orders/nightly/20261001T021500Z/manifest.json", b"{}");
    let (said, _) = plain(&stage).await;
    let monthly: Vec<_> = said.steps.iter().filter(|step| step.to.as_deref() == Some("orders/nightly:monthly")).collect();
    assert_eq!(monthly.len(), 1, "{monthly:?}");
    assert_eq!((monthly[0].backup(), monthly[0].instead.as_deref()), ("orders/nightly/20261002T021500Z", Some("20261001T021500Z, which is not whole")));
    assert_eq!(said.left.values().sum::<u64>(), 1);
}
