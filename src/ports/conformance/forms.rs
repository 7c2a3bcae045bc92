//! Lifecycle rules in every form that others may have written them: each must come back as it went.

use super::{Found, Subject, read, same};
use crate::model::document::Document;
use crate::model::id::ResourceId;
use crate::model::lifecycle::{Expiration, Filter, Form, Lifecycle, Noncurrent, NoncurrentTransition, Rule, Tag, Transition};
use crate::model::request::{ReadOp, Request, RequestOp};
use crate::ports::Ports;

/// Writes each rule alone, as forms must not be mixed, and reads it back.
pub(super) async fn lifecycle(ports: &Ports, subject: &Subject) -> Vec<(&'static str, Found)> {
    let mut out = Vec::new();
    for (name, rule) in rules() {
        out.push((name, round_trip(ports, &subject.bucket, rule).await));
    }
    out
}

async fn round_trip(ports: &Ports, bucket: &str, rule: Rule) -> Found {
    let target = ResourceId::Bucket(bucket.to_owned());
    let body = Document::of(&Lifecycle { rules: vec![rule.clone()], minimum_size: None });
    let request = Request { op: RequestOp::PutBucketLifecycle, target: target.clone(), body };
    ports.cloud.send(&request).await.map_err(|error| error.to_string())?;
    let fact = read(ports, &target, ReadOp::BucketLifecycle).await;
    let live = fact.known().and_then(|live| live.to::<Lifecycle>()).ok_or_else(|| format!("it reads {fact:?}"))?;
    same("the rules", live.rules, vec![rule])
}

/// Every form, each with a name.
pub fn rules() -> Vec<(&'static str, Rule)> {
    let tag = |key: &str| Tag { key: key.to_owned(), value: "v".to_owned() };
    let and = Filter { form: Form::And, tags: vec![tag("a"), tag("b")], ..Filter::prefix("logs/") };
    let sizes = Filter { form: Form::And, larger_than: Some(10), smaller_than: Some(1 << 30), ..Filter::prefix("logs/") };
    let date = "2030-01-01T00:00:00Z".to_owned();
    let transition = |days: i32, class: &str| Transition { days: Some(days), date: None, class: class.to_owned() };
    let noncurrent = NoncurrentTransition { days: 30, class: "GLACIER".to_owned(), keep_newer: Some(2) };
    vec![
        ("prefix", expiring("prefix", Filter::prefix("logs/"))),
        ("every key", expiring("every-key", Filter::default())),
        ("an empty prefix", expiring("an-empty-prefix", Filter::prefix(""))),
        ("tag", expiring("tag", Filter::tag("team", "café & co"))),
        ("rule prefix", expiring("rule-prefix", Filter { form: Form::RulePrefix, ..Filter::prefix("logs/") })),
        ("and", expiring("and", and)),
        ("and of sizes", expiring("and-of-sizes", sizes)),
        ("size", expiring("size", Filter { larger_than: Some(1024), ..Filter::default() })),
        ("smaller", expiring("smaller", Filter { smaller_than: Some(1024), ..Filter::default() })),
        ("disabled", Rule { enabled: false, ..expiring("disabled", Filter::prefix("logs/")) }),
        ("date", Rule { expiration: Some(Expiration::Date(date.clone())), ..expiring("date", Filter::prefix("logs/")) }),
        (
            "transition on a date",
            Rule {
                expiration: None,
                transitions: vec![Transition { days: None, date: Some(date), class: "GLACIER".to_owned() }],
                ..expiring("transition-on-a-date", Filter::prefix("logs/"))
            },
        ),
        (
            "transitions",
            Rule { transitions: vec![transition(30, "STANDARD_IA"), transition(90, "DEEP_ARCHIVE")], ..expiring("transitions", Filter::prefix("logs/")) },
        ),
        (
            "noncurrent versions",
            Rule {
                expiration: None,
                noncurrent: Some(Noncurrent { days: 60, keep_newer: Some(3) }),
                noncurrent_transitions: vec![noncurrent],
                ..expiring("noncurrent-versions", Filter::prefix("logs/"))
            },
        ),
        ("cleanup", Rule { expiration: Some(Expiration::DeleteMarker(true)), abort_uploads_days: Some(2), ..expiring("cleanup", Filter::prefix("logs/")) }),
    ]
}

fn expiring(id: &str, filter: Filter) -> Rule {
    Rule {
        id: id.to_owned(),
        enabled: true,
        filter,
        expiration: Some(Expiration::Days(400)),
        transitions: Vec::new(),
        noncurrent: None,
        noncurrent_transitions: Vec::new(),
        abort_uploads_days: None,
    }
}
