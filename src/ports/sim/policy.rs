//! What S3 accepts as a bucket policy: the refusals that AWS was seen to give.

use serde_json::Value;

/// Refuses what AWS refuses, in its words.
pub(super) fn accept(bucket: &str, policy: &Value) -> Result<(), String> {
    let Some(fields) = policy.as_object() else {
        return Err("MalformedPolicy: Policies must be valid JSON and the first byte must be '{'".to_owned());
    };
    if policy.to_string().len() > 20 * 1024 {
        return Err("PolicyTooLarge: the policy exceeds the maximum allowed document size of 20480 bytes".to_owned());
    }
    let statements = fields.get("Statement").map(listed).ok_or("MalformedPolicy: Missing required field Statement")?;
    if statements.is_empty() {
        return Err("MalformedPolicy: Could not parse the policy: Statement is empty!".to_owned());
    }
    let mut sids: Vec<&str> = statements.iter().filter_map(|statement| statement.get("Sid").and_then(Value::as_str)).collect();
    sids.sort_unstable();
    if sids.windows(2).any(|pair| pair.first() == pair.last()) {
        return Err("MalformedPolicy: Duplicate statement id".to_owned());
    }
    statements.into_iter().try_for_each(|statement| accept_statement(bucket, statement))
}

fn listed(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        one => vec![one],
    }
}

fn accept_statement(bucket: &str, statement: &Value) -> Result<(), String> {
    let has = |keys: [&str; 2]| keys.iter().any(|key| statement.get(*key).is_some());
    for (keys, name) in [(["Principal", "NotPrincipal"], "Principal"), (["Action", "NotAction"], "Action"), (["Resource", "NotResource"], "Resource")] {
        if !has(keys) {
            return Err(format!("MalformedPolicy: Missing required field {name}"));
        }
    }
    if !matches!(statement.get("Effect").and_then(Value::as_str), Some("Allow" | "Deny")) {
        return Err("MalformedPolicy: Invalid effect".to_owned());
    }
    let within = |resource: &str| {
        let rest = resource.strip_prefix("arn:aws:s3:::").and_then(|rest| rest.strip_prefix(bucket));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if !statement.get("Resource").map(listed).into_iter().flatten().filter_map(Value::as_str).all(within) {
        return Err("MalformedPolicy: Policy has invalid resource".to_owned());
    }
    let names = statement.get("Principal").and_then(|who| who.get("AWS")).map(listed).into_iter().flatten().filter_map(Value::as_str);
    if names.into_iter().any(|name| name.starts_with("AROA") || name.starts_with("AIDA")) {
        return Err("MalformedPolicy: Invalid principal in policy".to_owned());
    }
    Ok(())
}

/// Whether a statement lets everybody in without a condition: the clearest case of what S3 calls public.
pub(super) fn is_public(policy: &Value) -> bool {
    let everybody = |who: &Value| who == "*" || who.get("AWS").map(listed).into_iter().flatten().any(|name| name == "*");
    let open = |statement: &Value| {
        statement.get("Effect") == Some(&Value::from("Allow")) && statement.get("Condition").is_none() && statement.get("Principal").is_some_and(everybody)
    };
    policy.get("Statement").map(listed).into_iter().flatten().any(open)
}
