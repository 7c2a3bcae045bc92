//! Finds where a statement of a SQL script ends, whatever its strings, names, comments and function bodies hold.
//!
//! Works on any split of the bytes: its whole memory is the statement so far. Must never look into COPY data (the caller
//! switches), and must never treat bytes inside a literal as syntax.

/// What the bytes taken so far amount to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Scan {
    /// All bytes were taken and the statement goes on.
    More,
    /// A statement ended with `;` after this many bytes of the chunk; its text is in [`Lexer::text`].
    Statement(usize),
    /// The dump's trailer comment was read after this many bytes.
    Trailer(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Normal,
    /// `-- …` to the end of the line.
    LineComment,
    /// `/* … */`, nested; with the last byte seen.
    BlockComment {
        depth: u32,
        last: u8,
    },
    /// `'…'`; with `escapes`, `\'` does not end it.
    Quote {
        escapes: bool,
        escaped: bool,
    },
    /// After a quote inside `E'…'`: another quote goes on, anything else was the end.
    EscapeEnd,
    /// `"…"`.
    Name,
    /// After `$`: the tag of a dollar quote, from this place of the text on, if it turns out to be one.
    DollarTag {
        start: usize,
    },
    /// Inside `$tag$ … $tag$`: the opening one is at `start..body` of the text.
    DollarBody {
        start: usize,
        body: usize,
    },
    /// A `psql` command (`\restrict …`) to the end of the line.
    Meta,
}

/// The trailer that `pg_dump` and `pg_restore` write last (`pg_backup_archiver.c`, `RestoreArchive`).
const TRAILER: &[u8] = b" PostgreSQL database dump complete";

/// Splits a script into statements.
#[derive(Debug)]
pub(super) struct Lexer {
    mode: Mode,
    text: Vec<u8>,
    comment: Vec<u8>,
    parens: u32,
    /// Bytes of the stream taken before this chunk.
    base: u64,
    /// Where the statement's first byte was in the stream.
    start: u64,
}

impl Lexer {
    pub(super) fn new() -> Self {
        Self { mode: Mode::Normal, text: Vec::new(), comment: Vec::new(), parens: 0, base: 0, start: 0 }
    }

    /// Where the statement begins, in bytes from the start of the stream.
    pub(super) fn start(&self) -> u64 {
        self.start
    }

    /// Counts bytes of the stream that were not scanned here (COPY data).
    pub(super) fn skip(&mut self, bytes: usize) {
        self.base = self.base.saturating_add(bytes as u64);
    }

    /// The statement so far, without comments and without the `;`.
    pub(super) fn text(&self) -> &[u8] {
        &self.text
    }

