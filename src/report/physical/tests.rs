use std::collections::BTreeMap;

use jiff::Timestamp;

use super::super::expected::Era;
use super::*;
use crate::catalog::physical::{self, Listed, Place};
use crate::evidence::Checked;
use crate::model::fact::Why;
use crate::policy::{ConfigFile, LoadedPolicy, load};
use crate::report::{Report, Verdict, report};

const QUICKSTART: &str = include_str!("../../../examples/quickstart/config/policies/orders.yaml");
const NOW: &str = "2026-11-22T12:00:00Z";

/// The quickstart policy with a physical set, and without its own one where `alone` says so.
fn policies(set: &str, alone: bool) -> Vec<LoadedPolicy> {
    let (before, rest) = QUICKSTART.split_once("  backups:\n").unwrap();
    let (own, after) = rest.split_once("  access:\n").unwrap();
    let (access, _) = after.split_once("  drills:\n").unwrap();
    let own = if alone { "" } else { own };
    let text = format!("{before}  backups:\n{own}    physical: {{{set}}}\n  access:\n{access}");
    let loaded = load(&[ConfigFile { path: "policies/orders.yaml".to_owned(), bytes: text.into_bytes() }]);
    assert!(loaded.findings.is_empty(), "{:?}", loaded.findings);
    loaded.policies
}

const SET: &str = "engine: wal-g, prefix: pg/, objectives: {rpo: 5m}, window: 1d, wal: {maxLag: 10m}, schedule: {full: \"0 1 * * *\"}, maxDuration: 1h";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn ago(minutes: i64) -> Timestamp {
    Timestamp::from_second(now().as_second() - 60 * minutes).unwrap()
}

/// Full backups that ended so many minutes ago, one segment a minute from the first one to `archived` minutes ago, without those that are lost.
fn repository(ended: &[i64], archived: i64, lost: &[i64]) -> Repository {
    let oldest = ended.iter().copied().max().unwrap();
    let segment = |at: i64| format!("00000001{:08X}{:08X}", (oldest - at) / 256, (oldest - at) % 256);
    let (mut listing, mut metadata) = (Vec::new(), Vec::new());
    for at in (archived..=oldest).filter(|at| !lost.contains(at)) {
        listing.push((format!("orders/pg/wal_005/{}.br", segment(at)), 1, ago(at)));
    }
    for at in ended {
        let finish = u64::try_from(oldest - at).unwrap() * (16 << 20) + 9;
        let name = format!("orders/pg/basebackups_005/base_{}", segment(*at));
        listing.push((format!("{name}/tar_partitions/part_001.tar.br"), 100, ago(*at)));
        listing.push((format!("{name}_backup_stop_sentinel.json"), 100, ago(*at)));
        metadata
            .push((format!("{name}_backup_stop_sentinel.json"), Ok(format!("{{\"LSN\": 1, \"FinishLSN\": {finish}, \"PgVersion\": 150018}}").into_bytes())));
    }
    let listing: Vec<Listed<'_>> = listing.iter().map(|(key, bytes, at)| (key.as_str(), *bytes, *at)).collect();
    physical::read(&Place { engine: physical::Engine::WalG, base: "orders/pg/".to_owned(), name: String::new() }, &listing, &metadata)
}

fn reported(policies: &[LoadedPolicy], found: Fact<Repository>) -> (Report, Standing) {
    told(policies, found, None)
}

/// The same where the policies lie in git.
fn told(policies: &[LoadedPolicy], found: Fact<Repository>, history: Option<&History>) -> (Report, Standing) {
    let repositories = BTreeMap::from([(("orders".to_owned(), "physical".to_owned()), found)]);
    let backups = BTreeMap::from([("orders".to_owned(), Fact::Known(Vec::new()))]);
    let evidence: &[Checked] = &[];
    let input = Input { now: now(), policies, backups: &backups, repositories: &repositories, evidence: Ok(evidence) };
    let report = report(&input);
    let standing = Standing {
        rto: crate::report::Objective {
            verdict: crate::report::Verdict::Passed,
            limit_seconds: 900,
            measured_seconds: None,
            at: None,
            evidence: None,
            sentence: String::new(),
        },
        rehearsals: Vec::new(),
        policy: "orders".to_owned(),
        rpo: report.policies[0].rpo.clone(),
        drills: None,
        verified_at: None,
        points: 0,
        bytes: 0,
        oldest: None,
        newest: None,
        sets: Vec::new(),
        unknown: None,
    };
    (report, added(standing, &policies[0], &input, Seen::Now, history))
}

