use jiff::Timestamp;

use super::super::status::{GapStanding, ReleaseStanding, SetStanding, Standing};
use super::super::{DrillStanding, Objective, Pitr, Verdict};
use super::{Around, Disk, Failed, Judged, Told, backup_ended, changes, drill_ended, judged, now_told};

mod sequence;

const NOW: &str = "2026-11-23T12:00:00Z";

fn standing() -> Standing {
    let rpo = Objective { verdict: Verdict::Passed, limit_seconds: 1, measured_seconds: Some(1), at: None, evidence: None, sentence: "too old".to_owned() };
    Standing {
        rto: rpo.clone(),
        policy: "orders".to_owned(),
        rpo,
        drills: Some(Verdict::Passed),
        rehearsals: vec![drill(Verdict::Passed, Some("2026-11-20T04:00:00Z"), Some("2026-11-20T04:00:00Z"))],
        verified_at: None,
        points: 1,
        bytes: 1,
        oldest: None,
        newest: None,
        sets: vec![set("nightly", Some("2026-11-21T01:15:02Z"))],
        unknown: None,
    }
}

fn drill(verdict: Verdict, at: Option<&str>, passed_at: Option<&str>) -> DrillStanding {
    let own = |at: Option<&str>| at.map(str::to_owned);
    DrillStanding { name: "weekly".to_owned(), verdict, sentence: "it fell".to_owned(), at: own(at), passed_at: own(passed_at), evidence: None }
}

fn set(name: &str, newest: Option<&str>) -> SetStanding {
    SetStanding { points: 1, bytes: 1, newest: newest.map(str::to_owned), ..SetStanding::empty(name) }
}

/// A set of a physical engine that is well.
fn base() -> SetStanding {
    let pitr = Pitr {
        engine: "pgbackrest".to_owned(),
        lag_seconds: Some(40),
        max_lag_seconds: Some(300),
        window_seconds: Some(86_400),
        is_kept: true,
        sentence: None,
        short: None,
        unknown: None,
        unread: 0,
        last_backup: Some("2026-11-23T01:20:00Z".to_owned()),
        last_full: Some("2026-11-22T01:20:00Z".to_owned()),
        missed_full: Vec::new(),
    };
    SetStanding { pitr: Some(pitr), ..set("base", Some("2026-11-23T11:59:20Z")) }
}

fn around() -> Around<'static> {
    Around { at: NOW.parse().unwrap(), evidence: None, disk_limit: None, disk: None }
}

fn said(told: &Told, judged: &Judged) -> (Vec<String>, Told) {
    let all = changes(told, &[judged]).into_iter().map(|change| format!("{:?} {} {}", change.turn, change.kind, change.name));
    (all.collect(), now_told(told, &[judged]))
}

/// What is said after a round, and what is remembered.
fn round(told: &Told, standing: &Standing) -> (Vec<String>, Told) {
    said(told, &judged(standing, &around()))
}

fn at(moments: &[&str]) -> Vec<String> {
    moments.iter().map(|at| (*at).to_owned()).collect()
}

