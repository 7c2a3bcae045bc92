use std::collections::BTreeSet;

use super::{fires, ids, judged};

const SETS: [(&str, &str); 3] = [
    ("pgbackrest", "{engine: pgbackrest, prefix: pg/, stanza: main, window: 14d, schedule: {full: \"0 1 * * 0\"}}"),
    ("barman-cloud", "{engine: barman-cloud, prefix: pg/, server: main, window: 14d, schedule: {full: \"0 1 * * 0\"}}"),
    ("wal-g", "{engine: wal-g, prefix: pg/, window: 14d, schedule: {full: \"0 1 * * 0\"}}"),
];

fn with(set: &str, prefix: &str, action: &str) -> String {
    format!("backups: {{physical: {set}}}\nlive: [{{id: x, enabled: true, filter: {{prefix: {prefix}}}, {action}}}]")
}

fn told(set: &str, prefix: &str, action: &str) -> BTreeSet<&'static str> {
    ids(&judged(&with(set, prefix, action)))
}

/// Fourteen days, a week between two full backups, three hours for a run: 22 days.
#[test]
fn a_chain_lives_for_the_window_and_a_wait_between_two_full_backups() {
    let rule = "repository-expires-by-age";
    for (engine, set) in SETS {
        for (days, wrong) in [(1, true), (21, true), (22, false), (400, false)] {
            assert_eq!(fires(rule, &with(set, "orders/pg/", &format!("expiration: {{days: {days}}}"))), wrong, "{engine} {days}");
        }
        assert!(fires(rule, &with(set, "\"\"", "expiration: {date: \"2027-01-01T00:00:00Z\"}")), "{engine}: on a date");
        assert!(fires(rule, &with(&set.replace("window: 14d, ", ""), "orders/pg/", "expiration: {days: 400}")), "{engine}: only its engine knows");
        assert!(!fires(rule, &with(set, "orders/pgx/", "expiration: {days: 1}")), "{engine}: a neighbour");
        assert!(!fires(rule, &with(set, "orders/pg/", "expiration: {days: 1}").replace("true", "false")), "{engine}: a rule that is off");
        let tagged =
            format!("backups: {{physical: {set}}}\nlive: [{{id: x, enabled: true, filter: {{tags: [{{key: a, value: b}}]}}, expiration: {{days: 1}}}}]");
        assert_eq!(ids(&judged(&tagged)), BTreeSet::new(), "{engine}: a rule on a tag");
    }
}

#[test]
fn what_is_written_once_is_told_wherever_it_lies_and_however_late_it_goes() {
    let rule = "write-once-metadata-expires";
    let cases = [
        (0, "orders/pg/backup/main/backup.info", true),
        (0, "orders/pg/backup/main/2026", false),
        (0, "orders/pg/archive/main/", true),
        (0, "orders/pg/archive/main/15-1/", true),
        (0, "orders/pg/archive/main/15-1/0000000100000000/", false),
        (1, "orders/pg/main/wals/", true),
        (1, "orders/pg/main/wals/0000000100000000/", false),
        (1, "orders/pg/main/base/", false),
        (2, "orders/pg/basebackups_005/", true),
        (2, "orders/pg/wal_005/0000", true),
        (2, "orders/pg/wal_005/0000000100000000", false),
    ];
    for (at, prefix, wrong) in cases {
        assert_eq!(fires(rule, &with(SETS[at].1, prefix, "expiration: {days: 4000}")), wrong, "{prefix}");
    }
}

#[test]
fn wal_goes_neither_before_its_backups_nor_into_an_archive() {
    for (wal, (engine, set)) in
        ["orders/pg/archive/main/15-1/0000000100000000/", "orders/pg/main/wals/0000000100000000/", "orders/pg/wal_005/0000000100000000"].into_iter().zip(SETS)
    {
        assert_eq!(told(set, wal, "expiration: {days: 14}"), BTreeSet::from(["wal-gone-before-backups"]), "{engine}");
        assert!(!fires("wal-gone-before-backups", &with(set, "orders/pg/", "expiration: {days: 14}")), "{engine}: all at one age");
        for (class, wrong) in [("GLACIER", true), ("DEEP_ARCHIVE", true), ("GLACIER_IR", false), ("STANDARD_IA", false)] {
            let action = format!("transitions: [{{days: 90, class: {class}}}]");
            assert_eq!(!told(set, wal, &action).is_empty(), wrong, "{engine} {class}");
        }
    }
}

#[test]
fn each_archive_class_of_a_rule_is_named() {
    let steps = "transitions: [{days: 30, class: GLACIER_IR}, {days: 90, class: GLACIER}, {days: 180, class: DEEP_ARCHIVE}]";
    let found = judged(&with(SETS[2].1, "orders/pg/wal_005/", steps));
    let named: Vec<&str> = found.iter().filter(|finding| finding.title.contains("moves WAL")).filter_map(|finding| finding.title.rsplit(' ').next()).collect();
    assert_eq!(named, ["GLACIER", "DEEP_ARCHIVE"], "{found:?}");
}

