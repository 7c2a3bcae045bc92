//! Buckets as people have them, imported: the written policies are sound, and plan to nothing.

use aws_sdk_s3::Client;
use aws_sdk_s3::types::{
    BucketLifecycleConfiguration, BucketLocationConstraint, BucketVersioningStatus, CreateBucketConfiguration, ExpirationStatus, LifecycleExpiration,
    LifecycleRule, LifecycleRuleFilter, PublicAccessBlockConfiguration, ServerSideEncryption, ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration,
    ServerSideEncryptionRule, Tag, Tagging, Transition, TransitionStorageClass, VersioningConfiguration,
};

use super::access::s3;
use super::cli::Config;

/// A bucket as somebody left it.
#[derive(Clone, Copy, Default)]
struct Shape {
    versioning: Option<&'static str>,
    /// Algorithm, key, bucket key.
    encryption: Option<(&'static str, Option<&'static str>, bool)>,
    /// How many of the four switches of the public access block are on.
    blocked: Option<usize>,
    tags: &'static [(&'static str, &'static str)],
    /// Prefix and days of an expiring rule.
    expires: Option<(&'static str, i32)>,
    archives: bool,
}

const KEY: &str = "arn:aws:kms:eu-west-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab";

fn shapes() -> Vec<Shape> {
    let bare = Shape::default();
    vec![
        bare,
        Shape { versioning: Some("Enabled"), ..bare },
        Shape { versioning: Some("Suspended"), ..bare },
        Shape { encryption: Some(("AES256", None, false)), ..bare },
        Shape { encryption: Some(("AES256", None, true)), ..bare },
        Shape { encryption: Some(("aws:kms", None, false)), ..bare },
        Shape { encryption: Some(("aws:kms", Some(KEY), true)), ..bare },
        Shape { encryption: Some(("aws:kms", Some("alias/dr"), false)), versioning: Some("Enabled"), ..bare },
        Shape { encryption: Some(("aws:kms:dsse", None, false)), ..bare },
        Shape { blocked: Some(4), ..bare },
        Shape { blocked: Some(2), ..bare },
        Shape { blocked: Some(0), versioning: Some("Enabled"), ..bare },
        Shape { tags: &[("team", "dba"), ("cost: centre", "#1 \"x\""), ("n", "007"), ("no", "yes")], ..bare },
        Shape { expires: Some(("", 3)), ..bare },
        Shape { expires: Some(("dumps/", 400)), archives: true, ..bare },
        Shape { tags: &[("managed-by", "lifeboat")], expires: Some(("tmp/", 1)), blocked: Some(4), ..bare },
        Shape {
            versioning: Some("Enabled"),
            encryption: Some(("AES256", None, false)),
            blocked: Some(4),
            tags: &[("a", "b")],
            expires: Some(("x/", 30)),
            archives: true,
        },
    ]
}

async fn make(client: &Client, name: &str, shape: &Shape) {
    let place = CreateBucketConfiguration::builder().location_constraint(BucketLocationConstraint::EuWest1).build();
    client.create_bucket().bucket(name).create_bucket_configuration(place).send().await.unwrap();
    if let Some(status) = shape.versioning {
        let configuration = VersioningConfiguration::builder().status(BucketVersioningStatus::from(status)).build();
        client.put_bucket_versioning().bucket(name).versioning_configuration(configuration).send().await.unwrap();
    }
    if let Some((algorithm, key, bucket_key)) = shape.encryption {
        let default =
            ServerSideEncryptionByDefault::builder().sse_algorithm(ServerSideEncryption::from(algorithm)).set_kms_master_key_id(key.map(str::to_owned));
        let rule = ServerSideEncryptionRule::builder().apply_server_side_encryption_by_default(default.build().unwrap()).bucket_key_enabled(bucket_key).build();
        let configuration = ServerSideEncryptionConfiguration::builder().rules(rule).build().unwrap();
        client.put_bucket_encryption().bucket(name).server_side_encryption_configuration(configuration).send().await.unwrap();
    }
    if let Some(on) = shape.blocked {
        let block = PublicAccessBlockConfiguration::builder().block_public_acls(on > 0).ignore_public_acls(on > 1).block_public_policy(on > 2);
        let put = client.put_public_access_block().bucket(name).public_access_block_configuration(block.restrict_public_buckets(on > 3).build());
        put.send().await.unwrap();
    }
    if !shape.tags.is_empty() {
        let tags = shape.tags.iter().map(|(key, value)| Tag::builder().key(*key).value(*value).build().unwrap()).collect();
        client.put_bucket_tagging().bucket(name).tagging(Tagging::builder().set_tag_set(Some(tags)).build().unwrap()).send().await.unwrap();
    }
    if let Some((prefix, days)) = shape.expires {
        let rule = LifecycleRule::builder().id("theirs").status(ExpirationStatus::Enabled).filter(LifecycleRuleFilter::builder().prefix(prefix).build());
        let rule = rule.expiration(LifecycleExpiration::builder().days(days).build());
        let archive = Transition::builder().days(0).storage_class(TransitionStorageClass::Glacier).build();
        let rule = if shape.archives { rule.transitions(archive) } else { rule }.build().unwrap();
        let configuration = BucketLifecycleConfiguration::builder().rules(rule).build().unwrap();
        client.put_bucket_lifecycle_configuration().bucket(name).lifecycle_configuration(configuration).send().await.unwrap();
    }
}

#[tokio::test]
async fn what_is_imported_plans_to_nothing() {
    let config = Config::new("import");
    let admin = s3("admin").await;
    let shapes = shapes();
    assert!(shapes.len() >= 15);
    std::fs::remove_file(config.path().join("policies/orders.yaml")).unwrap();
    for (at, shape) in shapes.iter().enumerate() {
        let name = format!("import-{at:02}");
        make(&admin, &name, shape).await;
        let ran = config.lifeboat("admin", &["import", &format!("s3://{name}"), "--out", &format!("policies/{name}.yaml")]);
        assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{name}: {}", ran.err);
    }
    let plan = config.lifeboat("admin", &["plan"]);
    assert_eq!(plan.code, 0, "{}{}", plan.out, plan.err);
    assert!(plan.out.contains("everything is as the policies say"), "{}", plan.out);
    // The policy is not a mirror: a change behind its back is seen.
    let suspended = VersioningConfiguration::builder().status(BucketVersioningStatus::Suspended).build();
    admin.put_bucket_versioning().bucket("import-01").versioning_configuration(suspended).send().await.unwrap();
    let drift = config.lifeboat("admin", &["plan"]);
    assert!(drift.code == 4 && drift.out.contains("bucket import-01 · versioning"), "{}", drift.out);
}

#[test]
fn what_cannot_be_imported_is_said_and_no_file_is_replaced() {
    let config = Config::new("import-no");
    let none = config.lifeboat("admin", &["import", "s3://there-is-no-such-bucket"]);
    assert!(none.code == 1 && none.err.contains("there-is-no-such-bucket cannot be imported: there is none of that name"), "{}", none.err);
    let wrong = config.lifeboat("admin", &["import", "s3://Not_A_Bucket"]);
    assert!(wrong.code == 2 && wrong.err.contains("write s3://NAME"), "{}", wrong.err);
    let kept = config.lifeboat("admin", &["import", "s3://shop-dr-control", "--out", "policies/orders.yaml"]);
    assert!(kept.code == 1 && kept.err.contains("does not exist yet"), "{}", kept.err);
    let json = config.lifeboat("admin", &["import", "s3://shop-dr-control", "--name", "control", "--format", "json"]);
    let view: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!((json.code, &view["policy"], &view["left"]), (0, &"control".into(), &serde_json::json!([])), "{}", json.out);
}

#[tokio::test]
async fn imported_roles_plan_to_nothing_and_what_has_no_word_is_said() {
    let config = Config::new("import-roles");
    let done = config.lifeboat("applier", &["apply"]);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    let file = config.path().join("policies/orders.yaml");
    std::fs::remove_file(&file).unwrap();
    let bucket = format!("s3://{}", config.bucket());
    let role = |what: &str| format!("shop-import-roles-{what}");
    let (writer, keeper, restorer) = (role("backup-writer"), role("keeper"), role("restorer"));
    let mut asked = vec!["import", &bucket, "--name", "orders", "--out", "policies/orders.yaml", "--role", &writer, "--role", &keeper];
    let partly = config.lifeboat("admin", &asked);
    assert!(partly.code == 0 && partly.err.contains("no role that was named is the restorer: `access` goes without"), "{}{}", partly.out, partly.err);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("\n    keeper:\n") && !text.contains("\n    restorer:") && text.contains("#   roles: "), "{text}");
    let said = config.lifeboat("admin", &["check"]);
    assert!(said.code == 0 && said.out.contains("`access` has no restorer"), "{}{}", said.out, said.err);
    let nothing = config.lifeboat("admin", &["plan", "--policy", "orders"]);
    assert!(nothing.code == 0 && nothing.out.contains("everything is as the policies say"), "{}{}", nothing.out, nothing.err);
    std::fs::remove_file(&file).unwrap();
    asked.extend(["--role", &restorer]);
    let ran = config.lifeboat("admin", &asked);
    assert!(ran.code == 0 && !ran.err.contains("note:"), "{}{}", ran.out, ran.err);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!([&writer, &keeper, &restorer].iter().all(|name| text.contains(&format!("role: {name}"))), "{text}");
    let plan = config.lifeboat("admin", &["plan"]);
    assert!(plan.code == 0 && plan.out.contains("everything is as the policies say"), "{}{}\n{text}", plan.out, plan.err);
}

