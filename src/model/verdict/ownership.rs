//! Ownership controls that S3 refuses.

use serde_json::Value;

use super::{Verdict, element, one_of, rules};

/// Judges `OwnershipControls`.
pub fn ownership(controls: &Value) -> Verdict {
    for rule in rules(controls, 1)? {
        let rule = element(rule, "the rule", &["ObjectOwnership"])?;
        one_of(rule.get("ObjectOwnership"), "the ownership", &["BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"])?;
    }
    Ok(())
}
