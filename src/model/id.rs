//! Names of things in the cloud, in the one spelling that plans, `--allow` and reports use.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One managed resource: `bucket/NAME`, `role/NAME` or `oidc/ACCOUNT/ISSUER`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum ResourceId {
    /// An S3 bucket, by name.
    Bucket(String),
    /// An IAM role, by name without path.
    Role(String),
    /// An OIDC provider, by account and issuer: `111122223333/token.actions.githubusercontent.com`.
    Provider(String),
    /// A KMS key that a policy names, by ARN or alias: read only.
    Key(String),
}

/// The kinds of resource that settings belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ResourceKind {
    /// An S3 bucket.
    Bucket,
    /// An IAM role.
    Role,
    /// An OIDC provider of IAM.
    Provider,
    /// A KMS key.
    Key,
}

impl ResourceId {
    /// Which kind it is.
    pub fn kind(&self) -> ResourceKind {
        match self {
            Self::Bucket(_) => ResourceKind::Bucket,
            Self::Role(_) => ResourceKind::Role,
            Self::Provider(_) => ResourceKind::Provider,
            Self::Key(_) => ResourceKind::Key,
        }
    }

    /// The bare name.
    pub fn name(&self) -> &str {
        match self {
            Self::Bucket(name) | Self::Role(name) | Self::Provider(name) | Self::Key(name) => name,
        }
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bucket(name) => write!(f, "bucket/{name}"),
            Self::Role(name) => write!(f, "role/{name}"),
            Self::Provider(name) => write!(f, "oidc/{name}"),
            Self::Key(name) => write!(f, "key/{name}"),
        }
    }
}

impl From<ResourceId> for String {
    fn from(id: ResourceId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for ResourceId {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl FromStr for ResourceId {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('/') {
            Some(("bucket", name)) if !name.is_empty() => Ok(Self::Bucket(name.to_owned())),
            Some(("role", name)) if !name.is_empty() => Ok(Self::Role(name.to_owned())),
            Some(("oidc", name)) if name.contains('/') => Ok(Self::Provider(name.to_owned())),
            Some(("key", name)) if !name.is_empty() => Ok(Self::Key(name.to_owned())),
            _ => Err(format!("`{text}` is not a resource: write bucket/NAME, role/NAME or oidc/ACCOUNT/ISSUER")),
        }
    }
}
