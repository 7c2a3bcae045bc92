//! What the data section of a dump holds: rows of tables, values of sequences, bytes of large objects.
//!
//! These facts go into the manifest of a backup. Must never hold a row's content, only counts and digests.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer};

use super::names::TableName;
use super::rowhash::RowSum;

/// The rows of one table (ordinary table or leaf partition).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableData {
    /// Columns in the order of the dump; generated columns are not dumped, so not among them.
    pub columns: Vec<String>,
    /// Sum of the rows as COPY text.
    pub rows: RowSum,
}

/// What `setval` sets: `SELECT last_value, is_called FROM sequence`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SequenceValue {
    /// `last_value`.
    pub last_value: i64,
    /// Whether `last_value` was handed out already.
    pub is_called: bool,
}

/// The content of one large object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LargeObject {
    /// Length in bytes.
    pub bytes: u64,
    /// SHA-256 of the content, 64 lower-case hex digits.
    pub sha256: String,
}

/// All data of one dump. In JSON each map is a list of entries sorted by name (or oid).
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(try_from = "Lists")]
pub struct DataFacts {
    /// Tables that have a COPY block, also when it holds no row.
    pub tables: BTreeMap<TableName, TableData>,
    /// Sequences that have a `setval`.
    pub sequences: BTreeMap<TableName, SequenceValue>,
    /// Large objects by oid.
    pub large_objects: BTreeMap<u32, LargeObject>,
}

impl DataFacts {
    /// Rows of all tables.
    #[must_use]
    pub fn rows(&self) -> u64 {
        let each = self.tables.values().map(|table| table.rows.rows);
        each.fold(0, u64::saturating_add)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    schema: String,
    name: String,
    columns: Vec<String>,
    rows: RowSum,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sequence {
    schema: String,
    name: String,
    last_value: i64,
    is_called: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Object {
    oid: u32,
    bytes: u64,
    sha256: String,
}

/// The JSON form of [`DataFacts`].
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Lists {
    tables: Vec<Table>,
    sequences: Vec<Sequence>,
    large_objects: Vec<Object>,
}

impl Serialize for DataFacts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let table = |(key, value): (&TableName, &TableData)| Table {
            schema: key.schema.clone(),
            name: key.name.clone(),
            columns: value.columns.clone(),
            rows: value.rows,
        };
        let sequence = |(key, value): (&TableName, &SequenceValue)| Sequence {
            schema: key.schema.clone(),
            name: key.name.clone(),
            last_value: value.last_value,
            is_called: value.is_called,
        };
        let object = |(oid, value): (&u32, &LargeObject)| Object { oid: *oid, bytes: value.bytes, sha256: value.sha256.clone() };
        Lists {
            tables: self.tables.iter().map(table).collect(),
            sequences: self.sequences.iter().map(sequence).collect(),
            large_objects: self.large_objects.iter().map(object).collect(),
        }
        .serialize(serializer)
    }
}

impl TryFrom<Lists> for DataFacts {
    type Error = String;

    /// Fails on an entry that is there twice: a list must not be able to say two things of one name.
    fn try_from(lists: Lists) -> Result<Self, String> {
        let mut facts = Self::default();
        for entry in lists.tables {
            let key = TableName::new(entry.schema, entry.name);
            let value = TableData { columns: entry.columns, rows: entry.rows };
            insert_new(&mut facts.tables, key, value).map_err(|key| format!("table {key} is listed twice"))?;
        }
        for entry in lists.sequences {
            let key = TableName::new(entry.schema, entry.name);
            let value = SequenceValue { last_value: entry.last_value, is_called: entry.is_called };
            insert_new(&mut facts.sequences, key, value).map_err(|key| format!("sequence {key} is listed twice"))?;
        }
        for entry in lists.large_objects {
            let value = LargeObject { bytes: entry.bytes, sha256: entry.sha256 };
            insert_new(&mut facts.large_objects, entry.oid, value).map_err(|oid| format!("large object {oid} is listed twice"))?;
        }
        Ok(facts)
    }
}

/// Inserts unless the key is taken; gives the key back then.
pub(super) fn insert_new<K: Ord + Clone, V>(map: &mut BTreeMap<K, V>, key: K, value: V) -> Result<(), K> {
    if map.contains_key(&key) {
        return Err(key);
    }
    map.insert(key, value);
    Ok(())
}

#[cfg(test)]
mod tests;
