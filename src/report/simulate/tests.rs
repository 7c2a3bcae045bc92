use std::sync::LazyLock;

use jiff::Timestamp;
use proptest::prelude::*;

use super::{Course, Drilled, Part, Play, Played, Stop, There, play, plays};
use crate::catalog::retention::{Hold, Holding, Kind, Periods, Point, Tier};
use crate::model::lifecycle::{Expiration, Filter, Form, Lifecycle, Rule};
use crate::model::policy::{BackupSet, Pick, Retention, Schedule};
use crate::model::resource::{BucketWish, ResourceWish};
use crate::model::units::Span;
use crate::plan::tests::{POLICY, cleanup, desired};
use crate::policy::{self, ConfigFile, LoadedPolicy};
use crate::settings;

const BEGIN: &str = "2026-11-23T00:00:00Z";

/// The policy of the quickstart with a change, and its bucket.
fn changed(from: &str, to: &str) -> (LoadedPolicy, BucketWish) {
    let text = POLICY.replace(from, to).into_bytes();
    let loaded = policy::load(&[ConfigFile { path: "policies/orders.yaml".to_owned(), bytes: text }]).policies.remove(0);
    let bucket = desired(from, to).resources.into_iter().find_map(|wish| match wish {
        ResourceWish::Bucket(bucket) => Some(bucket),
        _ => None,
    });
    (loaded, bucket.unwrap())
}

fn rules(bucket: &BucketWish) -> Lifecycle {
    let setting = settings::by_id("bucket-lifecycle").unwrap();
    (setting.want)(&ResourceWish::Bucket(bucket.clone())).unwrap().to().unwrap()
}

/// The quickstart as it is, read once.
static QUICKSTART: LazyLock<(LoadedPolicy, BucketWish)> = LazyLock::new(|| changed(SAME.0, SAME.1));

/// Plays the quickstart, with the rules that a test makes of its own.
fn course(days: u32, stops: &[Stop], change: (&str, &str), edit: impl FnOnce(&mut Lifecycle)) -> Course {
    let own = (change != SAME).then(|| changed(change.0, change.1));
    let (policy, bucket) = own.as_ref().unwrap_or(&QUICKSTART);
    let mut rules = rules(bucket);
    edit(&mut rules);
    let begin: Timestamp = BEGIN.parse().unwrap();
    let asked = super::Asked { begin, days, stops, bytes: 1 << 30 };
    let played: Vec<Course> = plays(policy, bucket, &rules, asked).iter().map(Played::play).collect();
    played.into_iter().next().unwrap()
}

const SAME: (&str, &str) = ("kind", "kind");

fn broken(course: &Course) -> Vec<(&str, &str)> {
    course.invariants.iter().filter_map(|invariant| Some((invariant.id.as_str(), invariant.broken.as_ref()?.at.as_str()))).collect()
}

#[test]
fn the_quickstart_holds_for_400_days_and_fills_its_tiers() {
    let course = course(400, &[], SAME, |_| ());
    assert_eq!(broken(&course), []);
    let ids: Vec<&str> = course.invariants.iter().map(|invariant| invariant.id.as_str()).collect();
    assert_eq!(ids, ["keep-last", "keep-verified", "recent-kept", "daily-kept", "weekly-kept", "monthly-kept", "window-kept", "nothing-outlives"]);
    let last = course.days.last().unwrap();
    // Released dailies, weeklies and monthlies are there beside what is kept, and the oldest is of last year's November.
    assert!(last.points["daily"] >= 8 && last.points["weekly"] >= 9 && last.points["monthly"] >= 12, "{last:?}");
    assert!(last.reaches_back_seconds.unwrap() >= 371 * 86_400, "{last:?}");
    assert_eq!((course.days.len(), course.days[0].points.len(), course.days[400].date.as_str()), (401, 0, "2027-12-28"));
    // Older ones have moved: weeklies to STANDARD_IA, monthlies to GLACIER_IR.
    assert!(last.bytes["GLACIER_IR"] > 8 << 30 && last.bytes["STANDARD_IA"] > 1 << 30, "{last:?}");
}

#[test]
fn whatever_stops_on_any_day_the_law_holds() {
    for part in Part::ALL {
        for day in [0, 1, 2, 9, 30, 64, 99, 200, 330] {
            let course = course(500, &[Stop { part, day }], SAME, |_| ());
            assert_eq!(broken(&course), [], "{part:?} stops on day {day}");
        }
    }
    let all: Vec<Stop> = Part::ALL.into_iter().map(|part| Stop { part, day: 100 }).collect();
    let course = course(900, &all, SAME, |_| ());
    assert_eq!(broken(&course), []);
    assert!(course.days.last().unwrap().points.values().sum::<u64>() >= 3, "the newest three stay for ever");
}

