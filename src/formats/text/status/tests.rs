use super::super::super::prometheus;
use super::{NAMED, span, status};
use crate::formats::paint::Paint;
use crate::report::alerts::Disk;
use crate::report::status::{GapStanding, ReleaseStanding, SetStanding, Standing};
use crate::report::storage::{ClassStorage, PolicyStorage, PricesOf, Storage};
use crate::report::{DrillStanding, Objective, Pitr, Verdict};
use crate::view::status::StatusView;

fn set(name: &str, newest: &str) -> SetStanding {
    SetStanding {
        points: 12,
        bytes: 1 << 30,
        newest: Some(newest.to_owned()),
        newest_bytes: Some(1 << 20),
        newest_seconds: Some(84),
        newest_upload_seconds: Some(31),
        next: Some("2026-11-23T01:15:00Z".to_owned()),
        interval_seconds: Some(90_000),
        ..SetStanding::empty(name)
    }
}

fn policy(name: &str, newest: &str, age: u64) -> Standing {
    let verdict = if age <= 86_400 { Verdict::Passed } else { Verdict::Failed };
    let sentence = "the newest complete backup of shop is too old".to_owned();
    Standing {
        policy: name.to_owned(),
        rto: Objective { verdict: Verdict::Passed, limit_seconds: 900, measured_seconds: Some(83), at: None, evidence: None, sentence: String::new() },
        rehearsals: vec![DrillStanding {
            name: "weekly".to_owned(),
            verdict: Verdict::Passed,
            sentence: "passed 47 h ago".to_owned(),
            at: None,
            passed_at: None,
            evidence: None,
        }],
        rpo: Objective { verdict, limit_seconds: 86_400, measured_seconds: Some(age), at: None, evidence: None, sentence },
        drills: Some(Verdict::Passed),
        verified_at: Some("2026-11-20T06:00:00Z".to_owned()),
        points: 12,
        bytes: 1 << 30,
        oldest: Some("2025-11-22T01:15:00Z".to_owned()),
        newest: Some(newest.to_owned()),
        sets: vec![set("nightly", newest)],
        unknown: None,
    }
}

pub(crate) fn view() -> StatusView {
    let mut billing = policy("billing", "2026-11-21T00:30:00Z", 102_600);
    billing.sets[0].missed = vec!["2026-11-22T02:30:00Z".to_owned(), "2026-11-21T02:30:00Z".to_owned(), "2026-11-20T02:30:00Z".to_owned()];
    billing.sets[0].gaps = vec![GapStanding { from: "2026-11-17T02:30:00Z".to_owned(), to: "2026-11-20T02:30:00Z".to_owned() }];
    let mut ledger = policy("ledger", "2026-11-22T01:00:00Z", 14_400);
    (ledger.unknown, ledger.rpo.measured_seconds, ledger.rpo.verdict) = (Some("access denied: no".to_owned()), None, Verdict::Unproven);
    let policies = vec![billing, ledger, policy("orders", "2026-11-22T01:00:00Z", 14_400)];
    StatusView::of("3f2c1ab", "2026-11-22T05:00:00Z".parse().unwrap(), policies, None)
}

