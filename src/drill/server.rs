//! A throw-away server: its own folder (0700), its own unprivileged user, a unix socket and nothing else, no network.

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Child;

use crate::catalog::manifest::{DatabaseBackup, Manifest};
use crate::engines::pg_dump::globals::{harmless_roles, superusers};
use crate::engines::pg_dump::names::{quote_ident, quote_literal};
use crate::ports::Ports;
use crate::ports::postgres::{DatabaseError, Target, failed};
use crate::ports::process::{self, Confinement, Programs, ProgramsError, User};

/// The superuser of the throw-away server. Roles of a backup never have this name.
const OWNER: &str = "lifeboat_drill";
/// The role of policy queries: it may read every row (row security would answer "none") and do nothing else.
const READER: &str = "lifeboat_reader";
/// How long the server may take to begin.
const START: Duration = Duration::from_mins(1);
/// How long it may take to end before it is killed.
const END: Duration = Duration::from_secs(10);
/// The database from which others are made; `postgres` may itself be one that is restored.
const MAINTENANCE: &str = "template1";
/// The port only names the socket.
const PORT: u16 = 5432;

/// What a server is made from.
pub struct Provision<'a> {
    /// Clock.
    pub ports: &'a Ports,
    /// The backup that it will hold.
    pub manifest: &'a Manifest,
    /// The folder that holds everything of it.
    pub folder: &'a Path,
    /// Whether it gets a network namespace of its own.
    pub isolated: bool,
}

impl std::fmt::Debug for Provision<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Provision")
    }
}

/// Why there is no server: always this machine, never the backup.
#[derive(Debug, thiserror::Error)]
pub enum ProvisionError {
    /// No programs.
    #[error("{0}")]
    Programs(#[from] ProgramsError),
    /// No isolation.
    #[error(
        "this machine gives no network namespace (`unshare --net` fails), and a restored dump may reach out: run the drill elsewhere, or with --allow-unisolated"
    )]
    Isolation,
    /// Nobody to run as.
    #[error("PostgreSQL refuses to run as root, and there is no user `lifeboat` or `nobody` to run it as")]
    NoUser,
    /// A program failed.
    #[error("{program} failed: {stderr}")]
    Program {
        /// Which.
        program: &'static str,
        /// What it said.
        stderr: String,
    },
    /// The server does not answer.
    #[error("the throw-away server does not begin: {0}")]
    NotReady(String),
    /// The disk of the drill is full.
    #[error("the disk of the drill is full: the backup needs about {needed} in {folder}. Set TMPDIR to a folder with more room")]
    DiskFull {
        /// Bytes, in words.
        needed: String,
        /// The temp folder.
        folder: String,
    },
    /// It does not do what it is told.
    #[error("the throw-away server: {0}")]
    Database(#[from] DatabaseError),
    /// This machine.
    #[error("{what}: {source}")]
    Local {
        /// What.
        what: String,
        /// Why.
        source: std::io::Error,
    },
}

/// A running throw-away server.
pub struct Server {
    folder: PathBuf,
    child: Child,
    user: Option<User>,
    isolated: bool,
    /// Its programs.
    pub programs: Programs,
    /// Its version, as `initdb` says it.
    pub version: String,
}

fn local(what: &str) -> impl FnOnce(std::io::Error) -> ProvisionError {
    let what = what.to_owned();
    move |source| ProvisionError::Local { what, source }
}

/// An entry of the user database: name, user id, group id.
fn passwd(wanted: impl Fn(&str, u32) -> bool) -> Option<(String, User)> {
    let text = std::fs::read_to_string("/etc/passwd").ok()?;
    text.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let (name, uid, gid) = (fields.first()?, fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?);
        wanted(name, uid).then(|| ((*name).to_owned(), User { uid, gid }))
    })
}

/// Who the server runs as: root hands over to `lifeboat` or `nobody`, anybody else stays who they are.
fn run_as() -> Result<(Vec<String>, Option<User>), ProvisionError> {
    let me = rustix::process::geteuid();
    let mine = passwd(|_, uid| uid == me.as_raw()).map(|(name, _)| name);
    if !me.is_root() {
        return Ok((mine.into_iter().collect(), None));
    }
    let (name, user) = passwd(|name, _| name == "lifeboat").or_else(|| passwd(|name, _| name == "nobody")).ok_or(ProvisionError::NoUser)?;
    let mut names = vec![name];
    names.extend(mine);
    Ok((names, Some(user)))
}

