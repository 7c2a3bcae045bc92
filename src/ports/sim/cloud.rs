//! [`Cloud`] of the simulator: each answer and each refusal as AWS gives it.

use super::roles::respelled;
use super::{ACCOUNT, Bucket, Op, State, World, failure};
use crate::model::aspects::{Existence, Provider};
use crate::model::document::Document;
use crate::model::fact::Fact;
use crate::model::id::ResourceId;
use crate::model::request::{Read, ReadOp, Request, RequestOp};
use crate::model::resource::Identity;
use crate::model::verdict::Verdict;
use crate::ports::{Answer, Cloud, Kind, PortError};

impl Cloud for World {
    fn identity(&self) -> Answer<'_, Result<Identity, PortError>> {
        let answer = self.call(Op::Identity, "sts", None, |state| Ok(Identity { account: ACCOUNT.to_owned(), arn: state.caller.clone() }));
        Box::pin(std::future::ready(answer))
    }

    fn sent(&self) -> usize {
        self.requests()
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
                    ReadOp::BucketPolicy => bucket.settings.get(&read.op).map_or(Fact::Absent, |policy| Fact::Known(Document::of(&respelled(policy.value())))),
                    _ => bucket.settings.get(&read.op).cloned().map_or(Fact::Absent, Fact::Known),
                })
            }
            ResourceId::Role(name) => self.read_role(op, name, read.op),
            ResourceId::Key(name) => {
                let missing = || failure(op, name, Kind::Missing, &format!("NotFoundException: Key '{name}' does not exist"));
                Ok(Fact::Known(Document::of(self.keys.get(name).ok_or_else(missing)?)))
            }
            ResourceId::Provider(name) => {
                let missing = || failure(op, name, Kind::Missing, "NoSuchEntity: OpenIDConnect Provider not found");
                Ok(Fact::Known(Document::of(&Provider { audiences: self.providers.get(name).ok_or_else(missing)?.clone() })))
            }
        }
    }

    fn write(&mut self, request: &Request) -> Result<(), PortError> {
        let (name, op) = (request.target.name(), Op::Write(request.op));
        let wrong = || failure(op, name, Kind::Rejected, "the body of this request is not of its kind; nothing was sent");
        match request.op {
            RequestOp::CreateBucket => {
                let wish: Existence = request.body.to().ok_or_else(wrong)?;
                self.create_bucket(op, name, wish.region.as_deref().unwrap_or("us-east-1"))
            }
            RequestOp::CreateProvider | RequestOp::AddAudiences => self.write_provider(op, request),
            other if other.is_of_a_role() => self.write_role(op, request),
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
}

/// What AWS would refuse is refused here, in its words.
pub(super) fn judged(op: Op, name: &str, verdict: Verdict) -> Result<(), PortError> {
    verdict.map_err(|refusal| failure(op, name, Kind::Rejected, &refusal.answer()))
}
