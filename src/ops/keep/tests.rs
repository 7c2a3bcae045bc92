use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::model::document::Document;
use crate::model::lifecycle::EXPIRE_TAG;
use crate::model::resource::ResourceWish;
use crate::policy::{self, ConfigFile};
use crate::ports::sim::{Fault, When, World};
use crate::settings;

mod counted;
mod foretold;
mod index;
mod overdue;

const BUCKET: &str = "shop-dr-orders";
const MANIFEST: &str = include_str!("../../../tests/data/manifests/nasty-1.json");

struct Stage {
    world: Arc<World>,
    policies: Vec<LoadedPolicy>,
    desired: crate::model::resource::Desired,
    control: Option<ControlPlace>,
}

impl Stage {
    /// A bucket as applied, and a backup a day.
    fn new(days: usize) -> Self {
        let world = World::at("2026-10-01T02:15:00Z".parse().unwrap());
        world.put_bucket(BUCKET, "eu-west-1");
        let text = include_str!("../../../examples/quickstart/config/policies/orders.yaml").replace("monthly: 12}", "monthly: 12, keepLast: 1}");
        let loaded = policy::load(&[ConfigFile { path: "policies/orders.yaml".to_owned(), bytes: text.into_bytes() }]);
        let (desired, _) = crate::compile::compile(&loaded, &[]);
        let bucket = desired.resources.iter().find(|wish| matches!(wish, ResourceWish::Bucket(_))).unwrap();
        let rules = (settings::by_id("bucket-lifecycle").unwrap().want)(bucket).unwrap();
        world.put_bucket_setting(BUCKET, ReadOp::BucketLifecycle, Some(rules));
        let stage = Self { world, policies: loaded.policies, desired, control: None };
        for _ in 0..days {
            stage.backup();
            stage.world.advance(SignedDuration::from_hours(24));
        }
        stage
    }

    fn now(&self) -> Timestamp {
        self.world.ports().clock.now()
    }

    fn backup(&self) {
        let (id, at) = (crate::catalog::layout::backup_id(self.now()), self.now().to_string());
        let mut manifest: serde_json::Value = serde_json::from_str(MANIFEST).unwrap();
        manifest["id"] = id.clone().into();
        for field in ["startedAt", "snapshotAt", "finishedAt"] {
            manifest[field] = at.clone().into();
        }
        let put = |name: &str, bytes: &[u8]| self.world.put_object(BUCKET, &format!("orders/nightly/{id}/{name}"), bytes);
        put("begun.json", b"{}");
        for stored in [&manifest["databases"][0]["dump"], &manifest["globals"]] {
            put(stored["name"].as_str().unwrap(), &vec![0; usize::try_from(stored["bytes"].as_u64().unwrap()).unwrap()]);
        }
        put("manifest.json", Document::of(&manifest).to_string().as_bytes());
    }

    /// One run of the keeper, as a process of its own; none when it could not even list.
    async fn keep(&self) -> Option<KeptSetView> {
        let (ports, policy) = (self.world.ports(), &self.policies[0]);
        let proofs = Fact::Known(Proofs::new());
        let control = self.control.as_ref();
        let mut shelf = catalogue::shelf(&ports, policy, None, Asking { proofs: &proofs, marked: Marked::All, control, anew: false }).await.ok()?;
        let rules = rules(&ports, BUCKET).await;
        let (name, spec) = policy.policy.spec.backups.iter().next().unwrap();
        let wish = Wish { name: None, dry_run: false, recheck: false, earlier: &[] };
        let run = Run { ports: &ports, name, spec, rules: &rules, proofs: &proofs, wish: &wish, control };
        Some(run.keep(&mut shelf, &mut BTreeSet::new()).await)
    }

    /// The release tags of each backup: of its manifest, and of all its objects.
    async fn tags(&self) -> BTreeMap<String, (Option<String>, BTreeSet<Option<String>>)> {
        let objects = self.world.ports().objects;
        let mut out: BTreeMap<String, (Option<String>, BTreeSet<Option<String>>)> = BTreeMap::new();
        for object in objects.list(BUCKET, "orders/nightly/").await.unwrap() {
            let id = object.key.split('/').nth(2).unwrap().to_owned();
            let tag = objects.tags(BUCKET, &object.key, None).await.unwrap().remove(EXPIRE_TAG);
            let entry = out.entry(id).or_default();
            entry.1.insert(tag.clone());
            if object.key.ends_with("manifest.json") {
                entry.0 = tag;
            }
        }
        out
    }
}

fn tier(tier: &str) -> String {
    format!("orders/nightly:{tier}")
}

