//! The catalogue and the keeper on a real server: roles of their own, tags as they really are.

use std::collections::BTreeMap;

use aws_sdk_s3::Client;
use aws_sdk_s3::types::{ObjectLockLegalHoldStatus, Tag, Tagging};
use serde_json::Value;

use super::access::{get, keys, put, s3};
use super::stage::Stage;
use super::toll::Toll;

const SMALL: &str = "CREATE TABLE one (id int PRIMARY KEY, word text); INSERT INTO one SELECT n, 'word ' || n FROM generate_series(1, 100) n;";
const MONTHLY: &str = "orders/nightly:monthly";

/// A stage whose keeper keeps only the newest complete backup by its count.
fn stage(name: &str) -> Stage {
    let stage = Stage::new(name, SMALL);
    stage.config.edit("monthly: 12}", "monthly: 12, keepLast: 1}");
    stage
}

/// Copies a backup under another id, as if it had been taken then and brought here today.
async fn imported(admin: &Client, stage: &Stage, from: &str, id: &str, day: &str) {
    let bucket = stage.config.bucket();
    for key in keys(admin, &bucket, &format!("orders/nightly/{from}/")).await {
        let mut body = get(admin, &bucket, &key).await;
        if key.ends_with("manifest.json") {
            let mut manifest: Value = serde_json::from_slice(&body).unwrap();
            manifest["id"] = id.into();
            for field in ["startedAt", "snapshotAt", "finishedAt"] {
                manifest[field] = format!("{day}T02:15:00Z").into();
            }
            body = manifest.to_string().into_bytes();
        }
        put(admin, &bucket, &key.replace(from, id), body).await;
    }
}

async fn tags(client: &Client, bucket: &str, key: &str) -> BTreeMap<String, String> {
    let answer = client.get_object_tagging().bucket(bucket).key(key).send().await.unwrap();
    answer.tag_set().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect()
}

async fn tag(client: &Client, bucket: &str, key: &str, tags: &[(&str, &str)]) {
    let tags = tags.iter().map(|(key, value)| Tag::builder().key(*key).value(*value).build().unwrap()).collect();
    let tagging = Tagging::builder().set_tag_set(Some(tags)).build().unwrap();
    client.put_object_tagging().bucket(bucket).key(key).tagging(tagging).send().await.unwrap();
}

/// The release tags of all objects of a backup.
async fn released(client: &Client, stage: &Stage, id: &str) -> Vec<Option<String>> {
    let bucket = stage.config.bucket();
    let mut out = Vec::new();
    for key in keys(client, &bucket, &format!("orders/nightly/{id}/")).await {
        out.push(tags(client, &bucket, &key).await.remove("lifeboat-expire"));
    }
    assert!(out.len() >= 4, "{id}: {out:?}");
    out.dedup();
    out
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| panic!("{text}"))
}

