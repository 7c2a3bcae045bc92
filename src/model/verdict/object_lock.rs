//! Object lock configurations that S3 refuses.

use serde_json::Value;

use super::{Refusal, Verdict, element, one_of};
use crate::model::aspects::Versioning;

/// Judges an `ObjectLockConfiguration`. A configuration without a Rule is accepted, and takes the default retention away.
pub fn object_lock(configuration: &Value) -> Verdict {
    let fields = element(configuration, "the object lock configuration", &["ObjectLockEnabled", "Rule"])?;
    one_of(fields.get("ObjectLockEnabled"), "ObjectLockEnabled", &["Enabled"])?;
    let Some(rule) = fields.get("Rule") else { return Ok(()) };
    let rule = element(rule, "the rule", &["DefaultRetention"])?;
    let retention = element(rule.get("DefaultRetention").unwrap_or(&Value::Null), "the default retention", &["Mode", "Days", "Years"])?;
    one_of(retention.get("Mode"), "the mode of the default retention", &["GOVERNANCE", "COMPLIANCE"])?;
    let (days, years) = (retention.get("Days"), retention.get("Years"));
    match (days, years) {
        (Some(period), None) | (None, Some(period)) if period.is_i64() => match period.as_i64() {
            Some(period) if period < 1 => Err(Refusal::plain("InvalidArgument", "Default retention period must be a positive integer value.")),
            _ => Ok(()),
        },
        _ => Err(Refusal::malformed("the default retention needs either Days or Years, and not both")),
    }
}

/// What S3 says to a lock of a bucket by its versioning. `None` is a bucket that was never versioned.
pub fn on_bucket(versioning: Option<Versioning>) -> Verdict {
    if versioning.is_some_and(Versioning::keeps) {
        return Ok(());
    }
    let message = "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration";
    Err(Refusal::new("InvalidBucketState", message, "the bucket is not versioned, and only versions can be locked"))
}
