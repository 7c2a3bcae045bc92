use super::super::super::names::TableName;
use super::{Statement, Wrong, parse};

fn copy(schema: &str, name: &str, columns: &[&str]) -> Statement {
    Statement::Copy { table: TableName::new(schema, name), columns: columns.iter().map(|c| (*c).to_owned()).collect() }
}

fn of(text: &str) -> Result<Statement, Wrong> {
    parse(text.as_bytes())
}

#[test]
fn copy_headers() {
    assert_eq!(of("COPY app.fk (id, b) FROM stdin"), Ok(copy("app", "fk", &["id", "b"])));
    assert_eq!(of("COPY app.zerocol  FROM stdin"), Ok(copy("app", "zerocol", &[])));
    assert_eq!(of("COPY A.B (C) FROM STDIN"), Ok(copy("a", "b", &["c"])));
    assert_eq!(
        of("COPY \"we;ird \"\"s\"\" (x)\".\"ta\nble \"\"q\"\" FROM stdin; -- $$ /*\" (\"c 1\", \"c,\n2)\", \"é\"\"\", \"select\") FROM stdin"),
        Ok(copy("we;ird \"s\" (x)", "ta\nble \"q\" FROM stdin; -- $$ /*", &["c 1", "c,\n2)", "é\"", "select"]))
    );
    for bad in [
        "COPY",
        "COPY t (a) FROM stdin",
        "COPY s.t (a) FROM stdin WITH x",
        "COPY s.t (a) TO stdout",
        "COPY s.t (a FROM stdin",
        "COPY s.t () FROM stdin",
        "COPY s.t (a b) FROM stdin",
        "COPY s.t ('a') FROM stdin",
        "COPY s.\"t (a) FROM stdin",
        "COPY 's'.t (a) FROM stdin",
    ] {
        assert_eq!(of(bad), Err(Wrong::Form("COPY header")), "{bad}");
    }
    assert_eq!(parse(b"COPY s.\"\xff\" (a) FROM stdin"), Err(Wrong::Utf8));
    assert_eq!(parse(b"COPY s.t (\"\xff\") FROM stdin"), Err(Wrong::Utf8));
}

#[test]
fn sequence_values() {
    let value = |name: &str, last_value, is_called| Ok(Statement::SetValue { sequence: TableName::new("app", name), last_value, is_called });
    assert_eq!(of("SELECT pg_catalog.setval('app.down', -2, true)"), value("down", -2, true));
    assert_eq!(of("SELECT pg_catalog.setval('app.\"se''q\"', 7, false)"), value("se'q", 7, false));
    assert_eq!(of("SELECT pg_catalog.setval(E'app.\"s''e\"\"q\\\\\"', -9223372036854775808, true)"), value("s'e\"q\\", i64::MIN, true));
    for bad in [
        "SELECT pg_catalog.setval('down', 1, true)",
        "SELECT pg_catalog.setval('app.down', 1)",
        "SELECT pg_catalog.setval('app.down', x, true)",
        "SELECT pg_catalog.setval('app.down', 1, maybe)",
        "SELECT pg_catalog.setval('app.down', 9223372036854775808, true)",
        "SELECT pg_catalog.setval('app.down x', 1, true)",
        "SELECT pg_catalog.setval('app.down', 1, true) x",
    ] {
        assert_eq!(of(bad), Err(Wrong::Form("setval")), "{bad}");
    }
}

#[test]
fn large_objects() {
    for (text, want) in [
        ("SELECT pg_catalog.lo_open('16405', 131072)", Statement::Open(16405)),
        ("SELECT pg_catalog.lo_open(pg_catalog.lo_create('4000000001'), 131072)", Statement::Open(4_000_000_001)),
        ("SELECT pg_catalog.lo_create('77')", Statement::Create(77)),
        ("SELECT pg_catalog.lowrite(0, '\\x00fF5c')", Statement::Write(vec![0, 255, 0x5c])),
        ("SELECT pg_catalog.lowrite(0, '\\x')", Statement::Write(Vec::new())),
        ("SELECT pg_catalog.lowrite(0, E'\\\\x41')", Statement::Write(vec![0x41])),
        ("SELECT pg_catalog.lo_close(0)", Statement::Close),
    ] {
        assert_eq!(of(text), Ok(want));
    }
    for (bad, what) in [
        ("SELECT pg_catalog.lo_open('x', 1)", "lo_open"),
        ("SELECT pg_catalog.lo_open('0', 1)", "lo_open"),
        ("SELECT pg_catalog.lo_open(pg_catalog.x('1'), 1)", "lo_open"),
        ("SELECT pg_catalog.lo_open('4294967296', 1)", "lo_open"),
        ("SELECT pg_catalog.lo_create(77)", "lo_create"),
        ("SELECT pg_catalog.lowrite(1, '\\x')", "lowrite"),
        ("SELECT pg_catalog.lowrite(0, '\\x0')", "lowrite"),
        ("SELECT pg_catalog.lowrite(0, '\\x0g')", "lowrite"),
        ("SELECT pg_catalog.lowrite(0, 'abc')", "lowrite"),
        ("SELECT pg_catalog.lo_close(0), 1", "lo_close"),
    ] {
        assert_eq!(of(bad), Err(Wrong::Form(what)), "{bad}");
    }
}

#[test]
fn everything_else() {
    for other in [
        "",
        "SET statement_timeout = 0",
        "SET standard_conforming_strings = on",
        "SELECT pg_catalog.set_config('search_path', '', false)",
        "SELECT * FROM pg_catalog.pg_restore_relation_stats('version', '180000'::integer)",
        "SELECT 1",
        "BEGIN",
        "COPYX s.t",
        "ALTER TABLE s.t DISABLE TRIGGER ALL",
    ] {
        assert_eq!(of(other), Ok(Statement::Other), "{other}");
    }
    assert_eq!(of("INSERT INTO s.t VALUES (1)"), Ok(Statement::Insert));
    assert_eq!(of("SET client_encoding = 'SJIS'"), Ok(Statement::Encoding("SJIS".to_owned())));
    assert_eq!(of("SET client_encoding TO x"), Err(Wrong::Form("SET")));
    assert_eq!(of("SET standard_conforming_strings = off"), Ok(Statement::BackslashStrings));
}
