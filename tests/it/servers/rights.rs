//! Each generated role tries everything that it may not do, with credentials of its own and without lifeboat in between.
//!
//! What this endpoint does not enforce stands in `ports::quirks`, and is asserted: the day it is enforced, a test says so.

use std::future::Future;

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    BucketVersioningStatus, PublicAccessBlockConfiguration, ServerSideEncryption, ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration,
    ServerSideEncryptionRule, Tag, Tagging, VersioningConfiguration,
};
use lifeboat::ports::quirks::OTHER;

use super::access::{keys, put, rule, rules, s3};
use super::stage::Stage;

/// What is expected of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Refused by the endpoint.
    Refused,
    /// It belongs to the role's work.
    Allowed,
    /// It should be refused and is not; the sentence stands in the table of quirks.
    NotEnforced(&'static str),
}
use Wanted::{Allowed, NotEnforced, Refused};

const OVERWRITES: &str = "that the writer cannot overwrite a backup";
const TAG_VALUES: &str = "which values the keeper may set on the release tag";

/// The AWS environment with the credentials of a role that a test made.
pub(super) async fn assumed(arn: &str) -> SdkConfig {
    let base = aws_config::defaults(BehaviorVersion::latest()).profile_name("job").load().await;
    let answer = aws_sdk_sts::Client::new(&base).assume_role().role_arn(arn).role_session_name("attempts").send().await.unwrap();
    let keys = answer.credentials().unwrap();
    let keys = Credentials::new(keys.access_key_id(), keys.secret_access_key(), Some(keys.session_token().to_owned()), None, "test");
    base.to_builder().credentials_provider(SharedCredentialsProvider::new(keys)).build()
}

/// One role at work: what it tries is collected, and judged at the end.
pub(super) struct Attempts {
    role: &'static str,
    pub(super) client: Client,
    bucket: String,
    wrong: Vec<String>,
    seen: usize,
}

impl Attempts {
    async fn new(stage: &Stage, role: &'static str) -> Self {
        let config = assumed(&format!("arn:aws:iam::000000000000:role/lifeboat/orders/shop-{}-{role}", stage.config.name)).await;
        Self::with(role, &config, stage.config.bucket())
    }

    pub(super) fn with(role: &'static str, config: &SdkConfig, bucket: String) -> Self {
        let client = Client::from_conf(aws_sdk_s3::config::Builder::from(config).force_path_style(true).build());
        Self { role, client, bucket, wrong: Vec::new(), seen: 0 }
    }

    pub(super) async fn of<T, E, R>(&mut self, what: &str, wanted: Wanted, attempt: impl Future<Output = Result<T, SdkError<E, R>>>)
    where
        E: ProvideErrorMetadata,
    {
        self.seen += 1;
        let (done, code) = match attempt.await {
            Ok(_) => (true, String::new()),
            Err(error) => (false, error.code().unwrap_or("no code").to_owned()),
        };
        let as_wanted = match wanted {
            Refused => !done && code == "AccessDenied",
            Allowed => done,
            NotEnforced(sentence) => done && OTHER.not_enforced.contains(&sentence),
        };
        if !as_wanted {
            self.wrong.push(format!("{}: {what}: wanted {wanted:?}, and it was {}", self.role, if done { "done".to_owned() } else { code }));
        }
    }

    pub(super) async fn put(&mut self, what: &str, wanted: Wanted, bucket: &str, key: &str) {
        let put = self.client.put_object().bucket(bucket).key(key).body(ByteStream::from_static(b"{}"));
        self.of(what, wanted, Box::pin(put.send())).await;
    }

    pub(super) async fn get(&mut self, what: &str, wanted: Wanted, bucket: &str, key: &str) {
        let get = self.client.get_object().bucket(bucket).key(key);
        self.of(what, wanted, get.send()).await;
    }

    pub(super) async fn list(&mut self, what: &str, wanted: Wanted, bucket: &str, prefix: &str) {
        let list = self.client.list_objects_v2().bucket(bucket).prefix(prefix);
        self.of(what, wanted, list.send()).await;
    }

    pub(super) async fn tag(&mut self, what: &str, wanted: Wanted, key: &str, value: &str) {
        let tag = Tag::builder().key("lifeboat-expire").value(value).build().unwrap();
        let tags = Tagging::builder().tag_set(tag).build().unwrap();
        let put = self.client.put_object_tagging().bucket(&self.bucket).key(key).tagging(tags);
        self.of(what, wanted, Box::pin(put.send())).await;
    }

    /// Nobody may take a backup away.
    pub(super) async fn destroy(&mut self, key: &str, version: &str) {
        let delete = self.client.delete_object().bucket(&self.bucket).key(key);
        self.of("delete a backup", Refused, delete.send()).await;
        let delete = self.client.delete_object().bucket(&self.bucket).key(key).version_id(version);
        self.of("delete a version", Refused, delete.send()).await;
        let untag = self.client.delete_object_tagging().bucket(&self.bucket).key(key);
        self.of("untag a backup", Refused, untag.send()).await;
    }

