//! Identity policies that IAM refuses: managed ones, and the inline policies of a role.
//!
//! The order of the checks is IAM's: syntax, version, what its older parser cannot read, names of statements, actions,
//! resources. Every recorded document of `tests/data/aws/iam_policy_validation.json` gets IAM's own verdict and words.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{Refusal, Verdict, iam_conditions, iam_resources};

/// Characters, without white space, that all inline policies of a role may have together (IAM quotas).
pub const INLINE_LIMIT: usize = 10_240;

const STATEMENT: &[&str] = &["Sid", "Action", "NotAction", "Resource", "NotResource", "Effect", "Condition"];

/// Judges an inline policy of a role, which also has a limit of size.
pub fn inline(document: &Value, role: &str) -> Verdict {
    identity(document)?;
    let size = characters(document);
    if size > INLINE_LIMIT {
        let message = format!("Maximum policy size of {INLINE_LIMIT} bytes exceeded for role {role}");
        return Err(Refusal::new("LimitExceeded", message, format!("the inline policy has {size} characters and IAM takes {INLINE_LIMIT} for a role")));
    }
    Ok(())
}

/// Characters as IAM counts them for its limits: without white space outside of strings.
pub(super) fn characters(document: &Value) -> usize {
    document.to_string().chars().filter(|c| !c.is_whitespace()).count()
}

/// Judges an identity policy.
pub fn identity(document: &Value) -> Verdict {
    let statements = statements(document)?;
    if document.get("Version").and_then(Value::as_str) != Some("2012-10-17") {
        return Err(Refusal::plain(CODE, "Policy document must be version 2012-10-17 or greater."));
    }
    for (at, statement) in statements.iter().enumerate() {
        readable(statement).map_err(|why| legacy(at, why))?;
    }
    let format = iam_resources::formats(&statements)?;
    unique_names(&statements)?;
    present(&statements, ["Action", "NotAction"], "Policy statement must contain actions.")?;
    if let Some(wrong) = format {
        return Err(Refusal::plain(CODE, wrong));
    }
    statements.iter().flat_map(|statement| texts(statement, "Action").into_iter().chain(texts(statement, "NotAction"))).try_for_each(action)?;
    present(&statements, ["Resource", "NotResource"], "Policy statement must contain resources.")
}

const CODE: &str = "MalformedPolicyDocument";

fn syntax(sentence: String) -> Refusal {
    Refusal::new(CODE, "Syntax errors in policy.", sentence)
}

/// What IAM's older parser cannot read; its text never says what.
pub(super) fn legacy(at: usize, sentence: impl std::fmt::Display) -> Refusal {
    Refusal::new(CODE, "The policy failed legacy parsing", format!("statement {}: {sentence}", at + 1))
}

/// The statements of a document whose syntax is right.
fn statements(document: &Value) -> Result<Vec<&Map<String, Value>>, Refusal> {
    let Value::Object(top) = document else { return Err(syntax("the document is not a JSON object".to_owned())) };
    if let Some(stranger) = top.keys().find(|key| !["Version", "Id", "Statement"].contains(&key.as_str())) {
        return Err(syntax(format!("the document has a field `{stranger}`, which IAM does not know")));
    }
    let version = top.get("Version");
    if version.is_some_and(|version| !["2008-10-17", "2012-10-17"].contains(&version.as_str().unwrap_or_default())) {
        return Err(syntax("the Version is neither 2012-10-17 nor 2008-10-17".to_owned()));
    }
    if top.get("Id").is_some_and(|id| !id.is_string()) {
        return Err(syntax("the Id is not a text".to_owned()));
    }
    let list: Vec<&Value> = match top.get("Statement") {
        Some(Value::Array(list)) => list.iter().collect(),
        Some(one @ Value::Object(_)) => vec![one],
        _ => Vec::new(),
    };
    if list.is_empty() {
        return Err(syntax("there is no Statement".to_owned()));
    }
    list.into_iter().enumerate().map(|(at, statement)| fields(statement).map_err(|why| syntax(format!("statement {}: {why}", at + 1)))).collect()
}

