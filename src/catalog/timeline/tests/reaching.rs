//! What the restore points of a database give together.

use super::super::{Gap, Point, Spacing, Standing, Undo, reach};
use super::at;
use crate::model::units::Span;

const DAY: u64 = 86_400;

fn point(text: &str, until: Option<&str>, tier: Option<&'static str>) -> Point<'static> {
    let until = until.map(at);
    let standing = Standing { restorable_until: until, deletable_from: None, bytes_gone_at: None, undo: Undo::Always, bytes: 10, thaw: None };
    Point { at: at(text), tier, standing }
}

fn spacing(rows: &[(u64, u64)]) -> Vec<Spacing> {
    rows.iter().map(|(up_to, at_most)| Spacing { up_to: Span::seconds(up_to * DAY), at_most: Span::seconds(at_most * DAY) }).collect()
}

#[test]
fn what_went_or_is_still_to_come_is_not_counted() {
    let points = [
        point("2026-01-01T00:00:00Z", Some("2026-01-10T00:00:00Z"), Some("daily")),
        point("2026-01-02T00:00:00Z", None, None),
        point("2026-01-03T00:00:00Z", Some("2026-02-01T00:00:00Z"), Some("monthly")),
        point("2026-01-20T00:00:00Z", None, None),
    ];
    let then = reach(points, &[], at("2026-01-10T00:00:00Z"));
    assert_eq!((then.points, then.bytes, then.oldest, then.newest), (2, 20, Some(at("2026-01-02T00:00:00Z")), Some(at("2026-01-03T00:00:00Z"))));
    assert_eq!(then.tiers.into_iter().collect::<Vec<_>>(), [("kept".to_owned(), 1), ("monthly".to_owned(), 1)]);
    let before = reach(points, &[], at("2026-01-09T23:59:59Z"));
    assert_eq!(before.oldest, Some(at("2026-01-01T00:00:00Z")));
    assert_eq!(reach([], &[], at("2026-01-01T00:00:00Z")).oldest, None);
}

#[test]
fn a_gap_is_longer_than_the_age_of_its_older_end_allows() {
    let points = [
        point("2026-01-30T00:00:00Z", None, None),
        point("2026-01-27T00:00:00Z", None, None),
        point("2026-01-20T00:00:00Z", None, None),
        point("2025-11-01T00:00:00Z", None, None),
    ];
    let now = at("2026-01-31T00:00:00Z");
    let found = reach(points, &spacing(&[(7, 2), (30, 7), (60, 31)]), now).gaps;
    // 27 → 30 is 3 days where 2 are allowed; 20 → 27 is a week where a week is; what is older than two months nobody judges.
    assert_eq!(found, [Gap { from: at("2026-01-27T00:00:00Z"), to: at("2026-01-30T00:00:00Z"), at_most: Span::seconds(2 * DAY) }]);
    let late = reach(points, &spacing(&[(7, 2)]), at("2026-02-02T00:00:00Z")).gaps;
    assert_eq!(late.first().map(|gap| gap.to), Some(at("2026-02-02T00:00:00Z")), "nothing since is a gap too");
}
