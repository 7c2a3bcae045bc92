use std::sync::{Arc, Mutex};

use futures_util::FutureExt as _;
use tokio::sync::watch;

use super::search::{DEPTH, LISTINGS};
use super::{Search, Watch, observe_watched, questions, search};
use crate::model::fact::{Fact, Why};
use crate::model::request::ReadOp;
use crate::model::resource::{Desired, Observed};
use crate::ports::ObjectInfo;
use crate::ports::sim::{Fault, Op, When, World};
use crate::{compile, policy};

const POLICY: &str = include_str!("../../examples/quickstart/config/policies/orders.yaml");

fn desired(many: usize) -> Desired {
    let file = |at: usize| {
        let text = POLICY.replace("name: orders\n", &format!("name: orders{at}\n")).replace("shop-dr-orders", &format!("shop-dr-{at}"));
        policy::ConfigFile { path: format!("policies/{at}.yaml"), bytes: text.replace("role: shop-", &format!("role: shop{at}-")).into_bytes() }
    };
    let loaded = policy::load(&(0..many).map(file).collect::<Vec<_>>());
    let (desired, findings) = compile::compile(&loaded, &[]);
    assert!(loaded.findings.is_empty() && findings.is_empty(), "{:?} {findings:?}", loaded.findings);
    desired
}

fn world(many: usize) -> Arc<World> {
    let world = World::at("2026-11-22T10:00:00Z".parse().unwrap());
    (0..many).for_each(|at| world.put_bucket(&format!("shop-dr-{at}"), "eu-west-1"));
    world
}

fn seen(desired: &Desired, world: &Arc<World>, watch: &Watch<'_>) -> Observed {
    observe_watched(desired, &world.ports(), Fact::Absent, watch).now_or_never().unwrap()
}

fn unknown(observed: &Observed) -> Vec<&Why> {
    let facts = observed.resources.values().flat_map(|resource| resource.facts.values());
    facts.filter_map(|fact| if let Fact::Unknown(why) = fact { Some(why) } else { None }).collect()
}

#[test]
fn everything_is_asked_once_and_counted() {
    let (desired, world) = (desired(40), world(40));
    let told = Mutex::new(Vec::new());
    let note = |answered, of| told.lock().unwrap().push((answered, of));
    let observed = seen(&desired, &world, &Watch { stop: None, answered: Some(&note) });
    let total = questions(&desired).len() + 40;
    assert_eq!((observed.requests, world.requests(), observed.unasked), (total, total, 0));
    assert_eq!(unknown(&observed), Vec::<&Why>::new());
    assert!(observed.backups.values().all(|backups| *backups == Fact::Known(Vec::new())) && observed.backups.len() == 40);
    assert_eq!(told.lock().unwrap().last(), Some(&(total, total)));
}

#[test]
fn a_storm_is_waited_out_and_one_that_stays_ends_the_asking() {
    let desired = desired(40);
    let calm = world(40);
    calm.strike(When::Nth(20), Fault::SlowDown(30));
    let observed = seen(&desired, &calm, &Watch::default());
    assert_eq!(unknown(&observed), Vec::<&Why>::new(), "asked again");
    let total = questions(&desired).len() + 40;
    assert_eq!(observed.requests, total + 30);

    let world = world(40);
    world.strike(When::Nth(20), Fault::SlowDown(usize::MAX));
    let begun = world.ports().clock.now();
    let observed = seen(&desired, &world, &Watch::default());
    assert!(unknown(&observed).iter().all(|why| matches!(why, Why::Busy(_))));
    assert!(unknown(&observed).len() > 400);
    let took = world.ports().clock.now().duration_since(begun).as_secs();
    assert!((60..200).contains(&took) && observed.requests < total, "{took} s, {} of {total} requests", observed.requests);
    assert_eq!(observed.unasked, 0, "nobody interrupted it");
}

#[test]
fn expired_credentials_end_the_asking_at_once() {
    let (desired, world) = (desired(40), world(40));
    world.strike(When::Nth(100), Fault::Expired);
    let observed = seen(&desired, &world, &Watch::default());
    assert!(observed.requests < 200, "{}", observed.requests);
    assert!(unknown(&observed).iter().all(|why| matches!(why, Why::Credentials(said) if said.contains("ExpiredToken"))));
}

/// One that is always busy holds up nobody else.
#[test]
fn one_busy_bucket_is_one_unknown() {
    let (desired, world) = (desired(3), world(3));
    for _ in 0..3 {
        world.strike(When::Op(Op::Read(ReadOp::BucketTags), "bucket/shop-dr-1".to_owned()), Fault::SlowDown(1));
    }
    let observed = seen(&desired, &world, &Watch::default());
    assert!(matches!(unknown(&observed).as_slice(), [Why::Busy(_)]));
}

