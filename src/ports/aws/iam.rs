//! Roles: questions and writes.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::Client;
use aws_sdk_iam::types::Tag;
use serde_json::Value;

use super::error::port;
use crate::model::aspects::{Attachments, Names, Provider, RoleBoundary, RoleSession, RoleTrust};
use crate::model::document::Document;
use crate::model::fact::{Fact, Why};
use crate::model::request::{INLINE_POLICY, Request, RequestOp};
use crate::ports::{Kind, PortError};

/// The role with its trust policy.
pub(super) async fn trust(client: &Client, name: &str) -> Result<Fact<Document>, PortError> {
    let what = format!("GetRole {name}");
    let answer = client.get_role().role_name(name).send().await.map_err(|error| port(&what, error))?;
    let Some(role) = answer.role() else { return Ok(Fact::Unknown(Why::NotUnderstood("the answer holds no role".to_owned()))) };
    let Some(trust) = role.assume_role_policy_document().and_then(decode) else {
        return Ok(Fact::Unknown(Why::NotUnderstood("the trust policy is not JSON".to_owned())));
    };
    let tags: BTreeMap<String, String> = role.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect();
    let boundary = role.permissions_boundary().and_then(|bound| bound.permissions_boundary_arn()).map(str::to_owned);
    Ok(Fact::Known(Document::of(&RoleTrust { path: role.path().to_owned(), trust, tags, max_session: role.max_session_duration(), boundary })))
}

/// The inline policy that is ours.
pub(super) async fn permissions(client: &Client, name: &str) -> Result<Fact<Document>, PortError> {
    let what = format!("GetRolePolicy {name}/{INLINE_POLICY}");
    let answer = client.get_role_policy().role_name(name).policy_name(INLINE_POLICY).send().await.map_err(|error| port(&what, error))?;
    Ok(match decode(answer.policy_document()) {
        Some(document) => Fact::Known(Document::of(&document)),
        None => Fact::Unknown(Why::NotUnderstood("the inline policy is not JSON".to_owned())),
    })
}

/// The managed policies that are attached, page by page.
pub(super) async fn attached(client: &Client, name: &str) -> Result<Fact<Document>, PortError> {
    let what = format!("ListAttachedRolePolicies {name}");
    let mut pages = client.list_attached_role_policies().role_name(name).into_paginator().send();
    let mut found = BTreeSet::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| port(&what, error))?;
        found.extend(page.attached_policies().iter().filter_map(|policy| policy.policy_arn()).map(str::to_owned));
    }
    Ok(Fact::Known(Document::of(&Names(found))))
}

/// The instance profiles that hold a role, page by page.
pub(super) async fn profiles(client: &Client, name: &str) -> Result<Fact<Document>, PortError> {
    let what = format!("ListInstanceProfilesForRole {name}");
    let mut pages = client.list_instance_profiles_for_role().role_name(name).into_paginator().send();
    let mut found = BTreeSet::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| port(&what, error))?;
        found.extend(page.instance_profiles().iter().map(|profile| profile.instance_profile_name().to_owned()));
    }
    Ok(Fact::Known(Document::of(&Names(found))))
}

/// The roles below a path, page by page, each with the path before its name.
pub(super) async fn below(client: &Client, path: &str) -> Result<Fact<Document>, PortError> {
    let what = format!("ListRoles /{path}");
    let mut pages = client.list_roles().path_prefix(format!("/{path}")).into_paginator().send();
    let mut found = BTreeSet::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| port(&what, error))?;
        found.extend(page.roles().iter().map(|role| format!("{}{}", role.path(), role.role_name())));
    }
    Ok(Fact::Known(Document::of(&Names(found))))
}

/// An OIDC provider with its audiences.
pub(super) async fn provider(client: &Client, arn: &str) -> Result<Fact<Document>, PortError> {
    let what = format!("GetOpenIDConnectProvider {arn}");
    let answer = client.get_open_id_connect_provider().open_id_connect_provider_arn(arn).send().await.map_err(|error| port(&what, error))?;
    Ok(Fact::Known(Document::of(&Provider { audiences: answer.client_id_list().iter().cloned().collect() })))
}

/// Makes an OIDC provider, or adds audiences to it. IAM takes the thumbprint from the issuer itself when none is given.
pub(super) async fn send_provider(client: &Client, arn: &str, request: &Request) -> Result<(), PortError> {
    let what = format!("{:?} of {}", request.op, request.target);
    let wish: Provider = request.body.to().ok_or_else(|| unreadable(&what))?;
    if request.op == RequestOp::CreateProvider {
        let issuer = arn.split_once(":oidc-provider/").map(|(_, issuer)| issuer).unwrap_or_default();
        let create = client.create_open_id_connect_provider().url(format!("https://{issuer}")).set_client_id_list(Some(wish.audiences.into_iter().collect()));
        return create.send().await.map(|_| ()).map_err(|error| port(&what, error));
    }
    for (nth, audience) in wish.audiences.iter().enumerate() {
        let add = client.add_client_id_to_open_id_connect_provider().open_id_connect_provider_arn(arn).client_id(audience);
        add.send().await.map_err(|error| after(nth, port(&what, error)))?;
    }
    Ok(())
}

/// The inline policies that are not ours, page by page.
pub(super) async fn other_inline(client: &Client, name: &str) -> Result<Fact<Document>, PortError> {
    let what = format!("ListRolePolicies {name}");
    let mut pages = client.list_role_policies().role_name(name).into_paginator().send();
    let mut found = BTreeSet::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| port(&what, error))?;
        found.extend(page.policy_names().iter().filter(|other| *other != INLINE_POLICY).cloned());
    }
    Ok(Fact::Known(Document::of(&Names(found))))
}