/// 23 November 01:15 UTC, and three days, rounded up: gone on the 27th.
#[test]
fn a_rule_of_three_days_is_found_on_the_day_it_acts_with_its_name() {
    let course = course(60, &[], SAME, |rules| rules.rules.push(cleanup("cleanup", "", 3)));
    let (first, broken) = course.first_broken().unwrap();
    assert_eq!((first.id.as_str(), broken.at.as_str(), broken.day), ("daily-kept", "2026-11-27T00:00:00Z", 4));
    assert_eq!(broken.sentence, "nothing is left of the day 2026-11-23, promised for 11 days more");
    assert_eq!(broken.cause, "20261123T011500Z was never released, and rule `cleanup` ended it on 2026-11-27");
}

#[test]
fn more_than_a_rule_leaves_cannot_be_kept() {
    let more = ("monthly: 12}", "monthly: 12, keepLast: 9}");
    let course = course(60, &[], more, |rules| rules.rules.push(cleanup("cleanup", "orders/", 6)));
    // The first, of the 23rd, goes at the midnight of the 30th; seven were taken by then.
    let last = course.invariants.iter().find(|invariant| invariant.id == "keep-last").unwrap();
    let broken = last.broken.as_ref().unwrap();
    assert_eq!((broken.at.as_str(), broken.sentence.as_str()), ("2026-11-30T00:00:00Z", "6 complete backups are left, and the newest 9 are kept"));
}

/// Each rule of a tier, taken away or shortened, is missed, and the keeper's caution is the cause.
#[test]
fn a_tier_without_its_rule_outlives_its_promise() {
    let of = |tier: &'static str| move |rule: &Rule| rule.id.ends_with(&format!(":{tier}"));
    for tier in ["daily", "weekly"] {
        let course = course(200, &[], SAME, |rules| rules.rules.retain(|rule| !of(tier)(rule)));
        let (first, broken) = course.first_broken().unwrap();
        assert_eq!(first.id, "nothing-outlives", "{tier}");
        assert!(broken.cause.contains(&format!("no rule of the bucket acts on the tag of tier {tier}")), "{broken:?}");
    }
    let shorter = course(200, &[], SAME, |rules| {
        let daily = rules.rules.iter_mut().find(|rule| of("daily")(rule)).unwrap();
        daily.expiration = Some(Expiration::Days(10));
    });
    let (first, broken) = shorter.first_broken().unwrap();
    assert_eq!(
        (first.id.as_str(), broken.cause.as_str()),
        ("nothing-outlives", "the rule of tier daily is shorter than the policy, and the keeper holds that")
    );
}

#[test]
fn a_second_rule_on_a_release_tag_ends_nothing_and_what_it_holds_up_is_found() {
    let with_early = |days: u32| {
        course(days, &[], SAME, |rules| {
            let monthly = rules.rules.iter().find(|rule| rule.id.ends_with(":monthly")).unwrap();
            let filter = Filter { prefix: Some("orders/".to_owned()), form: Form::And, ..monthly.filter.clone() };
            let early = Rule { id: "early".to_owned(), filter, expiration: Some(Expiration::Days(200)), transitions: Vec::new(), ..monthly.clone() };
            rules.rules.push(early);
        })
    };
    // The first monthly one is of 23 November, and is promised for 403 days.
    assert_eq!(broken(&with_early(403)), []);
    let course = with_early(410);
    let (first, broken) = course.first_broken().unwrap();
    assert_eq!((first.id.as_str(), broken.at.as_str()), ("nothing-outlives", "2028-01-01T00:00:00Z"), "the keeper holds what a shorter rule would end");
}

#[test]
fn a_stop_is_read_and_what_is_wrong_is_said() {
    assert_eq!("keeper@30".parse(), Ok(Stop { part: Part::Keeper, day: 30 }));
    for (text, said) in [("keeper", "names no day"), ("s3@1", "there are backups, drills, keeper, uploads, passes"), ("drills@-1", "is not a day")] {
        let error = text.parse::<Stop>().unwrap_err();
        assert!(error.contains(said), "{error}");
    }
}

