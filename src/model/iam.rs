//! IAM policy documents, compared by meaning.
//!
//! AWS gives a document back in another spelling than it was sent: lists of one become strings, accounts become root
//! ARNs, lists change order. [`canonical`] is the one spelling that lifeboat shows and sends; [`same`] compares, and besides
//! knows names whose case does not matter. Both must never make two documents equal that grant different things.

use serde_json::{Map, Value};

pub mod grants;

/// The canonical spelling of a policy document.
pub fn canonical(document: &Value) -> Value {
    let Value::Object(top) = document else { return document.clone() };
    let mut out = top.clone();
    let statements = out.remove("Statement").filter(|statement| !statement.is_null()).map(as_list).unwrap_or_default();
    if !statements.is_empty() {
        let statements = in_order(statements.iter().map(canonical_statement).collect());
        out.insert("Statement".to_owned(), statements);
        // What a document without a Version means (IAM reference, Version element).
        out.entry("Version").or_insert_with(|| "2008-10-17".into());
    }
    Value::Object(out)
}

/// Whether two documents mean the same.
pub fn same(one: &Value, other: &Value) -> bool {
    one == other || meaning(one) == meaning(other)
}

/// The canonical spelling with everything folded whose case does not matter: names of actions (IAM reference, Action
/// element) and condition keys (Condition element). It is only compared, never shown or sent.
fn meaning(document: &Value) -> Value {
    let mut folded = canonical(document);
    let Some(statements) = folded.get_mut("Statement").and_then(Value::as_array_mut) else { return folded };
    for fields in statements.iter_mut().filter_map(Value::as_object_mut) {
        for key in ["Action", "NotAction"] {
            if let Some(actions) = fields.get_mut(key) {
                *actions = sorted_set(Value::Array(as_list(actions.take()).into_iter().map(|action| text(action).to_ascii_lowercase().into()).collect()));
            }
        }
        let operators = fields.get_mut("Condition").and_then(Value::as_object_mut);
        for keys in operators.into_iter().flat_map(|operators| operators.iter_mut()).filter_map(|(_, keys)| keys.as_object_mut()) {
            let lower: Map<String, Value> = keys.iter().map(|(key, values)| (key.to_ascii_lowercase(), values.clone())).collect();
            // Two keys that differ in case only must both hold; folded, one of them would be gone.
            if lower.len() == keys.len() {
                *keys = lower;
            }
        }
    }
    let statements = in_order(std::mem::take(statements));
    if let Some(place) = folded.get_mut("Statement") {
        *place = statements;
    }
    folded
}

/// Statements in an order that only they decide, each once.
fn in_order(mut statements: Vec<Value>) -> Value {
    statements.sort_by_cached_key(Value::to_string);
    statements.dedup();
    Value::Array(statements)
}

fn as_list(value: Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items,
        other => vec![other],
    }
}

fn sorted_set(value: Value) -> Value {
    let mut items: Vec<String> = as_list(value).into_iter().map(text).collect();
    items.sort();
    items.dedup();
    Value::Array(items.into_iter().map(Value::String).collect())
}

fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

fn canonical_statement(statement: &Value) -> Value {
    let Value::Object(fields) = statement else { return statement.clone() };
    let mut out = Map::new();
    for (key, value) in fields {
        let value = value.clone();
        let canonical = match key.as_str() {
            "Effect" => canonical_effect(value),
            "Action" | "NotAction" => lower_service(sorted_set(value)),
            "Resource" | "NotResource" => sorted_set(value),
            "Principal" | "NotPrincipal" => canonical_principal(value),
            "Condition" => canonical_condition(value),
            _ => value,
        };
        let says_nothing = match key.as_str() {
            "Sid" => canonical == "",
            "Principal" | "NotPrincipal" | "Condition" => canonical.as_object().is_some_and(Map::is_empty),
            _ => false,
        };
        if !says_nothing {
            out.insert(key.clone(), canonical);
        }
    }
    everybody(&mut out);
    Value::Object(out)
}

fn canonical_effect(value: Value) -> Value {
    let known = ["Allow", "Deny"].into_iter().find(|known| value.as_str().is_some_and(|text| text.eq_ignore_ascii_case(known)));
    known.map_or(value, Value::from)
}

/// In an Allow of a bucket policy, `{"AWS": "*"}` is everybody, as `"*"` is (IAM reference, Principal element). In a trust
/// policy, which has no resource, `"*"` also lets identity providers in; and in a Deny or NotPrincipal nothing is assumed.
fn everybody(statement: &mut Map<String, Value>) {
    let allows = statement.get("Effect").and_then(Value::as_str) == Some("Allow");
    let on_resources = statement.contains_key("Resource") || statement.contains_key("NotResource");
    if allows && on_resources && statement.get("Principal") == Some(&serde_json::json!({"AWS": ["*"]})) {
        statement.insert("Principal".to_owned(), "*".into());
    }
}

