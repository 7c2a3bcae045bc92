use jiff::Timestamp;

use super::{Class, Forecast, Keeping, Standing, Undo, Version, World};
use crate::model::lifecycle::{Expiration, Filter, Lifecycle, Noncurrent, NoncurrentTransition, Rule, Tag, Transition};
use crate::model::policy::StorageClass;
use crate::model::units::Span;

mod brute;
mod days;
mod fast;
mod guide;
mod reaching;
mod worlds;

pub(super) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// An enabled rule that does nothing yet.
pub(super) fn rule(filter: Filter) -> Rule {
    Rule {
        id: "r".to_owned(),
        enabled: true,
        filter,
        expiration: None,
        transitions: Vec::new(),
        noncurrent: None,
        noncurrent_transitions: Vec::new(),
        abort_uploads_days: None,
    }
}

pub(super) fn expires(filter: Filter, days: i32) -> Rule {
    Rule { expiration: Some(Expiration::Days(days)), ..rule(filter) }
}

pub(super) fn moves(filter: Filter, days: i32, class: &str) -> Rule {
    Rule { transitions: vec![Transition { days: Some(days), date: None, class: class.to_owned() }], ..rule(filter) }
}

pub(super) fn behind(rule: Rule, days: i32, keep_newer: Option<i32>) -> Rule {
    Rule { noncurrent: Some(Noncurrent { days, keep_newer }), ..rule }
}

pub(super) fn rules(rules: impl Into<Vec<Rule>>) -> Lifecycle {
    Lifecycle { rules: rules.into(), minimum_size: Some("all_storage_classes_128K".to_owned()) }
}

pub(super) fn everything() -> Filter {
    Filter::default()
}

pub(super) const BIG: u64 = 1 << 30;
const NOW: &str = "2026-01-15T12:00:00Z";

pub(super) fn version(key: &str, written: &str) -> Version<'static> {
    Version::plain(Box::leak(key.to_owned().into_boxed_str()), BIG, at(written))
}