/// The only set of a standing, and its archive.
fn one(standing: &Standing) -> (&SetStanding, &Pitr) {
    (&standing.sets[0], standing.sets[0].pitr.as_ref().unwrap())
}

const DAY: i64 = 1_440;

#[test]
fn the_newest_moment_is_that_of_the_wal_and_counts_for_the_whole_cluster() {
    for alone in [true, false] {
        let policies = policies(SET, alone);
        let (report, standing) = reported(&policies, Fact::Known(repository(&[2 * DAY + 650, DAY + 650, 650], 2, &[])));
        let (set, pitr) = one(&standing);
        assert_eq!((pitr.lag_seconds, pitr.max_lag_seconds, pitr.is_kept), (Some(120), Some(300), true), "{pitr:?}");
        assert_eq!((set.points, set.newest.as_deref(), set.missed.as_slice(), set.gaps.as_slice()), (3, Some("2026-11-22T11:58:00Z"), &[][..], &[][..]));
        assert_eq!(standing.oldest.as_deref(), Some("2026-11-20T01:10:00Z"));
        assert_eq!((report.policies[0].rpo.verdict, report.policies[0].rpo.measured_seconds), (Verdict::Passed, Some(120)), "{:?}", report.policies[0].rpo);
        assert!(standing.is_kept());
    }
}

#[test]
fn an_archive_that_stands_still_is_not_kept() {
    for (archived, kept) in [(5, true), (6, false)] {
        let (_, standing) = reported(&policies(SET, false), Fact::Known(repository(&[650], archived, &[])));
        let pitr = one(&standing).1;
        assert_eq!((pitr.is_kept, standing.is_kept()), (kept, kept), "{pitr:?}");
        assert_eq!(pitr.sentence.is_some(), !kept);
    }
    let unlimited = SET.replace("objectives: {rpo: 5m}, ", "").replace("wal: {maxLag: 10m}, ", "");
    let (_, standing) = reported(&policies(&unlimited, false), Fact::Known(repository(&[650], 60, &[])));
    assert!(one(&standing).1.is_kept, "nothing was promised");
}

#[test]
fn a_gap_is_told_and_breaks_the_promise_of_the_window_only_inside_of_it() {
    let of = |lost: &[i64]| reported(&policies(SET, false), Fact::Known(repository(&[3 * DAY, 2 * DAY, 650], 2, lost))).1;
    let inside = of(&[1000]);
    assert_eq!(one(&inside).0.gaps, [GapStanding { from: text(ago(1001)), to: text(ago(650)) }]);
    assert!(!one(&inside).1.is_kept);
    let before = of(&[2 * DAY + 100]);
    assert_eq!((one(&before).0.gaps.len(), one(&before).1.is_kept), (1, true), "two days ago, and a window of one day");
    let behind = of(&[100]);
    assert_eq!(one(&behind).0.gaps, [GapStanding { from: text(ago(101)), to: NOW.to_owned() }], "no backup behind it");
    assert_eq!((one(&behind).1.lag_seconds, one(&behind).1.is_kept), (Some(101 * 60), false), "what lies behind a gap cannot be replayed");
}

#[test]
fn what_the_engine_left_out_is_missed() {
    let standing = reported(&policies(SET, false), Fact::Known(repository(&[3 * DAY + 650, DAY + 650, 650], 2, &[]))).1;
    assert_eq!(one(&standing).0.missed, ["2026-11-20T01:00:00Z"]);
    assert_eq!(one(&standing).1.missed_full, ["2026-11-20T01:00:00Z"], "WAL-G takes full backups");
    let (ended, newest) = (Some("2026-11-22T01:10:00Z"), Some("2026-11-22T11:58:00Z"));
    assert_eq!((one(&standing).1.last_backup.as_deref(), one(&standing).1.last_full.as_deref(), one(&standing).0.last()), (ended, ended, ended));
    assert_eq!(one(&standing).0.newest.as_deref(), newest, "the newest moment is that of the WAL");
    assert_eq!(one(&standing).0.next.as_deref(), Some("2026-11-23T01:00:00Z"));
}

