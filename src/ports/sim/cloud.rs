//! [`Cloud`] of the simulator: each answer and each refusal as AWS gives it.

use serde_json::Value;

use super::{ACCOUNT, Bucket, Op, Role, State, World, failure, lifecycle};
use crate::model::aspects::{Encryption, Existence, RoleTrust, Tags};
use crate::model::document::Document;
use crate::model::fact::{Fact, Why};
use crate::model::id::ResourceId;
use crate::model::lifecycle::Lifecycle;
use crate::model::request::{Read, ReadOp, Request, RequestOp};
use crate::model::resource::Identity;
use crate::ports::{Answer, Cloud, Kind, PortError};

impl Cloud for World {
    fn identity(&self) -> Answer<'_, Result<Identity, PortError>> {
        let answer = self.call(Op::Identity, "sts", None, |state| Ok(Identity { account: ACCOUNT.to_owned(), arn: state.caller.clone() }));
        Box::pin(std::future::ready(answer))
    }

    fn read<'a>(&'a self, read: &'a Read) -> Answer<'a, Fact<Document>> {
        let answer = self.call(Op::Read(read.op), &read.target.to_string(), None, |state| state.stale(read).map_or_else(|| state.read(read), Ok));
        let fact = match answer {
            Ok(fact) => fact,
            Err(error) if error.kind == Kind::Missing => Fact::Absent,
            Err(error) => Fact::Unknown(error.why()),
        };
        Box::pin(std::future::ready(fact))
    }

    fn send<'a>(&'a self, request: &'a Request) -> Answer<'a, Result<(), PortError>> {
        let answer = self.call(Op::Write(request.op), &request.target.to_string(), Some(&request.body), |state| state.write(request));
        Box::pin(std::future::ready(answer))
    }
}

impl State {
    pub(super) fn read(&mut self, read: &Read) -> Result<Fact<Document>, PortError> {
        if let Some(fact) = self.answers.get(&(read.target.clone(), read.op)) {
            return Ok(fact.clone());
        }
        let op = Op::Read(read.op);
        match &read.target {
            ResourceId::Bucket(name) => {
                let bucket = self.bucket(op, name)?;
                Ok(match read.op {
                    ReadOp::BucketExists => Fact::Known(Document::of(&Existence { region: Some(bucket.region.clone()) })),
                    _ => bucket.settings.get(&read.op).cloned().map_or(Fact::Absent, Fact::Known),
                })
            }
            ResourceId::Role(name) => {
                let role = self.role(op, name)?;
                Ok(match read.op {
                    ReadOp::RoleTrust => Fact::Known(Document::of(&RoleTrust { trust: respelled(&role.trust.trust), ..role.trust.clone() })),
                    ReadOp::RolePermissions => role.permissions.as_ref().map_or(Fact::Absent, |policy| Fact::Known(Document::of(&respelled(policy.value())))),
                    _ => Fact::Unknown(Why::Unsupported("not a question about a role".to_owned())),
                })
            }
        }
    }

    fn role(&mut self, op: Op, name: &str) -> Result<&mut Role, PortError> {
        let missing = || failure(op, name, Kind::Missing, &format!("NoSuchEntity: The role with name {name} cannot be found."));
        self.roles.get_mut(name).ok_or_else(missing)
    }

