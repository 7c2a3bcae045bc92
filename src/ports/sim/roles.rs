//! IAM of the simulator: roles, what bounds them and what is attached to them, as AWS answers and refuses.

use std::collections::BTreeSet;

use serde_json::Value;

use super::cloud::judged;
use super::{MANAGED, Op, Role, State, failure};
use crate::model::aspects::{Attachments, Grants, Names, Provider, RoleBoundary, RoleSession, RoleTrust};
use crate::model::document::Document;
use crate::model::fact::{Fact, Why};
use crate::model::request::{INLINE_POLICY, ReadOp, Request, RequestOp};
use crate::model::verdict;
use crate::ports::{Kind, PortError};

/// What `GetRole` answers for a role that was made without a word about it.
const SESSION: i32 = 3_600;

impl State {
    pub(super) fn read_role(&mut self, op: Op, name: &str, read: ReadOp) -> Result<Fact<Document>, PortError> {
        if read == ReadOp::RolesBelow {
            let named = self.roles.iter().map(|(role, live)| format!("{}{role}", live.trust.path));
            return Ok(Fact::Known(Document::of(&Names(named.filter(|role| role.starts_with(&format!("/{name}"))).collect()))));
        }
        let role = self.role(op, name)?;
        Ok(match read {
            ReadOp::RoleTrust => {
                let max_session = Some(role.trust.max_session.unwrap_or(SESSION));
                Fact::Known(Document::of(&RoleTrust { trust: respelled(&role.trust.trust), max_session, ..role.trust.clone() }))
            }
            ReadOp::RolePermissions => role.permissions.as_ref().map_or(Fact::Absent, |policy| Fact::Known(Document::of(&respelled(policy.value())))),
            ReadOp::RoleAttached => Fact::Known(Document::of(&Names(role.attached.clone()))),
            ReadOp::RoleInline => Fact::Known(Document::of(&Names(role.inline.clone()))),
            ReadOp::RoleGrants => {
                let policies = role.permissions.iter().map(|policy| (INLINE_POLICY.to_owned(), respelled(policy.value()))).collect();
                let without = role.inline.iter().chain(&role.attached).chain(&role.trust.boundary);
                let unread = without.map(|name| (name.clone(), "there is no document of it here".to_owned())).collect();
                Fact::Known(Document::of(&Grants { policies, unread, ..Grants::default() }))
            }
            // No instance profile is ever made here.
            ReadOp::RoleProfiles => Fact::Known(Document::of(&Names(BTreeSet::new()))),
            _ => Fact::Unknown(Why::Unsupported("not a question about a role".to_owned())),
        })
    }

    fn role(&mut self, op: Op, name: &str) -> Result<&mut Role, PortError> {
        let missing = || failure(op, name, Kind::Missing, &format!("NoSuchEntity: The role with name {name} cannot be found."));
        self.roles.get_mut(name).ok_or_else(missing)
    }

    pub(super) fn write_role(&mut self, op: Op, request: &Request) -> Result<(), PortError> {
        let name = request.target.name();
        let wrong = || failure(op, name, Kind::Rejected, "the body of this request is not of its kind; nothing was sent");
        match request.op {
            RequestOp::CreateRole => {
                let wish: RoleTrust = request.body.to().ok_or_else(wrong)?;
                judged(op, name, verdict::role::trust(&wish.trust))?;
                self.create_role(op, name, wish)?;
            }
            RequestOp::UpdateRoleTrust => {
                let wish: RoleTrust = request.body.to().ok_or_else(wrong)?;
                let role = self.role(op, name)?;
                judged(op, name, verdict::role::trust(&wish.trust))?;
                // UpdateAssumeRolePolicy and TagRole: the path cannot change, and tags are only added.
                role.trust.trust = wish.trust;
                role.trust.tags.extend(wish.tags);
            }
            RequestOp::PutRolePermissions => {
                let role = self.role(op, name)?;
                judged(op, name, verdict::iam_policy::inline(request.body.value(), name))?;
                role.permissions = Some(request.body.clone());
            }
            RequestOp::UpdateRoleSession => {
                let wish: RoleSession = request.body.to().ok_or_else(wrong)?;
                session(op, name, wish.max_session)?;
                self.role(op, name)?.trust.max_session = Some(wish.max_session);
            }
            RequestOp::PutRoleBoundary => {
                let wish: RoleBoundary = request.body.to().ok_or_else(wrong)?;
                self.role(op, name)?;
                exists(op, name, wish.boundary.as_deref(), "not found")?;
                self.role(op, name)?.trust.boundary = wish.boundary;
            }
            RequestOp::ChangeRoleAttached => {
                let change: Attachments = request.body.to().ok_or_else(wrong)?;
                self.change_attached(op, name, &change)?;
            }
            RequestOp::DeleteRoleInline => {
                let gone: Names = request.body.to().ok_or_else(wrong)?;
                let role = self.role(op, name)?;
                role.inline.retain(|name| !gone.0.contains(name));
                role.permissions.take_if(|_| gone.0.contains(INLINE_POLICY));
            }
            RequestOp::DeleteRole => {
                let role = self.role(op, name)?;
                if role.permissions.is_some() || !role.inline.is_empty() || !role.attached.is_empty() {
                    return Err(failure(op, name, Kind::Rejected, "DeleteConflict: Cannot delete entity, must delete policies first."));
                }
                self.roles.remove(name);
            }
            _ => return Err(wrong()),
        }
        Ok(())
    }