#[test]
fn a_rule_that_takes_some_backups_does_not_excuse_one_that_takes_the_wal() {
    let rule = "wal-gone-before-backups";
    let both = |prefix: &str, days: i32, more: &str| {
        let wal = "{id: x, enabled: true, filter: {prefix: orders/pg/wal_005/0000000100000000}, expiration: {days: 14}}";
        let other = format!("{{id: y, enabled: true, filter: {{prefix: {prefix}{more}}}, expiration: {{days: {days}}}}}");
        format!("backups: {{physical: {}}}\nlive: [{wal}, {other}]", SETS[2].1)
    };
    assert!(fires(rule, &both("orders/pg/basebackups_005/base_000000010000000000000002", 7, "")), "the other backups live on");
    assert!(fires(rule, &both("orders/pg/basebackups_005/", 7, ", largerThan: 1000000")), "small objects live on");
    assert!(!fires(rule, &both("orders/pg/basebackups_005/", 7, "")) && !fires(rule, &both("orders/pg/", 14, "")));
    assert!(fires(rule, &both("orders/pg/basebackups_005/", 15, "")));
}

#[test]
fn repositories_that_no_set_names_are_judged_too() {
    let live = "live: [{id: x, enabled: true, filter: {prefix: orders/}, expiration: {days: 400}}]";
    assert_eq!(ids(&judged(live)), BTreeSet::from(["retention-not-kept"]));
    let found = |engine: &str, name: &str| ids(&judged(&format!("{live}\nliveRepositories: [[{engine}, orders/their/, {name}]]")));
    let broken = BTreeSet::from(["retention-not-kept", "repository-expires-by-age", "write-once-metadata-expires"]);
    assert_eq!(found("pgbackrest", "main"), broken);
    assert_eq!(found("barman-cloud", "main"), broken);
    assert_eq!(found("wal-g", "\"\""), broken);
}

#[test]
fn a_rule_of_others_is_held_against_the_rto_wherever_backups_lie() {
    let rule = "archived-longer-than-rto";
    let live = |prefix: &str, id: &str, class: &str| {
        format!("live: [{{id: \"{id}\", enabled: true, filter: {{prefix: {prefix}}}, transitions: [{{days: 90, class: {class}}}]}}]")
    };
    for (prefix, id, class, wrong) in [
        ("orders/nightly/", "theirs", "GLACIER", true),
        ("orders/", "theirs", "DEEP_ARCHIVE", true),
        ("orders/", "theirs", "GLACIER_IR", false),
        ("logs/", "theirs", "GLACIER", false),
        ("orders/", "lifeboat/orders/nightly:monthly", "GLACIER", false),
    ] {
        assert_eq!(fires(rule, &live(prefix, id, class)), wrong, "{prefix} {id} {class}");
    }
    assert!(!fires(rule, &format!("objectives: {{rpo: 26h, rto: 12h}}\n{}", live("orders/", "theirs", "DEEP_ARCHIVE"))));
    // The first class of a rule is fast enough, the second is not.
    let both = "live: [{id: x, enabled: true, filter: {prefix: orders/}, transitions: [{days: 30, class: GLACIER}, {days: 120, class: DEEP_ARCHIVE}]}]";
    let told = |rto: &str| fires(rule, &format!("objectives: {{rpo: 26h, rto: {rto}}}\n{both}"));
    assert!(told("4h") && told("11h") && !told("12h"));
}

#[test]
fn a_physical_set_answers_for_the_promise_of_the_policy_and_for_its_own() {
    let with = |rpo: &str, set: &str| format!("objectives: {{rpo: {rpo}, rto: 15m}}\nbackups: {{physical: {{engine: wal-g, prefix: pg/, {set}}}}}");
    for (rpo, set, wrong) in [
        ("10m", "wal: {maxLag: 10m}", false),
        ("9m", "wal: {maxLag: 10m}", true),
        ("1h", "schedule: {full: \"0 1 * * *\", incremental: \"0 * * * *\"}", false),
        ("59m", "schedule: {full: \"0 1 * * *\", incremental: \"0 * * * *\"}", true),
    ] {
        assert_eq!(fires("rpo-shorter-than-schedule", &with(rpo, set)), wrong, "{rpo} {set}");
    }
    let own = |set: &str| fires("archive-slower-than-rpo", &with("26h", &format!("objectives: {{rpo: 5m}}, {set}")));
    assert!(!own("wal: {maxLag: 5m}") && own("wal: {maxLag: 6m}") && own("schedule: {full: \"0 1 * * *\"}"));
    assert!(!own("window: 3d"), "nothing to hold it against");
    assert!(fires("schedule-never-fires", &with("26h", "schedule: {full: \"0 1 * * *\", incremental: \"0 1 31 2 *\"}")));
}

#[test]
fn a_drill_of_a_physical_set_is_refused_and_none_is_demanded() {
    let set = "backups: {physical: {engine: wal-g, prefix: pg/}}";
    assert!(!fires("never-drilled", set));
    let found = judged(&format!("{set}\ndrills: {{weekly: {{backups: [nightly, physical]}}}}"));
    assert!(matches!(found.as_slice(), [one] if one.title.contains("which lifeboat does not restore")), "{found:?}");
}
