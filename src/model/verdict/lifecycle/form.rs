//! The form of a lifecycle rule: which elements it has, which of them go together, what kind of value each holds.

use serde_json::{Map, Value};

use super::super::{Refusal, Verdict, element, one_of};

const RULE: &[&str] = &[
    "ID",
    "Status",
    "Prefix",
    "Filter",
    "Expiration",
    "Transitions",
    "NoncurrentVersionExpiration",
    "NoncurrentVersionTransitions",
    "AbortIncompleteMultipartUpload",
];

/// Classes that nothing can be moved to. A class that is not known here may be one of next year's in a rule of others.
const NEVER: &[&str] = &["", "STANDARD", "REDUCED_REDUNDANCY"];

/// Judges the form of one rule.
pub(super) fn rule(rule: &Value, name: &str) -> Verdict {
    let fields = element(rule, name, RULE)?;
    one_of(fields.get("Status"), &format!("the Status of {name}"), &["Enabled", "Disabled"])?;
    text(fields, "ID", name)?;
    match (fields.get("Filter"), fields.get("Prefix")) {
        (None, None) => return Err(Refusal::malformed(format!("{name} has neither a Filter nor a Prefix; an empty Filter means every key"))),
        (Some(_), Some(_)) => return Err(Refusal::malformed(format!("{name} has a Filter and a Prefix of its own, and only one of them may be"))),
        (Some(of), None) => filter(of, name)?,
        (None, Some(_)) => text(fields, "Prefix", name)?,
    }
    if let Some(of) = fields.get("Expiration") {
        expiration(of, name)?;
    }
    for of in list(fields, "Transitions", name)? {
        let of = element(of, &format!("a Transition of {name}"), &["Days", "Date", "StorageClass"])?;
        exactly_one(of, &["Days", "Date"], &format!("a Transition of {name}"))?;
        class(of, name)?;
    }
    for of in list(fields, "NoncurrentVersionTransitions", name)? {
        let what = format!("a NoncurrentVersionTransition of {name}");
        class(noncurrent(of, &what, &["NoncurrentDays", "NewerNoncurrentVersions", "StorageClass"])?, name)?;
    }
    if let Some(of) = fields.get("NoncurrentVersionExpiration") {
        noncurrent(of, &format!("the NoncurrentVersionExpiration of {name}"), &["NoncurrentDays", "NewerNoncurrentVersions"])?;
    }
    let Some(of) = fields.get("AbortIncompleteMultipartUpload") else { return Ok(()) };
    let what = format!("the AbortIncompleteMultipartUpload of {name}");
    number(element(of, &what, &["DaysAfterInitiation"])?, "DaysAfterInitiation", &what)
}

fn filter(of: &Value, name: &str) -> Verdict {
    let what = format!("the Filter of {name}");
    let fields = element(of, &what, &["Prefix", "Tag", "ObjectSizeGreaterThan", "ObjectSizeLessThan", "And"])?;
    if fields.len() > 1 {
        let found: Vec<&str> = fields.keys().map(String::as_str).collect();
        return Err(Refusal::malformed(format!("{what} has {} side by side; several conditions stand in an And", found.join(", "))));
    }
    conditions(fields, &what)?;
    if let Some(tag_of) = fields.get("Tag") {
        tag(tag_of, &what)?;
    }
    let Some(and) = fields.get("And") else { return Ok(()) };
    let what = format!("the And of {name}");
    let fields = element(and, &what, &["Prefix", "Tags", "ObjectSizeGreaterThan", "ObjectSizeLessThan"])?;
    conditions(fields, &what)?;
    let tags = list(fields, "Tags", &what)?;
    tags.iter().try_for_each(|of| tag(of, &what))?;
    let others = fields.keys().filter(|key| *key != "Tags").count();
    // terraform-provider-aws 23882: an And of one prefix is malformed; an empty prefix counts as a condition there.
    if others + tags.len() < 2 {
        return Err(Refusal::malformed(format!("{what} joins fewer than two conditions; a single one stands in the Filter itself")));
    }
    Ok(())
}

