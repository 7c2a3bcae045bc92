use serde_json::{Value, json};

use super::*;
use crate::evidence::record::{FORMAT, Kind};
use crate::evidence::{Fault, Problem};
use crate::model::fact::Why;
use crate::policy::{self, ConfigFile};

const NOW: &str = "2026-11-22T05:30:00Z";

fn policies() -> Vec<LoadedPolicy> {
    let text = include_str!("../../examples/quickstart/config/policies/orders.yaml");
    let loaded = policy::load(&[ConfigFile { path: "policies/orders.yaml".to_owned(), bytes: text.as_bytes().to_vec() }]);
    assert!(loaded.findings.is_empty(), "{:?}", loaded.findings);
    loaded.policies
}

fn backup(id: &str, complete: bool) -> SeenBackup {
    let at: Timestamp = NOW.parse().unwrap();
    SeenBackup {
        set: "nightly".to_owned(),
        id: id.to_owned(),
        complete,
        told: crate::model::resource::Told::Listed,
        bytes: 100,
        oldest: at,
        newest: at,
        stored: complete.then_some(at),
        keys: std::collections::BTreeMap::new(),
        classes: std::collections::BTreeMap::new(),
        late: std::collections::BTreeMap::new(),
    }
}

fn record(sequence: u64, kind: Kind, at: &str, body: Value) -> (Reference, Record, String) {
    let record = Record {
        format: FORMAT.to_owned(),
        sequence,
        previous: None,
        identity: "job".to_owned(),
        kind,
        at: at.to_owned(),
        tool: String::new(),
        policy: Some("orders".to_owned()),
        policy_digest: None,
        body,
    };
    (Reference { identity: "job".to_owned(), sequence, sha256: "9b1c55d0".to_owned() }, record, "key".to_owned())
}

fn chain(records: Vec<(Reference, Record, String)>) -> Checked {
    Checked { identity: "job".to_owned(), stored: records.len(), records, head: None, problems: Vec::new() }
}

fn drill() -> Value {
    json!({
        "format": "lifeboat.drill/1", "policy": "orders", "drill": "weekly", "set": "nightly", "backup": "20261122T011507Z", "verdict": "passed",
        "checks": [{"id": "content", "title": "content", "outcome": "passed"}], "objectives": {"rtoSeconds": 83}
    })
}

/// The report of these backups and records.
fn of(backups: Fact<Vec<SeenBackup>>, chains: Result<&[Checked], &str>) -> Report {
    let backups = BTreeMap::from([("orders".to_owned(), backups)]);
    report(&Input { now: NOW.parse().unwrap(), policies: &policies(), backups: &backups, repositories: &BTreeMap::new(), evidence: chains })
}

fn good() -> Fact<Vec<SeenBackup>> {
    Fact::Known(vec![backup("20261121T011509Z", true), backup("20261122T011507Z", true), backup("20261122T051507Z", false)])
}

fn drilled(body: Value) -> Report {
    of(good(), Ok(&[chain(vec![record(1, Kind::Drill, "2026-11-22T04:05:00Z", body)])]))
}

#[test]
fn a_measured_policy_passes_and_says_by_which_records() {
    let snapshot =
        json!({"format": "lifeboat.backup/1", "set": "nightly", "backup": "20261122T011507Z", "snapshotAt": "2026-11-22T01:15:10Z", "uploadMillis": 41_500});
    let records = vec![record(1, Kind::Backup, "2026-11-22T01:20:00Z", snapshot), record(2, Kind::Drill, "2026-11-22T04:05:00Z", drill())];
    let report = of(good(), Ok(&[chain(records)]));
    let policy = &report.policies[0];
    assert_eq!(
        (policy.verdict, policy.rpo.verdict, policy.rto.verdict, policy.drills[0].verdict),
        (Verdict::Passed, Verdict::Passed, Verdict::Passed, Verdict::Passed)
    );
    assert_eq!((policy.rpo.measured_seconds, policy.rto.measured_seconds), (Some(4 * 3_600 + 14 * 60 + 50), Some(83)));
    assert_eq!(policy.rpo.evidence.as_deref(), Some("job/000001 sha256:9b1c55d0"));
    assert_eq!(policy.rto.evidence.as_deref(), Some("job/000002 sha256:9b1c55d0"));
    assert_eq!((policy.sets[0].complete, policy.sets[0].incomplete, policy.sets[0].upload_millis), (2, 1, Some(41_500)));
}

