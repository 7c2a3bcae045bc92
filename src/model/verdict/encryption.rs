//! Default encryption that S3 refuses. Whether the key exists S3 does not ask: a wrong one fails at the first upload.
//!
//! Blocked encryption types are not judged: they go back as they were read, and AWS may add kinds.

use serde_json::Value;

use super::{Refusal, Verdict, element, one_of, rules};

/// Judges a `PutBucketEncryption` request.
pub fn encryption(request: &Value) -> Verdict {
    let configuration = request.get("ServerSideEncryptionConfiguration").unwrap_or(&Value::Null);
    for rule in rules(configuration, 1)? {
        let rule = element(rule, "the rule", &["ApplyServerSideEncryptionByDefault", "BucketKeyEnabled", "BlockedEncryptionTypes"])?;
        let Some(default) = rule.get("ApplyServerSideEncryptionByDefault") else { continue };
        let default = element(default, "the default", &["SSEAlgorithm", "KMSMasterKeyID"])?;
        let algorithm = one_of(default.get("SSEAlgorithm"), "the algorithm", &["AES256", "aws:kms", "aws:kms:dsse"])?;
        if algorithm == "AES256" && default.get("KMSMasterKeyID").is_some() {
            let message = "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse";
            return Err(Refusal::new("InvalidArgument", message, "AES256 uses a key of S3, and a KMS key is named beside it"));
        }
    }
    Ok(())
}
