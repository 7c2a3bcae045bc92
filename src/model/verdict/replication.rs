//! Replication and access logging that S3 refuses: both are about a second bucket.

use serde_json::Value;

use super::{Refusal, Verdict, rules};
use crate::model::aspects::Versioning;

/// Judges a `ReplicationConfiguration`.
pub fn replication(configuration: &Value) -> Verdict {
    rules(configuration, 1000).map(|_| ())
}

/// What S3 says to replication by the versioning of both ends. A destination that is missing is `None` too: S3 says the same.
pub fn between(source: Option<Versioning>, destination: Option<Versioning>) -> Verdict {
    if !source.is_some_and(Versioning::keeps) {
        let message = "Versioning must be 'Enabled' on the bucket to apply a replication configuration";
        return Err(Refusal::new("InvalidRequest", message, "the bucket is not versioned, and only versions are replicated"));
    }
    if !destination.is_some_and(Versioning::keeps) {
        let sentence = "the bucket that is to receive the copies is missing or not versioned";
        return Err(Refusal::new("InvalidRequest", "Destination bucket must have versioning enabled.", sentence));
    }
    Ok(())
}

/// What S3 says to access logging by the regions of both buckets; a target that is missing is `None`.
pub fn logging(source: &str, target: Option<&str>) -> Verdict {
    match target {
        None => Err(Refusal::plain("InvalidTargetBucketForLogging", "The target bucket for logging does not exist")),
        Some(target) if target != source => {
            let sentence = format!("the bucket is in {source} and the bucket for its log in {target}; S3 logs only within a region");
            Err(Refusal::new("CrossLocationLoggingProhibitted", "Cross S3 location logging not allowed. ", sentence))
        }
        Some(_) => Ok(()),
    }
}
