use super::super::super::tests::{backup, bucket, cleanup, desired, lifecycle, observed, on, quickstart};
use super::super::super::{Ask, asked};
use super::super::Effect;
use super::CostChange;
use crate::catalog::physical::{self, Engine};
use crate::catalog::prices::Prices;
use crate::model::document::Document;
use crate::model::fact::{Fact, Why};
use crate::model::lifecycle::{Lifecycle, Rule, Transition};
use crate::model::request::ReadOp;
use crate::model::resource::{Desired, Observed, ResourceWish, SeenBackup, SeenObject, SeenRepository};

const GIB: u64 = 1 << 30;
const NOW: &str = "2026-11-22T12:00:00Z";

/// Prices that nobody publishes: 1 for STANDARD, 0.6 for STANDARD_IA, 0.25 for GLACIER.
fn prices(region: &str) -> Prices {
    let text = r#"{"format":"lifeboat.prices/1","currency":"USD","regions":{"REGION":{"date":"2026-08-01","source":"a test","classes":{
        "STANDARD":{"storage":"1"},"STANDARD_IA":{"storage":"0.6","transition":"100"},"GLACIER":{"storage":"0.25"}}}}}"#;
    Prices::parse(&text.replace("REGION", region)).unwrap()
}

/// A backup of one object of 100 GiB, in a class.
fn big(id: &str, written: &str, class: &str) -> SeenBackup {
    let mut out = backup(id, 100 * GIB, written);
    if class != "STANDARD" {
        out.classes = out.keys.keys().map(|key| (key.clone(), class.to_owned())).collect();
    }
    out
}

/// Live rules, and backups that are all kept: no tag is on them.
fn world(wants: &Desired, rules: Vec<Rule>, backups: &[SeenBackup]) -> Observed {
    let mut seen = observed(wants, &[lifecycle(rules), (ReadOp::BucketVersioning, on())]);
    seen.at = NOW.parse().unwrap();
    seen.backups.insert("orders".to_owned(), Fact::Known(backups.to_vec()));
    for backup in backups {
        seen.released.insert(("orders".to_owned(), backup.set.clone(), backup.id.clone()), None);
    }
    seen
}

/// What the step of the rules does to the bill, held or not.
fn bill(wants: &Desired, seen: &Observed, prices: Option<&Prices>) -> Vec<Effect> {
    let plan = asked(wants, seen, &Ask { prices, ..Ask::default() });
    let held = plan.held.iter().find(|held| held.setting == "bucket-lifecycle" && held.resource == bucket()).and_then(|held| held.step.as_ref());
    let step = held.or_else(|| plan.steps.iter().find(|step| step.setting == "bucket-lifecycle")).unwrap();
    step.effects.iter().filter(|effect| effect.cost.is_some() || effect.sentence.contains("cost")).cloned().collect()
}

fn moving(id: &str, days: i32, class: &str) -> Rule {
    Rule { expiration: None, transitions: vec![Transition { days: Some(days), date: None, class: class.to_owned() }], ..cleanup(id, "orders/", 1) }
}

/// What other rules do to the bill of a versioned bucket.
fn of(before: Vec<Rule>, after: Vec<Rule>, backups: &[SeenBackup], prices: &Prices) -> Option<Effect> {
    between(&on(), before, after, backups, prices)
}

fn between(versioning: &Fact<Document>, before: Vec<Rule>, after: Vec<Rule>, backups: &[SeenBackup], prices: &Prices) -> Option<Effect> {
    let wants = quickstart();
    let document = |rules| Document::of(&Lifecycle { rules, minimum_size: None });
    let mut seen = world(&wants, before.clone(), backups);
    seen.resources.get_mut(&bucket()).unwrap().facts.insert(ReadOp::BucketVersioning, versioning.clone());
    let place = wants.resources.iter().find_map(|wish| if let ResourceWish::Bucket(bucket) = wish { Some(bucket) } else { None }).unwrap();
    super::of_lifecycle(place, &Fact::Known(document(before)), &document(after), &seen, prices).pop()
}

fn amounts(cost: &CostChange) -> [Option<&str>; 4] {
    [cost.before.as_deref(), cost.after.as_deref(), cost.early.as_deref(), cost.moves.as_deref()]
}

