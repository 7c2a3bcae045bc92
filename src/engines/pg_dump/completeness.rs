//! Is everything that the catalog had in the dump? Compares the catalog, read in the dump's snapshot, with the dump's facts.
//!
//! A dump that lost a table still restores and still equals itself, so this is a question of its own. Presence is what counts: a
//! table without rows has a COPY block too. Must never trust `reltuples` or sizes for more than the wording of a finding.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::facts::DataFacts;
use super::names::TableName;

/// What a relation of the catalog is, and so whether it has data in a dump.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RelationKind {
    /// An ordinary table or leaf partition (`relkind = 'r'`, `relpersistence = 'p'`).
    Table,
    /// The same with `relpersistence = 'u'`: dumped, unless `--no-unlogged-table-data`.
    Unlogged,
    /// The root of partitions (`relkind = 'p'`): no rows of its own.
    Partitioned,
    /// A sequence (`relkind = 'S'`).
    Sequence,
    /// A materialized view (`relkind = 'm'`): recomputed by a restore, never data.
    MatView,
    /// A foreign table (`relkind = 'f'`): data elsewhere, unless `--include-foreign-data`.
    Foreign,
}

/// One relation of the catalog (`pg_class`, without system schemas and temporary relations).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogRelation {
    /// `nspname`.
    pub schema: String,
    /// `relname`.
    pub name: String,
    /// What it is.
    pub kind: RelationKind,
    /// `pg_class.reltuples`: estimated rows, -1 when never analysed.
    pub reltuples: f64,
    /// `pg_total_relation_size`, in bytes.
    pub bytes: i64,
    /// The extension it is a member of (`pg_depend.deptype = 'e'`).
    pub extension: Option<String>,
    /// Whether that extension marks it as configuration (`pg_extension.extconfig`): only then its rows are dumped.
    pub extension_config: bool,
}

impl CatalogRelation {
    /// Its name.
    #[must_use]
    pub fn table_name(&self) -> TableName {
        TableName::new(self.schema.as_str(), self.name.as_str())
    }

    fn dumped(&self) -> bool {
        self.extension.is_none() || self.extension_config
    }
}

/// What the catalog held in the snapshot of the dump.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogFacts {
    /// All relations that can hold data.
    pub relations: Vec<CatalogRelation>,
    /// Rows of `pg_largeobject_metadata`.
    pub large_objects: u64,
}

/// A table or sequence left out on purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exclusion {
    /// `nspname`.
    pub schema: String,
    /// `relname`.
    pub name: String,
    /// Why, in the words of the policy; must not be empty.
    pub reason: String,
}

/// A difference between the catalog and the dump.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "gap", rename_all = "snake_case")]
pub enum Gap {
    /// A table of the catalog has no data in the dump.
    TableMissing {
        /// The table.
        table: TableName,
        /// Estimated rows; below 0 when never analysed.
        reltuples: f64,
        /// Bytes on disk.
        bytes: i64,
    },
    /// A sequence of the catalog has no value in the dump.
    SequenceMissing {
        /// The sequence.
        sequence: TableName,
    },
    /// The dump has another number of large objects than the catalog.
    LargeObjectsDiffer {
        /// In the catalog.
        catalog: u64,
        /// In the dump.
        dump: u64,
    },
    /// The dump has data for a name that the catalog does not have: another database, or another snapshot.
    Unexpected {
        /// The name in the dump.
        name: TableName,
    },
    /// The policy leaves this out, and still it is in the dump.
    ExcludedButPresent {
        /// The name in the dump.
        name: TableName,
    },
    /// The policy leaves out a name that the catalog does not have.
    ExclusionUnknown {
        /// The name in the policy.
        name: TableName,
    },
    /// The policy leaves this out without saying why.
    ExclusionWithoutReason {
        /// The name in the policy.
        name: TableName,
    },
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TableMissing { table, reltuples, bytes } if *reltuples >= 0.0 => {
                write!(f, "table {table} (about {reltuples:.0} rows, {bytes} bytes) is in the database but not in the dump")
            }
            Self::TableMissing { table, bytes, .. } => write!(f, "table {table} ({bytes} bytes) is in the database but not in the dump"),
            Self::SequenceMissing { sequence } => {
                write!(f, "the value of sequence {sequence} is not in the dump")
            }
            Self::LargeObjectsDiffer { catalog, dump } => write!(f, "the database had {catalog} large objects, the dump has {dump}"),
            Self::Unexpected { name } => {
                write!(f, "{name} is in the dump but was not in the database")
            }
            Self::ExcludedButPresent { name } => {
                write!(f, "{name} is excluded by the policy but is in the dump")
            }
            Self::ExclusionUnknown { name } => write!(f, "{name} is excluded by the policy but is not in the database"),
            Self::ExclusionWithoutReason { name } => {
                write!(f, "{name} is excluded by the policy without a reason")
            }
        }
    }
}