    fn write(&mut self, request: &Request) -> Result<(), PortError> {
        let (name, op) = (request.target.name(), Op::Write(request.op));
        let wrong = || failure(op, name, Kind::Rejected, "the body of this request is not of its kind; nothing was sent");
        match request.op {
            RequestOp::CreateBucket => {
                let wish: Existence = request.body.to().ok_or_else(wrong)?;
                self.create_bucket(op, name, wish.region.as_deref().unwrap_or("us-east-1"))
            }
            RequestOp::CreateRole => {
                if self.roles.contains_key(name) {
                    return Err(failure(op, name, Kind::Exists, &format!("EntityAlreadyExists: Role with name {name} already exists.")));
                }
                let trust: RoleTrust = request.body.to().ok_or_else(wrong)?;
                self.roles.insert(name.to_owned(), Role { trust, permissions: None });
                Ok(())
            }
            RequestOp::UpdateRoleTrust => {
                let wish: RoleTrust = request.body.to().ok_or_else(wrong)?;
                let role = self.role(op, name)?;
                // UpdateAssumeRolePolicy and TagRole: the path cannot change, and tags are only added.
                role.trust.trust = wish.trust;
                role.trust.tags.extend(wish.tags);
                Ok(())
            }
            RequestOp::PutRolePermissions => {
                self.role(op, name)?.permissions = Some(request.body.clone());
                Ok(())
            }
            _ => self.put_setting(op, request),
        }
    }

    fn create_bucket(&mut self, op: Op, name: &str, region: &str) -> Result<(), PortError> {
        match self.buckets.get(name) {
            Some(bucket) if bucket.owner == ACCOUNT => Err(failure(op, name, Kind::Exists, "BucketAlreadyOwnedByYou: it is yours already")),
            Some(_) => Err(failure(op, name, Kind::Exists, "BucketAlreadyExists: The requested bucket name is not available.")),
            None => {
                self.buckets.insert(name.to_owned(), Bucket::new(ACCOUNT, region));
                Ok(())
            }
        }
    }

    /// A PUT of a bucket's sub-resource replaces the whole document.
    fn put_setting(&mut self, op: Op, request: &Request) -> Result<(), PortError> {
        let name = request.target.name();
        let rejected = |message: &str| failure(op, name, Kind::Rejected, message);
        let wrong = || rejected("the body of this request is not of its kind; nothing was sent");
        self.bucket(op, name)?;
        let (setting, kept) = match request.op {
            RequestOp::PutBucketLifecycle => {
                let wish: Lifecycle = request.body.to().ok_or_else(wrong)?;
                let kept = lifecycle::accept(wish, || self.serial()).map_err(|message| rejected(&message))?;
                (ReadOp::BucketLifecycle, Some(Document::of(&kept)))
            }
            RequestOp::PutBucketEncryption => {
                let wish: Encryption = request.body.to().ok_or_else(wrong)?;
                if wish.algorithm == "AES256" && wish.key.is_some() {
                    return Err(rejected("InvalidArgument: a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse"));
                }
                (ReadOp::BucketEncryption, Some(request.body.clone()))
            }
            RequestOp::PutBucketTags => {
                let wish: Tags = request.body.to().ok_or_else(wrong)?;
                if wish.0.len() > 50 {
                    return Err(rejected("BadRequest: Bucket tag count cannot be greater than 50"));
                }
                (ReadOp::BucketTags, (!wish.0.is_empty()).then(|| request.body.clone()))
            }
            RequestOp::PutBucketVersioning => (ReadOp::BucketVersioning, Some(request.body.clone())),
            RequestOp::PutPublicAccess => (ReadOp::BucketPublicAccess, Some(request.body.clone())),
            RequestOp::CreateBucket | RequestOp::CreateRole | RequestOp::UpdateRoleTrust | RequestOp::PutRolePermissions => return Err(wrong()),
        };
        let bucket = self.bucket(op, name)?;
        match kept {
            Some(document) => bucket.settings.insert(setting, document),
            None => bucket.settings.remove(&setting),
        };
        Ok(())
    }
}

/// IAM gives a document back in another spelling than it was sent: a list of one becomes its element.
fn respelled(value: &Value) -> Value {
    match value {
        Value::Array(items) => match items.as_slice() {
            [one @ Value::String(_)] => one.clone(),
            items => Value::Array(items.iter().map(respelled).collect()),
        },
        Value::Object(fields) => Value::Object(fields.iter().map(|(key, value)| (key.clone(), respelled(value))).collect()),
        other => other.clone(),
    }
}
