//! IAM documents and bucket policies whose verdict is known.

use std::collections::BTreeMap;

use lifeboat::model::aspects::RoleTrust;
use lifeboat::model::document::Document;
use lifeboat::model::id::ResourceId;
use lifeboat::model::request::{Request, RequestOp};
use lifeboat::model::verdict::{Verdict, bucket_policy, iam_policy, role};
use lifeboat::ports::Cloud;
use lifeboat::ports::sim::World;
use lifeboat::settings;
use serde_json::{Value, json};

use super::{answer, cases, text};

/// IAM's verdict and its words, on every document; and the setting holds what IAM refuses.
#[test]
fn every_known_policy_verdict_is_ours() {
    let cases = cases("iam_policy_validation.json");
    let setting = settings::by_id("role-permissions").unwrap();
    let mut wrong = Vec::new();
    for case in &cases {
        let expected = if case["expected"] == "ok" { "ok".to_owned() } else { format!("{}: {}", text(case, "/expected"), text(case, "/message")) };
        let ours = answer(&iam_policy::identity(&case["document"]));
        let held = (setting.refused)(&Document::of(&case["document"])).is_some();
        if ours != expected || held != (expected != "ok") {
            wrong.push(format!("{}\n  AWS:  {expected}\n  ours: {ours} (held: {held})", case["document"]));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    assert_eq!((cases.len(), cases.iter().filter(|case| case["expected"] == "ok").count()), (71, 32));
}

fn statement(fields: &Value) -> Value {
    let mut statement = json!({"Effect": "Allow"});
    statement.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    json!({"Version": "2012-10-17", "Statement": [statement]})
}

fn trusting(names: &[String]) -> Value {
    statement(&json!({"Action": "sts:AssumeRole", "Principal": {"AWS": names}}))
}

fn on_bucket(principal: &Value, action: &str, resource: &str) -> Verdict {
    bucket_policy::bucket_policy(&statement(&json!({"Principal": principal, "Action": action, "Resource": resource})), Some("b"))
}

const NOT_SENT: &str = "lifeboat sends no such request";
const ONLY_AWS_KNOWS: &str = "whether a principal exists only AWS knows, and for a while not even AWS";
const CALL: &str = "about the call and not the document: who owns the bucket";

/// Our verdict on a document that meets the condition of a case; or why a document cannot have one.
fn verdict(operation: &str, condition: &str) -> Result<Verdict, &'static str> {
    let job = "arn:aws:iam::111111111111:role/job";
    Ok(match (operation, condition) {
        ("CreateRole", "trust policy with trailing comma / not JSON") => role::document("{\"Statement\": [],}").and_then(|document| role::trust(&document)),
        ("CreateRole", "trust policy with Resource") => {
            role::trust(&statement(&json!({"Action": "sts:AssumeRole", "Principal": {"AWS": job}, "Resource": "*"})))
        }
        ("UpdateAssumeRolePolicy", "trust policy > 2048 chars (quota, raisable to 4096)") => {
            role::trust(&trusting(&(0..60).map(|n| format!("{job}-{n}")).collect::<Vec<_>>()))
        }
        ("PutRolePolicy", "sum of inline policies > 10240 non-whitespace chars") => {
            let resources: Vec<String> = (0..400).map(|n| format!("arn:aws:s3:::bucket-number-{n}/*")).collect();
            iam_policy::inline(&statement(&json!({"Action": "s3:GetObject", "Resource": resources})), "<n>")
        }
        ("PutBucketPolicy", "empty or non-JSON") => bucket_policy::text("", Some("b")),
        ("PutBucketPolicy", "{}") => bucket_policy::text("{}", Some("b")),
        ("PutBucketPolicy", "ListBucket on bucket/* only") => on_bucket(&json!({"AWS": job}), "s3:ListBucket", "arn:aws:s3:::b/*"),
        ("PutBucketPolicy", "resource of another bucket") => on_bucket(&json!({"AWS": job}), "s3:GetObject", "arn:aws:s3:::other/*"),
        ("PutBucketPolicy", "public policy while BlockPublicPolicy") => {
            bucket_policy::under_block(&statement(&json!({"Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"})))
        }
        (_, "trust principal ARN that does not exist (yet)" | "principal ARN does not exist") => return Err(ONLY_AWS_KNOWS),
        (_, "ExpectedBucketOwner of another account" | "ExpectedBucketOwner malformed") => return Err(CALL),
        ("CreateRole", "role exists") => return Err("tried in the simulator below"),
        ("CreatePolicyVersion" | "DeletePolicyVersion" | "DeletePolicy" | "AttachRolePolicy" | "DeleteUser" | "DeleteRole", _) => return Err(NOT_SENT),
        other => panic!("a new case: {other:?}"),
    })
}

#[test]
fn every_error_that_a_document_can_cause_is_foretold() {
    let (mut judged, mut outside) = (0, BTreeMap::<&str, usize>::new());
    for case in cases("iam_errors.json") {
        let expected = format!("{}: {}", text(&case, "/error/Code"), text(&case, "/error/Message"));
        match verdict(text(&case, "/operation"), text(&case, "/condition")) {
            Ok(ours) => {
                judged += 1;
                assert_eq!(answer(&ours), expected, "{}", text(&case, "/condition"));
            }
            Err(why) => *outside.entry(why).or_default() += 1,
        }
    }
    assert_eq!((judged, outside), (9, BTreeMap::from([(NOT_SENT, 9), (ONLY_AWS_KNOWS, 2), (CALL, 2), ("tried in the simulator below", 1)])));
}

/// What a document cannot say, the simulator answers: IAM's codes, in its words.
#[tokio::test]
async fn the_simulator_refuses_roles_as_iam_does() {
    let world = World::at("2026-11-22T10:00:00Z".parse().unwrap());
    let send = async |op: RequestOp, trust: Value| {
        let body = Document::of(&RoleTrust { path: "/".to_owned(), trust, tags: BTreeMap::new(), max_session: None, boundary: None });
        world.send(&Request { op, target: ResourceId::Role("r".to_owned()), body }).await.map_err(|error| error.message)
    };
    let sound = trusting(&["111111111111".to_owned()]);
    assert_eq!(send(RequestOp::CreateRole, sound.clone()).await, Ok(()));
    assert_eq!(send(RequestOp::CreateRole, sound).await, Err("EntityAlreadyExists: Role with name r already exists.".to_owned()));
    let deleted = trusting(&["AROAEXAMPLEEXAMPLE123".to_owned()]);
    assert_eq!(
        send(RequestOp::UpdateRoleTrust, deleted).await,
        Err("MalformedPolicyDocument: Invalid principal in policy: \"AWS\":\"AROAEXAMPLEEXAMPLE123\"".to_owned())
    );
    let policy = Document::of(&statement(&json!({"Action": "GetObject", "Resource": "*"})));
    let put = Request { op: RequestOp::PutRolePermissions, target: ResourceId::Role("r".to_owned()), body: policy };
    assert!(world.send(&put).await.is_err_and(|error| error.message.starts_with("MalformedPolicyDocument: Actions/Conditions must be prefaced")));
}