impl Server {
    /// Makes a folder, a cluster and a running server.
    ///
    /// # Errors
    /// See [`ProvisionError`].
    pub async fn provision(wish: &Provision<'_>) -> Result<Self, ProvisionError> {
        let programs = process::find(&["initdb", "postgres", "pg_restore"], wish.manifest.program_major()).await?;
        let (names, user) = run_as()?;
        let folder = wish.folder.to_owned();
        give(&folder, user)?;
        for sub in ["data", "socket"] {
            let path = folder.join(sub);
            std::fs::create_dir(&path).map_err(local("no folder for the drill can be made"))?;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).map_err(local("the drill folder cannot be closed"))?;
            give(&path, user)?;
        }
        let data = folder.join("data");
        let confinement = Confinement { user, no_network: wish.isolated, memory: None };
        let mut arguments = vec!["--pgdata".to_owned(), data.display().to_string(), format!("--username={OWNER}")];
        arguments.extend(["--auth=peer", "--encoding=UTF8", "--locale=C", "--no-sync"].map(str::to_owned));
        let output = programs.command("initdb", arguments, &confinement).output().await.map_err(local("initdb cannot be started"))?;
        if !output.status.success() {
            return Err(ProvisionError::Program { program: "initdb", stderr: String::from_utf8_lossy(&output.stderr).trim().to_owned() });
        }
        configure(&data, &folder.join("socket"), &names, user)?;
        let log = std::fs::File::create(folder.join("log")).map_err(local("the drill folder cannot be written"))?;
        let mut command = programs.command("postgres", ["-D".to_owned(), data.display().to_string()], &confinement);
        let child = command.stdout(Stdio::null()).stderr(Stdio::from(log)).spawn().map_err(local("postgres cannot be started"))?;
        let version = programs.version.split_whitespace().next().unwrap_or_default().to_owned();
        let mut server = Self { folder, child, user, isolated: wish.isolated, programs, version };
        server.wait(wish.ports).await?;
        let client = server.target(MAINTENANCE).connect().await?;
        let reader = format!("CREATE ROLE {READER} LOGIN BYPASSRLS; GRANT pg_read_all_data TO {READER}");
        client.batch_execute(&reader).await.map_err(failed("the role of policy queries"))?;
        Ok(server)
    }

    async fn wait(&mut self, ports: &Ports) -> Result<(), ProvisionError> {
        let end = ports.clock.now().saturating_add(jiff::SignedDuration::try_from(START).unwrap_or_default()).unwrap_or(jiff::Timestamp::MAX);
        loop {
            match self.target(MAINTENANCE).connect().await {
                Ok(_) => return Ok(()),
                Err(error) if ports.clock.now() > end => return Err(ProvisionError::NotReady(error.to_string())),
                Err(_) => {}
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(ProvisionError::NotReady(format!("postgres ended with {status}: {}", self.last_words())));
            }
            ports.clock.sleep(Duration::from_millis(50)).await;
        }
    }

    fn last_words(&self) -> String {
        let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        log.lines().rev().take(3).collect::<Vec<_>>().join(" · ")
    }

    /// The folder of the drill.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// How programs of this drill are shut in.
    pub fn confinement(&self, memory: Option<u64>) -> Confinement {
        Confinement { user: self.user, no_network: self.isolated, memory }
    }

    /// Free bytes where the server keeps its data.
    pub fn free_bytes(&self) -> Option<u64> {
        let stat = rustix::fs::statvfs(&self.folder).ok()?;
        Some(stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    /// One of its databases, as superuser.
    pub fn target(&self, database: &str) -> Target {
        Target::socket(&self.folder.join("socket"), PORT, OWNER, database)
    }

    /// One of its databases, as the role of policy queries.
    pub fn reader(&self, database: &str) -> Target {
        Target::socket(&self.folder.join("socket"), PORT, READER, database)
    }

    /// Recreates the roles of the source without their powers.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn roles(&self, globals: &str, names: &[String]) -> Result<(), ProvisionError> {
        let client = self.target(MAINTENANCE).connect().await?;
        let rows = client.query("SELECT rolname FROM pg_catalog.pg_roles", &[]).await.map_err(failed("the roles"))?;
        let mut taken: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        for statement in harmless_roles(globals, &taken) {
            client.batch_execute(&statement).await.map_err(failed("a role"))?;
        }
        // The manifest's list counts: a role that the script lacks is made by name, so that owners and grants can be given.
        let rows = client.query("SELECT rolname FROM pg_catalog.pg_roles", &[]).await.map_err(failed("the roles"))?;
        taken = rows.iter().map(|row| row.get(0)).collect();
        for name in names.iter().filter(|name| !taken.contains(name)) {
            client.batch_execute(&format!("CREATE ROLE {} NOLOGIN", quote_ident(name))).await.map_err(failed("a role"))?;
        }
        Ok(())
    }

    /// Gives the source's superusers that power, or takes it from them: PostgreSQL wants superusers as owners of event
    /// triggers, foreign-data wrappers and publications of all tables when they are made, and asks no more afterwards.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn superusers(&self, globals: &str, names: &[String], may: bool) -> Result<(), ProvisionError> {
        let client = self.target(MAINTENANCE).connect().await?;
        for name in superusers(globals, names).into_iter().filter(|name| !matches!(name.as_str(), OWNER | READER)) {
            let power = if may { "SUPERUSER" } else { "NOSUPERUSER" };
            client.batch_execute(&format!("ALTER ROLE {} {power}", quote_ident(name))).await.map_err(failed("a role"))?;
        }
        Ok(())
    }

    /// Makes an empty database like the source's. Answers what this machine lacks for it, if it lacks something.
    ///
    /// # Errors
    /// When the server refuses for another reason.
    pub async fn create_database(&self, database: &DatabaseBackup) -> Result<Option<String>, ProvisionError> {
        let client = self.target(MAINTENANCE).connect().await?;
        let rows = client.query("SELECT name FROM pg_catalog.pg_available_extensions", &[]).await.map_err(failed("the available extensions"))?;
        let available: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        let missing: Vec<&str> =
            database.extensions.iter().map(|extension| extension.name.as_str()).filter(|name| !available.iter().any(|known| known == name)).collect();
        if !missing.is_empty() {
            return Ok(Some(format!("extensions that are not installed here: {}", missing.join(", "))));
        }
        let _ = client.batch_execute(&format!("DROP DATABASE IF EXISTS {}", quote_ident(&database.name))).await;
        match client.batch_execute(&create_statement(database)).await {
            Ok(()) => Ok(None),
            Err(error) => {
                let why = failed("CREATE DATABASE")(error).to_string();
                // Locales and ICU belong to the machine: another machine may well have them.
                if why.contains("locale") || why.contains("ICU") || why.contains("encoding") { Ok(Some(why)) } else { Err(ProvisionError::NotReady(why)) }
            }
        }
    }

    /// Whether the server ran out of disk: then what failed says nothing about the backup.
    pub fn ran_out_of_disk(&self) -> bool {
        let log = std::fs::read(self.folder.join("log")).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        ["No space left on device", "Disk quota exceeded"].iter().any(|words| log.contains(words))
    }

    /// Stops it; its folder stays.
    pub async fn stop(mut self) {
        process::stop(&mut self.child, END).await;
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Server({})", self.folder.display())
    }
}

