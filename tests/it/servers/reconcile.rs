//! Plan and apply on real servers: what is missing is made, then nothing is left to do; drift is said and mended.

use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};

use super::access::{add_rule, rule, s3};
use super::cli::Config;

fn applied(name: &str) -> Config {
    let config = Config::new(name);
    let done = config.lifeboat("applier", &["apply"]);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    config
}

#[test]
fn what_is_missing_is_made_and_then_nothing_is_left_to_do() {
    let config = Config::new("new");
    let plan = config.lifeboat("planner", &["plan"]);
    assert_eq!(plan.code, 4, "{}{}", plan.out, plan.err);
    assert!(plan.out.contains("13 to add · exit 4: changes are pending"), "{}", plan.out);
    let done = config.lifeboat("applier", &["apply"]);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    assert!(done.out.contains("13 steps done · exit 0"), "{}", done.out);
    let journal = std::fs::read_to_string(config.journals().first().unwrap()).unwrap();
    assert_eq!(journal.lines().count(), 28, "each step before and after it is sent, the beginning and the end");
    let again = config.lifeboat("planner", &["plan"]);
    assert_eq!(again.code, 0, "{}{}", again.out, again.err);
    assert!(again.out.ends_with("everything is as the policies say · exit 0\n"), "{}", again.out);
    let nothing = config.lifeboat("applier", &["apply"]);
    assert_eq!((nothing.code, config.journals().len()), (0, 1), "nothing to do writes no journal");
}

#[tokio::test]
async fn drift_behind_lifeboats_back_is_said_in_recovery_terms() {
    let config = applied("drift");
    let client = s3("admin").await;
    let suspended = VersioningConfiguration::builder().status(BucketVersioningStatus::Suspended).build();
    client.put_bucket_versioning().bucket(config.bucket()).versioning_configuration(suspended).send().await.unwrap();
    add_rule(&client, &config.bucket(), rule("cleanup", "", 3)).await;

    let plan = config.lifeboat("planner", &["plan"]);
    assert_eq!(plan.code, 5, "{}{}", plan.out, plan.err);
    assert!(plan.out.contains("Suspended → Enabled"), "{}", plan.out);
    assert!(plan.out.contains("`cleanup`, not ours, expires every backup of `orders` 3 d after it was written"), "{}", plan.out);
    let leave = format!("removes-foreign-rule@bucket/{}", config.bucket());
    assert!(plan.out.contains(&format!("--allow {leave}")), "{}", plan.out);

    // What needs no leave is mended at once, and the foreign rule stays element for element.
    let done = config.lifeboat("applier", &["apply"]);
    assert_eq!(done.code, 5, "{}{}", done.out, done.err);
    let after = client.get_bucket_lifecycle_configuration().bucket(config.bucket()).send().await.unwrap();
    assert!(after.rules().iter().any(|rule| rule.id() == Some("cleanup")));
    let versioning = client.get_bucket_versioning().bucket(config.bucket()).send().await.unwrap();
    assert_eq!(versioning.status(), Some(&BucketVersioningStatus::Enabled));

    let done = config.lifeboat("applier", &["apply", "--allow", &leave]);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    let after = client.get_bucket_lifecycle_configuration().bucket(config.bucket()).send().await.unwrap();
    assert!(after.rules().iter().all(|rule| rule.id().unwrap().starts_with("lifeboat/")));
    assert_eq!(config.lifeboat("planner", &["plan"]).code, 0);
}

#[test]
fn weakening_needs_a_person() {
    let config = applied("weaken");
    config.edit("daily: 14", "daily: 7");
    let plan = config.lifeboat("planner", &["plan"]);
    assert_eq!(plan.code, 5, "{}{}", plan.out, plan.err);
    assert!(plan.out.contains("orders/nightly:daily expires after 8 d instead of 15 d"), "{}", plan.out);
    let held = config.lifeboat("applier", &["apply"]);
    assert_eq!(held.code, 5, "{}{}", held.out, held.err);
    assert!(config.journals().len() == 1, "nothing was sent");
    let leave = format!("shortens-retention@bucket/{}", config.bucket());
    assert_eq!(config.lifeboat("applier", &["apply", "--allow", &leave]).code, 0);
    assert_eq!(config.lifeboat("planner", &["plan"]).code, 0);
}

