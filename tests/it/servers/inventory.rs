//! `plan --inventory` on real servers: what others put there is said, what a server does not know is said to be so, and only reads are sent.

use std::collections::BTreeSet;

use aws_sdk_s3::types::{BucketLocationConstraint, CorsConfiguration, CorsRule, CreateBucketConfiguration, IndexDocument, Tag, Tagging, WebsiteConfiguration};
use serde_json::Value;

use super::access::{put_rules, rule};
use super::cli::{Config, Ran};
use super::others::Server;
use super::recorder::{Recorder, Sent};
use crate::formats::{complaints, published};

struct World {
    config: Config,
    server: Server,
    recorder: Recorder,
}

impl World {
    /// A bucket of a policy without roles, in which others left what the server takes.
    async fn new(server: Server) -> Self {
        let config = Config::new(&format!("lies-{}", server.name.to_lowercase()));
        std::fs::remove_file(config.path().join("lifeboat.yaml")).unwrap();
        let text = std::fs::read_to_string(config.path().join("policies/orders.yaml")).unwrap();
        let (head, access) = text.split_once("  access:\n").unwrap();
        config.write("policies/orders.yaml", &format!("{head}  drills:\n{}", access.split_once("  drills:\n").unwrap().1));
        let (client, bucket) = (server.client(), config.bucket());
        let place = CreateBucketConfiguration::builder().location_constraint(BucketLocationConstraint::EuWest1).build();
        client.create_bucket().bucket(&bucket).create_bucket_configuration(place).send().await.unwrap();
        let tags = Tagging::builder().tag_set(Tag::builder().key("team").value("dba").build().unwrap()).build().unwrap();
        client.put_bucket_tagging().bucket(&bucket).tagging(tags).send().await.unwrap();
        put_rules(&client, &bucket, [rule("theirs", "tmp/", 3)]).await;
        let cors = CorsRule::builder().allowed_methods("GET").allowed_origins("https://shop.example").build().unwrap();
        let cors = CorsConfiguration::builder().cors_rules(cors).build().unwrap();
        client.put_bucket_cors().bucket(&bucket).cors_configuration(cors).send().await.unwrap();
        if server.name != "SeaweedFS" {
            // 4.48 takes the PUT of a sub-resource that it does not know for one of the bucket.
            let site = WebsiteConfiguration::builder().index_document(IndexDocument::builder().suffix("index.html").build().unwrap()).build();
            client.put_bucket_website().bucket(&bucket).website_configuration(site).send().await.unwrap();
        }
        let recorder = Recorder::before(&server.url);
        Self { config, server, recorder }
    }

    fn run(&self, args: &[&str]) -> Ran {
        let mut command = self.config.bare("none", args);
        command.env_remove("AWS_PROFILE").envs(self.server.environment(&self.recorder.url)).output().unwrap().into()
    }

    fn saved(&self, name: &str, more: &[&str]) -> (i32, Value) {
        let path = self.config.path().join(name);
        let ran = self.run(&[&["plan", "--out", path.to_str().unwrap()], more].concat());
        let mut plan: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        plan["observedAt"] = Value::Null;
        (ran.code, plan)
    }
}

fn texts<'a>(items: &'a Value, field: &str) -> BTreeSet<&'a str> {
    items.as_array().unwrap().iter().map(|item| item[field].as_str().unwrap()).collect()
}

/// What the server does not know, in the order of the table; each is said to be so.
async fn is_said(server: Server, unknown: &[&str]) {
    let world = World::new(server).await;
    let plain = world.run(&["plan", "--format", "json"]);
    world.recorder.taken();
    let ran = world.run(&["plan", "--inventory", "--format", "json"]);
    let asked = world.recorder.taken();
    let writes: Vec<String> = asked.iter().filter(|sent| sent.writes()).map(Sent::words).collect();
    assert_eq!(writes, Vec::<String>::new());
    let view: Value = serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{}{}", ran.out, ran.err));
    assert_eq!(complaints(&published("plan"), &view), Vec::<String>::new());
    assert_eq!((ran.code, plain.err.as_str()), (plain.code, ran.err.as_str()), "an inventory is no finding");
    let mut without = view.clone();
    assert!(without.as_object_mut().unwrap().remove("inventory").is_some());
    let mut plain: Value = serde_json::from_str(&plain.out).unwrap();
    (plain["observedAt"], without["observedAt"]) = (Value::Null, Value::Null);
    assert_eq!(plain, without, "nothing else of a plan is other with an inventory");

    let [found] = view["inventory"]["resources"].as_array().unwrap().as_slice() else { panic!("{view:#}") };
    let kinds = texts(&found["parts"], "kind");
    let site = (world.server.name != "SeaweedFS").then_some("website");
    let left = BTreeSet::from(["lifecycle-rule", "tag", "cors"]).into_iter().chain(site);
    assert!(left.into_iter().all(|kind| kinds.contains(kind)), "{found:#}");
    let said: Vec<&str> = found["unknown"].as_array().unwrap().iter().map(|what| what["title"].as_str().unwrap()).collect();
    assert_eq!(said, unknown, "{found:#}");
    assert_eq!(texts(&found["unknown"], "why"), BTreeSet::from(["not supported by this endpoint"]));

    let (one, other) = (world.saved("one.json", &[]), world.saved("two.json", &["--inventory"]));
    assert_eq!(one, other, "a saved plan is without it");
    let text = world.run(&["plan", "--inventory"]);
    assert!(text.out.contains("not managed, for information") && text.out.contains("GET from https://shop.example"), "{}", text.out);
    let comment = world.run(&["plan", "--inventory", "--format", "markdown"]);
    assert!(comment.out.contains("not managed") && comment.out.contains("for information</summary>"), "{}", comment.out);
    assert_eq!(world.run(&["plan", "--inventory", "--offline"]).code, 2);
}

#[tokio::test]
async fn what_lies_there_is_said_on_ministack() {
    is_said(Server::ministack(), &["archive tier", "S3 Inventory", "storage class analysis", "request metrics", "request payment"]).await;
}

#[tokio::test]
async fn what_lies_there_is_said_on_moto() {
    let unknown = ["notification", "archive tier", "S3 Inventory", "storage class analysis", "request metrics", "transfer acceleration", "request payment"];
    is_said(Server::moto(), &unknown).await;
}

#[tokio::test]
async fn what_lies_there_is_said_on_seaweedfs() {
    is_said(Server::seaweedfs(), &["archive tier", "storage class analysis", "request metrics"]).await;
}
