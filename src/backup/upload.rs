//! Pieces → objects, by multipart uploads that appear whole or not at all.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{mpsc, oneshot};

use super::BackupError;
use crate::catalog::manifest::object_name;
use crate::ports::{Clock, Objects, PortError, Upload};

pub(super) mod latency;

use latency::Latency;

/// Pieces under way at once: with the one being filled and the one waiting, at most 4 × 64 MiB are in memory.
const IN_FLIGHT: usize = 2;
/// S3's limit of parts of one upload (S3 User Guide, "Amazon S3 multipart upload limits").
pub(super) const MOST_PARTS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(9_999);

/// Where the first object goes.
pub(super) struct Place {
    pub(super) bucket: String,
    pub(super) key: String,
}

/// The bucket, and a count of the time that storing takes.
#[derive(Clone)]
pub(super) struct Store {
    pub(super) objects: Arc<dyn Objects>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) latency: Arc<Latency>,
}

impl Store {
    async fn timed<T>(&self, request: impl Future<Output = T>) -> T {
        self.latency.during(self.clock.as_ref(), request).await
    }
}

/// Uploads what comes in, in one object, or in several when one has its `most` parts. They appear only after `whole` says
/// so; if that word never comes, all are given up.
pub(super) async fn upload(
    store: Store,
    first: Place,
    most: NonZeroUsize,
    mut pieces: mpsc::Receiver<Bytes>,
    whole: oneshot::Receiver<()>,
) -> Result<(), BackupError> {
    let mut sent = Vec::new();
    let outcome = async {
        send(&store, &first, most, &mut pieces, &mut sent).await?;
        whole.await.map_err(|_| BackupError::Stopped)?;
        for (upload, tags) in &sent {
            store.timed(store.objects.complete(upload, tags)).await?;
        }
        Ok(())
    }
    .await;
    if outcome.is_err() {
        for (upload, _) in &sent {
            // The bucket's own rule removes what a failed abort leaves (`abortIncompleteUploads`).
            let _ = store.objects.abort(upload).await;
        }
    }
    outcome
}

async fn send(
    store: &Store,
    first: &Place,
    most: NonZeroUsize,
    pieces: &mut mpsc::Receiver<Bytes>,
    sent: &mut Vec<(Upload, Vec<String>)>,
) -> Result<(), BackupError> {
    let mut next = pieces.recv().await;
    for number in 1.. {
        let Some(piece) = next else { break };
        let key = object_name(&first.key, number);
        let id = store.timed(store.objects.begin(&first.bucket, &key)).await?;
        let upload = Upload { bucket: first.bucket.clone(), key, id };
        sent.push((upload.clone(), Vec::new()));
        let (tags, following) = send_one(store, &upload, most, piece, pieces).await?;
        if let Some((_, of)) = sent.last_mut() {
            *of = tags;
        }
        next = following;
    }
    Ok(())
}

/// Uploads one object's parts; answers their tags and the piece that has no room in it.
async fn send_one(
    store: &Store,
    upload: &Upload,
    most: NonZeroUsize,
    piece: Bytes,
    pieces: &mut mpsc::Receiver<Bytes>,
) -> Result<(Vec<String>, Option<Bytes>), BackupError> {
    let mut tags: BTreeMap<i32, String> = BTreeMap::new();
    let mut running = FuturesUnordered::new();
    let part = |number: i32, piece: Bytes| async move {
        let tag = store.timed(store.objects.part(upload, number, piece)).await?;
        Ok::<_, PortError>((number, tag))
    };
    running.push(part(1, piece));
    let (mut number, mut following, mut more) = (1, None, true);
    // What is under way goes on while the next piece is waited for: a connection that stands still is cut by the server.
    while more || !running.is_empty() {
        tokio::select! {
            piece = pieces.recv(), if more && running.len() < IN_FLIGHT => match piece {
                Some(piece) if usize::try_from(number).is_ok_and(|sent| sent < most.get()) => {
                    number += 1;
                    running.push(part(number, piece));
                }
                full_or_ended => (following, more) = (full_or_ended, false),
            },
            Some(done) = running.next() => {
                let (number, tag) = done?;
                tags.insert(number, tag);
            }
        }
    }
    drop(running);
    Ok((tags.into_values().collect(), following))
}

#[cfg(test)]
mod tests;