#[test]
fn runs_of_each_kind_are_expected_by_the_schedule_of_their_time() {
    let found = || Fact::Known(repository(&[3 * DAY + 650, DAY + 650, 650], 2, &[]));
    let wanted = |set: &str| {
        let policies = policies(set, false);
        let spec = &policies[0].policy.spec;
        Wanted::physical(&spec.storage, spec.backups.physical.values().next().unwrap())
    };
    let era = |from: &str, wanted: Option<Wanted>| Era { from: from.parse().unwrap(), wanted };
    let missed = |eras: Vec<Era>| {
        let history = History::from([(("orders".to_owned(), "physical".to_owned()), eras)]);
        let standing = told(&policies(SET, false), found(), Some(&history)).1;
        (one(&standing).0.missed.clone(), one(&standing).1.missed_full.clone())
    };
    let daily = || Some(wanted(SET));
    let both = |moments: &[&str]| -> (Vec<String>, Vec<String>) {
        let moments: Vec<String> = moments.iter().map(|at| (*at).to_owned()).collect();
        (moments.clone(), moments)
    };
    assert_eq!(missed(vec![era("2026-11-01T00:00:00Z", daily())]).0.len(), 4, "of seven nights three have a backup, and no backup came before the first");
    // Since the 21st every night; before that on Thursdays, which was the 19th.
    let weekly = || Some(wanted(&SET.replace("0 1 * * *", "0 1 * * 4")));
    assert_eq!(missed(vec![era("2026-11-17T00:00:00Z", weekly()), era("2026-11-21T00:00:00Z", daily())]), both(&[]));
    assert_eq!(missed(vec![era("2026-11-17T00:00:00Z", weekly()), era("2026-11-20T00:00:00Z", daily())]), both(&["2026-11-20T01:00:00Z"]));
    // A slot that any backup filled then is not one that only a full one fills today.
    let hourly = Some(wanted(&SET.replace("{full: \"0 1 * * *\"", "{full: \"0 1 * * 4\", incremental: \"0 2 * * *\"")));
    let (any, full) = missed(vec![era("2026-11-18T20:00:00Z", hourly), era("2026-11-20T12:00:00Z", daily())]);
    assert_eq!((any, full), (vec!["2026-11-20T02:00:00Z".to_owned(), "2026-11-19T02:00:00Z".to_owned()], Vec::new()));
    // While it was out of the policy, lay elsewhere, or was a set of another kind, nothing of it is looked for.
    let moved = Some(wanted(&SET.replace("prefix: pg/", "prefix: walg/")));
    let dumped = Some(Wanted { place: None, ..wanted(SET) });
    for other in [None, moved, dumped] {
        assert_eq!(missed(vec![era("2026-11-17T00:00:00Z", other), era("2026-11-21T00:00:00Z", daily())]), both(&[]));
    }
    assert_eq!(missed(Vec::new()), both(&[]), "not committed yet");
    let standing = told(&policies(SET, false), found(), None).1;
    assert_eq!(one(&standing).0.missed, ["2026-11-20T01:00:00Z"], "no history at hand: by today's, from the first backup on");
}

#[test]
fn what_is_not_there_or_not_read_is_not_kept() {
    let why = Why::Refused("no".to_owned());
    let cases = [
        (Fact::Absent, Verdict::Failed, "there is no such bucket"),
        (Fact::Unknown(why), Verdict::Unproven, "could not be listed"),
        (
            Fact::Known(physical::read(&Place { engine: physical::Engine::WalG, base: String::new(), name: String::new() }, &[], &[])),
            Verdict::Failed,
            "no complete backup",
        ),
    ];
    for (found, verdict, said) in cases {
        let (report, standing) = reported(&policies(SET, true), found);
        let pitr = one(&standing).1;
        assert!(!pitr.is_kept && pitr.sentence.as_deref().unwrap().contains(said), "{pitr:?}");
        assert_eq!(pitr.unknown.is_some(), verdict == Verdict::Unproven, "{pitr:?}");
        assert_eq!(report.policies[0].rpo.verdict, verdict, "{:?}", report.policies[0].rpo);
    }
}

