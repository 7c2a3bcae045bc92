use jiff::Timestamp;

use super::{blind, listed};
use crate::model::aspects::Versioning;
use crate::policy::{self, ConfigFile};
use crate::ports::VersionInfo;

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// One object with its versions, the newest first: when, and whether it is a delete marker.
fn stack(key: &str, versions: &[(&str, bool)]) -> Vec<VersionInfo> {
    let of = |(at, (when, marker)): (usize, &(&str, bool))| VersionInfo {
        key: format!("orders/nightly/{key}"),
        id: at.to_string(),
        marker: *marker,
        latest: at == 0,
        bytes: if *marker { 0 } else { 7 },
        modified: time(when),
    };
    versions.iter().enumerate().map(of).collect()
}

#[test]
fn what_expired_since_was_there_then() {
    let versions = [
        stack("20261101T010000Z/dump", &[("2026-11-20T00:00:00Z", true), ("2026-11-01T01:00:00Z", false)]),
        stack("20261101T010000Z/manifest.json", &[("2026-11-21T00:00:00Z", true), ("2026-11-01T01:05:00Z", false)]),
        stack("20261110T010000Z/manifest.json", &[("2026-11-10T01:05:00Z", false)]),
    ]
    .concat();
    let at = |moment: &str| -> Vec<(String, bool, u64)> {
        listed(&versions, "orders/", time(moment)).into_iter().map(|backup| (backup.id, backup.complete, backup.bytes)).collect()
    };
    let (old, new) = (("20261101T010000Z".to_owned(), true, 14), ("20261110T010000Z".to_owned(), true, 7));
    assert_eq!(at("2026-10-31T00:00:00Z"), []);
    assert_eq!(at("2026-11-01T01:02:00Z"), [("20261101T010000Z".to_owned(), false, 7)], "begun, and not yet whole");
    assert_eq!(at("2026-11-01T01:05:00Z"), std::slice::from_ref(&old));
    assert_eq!(at("2026-11-15T00:00:00Z"), [old, new.clone()]);
    assert_eq!(at("2026-11-20T12:00:00Z").len(), 2);
    assert_eq!(at("2026-11-22T00:00:00Z"), [new]);
}

#[test]
fn what_cannot_be_known_any_more_is_said() {
    let text = include_str!("../../../examples/quickstart/config/policies/orders.yaml");
    let loaded = policy::load(&[ConfigFile { path: "policies/orders.yaml".to_owned(), bytes: text.as_bytes().to_vec() }]);
    let storage = &loaded.policies[0].policy.spec.storage;
    let said = |versioning, at: &str| blind("orders", storage, versioning, time(at), time("2026-11-22T00:00:00Z"));
    assert_eq!(said(Some(Versioning::Enabled), "2026-11-20T00:00:00Z"), None);
    let far = said(Some(Versioning::Enabled), "2026-01-01T00:00:00Z").unwrap();
    assert!(far.starts_with("orders: versions are kept ") && far.ends_with("is not seen any more"), "{far}");
    for none in [None, Some(Versioning::Suspended)] {
        assert!(said(none, "2026-11-20T00:00:00Z").unwrap().contains("keeps no versions"));
    }
}