    /// Forgets the statement. Keeps a modest buffer.
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.text.shrink_to(1 << 16);
        self.parens = 0;
    }

    /// True between statements: nothing but blanks and finished comments since the last one.
    pub(super) fn is_idle(&self) -> bool {
        self.blank() && matches!(self.mode, Mode::Normal | Mode::LineComment | Mode::Meta)
    }

    fn blank(&self) -> bool {
        self.text.is_empty()
    }

    /// Takes bytes until a statement ends.
    pub(super) fn scan(&mut self, chunk: &[u8]) -> Scan {
        let scan = self.take(chunk);
        self.skip(match scan {
            Scan::More => chunk.len(),
            Scan::Statement(taken) | Scan::Trailer(taken) => taken,
        });
        scan
    }

    fn take(&mut self, chunk: &[u8]) -> Scan {
        let mut at = 0;
        while let Some((&byte, tail)) = chunk.get(at..).and_then(<[u8]>::split_first) {
            let before = at;
            at += 1;
            match self.mode {
                Mode::Normal => {
                    if self.normal(byte, before) {
                        return Scan::Statement(at);
                    }
                }
                Mode::LineComment => {
                    if byte == b'\n' {
                        self.mode = Mode::Normal;
                        if self.comment == TRAILER {
                            return Scan::Trailer(at);
                        }
                    } else if self.comment.len() <= TRAILER.len() {
                        self.comment.push(byte);
                    }
                }
                Mode::Meta => {
                    if byte == b'\n' {
                        self.mode = Mode::Normal;
                    }
                }
                Mode::BlockComment { depth, last } => self.block_comment(byte, depth, last),
                Mode::Quote { escapes: false, .. } => {
                    let rest = chunk.get(before..).unwrap_or_default();
                    at = before + self.plain_quote(rest);
                }
                Mode::Quote { escaped, .. } => self.escape_quote(byte, escaped),
                Mode::EscapeEnd if byte == b'\'' => self.escape_quote(byte, true),
                Mode::EscapeEnd => {
                    self.mode = Mode::Normal;
                    at = before;
                }
                Mode::Name => {
                    self.text.push(byte);
                    if byte == b'"' {
                        self.mode = Mode::Normal;
                    }
                }
                Mode::DollarTag { start } => {
                    if !self.dollar_tag(byte, start) {
                        at = before;
                    }
                }
                Mode::DollarBody { start, body } => {
                    let next = memchr::memchr(b'$', tail).unwrap_or(tail.len());
                    let run = if byte == b'$' { 0 } else { next };
                    self.text.push(byte);
                    self.text.extend_from_slice(tail.get(..run).unwrap_or_default());
                    at += run;
                    self.dollar_body(start, body);
                }
            }
        }
        Scan::More
    }

    /// One byte outside of literals and comments; true when it ends the statement.
    fn normal(&mut self, byte: u8, at: usize) -> bool {
        match byte {
            b';' if self.parens == 0 => return true,
            b'\\' if self.blank() => {
                self.mode = Mode::Meta;
                return false;
            }
            b' ' | b'\t' | b'\n' | b'\r' if self.blank() => return false,
            b'(' => self.parens = self.parens.saturating_add(1),
            b')' => self.parens = self.parens.saturating_sub(1),
            b'-' if self.text.last() == Some(&b'-') => {
                self.text.pop();
                self.comment.clear();
                self.mode = Mode::LineComment;
                self.separate();
                return false;
            }
            b'*' if self.text.last() == Some(&b'/') => {
                self.text.pop();
                self.mode = Mode::BlockComment { depth: 1, last: 0 };
                self.separate();
                return false;
            }
            b'\'' => {
                self.mode = Mode::Quote { escapes: self.after_e(), escaped: false };
            }
            b'"' => self.mode = Mode::Name,
            b'$' if !self.text.last().is_some_and(|b| is_name_byte(*b)) => {
                self.mode = Mode::DollarTag { start: self.text.len() };
            }
            _ => {}
        }
        if self.blank() {
            self.start = self.base.saturating_add(at as u64);
        }
        self.text.push(byte);
        false
    }

    /// A comment stands for a blank, so that the bytes around it do not join to another token.
    fn separate(&mut self) {
        if !self.blank() {
            self.text.push(b' ');
        }
    }

    /// Whether the text ends with a lone `E`, which makes the coming string one with backslash escapes.
    fn after_e(&self) -> bool {
        match self.text.split_last() {
            Some((b'e' | b'E', before)) => !before.last().is_some_and(|b| is_name_byte(*b)),
            _ => false,
        }
    }

    fn block_comment(&mut self, byte: u8, depth: u32, last: u8) {
        let (depth, last) = match (last, byte) {
            (b'/', b'*') => (depth.saturating_add(1), 0),
            (b'*', b'/') => (depth.saturating_sub(1), 0),
            _ => (depth, byte),
        };
        self.mode = if depth == 0 { Mode::Normal } else { Mode::BlockComment { depth, last } };
    }

    /// Takes a string up to and with its closing quote (`''` closes and opens again); returns the bytes taken.
    fn plain_quote(&mut self, rest: &[u8]) -> usize {
        let end = memchr::memchr(b'\'', rest).map_or(rest.len(), |quote| {
            self.mode = Mode::Normal;
            quote + 1
        });
        self.text.extend_from_slice(rest.get(..end).unwrap_or_default());
        end
    }

    fn escape_quote(&mut self, byte: u8, escaped: bool) {
        self.text.push(byte);
        self.mode = if byte == b'\'' && !escaped { Mode::EscapeEnd } else { Mode::Quote { escapes: true, escaped: byte == b'\\' && !escaped } };
    }

    /// One byte of a possible tag; false when it is none of it and has to be read again.
    fn dollar_tag(&mut self, byte: u8, start: usize) -> bool {
        let first = self.text.len() == start + 1;
        if byte == b'$' {
            self.text.push(byte);
            self.mode = Mode::DollarBody { start, body: self.text.len() };
            return true;
        }
        if is_name_byte(byte) && !(first && byte.is_ascii_digit()) {
            self.text.push(byte);
            return true;
        }
        self.mode = Mode::Normal;
        false
    }

    fn dollar_body(&mut self, start: usize, body: usize) {
        let closed = match (self.text.get(start..body), self.text.get(body..)) {
            (Some(tag), Some(content)) => content.ends_with(tag),
            _ => false,
        };
        if closed {
            self.mode = Mode::Normal;
        }
    }
}

/// Bytes of an unquoted name, by the scanner's rules (`scan.l`: `ident_cont`).
pub(super) fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

#[cfg(test)]
mod tests;
