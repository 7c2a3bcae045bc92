//! What S3 does with the settings of a bucket: it keeps them whole, or refuses them with AWS's own words.

use super::cloud::judged;
use super::{Op, State, failure, lifecycle};
use crate::model::aspects::{Encryption, Tags};
use crate::model::document::Document;
use crate::model::lifecycle::Lifecycle;
use crate::model::request::{ReadOp, Request, RequestOp};
use crate::model::verdict;
use crate::ports::{Kind, PortError};

impl State {
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
            RequestOp::PutBucketVersioning => (ReadOp::BucketVersioning, Some(request.body.clone())),
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
