use super::*;
use crate::catalog::retention::{Holding, decide};
use crate::model::policy::{Anomalies, Retention};
use crate::model::units::Span;

fn retention() -> Retention {
    serde_json::from_value(serde_json::json!({"recent": "3d", "daily": 14, "monthly": 12, "keepLast": 1, "keepVerified": 1})).unwrap()
}

fn terms<'a>(retention: &'a Retention, now: &str) -> Terms<'a> {
    Terms { retention, max_duration: Span::seconds(3 * 3_600), anomalies: Anomalies::default(), evidence_known: true, now: now.parse().unwrap() }
}

fn point(at: &str, rows: u64) -> Point {
    let holding = Holding { tables: [("shop.public.orders".to_owned(), rows)].into(), bytes: rows * 10 };
    Point { holding, ..super::super::tests::point(at) }
}

#[test]
fn who_stands_in_for_whom_is_told_with_the_reason() {
    let retention = retention();
    let now = "2026-12-20T00:00:00Z";
    let of = |first: Point| {
        let points = [point("2026-09-15T02:00:00Z", 100), first, point("2026-10-02T02:00:00Z", 100), point("2026-11-01T02:00:00Z", 100)];
        promoted(&points, &terms(&retention, now)).into_iter().map(|found| (found.at, found.tier, found.instead, found.why)).collect::<Vec<_>>()
    };
    let whole = point("2026-10-01T02:00:00Z", 100);
    assert_eq!(of(whole.clone()), [], "the first one opens its month itself");
    assert_eq!(of(Point { failed: true, ..whole.clone() }), [(2, Tier::Monthly, 1, Unfit::Failed)]);
    assert_eq!(of(Point { kind: Kind::Doubtful, ..whole.clone() }), [(2, Tier::Monthly, 1, Unfit::NotWhole)]);
    assert_eq!(of(Point { kind: Kind::Attempt, ..whole }), [(2, Tier::Monthly, 1, Unfit::NeverCompleted)]);
    assert_eq!(of(point("2026-10-01T02:00:00Z", 1)), [(2, Tier::Monthly, 1, Unfit::Less)]);
}

#[test]
fn what_each_is_measured_by_is_found_behind_the_weak_ones() {
    let retention = retention();
    let rows = [100, 100, 1, 100, 100];
    let points: Vec<Point> = rows.iter().enumerate().map(|(day, rows)| point(&format!("2026-10-{:02}T02:00:00Z", day + 1), *rows)).collect();
    let of = |at: usize| measures(&points, &terms(&retention, "2026-12-20T00:00:00Z"), &BTreeSet::from([at])).into_iter().collect::<Vec<_>>();
    assert_eq!((of(0), of(1), of(2)), (vec![], vec![0], vec![1]));
    assert_eq!(of(3), [1, 2], "by the last one that was whole, and what lies between says that it is weak");
    assert_eq!(of(4), [3]);
}

#[test]
fn the_released_one_by_which_others_may_go_is_found() {
    let mut retention = retention();
    retention.keep_last = 1;
    let now = "2026-12-20T00:00:00Z";
    let points = [point("2026-10-01T02:00:00Z", 100), point("2026-10-05T02:00:00Z", 100), point("2026-12-19T02:00:00Z", 100)];
    let terms = terms(&retention, now);
    let decisions = decide(&points, &terms);
    assert_eq!(decisions[..2], [Decision::Release(Tier::Monthly), Decision::Release(Tier::Daily)]);
    assert_eq!(survivors(&points, &decisions, &terms), BTreeSet::from([0]), "the daily one is as good as gone");
    let kept = [Decision::Keep(crate::catalog::retention::Reason::Held), Decision::Release(Tier::Daily), decisions[2].clone()];
    assert_eq!(survivors(&points, &kept, &terms), BTreeSet::new(), "what is kept is read anyway");
}