/// ministack fills aws:PrincipalArn: the applier is named and stays within reach, and what others wrote into the policy stays.
#[tokio::test]
async fn the_bucket_policy_is_merged_and_locks_the_settings() {
    let config = applied("guard");
    let (admin, bucket) = (s3("admin").await, config.bucket());
    let theirs = format!(
        r#"{{"Version": "2012-10-17", "Statement": {{"Sid": "Theirs", "Effect": "Deny", "Principal": {{"AWS": "000000000000"}}, "Action": "s3:DeleteBucketWebsite", "Resource": "arn:aws:s3:::{bucket}"}}}}"#
    );
    admin.put_bucket_policy().bucket(&bucket).policy(theirs).send().await.unwrap();
    let guard = "    transport: {tlsOnly: false, minTls: \"1.2\"}\n    settingsChangedBy: [\"arn:aws:iam::000000000000:user/applier\"]\n";
    config.edit("    prefix: orders/\n", &format!("    prefix: orders/\n{guard}"));
    let done = config.lifeboat("applier", &["apply"]);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    let again = config.lifeboat("planner", &["plan"]);
    assert_eq!(again.code, 0, "{}{}", again.out, again.err);
    let live = admin.get_bucket_policy().bucket(&bucket).send().await.unwrap();
    let live: serde_json::Value = serde_json::from_str(live.policy().unwrap()).unwrap();
    let sids: Vec<&str> = live["Statement"].as_array().unwrap().iter().filter_map(|statement| statement["Sid"].as_str()).collect();
    assert_eq!((sids.len(), sids.contains(&"Theirs"), sids.contains(&"LifeboatSettingsByApplier")), (3, true, true), "{sids:?}");
    // One refusal less is held, whoever asks.
    config.edit("{tlsOnly: false, minTls: \"1.2\"}", "{tlsOnly: false}");
    let held = config.lifeboat("applier", &["apply"]);
    assert_eq!(held.code, 5, "{}{}", held.out, held.err);
    let leave = format!("weakens-bucket-policy@bucket/{bucket}");
    assert_eq!(config.lifeboat("applier", &["apply", "--allow", &leave]).code, 0);
    assert_eq!(config.lifeboat("planner", &["plan"]).code, 0);
    // TLS only would lock everybody out of an endpoint without TLS.
    config.edit("{tlsOnly: false}", "{tlsOnly: true}");
    let locked = config.lifeboat("planner", &["plan"]);
    assert!(locked.code == 1 && locked.err.contains("nobody could reach the bucket any more"), "{}{}", locked.out, locked.err);
}

/// What cannot be undone is asked for, once; the log goes where the policy says.
#[tokio::test]
async fn a_lock_is_never_put_on_a_bucket_by_surprise() {
    let config = applied("lock");
    let (admin, bucket) = (s3("admin").await, config.bucket());
    let protection = "    objectLock: {mode: governance, days: 1}\n    accessLog: {bucket: shop-dr-control, prefix: log/lock/}\n";
    config.edit("    prefix: orders/\n", &format!("    prefix: orders/\n{protection}"));
    let held = config.lifeboat("applier", &["apply"]);
    assert_eq!(held.code, 5, "{}{}", held.out, held.err);
    let logging = admin.get_bucket_logging().bucket(&bucket).send().await.unwrap();
    assert_eq!(logging.logging_enabled().map(|log| (log.target_bucket(), log.target_prefix())), Some(("shop-dr-control", "log/lock/")));
    assert!(admin.get_object_lock_configuration().bucket(&bucket).send().await.is_err(), "nothing is locked without leave");
    let leave = format!("locks-for-good@bucket/{bucket}");
    let plan = config.lifeboat("planner", &["plan"]);
    assert!(plan.code == 5 && plan.out.contains(&format!("--allow {leave}")), "{}{}", plan.out, plan.err);
    let done = config.lifeboat("applier", &["apply", "--allow", &leave]);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    assert_eq!(config.lifeboat("planner", &["plan"]).code, 0);
    config.edit("days: 1}", "days: 2}");
    assert_eq!(config.lifeboat("applier", &["apply"]).code, 0, "a longer lock needs no leave");
    config.edit("days: 2}", "days: 1}");
    let plan = config.lifeboat("planner", &["plan"]);
    assert!(plan.code == 5 && plan.out.contains("weakens-object-lock"), "{}{}", plan.out, plan.err);
}

/// The other end is asked first: S3 refuses replication into a bucket without versioning.
#[tokio::test]
async fn replication_waits_for_a_replica_that_can_receive() {
    let config = applied("replica");
    let (admin, bucket) = (s3("admin").await, config.bucket());
    let replica = format!("{bucket}-replica");
    let elsewhere = aws_sdk_s3::types::CreateBucketConfiguration::builder().location_constraint("eu-west-1".into()).build();
    admin.create_bucket().bucket(&replica).create_bucket_configuration(elsewhere).send().await.unwrap();
    let wish = format!("    replication: {{bucket: {replica}, region: eu-west-1, role: \"arn:aws:iam::000000000000:role/dr-replicator\"}}\n");
    config.edit("    prefix: orders/\n", &format!("    prefix: orders/\n{wish}"));
    let held = config.lifeboat("applier", &["apply"]);
    assert!(held.code == 5 && held.out.contains("missing or not versioned"), "{}{}", held.out, held.err);
    assert!(admin.get_bucket_replication().bucket(&bucket).send().await.is_err(), "nothing was sent");
    let on = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
    admin.put_bucket_versioning().bucket(&replica).versioning_configuration(on).send().await.unwrap();
    let done = config.lifeboat("applier", &["apply"]);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    let again = config.lifeboat("planner", &["plan"]);
    assert_eq!(again.code, 0, "{}{}", again.out, again.err);
}

