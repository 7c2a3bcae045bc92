//! What a statement of a bucket policy does: whom it lets in, and whether one refusal is at least as strict as another.
//!
//! It works on the canonical spelling of `model::iam`. Where it cannot tell, it says the worse.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// The words for a statement that is open to all.
pub(super) const EVERYBODY: &str = "everybody";

/// Keys that say who is meant, when their values are closed (S3 User Guide, "The meaning of public").
const SAY_WHO: &[&str] = &[
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceip",
    "aws:sourceorgid",
    "aws:sourceowner",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:userid",
    "s3:dataaccesspointaccount",
    "s3:dataaccesspointarn",
];

/// Whom an Allow lets in beyond the bucket's own account without saying who is meant: [`EVERYBODY`], or an account. Without
/// `own`, the account of the bucket is not known and only everybody counts.
pub(super) fn lets_in(statement: &Value, own: Option<&str>) -> Option<String> {
    if text(statement, "Effect") != Some("Allow") || says_who(statement) {
        return None;
    }
    if statement.get("NotPrincipal").is_some() {
        return Some(EVERYBODY.to_owned());
    }
    let names = match statement.get("Principal") {
        Some(Value::Object(kinds)) => strings(kinds.get("AWS")),
        other => strings(other),
    };
    if names.contains("*") {
        return Some(EVERYBODY.to_owned());
    }
    let own = own?;
    let account = |name: &str| name.split(':').nth(4).map(str::to_owned).filter(|account| account != own && !account.is_empty());
    names.iter().find_map(|name| account(name)).map(|account| format!("account {account}"))
}

/// A statement in a few words: what it does, to what, for whom.
pub(super) fn words(statement: &Value) -> String {
    let does = if text(statement, "Effect") == Some("Deny") { "refuses" } else { "allows" };
    let either = |key: &str, but: &str| match (strings(statement.get(key)), strings(statement.get(but))) {
        (named, _) if !named.is_empty() => named.into_iter().collect::<Vec<_>>().join(", "),
        (_, others) => format!("everything but {}", others.into_iter().collect::<Vec<_>>().join(", ")),
    };
    let whom = statement.get("Principal").or_else(|| statement.get("NotPrincipal"));
    let whom: Vec<String> = match whom {
        Some(Value::Object(kinds)) => kinds.values().flat_map(|names| strings(Some(names))).collect(),
        other => strings(other).into_iter().collect(),
    };
    let but = if statement.get("NotPrincipal").is_some() { "all but " } else { "" };
    let whom = if but.is_empty() && whom.iter().any(|name| name == "*") { EVERYBODY.to_owned() } else { whom.join(", ") };
    let only = if statement.get("Condition").is_some() { ", on conditions" } else { "" };
    format!("{does} {} for {but}{whom}{only}", either("Action", "NotAction"))
}

fn says_who(statement: &Value) -> bool {
    let Some(operators) = statement.get("Condition").and_then(Value::as_object) else { return false };
    let narrowing = operators.iter().filter(|(operator, _)| {
        let operator = operator.to_ascii_lowercase();
        let plain = operator.strip_prefix("foranyvalue:").unwrap_or(&operator);
        // `…IfExists` and ForAllValues are true when the key is not there.
        matches!(plain, "stringequals" | "stringequalsignorecase" | "stringlike" | "arnequals" | "arnlike" | "ipaddress")
    });
    let keys = narrowing.filter_map(|(_, keys)| keys.as_object()).flatten();
    keys.into_iter().any(|(key, values)| {
        let values = strings(Some(values));
        SAY_WHO.contains(&key.to_ascii_lowercase().as_str()) && !values.is_empty() && values.iter().all(|value| is_closed(key, value))
    })
}

fn is_closed(key: &str, value: &str) -> bool {
    let everywhere = key.eq_ignore_ascii_case("aws:SourceIp") && value.ends_with("/0");
    // An ARN may be open behind its account, where it still means that account only.
    let decisive: String = if value.starts_with("arn:") { value.split(':').take(5).collect::<Vec<_>>().join(":") } else { value.to_owned() };
    !everywhere && !decisive.contains(['*', '?']) && !decisive.contains("${") && !decisive.is_empty()
}

/// Whether `new` refuses everything that `old` refuses.
pub(super) fn at_least_as_strict(new: &Value, old: &Value) -> bool {
    let covers = |key: &str| {
        let (new, old) = (strings(new.get(key)), strings(old.get(key)));
        new.is_superset(&old) || (!old.is_empty() && (new.contains("*") || (key == "Action" && new.contains("s3:*"))))
    };
    let same = |key: &str| new.get(key) == old.get(key);
    let everybody = text(new, "Principal") == Some("*");
    same("Effect")
        && (same("Principal") || everybody)
        && same("NotPrincipal")
        && same("NotAction")
        && same("NotResource")
        && covers("Action")
        && covers("Resource")
        && no_looser(new.get("Condition"), old.get("Condition"))
}

/// Every condition of a Deny narrows it: the new one may have fewer, and each that it has must let no more through.
fn no_looser(new: Option<&Value>, old: Option<&Value>) -> bool {
    let empty = Map::new();
    let (new, old) = (new.and_then(Value::as_object).unwrap_or(&empty), old.and_then(Value::as_object).unwrap_or(&empty));
    new.iter().all(|(operator, keys)| {
        let Some(keys) = keys.as_object() else { return false };
        keys.iter().all(|(key, now)| old.get(operator).and_then(|old| old.get(key)).is_some_and(|then| closes(operator, now, then)))
    })
}

fn closes(operator: &str, now: &Value, then: &Value) -> bool {
    let (new, old) = (strings(Some(now)), strings(Some(then)));
    match operator {
        // Those who are exempt: fewer are stricter.
        "ArnNotLike" | "ArnNotEquals" | "StringNotEquals" | "StringNotLike" => new.is_subset(&old) && !new.is_empty(),
        "NumericLessThan" => match (number(&new), number(&old)) {
            (Some(now), Some(then)) => now >= then,
            _ => new == old,
        },
        _ => new == old,
    }
}

fn number(values: &BTreeSet<String>) -> Option<f64> {
    let mut numbers = values.iter().map(|value| value.parse().ok());
    match (numbers.next(), numbers.next()) {
        (Some(one), None) => one,
        _ => None,
    }
}

fn text<'a>(statement: &'a Value, key: &str) -> Option<&'a str> {
    statement.get(key).and_then(Value::as_str)
}

fn strings(value: Option<&Value>) -> BTreeSet<String> {
    match value {
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(Value::String(one)) => BTreeSet::from([one.clone()]),
        _ => BTreeSet::new(),
    }
}
