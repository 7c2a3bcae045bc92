//! Reads the table of contents that `pg_restore -l` prints, and writes list files for `pg_restore -L`.
//!
//! An entry is `dump id; catalog oid, object oid, kind, schema, name, owner` parted by blanks, and all of the last four may hold
//! blanks (line ends are printed as blanks): kinds come from a list, schemas and owners from hints. Ids, oids and kinds are exact;
//! names are for people. Must never decide by a name what an oid can decide.

use std::collections::BTreeSet;
use std::fmt;
use std::fmt::Write as _;

use serde::Serialize;

/// Kinds a restore for a drill leaves out: they carry passwords in clear text and reach for other servers.
pub const OUTSIDE_KINDS: &[&str] = &["SUBSCRIPTION", "SUBSCRIPTION TABLE", "USER MAPPING"];

/// Kinds that begin with the words of another kind, and those others: told apart by the catalog's oid (0: none).
/// Everything from `pg_dump.c`, versions 12 to 18.
const BY_CATALOG: &[(&str, u32)] = &[
    ("TABLE", 1259),
    ("TABLE DATA", 0),
    ("TABLE ATTACH", 0),
    ("SEQUENCE", 1259),
    ("SEQUENCE SET", 0),
    ("SEQUENCE OWNED BY", 0),
    ("INDEX", 1259),
    ("INDEX ATTACH", 0),
    ("MATERIALIZED VIEW", 1259),
    ("MATERIALIZED VIEW DATA", 0),
    ("DEFAULT", 2604),
    ("DEFAULT ACL", 826),
    ("DATABASE", 1262),
    ("DATABASE PROPERTIES", 0),
    ("STATISTICS", 3381),
    ("STATISTICS DATA", 0),
    ("OPERATOR", 2617),
    ("OPERATOR CLASS", 2616),
    ("OPERATOR FAMILY", 2753),
    ("PUBLICATION", 6104),
    ("PUBLICATION TABLE", 6106),
    ("PUBLICATION TABLES IN SCHEMA", 6237),
];

/// Kinds whose words decide, longer ones before their beginnings.
const BY_WORDS: &[&str] = &[
    "ACCESS METHOD",
    "ACL LANGUAGE",
    "ACL",
    "AGGREGATE",
    "BLOB COMMENTS",
    "BLOB METADATA",
    "BLOBS",
    "BLOB",
    "CAST",
    "CHECK CONSTRAINT",
    "COLLATION",
    "COMMENT",
    "CONSTRAINT",
    "CONVERSION",
    "DOMAIN",
    "ENCODING",
    "EVENT TRIGGER",
    "EXTENSION",
    "FK CONSTRAINT",
    "FOREIGN DATA WRAPPER",
    "FOREIGN SERVER",
    "FOREIGN TABLE",
    "FUNCTION",
    "POLICY",
    "PROCEDURAL LANGUAGE",
    "PROCEDURE",
    "ROW SECURITY",
    "RULE",
    "SCHEMA",
    "SEARCHPATH",
    "SECURITY LABEL",
    "SERVER",
    "SHELL TYPE",
    "STDSTRINGS",
    "SUBSCRIPTION TABLE",
    "SUBSCRIPTION",
    "TABLESPACE",
    "TEXT SEARCH CONFIGURATION",
    "TEXT SEARCH DICTIONARY",
    "TEXT SEARCH PARSER",
    "TEXT SEARCH TEMPLATE",
    "TRANSFORM",
    "TRIGGER",
    "TYPE",
    "USER MAPPING",
    "VIEW",
];

/// The comment lines before the entries. A field that is not printed is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct TocHeader {
    /// `dbname`.
    pub dbname: Option<String>,
    /// `TOC Entries`: all of the archive; some are never listed (encoding, search path, the database itself).
    pub entries: Option<u32>,
    /// `Compression`: a level up to 15 (`0`), a name from 16 on (`none`).
    pub compression: Option<String>,
    /// `Dump Version`: the archive format's (`1.14-0`).
    pub dump_version: Option<String>,
    /// `Format`: `CUSTOM`, `DIRECTORY` or `TAR`.
    pub format: Option<String>,
    /// `Dumped from database version`.
    pub server_version: Option<String>,
    /// `Dumped by pg_dump version`.
    pub pg_dump_version: Option<String>,
}

