use super::*;
use crate::model::policy::{Schedule, StorageClass};
use crate::model::resource::{BucketWish, ResourceWish};
use crate::plan::tests::{POLICY, cleanup};
use crate::policy::{self, ConfigFile};
use crate::report::simulate::{Played, plays};
use crate::{compile, settings};

const SETS: [(&str, &str); 3] = [
    ("pgbackrest", "engine: pgbackrest, prefix: pg/, stanza: main"),
    ("barman-cloud", "engine: barman-cloud, prefix: pg/, server: main"),
    ("wal-g", "engine: wal-g, prefix: pg/"),
];
const PROMISE: &str = "window: 14d, maxDuration: 1h, schedule: {full: \"0 1 * * 0\", incremental: \"0 1 * * 1-6\"}";

fn loaded(set: &str) -> (LoadedPolicy, BucketWish) {
    let (before, rest) = POLICY.split_once("  backups:\n").unwrap();
    let (_, after) = rest.split_once("  access:\n").unwrap();
    let (access, _) = after.split_once("  drills:\n").unwrap();
    let text = format!("{before}  backups:\n    physical: {{{set}}}\n  access:\n{access}");
    let loaded = policy::load(&[ConfigFile { path: "policies/orders.yaml".to_owned(), bytes: text.into_bytes() }]);
    assert!(loaded.findings.is_empty(), "{:?}", loaded.findings);
    let bucket = compile::compile(&loaded, &[]).0.resources.into_iter().find_map(|wish| match wish {
        ResourceWish::Bucket(bucket) => Some(bucket),
        _ => None,
    });
    (loaded.policies.into_iter().next().unwrap(), bucket.unwrap())
}

/// The only set of a policy, played from a Monday on with the rules that `apply` makes and those of a test.
fn course(set: &str, days: u32, stops: &[Stop], more: Vec<Rule>) -> Course {
    let (policy, bucket) = loaded(set);
    let setting = settings::by_id("bucket-lifecycle").unwrap();
    let mut rules: Lifecycle = (setting.want)(&ResourceWish::Bucket(bucket.clone())).unwrap().to().unwrap();
    rules.rules.extend(more);
    let begin: Timestamp = "2026-11-23T00:00:00Z".parse().unwrap();
    let asked = Asked { begin, days, stops, bytes: 1 << 30 };
    let played: Vec<Course> = plays(&policy, &bucket, &rules, asked).iter().map(Played::play).collect();
    let [one] = played.as_slice() else { panic!("{played:?}") };
    one.clone()
}

fn broken(course: &Course) -> Vec<(&str, &Broken)> {
    course.invariants.iter().filter_map(|invariant| Some((invariant.id.as_str(), invariant.broken.as_ref()?))).collect()
}

#[test]
fn a_set_of_each_engine_holds_and_keeps_what_its_window_needs_and_no_more() {
    for (engine, set) in SETS {
        let course = course(&format!("{set}, {PROMISE}"), 60, &[], Vec::new());
        assert_eq!(course.not_played, None);
        assert_eq!(broken(&course), [], "{engine}");
        let ids: Vec<&str> = course.invariants.iter().map(|invariant| invariant.id.as_str()).collect();
        assert_eq!(
            (ids.as_slice(), course.invariants[1].promise.as_str()),
            (&["chain", "window"][..], "any moment of the last 14d can be restored, once it could")
        );
        let last = course.days.last().unwrap();
        // At the beginning of 22 January: fulls of the 3rd, 10th and 17th, six runs behind each of the first two, and four behind the third.
        assert_eq!((last.date.as_str(), last.points["full"], last.points["incremental"]), ("2027-01-22", 3, 16), "{engine}: {last:?}");
        let reach = last.reaches_back_seconds.unwrap();
        assert!((14 * 86_400..22 * 86_400).contains(&reach), "{engine}: {reach}");
    }
}

#[test]
fn what_the_engine_will_delete_after_midnight_is_there_at_midnight() {
    // Full runs from 23:00 on end at 03:00: at midnight the window still needs what goes at 03:00.
    for (engine, set) in SETS {
        let promise = "window: 7d, maxDuration: 4h, schedule: {full: \"0 23 * * *\"}";
        let course = course(&format!("{set}, {promise}"), 30, &[], Vec::new());
        assert_eq!(broken(&course), [], "{engine}");
        let last = course.days.last().unwrap();
        // Eight ended, the oldest 7 days and 21 hours ago: it goes three hours later, when the one under way is whole.
        assert_eq!((last.points["full"], last.reaches_back_seconds), (8, Some(7 * 86_400 + 21 * 3_600)), "{engine}: {last:?}");
    }
}

