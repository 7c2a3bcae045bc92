//! Bucket policies: JSON as S3 keeps it. An answer that is no policy is never taken for "there is none".

use serde_json::Value;

use super::Bucket;
use super::error::port;
use super::raw;
use crate::model::document::Document;
use crate::model::fact::{Fact, Why};
use crate::ports::PortError;

/// Reads the whole policy.
pub(super) async fn read(bucket: &Bucket, name: &str) -> Result<Fact<Document>, PortError> {
    let ask = bucket.control.get_bucket_policy().bucket(name).set_expected_bucket_owner(bucket.account.clone());
    let (raw, answer) = raw::kept(ask.send()).await;
    answer.map_err(|error| port(&format!("GetBucketPolicy {name}"), error))?;
    Ok(match understood(raw.bytes()) {
        Ok(policy) => Fact::Known(Document::of(&policy)),
        Err(why) => Fact::Unknown(why),
    })
}

/// S3 keeps no policy without a statement: an answer without one is what servers give that do not know the question.
fn understood(bytes: &[u8]) -> Result<Value, Why> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Why::Unsupported("an empty answer instead of a bucket policy".to_owned()));
    }
    let policy: Value = serde_json::from_slice(bytes).map_err(|error| Why::NotUnderstood(format!("the bucket policy is not JSON: {error}")))?;
    let statements = policy.get("Statement").ok_or_else(|| Why::Unsupported("an answer without a Statement".to_owned()))?;
    let sound = match statements {
        Value::Array(all) => all.iter().all(Value::is_object),
        one => one.is_object(),
    };
    if sound { Ok(policy) } else { Err(Why::NotUnderstood("the bucket policy has a Statement that is not an object".to_owned())) }
}

/// Writes the whole policy.
pub(super) async fn put(bucket: &Bucket, name: &str, policy: &Document, what: &str) -> Result<(), PortError> {
    let put = bucket.control.put_bucket_policy().bucket(name).set_expected_bucket_owner(bucket.account.clone()).policy(policy.to_string());
    put.send().await.map(|_| ()).map_err(|error| port(what, error))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::understood;
    use crate::model::fact::Why;

    #[test]
    fn only_a_policy_is_a_policy() {
        assert_eq!(understood(br#"{"Statement": [{"Effect": "Deny"}]}"#), Ok(json!({"Statement": [{"Effect": "Deny"}]})));
        assert!(understood(br#"{"Statement": {"Effect": "Deny"}}"#).is_ok(), "one statement need not be a list");
        for unsupported in [&b""[..], b" \n", b"{}", b"{\"Version\": \"2012-10-17\"}"] {
            assert!(matches!(understood(unsupported), Err(Why::Unsupported(_))), "{unsupported:?}");
        }
        for strange in [&b"<Error/>"[..], b"{", b"{\"Statement\": [1]}", b"{\"Statement\": \"x\"}"] {
            assert!(matches!(understood(strange), Err(Why::NotUnderstood(_))), "{strange:?}");
        }
    }
}