/// IAM answers documents percent-encoded (RFC 3986); some servers answer them plain.
pub(super) fn decode(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok().or_else(|| serde_json::from_slice(&percent_decode(text)?).ok())
}

fn percent_decode(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digits = [bytes.next()?, bytes.next()?];
            out.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            out.push(byte);
        }
    }
    Some(out)
}

/// Sends one write. One that takes several requests of AWS says after the first that something may have been done.
pub(super) async fn send(client: &Client, request: &Request) -> Result<(), PortError> {
    let name = request.target.name();
    let what = format!("{:?} of {}", request.op, request.target);
    let wrong = || unreadable(&what);
    match request.op {
        RequestOp::PutRolePermissions => {
            let put = client.put_role_policy().role_name(name).policy_name(INLINE_POLICY).policy_document(request.body.to_string());
            put.send().await.map(|_| ()).map_err(|error| port(&what, error))
        }
        RequestOp::CreateRole => create(client, name, &request.body.to().ok_or_else(wrong)?, &what).await,
        RequestOp::UpdateRoleTrust => update_trust(client, name, &request.body.to().ok_or_else(wrong)?, &what).await,
        RequestOp::UpdateRoleSession => {
            let wish: RoleSession = request.body.to().ok_or_else(wrong)?;
            let update = client.update_role().role_name(name).max_session_duration(wish.max_session);
            update.send().await.map(|_| ()).map_err(|error| port(&what, error))
        }
        RequestOp::PutRoleBoundary => match request.body.to::<RoleBoundary>().ok_or_else(wrong)?.boundary {
            Some(arn) => {
                let put = client.put_role_permissions_boundary().role_name(name).permissions_boundary(arn);
                put.send().await.map(|_| ()).map_err(|error| port(&what, error))
            }
            None => client.delete_role_permissions_boundary().role_name(name).send().await.map(|_| ()).map_err(|error| port(&what, error)),
        },
        RequestOp::ChangeRoleAttached => change_attached(client, name, &request.body.to().ok_or_else(wrong)?, &what).await,
        RequestOp::DeleteRole => client.delete_role().role_name(name).send().await.map(|_| ()).map_err(|error| port(&what, error)),
        RequestOp::DeleteRoleInline => {
            let gone: Names = request.body.to().ok_or_else(wrong)?;
            for (nth, policy) in gone.0.iter().enumerate() {
                let delete = client.delete_role_policy().role_name(name).policy_name(policy);
                delete.send().await.map_err(|error| after(nth, port(&what, error)))?;
            }
            Ok(())
        }
        _ => Err(wrong()),
    }
}

async fn create(client: &Client, name: &str, role: &RoleTrust, what: &str) -> Result<(), PortError> {
    let mut create = client.create_role().role_name(name).path(&role.path).assume_role_policy_document(role.trust.to_string());
    create = create.set_max_session_duration(role.max_session).set_permissions_boundary(role.boundary.clone());
    for tag in tags(role, what)? {
        create = create.tags(tag);
    }
    create.send().await.map(|_| ()).map_err(|error| port(what, error))
}

async fn update_trust(client: &Client, name: &str, role: &RoleTrust, what: &str) -> Result<(), PortError> {
    let update = client.update_assume_role_policy().role_name(name).policy_document(role.trust.to_string());
    update.send().await.map_err(|error| port(what, error))?;
    let tag = client.tag_role().role_name(name).set_tags(Some(tags(role, what)?));
    // The trust is changed already: whatever happens here, something was done.
    tag.send().await.map(|_| ()).map_err(|error| after(1, port(what, error)))
}

async fn change_attached(client: &Client, name: &str, change: &Attachments, what: &str) -> Result<(), PortError> {
    for (nth, arn) in change.attach.iter().enumerate() {
        let attach = client.attach_role_policy().role_name(name).policy_arn(arn);
        attach.send().await.map_err(|error| after(nth, port(&format!("{what}: {arn}"), error)))?;
    }
    for (nth, arn) in change.detach.iter().enumerate() {
        let detach = client.detach_role_policy().role_name(name).policy_arn(arn);
        detach.send().await.map_err(|error| after(nth + change.attach.len(), port(&format!("{what}: {arn}"), error)))?;
    }
    Ok(())
}

/// An error after so many requests of the same write were done.
fn after(done: usize, error: PortError) -> PortError {
    PortError { maybe_done: error.maybe_done || done > 0, ..error }
}

fn tags(role: &RoleTrust, what: &str) -> Result<Vec<Tag>, PortError> {
    let made = role.tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
    made.collect::<Result<_, _>>().map_err(|_| unreadable(what))
}

/// A request whose body is not of its kind: a bug, and it is not sent.
pub(super) fn unreadable(what: &str) -> PortError {
    PortError {
        what: what.to_owned(),
        kind: Kind::Rejected,
        message: "the body of this request is not of its kind; nothing was sent".to_owned(),
        maybe_done: false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::decode;

    #[test]
    fn documents_come_percent_encoded_or_plain() {
        assert_eq!(decode("%7B%22a%22%3A%20%22%C3%A4%22%7D"), Some(json!({"a": "ä"})));
        assert_eq!(decode("{\"a\": \"50%\"}"), Some(json!({"a": "50%"})));
        assert_eq!(decode("nonsense%"), None);
    }
}