#[tokio::test]
async fn the_keeper_releases_by_tag_and_a_hold_keeps_it_away() {
    let stage = stage("keep");
    let (admin, bucket) = (s3("admin").await, stage.config.bucket());
    let first = stage.backup()["backup"].as_str().unwrap().to_owned();
    let (monthly, recent) = ("20261001T021500Z", "20261001T031500Z");
    imported(&admin, &stage, &first, monthly, "2026-10-01").await;
    imported(&admin, &stage, &first, recent, "2026-10-01").await;
    let last = stage.backup()["backup"].as_str().unwrap().to_owned();
    let dump = keys(&admin, &bucket, &format!("orders/nightly/{monthly}/")).await.into_iter().find(|key| key.contains("dump")).unwrap();
    tag(&admin, &bucket, &dump, &[("cost-centre", "4711")]).await;

    let dry = stage.run("keeper", &["keep", "--dry-run"]);
    assert_eq!(dry.code, 4, "{}{}", dry.out, dry.err);
    let dry = json(&stage.run("keeper", &["keep", "--dry-run", "--format", "json"]).out);
    let toll = Toll::new();
    let plan = stage.with("admin", &["plan", "--format", "json"], &[("AWS_ENDPOINT_URL", &toll.endpoint)]);
    let arrived = toll.asked();
    assert_eq!(json(&plan.out)["requests"], arrived.len(), "every request that the server saw: {arrived:#?}");
    assert!(arrived.iter().any(|line| line.starts_with("GET") && line.contains("manifest.json")), "what is read for releases too: {arrived:#?}");
    let said = &json(&plan.out)["releases"][0];
    let of = |steps: &Value, name: &str| steps.as_array().unwrap().iter().map(|step| (step[name].to_string(), step["to"].clone())).collect::<Vec<_>>();
    let foretold: Vec<_> = of(&said["steps"], "id").into_iter().map(|(id, to)| (id.replace("backup-release@", ""), to)).collect();
    assert!(!foretold.is_empty() && foretold == of(&dry["sets"][0]["steps"], "backup"), "{said:#}");
    assert!(said["unknown"].is_null() && plan.code == 0, "a release comes with time and is no difference: {} {said:#}", plan.code);
    assert_eq!(released(&admin, &stage, monthly).await, [None]);
    let done = stage.run("keeper", &["keep", "orders/nightly", "--format", "json"]);
    let view = json(&done.out);
    assert_eq!((done.code, view["sets"][0]["steps"].as_array().unwrap().len()), (0, 2), "{}{}", done.out, done.err);
    assert!(view["evidence"].is_string(), "{view}");
    assert_eq!(released(&admin, &stage, monthly).await, [Some(MONTHLY.to_owned())]);
    assert_eq!(released(&admin, &stage, recent).await, [Some("orders/nightly:recent".to_owned())]);
    assert_eq!(tags(&admin, &bucket, &dump).await.get("cost-centre").map(String::as_str), Some("4711"), "others' tags stay");
    for kept in [&first, &last] {
        assert_eq!(released(&admin, &stage, kept).await, [None], "{view}");
    }
    let again = stage.run("keeper", &["keep"]);
    assert!(again.code == 0 && again.out.contains("every tag is as it should be"), "{}{}", again.out, again.err);

    // A tag that somebody took off one object comes back, and a missing manifest tag is what it begins anew by.
    tag(&admin, &bucket, &dump, &[("cost-centre", "4711")]).await;
    let repaired = stage.run("keeper", &["keep", "--recheck"]);
    assert!(repaired.code == 0 && repaired.out.contains("1 step done"), "{}{}", repaired.out, repaired.err);
    assert_eq!(released(&admin, &stage, monthly).await, [Some(MONTHLY.to_owned())]);

    let name = format!("orders/nightly/{monthly}");
    let held = stage.run("admin", &["hold", &name, "--until", "2099-12-31", "--reason", "audit of 2026"]);
    assert_eq!(held.code, 0, "{}{}", held.out, held.err);
    assert_eq!(released(&admin, &stage, monthly).await, [None]);
    let kept = stage.run("keeper", &["keep", "--format", "json"]);
    assert_eq!((kept.code, &json(&kept.out)["sets"][0]["kept"]["held"]), (0, &1.into()), "{}{}", kept.out, kept.err);
    let shown = stage.run("admin", &["backups", "show", &name]);
    assert!(shown.code == 0 && shown.out.contains("held until 2100-01-01T00:00:00Z"), "{}{}", shown.out, shown.err);
    assert_eq!(stage.run("admin", &["hold", &name, "--lift"]).code, 0);
    assert_eq!(stage.run("keeper", &["keep"]).code, 0);
    assert_eq!(released(&admin, &stage, monthly).await, [Some(MONTHLY.to_owned())]);
    let chain = stage.run("admin", &["evidence", "verify"]);
    assert_eq!(chain.code, 0, "{}{}", chain.out, chain.err);

    // One key of somebody else that XML cannot write hides nothing, is told as it is, and moves no cursor.
    let odd = "orders/odd\u{1b}[31m a+b%2Fc";
    put(&admin, &bucket, odd, b"theirs".to_vec()).await;
    let listed = stage.run("admin", &["backups", "list", "--format", "json"]);
    assert_eq!(listed.code, 0, "{}{}", listed.out, listed.err);
    assert_eq!(json(&listed.out)["policies"][0]["foreign"]["first"], serde_json::json!([odd]));
    let listed = stage.run("admin", &["backups", "list"]);
    assert!(listed.code == 0 && !listed.out.contains('\u{1b}') && listed.out.contains("orders/odd\u{fffd}[31m a+b%2Fc"), "{}", listed.out);
}