    pub(super) fn write_provider(&mut self, op: Op, request: &Request) -> Result<(), PortError> {
        let name = request.target.name();
        let wish: Provider =
            request.body.to().ok_or_else(|| failure(op, name, Kind::Rejected, "the body of this request is not of its kind; nothing was sent"))?;
        match (request.op, self.providers.get_mut(name)) {
            (RequestOp::CreateProvider, Some(_)) => Err(failure(op, name, Kind::Exists, "EntityAlreadyExists: Provider already exists.")),
            (RequestOp::CreateProvider, None) => {
                self.providers.insert(name.to_owned(), wish.audiences);
                Ok(())
            }
            (_, Some(audiences)) => {
                audiences.extend(wish.audiences);
                Ok(())
            }
            (_, None) => Err(failure(op, name, Kind::Missing, "NoSuchEntity: OpenIDConnect Provider not found")),
        }
    }

    fn create_role(&mut self, op: Op, name: &str, wish: RoleTrust) -> Result<(), PortError> {
        if self.roles.contains_key(name) {
            return Err(failure(op, name, Kind::Exists, &format!("EntityAlreadyExists: Role with name {name} already exists.")));
        }
        session(op, name, wish.max_session.unwrap_or(SESSION))?;
        exists(op, name, wish.boundary.as_deref(), "not found")?;
        self.roles.insert(name.to_owned(), Role::new(wish, None));
        Ok(())
    }

    /// One request of AWS each: what came before a refusal is done, and the error says so.
    fn change_attached(&mut self, op: Op, name: &str, change: &Attachments) -> Result<(), PortError> {
        let mut done = 0;
        for arn in &change.attach {
            let known = exists(op, name, Some(arn), "does not exist or is not attachable");
            known.map_err(|error| PortError { maybe_done: done > 0, ..error })?;
            self.role(op, name)?.attached.insert(arn.clone());
            done += 1;
        }
        for arn in &change.detach {
            if !self.role(op, name)?.attached.remove(arn) {
                let missing = failure(op, name, Kind::Missing, &format!("NoSuchEntity: Policy {arn} was not found."));
                return Err(PortError { maybe_done: done > 0, ..missing });
            }
            done += 1;
        }
        Ok(())
    }
}

/// IAM takes 1 to 12 hours.
fn session(op: Op, name: &str, seconds: i32) -> Result<(), PortError> {
    let message = "ValidationError: 1 validation error detected: Value at 'maxSessionDuration' failed to satisfy constraint";
    if (3_600..=43_200).contains(&seconds) { Ok(()) } else { Err(failure(op, name, Kind::Rejected, message)) }
}

/// A managed policy must be there, of the account or of AWS.
fn exists(op: Op, name: &str, arn: Option<&str>, words: &str) -> Result<(), PortError> {
    match arn {
        Some(arn) if !MANAGED.contains(&arn) && !arn.starts_with("arn:aws:iam::aws:policy/") => {
            Err(failure(op, name, Kind::Missing, &format!("NoSuchEntity: Policy {arn} {words}.")))
        }
        Some(_) | None => Ok(()),
    }
}

/// IAM gives a document back in another spelling than it was sent: a list of one becomes its element.
pub(super) fn respelled(value: &Value) -> Value {
    match value {
        Value::Array(items) => match items.as_slice() {
            [one @ Value::String(_)] => one.clone(),
            items => Value::Array(items.iter().map(respelled).collect()),
        },
        Value::Object(fields) => Value::Object(fields.iter().map(|(key, value)| (key.clone(), respelled(value))).collect()),
        other => other.clone(),
    }
}
