//! Setting `bucket-policy`: our refusals in the policy of the bucket, each owned by its Sid.
//!
//! Statements of others are carried along as they are. Every statement of ours is a Deny: lifeboat never grants anything
//! here, and what it refuses, no IAM policy can allow again.

use serde_json::{Value, json};

use crate::model::document::Document;
use crate::model::fact::Fact;
use crate::model::iam;
use crate::model::id::{ResourceId, ResourceKind};
use crate::model::request::{ReadOp, Request, RequestOp};
use crate::model::resource::{BucketWish, Guard, ObservedResource, ResourceWish};
use crate::model::verdict;

use super::{Docs, Part, Setting, Threat, Weakening};

mod judge;

/// The setting.
pub(super) static SETTING: Setting = Setting {
    id: "bucket-policy",
    kind: ResourceKind::Bucket,
    title: "policy",
    leave_alone: Some("storage: {bucketPolicy: unmanaged}"),
    read: ReadOp::BucketPolicy,
    docs: Docs {
        protects: "Nobody reaches the bucket without TLS, overwrites a backup, encrypts one with another key, or changes the settings unless named; each by a statement whose Sid begins with `Lifeboat`.",
        why: "IAM says what the roles of lifeboat may do; a refusal in the bucket policy also holds for every administrator and for every role that others make. What follows from the rest of the policy needs no field: backups under its prefixes are never overwritten, and with `aws:kms` only that key counts, if it is named by the ARN of the key itself.",
        risk: "A refusal holds for everybody: tools without TLS, and copies into the prefix that do not say If-None-Match, fail from then on. `settingsChangedBy` locks everybody else out of the settings; only the root user of the account can take it away again. Statements of others stay; one that lets everybody or another account in is held until a person allows its removal, or until its owner says in a Condition who is meant (aws:PrincipalOrgID, aws:PrincipalArn, aws:SourceVpce …).",
        example: "storage: {transport: {tlsOnly: true, minTls: \"1.2\"}, settingsChangedBy: [\"arn:aws:iam::111122223333:role/dr-applier\"]}",
    },
    want,
    seen,
    adopt,
    requests,
    refused,
    weakens,
    threats,
    owner: super::ours,
    describe,
};

/// Every Sid of ours with what the statement refuses. A Sid is never reused for something else.
const OURS: &[(&str, &str)] = &[
    ("LifeboatTlsOnly", "requests without TLS"),
    ("LifeboatMinimumTls", "requests with an older TLS"),
    ("LifeboatRightKey", "backups encrypted with another KMS key"),
    ("LifeboatRightAlgorithm", "backups that ask not to be encrypted with KMS"),
    ("LifeboatNoCustomerKey", "backups encrypted with a key that only the writer has"),
    ("LifeboatNeverOverwrite", "overwriting a backup"),
    ("LifeboatSettingsByApplier", "changes of the settings by anybody who is not named"),
];

/// The writes that could take the protection of backups away.
const SETTINGS_WRITES: &[&str] = &[
    "s3:BypassGovernanceRetention",
    "s3:DeleteBucket",
    "s3:DeleteBucketPolicy",
    "s3:PutBucketAcl",
    "s3:PutBucketObjectLockConfiguration",
    "s3:PutBucketOwnershipControls",
    "s3:PutBucketPolicy",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketVersioning",
    "s3:PutEncryptionConfiguration",
    "s3:PutLifecycleConfiguration",
    "s3:PutReplicationConfiguration",
];

fn want(wish: &ResourceWish) -> Option<Document> {
    let ResourceWish::Bucket(bucket) = wish else { return None };
    let guard = bucket.guard.as_ref()?;
    let mut statements = transport(bucket, guard);
    statements.extend(encryption(bucket));
    statements.extend(never_overwrite(bucket, guard));
    statements.extend(changed_by(bucket, guard));
    (!statements.is_empty()).then(|| Document::of(&iam::canonical(&json!({"Version": "2012-10-17", "Statement": statements}))))
}

fn deny(sid: &str, action: &Value, resource: &Value, condition: &Value) -> Value {
    json!({"Sid": sid, "Effect": "Deny", "Principal": "*", "Action": action, "Resource": resource, "Condition": condition})
}

fn whole(bucket: &BucketWish) -> Value {
    json!([format!("arn:aws:s3:::{}", bucket.name), format!("arn:aws:s3:::{}/*", bucket.name)])
}

fn backups(bucket: &BucketWish) -> Value {
    bucket.tenants.iter().map(|tenant| Value::String(format!("arn:aws:s3:::{}/{}*", bucket.name, tenant.prefix))).collect()
}

