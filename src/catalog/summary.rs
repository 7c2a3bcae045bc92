//! What lists and the keeper need of a manifest: small enough to be remembered, and as immutable as the version that it is of. Pure.
//!
//! It is its writer's word as the manifest is: it is judged against listing and dates each time, remembered or not.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::manifest::Manifest;

/// The parts of a manifest that a judgement is made by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Summary {
    /// Its policy.
    pub policy: String,
    /// When the run began, RFC 3339, as it is written there.
    pub started_at: String,
    /// The moment that it restores, RFC 3339, as it is written there.
    pub snapshot_at: String,
    /// When the last byte was stored, RFC 3339, as it is written there.
    pub finished_at: String,
    /// `pg_dump`.
    pub engine: String,
    /// Version of the server, as a number: 150018.
    pub server_version: u32,
    /// Names of its databases.
    pub databases: Vec<String>,
    /// Rows of all tables.
    pub rows: u64,
    /// Rows by table: `database.schema.table`.
    pub tables: BTreeMap<String, u64>,
    /// Bytes of the dumps before compression.
    pub raw_bytes: u64,
    /// [`Manifest::digest`].
    pub digest: String,
    /// Names of its objects below its folder, each with its bytes.
    pub objects: Vec<(String, u64)>,
}

impl Summary {
    /// The summary of a manifest.
    pub fn of(manifest: &Manifest) -> Self {
        let mut tables = BTreeMap::new();
        for database in &manifest.databases {
            tables.extend(database.facts.tables.iter().map(|(table, data)| (format!("{}.{table}", database.name), data.rows.rows)));
        }
        Self {
            policy: manifest.policy.clone(),
            started_at: manifest.started_at.clone(),
            snapshot_at: manifest.snapshot_at.clone(),
            finished_at: manifest.finished_at.clone(),
            engine: manifest.engine.clone(),
            server_version: manifest.server_version,
            databases: manifest.databases.iter().map(|database| database.name.clone()).collect(),
            rows: manifest.rows(),
            tables,
            raw_bytes: manifest.databases.iter().map(|database| database.dump.raw_bytes).fold(0, u64::saturating_add),
            digest: manifest.digest(),
            objects: manifest.objects().map(|stored| (stored.name, stored.bytes)).collect(),
        }
    }
}
