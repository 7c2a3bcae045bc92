//! What the roles of a whole repository may do: planner, applier, auditor.
//!
//! The planner reads settings, roles, manifests and what other engines write of their backups, never data. The applier changes settings of the named buckets and the roles
//! of the policies; it may not touch itself, the boundary or the evidence, delete objects, or take on a role that it made.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{list, objects};
use crate::model::policy::{PhysicalEngine, RepositoryPlace};
use crate::model::resource::{BoundaryWish, Estate, RoleWish};

/// What changes settings of a bucket, besides making it.
const CHANGE_BUCKET: [&str; 10] = [
    "s3:PutBucketLogging",
    "s3:PutBucketObjectLockConfiguration",
    "s3:PutBucketOwnershipControls",
    "s3:PutBucketPolicy",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketTagging",
    "s3:PutBucketVersioning",
    "s3:PutEncryptionConfiguration",
    "s3:PutLifecycleConfiguration",
    "s3:PutReplicationConfiguration",
];

/// What reads settings of a bucket.
const READ_BUCKET: [&str; 5] =
    ["s3:GetBucket*", "s3:GetEncryptionConfiguration", "s3:GetLifecycleConfiguration", "s3:GetReplicationConfiguration", "s3:ListBucket"];

/// What reads the parts of a bucket that nobody manages, besides `s3:GetBucket*`: for `plan --inventory`.
const READ_BESIDE: [&str; 5] = [
    "s3:GetAccelerateConfiguration",
    "s3:GetAnalyticsConfiguration",
    "s3:GetIntelligentTieringConfiguration",
    "s3:GetInventoryConfiguration",
    "s3:GetMetricsConfiguration",
];

/// What reads a role.
const READ_ROLE: [&str; 5] = ["iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListInstanceProfilesForRole", "iam:ListRolePolicies"];

/// What reads the policies of a role that others made.
const READ_GRANTS: [&str; 4] = ["iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"];

