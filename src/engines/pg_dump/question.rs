//! The policy's own queries, asked alike of the source (in the snapshot of the dump) and of the restored database.

/// Session settings of a policy query, on both sides: names of other schemas than `public` must be written out, and times
/// are in UTC. `READ ONLY` is set by the transaction.
pub const SESSION: &str = "SET LOCAL search_path TO public; SET LOCAL TimeZone TO 'UTC'; SET LOCAL DateStyle TO 'ISO, YMD'; \
     SET LOCAL IntervalStyle TO 'postgres'; SET LOCAL extra_float_digits TO 3; SET LOCAL bytea_output TO 'hex'";

/// The query as one statement that answers one column as text, at most two rows: two rows are one too many. Wrapping it
/// also refuses everything that is not a single query, because it must stand in a FROM clause.
pub fn wrapped(sql: &str) -> String {
    let sql = sql.trim().trim_end_matches(';');
    format!("SELECT (lifeboat.answer)::text FROM (\n{sql}\n) AS lifeboat(answer) LIMIT 2")
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn a_query_stands_in_a_from_clause() {
        let sql = wrapped("select 1 -- a comment\n;");
        assert_eq!(sql, "SELECT (lifeboat.answer)::text FROM (\nselect 1 -- a comment\n\n) AS lifeboat(answer) LIMIT 2");
    }
}
