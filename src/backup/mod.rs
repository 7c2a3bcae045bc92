//! Takes a backup: a consistent snapshot, dumped, compressed, counted and stored while it streams; the manifest last.
//!
//! Interrupted at any moment it leaves no manifest, so nothing that looks whole; the next run has an id of its own. It
//! never overwrites: every object is created conditionally. Memory is bounded whatever the size (`upload::IN_FLIGHT`).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use tokio::sync::watch;

use crate::catalog::layout;
use crate::catalog::manifest::{self, DatabaseBackup, Manifest, Stored};
use crate::engines::pg_dump::completeness::Gap;
use crate::engines::pg_dump::copystream::CopyError;
use crate::model::document::Document;
use crate::model::policy::{BackupSet, Check, Expect, Policy};
use crate::ports::postgres::{DatabaseError, Target};
use crate::ports::process::{self, Programs, ProgramsError};
use crate::ports::{Kind, PortError, Ports};

mod compress;
mod dump;
mod globals;
mod snapshot;
mod upload;

pub use upload::latency::Latency;

/// What is to be backed up, and with what.
pub struct Job<'a> {
    /// The outside world.
    pub ports: &'a Ports,
    /// The policy.
    pub policy: &'a Policy,
    /// Name of the set.
    pub name: &'a str,
    /// The set.
    pub set: &'a BackupSet,
    /// The server.
    pub target: Target,
    /// Becomes true when the run is to end.
    pub stop: watch::Receiver<bool>,
    /// Told of each stage and of bytes read from the database.
    pub progress: Arc<dyn Progress>,
    /// Counts for how long something was on its way to the bucket.
    pub uploads: Arc<Latency>,
    /// Becomes true when the run failed and the bucket did not take the mark of that: who lists it sees a run that only began.
    pub unmarked: Arc<AtomicBool>,
}

impl Job<'_> {
    fn store(&self) -> upload::Store {
        upload::Store { objects: Arc::clone(&self.ports.objects), clock: Arc::clone(&self.ports.clock), latency: Arc::clone(&self.uploads) }
    }
}

/// Told how far a long run is.
pub trait Progress: Send + Sync {
    /// A new stage began.
    fn stage(&self, name: &str);
    /// So many bytes more went through.
    fn bytes(&self, count: u64);
}

/// A finished backup.
#[derive(Debug)]
pub struct Taken {
    /// Its manifest.
    pub manifest: Manifest,
    /// SHA-256 of the manifest as it was stored.
    pub manifest_sha256: String,
    /// Bytes of the manifest.
    pub manifest_bytes: u64,
    /// Its folder, with a slash behind.
    pub folder: String,
    /// What the programs of PostgreSQL said that is a doubt (`engines::pg_dump::said`).
    pub doubts: Vec<String>,
}

