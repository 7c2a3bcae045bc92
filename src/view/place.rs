//! Where a policy says what a held step is about, so that a review shows it beside that line. Asked for held steps only: a file is
//! read again for it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::id::{ResourceId, ResourceKind};
use crate::model::policy::Access;
use crate::policy::LoadedPolicy;

/// What begins the name of a profile that is part of the program and so no file of the config repo.
const SHIPPED: &str = "(shipped)";

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LineView {
    /// Path below the root of the config repo.
    pub file: String,
    /// From 1.
    pub line: usize,
}

/// The line of each policy that wants a setting, or the closest one where it leaves that to a default.
pub(super) fn lines(policies: &[&LoadedPolicy], id: &ResourceId, setting: &str) -> Vec<LineView> {
    policies.iter().filter_map(|policy| line(policy, id, setting)).collect()
}

fn line(policy: &LoadedPolicy, id: &ResourceId, setting: &str) -> Option<LineView> {
    let pointer = match id.kind() {
        ResourceKind::Bucket => format!("/spec/{}", of_bucket(setting)),
        ResourceKind::Role => format!("/spec/access/{}", of_role(policy.policy.spec.access.as_ref()?, id.name(), setting)?),
        ResourceKind::Key => "/spec/storage/encryption/key".to_owned(),
        ResourceKind::Provider => "/spec/access".to_owned(),
    };
    let own = |(file, line): (String, usize)| (!file.starts_with(SHIPPED)).then_some(LineView { file, line });
    // What a shipped profile says is there because the policy extends it.
    own(policy.origin(&pointer)?).or_else(|| own(policy.origin("/spec/extends")?))
}

fn of_bucket(setting: &str) -> &'static str {
    match setting {
        "bucket-public-access" => "storage/publicAccess",
        "bucket-ownership" => "storage/ownership",
        "bucket-versioning" => "storage/versioning",
        "bucket-object-lock" => "storage/objectLock",
        "bucket-encryption" => "storage/encryption",
        "bucket-lifecycle" => "backups",
        "bucket-tags" => "storage/tags",
        "bucket-logging" => "storage/accessLog",
        "bucket-replication" => "storage/replication",
        "bucket-policy" => "storage/transport",
        _ => "storage/bucket",
    }
}

fn of_role(access: &Access, name: &str, setting: &str) -> Option<String> {
    let purpose = access.named().find(|(_, role)| role.role == name)?.0.as_str();
    Some(match setting {
        "role-boundary" => "permissionBoundary".to_owned(),
        "role-trust" => format!("{purpose}/trust"),
        "role-session" => format!("{purpose}/maxSession"),
        "role-attached" => format!("{purpose}/attached"),
        _ => format!("{purpose}/role"),
    })
}

#[cfg(test)]
mod tests;
