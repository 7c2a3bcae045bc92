//! The documented examples of the S3 User Guide: intro-lifecycle-rules (the rounding), lifecycle-configuration-examples (1 to 9).

use super::super::{Class, Forecast, Keeping, Version, World};
use super::{BIG, at, behind, everything, expires, moves, moves_behind, rule, rules, tag, version};
use crate::model::lifecycle::{Expiration, Filter, Form, Lifecycle, Rule, Transition};
use crate::model::policy::StorageClass;

const IA: Class = Class::Lower(StorageClass::StandardIa);
const GLACIER: Class = Class::Lower(StorageClass::Glacier);

fn forecast<'a>(rules: &'a Lifecycle, keeping: Keeping, now: &str) -> Forecast<'a> {
    Forecast::new(&World { rules, keeping, mfa_delete: false, now: at(now) })
}

/// The class of a version at a time; none when it is gone.
fn class(rules: &Lifecycle, keeping: Keeping, version: Version<'_>, when: &str) -> Option<Class> {
    let forecast = forecast(rules, keeping, "2014-01-15T12:00:00Z");
    forecast.lying(&[version], at(when)).bytes.first().map(|(class, _)| *class)
}

fn written(key: &str) -> Version<'static> {
    version(key, "2014-01-15T10:30:00Z")
}

#[test]
fn days_are_rounded_up_to_the_next_midnight() {
    // "created at 1/15/2014 10:30 AM UTC and you specify 3 days … 1/19/2014 00:00 UTC"
    let three = rules([moves(everything(), 3, "GLACIER")]);
    assert_eq!(class(&three, Keeping::Unversioned, written("a"), "2014-01-18T23:59:59Z"), Some(Class::Standard));
    assert_eq!(class(&three, Keeping::Unversioned, written("a"), "2014-01-19T00:00:00Z"), Some(GLACIER));
    // "the new version … is created at 1/15/2014 10:30 AM UTC, and you specify 3 days … 1/19/2014 00:00 UTC"
    let old = Version { noncurrent: Some(at("2014-01-15T10:30:00Z")), ..version("a", "2014-01-01T10:30:00Z") };
    let new = written("a");
    let three = rules([behind(rule(everything()), 3, None)]);
    let standing = forecast(&three, Keeping::Enabled, "2014-01-15T12:00:00Z");
    assert_eq!(standing.lying(&[new, old], at("2014-01-18T23:59:59Z")).bytes, [(Class::Standard, 2 * BIG)]);
    assert_eq!(standing.lying(&[new, old], at("2014-01-19T00:00:00Z")).bytes, [(Class::Standard, BIG)]);
}

#[test]
fn photo_gif_can_be_brought_back_for_five_days() {
    // Created 1/1/2014 10:30, deleted 1/2/2014 11:30, five noncurrent days: removed on 1/8/2014 00:00.
    let marker = Version { marker: true, ..version("photo.gif", "2014-01-02T11:30:00Z") };
    let version = Version { noncurrent: Some(marker.written), ..version("photo.gif", "2014-01-01T10:30:00Z") };
    let five = rules([behind(rule(everything()), 5, None)]);
    let standing = forecast(&five, Keeping::Enabled, "2014-01-02T12:00:00Z").standing(&[marker, version]);
    assert_eq!(standing.bytes_gone_at, Some(at("2014-01-08T00:00:00Z")));
}

#[test]
fn a_date_in_the_past_goes_on_acting() {
    // "S3 also continues to expire any new objects you create in the bucket."
    let dated = rules([Rule { expiration: Some(Expiration::Date("2014-01-01T00:00:00Z".to_owned())), ..rule(everything()) }]);
    let now = "2014-01-15T12:00:00Z";
    assert_eq!(forecast(&dated, Keeping::Unversioned, now).standing(&[written("a")]).restorable_until, Some(at(now)));
    let later = rules([Rule { expiration: Some(Expiration::Date("2014-03-01T00:00:00Z".to_owned())), ..rule(everything()) }]);
    assert_eq!(forecast(&later, Keeping::Unversioned, now).standing(&[written("a")]).restorable_until, Some(at("2014-03-01T00:00:00Z")));
}