#[tokio::test]
async fn what_would_go_earlier_than_its_tag_promises_waits_for_a_person() {
    let stage = stage("earlier");
    let (admin, bucket) = (s3("admin").await, stage.config.bucket());
    let first = stage.backup()["backup"].as_str().unwrap().to_owned();
    let (monthly, recent) = ("20261001T021500Z", "20261001T031500Z");
    imported(&admin, &stage, &first, monthly, "2026-10-01").await;
    imported(&admin, &stage, &first, recent, "2026-10-01").await;
    stage.backup();
    for key in keys(&admin, &bucket, &format!("orders/nightly/{recent}/")).await {
        tag(&admin, &bucket, &key, &[("lifeboat-expire", MONTHLY)]).await;
    }
    let held = stage.run("keeper", &["keep"]);
    let leave = format!("--allow-earlier orders/nightly/{recent}");
    assert!(held.code == 5 && held.out.contains(&leave) && held.out.contains("earlier than its tag promises"), "{}{}", held.out, held.err);
    assert_eq!(released(&admin, &stage, recent).await, [Some(MONTHLY.to_owned())]);
    let name = format!("orders/nightly/{recent}");
    let allowed = stage.run("keeper", &["keep", "--allow-earlier", &name]);
    assert_eq!(allowed.code, 0, "{}{}", allowed.out, allowed.err);
    assert_eq!(released(&admin, &stage, recent).await, [Some("orders/nightly:recent".to_owned())]);
    // Without the bucket's rule nobody knows what a tag means.
    admin.delete_bucket_lifecycle().bucket(&bucket).send().await.unwrap();
    tag(&admin, &bucket, &format!("{name}/manifest.json"), &[]).await;
    let blind = stage.run("keeper", &["keep"]);
    assert!(blind.code == 5 && blind.out.contains("the bucket has no rule for this tag"), "{}{}", blind.out, blind.err);
}

#[tokio::test]
async fn an_expired_backup_is_brought_back_and_does_not_go_again() {
    let stage = stage("undelete");
    let (admin, bucket) = (s3("admin").await, stage.config.bucket());
    let first = stage.backup()["backup"].as_str().unwrap().to_owned();
    let old = "20261001T031500Z";
    imported(&admin, &stage, &first, old, "2026-10-01").await;
    stage.backup();
    assert_eq!(stage.run("keeper", &["keep"]).code, 0);
    let before = keys(&admin, &bucket, &format!("orders/nightly/{old}/")).await;
    for key in &before {
        admin.delete_object().bucket(&bucket).key(key).send().await.unwrap();
    }
    let name = format!("orders/nightly/{old}");
    assert_eq!(stage.run("admin", &["backups", "show", &name]).code, 1);
    let back = stage.run("admin", &["undelete", &name, "--until", "2099-12-31", "--reason", "needed after all", "--format", "json"]);
    assert_eq!(back.code, 0, "{}{}", back.out, back.err);
    assert_eq!(json(&back.out)["broughtBack"], before.len());
    assert_eq!(keys(&admin, &bucket, &format!("orders/nightly/{old}/")).await, before);
    assert_eq!(released(&admin, &stage, old).await, [None]);
    let verified = stage.run("restorer", &["backups", "verify", &name]);
    assert!(verified.code == 0 && verified.out.contains("every byte of 1 backup is as its manifest says"), "{}{}", verified.out, verified.err);
    assert_eq!(stage.run("keeper", &["keep"]).code, 0);
    assert_eq!(released(&admin, &stage, old).await, [None], "it is held");
}