fn fields(statement: &Value) -> Result<&Map<String, Value>, String> {
    let Value::Object(fields) = statement else { return Err("it is not a JSON object".to_owned()) };
    if let Some(stranger) = fields.keys().find(|key| !STATEMENT.contains(&key.as_str())) {
        return Err(format!("a field `{stranger}` does not belong into an identity policy"));
    }
    shared_syntax(fields)?;
    Ok(fields)
}

/// Syntax that identity, trust and bucket policies share.
pub(super) fn shared_syntax(fields: &Map<String, Value>) -> Result<(), String> {
    for (one, other) in [("Resource", "NotResource"), ("Action", "NotAction"), ("Principal", "NotPrincipal")] {
        if fields.contains_key(one) && fields.contains_key(other) {
            return Err(format!("{one} and {other} stand side by side"));
        }
    }
    let effect = fields.get("Effect").and_then(Value::as_str).unwrap_or_default();
    if !["allow", "deny"].contains(&effect.to_ascii_lowercase().as_str()) {
        return Err("the Effect is neither Allow nor Deny".to_owned());
    }
    for key in ["Action", "NotAction", "Resource", "NotResource"] {
        let is_text = |value: &Value| value.is_string() || value.as_array().is_some_and(|list| list.iter().all(Value::is_string));
        if fields.get(key).is_some_and(|value| !is_text(value)) {
            return Err(format!("{key} is neither a text nor a list of texts"));
        }
    }
    if fields.get("Sid").is_some_and(|sid| !sid.is_string()) {
        return Err("the Sid is not a text".to_owned());
    }
    fields.get("Condition").map_or(Ok(()), iam_conditions::syntax)
}

/// What the older parser wants besides: an Effect in its own case, and dates that are dates.
fn readable(statement: &Map<String, Value>) -> Result<(), String> {
    let effect = statement.get("Effect").and_then(Value::as_str).unwrap_or_default();
    if !["Allow", "Deny"].contains(&effect) {
        return Err(format!("the Effect is `{effect}`; it is written Allow or Deny"));
    }
    statement.get("Condition").map_or(Ok(()), iam_conditions::dates)
}

/// Every Sid that is not empty stands once.
pub(super) fn unique_names(statements: &[&Map<String, Value>]) -> Verdict {
    let mut seen = BTreeSet::new();
    let names = statements.iter().filter_map(|statement| statement.get("Sid").and_then(Value::as_str)).filter(|sid| !sid.is_empty());
    for name in names {
        if !seen.insert(name) {
            let sentence = format!("two statements are named `{name}`");
            return Err(Refusal::new(CODE, "Statement IDs (SID) in a single policy must be unique.", sentence));
        }
    }
    Ok(())
}

fn present(statements: &[&Map<String, Value>], either: [&str; 2], message: &str) -> Verdict {
    for (at, statement) in statements.iter().enumerate() {
        let there = either.iter().any(|key| statement.get(*key).is_some_and(|value| value.as_array().is_none_or(|list| !list.is_empty())));
        if !there {
            return Err(Refusal::new(CODE, message, format!("statement {} has no {}", at + 1, either.join(" and no "))));
        }
    }
    Ok(())
}

/// The texts of a field that holds one or several.
pub(super) fn texts<'a>(statement: &'a Map<String, Value>, key: &str) -> Vec<&'a str> {
    match statement.get(key) {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// An action is `*` or `service:Name`.
pub(super) fn action(action: &str) -> Verdict {
    let Some((vendor, rest)) = action.split_once(':') else {
        if action == "*" {
            return Ok(());
        }
        let message = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";
        return Err(Refusal::new(CODE, message, format!("the action `{action}` does not say of which service it is")));
    };
    if rest.contains(':') {
        return Err(Refusal::new(CODE, "Actions/Condition can contain only one colon.", format!("the action `{action}` has more than one colon")));
    }
    if vendor != "*" && !vendor.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.')) {
        return Err(Refusal::plain(CODE, format!("Vendor {vendor} is not valid")));
    }
    Ok(())
}
