use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::FutureExt as _;
use futures_util::future::join_all;

use super::*;
use crate::policy::{self, ConfigFile};
use crate::ports::sim::World;

const POLICY: &str = include_str!("../../../examples/quickstart/config/policies/orders.yaml");
const MIB: u64 = 1 << 20;

#[tokio::test]
async fn many_repositories_hold_no_more_in_memory_than_one_may() {
    let memory = Memory::default();
    let (held, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    // As many as are read at once, small ones among large ones; each is at work for a while.
    let read = |listed: u64| {
        let (memory, held, most) = (&memory, &held, &most);
        async move {
            let (room, _kept) = memory.room(listed).await;
            let room = usize::try_from(room).unwrap();
            assert!(room as u64 >= listed.min(Memory::ALL), "what was listed fits");
            most.fetch_max(held.fetch_add(room, Ordering::SeqCst) + room, Ordering::SeqCst);
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
            held.fetch_sub(room, Ordering::SeqCst);
        }
    };
    join_all((0..64).map(|at| read([30 * MIB, 100, 64 * MIB, 5 * MIB][at % 4]))).await;
    let most = most.into_inner() as u64;
    assert!(most <= Memory::ALL && most > Memory::ALL / 2, "{most}");
}

#[test]
fn a_repository_waits_for_its_room_and_gets_no_more_than_that() {
    let text = POLICY.replacen("  backups:\n", "  backups:\n    physical: {engine: wal-g, prefix: pg/}\n", 1);
    let loaded = policy::load(&[ConfigFile { path: "policies/orders.yaml".to_owned(), bytes: text.into_bytes() }]);
    let storage = &loaded.policies[0].policy.spec.storage;
    let world = World::at("2026-11-22T12:00:00Z".parse().unwrap());
    world.put_bucket(&storage.bucket, &storage.region);
    let key = "orders/pg/basebackups_005/base_000000010000000000000002_backup_stop_sentinel.json";
    world.put_object(&storage.bucket, key, b"{}");
    let (ports, memory, stored) = (world.ports(), Memory::default(), BTreeMap::new());
    let read = || within(&ports, &loaded.policies, &stored, &memory).now_or_never();
    let all = memory.room(u64::MAX).now_or_never().unwrap();
    assert_eq!((all.0, read().is_none()), (Memory::ALL, true), "somebody else has all of it");
    drop(all);
    let found = read().unwrap();
    assert!(matches!(&found[&("orders".to_owned(), "physical".to_owned())], Fact::Known(found) if found.backups.len() == 1), "{found:?}");
    // What came to it since it was listed is read as far as it fits into the room that it has.
    let place = Place { engine: physical::Engine::WalG, base: "orders/pg/".to_owned(), name: String::new() };
    let reading = Reading { ports: &ports, memory: &memory, bucket: &storage.bucket, versions: None };
    for (bytes, fits) in [(MIB, true), (2 * MIB, false)] {
        world.put_object(&storage.bucket, key, &vec![b' '; usize::try_from(bytes).unwrap()]);
        let told = reading.told(&place, &[(key, 2, world.ports().clock.now())]).now_or_never().unwrap();
        assert_eq!(told.metadata[0].1.is_ok(), fits, "{:?}", told.metadata[0].1.as_ref().err());
    }
}

#[test]
fn what_was_replaced_since_its_version_was_listed_is_not_taken_for_it() {
    let world = World::at("2026-11-22T12:00:00Z".parse().unwrap());
    world.put_bucket("b", "eu-west-1");
    world.put_object("b", "list", b"first");
    let (ports, memory) = (world.ports(), Memory::default());
    let versions = ports.objects.versions("b", "").now_or_never().unwrap().unwrap();
    let all: Vec<&VersionInfo> = versions.iter().collect();
    let reading = Reading { ports: &ports, memory: &memory, bucket: "b", versions: Some(&all) };
    let read = || reading.read("list", 9).now_or_never().unwrap();
    assert_eq!(read(), Ok(b"first".to_vec()));
    world.advance(jiff::SignedDuration::from_secs(1));
    world.put_object("b", "list", b"second");
    assert!(read().unwrap_err().contains("it was replaced while it was read"));
    assert!(reading.read("other", 9).now_or_never().unwrap().unwrap_err().contains("no version from then"));
}
