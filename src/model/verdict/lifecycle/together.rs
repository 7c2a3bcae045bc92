//! What the rules of one lifecycle configuration must have in common: ids, one form, prefixes that do not overlap.

use serde_json::Value;

use super::super::{Refusal, Verdict};
use super::refused;

/// How long the id of a rule may be.
const LONGEST_ID: usize = 255;

/// Ids are unique and not too long; a rule without one is given one.
pub(super) fn ids(rules: &[Value]) -> Verdict {
    let mut ids: Vec<&str> = rules.iter().filter_map(|rule| rule.get("ID").and_then(Value::as_str)).collect();
    if let Some(long) = ids.iter().find(|id| id.chars().count() > LONGEST_ID) {
        let sentence = format!("a rule has an ID of {} characters; S3 takes {LONGEST_ID}", long.chars().count());
        return Err(Refusal::new("InvalidArgument", "ID length should not exceed allowed limit of 255", sentence));
    }
    ids.sort_unstable();
    match ids.windows(2).find(|pair| pair.first() == pair.last()).and_then(<[_]>::first) {
        Some(twice) => {
            let message = "Rule ID must be unique. Found same ID for more than one rule";
            Err(Refusal::new("InvalidArgument", message, format!("two rules have the ID `{twice}`")))
        }
        None => Ok(()),
    }
}

fn is_old(rule: &Value) -> bool {
    rule.get("Filter").is_none()
}

/// One configuration is written in one form; the first rule says in which (ansible 53751, terraform-provider-aws 23299).
pub(super) fn versions(rules: &[Value]) -> Verdict {
    let Some(first) = rules.first() else { return Ok(()) };
    if rules.iter().any(|rule| is_old(rule) != is_old(first)) {
        let message = if is_old(first) {
            "Filter element can only be used in Lifecycle V2."
        } else {
            "Base level prefix cannot be used in Lifecycle V2, prefixes are only supported in the Filter."
        };
        let sentence = "some rules have a Filter and others a Prefix of their own (the form from before 2016), and S3 does not take both in one configuration";
        return Err(Refusal::new("InvalidRequest", message, sentence));
    }
    let counts = |rule: &&Value| {
        let steps = rule.get("NoncurrentVersionTransitions").and_then(Value::as_array).into_iter().flatten();
        rule.get("NoncurrentVersionExpiration").into_iter().chain(steps).any(|action| action.get("NewerNoncurrentVersions").is_some())
    };
    match rules.iter().find(|rule| is_old(rule) && counts(rule)) {
        Some(rule) => {
            let message = "NewerNoncurrentVersions element can only be used in Lifecycle V2.";
            let name = format!("rule `{}`", rule.get("ID").and_then(Value::as_str).unwrap_or_default());
            Err(refused("InvalidRequest", message, &name, "counts newer versions, which only a rule with a Filter can"))
        }
        None => Ok(()),
    }
}

/// Prefixes of the old form may not overlap for one kind of action (noobaa-core 8341); those in a Filter may.
pub(super) fn overlaps(rules: &[Value]) -> Verdict {
    let kinds = [
        ("Expiration", "Expiration"),
        ("Transitions", "Transition"),
        ("NoncurrentVersionExpiration", "NoncurrentVersionExpiration"),
        ("NoncurrentVersionTransitions", "NoncurrentVersionTransition"),
        ("AbortIncompleteMultipartUpload", "AbortIncompleteMultipartUpload"),
    ];
    for (key, kind) in kinds {
        let of_kind = rules.iter().filter(|rule| is_old(rule) && rule.get(key).is_some());
        let mut prefixes: Vec<&str> = of_kind.filter_map(|rule| rule.get("Prefix").and_then(Value::as_str)).collect();
        // Sorted, a prefix stands directly before what it covers, or before something else that it covers.
        prefixes.sort_unstable();
        for pair in prefixes.windows(2) {
            if let [short, long] = pair
                && long.starts_with(short)
            {
                let message = format!("Found overlapping prefixes '{short}' and '{long}' for same action type '{kind}'");
                return Err(Refusal::plain("InvalidRequest", message));
            }
        }
    }
    Ok(())
}
