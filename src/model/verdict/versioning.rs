//! Versioning that S3 refuses: there is no way back to "never versioned", and none to "suspended" under an object lock.

use serde_json::Value;

use super::{Refusal, Verdict, one_of};

/// Judges a `VersioningConfiguration`; `locked` says whether the bucket has an object lock configuration.
pub fn versioning(configuration: &Value, locked: bool) -> Verdict {
    let Some(status) = configuration.get("Status") else {
        return Err(Refusal::plain("IllegalVersioningConfigurationException", "The Versioning element must be specified"));
    };
    let status = one_of(Some(status), "the status of versioning", &["Enabled", "Suspended"])?;
    if locked && status == "Suspended" {
        let message = "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.";
        return Err(Refusal::new("InvalidBucketState", message, "the bucket has an object lock, and versioning cannot be suspended under it"));
    }
    Ok(())
}
