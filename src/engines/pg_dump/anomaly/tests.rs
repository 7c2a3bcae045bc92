use super::super::facts::{DataFacts, LargeObject, TableData};
use super::super::names::TableName;
use super::super::rowhash::RowSum;
use super::{Change, Limits, compare};

fn facts(tables: &[(&str, u64)], objects: u32) -> DataFacts {
    let mut facts = DataFacts::default();
    for (name, rows) in tables {
        let rows = RowSum { rows: *rows, bytes: 0, sum: [0; 32] };
        let data = TableData { columns: Vec::new(), rows };
        facts.tables.insert(TableName::new("public", *name), data);
    }
    for oid in 0..objects {
        let object = LargeObject { bytes: 0, sha256: String::new() };
        facts.large_objects.insert(oid, object);
    }
    facts
}

fn sentences(older: &DataFacts, newer: &DataFacts, limits: &Limits) -> Vec<String> {
    let findings = compare("b1", older, newer, limits);
    findings.iter().map(ToString::to_string).collect()
}

#[test]
fn growth_and_small_losses_are_silent() {
    let older = facts(&[("a", 100), ("empty", 0)], 10);
    let newer = facts(&[("a", 80), ("empty", 0), ("new", 0)], 8);
    let none: Vec<String> = Vec::new();
    assert_eq!(sentences(&older, &newer, &Limits::default()), none);
    assert_eq!(sentences(&older, &older, &Limits::default()), none);
    let grown = facts(&[("a", 1000), ("empty", 9)], 100);
    assert_eq!(sentences(&older, &grown, &Limits::default()), none);
}

#[test]
fn losses_are_plain_sentences() {
    let older = facts(&[("Gone", 1), ("half", 1_000_000), ("just", 100), ("orders", 120_331)], 10);
    let newer = facts(&[("half", 500_000), ("just", 79), ("orders", 0)], 7);
    assert_eq!(
        sentences(&older, &newer, &Limits::default()),
        [
            "public.\"Gone\" had 1 row in backup b1 and is gone",
            "public.half had 1,000,000 rows in backup b1, now 500,000 (50.0 % less)",
            "public.just had 100 rows in backup b1, now 79 (21.0 % less)",
            "public.orders had 120,331 rows in backup b1, now 0",
            "there were 10 large objects in backup b1, now 7",
        ]
    );
}

#[test]
fn limits_hold() {
    let older = facts(&[("a", 10), ("b", 10), ("c", 10)], 5);
    let newer = facts(&[("c", 0)], 0);
    let limits = |tables_gone| Limits { rows_down_percent: 100.0, tables_gone };
    let count = |n| compare("b1", &older, &newer, &limits(n)).len();
    assert_eq!(count(1), 4);
    // Emptied is a finding whatever the percentage.
    assert_eq!(count(2), 2);
}

#[test]
fn json_and_names() -> Result<(), serde_json::Error> {
    let findings = compare("b1", &facts(&[("a", 10)], 0), &facts(&[("a", 1)], 0), &Limits::default());
    assert_eq!(
        serde_json::to_string(&findings)?,
        "[{\"older\":\"b1\",\"change\":\"rows_down\",\"table\":{\"schema\":\"public\",\"name\":\"a\"},\"rows_before\":10,\"rows_now\":1}]"
    );
    let names: Vec<_> = findings.iter().filter_map(super::Finding::table).collect();
    assert_eq!(names, [&TableName::new("public", "a")]);
    let objects = compare("b1", &facts(&[], 1), &facts(&[], 0), &Limits::default());
    assert!(objects.iter().all(|finding| finding.table().is_none()));
    assert!(matches!(objects.first().map(|finding| &finding.what), Some(Change::LargeObjectsDown { before: 1, now: 0 })));
    assert_eq!(serde_json::from_str::<Limits>("{}")?, Limits::default());
    Ok(())
}
