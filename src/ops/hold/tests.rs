use super::*;
use crate::model::aspects::Versioning;
use crate::model::document::Document;
use crate::model::lifecycle::{EXPIRE_TAG, Filter, Rule};
use crate::observe;
use crate::plan::tests::cleanup;
use crate::policy::{self, ConfigFile};
use crate::ports::sim::{CALLER, Fault, Op, When, World};

const POLICY: &[u8] = include_bytes!("../../../examples/quickstart/config/policies/orders.yaml");
const BUCKET: &str = "shop-dr-orders";
const FOLDER: &str = "orders/nightly/20261001T021500Z/";

#[tokio::test]
async fn the_tag_goes_before_the_marker_and_what_is_gone_for_good_is_said() {
    let world = World::at("2026-10-01T02:15:00Z".parse().unwrap());
    world.put_bucket(BUCKET, "eu-west-1");
    world.put_bucket_setting(BUCKET, ReadOp::BucketVersioning, Some(Document::of(&Versioning::Enabled)));
    let ports = world.ports();
    let tags = Tags::from([(EXPIRE_TAG.to_owned(), "orders/nightly:recent".to_owned()), ("cost-centre".to_owned(), "4711".to_owned())]);
    let key = format!("{FOLDER}manifest.json");
    world.put_object(BUCKET, &key, b"one");
    ports.objects.put_tags(BUCKET, &key, None, &tags).await.unwrap();
    let gone = format!("{FOLDER}begun.json");
    for deleted in [&key, &key, &gone] {
        world.delete_object(BUCKET, deleted);
    }
    world.forget();
    let mut doubts = Vec::new();
    assert_eq!(undelete(&ports, BUCKET, FOLDER, &mut doubts).await.unwrap(), 1);
    assert_eq!(doubts, [format!("{gone} is gone for good: no version is left")]);
    let sent: Vec<Op> = world.sent().iter().map(|sent| sent.op).collect();
    assert_eq!(sent, [Op::PutTags, Op::RemoveMarker, Op::RemoveMarker], "the tag first, else it expires again at midnight; then every marker");
    assert_eq!(ports.objects.get(BUCKET, &key, 10).await.unwrap(), b"one");
    assert_eq!(ports.objects.tags(BUCKET, &key, None).await.unwrap().into_keys().collect::<Vec<_>>(), ["cost-centre"]);
    world.forget();
    assert_eq!(undelete(&ports, BUCKET, FOLDER, &mut Vec::new()).await.unwrap(), 0);
    assert!(world.sent().is_empty(), "what is there is left alone");
}

#[test]
fn a_reason_is_what_s3_takes_in_a_tag() {
    for good in ["audit of 2026", "DR-214: Übung", &"x".repeat(LONGEST_REASON)] {
        assert!(sound(good).is_ok(), "{good}");
    }
    for (bad, said) in [("", "has 0 characters"), ("a\nb", "'\\n'"), ("<b>", "'<'"), (&"x".repeat(LONGEST_REASON + 1), "has 236 characters")] {
        let error = sound(bad).unwrap_err();
        assert!(error.to_string().contains(said) && error.hint().is_some(), "{bad}: {error}");
    }
}

/// A world with one backup of which the keeper released everything, under a rule for that tier, and what else there is.
async fn released(more: Vec<Rule>) -> std::sync::Arc<World> {
    let world = World::at("2026-10-01T02:15:00Z".parse().unwrap());
    world.put_bucket(BUCKET, "eu-west-1");
    let tier = Rule { filter: Filter::tag(EXPIRE_TAG, "orders/nightly:daily"), ..cleanup("daily", "", 30) };
    let rules = Lifecycle { rules: [tier].into_iter().chain(more).collect(), minimum_size: None };
    world.put_bucket_setting(BUCKET, ReadOp::BucketLifecycle, Some(Document::of(&rules)));
    let tags = Tags::from([(EXPIRE_TAG.to_owned(), "orders/nightly:daily".to_owned())]);
    for name in ["begun.json", "dump.zst", "manifest.json"] {
        let key = format!("{FOLDER}{name}");
        world.put_object(BUCKET, &key, b"one");
        world.ports().objects.put_tags(BUCKET, &key, None, &tags).await.unwrap();
    }
    world.forget();
    world
}

