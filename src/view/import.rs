//! `lifeboat.import/1`: a policy for what exists.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::import::Imported;

/// What `import` says.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImportView {
    /// Always `lifeboat.import/1`.
    pub format: String,
    /// Name of the policy.
    pub policy: String,
    /// The bucket.
    pub bucket: String,
    /// The policy, YAML.
    pub yaml: String,
    /// What is there and is left alone.
    pub notes: Vec<String>,
    /// The part of it that is about roles.
    pub roles: Vec<String>,
    /// The part of it that is about repositories of other engines outside the prefix, and how to import them.
    #[serde(default)]
    pub elsewhere: Vec<String>,
    /// What a plan of it would still do; empty is what is promised.
    pub left: Vec<String>,
}

impl ImportView {
    /// The view of an import.
    pub fn of(policy: &str, bucket: &str, imported: Imported, left: Vec<String>) -> Self {
        let Imported { yaml, notes, of_roles: roles, elsewhere } = imported;
        Self { format: "lifeboat.import/1".to_owned(), policy: policy.to_owned(), bucket: bucket.to_owned(), yaml, notes, roles, elsewhere, left }
    }
}
