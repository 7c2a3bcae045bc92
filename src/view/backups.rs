//! `lifeboat.backup-list/1`, `lifeboat.backup-show/1` and `lifeboat.backup-check/1`: what the bucket holds.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::catalog::backups::{Backup, Proven, State};
use crate::catalog::layout::Foreign;
use crate::catalog::physical::{Physical, Repository};
use crate::catalog::retention::Hold;
use crate::model::lifecycle::EXPIRE_TAG;

/// What `backups list` says.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackupListView {
    /// Always `lifeboat.backup-list/1`.
    pub format: String,
    /// Version of lifeboat.
    pub tool: String,
    /// What was read: a commit, or the working folder.
    pub revision: String,
    /// The policies, by name.
    pub policies: Vec<ShelfView>,
}

/// The backups of one policy.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShelfView {
    /// Its name.
    pub policy: String,
    /// Where they lie: `s3://BUCKET/PREFIX`.
    pub location: String,
    /// The time by S3, at which this holds, RFC 3339.
    pub at: String,
    /// What is wrong with the clock of this machine, if something is.
    pub clock: Option<String>,
    /// Why records of drills are not known, if they are not.
    pub evidence_unknown: Option<String>,
    /// Of how many backups manifest and tags are as the keeper last read them: tags may be some days old.
    #[serde(default)]
    pub remembered: usize,
    /// Why an index of the keeper was not used, by set.
    #[serde(default)]
    pub index: Vec<String>,
    /// How many backups are in each state; only states that occur.
    pub states: BTreeMap<String, u64>,
    /// Bytes of all backups.
    pub bytes: u64,
    /// The backups, by set, the newest first.
    pub backups: Vec<BackupLineView>,
    /// Repositories of other engines that lie there too: read, and never expired by lifeboat.
    pub repositories: Vec<RepositoryView>,
    /// What lies there and is no part of a backup.
    pub foreign: ForeignView,
}

/// A repository of another engine.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RepositoryView {
    /// The set that it is of, if a set of the policy names it.
    pub set: Option<String>,
    /// `pgbackrest`, `barman-cloud` or `wal-g`.
    pub engine: String,
    /// The prefix that it lies below.
    pub base: String,
    /// pgBackRest's stanza, or barman's server; nothing for WAL-G.
    pub name: String,
    /// The oldest moment that can be restored, RFC 3339.
    pub oldest: Option<String>,
    /// The newest moment that can be restored, by the WAL that is there, RFC 3339.
    pub newest: Option<String>,
    /// Its backups, oldest first.
    pub backups: Vec<PhysicalView>,
    /// How many WAL segments are archived.
    pub segments: u64,
    /// The first of them.
    pub first_segment: Option<String>,
    /// The last of them.
    pub last_segment: Option<String>,
    /// What is missing between them: the last segment before each gap, and the first one behind it.
    pub gaps: Vec<[String; 2]>,
    /// What could not be understood, or is odd.
    pub problems: Vec<String>,
    /// Why it is not known which backups there are, if it is not: what is listed is then not all.
    #[serde(default)]
    pub unknown: Option<String>,
}

/// One physical backup.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PhysicalView {
    /// Its label or id.
    pub id: String,
    /// `complete`, `failed`, `unfinished`, `orphaned`, `partial` or `unknown`.
    pub state: String,
    /// Why, where the state does not say it.
    pub why: Option<String>,
    /// `full`, `diff`, `incr` or `delta`.
    pub kind: String,
    /// The backup that it builds on.
    pub prior: Option<String>,
    /// When it ended, RFC 3339.
    pub stopped_at: Option<String>,
    /// Bytes of the database.
    pub bytes: Option<u64>,
    /// Bytes that it stores.
    pub stored: u64,
    /// Version of the server, in the engine's words.
    pub server: Option<String>,
    /// The first and the last WAL segment that it needs.
    pub wal: Option<[String; 2]>,
}

/// One backup.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackupLineView {
    /// Its set.
    pub set: String,
    /// Its id.
    pub id: String,
    /// `complete`, `running`, `abandoned`, `expiring`, `partial`, `orphaned`, `refused` or `unknown`.
    pub state: String,
    /// Why, where the state does not say it.
    pub why: Option<String>,
    /// The moment that it restores, RFC 3339; none where no manifest says it.
    pub snapshot_at: Option<String>,
    /// When S3 stored its manifest.
    pub stored_at: Option<String>,
    /// Bytes of its objects.
    pub bytes: u64,
    /// How many objects it has.
    pub objects: usize,
    /// Rows of all tables.
    pub rows: Option<u64>,
    /// The engine that took it.
    pub engine: Option<String>,
    /// Version of the server as a number.
    pub server_version: Option<u32>,
    /// Its databases.
    pub databases: Vec<String>,
    /// When a drill last passed it, RFC 3339.
    pub verified_at: Option<String>,
    /// Whether the last drill of it failed.
    pub drill_failed: bool,
    /// The tier that it is released as: the value of the release tag.
    pub released: Option<String>,
    /// Until when it is held, RFC 3339; in the past, the hold is over.
    pub held_until: Option<String>,
    /// Why release and hold are not known, if they are not.
    pub tags_unknown: Option<String>,
    /// What is odd and decides nothing.
    pub notes: Vec<String>,
}

