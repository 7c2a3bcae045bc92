//! The manifest: what a backup says of itself. It is written last; a folder without one is not a backup.
//!
//! Format `lifeboat.manifest/1`; `docs/formats.md` describes it. It holds counts and digests, never a row or a password.

use serde::{Deserialize, Serialize};

use crate::engines::pg_dump::completeness::{CatalogFacts, Exclusion};
use crate::engines::pg_dump::facts::DataFacts;
use crate::engines::pg_dump::views::ViewFacts;
use crate::model::document::Document;

/// The format that this build writes.
pub const FORMAT: &str = "lifeboat.manifest/1";
/// A manifest is never larger than this: it names every table, with about 300 bytes each.
pub const LARGEST: u64 = 256 << 20;

/// The manifest of one backup.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: String,
    /// Version of lifeboat.
    pub tool: String,
    /// Name of the policy.
    pub policy: String,
    /// Name of the backup set.
    pub set: String,
    /// Id of the backup.
    pub id: String,
    /// `pg_dump`.
    pub engine: String,
    /// `stream`.
    pub mode: String,
    /// Version of the server, as a number: 150018.
    pub server_version: u32,
    /// Version of `pg_dump`, in its own words.
    pub program_version: String,
    /// When the run began, RFC 3339.
    pub started_at: String,
    /// The moment that is restored: when the first snapshot was taken, by the database's clock.
    pub snapshot_at: String,
    /// When the last byte was stored.
    pub finished_at: String,
    /// The databases.
    pub databases: Vec<DatabaseBackup>,
    /// Roles and tablespaces, without passwords.
    pub globals: Stored,
    /// Names of the roles.
    pub roles: Vec<String>,
    /// For how long something of it was on its way to the bucket, in milliseconds; what was under way at once counts once. None in a backup
    /// from before that was counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload_millis: Option<u64>,
}

/// One database of a backup.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DatabaseBackup {
    /// Its name.
    pub name: String,
    /// The archive.
    pub dump: Stored,
    /// Its encoding and locale.
    pub locale: Locale,
    /// `client_encoding` under which the facts hold.
    pub client_encoding: String,
    /// When its snapshot was taken, RFC 3339, by the database's clock.
    pub snapshot_at: String,
    /// Write position before the snapshot: a lower bound, as an exported snapshot has no position of its own.
    pub lsn_before: String,
    /// Write position after the dump: an upper bound.
    pub lsn_after: String,
    /// Whether it was taken from a standby.
    pub standby: bool,
    /// What the dump's own data stream held.
    pub facts: DataFacts,
    /// Its materialized views; none in a backup from before they were recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub views: Option<Vec<ViewFacts>>,
    /// Name and version of the row digest.
    pub algorithm: String,
    /// What the catalog held in the same snapshot.
    pub catalog: CatalogFacts,
    /// Tables left out, with reasons.
    pub excluded: Vec<Exclusion>,
    /// Its extensions.
    pub extensions: Vec<Extension>,
    /// Answers of the policy's `sameAsBackup` queries.
    pub answers: Vec<Answered>,
}

/// Encoding and locale of a database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Locale {
    /// `UTF8`.
    pub encoding: String,
    /// `lc_collate`.
    pub collate: String,
    /// `lc_ctype`.
    pub ctype: String,
    /// `c` (libc), `i` (ICU), `b` (built in).
    pub provider: String,
    /// Locale of ICU or of the built-in provider.
    pub provider_locale: Option<String>,
    /// `lc_monetary`.
    pub monetary: String,
}

/// An extension.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Extension {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// The answer of one query, as a digest: the value itself stays in the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Answered {
    /// SHA-256 of the query text.
    pub query: String,
    /// SHA-256 of the answer as text; none for NULL.
    pub answer: Option<String>,
}

/// A stream of a backup, as it was stored: in one object, or in several when S3's limit of parts of one is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Stored {
    /// The name of its first object below the backup's folder. The others are called `<name>.2`, `<name>.3` and so on.
    pub name: String,
    /// Its objects, when there are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub objects: Vec<Share>,
    /// Its bytes, compressed.
    pub bytes: u64,
    /// Its bytes before compression.
    pub raw_bytes: u64,
    /// SHA-256 of the stored bytes.
    pub sha256: String,
    /// The same in pieces, in order: a damaged piece is named, and no byte is used unproven.
    pub chunks: Vec<Chunk>,
}

/// A piece of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Chunk {
    /// Its bytes.
    pub bytes: u64,
    /// SHA-256 of them.
    pub sha256: String,
}

/// What one of several objects holds of a stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Share {
    /// How many of the stream's pieces, behind those of the objects before it.
    pub pieces: usize,
    /// SHA-256 of its bytes.
    pub sha256: String,
}

/// One object of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredObject<'a> {
    /// Its name below the backup's folder.
    pub name: String,
    /// Its bytes.
    pub bytes: u64,
    /// SHA-256 of them.
    pub sha256: &'a str,
    /// Its pieces, in order.
    pub chunks: &'a [Chunk],
}

