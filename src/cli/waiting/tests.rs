//! How often a lock that is waited for is said.

use std::time::Duration;

use jiff::SignedDuration;

use super::Pace;
use crate::journal::lock::Holder;
use crate::journal::lock::waiting::{News, Now};

fn news(run: &str, waited: i64, now: Now) -> News {
    let since = "2026-11-22T10:00:00Z".parse().unwrap();
    let holder = Holder { identity: "applier".to_owned(), run: run.to_owned(), since, until: since + SignedDuration::from_secs(185), left: 100, ahead: 0 };
    News { holder, waited: SignedDuration::from_secs(waited), now }
}

#[test]
fn a_plain_line_comes_at_once_then_every_half_minute_and_when_something_happens() {
    let mut pace = Pace::default();
    let held = Now::Held(Duration::from_mins(10));
    let mut said: Vec<(i64, &str)> = Vec::new();
    for waited in (0..=90).step_by(2) {
        let run = if waited < 70 { "run-a" } else { "run-b" };
        if pace.is_due(&news(run, waited, held)) {
            said.push((waited, run));
        }
    }
    assert_eq!(said, [(0, "run-a"), (30, "run-a"), (60, "run-a"), (70, "run-b")]);
    assert!(!pace.is_due(&news("run-b", 92, held)));
    for end in [Now::GivenBack, Now::TakenOver, Now::GivenUp] {
        assert!(pace.is_due(&news("run-b", 92, end)), "{end:?}");
    }
}