/// Why no backup was taken. Whatever it is, nothing that looks like a backup is left.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database.
    #[error("the database cannot be backed up")]
    Database(#[from] DatabaseError),
    /// The bucket.
    #[error("the backup cannot be stored")]
    Store(#[from] PortError),
    /// No programs.
    #[error("the backup cannot be taken on this machine")]
    Programs(#[from] ProgramsError),
    /// A program failed.
    #[error("{program} failed ({status}): {stderr}")]
    Program {
        /// Which.
        program: &'static str,
        /// How it ended.
        status: String,
        /// What it said last.
        stderr: String,
    },
    /// What the dump said could not be read.
    #[error("the dump of database `{database}` cannot be read back")]
    Unreadable {
        /// The database.
        database: String,
        /// Why.
        source: CopyError,
    },
    /// The dump is not complete.
    #[error("the dump of database `{database}` is not complete: {}", sentences(gaps))]
    Incomplete {
        /// The database.
        database: String,
        /// What is missing.
        gaps: Vec<Gap>,
    },
    /// The server runs with settings that hide damage, or hides rows from this user.
    #[error("database `{database}` would give an incomplete dump: {why}")]
    Hidden {
        /// The database.
        database: String,
        /// What hides.
        why: String,
    },
    /// Compressing or moving bytes failed on this machine.
    #[error("{what}")]
    Local {
        /// What.
        what: String,
        /// Why.
        source: std::io::Error,
    },
    /// It took longer than the policy allows.
    #[error("it took longer than maxDuration ({0})")]
    TooLong(String),
    /// Somebody stopped it.
    #[error("it was stopped; no manifest was written, so there is nothing that looks like a backup")]
    Stopped,
}

impl BackupError {
    /// At which step it failed, as its mark says: `upload` when the bucket took it not, `dump` when the database or its programs gave none,
    /// `machine`, or `stopped`.
    pub fn step(&self) -> &'static str {
        match self {
            Self::Store(_) => "upload",
            Self::Database(_) | Self::Program { .. } | Self::Unreadable { .. } | Self::Incomplete { .. } | Self::Hidden { .. } => "dump",
            Self::Programs(_) | Self::Local { .. } => "machine",
            Self::TooLong(_) | Self::Stopped => "stopped",
        }
    }

    /// What a person can do.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Database(error) => error.hint().map(str::to_owned),
            Self::Store(error) => error.hint().map(str::to_owned),
            Self::Programs(_) => Some("install the client programs of the server's major version, or set LIFEBOAT_PGBIN to their folder".to_owned()),
            Self::Program { stderr, .. } if stderr.contains("permission denied") => {
                Some("give the backup user the right to read everything: GRANT pg_read_all_data TO …, and SELECT on large objects".to_owned())
            }
            Self::Incomplete { .. } => Some("name what is left out on purpose under `exclude`, with the reason".to_owned()),
            Self::Hidden { .. } => Some("back up as a user that sees every row (the owner, or one with BYPASSRLS), and turn the setting off".to_owned()),
            Self::TooLong(_) => Some("raise maxDuration, or find out what holds the database up (locks, load, network)".to_owned()),
            Self::Program { .. } | Self::Unreadable { .. } | Self::Local { .. } | Self::Stopped => None,
        }
    }
}

fn sentences(gaps: &[Gap]) -> String {
    let shown: Vec<String> = gaps.iter().take(5).map(ToString::to_string).collect();
    let more = gaps.len().saturating_sub(5);
    if more > 0 { format!("{}; and {more} more", shown.join("; ")) } else { shown.join("; ") }
}

