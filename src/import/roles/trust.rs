//! The statements of a trust policy → the trusts of a policy that would write them. Whether they are the very same is found out by whoever asks.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::model::iam;
use crate::model::resource::GITHUB_OIDC;

/// A value, or each of a list of them, as text.
pub(in crate::import) fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The trusts that a trust policy is made of, or what has no word.
pub(super) fn read(document: &Value, account: Option<&str>, profiles: &BTreeSet<String>) -> Result<Vec<Value>, String> {
    let document = iam::canonical(document);
    let statements = document.get("Statement").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut out = Vec::new();
    for statement in &statements {
        out.extend(one(statement, account, profiles)?);
    }
    if out.is_empty() { Err("nobody may assume it".to_owned()) } else { Ok(out) }
}

fn one(statement: &Value, account: Option<&str>, profiles: &BTreeSet<String>) -> Result<Vec<Value>, String> {
    if statement.get("Effect").and_then(Value::as_str) != Some("Allow") {
        return Err("its trust refuses somebody, which has no word".to_owned());
    }
    let who = |kind: &str| statement.get("Principal").and_then(|principal| principal.get(kind)).map(texts).unwrap_or_default();
    let (users, providers, services) = (who("AWS"), who("Federated"), who("Service"));
    match (users.as_slice(), providers.as_slice(), services.as_slice()) {
        ([_, ..], [], []) => users.iter().map(|arn| user(arn, statement)).collect(),
        ([], [provider], []) => job(provider, statement, account).map(|trust| vec![trust]),
        ([], [], ["pods.eks.amazonaws.com"]) => pod(statement).map(|trust| vec![trust]),
        ([], [], [service]) if service.starts_with("ec2.") => match profiles.iter().collect::<Vec<_>>().as_slice() {
            [profile] => Ok(vec![json!({"instanceProfile": profile})]),
            [] => Err("machines of EC2 may assume it, and no instance profile holds it".to_owned()),
            _ => Err("machines of EC2 may assume it, by several instance profiles".to_owned()),
        },
        _ => Err("a statement of its trust has no word".to_owned()),
    }
}

/// The only value of a condition, by operator and key.
fn only<'a>(statement: &'a Value, key: &str) -> Option<&'a str> {
    let value = statement.get("Condition")?.get("StringEquals")?.get(key)?;
    match texts(value).as_slice() {
        [only] => Some(only),
        _ => None,
    }
}

fn user(arn: &str, statement: &Value) -> Result<Value, String> {
    let root = arn.strip_suffix(":root").and_then(|rest| rest.rsplit("::").next()).or_else(|| Some(arn).filter(|id| id.len() == 12));
    let conditional = statement.get("Condition").is_some();
    match root {
        Some(id) => Ok(match only(statement, "sts:ExternalId") {
            Some(external) => json!({"account": {"id": id, "externalId": external}}),
            None => json!({"account": {"id": id}}),
        }),
        None if conditional => Err(format!("its trust in {arn} has a condition, which has no word")),
        None if arn.starts_with("arn:") => Ok(json!({"principal": arn})),
        None => Err(format!("its trust names {arn}: a user or role that was deleted")),
    }
}

/// A job of GitHub, or a service account of Kubernetes.
fn job(provider: &str, statement: &Value, account: Option<&str>) -> Result<Value, String> {
    let no_word = || format!("its trust in {provider} has conditions that have no word");
    let (arn, issuer) = provider.split_once(":oidc-provider/").ok_or_else(no_word)?;
    let subject = only(statement, &format!("{issuer}:sub")).ok_or_else(no_word)?;
    if issuer == GITHUB_OIDC {
        let (repository, what) = subject.strip_prefix("repo:").and_then(|rest| rest.split_once(':')).ok_or_else(no_word)?;
        return match what.split_once(':') {
            Some(("environment", environment)) => Ok(json!({"github": {"repository": repository, "environment": environment}})),
            Some(("ref", place)) => Ok(json!({"github": {"repository": repository, "ref": place}})),
            None if what == "pull_request" => Ok(json!({"github": {"repository": repository, "event": "pull_request"}})),
            _ => Err(no_word()),
        };
    }
    let (namespace, name) = subject.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':')).ok_or_else(no_word)?;
    let mut trust = json!({"irsa": {"oidcProvider": issuer, "namespace": namespace, "serviceAccount": name}});
    let of = arn.rsplit("::").next().filter(|of| Some(*of) != account);
    if let (Some(of), Some(fields)) = (of, trust.get_mut("irsa").and_then(Value::as_object_mut)) {
        fields.insert("account".to_owned(), json!(of));
    }
    Ok(trust)
}

fn pod(statement: &Value) -> Result<Value, String> {
    let tag = |name: &str| only(statement, &format!("aws:RequestTag/{name}"));
    match (tag("eks-cluster-arn"), tag("kubernetes-namespace"), tag("kubernetes-service-account")) {
        (Some(cluster), Some(namespace), Some(account)) => Ok(json!({"podIdentity": {"cluster": cluster, "namespace": namespace, "serviceAccount": account}})),
        _ => Err("its trust in EKS pods names no single service account".to_owned()),
    }
}
