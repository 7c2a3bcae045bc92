//! Everything that can be wrong with the text of a dump, as values. Must never quote the text itself: it is the users' data.

use std::fmt;

use super::super::names::TableName;

/// Why a stream is not the data section of a complete dump. Offsets are bytes from the start of the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CopyError {
    /// The stream ends inside the rows of a table.
    Truncated {
        /// The table whose end is missing.
        table: TableName,
    },
    /// The stream ends inside a statement, a string, or a comment.
    TruncatedStatement {
        /// Where the statement starts.
        offset: u64,
    },
    /// The stream ends, or another object begins, before the large object's `lo_close`.
    TruncatedLargeObject {
        /// The object.
        oid: u32,
    },
    /// The last line of every complete dump, `-- PostgreSQL database dump complete`, is missing: the writer was cut off
    /// between two statements.
    MissingTrailer,
    /// There are statements after the trailer.
    AfterTrailer {
        /// Where the first one starts.
        offset: u64,
    },
    /// The dump holds `INSERT` statements (`--inserts`, `--column-inserts`, `--rows-per-insert`): their rows are not hashed.
    InsertStyle {
        /// Where the first one starts.
        offset: u64,
    },
    /// The dump was made with `standard_conforming_strings` off: its strings read differently.
    BackslashStrings,
    /// The dump's encoding holds ASCII bytes inside longer characters (`SJIS`, `BIG5`, `GBK`, …), so lines cannot be told.
    UnsupportedEncoding {
        /// As `SET client_encoding` names it.
        name: String,
    },
    /// A row is longer than [`super::MAX_ROW_BYTES`].
    RowTooLong {
        /// The table.
        table: TableName,
    },
    /// A statement is longer than [`super::MAX_STATEMENT_BYTES`].
    StatementTooLong {
        /// Where it starts.
        offset: u64,
    },
    /// A statement of a known kind does not read as `pg_restore` writes it.
    Malformed {
        /// What kind of statement.
        what: &'static str,
        /// Where it starts.
        offset: u64,
    },
    /// A table or sequence comes twice.
    Repeated {
        /// Its name.
        name: TableName,
    },
    /// A large object comes twice.
    RepeatedLargeObject {
        /// The object.
        oid: u32,
    },
    /// Two blocks of one table name different columns, so their rows cannot be summed.
    ColumnsDiffer {
        /// The table.
        table: TableName,
    },
    /// A name is not UTF-8: the dump was written in another encoding (`pg_dump --encoding=UTF8` converts).
    NotUtf8 {
        /// Where the statement starts.
        offset: u64,
    },
}

impl fmt::Display for CopyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated { table } => {
                write!(f, "the dump ends inside the rows of table {table}")
            }
            Self::TruncatedStatement { offset } => {
                write!(f, "the dump ends inside the statement at byte {offset}")
            }
            Self::TruncatedLargeObject { oid } => {
                write!(f, "large object {oid} is not closed")
            }
            Self::MissingTrailer => f.write_str("the dump ends without the line \"PostgreSQL database dump complete\": it was cut off"),
            Self::AfterTrailer { offset } => write!(f, "there is a statement after the end of the dump, at byte {offset}"),
            Self::InsertStyle { offset } => write!(f, "the dump holds INSERT statements (first at byte {offset}); only COPY data can be hashed"),
            Self::BackslashStrings => f.write_str("the dump was made with standard_conforming_strings off"),
            Self::UnsupportedEncoding { name } => write!(f, "the dump is in the client-only encoding {name}; dump in the encoding of the database"),
            Self::RowTooLong { table } => {
                write!(f, "table {table} has a row of more than {} bytes, which PostgreSQL cannot have written", super::MAX_ROW_BYTES)
            }
            Self::StatementTooLong { offset } => write!(f, "the statement at byte {offset} has more than {} bytes", super::MAX_STATEMENT_BYTES),
            Self::Malformed { what, offset } => {
                write!(f, "the {what} at byte {offset} cannot be read")
            }
            Self::Repeated { name } => write!(f, "{name} is in the dump twice"),
            Self::RepeatedLargeObject { oid } => {
                write!(f, "large object {oid} is in the dump twice")
            }
            Self::ColumnsDiffer { table } => {
                write!(f, "the blocks of table {table} name different columns")
            }
            Self::NotUtf8 { offset } => {
                write!(f, "a name in the statement at byte {offset} is not UTF-8")
            }
        }
    }
}

impl std::error::Error for CopyError {}
