//! Reads `pg_restore -f - --section=data` while it is written and turns it into [`DataFacts`].
//!
//! What it relies on (`pg_restore` 15.18, and `pg_backup_archiver.c` / `pg_backup_null.c`): every table's rows come as COPY
//! text, one line a row, after a `COPY schema.table (columns) FROM stdin;` header and before a line `\.`; sequences as
//! `setval`; large objects as `lo_open`, `lowrite` of hex, `lo_close`; the last comment is the trailer.
//! Must never guess: what is not understood is an error. Must never hold a row: memory is one statement. The whole script
//! (all sections) reads too, but `--section=data` is what to feed: a function body is the users' text.

mod error;
mod lexer;
mod statement;

use sha2::{Digest, Sha256};

pub use self::error::CopyError;
use self::lexer::{Lexer, Scan};
use self::statement::{Statement, Wrong};
use super::facts::{DataFacts, LargeObject, SequenceValue, TableData, insert_new};
use super::names::TableName;
use super::rowhash::{RowHasher, hex};

/// Longest row accepted, in bytes of COPY text: the server's own limit of 1 GiB for a message (`MaxAllocSize`), and 1 MiB.
pub const MAX_ROW_BYTES: u64 = (1 << 30) + (1 << 20);

/// Longest statement held, in bytes (`lowrite` statements have about 32 KiB, COPY headers at most 1,600 columns).
pub const MAX_STATEMENT_BYTES: usize = 64 << 20;

/// Encodings of clients only: a byte of a longer character can be `\` or another ASCII byte (`pg_wchar.h`).
const CLIENT_ONLY: [&str; 7] = ["SJIS", "BIG5", "GBK", "UHC", "GB18030", "JOHAB", "SHIFT_JIS_2004"];

/// An incremental reader. Push chunks of any size, then [`CopyStream::finish`].
#[derive(Debug)]
pub struct CopyStream {
    lexer: Lexer,
    copy: Option<CopyBlock>,
    object: Option<(u32, Sha256, u64)>,
    facts: DataFacts,
    merge_repeats: bool,
    complete: bool,
    failed: Option<CopyError>,
}

/// The rows being read.
#[derive(Debug)]
struct CopyBlock {
    table: TableName,
    columns: Vec<String>,
    hasher: RowHasher,
    /// Where the header is in the stream.
    offset: u64,
    /// The line end after the header is still to come.
    header: bool,
    /// Start of a line that may turn out to be `\.`: empty, `\` or `\.`.
    held: Vec<u8>,
}

impl Default for CopyStream {
    fn default() -> Self {
        Self::new()
    }
}

impl CopyStream {
    /// A reader for which a table that comes twice is an error (it is, unless `pg_dump` had `--load-via-partition-root`).
    #[must_use]
    pub fn new() -> Self {
        Self { lexer: Lexer::new(), copy: None, object: None, facts: DataFacts::default(), merge_repeats: false, complete: false, failed: None }
    }

    /// A reader for dumps with `--load-via-partition-root`: there each leaf comes as a block of its root, and the blocks of
    /// one table are summed. They must name the same columns.
    #[must_use]
    pub fn merging_roots() -> Self {
        Self { merge_repeats: true, ..Self::new() }
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// See [`CopyError`]; after the first error every call gives the same one.
    pub fn push(&mut self, chunk: &[u8]) -> Result<(), CopyError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let taken = self.take(chunk);
        self.failed = taken.clone().err();
        taken
    }

