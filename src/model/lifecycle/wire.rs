//! A lifecycle configuration as the S3 API names its elements: what is judged, and what a request carries.

use serde_json::{Map, Value, json};

use super::{Expiration, Filter, Form, Lifecycle, Rule, Tag};

impl Lifecycle {
    /// The `PutBucketLifecycleConfiguration` request in the API's own names (as boto3 sends it).
    pub fn wire(&self) -> Value {
        let rules: Vec<Value> = self.rules.iter().map(rule).collect();
        let mut request = Map::from_iter([("LifecycleConfiguration".to_owned(), json!({"Rules": rules}))]);
        put(&mut request, "TransitionDefaultMinimumObjectSize", self.minimum_size.as_ref());
        Value::Object(request)
    }
}

fn put<T: Into<Value> + Clone>(fields: &mut Map<String, Value>, key: &str, value: Option<&T>) {
    if let Some(value) = value {
        fields.insert(key.to_owned(), value.clone().into());
    }
}

fn rule(rule: &Rule) -> Value {
    let mut out = Map::new();
    put(&mut out, "ID", (!rule.id.is_empty()).then_some(&rule.id));
    out.insert("Status".to_owned(), if rule.enabled { "Enabled" } else { "Disabled" }.into());
    filter(&rule.filter, &mut out);
    let expiration = rule.expiration.as_ref().map(|expiration| match expiration {
        Expiration::Days(days) => json!({"Days": days}),
        Expiration::Date(date) => json!({"Date": date}),
        Expiration::DeleteMarker(marker) => json!({"ExpiredObjectDeleteMarker": marker}),
    });
    put(&mut out, "Expiration", expiration.as_ref());
    let transitions = rule.transitions.iter().map(|step| {
        let mut fields = Map::from_iter([("StorageClass".to_owned(), Value::from(step.class.as_str()))]);
        put(&mut fields, "Days", step.days.as_ref());
        put(&mut fields, "Date", step.date.as_ref());
        Value::Object(fields)
    });
    list(&mut out, "Transitions", transitions.collect());
    let noncurrent = rule.noncurrent.as_ref().map(|noncurrent| versions(noncurrent.days, noncurrent.keep_newer));
    put(&mut out, "NoncurrentVersionExpiration", noncurrent.map(Value::Object).as_ref());
    let steps = rule.noncurrent_transitions.iter().map(|step| {
        let mut fields = versions(step.days, step.keep_newer);
        fields.insert("StorageClass".to_owned(), step.class.as_str().into());
        Value::Object(fields)
    });
    list(&mut out, "NoncurrentVersionTransitions", steps.collect());
    put(&mut out, "AbortIncompleteMultipartUpload", rule.abort_uploads_days.map(|days| json!({"DaysAfterInitiation": days})).as_ref());
    Value::Object(out)
}

fn list(fields: &mut Map<String, Value>, key: &str, items: Vec<Value>) {
    if !items.is_empty() {
        fields.insert(key.to_owned(), Value::Array(items));
    }
}

fn versions(days: i32, newer: Option<i32>) -> Map<String, Value> {
    let mut fields = Map::from_iter([("NoncurrentDays".to_owned(), Value::from(days))]);
    put(&mut fields, "NewerNoncurrentVersions", newer.as_ref());
    fields
}

/// In the form that it has. What that form cannot hold is written all the same, so that it is refused and not lost.
fn filter(filter: &Filter, rule: &mut Map<String, Value>) {
    let tag = |tag: &Tag| json!({"Key": tag.key, "Value": tag.value});
    let mut fields = Map::new();
    put(&mut fields, "ObjectSizeGreaterThan", filter.larger_than.as_ref());
    put(&mut fields, "ObjectSizeLessThan", filter.smaller_than.as_ref());
    if filter.form != Form::RulePrefix {
        put(&mut fields, "Prefix", filter.prefix.as_ref());
    }
    match (filter.form, filter.tags.as_slice()) {
        (Form::And, tags) => list(&mut fields, "Tags", tags.iter().map(tag).collect()),
        (_, []) => {}
        (_, [one]) => put(&mut fields, "Tag", Some(&tag(one))),
        (_, several) => list(&mut fields, "Tag", several.iter().map(tag).collect()),
    }
    match filter.form {
        Form::Plain => put(rule, "Filter", Some(&Value::Object(fields))),
        Form::And => put(rule, "Filter", Some(&json!({"And": fields}))),
        Form::RulePrefix => {
            put(rule, "Prefix", Some(&filter.prefix.clone().unwrap_or_default()));
            put(rule, "Filter", (!fields.is_empty()).then(|| Value::Object(fields.clone())).as_ref());
        }
    }
}
