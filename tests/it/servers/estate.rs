//! The roles of a whole repository on real servers: made by `bootstrap`, held for everybody else, and tried.
//!
//! Each one gets a grant of everything beside its own policy, so that what is refused is refused by name. ministack leaves the path
//! out of a role's ARN when it checks `iam:*`, so refusals on roles below a path are proven in `settings::role_permissions` only.

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_iam::Client as Iam;
use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};

use super::access::{keys, put, s3};
use super::cli::Config;
use super::rights::Wanted::{Allowed, Refused};
use super::rights::{Attempts, assumed};

const CONTROL: &str = "shop-dr-control";
const ACCOUNT: &str = "000000000000";

async fn admin() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest()).profile_name("admin").load().await
}

/// A config repo with planner, applier and auditor, and the boundary that it names.
struct Estate {
    config: Config,
    boundary: String,
    iam: Iam,
}

impl Estate {
    async fn new(name: &str) -> Self {
        let config = Config::new(name);
        let lifeboat = std::fs::read_to_string(config.path().join("lifeboat.yaml")).unwrap();
        let job = "trust: [{principal: \"arn:aws:iam::000000000000:user/job\"}]";
        let roles = ["planner", "applier", "auditor"].map(|purpose| format!("    {purpose}: {{role: shop-{name}-{purpose}, {job}}}\n"));
        let access = format!("  access:\n    scope: {name}\n    account: \"{ACCOUNT}\"\n    permissionBoundary: shop-{name}-boundary\n{}", roles.concat());
        config.write("lifeboat.yaml", &format!("{lifeboat}{access}"));
        let iam = Iam::new(&admin().await);
        let everything = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}"#;
        let made = iam.create_policy().policy_name(format!("shop-{name}-boundary")).policy_document(everything).send().await.unwrap();
        Self { config, boundary: made.policy().unwrap().arn().unwrap().to_owned(), iam }
    }

    fn role(&self, purpose: &str) -> String {
        format!("shop-{}-{purpose}", self.config.name)
    }

    /// Bootstrapped and applied, with an object of each kind in the bucket.
    async fn made(name: &str) -> Self {
        let estate = Self::new(name).await;
        let done = estate.config.lifeboat("admin", &["bootstrap", "--apply"]);
        assert_eq!(done.code, 0, "{}{}", done.out, done.err);
        let done = estate.config.lifeboat("applier", &["apply"]);
        assert_eq!(done.code, 0, "{}{}", done.out, done.err);
        let admin = s3("admin").await;
        for key in [MANIFEST, DATA, GLOBALS] {
            put(&admin, &estate.config.bucket(), key, b"{}".to_vec()).await;
        }
        put(&admin, CONTROL, &estate.record(), b"{}".to_vec()).await;
        estate
    }

    /// A record in the chain of another identity.
    fn record(&self) -> String {
        format!("{}somebody/000001.json", self.config.evidence())
    }

    async fn acting(&self, purpose: &'static str) -> (Attempts, Iam) {
        let arn = format!("arn:aws:iam::{ACCOUNT}:role/lifeboat/{}/{}", self.config.name, self.role(purpose));
        let config = assumed(&arn).await;
        (Attempts::with(purpose, &config, self.config.bucket()), Iam::new(&config))
    }

    /// What somebody grants beside the generated policy.
    async fn grant_everything(&self, purpose: &str) {
        let everything = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:*", "iam:*", "sts:*"], "Resource": "*"}]}"#;
        self.iam.put_role_policy().role_name(self.role(purpose)).policy_name("debug").policy_document(everything).send().await.unwrap();
    }
}

const MANIFEST: &str = "orders/nightly/20261120T000000Z/manifest.json";
const DATA: &str = "orders/nightly/20261120T000000Z/shop.dump.zst";
const GLOBALS: &str = "orders/nightly/20261120T000000Z/globals.sql.zst";

#[tokio::test]
async fn what_plans_rest_upon_is_made_by_a_person_only() {
    let estate = Estate::new("bootstrap").await;
    let config = &estate.config;
    let plan = config.lifeboat("planner", &["plan"]);
    assert_eq!(plan.code, 5, "{}{}", plan.out, plan.err);
    assert!(plan.out.contains("needs-bootstrap, held") && plan.out.contains("lifeboat bootstrap --apply"), "{}", plan.out);
    let applied = config.lifeboat("applier", &["apply"]);
    assert_eq!(applied.code, 5, "{}{}", applied.out, applied.err);
    let missing = estate.iam.get_role().role_name(estate.role("planner")).send().await;
    assert!(missing.is_err(), "the applier made what it may not");

    let shown = config.lifeboat("planner", &["bootstrap", "--format", "json"]);
    assert_eq!(shown.code, 4, "{}{}", shown.out, shown.err);
    let view: serde_json::Value = serde_json::from_str(&shown.out).unwrap();
    assert_eq!(view["format"], "lifeboat.plan/1");
    let done = config.lifeboat("admin", &["bootstrap", "--apply"]);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    assert_eq!(config.lifeboat("planner", &["bootstrap"]).code, 0);
    let plan = config.lifeboat("planner", &["plan"]);
    assert_eq!(plan.code, 0, "{}{}", plan.out, plan.err);
    let role = estate.iam.get_role().role_name(estate.role("applier")).send().await.unwrap();
    let role = role.role().unwrap().clone();
    let boundary = role.permissions_boundary().and_then(|bound| bound.permissions_boundary_arn());
    assert_eq!((role.path(), boundary), ("/lifeboat/bootstrap/", Some(estate.boundary.as_str())));

    // A hand-made widening of the applier is said to everybody, and mended by a person.
    estate.grant_everything("applier").await;
    let plan = config.lifeboat("planner", &["plan"]);
    assert!(plan.code == 5 && plan.out.contains("`debug`, not ours, is an inline policy of the role"), "{}", plan.out);
    let leave = format!("removes-foreign-policy@role/{}", estate.role("applier"));
    assert!(plan.out.contains(&leave), "{}", plan.out);
    let held = config.lifeboat("applier", &["apply", "--allow", &leave]);
    assert!(held.code == 5 && held.out.contains("needs-bootstrap"), "{}{}", held.out, held.err);
    let done = config.lifeboat("admin", &["bootstrap", "--apply", "--allow", &leave]);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    assert_eq!(config.lifeboat("planner", &["plan"]).code, 0);
}

