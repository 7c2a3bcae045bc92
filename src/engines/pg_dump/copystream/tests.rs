use proptest::prelude::*;

use super::super::facts::{DataFacts, LargeObject, SequenceValue};
use super::super::names::TableName;
use super::super::rowhash::{RowHasher, RowSum};
use super::{CopyError, CopyStream, MAX_ROW_BYTES, MAX_STATEMENT_BYTES};

/// Recorded: `pg_restore -f - --section=data` 15.18, shortened.
const RECORDED: &str = include_str!("tests/recorded.sql");

const END: &str = "--\n-- PostgreSQL database dump complete\n--\n\n";

fn read_by(stream: CopyStream, text: &[u8], size: usize) -> Result<DataFacts, CopyError> {
    let mut stream = stream;
    for chunk in text.chunks(size.max(1)) {
        stream.push(chunk)?;
    }
    stream.finish()
}

fn read(text: &str) -> Result<DataFacts, CopyError> {
    read_by(CopyStream::new(), text.as_bytes(), 1 << 16)
}

/// The script with the trailer.
fn script(text: &str) -> Result<DataFacts, CopyError> {
    read(&format!("{text}{END}"))
}

fn sum(schema: &str, name: &str, columns: &[&str], rows: &[&str]) -> RowSum {
    let mut hasher = RowHasher::new(schema, name, columns);
    for row in rows {
        hasher.add_row(row.as_bytes());
    }
    hasher.sum()
}

fn t() -> TableName {
    TableName::new("s", "t")
}

#[test]
fn recorded_dump() -> Result<(), CopyError> {
    let facts = read(RECORDED)?;
    let tables: Vec<(String, Vec<String>, RowSum)> = facts.tables.iter().map(|(name, data)| (name.name.clone(), data.columns.clone(), data.rows)).collect();
    let weird = "ta\nble \"q\" FROM stdin; -- $$ /*";
    let schema = "we;ird \"s\" (x)";
    let table = |schema: &str, name: &str, columns: &[&str], rows: &[&str]| {
        let owned = columns.iter().map(|c| (*c).to_owned()).collect::<Vec<_>>();
        (name.to_owned(), owned, sum(schema, name, columns, rows))
    };
    assert_eq!(
        tables,
        [
            table("app", "empty", &["a", "b"], &[]),
            table("app", "parts_b", &["ts", "k", "id"], &["2020-01-01 10:30:00+09\tb\t1", "2020-01-01 13:30:00+09\tb\t3"]),
            table("app", "zerocol", &[], &["", ""]),
            table(
                schema,
                weird,
                &["c 1", "c,\n2)", "é\"", "select"],
                &["1\ta\\tb\\\\n\té\tt", "2\t\\\\.\t\\\\N\t\\N", "3\t\\\\.\\n\\r\\b\\fv\tCOPY x (a) FROM stdin;\\n1\\n\\\\.\\n\tf",]
            ),
        ]
    );
    Ok(())
}