/// A role that was renamed in the policy is made anew; the old one is reported, and goes only when that is asked for.
#[test]
fn a_role_that_left_the_policy_is_reported_and_pruned() {
    let config = Config::new("left");
    let repository = std::fs::read_to_string(config.path().join("lifeboat.yaml")).unwrap();
    config.write("lifeboat.yaml", &format!("{}\n  access: {{scope: left, account: \"000000000000\"}}\n", repository.trim_end()));
    assert_eq!(config.lifeboat("applier", &["apply"]).code, 0);
    config.edit("role: shop-left-keeper", "role: shop-left-guardian");
    let plan = config.lifeboat("planner", &["plan"]);
    assert!(plan.code == 4 && plan.out.contains("role shop-left-keeper") && plan.out.contains("--prune removes it"), "{}{}", plan.out, plan.err);
    let kept = config.lifeboat("applier", &["apply"]);
    assert_eq!(kept.code, 0, "{}{}", kept.out, kept.err);
    let left = config.lifeboat("planner", &["plan"]);
    assert!(left.code == 0 && left.out.contains("no policy wants it: --prune removes it"), "{}{}", left.out, left.err);
    let removal = config.lifeboat("planner", &["plan", "--prune"]);
    assert!(removal.code == 4 && removal.out.contains("\nno policy\n") && removal.out.contains("- inline policy lifeboat"), "{}{}", removal.out, removal.err);
    let pruned = config.lifeboat("applier", &["apply", "--prune"]);
    assert_eq!(pruned.code, 0, "{}{}", pruned.out, pruned.err);
    let again = config.lifeboat("planner", &["plan", "--prune"]);
    assert!(again.code == 0 && !again.out.contains("shop-left-keeper"), "{}{}", again.out, again.err);
}

#[test]
fn a_saved_plan_selects_and_approves_and_never_supplies() {
    let config = Config::new("saved");
    let saved = config.path().join("plan.json");
    let saved = saved.to_str().unwrap();
    assert_eq!(config.lifeboat("planner", &["plan", "--out", saved]).code, 4);
    let text = std::fs::read_to_string(saved).unwrap();
    let mut plan: serde_json::Value = serde_json::from_str(&text).unwrap();
    plan["approved"].as_array_mut().unwrap().truncate(1);
    std::fs::write(saved, plan.to_string()).unwrap();
    let done = config.lifeboat("applier", &["apply", saved]);
    assert!(done.out.contains("1 step done"), "{}{}", done.out, done.err);
    let again = config.lifeboat("applier", &["apply", saved]);
    assert!(again.code == 0 && again.out.contains("1 approved step is done already: bucket-exists@bucket/"), "{}{}", again.out, again.err);
    assert_eq!(config.lifeboat("planner", &["plan", "--out", saved]).code, 4);
    let mut plan: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(saved).unwrap()).unwrap();
    plan["approved"].as_array_mut().unwrap().truncate(1);
    let crafted = plan["approved"][0]["id"].as_str().unwrap().to_owned();
    plan["approved"][0]["digest"] = "0".repeat(64).into();
    std::fs::write(saved, plan.to_string()).unwrap();
    let stale = config.lifeboat("applier", &["apply", saved]);
    assert_eq!(stale.code, 1, "{}{}", stale.out, stale.err);
    assert!(stale.err.contains(&format!("what was approved differs from what is needed now: {crafted}")), "{}", stale.err);
    config.edit("daily: 14", "daily: 20");
    let other = config.lifeboat("applier", &["apply", saved]);
    assert!(other.err.contains("the policies are not those that the plan was made for"), "{}", other.err);
}

#[test]
fn wrong_credentials_and_a_dead_endpoint_are_said_plainly() {
    let config = Config::new("wrong");
    let wrong = config.with("planner", &["plan"], &[("AWS_ACCESS_KEY_ID", "AKIAWRONGKEY12345678"), ("AWS_SECRET_ACCESS_KEY", "wrong")]);
    assert_eq!(wrong.code, 1, "{}{}", wrong.out, wrong.err);
    assert!(wrong.err.contains("access key AKIAWRON… from AWS_ACCESS_KEY_ID"), "{}", wrong.err);
    assert!(!wrong.err.contains("AKIAWRONGKEY12345678"), "{}", wrong.err);
    let dead = config.with("planner", &["plan"], &[("AWS_ENDPOINT_URL", "http://127.0.0.1:9")]);
    assert_eq!(dead.code, 1, "{}{}", dead.out, dead.err);
    assert!(dead.err.contains("hint: look at AWS_ENDPOINT_URL"), "{}", dead.err);
}
