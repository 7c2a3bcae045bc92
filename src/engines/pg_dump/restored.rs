//! The questions to a restored server whose answers must equal the facts of the dump, and the session they need.
//!
//! COPY text depends on settings, so both sides are pinned to [`SESSION`]: `pg_dump` by `PGOPTIONS`, the restored side by `SET`.
//! Must never build SQL from an unquoted name, and must never compare under settings that were not pinned.

use std::fmt;
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::copystream::MAX_ROW_BYTES;
use super::facts::LargeObject;
use super::names::{TableName, quote_ident, quote_literal};
use super::rowhash::{RowHasher, RowSum, hex};

/// Settings that both sides run under. `pg_dump` 15 itself sets `search_path`, `DateStyle` (`ISO`), `IntervalStyle`,
/// `extra_float_digits`, `synchronize_seqscans`, the timeouts and `row_security` to equal values (`setup_connection` in
/// `pg_dump.c`); it leaves `TimeZone`, `bytea_output`, `xmlbinary` and `quote_all_identifiers` to role, database and server.
pub const SESSION: &[(&str, &str)] = &[
    ("search_path", ""),
    ("TimeZone", "UTC"),
    ("DateStyle", "ISO, YMD"),
    ("IntervalStyle", "postgres"),
    ("extra_float_digits", "3"),
    ("bytea_output", "hex"),
    ("xmlbinary", "base64"),
    ("quote_all_identifiers", "off"),
    ("standard_conforming_strings", "on"),
    ("row_security", "off"),
    ("synchronize_seqscans", "off"),
    ("statement_timeout", "0"),
    ("lock_timeout", "0"),
    ("idle_in_transaction_session_timeout", "0"),
];

/// Variables of libpq that override `PGOPTIONS`: remove them from the environment of every child process.
pub const OVERRIDING_ENV: &[&str] = &["PGTZ", "PGDATESTYLE", "PGCLIENTENCODING", "PGGEQO"];

/// What is pinned to the source's own values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pins {
    /// `client_encoding` of both sides: the encoding of the source database (`pg_encoding_to_char(encoding)`), or `UTF8` for
    /// any but `SQL_ASCII`; names that are not UTF-8 in it cannot be read back ([`super::copystream::CopyError::NotUtf8`]).
    pub encoding: String,
    /// `lc_monetary` of the source; `money` prints and reads by it. `None` leaves the server's.
    pub lc_monetary: Option<String>,
}

impl Pins {
    fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        let own = [Some(("client_encoding", self.encoding.as_str())), self.lc_monetary.as_deref().map(|v| ("lc_monetary", v))];
        SESSION.iter().copied().chain(own.into_iter().flatten())
    }

    /// The value of `PGOPTIONS` for `pg_dump` and `pg_restore`: blanks and backslashes escaped as `pg_split_opts` reads them.
    #[must_use]
    pub fn pgoptions(&self) -> String {
        let mut options = String::new();
        for (name, value) in self.all() {
            let space = if options.is_empty() { "" } else { " " };
            options.push_str(space);
            options.push_str("-c ");
            for c in name.chars().chain(['=']).chain(value.chars()) {
                if c == '\\' || c.is_ascii_whitespace() {
                    options.push('\\');
                }
                options.push(c);
            }
        }
        options
    }

    /// The same as a batch of `SET` statements for the restored side.
    #[must_use]
    pub fn set_batch(&self) -> String {
        let mut batch = String::new();
        for (name, value) in self.all() {
            if name == "DateStyle" {
                // A list: as one string it would be one value.
                let _ = writeln!(batch, "SET DateStyle = ISO, YMD;");
            } else {
                let _ = writeln!(batch, "SET {name} = {};", quote_literal(value));
            }
        }
        batch
    }
}

/// `COPY (SELECT "c1","c2" FROM ONLY "s"."t") TO STDOUT`, with the dump's columns in the dump's order.
///
/// `condition` is a `WHERE …` as it stands in `pg_extension.extcondition`, for configuration tables of extensions only: SQL of
/// the database itself, to be run in no other database than its own restored copy.
#[must_use]
pub fn copy_out_sql<C: AsRef<str>>(table: &TableName, columns: &[C], condition: Option<&str>) -> String {
    let mut list = String::new();
    for column in columns {
        list.push_str(if list.is_empty() { " " } else { "," });
        list.push_str(&quote_ident(column.as_ref()));
    }
    let condition = condition.map_or_else(String::new, |text| format!(" {text}"));
    format!("COPY (SELECT{list} FROM ONLY {}{condition}) TO STDOUT", table.to_sql())
}

