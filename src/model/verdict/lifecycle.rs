//! Lifecycle configurations that S3 refuses.
//!
//! First the form, which S3 answers with one text for everything (`MalformedXML`), then what the rules mean. Sources: the
//! recorded cases in `tests/data/aws/lifecycle_verdicts.json`, S3 User Guide (intro-lifecycle-rules,
//! lifecycle-transition-general-considerations), and S3's own words quoted in the issues named beside a check.

use serde_json::Value;

use super::{Refusal, Verdict, rules};

mod days;
mod form;
mod together;

/// How many rules a configuration may have (S3 User Guide; not adjustable).
pub const MOST_RULES: usize = 1000;

/// What `x-amz-transition-default-minimum-object-size` may say.
const SIZES: &[&str] = &["all_storage_classes_128K", "varies_by_storage_class"];

/// The largest object of S3 in bytes, as the refusal names it.
const LARGEST: i64 = 1_099_511_627_776_000;

/// Judges a `PutBucketLifecycleConfiguration` request.
pub fn lifecycle(request: &Value) -> Verdict {
    let configuration = request.get("LifecycleConfiguration").unwrap_or(&Value::Null);
    let rules = rules(configuration, MOST_RULES)?;
    for (at, rule) in rules.iter().enumerate() {
        form::rule(rule, &name(rule, at))?;
    }
    minimum_size(request)?;
    together::ids(rules)?;
    together::versions(rules)?;
    for (at, rule) in rules.iter().enumerate() {
        meaning(rule, &name(rule, at))?;
    }
    together::overlaps(rules)
}

/// How a rule is called in a sentence.
fn name(rule: &Value, at: usize) -> String {
    match rule.get("ID").and_then(Value::as_str) {
        Some(id) => format!("rule `{id}`"),
        None => format!("rule {} (without an ID)", at + 1),
    }
}

fn minimum_size(request: &Value) -> Verdict {
    match request.get("TransitionDefaultMinimumObjectSize").and_then(Value::as_str) {
        Some(size) if !SIZES.contains(&size) => Err(Refusal::plain("InvalidRequest", format!("Invalid TransitionDefaultMinimumObjectSize found: {size}"))),
        _ => Ok(()),
    }
}

fn meaning(rule: &Value, name: &str) -> Verdict {
    let actions = ["Expiration", "Transitions", "NoncurrentVersionExpiration", "NoncurrentVersionTransitions", "AbortIncompleteMultipartUpload"];
    if !actions.iter().any(|action| rule.get(*action).is_some_and(|value| value.as_array().is_none_or(|list| !list.is_empty()))) {
        return Err(refused("InvalidRequest", "At least one action needs to be specified in a rule", name, "says what it is for and does nothing"));
    }
    filter(rule, name)?;
    picky(rule, name)?;
    days::least(rule, name)?;
    days::transitions(rule, name)
}

/// The conditions of a rule's filter, wherever they stand: prefix, tags, sizes.
struct Conditions<'a> {
    prefix: Option<&'a str>,
    tags: Vec<&'a str>,
    larger: Option<i64>,
    smaller: Option<i64>,
}

fn conditions(rule: &Value) -> Conditions<'_> {
    let filter = rule.get("Filter").unwrap_or(&Value::Null);
    let place = filter.get("And").unwrap_or(filter);
    let single = filter.get("Tag").into_iter();
    let several = place.get("Tags").and_then(Value::as_array).into_iter().flatten();
    Conditions {
        prefix: place.get("Prefix").or_else(|| rule.get("Prefix")).and_then(Value::as_str),
        tags: single.chain(several).filter_map(|tag| tag.get("Key").and_then(Value::as_str)).collect(),
        larger: place.get("ObjectSizeGreaterThan").and_then(Value::as_i64),
        smaller: place.get("ObjectSizeLessThan").and_then(Value::as_i64),
    }
}

fn filter(rule: &Value, name: &str) -> Verdict {
    let Conditions { mut tags, larger, smaller, .. } = conditions(rule);
    tags.sort_unstable();
    if tags.windows(2).any(|pair| pair.first() == pair.last()) {
        return Err(refused("InvalidRequest", "Duplicate Tag Keys are not allowed.", name, "filters twice on one tag key"));
    }
    for (what, size, least) in [("ObjectSizeGreaterThan", larger, 0), ("ObjectSizeLessThan", smaller, 1)] {
        if size.is_some_and(|size| !(least..=LARGEST).contains(&size)) {
            let message = format!("'{what}' should be between {least} and {LARGEST}.");
            return Err(refused("InvalidRequest", &message, name, &format!("has a {what} out of range")));
        }
    }
    match (larger, smaller) {
        (Some(larger), Some(smaller)) if smaller <= larger => {
            let message = "'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'.";
            Err(refused("InvalidRequest", message, name, "can match no object: its two sizes leave no room between them"))
        }
        _ => Ok(()),
    }
}

/// Two actions are refused beside tags and sizes, even the one that is written and switched off (`false`).
fn picky(rule: &Value, name: &str) -> Verdict {
    let Conditions { tags, larger, smaller, .. } = conditions(rule);
    let aborts = rule.get("AbortIncompleteMultipartUpload").map(|_| "AbortIncompleteMultipartUpload");
    let marks = rule.get("Expiration").and_then(|expiration| expiration.get("ExpiredObjectDeleteMarker")).map(|_| "ExpiredObjectDeleteMarker");
    for action in aborts.into_iter().chain(marks) {
        let beside = [("Tags", !tags.is_empty()), ("Object Size", larger.is_some() || smaller.is_some())];
        if let Some((what, _)) = beside.iter().find(|(_, there)| *there) {
            let sentence = format!("needs a rule of its own for {action}: S3 does not take it in a rule that filters on {}", what.to_lowercase());
            return Err(refused("InvalidRequest", &format!("{action} cannot be specified with {what}."), name, &sentence));
        }
    }
    Ok(())
}

/// A refusal that names the rule.
fn refused(code: &'static str, message: &str, name: &str, sentence: &str) -> Refusal {
    Refusal::new(code, message, format!("{name} {sentence}"))
}

/// How S3 names a rule's filter in its refusals. Only the form with a prefix was recorded.
fn filter_text(rule: &Value) -> String {
    format!("filter '(prefix={})'", conditions(rule).prefix.unwrap_or(""))
}
