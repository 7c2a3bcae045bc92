//! What S3 needs in order to copy, which the rules about the role and about the bucket at the other end share. It judges nothing by itself.
//!
//! The source of the actions: S3 User Guide, "Setting up permissions for live replication", "Changing the replica owner", and "Replicating
//! encrypted objects". `s3:ReplicateDelete` is left out on purpose: the rule of lifeboat copies no delete markers.

use crate::model::aspects::Key;
use crate::model::document::Document;
use crate::model::fact::Fact;
use crate::model::iam::grants::{Ask, Grant, Scope};
use crate::model::resource::{BucketWish, Observed, Replica};
use crate::policy::LoadedPolicy;

/// The partition, account and ARN of the role that copies.
pub(super) struct Copier<'a> {
    pub(super) partition: &'a str,
    pub(super) account: &'a str,
    pub(super) arn: &'a str,
}

impl<'a> Copier<'a> {
    pub(super) fn of(replica: &'a Replica) -> Self {
        let mut parts = replica.role.split(':');
        Self { partition: parts.nth(1).unwrap_or_default(), account: parts.nth(2).unwrap_or_default(), arn: &replica.role }
    }
}

/// A right that copying takes: the action, on a resource or on all that begin so, and the context of the request.
pub(super) struct Right {
    pub(super) action: &'static str,
    on: String,
    open: bool,
    via: Option<String>,
    encrypts: Vec<(String, bool)>,
}

impl Right {
    fn plain(action: &'static str, on: String, open: bool) -> Self {
        Self { action, on, open, via: None, encrypts: Vec::new() }
    }

    /// Where it must be granted, as a policy writes it.
    pub(super) fn resource(&self) -> String {
        format!("{}{}", self.on, if self.open { "*" } else { "" })
    }

    /// What documents say of it.
    pub(super) fn judged(&self, principals: &[&str], judge: impl Fn(&Ask<'_>) -> Grant) -> Grant {
        let scope = |text, open| if open { Scope::below(text) } else { Scope::exactly(text) };
        let via: Vec<Scope<'_>> = self.via.iter().map(|via| Scope::exactly(via)).collect();
        let encrypts: Vec<Scope<'_>> = self.encrypts.iter().map(|(text, open)| scope(text.as_str(), *open)).collect();
        // S3 copies over TLS only.
        let tls = [Scope::exactly("true")];
        let mut context: Vec<(&str, &[Scope<'_>])> = vec![("aws:SecureTransport", &tls)];
        if self.via.is_some() {
            context.extend([("kms:ViaService", via.as_slice()), ("kms:EncryptionContext:aws:s3:arn", encrypts.as_slice())]);
        }
        judge(&Ask { action: self.action, on: scope(&self.on, self.open), principals, context: &context })
    }
}

/// What the role needs at the source.
pub(super) fn reading(policy: &LoadedPolicy, bucket: &BucketWish, partition: &str) -> Vec<Right> {
    let arn = format!("arn:{partition}:s3:::{}", bucket.name);
    let objects = format!("{arn}/{}", policy.policy.spec.storage.prefix);
    let of_bucket = ["s3:GetReplicationConfiguration", "s3:ListBucket"].map(|action| Right::plain(action, arn.clone(), false));
    let of_objects = ["s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging"];
    of_bucket.into_iter().chain(of_objects.map(|action| Right::plain(action, objects.clone(), true))).collect()
}

/// What it needs at the other end, by its own policies and, in another account, by the bucket policy there.
pub(super) fn writing(policy: &LoadedPolicy, bucket: &BucketWish, replica: &Replica, partition: &str) -> Vec<Right> {
    let objects = format!("arn:{partition}:s3:::{}/{}", replica.bucket, policy.policy.spec.storage.prefix);
    let owner = replica.is_elsewhere(bucket.account.as_ref()).then_some("s3:ObjectOwnerOverrideToBucketOwner");
    let actions = ["s3:ReplicateObject", "s3:ReplicateTags"].into_iter().chain(owner);
    actions.map(|action| Right::plain(action, objects.clone(), true)).collect()
}

/// What it needs of the keys, where what a KMS key encrypts is copied; or why that is not known.
pub(super) fn keys(policy: &LoadedPolicy, bucket: &BucketWish, replica: &Replica, observed: &Observed, partition: &str) -> Result<Vec<Right>, String> {
    let Some(to) = &replica.kms_key else { return Ok(Vec::new()) };
    let prefix = &policy.policy.spec.storage.prefix;
    let of = |action, key: &str, region: &str, encrypts| Right {
        via: Some(format!("s3.{region}.amazonaws.com{}", if partition == "aws-cn" { ".cn" } else { "" })),
        encrypts,
        ..Right::plain(action, key.to_owned(), false)
    };
    let (whole, objects) = (|name: &str| (format!("arn:{partition}:s3:::{name}"), false), |name: &str| (format!("arn:{partition}:s3:::{name}/{prefix}"), true));
    // With a bucket key the context is the bucket; whether the other end has one is not asked, so both must be let through there.
    let mut out = vec![of("kms:Encrypt", to, &replica.region, vec![whole(&replica.bucket), objects(&replica.bucket)])];
    let Some(encryption) = bucket.encryption.as_ref().filter(|encryption| encryption.algorithm != "AES256") else { return Ok(out) };
    let context = if encryption.bucket_key { whole(&bucket.name) } else { objects(&bucket.name) };
    let from = match (encryption.key.as_deref(), super::key(bucket, observed)) {
        (_, Some((_, Fact::Known(document)))) => Document::to::<Key>(document).map(|key| key.arn),
        (Some(key), _) if key.contains(":key/") => Some(key.to_owned()),
        _ => None,
    };
    let from = from.ok_or("the key of the bucket is not known by its ARN")?;
    out.push(of("kms:Decrypt", &from, &bucket.region, vec![context]));
    Ok(out)
}
