use super::super::facts::{DataFacts, LargeObject, SequenceValue, TableData};
use super::super::names::TableName;
use super::super::rowhash::RowSum;
use super::{CatalogFacts, CatalogRelation, Exclusion, Gap, RelationKind, compare};

fn relation(name: &str, kind: RelationKind) -> CatalogRelation {
    CatalogRelation { schema: "s".to_owned(), name: name.to_owned(), kind, reltuples: 12.0, bytes: 8192, extension: None, extension_config: false }
}

fn member(name: &str, kind: RelationKind, config: bool) -> CatalogRelation {
    CatalogRelation { extension: Some("ext".to_owned()), extension_config: config, ..relation(name, kind) }
}

fn dump(tables: &[&str], sequences: &[&str], objects: u32) -> DataFacts {
    let mut facts = DataFacts::default();
    for name in tables {
        let data = TableData { columns: Vec::new(), rows: RowSum::default() };
        facts.tables.insert(TableName::new("s", *name), data);
    }
    for name in sequences {
        let value = SequenceValue { last_value: 1, is_called: false };
        facts.sequences.insert(TableName::new("s", *name), value);
    }
    for oid in 0..objects {
        let object = LargeObject { bytes: 0, sha256: String::new() };
        facts.large_objects.insert(oid, object);
    }
    facts
}

fn exclusion(name: &str, reason: &str) -> Exclusion {
    Exclusion { schema: "s".to_owned(), name: name.to_owned(), reason: reason.to_owned() }
}

fn catalog() -> CatalogFacts {
    CatalogFacts {
        relations: vec![
            relation("t", RelationKind::Table),
            relation("u", RelationKind::Unlogged),
            relation("p", RelationKind::Partitioned),
            relation("q", RelationKind::Sequence),
            relation("m", RelationKind::MatView),
            relation("f", RelationKind::Foreign),
            member("e", RelationKind::Table, false),
            member("eq", RelationKind::Sequence, false),
            member("c", RelationKind::Table, true),
            member("cq", RelationKind::Sequence, true),
        ],
        large_objects: 2,
    }
}

fn n(name: &str) -> TableName {
    TableName::new("s", name)
}

#[test]
fn a_whole_dump_has_no_gap_even_without_rows() {
    let facts = dump(&["t", "u", "c"], &["q", "cq"], 2);
    assert_eq!(compare(&catalog(), &facts, &[]), []);
}

#[test]
fn what_is_not_there_is_named() {
    let missing = |name: &str| Gap::TableMissing { table: n(name), reltuples: 12.0, bytes: 8192 };
    assert_eq!(
        compare(&catalog(), &dump(&[], &[], 3), &[]),
        [
            missing("c"),
            Gap::SequenceMissing { sequence: n("cq") },
            Gap::SequenceMissing { sequence: n("q") },
            missing("t"),
            missing("u"),
            Gap::LargeObjectsDiffer { catalog: 2, dump: 3 },
        ]
    );
}

#[test]
fn what_should_not_be_there_is_named() {
    let facts = dump(&["t", "u", "c", "x", "m"], &["q", "cq", "t2"], 2);
    assert_eq!(compare(&catalog(), &facts, &[]), ["m", "x", "t2"].map(|name| Gap::Unexpected { name: n(name) }));
    let swapped = dump(&["t", "u", "c", "q"], &["q", "cq"], 2);
    assert_eq!(compare(&catalog(), &swapped, &[]), [Gap::Unexpected { name: n("q") }]);
}

#[test]
fn roots_and_foreign_tables_may_have_data() {
    let facts = dump(&["t", "u", "c", "p", "f"], &["q", "cq"], 2);
    assert_eq!(compare(&catalog(), &facts, &[]), []);
}

#[test]
fn exclusions_need_a_name_that_is_there_a_reason_and_effect() {
    let facts = dump(&["u", "c"], &["cq"], 2);
    let out = [exclusion("t", "rebuilt nightly"), exclusion("q", "of t")];
    assert_eq!(compare(&catalog(), &facts, &out), []);
    let out = [exclusion("t", " "), exclusion("u", "cache"), exclusion("q", "x"), exclusion("old", "gone")];
    assert_eq!(
        compare(&catalog(), &facts, &out),
        [Gap::ExclusionWithoutReason { name: n("t") }, Gap::ExclusionUnknown { name: n("old") }, Gap::ExcludedButPresent { name: n("u") },]
    );
}

#[test]
fn sentences() {
    let gap = |reltuples| Gap::TableMissing { table: n("T"), reltuples, bytes: 9 };
    assert_eq!(gap(1234.4).to_string(), "table s.\"T\" (about 1234 rows, 9 bytes) is in the database but not in the dump");
    assert_eq!(gap(-1.0).to_string(), "table s.\"T\" (9 bytes) is in the database but not in the dump");
}