fn give(path: &Path, user: Option<User>) -> Result<(), ProvisionError> {
    match user {
        Some(user) => std::os::unix::fs::chown(path, Some(user.uid), Some(user.gid)).map_err(local("the drill folder cannot be given away")),
        None => Ok(()),
    }
}

/// The server's own configuration: nothing of it reaches out, nothing of it survives.
fn configure(data: &Path, socket: &Path, names: &[String], user: Option<User>) -> Result<(), ProvisionError> {
    let settings = [
        ("listen_addresses", ""),
        ("unix_socket_directories", &socket.display().to_string()),
        ("unix_socket_permissions", "0700"),
        ("archive_mode", "off"),
        ("wal_level", "minimal"),
        ("max_wal_senders", "0"),
        ("max_logical_replication_workers", "0"),
        ("shared_preload_libraries", ""),
        ("session_preload_libraries", ""),
        ("local_preload_libraries", ""),
        ("fsync", "off"),
        ("full_page_writes", "off"),
        ("synchronous_commit", "off"),
        ("autovacuum", "off"),
        ("max_wal_size", "4GB"),
        ("maintenance_work_mem", "256MB"),
        ("logging_collector", "off"),
    ];
    let mut text = format!("port = {PORT}\n");
    for (name, value) in settings {
        let _ = writeln!(text, "{name} = {}", quote_literal(value));
    }
    let maps: String = names.iter().flat_map(|name| [OWNER, READER].map(|role| format!("lifeboat {name} {role}\n"))).collect();
    let files: [(&str, String); 3] = [("postgresql.auto.conf", text), ("pg_hba.conf", "local all all peer map=lifeboat\n".to_owned()), ("pg_ident.conf", maps)];
    for (name, text) in files {
        let path: PathBuf = data.join(name);
        std::fs::write(&path, text).map_err(local("the server cannot be configured"))?;
        give(&path, user)?;
    }
    Ok(())
}

fn create_statement(database: &DatabaseBackup) -> String {
    let locale = &database.locale;
    let mut out = format!(
        "CREATE DATABASE {} TEMPLATE template0 ENCODING {} LC_COLLATE {} LC_CTYPE {}",
        quote_ident(&database.name),
        quote_literal(&locale.encoding),
        quote_literal(&locale.collate),
        quote_literal(&locale.ctype)
    );
    match (locale.provider.as_str(), &locale.provider_locale) {
        ("i", Some(icu)) => {
            let _ = write!(out, " LOCALE_PROVIDER icu ICU_LOCALE {}", quote_literal(icu));
        }
        ("b", Some(builtin)) => {
            let _ = write!(out, " LOCALE_PROVIDER builtin BUILTIN_LOCALE {}", quote_literal(builtin));
        }
        _ => {}
    }
    out
}