#[test]
fn each_thing_is_told_once_again_when_it_happens_again_and_when_it_is_well() {
    let mut now = standing();
    let (said, told) = round(&Told::new(), &now);
    assert_eq!((said, told.len()), (Vec::new(), 0), "all is well");
    now.sets[0].missed = at(&["2026-11-22T01:15:00Z", "2026-11-19T01:15:00Z"]);
    now.sets[0].failed = at(&["2026-11-22T01:15:03Z"]);
    now.rehearsals[0] = drill(Verdict::Failed, Some("2026-11-22T04:00:00Z"), Some("2026-11-20T04:00:00Z"));
    now.rpo.verdict = Verdict::Failed;
    let (said, told) = round(&told, &now);
    assert_eq!(said, ["New rpo orders", "New backup-failed orders/nightly", "New backup-missed orders/nightly", "New drill-failed orders/weekly"]);
    // Sentences tell ages: they change and are no news.
    now.rehearsals[0].sentence = "it fell 3 d ago".to_owned();
    let (said, told) = round(&told, &now);
    assert_eq!(said, Vec::<String>::new(), "nobody is told twice");
    now.sets[0].missed.insert(0, "2026-11-23T01:15:00Z".to_owned());
    let (said, told) = round(&told, &now);
    assert_eq!(said, ["Again backup-missed orders/nightly"]);
    // A complete backup after it makes it good, though the run stays missed for a week.
    now.sets[0].newest = Some("2026-11-23T09:00:00Z".to_owned());
    now.rehearsals[0] = drill(Verdict::Passed, Some("2026-11-23T04:00:00Z"), Some("2026-11-23T04:00:00Z"));
    now.rpo.verdict = Verdict::Passed;
    let (said, told) = round(&told, &now);
    let expected =
        ["Recovered rpo orders", "Recovered backup-failed orders/nightly", "Recovered backup-missed orders/nightly", "Recovered drill-failed orders/weekly"];
    assert_eq!((said, told.len()), (expected.map(str::to_owned).to_vec(), 0));
}

#[test]
fn what_is_not_known_has_not_recovered() {
    let mut now = standing();
    now.sets[0].missed = at(&["2026-11-22T01:15:00Z"]);
    let (_, told) = round(&Told::new(), &now);
    let mut blind = standing();
    (blind.unknown, blind.sets) = (Some("access denied".to_owned()), Vec::new());
    let (said, told) = round(&told, &blind);
    assert_eq!(said, ["New unknown orders"]);
    let (said, told) = round(&told, &now);
    assert_eq!(said, ["Recovered unknown orders"], "the missed run is still open and was told");
    now.sets[0].newest = Some("2026-11-23T01:15:02Z".to_owned());
    assert_eq!(round(&told, &now).0, ["Recovered backup-missed orders/nightly"]);
}

#[test]
fn a_failed_upload_is_told_as_one_and_is_over_with_the_next_complete_backup() {
    let mut now = standing();
    now.sets[0].failed = at(&["2026-11-22T01:15:03Z", "2026-11-21T05:00:00Z"]);
    now.sets[0].upload_failed = at(&["2026-11-22T01:15:03Z"]);
    let (said, told) = round(&Told::new(), &now);
    assert_eq!(said, ["New backup-failed orders/nightly", "New upload-failed orders/nightly"]);
    assert_eq!(told["backup-failed orders/nightly"], "2026-11-21T05:00:00Z");
    now.sets[0].newest = Some("2026-11-22T01:15:03Z".to_owned());
    assert_eq!(round(&told, &now).0, ["Recovered backup-failed orders/nightly", "Recovered upload-failed orders/nightly"]);
}

/// What a job says at its end is the same that the status says later: nobody hears it twice, nor of anything else.
#[test]
fn what_a_job_told_at_its_end_the_status_does_not_tell_again() {
    let moment = |at: &str| at.parse::<Timestamp>().unwrap();
    let (began, ended) = (moment("2026-11-22T01:15:01Z"), moment("2026-11-22T01:18:00Z"));
    let other = Told::from([("rpo orders".to_owned(), String::new()), ("backup-missed orders/nightly".to_owned(), "2026-11-20T01:15:00Z".to_owned())]);
    let (first, told) = said(&other, &backup_ended("orders", "nightly", (began, ended), Some(Failed::at("upload"))));
    assert_eq!(first, ["New upload-failed orders/nightly"]);
    let mut now = standing();
    now.rpo.verdict = Verdict::Failed;
    now.sets[0] = set("nightly", Some("2026-11-19T01:15:02Z"));
    now.sets[0].missed = at(&["2026-11-20T01:15:00Z"]);
    now.sets[0].failed = at(&["2026-11-22T01:15:03Z"]);
    now.sets[0].upload_failed = now.sets[0].failed.clone();
    let (later, told) = round(&told, &now);
    assert_eq!(later, Vec::<String>::new());
    let (again, told) =
        said(&told, &backup_ended("orders", "nightly", (moment("2026-11-23T01:15:01Z"), moment("2026-11-23T01:18:00Z")), Some(Failed::at("dump"))));
    assert_eq!(again, ["New backup-failed orders/nightly"]);
    let (well, told) = said(&told, &backup_ended("orders", "nightly", (moment("2026-11-23T03:00:00Z"), moment("2026-11-23T03:05:00Z")), None));
    assert_eq!(well, ["Recovered backup-failed orders/nightly", "Recovered backup-missed orders/nightly", "Recovered upload-failed orders/nightly"]);
    assert_eq!(told.keys().collect::<Vec<_>>(), ["rpo orders"], "of the rest it knows nothing");
}