/// Compares. An empty answer means: everything of the catalog is in the dump or left out by name with a reason.
#[must_use]
pub fn compare(catalog: &CatalogFacts, dump: &DataFacts, exclusions: &[Exclusion]) -> Vec<Gap> {
    let relations: BTreeMap<TableName, &CatalogRelation> = catalog.relations.iter().map(|relation| (relation.table_name(), relation)).collect();
    let mut gaps = Vec::new();
    let mut excluded = BTreeSet::new();
    for exclusion in exclusions {
        let name = TableName::new(exclusion.schema.as_str(), exclusion.name.as_str());
        if exclusion.reason.trim().is_empty() {
            gaps.push(Gap::ExclusionWithoutReason { name: name.clone() });
        }
        if !relations.contains_key(&name) {
            gaps.push(Gap::ExclusionUnknown { name: name.clone() });
        }
        excluded.insert(name);
    }
    for (name, relation) in &relations {
        let missing = relation.dumped() && !excluded.contains(name);
        gaps.extend(missing.then(|| missing_data(name, relation, dump)).flatten());
    }
    for name in dump.tables.keys() {
        gaps.extend(surplus(name, relations.get(name).copied(), false, &excluded));
    }
    for name in dump.sequences.keys() {
        gaps.extend(surplus(name, relations.get(name).copied(), true, &excluded));
    }
    let objects = dump.large_objects.len() as u64;
    if objects != catalog.large_objects {
        gaps.push(Gap::LargeObjectsDiffer { catalog: catalog.large_objects, dump: objects });
    }
    gaps
}

/// The gap of a relation whose data should be in the dump.
fn missing_data(name: &TableName, relation: &CatalogRelation, dump: &DataFacts) -> Option<Gap> {
    match relation.kind {
        RelationKind::Table | RelationKind::Unlogged => {
            (!dump.tables.contains_key(name)).then(|| Gap::TableMissing { table: name.clone(), reltuples: relation.reltuples, bytes: relation.bytes })
        }
        RelationKind::Sequence => (!dump.sequences.contains_key(name)).then(|| Gap::SequenceMissing { sequence: name.clone() }),
        RelationKind::Partitioned | RelationKind::MatView | RelationKind::Foreign => None,
    }
}

/// The gap of data that is in the dump; a name of the wrong kind is as unexpected as one that is not there.
fn surplus(name: &TableName, relation: Option<&CatalogRelation>, sequence: bool, excluded: &BTreeSet<TableName>) -> Option<Gap> {
    let name = name.clone();
    let fits = relation.is_some_and(|relation| match relation.kind {
        RelationKind::Sequence => sequence,
        RelationKind::MatView => false,
        _ => !sequence,
    });
    if !fits {
        Some(Gap::Unexpected { name })
    } else if excluded.contains(&name) {
        Some(Gap::ExcludedButPresent { name })
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