    /// Nobody of them may change a bucket.
    pub(super) async fn settings(&mut self) {
        let (client, bucket) = (self.client.clone(), self.bucket.clone());
        let suspended = VersioningConfiguration::builder().status(BucketVersioningStatus::Suspended).build();
        self.of("suspend versioning", Refused, client.put_bucket_versioning().bucket(&bucket).versioning_configuration(suspended).send()).await;
        let rules = rules([rule("all", "", 1)]);
        self.of("expire everything", Refused, client.put_bucket_lifecycle_configuration().bucket(&bucket).lifecycle_configuration(rules).send()).await;
        self.of("remove the lifecycle", Refused, client.delete_bucket_lifecycle().bucket(&bucket).send()).await;
        let policy = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}]}"#;
        self.of("open the bucket", Refused, client.put_bucket_policy().bucket(&bucket).policy(policy).send()).await;
        self.of("remove the bucket policy", Refused, client.delete_bucket_policy().bucket(&bucket).send()).await;
        let open = PublicAccessBlockConfiguration::builder().block_public_acls(false).build();
        self.of("unblock public access", Refused, client.put_public_access_block().bucket(&bucket).public_access_block_configuration(open).send()).await;
        let plain = ServerSideEncryptionByDefault::builder().sse_algorithm(ServerSideEncryption::Aes256).build().unwrap();
        let rule = ServerSideEncryptionRule::builder().apply_server_side_encryption_by_default(plain).build();
        let encryption = ServerSideEncryptionConfiguration::builder().rules(rule).build().unwrap();
        self.of("change the encryption", Refused, client.put_bucket_encryption().bucket(&bucket).server_side_encryption_configuration(encryption).send()).await;
        let tags = Tagging::builder().set_tag_set(Some(Vec::new())).build().unwrap();
        self.of("take the bucket's tags", Refused, client.put_bucket_tagging().bucket(&bucket).tagging(tags).send()).await;
        self.of("delete the bucket", Refused, client.delete_bucket().bucket(&bucket).send()).await;
        self.control().await;
    }

    /// Nobody of them may stop an apply, or say that one was.
    async fn control(&mut self) {
        for (what, key) in [("take the lock of applies", "control/lock"), ("write into a journal", "control/journal/20260101T000000Z-000000/000001.json")] {
            self.put(what, Refused, CONTROL, key).await;
            self.get(&format!("read where one could {what}"), Refused, CONTROL, key).await;
            let delete = self.client.delete_object().bucket(CONTROL).key(key);
            self.of(&format!("delete where one could {what}"), Refused, delete.send()).await;
        }
        self.list("list the journals", Refused, CONTROL, "control/journal/").await;
    }

    async fn copy(&mut self, what: &str, wanted: Wanted, source: String, key: &str) {
        let copy = self.client.copy_object().copy_source(source).bucket(&self.bucket).key(key);
        self.of(what, wanted, Box::pin(copy.send())).await;
    }

    #[track_caller]
    pub(super) fn judged(&self, at_least: usize) {
        assert!(self.wrong.is_empty() && self.seen >= at_least, "{} tried:\n{}", self.seen, self.wrong.join("\n"));
    }
}

/// A stage with a backup, with a neighbour's object in the same bucket, and what every attempt is about.
struct World {
    stage: Stage,
    manifest: String,
    data: String,
    version: String,
    evidence: String,
}

const CONTROL: &str = "shop-dr-control";
const NEIGHBOUR: &str = "neighbours/nightly/20260101T000000Z/manifest.json";

async fn world(name: &str) -> World {
    let stage = Stage::new(name, "CREATE TABLE one AS SELECT 1 AS id");
    let folder = format!("orders/nightly/{}/", stage.backup()["backup"].as_str().unwrap());
    let (admin, bucket) = (s3("admin").await, stage.config.bucket());
    put(&admin, &bucket, NEIGHBOUR, b"{}".to_vec()).await;
    let manifest = format!("{folder}manifest.json");
    let head = admin.head_object().bucket(&bucket).key(&manifest).send().await.unwrap();
    let version = head.version_id().unwrap().to_owned();
    let evidence = stage.config.evidence();
    World { data: format!("{folder}{}.dump.zst", stage.database), manifest, version, evidence, stage }
}

impl World {
    /// Whatever was tried, the backup is there, once, and lifeboat finds nothing to mend.
    async fn unharmed(&self) {
        let (admin, bucket) = (s3("admin").await, self.stage.config.bucket());
        let head = admin.head_object().bucket(&bucket).key(&self.manifest).send().await.unwrap();
        assert_eq!(head.version_id(), Some(self.version.as_str()));
        assert!(keys(&admin, &bucket, "orders/").await.contains(&self.data));
        let plan = self.stage.run("planner", &["plan"]);
        assert_eq!(plan.code, 0, "{}{}", plan.out, plan.err);
    }
}