/// Where the bucket took not even the mark, the status sees a run that never completed: one name for one thing.
#[test]
fn an_upload_that_failed_without_a_mark_is_told_once_and_under_one_name() {
    let moment = |at: &str| at.parse::<Timestamp>().unwrap();
    let (began, ended) = (moment("2026-11-22T01:15:01Z"), moment("2026-11-22T01:18:00Z"));
    let without = Failed { unmarked: true, ..Failed::at("upload") };
    let (first, told) = said(&Told::new(), &backup_ended("orders", "nightly", (began, ended), Some(without)));
    assert_eq!(first, ["New backup-failed orders/nightly"]);
    let mut now = standing();
    now.sets[0].failed = at(&["2026-11-22T01:15:03Z"]);
    let (later, told) = round(&told, &now);
    assert_eq!(later, Vec::<String>::new());
    let (well, told) = said(&told, &backup_ended("orders", "nightly", (moment("2026-11-23T01:15:01Z"), moment("2026-11-23T01:18:00Z")), None));
    assert_eq!((well, told.len()), (vec!["Recovered backup-failed orders/nightly".to_owned()], 0));
}

#[test]
fn what_a_drill_told_at_its_end_stays_until_one_passes() {
    let ended = "2026-11-22T04:05:00Z".parse::<Timestamp>().unwrap();
    let passed_before = Some("2026-11-20T04:00:00Z");
    let mut now = standing();
    for (verdict, kind) in [(Verdict::Failed, "drill-failed"), (Verdict::Unproven, "drill-missed")] {
        let (first, told) = said(&Told::new(), &drill_ended(("orders", "weekly"), ended, verdict, true, "no space left"));
        assert_eq!(first, [format!("New {kind} orders/weekly")]);
        // It left no record: all that is known is one that passed before.
        now.rehearsals[0] = drill(Verdict::Passed, passed_before, passed_before);
        assert_eq!(round(&told, &now).0, Vec::<String>::new());
        now.rehearsals[0] = drill(verdict, Some("2026-11-22T04:04:58Z"), passed_before);
        assert_eq!(round(&told, &now).0, Vec::<String>::new(), "its own record");
        let later = ended + jiff::SignedDuration::from_hours(1);
        let passed = |of_newest| drill_ended(("orders", "weekly"), later, Verdict::Passed, of_newest, "");
        // A pass of an older backup says nothing of the one that failed, and that drills run.
        let still = if verdict == Verdict::Failed { Vec::new() } else { vec![format!("Recovered {kind} orders/weekly")] };
        assert_eq!(said(&told, &passed(false)).0, still);
        let (well, told) = said(&told, &passed(true));
        assert_eq!((well, told.len()), (vec![format!("Recovered {kind} orders/weekly")], 0));
    }
}

#[test]
fn what_only_leaves_the_window_has_not_recovered() {
    let mut now = standing();
    now.sets[0].missed = at(&["2026-11-22T01:15:00Z"]);
    now.sets[0].failed = at(&["2026-11-22T01:15:03Z"]);
    let (_, told) = round(&Told::new(), &now);
    // A week later no run is looked for so far back, and still nothing was taken.
    for newest in [Some("2026-11-21T01:15:02Z"), None] {
        now.sets[0] = set("nightly", newest);
        assert_eq!(round(&told, &now), (Vec::new(), told.clone()), "{newest:?}");
    }
    now.sets[0] = set("nightly", Some("2026-11-30T01:15:02Z"));
    assert_eq!(round(&told, &now).0, ["Recovered backup-failed orders/nightly", "Recovered backup-missed orders/nightly"]);
}

