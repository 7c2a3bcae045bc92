//! The policies of a role that others made, with their documents: questions only. One that cannot be read is named with the reason, and the
//! others are read all the same.

use std::collections::BTreeSet;

use aws_sdk_iam::Client;
use serde_json::Value;

use super::error::port;
use super::iam::decode;
use crate::model::aspects::{Grants, Names};
use crate::model::document::Document;
use crate::model::fact::Fact;
use crate::ports::PortError;

/// The documents of all inline and attached policies of a role, and of its boundary.
pub(super) async fn read(client: &Client, name: &str) -> Result<Fact<Document>, PortError> {
    let answer = client.get_role().role_name(name).send().await.map_err(|error| port(&format!("GetRole {name}"), error))?;
    let boundary = answer.role().and_then(|role| role.permissions_boundary()).and_then(|bound| bound.permissions_boundary_arn());
    let mut out = Grants::default();
    for policy in inline(client, name).await? {
        match document(client, name, &policy).await {
            Ok(document) => out.policies.insert(policy, document).map(|_| ()),
            Err(why) => out.unread.insert(policy, why).map(|_| ()),
        };
    }
    for arn in attached(client, name).await? {
        match managed(client, &arn).await {
            Ok(document) => out.policies.insert(arn, document).map(|_| ()),
            Err(why) => out.unread.insert(arn, why).map(|_| ()),
        };
    }
    if let Some(arn) = boundary {
        match managed(client, arn).await {
            Ok(document) => out.bounds.insert(arn.to_owned(), document).map(|_| ()),
            Err(why) => out.unread.insert(arn.to_owned(), why).map(|_| ()),
        };
    }
    Ok(Fact::Known(Document::of(&out)))
}

async fn inline(client: &Client, name: &str) -> Result<BTreeSet<String>, PortError> {
    let mut pages = client.list_role_policies().role_name(name).into_paginator().send();
    let mut found = BTreeSet::new();
    while let Some(page) = pages.next().await {
        found.extend(page.map_err(|error| port(&format!("ListRolePolicies {name}"), error))?.policy_names().iter().cloned());
    }
    Ok(found)
}

async fn attached(client: &Client, name: &str) -> Result<BTreeSet<String>, PortError> {
    let found = super::iam::attached(client, name).await?;
    Ok(found.known().and_then(|document| document.to::<Names>()).map(|names| names.0).unwrap_or_default())
}

async fn document(client: &Client, role: &str, policy: &str) -> Result<Value, String> {
    let what = format!("GetRolePolicy {role}/{policy}");
    let answer = client.get_role_policy().role_name(role).policy_name(policy).send().await.map_err(|error| port(&what, error).why().to_string())?;
    decode(answer.policy_document()).ok_or_else(|| format!("{what}: it is not JSON"))
}

/// The version of a managed policy that counts.
async fn managed(client: &Client, arn: &str) -> Result<Value, String> {
    let said = |what: &str, error: PortError| format!("{what}: {}", error.why());
    let policy = client.get_policy().policy_arn(arn).send().await.map_err(|error| said("GetPolicy", port("GetPolicy", error)))?;
    let version = policy.policy().and_then(|policy| policy.default_version_id()).ok_or("GetPolicy: no version counts")?;
    let answer = client.get_policy_version().policy_arn(arn).version_id(version).send().await;
    let answer = answer.map_err(|error| said("GetPolicyVersion", port("GetPolicyVersion", error)))?;
    let text = answer.policy_version().and_then(|version| version.document()).ok_or("GetPolicyVersion: no document")?;
    decode(text).ok_or_else(|| "GetPolicyVersion: it is not JSON".to_owned())
}
