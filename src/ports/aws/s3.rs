//! Buckets: questions and writes. The typed SDK answer gives the values; the raw one proves that nothing was dropped.

use std::collections::BTreeMap;

use aws_sdk_s3::types::{
    BlockedEncryptionTypes, BucketLocationConstraint, BucketVersioningStatus, CreateBucketConfiguration, EncryptionType, MfaDeleteStatus,
    PublicAccessBlockConfiguration, ServerSideEncryption, ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration, ServerSideEncryptionRule, Tag,
    Tagging, VersioningConfiguration,
};

use super::Bucket;
use super::error::port;
use super::iam::unreadable;
use super::raw::{self, Raw};
use super::{lifecycle, lock, logging, ownership, policy, replication};
use crate::model::aspects::{Encryption, Existence, PublicAccess, Tags, Versioning};
use crate::model::document::Document;
use crate::model::fact::{Fact, Why};
use crate::model::request::{ReadOp, Request, RequestOp};
use crate::ports::PortError;

type Reading = Result<Fact<Document>, PortError>;

/// Asks one question.
pub(super) async fn read(bucket: &Bucket, op: ReadOp, name: &str) -> Reading {
    match op {
        ReadOp::BucketExists => exists(bucket, name).await,
        ReadOp::BucketTags => tags(bucket, name).await,
        ReadOp::BucketVersioning => versioning(bucket, name).await,
        ReadOp::BucketEncryption => encryption(bucket, name).await,
        ReadOp::BucketPublicAccess => public_access(bucket, name).await,
        ReadOp::BucketLifecycle => lifecycle::read(bucket, name).await,
        ReadOp::BucketOwnership => ownership::read(bucket, name).await,
        ReadOp::BucketPolicy => policy::read(bucket, name).await,
        ReadOp::BucketObjectLock => lock::read(bucket, name).await,
        ReadOp::BucketLogging => logging::read(bucket, name).await,
        ReadOp::BucketReplication => replication::read(bucket, name).await,
        ReadOp::RoleTrust
        | ReadOp::RolePermissions
        | ReadOp::RoleAttached
        | ReadOp::RoleInline
        | ReadOp::RoleProfiles
        | ReadOp::RoleGrants
        | ReadOp::RolesBelow
        | ReadOp::OidcProvider
        | ReadOp::Key => Ok(Fact::Unknown(Why::Unsupported("not a question about a bucket".to_owned()))),
        beside => super::beside::read(bucket, beside, name).await,
    }
}

/// An answer came and lacks what makes it an answer: asked again with the setting there, it would say the same.
pub(super) fn hollow(question: &str, element: &str) -> Fact<Document> {
    Fact::Unknown(Why::Unsupported(format!("{question} was answered without a <{element}>")))
}

/// Turns what the raw answer proved into the fact.
pub(super) fn proven<T: serde::Serialize>(raw: &Raw, root: &str, known: &[&str], value: &T) -> Fact<Document> {
    match raw.check(root, known) {
        Ok(()) => Fact::Known(Document::of(value)),
        Err(why) => Fact::Unknown(why),
    }
}

async fn exists(bucket: &Bucket, name: &str) -> Reading {
    let what = format!("HeadBucket {name}");
    let head = bucket.control.head_bucket().bucket(name).set_expected_bucket_owner(bucket.account.clone());
    let mut answer = head.clone().send().await;
    if answer.as_ref().err().and_then(|error| error.raw_response()).is_some_and(|response| response.status().as_u16() == 403) {
        // The refusal of a HEAD has no code. If the clock is off, the SDK knows by how much from the date of this answer.
        answer = head.send().await;
    }
    match answer {
        Ok(answer) => Ok(Fact::Known(Document::of(&Existence { region: answer.bucket_region().map(str::to_owned) }))),
        Err(error) => {
            // A HEAD has no body: the region of a bucket elsewhere is only in the header.
            let header = error.raw_response().and_then(|response| response.headers().get("x-amz-bucket-region")).map(str::to_owned);
            let error = port(&what, error);
            if error.kind == crate::ports::Kind::OtherRegion && header.is_some() {
                return Ok(Fact::Known(Document::of(&Existence { region: header })));
            }
            Err(error)
        }
    }
}

async fn tags(bucket: &Bucket, name: &str) -> Reading {
    let ask = bucket.control.get_bucket_tagging().bucket(name).set_expected_bucket_owner(bucket.account.clone());
    let (raw, answer) = raw::kept(ask.send()).await;
    let answer = answer.map_err(|error| port(&format!("GetBucketTagging {name}"), error))?;
    let found: BTreeMap<String, String> = answer.tag_set().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect();
    if !raw.has("TagSet") {
        return Ok(hollow("GetBucketTagging", "TagSet"));
    }
    Ok(proven(&raw, "Tagging", &["TagSet", "Tag", "Key", "Value"], &Tags(found)))
}