#[test]
fn recorded_sequences_and_large_objects() -> Result<(), CopyError> {
    let facts = read(RECORDED)?;
    let value = |last_value, is_called| SequenceValue { last_value, is_called };
    let sequences: Vec<_> = facts.sequences.into_iter().collect();
    assert_eq!(sequences, [(TableName::new("app", "down"), value(-2, true)), (TableName::new("app", "se'q"), value(7, false)),]);
    let object = |bytes, sha256: &str| LargeObject { bytes, sha256: sha256.to_owned() };
    let objects: Vec<_> = facts.large_objects.into_iter().collect();
    assert_eq!(
        objects,
        [
            (77, object(0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")),
            (16405, object(3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")),
        ]
    );
    Ok(())
}

#[test]
fn every_cut_is_an_error() {
    let end = RECORDED.find("dump complete\n").map_or(0, |at| at + "dump complete\n".len());
    for cut in 0..end {
        let text = RECORDED.as_bytes().get(..cut).unwrap_or_default();
        let result = read_by(CopyStream::new(), text, 1 << 16);
        assert!(result.is_err(), "cut at {cut}");
    }
    assert!(read(RECORDED.get(..end).unwrap_or_default()).is_ok());
}

#[test]
fn every_chunk_size_reads_the_same() {
    let whole = read(RECORDED);
    assert!(whole.is_ok());
    for size in 1..300 {
        assert_eq!(read_by(CopyStream::new(), RECORDED.as_bytes(), size), whole, "{size}");
    }
}

#[test]
fn ends_are_told_apart() {
    for (text, want) in [
        ("", CopyError::MissingTrailer),
        ("SET x = 1;\n", CopyError::MissingTrailer),
        ("COPY s.t (a) FROM stdin;", CopyError::Truncated { table: t() }),
        ("COPY s.t (a) FROM stdin;\n1\n", CopyError::Truncated { table: t() }),
        ("COPY s.t (a) FROM stdin;\n1\n\\.", CopyError::Truncated { table: t() }),
        ("\nCOPY s.t (a) FROM", CopyError::TruncatedStatement { offset: 1 }),
        ("SELECT pg_catalog.lo_open('7', 1);\n", CopyError::TruncatedLargeObject { oid: 7 }),
    ] {
        assert_eq!(read(text), Err(want), "{text}");
    }
    let after = format!("{END}SELECT 1;\n");
    assert_eq!(script(&after), Err(CopyError::AfterTrailer { offset: END.len() as u64 }));
}

#[test]
fn wrong_statements_are_errors() {
    for (text, want) in [
        ("\nINSERT INTO s.t VALUES (1);", CopyError::InsertStyle { offset: 1 }),
        ("COPY s.t (a) FROM stdin; 1\n", CopyError::Malformed { what: "COPY header", offset: 0 }),
        ("COPY t (a) FROM stdin;\n", CopyError::Malformed { what: "COPY header", offset: 0 }),
        ("SELECT pg_catalog.lowrite(0, '\\x');", CopyError::Malformed { what: "lowrite", offset: 0 }),
        ("SELECT pg_catalog.lo_close(0);", CopyError::Malformed { what: "lo_close", offset: 0 }),
        ("SELECT pg_catalog.lo_open('7', 1);SELECT pg_catalog.lo_open('8', 1);", CopyError::TruncatedLargeObject { oid: 7 }),
        ("SET standard_conforming_strings = off;", CopyError::BackslashStrings),
        ("SET client_encoding = 'sjis';", CopyError::UnsupportedEncoding { name: "sjis".to_owned() }),
        ("SELECT pg_catalog.setval('s.t', 1, true);SELECT pg_catalog.setval('s.t', 1, true);", CopyError::Repeated { name: t() }),
    ] {
        assert_eq!(script(text), Err(want), "{text}");
    }
}

#[test]
fn the_first_error_stays() {
    let mut stream = CopyStream::new();
    let error = Err(CopyError::InsertStyle { offset: 0 });
    assert_eq!(stream.push(b"INSERT INTO x;"), error);
    assert_eq!(stream.push(END.as_bytes()), error);
    assert_eq!(stream.finish().map(|_| ()), error);
}

#[test]
fn offsets_count_the_rows_before() {
    let text = "COPY s.t (a) FROM stdin;\n1\n2\n\\.\n\n";
    let want = CopyError::InsertStyle { offset: text.len() as u64 };
    assert_eq!(script(&format!("{text}INSERT x;")), Err(want));
}

#[test]
fn lines_that_only_look_like_the_end() -> Result<(), CopyError> {
    let rows = ["\\\\.", "\\.x", "\\", "", "\\\\", "x\\.", "\\.\\.", "."];
    let text = format!("COPY s.t (a) FROM stdin;\n{}\n\\.\n{END}", rows.join("\n"));
    let want = sum("s", "t", &["a"], &rows);
    for size in 1..40 {
        let facts = read_by(CopyStream::new(), text.as_bytes(), size)?;
        assert_eq!(facts.tables.get(&t()).map(|data| data.rows), Some(want), "{size}");
    }
    Ok(())
}

#[test]
fn a_function_body_is_not_data() -> Result<(), CopyError> {
    let body = "\nCOPY s.fake (a) FROM stdin;\n1\n\\.\n";
    let facts =
        script(&format!("CREATE FUNCTION f() LANGUAGE plpgsql AS $_${body}$_$;\nCOMMENT ON x IS '{body}';\n/*{body}*/\nCOPY s.t (a) FROM stdin;\n1\n\\.\n"))?;
    assert_eq!(facts.tables.keys().collect::<Vec<_>>(), [&t()]);
    assert_eq!(facts.rows(), 1);
    Ok(())
}

#[test]
fn repeated_tables_merge_only_when_asked() {
    let block = |columns: &str, row: &str| format!("COPY s.t ({columns}) FROM stdin;\n{row}\n\\.\n");
    let same = format!("{}{}{END}", block("a, b", "1\t2"), block("a, b", "3\t4"));
    let other = format!("{}{}{END}", block("a, b", "1\t2"), block("b, a", "4\t3"));
    assert_eq!(read(&same), Err(CopyError::Repeated { name: t() }));
    let merged = |text: &str| read_by(CopyStream::merging_roots(), text.as_bytes(), 9);
    let rows = merged(&same).map(|facts| facts.tables.get(&t()).map(|data| data.rows));
    assert_eq!(rows, Ok(Some(sum("s", "t", &["a", "b"], &["1\t2", "3\t4"]))));
    assert_eq!(merged(&other), Err(CopyError::ColumnsDiffer { table: t() }));
}

#[test]
fn large_objects_created_first_are_filled_once() {
    let fill = "SELECT pg_catalog.lo_open('7', 1);SELECT pg_catalog.lowrite(0, '\\x61');SELECT pg_catalog.lo_close(0);";
    let create = "SELECT pg_catalog.lo_create('7');";
    let bytes = |text: &str| script(text).map(|f| f.large_objects.get(&7).map(|o| o.bytes));
    assert_eq!(bytes(create), Ok(Some(0)));
    assert_eq!(bytes(&format!("{create}{fill}")), Ok(Some(1)));
    let twice = Err(CopyError::RepeatedLargeObject { oid: 7 });
    assert_eq!(bytes(&format!("{fill}{fill}")), twice);
    assert_eq!(bytes(&format!("{fill}{create}")), twice);
}

#[test]
fn statements_have_a_cap() {
    let mut stream = CopyStream::new();
    let piece = vec![b'x'; 1 << 20];
    let mut result = stream.push(b"\n'");
    let mut pushed = 0;
    while result.is_ok() && pushed < 2 * MAX_STATEMENT_BYTES {
        result = stream.push(&piece);
        pushed += piece.len();
    }
    assert_eq!(result, Err(CopyError::StatementTooLong { offset: 1 }));
    assert_eq!(pushed, MAX_STATEMENT_BYTES);
}

/// Needs a second or two: a gibibyte goes through the hash.
#[test]
fn rows_have_a_cap_and_are_not_held() {
    let mut stream = CopyStream::new();
    let piece = vec![b'x'; 1 << 20];
    let mut result = stream.push(b"COPY s.t (a) FROM stdin;\n");
    let mut pushed = 0_u64;
    while result.is_ok() && pushed < 2 * MAX_ROW_BYTES {
        result = stream.push(&piece);
        pushed += piece.len() as u64;
    }
    assert_eq!(result, Err(CopyError::RowTooLong { table: t() }));
    assert_eq!(pushed, MAX_ROW_BYTES + (1 << 20));
}

#[test]
fn messages_are_sentences() {
    assert_eq!(CopyError::Truncated { table: TableName::new("s", "T") }.to_string(), "the dump ends inside the rows of table s.\"T\"");
    assert_eq!(CopyError::InsertStyle { offset: 9 }.to_string(), "the dump holds INSERT statements (first at byte 9); only COPY data can be hashed");
}

proptest! {
    #[test]
    fn chunk_boundaries_never_matter(cuts in prop::collection::vec(1_usize..700, 0..40)) {
        let mut stream = CopyStream::new();
        let mut rest = RECORDED.as_bytes();
        for cut in cuts {
            let (head, tail) = rest.split_at(cut.min(rest.len()));
            prop_assert_eq!(stream.push(head), Ok(()));
            rest = tail;
        }
        prop_assert_eq!(stream.push(rest), Ok(()));
        prop_assert_eq!(stream.finish(), read(RECORDED));
    }

    #[test]
    fn any_rows_split_anywhere(
        rows in prop::collection::vec("[a.\\\\\t]{0,4}", 0..8),
        size in 1_usize..20,
    ) {
        let rows: Vec<&str> = rows.iter().map(String::as_str).filter(|row| *row != "\\.").collect();
        let lines = rows.iter().fold(String::new(), |text, row| text + row + "\n");
        let text = format!("COPY s.t (a) FROM stdin;\n{lines}\\.\n{END}");
        let facts = read_by(CopyStream::new(), text.as_bytes(), size);
        let got = facts.map(|facts| facts.tables.get(&t()).map(|data| data.rows));
        prop_assert_eq!(got, Ok(Some(sum("s", "t", &["a"], &rows))));
    }

    /// Whatever comes, an answer comes too.
    #[test]
    fn no_input_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), size in 1_usize..50) {
        let mut text = b"COPY s.t (a) FROM stdin;\n".to_vec();
        text.extend(&bytes);
        let by_size = read_by(CopyStream::new(), &text, size).is_ok();
        let at_once = read_by(CopyStream::new(), &text, 1000).is_ok();
        prop_assert_eq!(by_size, at_once);
    }
}
