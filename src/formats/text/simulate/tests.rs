use std::collections::BTreeMap;

use super::simulate;
use crate::formats::paint::Paint;
use crate::report::simulate::{Asked, Broken, Course, Day, Invariant, Part, Stop};
use crate::view::simulate::SimulateView;

pub(crate) fn view() -> SimulateView {
    let day = |number: u64| Day {
        date: format!("2026-11-{:02}", number + 1),
        points: BTreeMap::from([("kept".to_owned(), number.min(4)), ("daily".to_owned(), number.saturating_sub(4))]),
        verified: 0,
        failed: 0,
        reaches_back_seconds: Some(number * 86_400),
        bytes: BTreeMap::from([("STANDARD".to_owned(), number << 30)]),
    };
    let broken = Broken {
        at: "2026-11-09T00:00:00Z".to_owned(),
        day: 8,
        sentence: "nothing is left of the day 2026-11-02, promised for 7 days more".to_owned(),
        cause: "20261102T011500Z was never released, and rule `cleanup` ended it on 2026-11-09".to_owned(),
    };
    let invariant = |id: &str, promise: &str, broken| Invariant { id: id.to_owned(), promise: promise.to_owned(), broken, shown_from: None };
    let course = Course {
        policy: "orders".to_owned(),
        set: "nightly".to_owned(),
        not_played: None,
        invariants: vec![
            invariant("keep-last", "never fewer than 3 complete backups", None),
            invariant("daily-kept", "a backup of each of 14 days", Some(broken)),
        ],
        days: (0..=10).map(day).collect(),
    };
    let stops = [Stop { part: Part::Keeper, day: 3 }];
    let asked = Asked { begin: "2026-11-01T00:00:00Z".parse().unwrap(), days: 10, stops: &stops, bytes: 1 << 30 };
    SimulateView::of("3f2c1ab", &asked, vec![course])
}

#[test]
fn a_chart_then_what_holds_and_what_does_not() {
    let said = simulate(&view(), 3, Paint { on: false });
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], "lifeboat simulate at 3f2c1ab · 10 days from 2026-11-01 · backups of 1.0 GiB · keeper stops on day 3");
    let chart: Vec<&&str> = lines.iter().filter(|line| line.contains('█')).collect();
    assert_eq!(chart.len(), 3, "{said}");
    // Every line of a chart is as wide as the others, and what never was there has none.
    assert!(chart.iter().all(|line| line.chars().count() == 2 + 12 + 60 + 11 + 11), "{said}");
    assert!(chart[0].starts_with("  kept        ") && chart[0].ends_with("          4          4"), "{said}");
    assert!(!said.contains("monthly"), "{said}");
    assert!(said.contains("  holds   keep-last         never fewer than 3 complete backups\n"), "{said}");
    assert!(said.contains("      first        2026-11-09 00:00 UTC, day 8: nothing is left of the day 2026-11-02"), "{said}");
    assert!(said.ends_with("\nwhat is promised holds for 0 of 1 set · exit 3\n"), "{said}");
}

#[test]
fn a_set_that_was_not_played_is_counted_apart_and_never_as_kept() {
    let mut view = view();
    let unplayed = Course {
        set: "physical".to_owned(),
        not_played: Some("it names no `window`".to_owned()),
        invariants: Vec::new(),
        days: Vec::new(),
        ..view.sets[0].clone()
    };
    view.sets.push(unplayed.clone());
    let said = simulate(&view, 3, Paint { on: false });
    assert!(said.contains("orders/physical\n  not played: it names no `window`\n"), "{said}");
    assert!(said.ends_with("\nwhat is promised holds for 0 of 1 set · 1 not played · exit 3\n"), "{said}");
    (view.sets, view.broken) = (vec![unplayed], 0);
    let said = simulate(&view, 0, Paint { on: false });
    assert!(said.ends_with("\nno set was played, so nothing is known of what is promised · 1 not played · exit 0\n"), "{said}");
}