fn words(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn one_line_for_what_is_well_and_more_only_for_what_is_not() {
    let said = status(&view(), 4, Paint { on: false });
    let lines: Vec<String> = said.lines().map(words).filter(|line| !line.is_empty()).collect();
    let expected = [
        "newest RPO verified points reaches back next",
        "billing 28 h ago 28 h of 24 h 47 h ago 12 365 d 01:15 UTC",
        "RPO the newest complete backup of shop is too old",
        "missed nightly: 2026-11-22 02:30, 2026-11-21 02:30 UTC and 1 more, nothing complete was left",
        "gap nightly: 2026-11-17 02:30 to 2026-11-20 02:30 UTC, no restore point between",
        "ledger 4 h ago ? of 24 h 47 h ago 12 + ? 365 d 01:15 UTC",
        "unknown access denied: no",
        "orders 4 h ago 4 h of 24 h 47 h ago 12 365 d 01:15 UTC",
        "1 of 3 meet their objectives · exit 4",
    ];
    assert_eq!(lines, expected);
    // Columns begin where they begin.
    let column = |line: &str, text: &str| line.find(text).map(|at| line.chars().count().min(at));
    let rows: Vec<&str> = said.lines().filter(|line| line.contains("01:15 UTC")).collect();
    let places: Vec<_> = rows.iter().map(|row| column(row, "01:15 UTC")).collect();
    assert!(places.windows(2).all(|pair| pair[0] == pair[1]), "{said}");
    assert!(said.lines().all(|line| line.chars().count() <= 100) && NAMED == 2, "{said}");
}

/// Of an archive that is well.
fn pitr() -> Pitr {
    Pitr {
        engine: "pgbackrest".to_owned(),
        lag_seconds: Some(40),
        max_lag_seconds: Some(300),
        window_seconds: None,
        is_kept: true,
        sentence: None,
        short: None,
        unknown: None,
        unread: 0,
        last_backup: Some("2026-11-22T01:20:00Z".to_owned()),
        last_full: None,
        missed_full: Vec::new(),
    }
}

#[test]
fn a_failed_upload_is_told_from_a_failed_dump() {
    let mut orders = policy("orders", "2026-11-22T01:00:00Z", 14_400);
    orders.sets[0].failed = vec!["2026-11-21T01:15:02Z".to_owned(), "2026-11-20T01:15:02Z".to_owned()];
    orders.sets[0].upload_failed = vec!["2026-11-20T01:15:02Z".to_owned()];
    let view = StatusView::of("3f2c1ab", "2026-11-22T05:00:00Z".parse().unwrap(), vec![orders], None);
    let said: Vec<String> = status(&view, 0, Paint { on: false }).lines().map(words).filter(|line| line.starts_with("failed")).collect();
    assert_eq!(said, ["failed nightly: 2026-11-21 01:15 UTC, begun and never completed", "failed nightly: 2026-11-20 01:15 UTC, its upload failed"]);
    let gauges = prometheus::render(&view);
    for (name, value) in [("failed_runs", 2), ("failed_uploads", 1), ("backup_upload_seconds", 31)] {
        assert!(gauges.contains(&format!("lifeboat_{name}{{policy=\"orders\",set=\"nightly\"}} {value}\n")), "{name}: {gauges}");
    }
}

#[test]
fn a_release_that_is_overdue_is_said_and_one_that_is_not_known_is_neither() {
    let of = |release: Option<ReleaseStanding>, evidence: Option<&str>| {
        let mut orders = policy("orders", "2026-11-22T01:00:00Z", 14_400);
        orders.sets[0].release = release;
        let view = StatusView::of("3f2c1ab", "2026-11-22T05:00:00Z".parse().unwrap(), vec![orders], evidence.map(str::to_owned));
        let said: Vec<String> = status(&view, 0, Paint { on: false }).lines().map(words).filter(|line| line.starts_with("release")).collect();
        let gauge = prometheus::render(&view).lines().find(|line| line.starts_with("lifeboat_release_overdue")).map(str::to_owned);
        (said, gauge)
    };
    let gauge = |count: u64| Some(format!("lifeboat_release_overdue{{policy=\"orders\",set=\"nightly\"}} {count}"));
    let late = ReleaseStanding { overdue: 3, bytes: 9, oldest: Some("20261101T011502Z".to_owned()), unknown: None };
    let said = "release nightly: 3 backups that were to be released more than 2 d ago, the oldest";
    assert_eq!(of(Some(late), None), (vec![said.to_owned()], gauge(3)));
    assert_eq!(of(Some(ReleaseStanding::default()), None), (Vec::new(), gauge(0)));
    let unknown = || Some(ReleaseStanding::unknown("access denied".to_owned()));
    assert_eq!(of(unknown(), None), (vec!["release nightly: whether releases are overdue is not known: access denied".to_owned()], None));
    assert_eq!(of(unknown(), Some("no")), (Vec::new(), None), "that the evidence is not known was said");
    assert_eq!(of(None, None), (Vec::new(), None));
}

#[test]
fn a_physical_set_says_its_archive_and_where_nothing_can_be_restored() {
    let mut ledger = policy("ledger", "2026-11-22T04:59:20Z", 40);
    ledger.sets[0].pitr = Some(pitr());
    ledger.sets[0].gaps = vec![GapStanding { from: "2026-11-19T10:02:00Z".to_owned(), to: "2026-11-19T10:09:00Z".to_owned() }];
    let of = |ledger: &Standing| {
        let view = StatusView::of("3f2c1ab", "2026-11-22T05:00:00Z".parse().unwrap(), vec![ledger.clone()], None);
        (status(&view, 0, Paint { on: false }).lines().map(words).collect::<Vec<_>>(), prometheus::render(&view))
    };
    let (said, gauges) = of(&ledger);
    assert_eq!(said[1], "ledger pitr 40 s ago 40 s of 24 h 47 h ago 12 365 d 01:15 UTC");
    assert_eq!(said[2], "WAL gap nightly: 2026-11-19 10:02 to 2026-11-19 10:09 UTC: not restorable inside");
    assert!(gauges.contains("lifeboat_archive_lag_seconds{policy=\"ledger\",set=\"nightly\"} 40\n"), "{gauges}");
    let ended = "lifeboat_backup_success_timestamp_seconds{policy=\"ledger\",set=\"nightly\"} 1795310400\n";
    assert!(gauges.contains(ended), "when a backup ended, and not how new its WAL is: {gauges}");
    assert!(gauges.contains("lifeboat_archive_lag_limit_seconds{policy=\"ledger\",set=\"nightly\"} 300\n"), "{gauges}");
    let pitr = ledger.sets[0].pitr.as_mut().unwrap();
    (pitr.is_kept, pitr.sentence) = (false, Some("it stands still".to_owned()));
    let (said, gauges) = of(&ledger);
    assert!(said.contains(&"archive nightly: it stands still".to_owned()) && said.contains(&"0 of 1 meet their objectives · exit 0".to_owned()), "{said:?}");
    assert!(gauges.contains("lifeboat_objectives_met{policy=\"ledger\"} 0"), "{gauges}");
    ledger.sets[0].pitr.as_mut().unwrap().unknown = Some("it is encrypted".to_owned());
    assert!(of(&ledger).0[1].contains(" 12 + ? 365 d"), "{:?}", of(&ledger).0);
    let gauges = of(&ledger).1;
    assert!(!gauges.contains("lifeboat_gaps{") && !gauges.contains("lifeboat_missed_runs{"), "nought would be a claim: {gauges}");
    assert!(gauges.contains("lifeboat_archive_lag_limit_seconds{"), "by which an alert sees that the lag is not known: {gauges}");
    ledger.points = 0;
    assert!(of(&ledger).0[1].contains(" ? 365 d"), "none that is known is not none: {:?}", of(&ledger).0);
}

#[test]
fn a_window_that_is_too_short_has_a_gauge_and_what_is_not_known_has_none() {
    let gauges = |change: &dyn Fn(&mut Pitr), points: usize| {
        let mut ledger = policy("ledger", "2026-11-22T04:59:20Z", 40);
        let mut archive = Pitr { window_seconds: Some(604_800), ..pitr() };
        change(&mut archive);
        (ledger.sets[0].pitr, ledger.sets[0].points) = (Some(archive), points);
        let text = prometheus::render(&StatusView::of("3f2c1ab", "2026-11-22T05:00:00Z".parse().unwrap(), vec![ledger], None));
        let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(&format!("{name}{{policy=\"ledger\",set=\"nightly\"}} "))).map(str::to_owned);
        (value("lifeboat_window_objective_seconds"), value("lifeboat_window_short"))
    };
    let said = |window: Option<&str>, short: Option<&str>| (window.map(str::to_owned), short.map(str::to_owned));
    let short = |pitr: &mut Pitr| pitr.short = Some("it reaches back 3 d".to_owned());
    assert_eq!(gauges(&|_| (), 3), said(Some("604800"), Some("0")));
    assert_eq!(gauges(&short, 3), said(Some("604800"), Some("1")));
    assert_eq!(gauges(&|pitr| (pitr.unread, pitr.short) = (1, Some("it reaches back 3 d".to_owned())), 3), said(Some("604800"), Some("1")));
    assert_eq!(gauges(&|pitr| pitr.unread = 1, 3), said(Some("604800"), None));
    assert_eq!(gauges(&|pitr| pitr.unknown = Some("it is encrypted".to_owned()), 3), said(Some("604800"), None));
    assert_eq!(gauges(&|_| (), 0), said(Some("604800"), None));
    assert_eq!(gauges(&|pitr| pitr.window_seconds = None, 3), said(None, None), "nothing was promised");
}