#[test]
fn what_is_not_answered_when_it_is_interrupted_is_not_asked() {
    let (desired, world) = (desired(40), world(40));
    let (stop, stopped) = watch::channel(false);
    let total = questions(&desired).len() + 40;
    let note = |answered, _| {
        if answered == 100 {
            stop.send(true).unwrap();
        }
    };
    let observed = seen(&desired, &world, &Watch { stop: Some(stopped), answered: Some(&note) });
    assert_eq!((observed.requests, observed.unasked), (100, total - 100));
    let unknown = unknown(&observed);
    assert!(unknown.iter().all(|why| **why == Why::Interrupted) && !unknown.is_empty());
    let listed = observed.backups.values().filter(|backups| **backups != Fact::Unknown(Why::Interrupted)).count();
    assert_eq!(unknown.len() + 40 - listed, total - 100, "all of them, and no other");
}

#[test]
fn repositories_are_found_by_their_metadata_and_the_walk_is_bounded() {
    let walked = |keys: &[&str]| -> (Vec<String>, bool, usize) {
        let world = world(1);
        for key in keys {
            world.put_object("shop-dr-0", key, b"x");
        }
        let before = world.requests();
        let Search { places, whole } = search(&world.ports(), "shop-dr-0", "orders/").now_or_never().unwrap().unwrap();
        let places = places.iter().map(|place| format!("{} {} {}", place.engine.as_str(), place.base, place.name)).collect();
        (places, whole, world.requests() - before)
    };
    let backrest = ["r/backup/main/1F/pg_data/PG_VERSION", "r/backup/main/backup.info", "r/backup/other/backup.info", "r/archive/main/9-1/0000/x"];
    assert_eq!(walked(&backrest).0, ["pgbackrest r/ main", "pgbackrest r/ other"]);
    // The newest backup of barman is under way: an older one has the metadata.
    let barman = ["a/b/srv/base/20261101T000000/backup.info", "a/b/srv/base/20261102T000000/data.tar", "a/b/srv/wals/0/1"];
    assert_eq!(walked(&barman).0, ["barman-cloud a/b/ srv"]);
    let walg = ["basebackups_005/base_000000010000000000000002/tar/1", "basebackups_005/base_000000010000000000000002_backup_stop_sentinel.json", "wal_005/1"];
    assert_eq!(walked(&walg), (vec!["wal-g  ".to_owned()], true, 2), "neither data nor WAL is listed");
    // Below the prefix the import itself looks; names alone are nothing; backups of lifeboat are not looked into.
    let sentinel = "basebackups_005/base_000000010000000000000002_backup_stop_sentinel.json";
    assert_eq!(
        walked(&[
            &format!("orders/pg/{sentinel}"),
            "x/basebackups_005/y",
            "x/backup/y/z",
            "x/archive/y/z",
            "c/nightly/20261101T000000Z-ab12cd34/manifest.json"
        ])
        .0,
        Vec::<String>::new()
    );
    let deepest = format!("{}{sentinel}", "d/".repeat(DEPTH));
    assert_eq!((walked(&[&deepest]).0.len(), walked(&[&deepest]).1), (1, true));
    let deeper = format!("{}{sentinel}", "d/".repeat(DEPTH + 1));
    assert_eq!((walked(&[&deeper]).0.len(), walked(&[&deeper]).1), (0, false), "what was not looked into is said");
    let many: Vec<String> = (0..2 * LISTINGS).map(|at| format!("{at}/x/y")).collect();
    let (none, whole, asked) = walked(&many.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!((none.len(), whole, asked), (0, false, LISTINGS));
}

#[test]
fn a_repository_with_too_much_metadata_is_unknown_with_the_reason() {
    let listing = |bytes: u64| ObjectInfo {
        key: "wal-g/basebackups_005/base_000000010000000000000002_backup_stop_sentinel.json".to_owned(),
        bytes,
        modified: "2026-11-22T10:00:00Z".parse().unwrap(),
        etag: String::new(),
        class: None,
    };
    let of = |bytes: u64| super::repositories::seen(&[listing(bytes)])[0].metadata.clone();
    assert_eq!(of(1), Fact::Unknown(Why::NotAsked));
    assert!(matches!(of(1 << 40), Fact::Unknown(Why::NotUnderstood(why)) if why.contains("at most 10,000 objects")));
}
