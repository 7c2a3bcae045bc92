use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Decision, Hold, Holding, Kind, Periods, Point, Reason, Terms, Tier, decide, open_anomaly};
use crate::model::policy::{Anomalies, Retention};
use crate::model::units::Span;

mod simulation;

const DAY: u64 = 86_400;

fn retention() -> Retention {
    Retention {
        recent: Span::seconds(3 * DAY),
        daily: Some(14),
        weekly: Some(12),
        monthly: Some(12),
        yearly: None,
        keep_last: 1,
        keep_verified: 1,
        verified_for: Span::seconds(90 * DAY),
    }
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn point_in(zone: &TimeZone, at: &str) -> Point {
    let snapshot = time(at);
    Point {
        id: at.to_owned(),
        kind: Kind::Complete,
        stored: snapshot,
        oldest: snapshot,
        snapshot,
        periods: Periods::of(snapshot, zone),
        verified: None,
        failed: false,
        hold: Hold::None,
        holding: Holding { tables: BTreeMap::from([("shop.public.orders".to_owned(), 100)]), bytes: 1000 },
    }
}

pub(super) fn point(at: &str) -> Point {
    point_in(&TimeZone::UTC, at)
}

fn decided(points: &[Point], retention: &Retention, now: &str) -> Vec<Decision> {
    let terms = Terms { retention, max_duration: Span::seconds(3 * 3600), anomalies: Anomalies::default(), evidence_known: true, now: time(now) };
    decide(points, &terms)
}

use Decision::{Keep, Leave, Release};
use Tier::{Daily, Monthly, Recent, Weekly};

#[test]
fn a_backup_is_released_as_the_longest_period_that_it_opens_once_that_is_over() {
    // 1 November 2026 is a Sunday: it opens its month and, being alone there, its ISO week; the 2nd is a Monday.
    let points: Vec<Point> =
        ["2026-11-01T02:00:00Z", "2026-11-01T14:00:00Z", "2026-11-02T02:00:00Z", "2026-11-03T02:00:00Z", "2026-11-04T02:00:00Z"].map(point).to_vec();
    let on = |now| decided(&points, &retention(), now);
    assert_eq!(on("2026-11-04T03:00:00Z"), [Keep(Reason::Unsettled), Release(Recent), Keep(Reason::Unsettled), Release(Daily), Keep(Reason::Unsettled)]);
    assert_eq!(on("2026-11-09T00:00:00Z")[2], Release(Weekly));
    assert_eq!(on("2026-11-30T23:59:59Z")[0], Keep(Reason::Unsettled));
    assert_eq!(on("2026-12-01T00:00:00Z")[0], Release(Monthly));
}

#[test]
fn a_period_is_that_of_the_policys_zone_and_a_day_can_have_25_hours() {
    let berlin = TimeZone::get("Europe/Berlin").unwrap();
    // 00:30 on the 25th in Berlin is the 24th in UTC; that day has 25 hours and ends at 23:00 UTC.
    let (early, late) = (point_in(&berlin, "2026-10-24T22:30:00Z"), point_in(&berlin, "2026-10-25T22:30:00Z"));
    assert_eq!(early.periods.first_day(Daily), late.periods.first_day(Daily));
    assert_eq!(early.periods.over(Daily), time("2026-10-25T23:00:00Z"));
    let newest = point_in(&berlin, "2026-10-26T12:00:00Z");
    let half = Retention { weekly: None, monthly: None, ..retention() };
    let now = |now| decided(&[early.clone(), late.clone(), newest.clone()], &half, now)[..2].to_vec();
    assert_eq!(now("2026-10-26T12:30:00Z"), [Release(Daily), Release(Recent)]);
    assert_eq!(now("2026-10-25T22:59:59Z"), [Keep(Reason::Unsettled), Keep(Reason::Unsettled)]);
}

#[test]
fn iso_weeks_cross_the_year() {
    let day = |at| point(at).periods;
    assert_eq!(day("2026-12-31T12:00:00Z").first_day(Weekly), day("2027-01-03T12:00:00Z").first_day(Weekly));
    assert_ne!(day("2027-01-03T12:00:00Z").first_day(Weekly), day("2027-01-04T12:00:00Z").first_day(Weekly));
    assert_eq!(day("2026-12-31T12:00:00Z").over(Tier::Yearly), time("2027-01-01T00:00:00Z"));
}

#[test]
fn the_newest_complete_and_verified_are_never_released() {
    let mut points = ["2026-01-01T02:00:00Z", "2026-01-02T02:00:00Z", "2026-01-03T02:00:00Z", "2026-01-04T02:00:00Z"].map(point);
    points[1].verified = Some(time("2026-01-02T05:00:00Z"));
    let two = Retention { keep_last: 2, ..retention() };
    // A drill of long ago protects still: drills that stop must not cost the last verified one.
    let late = decided(&points, &two, "2027-06-01T00:00:00Z");
    assert_eq!(late[1..], [Keep(Reason::KeepVerified), Keep(Reason::KeepLast), Keep(Reason::KeepLast)]);
}

#[test]
fn what_comes_later_never_takes_the_place_of_one_that_is_there() {
    let mut forged = point("2026-11-01T00:00:01Z");
    forged.stored = time("2026-11-20T02:00:00Z");
    forged.oldest = forged.stored;
    let points = [point("2026-11-01T02:00:00Z"), forged, point("2026-12-01T02:00:00Z")];
    let now = decided(&points, &retention(), "2026-12-02T03:00:00Z");
    assert_eq!(now[0], Release(Monthly), "although another one says that it is older");
    assert_ne!(now[1], Release(Monthly));
}

#[test]
fn a_neighbour_is_promoted_where_the_first_of_a_period_cannot_be_restored() {
    let mut points = ["2026-11-01T02:00:00Z", "2026-11-01T14:00:00Z", "2026-12-01T02:00:00Z"].map(point);
    points[0].failed = true;
    let now = decided(&points, &retention(), "2026-12-02T03:00:00Z");
    assert_eq!(now[..2], [Release(Recent), Release(Monthly)]);
    points[1].kind = Kind::Doubtful;
    assert_eq!(decided(&points, &retention(), "2026-12-02T03:00:00Z")[..2], [Release(Monthly), Leave(Reason::Doubtful)], "without a neighbour it stays");
}

#[test]
fn an_anomaly_holds_the_whole_set_until_a_drill_or_a_whole_backup_ends_it() {
    let mut points = ["2026-11-10T02:00:00Z", "2026-11-11T02:00:00Z", "2026-11-12T02:00:00Z"].map(point);
    points[0].verified = Some(time("2026-11-10T05:00:00Z"));
    points[2].holding.tables.insert("shop.public.orders".to_owned(), 79);
    let retention = retention();
    let terms = Terms {
        retention: &retention,
        max_duration: Span::seconds(1),
        anomalies: Anomalies::default(),
        evidence_known: true,
        now: time("2027-01-01T00:00:00Z"),
    };
    assert!(open_anomaly(&points, &terms), "21 of 100 rows are gone, and 20 % are allowed");
    assert!(decide(&points, &terms).iter().all(|decision| *decision == Keep(Reason::Anomaly)));
    points[2].holding.tables.insert("shop.public.orders".to_owned(), 80);
    assert!(!open_anomaly(&points, &terms));
    for holding in [Holding { tables: BTreeMap::new(), bytes: 1000 }, Holding { bytes: 100, ..points[0].holding.clone() }] {
        points[2].holding = holding;
        assert!(open_anomaly(&points, &terms), "a table is gone, or most of the bytes");
    }
    points[2].verified = Some(time("2026-11-12T05:00:00Z"));
    assert!(!open_anomaly(&points, &terms), "a drill passed it");
}

#[test]
fn what_is_not_known_changes_nothing_and_a_hold_keeps() {
    let mut points = ["2026-10-01T02:00:00Z", "2026-10-02T02:00:00Z", "2026-10-03T02:00:00Z", "2026-11-12T02:00:00Z"].map(point);
    points[0].hold = Hold::Until(time("2026-12-01T00:00:00Z"));
    points[1].hold = Hold::Unknown;
    points[2].kind = Kind::Attempt;
    let on = |points: &[Point], now| decided(points, &retention(), now);
    let now = on(&points, "2026-11-30T23:59:59Z");
    assert_eq!(now[..3], [Keep(Reason::Held), Leave(Reason::HoldUnknown), Release(Recent)]);
    assert_eq!(on(&points, "2026-12-01T00:00:00Z")[0], Release(Monthly), "a hold ends by itself");
    assert_eq!(on(&points, "2026-10-03T04:59:59Z")[2], Keep(Reason::Running));
    let retention = retention();
    let blind = Terms {
        retention: &retention,
        max_duration: Span::seconds(1),
        anomalies: Anomalies::default(),
        evidence_known: false,
        now: time("2027-01-01T00:00:00Z"),
    };
    assert!(decide(&points, &blind).iter().all(|decision| *decision == Leave(Reason::EvidenceUnknown)));
}

#[test]
fn after_a_long_silence_one_point_of_each_age_remains() {
    let short = Retention { daily: None, weekly: None, monthly: None, ..retention() };
    let points: Vec<Point> = (1..=28).map(|day| point(&format!("2026-10-{day:02}T02:00:00Z"))).collect();
    let now = decided(&points, &short, "2026-11-10T03:00:00Z");
    let kept: Vec<(usize, &Decision)> = now.iter().enumerate().filter(|(_, decision)| !matches!(decision, Release(_))).collect();
    // The newest older than 30 days is that of the 11th; the newest of all is older than 7 days and kept anyway.
    assert_eq!(kept, [(10, &Keep(Reason::Guarded)), (27, &Keep(Reason::KeepLast))]);
}

#[test]
fn an_import_gets_the_tier_that_lasts_for_what_remains_of_its_life() {
    let mut old = point("2026-01-01T02:00:00Z");
    old.oldest = time("2026-11-20T02:00:00Z");
    old.stored = old.oldest;
    let points = [old, point("2026-11-21T02:00:00Z")];
    // A monthly of January has 403 days; 323 are over, so 80 remain: weekly lasts 91.
    assert_eq!(decided(&points, &retention(), "2026-11-22T03:00:00Z")[0], Release(Weekly));
}

#[test]
fn where_the_opener_cannot_be_read_the_next_one_of_its_period_stays() {
    let mut points = ["2026-11-01T02:00:00Z", "2026-11-01T14:00:00Z", "2026-11-01T20:00:00Z", "2026-12-01T02:00:00Z"].map(point);
    points[0].hold = Hold::Unknown;
    let now = |points: &[Point]| decided(points, &retention(), "2026-12-02T03:00:00Z")[..3].to_vec();
    assert_eq!(now(&points), [Leave(Reason::HoldUnknown), Keep(Reason::OpenerUnknown), Release(Recent)]);
    // The first one failed its drill: the one in its place cannot be raised, so the first is not let go lower.
    (points[0].hold, points[0].failed, points[1].hold) = (Hold::None, true, Hold::Unknown);
    assert_eq!(now(&points), [Release(Recent), Leave(Reason::HoldUnknown), Keep(Reason::OpenerUnknown)], "a whole one is the better deputy");
    points[2].failed = true;
    assert_eq!(now(&points), [Keep(Reason::OpenerUnknown), Leave(Reason::HoldUnknown), Release(Recent)]);
}
