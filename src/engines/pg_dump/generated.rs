//! Stored generated columns: no dump holds their values, a restore computes them anew, so they are held against their expressions.
//!
//! It catches what a restore cannot: an expression that is called immutable and is not (it reads a setting, a clock, or a table
//! that is loaded later) gives other values than those that were in use. Must never build SQL from an unquoted name; the
//! expression is the database's own, and is run in no other database than its restored copy.

use super::names::{TableName, quote_ident};

/// One stored generated column of the restored database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GeneratedColumn {
    /// Its table.
    pub table: TableName,
    /// Its name.
    pub column: String,
    /// Its type with length and scale, as `format_type` gives it.
    pub kind: String,
    /// Its expression, as `pg_get_expr` gives it under `search_path = ''`.
    pub expression: String,
}

/// What became of one column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recomputed {
    /// Rows whose value is not what the expression gives.
    pub wrong: u64,
    /// Rows for which the expression, asked twice in one query, gives two values: nothing can be held against it.
    pub unsteady: u64,
}

/// Schema, table, column, type and expression of every stored generated column (`attgenerated = 's'`, since PostgreSQL 12). A
/// virtual one holds nothing, and a foreign table holds nothing here.
pub const COLUMNS: &str = "
SELECT n.nspname, c.relname, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), pg_catalog.pg_get_expr(d.adbin, d.adrelid)
  FROM pg_catalog.pg_attribute a
  JOIN pg_catalog.pg_class c ON c.oid = a.attrelid AND c.relkind = 'r' AND c.relpersistence <> 't'
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
  JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
 WHERE a.attgenerated = 's' AND NOT a.attisdropped
 ORDER BY 1, 2, a.attnum";

impl GeneratedColumn {
    /// The column for people.
    pub fn name(&self) -> String {
        format!("{}.{}", self.table, self.column)
    }

    /// One number: rows whose value is another than the expression's.
    pub fn wrong_sql(&self) -> String {
        format!("SELECT count(*) FROM ONLY {} WHERE {} IS DISTINCT FROM {}", self.table.to_sql(), text(&quote_ident(&self.column)), self.computed())
    }

    /// One number: rows for which the expression gives two values in one query.
    pub fn unsteady_sql(&self) -> String {
        format!("SELECT count(*) FROM ONLY {} WHERE {} IS DISTINCT FROM {}", self.table.to_sql(), self.computed(), self.computed())
    }

    /// `pg_get_expr` leaves out what PostgreSQL does implicitly when it stores a value, above all the length and the scale of the
    /// column's type, so they are put back.
    fn computed(&self) -> String {
        text(&format!("({})::{}", self.expression, self.kind))
    }
}

/// As text, byte by byte: not every type has an equality (`json`, `xml`, `point`), and some call different values equal.
fn text(value: &str) -> String {
    format!("((({value})::text) COLLATE \"C\")")
}

#[cfg(test)]
mod tests {
    use super::{GeneratedColumn, TableName};

    #[test]
    fn names_are_quoted_and_the_type_is_put_back() {
        let column = GeneratedColumn {
            table: TableName::new("s", "t\"x"),
            column: "a b".to_owned(),
            kind: "numeric(10,2)".to_owned(),
            expression: "(n / 3)".to_owned(),
        };
        let computed = "(((((n / 3))::numeric(10,2))::text) COLLATE \"C\")";
        let wanted = format!("SELECT count(*) FROM ONLY \"s\".\"t\"\"x\" WHERE (((\"a b\")::text) COLLATE \"C\") IS DISTINCT FROM {computed}");
        assert_eq!(column.wrong_sql(), wanted);
        assert!(column.unsteady_sql().ends_with(&format!("{computed} IS DISTINCT FROM {computed}")));
        assert_eq!(column.name(), "s.\"t\"\"x\".a b");
    }
}
