//! Command lines of `pg_dump`, `pg_dumpall` and `pg_restore`. Pure: words only; connections come by environment.

use super::names::quote_ident;

/// `pg_dump` of one database in an exported snapshot: custom format, not compressed (we compress: its own zlib is the
/// slow way, docs/architecture.md), to standard output.
pub fn dump(snapshot: &str, encoding: &str, excluded: &[(String, String)]) -> Vec<String> {
    let mut out: Vec<String> = ["--format=custom", "--compress=0", "--no-password", "--lock-wait-timeout=60000"].map(str::to_owned).to_vec();
    out.push(format!("--snapshot={snapshot}"));
    out.push(format!("--encoding={encoding}"));
    for (schema, table) in excluded {
        // A quoted pattern is taken as it is: no wildcard, no folding (PostgreSQL documentation, psql "Patterns").
        out.push(format!("--exclude-table-data={}.{}", quote_ident(schema), quote_ident(table)));
    }
    out
}

/// `pg_dumpall` of roles and tablespaces, without passwords.
pub fn globals() -> Vec<String> {
    ["--globals-only", "--no-role-passwords", "--no-password"].map(str::to_owned).to_vec()
}

/// `pg_restore` that prints the data section of an archive from standard input as SQL.
pub fn print_data() -> Vec<String> {
    ["--section=data", "--file=-"].map(str::to_owned).to_vec()
}

#[cfg(test)]
mod tests {
    use super::dump;

    #[test]
    fn names_of_excluded_tables_are_no_patterns() {
        let words = dump("00000003-1", "UTF8", &[("public".to_owned(), "log*\"x".to_owned())]);
        assert!(words.contains(&"--exclude-table-data=\"public\".\"log*\"\"x\"".to_owned()), "{words:?}");
    }
}