impl Stored {
    /// Its objects, in order.
    pub fn objects(&self) -> impl Iterator<Item = StoredObject<'_>> {
        let only = (self.chunks.len(), self.sha256.as_str());
        let several = self.objects.iter().map(|share| (share.pieces, share.sha256.as_str()));
        let shares = std::iter::once(only).filter(|_| self.objects.is_empty()).chain(several);
        shares.zip(1..).scan(self.chunks.as_slice(), |rest, ((pieces, sha256), number)| {
            let (chunks, behind) = rest.split_at_checked(pieces)?;
            *rest = behind;
            let bytes = chunks.iter().map(|chunk| chunk.bytes).fold(0, u64::saturating_add);
            Some(StoredObject { name: object_name(&self.name, number), bytes, sha256, chunks })
        })
    }
}

/// The name of the so many-th object of a stream, from 1.
pub fn object_name(name: &str, number: usize) -> String {
    if number == 1 { name.to_owned() } else { format!("{name}.{number}") }
}

/// Why a manifest cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// It is not a manifest.
    #[error("it is not a manifest: {0}")]
    NotOne(String),
    /// A newer lifeboat wrote it.
    #[error("it has format `{0}`, and this lifeboat reads `{FORMAT}`: use a newer one")]
    Newer(String),
    /// It says something that cannot be.
    #[error("it contradicts itself: {0}")]
    Lies(String),
}

impl Manifest {
    /// Reads a manifest and checks that it does not contradict itself or its place.
    ///
    /// # Errors
    /// See [`ManifestError`].
    pub fn parse(bytes: &[u8], set: &str, id: &str) -> Result<Self, ManifestError> {
        let value: serde_json::Value = serde_json::from_slice(bytes).map_err(|error| ManifestError::NotOne(error.to_string()))?;
        match value.get("format").and_then(serde_json::Value::as_str) {
            Some(FORMAT) => {}
            Some(other) if other.starts_with("lifeboat.manifest/") => return Err(ManifestError::Newer(other.to_owned())),
            _ => return Err(ManifestError::NotOne("it names no format".to_owned())),
        }
        let manifest: Self = serde_json::from_value(value).map_err(|error| ManifestError::NotOne(error.to_string()))?;
        manifest.check(set, id)?;
        Ok(manifest)
    }

    /// SHA-256 of what it says: the names, sizes and digests of all its objects are among it.
    pub fn digest(&self) -> String {
        Document::of(self).digest()
    }

    fn check(&self, set: &str, id: &str) -> Result<(), ManifestError> {
        if self.set != set || self.id != id {
            return Err(ManifestError::Lies(format!("it says it is {}/{}, and it lies at {set}/{id}", self.set, self.id)));
        }
        if self.databases.is_empty() {
            return Err(ManifestError::Lies("it holds no database".to_owned()));
        }
        for stored in self.streams() {
            let sum: u64 = stored.chunks.iter().map(|chunk| chunk.bytes).fold(0, u64::saturating_add);
            if sum != stored.bytes {
                return Err(ManifestError::Lies(format!("the pieces of {} add up to {sum} bytes, and it says {}", stored.name, stored.bytes)));
            }
            let shared = stored.objects.iter().map(|share| share.pieces).fold(0, usize::saturating_add);
            if !stored.objects.is_empty() && shared != stored.chunks.len() {
                return Err(ManifestError::Lies(format!("{} has {} pieces, and its objects hold {shared}", stored.name, stored.chunks.len())));
            }
            if stored.name.contains('/') || stored.name.is_empty() {
                return Err(ManifestError::Lies(format!("object name `{}`", stored.name)));
            }
        }
        Ok(())
    }

    fn streams(&self) -> impl Iterator<Item = &Stored> {
        self.databases.iter().map(|database| &database.dump).chain(std::iter::once(&self.globals))
    }

    /// Its objects, without the manifest itself.
    pub fn objects(&self) -> impl Iterator<Item = StoredObject<'_>> {
        self.streams().flat_map(Stored::objects)
    }

    /// Bytes of its objects.
    pub fn bytes(&self) -> u64 {
        self.streams().map(|stored| stored.bytes).fold(0, u64::saturating_add)
    }

    /// Rows of all tables of all databases.
    pub fn rows(&self) -> u64 {
        self.databases.iter().map(|database| database.facts.rows()).fold(0, u64::saturating_add)
    }

    /// Tables with data in the dump.
    pub fn tables(&self) -> usize {
        self.databases.iter().map(|database| database.facts.tables.len()).sum()
    }

    /// Major version of the `pg_dump` that wrote it: an older `pg_restore` may not read its archives.
    pub fn program_major(&self) -> u32 {
        let digits: String = self.program_version.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().unwrap_or(0).max(self.major())
    }

    /// Major version of the server.
    pub fn major(&self) -> u32 {
        self.server_version / 10_000
    }
}

#[cfg(test)]
mod tests;