#[tokio::test]
async fn the_writer_cannot_harm_what_it_wrote() {
    let world = world("writer-may-not").await;
    let mut writer = Attempts::new(&world.stage, "backup-writer").await;
    let (bucket, own) = (world.stage.config.bucket(), format!("{}shop-writer-may-not-backup-writer/", world.evidence));
    writer.destroy(&world.manifest, &world.version).await;
    writer.tag("tag a backup for expiry", Refused, &world.manifest, "orders/nightly:recent").await;
    writer.settings().await;
    writer.get("read a manifest", Refused, &bucket, &world.manifest).await;
    writer.get("read data", Refused, &bucket, &world.data).await;
    writer.get("read a neighbour's data", Refused, &bucket, NEIGHBOUR).await;
    writer.list("list a neighbour's backups", Refused, &bucket, "neighbours/").await;
    writer.put("write for a neighbour", Refused, &bucket, NEIGHBOUR).await;
    writer.put("write another's evidence", Refused, CONTROL, &format!("{}shop-writer-may-not-restorer/000001.json", world.evidence)).await;
    writer.list("list another's evidence", Refused, CONTROL, &format!("{}shop-writer-may-not-restorer/", world.evidence)).await;
    writer.copy("copy a backup over another", Refused, format!("{bucket}/{}", world.data), &world.manifest).await;
    let scratch = world.manifest.replace("manifest.json", "scratch");
    writer.put("write a new object", Allowed, &bucket, &scratch).await;
    writer.put("overwrite an object", NotEnforced(OVERWRITES), &bucket, &scratch).await;
    writer.copy("copy its evidence over an object", NotEnforced(OVERWRITES), format!("{CONTROL}/{own}000001.json"), &scratch).await;
    let created = writer.client.put_object().bucket(&bucket).key(&scratch).if_none_match("*").body(ByteStream::from_static(b"")).send().await;
    assert_eq!(created.unwrap_err().code(), Some("PreconditionFailed"), "what lifeboat sends never overwrites");
    writer.judged(31);
    world.unharmed().await;
}

#[tokio::test]
async fn the_keeper_only_reads_manifests_and_tags() {
    let world = world("keeper-may-not").await;
    let mut keeper = Attempts::new(&world.stage, "keeper").await;
    let bucket = world.stage.config.bucket();
    keeper.destroy(&world.manifest, &world.version).await;
    keeper.settings().await;
    keeper.put("write an object", Refused, &bucket, &world.manifest.replace("manifest.json", "new")).await;
    keeper.put("overwrite a backup", Refused, &bucket, &world.manifest).await;
    keeper.copy("copy over a backup", Refused, format!("{bucket}/{}", world.manifest), &world.data).await;
    keeper.get("read data", Refused, &bucket, &world.data).await;
    keeper.get("read a neighbour's manifest", Refused, &bucket, NEIGHBOUR).await;
    keeper.tag("tag a neighbour's backup", Refused, NEIGHBOUR, "orders/nightly:recent").await;
    keeper.put("write another's evidence", Refused, CONTROL, &format!("{}shop-keeper-may-not-restorer/000001.json", world.evidence)).await;
    let index = |of: &str| format!("{}index/{of}.json", world.stage.config.control());
    keeper.put("write the index of another policy", Refused, CONTROL, &index("carts/nightly")).await;
    keeper.put("write an index of no set", Refused, CONTROL, &index("orders/hourly")).await;
    keeper.put("write the index of its set", Allowed, CONTROL, &index("orders/nightly")).await;
    keeper.get("read a manifest", Allowed, &bucket, &world.manifest).await;
    keeper.list("list backups", Allowed, &bucket, "orders/").await;
    keeper.tag("release a backup", Allowed, &world.data, "orders/nightly:recent").await;
    keeper.tag("set a value that no rule has", NotEnforced(TAG_VALUES), &world.data, "tomorrow").await;
    keeper.judged(33);
    world.unharmed().await;
}

#[tokio::test]
async fn the_restorer_only_reads() {
    let world = world("restorer-may-not").await;
    let mut restorer = Attempts::new(&world.stage, "restorer").await;
    let bucket = world.stage.config.bucket();
    restorer.destroy(&world.manifest, &world.version).await;
    restorer.settings().await;
    restorer.put("write an object", Refused, &bucket, &world.manifest.replace("manifest.json", "new")).await;
    restorer.put("overwrite a backup", Refused, &bucket, &world.manifest).await;
    restorer.copy("copy over a backup", Refused, format!("{bucket}/{}", world.manifest), &world.data).await;
    restorer.tag("tag a backup", Refused, &world.manifest, "orders/nightly:recent").await;
    restorer.get("read a neighbour's backup", Refused, &bucket, NEIGHBOUR).await;
    restorer.list("list a neighbour's backups", Refused, &bucket, "neighbours/").await;
    restorer.put("write another's evidence", Refused, CONTROL, &format!("{}shop-restorer-may-not-keeper/000001.json", world.evidence)).await;
    restorer.get("read data", Allowed, &bucket, &world.data).await;
    restorer.list("list backups", Allowed, &bucket, "orders/").await;
    restorer.judged(28);
    world.unharmed().await;
}