/// Actions that know the condition key `iam:PermissionsBoundary` (service authorization reference, IAM).
const BOUNDED: [&str; 6] =
    ["iam:AttachRolePolicy", "iam:CreateRole", "iam:DeleteRolePolicy", "iam:DetachRolePolicy", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"];

/// Actions on roles that do not know it.
const UNBOUNDED: [&str; 4] = ["iam:DeleteRole", "iam:TagRole", "iam:UpdateAssumeRolePolicy", "iam:UpdateRole"];

/// The condition key by which the applier is limited to bounded roles.
const BOUNDARY_KEY: &str = "iam:PermissionsBoundary";

fn bucket_arns(role: &RoleWish, estate: &Estate) -> Vec<String> {
    let mut arns: Vec<String> = estate.places.iter().map(|(bucket, _)| format!("arn:{}:s3:::{bucket}", role.partition.as_str())).collect();
    arns.dedup();
    arns
}

/// Every role of the repository, by path.
fn roles(role: &RoleWish) -> String {
    format!("arn:{}:iam::{}:role{}*", role.partition.as_str(), role.account.as_deref().unwrap_or_default(), role.path)
}

fn reads(role: &RoleWish, estate: &Estate) -> Vec<Value> {
    let account = role.account.as_deref().unwrap_or_default();
    let providers = format!("arn:{}:iam::{account}:oidc-provider/*", role.partition.as_str());
    let mut out = vec![
        // IAM knows no resource for it (service authorization reference, ListRoles).
        json!({"Sid": "ListRoles", "Effect": "Allow", "Action": "iam:ListRoles", "Resource": "*"}),
        json!({"Sid": "ReadRoles", "Effect": "Allow", "Action": READ_ROLE, "Resource": roles(role)}),
        json!({"Sid": "ReadProviders", "Effect": "Allow", "Action": "iam:GetOpenIDConnectProvider", "Resource": providers}),
    ];
    if !estate.keys.is_empty() {
        let look = ["kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus"];
        out.push(json!({"Sid": "ReadKeys", "Effect": "Allow", "Action": look, "Resource": estate.keys}));
    }
    if !estate.places.is_empty() {
        out.push(json!({"Sid": "ReadSettings", "Effect": "Allow", "Action": READ_BUCKET, "Resource": bucket_arns(role, estate)}));
        // What a change of rules means hangs on the tag by which a backup was released.
        out.push(json!({"Sid": "ReadReleases", "Effect": "Allow", "Action": "s3:GetObjectTagging", "Resource": manifests(role, estate)}));
    }
    if !estate.repositories.is_empty() {
        // What a change of rules means for chains and WAL hangs on what their engine says of its backups.
        let lists: Vec<String> = estate.repositories.iter().flat_map(|(bucket, place)| metadata(role, bucket, place)).collect();
        out.push(json!({"Sid": "ReadRepositories", "Effect": "Allow", "Action": "s3:GetObject", "Resource": lists}));
    }
    if !estate.replicas.is_empty() {
        let arns: Vec<String> = estate.replicas.iter().map(|bucket| format!("arn:{}:s3:::{bucket}", role.partition.as_str())).collect();
        let look = ["s3:GetBucketPolicy", "s3:GetBucketVersioning", "s3:GetLifecycleConfiguration"];
        out.push(json!({"Sid": "ReadReplicas", "Effect": "Allow", "Action": look, "Resource": arns}));
        out.push(json!({"Sid": "ReadReplicators", "Effect": "Allow", "Action": READ_GRANTS, "Resource": estate.replicators}));
        let policies = [account, "aws"].map(|account| format!("arn:{}:iam::{account}:policy/*", role.partition.as_str()));
        out.push(json!({"Sid": "ReadPolicies", "Effect": "Allow", "Action": ["iam:GetPolicy", "iam:GetPolicyVersion"], "Resource": policies}));
    }
    out
}

/// What an engine writes of its backups, and nothing of their data.
fn metadata(role: &RoleWish, bucket: &str, place: &RepositoryPlace) -> Vec<String> {
    let object = |key: String| format!("arn:{}:s3:::{bucket}/{key}", role.partition.as_str());
    let backups = place.backups();
    match place.engine {
        PhysicalEngine::Pgbackrest => vec![object(format!("{backups}backup.info")), object(format!("{backups}backup.info.copy"))],
        PhysicalEngine::BarmanCloud => vec![object(format!("{backups}*/backup.info"))],
        PhysicalEngine::WalG => vec![object(format!("{backups}*_backup_stop_sentinel.json"))],
    }
}

/// The manifests of all policies.
fn manifests(role: &RoleWish, estate: &Estate) -> Vec<String> {
    estate.places.iter().map(|(bucket, prefix)| format!("{}/manifest.json", objects(role, bucket, prefix))).collect()
}

/// Reads settings, roles and manifests.
pub(super) fn planner(role: &RoleWish, estate: &Estate) -> Vec<Value> {
    let mut out = reads(role, estate);
    if !estate.places.is_empty() {
        out.push(json!({"Sid": "ReadInventory", "Effect": "Allow", "Action": READ_BESIDE, "Resource": bucket_arns(role, estate)}));
        out.push(json!({"Sid": "ReadManifests", "Effect": "Allow", "Action": "s3:GetObject", "Resource": manifests(role, estate)}));
    }
    if !estate.keys.is_empty() {
        out.push(json!({"Sid": "DecryptManifests", "Effect": "Allow", "Action": "kms:Decrypt", "Resource": estate.keys}));
    }
    if let Some((bucket, prefix)) = &role.evidence {
        out.push(json!({"Sid": "ReadEvidence", "Effect": "Allow", "Action": "s3:GetObject", "Resource": objects(role, bucket, prefix)}));
        out.push(list(role, "ListEvidence", bucket, prefix));
    }
    out.extend(control(role, estate, &["s3:GetObject"]));
    out.extend(take_on(&estate.plans_as));
    out
}

/// Roles of other accounts, which these must let in too.
fn take_on(roles: &BTreeSet<String>) -> Option<Value> {
    (!roles.is_empty()).then(|| json!({"Sid": "TakeOn", "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": roles}))
}

/// The lock and the journal of applies. Nobody deletes there: what is over says so itself.
fn control(role: &RoleWish, estate: &Estate, actions: &[&str]) -> Vec<Value> {
    let Some((bucket, prefix)) = &estate.control else { return Vec::new() };
    vec![
        json!({"Sid": "UseControl", "Effect": "Allow", "Action": actions, "Resource": objects(role, bucket, prefix)}),
        list(role, "ListControl", bucket, prefix),
    ]
}

/// Changes settings and roles, and is refused by name what would let it out of that.
pub(super) fn applier(role: &RoleWish, estate: &Estate) -> Vec<Value> {
    let mut out = reads(role, estate);
    if !estate.repository_keys.is_empty() {
        out.push(json!({"Sid": "DecryptRepositories", "Effect": "Allow", "Action": "kms:Decrypt", "Resource": estate.repository_keys}));
    }
    if !estate.places.is_empty() {
        let buckets = bucket_arns(role, estate);
        let change: Vec<&str> = ["s3:CreateBucket"].into_iter().chain(CHANGE_BUCKET).collect();
        out.push(json!({"Sid": "ChangeSettings", "Effect": "Allow", "Action": change, "Resource": buckets}));
    }
    if !estate.replicators.is_empty() {
        // Who tells S3 to copy as a role hands it over (service authorization reference, PutReplicationConfiguration).
        out.push(json!({"Sid": "PassReplicators", "Effect": "Allow", "Action": "iam:PassRole", "Resource": estate.replicators}));
    }
    out.push(json!({"Sid": "ChangeTrust", "Effect": "Allow", "Action": UNBOUNDED, "Resource": roles(role)}));
    let mut change = json!({"Sid": "ChangeRoles", "Effect": "Allow", "Action": BOUNDED, "Resource": roles(role)});
    if let (BoundaryWish::Policy(arn), Some(fields)) = (&role.boundary, change.as_object_mut())
        && !role.unfilled_keys.contains(&BOUNDARY_KEY)
    {
        fields.insert("Condition".to_owned(), json!({"StringEquals": {BOUNDARY_KEY: arn}}));
    }
    out.push(change);
    // The lock is replaced on condition, which takes both (S3 User Guide, conditional-writes); journals are created and never changed.
    out.extend(control(role, estate, &["s3:GetObject", "s3:PutObject"]));
    out.extend(take_on(&estate.applies_as));
    out.extend(refusals(role, estate));
    out
}

fn refusals(role: &RoleWish, estate: &Estate) -> Vec<Value> {
    let write = ["iam:Add*", "iam:Attach*", "iam:Create*", "iam:Delete*", "iam:Detach*", "iam:Put*", "iam:Tag*", "iam:Untag*", "iam:Update*"];
    let mut out = vec![
        json!({"Sid": "NeverItself", "Effect": "Deny", "Action": write, "Resource": estate.guarded}),
        // Who writes a trust could let itself in; what an identity is refused, no trust grants.
        json!({"Sid": "NeverARole", "Effect": "Deny", "Action": "sts:AssumeRole", "Resource": roles(role)}),
        json!({"Sid": "NeverUnbound", "Effect": "Deny", "Action": "iam:DeleteRolePermissionsBoundary", "Resource": "*"}),
        json!({"Sid": "NeverDelete", "Effect": "Deny", "Action": ["s3:DeleteBucket", "s3:DeleteObject*"], "Resource": "*"}),
    ];
    if let BoundaryWish::Policy(arn) = &role.boundary {
        let change = ["iam:CreatePolicyVersion", "iam:DeletePolicy", "iam:DeletePolicyVersion", "iam:SetDefaultPolicyVersion"];
        out.push(json!({"Sid": "NeverTheBoundary", "Effect": "Deny", "Action": change, "Resource": arn}));
    }
    let beside = |bucket: &str| estate.places.iter().any(|(place, _)| place == bucket);
    let kept: BTreeSet<&String> = [&role.evidence, &estate.control].into_iter().flatten().map(|(bucket, _)| bucket).collect();
    let kept: Vec<String> = kept.into_iter().filter(|bucket| !beside(bucket)).map(|bucket| format!("arn:{}:s3:::{bucket}", role.partition.as_str())).collect();
    if !kept.is_empty() {
        out.push(json!({"Sid": "NeverTheEvidence", "Effect": "Deny", "Action": ["s3:CreateBucket", "s3:DeleteBucket*", "s3:Put*"], "Resource": kept}));
    }
    out
}

/// Reads evidence.
pub(super) fn auditor(role: &RoleWish) -> Vec<Value> {
    let Some((bucket, prefix)) = &role.evidence else { return Vec::new() };
    vec![
        json!({"Sid": "ReadEvidence", "Effect": "Allow", "Action": "s3:GetObject", "Resource": objects(role, bucket, prefix)}),
        list(role, "ListEvidence", bucket, prefix),
    ]
}
