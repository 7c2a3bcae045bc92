//! What brings a moment back, asked of real servers; the commands that it prints are run.

use jiff::Timestamp;
use lifeboat::ports::Clock as _;
use lifeboat::ports::system::SystemClock;
use serde_json::Value;

use super::access::{add_rule, keys, rule, s3};
use super::cli::Ran;
use super::stage::{Stage, create_database, sql, until, url};
use crate::formats::{complaints, published};

const SMALL: &str = "CREATE TABLE one (id int PRIMARY KEY, word text); INSERT INTO one SELECT n, 'word ' || n FROM generate_series(1, 100) n;";

/// A whole second that is over, and was not when this was called.
fn until_the_next_second() -> Timestamp {
    let now = SystemClock.now().as_second();
    until("two seconds are over", || (SystemClock.now().as_second() >= now + 2).then_some(()));
    Timestamp::from_second(now + 1).unwrap()
}

fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("exit {}: {}{}", ran.code, ran.out, ran.err))
}

/// The words of a printed command that begins with `lifeboat`.
fn words(line: &str) -> Vec<&str> {
    let words: Vec<&str> = line.split(' ').collect();
    assert_eq!(words[0], "lifeboat", "{line}");
    words[1..].to_vec()
}

#[test]
fn a_moment_is_explained_and_the_printed_command_brings_it_back() {
    let stage = Stage::new("asked", SMALL);
    let first = stage.backup();
    let (code, _) = stage.drill(&[]);
    assert_eq!(code, 0);
    stage.sql("DELETE FROM one WHERE id > 10");
    let second = stage.backup();
    let at = first["finishedAt"].as_str().unwrap();
    let said = stage.run("restorer", &["explain", "restore", "orders", "--at", at, "--format", "json"]);
    let view = json(&said);
    assert_eq!(complaints(&published("explain-restore"), &view), Vec::<String>::new());
    assert_eq!((said.code, &view["verdict"], &view["backup"]["id"]), (0, &"ready".into(), &first["backup"]), "{view:#}");
    assert_eq!((&view["after"]["id"], &view["before"]), (&second["backup"], &Value::Null));
    assert!(view["backup"]["verifiedAt"].is_string() && view["estimate"]["by"] == "drill", "{view:#}");
    assert_eq!(view["backup"]["objects"].as_array().unwrap().len(), 3, "{view:#}");
    let name = format!("{}_target", stage.database);
    create_database(&name);
    let line = view["commands"].as_array().unwrap().last().unwrap()["line"].as_str().unwrap();
    let target = url("LIFEBOAT_TEST_PG_ADMIN_URL", &name);
    let restored = stage.with("restorer", &[words(line), vec!["--yes"]].concat(), &[("TARGET_URL", &target)]);
    assert_eq!(restored.code, 0, "{}{}", restored.out, restored.err);
    assert_eq!(sql(&name, "SELECT count(*) FROM one"), "100", "as it was at that moment");

    // AWS's prices are not those of this server; a price list of one's own is.
    assert_eq!((&view["reading"]["date"], &view["reading"]["ways"]), (&Value::Null, &serde_json::json!([])), "{view:#}");
    let list = r#"{"format":"lifeboat.prices/1","currency":"EUR","regions":{"REGION":{"date":"2026-11-01","source":"ours","classes":{"STANDARD":{"storage":"999999"}}}}}"#;
    let region = view["reading"]["region"].as_str().unwrap();
    std::fs::write(stage.config.path().join("prices.json"), list.replace("REGION", region)).unwrap();
    let status = stage.run("admin", &["status"]);
    assert!(status.out.contains(" in STANDARD\n") && status.out.contains("are not known: not in the cost of orders"), "{}{}", status.out, status.err);
    let status = stage.run("admin", &["status", "--prices", "prices.json"]);
    let dated = format!(" EUR a month without noncurrent versions, by list prices ({region} of 2026-11-01)");
    assert!(status.out.replace('\n', " ").contains(&dated), "{}{}", status.out, status.err);
    let wrong = stage.run("admin", &["status", "--prices", "lifeboat.yaml"]);
    assert!(wrong.code == 1 && wrong.err.contains("the prices in lifeboat.yaml cannot be used"), "{}{}", wrong.out, wrong.err);

    // The restorer may list versions: none of them is an expired backup.
    let none = stage.run("restorer", &["explain", "restore", "orders/nightly", "--at", "2h ago"]);
    assert!(none.code == 3 && none.out.contains("no: no backup of that moment or before is left"), "{}{}", none.out, none.err);
    let later = stage.run("restorer", &["explain", "restore", "orders", "--at", "in 2h"]);
    assert!(later.code == 1 && later.err.contains("is still to come"), "{}{}", later.out, later.err);
    let wrong = stage.run("restorer", &["explain", "restore", "orders", "--at", "2026-11-22"]);
    assert!(wrong.code == 2 && wrong.err.contains("add a time of day"), "{}{}", wrong.out, wrong.err);
    let blind = stage.run("writer", &["explain", "restore", "orders", "--at", "0s ago"]);
    assert_eq!(blind.code, 1, "the writer may not list: {}{}", blind.out, blind.err);
}