#[test]
fn a_repository_that_cannot_be_read_is_unknown_and_not_empty() {
    let place = Place { engine: physical::Engine::Pgbackrest, base: "orders/pg/".to_owned(), name: "main".to_owned() };
    let key = "orders/pg/backup/main/backup.info";
    let found = physical::read(&place, &[(key, 9, ago(5))], &[(key.to_owned(), Ok(b"Salted__".to_vec()))]);
    let set = "engine: pgbackrest, prefix: pg/, stanza: main, wal: {maxLag: 10m}";
    let (report, standing) = reported(&policies(set, true), Fact::Known(found));
    let pitr = one(&standing).1;
    assert!(pitr.unknown.as_ref().is_some_and(|why| why.contains("encrypted")) && !pitr.is_kept, "{pitr:?}");
    assert!(pitr.sentence.as_ref().is_some_and(|said| said.starts_with("which backups it has is not known")), "{pitr:?}");
    assert_eq!(report.policies[0].rpo.verdict, Verdict::Unproven, "{:?}", report.policies[0].rpo);
}

#[test]
fn what_s3_dates_after_now_is_a_wrong_clock_and_no_young_archive() {
    for (archived, lag) in [(-5, Some(0)), (-30, None)] {
        let standing = reported(&policies(SET, false), Fact::Known(repository(&[650], archived, &[]))).1;
        let pitr = one(&standing).1;
        assert_eq!((pitr.lag_seconds, pitr.is_kept), (lag, lag.is_some()), "{pitr:?}");
        assert_eq!(pitr.sentence.as_ref().is_some_and(|said| said.contains("2026-11-22T12:30:00Z, which is yet to come")), lag.is_none(), "{pitr:?}");
    }
}

#[test]
fn the_interval_is_the_longest_wait_between_runs_of_any_kind() {
    let of = |schedule: &str| {
        let set = SET.replace("schedule: {full: \"0 1 * * *\"}", schedule);
        one(&reported(&policies(&set, false), Fact::Known(repository(&[650], 2, &[]))).1).0.interval_seconds
    };
    // Sunday at one, Wednesday at one: four days from the one to the other.
    assert_eq!(of("schedule: {full: \"0 1 * * 0\", incremental: \"0 1 * * 3\"}"), Some(4 * 86_400));
    assert_eq!(of("schedule: {full: \"0 1 * * *\"}"), Some(86_400));
}

#[test]
fn a_set_that_lost_its_old_backups_is_not_taken_for_a_young_one() {
    let day = 24 * 60;
    let kept = |found: Repository| {
        let (_, standing) = reported(&policies(SET, true), Fact::Known(found));
        let (_, pitr) = one(&standing);
        (pitr.is_kept, pitr.sentence.clone().unwrap_or_default())
    };
    let young = repository(&[600], 1, &[]);
    assert_eq!(young.born, Some(ago(600)));
    // Something of it is older than the window and the wait for its first backup.
    let old = |minutes: i64| Repository { born: Some(ago(minutes)), ..young.clone() };
    assert_eq!(kept(old(2 * day)), (true, String::new()), "its first backup may have come a day after its first WAL");
    let (is_kept, sentence) = kept(old(2 * day + 60));
    let said = "any moment of the last 24h is promised, and it reaches back 10 h, although the repository has been there for 2 d";
    assert!(!is_kept && sentence.starts_with(said), "{sentence}");
    assert!(kept(Repository { born: Some(ago(9 * day)), ..repository(&[day, 10], 1, &[]) }).0, "it reaches back as far as is promised");
}

#[test]
fn what_the_engine_calls_failed_is_told_with_its_end() {
    let mut found = repository(&[600, 60], 1, &[]);
    found.backups[0].state = State::Failed;
    let (_, standing) = reported(&policies(SET, true), Fact::Known(found.clone()));
    assert_eq!(one(&standing).0.failed, [text(found.backups[0].stopped.unwrap())]);
}