/// A bucket that lifeboat made for a policy with everything that `import` has words for, read back without that policy.
#[tokio::test]
async fn what_lifeboat_made_is_imported_with_its_statements_its_repository_and_its_expirer() {
    let config = Config::new("import-all");
    let admin = s3("admin").await;
    let expirer = "    expirer: {role: shop-import-all-expirer, trust: [{principal: \"arn:aws:iam::000000000000:user/job\"}]}\n";
    config.edit("  access:\n", &format!("    physical: {{engine: wal-g, prefix: pg/}}\n  access:\n{expirer}"));
    config.edit("    prefix: orders/\n", "    prefix: orders/\n    transport: {tlsOnly: false, minTls: \"1.2\"}\n");
    let done = config.lifeboat("applier", &["apply"]);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    let sentinel = "orders/pg/basebackups_005/base_000000010000000000000002_backup_stop_sentinel.json";
    super::access::put(&admin, &config.bucket(), sentinel, b"{}".to_vec()).await;
    // Somebody adds a statement: it is theirs, and stays.
    let live = admin.get_bucket_policy().bucket(config.bucket()).send().await.unwrap();
    let mut policy: serde_json::Value = serde_json::from_str(live.policy().unwrap()).unwrap();
    let theirs = serde_json::json!({"Sid": "Partner", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:user/job"}, "Action": "s3:ListBucket",
        "Resource": format!("arn:aws:s3:::{}", config.bucket())});
    policy["Statement"].as_array_mut().unwrap().push(theirs);
    admin.put_bucket_policy().bucket(config.bucket()).policy(policy.to_string()).send().await.unwrap();

    let file = config.path().join("policies/orders.yaml");
    std::fs::remove_file(&file).unwrap();
    let (bucket, roles) =
        (format!("s3://{}", config.bucket()), ["backup-writer", "keeper", "restorer", "expirer"].map(|what| format!("shop-import-all-{what}")));
    let mut asked = vec!["import", &bucket, "--name", "orders", "--out", "policies/orders.yaml"];
    for role in &roles {
        asked.extend(["--role", role.as_str()]);
    }
    let ran = config.lifeboat("admin", &asked);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(ran.code == 0 && !ran.err.contains("warning:"), "{}{}\n{text}", ran.out, ran.err);
    for said in
        ["bucketPolicy: managed", "minTls: '1.2'", "statements of others stay in it as they are: Partner", "physical: {\"engine\":\"wal-g\"", "expirer:"]
    {
        assert!(text.contains(said), "{said}:\n{text}");
    }
    let plan = config.lifeboat("admin", &["plan"]);
    assert!(plan.code == 0 && plan.out.contains("everything is as the policies say"), "{}{}\n{text}", plan.out, plan.err);
}

