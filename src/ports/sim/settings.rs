//! What S3 does with the settings of a bucket: it keeps them whole, or refuses them with AWS's own words.

use super::{Op, State, failure, lifecycle, policy};
use crate::model::aspects::{Encryption, PublicAccess, Tags};
use crate::model::document::Document;
use crate::model::lifecycle::Lifecycle;
use crate::model::request::{ReadOp, Request, RequestOp};
use crate::ports::{Kind, PortError};

impl State {
    fn blocks_public_policies(&mut self, op: Op, name: &str) -> Result<bool, PortError> {
        let block = self.bucket(op, name)?.settings.get(&ReadOp::BucketPublicAccess).and_then(|block| block.to::<PublicAccess>());
        Ok(block.is_some_and(|block| block.block_public_policy))
    }

    /// A PUT of a bucket's sub-resource replaces the whole document.
    pub(super) fn put_setting(&mut self, op: Op, request: &Request) -> Result<(), PortError> {
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
            RequestOp::PutBucketPolicy => {
                policy::accept(name, request.body.value()).map_err(|message| rejected(&message))?;
                if self.blocks_public_policies(op, name)? && policy::is_public(request.body.value()) {
                    let message = "AccessDenied: public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.";
                    return Err(failure(op, name, Kind::Refused, message));
                }
                (ReadOp::BucketPolicy, Some(request.body.clone()))
            }
            RequestOp::PutBucketOwnership => (ReadOp::BucketOwnership, Some(request.body.clone())),
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
