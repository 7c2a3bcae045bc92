//! The roles that work on the backups, and who may assume them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::resource::Purpose;
use super::super::units::Span;

/// The roles: each purpose that is left out is not managed, and rule `role-is-missing` says what it would be needed for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "the access")]
pub struct Access {
    /// The managed policy that bounds every role, by name (in `storage.account`) or ARN; `none` takes a boundary off. Left
    /// out, boundaries are left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = BOUNDARY), length(max = 2048), description = "a policy name, an ARN as in arn:aws:iam::111122223333:policy/dr-boundary, or none")]
    pub permission_boundary: Option<String>,
    /// Writes backups; may not delete, tag or overwrite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub writer: Option<Role>,
    /// Releases backups by tag; may not write or delete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keeper: Option<Role>,
    /// Reads backups for drills and restores; may not write or tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restorer: Option<Role>,
    /// Runs the expiry of the engines of physical sets: deletes objects of their repositories, and no versions. The one role that deletes
    /// anything: versioning, with the days that noncurrent versions are kept, is what makes up for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expirer: Option<Role>,
}

impl Access {
    /// The roles that are named, each with its purpose.
    pub fn named(&self) -> impl Iterator<Item = (Purpose, &Role)> {
        let all = [(Purpose::Writer, &self.writer), (Purpose::Keeper, &self.keeper), (Purpose::Restorer, &self.restorer), (Purpose::Expirer, &self.expirer)];
        all.into_iter().filter_map(|(purpose, role)| Some((purpose, role.as_ref()?)))
    }
}

/// A policy name, the ARN of a managed policy, or `none`. What may be long is bounded by a length of its own, here and wherever it
/// can: a count in a pattern makes a state for each character, at each start of the program.
pub(in super::super) const BOUNDARY: &str = "^([A-Za-z0-9+=,.@_-]{1,128}|arn:[a-z-]+:iam::([0-9]{12}|aws):policy/[A-Za-z0-9+=,.@_/-]+)$";

/// One role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "a role")]
pub struct Role {
    /// Its name; the path is `/lifeboat/<policy>/`, or `/lifeboat/<scope>/` where `lifeboat.yaml` names a scope.
    #[schemars(
        regex(pattern = "^[A-Za-z0-9+=,.@_-]+$"),
        length(max = 64),
        description = "an IAM role name: letters, digits and +=,.@_- , at most 64 characters"
    )]
    pub role: String,
    /// Who may assume it.
    #[schemars(length(min = 1))]
    pub trust: Vec<Trust>,
    /// Longest session, 1h to 12h; left out, 1h.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_session: Option<Span>,
    /// Managed policies that are attached, and no others, by ARN.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attached: Vec<PolicyArn>,
}

/// The ARN of a managed policy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(
    title = "a policy ARN",
    description = "the ARN of a managed policy, as in arn:aws:iam::111122223333:policy/dr-extra",
    extend("pattern" = "^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/[A-Za-z0-9+=,.@_/-]+$", "maxLength" = 2048)
)]
pub struct PolicyArn(pub String);

/// One way to assume a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "a trust", description = "one of principal, account, github, irsa, podIdentity, instanceProfile")]
pub enum Trust {
    /// A user or role of AWS, by ARN.
    Principal(#[schemars(regex(pattern = "^arn:[a-z-]+:(iam|sts)::[0-9]{12}:[^*]+$"), description = "an ARN without wildcards")] String),
    /// Whoever the administrators of an account let: its root principal.
    Account(AccountTrust),
    /// A job of GitHub Actions, by OIDC.
    Github(GithubTrust),
    /// A service account of Kubernetes, by the OIDC provider of its cluster (IAM roles for service accounts).
    Irsa(IrsaTrust),
    /// A service account of an EKS cluster, by EKS Pod Identity.
    PodIdentity(PodIdentityTrust),
    /// Machines of EC2 that run with the instance profile of this name, which must exist and hold the role.
    InstanceProfile(
        #[schemars(regex(pattern = "^[A-Za-z0-9+=,.@_-]+$"), length(max = 128), description = "the name of an instance profile: letters, digits and +=,.@_-")]
        String,
    ),
}

/// An account of AWS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "an account trust")]
pub struct AccountTrust {
    /// Its id.
    #[schemars(regex(pattern = "^[0-9]{12}$"), description = "an account id: 12 digits, in quotes")]
    pub id: String,
    /// The external id that the caller must give, agreed upon with a third party.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[A-Za-z0-9+=,.@:/_-]+$"), length(min = 2, max = 1224), description = "2 to 1224 letters, digits and +=,.@:/_-")]
    pub external_id: Option<String>,
}

/// A job of GitHub Actions. Exactly one of `environment`, `event` and `ref`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "a GitHub trust")]
pub struct GithubTrust {
    /// `ORG/REPO`.
    #[schemars(regex(pattern = "^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$"), description = "ORG/REPO, without wildcards")]
    pub repository: String,
    /// The deployment environment that the job must name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[A-Za-z0-9_.-]+$"), description = "an environment name, without wildcards")]
    pub environment: Option<String>,
    /// The event that began the job. Whoever may open a pull request can make it, so only the planner and the auditor may have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<GithubEvent>,
    /// The branch or tag that the job runs on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^refs/(heads|tags)/[A-Za-z0-9_./-]+$"), description = "a whole ref without wildcards, as in refs/heads/main")]
    pub r#ref: Option<String>,
}

/// Events of GitHub that have a subject of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(title = "an event of GitHub")]
pub enum GithubEvent {
    /// A pull request was opened or changed.
    PullRequest,
}

/// A service account of Kubernetes, known to AWS by the OIDC provider of its cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "a trust of a service account")]
pub struct IrsaTrust {
    /// Issuer of the cluster without `https://`.
    #[schemars(
        regex(pattern = "^[a-z0-9][a-z0-9.-]+(/[A-Za-z0-9._~-]+)*$"),
        description = "the issuer without https://, as in oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"
    )]
    pub oidc_provider: String,
    /// Its namespace.
    #[schemars(regex(pattern = "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"), length(max = 63), description = "a namespace, without wildcards")]
    pub namespace: String,
    /// Its name.
    #[schemars(regex(pattern = "^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$"), length(max = 253), description = "a service account name, without wildcards")]
    pub service_account: String,
    /// Account of the provider; left out, `storage.account`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[0-9]{12}$"), description = "an account id: 12 digits, in quotes")]
    pub account: Option<String>,
}

/// A service account of an EKS cluster, by the session tags that EKS Pod Identity adds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "a pod identity trust")]
pub struct PodIdentityTrust {
    /// ARN of the cluster.
    #[schemars(regex(pattern = "^arn:[a-z-]+:eks:[a-z0-9-]+:[0-9]{12}:cluster/[A-Za-z0-9_-]+$"), description = "the ARN of a cluster of EKS")]
    pub cluster: String,
    /// Its namespace.
    #[schemars(regex(pattern = "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"), length(max = 63), description = "a namespace, without wildcards")]
    pub namespace: String,
    /// Its name.
    #[schemars(regex(pattern = "^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$"), length(max = 253), description = "a service account name, without wildcards")]
    pub service_account: String,
}
