//! Every recorded write of a kind that lifeboat judges: the calls before it are played, then AWS's answer must be ours.

use std::collections::BTreeMap;

use lifeboat::model::aspects::Versioning;
use lifeboat::model::verdict::{Refusal, Verdict, bucket_policy, encryption, iam_policy, lifecycle, object_lock, replication, role, versioning};
use serde_json::Value;

use super::{answer, boto, cases, text};

/// What of a bucket decides on later writes.
#[derive(Default)]
struct Bucket {
    region: String,
    versioning: Option<Versioning>,
    locked: bool,
    blocks_public_policies: bool,
}

/// The buckets of a recording.
#[derive(Default)]
struct Played(BTreeMap<String, Bucket>);

/// A write that lifeboat judges.
fn is_judged(operation: &str) -> bool {
    let puts = ["lifecycle_configuration", "encryption", "versioning", "policy", "replication", "logging"];
    puts.iter().any(|put| operation.strip_prefix("put_bucket_") == Some(*put))
        || ["put_object_lock_configuration", "put_public_access_block", "create_role", "update_assume_role_policy", "create_policy"].contains(&operation)
}

impl Played {
    /// A call that AWS accepted.
    fn play(&mut self, call: &Value) {
        let (operation, request) = (text(call, "/operation"), &call["request"]);
        if operation == "create_bucket" {
            let region = Some(text(request, "/CreateBucketConfiguration/LocationConstraint")).filter(|region| !region.is_empty());
            let locked = request["ObjectLockEnabledForBucket"] == true;
            let made = Bucket {
                region: region.unwrap_or("us-east-1").to_owned(),
                versioning: locked.then_some(Versioning::Enabled),
                locked,
                blocks_public_policies: true,
            };
            self.0.insert(text(request, "/Bucket").to_owned(), made);
        }
        let Some(bucket) = self.0.get_mut(text(request, "/Bucket")) else { return };
        match operation {
            "put_bucket_versioning" => bucket.versioning = boto::versioning(&request["VersioningConfiguration"]),
            "put_object_lock_configuration" => bucket.locked = true,
            "delete_public_access_block" => bucket.blocks_public_policies = false,
            _ => {}
        }
    }

    fn judge(&self, call: &Value) -> Verdict {
        let (operation, request) = (text(call, "/operation"), &call["request"]);
        match operation {
            "create_role" => return role::document(text(request, "/AssumeRolePolicyDocument")).and_then(|trust| role::trust(&trust)),
            "update_assume_role_policy" => return role::document(text(request, "/PolicyDocument")).and_then(|trust| role::trust(&trust)),
            "create_policy" => return role::document(text(request, "/PolicyDocument")).and_then(|policy| iam_policy::identity(&policy)),
            _ => {}
        }
        let bucket = self.0.get(text(request, "/Bucket")).unwrap();
        match operation {
            "put_bucket_lifecycle_configuration" => lifecycle::lifecycle(request),
            "put_bucket_encryption" => encryption::encryption(request),
            "put_bucket_versioning" => versioning::versioning(&request["VersioningConfiguration"], bucket.locked),
            "put_object_lock_configuration" => {
                object_lock::object_lock(&request["ObjectLockConfiguration"]).and_then(|()| object_lock::on_bucket(bucket.versioning))
            }
            "put_bucket_policy" => Self::policy(bucket, request),
            "put_bucket_replication" => self.replication(bucket, &request["ReplicationConfiguration"]),
            "put_bucket_logging" => match request.pointer("/BucketLoggingStatus/LoggingEnabled/TargetBucket").and_then(Value::as_str) {
                Some(target) => replication::logging(&bucket.region, self.0.get(target).map(|target| target.region.as_str())),
                None => Ok(()),
            },
            // Every form of it is accepted; what is left out is stored as false.
            "put_public_access_block" => Ok(()),
            other => panic!("{other} is not judged"),
        }
    }

