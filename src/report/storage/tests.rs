use std::collections::BTreeMap;

use super::{Listed, Storage, storage};
use crate::catalog::prices::Prices;
use crate::model::fact::{Fact, Why};
use crate::model::resource::SeenBackup;
use crate::plan::tests::{POLICY, backup};
use crate::policy::{self, ConfigFile, LoadedPolicy};

fn policies(changes: &[(&str, &str)]) -> Vec<LoadedPolicy> {
    let text = changes.iter().fold(POLICY.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    });
    let loaded = policy::load(&[ConfigFile { path: "policies/orders.yaml".to_owned(), bytes: text.into_bytes() }]);
    assert!(loaded.findings.is_empty(), "{:?}", loaded.findings);
    loaded.policies
}

/// Prices that nobody publishes, so that none is taken from elsewhere.
fn prices(date: &str) -> Prices {
    let text = r#"{"format":"lifeboat.prices/1","currency":"USD","regions":{"eu-west-1":{"date":"DATE","source":"a test","classes":{
        "STANDARD":{"storage":"0.5"},"GLACIER":{"storage":"0.25"}}}}}"#;
    Prices { only_aws: true, ..Prices::parse(&text.replace("DATE", date)).unwrap() }
}

fn listed(backups: Vec<SeenBackup>) -> BTreeMap<String, Fact<Vec<SeenBackup>>> {
    BTreeMap::from([("orders".to_owned(), Fact::Known(backups))])
}

fn two() -> Vec<SeenBackup> {
    let mut cold = backup("20261119T011500Z", (4 << 30) - (32 << 10), "2026-11-19T01:15:00Z");
    cold.classes.insert(cold.keys.keys().next().unwrap().clone(), "GLACIER".to_owned());
    vec![backup("20261120T011500Z", 1 << 30, "2026-11-20T01:15:00Z"), cold]
}

fn of(policies: &[LoadedPolicy], backups: &BTreeMap<String, Fact<Vec<SeenBackup>>>, prices: &Prices) -> Storage {
    let listed = Listed { backups, stored: &BTreeMap::new() };
    storage(policies, listed, prices, "2026-11-23T12:00:00Z".parse().unwrap())
}

#[test]
fn each_class_is_counted_by_its_own_price() {
    let said = of(&policies(&[]), &listed(two()), &prices("2026-08-01"));
    // 1 GiB at 0.5, 4 GiB at 0.25 with what an archived object holds besides, 8 KiB of which at 0.5.
    assert_eq!((said.monthly.as_deref(), said.monthly_text.as_deref()), (Some("1.500004"), Some("$1.50")));
    let classes: Vec<_> = said.classes.iter().map(|class| (class.class.as_str(), class.objects, class.bytes)).collect();
    assert_eq!(classes, [("STANDARD", 1, 1 << 30), ("GLACIER", 1, (4 << 30) - (32 << 10))]);
    assert_eq!((said.policies.len(), said.policies[0].monthly.as_deref(), said.notes.len()), (1, Some("1.500004"), 0));
    assert_eq!((said.prices[0].region.as_str(), said.prices[0].date.as_str(), said.prices[0].old), ("eu-west-1", "2026-08-01", false));
    assert!(of(&policies(&[]), &listed(two()), &prices("2025-11-22")).prices[0].old);
}

#[test]
fn what_has_no_price_is_named_and_what_was_not_listed_is_not_counted() {
    let mut odd = two();
    let key = odd[0].keys.keys().next().unwrap().clone();
    odd[0].classes.insert(key, "INTELLIGENT_TIERING".to_owned());
    let said = of(&policies(&[]), &listed(odd.clone()), &prices("2026-08-01"));
    assert_eq!(
        (said.monthly.as_deref(), said.notes.as_slice()),
        (Some("1.000004"), &["storage in INTELLIGENT_TIERING has no price: not in the cost of orders".to_owned()][..])
    );
    odd.truncate(1);
    let said = of(&policies(&[]), &listed(odd), &prices("2026-08-01"));
    assert_eq!((said.monthly, said.policies[0].monthly.clone()), (None, None), "not free");
    let elsewhere = policies(&[("region: eu-west-1", "region: eu-south-9")]);
    let said = of(&elsewhere, &listed(two()), &prices("2026-08-01"));
    assert_eq!((said.monthly, said.notes.as_slice()), (None, &["the prices of eu-south-9 are not known: not in the cost of orders".to_owned()][..]));
    let unknown = BTreeMap::from([("orders".to_owned(), Fact::Unknown(Why::NotAsked))]);
    let said = of(&policies(&[]), &unknown, &prices("2026-08-01"));
    assert_eq!((said.monthly.as_deref(), said.policies.len()), (None, 0));
    let unknown: Vec<_> = said.unknown.iter().map(|one| (one.policy.as_str(), one.why.as_str())).collect();
    assert_eq!(unknown, [("orders", "not asked (--offline)")]);
    assert_eq!(said.notes, ["what lies there of orders is not known, and not counted: not asked (--offline)"]);
    let nothing = of(&policies(&[]), &listed(Vec::new()), &prices("2026-08-01"));
    assert_eq!(nothing.monthly.as_deref(), Some("0.000000"), "nothing costs nothing");
}
