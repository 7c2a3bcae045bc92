//! What lifeboat asks the control plane and what it sends: both are data, made by pure code, carried out by a port.
//!
//! A plan step holds the very [`Request`]s that apply will send. Nothing here knows an SDK.

use serde::{Deserialize, Serialize};

use super::document::Document;
use super::id::ResourceId;

/// One question to the control plane. Its answer is a `Fact<Document>`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Read {
    /// What is asked.
    pub op: ReadOp,
    /// Of which resource.
    pub target: ResourceId,
}

/// The questions this build knows. The document of each answer is the aspect named in brackets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ReadOp {
    /// Does the bucket exist, is it ours, in which region \[`aspects::Existence`\].
    BucketExists,
    /// Its tags \[`aspects::Tags`\].
    BucketTags,
    /// Its versioning state \[`aspects::Versioning`\].
    BucketVersioning,
    /// Its default encryption \[`aspects::Encryption`\].
    BucketEncryption,
    /// Its public access block \[`aspects::PublicAccess`\].
    BucketPublicAccess,
    /// Its lifecycle rules \[`lifecycle::Lifecycle`\].
    BucketLifecycle,
    /// Who owns its objects \[`aspects::Ownership`\].
    BucketOwnership,
    /// Its policy \[a canonical IAM policy\].
    BucketPolicy,
    /// Its object lock \[`aspects::ObjectLock`\].
    BucketObjectLock,
    /// Where its access log goes \[`aspects::AccessLog`\].
    BucketLogging,
    /// Where its objects are copied to \[`replication::Replication`\].
    BucketReplication,
    /// A role with its trust policy \[`aspects::RoleTrust`\].
    RoleTrust,
    /// The role's inline policy named `lifeboat` \[a canonical IAM policy\].
    RolePermissions,
    /// ARNs of the managed policies that are attached to a role \[`aspects::Names`\].
    RoleAttached,
    /// Names of a role's inline policies other than `lifeboat` \[`aspects::Names`\].
    RoleInline,
    /// Names of the instance profiles that hold a role \[`aspects::Names`\].
    RoleProfiles,
    /// What the policies of a role grant, of a role that is not ours \[`aspects::Grants`\].
    RoleGrants,
    /// Which roles are below a path, each with the whole path before its name; asked of `role/PATH/` \[`aspects::Names`\].
    RolesBelow,
    /// An OIDC provider with its audiences \[`aspects::Provider`\].
    OidcProvider,
    /// A KMS key \[`aspects::Key`\].
    Key,
    /// Which web pages may use the bucket \[`aspects::Parts`\]. This and what follows lifeboat never manages.
    BucketCors,
    /// Whether it is a web site \[`aspects::Parts`\].
    BucketWebsite,
    /// Who is told of its objects \[`aspects::Parts`\].
    BucketNotification,
    /// Whether it takes transfers at the edge \[`aspects::Parts`\].
    BucketAccelerate,
    /// Whether who asks pays \[`aspects::Parts`\].
    BucketRequestPayment,
    /// Its storage class analyses \[`aspects::Parts`\].
    BucketAnalytics,
    /// Its listings by S3 Inventory \[`aspects::Parts`\].
    BucketInventory,
    /// Its request metrics \[`aspects::Parts`\].
    BucketMetrics,
    /// Its archive tiers of `INTELLIGENT_TIERING` \[`aspects::Parts`\].
    BucketTiering,
    /// Whom its access control list lets in besides its owner \[`aspects::Parts`\].
    BucketAcl,
}

impl ReadOp {
    /// The IAM action that the caller needs for it, for messages.
    pub fn action(self) -> &'static str {
        match self {
            Self::BucketExists => "s3:ListBucket",
            Self::BucketTags => "s3:GetBucketTagging",
            Self::BucketVersioning => "s3:GetBucketVersioning",
            Self::BucketEncryption => "s3:GetEncryptionConfiguration",
            Self::BucketPublicAccess => "s3:GetBucketPublicAccessBlock",
            Self::BucketLifecycle => "s3:GetLifecycleConfiguration",
            Self::BucketOwnership => "s3:GetBucketOwnershipControls",
            Self::BucketPolicy => "s3:GetBucketPolicy",
            Self::BucketObjectLock => "s3:GetBucketObjectLockConfiguration",
            Self::BucketLogging => "s3:GetBucketLogging",
            Self::BucketReplication => "s3:GetReplicationConfiguration",
            Self::RoleTrust => "iam:GetRole",
            Self::RolePermissions => "iam:GetRolePolicy",
            Self::RoleAttached => "iam:ListAttachedRolePolicies",
            Self::RolesBelow => "iam:ListRoles",
            Self::RoleInline => "iam:ListRolePolicies",
            Self::RoleProfiles => "iam:ListInstanceProfilesForRole",
            Self::RoleGrants => "iam:GetPolicyVersion",
            Self::OidcProvider => "iam:GetOpenIDConnectProvider",
            Self::Key => "kms:DescribeKey",
            Self::BucketCors => "s3:GetBucketCORS",
            Self::BucketWebsite => "s3:GetBucketWebsite",
            Self::BucketNotification => "s3:GetBucketNotification",
            Self::BucketAccelerate => "s3:GetAccelerateConfiguration",
            Self::BucketRequestPayment => "s3:GetBucketRequestPayment",
            Self::BucketAnalytics => "s3:GetAnalyticsConfiguration",
            Self::BucketInventory => "s3:GetInventoryConfiguration",
            Self::BucketMetrics => "s3:GetMetricsConfiguration",
            Self::BucketTiering => "s3:GetIntelligentTieringConfiguration",
            Self::BucketAcl => "s3:GetBucketAcl",
        }
    }
}