#[test]
fn the_first_run_is_a_full_one_and_the_window_is_promised_from_its_end_on() {
    let course = course(&format!("{}, {PROMISE}", SETS[0].1), 3, &[], Vec::new());
    // The run of Monday is an incremental one, and builds on nothing.
    assert_eq!(course.days[1].points, BTreeMap::from([("full".to_owned(), 1)]));
    assert_eq!((course.days[0].points.len(), course.days[0].reaches_back_seconds), (0, None));
    assert_eq!(course.days[1].reaches_back_seconds, Some(22 * 3_600), "from two o'clock on");
    assert_eq!(broken(&course), []);
}

#[test]
fn nothing_expires_when_backups_stop_and_the_wal_goes_on() {
    for day in [0, 1, 20, 40] {
        let course = course(&format!("{}, {PROMISE}", SETS[2].1), 90, &[Stop { part: Part::Backups, day }], Vec::new());
        assert_eq!(broken(&course), [], "{day}");
        assert_eq!(course.days.last().unwrap().points.contains_key("full"), day > 0);
    }
}

#[test]
fn a_rule_that_takes_full_backups_breaks_their_chains_and_is_named() {
    let prefix = "orders/pg/backup/main/20261129-010000F/";
    let course = course(&format!("{}, {PROMISE}", SETS[0].1), 60, &[], vec![cleanup("cleanup", prefix, 10)]);
    let all = broken(&course);
    let [("chain", broken), ..] = all.as_slice() else { panic!("{all:?}") };
    // Stored on 29 November, and ten days, rounded up.
    assert_eq!((broken.at.as_str(), broken.day), ("2026-12-10T00:00:00Z", 17));
    assert_eq!(broken.cause, "rule `cleanup` ended 20261129-010000F on 2026-12-10");
    assert!(broken.sentence.starts_with("20261129-010000F_20261130-010000I is there, and 20261129-010000F, which it builds on, is gone"), "{broken:?}");
}

#[test]
fn a_rule_that_takes_wal_cuts_the_window_on_the_day_it_acts() {
    for (wal, days, wrong) in [("orders/pg/wal_005/", 30, false), ("orders/pg/wal_005/", 22, false), ("orders/pg/wal_005/", 13, true), ("logs/", 1, false)] {
        let course = course(&format!("{}, {PROMISE}", SETS[2].1), 60, &[], vec![cleanup("cleanup", wal, days)]);
        assert_eq!(!broken(&course).is_empty(), wrong, "{wal} {days}");
        if let [(id, broken)] = broken(&course).as_slice() {
            // The first segment is of 23 November, 01:00, and lives 13 days.
            assert_eq!((*id, broken.at.as_str()), ("window", "2026-12-07T00:00:00Z"));
            assert!(broken.sentence.contains("cannot be restored, and any moment of the last 14d is promised"), "{broken:?}");
            assert!(broken.cause.starts_with("rule `cleanup` ended 0000000100000000000000"), "{broken:?}");
        }
    }
}

#[test]
fn bytes_are_counted_by_class_until_versions_go() {
    let archive = Rule {
        expiration: None,
        transitions: vec![crate::model::lifecycle::Transition { days: Some(5), date: None, class: StorageClass::Glacier.as_str().to_owned() }],
        ..cleanup("archive", "orders/pg/basebackups_005/", 1)
    };
    let course = course(&format!("{}, {PROMISE}", SETS[2].1), 90, &[], vec![archive]);
    let last = course.days.last().unwrap();
    let live = last.points.values().sum::<u64>();
    assert!(last.bytes["GLACIER"] > live << 30, "what its engine deleted stays for 30 days as a noncurrent version: {last:?}");
    assert!(last.bytes["GLACIER"] + last.bytes["STANDARD"] < (live + 60) << 30, "and not for ever: {last:?}");
}

#[test]
fn what_is_not_known_is_not_played_and_said() {
    let said = |promise: &str| course(&format!("{}{promise}", SETS[2].1), 5, &[], Vec::new()).not_played.unwrap_or_default();
    assert!(said(", schedule: {full: \"0 1 * * 0\"}").contains("names no `window`"));
    assert!(said(", window: 14d").contains("no `schedule` that fires"));
    let nothing = Schedule { cron: "0 1 31 2 *".to_owned(), timezone: "UTC".to_owned() };
    assert!(said(&format!(", window: 14d, schedule: {{full: \"{}\"}}", nothing.cron)).contains("no `schedule` that fires"));
}