#[test]
fn a_failed_drill_is_well_after_one_that_passed_later_and_not_before() {
    let mut now = standing();
    let passed_before = Some("2026-11-13T04:00:00Z");
    now.rehearsals[0] = drill(Verdict::Failed, Some("2026-11-20T04:00:00Z"), passed_before);
    let (said, told) = round(&Told::new(), &now);
    assert_eq!(said, ["New drill-failed orders/weekly"]);
    // It proved nothing; its records are gone; an old one that passed is all that is left.
    now.rehearsals[0] = drill(Verdict::Unproven, Some("2026-11-21T04:00:00Z"), passed_before);
    let (said, told) = round(&told, &now);
    assert_eq!(said, ["New drill-missed orders/weekly"]);
    for left in [drill(Verdict::Unproven, None, None), drill(Verdict::Passed, passed_before, passed_before)] {
        now.rehearsals[0] = left;
        assert!(round(&told, &now).1.contains_key("drill-failed orders/weekly"), "{:?}", now.rehearsals[0]);
    }
    // It passed since, and is overdue already: the failure is over, and it is missed once more.
    now.rehearsals[0] = drill(Verdict::Unproven, Some("2026-11-22T04:00:00Z"), Some("2026-11-22T04:00:00Z"));
    let (said, told) = round(&told, &now);
    assert_eq!(said, ["Again drill-missed orders/weekly", "Recovered drill-failed orders/weekly"]);
    now.rehearsals[0] = drill(Verdict::Passed, Some("2026-11-23T04:00:00Z"), Some("2026-11-23T04:00:00Z"));
    assert_eq!(round(&told, &now).0, ["Recovered drill-missed orders/weekly"]);
}

#[test]
fn without_the_evidence_drills_are_unknown_and_neither_missed_nor_well() {
    let mut now = standing();
    now.rehearsals[0] = drill(Verdict::Unproven, None, None);
    let blind = Around { evidence: Some("access denied"), ..around() };
    let (first, told) = said(&Told::new(), &judged(&now, &blind));
    assert_eq!(first, ["New drills-unknown orders"]);
    assert_eq!(said(&told, &judged(&now, &blind)).0, Vec::<String>::new());
    assert_eq!(round(&told, &now).0, ["New drill-missed orders/weekly", "Recovered drills-unknown orders"]);
}

#[test]
fn what_the_policy_asks_no_more_is_dropped_and_not_called_well() {
    let mut now = standing();
    now.sets[0].missed = at(&["2026-11-22T01:15:00Z"]);
    let (_, told) = round(&Told::new(), &now);
    now.sets.clear();
    assert_eq!(round(&told, &now), (at(&["Dropped backup-missed orders/nightly"]), Told::new()));
    let other = Standing { policy: "billing".to_owned(), ..standing() };
    assert_eq!(round(&told, &other), (Vec::new(), told.clone()), "a policy that is not there may only be unreadable today");
    (now.unknown, now.sets) = (Some("no".to_owned()), Vec::new());
    assert_eq!(round(&told, &now).0, ["New unknown orders"]);
}

