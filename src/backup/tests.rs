use std::sync::Arc;

use futures_util::FutureExt as _;

use super::*;
use crate::ports::sim::{CALLER, Op, World};

mod silent;

const BUCKET: &str = "backups";
const ID: &str = "20261122T011507Z";

fn world() -> (Arc<World>, Ports) {
    let world = World::at("2026-11-22T01:15:07Z".parse().unwrap());
    world.put_bucket(BUCKET, "eu-west-1");
    let ports = world.ports();
    (world, ports)
}

fn failed() -> Failure {
    Failure { folder: format!("orders/nightly/{ID}/"), says: serde_json::json!({"format": "lifeboat.failed/1"}) }
}

#[tokio::test]
async fn a_mark_says_by_its_name_at_which_step_a_run_failed() {
    let refused = || PortError { what: "PutObject".to_owned(), kind: Kind::Refused, message: "no".to_owned(), maybe_done: false };
    for (error, step) in [
        (BackupError::Store(refused()), "upload"),
        (BackupError::Program { program: "pg_dump", status: "1".to_owned(), stderr: "no".to_owned() }, "dump"),
        (BackupError::Local { what: "compression failed".to_owned(), source: std::io::ErrorKind::OutOfMemory.into() }, "machine"),
        (BackupError::Stopped, "stopped"),
    ] {
        let (_world, ports) = world();
        assert!(mark(&ports, BUCKET, &failed(), error.step()).await);
        let listing = ports.objects.list(BUCKET, "").await.unwrap();
        assert_eq!(listing.iter().map(|object| object.key.as_str()).collect::<Vec<_>>(), [format!("orders/nightly/{ID}/failed-{step}.json")]);
        let body = ports.objects.get(BUCKET, &listing[0].key, 1_000).await.unwrap();
        assert_eq!(serde_json::from_slice::<serde_json::Value>(&body).unwrap(), serde_json::json!({"format": "lifeboat.failed/1", "step": step}));
        let seen = layout::backups("orders/", listing.iter().map(|object| (object.key.as_str(), object.bytes, object.modified)));
        assert_eq!((layout::failed_step(&seen[0]), seen[0].complete), (Some(step), false));
    }
}

#[tokio::test]
async fn a_bucket_that_takes_nothing_takes_no_mark_and_that_is_known() {
    let (world, ports) = world();
    world.refuse(CALLER, Op::Create);
    assert!(!mark(&ports, BUCKET, &failed(), "upload").await);
    assert!(ports.objects.list(BUCKET, "").await.unwrap().is_empty());
}

#[test]
fn nobody_waits_longer_for_a_mark_than_its_time() {
    let (_world, ports) = world();
    let silent = Ports { objects: Arc::new(silent::Silent), ..ports };
    let before = silent.clock.now();
    assert_eq!(mark(&silent, BUCKET, &failed(), "upload").now_or_never(), Some(false), "a bucket that never answers");
    assert_eq!(silent.clock.now().duration_since(before).as_secs(), 10);
}
