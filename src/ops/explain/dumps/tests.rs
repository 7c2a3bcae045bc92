use futures_util::FutureExt as _;

use super::*;
use crate::model::document::Document;
use crate::model::lifecycle::{EXPIRE_TAG, Filter, Lifecycle, Rule};
use crate::model::request::ReadOp;
use crate::plan::tests::cleanup;
use crate::policy::{self, ConfigFile};
use crate::ports::sim::{CALLER, Op, World};

const POLICY: &str = include_str!("../../../../examples/quickstart/config/policies/orders.yaml");

#[test]
fn a_listing_of_versions_that_fails_leaves_the_answer_unknown_and_never_impossible() {
    let loaded = policy::load(&[ConfigFile { path: "policies/orders.yaml".to_owned(), bytes: POLICY.as_bytes().to_vec() }]);
    let policy = loaded.policies.first().unwrap();
    let (set, _) = policy.policy.spec.backups.iter().next().unwrap();
    let at: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
    for (refused, verdict) in [(false, "impossible"), (true, "unknown")] {
        let world = World::at(at);
        world.put_bucket(&policy.policy.spec.storage.bucket, &policy.policy.spec.storage.region);
        if refused {
            world.refuse(CALLER, Op::Versions);
        }
        let (ports, proofs) = (world.ports(), Fact::Known(Proofs::default()));
        let mut asking = Asking { ports: &ports, policy, set, proofs: &proofs, notes: Vec::new(), unread: 0, failed: Vec::new() };
        let hidden = asking.hidden(None, at).now_or_never().unwrap();
        let answer = Answer { options: String::new(), revision: "", now: at, at, backups: &[], hidden, rate: None, bucket_options: String::new(), ends: None };
        let view = answer.view(asking, None);
        assert_eq!((view.verdict.as_str(), view.notes.len()), (verdict, usize::from(refused)), "{:?}", view.notes);
    }
}

#[tokio::test]
async fn the_rule_that_ends_what_serves_is_found_by_tags_and_rules_where_the_endpoint_says_nothing() {
    let loaded = policy::load(&[ConfigFile { path: "policies/orders.yaml".to_owned(), bytes: POLICY.as_bytes().to_vec() }]);
    let policy = loaded.policies.first().unwrap();
    let (bucket, (set, _)) = (&policy.policy.spec.storage.bucket, policy.policy.spec.backups.iter().next().unwrap());
    let world = World::at("2026-11-22T02:00:00Z".parse().unwrap());
    world.put_bucket(bucket, "eu-west-1");
    let tier = Rule { filter: Filter::tag(EXPIRE_TAG, "orders/nightly:daily"), ..cleanup("daily", "", 14) };
    let rules = Lifecycle { rules: vec![tier, cleanup("cleanup", "orders/", 90)], minimum_size: None };
    world.put_bucket_setting(bucket, ReadOp::BucketLifecycle, Some(Document::of(&rules)));
    let key = |name: &str| format!("orders/nightly/20261122T020000Z/{name}");
    for name in ["begun.json", "dump.zst", "manifest.json"] {
        world.put_object(bucket, &key(name), b"{}");
    }
    let (ports, proofs, prices) = (world.ports(), Fact::Known(Proofs::default()), crate::catalog::prices::Prices::shipped());
    let at = ports.clock.now();
    let endpoint = Some("http://127.0.0.1:9".to_owned());
    let question =
        Question { ports: &ports, policy, set, when: crate::model::when::When::Exact(at), prices: &prices, revision: "", endpoint, options: String::new() };
    let shelf = catalogue::shelf(&ports, policy, Some(set), catalogue::Asking::plainly(&proofs, Marked::No)).await.unwrap();
    let backup = &shelf.backups[0];
    let ends = async || {
        let mut asking = Asking { ports: &ports, policy, set, proofs: &proofs, notes: Vec::new(), unread: 0, failed: Vec::new() };
        let head = ports.objects.head(bucket, &key("dump.zst")).await.unwrap();
        let chosen = (at, backup, vec![(key("dump.zst"), 2, Ok(head))]);
        (asking.ends(&question, &chosen, at).await.map(|ends| (ends.rule, ends.at, ends.heeds_hold)), asking.notes)
    };
    assert_eq!(ends().await.0, Some(("cleanup".to_owned(), "2027-02-21T00:00:00Z".to_owned(), false)));
    let tags = crate::catalog::backups::Tags::from([(EXPIRE_TAG.to_owned(), "orders/nightly:daily".to_owned())]);
    ports.objects.put_tags(bucket, &key("dump.zst"), None, &tags).await.unwrap();
    assert_eq!(ends().await.0, Some(("daily".to_owned(), "2026-12-07T00:00:00Z".to_owned(), true)), "of the dump, and not only of the manifest");
    world.refuse(CALLER, Op::Read(ReadOp::BucketLifecycle));
    let (found, notes) = ends().await;
    assert!(found.is_none() && notes[0].starts_with("whether a rule of the bucket is about to end it is not known"), "{notes:?}");
}
