//! What AWS answers after a write, and before any: it plans to nothing where it should.

use std::collections::BTreeMap;

use lifeboat::model::aspects::{Encryption, Ownership, PublicAccess, Versioning};
use lifeboat::model::document::Document;
use lifeboat::model::fact::Fact;
use lifeboat::model::id::ResourceId;
use lifeboat::model::request::{Read, ReadOp, Request, RequestOp};
use lifeboat::model::resource::ObservedResource;
use lifeboat::model::verdict::replication;
use lifeboat::ports::Cloud;
use lifeboat::ports::sim::World;
use lifeboat::settings::{self, Setting};
use serde_json::Value;

use super::{answer, boto, cases, text};

/// An answer with its hidden values filled in from what was sent.
fn filled(answer: &Value, sent: &Value) -> Value {
    match answer {
        Value::String(hidden) if hidden.starts_with('<') || hidden == "datetime" => sent.clone(),
        Value::Object(fields) => Value::Object(fields.iter().map(|(key, value)| (key.clone(), filled(value, &sent[key]))).collect()),
        Value::Array(items) => items.iter().enumerate().map(|(at, item)| filled(item, &sent[at])).collect(),
        other => other.clone(),
    }
}

/// The setting, the write and the document of an answer, for the kinds that lifeboat manages.
fn managed(get: &str, answer: &Value) -> Option<(&'static Setting, RequestOp, Fact<Document>)> {
    let absent_or = |found: Option<Document>| found.map_or(Fact::Absent, Fact::Known);
    let (id, op, fact) = match get {
        "get_bucket_versioning" => ("bucket-versioning", RequestOp::PutBucketVersioning, absent_or(boto::versioning(answer).map(|it| Document::of(&it)))),
        "get_bucket_encryption" => {
            let found = boto::encryption(&answer["ServerSideEncryptionConfiguration"]);
            ("bucket-encryption", RequestOp::PutBucketEncryption, absent_or(found.map(|it| Document::of(&it))))
        }
        "get_bucket_tagging" => ("bucket-tags", RequestOp::PutBucketTags, absent_or(answer.get("TagSet").map(|_| Document::of(&boto::tags(answer))))),
        "get_public_access_block" => {
            let found = answer.get("PublicAccessBlockConfiguration").map(|it| Document::of(&boto::public_access(it)));
            ("bucket-public-access", RequestOp::PutPublicAccess, absent_or(found))
        }
        "get_object_lock_configuration" => {
            ("bucket-object-lock", RequestOp::PutBucketObjectLock, absent_or(boto::object_lock(answer).map(|it| Document::of(&it))))
        }
        "get_bucket_logging" => ("bucket-logging", RequestOp::PutBucketLogging, absent_or(boto::logging(answer).map(|it| Document::of(&it)))),
        "get_bucket_policy" => {
            let policy = answer.get("Policy").and_then(Value::as_str);
            ("bucket-policy", RequestOp::PutBucketPolicy, absent_or(policy.map(|text| Document::of(&serde_json::from_str::<Value>(text).unwrap()))))
        }
        "get_bucket_ownership_controls" => {
            let found = answer.pointer("/OwnershipControls/Rules/0/ObjectOwnership").map(Document::of).filter(|it| it.to::<Ownership>().is_some());
            ("bucket-ownership", RequestOp::PutBucketOwnership, absent_or(found))
        }
        "get_bucket_lifecycle_configuration" => {
            let found = answer.get("Rules").map(|_| Document::of(&boto::lifecycle(answer, answer.get("TransitionDefaultMinimumObjectSize")).unwrap()));
            ("bucket-lifecycle", RequestOp::PutBucketLifecycle, absent_or(found))
        }
        _ => return None,
    };
    Some((settings::by_id(id).unwrap(), op, fact))
}

fn seen(setting: &Setting, fact: Fact<Document>) -> Fact<Document> {
    (setting.seen)(&ObservedResource { facts: BTreeMap::from([(setting.read, fact)]) })
}

fn world() -> std::sync::Arc<World> {
    let world = World::at("2026-11-22T10:00:00Z".parse().unwrap());
    world.put_bucket("b", "us-east-1");
    // Where the recorded access logs went.
    world.put_bucket("test-bucket-uid00002", "us-east-1");
    world
}