#[test]
fn the_archive_of_a_physical_set_is_late_until_it_is_not() {
    let with = |change: &dyn Fn(&mut Pitr)| {
        let mut set = base();
        change(set.pitr.as_mut().unwrap());
        Standing { sets: vec![set], ..standing() }
    };
    assert_eq!(round(&Told::new(), &with(&|_| ())).0, Vec::<String>::new());
    let late = with(&|pitr| (pitr.lag_seconds, pitr.sentence) = (Some(301), Some("301 s ago".to_owned())));
    let (said, told) = round(&Told::new(), &late);
    assert_eq!(said, ["New wal-late orders/base"]);
    assert_eq!(round(&Told::new(), &with(&|pitr| pitr.lag_seconds = None)).0, ["New wal-late orders/base"], "nothing can be replayed at all");
    let unread = with(&|pitr| (pitr.lag_seconds, pitr.unknown) = (None, Some("denied".to_owned())));
    let (said, told) = round(&told, &unread);
    assert_eq!(said, ["New unknown orders/base"], "what was not read is neither late nor well");
    assert_eq!(round(&told, &late).0, ["Recovered unknown orders/base"]);
    assert_eq!(round(&told, &with(&|_| ())).0, ["Recovered unknown orders/base", "Recovered wal-late orders/base"]);
    let unlimited = with(&|pitr| (pitr.lag_seconds, pitr.max_lag_seconds) = (Some(9_999), None));
    assert_eq!(round(&Told::new(), &unlimited).0, Vec::<String>::new(), "nothing was promised");
}

#[test]
fn what_the_engine_calls_failed_is_told_until_a_later_backup_is_complete() {
    let with = |failed: &[&str], last: &str| {
        let mut set = SetStanding { failed: at(failed), ..base() };
        set.pitr.as_mut().unwrap().last_backup = Some(last.to_owned());
        Standing { sets: vec![set], ..standing() }
    };
    let (before, later) = ("2026-11-22T01:20:00Z", "2026-11-23T05:00:00Z");
    let failed = ["2026-11-23T01:20:00Z"];
    let (said, told) = round(&Told::new(), &with(&failed, before));
    assert_eq!(said, ["New backup-failed orders/base"]);
    assert_eq!(round(&told, &with(&[], before)).0, Vec::<String>::new(), "that its engine removed it makes nothing well");
    assert_eq!(round(&told, &with(&failed, later)).0, ["Recovered backup-failed orders/base"]);
}

#[test]
fn a_window_that_is_too_short_is_told_until_it_is_long_enough() {
    let with = |short: Option<&str>, points: usize| {
        let mut set = SetStanding { points, ..base() };
        set.pitr.as_mut().unwrap().short = short.map(str::to_owned);
        Standing { sets: vec![set], ..standing() }
    };
    let (said, told) = round(&Told::new(), &with(Some("it reaches back 6 d"), 1));
    assert_eq!(said, ["New window-short orders/base"]);
    assert_eq!(round(&told, &with(None, 0)).0, Vec::<String>::new(), "nothing is left that could reach back");
    assert_eq!(round(&told, &with(None, 1)).0, ["Recovered window-short orders/base"]);
}

#[test]
fn a_gap_in_the_wal_is_told_while_it_breaks_the_window() {
    let with = |gaps: &[(&str, &str)], window: Option<u64>| {
        let gaps = gaps.iter().map(|(from, to)| GapStanding { from: (*from).to_owned(), to: (*to).to_owned() }).collect();
        let mut set = SetStanding { gaps, ..base() };
        set.pitr.as_mut().unwrap().window_seconds = window;
        Standing { sets: vec![set], ..standing() }
    };
    let (day, old) = (Some(86_400), ("2026-11-20T10:00:00Z", "2026-11-21T01:20:00Z"));
    assert_eq!(round(&Told::new(), &with(&[old], day)).0, Vec::<String>::new(), "before the window of a day");
    let (said, told) = round(&Told::new(), &with(&[("2026-11-22T10:00:00Z", "2026-11-23T01:20:00Z"), old], day));
    assert_eq!(said, ["New wal-gap orders/base"]);
    let newer = ("2026-11-23T02:00:00Z", NOW);
    let (said, told) = round(&told, &with(&[newer, ("2026-11-22T10:00:00Z", "2026-11-23T01:20:00Z")], day));
    assert_eq!(said, ["Again wal-gap orders/base"]);
    assert_eq!(round(&told, &with(&[("2026-11-22T10:00:00Z", "2026-11-23T01:20:00Z")], day)).0, Vec::<String>::new(), "an older one is no news");
    assert_eq!(round(&told, &with(&[old], day)).0, ["Recovered wal-gap orders/base"]);
    let mut blind = with(&[old], day);
    blind.sets[0].pitr.as_mut().unwrap().unread = 1;
    assert_eq!(round(&told, &blind).0, Vec::<String>::new(), "the backup that could not be read may be the one before the gap");
    let gone = Standing { sets: vec![SetStanding { points: 0, ..blind.sets[0].clone() }], ..standing() };
    assert_eq!(round(&told, &gone).0, Vec::<String>::new(), "nothing is left that a gap could be in");
    assert_eq!(round(&Told::new(), &with(&[newer, old], None)).0, ["New wal-gap orders/base"], "nothing behind it can be restored");
    assert_eq!(round(&Told::new(), &with(&[old], None)).0, Vec::<String>::new());
}