/// One write to the control plane: whole, as it will be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// What is done.
    pub op: RequestOp,
    /// To which resource.
    pub target: ResourceId,
    /// The whole body, in the form of the aspect that the matching [`ReadOp`] answers.
    pub body: Document,
}

/// The writes this build knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RequestOp {
    /// `CreateBucket`.
    CreateBucket,
    /// `PutBucketTagging`, the whole set.
    PutBucketTags,
    /// `PutBucketVersioning`.
    PutBucketVersioning,
    /// `PutBucketEncryption`.
    PutBucketEncryption,
    /// `PutPublicAccessBlock`, all four switches.
    PutPublicAccess,
    /// `PutBucketLifecycleConfiguration`, the whole document.
    PutBucketLifecycle,
    /// `PutBucketOwnershipControls`.
    PutBucketOwnership,
    /// `PutBucketPolicy`, the whole document.
    PutBucketPolicy,
    /// `PutObjectLockConfiguration`, always with its retention.
    PutBucketObjectLock,
    /// `PutBucketLogging`.
    PutBucketLogging,
    /// `PutBucketReplication`, the whole configuration.
    PutBucketReplication,
    /// `CreateRole` with path, trust, tags, session length and permission boundary.
    CreateRole,
    /// `UpdateAssumeRolePolicy`.
    UpdateRoleTrust,
    /// `PutRolePolicy` of the inline policy named `lifeboat`.
    PutRolePermissions,
    /// `UpdateRole`, the session length.
    UpdateRoleSession,
    /// `PutRolePermissionsBoundary`, or `DeleteRolePermissionsBoundary` for none.
    PutRoleBoundary,
    /// `AttachRolePolicy` and `DetachRolePolicy`, one for each name.
    ChangeRoleAttached,
    /// `DeleteRolePolicy`, one for each name.
    DeleteRoleInline,
    /// `DeleteRole`, when nothing hangs on it any more.
    DeleteRole,
    /// `CreateOpenIDConnectProvider`.
    CreateProvider,
    /// `AddClientIDToOpenIDConnectProvider`, one for each audience.
    AddAudiences,
}

impl RequestOp {
    /// Whether it is about a role, and so goes to IAM.
    pub fn is_of_a_role(self) -> bool {
        matches!(
            self,
            Self::CreateRole
                | Self::UpdateRoleTrust
                | Self::PutRolePermissions
                | Self::UpdateRoleSession
                | Self::PutRoleBoundary
                | Self::ChangeRoleAttached
                | Self::DeleteRoleInline
                | Self::DeleteRole
        )
    }
}

impl Request {
    /// Whether it takes something away. Some endpoints answer a DELETE of a part that they do not know by deleting the bucket
    /// with its objects: such a request may only follow an answer that showed the part, with its expected element.
    pub fn removes(&self) -> bool {
        match self.op {
            RequestOp::DeleteRoleInline | RequestOp::DeleteRole => true,
            RequestOp::PutRoleBoundary => self.body.value().get("boundary").is_none_or(serde_json::Value::is_null),
            RequestOp::ChangeRoleAttached => self.body.value().get("detach").and_then(|names| names.as_array()).is_some_and(|names| !names.is_empty()),
            RequestOp::CreateBucket
            | RequestOp::PutBucketTags
            | RequestOp::PutBucketVersioning
            | RequestOp::PutBucketEncryption
            | RequestOp::PutPublicAccess
            | RequestOp::PutBucketLifecycle
            | RequestOp::PutBucketOwnership
            | RequestOp::PutBucketPolicy
            | RequestOp::PutBucketObjectLock
            | RequestOp::PutBucketLogging
            | RequestOp::PutBucketReplication
            | RequestOp::CreateRole
            | RequestOp::UpdateRoleTrust
            | RequestOp::PutRolePermissions
            | RequestOp::UpdateRoleSession
            | RequestOp::CreateProvider
            | RequestOp::AddAudiences => false,
        }
    }
}

/// The name of the one inline policy that lifeboat owns in a role.
pub const INLINE_POLICY: &str = "lifeboat";