#[test]
fn what_is_not_known_is_never_a_pass() {
    let unknown = of(Fact::Unknown(Why::Refused("AccessDenied".to_owned())), Ok(&[]));
    assert_eq!((unknown.policies[0].rpo.verdict, unknown.policies[0].rto.verdict), (Verdict::Unproven, Verdict::Unproven));
    assert_eq!(unknown.policies[0].drills[0].verdict, Verdict::Unproven);
    let unread = of(good(), Err("refused"));
    assert_eq!((unread.policies[0].verdict, unread.policies[0].rto.verdict), (Verdict::Unproven, Verdict::Unproven));
    assert_eq!(of(Fact::Absent, Ok(&[])).policies[0].rpo.verdict, Verdict::Failed, "no bucket holds no backup");
    assert_eq!(of(Fact::Known(vec![backup("20261122T011507Z", false)]), Ok(&[])).policies[0].rpo.verdict, Verdict::Failed, "none is complete");
    assert_eq!(of(Fact::Known(vec![backup("20271122T011507Z", true)]), Ok(&[])).policies[0].rpo.verdict, Verdict::Failed, "one of the future is none");
}

#[test]
fn a_note_is_shown_and_decides_nothing() {
    let mut body = drill();
    body["checks"].as_array_mut().unwrap().push(json!({"id": "materialized-views", "title": "1 view", "outcome": "noted", "detail": "it differs"}));
    let report = drilled(body);
    let drill = &report.drills[0];
    assert_eq!((drill.verdict, drill.passed, drill.checks, drill.failing.len()), (Verdict::Passed, 1, 2, 0));
    assert_eq!(drill.noted.iter().map(|check| check.detail.as_deref()).collect::<Vec<_>>(), [Some("it differs")]);
    assert_eq!(report.policies[0].verdict, Verdict::Passed);
}

/// Each field taken out or spoilt, one at a time: none of them makes a pass.
#[test]
fn a_drill_record_with_anything_missing_does_not_pass() {
    assert_eq!(drilled(drill()).drills[0].verdict, Verdict::Passed);
    for field in ["format", "policy", "verdict", "checks"] {
        for spoilt in [None, Some(Value::Null), Some(json!("PASSED")), Some(json!(["passed"])), Some(json!(1))] {
            let mut body = drill();
            match &spoilt {
                None => drop(body.as_object_mut().unwrap().remove(field)),
                Some(value) => body[field] = value.clone(),
            }
            let report = drilled(body);
            assert_ne!(report.drills[0].verdict, Verdict::Passed, "{field} {spoilt:?}");
            assert_ne!(report.policies[0].verdict, Verdict::Passed, "{field} {spoilt:?}");
        }
    }
    for (outcome, verdict) in [(json!("failed"), Verdict::Failed), (json!("unproven"), Verdict::Unproven), (Value::Null, Verdict::Unproven)] {
        let mut body = drill();
        body["checks"][0]["outcome"] = outcome;
        let report = drilled(body);
        assert_eq!((report.drills[0].verdict, report.drills[0].failing.len()), (verdict, 1));
        assert!(report.drills[0].doubt.as_ref().unwrap().starts_with("it says passed, but"));
    }
    let mut noted = drill();
    noted["verdict"] = json!("noted");
    assert_eq!(drilled(noted).drills[0].verdict, Verdict::Unproven, "a check is noted, a verdict is not");
    let mut unmeasured = drill();
    unmeasured["objectives"] = json!({});
    assert_eq!(drilled(unmeasured).policies[0].rto.verdict, Verdict::Unproven);
    let mut slow = drill();
    slow["objectives"]["rtoSeconds"] = json!(901);
    assert_eq!(drilled(slow).policies[0].rto.verdict, Verdict::Failed);
}

#[test]
fn a_record_with_which_something_is_wrong_is_not_listened_to() {
    let mut foreign = chain(vec![record(1, Kind::Drill, "2026-11-22T04:05:00Z", drill())]);
    foreign.problems.push(Problem { sequence: 1, fault: Fault::OtherIdentity("somebody".to_owned()) });
    let report = of(good(), Ok(&[foreign]));
    assert!(report.drills.is_empty());
    assert_eq!(report.policies[0].rto.verdict, Verdict::Unproven);
}