#[test]
fn ten_policies_that_are_well_are_one_screen() {
    let policies = (0..10).map(|at| policy(&format!("database-{at}"), "2026-11-22T01:00:00Z", 14_400)).collect();
    let view = StatusView::of("3f2c1ab", "2026-11-22T05:00:00Z".parse().unwrap(), policies, None);
    let said = status(&view, 0, Paint { on: false });
    assert!(said.lines().count() == 13 && said.lines().all(|line| line.chars().count() <= 80 && line.trim_end() == line), "{said}");
}

#[test]
fn a_length_of_time_has_one_unit() {
    let said: Vec<String> = [0, 119, 120, 7_199, 7_200, 172_799, 172_800, 31_536_000].map(span).into();
    assert_eq!(said, ["0 s", "119 s", "2 min", "119 min", "2 h", "47 h", "2 d", "365 d"]);
}

#[test]
fn gauges_are_there_for_what_is_known_only() {
    let text = prometheus::render(&view());
    for line in [
        "lifeboat_status_timestamp_seconds 1795323600",
        "# TYPE lifeboat_rpo_seconds gauge",
        "lifeboat_rpo_seconds{policy=\"billing\"} 102600",
        "lifeboat_listed{policy=\"ledger\"} 0",
        "lifeboat_objectives_met{policy=\"orders\"} 1",
        "lifeboat_missed_runs{policy=\"billing\",set=\"nightly\"} 3",
        "lifeboat_backup_success_timestamp_seconds{policy=\"orders\",set=\"nightly\"} 1795309200",
    ] {
        assert!(text.lines().any(|said| said == line), "{line}\n{text}");
    }
    assert!(!text.contains("lifeboat_rpo_seconds{policy=\"ledger\"}"), "what was not measured has no sample");
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        assert!(name.starts_with("lifeboat_") && value.parse::<u64>().is_ok(), "{line}");
        let family = name.split('{').next().unwrap();
        assert_eq!(text.matches(&format!("# TYPE {family} gauge\n")).count(), 1, "{line}");
    }
}

