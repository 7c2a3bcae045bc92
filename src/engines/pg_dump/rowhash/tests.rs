use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::{ALGORITHM, RowHasher, RowSum, add_le, hex};

fn sum_of(rows: &[&[u8]]) -> RowSum {
    let mut hasher = RowHasher::new("public", "t", &["a", "b"]);
    for row in rows {
        hasher.add_row(row);
    }
    hasher.sum()
}

/// The definition in the documentation, spelled out again without the code under test.
#[test]
fn one_row_is_the_documented_digest() {
    let mut salt = Vec::new();
    for part in ["lifeboat.rowsum/1", "public", "t"] {
        salt.extend((part.len() as u64).to_le_bytes());
        salt.extend(part.as_bytes());
    }
    salt.extend(2_u64.to_le_bytes());
    for part in ["a", "b"] {
        salt.extend(1_u64.to_le_bytes());
        salt.extend(part.as_bytes());
    }
    let mut block = Sha256::digest(&salt).to_vec();
    block.extend([0; 32]);
    block.extend(b"1\tx");
    let sum = sum_of(&[b"1\tx"]);
    assert_eq!(sum.hex(), hex(&Sha256::digest(&block)));
    assert_eq!((sum.rows, sum.bytes), (1, 3));
}

/// Recorded: a change of this value breaks every manifest written so far.
#[test]
fn recorded_value() {
    assert_eq!(ALGORITHM, "lifeboat.rowsum/1");
    assert_eq!(sum_of(&[b"1\tx", b"2\t\\N", b""]).hex(), "3ccc49271137f44917520ed406eaa1d4782d2c62342fe7dca6905ebe4ad36365");
}

#[test]
fn carries_run_through_all_limbs_and_wrap() {
    let mut a = [0xff; 32];
    let mut one = [0; 32];
    if let Some(first) = one.first_mut() {
        *first = 1;
    }
    add_le(&mut a, &one);
    assert_eq!(a, [0; 32]);
    let mut b = [0xff; 32];
    add_le(&mut b, &[0xff; 32]);
    let mut want = [0xff; 32];
    if let Some(first) = want.first_mut() {
        *first = 0xfe;
    }
    assert_eq!(b, want);
}

#[test]
fn salt_separates_tables_and_columns() {
    let of = |schema: &str, name: &str, columns: &[&str]| {
        let mut hasher = RowHasher::new(schema, name, columns);
        hasher.add_row(b"1");
        hasher.sum().hex()
    };
    let all = [of("a", "bc", &["x"]), of("ab", "c", &["x"]), of("a", "bc", &["y"]), of("a", "bc", &[]), of("a", "bc", &["x", ""]), of("a", "b", &["c", "x"])];
    for (i, one) in all.iter().enumerate() {
        assert!(all.iter().skip(i + 1).all(|other| other != one));
    }
}

#[test]
fn equal_rows_do_not_cancel() {
    assert_ne!(sum_of(&[b"1", b"1"]).sum, sum_of(&[b"2", b"2"]).sum);
    assert_ne!(sum_of(&[b"1", b"1"]).sum, [0; 32]);
    assert_ne!(sum_of(&[b""]), sum_of(&[]));
}

#[test]
fn json_form() -> Result<(), serde_json::Error> {
    let sum = sum_of(&[b"1\tx"]);
    let text = serde_json::to_string(&sum)?;
    assert_eq!(text, format!("{{\"rows\":1,\"bytes\":3,\"sum\":\"{}\"}}", sum.hex()));
    assert_eq!(serde_json::from_str::<RowSum>(&text)?, sum);
    for bad in [
        "{\"rows\":1,\"bytes\":3,\"sum\":\"00\"}".to_owned(),
        text.replace(&sum.hex(), &"Z".repeat(64)),
        text.replace(&sum.hex(), &"A".repeat(64)),
        text.replace(&sum.hex(), &format!("{}g", "0".repeat(63))),
        text.replace("\"rows\"", "\"more\":1,\"rows\""),
    ] {
        assert!(serde_json::from_str::<RowSum>(&bad).is_err(), "{bad}");
    }
    Ok(())
}

proptest! {
    #[test]
    fn order_and_split_do_not_matter(
        rows in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..12),
        cut in 0_usize..12,
        at in 0_usize..80,
    ) {
        let forward: Vec<&[u8]> = rows.iter().map(Vec::as_slice).collect();
        let backward: Vec<&[u8]> = rows.iter().rev().map(Vec::as_slice).collect();
        let whole = sum_of(&forward);
        prop_assert_eq!(whole, sum_of(&backward));
        let (left, right) = forward.split_at(cut.min(forward.len()));
        let mut merged = sum_of(left);
        merged.merge(&sum_of(right));
        prop_assert_eq!(whole, merged);
        let mut parts = RowHasher::new("public", "t", &["a", "b"]);
        for row in &forward {
            let (head, tail) = row.split_at(at.min(row.len()));
            parts.part(head);
            prop_assert_eq!(parts.open_bytes(), Some(head.len() as u64));
            if at % 2 == 0 { parts.add_row(tail) } else { parts.part(tail); parts.end_row(); }
        }
        prop_assert_eq!(whole, parts.sum());
    }
}
