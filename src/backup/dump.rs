//! The stream: `pg_dump` → one copy compressed and stored, one copy read back by `pg_restore` and counted.
//!
//! The facts come from the very bytes that are stored, at no second read of the database.

use std::process::Stdio;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStderr, ChildStdin, Command};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use super::snapshot::Snapshot;
use super::upload::{MOST_PARTS, Place};
use super::{BackupError, Job, Progress, archive_name, compress, stored, upload};
use crate::catalog::manifest::Stored;
use crate::engines::pg_dump::commands;
use crate::engines::pg_dump::copystream::{CopyError, CopyStream};
use crate::engines::pg_dump::facts::DataFacts;
use crate::engines::pg_dump::said::{self, Class};
use crate::ports::postgres::Target;
use crate::ports::process::{self, Confinement, Programs, Said};

/// Bytes read at a time.
const READ: usize = 256 << 10;
/// Reads that wait between two stages at the most.
const WAITING: usize = 8;

/// Dumps one database into one object; also answers what the programs said that is a doubt.
pub(super) async fn stream(
    job: &Job<'_>,
    programs: &Programs,
    target: &Target,
    snapshot: &Snapshot,
    database: &str,
    folder: &str,
) -> Result<(Stored, DataFacts, Vec<String>), BackupError> {
    let name = archive_name(job.set, database);
    let excluded: Vec<(String, String)> = job.set.exclude.iter().map(|table| (table.schema.clone(), table.table.clone())).collect();
    let mut dump = programs.command("pg_dump", commands::dump(&snapshot.id, &snapshot.pins.encoding, &excluded), &Confinement::default());
    dump.envs(target.libpq()).env("PGOPTIONS", snapshot.pins.pgoptions());
    let mut dump = spawn("pg_dump", &mut dump)?;
    let mut back = programs.command("pg_restore", commands::print_data(), &Confinement::default());
    let mut back = spawn("pg_restore", back.stdin(Stdio::piped()))?;

    let (to_compress, compressing) = mpsc::channel(WAITING);
    let (to_back, reading_back) = mpsc::channel(WAITING);
    let (to_upload, uploading) = mpsc::channel(1);
    let (whole, is_whole) = oneshot::channel();
    let first = Place { bucket: job.policy.spec.storage.bucket.clone(), key: format!("{folder}{name}") };
    let uploading = tokio::spawn(upload::upload(job.store(), first, MOST_PARTS, uploading, is_whole));
    let compressing = tokio::task::spawn_blocking(move || compress::compress(compressing, MOST_PARTS, &to_upload));

    let (dump_says, back_says) = (messages(dump.stderr.take()), messages(back.stderr.take()));
    let reads = read_out(dump.stdout.take(), vec![to_compress, to_back], job.stop.clone(), Arc::clone(&job.progress));
    let streamed = tokio::try_join!(reads, feed(back.stdin.take(), reading_back), count(back.stdout.take(), database));
    let ended = async {
        let (raw_bytes, (), facts) = match streamed {
            Ok(all) => all,
            // A program that fails ends the streams first; its own words say more than a broken pipe.
            Err(error) if matches!(error, BackupError::Stopped) => return Err(error),
            Err(error) => return Err(blame(&mut dump, &mut back, dump_says, back_says, error).await),
        };
        let mut doubts = check("pg_dump", &mut dump, dump_says).await?;
        doubts.extend(check("pg_restore", &mut back, back_says).await?);
        let summary = compressing.await.map_err(|_| BackupError::Stopped)?;
        let summary = summary.map_err(|source| BackupError::Local { what: "compression failed".to_owned(), source })?;
        Ok((raw_bytes, facts, summary, doubts))
    }
    .await;
    match ended {
        Ok((raw_bytes, facts, Some(summary), doubts)) => {
            if let Err(incomplete) = snapshot.complete(job.set, database, &facts) {
                drop(whole);
                let _ = uploading.await;
                return Err(incomplete);
            }
            let _ = whole.send(());
            uploading.await.map_err(|_| BackupError::Stopped)??;
            Ok((stored(name, raw_bytes, summary), facts, doubts))
        }
        Ok((_, _, None, _)) => Err(match uploading.await {
            Ok(Err(error)) => error,
            _ => BackupError::Stopped,
        }),
        Err(error) => {
            drop(whole);
            // Wait until the upload is given up: nothing of it stays. If storing is what failed first, that is the cause.
            match uploading.await {
                Ok(Err(stored @ BackupError::Store(_))) => Err(stored),
                _ => Err(error),
            }
        }
    }
}