#[tokio::test]
async fn a_month_of_backups_is_released_and_then_nothing_is_left_to_do() {
    let stage = Stage::new(40);
    let view = stage.keep().await.unwrap();
    assert!(view.steps.iter().all(|step| step.outcome == "done"), "{view:#?}");
    let tags = stage.tags().await;
    assert!(tags.values().all(|(_, all)| all.len() == 1), "each object of a backup has the same tag");
    let of = |id: &str| tags[id].0.clone();
    // 1 October 2026 is a Thursday, and the 5th a Monday; in Berlin the month of November begins at 23:00 UTC.
    assert_eq!((of("20261001T021500Z"), of("20261005T021500Z"), of("20261006T021500Z")), (Some(tier("monthly")), Some(tier("weekly")), Some(tier("daily"))));
    assert_eq!((of("20261101T021500Z"), of("20261109T021500Z")), (None, None), "its month is not over, and the newest is kept");
    stage.world.forget();
    let again = stage.keep().await.unwrap();
    assert!(again.steps.is_empty() && stage.world.sent().is_empty(), "{again:#?}");
}

#[tokio::test]
async fn a_keeper_that_is_killed_at_any_write_is_taken_up_by_the_next_one() {
    let whole = Stage::new(4);
    whole.keep().await.unwrap();
    let (wanted, writes) = (whole.tags().await, whole.world.sent().len());
    assert!(writes >= 8, "{writes}");
    for at in 1..=writes {
        for fault in [Fault::CrashAfterSend, Fault::AnswerLost, Fault::Refused] {
            let stage = Stage::new(4);
            stage.world.forget();
            stage.world.strike(When::NthWrite(at), fault);
            stage.keep().await;
            stage.world.revive();
            for (id, (manifest, all)) in stage.tags().await {
                assert!(manifest.is_none() || all.len() == 1, "{id} at write {at}, {fault:?}: the manifest has the tag before the data: {all:?}");
            }
            stage.keep().await.unwrap();
            assert_eq!(stage.tags().await, wanted, "write {at}, {fault:?}");
            assert!(stage.keep().await.unwrap().steps.is_empty());
        }
    }
}

#[tokio::test]
async fn nothing_is_tagged_that_cannot_be_known() {
    let stage = Stage::new(4);
    let caller = crate::ports::sim::CALLER;
    stage.world.refuse(caller, crate::ports::sim::Op::Tags);
    stage.world.forget();
    let view = stage.keep().await.unwrap();
    assert!(view.steps.is_empty() && stage.world.sent().is_empty(), "{view:#?}");
    assert_eq!(view.left.get("its tags could not be read"), Some(&4));
    stage.world.grant(caller, crate::ports::sim::Op::Tags);
    stage.world.put_bucket_setting(BUCKET, ReadOp::BucketLifecycle, None);
    let view = stage.keep().await.unwrap();
    assert!(!view.steps.is_empty() && view.steps.iter().all(|step| step.outcome == "held"), "without a rule nobody knows what a tag means: {view:#?}");
}

#[tokio::test]
async fn a_hold_that_comes_between_reading_and_tagging_is_seen() {
    let stage = Stage::new(4);
    let (ports, policy) = (stage.world.ports(), &stage.policies[0]);
    let proofs = Fact::Known(Proofs::new());
    let mut shelf = catalogue::shelf(&ports, policy, None, Asking::plainly(&proofs, Marked::All)).await.unwrap();
    let rules = rules(&ports, BUCKET).await;
    let held = "orders/nightly/20261001T021500Z/manifest.json";
    let tags = Tags::from([(HOLD_TAG.to_owned(), "2099-01-01T00:00:00Z audit".to_owned())]);
    let daily = "orders/nightly/20261002T021500Z/manifest.json";
    for key in [held, daily] {
        ports.objects.put_tags(BUCKET, key, None, &tags).await.unwrap();
    }
    let (name, spec) = policy.policy.spec.backups.iter().next().unwrap();
    let wish = Wish { name: None, dry_run: false, recheck: false, earlier: &[] };
    let run = Run { ports: &ports, name, spec, rules: &rules, proofs: &proofs, wish: &wish, control: None };
    let view = run.keep(&mut shelf, &mut BTreeSet::new()).await;
    let outcome = |id: &str| view.steps.iter().find(|step| step.backup.ends_with(id)).map(|step| step.outcome.as_str());
    assert_eq!(outcome("20261002T021500Z"), Some("changed"), "{view:#?}");
    assert_eq!(ports.objects.tags(BUCKET, daily, None).await.unwrap(), tags);
}
