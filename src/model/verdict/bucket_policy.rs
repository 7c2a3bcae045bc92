//! Bucket policies that S3 refuses.
//!
//! Whether a principal exists only AWS knows. Whether the policy is public decides what a public access block says to it.

use serde_json::{Map, Value};

use super::iam_policy::{shared_syntax, texts};
use super::role::{principals, why_not};
use super::{Refusal, Verdict};

const CODE: &str = "MalformedPolicy";

/// Bytes of a bucket policy (S3 quotas: 20 KB).
const LIMIT: usize = 20 * 1024;

/// What actions on objects begin with; every other action of S3 is one on a bucket.
const ON_OBJECTS: &[&str] = &[
    "GetObject",
    "PutObject",
    "DeleteObject",
    "RestoreObject",
    "AbortMultipartUpload",
    "ListMultipartUploadParts",
    "BypassGovernanceRetention",
    "Replicate",
    "ObjectOwnerOverrideToBucketOwner",
    "InitiateReplication",
    "UpdateObject",
];

/// Judges the text of a `PutBucketPolicy`; with the name of the bucket also whether its resources lie in it.
pub fn text(text: &str, bucket: Option<&str>) -> Verdict {
    let message = "Policies must be valid JSON and the first byte must be '{'";
    let broken = |why: String| Refusal::new(CODE, message, why);
    if !text.starts_with('{') {
        return Err(broken("the policy is not a JSON object".to_owned()));
    }
    let document = serde_json::from_str(text).map_err(|error| broken(format!("the policy is not JSON: {error}")))?;
    bucket_policy(&document, bucket)?;
    if text.len() > LIMIT {
        let sentence = format!("the policy has {} bytes and S3 takes {LIMIT}", text.len());
        return Err(Refusal::new("PolicyTooLarge", "Policy exceeds the maximum allowed document size.", sentence));
    }
    Ok(())
}

/// Judges a bucket policy.
pub fn bucket_policy(document: &Value, bucket: Option<&str>) -> Verdict {
    let statements: Vec<&Value> = match document.get("Statement") {
        Some(Value::Array(list)) => list.iter().collect(),
        Some(one @ Value::Object(_)) => vec![one],
        _ => Vec::new(),
    };
    if statements.is_empty() {
        return Err(Refusal::new(CODE, "Missing required field Statement", "the policy has no statement; an empty policy is deleted, not written"));
    }
    if document.get("Version").is_some_and(|version| !["2008-10-17", "2012-10-17"].contains(&version.as_str().unwrap_or_default())) {
        return Err(Refusal::new(CODE, "The policy must contain a valid version string", "the Version is neither 2012-10-17 nor 2008-10-17"));
    }
    for (at, statement) in statements.into_iter().enumerate() {
        let Value::Object(fields) = statement else {
            return Err(Refusal::new(CODE, "Invalid policy syntax.", format!("statement {} is not a JSON object", at + 1)));
        };
        judge(fields, at + 1, bucket)?;
    }
    Ok(())
}

fn judge(fields: &Map<String, Value>, at: usize, bucket: Option<&str>) -> Verdict {
    for (key, other) in [("Effect", "Effect"), ("Principal", "NotPrincipal"), ("Action", "NotAction"), ("Resource", "NotResource")] {
        if !fields.contains_key(key) && !fields.contains_key(other) {
            return Err(Refusal::new(CODE, format!("Missing required field {key}"), format!("statement {at} has no {key}")));
        }
    }
    shared_syntax(fields).map_err(|why| Refusal::new(CODE, "Invalid policy syntax.", format!("statement {at}: {why}")))?;
    if let Some(principal) = fields.get("Principal").or_else(|| fields.get("NotPrincipal")) {
        principals(principal).map_err(|(_, name)| Refusal::new(CODE, "Invalid principal in policy", format!("statement {at}: {}", why_not(&name))))?;
    }
    let resources: Vec<&str> = texts(fields, "Resource").into_iter().chain(texts(fields, "NotResource")).collect();
    if let Some(wrong) = resources.iter().find(|resource| !lies_in(resource, bucket)) {
        let sentence = format!("statement {at}: `{wrong}` is not this bucket and nothing in it");
        return Err(Refusal::new(CODE, "Policy has invalid resource", sentence));
    }
    let resources = texts(fields, "Resource");
    let lost = texts(fields, "Action").into_iter().find(|action| !resources.is_empty() && !resources.iter().any(|resource| applies(action, resource)));
    match lost {
        Some(action) => {
            let sentence =
                format!("statement {at}: `{action}` applies to none of its resources (actions on the bucket need its ARN, those on objects one below it)");
            Err(Refusal::new(CODE, "Action does not apply to any resource(s) in statement", sentence))
        }
        None => Ok(()),
    }
}

/// The part of an S3 ARN behind `:::`.
fn path(resource: &str) -> Option<&str> {
    let mut parts = resource.splitn(6, ':');
    let head = [parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?];
    (matches!(head, ["arn", partition, "s3", "", ""] if partition.starts_with("aws"))).then(|| parts.next()).flatten()
}

fn lies_in(resource: &str, bucket: Option<&str>) -> bool {
    if resource == "*" {
        return true;
    }
    let Some(path) = path(resource) else { return false };
    let of = path.split('/').next().unwrap_or_default();
    bucket.is_none_or(|bucket| of == bucket || of.contains(['*', '?', '$']))
}

/// Whether an action can apply to a resource at all. An action with a wildcard is given the benefit of the doubt.
fn applies(action: &str, resource: &str) -> bool {
    let name = action.split_once(':').map_or(action, |(_, name)| name);
    let Some(path) = path(resource).filter(|_| !name.contains(['*', '?'])) else { return true };
    let whole = path.split('/').next().is_some_and(|bucket| bucket.ends_with('*'));
    let on_objects = ON_OBJECTS.iter().any(|start| name.to_ascii_lowercase().starts_with(&start.to_ascii_lowercase()));
    whole || on_objects == path.contains('/')
}

/// Whether the policy lets everybody in, as S3 sees it: an Allow for all without a condition that narrows who or from where
/// (S3 User Guide, "The meaning of public").
pub fn is_public(document: &Value) -> bool {
    let narrowing = [
        "aws:sourceip",
        "aws:sourcearn",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:sourceowner",
        "aws:sourceaccount",
        "aws:userid",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:principalarn",
        "aws:principalaccount",
        "s3:dataaccesspointaccount",
        "s3:dataaccesspointarn",
        "s3:x-amz-server-side-encryption-aws-kms-key-id",
    ];
    let canonical = crate::model::iam::canonical(document);
    let statements = canonical.get("Statement").and_then(Value::as_array).into_iter().flatten();
    statements.filter(|statement| statement.get("Effect").and_then(Value::as_str) == Some("Allow")).any(|statement| {
        let everybody = match statement.get("Principal") {
            Some(Value::String(all)) => all == "*",
            Some(Value::Object(kinds)) => texts(kinds, "AWS").contains(&"*"),
            _ => false,
        };
        let keys = statement.get("Condition").and_then(Value::as_object).into_iter().flatten().filter_map(|(_, keys)| keys.as_object());
        everybody && !keys.flat_map(Map::keys).any(|key| narrowing.contains(&key.to_ascii_lowercase().as_str()))
    })
}

/// What a public access block with `BlockPublicPolicy` says to a policy.
pub fn under_block(document: &Value) -> Verdict {
    if !is_public(document) {
        return Ok(());
    }
    let sentence = "the policy lets everybody in, and the public access block of the bucket refuses such policies";
    Err(Refusal::new("AccessDenied", "Access Denied", sentence))
}