fn conditions(fields: &Map<String, Value>, what: &str) -> Verdict {
    text(fields, "Prefix", what)?;
    for size in ["ObjectSizeGreaterThan", "ObjectSizeLessThan"] {
        if fields.contains_key(size) {
            number(fields, size, what)?;
        }
    }
    Ok(())
}

fn tag(of: &Value, what: &str) -> Verdict {
    let fields = element(of, &format!("a Tag in {what}"), &["Key", "Value"])?;
    match (fields.get("Key").and_then(Value::as_str), fields.get("Value").and_then(Value::as_str)) {
        (Some(key), Some(_)) if !key.is_empty() => Ok(()),
        _ => Err(Refusal::malformed(format!("a Tag in {what} lacks its Key or its Value"))),
    }
}

fn expiration(of: &Value, name: &str) -> Verdict {
    let what = format!("the Expiration of {name}");
    let fields = element(of, &what, &["Days", "Date", "ExpiredObjectDeleteMarker"])?;
    exactly_one(fields, &["Days", "Date", "ExpiredObjectDeleteMarker"], &what)?;
    match fields.get("ExpiredObjectDeleteMarker") {
        Some(marker) if !marker.is_boolean() => Err(Refusal::malformed(format!("the ExpiredObjectDeleteMarker of {name} is {marker}, not true or false"))),
        _ => Ok(()),
    }
}

/// One of these elements and no second one; days are whole numbers, dates ISO 8601.
fn exactly_one(fields: &Map<String, Value>, of: &[&str], what: &str) -> Verdict {
    let there: Vec<&str> = of.iter().copied().filter(|key| fields.contains_key(*key)).collect();
    if there.len() != 1 {
        let found = if there.is_empty() { "none".to_owned() } else { there.join(" and ") };
        return Err(Refusal::malformed(format!("{what} needs exactly one of {}; it has {found}", of.join(", "))));
    }
    if fields.contains_key("Days") {
        number(fields, "Days", what)?;
    }
    match fields.get("Date") {
        Some(date) if date.as_str().and_then(super::days::moment).is_none() => {
            Err(Refusal::malformed(format!("the Date of {what} is {date}, not a date in ISO 8601")))
        }
        _ => Ok(()),
    }
}

/// Newer versions may be counted, but never without days (noobaa-core 8861).
fn noncurrent<'a>(of: &'a Value, what: &str, known: &[&str]) -> Result<&'a Map<String, Value>, Refusal> {
    let fields = element(of, what, known)?;
    number(fields, "NoncurrentDays", what)?;
    if fields.contains_key("NewerNoncurrentVersions") {
        number(fields, "NewerNoncurrentVersions", what)?;
    }
    Ok(fields)
}

fn class(fields: &Map<String, Value>, name: &str) -> Verdict {
    match fields.get("StorageClass").and_then(Value::as_str) {
        Some(class) if !NEVER.contains(&class) => Ok(()),
        Some(class) => Err(Refusal::malformed(format!("{name} moves objects to `{class}`, which S3 does not do"))),
        None => Err(Refusal::malformed(format!("a transition of {name} has no StorageClass"))),
    }
}

fn number(fields: &Map<String, Value>, key: &str, what: &str) -> Verdict {
    match fields.get(key) {
        Some(value) if value.is_i64() => Ok(()),
        Some(value) => Err(Refusal::malformed(format!("{key} of {what} is {value}, not a whole number"))),
        None => Err(Refusal::malformed(format!("{what} has no {key}"))),
    }
}

fn text(fields: &Map<String, Value>, key: &str, what: &str) -> Verdict {
    match fields.get(key) {
        Some(value) if !value.is_string() => Err(Refusal::malformed(format!("{key} of {what} is {value}, not a text"))),
        _ => Ok(()),
    }
}

fn list<'a>(fields: &'a Map<String, Value>, key: &str, what: &str) -> Result<&'a [Value], Refusal> {
    match fields.get(key) {
        None => Ok(&[]),
        Some(Value::Array(items)) => Ok(items),
        Some(_) => Err(Refusal::malformed(format!("{key} of {what} is not a list"))),
    }
}