#[test]
fn the_newest_drill_counts_and_failures_come_first() {
    let mut failed = drill();
    failed["verdict"] = json!("failed");
    let records = |late: &str, early: &str| {
        let (late, early) = if late == "failed" {
            (failed.clone(), drill())
        } else {
            assert_eq!(early, "failed");
            (drill(), failed.clone())
        };
        vec![record(1, Kind::Drill, "2026-11-15T04:05:00Z", early), record(2, Kind::Drill, "2026-11-22T04:05:00Z", late)]
    };
    let report = of(good(), Ok(&[chain(records("passed", "failed"))]));
    assert_eq!(report.policies[0].rto.verdict, Verdict::Passed);
    let order: Vec<_> = report.drills.iter().map(|drill| (drill.verdict, drill.latest)).collect();
    assert_eq!(order, [(Verdict::Failed, false), (Verdict::Passed, true)]);
    let report = of(good(), Ok(&[chain(records("failed", "passed"))]));
    assert_eq!((report.policies[0].rto.verdict, report.policies[0].verdict), (Verdict::Failed, Verdict::Failed));
}

#[test]
fn a_pass_of_an_older_backup_does_not_mend_a_newer_one() {
    let (newer, older) = ("20261122T011507Z", "20261121T011509Z");
    let standing = |runs: &[(&str, &str)]| {
        let record = |(at, (backup, verdict)): (usize, &(&str, &str))| {
            let mut body = drill();
            (body["backup"], body["verdict"], body["checks"][0]["outcome"]) = (json!(backup), json!(verdict), json!(verdict));
            record(at as u64 + 1, Kind::Drill, &format!("2026-11-22T0{}:00:00Z", at + 2), body)
        };
        let records = runs.iter().enumerate().map(record).collect();
        let of_drill = of(good(), Ok(&[chain(records)])).policies[0].drills[0].clone();
        (of_drill.verdict, of_drill.at.unwrap(), of_drill.passed_at)
    };
    let at = |hour: usize| format!("2026-11-22T0{hour}:00:00Z");
    assert_eq!(standing(&[(older, "passed"), (newer, "failed"), (older, "passed")]), (Verdict::Failed, at(3), Some(at(2))));
    assert_eq!(standing(&[(newer, "failed"), (older, "passed"), (older, "unproven")]), (Verdict::Unproven, at(4), None), "what is not proven stays so");
    assert_eq!(standing(&[(older, "failed"), (newer, "passed")]), (Verdict::Passed, at(3), Some(at(3))), "a newer one does");
    assert_eq!(standing(&[(newer, "failed"), (older, "passed"), (newer, "passed")]), (Verdict::Passed, at(4), Some(at(4))));
}

#[test]
fn a_drill_that_is_overdue_no_longer_proves() {
    let report = of(good(), Ok(&[chain(vec![record(1, Kind::Drill, "2026-10-22T04:05:00Z", drill())])]));
    let standing = &report.policies[0].drills[0];
    assert_eq!(standing.verdict, Verdict::Unproven);
    assert!(standing.sentence.starts_with("it passed 31 d ago, and is overdue by 2"), "{}", standing.sentence);
}

#[test]
fn a_drill_of_several_sets_stands_as_its_worst_one() {
    let mut policies = policies();
    let spec = &mut policies[0].policy.spec;
    let mut sets = serde_json::to_value(&spec.backups).unwrap();
    sets["hourly"] = sets["nightly"].clone();
    spec.backups = serde_json::from_value(sets).unwrap();
    spec.drills.values_mut().next().unwrap().backups.push(crate::model::policy::Name("hourly".to_owned()));
    let of = |records: Vec<(&str, &str, &str)>| {
        let seen = BTreeMap::from([("orders".to_owned(), good())]);
        let record = |(at, (when, set, verdict)): (usize, (&str, &str, &str))| {
            let mut body = drill();
            (body["set"], body["verdict"], body["checks"][0]["outcome"]) = (json!(set), json!(verdict), json!(verdict));
            record(at as u64 + 1, Kind::Drill, when, body)
        };
        let chain = chain(records.into_iter().enumerate().map(record).collect());
        let input = Input { now: NOW.parse().unwrap(), policies: &policies, backups: &seen, repositories: &Repositories::new(), evidence: Ok(&[chain]) };
        report(&input).policies[0].drills[0].clone()
    };
    let (first, later) = ("2026-11-22T04:00:00Z", "2026-11-22T04:05:00Z");
    let standing = of(vec![(first, "nightly", "failed"), (later, "hourly", "passed")]);
    assert_eq!((standing.verdict, standing.at.as_deref(), standing.passed_at), (Verdict::Failed, Some(first), None));
    let standing = of(vec![(later, "hourly", "passed")]);
    assert_eq!((standing.verdict, standing.sentence.as_str()), (Verdict::Unproven, "nightly: it left no record: it never ran, or its records are gone"));
    let standing = of(vec![(first, "nightly", "passed"), (later, "hourly", "passed")]);
    assert_eq!((standing.verdict, standing.passed_at.as_deref()), (Verdict::Passed, Some(first)));
}