#[test]
fn a_rule_that_moves_makes_it_cheaper_on_the_day_it_moves() {
    let two = [big("20261120T011500Z", "2026-11-20T01:15:00Z", "STANDARD"), big("20261121T011500Z", "2026-11-21T01:15:00Z", "STANDARD")];
    let effect = of(Vec::new(), vec![moving("cold", 60, "STANDARD_IA")], &two, &prices("eu-west-1")).unwrap();
    let said = "storage of what is there now costs about $120 a month on 2027-01-21 instead of $200, once about $0.20 for moves to other classes; \
                list prices of eu-west-1 on 2026-08-01";
    assert_eq!(effect.sentence, said);
    let cost = effect.cost.unwrap();
    assert_eq!(amounts(&cost), [Some("200.000000"), Some("120.000000"), Some("0.000000"), Some("0.200000")]);
    assert_eq!((cost.unpriced, cost.unknown, cost.date.as_deref()), (Vec::new(), Vec::new(), Some("2026-08-01")));
    assert_eq!((effect.points, effect.bytes), (0, 0), "money is no restore point");
}

#[test]
fn what_has_lain_there_long_enough_moves_at_once() {
    let old = [big("20260101T011500Z", "2026-01-01T01:15:00Z", "STANDARD")];
    let effect = of(Vec::new(), vec![moving("cold", 60, "STANDARD_IA")], &old, &prices("eu-west-1")).unwrap();
    assert!(
        effect.sentence.starts_with("storage of what is there now costs about $60 a month at once instead of $100, once about $0.10 for moves"),
        "{}",
        effect.sentence
    );
}

#[test]
fn an_expiry_costs_the_days_that_are_left_of_the_minimum() {
    // Moved to GLACIER by the live rule on 17 November: written on 17 October, 30 days later, at midnight.
    let frozen = [big("20261017T101500Z", "2026-10-17T10:15:00Z", "GLACIER")];
    let cold = moving("cold", 30, "GLACIER");
    let expiring = Rule { expiration: cleanup("", "", 50).expiration, noncurrent: None, ..cold.clone() };
    let effect = of(vec![cold.clone()], vec![expiring], &frozen, &prices("eu-west-1"));
    // In a versioned bucket its bytes stay, and cost what they cost.
    assert_eq!(effect, None);
    let direct = [big("20261121T001500Z", "2026-11-21T00:00:00Z", "GLACIER")];
    let gone = |days| Rule { expiration: cleanup("", "", days).expiration, ..cleanup("gone", "orders/", days) };
    let unversioned = |before, after, backups: &[SeenBackup]| between(&Fact::Absent, before, after, backups, &prices("eu-west-1"));
    // 30 of 90 days: two months of 100 GiB and 32 KiB at 0.25.
    let effect = unversioned(Vec::new(), vec![gone(30)], &direct).unwrap();
    let said = "storage of what is there now costs $0 a month on 2026-12-21 instead of $25, \
                once about $50 for leaving a class before its minimum days; list prices of eu-west-1 on 2026-08-01";
    assert_eq!(effect.sentence, said);
    // By the live rule it came there on 17 November, and goes 60 days after that instead of 30.
    let effect = unversioned(vec![cold.clone()], vec![cold.clone(), gone(60)], &frozen).unwrap();
    assert_eq!(effect.cost.unwrap().early.as_deref(), Some("50.000015"));
    // What goes early anyway is no change.
    let effect = unversioned(vec![cold.clone(), gone(60)], vec![cold, gone(91)], &frozen).unwrap();
    assert_eq!(effect.cost.unwrap().early.as_deref(), Some("0.000000"));
}

#[test]
fn what_has_no_price_is_said_and_no_other_region_lends_one() {
    let one = [big("20261120T011500Z", "2026-11-20T01:15:00Z", "STANDARD")];
    let effect = of(Vec::new(), vec![moving("cold", 60, "GLACIER")], &one, &prices("eu-west-1")).unwrap();
    assert!(effect.sentence.ends_with("; list prices of eu-west-1 on 2026-08-01, which have none for moves to GLACIER"), "{}", effect.sentence);
    let effect = of(Vec::new(), vec![moving("cold", 60, "GLACIER")], &one, &prices("us-east-1")).unwrap();
    assert_eq!(effect.sentence, "what that does to the storage cost is not known: the prices of eu-west-1 are not known");
    let cost = effect.cost.unwrap();
    assert_eq!((amounts(&cost), cost.date.as_deref()), ([None; 4], None));
    assert_eq!(cost.unknown, ["the prices of eu-west-1 are not known"]);
}