#[tokio::test]
async fn an_expired_backup_that_is_nearer_is_named_and_its_command_brings_it_back() {
    let stage = Stage::new("asked-again", SMALL);
    let (admin, bucket) = (s3("admin").await, stage.config.bucket());
    let first = stage.backup();
    let second = stage.backup();
    // S3's dates are whole seconds: what is deleted is so in a later one.
    let whole = until_the_next_second();
    for key in keys(&admin, &bucket, &format!("orders/nightly/{}/", second["backup"].as_str().unwrap())).await {
        admin.delete_object().bucket(&bucket).key(&key).send().await.unwrap();
    }
    let points = |at: &str| {
        let said = stage.run("admin", &["status", "--at", at, "--format", "json"]);
        let view = json(&said);
        assert_eq!(complaints(&published("status"), &view), Vec::<String>::new());
        (view["policies"][0]["points"].as_u64(), view["asOf"]["side"].as_str().map(str::to_owned))
    };
    assert_eq!(points(&whole.to_string()), (Some(2), Some("before".to_owned())), "what expired since was there then");
    // A backup can begin and end within one of S3's seconds.
    let began: jiff::Timestamp = first["startedAt"].as_str().unwrap().parse().unwrap();
    let before = began.checked_sub(jiff::SignedDuration::from_secs(1)).unwrap();
    assert_eq!(points(&before.to_string()), (Some(0), Some("before".to_owned())));
    assert_eq!(points("in 400d"), (Some(1), Some("after".to_owned())), "nothing released it");
    let ask = || stage.run("admin", &["explain", "restore", "orders", "--at", "0s ago", "--format", "json"]);
    let said = ask();
    let view = json(&said);
    assert_eq!((said.code, &view["backup"]["id"], &view["expired"][0]["id"]), (0, &first["backup"], &second["backup"]), "{view:#}");
    assert_eq!(view["estimate"], Value::Null, "no drill has measured it");
    let command = view["expired"][0]["command"].as_str().unwrap();
    let (line, reason) = command.split_once(" --reason ").unwrap();
    let back = stage.run("admin", &[words(line), vec!["--reason", reason.trim_matches('"')]].concat());
    assert_eq!(back.code, 0, "{}{}", back.out, back.err);
    assert_eq!(json(&ask())["backup"]["id"], second["backup"]);
    for id in [&first, &second].map(|view| view["backup"].as_str().unwrap()) {
        for key in keys(&admin, &bucket, &format!("orders/nightly/{id}/")).await {
            admin.delete_object().bucket(&bucket).key(&key).send().await.unwrap();
        }
    }
    let gone = ask();
    let view = json(&gone);
    assert_eq!((gone.code, &view["verdict"], &view["commands"][0]["what"]), (5, &"undelete".into(), &"bring it back".into()), "{view:#}");
}

#[tokio::test]
async fn a_play_begins_with_what_is_there_and_by_the_rules_that_are_there() {
    let stage = Stage::new("ahead", SMALL);
    let id = stage.backup()["backup"].as_str().unwrap().to_owned();
    assert_eq!(stage.drill(&[]).0, 0);
    let (admin, bucket) = (s3("admin").await, stage.config.bucket());
    let live = || stage.run("admin", &["simulate", "orders", "--live", "--days", "60", "--format", "json"]);
    let whole = live();
    let view = json(&whole);
    assert_eq!(complaints(&published("simulate"), &view), Vec::<String>::new());
    assert_eq!((whole.code, &view["live"], &view["broken"]), (0, &true.into(), &0.into()), "{view:#}");
    let first = &view["sets"][0]["days"][0];
    assert_eq!((&first["points"]["kept"], &first["verified"]), (&1.into(), &1.into()), "{first}");

    add_rule(&admin, &bucket, rule("cleanup", "", 3)).await;
    let broken = live();
    let view = json(&broken);
    let invariants = view["sets"][0]["invariants"].as_array().unwrap();
    let daily = invariants.iter().find(|invariant| invariant["id"] == "daily-kept").unwrap();
    let cause = daily["broken"]["cause"].as_str().unwrap_or_default();
    assert!(broken.code == 3 && cause.starts_with(&format!("{id} was never released, and rule `cleanup` ended it on ")), "{daily:#}");
    let planned = stage.run("admin", &["simulate", "orders", "--days", "60"]);
    assert_eq!(planned.code, 0, "the policy alone knows nothing of that rule: {}{}", planned.out, planned.err);
    let text = stage.run("admin", &["simulate", "orders", "--live", "--days", "60"]);
    assert!(text.code == 3 && text.out.contains("60 days from ") && text.out.contains(" · with what is in the buckets\n"), "{}{}", text.out, text.err);
}
