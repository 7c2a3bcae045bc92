//! Pieces → one object, by a multipart upload that appears whole or not at all.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{mpsc, oneshot};

use super::BackupError;
use super::compress::{MOST_PIECES, most_bytes};
use crate::model::units;
use crate::ports::{Objects, PortError, Upload};

/// Pieces under way at once: with the one being filled and the one waiting, at most 4 × 64 MiB are in memory.
const IN_FLIGHT: usize = 2;

/// Uploads what comes in. The object appears only after `whole` says so; if that word never comes, the upload is given up.
pub(super) async fn upload(
    objects: Arc<dyn Objects>,
    bucket: String,
    key: String,
    pieces: mpsc::Receiver<Bytes>,
    whole: oneshot::Receiver<()>,
) -> Result<(), BackupError> {
    let id = objects.begin(&bucket, &key).await?;
    let upload = Upload { bucket, key, id };
    let sent = send(objects.as_ref(), &upload, pieces).await;
    let outcome = match sent {
        Ok(tags) if whole.await.is_ok() => objects.complete(&upload, &tags).await.map_err(BackupError::from),
        Ok(_) => Err(BackupError::Stopped),
        Err(error) => Err(error),
    };
    if outcome.is_err() {
        // The bucket's own rule removes what a failed abort leaves (`abortIncompleteUploads`).
        let _ = objects.abort(&upload).await;
    }
    outcome
}

async fn send(objects: &dyn Objects, upload: &Upload, mut pieces: mpsc::Receiver<Bytes>) -> Result<Vec<String>, BackupError> {
    let mut tags: BTreeMap<i32, String> = BTreeMap::new();
    let mut running = FuturesUnordered::new();
    let mut number = 0_i32;
    let part = |number: i32, piece: Bytes| async move {
        let tag = objects.part(upload, number, piece).await?;
        Ok::<_, PortError>((number, tag))
    };
    let mut more = true;
    // What is under way goes on while the next piece is waited for: a connection that stands still is cut by the server.
    while more || !running.is_empty() {
        tokio::select! {
            piece = pieces.recv(), if more && running.len() < IN_FLIGHT => match piece {
                Some(piece) => {
                    number += 1;
                    if usize::try_from(number).unwrap_or(usize::MAX) > MOST_PIECES {
                        return Err(BackupError::TooLarge(units::bytes(most_bytes())));
                    }
                    running.push(part(number, piece));
                }
                None => more = false,
            },
            Some(done) = running.next() => {
                let (number, tag) = done?;
                tags.insert(number, tag);
            }
        }
    }
    Ok(tags.into_values().collect())
}