fn bucket() -> ResourceId {
    ResourceId::Bucket("b".to_owned())
}

/// What was sent, in the shape of what is answered.
fn sent_as_answered(case: &Value) -> Value {
    let request = &case["request"];
    match text(case, "/put") {
        "put_bucket_versioning" => request["VersioningConfiguration"].clone(),
        "put_bucket_tagging" => request["Tagging"].clone(),
        "put_bucket_logging" => request["BucketLoggingStatus"].clone(),
        "put_bucket_lifecycle_configuration" => {
            let mut sent = request["LifecycleConfiguration"].clone();
            if let Some(size) = request.get("TransitionDefaultMinimumObjectSize") {
                sent["TransitionDefaultMinimumObjectSize"] = size.clone();
            }
            sent
        }
        _ => request.clone(),
    }
}

/// Kinds that no setting here manages yet or ever: nothing is compared but what AWS keeps of what was sent.
const OTHERS: &[(&str, usize)] = &[
    ("put_bucket_acl", 4),
    ("put_bucket_cors", 5),
    ("put_bucket_intelligent_tiering_configuration", 1),
    ("put_bucket_inventory_configuration", 1),
    ("put_bucket_metrics_configuration", 3),
    ("put_bucket_request_payment", 1),
];

#[tokio::test]
async fn what_was_put_and_is_read_back_plans_to_nothing() {
    let (mut settled, mut judged, mut others) = (BTreeMap::<&str, usize>::new(), 0, BTreeMap::<String, usize>::new());
    for case in cases("put_then_get.json") {
        let (put, get) = (text(&case, "/put"), text(&case, "/get"));
        let sent = sent_as_answered(&case);
        let answered = filled(&case["response"], &sent);
        let Some((setting, op, fact)) = managed(get, &answered) else {
            match put {
                "put_bucket_replication" => assert_eq!(answer(&replication::replication(&sent["ReplicationConfiguration"])), "ok"),
                other => {
                    *others.entry(other.to_owned()).or_default() += 1;
                    continue;
                }
            }
            judged += 1;
            continue;
        };
        let (_, _, Fact::Known(want)) = managed(get, &sent).unwrap() else { panic!("{case}") };
        let live = seen(setting, fact.clone());
        assert_eq!(live.known(), Some(&(setting.adopt)(&want, &live)), "{}: {put} {}", text(&case, "/source"), case["request"]);
        // The simulator keeps of it what AWS keeps of it.
        let world = world();
        if op == RequestOp::PutBucketObjectLock {
            world.put_bucket_setting("b", ReadOp::BucketVersioning, Some(Document::of(&Versioning::Enabled)));
        }
        world.send(&Request { op, target: bucket(), body: want }).await.unwrap();
        assert_eq!(world.read(&Read { op: setting.read, target: bucket() }).await, fact, "{put} {}", case["request"]);
        *settled.entry(setting.id).or_default() += 1;
    }
    let expected =
        [("bucket-encryption", 4), ("bucket-lifecycle", 8), ("bucket-logging", 2), ("bucket-object-lock", 2), ("bucket-tags", 1), ("bucket-versioning", 3)];
    assert_eq!(settled, BTreeMap::from(expected));
    assert_eq!(judged, 1);
    assert_eq!(others.into_iter().collect::<Vec<_>>(), OTHERS.iter().map(|(put, count)| ((*put).to_owned(), *count)).collect::<Vec<_>>());
}

