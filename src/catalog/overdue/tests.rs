use std::collections::BTreeMap;

use super::*;
use crate::catalog::layout::backup_id;
use crate::model::policy::{BackupSet, Name};
use crate::policy::{ConfigFile, load};

const NOW: &str = "2026-11-22T12:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn set() -> BackupSet {
    let text = include_str!("../../../examples/quickstart/config/policies/orders.yaml");
    let loaded = load(&[ConfigFile { path: "policies/orders.yaml".to_owned(), bytes: text.as_bytes().to_vec() }]);
    loaded.policies[0].policy.spec.backups[&Name("nightly".to_owned())].clone()
}

/// One backup a night at 01:15, so many nights back.
fn night(back: i64) -> Point {
    let at = "2026-11-22T01:15:00Z".parse::<Timestamp>().unwrap() - SignedDuration::from_hours(24 * back);
    let seen = SeenBackup {
        set: "nightly".to_owned(),
        id: backup_id(at),
        complete: true,
        told: crate::model::resource::Told::Listed,
        bytes: 1,
        oldest: at,
        newest: at,
        stored: Some(at),
        keys: BTreeMap::new(),
        classes: BTreeMap::new(),
        late: BTreeMap::new(),
    };
    sketch(&seen, &Proven::default(), &TimeZone::UTC)
}

fn of(points: &[Point], now: Timestamp, touched: Option<Timestamp>) -> Vec<String> {
    let set = set();
    let terms = Terms { retention: &set.retention, max_duration: set.max_duration, anomalies: set.anomalies, evidence_known: true, now };
    due(points, &terms, |_| touched).into_iter().map(|at| points[at].id.clone()).collect()
}

/// What the retention releases now, as the keeper would.
fn released(points: &[Point], now: Timestamp) -> Vec<String> {
    let set = set();
    let terms = Terms { retention: &set.retention, max_duration: set.max_duration, anomalies: set.anomalies, evidence_known: true, now };
    let all = points.iter().zip(decide(points, &terms));
    all.filter(|(_, decision)| matches!(decision, Decision::Release(_))).map(|(point, _)| point.id.clone()).collect()
}

#[test]
fn what_was_to_be_released_two_days_ago_is_overdue_and_nothing_younger() {
    let points: Vec<Point> = (0..20).rev().map(night).collect();
    let due = of(&points, now(), None);
    let past: Vec<Point> = (2..20).rev().map(night).collect();
    assert_eq!(due, released(&past, now() - GRACE), "what a keeper of then would have released");
    assert!(!due.is_empty() && due.len() < released(&points, now()).len(), "{due:?}");
    assert_eq!(of(&points[..1], now(), None), Vec::<String>::new(), "the only one is kept");
    assert_eq!(of(&[], now(), None), Vec::<String>::new());
}

#[test]
fn what_became_free_only_lately_is_not_overdue() {
    let mut points: Vec<Point> = (0..20).rev().map(night).collect();
    let all = of(&points, now(), None);
    let first = points.iter().position(|point| point.id == all[0]).unwrap();
    // A hold that ended yesterday, one that was lifted yesterday, and one that ended long ago.
    for (until, is_due) in [(now() - SignedDuration::from_hours(24), false), (now() - SignedDuration::from_hours(72), true)] {
        points[first].hold = Hold::Until(until);
        assert_eq!(of(&points, now(), None).contains(&all[0]), is_due, "{until}");
    }
    points[first].hold = Hold::None;
    assert_eq!(of(&points, now(), Some(now() - SignedDuration::from_hours(24))), Vec::<String>::new());
    assert_eq!(of(&points, now(), Some(now() - SignedDuration::from_hours(72))), all);
    points[first].hold = Hold::Unknown;
    assert!(!of(&points, now(), None).contains(&all[0]), "what is not known is not overdue");
    points[first].hold = Hold::None;
    points[first].kind = Kind::Doubtful;
    assert!(!of(&points, now(), None).contains(&all[0]));
}

#[test]
fn what_a_drill_of_yesterday_made_free_is_not_overdue() {
    let mut points: Vec<Point> = (0..40).rev().map(night).collect();
    let all = of(&points, now(), None);
    let old = points.iter().position(|point| point.id == all[0]).unwrap();
    // It was the newest verified ones; a newer one is verified only since yesterday.
    let keep = usize::try_from(set().retention.keep_verified).unwrap();
    for point in &mut points[old..old + keep] {
        point.verified = Some(now() - SignedDuration::from_hours(24 * 5));
    }
    assert!(!of(&points, now(), None).contains(&all[0]), "among the newest verified ones");
    let last = points.len() - 1;
    for point in &mut points[last - keep..last] {
        point.verified = Some(now() - SignedDuration::from_hours(12));
    }
    let freed = points[old].id.clone();
    assert!(released(&points, now()).contains(&freed) && !of(&points, now(), None).contains(&freed));
    for point in &mut points[last - keep - 3..last - 3] {
        point.verified = Some(now() - SignedDuration::from_hours(49));
    }
    assert!(of(&points, now(), None).contains(&freed), "since more than two days a newer one is verified");
}
