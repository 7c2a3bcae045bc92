//! A rehearsed restore: pick → fetch → provision → restore → check → destroy, and a verdict with measured phases.
//!
//! It must not touch production: the restored server has no network, no passwords and no archiving, and policy queries run
//! unprivileged. What could not be asked is unproven, never passed. Whatever happens, the server and its files are removed.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;

use crate::backup::Progress;
use crate::catalog::manifest::{DatabaseBackup, Manifest};
use crate::model::causes::causes;
use crate::model::policy::{BackupSet, Drill, Policy};
use crate::model::resource::SeenBackup;
use crate::model::units::plural;
use crate::ports::Ports;
use crate::ports::process;
use crate::restore::RestoreError;
use crate::restore::fetch::{self, At};
use crate::restore::load::{self, Load, Mode};
use crate::restore::thaw;

pub mod ask;
pub mod checks;
pub mod folder;
pub mod server;

use checks::{Before, CheckResult, Judged, Outcome, Subject};
use folder::Folder;
use server::{Provision, ProvisionError, Server};

/// What is rehearsed.
pub struct Job<'a> {
    /// The outside world.
    pub ports: &'a Ports,
    /// The policy.
    pub policy: &'a Policy,
    /// Name of the backup set.
    pub set: &'a str,
    /// The set.
    pub wish: &'a BackupSet,
    /// The drill: its checks and its timeout.
    pub drill: &'a Drill,
    /// Id of the backup.
    pub backup: String,
    /// Where it lies.
    pub at: At,
    /// What the listing of the bucket shows of it.
    pub seen: SeenBackup,
    /// The older backup to compare with; an error when it could not be read.
    pub before: Result<Option<Before>, String>,
    /// Whether the drill may run without a network namespace of its own.
    pub unisolated: bool,
    /// Becomes true when the run is to end: it then ends in order, and removes everything.
    pub stop: watch::Receiver<bool>,
    /// Told of each stage.
    pub progress: Arc<dyn Progress>,
}

impl std::fmt::Debug for Job<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Job({}/{}, {})", self.policy.metadata.name, self.set, self.backup)
    }
}

/// One measured phase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phase {
    /// `fetch`, `provision`, `restore`, `check`, `destroy`.
    pub name: &'static str,
    /// How long it took.
    pub millis: u64,
    /// What it did.
    pub note: String,
}

/// What came of a drill.
#[derive(Debug)]
pub struct Drilled {
    /// Its manifest, when it could be read.
    pub manifest: Option<Manifest>,
    /// Version of the server that it was restored into.
    pub restored_into: Option<String>,
    /// How it was shut in.
    pub isolation: &'static str,
    /// The phases, in order.
    pub phases: Vec<Phase>,
    /// Every check.
    pub checks: Vec<CheckResult>,
    /// What broke the drill off, if something did.
    pub cause: Option<String>,
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub finished: Timestamp,
    /// What was removed afterwards.
    pub removed: String,
}

impl Drilled {
    /// Failed beats unproven beats passed.
    pub fn verdict(&self) -> Outcome {
        checks::overall(&self.checks)
    }

    /// What of its checks did not hold, in words that may be posted where everybody reads them; nothing of one that passed.
    pub fn told(&self) -> String {
        let verdict = self.verdict();
        let bad: Vec<String> = self.checks.iter().filter(|check| verdict > Outcome::Noted && check.outcome == verdict).map(CheckResult::told).collect();
        let rest = bad.len().saturating_sub(TOLD);
        let more = if rest > 0 { format!("; and {}", plural(rest as u64, "more check")) } else { String::new() };
        format!("{}{more}", bad.iter().take(TOLD).cloned().collect::<Vec<_>>().join("; "))
    }
}

/// At most so many checks are told outside.
const TOLD: usize = 3;

/// Runs a drill to its verdict. Not reaching one is a verdict too: unproven, or failed when the backup is to blame.
pub async fn drill(job: &Job<'_>) -> Drilled {
    let started = job.ports.clock.now();
    let mut run =
        Run { job, phases: Vec::new(), checks: Vec::new(), manifest: None, into: None, isolation: "none", removed: String::new(), folder: None, server: None };
    let limit = Duration::from_secs(job.drill.timeout.as_secs());
    let ended = tokio::select! {
        ended = run.stages() => ended,
        () = job.ports.clock.sleep(limit) => Err(Broken::Time(job.drill.timeout.to_string())),
        () = stopped(job.stop.clone()) => Err(Broken::Stopped),
    };
    let cause = ended.err().map(|broken| {
        let (id, title) = broken.check();
        // What a program of PostgreSQL says can hold the row that it stumbled over.
        let quotes = matches!(broken, Broken::Restore(RestoreError::Program { .. }));
        run.checks.push(CheckResult::of(id, title, None, broken.outcome(), Some(broken.to_string())).quoting(quotes));
        broken.to_string()
    });
    run.destroy().await;
    let finished = job.ports.clock.now();
    if cause.is_none() {
        let total = millis_between(started, finished);
        run.checks.extend(checks::objectives::judge(&job.policy.spec.objectives, run.manifest.as_ref(), job.drill.pick, started, total));
    }
    Drilled {
        manifest: run.manifest,
        restored_into: run.into,
        isolation: run.isolation,
        phases: run.phases,
        checks: run.checks,
        cause,
        started,
        finished,
        removed: run.removed,
    }
}