/// One row: `last_value` and `is_called`.
#[must_use]
pub fn sequence_sql(sequence: &TableName) -> String {
    format!("SELECT last_value, is_called FROM {}", sequence.to_sql())
}

/// The oids of all large objects, one a row.
pub const LARGE_OBJECT_OIDS_SQL: &str = "SELECT oid FROM pg_catalog.pg_largeobject_metadata ORDER BY oid";

/// Bytes asked for at a time by [`large_object_sql`]; `lo_get` of a whole object fails above 1 GiB.
pub const LARGE_OBJECT_PART_BYTES: u32 = 8 << 20;

/// One `bytea`: the part of an object from `offset` (bytes) on. A part shorter than [`LARGE_OBJECT_PART_BYTES`] is the last.
#[must_use]
pub fn large_object_sql(oid: u32, offset: u64) -> String {
    format!("SELECT pg_catalog.lo_get({oid}, {offset}, {LARGE_OBJECT_PART_BYTES})")
}

/// Why the rows of a restored table could not be summed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RestoredError {
    /// The answer ends inside a row.
    Truncated,
    /// A row is longer than [`MAX_ROW_BYTES`].
    RowTooLong,
}

impl fmt::Display for RestoredError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => f.write_str("the server's COPY answer ends inside a row"),
            Self::RowTooLong => write!(f, "a row has more than {MAX_ROW_BYTES} bytes"),
        }
    }
}

impl std::error::Error for RestoredError {}

/// Sums the rows of the answer to [`copy_out_sql`]: equal to the dump's sum for equal rows.
#[derive(Debug, Clone)]
pub struct RestoredHasher {
    rows: RowHasher,
}

impl RestoredHasher {
    /// For one table, with the columns of the manifest.
    #[must_use]
    pub fn new<C: AsRef<str>>(table: &TableName, columns: &[C]) -> Self {
        Self { rows: RowHasher::new(&table.schema, &table.name, columns) }
    }

    /// Takes the bytes of a `CopyData` message; rows may be split or joined.
    ///
    /// # Errors
    /// [`RestoredError::RowTooLong`].
    pub fn push(&mut self, chunk: &[u8]) -> Result<(), RestoredError> {
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', chunk) {
            self.rows.add_row(chunk.get(start..end).unwrap_or_default());
            start = end + 1;
        }
        let rest = chunk.get(start..).unwrap_or_default();
        if !rest.is_empty() {
            self.rows.part(rest);
        }
        match self.rows.open_bytes() {
            Some(bytes) if bytes > MAX_ROW_BYTES => Err(RestoredError::RowTooLong),
            _ => Ok(()),
        }
    }

    /// The sum of all rows.
    ///
    /// # Errors
    /// [`RestoredError::Truncated`] when the last row has no line end.
    pub fn finish(self) -> Result<RowSum, RestoredError> {
        match self.rows.open_bytes() {
            None => Ok(self.rows.sum()),
            Some(_) => Err(RestoredError::Truncated),
        }
    }
}

/// Sums one large object from the answers to [`large_object_sql`].
#[derive(Debug, Clone, Default)]
pub struct LargeObjectHasher {
    state: Sha256,
    bytes: u64,
}

impl LargeObjectHasher {
    /// Takes the next part; gives the offset of the part after it, or `None` when this one was the last.
    pub fn push(&mut self, part: &[u8]) -> Option<u64> {
        self.state.update(part);
        self.bytes = self.bytes.saturating_add(part.len() as u64);
        (part.len() as u64 >= u64::from(LARGE_OBJECT_PART_BYTES)).then_some(self.bytes)
    }

    /// The object as the manifest holds it.
    #[must_use]
    pub fn finish(self) -> LargeObject {
        LargeObject { bytes: self.bytes, sha256: hex(&self.state.finalize()) }
    }
}

#[cfg(test)]
mod tests;
