//! `lifeboat restore`: first what it will do, then, with a person's word, doing it.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::watch;
use tokio_postgres::error::SqlState;

use super::{Exit, OpError, Where, backup as backups, causes, check, connect, drill as drills, evidence, identify};
use crate::backup::Progress;
use crate::catalog::manifest::{DatabaseBackup, Manifest};
use crate::drill::checks::{self, CheckResult, Outcome, Subject};
use crate::drill::{Phase, ask, millis_between};
use crate::engines::pg_dump::catalog_sql as sql;
use crate::engines::pg_dump::globals::harmless_roles;
use crate::engines::pg_dump::names::quote_ident;
use crate::evidence::{Entry, Kind, Ledger};
use crate::model::policy::{Check as Query, Name, Pick};
use crate::policy::LoadedPolicy;
use crate::ports::Ports;
use crate::ports::postgres::{DatabaseError, Target, failed};
use crate::ports::process::{self, Confinement, Programs};
use crate::ports::secrets::Secret;
use crate::restore::fetch::{self, At};
use crate::restore::load::{self, Load};
use crate::restore::thaw;
use crate::view::check::CheckView;
use crate::view::drill::{CheckView as CheckedView, PhaseView};
use crate::view::restore::{BrokeOffView, RestorePlanView, RestoreView};

/// What is asked for.
#[derive(Debug)]
pub struct Wish<'a> {
    /// `POLICY/SET`, or `POLICY` when it has one set.
    pub name: &'a str,
    /// A backup by id; the newest complete one when left out.
    pub backup: Option<&'a str>,
    /// The database of the backup; may be left out when it holds one.
    pub database: Option<&'a str>,
    /// URL of the database to restore into, or `env:NAME`.
    pub into: &'a str,
    /// Whether the target may hold something already.
    pub force: bool,
    /// Whether owners and grants are left out.
    pub no_owner: bool,
}

/// Findings that stop it, or a restore that waits for a word.
#[derive(Debug)]
pub enum Prepare {
    /// The policies have errors; nothing was done.
    Stopped(CheckView),
    /// What it will do.
    Ready(Box<Ready>),
}

/// A restore that can be carried out.
pub struct Ready {
    /// What it will do.
    pub view: RestorePlanView,
    ports: Ports,
    ledger: Option<Ledger>,
    policy_digest: String,
    at: At,
    manifest: Manifest,
    surplus: Vec<String>,
    database: DatabaseBackup,
    queries: Vec<Query>,
    target: Target,
    programs: Programs,
    roles: Vec<String>,
    no_owner: bool,
    anomalies: crate::model::policy::Anomalies,
}

impl std::fmt::Debug for Ready {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ready({:?})", self.at)
    }
}

/// How far a restore came.
#[derive(Debug)]
struct Reached {
    stage: Mutex<&'static str>,
    bytes: AtomicU64,
}

impl Default for Reached {
    fn default() -> Self {
        Self { stage: Mutex::new("begin"), bytes: AtomicU64::new(0) }
    }
}

/// What a restore came to.
#[derive(Debug)]
pub struct Restored {
    /// What it did, or how far it came.
    pub view: RestoreView,
    /// The exit code.
    pub exit: Exit,
    /// What broke it off, if something did.
    pub error: Option<OpError>,
}

