//! Reads the few statements of a data section that say something about data; everything else is [`Statement::Other`].
//!
//! Must fail on a statement of a known kind that it does not understand, never pass over it.

use super::super::names::TableName;
use super::super::rowhash::nibble;
use super::lexer::is_name_byte;

/// A statement of the data section.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Statement {
    /// `COPY table (columns) FROM stdin`.
    Copy { table: TableName, columns: Vec<String> },
    /// `SELECT pg_catalog.setval('sequence', value, is_called)`.
    SetValue { sequence: TableName, last_value: i64, is_called: bool },
    /// `SELECT pg_catalog.lo_create('oid')`.
    Create(u32),
    /// `SELECT pg_catalog.lo_open('oid', mode)`, also around a `lo_create` (archives before 1.12).
    Open(u32),
    /// `SELECT pg_catalog.lowrite(0, 'bytes')`.
    Write(Vec<u8>),
    /// `SELECT pg_catalog.lo_close(0)`.
    Close,
    /// `INSERT …`.
    Insert,
    /// `SET client_encoding = 'name'`.
    Encoding(String),
    /// `SET standard_conforming_strings = off`.
    BackslashStrings,
    /// Nothing about data.
    Other,
}

/// Why a statement does not read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// Not as `pg_restore` writes it; the kind of statement.
    Form(&'static str),
    /// A name is not UTF-8.
    Utf8,
}

#[derive(Debug, PartialEq, Eq)]
enum Token {
    /// A name without quotes, or a number, in lower case as the server folds it.
    Word(Vec<u8>),
    /// A name in double quotes, unquoted.
    Quoted(Vec<u8>),
    /// A string, unquoted.
    Text(Vec<u8>),
    /// Any other byte.
    Sign(u8),
}

/// Reads one statement (without comments and without its `;`).
pub(super) fn parse(text: &[u8]) -> Result<Statement, Wrong> {
    let end = text.iter().position(|b| !b.is_ascii_alphabetic());
    let verb = text.get(..end.unwrap_or(text.len())).unwrap_or_default();
    match verb.to_ascii_uppercase().as_slice() {
        b"COPY" => copy(&mut Tokens(text)),
        b"SELECT" => select(&mut Tokens(text)),
        b"SET" => set(&mut Tokens(text)),
        b"INSERT" => Ok(Statement::Insert),
        _ => Ok(Statement::Other),
    }
}

fn copy(tokens: &mut Tokens<'_>) -> Result<Statement, Wrong> {
    const WRONG: Wrong = Wrong::Form("COPY header");
    tokens.next();
    let table = qualified(tokens).ok_or(WRONG)??;
    let mut columns = Vec::new();
    let mut token = tokens.next();
    if token == Some(Token::Sign(b'(')) {
        loop {
            columns.push(tokens.next().and_then(Token::name).ok_or(WRONG)??);
            match tokens.next() {
                Some(Token::Sign(b',')) => {}
                Some(Token::Sign(b')')) => break,
                _ => return Err(WRONG),
            }
        }
        token = tokens.next();
    }
    let tail = [token, tokens.next(), tokens.next()];
    if tail == [Some(word("from")), Some(word("stdin")), None] { Ok(Statement::Copy { table, columns }) } else { Err(WRONG) }
}

