//! Stored pieces → proven, decompressed bytes.

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;

use super::RestoreError;
use crate::catalog::layout;
use crate::catalog::manifest::{LARGEST, Manifest, Stored, StoredObject};
use crate::model::document::hex;
use crate::model::resource::SeenBackup;
use crate::model::units::{count, plural};
use crate::ports::{Kind, Objects};

/// Pieces that wait for decompression at the most.
const WAITING: usize = 2;

/// Where a backup lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At {
    /// The bucket.
    pub bucket: String,
    /// The backup's folder, with a slash behind.
    pub folder: String,
}

/// Reads and checks the manifest of a backup.
///
/// # Errors
/// When it is not there, or is not the manifest of this backup.
pub async fn manifest(objects: &dyn Objects, at: &At, set: &str, id: &str) -> Result<Manifest, RestoreError> {
    let key = format!("{}{}", at.folder, layout::MANIFEST);
    let bytes = objects.get(&at.bucket, &key, LARGEST).await?;
    Manifest::parse(&bytes, set, id).map_err(|source| RestoreError::Manifest { key, source })
}

/// Whether everything that the manifest names is in the listing. Asking for each object would not tell: S3 answers 403 for
/// a missing key to who may not list without a prefix.
///
/// # Errors
/// When an object is not there.
pub fn listed(manifest: &Manifest, at: &At, seen: &SeenBackup) -> Result<(), RestoreError> {
    let missing = manifest.objects().map(|stored| (format!("{}{}", at.folder, stored.name), stored.bytes)).find(|(key, _)| !seen.keys.contains_key(key));
    match missing {
        Some((key, to)) => Err(RestoreError::Damaged { key, from: 0, to, what: "the object is not in the bucket".to_owned() }),
        None => Ok(()),
    }
}

/// Objects that hold more than the manifest says, in a sentence each: not one byte of the rest is ever read, so nothing else tells.
pub fn surplus(manifest: &Manifest, at: &At, seen: &SeenBackup) -> Vec<String> {
    let listed = manifest.objects().filter_map(|stored| {
        let key = format!("{}{}", at.folder, stored.name);
        let bytes = *seen.keys.get(&key)?;
        let more = bytes.checked_sub(stored.bytes).filter(|more| *more > 0)?;
        Some(format!("object {key} holds {} more than the {} that were written: somebody added to it", plural(more, "byte"), count(stored.bytes)))
    });
    listed.collect()
}

/// Fetches an object and gives its decompressed bytes to `to`, in order. Each piece is proven before it is used.
///
/// # Errors
/// At the first piece that is not as the manifest says, or when the receiver is gone (which is then no error here).
pub async fn stream(objects: &dyn Objects, at: &At, stored: &Stored, to: mpsc::Sender<Bytes>) -> Result<(), RestoreError> {
    let key = format!("{}{}", at.folder, stored.name);
    let (pieces, waiting) = mpsc::channel(WAITING);
    let decompressing = tokio::task::spawn_blocking(move || decompress(waiting, &to));
    let fetched = fetch(objects, at, stored, &pieces).await;
    drop(pieces);
    let decompressed = decompressing.await.unwrap_or_else(|_| Err("the thread ended early".to_owned()));
    fetched?;
    decompressed.map_err(|message| RestoreError::NotCompressed { key, message })
}

/// Reads a whole object and proves each of its pieces; nothing is decompressed.
///
/// # Errors
/// At the first piece that is not as the manifest says.
pub async fn prove(objects: &dyn Objects, at: &At, object: &StoredObject<'_>) -> Result<(), RestoreError> {
    let (to, mut from) = mpsc::channel::<Bytes>(WAITING);
    let drain = async { while from.recv().await.is_some() {} };
    let fetched = async {
        let fetched = fetch_object(objects, at, object, &to).await;
        drop(to);
        fetched.map(|_| ())
    };
    tokio::join!(fetched, drain).0
}

async fn fetch(objects: &dyn Objects, at: &At, stored: &Stored, to: &mpsc::Sender<Bytes>) -> Result<(), RestoreError> {
    for object in stored.objects() {
        if !fetch_object(objects, at, &object, to).await? {
            break;
        }
    }
    Ok(())
}

/// Answers whether the receiver is still there.
async fn fetch_object(objects: &dyn Objects, at: &At, object: &StoredObject<'_>, to: &mpsc::Sender<Bytes>) -> Result<bool, RestoreError> {
    let key = &format!("{}{}", at.folder, object.name);
    let mut from = 0;
    for chunk in object.chunks {
        let end = from + chunk.bytes;
        let damaged = |what: String| RestoreError::Damaged { key: key.to_owned(), from, to: end, what };
        let bytes = match objects.get_range(&at.bucket, key, from, chunk.bytes).await {
            Ok(bytes) => bytes,
            Err(error) if error.kind == Kind::Missing => return Err(damaged("the object is not in the bucket".to_owned())),
            Err(error) if error.kind == Kind::OutOfRange => return Err(damaged(format!("the object is shorter than the manifest says ({})", error.message))),
            Err(error) => return Err(error.into()),
        };
        if bytes.len() as u64 != chunk.bytes {
            return Err(damaged(format!("the object is shorter than the manifest says: {} bytes came", bytes.len())));
        }
        if hex(&Sha256::digest(&bytes)) != chunk.sha256 {
            return Err(damaged("SHA-256 is not the manifest's: stored bytes changed after upload".to_owned()));
        }
        if to.send(Bytes::from(bytes)).await.is_err() {
            return Ok(false);
        }
        from = end;
    }
    Ok(true)
}

fn decompress(mut from: mpsc::Receiver<Bytes>, to: &mpsc::Sender<Bytes>) -> Result<(), String> {
    use std::io::Write as _;
    let mut decoder = zstd::stream::write::Decoder::new(Vec::new()).map_err(|error| error.to_string())?;
    while let Some(bytes) = from.blocking_recv() {
        // Small bites, so that what comes out at once stays small however well it was compressed.
        for bite in bytes.chunks(64 << 10) {
            decoder.write_all(bite).map_err(|error| error.to_string())?;
            let out = std::mem::take(decoder.get_mut());
            if !out.is_empty() && to.blocking_send(Bytes::from(out)).is_err() {
                return Ok(());
            }
        }
    }
    decoder.flush().map_err(|error| error.to_string())?;
    let rest = std::mem::take(decoder.get_mut());
    if !rest.is_empty() {
        let _ = to.blocking_send(Bytes::from(rest));
    }
    Ok(())
}

/// A whole small object, decompressed.
///
/// # Errors
/// As [`stream`].
pub async fn whole(objects: &dyn Objects, at: &At, stored: &Stored) -> Result<Vec<u8>, RestoreError> {
    let (to, mut from) = mpsc::channel::<Bytes>(WAITING);
    let collect = async {
        let mut out = Vec::new();
        while let Some(bytes) = from.recv().await {
            out.extend_from_slice(&bytes);
        }
        out
    };
    let (fetched, out) = tokio::join!(stream(objects, at, stored, to), collect);
    fetched.map(|()| out)
}