fn transport(bucket: &BucketWish, guard: &Guard) -> Vec<Value> {
    let Some(wish) = guard.transport else { return Vec::new() };
    let all = json!("s3:*");
    let tls = wish.tls_only.then(|| deny("LifeboatTlsOnly", &all, &whole(bucket), &json!({"Bool": {"aws:SecureTransport": "false"}})));
    let old = |version: &str| deny("LifeboatMinimumTls", &all, &whole(bucket), &json!({"NumericLessThan": {"s3:TlsVersion": version}}));
    tls.into_iter().chain(wish.min_tls.map(|version| old(version.as_str()))).collect()
}

/// S3 looks at these keys before it applies the default encryption, so a request that says nothing must pass: every negated
/// condition is joined with one that the key is there (S3 User Guide, default-bucket-encryption).
fn encryption(bucket: &BucketWish) -> Vec<Value> {
    const KEY: &str = "s3:x-amz-server-side-encryption-aws-kms-key-id";
    const ALGORITHM: &str = "s3:x-amz-server-side-encryption";
    const CUSTOMER: &str = "s3:x-amz-server-side-encryption-customer-algorithm";
    let Some(encryption) = bucket.encryption.as_ref().filter(|encryption| encryption.algorithm.starts_with("aws:kms")) else { return Vec::new() };
    let put = |sid: &str, condition: Value| deny(sid, &json!("s3:PutObject"), &backups(bucket), &condition);
    let mut out = vec![
        put("LifeboatRightAlgorithm", json!({"Null": {ALGORITHM: "false"}, "StringNotEquals": {ALGORITHM: ["aws:kms", "aws:kms:dsse"]}})),
        put("LifeboatNoCustomerKey", json!({"Null": {CUSTOMER: "false"}})),
    ];
    // An alias says no key, and a key may be named by its ARN or its id.
    if let Some((key, (_, id))) = encryption.key.as_ref().and_then(|key| Some((key, key.split_once(":key/")?))) {
        out.push(put("LifeboatRightKey", json!({"Null": {KEY: "false"}, "StringNotEquals": {KEY: [key, id]}})));
    }
    out
}

/// Parts and the begin of a multipart upload carry no condition, its completion does (S3 User Guide, conditional-writes-enforce).
fn never_overwrite(bucket: &BucketWish, guard: &Guard) -> Option<Value> {
    let condition = json!({"Null": {"s3:if-none-match": "true"}, "Bool": {"s3:ObjectCreationOperation": "true"}});
    let filled = !guard.unfilled_keys.contains(&"s3:if-none-match");
    filled.then(|| deny("LifeboatNeverOverwrite", &json!("s3:PutObject"), &backups(bucket), &condition))
}

fn changed_by(bucket: &BucketWish, guard: &Guard) -> Option<Value> {
    let condition = json!({"ArnNotLike": {"aws:PrincipalArn": guard.changed_by}});
    let resource = json!(format!("arn:aws:s3:::{}", bucket.name));
    let objects = json!(format!("arn:aws:s3:::{}/*", bucket.name));
    (!guard.changed_by.is_empty()).then(|| deny("LifeboatSettingsByApplier", &json!(SETTINGS_WRITES), &json!([resource, objects]), &condition))
}

fn seen(observed: &ObservedResource) -> Fact<Document> {
    observed.fact(ReadOp::BucketPolicy).map(|document| Document::of(&iam::canonical(document.value())))
}

fn statements(document: &Document) -> Vec<Value> {
    document.value().get("Statement").and_then(Value::as_array).cloned().unwrap_or_default()
}

fn sid(statement: &Value) -> Option<&str> {
    statement.get("Sid").and_then(Value::as_str).filter(|sid| !sid.is_empty())
}

fn is_ours(statement: &Value) -> bool {
    sid(statement).is_some_and(|sid| OURS.iter().any(|(ours, _)| *ours == sid))
}

/// The live document with other statements; its Id and Version stay.
fn with(live: Option<&Document>, statements: &[Value]) -> Document {
    let mut fields = live.and_then(|live| live.value().as_object().cloned()).unwrap_or_else(|| {
        let version = ("Version".to_owned(), json!("2012-10-17"));
        serde_json::Map::from_iter([version])
    });
    fields.insert("Statement".to_owned(), json!(statements));
    Document::of(&iam::canonical(&Value::Object(fields)))
}

