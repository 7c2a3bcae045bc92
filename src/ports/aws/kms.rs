//! KMS keys: questions only. lifeboat never changes a key.

use aws_sdk_kms::Client;
use serde_json::Value;

use super::error::port;
use crate::model::aspects::Key;
use crate::model::document::Document;
use crate::model::fact::{Fact, Why};
use crate::ports::{Kind, PortError};

/// A key by its ARN or alias: its state, whether it is rotated, and its policy.
pub(super) async fn key(client: &Client, id: &str) -> Result<Fact<Document>, PortError> {
    let answer = client.describe_key().key_id(id).send().await.map_err(|error| port(&format!("DescribeKey {id}"), error))?;
    let Some(found) = answer.key_metadata() else { return Ok(Fact::Unknown(Why::NotUnderstood("the answer holds no key".to_owned()))) };
    let Some(arn) = found.arn() else { return Ok(Fact::Unknown(Why::NotUnderstood("the answer holds no ARN".to_owned()))) };
    let state = found.key_state().map_or_else(|| "Unknown".to_owned(), |state| state.as_str().to_owned());
    let deleted_at = found.deletion_date().and_then(|at| at.fmt(aws_smithy_types::date_time::Format::DateTime).ok());
    let policy = client.get_key_policy().key_id(arn).send().await.map_err(|error| port(&format!("GetKeyPolicy {arn}"), error))?;
    let Some(policy) = policy.policy().and_then(|text| serde_json::from_str::<Value>(text).ok()) else {
        return Ok(Fact::Unknown(Why::NotUnderstood("the key policy is not JSON".to_owned())));
    };
    let rotated = match client.get_key_rotation_status().key_id(arn).send().await.map_err(|error| port(&format!("GetKeyRotationStatus {arn}"), error)) {
        Ok(answer) => Some(answer.key_rotation_enabled()),
        // Keys that cannot be rotated by AWS (imported, in a custom store), and keys that are not enabled.
        Err(error) if matches!(error.kind, Kind::Unsupported | Kind::Rejected) => None,
        Err(error) => return Err(error),
    };
    Ok(Fact::Known(Document::of(&Key { arn: arn.to_owned(), state, deleted_at, rotated, policy })))
}
