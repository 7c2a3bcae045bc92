use std::collections::BTreeSet;

use super::{Hints, OUTSIDE_KINDS, Toc, TocEntry, TocError};

/// Recorded with `pg_dump` 15.18 (shortened); the last three lines as newer versions print them.
const LIST: &str = r#";
; Archive created at 2026-11-22 14:55:09 UTC
;     dbname: nasty: 1
;     TOC Entries: 106
;     Compression: 0
;     Dump Version: 1.14-0
;     Format: CUSTOM
;     Integer: 4 bytes
;     Offset: 8 bytes
;     Dumped from database version: 15.18 (Debian 15.18-0+deb12u1)
;     Dumped by pg_dump version: 15.18 (Debian 15.18-0+deb12u1)
;
;
; Selected TOC Entries:
;
8; 2615 16386 SCHEMA - app postgres
7; 2615 16385 SCHEMA - we;ird "s" (x) postgres
2; 3079 16464 EXTENSION - hstore 
3616; 0 0 COMMENT - EXTENSION hstore 
245; 1255 16403 FUNCTION app f() postgres
2026; 2616 16632 OPERATOR CLASS app opc postgres
3617; 0 0 USER MAPPING - USER MAPPING postgres SERVER srv postgres
223; 1259 16423 TABLE app empty postgres
225; 1259 16432 SEQUENCE app ident_id_seq postgres
3620; 0 0 SEQUENCE OWNED BY app ident_s_seq postgres
242; 1259 16654 TABLE app ta ble postgres
217; 1259 16398 TABLE we;ird "s" (x) ta ble "q" FROM stdin; -- $$ /* postgres
3416; 0 0 TABLE ATTACH app parts_a postgres
3422; 2604 16653 DEFAULT app vd a postgres
3606; 2613 4000000001 BLOB - 4000000001 postgres
3603; 0 16654 TABLE DATA app ta ble some one
3583; 0 16398 TABLE DATA we;ird "s" (x) ta ble "q" FROM stdin; -- $$ /* postgres
3630; 0 0 SEQUENCE SET we;ird "s" (x) s'e"q\ postgres
3608; 0 0 BLOBS - BLOBS 
3582; 6100 16605 SUBSCRIPTION - sub postgres
3699; 0 0 COMMENT - SUBSCRIPTION sub postgres
2246; 826 16629 DEFAULT ACL app DEFAULT PRIVILEGES FOR TABLES postgres
3598; 0 16452 MATERIALIZED VIEW DATA app mv postgres
4000; 1259 9 TABLE DATA x postgres
4001; 0 0 STATISTICS DATA app t postgres
4002; 6666 5 BRAND NEW app thing postgres
"#;

fn hints() -> Hints {
    Hints { schemas: BTreeSet::from(["DATA".to_owned()]), owners: BTreeSet::from(["some\none".to_owned(), "one".to_owned()]) }
}

fn parsed() -> Result<Toc, TocError> {
    Toc::parse(LIST, &hints())
}

type Line<'a> = (u32, u32, &'a str, Option<&'a str>, &'a str, &'a str);

fn of(toc: &Toc, id: u32) -> Option<Line<'_>> {
    let entry: &TocEntry = toc.entries.iter().find(|entry| entry.dump_id == id)?;
    Some((entry.catalog_oid, entry.oid, &entry.kind, entry.schema.as_deref(), &entry.name, &entry.owner))
}

#[test]
fn header_fields() -> Result<(), TocError> {
    let header = parsed()?.header;
    assert_eq!(header.dbname.as_deref(), Some("nasty: 1"));
    assert_eq!(header.entries, Some(106));
    assert_eq!(header.compression.as_deref(), Some("0"));
    assert_eq!(header.dump_version.as_deref(), Some("1.14-0"));
    assert_eq!(header.format.as_deref(), Some("CUSTOM"));
    let version = Some("15.18 (Debian 15.18-0+deb12u1)");
    assert_eq!(header.server_version.as_deref(), version);
    assert_eq!(header.pg_dump_version.as_deref(), version);
    Ok(())
}

#[test]
fn entries_with_blanks_part_where_they_should() -> Result<(), TocError> {
    let toc = parsed()?;
    let weird = Some("we;ird \"s\" (x)");
    let nasty = "ta ble \"q\" FROM stdin; -- $$ /*";
    let app = Some("app");
    for (id, want) in [
        (7, (2615, 16385, "SCHEMA", None, "we;ird \"s\" (x)", "postgres")),
        (2, (3079, 16464, "EXTENSION", None, "hstore", "")),
        (3616, (0, 0, "COMMENT", None, "EXTENSION hstore", "")),
        (2026, (2616, 16632, "OPERATOR CLASS", app, "opc", "postgres")),
        (3617, (0, 0, "USER MAPPING", None, "USER MAPPING postgres SERVER srv", "postgres")),
        (3620, (0, 0, "SEQUENCE OWNED BY", app, "ident_s_seq", "postgres")),
        (217, (1259, 16398, "TABLE", weird, nasty, "postgres")),
        (3416, (0, 0, "TABLE ATTACH", app, "parts_a", "postgres")),
        (3422, (2604, 16653, "DEFAULT", app, "vd a", "postgres")),
    ] {
        assert_eq!(of(&toc, id), Some(want));
    }
    Ok(())
}

#[test]
fn kinds_are_told_apart() -> Result<(), TocError> {
    let toc = parsed()?;
    let weird = Some("we;ird \"s\" (x)");
    let nasty = "ta ble \"q\" FROM stdin; -- $$ /*";
    let app = Some("app");
    for (id, want) in [
        (3606, (2613, 4_000_000_001, "BLOB", None, "4000000001", "postgres")),
        (3603, (0, 16654, "TABLE DATA", app, "ta ble", "some one")),
        (3583, (0, 16398, "TABLE DATA", weird, nasty, "postgres")),
        (3630, (0, 0, "SEQUENCE SET", weird, "s'e\"q\\", "postgres")),
        (3608, (0, 0, "BLOBS", None, "BLOBS", "")),
        (2246, (826, 16629, "DEFAULT ACL", app, "DEFAULT PRIVILEGES FOR TABLES", "postgres")),
        (3598, (0, 16452, "MATERIALIZED VIEW DATA", app, "mv", "postgres")),
        (4000, (1259, 9, "TABLE", Some("DATA"), "x", "postgres")),
        (4001, (0, 0, "STATISTICS DATA", app, "t", "postgres")),
        (4002, (6666, 5, "BRAND NEW", app, "thing", "postgres")),
    ] {
        assert_eq!(of(&toc, id), Some(want));
    }
    assert_eq!(toc.entries.len(), 26);
    assert_eq!(toc.table_data_oids(), BTreeSet::from([16654, 16398]));
    assert_eq!(toc.unknown_kinds(), BTreeSet::from(["BRAND NEW"]));
    Ok(())
}

#[test]
fn restore_list_leaves_out_what_reaches_outside() -> Result<(), TocError> {
    let toc = parsed()?;
    let list = toc.restore_list(OUTSIDE_KINDS);
    let left_out: Vec<u32> = list.left_out.iter().map(|entry| entry.dump_id).collect();
    assert_eq!(left_out, [3617, 3582, 3699]);
    assert_eq!(list.text.lines().count(), 23);
    assert!(list.text.starts_with("8; SCHEMA\n7; SCHEMA\n2; EXTENSION\n"));
    assert_eq!(toc.restore_list(&[]).text.lines().count(), 26);
    Ok(())
}

#[test]
fn what_is_no_list_is_refused() {
    let parse = |text: &str| Toc::parse(text, &hints()).map(|_| ());
    assert_eq!(parse(""), Err(TocError::NoHeader));
    assert_eq!(parse("pg_restore: error: x\n"), Err(TocError::NoHeader));
    let with = |line: &str| parse(&format!("; TOC Entries: 2\n{line}\n"));
    assert_eq!(with("8; 2615 16386 SCHEMA - app postgres"), Ok(()));
    for bad in [
        "x; 2615 16386 SCHEMA - app postgres",
        "8; 2615 SCHEMA - app postgres",
        "8; 2615 16386 schema - app postgres",
        "8; 2615 16386 SCHEMA",
        "8; 2615 16386 SCHEMA -",
        "8; 2615 16386 SCHEMA - app",
        "8 2615 16386 SCHEMA - app postgres",
    ] {
        assert_eq!(with(bad), Err(TocError::Line(2)), "{bad}");
    }
    let one = "8; 2615 16386 SCHEMA - app postgres\n";
    assert_eq!(with(&one.repeat(2)), Err(TocError::Twice(8)));
    let three = format!("{one}{}{}", one.replace("8;", "9;"), one.replace("8;", "7;"));
    assert_eq!(with(&three), Err(TocError::TooMany));
}