fn adopt(want: &Document, seen: &Fact<Document>) -> Document {
    let Fact::Known(live) = seen else { return want.clone() };
    // What is wanted may be what was planned before, with the statements of others in it.
    let mut all: Vec<Value> = statements(want);
    let others: Vec<Value> = statements(live).into_iter().filter(|statement| !is_ours(statement) && !all.contains(statement)).collect();
    all.extend(others);
    let to = with(Some(live), &all);
    // What means the same stays as it is written.
    if iam::same(to.value(), live.value()) { live.clone() } else { to }
}

fn requests(id: &ResourceId, _: &Fact<Document>, to: &Document) -> Vec<Request> {
    vec![Request { op: RequestOp::PutBucketPolicy, target: id.clone(), body: to.clone() }]
}

/// The name of the bucket is not known here; that its statements are about it, want sees to.
fn refused(to: &Document) -> Option<String> {
    verdict::said(verdict::bucket_policy::text(&to.to_string(), None))
}

fn weakens(from: &Document, to: &Document) -> Option<Weakening> {
    let now = statements(to);
    let lost: Vec<Value> = statements(from)
        .into_iter()
        .filter(|old| old.get("Effect").and_then(Value::as_str) == Some("Deny") && !now.iter().any(|new| judge::at_least_as_strict(new, old)))
        .collect();
    let words: Vec<String> = lost.iter().map(refuses).collect();
    (!lost.is_empty())
        .then(|| Weakening { id: "weakens-bucket-policy".to_owned(), sentence: format!("the bucket then no longer refuses as now: {}", words.join("; ")) })
}

/// What a Deny refuses, in words where it is ours.
fn refuses(statement: &Value) -> String {
    let known = sid(statement).and_then(|sid| OURS.iter().find(|(ours, _)| *ours == sid));
    known.map_or_else(|| named(statement), |(_, what)| (*what).to_owned())
}

fn named(statement: &Value) -> String {
    sid(statement).map_or_else(|| statement.to_string(), |sid| format!("`{sid}`"))
}

fn threats(wish: &ResourceWish, seen: &Document) -> Vec<Threat> {
    let ResourceWish::Bucket(bucket) = wish else { return Vec::new() };
    let live = statements(seen);
    let others = live.iter().enumerate().filter(|(_, statement)| !is_ours(statement));
    others
        .filter_map(|(at, statement)| {
            let who = judge::lets_in(statement, bucket.account.as_deref())?;
            let rest: Vec<Value> = live.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, other)| other.clone()).collect();
            Some(Threat {
                name: sid(statement).map_or_else(|| format!("statement {} of the bucket policy", at + 1), str::to_owned),
                sentence: format!("lets {who} in without saying by a Condition who is meant"),
                without: with(Some(seen), &rest),
                // S3 refuses such a document while BlockPublicPolicy is on, which buckets are born with.
                blocks: who == judge::EVERYBODY,
            })
        })
        .collect()
}

/// Statements of others; where the policy is not managed, all of them.
pub(super) fn others(wish: &ResourceWish, live: &Document) -> Vec<Part> {
    let ResourceWish::Bucket(bucket) = wish else { return Vec::new() };
    let live = statements(live);
    let others = live.iter().enumerate().filter(|(_, statement)| bucket.guard.is_none() || !is_ours(statement));
    others
        .map(|(at, statement)| {
            let name = sid(statement).map_or_else(|| format!("statement {}", at + 1), str::to_owned);
            Part { kind: "policy-statement", name, words: judge::words(statement) }
        })
        .collect()
}

fn describe(from: &Fact<Document>, to: &Document) -> Vec<String> {
    let (before, after) = (from.known().map(statements).unwrap_or_default(), statements(to));
    let same_sid = |one: &Value, others: &[Value]| sid(one).is_some_and(|name| others.iter().any(|other| sid(other) == Some(name)));
    let words = |statement: &Value| {
        if is_ours(statement) { format!("{}  refuses {}", sid(statement).unwrap_or_default(), refuses(statement)) } else { named(statement) }
    };
    let mut lines = Vec::new();
    for statement in after.iter().filter(|statement| !before.contains(statement)) {
        let mark = if same_sid(statement, &before) { '~' } else { '+' };
        lines.push(format!("{mark} {}", words(statement)));
    }
    let gone = before.iter().filter(|statement| !after.contains(statement) && !same_sid(statement, &after));
    lines.extend(gone.map(|statement| format!("- {}", words(statement))));
    lines.sort_by_key(|line| line.chars().skip(2).collect::<String>());
    if lines.is_empty() {
        lines.push("the version or id of the document differs".to_owned());
    }
    lines
}

#[cfg(test)]
mod tests;