#[tokio::test]
async fn the_planner_reads_settings_and_manifests_and_nothing_more() {
    let estate = Estate::made("planner-may-not").await;
    let (mut planner, iam) = estate.acting("planner").await;
    let bucket = estate.config.bucket();
    planner.destroy(MANIFEST, "null").await;
    planner.settings().await;
    planner.get("read data", Refused, &bucket, DATA).await;
    planner.get("read globals", Refused, &bucket, GLOBALS).await;
    planner.put("write an object", Refused, &bucket, "orders/nightly/new").await;
    planner.put("leave a record", Refused, CONTROL, &format!("{}{}/000001.json", estate.config.evidence(), estate.role("planner"))).await;
    planner.tag("tag a backup", Refused, MANIFEST, "orders/nightly:recent").await;
    planner.of("make a role", Refused, iam.create_role().role_name("shop-x").assume_role_policy_document("{}").send()).await;
    planner.get("read a manifest", Allowed, &bucket, MANIFEST).await;
    planner.list("list backups", Allowed, &bucket, "orders/").await;
    let client = planner.client.clone();
    planner.of("read versioning", Allowed, client.get_bucket_versioning().bucket(&bucket).send()).await;
    planner.of("read the lifecycle", Allowed, client.get_bucket_lifecycle_configuration().bucket(&bucket).send()).await;
    planner.of("read the encryption", Allowed, client.get_bucket_encryption().bucket(&bucket).send()).await;
    planner.of("read the public access block", Allowed, client.get_public_access_block().bucket(&bucket).send()).await;
    planner.of("read the tags", Allowed, client.get_bucket_tagging().bucket(&bucket).send()).await;
    planner.judged(25);
}

#[tokio::test]
async fn the_applier_changes_settings_and_is_refused_the_rest_by_name() {
    let estate = Estate::made("applier-may-not").await;
    let (mut applier, _) = estate.acting("applier").await;
    let bucket = estate.config.bucket();
    let enabled = || VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
    let client = applier.client.clone();
    applier.of("turn versioning on", Allowed, client.put_bucket_versioning().bucket(&bucket).versioning_configuration(enabled()).send()).await;
    applier.of("settings of another bucket", Refused, client.put_bucket_versioning().bucket(CONTROL).versioning_configuration(enabled()).send()).await;
    applier.get("read data", Refused, &bucket, DATA).await;
    applier.put("write an object", Refused, &bucket, "orders/nightly/new").await;
    applier.put("write another's evidence", Refused, CONTROL, &estate.record()).await;

    estate.grant_everything("applier").await;
    let (mut granted, iam) = estate.acting("applier").await;
    granted.destroy(DATA, "null").await;
    let client = granted.client.clone();
    granted.of("delete the bucket", Refused, client.delete_bucket().bucket(&bucket).send()).await;
    granted.of("change the evidence bucket", Refused, client.put_bucket_versioning().bucket(CONTROL).versioning_configuration(enabled()).send()).await;
    granted.of("remove the policy of the evidence bucket", Refused, client.delete_bucket_policy().bucket(CONTROL).send()).await;
    let writer = estate.role("backup-writer");
    granted.of("take a boundary off", Refused, iam.delete_role_permissions_boundary().role_name(&writer).send()).await;
    let all = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}"#;
    let version = iam.create_policy_version().policy_arn(&estate.boundary).policy_document(all).set_as_default(true);
    granted.of("rewrite the boundary", Refused, version.send()).await;
    granted.of("delete the boundary", Refused, iam.delete_policy().policy_arn(&estate.boundary).send()).await;
    granted.of("read settings", Allowed, client.get_bucket_versioning().bucket(&bucket).send()).await;
    granted.judged(9);
    applier.judged(5);
    assert!(keys(&s3("admin").await, &bucket, "orders/").await.contains(&DATA.to_owned()));
}

#[tokio::test]
async fn the_auditor_reads_evidence_and_nothing_else() {
    let estate = Estate::made("auditor-may-not").await;
    let (mut auditor, iam) = estate.acting("auditor").await;
    let bucket = estate.config.bucket();
    auditor.destroy(MANIFEST, "null").await;
    auditor.settings().await;
    auditor.get("read a manifest", Refused, &bucket, MANIFEST).await;
    auditor.get("read data", Refused, &bucket, DATA).await;
    auditor.list("list backups", Refused, &bucket, "orders/").await;
    auditor.put("write evidence", Refused, CONTROL, &format!("{}{}/000001.json", estate.config.evidence(), estate.role("auditor"))).await;
    auditor.of("read a role", Refused, iam.get_role().role_name(estate.role("planner")).send()).await;
    auditor.get("read evidence", Allowed, CONTROL, &estate.record()).await;
    auditor.list("list evidence", Allowed, CONTROL, &estate.config.evidence()).await;
    auditor.judged(19);
}
