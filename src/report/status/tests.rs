use jiff::{SignedDuration, Timestamp};

use super::super::expected::{Era, History, Wanted};
use super::super::{Input, report};
use super::{Around, Seen, Standing, reached, standings};
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
    standings(&input, &report, &Around { observed: seen, seen: Seen::Now, history: None }).remove(0)
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
fn a_run_that_marked_its_step_failed_at_once_and_its_upload_is_told_apart() {
    let begun = |id: &str, mark: Option<&str>| {
        let mut attempt = nights([0]).remove(0);
        (attempt.complete, attempt.stored, attempt.id) = (false, None, id.to_owned());
        attempt.keys = [Some("begun.json"), mark].into_iter().flatten().map(|name| (format!("orders/nightly/{id}/{name}"), 1)).collect();
        attempt
    };
    let mut backups = nights(1..5);
    backups.push(begun("20261122T011502Z", Some("failed-dump.json")));
    backups.push(begun("20261122T110000Z", Some("failed-upload.json")));
    backups.push(begun("20261122T113000Z", None));
    let set = of(&world(Fact::Known(backups.clone()), Vec::new())).sets.remove(0);
    assert_eq!(set.failed, ["2026-11-22T11:00:00Z", "2026-11-22T01:15:02Z"], "the last one may still end");
    assert_eq!((set.upload_failed.as_slice(), set.running), (&["2026-11-22T11:00:00Z".to_owned()][..], true));
    backups.pop();
    assert!(!of(&world(Fact::Known(backups), Vec::new())).sets[0].running, "what says that it failed is not under way");
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

fn around<'a>(seen: &'a Observed, side: Seen, history: Option<&'a History>) -> Around<'a> {
    Around { observed: seen, seen: side, history }
}

/// The standing at another moment, of these backups.
fn at(seen: &Observed, backups: Fact<Vec<SeenBackup>>, now: &str, around: &Around<'_>) -> Standing {
    let policies = policies();
    let backups = std::collections::BTreeMap::from([("orders".to_owned(), backups)]);
    let input =
        Input { now: now.parse().unwrap(), policies: &policies, backups: &backups, repositories: &std::collections::BTreeMap::new(), evidence: Ok(&[]) };
    let report = report(&input);
    assert_eq!(seen.at, NOW.parse().unwrap());
    standings(&input, &report, around).remove(0)
}

#[test]
fn a_moment_to_come_has_what_the_rules_leave_until_then() {
    let mut seen = world(Fact::Known(nights(0..10)), vec![cleanup("cleanup", "", 15)]);
    let then: Timestamp = "2026-12-01T12:00:00Z".parse().unwrap();
    let read = seen.at;
    let of = |seen: &Observed| {
        let backups = reached(&policies(), seen, then, read).remove("orders").unwrap();
        at(seen, backups, &then.to_string(), &around(seen, Seen::After(read), None))
    };
    let standing = of(&seen);
    // Fifteen days after their dates those up to 15 November have gone.
    assert_eq!((standing.points, standing.oldest.as_deref()), (7, Some("2026-11-16T01:15:02Z")));
    assert_eq!((standing.sets[0].missed.len(), standing.sets[0].gaps.len(), standing.sets[0].running), (0, 0, false));
    assert_eq!(standing.rpo.measured_seconds, Some(9 * 86_400 + 10 * 3_600 + 44 * 60 + 58), "nothing is supposed to be taken until then");
    // What the keeper released goes by the rule of its tag, and only that.
    let mut released = cleanup("released", "", 11);
    released.filter.tags = vec![crate::model::lifecycle::Tag { key: "lifeboat-expire".to_owned(), value: "orders/nightly:recent".to_owned() }];
    seen = world(Fact::Known(nights(0..10)), vec![released]);
    let tag = |nights: Vec<SeenBackup>, seen: &mut Observed, value: Option<&str>| {
        for night in nights {
            seen.released.insert(("orders".to_owned(), "nightly".to_owned(), night.id), value.map(str::to_owned));
        }
    };
    tag(nights(0..10), &mut seen, None);
    assert_eq!(of(&seen).points, 10);
    tag(nights([3, 9]), &mut seen, Some("orders/nightly:recent"));
    assert_eq!(of(&seen).points, 8);
    // A tag that could not be read can be any: what the rule would reach by then is not counted on. Nor is anything under rules that are not known.
    seen.released.clear();
    assert_eq!(of(&seen).points, 3);
    let bucket = crate::model::id::ResourceId::Bucket(policies()[0].policy.spec.storage.bucket.clone());
    let denied = Fact::Unknown(Why::Unreachable("403".to_owned()));
    seen.resources.get_mut(&bucket).unwrap().facts.insert(crate::model::request::ReadOp::BucketLifecycle, denied);
    assert!(reached(&policies(), &seen, then, read)["orders"].known().is_none());
}

#[test]
fn what_was_there_then_is_no_rules_to_take_away() {
    let seen = world(Fact::Known(Vec::new()), vec![cleanup("cleanup", "", 1)]);
    let standing = at(&seen, Fact::Known(nights(5..10)), "2026-11-17T12:00:00Z", &around(&seen, Seen::Before, None));
    assert_eq!((standing.points, standing.rpo.verdict), (5, crate::report::Verdict::Passed));
}

#[test]
fn runs_are_expected_by_the_schedule_of_their_time() {
    let policies = policies();
    let set = policies[0].policy.spec.backups.values().next().unwrap();
    let mut before = set.schedule.clone();
    before.cron = "15 14 * * *".to_owned();
    let era = |from: &str, schedule: Option<&crate::model::policy::Schedule>| Era {
        from: from.parse().unwrap(),
        wanted: schedule.map(|schedule| Wanted { runs: vec![(schedule.clone(), false)], ..Wanted::taken(set) }),
    };
    let key = ("orders".to_owned(), "nightly".to_owned());
    let seen = world(Fact::Known(nights(0..3)), Vec::new());
    let missed = |eras: Vec<Era>| {
        let history = History::from([(key.clone(), eras)]);
        at(&seen, Fact::Known(nights(0..3)), NOW, &around(&seen, Seen::Now, Some(&history))).sets[0].missed.clone()
    };
    // Until the 20th at 10:00 it ran at 14:15 in Berlin, and nothing of that is there.
    let eras = vec![era("2026-11-18T00:00:00Z", Some(&before)), era("2026-11-19T14:00:00Z", Some(&set.schedule))];
    assert_eq!(missed(eras), ["2026-11-19T13:15:00Z", "2026-11-18T13:15:00Z"]);
    // Before its first commit, and while the policy had no such set, nothing is expected.
    assert_eq!(missed(vec![era("2026-11-20T00:00:00Z", Some(&set.schedule))]), Vec::<String>::new());
    let eras = vec![era("2026-11-15T00:00:00Z", Some(&before)), era("2026-11-16T00:00:00Z", None), era("2026-11-19T00:00:00Z", Some(&set.schedule))];
    assert_eq!(missed(eras), ["2026-11-19T01:15:00Z", "2026-11-15T13:15:00Z"]);
    assert_eq!(missed(Vec::new()), Vec::<String>::new());
}