#[test]
fn a_full_backup_that_was_missed_is_made_good_by_a_full_one_and_not_by_wal() {
    let mut now = Standing { sets: vec![base()], ..standing() };
    now.sets[0].missed = at(&["2026-11-23T01:00:00Z", "2026-11-22T13:00:00Z"]);
    let pitr = now.sets[0].pitr.as_mut().unwrap();
    pitr.missed_full = at(&["2026-11-23T01:00:00Z"]);
    pitr.last_backup = Some("2026-11-22T01:20:00Z".to_owned());
    let (said, told) = round(&Told::new(), &now);
    assert_eq!(said, ["New backup-missed orders/base", "New full-missed orders/base"], "WAL of a minute ago fills no slot");
    now.sets[0].pitr.as_mut().unwrap().last_backup = Some("2026-11-23T02:00:00Z".to_owned());
    let (said, told) = round(&told, &now);
    assert_eq!(said, ["Recovered backup-missed orders/base"], "an incremental one");
    now.sets[0].pitr.as_mut().unwrap().last_full = Some("2026-11-23T03:00:00Z".to_owned());
    assert_eq!(round(&told, &now).0, ["Recovered full-missed orders/base"]);
}

#[test]
fn the_disk_is_too_full_above_its_limit_only() {
    let disk = Disk { folder: "/tmp".to_owned(), bytes: 1000, free_bytes: 150 };
    assert_eq!(disk.used_percent(), 85);
    let of = |disk: Option<&Disk>, limit| judged(&standing(), &Around { disk, disk_limit: limit, ..around() });
    assert_eq!(said(&Told::new(), &of(Some(&disk), Some(85.0))).0, Vec::<String>::new());
    let (first, told) = said(&Told::new(), &of(Some(&Disk { free_bytes: 149, ..disk.clone() }), Some(85.0)));
    assert_eq!(first, ["New disk orders"]);
    assert_eq!(said(&told, &of(None, Some(85.0))).0, Vec::<String>::new(), "it was not looked at");
    assert_eq!(said(&told, &of(Some(&disk), Some(85.0))).0, ["Recovered disk orders"]);
    assert_eq!(said(&told, &of(Some(&disk), None)).0, ["Dropped disk orders"]);
    assert_eq!(Disk { bytes: 0, free_bytes: 0, ..disk }.used_percent(), 0);
}

#[test]
fn a_release_that_is_overdue_is_told_until_it_is_known_to_be_done() {
    let with = |release: Option<ReleaseStanding>| Standing { sets: vec![SetStanding { release, ..standing().sets.remove(0) }], ..standing() };
    let late = |overdue| Some(ReleaseStanding { overdue, ..ReleaseStanding::default() });
    let (said, told) = round(&Told::new(), &with(late(3)));
    assert_eq!(said, ["New release-overdue orders/nightly"]);
    for same in [late(4), Some(ReleaseStanding::unknown("denied".to_owned())), None] {
        assert_eq!(round(&told, &with(same)).0, Vec::<String>::new());
    }
    assert_eq!(round(&told, &with(late(0))).0, ["Recovered release-overdue orders/nightly"]);
    assert_eq!(round(&Told::new(), &with(Some(ReleaseStanding::unknown("denied".to_owned())))).0, Vec::<String>::new());
}