/// What is no part of a backup.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ForeignView {
    /// How many objects.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The first few keys.
    pub first: Vec<String>,
}

/// What `backups show` says.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackupShowView {
    /// Always `lifeboat.backup-show/1`.
    pub format: String,
    /// Its policy.
    pub policy: String,
    /// Where it lies: `s3://BUCKET/FOLDER`.
    pub location: String,
    /// The time by S3, at which this holds, RFC 3339.
    pub at: String,
    /// The backup.
    pub backup: BackupLineView,
    /// Its objects by name, with their bytes.
    pub objects: BTreeMap<String, u64>,
    /// Rows by table.
    pub tables: BTreeMap<String, u64>,
    /// All tags of its last object.
    pub tags: BTreeMap<String, String>,
}

/// What `backups verify` says.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackupCheckView {
    /// Always `lifeboat.backup-check/1`.
    pub format: String,
    /// Its policy.
    pub policy: String,
    /// The backups that were read.
    pub backups: Vec<CheckedBackupView>,
}

/// One backup whose bytes were read.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckedBackupView {
    /// Its set.
    pub set: String,
    /// Its id.
    pub id: String,
    /// Whether every byte is as its manifest says.
    pub sound: bool,
    /// `sound`, `damaged`, or `unread`: not all of it could be read, and nothing that was is wrong.
    pub verdict: String,
    /// Bytes that were read.
    pub bytes: u64,
    /// What is wrong.
    pub problems: Vec<String>,
}

fn text(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

impl BackupLineView {
    /// The view of one backup.
    pub fn of(backup: &Backup, proven: &Proven) -> Self {
        let facts = backup.facts.as_ref();
        Self {
            set: backup.seen.set.clone(),
            id: backup.seen.id.clone(),
            state: backup.state.as_str().to_owned(),
            why: backup.why.clone(),
            snapshot_at: facts.map(|facts| text(facts.snapshot)),
            stored_at: backup.seen.stored.map(text),
            bytes: backup.seen.bytes,
            objects: backup.seen.keys.len(),
            rows: facts.map(|facts| facts.rows),
            engine: facts.map(|facts| facts.engine.clone()),
            server_version: facts.map(|facts| facts.server_version),
            databases: facts.map(|facts| facts.databases.clone()).unwrap_or_default(),
            verified_at: backup.verified(proven).map(text),
            drill_failed: proven.failed,
            released: backup.tags.known().and_then(|tags| tags.get(EXPIRE_TAG)).cloned(),
            held_until: match backup.hold() {
                Hold::Until(until) => Some(text(until)),
                Hold::None | Hold::Unknown => None,
            },
            tags_unknown: match &backup.tags {
                crate::model::fact::Fact::Unknown(why) => Some(why.to_string()),
                _ => None,
            },
            notes: backup.notes.clone(),
        }
    }
}

impl RepositoryView {
    /// The view of a repository.
    pub fn of(repository: &Repository, set: Option<&str>) -> Self {
        let of = |backup: &Physical| PhysicalView {
            id: backup.id.clone(),
            state: backup.state.as_str().to_owned(),
            why: backup.why.clone(),
            kind: backup.kind.clone(),
            prior: backup.prior.clone(),
            stopped_at: backup.stopped.map(text),
            bytes: backup.bytes,
            stored: backup.stored,
            server: backup.server.clone(),
            wal: backup.wal.map(|(first, last)| [first.to_string(), last.to_string()]),
        };
        Self {
            set: set.map(str::to_owned),
            oldest: repository.oldest.map(text),
            newest: repository.newest.map(text),
            engine: repository.place.engine.as_str().to_owned(),
            base: repository.place.base.clone(),
            name: repository.place.name.clone(),
            backups: repository.backups.iter().map(of).collect(),
            segments: repository.segments,
            first_segment: repository.range.map(|(first, _)| first.to_string()),
            last_segment: repository.range.map(|(_, last)| last.to_string()),
            gaps: repository.gaps.iter().map(|gap| [gap.after.to_string(), gap.before.to_string()]).collect(),
            problems: repository.problems.clone(),
            unknown: repository.unknown.clone(),
        }
    }

    /// Whether everything in it is as it should be: no gap, nothing broken, nothing that was not understood.
    pub fn is_whole(&self) -> bool {
        let well = |backup: &PhysicalView| matches!(backup.state.as_str(), "complete" | "unfinished");
        self.unknown.is_none() && self.gaps.is_empty() && self.problems.is_empty() && self.backups.iter().all(well)
    }
}

impl ForeignView {
    /// The view of what is foreign.
    pub fn of(foreign: &Foreign) -> Self {
        Self { objects: foreign.objects, bytes: foreign.bytes, first: foreign.first.clone() }
    }
}

impl ShelfView {
    /// How many backups are in a state.
    pub fn count(&self, state: State) -> u64 {
        self.states.get(state.as_str()).copied().unwrap_or(0)
    }

    /// The same shelf with its counts and sums, the newest backups first.
    #[must_use]
    pub fn summed(mut self) -> Self {
        self.backups.sort_by(|a, b| (&a.set, &b.id).cmp(&(&b.set, &a.id)));
        for backup in &self.backups {
            *self.states.entry(backup.state.clone()).or_default() += 1;
            self.bytes = self.bytes.saturating_add(backup.bytes);
        }
        self
    }
}
