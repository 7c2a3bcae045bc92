use super::{TableName, quote_ident, quote_literal};

#[test]
fn display_quotes_only_what_needs_it() {
    for (schema, name, want) in [
        ("public", "orders", "public.orders"),
        ("_a1$", "x", "_a1$.x"),
        ("Public", "x", "\"Public\".x"),
        ("a b", "q\"q", "\"a b\".\"q\"\"q\""),
        ("1a", "", "\"1a\".\"\""),
        ("é", "x", "\"é\".x"),
    ] {
        assert_eq!(TableName::new(schema, name).to_string(), want);
    }
}

#[test]
fn sql_quotes_always() {
    assert_eq!(TableName::new("a", "select").to_sql(), "\"a\".\"select\"");
    assert_eq!(quote_ident("a\"\nb"), "\"a\"\"\nb\"");
}

#[test]
fn literals_survive_quotes_and_backslashes() {
    assert_eq!(quote_literal("it's"), "'it''s'");
    assert_eq!(quote_literal("a\\'b"), "E'a\\\\''b'");
}
