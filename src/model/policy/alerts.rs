//! Who is told when something is not well.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::units::Percent;
use super::SecretRef;

/// Who is told, and of how full a disk.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "the alerts")]
pub struct Alerts {
    /// Where `lifeboat status --notify` posts what changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10))]
    pub notify: Vec<Receiver>,
    /// From how much used space on it is told of the disk that drills of this machine restore to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk_above: Option<Percent>,
}

/// One who is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "a receiver")]
pub struct Receiver {
    /// Where the URL that is posted to is kept; it often is a secret itself, and never stands in the policy.
    pub webhook: SecretRef,
}