/// RFC 3339 to the second.
fn text(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Takes a backup of a set, within its `maxDuration`.
///
/// # Errors
/// See [`BackupError`]; whatever it is, there is no manifest then.
pub async fn backup(job: &Job<'_>) -> Result<Taken, BackupError> {
    let limit = std::time::Duration::from_secs(job.set.max_duration.as_secs());
    let deadline = job.ports.clock.sleep(limit);
    // A child channel, so that the deadline stops the run the same orderly way as a signal does.
    let (ended, stop) = watch::channel(false);
    let inner = Job {
        stop,
        progress: Arc::clone(&job.progress),
        target: job.target.clone(),
        uploads: Arc::clone(&job.uploads),
        unmarked: Arc::clone(&job.unmarked),
        ..*job
    };
    let mut outer = job.stop.clone();
    let mut run = std::pin::pin!(run(&inner));
    tokio::select! {
        done = &mut run => return done,
        () = deadline => {}
        _ = outer.wait_for(|stop| *stop) => {
            let _ = ended.send(true);
            return run.await;
        }
    }
    let _ = ended.send(true);
    match run.await {
        Err(BackupError::Stopped) => Err(BackupError::TooLong(job.set.max_duration.to_string())),
        other => other,
    }
}

async fn run(job: &Job<'_>) -> Result<Taken, BackupError> {
    job.progress.stage("connect");
    let server = stoppable(job, snapshot::server(&job.target)).await?;
    let programs = process::find(&["pg_dump", "pg_restore", "pg_dumpall"], server.version / 10_000).await?;
    let begun = begin(job).await?;
    let taken = all(job, &programs, server, &begun).await;
    if let Err(error) = &taken {
        let marked = mark(job.ports, &job.policy.spec.storage.bucket, &failure(job, &begun.0), error.step()).await;
        job.unmarked.store(!marked, Ordering::Relaxed);
    }
    taken
}

/// Where the mark of a failed run goes, and what it says besides the step.
struct Failure {
    folder: String,
    says: serde_json::Value,
}

fn failure(job: &Job<'_>, id: &str) -> Failure {
    let says =
        serde_json::json!({"format": "lifeboat.failed/1", "policy": job.policy.metadata.name, "set": job.name, "id": id, "tool": env!("CARGO_PKG_VERSION")});
    Failure { folder: layout::folder(&job.policy.spec.storage.prefix, job.name, id), says }
}

/// How long a failed run tries to leave its mark.
const MARKING: std::time::Duration = std::time::Duration::from_secs(10);

/// Leaves a mark of the step at which a run failed, and says whether it is there. Where it cannot be written either, there is none, and nothing else is
/// tried.
async fn mark(ports: &Ports, bucket: &str, failure: &Failure, step: &str) -> bool {
    let mut says = failure.says.clone();
    if let Some(fields) = says.as_object_mut() {
        fields.insert("step".to_owned(), step.into());
    }
    let key = format!("{}{}", failure.folder, layout::failed_name(step));
    let written = ports.objects.create(bucket, &key, format!("{}\n", Document::of(&says)).into_bytes());
    tokio::select! {
        biased;
        done = written => done.map_or_else(|error| error.kind == Kind::Exists, |()| true),
        () = ports.clock.sleep(MARKING) => false,
    }
}

/// Everything behind the beginning: what fails from here on leaves a mark.
async fn all(job: &Job<'_>, programs: &Programs, server: snapshot::Server, (id, started): &(String, Timestamp)) -> Result<Taken, BackupError> {
    let bucket = &job.policy.spec.storage.bucket;
    let folder = layout::folder(&job.policy.spec.storage.prefix, job.name, id);
    let (mut databases, mut doubts) = (Vec::new(), Vec::new());
    for database in &job.set.databases {
        let (done, said) = one_database(job, programs, &server, database, &folder).await?;
        databases.push(done);
        doubts.extend(said);
    }
    job.progress.stage("globals");
    let (globals, said) = stoppable(job, globals::store(job, programs, &folder)).await?;
    doubts.extend(said);
    let snapshot_at = databases.iter().map(|database| database.snapshot_at.clone()).min().unwrap_or_default();
    let manifest = Manifest {
        format: manifest::FORMAT.to_owned(),
        tool: env!("CARGO_PKG_VERSION").to_owned(),
        policy: job.policy.metadata.name.0.clone(),
        set: job.name.to_owned(),
        id: id.clone(),
        engine: "pg_dump".to_owned(),
        mode: "stream".to_owned(),
        server_version: server.version,
        program_version: programs.version.clone(),
        started_at: text(*started),
        snapshot_at,
        finished_at: text(job.ports.clock.now()),
        databases,
        globals,
        roles: server.roles,
        upload_millis: Some(job.uploads.millis()),
    };
    if *job.stop.borrow() {
        return Err(BackupError::Stopped);
    }
    job.progress.stage("manifest");
    let bytes = format!("{}\n", Document::of(&manifest)).into_bytes();
    let (manifest_sha256, manifest_bytes) = (crate::model::document::sha256_hex(&bytes), bytes.len() as u64);
    job.ports.objects.create(bucket, &format!("{folder}{}", layout::MANIFEST), bytes).await?;
    Ok(Taken { manifest, manifest_sha256, manifest_bytes, folder, doubts })
}

/// Work that is given up when the run is to end: a database may keep us waiting for ever (a lock, a hanging disk).
async fn stoppable<T, E>(job: &Job<'_>, work: impl Future<Output = Result<T, E>>) -> Result<T, BackupError>
where
    BackupError: From<E>,
{
    let mut stop = job.stop.clone();
    tokio::select! {
        done = work => Ok(done?),
        _ = stop.wait_for(|stop| *stop) => Err(BackupError::Stopped),
    }
}

/// Takes an id by creating its first object; an id that somebody else took in the same second is left to them.
async fn begin(job: &Job<'_>) -> Result<(String, Timestamp), BackupError> {
    let storage = &job.policy.spec.storage;
    loop {
        let now = job.ports.clock.now();
        let id = layout::backup_id(now);
        let key = format!("{}{}", layout::folder(&storage.prefix, job.name, &id), layout::BEGUN);
        let mark =
            serde_json::json!({"format": "lifeboat.begun/1", "policy": job.policy.metadata.name, "set": job.name, "id": id, "tool": env!("CARGO_PKG_VERSION")});
        match job.ports.objects.create(&storage.bucket, &key, format!("{}\n", Document::of(&mark)).into_bytes()).await {
            Ok(()) => return Ok((id, now)),
            Err(error) if error.kind == Kind::Exists => job.ports.clock.sleep(std::time::Duration::from_secs(1)).await,
            Err(error) => return Err(error.into()),
        }
        if *job.stop.borrow() {
            return Err(BackupError::Stopped);
        }
    }
}

async fn one_database(
    job: &Job<'_>,
    programs: &Programs,
    server: &snapshot::Server,
    database: &str,
    folder: &str,
) -> Result<(DatabaseBackup, Vec<String>), BackupError> {
    job.progress.stage(&format!("snapshot of {database}"));
    let target = job.target.database(database);
    let questions = questions(job.policy, job.name, job.set, database);
    let snapshot = stoppable(job, snapshot::Snapshot::take(&target, database, server, &questions)).await?;
    job.progress.stage(&format!("materialized views of {database}"));
    let views = stoppable(job, snapshot.views(job.set, job.ports.clock.as_ref())).await?;
    job.progress.stage(&format!("dump of {database}"));
    let (dump, facts, doubts) = dump::stream(job, programs, &target, &snapshot, database, folder).await?;
    Ok((snapshot.finish(job.set, database, dump, facts, views).await?, doubts))
}

/// The policy's `sameAsBackup` queries about one database of a set, from every drill that restores the set.
fn questions<'a>(policy: &'a Policy, name: &str, set: &BackupSet, database: &str) -> Vec<&'a Check> {
    let first = set.databases.first().map(String::as_str);
    let drills = policy.spec.drills.values().filter(|drill| drill.backups.iter().any(|other| other.0 == name));
    let checks = drills.flat_map(|drill| &drill.checks).filter(|check| matches!(check.expect, Expect::SameAsBackup(true)));
    checks.filter(|check| check.database.as_deref().or(first) == Some(database)).collect()
}

/// The name of a database's archive. A database name may hold any character, so others than the plain ones are numbered.
fn archive_name(set: &BackupSet, database: &str) -> String {
    let plain = !database.is_empty() && database.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    let at = set.databases.iter().position(|name| name == database).unwrap_or(0);
    if plain { format!("{database}.dump.zst") } else { format!("database-{at}.dump.zst") }
}

impl std::fmt::Debug for Job<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Job({}/{})", self.policy.metadata.name, self.name)
    }
}

/// An object with the digests of its pieces.
fn stored(name: String, raw_bytes: u64, summary: compress::Summary) -> Stored {
    let objects = if summary.objects.len() > 1 { summary.objects } else { Vec::new() };
    Stored { name, objects, bytes: summary.bytes, raw_bytes, sha256: summary.sha256, chunks: summary.chunks }
}

#[cfg(test)]
mod tests;
