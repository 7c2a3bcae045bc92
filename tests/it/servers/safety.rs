//! No bucket and no object is ever lost: check, plan and apply on every server of the sandbox, of which one deletes and
//! makes buckets when it is asked something that it does not know. Every request is recorded and compared with the plan.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_s3::Client;
use aws_sdk_s3::types::{BucketLocationConstraint, BucketVersioningStatus, CreateBucketConfiguration, Tag, Tagging, VersioningConfiguration};
use lifeboat::model::id::ResourceKind;
use lifeboat::model::request::Request;
use lifeboat::model::resource::BucketPlace;
use lifeboat::ports::Cloud as _;
use lifeboat::ports::aws::Aws;
use lifeboat::ports::conformance;
use serde_json::Value;

use super::access::{put, put_rules, rule};
use super::cli::{Config, Ran};
use super::others::Server;
use super::recorder::Recorder;

/// A server with a policy for a bucket that holds objects, one for a bucket that holds none, one for a bucket that is not
/// there and must not be made, and a bucket that no policy names.
struct World {
    config: Config,
    server: Server,
    recorder: Recorder,
    client: Client,
}

/// What is on the server: buckets of this test, and their objects with version and ETag.
type Inventory = BTreeMap<String, BTreeSet<String>>;

impl World {
    async fn new(server: Server) -> Self {
        let config = Config::new(&format!("safe-{}", server.name.to_lowercase()));
        std::fs::remove_file(config.path().join("lifeboat.yaml")).unwrap();
        let recorder = Recorder::before(&server.url);
        let client = server.client();
        let world = Self { config, server, recorder, client };
        let text = std::fs::read_to_string(world.config.path().join("policies/orders.yaml")).unwrap();
        let (head, access) = text.split_once("  access:\n").unwrap();
        let without_access = format!("{head}  drills:\n{}", access.split_once("  drills:\n").unwrap().1);
        if world.server.name == "SeaweedFS" {
            world.config.write("policies/orders.yaml", &without_access);
        }
        for name in ["empty", "none"] {
            let other = without_access.replace("name: orders", &format!("name: {name}")).replace(&world.config.bucket(), &world.bucket(name));
            let other = if name == "none" { other.replace("    region:", "    create: false\n    region:") } else { other };
            world.config.write(&format!("policies/{name}.yaml"), &other);
        }
        for bucket in [world.config.bucket(), world.bucket("empty"), world.bucket("foreign")] {
            let place = CreateBucketConfiguration::builder().location_constraint(BucketLocationConstraint::EuWest1).build();
            world.client.create_bucket().bucket(bucket).create_bucket_configuration(place).send().await.unwrap();
        }
        for key in ["orders/nightly/20261101T020000Z/manifest.json", "orders/nightly/20261101T020000Z/shop.zst", "of-others/a"] {
            put(&world.client, &world.config.bucket(), key, key.as_bytes().to_vec()).await;
        }
        world
    }

    fn bucket(&self, name: &str) -> String {
        format!("shop-{}-{name}", self.config.name)
    }

    fn run(&self, args: &[&str]) -> Ran {
        let mut command = self.config.bare("none", args);
        command.env_remove("AWS_PROFILE").envs(self.server.environment(&self.recorder.url)).output().unwrap().into()
    }

    /// The plan, which only reads.
    fn plan(&self) -> Value {
        let ran = self.run(&["plan", "--format", "json"]);
        assert!([0, 4, 5].contains(&ran.code), "{}{}", ran.out, ran.err);
        let writes: Vec<String> = self.recorder.taken().iter().filter(|sent| sent.writes()).map(super::recorder::Sent::words).collect();
        assert_eq!(writes, Vec::<String>::new(), "a plan must only read");
        serde_json::from_str(&ran.out).unwrap()
    }

    /// Applies, and nothing was sent but the requests of the plan, each as it stood there.
    async fn apply(&self) -> Ran {
        let planned: Vec<Request> = steps(&self.plan(), &["add", "change"]).iter().flat_map(requests).collect();
        assert!(!planned.is_empty());
        let ran = self.run(&["apply"]);
        assert!([0, 5].contains(&ran.code), "{}{}", ran.out, ran.err);
        let sink = Recorder::alone();
        let places = ["orders", "empty"].map(|name| BucketPlace { name: self.bucket(name), account: None, region: "eu-west-1".to_owned(), endpoint: None });
        let aws = Aws::with(self.server.config_at(&sink.url), &places).await;
        for request in &planned {
            aws.send(request).await.unwrap();
        }
        let words = |recorder: &Recorder| {
            let mut out: Vec<String> = recorder.taken().iter().filter(|sent| sent.writes()).map(super::recorder::Sent::words).collect();
            out.sort();
            out
        };
        assert_eq!(words(&self.recorder), words(&sink));
        ran
    }

    async fn inventory(&self) -> Inventory {
        let mut out = Inventory::new();
        for bucket in self.client.list_buckets().send().await.unwrap().buckets() {
            let name = bucket.name().unwrap();
            if !name.starts_with(&self.bucket("")) {
                continue;
            }
            let listed = self.client.list_object_versions().bucket(name).send().await.unwrap();
            let seen = listed.versions().iter().map(|object| format!("{} {}", object.key().unwrap(), object.e_tag().unwrap()));
            out.insert(name.to_owned(), seen.chain(listed.delete_markers().iter().map(|marker| format!("deleted {}", marker.key().unwrap()))).collect());
        }
        out
    }