/// The first answer of a new bucket, and the answer after a DELETE: known or absent, and a step only where one is due.
#[tokio::test]
async fn what_a_bucket_is_born_with_is_known_and_what_is_not_there_is_absent() {
    let encryption = Encryption { algorithm: "AES256".to_owned(), key: None, bucket_key: false, blocked_types: Vec::new() };
    let wishes = [("bucket-encryption", Document::of(&encryption)), ("bucket-public-access", Document::of(&PublicAccess::BLOCKED))];
    let mut counted = BTreeMap::<(&str, &str), usize>::new();
    for case in cases("defaults.json") {
        let (get, answer) = (text(&case, "/get"), &case["response"]);
        // A bucket that is missing, or of others, has no defaults; `ports::aws` tells those apart by their codes.
        if ["NoSuchBucket", "AccessDenied", "InvalidBucketOwnerAWSAccountID"].contains(&text(answer, "/Error/Code")) {
            continue;
        }
        let Some((setting, _, fact)) = managed(get, answer) else { continue };
        let live = seen(setting, fact.clone());
        let state = if matches!(live, Fact::Absent) { "absent" } else { "known" };
        *counted.entry((setting.id, state)).or_default() += 1;
        if text(&case, "/after") == "create_bucket" && case["create"].as_object().is_some_and(serde_json::Map::is_empty) && setting.id != "bucket-tags" {
            assert_eq!(world().read(&Read { op: setting.read, target: bucket() }).await, fact, "a new bucket of the simulator: {get}");
        }
        if let Some((_, want)) = wishes.iter().find(|(id, _)| *id == setting.id) {
            let nothing_to_do = live.known() == Some(&(setting.adopt)(want, &live));
            assert_eq!(nothing_to_do, state == "known", "{get} {answer}");
        }
    }
    let expected = [
        (("bucket-encryption", "known"), 1),
        (("bucket-lifecycle", "absent"), 3),
        (("bucket-logging", "absent"), 1),
        (("bucket-object-lock", "absent"), 2),
        (("bucket-object-lock", "known"), 1),
        (("bucket-ownership", "absent"), 1),
        (("bucket-ownership", "known"), 3),
        (("bucket-policy", "absent"), 4),
        (("bucket-public-access", "absent"), 1),
        (("bucket-public-access", "known"), 1),
        (("bucket-tags", "absent"), 3),
        (("bucket-tags", "known"), 4),
        (("bucket-versioning", "absent"), 2),
    ];
    assert_eq!(counted, BTreeMap::from(expected));
}

/// A PUT without the header resets the minimum size, and one without blocked types fights AWS: both go back as they came.
#[test]
fn what_others_chose_beside_ours_goes_back_with_our_write() {
    let varies = cases("recorded/s3_lifecycle.json").into_iter().find(|case| text(case, "/key") == "get-varies-by-storage").unwrap();
    let (lifecycle, _, live) = managed("get_bucket_lifecycle_configuration", &varies["response"]).unwrap();
    let ours = boto::lifecycle(
        &serde_json::json!({"Rules": [{"ID": "lifeboat/a", "Status": "Enabled", "Filter": {"Prefix": "a/"}, "Expiration": {"Days": 1}}]}),
        None,
    );
    let to = (lifecycle.adopt)(&Document::of(&ours.unwrap()), &seen(lifecycle, live.clone()));
    let body = to.to::<lifeboat::model::lifecycle::Lifecycle>().unwrap().wire();
    assert_eq!(body["TransitionDefaultMinimumObjectSize"], "varies_by_storage_class");
    assert_eq!(body["LifecycleConfiguration"]["Rules"].as_array().map(Vec::len), Some(2));
    assert_eq!((lifecycle.requests)(&bucket(), &live, &to).first().map(|request| request.body.clone()), Some(to));

    let blocked = serde_json::json!({"ServerSideEncryptionConfiguration": {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"},
        "BucketKeyEnabled": false, "BlockedEncryptionTypes": {"EncryptionType": ["SSE-C"]}}]}});
    let (setting, _, live) = managed("get_bucket_encryption", &blocked).unwrap();
    let plain = Encryption { algorithm: "AES256".to_owned(), key: None, bucket_key: false, blocked_types: Vec::new() };
    assert_eq!(live.known(), Some(&(setting.adopt)(&Document::of(&plain), &live)), "nothing to do");
    let kms = Encryption { algorithm: "aws:kms".to_owned(), bucket_key: true, ..plain };
    let to = (setting.adopt)(&Document::of(&kms), &live).to::<Encryption>().unwrap();
    assert_eq!(to.wire().pointer("/ServerSideEncryptionConfiguration/Rules/0/BlockedEncryptionTypes/EncryptionType/0"), Some(&"SSE-C".into()));
}