/// One line of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TocEntry {
    /// Id within the archive; what list files name.
    pub dump_id: u32,
    /// Oid of the catalog (`1259` is `pg_class`); 0 for none.
    pub catalog_oid: u32,
    /// Oid of the object in the source: for `TABLE DATA` the table's. 0 for none.
    pub oid: u32,
    /// `TABLE DATA`, `SEQUENCE SET`, `EXTENSION`, …
    pub kind: String,
    /// Schema; `None` where the list has `-`.
    pub schema: Option<String>,
    /// Name as printed, with line ends as blanks.
    pub name: String,
    /// Owner; may be empty.
    pub owner: String,
}

/// A whole list.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Toc {
    /// The comment lines.
    pub header: TocHeader,
    /// The entries in the order of the list.
    pub entries: Vec<TocEntry>,
}

/// Names that may hold blanks, from the catalog or the manifest. Schemas that the list itself creates are known without.
#[derive(Debug, Clone, Default)]
pub struct Hints {
    /// Schemas.
    pub schemas: BTreeSet<String>,
    /// Roles.
    pub owners: BTreeSet<String>,
}

/// Why a list does not read. Lines are counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TocError {
    /// The header is missing: not the output of `pg_restore -l`.
    NoHeader,
    /// A line is not an entry.
    Line(usize),
    /// A dump id comes twice.
    Twice(u32),
    /// More entries than the header has.
    TooMany,
}

impl fmt::Display for TocError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoHeader => f.write_str("this is not the output of pg_restore -l"),
            Self::Line(line) => write!(f, "line {line} of the list is not an entry"),
            Self::Twice(id) => write!(f, "dump id {id} is listed twice"),
            Self::TooMany => f.write_str("the list has more entries than its header says"),
        }
    }
}

impl std::error::Error for TocError {}

/// A list file for `pg_restore -L`, and what it leaves out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoreList {
    /// The file: one `id; kind` a line (`pg_restore` reads the number only).
    pub text: String,
    /// Entries that are not in the file.
    pub left_out: Vec<TocEntry>,
}

impl Toc {
    /// Reads the output of `pg_restore -l`.
    ///
    /// # Errors
    /// [`TocError`]. A list that was cut off at a line end reads: compare with the catalog ([`super::completeness`]).
    pub fn parse(text: &str, hints: &Hints) -> Result<Self, TocError> {
        let header = TocHeader::parse(text);
        let most = header.entries.ok_or(TocError::NoHeader)?;
        let mut names = Names::new(hints);
        let mut entries: Vec<TocEntry> = Vec::new();
        let mut ids = BTreeSet::new();
        for (at, line) in text.split('\n').enumerate() {
            if line.starts_with(';') || line.is_empty() {
                continue;
            }
            let entry = entry(line, &mut names).ok_or(TocError::Line(at + 1))?;
            if !ids.insert(entry.dump_id) {
                return Err(TocError::Twice(entry.dump_id));
            }
            entries.push(entry);
        }
        if entries.len() as u64 > u64::from(most) {
            return Err(TocError::TooMany);
        }
        Ok(Self { header, entries })
    }

    /// The entries of a kind.
    pub fn of_kind(&self, kind: &str) -> impl Iterator<Item = &TocEntry> {
        self.entries.iter().filter(move |entry| entry.kind == kind)
    }

    /// Oids of the tables that have data: exact, whatever the names.
    #[must_use]
    pub fn table_data_oids(&self) -> BTreeSet<u32> {
        self.of_kind("TABLE DATA").map(|entry| entry.oid).collect()
    }

    /// Kinds this module does not know, for a warning.
    #[must_use]
    pub fn unknown_kinds(&self) -> BTreeSet<&str> {
        let kinds = self.entries.iter().map(|entry| entry.kind.as_str());
        kinds.filter(|kind| !is_known(kind)).collect()
    }

    /// The list of everything but the given kinds (see [`OUTSIDE_KINDS`]) and their comments, labels and grants, in the order of
    /// the archive.
    #[must_use]
    pub fn restore_list(&self, leave_out: &[&str]) -> RestoreList {
        let mut list = RestoreList { text: String::new(), left_out: Vec::new() };
        for entry in &self.entries {
            if leave_out.iter().any(|kind| entry.belongs_to(kind)) {
                list.left_out.push(entry.clone());
            } else {
                let _ = writeln!(list.text, "{}; {}", entry.dump_id, entry.kind);
            }
        }
        list
    }
}

impl TocEntry {
    /// Whether the entry is of a kind, or says something about an object of it (`COMMENT - SUBSCRIPTION sub`).
    fn belongs_to(&self, kind: &str) -> bool {
        let about = matches!(self.kind.as_str(), "COMMENT" | "SECURITY LABEL" | "ACL");
        let subject = self.name.strip_prefix(kind);
        self.kind == kind || about && subject.is_some_and(|rest| rest.starts_with(' '))
    }
}

