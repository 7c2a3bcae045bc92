//! Repositories of other engines on a real server: read, watched, and expired by a role of their own.

use aws_sdk_s3::Client;

use serde_json::Value;

use super::access::{add_rule, put, rule, s3};
use super::cli::Config;
use super::rights::Wanted::{Allowed, Refused};
use super::rights::{Attempts, assumed};

const SET: &str = "    physical:\n      engine: wal-g\n      prefix: pg/\n      objectives: {rpo: 10m}\n      window: 14d\n      wal: {maxLag: 10m}\n";

fn config(name: &str) -> Config {
    let config = Config::new(name);
    config.edit(
        "  access:\n",
        &format!("{SET}  access:\n    expirer: {{role: shop-{name}-expirer, trust: [{{principal: \"arn:aws:iam::000000000000:user/job\"}}]}}\n"),
    );
    let done = config.lifeboat("applier", &["apply"]);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    config
}

/// A repository by the format of WAL-G's source: a full backup that begins and ends in segment 2, and the WAL from 1 to 8.
async fn repository(admin: &Client, bucket: &str) {
    let name = "orders/pg/basebackups_005/base_000000010000000000000002";
    put(admin, bucket, &format!("{name}/tar_partitions/part_001.tar.br"), vec![0; 1000]).await;
    let sentinel = r#"{"LSN": 33554472, "PgVersion": 150018, "FinishLSN": 33554744, "UncompressedSize": 70381257, "CompressedSize": 1000}"#;
    put(admin, bucket, &format!("{name}_backup_stop_sentinel.json"), sentinel.into()).await;
    for segment in 1..9 {
        put(admin, bucket, &wal(segment), vec![0; 10]).await;
    }
}

fn wal(segment: u8) -> String {
    format!("orders/pg/wal_005/0000000100000000000000{segment:02X}.br")
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| panic!("{text}"))
}

#[tokio::test]
async fn a_physical_set_is_watched_and_never_driven() {
    let config = config("physical");
    let (admin, bucket) = (s3("admin").await, config.bucket());
    let empty = config.lifeboat("admin", &["status"]);
    assert!(empty.code != 0 && empty.out.contains("physical: there is no complete backup"), "{}{}", empty.out, empty.err);

    repository(&admin, &bucket).await;
    let list = config.lifeboat("admin", &["backups", "list", "orders/physical", "--format", "json"]);
    let view = json(&list.out);
    let found = &view["policies"][0]["repositories"][0];
    assert_eq!(
        (list.code, found["set"].as_str(), found["engine"].as_str(), found["segments"].as_u64()),
        (0, Some("physical"), Some("wal-g"), Some(8)),
        "{}",
        list.out
    );
    assert_eq!(found["backups"][0]["state"], "complete", "{}", list.out);
    let status = json(&config.lifeboat("admin", &["status", "--format", "json"]).out);
    let set = status["policies"][0]["sets"].as_array().unwrap().iter().find(|set| set["set"] == "physical").unwrap();
    assert_eq!((set["pitr"]["isKept"].as_bool(), set["points"].as_u64()), (Some(true), Some(1)), "{set}");
    assert!(set["pitr"]["lagSeconds"].as_u64().unwrap() < 600, "{set}");

    admin.delete_object().bucket(&bucket).key(wal(5)).send().await.unwrap();
    let gapped = config.lifeboat("admin", &["backups", "list", "orders/physical"]);
    assert!(gapped.code == 3 && gapped.out.contains("between 000000010000000000000004 and 000000010000000000000006"), "{}{}", gapped.out, gapped.err);
    let status = config.lifeboat("admin", &["status"]);
    assert!(status.out.contains("orders  pitr") && status.out.contains("not restorable inside"), "{}", status.out);
    assert!(status.out.contains("a gap in the WAL lies within the window"), "{}", status.out);

    for command in [&["backup", "orders/physical"][..], &["keep", "orders/physical"], &["backups", "verify", "orders/physical"]] {
        let refused = config.lifeboat("admin", command);
        assert!(refused.code == 1 && refused.err.contains("takes, restores and expires its backups itself"), "{command:?}: {}{}", refused.out, refused.err);
    }
    let plan = config.lifeboat("admin", &["plan"]);
    assert_eq!(plan.code, 0, "nothing is left to do: {}{}", plan.out, plan.err);
}