/// Ends when the run is to end; a sender that is gone never says so.
async fn stopped(mut stop: watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Milliseconds from one moment to another.
pub fn millis_between(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.as_millisecond().saturating_sub(from.as_millisecond())).unwrap_or(0)
}

/// What breaks a drill off.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("{}", causes(.0))]
    Restore(#[from] RestoreError),
    #[error("{0}")]
    Provision(#[from] ProvisionError),
    #[error("it took longer than its timeout ({0})")]
    Time(String),
    #[error("somebody stopped it")]
    Stopped,
}

impl Broken {
    /// The check that did not hold: its id and what it asks.
    fn check(&self) -> (&'static str, &'static str) {
        match self {
            Self::Restore(RestoreError::Damaged { .. } | RestoreError::NotCompressed { .. }) => {
                ("fetch", "every stored piece has the digest that the manifest names")
            }
            Self::Restore(RestoreError::Manifest { .. }) => ("manifest", "the manifest is whole"),
            Self::Restore(RestoreError::Program { .. }) => ("restore", "pg_restore loads the archive"),
            Self::Restore(_) => ("fetch", "the backup can be read"),
            Self::Provision(_) => ("provision", "this machine gives a throw-away server"),
            Self::Time(_) => ("timeout", "the drill ends in time"),
            Self::Stopped => ("stopped", "the drill runs to its end"),
        }
    }

    fn outcome(&self) -> Outcome {
        match self {
            // A damaged archive hangs pg_restore (measured): running out of time is not a sign of health.
            Self::Time(_) => Outcome::Failed,
            Self::Restore(error) if error.is_damage() => Outcome::Failed,
            Self::Restore(_) | Self::Provision(_) | Self::Stopped => Outcome::Unproven,
        }
    }
}

struct Run<'a> {
    job: &'a Job<'a>,
    phases: Vec<Phase>,
    checks: Vec<CheckResult>,
    manifest: Option<Manifest>,
    into: Option<String>,
    isolation: &'static str,
    removed: String,
    folder: Option<Folder>,
    server: Option<Server>,
}