async fn versioning(bucket: &Bucket, name: &str) -> Reading {
    let ask = bucket.control.get_bucket_versioning().bucket(name).set_expected_bucket_owner(bucket.account.clone());
    let (raw, answer) = raw::kept(ask.send()).await;
    let answer = answer.map_err(|error| port(&format!("GetBucketVersioning {name}"), error))?;
    let known = ["Status", "MfaDelete", "MFADelete"];
    Ok(match answer.status() {
        Some(BucketVersioningStatus::Enabled) if answer.mfa_delete() == Some(&MfaDeleteStatus::Enabled) => {
            proven(&raw, "VersioningConfiguration", &known, &Versioning::EnabledWithMfa)
        }
        Some(BucketVersioningStatus::Enabled) => proven(&raw, "VersioningConfiguration", &known, &Versioning::Enabled),
        Some(BucketVersioningStatus::Suspended) => proven(&raw, "VersioningConfiguration", &known, &Versioning::Suspended),
        Some(other) => Fact::Unknown(Why::NotUnderstood(format!("versioning status `{}`", other.as_str()))),
        None => match raw.check("VersioningConfiguration", &known) {
            Ok(()) => Fact::Absent,
            Err(why) => Fact::Unknown(why),
        },
    })
}

async fn encryption(bucket: &Bucket, name: &str) -> Reading {
    let ask = bucket.control.get_bucket_encryption().bucket(name).set_expected_bucket_owner(bucket.account.clone());
    let (raw, answer) = raw::kept(ask.send()).await;
    let answer = answer.map_err(|error| port(&format!("GetBucketEncryption {name}"), error))?;
    if !raw.has("Rule") {
        return Ok(hollow("GetBucketEncryption", "Rule"));
    }
    let rules = answer.server_side_encryption_configuration().map(ServerSideEncryptionConfiguration::rules).unwrap_or_default();
    let [rule] = rules else { return Ok(Fact::Unknown(Why::NotUnderstood(format!("{} encryption rules instead of one", rules.len())))) };
    let Some(default) = rule.apply_server_side_encryption_by_default() else {
        return Ok(Fact::Unknown(Why::NotUnderstood("an encryption rule without a default".to_owned())));
    };
    let blocked = rule.blocked_encryption_types().map(BlockedEncryptionTypes::encryption_type).unwrap_or_default();
    let value = Encryption {
        algorithm: default.sse_algorithm().as_str().to_owned(),
        key: default.kms_master_key_id().filter(|key| !key.is_empty()).map(str::to_owned),
        bucket_key: rule.bucket_key_enabled().unwrap_or(false),
        blocked_types: blocked.iter().map(|kind| kind.as_str().to_owned()).collect(),
    };
    let known =
        ["Rule", "ApplyServerSideEncryptionByDefault", "SSEAlgorithm", "KMSMasterKeyID", "BucketKeyEnabled", "BlockedEncryptionTypes", "EncryptionType"];
    Ok(proven(&raw, "ServerSideEncryptionConfiguration", &known, &value))
}

async fn public_access(bucket: &Bucket, name: &str) -> Reading {
    let ask = bucket.control.get_public_access_block().bucket(name).set_expected_bucket_owner(bucket.account.clone());
    let (raw, answer) = raw::kept(ask.send()).await;
    let answer = answer.map_err(|error| port(&format!("GetPublicAccessBlock {name}"), error))?;
    let Some(found) = answer.public_access_block_configuration().filter(|_| raw.has("BlockPublicAcls")) else {
        return Ok(hollow("GetPublicAccessBlock", "BlockPublicAcls"));
    };
    let value = PublicAccess {
        block_public_acls: found.block_public_acls().unwrap_or(false),
        ignore_public_acls: found.ignore_public_acls().unwrap_or(false),
        block_public_policy: found.block_public_policy().unwrap_or(false),
        restrict_public_buckets: found.restrict_public_buckets().unwrap_or(false),
    };
    Ok(proven(&raw, "PublicAccessBlockConfiguration", &["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"], &value))
}

