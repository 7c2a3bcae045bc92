use jiff::{SignedDuration, Timestamp};

use super::super::{Input, report};
use super::{Standing, standings};
use crate::model::fact::{Fact, Why};
use crate::model::lifecycle::Rule;
use crate::model::request::ReadOp;
use crate::model::resource::{Observed, SeenBackup};
use crate::plan::tests::{backup, cleanup, lifecycle, observed, on, quickstart};
use crate::policy::{self, ConfigFile, LoadedPolicy};

/// The policy runs at 02:15 in Berlin, which is 01:15 UTC in winter.
const NOW: &str = "2026-11-22T12:00:00Z";

fn policies() -> Vec<LoadedPolicy> {
    let text = crate::plan::tests::POLICY.as_bytes().to_vec();
    policy::load(&[ConfigFile { path: "policies/orders.yaml".to_owned(), bytes: text }]).policies
}

/// One backup a night, so many nights back, each begun two seconds after its slot.
fn nights(back: impl IntoIterator<Item = i64>) -> Vec<SeenBackup> {
    let last: Timestamp = "2026-11-22T01:15:02Z".parse().unwrap();
    let at = |night: i64| last - SignedDuration::from_hours(24 * night);
    back.into_iter().map(|night| backup(&at(night).strftime("%Y%m%dT%H%M%SZ").to_string(), 1024, &at(night).to_string())).collect()
}

fn world(backups: Fact<Vec<SeenBackup>>, rules: Vec<Rule>) -> Observed {
    let mut seen = observed(&quickstart(), &[lifecycle(rules), (ReadOp::BucketVersioning, on())]);
    seen.at = NOW.parse().unwrap();
    seen.backups.insert("orders".to_owned(), backups);
    seen
}

fn of(seen: &Observed) -> Standing {
    let policies = policies();
    let input = Input { now: seen.at, policies: &policies, backups: &seen.backups, repositories: &std::collections::BTreeMap::new(), evidence: Ok(&[]) };
    let report = report(&input);
    standings(&input, &report, seen).remove(0)
}

#[test]
fn every_night_is_there_and_nothing_is_missed() {
    let standing = of(&world(Fact::Known(nights(0..10)), Vec::new()));
    let set = &standing.sets[0];
    assert_eq!((standing.points, standing.bytes, standing.oldest.as_deref()), (10, 10 * 1024, Some("2026-11-13T01:15:02Z")));
    assert_eq!((set.newest.as_deref(), set.newest_bytes, set.next.as_deref()), (Some("2026-11-22T01:15:02Z"), Some(1024), Some("2026-11-23T01:15:00Z")));
    assert_eq!((set.missed.as_slice(), set.gaps.as_slice(), set.running), (&[][..], &[][..], false));
    // The autumn night has 25 hours.
    assert_eq!(set.interval_seconds, Some(25 * 3600));
    assert!(!standing.is_kept(), "no drill was ever recorded");
}

#[test]
fn a_run_that_left_nothing_complete_was_missed_whatever_it_left() {
    let mut backups = nights([0, 1, 2, 4, 5]);
    let mut broken = nights([3]).remove(0);
    broken.complete = false;
    backups.push(broken);
    let standing = of(&world(Fact::Known(backups), Vec::new()));
    assert_eq!(standing.sets[0].missed, ["2026-11-19T01:15:00Z"]);
    // Two nights in a row are longer than daily points may be apart.
    let standing = of(&world(Fact::Known(nights([0, 1, 4, 5])), Vec::new()));
    assert_eq!(standing.sets[0].missed, ["2026-11-20T01:15:00Z", "2026-11-19T01:15:00Z"]);
    let gap = &standing.sets[0].gaps[0];
    assert_eq!((gap.from.as_str(), gap.to.as_str()), ("2026-11-18T01:15:02Z", "2026-11-21T01:15:02Z"));
}

#[test]
fn a_run_under_way_is_neither_missed_nor_there() {
    let mut begun = nights([0]).remove(0);
    begun.complete = false;
    begun.id = "20261122T103000Z".to_owned();
    let mut backups = nights(1..5);
    backups.push(begun);
    let mut seen = world(Fact::Known(backups), Vec::new());
    assert_eq!((of(&seen).sets[0].running, of(&seen).sets[0].missed.len()), (true, 1));
    seen.at = "2026-11-22T14:00:00Z".parse().unwrap();
    assert!(!of(&seen).sets[0].running, "it had three hours");
}

#[test]
fn what_a_rule_of_others_has_reached_is_not_counted_on() {
    let standing = of(&world(Fact::Known(nights(0..10)), vec![cleanup("cleanup", "", 3)]));
    assert_eq!((standing.points, standing.oldest.as_deref()), (4, Some("2026-11-19T01:15:02Z")));
}

#[test]
fn what_could_not_be_listed_is_unknown_and_keeps_no_promise() {
    let standing = of(&world(Fact::Unknown(Why::Refused("no".to_owned())), Vec::new()));
    assert!(standing.unknown.is_some_and(|why| why.contains("access denied")));
    let mut seen = world(Fact::Known(nights(0..3)), Vec::new());
    let bucket = seen.resources.get_mut(&crate::plan::tests::bucket()).unwrap();
    bucket.facts.insert(ReadOp::BucketLifecycle, Fact::Unknown(Why::Refused("no".to_owned())));
    let standing = of(&seen);
    assert!(standing.points == 0 && standing.unknown.is_some_and(|why| why.contains("the lifecycle rules could not be read")));
}
