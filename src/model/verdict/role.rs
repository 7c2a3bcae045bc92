//! Trust policies that IAM refuses.
//!
//! Whether a principal exists is known only to IAM, and for a principal that was just made not even at once: what can be
//! judged here is its form.

use serde_json::{Map, Value};

use super::iam_policy::{action, characters, shared_syntax, texts, unique_names};
use super::{Refusal, Verdict};

const CODE: &str = "MalformedPolicyDocument";

/// Characters, without white space, that a trust policy may have. AWS raises the quota to 4,096 on request, per account.
pub const TRUST_LIMIT: usize = 2048;

/// The document of a text, as IAM reads it.
pub fn document(text: &str) -> Result<Value, Refusal> {
    serde_json::from_str(text).map_err(|error| Refusal::new(CODE, "This policy contains invalid Json", format!("the document is not JSON: {error}")))
}

/// Judges a trust policy.
pub fn trust(document: &Value) -> Verdict {
    let statements: Vec<&Value> = match document.get("Statement") {
        Some(Value::Array(list)) => list.iter().collect(),
        Some(one @ Value::Object(_)) => vec![one],
        _ => Vec::new(),
    };
    let version = document.get("Version").and_then(Value::as_str);
    if version.is_some_and(|version| !["2008-10-17", "2012-10-17"].contains(&version)) {
        return Err(Refusal::new(CODE, "Syntax errors in policy.", "the Version is neither 2012-10-17 nor 2008-10-17"));
    }
    if statements.is_empty() {
        return Err(Refusal::new(CODE, "Missing required field Statement", "the trust policy has no statement"));
    }
    let mut all = Vec::new();
    for (at, statement) in statements.into_iter().enumerate() {
        let Value::Object(fields) = statement else {
            return Err(Refusal::new(CODE, "Syntax errors in policy.", format!("statement {} is not a JSON object", at + 1)));
        };
        judge(fields, at + 1)?;
        all.push(fields);
    }
    unique_names(&all)?;
    let size = characters(document);
    if size > TRUST_LIMIT {
        let sentence = format!("the trust policy has {size} characters and IAM takes {TRUST_LIMIT}: trust fewer principals, or a role of theirs");
        return Err(Refusal::new("LimitExceeded", format!("Cannot exceed quota for ACLSizePerRole: {TRUST_LIMIT}"), sentence));
    }
    Ok(())
}

fn judge(fields: &Map<String, Value>, at: usize) -> Verdict {
    if let Some(resource) = ["Resource", "NotResource"].into_iter().find(|key| fields.contains_key(*key)) {
        let sentence = format!("statement {at} has a {resource}; the resource of a trust policy is the role itself");
        return Err(Refusal::new(CODE, format!("Has prohibited field {resource}"), sentence));
    }
    shared_syntax(fields).map_err(|why| Refusal::new(CODE, "Syntax errors in policy.", format!("statement {at}: {why}")))?;
    let actions: Vec<&str> = texts(fields, "Action").into_iter().chain(texts(fields, "NotAction")).collect();
    if actions.is_empty() {
        return Err(Refusal::new(CODE, "Missing required field Action", format!("statement {at} has no action")));
    }
    actions.iter().try_for_each(|name| action(name))?;
    if let Some(other) = actions.iter().find(|name| **name != "*" && !name.to_ascii_lowercase().starts_with("sts:")) {
        let message = "AssumeRole policy may only specify STS AssumeRole actions.";
        return Err(Refusal::new(CODE, message, format!("statement {at} is about `{other}`; a trust policy is about sts:AssumeRole and its like")));
    }
    match fields.get("Principal").or_else(|| fields.get("NotPrincipal")) {
        None => Err(Refusal::new(CODE, "Missing required field Principal", format!("statement {at} trusts nobody"))),
        Some(principal) => principals(principal).map_err(|(kind, name)| {
            let message = format!("Invalid principal in policy: \"{}\":\"{name}\"", if kind == "AWS" { "AWS".to_owned() } else { kind.to_uppercase() });
            Refusal::new(CODE, message, format!("statement {at}: {}", why_not(&name)))
        }),
    }
}

/// What is wrong with a principal.
pub(super) fn why_not(name: &str) -> String {
    if is_unique_id(name) {
        return format!("`{name}` is what AWS shows for a principal that was deleted, and it takes it back from nobody");
    }
    format!("`{name}` is not a principal: an account id, an ARN of IAM or STS, a service or an identity provider")
}

/// The first principal whose form AWS does not take, with its kind.
pub(super) fn principals(principal: &Value) -> Result<(), (String, String)> {
    let kinds = match principal {
        Value::String(all) if all == "*" => return Ok(()),
        Value::Object(kinds) if !kinds.is_empty() => kinds,
        other => return Err(("AWS".to_owned(), other.to_string())),
    };
    for kind in kinds.keys() {
        let names = texts(kinds, kind);
        if names.is_empty() {
            return Err((kind.clone(), String::new()));
        }
        if let Some(wrong) = names.into_iter().find(|name| !is_principal(kind, name)) {
            return Err((kind.clone(), wrong.to_owned()));
        }
    }
    Ok(())
}

/// Unique ids of roles and users, which AWS shows for principals that were deleted (IAM User Guide, unique identifiers).
pub(super) fn is_unique_id(name: &str) -> bool {
    ["AROA", "AIDA", "AGPA", "AIPA", "ANPA"].iter().any(|start| name.starts_with(start)) && name.len() >= 16 && name.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn is_principal(kind: &str, name: &str) -> bool {
    let account = |text: &str| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
    let parts: Vec<&str> = name.splitn(6, ':').collect();
    match (kind, parts.as_slice()) {
        ("AWS", ["*"]) | ("CanonicalUser", [_]) => true,
        ("AWS", [id]) => account(id),
        ("AWS", ["arn", partition, service @ ("iam" | "sts"), "", id, path]) => {
            let path_of = if *service == "iam" { ["root", "user/", "role/", "cloudfront"] } else { ["assumed-role/", "federated-user/", "self", "root"] };
            partition.starts_with("aws") && (account(id) || *id == "cloudfront") && !path.contains('*') && path_of.iter().any(|start| path.starts_with(start))
        }
        ("AWS", ["arn", partition, "iam", "", id]) => partition.starts_with("aws") && account(id),
        ("Service", [service]) => service.ends_with(".amazonaws.com") || service.ends_with(".amazonaws.com.cn") || service.ends_with(".aws.internal"),
        ("Federated", ["arn", partition, "iam", "", id, path]) => {
            partition.starts_with("aws") && account(id) && (path.starts_with("oidc-provider/") || path.starts_with("saml-provider/"))
        }
        ("Federated", [provider]) => provider.contains('.'),
        _ => false,
    }
}