fn retention() -> impl Strategy<Value = Retention> {
    let days = |span: u64| Span::seconds(span * 86_400);
    let tiers = (prop::option::of(3..15_i32), prop::option::of(2..7_i32), prop::option::of(2..5_i32));
    (1..6_u64, tiers, 1..5_u32, 1..4_u32, 5..90_u64).prop_map(move |(recent, (daily, weekly, monthly), keep_last, keep_verified, verified_for)| Retention {
        recent: days(recent),
        daily,
        weekly,
        monthly,
        yearly: None,
        keep_last,
        keep_verified,
        verified_for: days(verified_for),
    })
}

/// What stops in the random histories. Not drills that fail: a backup that cannot be restored shortens what is left, and no retention makes up
/// for that; what must hold then is asked by itself.
const STOPPED: [Part; 4] = [Part::Backups, Part::Drills, Part::Keeper, Part::Uploads];

proptest! {
    #![proptest_config(ProptestConfig { cases: if std::env::var_os("LIFEBOAT_SOAK").is_some() { 2_000 } else { 24 }, ..ProptestConfig::default() })]
    /// Any retention, any stops, any schedule that fills it: the law holds. The same shapes as the random histories of the retention.
    #[test]
    fn any_retention_with_any_stops_keeps_the_law(
        retention in retention(),
        stops in prop::collection::vec((0..STOPPED.len(), 0..150_u32), 0..4),
        cron in prop::sample::select(vec!["15 2 * * *", "0 */6 * * *", "30 23 */2 * *", "0 3 * * 0"]),
        zone in prop::sample::select(vec!["UTC", "Europe/Berlin", "Pacific/Auckland"]),
        oldest in any::<bool>(),
    ) {
        let (policy, mut bucket) = (&QUICKSTART.0, QUICKSTART.1.clone());
        let schedule = Schedule { cron: cron.to_owned(), timezone: zone.to_owned() };
        let spec = BackupSet { schedule, retention, ..policy.policy.spec.backups.values().next().unwrap().clone() };
        bucket.tenants[0].sets[0].retention = retention;
        let rules = rules(&bucket);
        let drill = Schedule { cron: "0 4 * * 0".to_owned(), timezone: zone.to_owned() };
        let stops: Vec<Stop> = stops.into_iter().map(|(part, day)| Stop { part: STOPPED[part], day }).collect();
        let asked = super::Asked { begin: BEGIN.parse().unwrap(), days: 220, stops: &stops, bytes: 1 << 30 };
        let Played::Taken(base) = plays(policy, &bucket, &rules, asked).remove(0) else { panic!("a set of ours") };
        let pick = if oldest { Pick::Oldest } else { Pick::Latest };
        let one = Play { spec: &spec, drills: vec![Drilled { schedule: &drill, pick }], ..*base };
        let course = play(&one);
        prop_assert!(broken(&course).is_empty(), "{:?} {:?}", course.first_broken(), retention);
    }
}

#[test]
fn backups_that_break_off_are_no_restore_points_and_take_none_away() {
    let stops = [Stop { part: Part::Uploads, day: 30 }];
    let course = course(200, &stops, SAME, |_| ());
    assert_eq!(broken(&course), []);
    let points = |day: usize| course.days[day].points.values().sum::<u64>();
    assert!(points(31) >= points(60) && points(200) >= 3, "{} {} {}", points(31), points(60), points(200));
    // The last one that was complete is of day 29, and the oldest that is kept is no attempt.
    assert!(course.days[200].reaches_back_seconds.unwrap() >= 170 * 86_400);
    let bytes = |day: usize| course.days[day].bytes.values().sum::<u64>();
    assert!(bytes(34) > bytes(30), "what was dumped lies there");
    let stopped = course_of_backups_stopped();
    assert_eq!(course.days[200].points, stopped.days[200].points, "as if none had been begun");
    assert!(bytes(200) < stopped.days[200].bytes.values().sum::<u64>() + (90 << 30), "attempts are released too, and go");
}

fn course_of_backups_stopped() -> Course {
    course(200, &[Stop { part: Part::Backups, day: 30 }], SAME, |_| ())
}

