use proptest::prelude::*;

use super::super::facts::LargeObject;
use super::super::names::TableName;
use super::super::rowhash::{RowHasher, RowSum};
use super::{LARGE_OBJECT_PART_BYTES, LargeObjectHasher, Pins, RestoredError, RestoredHasher, SESSION, copy_out_sql, large_object_sql, sequence_sql};

fn pins() -> Pins {
    Pins { encoding: "UTF8".to_owned(), lc_monetary: Some("de DE\\x'".to_owned()) }
}

#[test]
fn both_sides_pin_the_same_names() {
    let options = pins().pgoptions();
    let batch = pins().set_batch();
    let own = ["client_encoding", "lc_monetary"];
    for name in SESSION.iter().map(|(name, _)| *name).chain(own) {
        assert_eq!(options.matches(&format!("-c {name}=")).count(), 1, "{name}");
        assert_eq!(batch.matches(&format!("SET {name} = ")).count(), 1, "{name}");
    }
    assert!(options.starts_with("-c search_path= -c TimeZone=UTC -c DateStyle=ISO,\\ YMD "));
    assert!(options.ends_with(" -c client_encoding=UTF8 -c lc_monetary=de\\ DE\\\\x'"));
    assert!(batch.starts_with("SET search_path = '';\nSET TimeZone = 'UTC';\nSET DateStyle = ISO, YMD;\n"));
    assert!(batch.ends_with("SET lc_monetary = E'de DE\\\\x''';\n"));
}

#[test]
fn sql_quotes_every_name() {
    let table = TableName::new("we;ird \"s\"", "select");
    assert_eq!(copy_out_sql(&table, &["a", "b\"c"], None), "COPY (SELECT \"a\",\"b\"\"c\" FROM ONLY \"we;ird \"\"s\"\"\".\"select\") TO STDOUT");
    let none: [&str; 0] = [];
    assert_eq!(copy_out_sql(&TableName::new("s", "t"), &none, Some("WHERE a > 1")), "COPY (SELECT FROM ONLY \"s\".\"t\" WHERE a > 1) TO STDOUT");
    assert_eq!(sequence_sql(&table), "SELECT last_value, is_called FROM \"we;ird \"\"s\"\"\".\"select\"");
    assert_eq!(large_object_sql(7, 8_388_608), "SELECT pg_catalog.lo_get(7, 8388608, 8388608)");
}

fn restored(chunks: &[&[u8]]) -> Result<RowSum, RestoredError> {
    let mut hasher = RestoredHasher::new(&TableName::new("s", "t"), &["a"]);
    for chunk in chunks {
        hasher.push(chunk)?;
    }
    hasher.finish()
}

fn rows(rows: &[&[u8]]) -> RowSum {
    let mut hasher = RowHasher::new("s", "t", &["a"]);
    for row in rows {
        hasher.add_row(row);
    }
    hasher.sum()
}

#[test]
fn rows_split_and_joined() {
    let want = Ok(rows(&[b"1\ta", b"", b"2\tb"]));
    assert_eq!(restored(&[b"1\ta\n", b"\n", b"2\tb\n"]), want);
    assert_eq!(restored(&[b"1\t", b"a\n\n2", b"", b"\tb", b"\n"]), want);
    assert_eq!(restored(&[]), Ok(RowSum::default()));
    assert_eq!(restored(&[b"1\ta\n2"]), Err(RestoredError::Truncated));
}

#[test]
fn large_objects_come_in_parts() {
    let part = vec![0_u8; LARGE_OBJECT_PART_BYTES as usize];
    let mut hasher = LargeObjectHasher::default();
    assert_eq!(hasher.push(&part), Some(u64::from(LARGE_OBJECT_PART_BYTES)));
    assert_eq!(hasher.push(b""), None);
    assert_eq!(hasher.finish().bytes, u64::from(LARGE_OBJECT_PART_BYTES));
    let mut hasher = LargeObjectHasher::default();
    assert_eq!(hasher.push(b"abc"), None);
    let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(hasher.finish(), LargeObject { bytes: 3, sha256: sha256.to_owned() });
}

proptest! {
    #[test]
    fn chunks_do_not_matter(text in "[ab\\\\.\n]{0,60}", cuts in prop::collection::vec(0_usize..60, 0..6)) {
        let whole = restored(&[text.as_bytes()]);
        let mut cuts = cuts;
        cuts.sort_unstable();
        let mut chunks = Vec::new();
        let mut rest = text.as_bytes();
        let mut taken = 0;
        for cut in cuts {
            let (head, tail) = rest.split_at((cut - taken).min(rest.len()));
            taken = cut;
            chunks.push(head);
            rest = tail;
        }
        chunks.push(rest);
        prop_assert_eq!(restored(&chunks), whole);
    }
}