/// An alert on a gauge that nobody writes would never fire.
#[test]
fn every_gauge_of_the_alert_rules_is_written() {
    let mut view = view();
    view.policies[0].sets[0].pitr = Some(Pitr { window_seconds: Some(86_400), ..pitr() });
    view.policies[0].sets[0].release = Some(ReleaseStanding::default());
    view.disk = Some(Disk { folder: "/tmp".to_owned(), bytes: 100, free_bytes: 40 });
    let text = prometheus::render(&view);
    let rules = include_str!("../../../../examples/alerts/lifeboat.rules.yml");
    let names: std::collections::BTreeSet<&str> =
        rules.split(|c: char| !c.is_ascii_lowercase() && c != '_').filter(|word| word.starts_with("lifeboat_")).collect();
    assert!(names.len() > 12, "{names:?}");
    let missing: Vec<_> = names.iter().filter(|name| !text.contains(&format!("# TYPE {name} gauge\n"))).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(text.contains("lifeboat_drill_disk_free_bytes{folder=\"/tmp\"} 40\n"), "{text}");
    assert!(text.contains("lifeboat_drill_proven{policy=\"orders\",drill=\"weekly\"} 1\n"), "{text}");
}

#[test]
fn what_it_costs_stands_in_a_column_and_below_with_the_dates_of_the_prices() {
    let mut view = view();
    let classes = vec![
        ClassStorage { class: "STANDARD".to_owned(), objects: 9, bytes: 12 << 30 },
        ClassStorage { class: "GLACIER".to_owned(), objects: 3, bytes: 3 << 40 },
    ];
    let of = |policy: &str, text: &str, unpriced: &[&str]| PolicyStorage {
        policy: policy.to_owned(),
        region: "eu-west-1".to_owned(),
        classes: classes.clone(),
        monthly: Some("3.200000".to_owned()),
        monthly_text: Some(text.to_owned()),
        unpriced: unpriced.iter().map(|text| (*text).to_owned()).collect(),
    };
    let dated = |region: &str, date: &str, old| PricesOf { region: region.to_owned(), date: date.to_owned(), source: "a test".to_owned(), old };
    view.storage = Some(Storage {
        currency: "USD".to_owned(),
        monthly: Some("44.200000".to_owned()),
        monthly_text: Some("$44".to_owned()),
        classes: classes.clone(),
        policies: vec![of("billing", "$3.20", &[]), of("orders", "$41", &["storage in other"])],
        unknown: Vec::new(),
        prices: vec![dated("eu-west-1", "2025-10-16", true), dated("us-east-1", "2026-08-01", false)],
        notes: vec!["storage in other has no price: not in the cost of orders".to_owned()],
    });
    let said = status(&view, 4, Paint { on: false });
    let lines: Vec<String> = said.lines().map(words).filter(|line| !line.is_empty()).collect();
    assert_eq!(lines[0], "newest RPO verified points reaches back a month next");
    assert_eq!(lines[1], "billing 28 h ago 28 h of 24 h 47 h ago 12 365 d $3.20 01:15 UTC");
    assert!(lines.contains(&"ledger 4 h ago ? of 24 h 47 h ago 12 + ? 365 d ? 01:15 UTC".to_owned()), "{said}");
    assert!(lines.contains(&"orders 4 h ago 4 h of 24 h 47 h ago 12 365 d $41 + ? 01:15 UTC".to_owned()), "{said}");
    let below = "storage: 12.0 GiB in STANDARD, 3.0 TiB in GLACIER; about $44 a month without noncurrent versions, by list prices \
                 (eu-west-1 of 2025-10-16, over a year old; us-east-1 of 2026-08-01)";
    assert!(words(&said.replace('\n', " ")).contains(below), "{said}");
    assert!(lines.contains(&"note: storage in other has no price: not in the cost of orders".to_owned()), "{said}");
    assert!(said.lines().all(|line| line.chars().count() <= 100 && line.trim_end() == line), "{said}");
    let storage = view.storage.as_mut().unwrap();
    (storage.monthly, storage.monthly_text) = (None, None);
    let said = status(&view, 4, Paint { on: false });
    assert!(!said.contains("a month") && said.contains("storage: 12.0 GiB in STANDARD, 3.0 TiB in GLACIER\n"), "{said}");
}