fn spawn(program: &'static str, command: &mut Command) -> Result<Child, BackupError> {
    command.spawn().map_err(|source| BackupError::Local { what: format!("{program} cannot be started"), source })
}

/// Reads the dump and gives every byte to each of the receivers.
async fn read_out(
    from: Option<impl AsyncRead + Unpin>,
    to: Vec<mpsc::Sender<Bytes>>,
    mut stop: watch::Receiver<bool>,
    progress: Arc<dyn Progress>,
) -> Result<u64, BackupError> {
    let Some(mut from) = from else { return Ok(0) };
    let mut total = 0;
    loop {
        let mut buffer = BytesMut::with_capacity(READ);
        let read = tokio::select! {
            read = from.read_buf(&mut buffer) => read.map_err(|source| BackupError::Local { what: "pg_dump cannot be read".to_owned(), source })?,
            _ = stop.wait_for(|stop| *stop) => return Err(BackupError::Stopped),
        };
        if read == 0 {
            return Ok(total);
        }
        total += read as u64;
        progress.bytes(read as u64);
        let bytes = buffer.freeze();
        for receiver in &to {
            // A receiver that is gone has failed, and says itself why.
            if receiver.send(bytes.clone()).await.is_err() {
                return Err(BackupError::Local { what: "a stage of the stream ended early".to_owned(), source: std::io::ErrorKind::BrokenPipe.into() });
            }
        }
    }
}

async fn feed(to: Option<ChildStdin>, mut from: mpsc::Receiver<Bytes>) -> Result<(), BackupError> {
    let Some(mut to) = to else { return Ok(()) };
    while let Some(bytes) = from.recv().await {
        to.write_all(&bytes).await.map_err(|source| BackupError::Local { what: "pg_restore does not read the dump".to_owned(), source })?;
    }
    Ok(())
}

/// Counts what `pg_restore` prints, on a thread of its own.
async fn count(from: Option<impl AsyncRead + Unpin>, database: &str) -> Result<DataFacts, BackupError> {
    let unreadable = |source: CopyError| BackupError::Unreadable { database: database.to_owned(), source };
    let Some(mut from) = from else { return Err(unreadable(CopyError::MissingTrailer)) };
    let (to, mut counting) = mpsc::channel::<Bytes>(WAITING);
    let counter = tokio::task::spawn_blocking(move || {
        let mut stream = CopyStream::new();
        while let Some(bytes) = counting.blocking_recv() {
            stream.push(&bytes)?;
        }
        stream.finish()
    });
    loop {
        let mut buffer = BytesMut::with_capacity(READ);
        let read = from.read_buf(&mut buffer).await.map_err(|source| BackupError::Local { what: "pg_restore cannot be read".to_owned(), source })?;
        if read == 0 || to.send(buffer.freeze()).await.is_err() {
            break;
        }
    }
    drop(to);
    counter.await.map_err(|_| BackupError::Stopped)?.map_err(unreadable)
}

/// Collects what a program says.
pub(super) fn messages(from: Option<ChildStderr>) -> JoinHandle<Said> {
    tokio::spawn(process::listen(from, said::is_of_weight))
}

/// A program's end: what it said that is a doubt, or an error with its own words. An error that it reported counts whatever its exit
/// code is.
pub(super) async fn check(program: &'static str, child: &mut Child, says: JoinHandle<Said>) -> Result<Vec<String>, BackupError> {
    let status = child.wait().await.map_err(|source| BackupError::Local { what: format!("{program} cannot be waited for"), source })?;
    let said = says.await.unwrap_or_default();
    let reported = said.kept.iter().any(|line| said::classify(line) != Some(Class::Doubt));
    if status.success() && !reported {
        return Ok(said.kept);
    }
    let stderr = if status.success() { said.kept.join(" · ") } else { said.last.trim().to_owned() };
    Err(BackupError::Program { program, status: status.to_string(), stderr })
}

async fn blame(dump: &mut Child, back: &mut Child, dump_says: JoinHandle<Said>, back_says: JoinHandle<Said>, error: BackupError) -> BackupError {
    // Whoever ended by itself with an error is to blame; whoever still runs waits for a pipe that nobody reads.
    let grace = std::time::Duration::from_millis(300);
    for (program, child, says) in [("pg_dump", dump, dump_says), ("pg_restore", back, back_says)] {
        if let Ok(Ok(status)) = tokio::time::timeout(grace, child.wait()).await
            && !status.success()
            && status.code().is_some()
        {
            return BackupError::Program { program, status: status.to_string(), stderr: says.await.unwrap_or_default().last.trim().to_owned() };
        }
    }
    error
}