/// Looks at backup and target, and says what a restore would do. Changes nothing.
///
/// # Errors
/// When there is no such backup, or the target cannot take it.
pub async fn prepare(place: &Where, wish: &Wish<'_>) -> Result<(Prepare, Exit), OpError> {
    let (prepared, ports, aws) = connect(place).await?;
    let (findings, exit) = check::view(&prepared);
    if exit == Exit::Findings {
        return Ok((Prepare::Stopped(findings), exit));
    }
    let ledger = evidence::ledger(&prepared, &ports, &identify(&ports, Some(&aws)).await?)?;
    let (policy, set, set_wish) = backups::find(&prepared, wish.name)?;
    let known = drills::complete(&ports, policy, set).await?;
    let backup = drills::pick(&known, Pick::Latest, wish.backup, policy, set)?;
    let at = drills::location(policy, set, &backup.id);
    thaw::readable(ports.objects.as_ref(), &at, backup).await.map_err(unready)?;
    let manifest = fetch::manifest(ports.objects.as_ref(), &at, &set.0, &backup.id).await.map_err(unready)?;
    let database = chosen(&manifest, wish.database)?.clone();
    let target = target(wish.into)?;
    let programs = process::find(&["pg_restore"], manifest.program_major()).await;
    let programs = programs.map_err(|error| setup(error.to_string(), "install the client programs of PostgreSQL, or set LIFEBOAT_PGBIN to their folder"))?;
    fetch::listed(&manifest, &at, backup).map_err(unready)?;
    let (lacking_roles, version) = look(&target, &manifest, &database, wish).await?;
    // From 17 on pg_restore sets transaction_timeout, which older servers do not know.
    if programs.major >= 17 && version < 170_000 {
        let message = format!("pg_restore {} cannot restore into PostgreSQL {}", programs.major, version / 10_000);
        return Err(setup(message, "restore into a server of that version or newer"));
    }
    let now = ports.clock.now();
    let view = RestorePlanView {
        format: "lifeboat.restore-plan/1".to_owned(),
        policy: policy.name.clone(),
        set: set.0.clone(),
        backup: backup.id.clone(),
        database: database.name.clone(),
        target: target.to_string(),
        target_version: version,
        bytes: database.dump.bytes,
        rows: database.facts.rows(),
        tables: database.facts.tables.len(),
        snapshot_at: database.snapshot_at.clone(),
        age_seconds: database.snapshot_at.parse().map_or(0, |at| millis_between(at, now) / 1000),
        new_roles: lacking_roles.clone(),
    };
    Ok((
        Prepare::Ready(Box::new(Ready {
            view,
            ledger,
            policy_digest: prepared.desired.digest.clone(),
            surplus: fetch::surplus(&manifest, &at, backup),
            at,
            queries: queries(policy, set, &manifest, &database),
            anomalies: set_wish.anomalies,
            database,
            manifest,
            target,
            programs,
            roles: lacking_roles,
            no_owner: wish.no_owner,
            ports,
        })),
        Exit::Good,
    ))
}

fn setup(message: impl Into<String>, hint: &str) -> OpError {
    OpError::Setup { message: message.into(), hint: hint.to_owned() }
}

fn unready(source: crate::restore::RestoreError) -> OpError {
    OpError::Unready { source: Box::new(source) }
}

fn failed_restore(source: crate::restore::RestoreError) -> OpError {
    OpError::Restore { source: Box::new(source) }
}

fn unready_target(error: DatabaseError) -> OpError {
    unready(error.into())
}

fn failed_target(error: DatabaseError) -> OpError {
    failed_restore(error.into())
}

fn target(into: &str) -> Result<Target, OpError> {
    let url = match into.strip_prefix("env:") {
        Some(name) => super::secret(&crate::model::policy::SecretRef::Env(name.to_owned()), "--into")?,
        None => Secret::new(into),
    };
    let target = Target::parse(&url).map_err(|error| setup(format!("--into: {error}"), error.hint().unwrap_or("write a URL, or env:NAME")))?;
    if target.database_name().is_none() {
        return Err(setup("--into names no database", "write postgresql://USER:PASSWORD@HOST:PORT/DATABASE"));
    }
    Ok(target)
}

fn chosen<'a>(manifest: &'a Manifest, wanted: Option<&str>) -> Result<&'a DatabaseBackup, OpError> {
    let found = match (wanted, manifest.databases.as_slice()) {
        (Some(name), databases) => databases.iter().find(|database| database.name == name),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    found.ok_or_else(|| OpError::NoSuch {
        kind: "database in the backup",
        name: wanted.unwrap_or("(name one with --database)").to_owned(),
        known: manifest.databases.iter().map(|database| database.name.clone()).collect(),
    })
}

/// The drills' questions about a database of a set.
fn queries(policy: &LoadedPolicy, set: &Name, manifest: &Manifest, database: &DatabaseBackup) -> Vec<Query> {
    let first = manifest.databases.first().is_some_and(|first| first.name == database.name);
    let drills = policy.policy.spec.drills.values().filter(|drill| drill.backups.contains(set));
    let checks = drills.flat_map(|drill| &drill.checks);
    checks.filter(|check| check.database.as_deref().map_or(first, |name| name == database.name)).cloned().collect()
}