impl Run<'_> {
    async fn stages(&mut self) -> Result<(), Broken> {
        let job = self.job;
        let objects = job.ports.objects.as_ref();
        job.progress.stage("manifest");
        thaw::readable(objects, &job.at, &job.seen).await?;
        let manifest = fetch::manifest(objects, &job.at, job.set, &job.backup).await?;
        fetch::listed(&manifest, &job.at, &job.seen)?;
        self.checks.push(checks::objectives::dated(&manifest, job.seen.newest));
        self.checks.push(checks::written(&fetch::surplus(&manifest, &job.at, &job.seen), Outcome::Failed));
        self.manifest = Some(manifest.clone());

        job.progress.stage("provision");
        let began = job.ports.clock.now();
        let isolated = process::can_isolate().await;
        self.isolation = if isolated { "own network namespace" } else { "none" };
        if !isolated && !job.unisolated {
            return Err(ProvisionError::Isolation.into());
        }
        let folder = Folder::new().map_err(|source| ProvisionError::Local { what: "no folder for the drill can be made".to_owned(), source })?;
        let path = self.folder.insert(folder).path();
        let server = Server::provision(&Provision { ports: job.ports, manifest: &manifest, folder: path, isolated }).await?;
        self.into = Some(server.version.clone());
        let folder = server.folder().to_owned();
        let (programs, confinement) = (server.programs.clone(), server.confinement(Some(load::MEMORY)));
        let space = server.free_bytes();
        self.server = Some(server);
        self.phase("provision", began, "initdb, unix socket only, its own user");

        for database in &manifest.databases {
            let mode = mode(database, space, &folder);
            let (at, taken) = (&job.at, &AtomicU64::new(0));
            let load = Load { objects, at, manifest: &manifest, programs: &programs, confinement: &confinement, scratch: &folder, no_owner: false, taken };
            self.database(&load, &manifest, database, &mode).await?;
        }
        self.checks.extend(checks::unasked(&manifest, &job.wish.databases, &job.drill.checks));
        Ok(())
    }

    async fn database(&mut self, load: &Load<'_>, manifest: &Manifest, database: &DatabaseBackup, mode: &Mode) -> Result<(), Broken> {
        let job = self.job;
        let archive = load.scratch.join("archive");
        let began = job.ports.clock.now();
        job.progress.stage(&format!("fetch {}", database.name));
        let globals = fetch::whole(load.objects, load.at, &manifest.globals).await?;
        if matches!(mode, Mode::File { .. }) {
            load.fetch_to(database, &archive).await?;
            let fetched = format!("{}, digests as in the manifest", crate::model::units::bytes(database.dump.bytes));
            self.phase("fetch", began, &fetched);
        }
        let began = job.ports.clock.now();
        job.progress.stage(&format!("restore {}", database.name));
        let Some(server) = &self.server else { return Ok(()) };
        let globals = String::from_utf8_lossy(&globals);
        server.roles(&globals, &manifest.roles).await?;
        let lacking = server.create_database(database).await?;
        if let Some(lacking) = lacking {
            self.checks.push(CheckResult::of("preflight", "this machine has what the backup needs", Some(&database.name), Outcome::Unproven, Some(lacking)));
            return Ok(());
        }
        let target = server.target(&database.name);
        server.superusers(&globals, &manifest.roles, true).await?;
        let loaded = match mode {
            Mode::File { jobs, .. } => load.from_file(database, &target, &archive, *jobs).await,
            Mode::Stream => load.from_stream(database, &target).await,
        };
        let warnings = match loaded {
            Err(RestoreError::Program { .. }) if server.ran_out_of_disk() => return Err(disk_full(database, load.scratch).into()),
            loaded => loaded?,
        };
        server.superusers(&globals, &manifest.roles, false).await?;
        self.checks.push(checks::loaded(&database.name, &warnings));
        let _ = tokio::fs::remove_file(&archive).await;
        let how = match mode {
            Mode::File { jobs, .. } => format!("{jobs} jobs"),
            Mode::Stream => "streamed, nothing on disk but the database".to_owned(),
        };
        let tables = plural(database.facts.tables.len() as u64, "table");
        self.phase("restore", began, &format!("{how}, {tables}, {} rows", crate::model::units::count(database.facts.rows())));
        self.check(manifest, database).await;
        Ok(())
    }

    async fn check(&mut self, manifest: &Manifest, database: &DatabaseBackup) {
        let job = self.job;
        let Some(server) = &self.server else { return };
        job.progress.stage(&format!("check {}", database.name));
        let began = job.ports.clock.now();
        let first = manifest.databases.first().is_some_and(|first| first.name == database.name);
        let queries: Vec<_> = job.drill.checks.iter().filter(|check| check.database.as_deref().map_or(first, |name| name == database.name)).collect();
        let answers = ask::ask(&server.target(&database.name), Some(&server.reader(&database.name)), database, &queries).await;
        let subject = Subject { manifest, database, answers: &answers, queries: &queries, before: &job.before, anomalies: job.wish.anomalies };
        let judged: Vec<Judged> = checks::CHECKS.iter().map(|check| (check.judge)(&subject)).collect();
        let results: Vec<CheckResult> = judged.into_iter().flatten().collect();
        let passed = results.iter().filter(|result| result.outcome == Outcome::Passed).count();
        let note = format!("{passed} of {} passed in {}", results.len(), database.name);
        self.checks.extend(results);
        self.phase("check", began, &note);
    }

    fn phase(&mut self, name: &'static str, began: Timestamp, note: &str) {
        let millis = millis_between(began, self.job.ports.clock.now());
        self.phases.push(Phase { name, millis, note: note.to_owned() });
    }

    async fn destroy(&mut self) {
        self.job.progress.stage("destroy");
        let began = self.job.ports.clock.now();
        let stopped = if let Some(server) = self.server.take() {
            server.stop().await;
            "the server stopped, "
        } else {
            ""
        };
        if let Some(folder) = self.folder.take() {
            self.removed = format!("{stopped}{}", folder.remove(self.job.ports.clock.as_ref()).await);
            let note = self.removed.clone();
            self.phase("destroy", began, &note);
        }
    }
}

fn disk_full(database: &DatabaseBackup, folder: &std::path::Path) -> ProvisionError {
    let parent = folder.parent().unwrap_or(folder).display().to_string();
    ProvisionError::DiskFull { needed: crate::model::units::bytes(database.dump.raw_bytes.saturating_mul(3)), folder: parent }
}

/// With room for archive and database (three times the dump's bytes: rows, indexes, WAL), several jobs from a file are
/// faster; else everything is streamed.
fn mode(database: &DatabaseBackup, free: Option<u64>, folder: &std::path::Path) -> Mode {
    let needed = database.dump.raw_bytes.saturating_mul(4);
    match free {
        Some(free) if free > needed => {
            let jobs = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(8);
            Mode::File { folder: folder.to_owned(), jobs }
        }
        _ => Mode::Stream,
    }
}
