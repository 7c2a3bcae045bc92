//! What lies in buckets and roles and is not managed: all of it is said, nothing of it counts, and nothing is asked unless somebody asks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lifeboat::model::aspects::{Parts, RoleTrust, Tags, Versioning};
use lifeboat::model::document::Document;
use lifeboat::model::fact::{Fact, Why};
use lifeboat::model::id::ResourceId;
use lifeboat::model::request::ReadOp;
use lifeboat::model::resource::{Desired, ResourceWish};
use lifeboat::observe::{self, Watch};
use lifeboat::plan::inventory::inventory;
use lifeboat::ports::sim::{Op, World};
use lifeboat::settings::beside::BESIDE;
use lifeboat::view::inventory::{InventoryView, NotOursView};
use serde_json::json;

use crate::converge::worlds::{BUCKET, expiring};
use crate::converge::{Memory, QUICKSTART, desired, planned};

const MANAGED: &str = "arn:aws:iam::000000000000:policy/lifeboat-extra";
const ROLE: &str = "shop-keeper";

fn parts(pairs: &[(&str, &str)]) -> Document {
    Document::of(&Parts(pairs.iter().map(|(name, words)| ((*name).to_owned(), (*words).to_owned())).collect()))
}

/// Leaves something of others wherever something can lie.
pub(crate) fn strewn(world: &World) {
    world.add_foreign_rule(BUCKET, expiring("tmp", "tmp/", 7));
    let mut tags = world.bucket_setting(BUCKET, ReadOp::BucketTags).unwrap().to::<Tags>().unwrap();
    tags.0.insert("team".to_owned(), "dba".to_owned());
    world.put_bucket_setting(BUCKET, ReadOp::BucketTags, Some(Document::of(&tags)));
    let mut policy = world.bucket_setting(BUCKET, ReadOp::BucketPolicy).unwrap().value().clone();
    let partner = json!({"Sid": "Partner", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:role/audit"}, "Action": "s3:ListBucket", "Resource": format!("arn:aws:s3:::{BUCKET}")});
    policy["Statement"].as_array_mut().unwrap().push(partner);
    world.put_bucket_setting(BUCKET, ReadOp::BucketPolicy, Some(Document::of(&policy)));
    world.put_bucket_setting(BUCKET, ReadOp::BucketCors, Some(parts(&[("rule 1", "GET from https://shop.example")])));
    world.put_bucket_setting(BUCKET, ReadOp::BucketAcl, Some(parts(&[("http://acs.amazonaws.com/groups/global/AllUsers", "READ")])));
    let unsupported = Why::Unsupported("GetBucketWebsite: NotImplemented: here is a secret".to_owned());
    world.answer(ResourceId::Bucket(BUCKET.to_owned()), ReadOp::BucketWebsite, Fact::Unknown(unsupported));
    let refused = Why::Refused("AccessDenied: arn:aws:sts::123456789012:assumed-role/dr-planner/ci is not authorized".to_owned());
    world.answer(ResourceId::Bucket(BUCKET.to_owned()), ReadOp::BucketMetrics, Fact::Unknown(refused));
    world.attach(ROLE, MANAGED);
    world.add_inline(ROLE, "debug");
}

/// What is said of a world, by all that `plan --inventory` does.
pub(crate) async fn found(desired: &Desired, world: &Arc<World>) -> InventoryView {
    let ports = world.ports();
    let observed = observe::observe(desired, &ports, Fact::Unknown(Why::NotAsked)).await;
    let beside = observe::beside(desired, &ports, &Watch::default()).await;
    InventoryView::of(&inventory(desired, &observed, &beside), beside.requests)
}

async fn settled(policy: &str) -> (Desired, Arc<World>) {
    let world = World::at("2026-11-10T02:15:00Z".parse().unwrap());
    let wanted = desired(&[policy]);
    let plan = planned(&wanted, &world, &[]).await;
    assert!(lifeboat::apply::apply(&plan, &world.ports(), lifeboat::apply::Settle::default(), &mut Memory::default()).await.complete());
    world.forget();
    (wanted, world)
}

fn said(found: &NotOursView) -> BTreeSet<String> {
    found.parts.iter().map(|part| format!("{} {}: {}", part.kind, part.name, part.words)).collect()
}

#[tokio::test]
async fn what_lifeboat_made_is_not_in_its_inventory() {
    let (wanted, world) = settled(QUICKSTART).await;
    let view = found(&wanted, &world).await;
    assert_eq!((view.resources.len(), view.bare, view.requests), (0, 4, BESIDE.len()), "{:?}", view.resources);
}

#[tokio::test]
async fn all_that_others_left_is_said_and_what_cannot_be_read_is_not_nothing() {
    let (wanted, world) = settled(QUICKSTART).await;
    strewn(&world);
    let view = found(&wanted, &world).await;
    let names: Vec<&str> = view.resources.iter().map(|found| found.resource.as_str()).collect();
    assert_eq!((names, view.bare), (vec!["bucket/shop-dr-orders", "role/shop-keeper"], 2));
    let bucket = BTreeSet::from(
        [
            "acl-grant http://acs.amazonaws.com/groups/global/AllUsers: READ",
            "cors rule 1: GET from https://shop.example",
            "lifecycle-rule tmp: below tmp/: expire after 7 d",
            "policy-statement Partner: allows s3:ListBucket for arn:aws:iam::000000000000:role/audit",
            "tag team: dba",
        ]
        .map(str::to_owned),
    );
    assert_eq!(said(&view.resources[0]), bucket);
    let unknown: Vec<(&str, &str)> = view.resources[0].unknown.iter().map(|what| (what.title.as_str(), what.why.as_str())).collect();
    assert_eq!(unknown, [("web site", "not supported by this endpoint"), ("request metrics", "may not read: s3:GetMetricsConfiguration is refused")]);
    let role = [format!("attached-policy {MANAGED}: the role may do what it grants"), "inline-policy debug: the role may do what it grants".to_owned()];
    assert_eq!(said(&view.resources[1]), BTreeSet::from(role));
}

/// A setting that no policy says anything about is named with what it is; where rules and statements are not managed, each counts.
#[tokio::test]
async fn what_the_policy_says_nothing_about_is_said() {
    let (_, world) = settled(QUICKSTART).await;
    let silent =
        "    versioning: unmanaged\n    lifecycle: unmanaged\n    bucketPolicy: unmanaged\n    publicAccess: unmanaged\n    noncurrent: {keepDays: 20}\n";
    let wanted = desired(&[&QUICKSTART.replace("    prefix: orders/\n", &format!("    prefix: orders/\n{silent}"))]);
    let view = found(&wanted, &world).await;
    let kinds: BTreeMap<&str, usize> = view.resources[0].parts.iter().fold(BTreeMap::new(), |mut kinds, part| {
        *kinds.entry(part.kind.as_str()).or_default() += 1;
        kinds
    });
    assert!(kinds["policy-statement"] >= 1 && kinds["setting"] == 2, "{:?}", view.resources[0].parts);
    let versioning = view.resources[0].parts.iter().find(|part| part.name == "versioning").unwrap();
    assert_eq!(versioning.words, "Enabled");
    world.put_bucket_setting(BUCKET, ReadOp::BucketVersioning, Some(Document::of(&Versioning::Suspended)));
    let view = found(&wanted, &world).await;
    assert_eq!(view.resources[0].parts.iter().find(|part| part.name == "versioning").unwrap().words, "Suspended");
}

/// Tags of a role that lifeboat did not write.
#[tokio::test]
async fn tags_of_others_on_a_role_are_said() {
    let (wanted, world) = settled(QUICKSTART).await;
    let (trust, permissions) = world.role(ROLE).unwrap();
    let tags = trust.tags.clone().into_iter().chain([("cost".to_owned(), "1".to_owned())]).collect();
    world.put_role(ROLE, RoleTrust { tags, ..trust }, permissions);
    let view = found(&wanted, &world).await;
    assert_eq!(said(&view.resources[0]), BTreeSet::from(["tag cost: 1".to_owned()]));
}

#[tokio::test]
async fn an_inventory_only_reads_and_a_plan_without_one_asks_nothing_of_it() {
    let (wanted, world) = settled(QUICKSTART).await;
    strewn(&world);
    let ours: BTreeSet<ReadOp> = BESIDE.iter().map(|part| part.read).collect();
    assert!(observe::questions(&wanted).iter().all(|read| !ours.contains(&read.op)));
    let before = format!("{:?}", planned(&wanted, &world, &[]).await);
    world.forget();
    found(&wanted, &world).await;
    assert_eq!(world.sent(), Vec::new());
    assert_eq!(format!("{:?}", planned(&wanted, &world, &[]).await), before);
    for part in BESIDE {
        world.refuse(lifeboat::ports::sim::CALLER, Op::Read(part.read));
    }
    assert_eq!(format!("{:?}", planned(&wanted, &world, &[]).await), before, "a refusal of what is only information changes no plan");
    let buckets = wanted.resources.iter().filter(|wish| matches!(wish, ResourceWish::Bucket(_))).count();
    let view = found(&wanted, &world).await;
    let refused = view.resources.iter().flat_map(|found| &found.unknown).filter(|what| what.why.starts_with("may not read")).count();
    assert_eq!(refused, buckets * BESIDE.len(), "{view:?}");
}

/// Of a part that others share with lifeboat, unknown is said; of a whole that is managed, the plan says it.
#[tokio::test]
async fn what_could_not_be_read_of_a_shared_setting_is_said() {
    let (wanted, world) = settled(QUICKSTART).await;
    let bucket = ResourceId::Bucket(BUCKET.to_owned());
    for op in [ReadOp::BucketVersioning, ReadOp::BucketTags, ReadOp::BucketLifecycle, ReadOp::BucketLogging] {
        world.answer(bucket.clone(), op, Fact::Unknown(Why::Refused("no".to_owned())));
    }
    let view = found(&wanted, &world).await;
    let unknown: Vec<&str> = view.resources[0].unknown.iter().map(|what| what.title.as_str()).collect();
    assert_eq!(unknown, ["lifecycle", "tags", "access log"]);
}

/// As people read it: aligned, and once where the same is said of many.
#[tokio::test]
async fn the_text_says_once_what_is_the_same() {
    let (wanted, world) = settled(QUICKSTART).await;
    strewn(&world);
    for role in ["shop-backup-writer", "shop-restorer"] {
        world.attach(role, MANAGED);
        world.add_inline(role, "debug");
    }
    let mut plan = crate::formats::samples::view(&wanted, &world, &[]).await;
    plan.inventory = Some(found(&wanted, &world).await);
    let text = lifeboat::formats::text::plan(&plan, 5, lifeboat::formats::paint::Paint { on: false });
    let (_, said) = text.split_once("not managed, for information\n").unwrap();
    for line in [
        "  bucket shop-dr-orders\n      lifecycle rule     tmp  below tmp/: expire after 7 d\n",
        "      not known          web site: not supported by this endpoint\n",
        "      inline policy      debug  the role may do what it grants\n      the same in 2 more: role/shop-keeper, role/shop-restorer\n",
    ] {
        assert!(said.contains(line), "{line}\n{text}");
    }
    assert!(text.trim_end().ends_with("exit 5: a person must decide"), "the verdict stays the last line: {text}");
}
