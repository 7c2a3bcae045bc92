use super::super::tests::lifecycle as rules;
use super::*;

fn retention() -> Retention {
    serde_json::from_value(serde_json::json!({"recent": "3d", "daily": 14, "weekly": 12, "monthly": 12})).unwrap()
}

#[test]
fn the_rules_that_a_retention_made_tell_it_again() {
    let wanted = retention();
    let known = Fact::Absent;
    let around = Around { policy: "orders", set: "nightly", retention: &wanted, rules: &known };
    let made: Vec<(&str, i32, String)> = retention::tiers(&wanted);
    let made: Vec<(&str, i32)> = made.iter().map(|(tier, days, _)| (*tier, *days)).collect();
    assert_eq!(by_rules(&rules(&made), &around), Some(wanted));
    assert_eq!(by_rules(&rules(&[]), &around), None, "where no rule is there, nothing is promised");
    assert_eq!(by_rules(&rules(&[("daily", 10)]), &around).map(|live| (live.daily, live.weekly, live.recent)), Some((Some(9), None, wanted.recent)));
    let others = Around { set: "hourly", ..around };
    assert_eq!(by_rules(&rules(&made), &others), None, "the rules of another set promise nothing");
}

#[test]
fn each_way_in_which_a_tag_can_be_wrong_has_a_name() {
    let (wanted, known) = (retention(), Fact::Absent);
    let around = Around { policy: "orders", set: "nightly", retention: &wanted, rules: &known };
    let step = |from: Option<&str>, to: Option<&str>| Step {
        set: "nightly".to_owned(),
        id: "20261101T021500Z".to_owned(),
        to: to.map(str::to_owned),
        from: from.map(str::to_owned),
        reason: String::new(),
        until: None,
        keys: Vec::new(),
    };
    let (daily, weekly) = (Some("orders/nightly:daily"), Some("orders/nightly:weekly"));
    let cases = [
        (None, daily, Drift::Missing),
        (weekly, daily, Drift::Wrong),
        (Some("orders/nightly2:daily"), daily, Drift::Foreign),
        (Some("carts/nightly:daily"), None, Drift::Foreign),
        (daily, daily, Drift::Incomplete),
        (None, None, Drift::Incomplete),
        (daily, None, Drift::Kept),
    ];
    for (from, to, said) in cases {
        assert_eq!(drift(&step(from, to), &around), said, "{from:?} → {to:?}");
    }
}