#[test]
fn example_1_filters_by_prefix_and_tags() {
    let tax = rules([Rule { expiration: Some(Expiration::Days(3650)), ..moves(Filter::prefix("tax/"), 365, "GLACIER") }]);
    for (key, moved) in [("tax/doc1.txt", GLACIER), ("tax/doc2.txt", GLACIER), ("other.txt", Class::Standard)] {
        assert_eq!(class(&tax, Keeping::Unversioned, written(key), "2015-01-16T00:00:00Z"), Some(moved), "{key}");
    }
    assert_eq!(
        forecast(&tax, Keeping::Unversioned, "2014-01-15T12:00:00Z").standing(&[written("tax/doc1.txt")]).bytes_gone_at,
        Some(at("2024-01-14T00:00:00Z"))
    );
    // "Archive all object same-day upon creation": eligible at midnight following creation.
    let same_day = rules([moves(Filter::prefix(""), 0, "GLACIER")]);
    assert_eq!(class(&same_day, Keeping::Unversioned, written("a"), "2014-01-16T00:00:00Z"), Some(GLACIER));
    assert_eq!(class(&same_day, Keeping::Unversioned, written("a"), "2014-01-15T23:00:00Z"), Some(Class::Standard));
    // Prefix and two tags: all must be there, and others may be.
    let tags = vec![tag("key1", "value1"), tag("key2", "value2")];
    let both = rules([moves(Filter { form: Form::And, prefix: Some("tax/".to_owned()), tags, ..Filter::default() }, 0, "GLACIER")]);
    let all = [tag("a", "b"), tag("key2", "value2"), tag("key1", "value1")];
    let one = [tag("key1", "value1"), tag("key2", "other")];
    for (key, tags, moved) in [("tax/x", &all[..], GLACIER), ("tax/x", &one[..], Class::Standard), ("x", &all[..], Class::Standard)] {
        assert_eq!(class(&both, Keeping::Unversioned, Version { tags, ..written(key) }, "2014-02-01T00:00:00Z"), Some(moved));
    }
}

#[test]
fn example_2_a_disabled_rule_is_ignored() {
    let two = rules([moves(Filter::prefix("logs/"), 0, "GLACIER"), Rule { enabled: false, ..moves(Filter::prefix("documents/"), 0, "GLACIER") }]);
    assert_eq!(class(&two, Keeping::Unversioned, written("logs/a"), "2014-02-01T00:00:00Z"), Some(GLACIER));
    assert_eq!(class(&two, Keeping::Unversioned, written("documents/a"), "2014-02-01T00:00:00Z"), Some(Class::Standard));
}

#[test]
fn example_3_tiers_down_and_expires() {
    let step = |days, class: &str| Transition { days: Some(days), date: None, class: class.to_owned() };
    let down = Rule { transitions: vec![step(30, "STANDARD_IA"), step(90, "GLACIER")], ..expires(Filter::prefix("logs/"), 365) };
    let down = rules([down]);
    let expected = [
        ("2014-02-14T23:00:00Z", Some(Class::Standard)),
        ("2014-02-15T00:00:00Z", Some(IA)),
        ("2014-04-16T00:00:00Z", Some(GLACIER)),
        ("2015-01-16T00:00:00Z", None),
    ];
    for (when, is) in expected {
        assert_eq!(class(&down, Keeping::Unversioned, written("logs/a"), when), is, "{when}");
    }
}

#[test]
fn example_4_several_rules() {
    let one = Rule { expiration: Some(Expiration::Days(3650)), ..moves(Filter::prefix("classA/"), 365, "GLACIER") };
    let two = Rule { expiration: Some(Expiration::Days(365)), ..moves(Filter::prefix("classB/"), 90, "STANDARD_IA") };
    let both = rules([one, two]);
    assert_eq!(class(&both, Keeping::Unversioned, written("classA/x"), "2015-01-16T00:00:00Z"), Some(GLACIER));
    assert_eq!(class(&both, Keeping::Unversioned, written("classB/x"), "2014-04-16T00:00:00Z"), Some(IA));
    assert_eq!(class(&both, Keeping::Unversioned, written("classB/x"), "2015-01-16T00:00:00Z"), None);
}

