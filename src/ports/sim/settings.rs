//! What S3 does with the settings of a bucket: it keeps them whole, or refuses them with AWS's own words.

use super::{Op, State, failure, lifecycle, policy};
use crate::model::aspects::{AccessLog, Encryption, ObjectLock, PublicAccess, Tags, Versioning};
use crate::model::document::Document;
use crate::model::lifecycle::Lifecycle;
use crate::model::request::{ReadOp, Request, RequestOp};
use crate::ports::{Kind, PortError};

impl State {
    fn blocks_public_policies(&mut self, op: Op, name: &str) -> Result<bool, PortError> {
        let block = self.setting::<PublicAccess>(op, name, ReadOp::BucketPublicAccess)?;
        Ok(block.is_some_and(|block| block.block_public_policy))
    }

    fn setting<T: serde::de::DeserializeOwned>(&mut self, op: Op, name: &str, setting: ReadOp) -> Result<Option<T>, PortError> {
        Ok(self.bucket(op, name)?.settings.get(&setting).and_then(Document::to))
    }

    fn accept_lock(&mut self, op: Op, name: &str, wish: &ObjectLock) -> Result<(), PortError> {
        let rejected = |message: &str| Err(failure(op, name, Kind::Rejected, message));
        let sound = wish.retention.is_none_or(|retention| matches!((retention.days, retention.years), (Some(1..), None) | (None, Some(1..))));
        if !sound {
            return rejected("MalformedXML: The XML you provided was not well-formed or did not validate against our published schema");
        }
        if self.setting(op, name, ReadOp::BucketVersioning)? != Some(Versioning::Enabled) {
            return rejected("InvalidBucketState: Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration");
        }
        Ok(())
    }

    fn accept_log(&mut self, op: Op, name: &str, wish: &AccessLog) -> Result<(), PortError> {
        let region = self.bucket(op, name)?.region.clone();
        match self.buckets.get(&wish.bucket) {
            None => Err(failure(op, name, Kind::Rejected, "InvalidTargetBucketForLogging: The target bucket for logging does not exist")),
            Some(target) if target.region != region => {
                Err(failure(op, name, Kind::Refused, "CrossLocationLoggingProhibitted: Cross S3 location logging not allowed. "))
            }
            Some(_) => Ok(()),
        }
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
            RequestOp::PutBucketObjectLock => {
                let wish: ObjectLock = request.body.to().ok_or_else(wrong)?;
                self.accept_lock(op, name, &wish)?;
                (ReadOp::BucketObjectLock, Some(request.body.clone()))
            }
            RequestOp::PutBucketLogging => {
                let wish: AccessLog = request.body.to().ok_or_else(wrong)?;
                self.accept_log(op, name, &wish)?;
                (ReadOp::BucketLogging, Some(request.body.clone()))
            }
            RequestOp::PutBucketVersioning if self.setting::<ObjectLock>(op, name, ReadOp::BucketObjectLock)?.is_some() => {
                if request.body.to() == Some(Versioning::Suspended) {
                    return Err(rejected(
                        "InvalidBucketState: An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.",
                    ));
                }
                (ReadOp::BucketVersioning, Some(request.body.clone()))
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
