//! Object ownership: S3's form ↔ ours.

use aws_sdk_s3::types::{ObjectOwnership, OwnershipControls, OwnershipControlsRule};

use super::Bucket;
use super::error::port;
use super::iam::unreadable;
use super::raw;
use super::s3::proven;
use crate::model::aspects::Ownership;
use crate::model::document::Document;
use crate::model::fact::{Fact, Why};
use crate::ports::PortError;

/// Reads who owns the objects. An answer without a rule is what servers give that do not know the question.
pub(super) async fn read(bucket: &Bucket, name: &str) -> Result<Fact<Document>, PortError> {
    let ask = bucket.control.get_bucket_ownership_controls().bucket(name).set_expected_bucket_owner(bucket.account.clone());
    let (raw, answer) = raw::kept(ask.send()).await;
    let answer = answer.map_err(|error| port(&format!("GetBucketOwnershipControls {name}"), error))?;
    let rules = answer.ownership_controls().map(OwnershipControls::rules).unwrap_or_default();
    let [rule] = rules else {
        let why = raw.check("OwnershipControls", &["Rule", "ObjectOwnership"]).err();
        return Ok(Fact::Unknown(why.unwrap_or_else(|| Why::Unsupported(format!("{} ownership rules instead of one", rules.len())))));
    };
    let value = match rule.object_ownership() {
        ObjectOwnership::BucketOwnerEnforced => Ownership::BucketOwnerEnforced,
        ObjectOwnership::BucketOwnerPreferred => Ownership::BucketOwnerPreferred,
        ObjectOwnership::ObjectWriter => Ownership::ObjectWriter,
        other => return Ok(Fact::Unknown(Why::NotUnderstood(format!("object ownership `{}`", other.as_str())))),
    };
    Ok(proven(&raw, "OwnershipControls", &["Rule", "ObjectOwnership"], &value))
}

/// Writes it.
pub(super) async fn put(bucket: &Bucket, name: &str, wish: Ownership, what: &str) -> Result<(), PortError> {
    let ownership = match wish {
        Ownership::BucketOwnerEnforced => ObjectOwnership::BucketOwnerEnforced,
        Ownership::BucketOwnerPreferred => ObjectOwnership::BucketOwnerPreferred,
        Ownership::ObjectWriter => ObjectOwnership::ObjectWriter,
    };
    let rule = OwnershipControlsRule::builder().object_ownership(ownership).build().map_err(|_| unreadable(what))?;
    let controls = OwnershipControls::builder().rules(rule).build().map_err(|_| unreadable(what))?;
    let put = bucket.control.put_bucket_ownership_controls().bucket(name).set_expected_bucket_owner(bucket.account.clone()).ownership_controls(controls);
    put.send().await.map(|_| ()).map_err(|error| port(what, error))
}
