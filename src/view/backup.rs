//! `lifeboat.backup/1`: a backup that was taken.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::backup::Taken;
use crate::catalog::layout;

/// What `backup` says.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackupView {
    /// Always `lifeboat.backup/1`.
    pub format: String,
    /// The policy.
    pub policy: String,
    /// The backup set.
    pub set: String,
    /// Id of the backup.
    pub backup: String,
    /// Where it lies: `s3://BUCKET/FOLDER`.
    pub location: String,
    /// SHA-256 of the manifest.
    pub manifest_sha256: String,
    /// Bytes stored, without the manifest.
    pub bytes: u64,
    /// Bytes of the dumps before compression.
    pub raw_bytes: u64,
    /// Rows of all tables.
    pub rows: u64,
    /// Tables with data.
    pub tables: usize,
    /// The moment that it restores, RFC 3339.
    pub snapshot_at: String,
    /// When the run began.
    pub started_at: String,
    /// When it ended.
    pub finished_at: String,
    /// Version of the server as a number.
    pub server_version: u32,
    /// Its objects.
    pub objects: Vec<ObjectView>,
    /// What the programs of PostgreSQL said that is a doubt: `docs/messages.md` has the table.
    pub doubts: Vec<String>,
    /// What the run took, in milliseconds.
    pub millis: u64,
    /// For how long of that something was on its way to the bucket, in milliseconds.
    #[serde(default)]
    pub upload_millis: Option<u64>,
    /// Reference of the evidence record, if one was written.
    pub evidence: Option<String>,
    /// Why none could be written, when one should have been.
    pub evidence_failed: Option<String>,
}

/// One object of a backup.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObjectView {
    /// Its key.
    pub key: String,
    /// Its bytes.
    pub bytes: u64,
    /// SHA-256 of them.
    pub sha256: String,
}

impl BackupView {
    /// The view of a backup that took so many milliseconds.
    pub fn of(taken: &Taken, bucket: &str, millis: u64) -> Self {
        let manifest = &taken.manifest;
        let mut objects: Vec<ObjectView> = manifest
            .objects()
            .map(|stored| ObjectView { key: format!("{}{}", taken.folder, stored.name), bytes: stored.bytes, sha256: stored.sha256.to_owned() })
            .collect();
        objects.push(ObjectView { key: format!("{}{}", taken.folder, layout::MANIFEST), bytes: taken.manifest_bytes, sha256: taken.manifest_sha256.clone() });
        Self {
            format: "lifeboat.backup/1".to_owned(),
            policy: manifest.policy.clone(),
            set: manifest.set.clone(),
            backup: manifest.id.clone(),
            location: format!("s3://{bucket}/{}", taken.folder),
            manifest_sha256: taken.manifest_sha256.clone(),
            bytes: manifest.bytes(),
            raw_bytes: manifest.databases.iter().map(|database| database.dump.raw_bytes).sum(),
            rows: manifest.rows(),
            tables: manifest.tables(),
            snapshot_at: manifest.snapshot_at.clone(),
            started_at: manifest.started_at.clone(),
            finished_at: manifest.finished_at.clone(),
            server_version: manifest.server_version,
            objects,
            doubts: taken.doubts.clone(),
            millis,
            upload_millis: manifest.upload_millis,
            evidence: None,
            evidence_failed: None,
        }
    }
}
