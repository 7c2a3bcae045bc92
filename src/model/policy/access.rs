//! The roles that work on the backups, and who may assume them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The roles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "the access")]
pub struct Access {
    /// Writes backups; may not delete, tag or overwrite.
    pub writer: Role,
    /// Releases backups by tag; may not write or delete.
    pub keeper: Role,
    /// Reads backups for drills and restores; may not write or tag.
    pub restorer: Role,
}

/// One role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "a role")]
pub struct Role {
    /// Its name; the path is `/lifeboat/<policy>/`.
    #[schemars(regex(pattern = "^[A-Za-z0-9+=,.@_-]{1,64}$"), description = "an IAM role name: letters, digits and +=,.@_- , at most 64 characters")]
    pub role: String,
    /// Who may assume it.
    #[schemars(length(min = 1))]
    pub trust: Vec<Trust>,
}

/// One way to assume a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "a trust", description = "{principal: ARN} or {github: {repository: ORG/REPO, environment: NAME}}")]
pub enum Trust {
    /// A user, role or account of AWS, by ARN.
    Principal(#[schemars(regex(pattern = "^arn:[a-z-]+:(iam|sts)::[0-9]{12}:[^*]+$"), description = "an ARN without wildcards")] String),
    /// A job of GitHub Actions, by OIDC.
    Github(GithubTrust),
}

/// A job of GitHub Actions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "a GitHub trust")]
pub struct GithubTrust {
    /// `ORG/REPO`.
    #[schemars(regex(pattern = "^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$"), description = "ORG/REPO, without wildcards")]
    pub repository: String,
    /// The deployment environment that the job must name.
    #[schemars(regex(pattern = "^[A-Za-z0-9_.-]+$"), description = "an environment name, without wildcards")]
    pub environment: String,
}