fn select(tokens: &mut Tokens<'_>) -> Result<Statement, Wrong> {
    tokens.next();
    let Some(function) = function(tokens) else {
        return Ok(Statement::Other);
    };
    let (what, read): (_, fn(&mut Tokens<'_>) -> Option<_>) = match function.as_slice() {
        b"setval" => return set_value(tokens),
        b"lo_create" => ("lo_create", |t| Some(Statement::Create(oid(t)?))),
        b"lo_open" => ("lo_open", open),
        b"lowrite" => ("lowrite", write),
        b"lo_close" => ("lo_close", |t| zero(t).map(|()| Statement::Close)),
        _ => return Ok(Statement::Other),
    };
    let statement = read(tokens).ok_or(Wrong::Form(what))?;
    close(tokens).ok_or(Wrong::Form(what))?;
    Ok(statement)
}

/// `pg_catalog.name(`; `None` when the statement is something else.
fn function(tokens: &mut Tokens<'_>) -> Option<Vec<u8>> {
    let start = [tokens.next(), tokens.next()];
    let Some(Token::Word(name)) = tokens.next() else {
        return None;
    };
    let known = start == [Some(word("pg_catalog")), Some(Token::Sign(b'.'))];
    (known && tokens.next() == Some(Token::Sign(b'('))).then_some(name)
}

fn set_value(tokens: &mut Tokens<'_>) -> Result<Statement, Wrong> {
    const WRONG: Wrong = Wrong::Form("setval");
    let Some(Token::Text(name)) = tokens.next() else {
        return Err(WRONG);
    };
    let mut inner = Tokens(&name);
    let sequence = qualified(&mut inner).ok_or(WRONG)??;
    if inner.next().is_some() {
        return Err(WRONG);
    }
    let value = |tokens: &mut Tokens<'_>| {
        comma(tokens)?;
        let last_value = integer(tokens)?;
        comma(tokens)?;
        let is_called = match tokens.next() {
            Some(token) if token == word("true") => true,
            Some(token) if token == word("false") => false,
            _ => return None,
        };
        close(tokens)?;
        Some((last_value, is_called))
    };
    let (last_value, is_called) = value(tokens).ok_or(WRONG)?;
    Ok(Statement::SetValue { sequence, last_value, is_called })
}

/// `'oid', 131072` or `pg_catalog.lo_create('oid'), 131072`.
fn open(tokens: &mut Tokens<'_>) -> Option<Statement> {
    let mut ahead = Tokens(tokens.0);
    let oid = if function(&mut ahead).is_some_and(|name| name == b"lo_create") {
        *tokens = ahead;
        let oid = oid(tokens)?;
        (tokens.next() == Some(Token::Sign(b')'))).then_some(oid)?
    } else {
        oid(tokens)?
    };
    comma(tokens)?;
    integer(tokens)?;
    Some(Statement::Open(oid))
}

fn write(tokens: &mut Tokens<'_>) -> Option<Statement> {
    zero(tokens)?;
    comma(tokens)?;
    let Some(Token::Text(text)) = tokens.next() else {
        return None;
    };
    let digits = text.strip_prefix(b"\\x")?;
    let (pairs, odd) = digits.as_chunks::<2>();
    if !odd.is_empty() {
        return None;
    }
    let byte = |[high, low]: &[u8; 2]| Some(nibble(*high)? << 4 | nibble(*low)?);
    let bytes: Option<Vec<u8>> = pairs.iter().map(byte).collect();
    bytes.map(Statement::Write)
}

fn set(tokens: &mut Tokens<'_>) -> Result<Statement, Wrong> {
    tokens.next();
    let name = tokens.next();
    let encoding = name == Some(word("client_encoding"));
    if !encoding && name != Some(word("standard_conforming_strings")) {
        return Ok(Statement::Other);
    }
    match (tokens.next(), tokens.next(), tokens.next()) {
        (Some(Token::Sign(b'=')), Some(Token::Text(value)), None) if encoding => {
            let name = String::from_utf8(value).map_err(|_| Wrong::Utf8)?;
            Ok(Statement::Encoding(name))
        }
        (Some(Token::Sign(b'=')), Some(Token::Word(value) | Token::Text(value)), None) if !encoding => Ok(match value.as_slice() {
            b"on" => Statement::Other,
            _ => Statement::BackslashStrings,
        }),
        _ => Err(Wrong::Form("SET")),
    }
}