#[test]
fn example_5_conflicts() {
    // Overlapping prefixes, no conflict.
    let overlap = rules([expires(everything(), 365), moves(Filter::prefix("logs/"), 30, "STANDARD_IA")]);
    assert_eq!(class(&overlap, Keeping::Unversioned, written("logs/a"), "2014-02-15T00:00:00Z"), Some(IA));
    assert_eq!(class(&overlap, Keeping::Unversioned, written("a"), "2014-02-15T00:00:00Z"), Some(Class::Standard));
    assert_eq!(class(&overlap, Keeping::Unversioned, written("logs/a"), "2015-01-16T00:00:00Z"), None);
    // Expiry and transition on one day: expiry, where it deletes; in a versioned bucket the move comes before the delete marker.
    let conflict = rules([expires(Filter::prefix("logs/"), 365), moves(Filter::prefix("logs/"), 365, "STANDARD_IA")]);
    assert_eq!(class(&conflict, Keeping::Unversioned, written("logs/a"), "2015-01-15T23:00:00Z"), Some(Class::Standard));
    assert_eq!(class(&conflict, Keeping::Unversioned, written("logs/a"), "2015-01-16T00:00:00Z"), None);
    assert_eq!(class(&conflict, Keeping::Enabled, written("logs/a"), "2015-01-16T00:00:00Z"), Some(IA));
    // Two transitions to one class: the earlier.
    let earlier = rules([moves(Filter::prefix(""), 10, "STANDARD_IA"), moves(Filter::prefix("logs/"), 365, "STANDARD_IA")]);
    assert_eq!(class(&earlier, Keeping::Unversioned, written("logs/a"), "2014-01-26T00:00:00Z"), Some(IA));
    // An object with both tags expires after 14 days, so that the transition does not apply.
    let tagged = rules([moves(Filter::tag("tag1", "value1"), 365, "GLACIER"), expires(Filter::tag("tag2", "value2"), 14)]);
    let tags = [tag("tag1", "value1"), tag("tag2", "value2")];
    assert_eq!(class(&tagged, Keeping::Unversioned, Version { tags: &tags, ..written("a") }, "2014-01-30T00:00:00Z"), None);
    assert_eq!(class(&tagged, Keeping::Unversioned, Version { tags: &tags[..1], ..written("a") }, "2015-01-16T00:00:00Z"), Some(GLACIER));
    // Of two expiries the shorter; of two classes on one day the cheaper, and Intelligent-Tiering before all but the archives.
    let two = rules([expires(everything(), 20), expires(Filter::prefix("a"), 10)]);
    assert_eq!(forecast(&two, Keeping::Enabled, "2014-01-15T12:00:00Z").standing(&[written("a")]).restorable_until, Some(at("2014-01-26T00:00:00Z")));
    for (one, other, wins) in
        [("STANDARD_IA", "GLACIER", "GLACIER"), ("GLACIER_IR", "INTELLIGENT_TIERING", "INTELLIGENT_TIERING"), ("INTELLIGENT_TIERING", "GLACIER", "GLACIER")]
    {
        let both = rules([moves(everything(), 40, one), moves(everything(), 40, other)]);
        assert_eq!(class(&both, Keeping::Unversioned, written("a"), "2014-03-15T00:00:00Z"), Some(Class::of(wins)), "{one} {other}");
    }
}

#[test]
fn example_6_noncurrent_versions_are_moved_and_the_newest_kept() {
    let sample = behind(moves_behind(moves(Filter::prefix(""), 90, "STANDARD_IA"), 30, "GLACIER", None), 365, Some(5));
    let sample = rules([sample]);
    // Eight versions, one a day: of the seven noncurrent ones the five newest stay for ever.
    let days: Vec<String> = (8..16).rev().map(|day| format!("2014-01-{day:02}T10:30:00Z")).collect();
    let versions: Vec<Version<'_>> =
        days.iter().enumerate().map(|(place, day)| Version { noncurrent: (place > 0).then(|| at(&days[place - 1])), ..version("doc", day) }).collect();
    let forecast = forecast(&sample, Keeping::Enabled, "2014-01-15T12:00:00Z");
    assert_eq!(forecast.lying(&versions, at("2014-02-15T00:00:00Z")).bytes, [(Class::Standard, BIG), (GLACIER, 7 * BIG)]);
    assert_eq!(forecast.lying(&versions, at("2014-04-16T00:00:00Z")).bytes, [(IA, BIG), (GLACIER, 7 * BIG)]);
    assert_eq!(forecast.lying(&versions, at("2016-01-01T00:00:00Z")).bytes, [(IA, BIG), (GLACIER, 5 * BIG)]);
    assert_eq!(forecast.standing(&versions).bytes_gone_at, None);
}