    /// Ends the stream.
    ///
    /// # Errors
    /// The error of an earlier push, or that the stream is not complete: [`CopyError::Truncated`],
    /// [`CopyError::TruncatedStatement`], [`CopyError::TruncatedLargeObject`], [`CopyError::MissingTrailer`].
    pub fn finish(self) -> Result<DataFacts, CopyError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        if let Some(block) = self.copy {
            return Err(CopyError::Truncated { table: block.table });
        }
        if !self.lexer.is_idle() {
            return Err(CopyError::TruncatedStatement { offset: self.lexer.start() });
        }
        if let Some((oid, _, _)) = self.object {
            return Err(CopyError::TruncatedLargeObject { oid });
        }
        if !self.complete {
            return Err(CopyError::MissingTrailer);
        }
        Ok(self.facts)
    }

    fn take(&mut self, mut chunk: &[u8]) -> Result<(), CopyError> {
        while !chunk.is_empty() {
            let taken = if let Some(block) = &mut self.copy {
                let (taken, ended) = block.take(chunk)?;
                self.lexer.skip(taken);
                if ended && let Some(block) = self.copy.take() {
                    self.close(block)?;
                }
                taken
            } else {
                match self.lexer.scan(chunk) {
                    Scan::More => chunk.len(),
                    Scan::Trailer(taken) => {
                        self.complete = true;
                        taken
                    }
                    Scan::Statement(taken) => {
                        self.statement()?;
                        self.lexer.clear();
                        taken
                    }
                }
            };
            if self.lexer.text().len() > MAX_STATEMENT_BYTES {
                let offset = self.lexer.start();
                return Err(CopyError::StatementTooLong { offset });
            }
            chunk = chunk.get(taken..).unwrap_or_default();
        }
        Ok(())
    }

    /// Acts on the statement in the lexer.
    fn statement(&mut self) -> Result<(), CopyError> {
        let offset = self.lexer.start();
        if self.complete {
            return Err(CopyError::AfterTrailer { offset });
        }
        let malformed = |what| CopyError::Malformed { what, offset };
        let statement = statement::parse(self.lexer.text()).map_err(|wrong| match wrong {
            Wrong::Form(what) => malformed(what),
            Wrong::Utf8 => CopyError::NotUtf8 { offset },
        })?;
        match statement {
            Statement::Copy { table, columns } => {
                self.copy = Some(CopyBlock::new(table, columns, offset));
            }
            Statement::SetValue { sequence, last_value, is_called } => {
                let value = SequenceValue { last_value, is_called };
                insert_new(&mut self.facts.sequences, sequence, value).map_err(|name| CopyError::Repeated { name })?;
            }
            Statement::Create(oid) => self.object(oid, &Sha256::new(), 0)?,
            Statement::Open(oid) => {
                if let Some((oid, _, _)) = self.object {
                    return Err(CopyError::TruncatedLargeObject { oid });
                }
                self.object = Some((oid, Sha256::new(), 0));
            }
            Statement::Write(bytes) => {
                let (_, digest, length) = self.object.as_mut().ok_or_else(|| malformed("lowrite"))?;
                digest.update(&bytes);
                *length = length.saturating_add(bytes.len() as u64);
            }
            Statement::Close => {
                let (oid, digest, length) = self.object.take().ok_or_else(|| malformed("lo_close"))?;
                self.object(oid, &digest, length)?;
            }
            Statement::Insert => return Err(CopyError::InsertStyle { offset }),
            Statement::Encoding(name) if CLIENT_ONLY.contains(&name.to_uppercase().as_str()) => {
                return Err(CopyError::UnsupportedEncoding { name });
            }
            Statement::BackslashStrings => return Err(CopyError::BackslashStrings),
            Statement::Encoding(_) | Statement::Other => {}
        }
        Ok(())
    }

    /// Records a large object. An empty one may be filled later: the whole script creates all objects first.
    fn object(&mut self, oid: u32, digest: &Sha256, bytes: u64) -> Result<(), CopyError> {
        let sha256 = hex(&digest.clone().finalize());
        let object = LargeObject { bytes, sha256 };
        match self.facts.large_objects.insert(oid, object) {
            Some(old) if old.bytes > 0 => Err(CopyError::RepeatedLargeObject { oid }),
            _ => Ok(()),
        }
    }

    /// Records the rows of a finished block.
    fn close(&mut self, block: CopyBlock) -> Result<(), CopyError> {
        let rows = block.hasher.sum();
        let CopyBlock { table, columns, .. } = block;
        let Some(known) = self.facts.tables.get_mut(&table) else {
            self.facts.tables.insert(table, TableData { columns, rows });
            return Ok(());
        };
        if !self.merge_repeats {
            return Err(CopyError::Repeated { name: table });
        }
        if known.columns != columns {
            return Err(CopyError::ColumnsDiffer { table });
        }
        known.rows.merge(&rows);
        Ok(())
    }
}

impl CopyBlock {
    fn new(table: TableName, columns: Vec<String>, offset: u64) -> Self {
        Self { hasher: RowHasher::new(&table.schema, &table.name, &columns), table, columns, offset, header: true, held: Vec::with_capacity(2) }
    }

    /// Takes rows; gives the bytes taken and whether the block ended.
    fn take(&mut self, chunk: &[u8]) -> Result<(usize, bool), CopyError> {
        let mut at = 0;
        if self.header {
            if chunk.first() != Some(&b'\n') {
                return Err(CopyError::Malformed { what: "COPY header", offset: self.offset });
            }
            self.header = false;
            at = 1;
        }
        let body = chunk.get(at..).unwrap_or_default();
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', body) {
            let line = body.get(start..end).unwrap_or_default();
            start = end + 1;
            if self.line(line) {
                return Ok((at + start, true));
            }
        }
        self.partial(body.get(start..).unwrap_or_default());
        if self.hasher.open_bytes().is_some_and(|n| n > MAX_ROW_BYTES) {
            let table = self.table.clone();
            return Err(CopyError::RowTooLong { table });
        }
        at = chunk.len();
        Ok((at, false))
    }

    /// A line's end was seen; true when the line was `\.`.
    fn line(&mut self, rest: &[u8]) -> bool {
        if self.hasher.open_bytes().is_none() {
            let last = if self.held.is_empty() { rest == b"\\." } else { self.held.iter().chain(rest).eq(b"\\.") };
            if last {
                return true;
            }
            if !self.held.is_empty() {
                self.hasher.part(&self.held);
                self.held.clear();
            }
        }
        self.hasher.add_row(rest);
        false
    }

    /// The chunk ends inside a line.
    fn partial(&mut self, piece: &[u8]) {
        if piece.is_empty() {
            return;
        }
        if self.hasher.open_bytes().is_none() {
            let room = 2_usize.saturating_sub(self.held.len());
            self.held.extend_from_slice(piece.get(..room.min(piece.len())).unwrap_or_default());
            let whole = piece.len() <= room;
            if whole && b"\\.".starts_with(&self.held) {
                return;
            }
            self.hasher.part(&self.held);
            self.held.clear();
            self.hasher.part(piece.get(room..).unwrap_or_default());
            return;
        }
        self.hasher.part(piece);
    }
}

#[cfg(test)]
mod tests;
