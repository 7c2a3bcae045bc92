//! Recorded answers of the real AWS (`tests/data/aws`), played as the XML that they were: each is read through the SDK, and
//! what was read is written back without losing a word of it.

use std::collections::BTreeMap;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};
use lifeboat::model::document::Document;
use lifeboat::model::fact::Fact;
use lifeboat::model::id::ResourceId;
use lifeboat::model::request::{Read, ReadOp, Request, RequestOp};
use lifeboat::ports::Cloud as _;
use lifeboat::ports::aws::Aws;
use lifeboat::ports::conformance::RECORDED;
use serde_json::Value;

use crate::aws::{cases, text};
use crate::servers::recorder::Recorder;

/// A recorded question: its name in boto3, the root of its answer, and what lifeboat makes of it.
const QUESTIONS: [(&str, &str, &str, ReadOp, RequestOp); 7] = [
    ("bucket-versioning", "get_bucket_versioning", "VersioningConfiguration", ReadOp::BucketVersioning, RequestOp::PutBucketVersioning),
    ("bucket-encryption", "get_bucket_encryption", "ServerSideEncryptionConfiguration", ReadOp::BucketEncryption, RequestOp::PutBucketEncryption),
    ("bucket-public-access", "get_public_access_block", "PublicAccessBlockConfiguration", ReadOp::BucketPublicAccess, RequestOp::PutPublicAccess),
    ("bucket-lifecycle", "get_bucket_lifecycle_configuration", "LifecycleConfiguration", ReadOp::BucketLifecycle, RequestOp::PutBucketLifecycle),
    ("bucket-ownership", "get_bucket_ownership_controls", "OwnershipControls", ReadOp::BucketOwnership, RequestOp::PutBucketOwnership),
    ("bucket-replication", "get_bucket_replication", "ReplicationConfiguration", ReadOp::BucketReplication, RequestOp::PutBucketReplication),
    ("bucket-tags", "get_bucket_tagging", "Tagging", ReadOp::BucketTags, RequestOp::PutBucketTags),
];

const MINIMUM: &str = "TransitionDefaultMinimumObjectSize";

/// boto3 names lists in the plural and S3 does not; only the list of tags has an element of its own.
fn xml(name: &str, value: &Value) -> String {
    let single = if name == "Rules" || name == "Tags" || name.ends_with("Transitions") { name.trim_end_matches('s') } else { name };
    let inner = match value {
        Value::Object(fields) => fields.iter().filter(|(key, _)| *key != MINIMUM).map(|(key, value)| xml(key, value)).collect(),
        Value::Array(items) if name == "TagSet" => items.iter().map(|item| xml("Tag", item)).collect(),
        Value::Array(items) => return items.iter().map(|item| xml(single, item)).collect(),
        // Placeholders of what was hidden when it was recorded.
        Value::String(said) if said == "<expiration>" => "<Days>7</Days>".to_owned(),
        Value::String(said) if said == "datetime" => "2030-01-01T00:00:00Z".to_owned(),
        Value::String(said) => said.replace(['<', '>'], ""),
        other => other.to_string(),
    };
    format!("<{single}>{inner}</{single}>")
}

/// Every text of a document with its path, in any order: an element without a text says nothing by itself.
fn words(xml: &str) -> Vec<String> {
    let document = roxmltree::Document::parse(xml).unwrap();
    let leaves = document.descendants().filter(|node| node.is_text() && !node.text().unwrap_or_default().trim().is_empty());
    let path = |node: roxmltree::Node<'_, '_>| node.ancestors().map(|above| above.tag_name().name().to_owned()).collect::<Vec<_>>().join("/");
    let mut out: Vec<String> = leaves.map(|node| format!("{} {}", path(node), node.text().unwrap_or_default())).collect();
    out.sort();
    out
}

async fn aws(url: &str) -> Aws {
    let keys = SharedCredentialsProvider::new(Credentials::new("key", "secret", None, None, "test"));
    let config = SdkConfig::builder().behavior_version(BehaviorVersion::latest()).region(Region::new("eu-west-1")).endpoint_url(url);
    Aws::with(config.credentials_provider(keys).build(), &[]).await
}

async fn read(op: ReadOp, status: u16, headers: &[(&'static str, String)], body: &str) -> Fact<Document> {
    let server = Recorder::saying(status, headers, body);
    aws(&server.url).await.read(&Read { op, target: ResourceId::Bucket("bucket".to_owned()) }).await
}

#[tokio::test]
async fn what_aws_answered_is_read_and_goes_back_as_it_came() {
    let mut played: BTreeMap<&str, usize> = BTreeMap::new();
    for case in ["put_then_get.json", "defaults.json"].into_iter().flat_map(cases) {
        let Some((setting, _, root, ask, write)) = QUESTIONS.iter().find(|(_, get, ..)| *get == text(&case, "/get")) else { continue };
        *played.entry(setting).or_default() += 1;
        let answer = &case["response"];
        if let Some(error) = answer.get("Error") {
            assert_eq!(read(*ask, 404, &[], &xml("Error", error)).await, Fact::Absent, "{case}");
            continue;
        }
        let headers: Vec<(&'static str, String)> =
            answer.get(MINIMUM).and_then(Value::as_str).map(|size| ("x-amz-transition-default-minimum-object-size", size.to_owned())).into_iter().collect();
        let body = xml(root, answer.get(root).unwrap_or(answer));
        let seen = read(*ask, 200, &headers, &body).await;
        if words(&body).is_empty() {
            assert_eq!(seen, Fact::Absent, "{case}");
            continue;
        }
        let Fact::Known(document) = seen else { panic!("{case}: {seen:?}") };
        let server = Recorder::alone();
        let request = Request { op: *write, target: ResourceId::Bucket("bucket".to_owned()), body: document.clone() };
        aws(&server.url).await.send(&request).await.unwrap();
        let sent = server.taken().pop().unwrap();
        let written = String::from_utf8(sent.body.clone()).unwrap();
        assert_eq!(words(&written), words(&body), "{case}");
        assert_eq!(read(*ask, 200, &headers, &written).await, Fact::Known(document), "{case}");
        for (name, value) in headers {
            assert_eq!(sent.header(name), Some(value.as_str()), "{case}");
        }
    }
    let known: BTreeMap<&str, usize> = RECORDED.iter().copied().collect();
    assert_eq!(played, known);
}
