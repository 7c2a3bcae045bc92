//! A KMS key on a real server: looked at by ARN and by alias, judged, and never changed.

use aws_config::BehaviorVersion;
use aws_sdk_kms::Client;

use super::cli::Config;

async fn kms() -> Client {
    Client::new(&aws_config::defaults(BehaviorVersion::latest()).profile_name("admin").load().await)
}

/// A config repo whose bucket is encrypted with this key; without roles, an alias will do.
fn config(name: &str, key: &str) -> Config {
    let config = Config::new(name);
    let encryption = format!("    encryption: {{algorithm: \"aws:kms\", key: \"{key}\"}}\n    prefix: orders/\n");
    config.edit("    prefix: orders/\n", &encryption);
    config
}

fn said(config: &Config) -> String {
    let plan = config.lifeboat("planner", &["plan"]);
    assert!(plan.code == 4 || plan.code == 0, "{}{}", plan.out, plan.err);
    plan.err
}

#[tokio::test]
async fn a_key_is_judged_as_it_is_on_the_server() {
    let kms = kms().await;
    let made = kms.create_key().send().await.unwrap();
    let arn = made.key_metadata().unwrap().arn().unwrap().to_owned();
    let config = config("key", &arn);
    let first = said(&config);
    assert!(first.contains("key-is-not-rotated") && !first.contains("key-cannot-be-used") && !first.contains("keeps-roles-out"), "{first}");
    kms.enable_key_rotation().key_id(&arn).send().await.unwrap();
    assert_eq!(said(&config), "");

    let own = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam::000000000000:user/admin", "arn:aws:iam::000000000000:user/planner"]}, "Action": "kms:*", "Resource": "*"}]}"#;
    kms.put_key_policy().key_id(&arn).policy_name("default").policy(own).bypass_policy_lockout_safety_check(true).send().await.unwrap();
    let closed = said(&config);
    assert!(closed.contains("key-policy-keeps-roles-out") && closed.contains("`shop-key-backup-writer` from kms:GenerateDataKey"), "{closed}");

    kms.disable_key().key_id(&arn).send().await.unwrap();
    assert!(said(&config).contains("its state is Disabled"));
    kms.schedule_key_deletion().key_id(&arn).pending_window_in_days(7).send().await.unwrap();
    let going = said(&config);
    assert!(going.contains("key-cannot-be-used") && going.contains("is deleted on 20"), "{going}");
}

#[tokio::test]
async fn an_alias_is_resolved_and_a_key_that_is_not_there_is_told() {
    let kms = kms().await;
    let made = kms.create_key().send().await.unwrap();
    kms.create_alias().alias_name("alias/shop-alias").target_key_id(made.key_metadata().unwrap().key_id()).send().await.unwrap();
    let config = config("alias", "alias/shop-alias");
    let path = config.path().join("policies/orders.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    let (head, rest) = text.split_once("  access:\n").unwrap();
    std::fs::write(&path, format!("{head}  drills:\n{}", rest.split_once("  drills:\n").unwrap().1)).unwrap();
    assert!(said(&config).contains("key `alias/shop-alias` is not rotated"));
    config.edit("alias/shop-alias", "alias/shop-nobody");
    assert!(said(&config).contains("there is no key `alias/shop-nobody`"));
}
