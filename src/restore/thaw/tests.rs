use futures_util::FutureExt as _;
use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::catalog::timeline::{Forecast, Keeping, Version, World as Rules};
use crate::model::lifecycle::{Filter, Lifecycle, Rule, Transition};
use crate::observe;
use crate::ports::sim::World;
use crate::ports::{Answer, Kind};

/// Every future of the simulator is ready at once.
fn now<T>(answer: Answer<'_, T>) -> T {
    answer.now_or_never().unwrap()
}

const FOLDER: &str = "orders/nightly/20261122T010000Z/";

fn rule(prefix: &str, steps: &[(i32, &str)]) -> Rule {
    let step = |(days, class): &(i32, &str)| Transition { days: Some(*days), date: None, class: (*class).to_owned() };
    Rule {
        id: "archive".to_owned(),
        enabled: true,
        filter: Filter::prefix(prefix),
        expiration: None,
        transitions: steps.iter().map(step).collect(),
        noncurrent: None,
        noncurrent_transitions: Vec::new(),
        abort_uploads_days: None,
    }
}

/// A backup of the 22nd of November, and a rule.
fn world(rule: Rule) -> std::sync::Arc<World> {
    let world = World::at("2026-11-22T01:00:00Z".parse::<Timestamp>().unwrap());
    world.put_bucket("b", "eu-west-1");
    for (name, bytes) in [("dump.zst", 300_000), ("globals.sql.zst", 200_000), ("manifest.json", 900)] {
        world.put_object("b", &format!("{FOLDER}{name}"), &vec![7; bytes]);
    }
    world.add_foreign_rule("b", rule);
    world
}

fn backup(world: &std::sync::Arc<World>) -> SeenBackup {
    let ports = world.ports();
    let seen = observe::seen_backups(&ports, "b", "orders/").now_or_never().unwrap();
    seen.known().unwrap()[0].clone()
}

fn judged(world: &std::sync::Arc<World>) -> Result<(), RestoreError> {
    let at = At { bucket: "b".to_owned(), folder: FOLDER.to_owned() };
    let seen = backup(world);
    readable(world.as_ref(), &at, &seen).now_or_never().unwrap()
}

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

fn read(world: &World, name: &str) -> Result<usize, Kind> {
    now(world.get("b", &format!("{FOLDER}{name}"), u64::MAX)).map(|bytes| bytes.len()).map_err(|error| error.kind)
}

#[test]
fn a_backup_that_moved_to_an_archive_is_refused_with_its_thaw_and_readable_while_it_is_thawed() {
    let world = world(rule("orders/", &[(30, "GLACIER"), (120, "DEEP_ARCHIVE")]));
    world.advance(days(30));
    assert!(judged(&world).is_ok() && read(&world, "dump.zst") == Ok(300_000), "the rule acts at the midnight after the 30th day");
    world.advance(days(1));
    let error = judged(&world).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("2 objects of {FOLDER} must be thawed before they can be read: {FOLDER}globals.sql.zst is in GLACIER, which takes up to 5h")
    );
    assert!(error.hint().unwrap().contains("lifeboat explain restore") && !error.is_damage());
    assert_eq!((read(&world, "dump.zst"), read(&world, "manifest.json")), (Err(Kind::Rejected), Ok(900)), "a small object stays where it is");

    for name in ["dump.zst", "globals.sql.zst"] {
        assert!(judged(&world).is_err(), "one of two is not enough");
        world.thaw("b", &format!("{FOLDER}{name}"), 2);
    }
    assert!(judged(&world).unwrap_err().to_string().ends_with("which takes up to 5h; a thaw is under way"));
    world.advance(SignedDuration::from_hours(5));
    assert!(judged(&world).is_ok() && read(&world, "dump.zst") == Ok(300_000));
    world.advance(days(2));
    assert!(judged(&world).is_err() && read(&world, "dump.zst") == Err(Kind::Rejected), "a thaw lasts as long as was asked for");
    world.advance(days(90));
    assert!(judged(&world).unwrap_err().to_string().contains("is in DEEP_ARCHIVE, which takes up to 12h"));
}

#[test]
fn marks_of_a_run_that_no_restore_reads_may_lie_in_an_archive() {
    let world = world(rule("orders/", &[(30, "GLACIER")]));
    world.put_object("b", &format!("{FOLDER}begun.json"), &vec![7; 300_000]);
    world.advance(days(31));
    for name in ["dump.zst", "globals.sql.zst"] {
        assert!(judged(&world).is_err());
        world.thaw("b", &format!("{FOLDER}{name}"), 2);
    }
    world.advance(SignedDuration::from_hours(5));
    assert!(judged(&world).is_ok() && read(&world, "begun.json") == Err(Kind::Rejected));
}

