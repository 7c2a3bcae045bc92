//! What S3 does with the settings of a bucket: it keeps them whole, or refuses them with AWS's own words.

use serde_json::json;

use super::cloud::judged;
use super::{Op, State, failure, lifecycle};
use crate::model::aspects::{AccessLog, Encryption, ObjectLock, PublicAccess, Tags};
use crate::model::document::Document;
use crate::model::lifecycle::Lifecycle;
use crate::model::replication::Replication;
use crate::model::request::{ReadOp, Request, RequestOp};
use crate::model::verdict;
use crate::ports::{Kind, PortError};

impl State {
    fn setting<T: serde::de::DeserializeOwned>(&mut self, op: Op, name: &str, setting: ReadOp) -> Result<Option<T>, PortError> {
        Ok(self.bucket(op, name)?.settings.get(&setting).and_then(Document::to))
    }

    fn accept_policy(&mut self, op: Op, name: &str, policy: &Document) -> Result<(), PortError> {
        judged(op, name, verdict::bucket_policy::text(&policy.to_string(), Some(name)))?;
        let block = self.setting::<PublicAccess>(op, name, ReadOp::BucketPublicAccess)?;
        match verdict::bucket_policy::under_block(policy.value()) {
            Err(refusal) if block.is_some_and(|block| block.block_public_policy) => Err(failure(op, name, Kind::Refused, &refusal.answer())),
            _ => Ok(()),
        }
    }

    fn accept_lock(&mut self, op: Op, name: &str, wish: &ObjectLock) -> Result<(), PortError> {
        judged(op, name, verdict::object_lock::object_lock(&wish.wire()))?;
        judged(op, name, verdict::object_lock::on_bucket(self.setting(op, name, ReadOp::BucketVersioning)?))
    }

    fn accept_versioning(&mut self, op: Op, name: &str, wish: &Document) -> Result<(), PortError> {
        let locked = self.setting::<ObjectLock>(op, name, ReadOp::BucketObjectLock)?.is_some();
        judged(op, name, verdict::versioning::versioning(&json!({"Status": wish.value()}), locked))
    }

    /// S3 gives a random id to a rule without one.
    fn accept_replication(&mut self, op: Op, name: &str, mut wish: Replication) -> Result<Document, PortError> {
        judged(op, name, verdict::replication::replication(&wish.wire()))?;
        let source = self.setting(op, name, ReadOp::BucketVersioning)?;
        for rule in &mut wish.rules {
            let target = rule.destination.bucket.rsplit(':').next().and_then(|target| self.buckets.get(target));
            let versioning = target.and_then(|target| target.settings.get(&ReadOp::BucketVersioning)).and_then(Document::to);
            judged(op, name, verdict::replication::between(source, versioning))?;
            if rule.id.is_empty() {
                rule.id = format!("{:048x}", self.serial());
            }
        }
        Ok(Document::of(&wish))
    }

    fn accept_log(&mut self, op: Op, name: &str, wish: &AccessLog) -> Result<(), PortError> {
        let region = self.bucket(op, name)?.region.clone();
        let target = self.buckets.get(&wish.bucket).map(|target| target.region.as_str());
        judged(op, name, verdict::replication::logging(&region, target))
    }

    /// A PUT of a bucket's sub-resource replaces the whole document.
    pub(super) fn put_setting(&mut self, op: Op, request: &Request) -> Result<(), PortError> {
        let name = request.target.name();
        let rejected = |message: &str| failure(op, name, Kind::Rejected, message);
        let wrong = || rejected("the body of this request is not of its kind; nothing was sent");
        let live = self.bucket(op, name)?.settings.clone();
        let (setting, kept) = match request.op {
            RequestOp::PutBucketLifecycle => {
                let wish: Lifecycle = request.body.to().ok_or_else(wrong)?;
                let kept = lifecycle::accept(wish, || self.serial()).map_err(|refusal| rejected(&refusal.answer()))?;
                (ReadOp::BucketLifecycle, Some(Document::of(&kept)))
            }
            RequestOp::PutBucketEncryption => {
                let wish: Encryption = request.body.to().ok_or_else(wrong)?;
                judged(op, name, verdict::encryption::encryption(&wish.wire()))?;
                (ReadOp::BucketEncryption, Some(request.body.clone()))
            }
            RequestOp::PutBucketTags => {
                let wish: Tags = request.body.to().ok_or_else(wrong)?;
                let before = live.get(&ReadOp::BucketTags).and_then(|tags| tags.to::<Tags>()).map(|tags| tags.0).unwrap_or_default();
                judged(op, name, verdict::tags::tags(&wish.0, Some(&before)))?;
                (ReadOp::BucketTags, (!wish.0.is_empty()).then(|| request.body.clone()))
            }
            RequestOp::PutBucketVersioning => {
                self.accept_versioning(op, name, &request.body)?;
                (ReadOp::BucketVersioning, Some(request.body.clone()))
            }
            RequestOp::PutBucketPolicy => {
                self.accept_policy(op, name, &request.body)?;
                (ReadOp::BucketPolicy, Some(request.body.clone()))
            }
            RequestOp::PutBucketObjectLock => {
                self.accept_lock(op, name, &request.body.to().ok_or_else(wrong)?)?;
                (ReadOp::BucketObjectLock, Some(request.body.clone()))
            }
            RequestOp::PutBucketReplication => {
                let kept = self.accept_replication(op, name, request.body.to().ok_or_else(wrong)?)?;
                (ReadOp::BucketReplication, Some(kept))
            }
            RequestOp::PutBucketLogging => {
                self.accept_log(op, name, &request.body.to().ok_or_else(wrong)?)?;
                (ReadOp::BucketLogging, Some(request.body.clone()))
            }
            RequestOp::PutBucketOwnership => (ReadOp::BucketOwnership, Some(request.body.clone())),
            RequestOp::PutPublicAccess => (ReadOp::BucketPublicAccess, Some(request.body.clone())),
            _ => return Err(wrong()),
        };
        let bucket = self.bucket(op, name)?;
        match kept {
            Some(document) => bucket.settings.insert(setting, document),
            None => bucket.settings.remove(&setting),
        };
        Ok(())
    }
}