    /// Somebody else turns versioning off and replaces the tags and the lifecycle rules.
    async fn drift(&self) {
        let bucket = self.config.bucket();
        let off = VersioningConfiguration::builder().status(BucketVersioningStatus::Suspended).build();
        self.client.put_bucket_versioning().bucket(&bucket).versioning_configuration(off).send().await.unwrap();
        let tags = Tagging::builder().tag_set(Tag::builder().key("cost-centre").value("another").build().unwrap()).build().unwrap();
        self.client.put_bucket_tagging().bucket(&bucket).tagging(tags).send().await.unwrap();
        put_rules(&self.client, &bucket, [rule("theirs", "tmp/", 3)]).await;
    }
}

fn requests(step: &Value) -> Vec<Request> {
    serde_json::from_value(step["requests"].clone()).unwrap()
}

fn steps(plan: &Value, kinds: &[&str]) -> Vec<Value> {
    let groups = plan["groups"].as_array().unwrap();
    let all = groups.iter().flat_map(|group| group["steps"].as_array().unwrap());
    all.filter(|step| kinds.contains(&step["kind"].as_str().unwrap())).cloned().collect()
}

/// The settings of steps of a kind.
fn settings(plan: &Value, kind: &str) -> BTreeSet<String> {
    steps(plan, &[kind]).iter().map(|step| step["id"].as_str().unwrap().split_once('@').unwrap().0.to_owned()).collect()
}

/// The settings that the policies ask for and that this server does not support as they ask, by the table of differences.
fn not_supported(world: &World) -> BTreeSet<String> {
    let roles = world.server.name != "SeaweedFS";
    let asked = |kind| kind == ResourceKind::Bucket || kind == ResourceKind::Role && roles;
    let settings = lifeboat::settings::SETTINGS.iter().filter(|setting| asked(setting.kind)).map(|setting| setting.id);
    settings.filter(|id| conformance::support(world.server.name, id) != conformance::Support::Converges).map(str::to_owned).collect()
}

async fn nothing_is_lost(server: Server) {
    let world = World::new(server).await;
    let before = world.inventory().await;
    assert_eq!(before.len(), 3);

    // Nothing is there but the buckets: what is missing is made, what is not supported is held.
    assert_eq!(world.run(&["check"]).code, 0);
    let first = world.plan();
    assert_eq!(settings(&first, "held"), BTreeSet::from(["bucket-exists".to_owned()]), "{first:#}");
    // These policies ask neither for a lock, an access log or a replica nor for statements in the bucket policy.
    let unasked = ["bucket-object-lock", "bucket-logging", "bucket-replication", "bucket-policy"];
    let unsupported: BTreeSet<String> = not_supported(&world).into_iter().filter(|id| !unasked.contains(&id.as_str())).collect();
    assert_eq!(settings(&first, "unknown"), unsupported);
    world.apply().await;
    for _ in 0..2 {
        assert_eq!(steps(&world.plan(), &["add", "change"]), Vec::<Value>::new());
    }

    // Somebody else was there.
    world.drift().await;
    assert!(settings(&world.plan(), "change").contains("bucket-tags"));
    world.apply().await;
    assert_eq!(steps(&world.plan(), &["add", "change"]), Vec::<Value>::new());

    // The policy goes without what is not supported: nothing is held any more.
    std::fs::remove_file(world.config.path().join("policies/none.yaml")).unwrap();
    for name in ["orders", "empty"] {
        let path = world.config.path().join(format!("policies/{name}.yaml"));
        let text = std::fs::read_to_string(&path).unwrap().replace("    region:", "    unsupported: skip\n    region:");
        std::fs::write(path, text).unwrap();
    }
    let plan = world.plan();
    assert_eq!(settings(&plan, "skipped"), unsupported);
    let ran = world.run(&["plan"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(unsupported.is_empty() || ran.out.contains("not supported and skipped · exit 0: everything else is as the policies say"), "{}", ran.out);
    assert_eq!(world.inventory().await, before);
}

#[tokio::test]
async fn nothing_is_lost_on_ministack() {
    nothing_is_lost(Server::ministack()).await;
}

#[tokio::test]
async fn nothing_is_lost_on_moto() {
    nothing_is_lost(Server::moto()).await;
}

#[tokio::test]
async fn nothing_is_lost_on_seaweedfs() {
    nothing_is_lost(Server::seaweedfs()).await;
}

/// The servers are as dangerous as is said: else the tests above prove nothing.
#[tokio::test]
async fn seaweedfs_deletes_and_makes_buckets_when_it_is_asked_what_it_does_not_know() {
    let client = Server::seaweedfs().client();
    client.create_bucket().bucket("shop-trap-full").send().await.unwrap();
    put(&client, "shop-trap-full", "backup", b"precious".to_vec()).await;
    client.delete_bucket_replication().bucket("shop-trap-full").send().await.unwrap();
    assert!(client.head_bucket().bucket("shop-trap-full").send().await.is_err(), "the bucket is gone with its object");
    put(&client, "shop-trap-none", "backup", b"precious".to_vec()).await;
    assert!(client.head_bucket().bucket("shop-trap-none").send().await.is_ok(), "an upload made the bucket");
}
