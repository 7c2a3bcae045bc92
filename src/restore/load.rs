//! An archive → a database, by `pg_restore`: from a file with several jobs, or from a pipe with nothing on disk.
//!
//! Damaged archives crash `pg_restore`, hang it, or make it ask for huge memory (measured), so it runs confined and within
//! a time. What can do harm outside of the database (subscriptions, user mappings) is left out.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;

use super::RestoreError;
use super::fetch::{self, At};
use crate::catalog::manifest::{DatabaseBackup, Manifest};
use crate::engines::pg_dump::said::{self, Class};
use crate::engines::pg_dump::toc::{Hints, OUTSIDE_KINDS, Toc};
use crate::ports::Objects;
use crate::ports::postgres::Target;
use crate::ports::process::{self, Confinement, Programs};

/// Bytes of memory that `pg_restore` may map: it needs little, and a damaged archive asks for anything.
pub const MEMORY: u64 = 4 << 30;

/// How an archive is loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// From a file in this folder, with so many jobs.
    File {
        /// The folder.
        folder: PathBuf,
        /// `pg_restore --jobs`.
        jobs: usize,
    },
    /// From a pipe: one job, nothing on disk.
    Stream,
}

/// What is loaded where.
pub struct Load<'a> {
    /// The bucket.
    pub objects: &'a dyn Objects,
    /// The backup.
    pub at: &'a At,
    /// Its manifest.
    pub manifest: &'a Manifest,
    /// The programs.
    pub programs: &'a Programs,
    /// How they are shut in.
    pub confinement: &'a Confinement,
    /// A folder for the list file, readable by the confined user.
    pub scratch: &'a Path,
    /// Whether owners and grants are left out.
    pub no_owner: bool,
    /// Grows by every byte of the archive, decompressed, that `pg_restore` took.
    pub taken: &'a AtomicU64,
}

impl std::fmt::Debug for Load<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Load({:?})", self.at)
    }
}

fn local(what: &str) -> impl FnOnce(std::io::Error) -> RestoreError {
    let what = what.to_owned();
    move |source| RestoreError::Local { what, source }
}

/// Readable by the confined user, whatever our umask; the folder around it is closed to everybody else.
fn readable(path: &Path) -> Result<(), RestoreError> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).map_err(local("the drill folder cannot be written"))
}

