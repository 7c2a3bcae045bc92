use std::num::NonZeroUsize;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};

use super::{Latency, Place, Store, upload};
use crate::backup::{BackupError, compress, stored};
use crate::catalog::manifest::Stored;
use crate::ports::Ports;
use crate::ports::sim::World;
use crate::restore::fetch::{At, whole};

const MOST: NonZeroUsize = NonZeroUsize::new(2).unwrap();

/// Bytes that zstd cannot make smaller, five pieces of them.
fn dump() -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut word = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    (0..(4 * (8 << 20) + 1_000) / 8).flat_map(|_| word()).collect()
}

fn world() -> (Arc<World>, Ports) {
    let world = World::at(Timestamp::UNIX_EPOCH);
    world.put_bucket("backups", "eu-west-1");
    let ports = world.ports();
    (world, ports)
}

fn store(ports: &Ports) -> Store {
    Store { objects: Arc::clone(&ports.objects), clock: Arc::clone(&ports.clock), latency: Arc::default() }
}

/// What is under way at once counts once, and what nobody waits for does not count.
#[tokio::test]
async fn the_time_of_uploads_is_that_in_which_at_least_one_is_under_way() {
    let (world, ports) = world();
    let latency = Latency::default();
    let clock = ports.clock.as_ref();
    let (one, two) = (oneshot::channel::<()>(), oneshot::channel::<()>());
    let after = |seconds: i64| world.advance(jiff::SignedDuration::from_secs(seconds));
    let first = latency.during(clock, one.1);
    let second = latency.during(clock, two.1);
    let script = async {
        tokio::task::yield_now().await;
        after(3);
        one.0.send(()).unwrap();
        tokio::task::yield_now().await;
        after(4);
        two.0.send(()).unwrap();
    };
    let _ = tokio::join!(first, second, script);
    assert_eq!(latency.millis(), 7_000);
    after(60);
    latency.during(clock, async { after(2) }).await;
    assert_eq!(latency.millis(), 9_000);
}

/// Uploads a dump; the word that it is whole comes or does not.
async fn take(ports: &Ports, dump: Vec<u8>, is_whole: bool) -> Result<Stored, BackupError> {
    let (to_compress, compressing) = mpsc::channel(1);
    let (to_upload, pieces) = mpsc::channel(1);
    let (word, whole) = oneshot::channel();
    let first = Place { bucket: "backups".to_owned(), key: "f/shop.dump.zst".to_owned() };
    let uploading = tokio::spawn(upload(store(ports), first, MOST, pieces, whole));
    let compressed = tokio::task::spawn_blocking(move || compress::compress(compressing, MOST, &to_upload));
    let raw = dump.len() as u64;
    to_compress.send(Bytes::from(dump)).await.unwrap();
    drop(to_compress);
    let summary = compressed.await.unwrap().unwrap().unwrap();
    if is_whole {
        word.send(()).unwrap();
    } else {
        drop(word);
    }
    uploading.await.unwrap()?;
    Ok(stored("shop.dump.zst".to_owned(), raw, summary))
}

async fn keys(ports: &Ports) -> Vec<String> {
    ports.objects.list("backups", "").await.unwrap().into_iter().map(|object| object.key).collect()
}

#[tokio::test]
async fn a_stream_that_one_object_cannot_take_goes_on_in_others_and_comes_back() {
    let (_world, ports) = world();
    let stored = take(&ports, dump(), true).await.unwrap();
    assert_eq!(keys(&ports).await, ["f/shop.dump.zst", "f/shop.dump.zst.2", "f/shop.dump.zst.3"]);
    assert_eq!(stored.objects.iter().map(|share| share.pieces).collect::<Vec<_>>(), [2, 2, 1]);
    for object in stored.objects() {
        let bytes = ports.objects.get("backups", &format!("f/{}", object.name), 64 << 20).await.unwrap();
        assert_eq!((bytes.len() as u64, crate::model::document::sha256_hex(&bytes)), (object.bytes, object.sha256.to_owned()), "{}", object.name);
    }
    let at = At { bucket: "backups".to_owned(), folder: "f/".to_owned() };
    assert!(whole(ports.objects.as_ref(), &at, &stored).await.unwrap() == dump());
}

#[tokio::test]
async fn a_small_stream_is_one_object_and_is_written_down_as_ever() {
    let (_world, ports) = world();
    let stored = take(&ports, b"small".to_vec(), true).await.unwrap();
    assert_eq!((keys(&ports).await.len(), stored.objects.len()), (1, 0));
}

#[tokio::test]
async fn nothing_of_a_stream_that_is_not_whole_appears() {
    let (world, ports) = world();
    assert!(matches!(take(&ports, dump(), false).await, Err(BackupError::Stopped)));
    assert_eq!(keys(&ports).await, Vec::<String>::new());
    assert_eq!(world.unfinished_uploads(), Vec::<String>::new());
}