fn stand(lifecycle: &Lifecycle, keeping: Keeping, versions: &[Version<'_>]) -> Standing {
    let world = World { rules: lifecycle, keeping, mfa_delete: false, now: at(NOW) };
    Forecast::new(&world).standing(versions)
}

#[test]
fn nothing_expires_what_no_rule_meets() {
    let tagged = Filter::tag("lifeboat-expire", "shop/nightly:daily");
    let standing = stand(&rules([expires(tagged, 1)]), Keeping::Enabled, &[version("shop/nightly/x/dump", "2025-01-01T00:00:00Z")]);
    let kept = Standing { restorable_until: None, deletable_from: Some(at(NOW)), bytes_gone_at: None, undo: Undo::Always, bytes: BIG, thaw: None };
    assert_eq!(standing, kept);
}

#[test]
fn the_first_object_that_goes_ends_a_backup_and_the_last_one_its_bytes() {
    let versions = [version("shop/nightly/x/dump", "2026-01-10T10:00:00Z"), version("shop/nightly/x/manifest.json", "2026-01-11T01:00:00Z")];
    let standing = stand(&rules([behind(expires(everything(), 7), 30, None)]), Keeping::Enabled, &versions);
    assert_eq!(standing.restorable_until, Some(at("2026-01-18T00:00:00Z")));
    assert_eq!(standing.undo, Undo::Until(at("2026-02-17T00:00:00Z")));
    assert_eq!(standing.bytes_gone_at, Some(at("2026-02-18T00:00:00Z")));
    assert!(standing.is_restorable_at(at("2026-01-17T23:59:59Z")) && !standing.is_restorable_at(at("2026-01-18T00:00:00Z")));
}

#[test]
fn what_is_overdue_goes_now() {
    let old = [version("shop/nightly/x/dump", "2025-01-01T00:00:00Z")];
    let standing = stand(&rules([expires(everything(), 7)]), Keeping::Enabled, &old);
    assert_eq!((standing.restorable_until, standing.undo, standing.bytes_gone_at), (Some(at(NOW)), Undo::Always, None));
}

#[test]
fn without_versioning_expiry_is_final() {
    let written = [version("a/b/c", "2026-01-10T10:00:00Z")];
    let day = at("2026-01-18T00:00:00Z");
    let final_ = stand(&rules([expires(everything(), 7)]), Keeping::Unversioned, &written);
    assert_eq!((final_.restorable_until, final_.bytes_gone_at, final_.undo), (Some(day), Some(day), Undo::Final));
    // Suspended: the version without an id is replaced by the marker without one, a version from before stays behind it.
    let null = [Version { null: true, ..written[0] }];
    assert_eq!(stand(&rules([expires(everything(), 7)]), Keeping::Suspended, &null).undo, Undo::Final);
    let before = stand(&rules([expires(everything(), 7)]), Keeping::Suspended, &written);
    assert_eq!((before.restorable_until, before.bytes_gone_at, before.undo), (Some(day), None, Undo::Always));
}

#[test]
fn a_marker_without_an_id_takes_the_place_of_the_version_without_one() {
    let top = version("a/b/c", "2026-01-10T10:00:00Z");
    let older = Version { null: true, noncurrent: Some(top.written), ..version("a/b/c", "2026-01-01T00:00:00Z") };
    let versions = [top, older];
    let standing = stand(&rules([behind(expires(everything(), 7), 100, None)]), Keeping::Suspended, &versions);
    assert_eq!(standing.bytes_gone_at, Some(at("2026-04-28T00:00:00Z")), "the newer one, which the marker only covers");
    let older_only = Forecast::new(&World { rules: &rules([expires(everything(), 7)]), keeping: Keeping::Suspended, mfa_delete: false, now: at(NOW) })
        .lying(&versions, at("2026-01-18T00:00:00Z"));
    assert_eq!(older_only.bytes, [(Class::Standard, BIG)], "one of the two is gone");
}

#[test]
fn a_lock_keeps_the_bytes_and_no_delete_marker_away() {
    let locked = [Version { locked: Some(at("2026-06-01T00:00:00Z")), ..version("a/b/c", "2026-01-10T10:00:00Z") }];
    let lifecycle = rules([behind(expires(everything(), 7), 30, None)]);
    let standing = stand(&lifecycle, Keeping::Enabled, &locked);
    assert_eq!(standing.restorable_until, Some(at("2026-01-18T00:00:00Z")));
    assert_eq!((standing.deletable_from, standing.bytes_gone_at), (Some(at("2026-06-01T00:00:00Z")), Some(at("2026-06-01T00:00:00Z"))));
    assert_eq!(standing.undo, Undo::Until(at("2026-06-01T00:00:00Z")));
    let held = [Version { held: true, ..locked[0] }];
    let standing = stand(&lifecycle, Keeping::Enabled, &held);
    assert_eq!((standing.deletable_from, standing.bytes_gone_at, standing.undo), (None, None, Undo::Always));
}

#[test]
fn what_has_expired_says_since_when_and_until_when_it_can_be_brought_back() {
    let marker = Version { marker: true, ..version("a/b/c", "2026-01-12T00:00:00Z") };
    let covered = Version { noncurrent: Some(marker.written), ..version("a/b/c", "2026-01-01T10:00:00Z") };
    let standing = stand(&rules([behind(rule(everything()), 30, None)]), Keeping::Enabled, &[marker, covered]);
    assert_eq!(standing.restorable_until, Some(at("2026-01-12T00:00:00Z")));
    assert_eq!((standing.undo, standing.bytes_gone_at), (Undo::Until(at("2026-02-11T00:00:00Z")), Some(at("2026-02-11T00:00:00Z"))));
    assert_eq!(standing.bytes, BIG);
    let nothing_left = stand(&rules([]), Keeping::Enabled, &[marker]);
    assert_eq!((nothing_left.restorable_until, nothing_left.bytes, nothing_left.undo), (Some(at("2026-01-12T00:00:00Z")), 0, Undo::Final));
    assert_eq!(stand(&rules([]), Keeping::Enabled, &[]).restorable_until, Some(at(NOW)));
}

#[test]
fn with_mfa_delete_no_rule_acts() {
    let lifecycle = rules([expires(everything(), 1)]);
    let world = World { rules: &lifecycle, keeping: Keeping::Enabled, mfa_delete: true, now: at(NOW) };
    let standing = Forecast::new(&world).standing(&[version("a/b/c", "2025-01-01T00:00:00Z")]);
    assert_eq!(standing.restorable_until, None);
}

#[test]
fn thaw_is_that_of_the_slowest_object_and_changes_with_the_class() {
    let lifecycle = rules([moves(everything(), 30, "GLACIER"), moves(everything(), 90, "DEEP_ARCHIVE")]);
    let world = World { rules: &lifecycle, keeping: Keeping::Enabled, mfa_delete: false, now: at(NOW) };
    let forecast = Forecast::new(&world);
    let small = Version { bytes: 512, ..version("a/b/c/manifest.json", "2026-01-10T00:00:00Z") };
    let versions = [version("a/b/c/dump", "2026-01-10T00:00:00Z"), small];
    assert_eq!(forecast.transitions(&versions), [at("2026-02-09T00:00:00Z"), at("2026-04-10T00:00:00Z")]);
    let thaw = |text: &str| forecast.lying(&versions, at(text)).thaw;
    assert_eq!(thaw("2026-02-08T23:59:59Z"), None);
    assert_eq!(thaw("2026-02-09T00:00:00Z"), Some(Span::seconds(5 * 3600)));
    assert_eq!(thaw("2026-04-10T00:00:00Z"), Some(Span::seconds(12 * 3600)));
    let lying = forecast.lying(&versions, at("2026-04-10T00:00:00Z"));
    assert_eq!(lying.bytes, [(Class::Standard, 512), (Class::Lower(StorageClass::DeepArchive), BIG)], "small objects are moved nowhere");
}

#[test]
fn every_class_is_known_by_its_name() {
    for class in StorageClass::ALL {
        assert_eq!(Class::of(class.as_str()), Class::Lower(class));
        assert_eq!(Class::of(class.as_str()).as_str(), class.as_str());
    }
    assert_eq!((Class::of(""), Class::of("STANDARD"), Class::of("EXPRESS_ONEZONE")), (Class::Standard, Class::Standard, Class::Other));
}

fn tag(key: &str, value: &str) -> Tag {
    Tag { key: key.to_owned(), value: value.to_owned() }
}

fn moves_behind(rule: Rule, days: i32, class: &str, keep_newer: Option<i32>) -> Rule {
    Rule { noncurrent_transitions: vec![NoncurrentTransition { days, class: class.to_owned(), keep_newer }], ..rule }
}
