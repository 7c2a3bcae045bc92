//! Names of tables, sequences and columns, and how to write them in SQL.
//!
//! Must never build SQL from an unquoted name: every identifier goes through [`quote_ident`], every string through [`quote_literal`].

use std::fmt;

use serde::{Deserialize, Serialize};

/// A schema-qualified name, exactly as the catalog holds it (unquoted, case kept).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableName {
    /// `pg_namespace.nspname`.
    pub schema: String,
    /// `pg_class.relname`.
    pub name: String,
}

impl TableName {
    /// Joins the two parts.
    pub fn new(schema: impl Into<String>, name: impl Into<String>) -> Self {
        Self { schema: schema.into(), name: name.into() }
    }

    /// The name for use in SQL: both parts always quoted, so that reserved words need no list.
    #[must_use]
    pub fn to_sql(&self) -> String {
        format!("{}.{}", quote_ident(&self.schema), quote_ident(&self.name))
    }
}

impl fmt::Display for TableName {
    /// `schema.name` for people: a part is quoted unless it matches `[a-z_][a-z0-9_$]*`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", display_ident(&self.schema), display_ident(&self.name))
    }
}

/// Quotes an identifier for SQL, always (`a"b` gives `"a""b"`).
#[must_use]
pub fn quote_ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Quotes a string for SQL: right whatever `standard_conforming_strings` says (`E''` as soon as a backslash is inside).
#[must_use]
pub fn quote_literal(text: &str) -> String {
    let doubled = text.replace('\'', "''");
    if doubled.contains('\\') { format!("E'{}'", doubled.replace('\\', "\\\\")) } else { format!("'{doubled}'") }
}

fn display_ident(name: &str) -> String {
    let mut bytes = name.bytes();
    let starts = bytes.next().is_some_and(|b| b.is_ascii_lowercase() || b == b'_');
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'$';
    if starts && bytes.all(plain) { name.to_owned() } else { quote_ident(name) }
}

#[cfg(test)]
mod tests;