#[tokio::test]
async fn a_hold_in_a_locked_bucket_is_a_legal_hold_and_no_person_gets_past_it() {
    let stage = stage("locked");
    let (admin, bucket) = (s3("admin").await, stage.config.bucket());
    stage.config.edit("    prefix: orders/\n", "    prefix: orders/\n    objectLock: {mode: governance, days: 1}\n");
    let locked = stage.run("applier", &["apply", "--allow", &format!("locks-for-good@bucket/{bucket}")]);
    assert_eq!(locked.code, 0, "{}{}", locked.out, locked.err);
    let id = stage.backup()["backup"].as_str().unwrap().to_owned();
    let name = format!("orders/nightly/{id}");
    let all = keys(&admin, &bucket, &format!("{name}/")).await;
    let legal = async |key: &str| admin.get_object_legal_hold().bucket(&bucket).key(key).send().await.unwrap().legal_hold().unwrap().status().cloned();

    let held = stage.run("admin", &["hold", &name, "--until", "2099-12-31", "--reason", "audit of 2026", "--format", "json"]);
    assert_eq!((held.code, &json(&held.out)["legalHold"]), (0, &"on, for every object".into()), "{}{}", held.out, held.err);
    for key in &all {
        assert_eq!(legal(key).await, Some(ObjectLockLegalHoldStatus::On), "{key}");
    }
    let version = admin.head_object().bucket(&bucket).key(&all[0]).send().await.unwrap().version_id().unwrap().to_owned();
    let destroy = || admin.delete_object().bucket(&bucket).key(&all[0]).version_id(&version).bypass_governance_retention(true).send();
    destroy().await.unwrap_err();

    // An expiry lays its marker over what is locked; the bytes stay, and come back.
    for key in &all {
        admin.delete_object().bucket(&bucket).key(key).send().await.unwrap();
    }
    let back = stage.run("admin", &["undelete", &name, "--until", "2099-12-31", "--reason", "needed after all", "--format", "json"]);
    assert_eq!((back.code, &json(&back.out)["broughtBack"]), (0, &all.len().into()), "{}{}", back.out, back.err);
    let verified = stage.run("restorer", &["backups", "verify", &name]);
    assert_eq!(verified.code, 0, "{}{}", verified.out, verified.err);

    let lifted = stage.run("admin", &["hold", &name, "--lift", "--format", "json"]);
    assert_eq!((lifted.code, &json(&lifted.out)["legalHold"]), (0, &"off, for every object".into()), "{}{}", lifted.out, lifted.err);
    for key in &all {
        assert_eq!(legal(key).await, Some(ObjectLockLegalHoldStatus::Off), "{key}");
    }
    destroy().await.unwrap();
}

#[tokio::test]
async fn backups_are_listed_with_what_is_odd_and_damage_is_found() {
    let stage = stage("catalogue");
    let (admin, bucket) = (s3("admin").await, stage.config.bucket());
    let id = stage.backup()["backup"].as_str().unwrap().to_owned();
    imported(&admin, &stage, &id, "20991001T021500Z", "2099-10-01").await;
    put(&admin, &bucket, "orders/nightly/20261001T021500Z/begun.json", b"{}".to_vec()).await;
    put(&admin, &bucket, "orders/nightly/notes.txt", b"hello".to_vec()).await;
    let repository = include_str!("../../data/engines/pgbackrest-keys-seaweedfs.txt");
    for key in repository.lines().filter_map(|line| line.split_whitespace().nth(2)).filter(|key| !key.contains("000000010000000000000007-")) {
        let info = include_bytes!("../../data/engines/pgbackrest-backup.info");
        let body = if key.ends_with("/backup.info") { info.to_vec() } else { b"x".to_vec() };
        put(&admin, &bucket, &format!("orders/{key}"), body).await;
    }
    let listed = stage.run("admin", &["backups", "list", "orders", "--format", "json"]);
    assert_eq!(listed.code, 3, "a refused backup is a finding: {}{}", listed.out, listed.err);
    let view = json(&listed.out);
    let shelf = &view["policies"][0];
    assert_eq!((&shelf["states"]["complete"], &shelf["states"]["refused"], &shelf["states"]["running"]), (&1.into(), &1.into(), &1.into()), "{shelf:#}");
    assert_eq!(shelf["foreign"]["first"], serde_json::json!(["orders/nightly/notes.txt"]));
    let found = &shelf["repositories"][0];
    assert_eq!((&found["engine"], found["backups"].as_array().unwrap().len()), (&"pgbackrest".into(), 3), "{found:#}");
    assert_eq!(found["gaps"], serde_json::json!([["000000010000000000000006", "000000010000000000000008"]]));
    assert!(shelf["backups"][0]["why"].as_str().unwrap().contains("dated after itself"), "{shelf:#}");
    assert_eq!(stage.run("restorer", &["backups", "verify", &format!("orders/nightly/{id}")]).code, 0);
    let dump = keys(&admin, &bucket, &format!("orders/nightly/{id}/")).await.into_iter().find(|key| key.contains("dump")).unwrap();
    let mut bytes = get(&admin, &bucket, &dump).await;
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    put(&admin, &bucket, &dump, bytes).await;
    let damaged = stage.run("restorer", &["backups", "verify", &format!("orders/nightly/{id}")]);
    assert!(damaged.code == 3 && damaged.out.contains("stored bytes changed"), "{}{}", damaged.out, damaged.err);
}