#[test]
fn an_archive_tier_that_no_listing_shows_is_found_by_asking() {
    let world = world(rule("orders/", &[(1, "INTELLIGENT_TIERING")]));
    world.advance(days(2));
    assert_eq!(backup(&world).classes.len(), 2);
    assert!(judged(&world).is_ok() && read(&world, "dump.zst") == Ok(300_000), "by the class alone it can be read");
    for (tier, takes) in [("ARCHIVE_ACCESS", "5h"), ("DEEP_ARCHIVE_ACCESS", "12h")] {
        world.leave_alone("b", &format!("{FOLDER}dump.zst"), tier);
        let error = judged(&world).unwrap_err().to_string();
        assert!(
            error.starts_with("1 object of ") && error.ends_with(&format!("dump.zst is in INTELLIGENT_TIERING ({tier}), which takes up to {takes}")),
            "{error}"
        );
        assert_eq!(read(&world, "dump.zst"), Err(Kind::Rejected));
    }
}

#[test]
fn what_s3_does_not_say_of_an_archive_class_is_neither_frozen_nor_thawed() {
    let world = world(rule("orders/", &[(1, "GLACIER")]));
    world.advance(days(2));
    let seen = backup(&world);
    world.refuse(crate::ports::sim::CALLER, crate::ports::sim::Op::Get);
    let at = At { bucket: "b".to_owned(), folder: FOLDER.to_owned() };
    let error = readable(world.as_ref(), &at, &seen).now_or_never().unwrap().unwrap_err();
    assert!(matches!(&error, RestoreError::Store(error) if error.kind == Kind::Refused), "{error:?}");
    let world = self::world(rule("orders/", &[(1, "INTELLIGENT_TIERING")]));
    world.advance(days(2));
    let seen = backup(&world);
    world.refuse(crate::ports::sim::CALLER, crate::ports::sim::Op::Get);
    assert!(matches!(readable(world.as_ref(), &at, &seen).now_or_never().unwrap(), Err(RestoreError::Store(_))));
}

/// Two readings of the same pages of the guide: the simulator's and the timeline's.
#[test]
fn on_each_day_an_object_lies_where_the_timeline_says() {
    let steps: [&[(i32, &str)]; 4] = [
        &[(30, "GLACIER")],
        &[(30, "STANDARD_IA"), (90, "GLACIER")],
        &[(0, "GLACIER_IR"), (180, "DEEP_ARCHIVE")],
        &[(1, "INTELLIGENT_TIERING"), (40, "GLACIER")],
    ];
    for steps in steps {
        let rule = rule("orders/", steps);
        let world = world(rule.clone());
        let written: Timestamp = "2026-11-22T01:00:00Z".parse().unwrap();
        let rules = Lifecycle { rules: vec![rule], minimum_size: Some("all_storage_classes_128K".to_owned()) };
        let forecast = Forecast::new(&Rules { rules: &rules, keeping: Keeping::Unversioned, mfa_delete: false, now: written });
        for hour in 0..(200 * 4) {
            let at = Timestamp::from_second(written.as_second() + hour * 6 * 3_600).unwrap();
            for listed in now(world.list("b", FOLDER)).unwrap() {
                let version = Version { null: true, ..Version::plain(&listed.key, listed.bytes, written) };
                let said = forecast.lying(std::slice::from_ref(&version), at).bytes[0].0;
                assert_eq!(listed.class.as_deref().map_or(Class::Standard, Class::of), said, "{} {at} {steps:?}", listed.key);
            }
            world.advance(SignedDuration::from_hours(6));
        }
    }
}

#[test]
fn what_must_be_thawed_is_told_from_what_was() {
    let head = |class: &str, archive: Option<&str>, restore: Option<&str>| {
        let class = (!class.is_empty()).then(|| class.to_owned());
        let (class, thaw, span) = lies(&Head { class, archive: archive.map(str::to_owned), restore: restore.map(str::to_owned), expiry: None });
        (class, thaw, span.map(|span| span.as_secs() / 3_600))
    };
    let (done, open) = ("ongoing-request=\"false\", expiry-date=\"Fri, 21 Dec 2026 00:00:00 GMT\"", "ongoing-request=\"true\"");
    assert_eq!(head("", None, None), ("STANDARD".to_owned(), Thaw::Unneeded, None));
    for class in ["STANDARD_IA", "GLACIER_IR", "INTELLIGENT_TIERING", "EXPRESS_ONEZONE"] {
        assert_eq!(head(class, None, None), (class.to_owned(), Thaw::Unneeded, None));
    }
    assert_eq!(head("GLACIER", None, None), ("GLACIER".to_owned(), Thaw::Needed, Some(5)));
    assert_eq!(head("DEEP_ARCHIVE", None, Some(open)), ("DEEP_ARCHIVE".to_owned(), Thaw::UnderWay, Some(12)));
    assert_eq!(head("DEEP_ARCHIVE", None, Some(done)), ("DEEP_ARCHIVE".to_owned(), Thaw::Done, None));
    let tiered = head("INTELLIGENT_TIERING", Some("DEEP_ARCHIVE_ACCESS"), None);
    assert_eq!(tiered, ("INTELLIGENT_TIERING (DEEP_ARCHIVE_ACCESS)".to_owned(), Thaw::Needed, Some(12)));
}
