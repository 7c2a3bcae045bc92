//! boto3's JSON → our aspects. Only tests read it: the program reads S3's XML through the SDK.

use lifeboat::model::aspects::{AccessLog, Encryption, LockMode, LockRetention, LogGrant, ObjectLock, PublicAccess, Tags, Versioning};
use lifeboat::model::lifecycle::{Expiration, Filter, Form, Lifecycle, Noncurrent, NoncurrentTransition, Rule, Tag, Transition};
use serde_json::Value;

fn int(value: &Value, key: &str) -> Option<i32> {
    value.get(key)?.as_i64()?.try_into().ok()
}

fn string(value: &Value, key: &str) -> Option<String> {
    value.get(key)?.as_str().map(str::to_owned)
}

fn list<'a>(value: &'a Value, key: &str) -> Vec<&'a Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten().collect()
}

/// A configuration, as far as our type can say it; none when it cannot (a rule without a Status, two filters at once).
pub(crate) fn lifecycle(configuration: &Value, minimum: Option<&Value>) -> Option<Lifecycle> {
    let rules = list(configuration, "Rules").into_iter().map(rule).collect::<Option<Vec<_>>>()?;
    let read = Lifecycle { rules, minimum_size: minimum.and_then(Value::as_str).map(str::to_owned) };
    // What did not fit would be gone without a word: it fits only if nothing is lost.
    let back = read.wire();
    let bare = |value: &Value| value.get("Rules").cloned();
    (back.get("LifecycleConfiguration").and_then(bare) == bare(configuration)).then_some(read)
}

fn rule(rule: &Value) -> Option<Rule> {
    let enabled = match rule.get("Status")?.as_str()? {
        "Enabled" => true,
        "Disabled" => false,
        _ => return None,
    };
    let expiration =
        rule.get("Expiration").map(|expiration| match (int(expiration, "Days"), string(expiration, "Date"), expiration.get("ExpiredObjectDeleteMarker")) {
            (Some(days), None, None) => Some(Expiration::Days(days)),
            (None, Some(date), None) => Some(Expiration::Date(date)),
            (None, None, Some(marker)) => marker.as_bool().map(Expiration::DeleteMarker),
            _ => None,
        });
    let transition = |of: &Value| Some(Transition { days: int(of, "Days"), date: string(of, "Date"), class: string(of, "StorageClass")? });
    let noncurrent_transition = |of: &Value| {
        Some(NoncurrentTransition { days: int(of, "NoncurrentDays")?, class: string(of, "StorageClass")?, keep_newer: int(of, "NewerNoncurrentVersions") })
    };
    let noncurrent = rule.get("NoncurrentVersionExpiration");
    let noncurrent = noncurrent.map(|of| Some(Noncurrent { days: int(of, "NoncurrentDays")?, keep_newer: int(of, "NewerNoncurrentVersions") }));
    Some(Rule {
        id: string(rule, "ID").unwrap_or_default(),
        enabled,
        filter: filter(rule),
        expiration: match expiration {
            Some(read) => Some(read?),
            None => None,
        },
        transitions: list(rule, "Transitions").into_iter().map(transition).collect::<Option<_>>()?,
        noncurrent: match noncurrent {
            Some(read) => Some(read?),
            None => None,
        },
        noncurrent_transitions: list(rule, "NoncurrentVersionTransitions").into_iter().map(noncurrent_transition).collect::<Option<_>>()?,
        abort_uploads_days: rule.get("AbortIncompleteMultipartUpload").and_then(|abort| int(abort, "DaysAfterInitiation")),
    })
}

fn filter(rule: &Value) -> Filter {
    let Some(filter) = rule.get("Filter") else { return Filter { form: Form::RulePrefix, prefix: string(rule, "Prefix"), ..Filter::default() } };
    let (form, place) = filter.get("And").map_or((Form::Plain, filter), |and| (Form::And, and));
    let tag = |of: &Value| Some(Tag { key: string(of, "Key")?, value: string(of, "Value")? });
    Filter {
        form,
        prefix: string(place, "Prefix"),
        tags: list(place, "Tags").into_iter().chain(filter.get("Tag")).filter_map(tag).collect(),
        larger_than: place.get("ObjectSizeGreaterThan").and_then(Value::as_i64),
        smaller_than: place.get("ObjectSizeLessThan").and_then(Value::as_i64),
    }
}

pub(crate) fn encryption(configuration: &Value) -> Option<Encryption> {
    let rules = list(configuration, "Rules");
    let [rule] = rules.as_slice() else { return None };
    let default = rule.get("ApplyServerSideEncryptionByDefault")?;
    let blocked = rule.get("BlockedEncryptionTypes").map(|blocked| list(blocked, "EncryptionType")).unwrap_or_default();
    Some(Encryption {
        algorithm: string(default, "SSEAlgorithm")?,
        key: string(default, "KMSMasterKeyID"),
        bucket_key: rule.get("BucketKeyEnabled").and_then(Value::as_bool).unwrap_or(false),
        blocked_types: blocked.into_iter().filter_map(Value::as_str).map(str::to_owned).collect(),
    })
}

pub(crate) fn versioning(answer: &Value) -> Option<Versioning> {
    match answer.get("Status")?.as_str()? {
        "Enabled" => Some(Versioning::Enabled),
        "Suspended" => Some(Versioning::Suspended),
        _ => None,
    }
}

pub(crate) fn tags(answer: &Value) -> Tags {
    Tags(list(answer, "TagSet").into_iter().filter_map(|tag| Some((string(tag, "Key")?, string(tag, "Value")?))).collect())
}

pub(crate) fn public_access(configuration: &Value) -> PublicAccess {
    let on = |key: &str| configuration.get(key).and_then(Value::as_bool).unwrap_or(false);
    PublicAccess {
        block_public_acls: on("BlockPublicAcls"),
        ignore_public_acls: on("IgnorePublicAcls"),
        block_public_policy: on("BlockPublicPolicy"),
        restrict_public_buckets: on("RestrictPublicBuckets"),
    }
}

pub(crate) fn object_lock(answer: &Value) -> Option<ObjectLock> {
    let configuration = answer.get("ObjectLockConfiguration")?;
    let retention = configuration.pointer("/Rule/DefaultRetention").map(|retention| LockRetention {
        mode: if retention["Mode"] == "COMPLIANCE" { LockMode::Compliance } else { LockMode::Governance },
        days: int(retention, "Days"),
        years: int(retention, "Years"),
    });
    (configuration["ObjectLockEnabled"] == "Enabled").then_some(ObjectLock { retention })
}

pub(crate) fn logging(answer: &Value) -> Option<AccessLog> {
    let log = answer.get("LoggingEnabled")?;
    let grant = |grant: &Value| {
        let of = &grant["Grantee"];
        Some(LogGrant {
            kind: string(of, "Type")?,
            id: string(of, "ID"),
            display_name: string(of, "DisplayName"),
            uri: string(of, "URI"),
            email: string(of, "EmailAddress"),
            permission: string(grant, "Permission")?,
        })
    };
    let grants = list(log, "TargetGrants").into_iter().map(grant).collect::<Option<_>>()?;
    Some(AccessLog { bucket: string(log, "TargetBucket")?, prefix: string(log, "TargetPrefix")?, grants, key_format: None })
}
