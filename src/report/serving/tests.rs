use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::json;

use super::{following, hidden, nearest, rate};
use crate::catalog::backups::{Backup, Facts, State};
use crate::catalog::retention::Holding;
use crate::evidence::record::{FORMAT, Kind};
use crate::evidence::{Record, Reference};
use crate::model::fact::Fact;
use crate::model::resource::SeenBackup;
use crate::ports::VersionInfo;

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A backup whose snapshot is three minutes after it was begun; without facts where it is not complete.
fn backup(set: &str, id: &str, state: State) -> Backup {
    let begun = crate::catalog::layout::id_time(id).unwrap();
    let facts = Facts {
        engine: "pg_dump".to_owned(),
        server_version: 150_018,
        snapshot: Timestamp::from_second(begun.as_second() + 180).unwrap(),
        databases: vec!["shop".to_owned()],
        rows: 1,
        holding: Holding::default(),
        digest: String::new(),
        newest: begun,
    };
    let seen = SeenBackup {
        set: set.to_owned(),
        id: id.to_owned(),
        complete: !matches!(state, State::Running | State::Abandoned),
        told: crate::model::resource::Told::Listed,
        bytes: 1,
        oldest: begun,
        newest: begun,
        stored: Some(begun),
        keys: BTreeMap::new(),
        late: BTreeMap::new(),
        classes: BTreeMap::new(),
    };
    let facts = (state == State::Complete).then_some(facts);
    Backup { seen, state, why: None, facts, tags: Fact::Absent, marks: BTreeMap::new(), notes: Vec::new() }
}

#[test]
fn the_nearest_is_the_newest_whose_snapshot_is_not_after_the_moment() {
    let backups = [
        backup("nightly", "20261120T010000Z", State::Complete),
        backup("nightly", "20261121T010000Z", State::Complete),
        backup("nightly", "20261121T020000Z", State::Partial),
        backup("nightly", "20261121T030000Z", State::Abandoned),
        backup("nightly", "20261121T040000Z", State::Refused),
        backup("weekly", "20261121T050000Z", State::Complete),
        backup("nightly", "20261122T010000Z", State::Complete),
    ];
    let ids = |at: &str| nearest(&backups, "nightly", time(at)).into_iter().map(|(_, backup)| backup.seen.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids("2026-11-21T12:00:00Z"), ["20261121T010000Z", "20261120T010000Z"]);
    // Begun before the moment, but its snapshot is after it.
    assert_eq!(ids("2026-11-21T01:02:59Z"), ["20261120T010000Z"]);
    assert_eq!(ids("2026-11-21T01:03:00Z"), ["20261121T010000Z", "20261120T010000Z"]);
    assert_eq!(ids("2026-11-20T00:59:59Z"), Vec::<String>::new());
    assert_eq!(following(&backups, "nightly", time("2026-11-21T12:00:00Z")).map(|(at, _)| at), Some(time("2026-11-22T01:03:00Z")));
    assert!(following(&backups, "nightly", time("2026-11-22T12:00:00Z")).is_none());
}

fn version(key: &str, marker: bool, latest: bool) -> VersionInfo {
    VersionInfo { key: key.to_owned(), id: "1".to_owned(), marker, latest, bytes: 1, modified: time("2026-11-22T00:00:00Z") }
}

#[test]
fn an_expired_backup_is_offered_only_while_all_of_it_is_there() {
    let below = "orders/nightly/";
    let gone = |id: &str, name: &str, left: bool| {
        let key = format!("{below}{id}/{name}");
        let mut out = vec![version(&key, true, true)];
        out.extend(left.then(|| version(&key, false, false)));
        out
    };
    let there = |id: &str, name: &str| vec![version(&format!("{below}{id}/{name}"), false, true)];
    let versions = [
        gone("20261101T010000Z", "manifest.json", true),
        gone("20261101T010000Z", "shop.dump.zst", true),
        gone("20261102T010000Z", "manifest.json", true),
        gone("20261102T010000Z", "shop.dump.zst", false),
        gone("20261103T010000Z", "manifest.json", false),
        there("20261104T010000Z", "manifest.json"),
        there("20261105T010000Z", "manifest.json"),
        gone("20261105T010000Z", "shop.dump.zst", true),
        there("notes", "manifest.json"),
    ]
    .concat();
    let found = |from: Option<&str>, at: &str| -> Vec<(String, bool)> {
        hidden(&versions, below, from.map(time), time(at)).into_iter().map(|hidden| (hidden.id, hidden.whole)).collect()
    };
    let all = [("20261105T010000Z".to_owned(), true), ("20261102T010000Z".to_owned(), false), ("20261101T010000Z".to_owned(), true)];
    assert_eq!(found(None, "2026-11-22T00:00:00Z"), all);
    assert_eq!(found(None, "2026-11-02T00:00:00Z"), all[2..]);
    assert_eq!(found(Some("2026-11-01T01:00:00Z"), "2026-11-22T00:00:00Z"), all[..2]);
}

#[test]
fn the_rate_is_that_of_the_newest_that_passed_of_the_set_before_others() {
    let record = |at: &str, kind: Kind, body: serde_json::Value| Record {
        format: FORMAT.to_owned(),
        sequence: 1,
        previous: None,
        identity: "job".to_owned(),
        kind,
        at: at.to_owned(),
        tool: String::new(),
        policy: Some("orders".to_owned()),
        policy_digest: None,
        body,
    };
    let drill = |set: &str, verdict: &str, bytes: u64| {
        let phases = json!([{"name": "fetch", "millis": 500}, {"name": "provision", "millis": 9_000}, {"name": "restore", "millis": 1_000}, {"name": "check", "millis": 500}]);
        json!({"set": set, "verdict": verdict, "bytes": bytes, "phases": phases})
    };
    let restored = json!({"verdict": "passed", "plan": {"set": "nightly", "bytes": 4_000}, "phases": [{"name": "restore", "millis": 1_000}]});
    let reference = Reference { identity: "job".to_owned(), sequence: 1, sha256: "9b1c55d0".to_owned() };
    let of = |records: &[Record], set: &str| {
        let proofs: Vec<_> = records.iter().map(|record| (&reference, record)).collect();
        rate(&proofs, "orders", set).map(|rate| (rate.by, rate.bytes, rate.millis, rate.millis_of(6_000)))
    };
    let records = [
        record("2026-11-20T00:00:00Z", Kind::Drill, drill("nightly", "passed", 2_000)),
        record("2026-11-21T00:00:00Z", Kind::Drill, drill("nightly", "failed", 1)),
        record("2026-11-22T00:00:00Z", Kind::Drill, drill("weekly", "passed", 1_000)),
    ];
    assert_eq!(of(&records, "nightly"), Some(("drill", 2_000, 2_000, 6_000)));
    assert_eq!(of(&records, "hourly"), Some(("drill", 1_000, 2_000, 12_000)));
    assert_eq!(of(&[record("2026-11-23T00:00:00Z", Kind::Restore, restored)], "nightly"), Some(("restore", 4_000, 1_000, 1_500)));
    assert_eq!(of(&[record("2026-11-23T00:00:00Z", Kind::Drill, drill("nightly", "passed", 0))], "nightly"), None);
    assert_eq!(of(&records[1..2], "nightly"), None);
}