/// What the target is: its version, and the roles that it lacks.
async fn look(target: &Target, manifest: &Manifest, database: &DatabaseBackup, wish: &Wish<'_>) -> Result<(Vec<String>, u32), OpError> {
    let client = target.connect().await.map_err(unready_target)?;
    let row = client
        .query_one("SELECT pg_catalog.current_setting('server_version_num')::int4", &[])
        .await
        .map_err(|error| unready_target(failed("the version")(error)))?;
    let version = u32::try_from(row.get::<_, i32>(0)).unwrap_or(0);
    if version / 10_000 < manifest.major() {
        let message = format!("the target is PostgreSQL {}, and the backup is of {}", version / 10_000, manifest.major());
        return Err(setup(message, "restore into a server that is not older than the source"));
    }
    let count: i64 = client.query_one(sql::USER_RELATIONS, &[]).await.map_err(|error| unready_target(failed("the relations")(error)))?.get(0);
    if count > 0 && !wish.force {
        let message = format!("the target {target} is not empty: it holds {}", crate::model::units::plural(count.unsigned_abs(), "relation"));
        return Err(setup(
            message,
            "name an empty database; --force restores beside what is there, drops nothing, and ends at the first name that exists already",
        ));
    }
    let rows =
        client.query("SELECT name FROM pg_catalog.pg_available_extensions", &[]).await.map_err(|error| unready_target(failed("the extensions")(error)))?;
    let available: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    if let Some(missing) = database.extensions.iter().find(|extension| !available.contains(&extension.name)) {
        return Err(setup(format!("the target server does not have extension {}", missing.name), "install it on the server first"));
    }
    let rows = client.query(sql::ROLES, &[]).await.map_err(|error| unready_target(failed("the roles")(error)))?;
    let there: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    let lacking = manifest.roles.iter().filter(|name| !there.contains(name)).cloned().collect();
    Ok((if wish.no_owner { Vec::new() } else { lacking }, version))
}

impl Ready {
    /// Restores, then asks the drill's questions of the result. One that breaks off, or is stopped, leaves a record too: the
    /// target may then hold a part of the backup, and the error says so.
    pub async fn restore(&self, progress: &Arc<dyn Progress>, mut stop: watch::Receiver<bool>) -> Restored {
        let began = self.ports.clock.now();
        let reached = Reached::default();
        let ended = tokio::select! {
            ended = self.run(progress, &reached) => ended,
            // What runs is killed with the future that waits for it.
            Ok(_) = stop.wait_for(|stop| *stop) => Err(setup(
                format!("the restore was stopped; {} may hold a part of the backup", self.view.target),
                "drop the database and make it anew before the next try",
            )),
        };
        let (mut view, error) = match ended {
            Ok(view) => (view, None),
            Err(error) => (self.broken(&reached, &error, millis_between(began, self.ports.clock.now())), Some(error)),
        };
        (view.evidence, view.evidence_failed) = self.record(&view).await;
        let exit = match (&error, view.verdict.as_str()) {
            (Some(_), _) => Exit::Failed,
            (None, "passed") => Exit::Good,
            (None, _) => Exit::Drill,
        };
        let exit = if view.evidence_failed.is_some() { exit.worst(Exit::Failed) } else { exit };
        Restored { view, exit, error }
    }

    fn broken(&self, reached: &Reached, error: &OpError, millis: u64) -> RestoreView {
        let stage = reached.stage.lock().map_or("unknown", |stage| *stage).to_owned();
        let bytes = reached.bytes.load(Ordering::Relaxed);
        let broke_off = BrokeOffView { stage, bytes, of_bytes: self.database.dump.raw_bytes, millis, cause: causes(error) };
        RestoreView {
            format: "lifeboat.restore/1".to_owned(),
            plan: self.view.clone(),
            verdict: "brokeOff".to_owned(),
            broke_off: Some(broke_off),
            phases: Vec::new(),
            checks: Vec::new(),
            evidence: None,
            evidence_failed: None,
        }
    }

