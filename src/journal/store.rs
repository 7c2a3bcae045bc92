//! Where journals lie: `<control>journal/<run>/000001.json`, one folder per run.
//!
//! Appending is a conditional create; nothing here deletes or replaces.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;

use super::runs::{End, Run, number, runs};
use super::{Entry, FORMAT, Line};
use crate::model::repository::ControlPlace;
use crate::ports::{Answer, Kind, PortError, Ports};

/// Largest entry that is read or written: the first one holds every step of a run with what leads back.
const LARGEST: u64 = 64 << 20;
/// How many objects are fetched at once.
const AT_ONCE: usize = 16;
/// Pauses before a busy endpoint is asked again.
const PAUSES: [Duration; 4] = [Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(3), Duration::from_secs(8)];
/// How often a number that somebody else took is followed by the next one.
const TRIES: u32 = 10;

/// Why a journal could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The bucket answered no.
    #[error("{what}")]
    Port {
        /// What was needed.
        what: String,
        /// The failure.
        source: PortError,
    },
    /// Somebody else wrote the next entry: the run is no longer ours to carry on.
    #[error("somebody else wrote entry {sequence} of run {run}{}: this run sends nothing more", by(.closed_by.as_ref()))]
    Overtaken {
        /// The run.
        run: String,
        /// The number.
        sequence: u64,
        /// The run that closed it, if that is what was written.
        closed_by: Option<String>,
    },
}

fn by(run: Option<&String>) -> String {
    run.map_or_else(String::new, |run| format!(": run {run} closed it as broken off"))
}

/// Appends one entry to the journal of its run.
///
/// # Errors
/// When it could not be written, or somebody else wrote the entry of that number.
pub async fn append(ports: &Ports, place: &ControlPlace, line: &Line) -> Result<(), JournalError> {
    let (key, bytes) = (format!("{}{:06}.json", folder(place, &line.run), line.sequence), line.to_bytes());
    let Err(error) = patient(ports, || ports.objects.create(&place.bucket, &key, bytes.clone())).await else { return Ok(()) };
    if error.kind != Kind::Exists && !error.maybe_done {
        return Err(port("the journal cannot be written", error));
    }
    // A lost answer, or a repetition inside the SDK that met its own first attempt: what lies there may be ours.
    match patient(ports, || ports.objects.get(&place.bucket, &key, LARGEST)).await {
        Ok(found) if found == bytes => Ok(()),
        Ok(found) => {
            let closed_by = runs(&[(key, found)]).into_iter().find_map(|run| match run.end {
                End::Closed { by } => Some(by),
                End::Finished | End::Open => None,
            });
            Err(JournalError::Overtaken { run: line.run.clone(), sequence: line.sequence, closed_by })
        }
        Err(_) => Err(port("the journal cannot be written", error)),
    }
}

/// Reads the journal of one run; a run without entries is one that broke off before it wrote anything down.
///
/// # Errors
/// When the bucket cannot be listed or an entry cannot be read.
pub async fn read(ports: &Ports, place: &ControlPlace, run: &str) -> Result<Run, JournalError> {
    let prefix = folder(place, run);
    let listed = ports.objects.list(&place.bucket, &prefix).await.map_err(|error| port("the journal cannot be listed", error))?;
    let keys = listed.into_iter().map(|object| object.key).filter(|key| key.strip_prefix(&prefix).and_then(number).is_some());
    let fetch = |key: String| async move {
        let bytes = ports.objects.get(&place.bucket, &key, LARGEST).await.map_err(|error| port("an entry of the journal cannot be read", error))?;
        Ok::<_, JournalError>((key, bytes))
    };
    let objects: Vec<_> = stream::iter(keys).map(fetch).buffered(AT_ONCE).try_collect().await?;
    let empty = || Run { id: run.to_owned(), began: None, first: None, last: None, steps: Vec::new(), end: End::Open, entries: 0, problems: Vec::new() };
    Ok(runs(&objects).pop().unwrap_or_else(empty))
}

/// Reads the journals of the last `most` runs, oldest first.
///
/// # Errors
/// When the bucket cannot be listed or an entry cannot be read.
pub async fn last(ports: &Ports, place: &ControlPlace, most: usize) -> Result<Vec<Run>, JournalError> {
    let folders = ports.objects.folders(&place.bucket, &format!("{}journal/", place.prefix)).await;
    let folders: BTreeSet<String> = folders.map_err(|error| port("the journals cannot be listed", error))?.into_iter().collect();
    let newest: BTreeSet<&String> = folders.iter().filter(|name| super::is_run_id(name)).rev().take(most).collect();
    let mut out = Vec::new();
    for run in newest {
        out.push(read(ports, place, run).await?);
    }
    // Ids tell the second; runs of one second are told apart by their first entries.
    out.sort_by(|a: &Run, b: &Run| (a.id.get(..16), a.first, &a.id).cmp(&(b.id.get(..16), b.first, &b.id)));
    Ok(out)
}

/// Closes the journal of a run that broke off, in the name of the run `by`; answers what it had come to, or none when it
/// has a last entry already. To be called only by who holds the lock.
///
/// # Errors
/// When the journal cannot be read or written.
pub async fn close(ports: &Ports, place: &ControlPlace, run: &str, by: &str, at: Timestamp) -> Result<Option<Run>, JournalError> {
    for _ in 0..TRIES {
        let found = read(ports, place, run).await?;
        if found.end != End::Open {
            return Ok(None);
        }
        let entry = Entry::Closed { by: by.to_owned() };
        let line = Line { format: FORMAT.to_owned(), run: run.to_owned(), sequence: found.entries + 1, at, entry };
        match append(ports, place, &line).await {
            Ok(()) => return Ok(Some(found)),
            // It is alive, or somebody else closes it too: look again.
            Err(JournalError::Overtaken { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Err(JournalError::Overtaken { run: run.to_owned(), sequence: 0, closed_by: None })
}

/// Asks again of an endpoint that is too busy, for 12 seconds: an apply is not given up half-way for an entry that a
/// little patience writes. Who holds a lock looks at its lease after this, not before.
pub(super) async fn patient<'a, T>(ports: &'a Ports, ask: impl Fn() -> Answer<'a, Result<T, PortError>>) -> Result<T, PortError> {
    let mut answer = ask().await;
    for pause in PAUSES {
        match &answer {
            Err(error) if error.kind == Kind::Busy => ports.clock.sleep(pause).await,
            _ => break,
        }
        answer = ask().await;
    }
    answer
}

fn folder(place: &ControlPlace, run: &str) -> String {
    format!("{}journal/{run}/", place.prefix)
}

fn port(what: &str, source: PortError) -> JournalError {
    JournalError::Port { what: what.to_owned(), source }
}