/// Holds that backup, and says what is told of it.
async fn held(world: &std::sync::Arc<World>, until: &str, reason: &str) -> HoldView {
    let ports = world.ports();
    let loaded = policy::load(&[ConfigFile { path: "policies/orders.yaml".to_owned(), bytes: POLICY.to_vec() }]);
    let seen = observe::seen_backups(&ports, BUCKET, "orders/").await.known().unwrap()[0].clone();
    let keys: Vec<&String> = seen.keys.keys().collect();
    let marker = Marker { ports: &ports, policy: &loaded.policies[0], keys: &keys, now: ports.clock.now(), seen: &seen };
    let wish = Wish { name: "orders/nightly/20261001T021500Z", hold: Some((until.parse().unwrap(), reason)), undelete: false };
    let mut view = unheld();
    (view.until, view.reason) = (Some(until.to_owned()), Some(reason.to_owned()));
    marker.mark(&wish, &mut view).await.unwrap();
    view
}

fn unheld() -> HoldView {
    let value =
        serde_json::json!({"format": "lifeboat.hold/1", "action": "hold", "backup": "b", "objects": 3, "broughtBack": 0, "certain": true, "doubts": []});
    serde_json::from_value(value).unwrap()
}

async fn hold_tag(world: &std::sync::Arc<World>) -> Option<String> {
    world.ports().objects.tags(BUCKET, &format!("{FOLDER}manifest.json"), None).await.unwrap().remove(HOLD_TAG)
}

#[tokio::test]
async fn a_second_hold_takes_nothing_from_the_first_and_both_are_said() {
    let world = released(Vec::new()).await;
    let first = held(&world, "2027-03-31T00:00:00Z", "audit").await;
    assert!(first.certain && first.before.is_none(), "{first:?}");
    let second = held(&world, "2026-10-08T00:00:00Z", "needed for a restore").await;
    assert_eq!(
        (second.before.as_deref(), second.until.as_deref(), second.reason.as_deref()),
        (Some("2027-03-31T00:00:00Z audit"), Some("2027-03-31T00:00:00Z"), Some("audit"))
    );
    assert_eq!(hold_tag(&world).await.as_deref(), Some("2027-03-31T00:00:00Z audit"));
    let longer = held(&world, "2028-01-01T00:00:00Z", "case 4711").await;
    assert_eq!((longer.before.as_deref(), longer.reason.as_deref()), (Some("2027-03-31T00:00:00Z audit"), Some("case 4711")));
    assert_eq!(hold_tag(&world).await.as_deref(), Some("2028-01-01T00:00:00Z case 4711"));
}

#[tokio::test]
async fn a_rule_that_heeds_no_hold_is_said_where_the_endpoint_says_nothing() {
    let foreign = held(&released(vec![cleanup("cleanup", "orders/", 90)]).await, "2027-03-31T00:00:00Z", "audit").await;
    assert!(!foreign.certain, "{foreign:?}");
    assert!(
        foreign.doubts.iter().any(|doubt| doubt.contains("rule \"cleanup\" of the bucket expires it from 2026-12-31 on, and heeds no hold")),
        "{:?}",
        foreign.doubts
    );
    let elsewhere = held(&released(vec![cleanup("cleanup", "billing/", 90)]).await, "2027-03-31T00:00:00Z", "audit").await;
    assert!(elsewhere.certain, "its own tag is off: {elsewhere:?}");
    let world = released(Vec::new()).await;
    world.refuse(CALLER, Op::Read(ReadOp::BucketLifecycle));
    let unread = held(&world, "2027-03-31T00:00:00Z", "audit").await;
    assert!(!unread.certain && unread.doubts[0].starts_with("whether a rule of the bucket ends it is not known"), "{unread:?}");
}

#[tokio::test]
async fn what_fails_in_the_middle_is_said_and_the_rest_is_done() {
    let world = released(Vec::new()).await;
    world.strike(When::NthWrite(2), Fault::Refused);
    let view = held(&world, "2027-03-31T00:00:00Z", "audit").await;
    assert!(!view.certain && view.doubts[0].starts_with("the release tag of orders/nightly/20261001T021500Z/begun.json could not be taken off"), "{view:?}");
    assert!(hold_tag(&world).await.is_some());
    let left = async |name: &str| world.ports().objects.tags(BUCKET, &format!("{FOLDER}{name}"), None).await.unwrap().contains_key(EXPIRE_TAG);
    assert_eq!((left("begun.json").await, left("dump.zst").await, left("manifest.json").await), (true, false, false));
    let again = held(&world, "2027-03-31T00:00:00Z", "audit").await;
    assert!(again.certain && !left("begun.json").await, "{again:?}");
}

#[test]
fn a_hold_until_a_day_that_is_over_is_refused() {
    let now: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
    let error = ahead("2020-01-02T00:00:00Z".parse().unwrap(), now).unwrap_err();
    assert_eq!(error.to_string(), "--until 2020-01-02T00:00:00Z is over: it is 2026-11-24T12:00:00Z");
    assert!(ahead(now, now).is_err() && ahead("2026-11-24T12:00:01Z".parse().unwrap(), now).is_ok());
}