#[test]
fn what_has_no_price_is_no_amount_on_either_side() {
    let moved = |class: &str, to: &str| {
        let one = [big("20261120T011500Z", "2026-11-20T01:15:00Z", class)];
        of(Vec::new(), vec![moving("cold", 60, to)], &one, &prices("eu-west-1")).unwrap()
    };
    // The class that it moves to has no price.
    let effect = moved("STANDARD", "INTELLIGENT_TIERING");
    let said = "storage of what is there now costs an unknown amount a month on 2027-01-20 instead of $100; list prices of eu-west-1 on 2026-08-01, \
                which have none for moves to INTELLIGENT_TIERING, storage in INTELLIGENT_TIERING";
    assert_eq!(effect.sentence, said);
    let cost = effect.cost.unwrap();
    assert_eq!(amounts(&cost), [Some("100.000000"), None, Some("0.000000"), None]);
    assert_eq!(cost.unpriced, ["moves to INTELLIGENT_TIERING", "storage in INTELLIGENT_TIERING"]);
    // Neither side has a price.
    let effect = moved("INTELLIGENT_TIERING", "ONEZONE_IA");
    let said = "what that does to the storage cost is not known: list prices of eu-west-1 on 2026-08-01 have none for moves to ONEZONE_IA, \
                storage in INTELLIGENT_TIERING, storage in ONEZONE_IA";
    assert_eq!(effect.sentence, said);
    let cost = effect.cost.unwrap();
    assert_eq!((amounts(&cost), cost.at.as_str()), ([None, None, Some("0.000000"), None], "2027-01-20T00:00:00Z"));
    // Beside what has a price, a sum is a part.
    let two = [big("20261120T011500Z", "2026-11-20T01:15:00Z", "STANDARD"), big("20261121T011500Z", "2026-11-21T01:15:00Z", "INTELLIGENT_TIERING")];
    let effect = of(Vec::new(), vec![moving("cold", 60, "STANDARD_IA")], &two[..], &prices("eu-west-1")).unwrap();
    let said = "storage of what is there now costs about $60 + ? a month on 2027-01-20 instead of $100 + ?, once about $0.10";
    assert!(effect.sentence.starts_with(said), "{}", effect.sentence);
    assert_eq!(effect.cost.unwrap().unpriced, ["storage in INTELLIGENT_TIERING"]);
}

#[test]
fn what_both_sides_do_alike_is_no_unknown_difference() {
    // What lies in a class without a price stays there, and what differs beside it is less than a cent.
    let mut two = [big("20261120T011500Z", "2026-11-20T01:15:00Z", "STANDARD"), big("20261121T011500Z", "2026-11-21T01:15:00Z", "INTELLIGENT_TIERING")];
    two[0].keys.values_mut().for_each(|size| *size = 1024);
    let cheap = Prices::parse(&serde_json::to_string(&prices("eu-west-1")).unwrap().replace("\"100\"", "\"0.01\"")).unwrap();
    let cold = |days| vec![moving("cold", days, "STANDARD_IA")];
    assert_eq!(of(cold(60), cold(61), &two, &cheap), None);
    let direct = [moving("odd", 60, "ONEZONE_IA")];
    let both = |days| direct.iter().cloned().chain([Rule { filter: cleanup("", "orders/none/", 1).filter, ..moving("cold", days, "STANDARD_IA") }]).collect();
    assert_eq!(of(both(60), both(61), &two, &cheap), None, "the moves without a price are the same on both sides");
}

#[test]
fn backups_of_which_the_tag_was_not_read_are_named_where_it_matters() {
    let wants = desired("daily: 14", "daily: 7");
    let first = asked(&quickstart(), &observed(&quickstart(), &[]), &Ask::default());
    let live: Lifecycle = first.steps.iter().find(|step| step.setting == "bucket-lifecycle").unwrap().to.to().unwrap();
    let days: Vec<SeenBackup> = (15..=20).map(|day| big(&format!("202611{day}T011500Z"), &format!("2026-11-{day}T01:15:00Z"), "STANDARD")).collect();
    let said = |unread: usize| {
        let mut seen = world(&wants, live.rules.clone(), &days);
        seen.released = seen.released.keys().skip(unread).map(|key| (key.clone(), Some("orders/nightly:daily".to_owned()))).collect();
        bill(&wants, &seen, Some(&prices("eu-west-1"))).remove(0)
    };
    let effect = said(2);
    let left_out = "2 backups of which the release tag could not be read (nightly/20261115T011500Z, nightly/20261116T011500Z)";
    assert!(effect.sentence.starts_with("storage of what is there now costs"), "{}", effect.sentence);
    assert!(effect.sentence.ends_with(&format!("; list prices of eu-west-1 on 2026-08-01; without {left_out}")), "{}", effect.sentence);
    assert_eq!(effect.cost.unwrap().unknown, [left_out]);
    let effect = said(6);
    let all = "6 backups of which the release tag could not be read (nightly/20261115T011500Z, nightly/20261116T011500Z, nightly/20261117T011500Z and 3 more)";
    assert_eq!(effect.sentence, format!("what that does to the storage cost is not known of {all}"));
    // A rule without a tag acts alike on all of them.
    let mut seen = world(&quickstart(), Vec::new(), &days);
    seen.released.clear();
    let document = |rules| Document::of(&Lifecycle { rules, minimum_size: None });
    let wants = quickstart();
    let place = wants.resources.iter().find_map(|wish| if let ResourceWish::Bucket(bucket) = wish { Some(bucket) } else { None }).unwrap();
    let to = document(vec![moving("cold", 60, "STANDARD_IA")]);
    let effect = super::of_lifecycle(place, &Fact::Known(document(Vec::new())), &to, &seen, &prices("eu-west-1")).pop().unwrap();
    assert_eq!((effect.cost.unwrap().unknown, effect.sentence.contains("about $360 a month")), (Vec::new(), true), "{}", effect.sentence);
    // What was not listed at all.
    seen.backups.insert("orders".to_owned(), Fact::Unknown(Why::NotAsked));
    let effect = super::of_lifecycle(place, &Fact::Known(document(Vec::new())), &to, &seen, &prices("eu-west-1")).pop().unwrap();
    assert_eq!(effect.sentence, "what that does to the storage cost is not known: the bucket could not be listed");
}