#[test]
fn example_7_sixty_days_and_thirty_more() {
    // "In this example, all object versions are permanently removed 90 days after object creation."
    let well_defined = rules([behind(expires(everything(), 60), 30, None)]);
    let standing = forecast(&well_defined, Keeping::Enabled, "2014-01-15T12:00:00Z").standing(&[written("a")]);
    assert_eq!(standing.restorable_until, Some(at("2014-03-17T00:00:00Z")));
    assert_eq!(standing.bytes_gone_at, Some(at("2014-04-16T00:00:00Z")));
    // Removing lone delete markers removes nothing else; nor does a rule that only aborts uploads (example 8).
    let lone = Rule { expiration: Some(Expiration::DeleteMarker(true)), abort_uploads_days: Some(7), ..rule(Filter::prefix("logs/")) };
    let lone = rules([lone]);
    assert_eq!(forecast(&lone, Keeping::Enabled, "2014-01-15T12:00:00Z").standing(&[written("logs/a")]).restorable_until, None);
}

#[test]
fn example_9_sizes_are_strict() {
    let sized = |larger, smaller| Filter { form: Form::And, prefix: Some("tax/".to_owned()), larger_than: larger, smaller_than: smaller, ..Filter::default() };
    let above = rules([moves(sized(Some(500), None), 365, "GLACIER")]);
    let between = rules([moves(sized(Some(500), Some(64_000)), 365, "GLACIER")]);
    for (lifecycle, bytes, moved) in [(&above, 500, Class::Standard), (&above, 501, GLACIER), (&between, 63_999, GLACIER), (&between, 64_000, Class::Standard)]
    {
        let version = Version { bytes, ..written("tax/a") };
        assert_eq!(class(lifecycle, Keeping::Unversioned, version, "2015-01-16T00:00:00Z"), Some(moved), "{bytes}");
    }
}

#[test]
fn small_objects_stay_unless_the_rule_has_a_size_of_its_own() {
    let limit = 128 * 1024;
    for (class_name, minimum, bytes, moved) in [
        ("GLACIER", "all_storage_classes_128K", limit - 1, false),
        ("GLACIER", "all_storage_classes_128K", limit, true),
        ("GLACIER", "varies_by_storage_class", limit - 1, true),
        ("DEEP_ARCHIVE", "varies_by_storage_class", limit - 1, true),
        ("STANDARD_IA", "varies_by_storage_class", limit - 1, false),
        ("GLACIER_IR", "varies_by_storage_class", limit - 1, false),
    ] {
        let lifecycle = Lifecycle { minimum_size: Some(minimum.to_owned()), ..rules([moves(everything(), 40, class_name)]) };
        let is = class(&lifecycle, Keeping::Unversioned, Version { bytes, ..written("a") }, "2015-01-16T00:00:00Z");
        assert_eq!(is == Some(Class::of(class_name)), moved, "{class_name} {minimum} {bytes}");
    }
}

#[test]
fn no_class_goes_up_again() {
    for (from, to, moved) in [
        ("GLACIER", "STANDARD_IA", false),
        ("ONEZONE_IA", "GLACIER_IR", false),
        ("GLACIER_IR", "ONEZONE_IA", false),
        ("STANDARD_IA", "INTELLIGENT_TIERING", true),
        ("INTELLIGENT_TIERING", "GLACIER_IR", true),
        ("INTELLIGENT_TIERING", "STANDARD_IA", false),
        ("GLACIER", "DEEP_ARCHIVE", true),
        ("DEEP_ARCHIVE", "GLACIER", false),
        ("REDUCED_REDUNDANCY", "STANDARD_IA", true),
        ("EXPRESS_ONEZONE", "GLACIER", false),
    ] {
        let lifecycle = rules([moves(everything(), 40, to)]);
        let is = class(&lifecycle, Keeping::Unversioned, Version { class: Class::of(from), ..written("a") }, "2015-01-16T00:00:00Z");
        assert_eq!(is == Some(Class::of(to)), moved, "{from} {to}");
    }
}