/// A repository outside the prefix is named with the command that imports it, and that command works as it stands.
#[tokio::test]
async fn a_repository_elsewhere_is_imported_by_the_command_that_is_said() {
    let config = Config::new("import-else");
    let admin = s3("admin").await;
    std::fs::remove_file(config.path().join("policies/orders.yaml")).unwrap();
    let bucket = "import-elsewhere";
    make(&admin, bucket, &Shape { versioning: Some("Enabled"), ..Shape::default() }).await;
    for key in ["backup/main/20261101-010101F/pg_data/PG_VERSION", "backup/main/backup.info", "archive/main/archive.info"] {
        super::access::put(&admin, bucket, &format!("teams/db/pgbackrest/{key}"), b"x".to_vec()).await;
    }
    // Folders named as an engine's, without its metadata, are no repository.
    for key in ["looks/like/basebackups_005/readme.txt", "looks/like/main/base/1/data.tar", "looks/like/main/wals/1"] {
        super::access::put(&admin, bucket, key, b"x".to_vec()).await;
    }
    let ran = config.lifeboat("admin", &["import", &format!("s3://{bucket}"), "--name", "dumps", "--out", "policies/dumps.yaml"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert_eq!(ran.err.matches("note: ").count(), 1, "{}", ran.err);
    let command = ran.err.split('`').find(|part| part.starts_with("lifeboat import ")).unwrap_or_else(|| panic!("{}", ran.err)).to_owned();
    assert!(command.ends_with("--prefix teams/db/pgbackrest/"), "{command}");
    let mut words: Vec<&str> = command.split(' ').skip(1).collect();
    words.extend(["--out", "policies/repository.yaml"]);
    let ran = config.lifeboat("admin", &words);
    assert!(ran.code == 0 && !ran.err.contains("note: "), "{}{}", ran.out, ran.err);
    let text = std::fs::read_to_string(config.path().join("policies/repository.yaml")).unwrap();
    assert!(text.contains("\"engine\":\"pgbackrest\"") && text.contains("\"stanza\":\"main\""), "{text}");
    let plan = config.lifeboat("admin", &["plan"]);
    assert!(plan.code == 0 && plan.out.contains("everything is as the policies say"), "{}{}", plan.out, plan.err);
}
