use futures_util::FutureExt as _;

use super::*;
use crate::compile::compile;
use crate::model::resource::SeenRepository;
use crate::ops::repositories;
use crate::policy::{self, ConfigFile};
use crate::ports::sim::{CALLER, Op, World};

const POLICY: &str = include_str!("../../../examples/quickstart/config/policies/orders.yaml");

#[test]
fn what_a_listing_showed_of_a_repository_is_not_listed_again() {
    let text = POLICY.replacen("  backups:\n", "  backups:\n    physical: {engine: wal-g, prefix: pg/}\n", 1);
    let loaded = policy::load(&[ConfigFile { path: "policies/orders.yaml".to_owned(), bytes: text.into_bytes() }]);
    assert!(loaded.findings.is_empty(), "{:?}", loaded.findings);
    let (desired, _) = compile(&loaded, &[]);
    let storage = &loaded.policies[0].policy.spec.storage;
    let world = World::at("2026-11-22T12:00:00Z".parse().unwrap());
    world.put_bucket(&storage.bucket, &storage.region);
    let ports = world.ports();
    for key in ["basebackups_005/base_000000010000000000000002_backup_stop_sentinel.json", "wal_005/000000010000000000000002.br"] {
        let key = format!("{}pg/{key}", storage.prefix);
        ports.objects.create(&storage.bucket, &key, b"{}".to_vec()).now_or_never().unwrap().unwrap();
    }
    let seen = observe::observe_only(&desired, &ports, Fact::Absent, &[], false).now_or_never().unwrap();
    let read = |stored: &BTreeMap<String, Vec<SeenRepository>>| {
        let mut found = repositories::now(&ports, &loaded.policies, stored).now_or_never().unwrap();
        found.remove(&("orders".to_owned(), "physical".to_owned())).unwrap()
    };
    let (listed, none) = (read(&BTreeMap::new()), BTreeMap::new());
    assert!(matches!(&listed, Fact::Known(found) if found.backups.len() == 1 && found.segments == 1), "{listed:?}");
    world.refuse(CALLER, Op::List);
    assert!(matches!(read(&none), Fact::Unknown(_)), "listing is refused now");
    assert_eq!(read(&seen.stored), listed);
}