impl TocHeader {
    fn parse(text: &str) -> Self {
        let mut header = Self::default();
        for line in text.split('\n') {
            let Some(line) = line.strip_prefix(';').map(str::trim) else {
                break;
            };
            let Some((key, value)) = line.split_once(": ") else {
                continue;
            };
            let value = value.to_owned();
            match key {
                "dbname" => header.dbname = Some(value),
                "TOC Entries" => header.entries = value.parse().ok(),
                "Compression" => header.compression = Some(value),
                "Dump Version" => header.dump_version = Some(value),
                "Format" => header.format = Some(value),
                "Dumped from database version" => header.server_version = Some(value),
                "Dumped by pg_dump version" => header.pg_dump_version = Some(value),
                _ => {}
            }
        }
        header
    }
}

/// The hints as the list prints them, and the schemas seen.
struct Names {
    schemas: BTreeSet<String>,
    owners: BTreeSet<String>,
}

impl Names {
    fn new(hints: &Hints) -> Self {
        let printed = |names: &BTreeSet<String>| names.iter().map(|name| name.replace(['\n', '\r'], " ")).collect();
        Self { schemas: printed(&hints.schemas), owners: printed(&hints.owners) }
    }

    /// Parts `schema name owner`.
    fn part<'a>(&self, rest: &'a str) -> Option<(Option<&'a str>, &'a str, &'a str)> {
        let known = |name: &String| rest.strip_prefix(name.as_str())?.strip_prefix(' ');
        let longest = self.schemas.iter().filter(|name| known(name).is_some());
        let split = match longest.max_by_key(|name| name.len()) {
            Some(schema) if !rest.starts_with("- ") => rest.split_at_checked(schema.len())?,
            _ => rest.split_at_checked(rest.find(' ')?)?,
        };
        let (schema, rest) = (split.0, split.1.strip_prefix(' ')?);
        let known = |name: &String| rest.strip_suffix(name.as_str())?.strip_suffix(' ');
        let longest = self.owners.iter().filter(|name| known(name).is_some());
        let owner_at = match longest.max_by_key(|name| name.len()) {
            Some(owner) if !rest.ends_with(' ') => rest.len().checked_sub(owner.len())?,
            _ => rest.rfind(' ')? + 1,
        };
        let (name, owner) = rest.split_at_checked(owner_at)?;
        let schema = (schema != "-").then_some(schema);
        Some((schema, name.strip_suffix(' ')?, owner))
    }
}

fn entry(line: &str, names: &mut Names) -> Option<TocEntry> {
    let (dump_id, rest) = line.split_once("; ")?;
    let (catalog_oid, rest) = rest.split_once(' ')?;
    let (oid, rest) = rest.split_once(' ')?;
    let catalog_oid = catalog_oid.parse().ok()?;
    let kind = kind_of(rest, catalog_oid)?;
    let rest = rest.strip_prefix(kind)?.strip_prefix(' ')?;
    let (schema, name, owner) = names.part(rest)?;
    if kind == "SCHEMA" {
        names.schemas.insert(name.to_owned());
    }
    Some(TocEntry {
        dump_id: dump_id.parse().ok()?,
        catalog_oid,
        oid: oid.parse().ok()?,
        kind: kind.to_owned(),
        schema: schema.map(str::to_owned),
        name: name.to_owned(),
        owner: owner.to_owned(),
    })
}

/// The kind a line starts with: the longest that fits; of an unknown one the words in capitals.
fn kind_of(rest: &str, catalog_oid: u32) -> Option<&str> {
    let fits = |kind: &str| rest.strip_prefix(kind).is_some_and(|rest| rest.starts_with(' '));
    let catalog = BY_CATALOG.iter().filter(|(kind, oid)| fits(kind) && *oid == catalog_oid);
    let words = BY_WORDS.iter().filter(|kind| fits(kind)).map(|kind| kind.len());
    let known = catalog.map(|(kind, _)| kind.len()).chain(words).max();
    let capitals = |word: &&str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_uppercase());
    let guess = || {
        let words = rest.split(' ').take_while(capitals);
        words.map(|word| word.len() + 1).sum::<usize>().checked_sub(1)
    };
    rest.get(..known.or_else(guess)?)
}

fn is_known(kind: &str) -> bool {
    BY_WORDS.contains(&kind) || BY_CATALOG.iter().any(|(known, _)| *known == kind)
}

#[cfg(test)]
mod tests;