#[tokio::test]
async fn how_a_moment_of_a_repository_is_restored_is_said_with_its_engines_own_lines() {
    let config = config("moment");
    let (admin, bucket) = (s3("admin").await, config.bucket());
    repository(&admin, &bucket).await;
    let sentinel = r#"{"PgVersion": 150018, "FinishLSN": 33554744, "FinishTime": "2026-11-01T00:00:00Z"}"#;
    put(&admin, &bucket, "orders/pg/basebackups_005/base_000000010000000000000002_backup_stop_sentinel.json", sentinel.into()).await;
    let explain = |at: &str, format: &str| config.lifeboat("admin", &["explain", "restore", "orders/physical", "--at", at, "--format", format]);
    let said = explain("2026-11-01T01:00:00Z", "json");
    let view = json(&said.out);
    assert_eq!((said.code, view["verdict"].as_str(), view["set"].as_str()), (0, Some("ready"), Some("physical")), "{}{}", said.out, said.err);
    assert_eq!(view["pitr"]["engine"], "wal-g", "{view}");
    let lines = view["commands"].to_string();
    assert!(lines.contains("wal-g backup-fetch") && lines.contains("base_000000010000000000000002") && lines.contains("wal-fetch"), "{lines}");
    assert!(lines.contains(&bucket) && lines.contains("recovery_target_time = '2026-11-01 01:00:00"), "{lines}");
    let text = explain("2026-11-01T01:00:00Z", "text");
    assert!(text.code == 0 && text.out.contains("base_000000010000000000000002"), "{}{}", text.out, text.err);
    let before = explain("2026-10-31T00:00:00Z", "text");
    assert_eq!(before.code, 3, "{}{}", before.out, before.err);
    let unnamed = config.lifeboat("admin", &["explain", "restore", "orders", "--at", "1d ago"]);
    assert!(unnamed.code == 1 && unnamed.err.contains("orders/physical"), "a set must be named: {}{}", unnamed.out, unnamed.err);
}

#[tokio::test]
async fn the_expirer_deletes_objects_of_the_repository_and_nothing_else() {
    let config = config("expirer-may-not");
    let (admin, bucket) = (s3("admin").await, config.bucket());
    repository(&admin, &bucket).await;
    let manifest = "orders/nightly/20260101T000000Z/manifest.json";
    put(&admin, &bucket, manifest, b"{}".to_vec()).await;
    let version = |key: String| {
        let head = admin.head_object().bucket(&bucket).key(key);
        async move { head.send().await.unwrap().version_id().unwrap().to_owned() }
    };
    let role = assumed(&format!("arn:aws:iam::000000000000:role/lifeboat/orders/shop-{}-expirer", config.name)).await;
    let mut expirer = Attempts::with("expirer", &role, bucket.clone());
    let (backup, segment) = (version(manifest.to_owned()).await, version(wal(1)).await);
    expirer.destroy(manifest, &backup).await;
    expirer.settings().await;
    expirer.put("write WAL", Refused, &bucket, &wal(9)).await;
    expirer.put("write a backup", Refused, &bucket, "orders/nightly/20260101T000000Z/new").await;
    expirer.get("read a backup of another set", Refused, &bucket, manifest).await;
    expirer.list("list the whole policy", Refused, &bucket, "orders/").await;
    expirer.tag("tag WAL", Refused, &wal(1), "orders/nightly:recent").await;
    expirer.get("read WAL", Allowed, &bucket, &wal(1)).await;
    expirer.list("list the WAL", Allowed, &bucket, "orders/pg/wal_005/").await;
    let delete = expirer.client.delete_object().bucket(&bucket).key(wal(1)).version_id(&segment);
    expirer.of("delete a version of WAL", Refused, delete.send()).await;
    let delete = expirer.client.delete_object().bucket(&bucket).key(wal(1));
    expirer.of("expire WAL", Allowed, delete.send()).await;
    expirer.judged(26);
    // What was expired can be brought back: its version is there.
    let kept = admin.get_object().bucket(&bucket).key(wal(1)).version_id(&segment).send().await;
    assert!(kept.is_ok(), "{kept:?}");
}

#[tokio::test]
async fn a_plan_says_what_a_rule_of_others_takes_from_a_repository() {
    let config = config("physical-plan");
    let (admin, bucket) = (s3("admin").await, config.bucket());
    repository(&admin, &bucket).await;
    add_rule(&admin, &bucket, rule("cleanup", "orders/pg/wal_005/", 9)).await;
    let said = |out: &str| -> Vec<Value> {
        let groups = json(out)["groups"].as_array().unwrap().clone();
        let steps = groups.iter().flat_map(|group| group["steps"].as_array().unwrap().clone()).collect::<Vec<_>>();
        steps.iter().flat_map(|step| step["effects"].as_array().unwrap().clone()).collect()
    };
    let plan = config.lifeboat("admin", &["plan", "--format", "json"]);
    let effects = said(&plan.out);
    let lost = effects.iter().find(|effect| effect["points"] == 1).unwrap_or_else(|| panic!("{}{}", plan.out, plan.err));
    let sentence = lost["sentence"].as_str().unwrap();
    assert!(sentence.starts_with("1 backup and 8 WAL segments of `physical` (") && sentence.contains("(1 of them with WAL that they need)"), "{sentence}");
    assert!(sentence.contains("nothing of it can be restored then; can be undone until "), "{sentence}");
    // What its engine says of the backup is gone from sight: nothing is guessed.
    put(&admin, &bucket, "orders/pg/basebackups_005/base_000000010000000000000002_backup_stop_sentinel.json", b"Salted__".to_vec()).await;
    let effects = said(&config.lifeboat("admin", &["plan", "--format", "json"]).out);
    assert!(effects.iter().any(|effect| effect["sentence"].as_str().unwrap().starts_with("which backups of `physical` go cannot be said")), "{effects:?}");
}
