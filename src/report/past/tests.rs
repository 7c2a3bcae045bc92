use jiff::Timestamp;

use super::{blind, listed, repository, untold};
use crate::catalog::physical::{Engine, Place};
use crate::model::aspects::Versioning;
use crate::model::lifecycle::{Lifecycle, Noncurrent, Rule, Tag};
use crate::plan::tests::cleanup;
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
    for (none, why) in [(None, "keeps no versions"), (Some(Versioning::Suspended), "is suspended")] {
        assert!(said(none, "2026-11-20T00:00:00Z").unwrap().contains(why));
    }
}

/// One object of a repository, as [`stack`] has those of backups.
fn of_repository(key: &str, versions: &[(&str, bool)]) -> Vec<VersionInfo> {
    stack("", versions).into_iter().map(|version| VersionInfo { key: format!("orders/pg/{key}"), ..version }).collect()
}

#[test]
fn a_repository_is_told_by_the_versions_of_then() {
    let place = Place { engine: Engine::Pgbackrest, base: "orders/pg/".to_owned(), name: "main".to_owned() };
    let manifest = of_repository("backup/main/20261101-010000F/backup.manifest", &[("2026-11-20T00:00:00Z", true), ("2026-11-01T01:00:00Z", false)]);
    let list = of_repository("backup/main/backup.info", &[("2026-11-20T00:00:00Z", false), ("2026-11-10T00:00:00Z", false), ("2026-11-01T01:00:05Z", false)]);
    let other = of_repository("backup/other/backup.info", &[("2026-11-01T01:00:00Z", false)]);
    let at = |versions: &[VersionInfo], moment: &str| -> Result<Vec<(String, String)>, String> {
        let then = repository(&place, versions, time(moment))?;
        Ok(then.into_iter().map(|version| (version.key.rsplit('/').next().unwrap().to_owned(), version.id.clone())).collect())
    };
    let named = |of: &[(&str, &str)]| Ok(of.iter().map(|(key, id)| ((*key).to_owned(), (*id).to_owned())).collect());
    let all = [manifest.clone(), list, other].concat();
    assert_eq!(at(&all, "2026-11-15T00:00:00Z"), named(&[("backup.manifest", "1"), ("backup.info", "1")]));
    assert_eq!(at(&all, "2026-11-09T00:00:00Z"), named(&[("backup.manifest", "1"), ("backup.info", "2")]));
    assert_eq!(at(&all, "2026-11-21T00:00:00Z"), named(&[("backup.info", "0")]));
    assert_eq!(at(&all, "2026-10-01T00:00:00Z"), named(&[]), "there was nothing");
    // A list of which only younger versions are left told something then that nobody knows any more.
    let young = of_repository("backup/main/backup.info", &[("2026-11-20T00:00:00Z", false)]);
    for list in [young, Vec::new()] {
        let why = at(&[manifest.clone(), list].concat(), "2026-11-15T00:00:00Z").unwrap_err();
        assert!(why.starts_with("no version of orders/pg/backup/main/backup.info from then is left"), "{why}");
    }
    // Its copy is as good, and one that was deleted then is no secret.
    let copy = of_repository("backup/main/backup.info.copy", &[("2026-11-01T01:00:05Z", false)]);
    assert_eq!(at(&[manifest.clone(), copy].concat(), "2026-11-15T00:00:00Z"), named(&[("backup.manifest", "1"), ("backup.info.copy", "0")]));
    let deleted = of_repository("backup/main/backup.info", &[("2026-11-10T00:00:00Z", true)]);
    assert_eq!(at(&[manifest, deleted].concat(), "2026-11-15T00:00:00Z"), named(&[("backup.manifest", "1")]));
}

#[test]
fn a_repository_is_not_known_where_something_may_have_left_no_trace() {
    let loaded = policy::load(&[ConfigFile {
        path: "policies/orders.yaml".to_owned(),
        bytes: include_bytes!("../../../examples/quickstart/config/policies/orders.yaml").to_vec(),
    }]);
    let storage = &loaded.policies[0].policy.spec.storage;
    assert_eq!(storage.noncurrent.keep_days, 30);
    let place = Place { engine: Engine::WalG, base: "orders/pg/".to_owned(), name: String::new() };
    let said = |versioning, rules: Vec<Rule>, at: &str| {
        untold(&place, storage, &(Lifecycle { rules, minimum_size: None }, versioning), time(at), time("2026-11-22T00:00:00Z"))
    };
    let on = Some(Versioning::Enabled);
    assert_eq!(said(on, Vec::new(), "2026-10-23T00:00:00Z"), None, "30 days");
    let far = said(on, Vec::new(), "2026-10-22T23:59:59Z").unwrap();
    assert_eq!(far, "versions are kept 30 d, so what was overwritten or deleted before 2026-10-23 left no trace");
    for (none, why) in [(None, "keeps no versions"), (Some(Versioning::Suspended), "is suspended")] {
        assert!(said(none, Vec::new(), "2026-11-21T00:00:00Z").unwrap().contains(why));
    }
    // A live rule that takes them earlier counts, where it meets the repository.
    let rule = |prefix: &str| Rule { noncurrent: Some(Noncurrent { days: 7, keep_newer: None }), ..cleanup("theirs", prefix, 999) };
    for prefix in ["", "orders/", "orders/pg/wal_005/00000001"] {
        assert_eq!(said(on, vec![rule(prefix)], "2026-11-15T00:00:00Z"), None, "{prefix}");
        assert!(said(on, vec![rule(prefix)], "2026-11-14T23:59:59Z").unwrap().starts_with("versions are kept 7 d"), "{prefix}");
    }
    let mut others = [rule("orders/nightly/"), Rule { enabled: false, ..rule("") }, rule("")];
    others[2].filter.tags = vec![Tag::release("orders/nightly:recent")];
    assert_eq!(said(on, others.to_vec(), "2026-11-10T00:00:00Z"), None);
}