#[test]
fn what_is_there_is_played_on_with_its_tags_and_counts_as_taken() {
    let (policy, bucket) = &*QUICKSTART;
    let rules = rules(bucket);
    let begin: Timestamp = BEGIN.parse().unwrap();
    let asked = super::Asked { begin, days: 60, stops: &[Stop { part: Part::Backups, day: 0 }], bytes: 1 << 30 };
    let there = |days_ago: i64, tier: Option<Tier>, kind: Kind| {
        let at = begin - jiff::SignedDuration::from_hours(24 * days_ago - 1);
        let id = at.strftime("%Y%m%dT%H%M%SZ").to_string();
        let objects = [("dump.zst", 1 << 30), ("manifest.json", 900)].map(|(name, bytes)| (format!("orders/nightly/{id}/{name}"), bytes, String::new()));
        let holding = Holding { tables: [("one".to_owned(), 100)].into(), bytes: 1 << 30 };
        let periods = Periods::of(at, &jiff::tz::TimeZone::UTC);
        let point = Point { id, kind, stored: at, oldest: at, snapshot: at, periods, verified: None, failed: false, hold: Hold::None, holding };
        There { point, objects: objects.to_vec(), tier }
    };
    let played = |there: Vec<There>, rules: &Lifecycle| {
        let Played::Taken(play) = plays(policy, bucket, rules, asked).remove(0) else { panic!("a set of ours") };
        super::play(&Play { there, ..*play })
    };
    let all = || (1..=9).rev().map(|day| there(day, (day == 9).then_some(Tier::Daily), Kind::Complete)).collect::<Vec<_>>();
    let course = played(all(), &rules);
    let points = |day: usize| course.days[day].points.clone();
    assert_eq!((points(0)["kept"], points(0)["daily"]), (8, 1), "as they lie on the first day");
    // The oldest one opens the month, so the keeper takes its tag off; the next one lives fourteen days and one of lateness, rounded up.
    assert!(points(6).values().sum::<u64>() == 9 && points(8).values().sum::<u64>() == 8, "{:?} {:?}", points(6), points(8));
    assert!(points(60).values().sum::<u64>() >= 3 && broken(&course).is_empty(), "{:?}", course.first_broken());
    let mut with = rules.clone();
    with.rules.push(cleanup("cleanup", "", 10));
    let ended = played(all(), &with);
    let (_, first) = ended.first_broken().unwrap();
    assert!(first.day < 4 && first.cause.contains("rule `cleanup`"), "{first:?}");
    // What is in doubt is there, and counts for nothing.
    let doubtful = played(vec![there(2, None, Kind::Doubtful)], &rules);
    assert_eq!((doubtful.days[0].points.len(), broken(&doubtful)), (0, Vec::new()));
}

/// Each Sunday's backup fails its drill: it opened its week and perhaps its month, and another one stays in its place.
#[test]
fn a_backup_that_failed_its_drill_is_stood_in_for() {
    let stops = [Stop { part: Part::Passes, day: 30 }];
    let course = course(400, &stops, SAME, |_| ());
    assert_eq!(broken(&course), []);
    let ids: Vec<&str> = course.invariants.iter().map(|invariant| invariant.id.as_str()).collect();
    assert!(ids.contains(&"stand-in-kept") && !ids.contains(&"nothing-outlives"), "{ids:?}");
    assert_eq!(course.days[30].failed, 0);
    assert!(course.days[60].failed >= 1, "{:?}", course.days[60]);
    // What was verified before is kept on: nothing newer is.
    assert!(course.days[400].verified >= 1, "{:?}", course.days[400]);
    let last = course.days.last().unwrap();
    assert!(last.points["weekly"] >= 9 && last.points["monthly"] >= 12, "{last:?}");
}

/// A rule that ends what stands in is found, with its name.
#[test]
fn a_rule_that_ends_a_stand_in_is_found() {
    let stops = [Stop { part: Part::Passes, day: 0 }];
    let course = course(60, &stops, SAME, |rules| rules.rules.push(cleanup("cleanup", "", 9)));
    let broken = course.invariants.iter().find(|invariant| invariant.id == "stand-in-kept").unwrap().broken.as_ref().unwrap();
    assert!(broken.sentence.starts_with("nothing but what failed its drill is left of the week of "), "{broken:?}");
    assert!(broken.cause.contains("rule `cleanup` ended it"), "{broken:?}");
}

#[test]
fn what_the_days_cannot_show_holds_only_so_far() {
    let words = |days: u32| -> Vec<(String, &'static str)> {
        course(days, &[], SAME, |_| ()).invariants.iter().map(|invariant| (invariant.id.clone(), invariant.word())).collect()
    };
    let of = |days: u32, id: &str| words(days).into_iter().find(|(known, _)| known == id).unwrap().1;
    assert_eq!((of(10, "keep-last"), of(10, "recent-kept"), of(10, "monthly-kept"), of(10, "window-kept")), ("holds", "holds", "so far", "so far"));
    // Twelve months of 31 days.
    assert_eq!((of(371, "monthly-kept"), of(372, "monthly-kept"), of(372, "window-kept")), ("so far", "holds", "holds"));
}