#[test]
fn repositories_of_other_engines_are_on_the_bill() {
    let object = |key: &str, gib: u64| SeenObject { key: key.to_owned(), bytes: gib * GIB, written: "2026-11-20T01:15:00Z".parse().unwrap(), class: None };
    let place = physical::Place { engine: Engine::Pgbackrest, base: "orders/physical/base/".to_owned(), name: "main".to_owned() };
    let objects = vec![object("orders/physical/base/backup/main/20261120-011500F/pg_data/1", 60), object("orders/physical/base/archive/main/16-1/0/1", 40)];
    let wants = quickstart();
    let mut seen = world(&wants, Vec::new(), &[]);
    seen.stored.insert("orders".to_owned(), vec![SeenRepository { place, objects, metadata: Fact::Unknown(Why::NotAsked) }]);
    let bucket = wants.resources.iter().find_map(|wish| if let ResourceWish::Bucket(bucket) = wish { Some(bucket) } else { None }).unwrap();
    let document = |rules| Fact::Known(Document::of(&Lifecycle { rules, minimum_size: None }));
    let Fact::Known(to) = document(vec![moving("cold", 60, "STANDARD_IA")]) else { panic!("known") };
    let effect = super::of_lifecycle(bucket, &document(Vec::new()), &to, &seen, &prices("eu-west-1")).pop().unwrap();
    assert!(effect.sentence.starts_with("storage of what is there now costs about $60 a month on 2027-01-20 instead of $100"), "{}", effect.sentence);
}

#[test]
fn a_plan_says_it_where_prices_are_given_and_is_silent_about_less_than_a_cent() {
    let wants = desired("daily: 14", "daily: 7");
    let first = asked(&quickstart(), &observed(&quickstart(), &[]), &Ask::default());
    let live: Lifecycle = first.steps.iter().find(|step| step.setting == "bucket-lifecycle").unwrap().to.to().unwrap();
    let with = |bytes: u64, prices: Option<&Prices>| {
        let mut backups = [big("20261120T011500Z", "2026-11-20T01:15:00Z", "STANDARD")];
        backups[0].keys.values_mut().for_each(|size| *size = bytes);
        let mut seen = world(&wants, live.rules.clone(), &backups);
        seen.released.values_mut().for_each(|tag| *tag = Some("orders/nightly:daily".to_owned()));
        bill(&wants, &seen, prices)
    };
    let prices = prices("eu-west-1");
    let said = with(100 * GIB, Some(&prices));
    // It expires on 29 November instead of 6 December; as a noncurrent version it stays for 30 days, and costs until then.
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].sentence.starts_with("storage of what is there now costs $0 a month on 2026-12-29 instead of $100"), "{}", said[0].sentence);
    assert!(with(1024, Some(&prices)).is_empty());
    assert!(with(100 * GIB, None).is_empty());
    let mut seen = world(&wants, live.rules.clone(), &[big("20261120T011500Z", "2026-11-20T01:15:00Z", "STANDARD")]);
    seen.released.clear();
    let said = bill(&wants, &seen, Some(&prices)).remove(0).sentence;
    assert!(said.starts_with("what that does to the storage cost is not known of 1 backup of which the release tag"), "{said}");
}