/// Service prefixes are case-insensitive (IAM reference, Action element); the rest of the name too, but it is kept for display.
fn lower_service(actions: Value) -> Value {
    let lowered = as_list(actions).into_iter().map(text).map(|action| match action.split_once(':') {
        Some((service, name)) => format!("{}:{name}", service.to_ascii_lowercase()),
        None => action,
    });
    let mut items: Vec<String> = lowered.collect();
    items.sort();
    items.dedup();
    Value::Array(items.into_iter().map(Value::String).collect())
}

fn canonical_principal(value: Value) -> Value {
    let Value::Object(kinds) = value else { return value };
    let mut out = Map::new();
    for (kind, names) in kinds {
        let mut names: Vec<String> = as_list(names).into_iter().map(text).collect();
        if kind == "AWS" {
            for name in &mut names {
                if name.len() == 12 && name.bytes().all(|b| b.is_ascii_digit()) {
                    *name = format!("arn:aws:iam::{name}:root");
                }
            }
        }
        names.sort();
        names.dedup();
        if !names.is_empty() {
            out.insert(kind, Value::Array(names.into_iter().map(Value::String).collect()));
        }
    }
    Value::Object(out)
}

fn canonical_condition(value: Value) -> Value {
    let Value::Object(operators) = value else { return value };
    let mut out = Map::new();
    for (operator, keys) in operators {
        let keys = match keys {
            // An operator without keys asks nothing.
            Value::Object(keys) if keys.is_empty() => continue,
            Value::Object(keys) => Value::Object(keys.into_iter().map(|(key, values)| (key, sorted_set(values))).collect()),
            other => other,
        };
        out.insert(operator, keys);
    }
    Value::Object(out)
}

/// Principals that a trust policy lets in, each as `KIND NAME`, for "opens wider" judgements.
pub fn principals(trust: &Value) -> Vec<String> {
    let canonical = canonical(trust);
    let mut out = Vec::new();
    for statement in canonical.get("Statement").and_then(Value::as_array).into_iter().flatten() {
        if statement.get("Effect").and_then(Value::as_str) != Some("Allow") {
            continue;
        }
        match statement.get("Principal") {
            Some(Value::Object(kinds)) => {
                for (kind, names) in kinds {
                    out.extend(names.as_array().into_iter().flatten().filter_map(Value::as_str).map(|name| format!("{kind} {name}")));
                }
            }
            Some(other) => out.push(text(other.clone())),
            None => {}
        }
    }
    out.sort();
    out.dedup();
    out
}

/// Who a trust policy lets in that another one did not, in words. A condition counts: all jobs of GitHub have one principal,
/// and only the condition says whose they are. One that is merely other counts as opening; lifeboat cannot compare them.
pub fn opened(before: &Value, after: &Value) -> Vec<String> {
    let known = admissions(before);
    let new = admissions(after).into_iter().filter(|(who, when)| !known.iter().any(|(old, then)| old == who && (then == when || then.is_none())));
    let mut out: Vec<String> = new
        .map(|(who, when)| match when {
            Some(when) if known.iter().any(|(old, _)| *old == who) => format!("{who} when {when}"),
            _ => who,
        })
        .collect();
    let kept = refusals(after);
    out.extend(refusals(before).into_iter().filter(|refusal| !kept.contains(refusal)).map(|refusal| format!("whom this kept out: {refusal}")));
    out
}

/// Each principal that an Allow names, with the condition of that statement.
fn admissions(trust: &Value) -> Vec<(String, Option<String>)> {
    let canonical = canonical(trust);
    let mut out = Vec::new();
    for statement in canonical.get("Statement").and_then(Value::as_array).into_iter().flatten() {
        let when = statement.get("Condition").map(Value::to_string);
        let alone = serde_json::json!({"Statement": [statement]});
        out.extend(principals(&alone).into_iter().map(|who| (who, when.clone())));
    }
    out
}

/// Principals that a trust or bucket policy shows by their raw unique id, `AROA…` of a role or `AIDA…` of a user: they were
/// deleted, or made again under the same name (IAM user guide, "Principal": the id never maps back).
pub fn deleted_principals(document: &Value) -> Vec<String> {
    let is_raw = |name: &str| {
        let id = name.strip_prefix("AWS ").unwrap_or_default();
        (id.starts_with("AROA") || id.starts_with("AIDA")) && id.len() >= 16 && id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    };
    principals(document).into_iter().filter(|name| is_raw(name)).map(|name| name.trim_start_matches("AWS ").to_owned()).collect()
}

/// Every statement that refuses, without its name.
pub fn refusals(document: &Value) -> Vec<String> {
    let canonical = canonical(document);
    let statements = canonical.get("Statement").and_then(Value::as_array).into_iter().flatten();
    let denying = statements.filter(|statement| statement.get("Effect").and_then(Value::as_str) == Some("Deny"));
    denying
        .map(|statement| {
            let mut statement = statement.clone();
            if let Some(fields) = statement.as_object_mut() {
                fields.remove("Sid");
            }
            statement.to_string()
        })
        .collect()
}

#[cfg(test)]
mod tests;