/// Sends one write.
pub(super) async fn send(bucket: &Bucket, request: &Request) -> Result<(), PortError> {
    let name = request.target.name();
    let what = format!("{:?} of {}", request.op, request.target);
    let wrong = || unreadable(&what);
    let body = &request.body;
    match request.op {
        RequestOp::CreateBucket => create(bucket, name, &body.to().ok_or_else(wrong)?, &what).await,
        RequestOp::PutBucketTags => put_tags(bucket, name, &body.to().ok_or_else(wrong)?, &what).await,
        RequestOp::PutBucketVersioning => put_versioning(bucket, name, body.to().ok_or_else(wrong)?, &what).await,
        RequestOp::PutBucketEncryption => put_encryption(bucket, name, &body.to().ok_or_else(wrong)?, &what).await,
        RequestOp::PutPublicAccess => put_public_access(bucket, name, body.to().ok_or_else(wrong)?, &what).await,
        RequestOp::PutBucketLifecycle => lifecycle::put(bucket, name, &body.to().ok_or_else(wrong)?, &what).await,
        RequestOp::PutBucketPolicy => policy::put(bucket, name, body, &what).await,
        RequestOp::PutBucketObjectLock => lock::put(bucket, name, &body.to().ok_or_else(wrong)?, &what).await,
        RequestOp::PutBucketReplication => replication::put(bucket, name, &body.to().ok_or_else(wrong)?, &what).await,
        RequestOp::PutBucketLogging => logging::put(bucket, name, &body.to().ok_or_else(wrong)?, &what).await,
        RequestOp::PutBucketOwnership => ownership::put(bucket, name, body.to().ok_or_else(wrong)?, &what).await,
        RequestOp::CreateRole
        | RequestOp::UpdateRoleTrust
        | RequestOp::PutRolePermissions
        | RequestOp::UpdateRoleSession
        | RequestOp::PutRoleBoundary
        | RequestOp::ChangeRoleAttached
        | RequestOp::DeleteRoleInline
        | RequestOp::DeleteRole
        | RequestOp::CreateProvider
        | RequestOp::AddAudiences => Err(wrong()),
    }
}

/// us-east-1 is refused as a location constraint, every other region refuses to go without one.
async fn create(bucket: &Bucket, name: &str, wish: &Existence, what: &str) -> Result<(), PortError> {
    let region = wish.region.clone().or_else(|| bucket.region.clone()).filter(|region| region != "us-east-1");
    let configuration = region.map(|region| CreateBucketConfiguration::builder().location_constraint(BucketLocationConstraint::from(region.as_str())).build());
    let put = bucket.control.create_bucket().bucket(name).set_create_bucket_configuration(configuration);
    put.send().await.map(|_| ()).map_err(|error| port(what, error))
}

async fn put_tags(bucket: &Bucket, name: &str, tags: &Tags, what: &str) -> Result<(), PortError> {
    let set = tags.0.iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
    let set = set.collect::<Result<Vec<_>, _>>().map_err(|_| unreadable(what))?;
    let tagging = Tagging::builder().set_tag_set(Some(set)).build().map_err(|_| unreadable(what))?;
    let put = bucket.control.put_bucket_tagging().bucket(name).set_expected_bucket_owner(bucket.account.clone()).tagging(tagging);
    put.send().await.map(|_| ()).map_err(|error| port(what, error))
}

async fn put_versioning(bucket: &Bucket, name: &str, wish: Versioning, what: &str) -> Result<(), PortError> {
    let status = match wish {
        Versioning::Enabled | Versioning::EnabledWithMfa => BucketVersioningStatus::Enabled,
        Versioning::Suspended => BucketVersioningStatus::Suspended,
    };
    let configuration = VersioningConfiguration::builder().status(status).build();
    let put = bucket.control.put_bucket_versioning().bucket(name).set_expected_bucket_owner(bucket.account.clone()).versioning_configuration(configuration);
    put.send().await.map(|_| ()).map_err(|error| port(what, error))
}

async fn put_encryption(bucket: &Bucket, name: &str, wish: &Encryption, what: &str) -> Result<(), PortError> {
    let default = ServerSideEncryptionByDefault::builder()
        .sse_algorithm(ServerSideEncryption::from(wish.algorithm.as_str()))
        .set_kms_master_key_id(wish.key.clone())
        .build()
        .map_err(|_| unreadable(what))?;
    let blocked = (!wish.blocked_types.is_empty()).then(|| {
        let kinds = wish.blocked_types.iter().map(|kind| EncryptionType::from(kind.as_str())).collect();
        BlockedEncryptionTypes::builder().set_encryption_type(Some(kinds)).build()
    });
    let rule = ServerSideEncryptionRule::builder()
        .apply_server_side_encryption_by_default(default)
        .bucket_key_enabled(wish.bucket_key)
        .set_blocked_encryption_types(blocked)
        .build();
    let configuration = ServerSideEncryptionConfiguration::builder().rules(rule).build().map_err(|_| unreadable(what))?;
    let put = bucket.control.put_bucket_encryption().bucket(name).set_expected_bucket_owner(bucket.account.clone());
    put.server_side_encryption_configuration(configuration).send().await.map(|_| ()).map_err(|error| port(what, error))
}

async fn put_public_access(bucket: &Bucket, name: &str, wish: PublicAccess, what: &str) -> Result<(), PortError> {
    let configuration = PublicAccessBlockConfiguration::builder()
        .block_public_acls(wish.block_public_acls)
        .ignore_public_acls(wish.ignore_public_acls)
        .block_public_policy(wish.block_public_policy)
        .restrict_public_buckets(wish.restrict_public_buckets)
        .build();
    let put = bucket.control.put_public_access_block().bucket(name).set_expected_bucket_owner(bucket.account.clone());
    put.public_access_block_configuration(configuration).send().await.map(|_| ()).map_err(|error| port(what, error))
}