impl Load<'_> {
    /// Fetches an archive into a file, proven and decompressed.
    ///
    /// # Errors
    /// When a piece is damaged, or the disk is full.
    pub async fn fetch_to(&self, database: &DatabaseBackup, file: &Path) -> Result<(), RestoreError> {
        let (to, mut from) = mpsc::channel::<Bytes>(4);
        let mut out = tokio::fs::File::create(file).await.map_err(local("the drill folder cannot be written"))?;
        let write = async {
            while let Some(bytes) = from.recv().await {
                out.write_all(&bytes).await.map_err(local("the drill folder cannot be written"))?;
            }
            out.flush().await.map_err(local("the drill folder cannot be written"))
        };
        let stream = fetch::stream(self.objects, self.at, &database.dump, to);
        // Writing ends first when the disk is full; the stream then ends because nobody takes its bytes.
        readable(file)?;
        let (fetched, written) = tokio::join!(stream, write);
        written?;
        fetched
    }

    /// Loads an archive that [`Load::fetch_to`] put into a file.
    ///
    /// # Errors
    /// When `pg_restore` says anything but success.
    pub async fn from_file(&self, database: &DatabaseBackup, target: &Target, file: &Path, jobs: usize) -> Result<Warnings, RestoreError> {
        let list = self.list(std::fs::File::open(file).map(Stdio::from).map_err(local("the archive cannot be opened"))?, None).await?;
        let list = self.write_list(database, &list).await?;
        let mut command = self.restore(target, &list);
        command.arg(format!("--jobs={}", jobs.max(1))).arg(file);
        let child = command.spawn().map_err(local("pg_restore cannot be started"))?;
        ended(child).await
    }

    /// Fetches and loads at once: no disk but the database's own.
    ///
    /// # Errors
    /// When a piece is damaged, or `pg_restore` says anything but success.
    pub async fn from_stream(&self, database: &DatabaseBackup, target: &Target) -> Result<Warnings, RestoreError> {
        let (to, from) = mpsc::channel::<Bytes>(4);
        // The table of contents is at the beginning; pg_restore stops reading behind it.
        let (fetched, list) = tokio::join!(fetch::stream(self.objects, self.at, &database.dump, to), self.list(Stdio::piped(), Some(from)));
        // Damage in the bucket is the cause of whatever pg_restore says of an archive that it did not get.
        fetched?;
        let list = self.write_list(database, &list?).await?;
        let mut command = self.restore(target, &list);
        let mut child = command.stdin(Stdio::piped()).spawn().map_err(local("pg_restore cannot be started"))?;
        let (to, from) = mpsc::channel::<Bytes>(4);
        let stdin = child.stdin.take();
        let (fetched, (), ended) = tokio::join!(fetch::stream(self.objects, self.at, &database.dump, to), feed(stdin, from, self.taken), ended(child));
        fetched?;
        ended
    }

    fn restore(&self, target: &Target, list: &Path) -> Command {
        let mut arguments = vec![format!("--use-list={}", list.display()), "--exit-on-error".to_owned(), "--no-password".to_owned()];
        arguments.push(format!("--dbname={}", connection_words(target)));
        if self.no_owner {
            arguments.extend(["--no-owner".to_owned(), "--no-privileges".to_owned()]);
        }
        let mut command = self.programs.command("pg_restore", arguments, self.confinement);
        command.envs(target.libpq());
        command
    }

    async fn list(&self, stdin: Stdio, feed_from: Option<mpsc::Receiver<Bytes>>) -> Result<String, RestoreError> {
        let mut command = self.programs.command("pg_restore", ["--list"], self.confinement);
        let mut child = command.stdin(stdin).spawn().map_err(local("pg_restore cannot be started"))?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let feeding = async {
            if let Some(from) = feed_from {
                feed(stdin, from, &AtomicU64::new(0)).await;
            }
        };
        let reading = async {
            let mut text = String::new();
            if let Some(mut stdout) = stdout {
                stdout.read_to_string(&mut text).await.map_err(local("pg_restore cannot be read"))?;
            }
            Ok::<_, RestoreError>(text)
        };
        let ((), text, ended) = tokio::join!(feeding, reading, ended(child));
        ended?;
        text
    }

    async fn write_list(&self, database: &DatabaseBackup, list: &str) -> Result<PathBuf, RestoreError> {
        let schemas = database.catalog.relations.iter().map(|relation| relation.schema.clone()).collect();
        let hints = Hints { schemas, owners: self.manifest.roles.iter().cloned().collect() };
        let toc = Toc::parse(list, &hints).map_err(|error| RestoreError::Program {
            program: "pg_restore --list",
            status: "gave a strange list".to_owned(),
            stderr: error.to_string(),
        })?;
        let path = self.scratch.join("restore.list");
        tokio::fs::write(&path, toc.restore_list(OUTSIDE_KINDS).text).await.map_err(local("the drill folder cannot be written"))?;
        readable(&path)?;
        Ok(path)
    }
}

/// The database alone: host, port, user and password come by environment, so that no secret is an argument.
fn connection_words(target: &Target) -> String {
    let name = target.database_name().unwrap_or_default().replace('\\', "\\\\").replace('\'', "\\'");
    format!("dbname='{name}'")
}

async fn feed(to: Option<tokio::process::ChildStdin>, mut from: mpsc::Receiver<Bytes>, taken: &AtomicU64) {
    let Some(mut to) = to else { return };
    while let Some(bytes) = from.recv().await {
        // A program that stopped reading has what it wants, or says itself what is wrong.
        if to.write_all(&bytes).await.is_err() {
            break;
        }
        taken.fetch_add(bytes.len() as u64, Ordering::Relaxed);
    }
}

/// What `pg_restore` said that is a doubt although it ended well.
pub type Warnings = Vec<String>;

async fn ended(mut child: Child) -> Result<Warnings, RestoreError> {
    let said = process::listen(child.stderr.take(), said::is_of_weight).await;
    let status = child.wait().await.map_err(local("pg_restore cannot be waited for"))?;
    let failed = said.kept.iter().find(|line| said::classify(line) != Some(Class::Doubt));
    if status.success() && failed.is_none() {
        return Ok(said.kept);
    }
    // Warnings of the server come before the error that ends it all, and much may come behind it.
    let lines: Vec<&str> = said.last.lines().collect();
    let from = lines.iter().position(|line| line.contains("error: "));
    let first = failed.filter(|_| from.is_none()).map(String::as_str);
    let stderr = first.into_iter().chain(lines.into_iter().skip(from.unwrap_or(0))).take(6).collect::<Vec<_>>().join(" · ");
    Err(RestoreError::Program { program: "pg_restore", status: format!("ended with {status}"), stderr })
}