    async fn run(&self, progress: &Arc<dyn Progress>, reached: &Reached) -> Result<RestoreView, OpError> {
        let clock = &self.ports.clock;
        let began = clock.now();
        let stage = |name: &'static str, shown: &str| {
            progress.stage(shown);
            if let Ok(mut stage) = reached.stage.lock() {
                *stage = name;
            }
        };
        if !self.roles.is_empty() {
            stage("roles", "roles");
            self.make_roles().await?;
        }
        let scratch = tempfile::Builder::new()
            .prefix("lifeboat-restore-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir()
            .map_err(|error| setup(format!("no folder for the restore can be made: {error}"), "look at TMPDIR"))?;
        let confinement = Confinement { memory: Some(load::MEMORY), ..Confinement::default() };
        let load = Load {
            objects: self.ports.objects.as_ref(),
            at: &self.at,
            manifest: &self.manifest,
            programs: &self.programs,
            confinement: &confinement,
            scratch: scratch.path(),
            no_owner: self.no_owner,
            taken: &reached.bytes,
        };
        stage("restore", "fetch and restore");
        let warnings = load.from_stream(&self.database, &self.target).await.map_err(failed_restore)?;
        let restored = clock.now();
        stage("check", "check");
        let mut results = vec![checks::written(&self.surplus, Outcome::Noted), checks::loaded(&self.database.name, &warnings)];
        results.extend(self.check().await);
        let ended = clock.now();
        let verdict = checks::overall(&results);
        let phases = [
            Phase { name: "restore", millis: millis_between(began, restored), note: "streamed, each piece proven before it was used".to_owned() },
            Phase { name: "check", millis: millis_between(restored, ended), note: format!("{} checks", results.len()) },
        ];
        Ok(RestoreView {
            format: "lifeboat.restore/1".to_owned(),
            plan: self.view.clone(),
            verdict: verdict.as_str().to_owned(),
            broke_off: None,
            phases: phases.iter().map(PhaseView::of).collect(),
            checks: results.iter().map(CheckedView::of).collect(),
            evidence: None,
            evidence_failed: None,
        })
    }

    async fn record(&self, view: &RestoreView) -> (Option<String>, Option<String>) {
        let body = serde_json::to_value(view).unwrap_or_default();
        let entry = Entry { kind: Kind::Restore, policy: Some(self.view.policy.clone()), policy_digest: Some(self.policy_digest.clone()), body };
        evidence::record(self.ledger.as_ref(), entry).await
    }

    /// Missing roles, so that owners and grants can be given: without passwords and not able to log in.
    async fn make_roles(&self) -> Result<(), OpError> {
        let globals = fetch::whole(self.ports.objects.as_ref(), &self.at, &self.manifest.globals).await.map_err(failed_restore)?;
        let client = self.target.connect().await.map_err(failed_target)?;
        let there = client.query("SELECT rolname FROM pg_catalog.pg_roles", &[]).await.map_err(|error| failed_target(failed("the roles")(error)))?;
        let there: Vec<String> = there.iter().map(|row| row.get(0)).collect();
        let mut statements = harmless_roles(&String::from_utf8_lossy(&globals), &there);
        // The manifest's list counts: a role that the script lacks is made by name.
        let made = |name: &&String| {
            !statements.iter().any(|made| *made == format!("CREATE ROLE {} NOLOGIN;", quote_ident(name)) || *made == format!("CREATE ROLE {name} NOLOGIN;"))
        };
        let unnamed: Vec<String> = self.roles.iter().filter(made).map(|name| format!("CREATE ROLE {} NOLOGIN;", quote_ident(name))).collect();
        statements.splice(..0, unnamed);
        for statement in statements {
            if let Err(error) = client.batch_execute(&statement).await
                && error.code() != Some(&SqlState::DUPLICATE_OBJECT)
            {
                // Another restore may make the same role at the same moment.
                let why = failed("a role cannot be made")(error).to_string();
                return Err(setup(why, "restore as a role that may create roles, or with --no-owner"));
            }
        }
        Ok(())
    }

    async fn check(&self) -> Vec<CheckResult> {
        let queries: Vec<&Query> = self.queries.iter().collect();
        let answers = ask::ask(&self.target, None, &self.database, &queries).await;
        let subject =
            Subject { manifest: &self.manifest, database: &self.database, answers: &answers, queries: &queries, before: &Ok(None), anomalies: self.anomalies };
        let judged = checks::CHECKS.iter().filter(|check| check.id != "anomaly" && !(self.no_owner && check.id == "roles"));
        judged.flat_map(|check| (check.judge)(&subject)).collect()
    }
}