/// `schema.name`; `None` when it is not that, `Some(Err)` when it is not UTF-8.
fn qualified(tokens: &mut Tokens<'_>) -> Option<Result<TableName, Wrong>> {
    let schema = tokens.next()?.name()?;
    if tokens.next() != Some(Token::Sign(b'.')) {
        return None;
    }
    let name = tokens.next()?.name()?;
    Some(schema.and_then(|schema| Ok(TableName::new(schema, name?))))
}

fn word(text: &str) -> Token {
    Token::Word(text.as_bytes().to_vec())
}

fn comma(tokens: &mut Tokens<'_>) -> Option<()> {
    (tokens.next() == Some(Token::Sign(b','))).then_some(())
}

/// `)` and nothing after it.
fn close(tokens: &mut Tokens<'_>) -> Option<()> {
    (tokens.next() == Some(Token::Sign(b')')) && tokens.next().is_none()).then_some(())
}

/// The descriptor of the one open large object: always 0.
fn zero(tokens: &mut Tokens<'_>) -> Option<()> {
    (integer(tokens)? == 0).then_some(())
}

fn integer(tokens: &mut Tokens<'_>) -> Option<i64> {
    let (minus, token) = match tokens.next()? {
        Token::Sign(b'-') => (true, tokens.next()?),
        token => (false, token),
    };
    let Token::Word(digits) = token else {
        return None;
    };
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let digits = String::from_utf8(digits).ok()?;
    let text = if minus { format!("-{digits}") } else { digits };
    text.parse().ok()
}

/// `'16405'`, and never 0.
fn oid(tokens: &mut Tokens<'_>) -> Option<u32> {
    let Some(Token::Text(digits)) = tokens.next() else {
        return None;
    };
    let oid = std::str::from_utf8(&digits).ok()?.parse().ok()?;
    (oid != 0).then_some(oid)
}

impl Token {
    /// The token as a name; `None` when it is none.
    fn name(self) -> Option<Result<String, Wrong>> {
        match self {
            Self::Word(name) | Self::Quoted(name) => Some(String::from_utf8(name).map_err(|_| Wrong::Utf8)),
            Self::Text(_) | Self::Sign(_) => None,
        }
    }
}

/// The tokens of the rest of a statement.
struct Tokens<'a>(&'a [u8]);

impl Tokens<'_> {
    fn next(&mut self) -> Option<Token> {
        self.0 = self.0.trim_ascii_start();
        let (&first, rest) = self.0.split_first()?;
        match first {
            b'"' => {
                self.0 = rest;
                self.until(b'"', false).map(Token::Quoted)
            }
            b'\'' => {
                self.0 = rest;
                self.until(b'\'', false).map(Token::Text)
            }
            b'E' | b'e' if rest.first() == Some(&b'\'') => {
                self.0 = rest.get(1..)?;
                self.until(b'\'', true).map(Token::Text)
            }
            _ if is_name_byte(first) => {
                let length = self.0.iter().position(|b| !is_name_byte(*b));
                let (name, rest) = self.0.split_at(length.unwrap_or(self.0.len()));
                self.0 = rest;
                Some(Token::Word(name.to_ascii_lowercase()))
            }
            _ => {
                self.0 = rest;
                Some(Token::Sign(first))
            }
        }
    }

    /// The content up to the closing mark, doubled marks made single; with `escapes`, `\\` and `\'` too (the only two escapes
    /// that `pg_dump` writes). `None` without a closing mark.
    fn until(&mut self, mark: u8, escapes: bool) -> Option<Vec<u8>> {
        let mut content = Vec::new();
        loop {
            let other = if escapes { b'\\' } else { mark };
            let at = memchr::memchr2(mark, other, self.0)?;
            let (head, tail) = self.0.split_at(at);
            content.extend_from_slice(head);
            let next = tail.get(1).copied();
            let byte = tail.first().copied()?;
            if byte == mark && next != Some(mark) {
                self.0 = tail.get(1..)?;
                return Some(content);
            }
            content.push(next?);
            self.0 = tail.get(2..)?;
        }
    }
}

#[cfg(test)]
mod tests;
