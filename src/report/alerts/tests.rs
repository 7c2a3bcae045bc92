use super::super::status::{SetStanding, Standing};
use super::super::{DrillStanding, Objective, Verdict};
use super::{Disk, Told, changes, now_told, open};

fn standing() -> Standing {
    let rpo = Objective { verdict: Verdict::Passed, limit_seconds: 1, measured_seconds: Some(1), at: None, evidence: None, sentence: "too old".to_owned() };
    let drill = DrillStanding { name: "weekly".to_owned(), verdict: Verdict::Passed, sentence: "it fell".to_owned(), at: None, evidence: None };
    let set = SetStanding {
        set: "nightly".to_owned(),
        points: 1,
        bytes: 1,
        newest: Some("2026-11-21T01:15:02Z".to_owned()),
        newest_bytes: None,
        newest_seconds: None,
        next: None,
        interval_seconds: None,
        running: false,
        missed: Vec::new(),
        failed: Vec::new(),
        gaps: Vec::new(),
        pitr: None,
    };
    Standing {
        rto: rpo.clone(),
        policy: "orders".to_owned(),
        rpo,
        drills: Some(Verdict::Passed),
        rehearsals: vec![drill],
        verified_at: None,
        points: 1,
        bytes: 1,
        oldest: None,
        newest: None,
        sets: vec![set],
        unknown: None,
    }
}

/// What is said after a round, and what is remembered.
fn round(told: &Told, standing: &Standing) -> (Vec<String>, Told) {
    let open = open(standing, None);
    let unknown: Vec<&str> = standing.unknown.iter().map(|_| standing.policy.as_str()).collect();
    let said = changes(told, &open, &unknown).into_iter().map(|change| format!("{:?} {} {}", change.turn, change.kind, change.name));
    (said.collect(), now_told(told, &open, &unknown))
}

#[test]
fn each_thing_is_told_once_again_when_it_happens_again_and_when_it_is_well() {
    let mut now = standing();
    let (said, told) = round(&Told::new(), &now);
    assert_eq!((said, told.len()), (Vec::new(), 0), "all is well");
    now.sets[0].missed = vec!["2026-11-22T01:15:00Z".to_owned(), "2026-11-19T01:15:00Z".to_owned()];
    now.sets[0].failed = vec!["2026-11-22T01:15:03Z".to_owned()];
    (now.rehearsals[0].verdict, now.rpo.verdict) = (Verdict::Failed, Verdict::Failed);
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
    (now.rehearsals[0].verdict, now.rpo.verdict) = (Verdict::Unproven, Verdict::Passed);
    let (said, told) = round(&told, &now);
    let expected = [
        "New drill-missed orders/weekly",
        "Recovered rpo orders",
        "Recovered backup-failed orders/nightly",
        "Recovered backup-missed orders/nightly",
        "Recovered drill-failed orders/weekly",
    ];
    assert_eq!(said, expected);
    assert_eq!(told.keys().collect::<Vec<_>>(), ["drill-missed orders/weekly"]);
}

#[test]
fn what_is_not_known_has_not_recovered() {
    let mut now = standing();
    now.sets[0].missed = vec!["2026-11-22T01:15:00Z".to_owned()];
    let (_, told) = round(&Told::new(), &now);
    let mut blind = standing();
    (blind.unknown, blind.sets) = (Some("access denied".to_owned()), Vec::new());
    let (said, told) = round(&told, &blind);
    assert_eq!(said, ["New unknown orders"]);
    let (said, told) = round(&told, &now);
    assert_eq!(said, ["Recovered unknown orders"], "the missed run is still open and was told");
    assert_eq!(round(&told, &standing()).0, ["Recovered backup-missed orders/nightly"]);
}

#[test]
fn the_disk_is_too_full_above_its_limit_only() {
    let disk = Disk { folder: "/tmp".to_owned(), bytes: 1000, free_bytes: 150 };
    assert_eq!(disk.used_percent(), 85);
    let full = |disk: &Disk| open(&standing(), Some((disk, 85.0))).keys().cloned().collect::<Vec<_>>();
    assert_eq!(full(&disk), Vec::<String>::new());
    assert_eq!(full(&Disk { free_bytes: 149, ..disk.clone() }), ["disk orders"]);
    assert_eq!(Disk { bytes: 0, free_bytes: 0, ..disk }.used_percent(), 0);
}