    fn policy(bucket: &Bucket, request: &Value) -> Verdict {
        bucket_policy::text(text(request, "/Policy"), Some(text(request, "/Bucket")))?;
        let document = serde_json::from_str(text(request, "/Policy")).unwrap();
        if bucket.blocks_public_policies { bucket_policy::under_block(&document) } else { Ok(()) }
    }

    fn replication(&self, bucket: &Bucket, configuration: &Value) -> Verdict {
        replication::replication(configuration)?;
        let destination = text(configuration, "/Rules/0/Destination/Bucket").trim_start_matches("arn:aws:s3:::");
        replication::between(bucket.versioning, self.0.get(destination).and_then(|destination| destination.versioning))
    }
}

const FILES: &[&str] = &[
    "iam_policy",
    "iam_role",
    "iam_tags",
    "s3_bucket_policy",
    "s3_encryption",
    "s3_lifecycle",
    "s3_logging",
    "s3_object_lock",
    "s3_public_access_block",
    "s3_replication",
    "s3_versioning",
];

/// Writes whose refusal is about the call and not about what it carries, each with the reason.
const OUTSIDE: &[(&str, &str, &str)] = &[
    ("test_s3_default_bucket_encryption_exc", "NoSuchBucket", "the bucket is missing: a plan that makes it first is never here"),
    ("test_put_bucket_policy_expected_bucket_owner", "AccessDenied", "the bucket belongs to another account than was expected"),
    ("test_put_bucket_policy_invalid_account_id[0000]", "InvalidBucketOwnerAWSAccountID", "a policy takes only account ids of 12 digits"),
    ("test_put_bucket_policy_invalid_account_id[aa000000000$]", "InvalidBucketOwnerAWSAccountID", "a policy takes only account ids of 12 digits"),
];

#[test]
fn every_recorded_write_is_judged_as_aws_judged_it() {
    let (mut judged, mut outside, mut wrong) = (BTreeMap::<String, (usize, usize)>::new(), Vec::new(), Vec::new());
    for case in FILES.iter().flat_map(|file| cases(&format!("recorded/{file}.json"))).filter(|case| is_judged(text(case, "/operation"))) {
        let test = text(&case, "/test").rsplit("::").next().unwrap_or_default().to_owned();
        let (code, message) = (text(&case, "/error/Code"), text(&case, "/error/Message"));
        if OUTSIDE.iter().any(|(name, refusal, _)| *name == test && *refusal == code) {
            outside.push((test, code.to_owned()));
            continue;
        }
        let mut played = Played::default();
        case["setup"].as_array().unwrap().iter().for_each(|call| played.play(call));
        let expected = if case.get("error").is_some() { format!("{code}: {message}") } else { "ok".to_owned() };
        let verdict = played.judge(&case);
        let count = judged.entry(text(&case, "/operation").to_owned()).or_default();
        *(if verdict.is_ok() { &mut count.0 } else { &mut count.1 }) += 1;
        if answer(&verdict) != expected {
            wrong.push(format!("{test} {}\n  AWS:  {expected}\n  ours: {}", case["request"], answer(&verdict)));
        }
        assert!(verdict.as_ref().err().is_none_or(|refusal: &Refusal| !refusal.sentence.is_empty()));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let known: Vec<(String, String)> = OUTSIDE.iter().map(|(name, code, _)| ((*name).to_owned(), (*code).to_owned())).collect();
    assert!(known.iter().all(|case| outside.contains(case)) && outside.len() == known.len(), "{outside:?}");
    let counted = judged.iter().map(|(operation, (ok, refused))| format!("{operation} {ok}+{refused}")).collect::<Vec<_>>();
    let expected = [
        "create_policy 1+0",
        "create_role 7+1",
        "put_bucket_encryption 7+3",
        "put_bucket_lifecycle_configuration 3+1",
        "put_bucket_logging 3+2",
        "put_bucket_policy 1+3",
        "put_bucket_replication 2+4",
        "put_bucket_versioning 3+1",
        "put_object_lock_configuration 4+9",
        "put_public_access_block 1+0",
        "update_assume_role_policy 1+0",
    ];
    assert_eq!(counted, expected);
}
