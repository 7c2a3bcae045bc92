//! Server access logging: S3's form ↔ ours, with the grants and key format that others chose.

use aws_sdk_s3::types::{
    BucketLoggingStatus, BucketLogsPermission, Grantee, LoggingEnabled, PartitionDateSource, PartitionedPrefix, SimplePrefix, TargetGrant,
    TargetObjectKeyFormat, Type,
};

use super::Bucket;
use super::error::port;
use super::iam::unreadable;
use super::raw;
use super::s3::proven;
use crate::model::aspects::{AccessLog, LogGrant, LogKeyFormat};
use crate::model::document::Document;
use crate::model::fact::{Fact, Why};
use crate::ports::PortError;

const ROOT: &str = "BucketLoggingStatus";
const KNOWN: &[&str] = &[
    "LoggingEnabled",
    "TargetBucket",
    "TargetPrefix",
    "TargetGrants",
    "Grant",
    "Grantee",
    "ID",
    "DisplayName",
    "URI",
    "EmailAddress",
    "Permission",
    "TargetObjectKeyFormat",
    "SimplePrefix",
    "PartitionedPrefix",
    "PartitionDateSource",
];

/// Reads where the log goes; an empty status means that there is none.
pub(super) async fn read(bucket: &Bucket, name: &str) -> Result<Fact<Document>, PortError> {
    let ask = bucket.control.get_bucket_logging().bucket(name).set_expected_bucket_owner(bucket.account.clone());
    let (raw, answer) = raw::kept(ask.send()).await;
    let answer = answer.map_err(|error| port(&format!("GetBucketLogging {name}"), error))?;
    let Some(found) = answer.logging_enabled() else {
        return Ok(match raw.check(ROOT, KNOWN) {
            Ok(()) => Fact::Absent,
            Err(why) => Fact::Unknown(why),
        });
    };
    let grants: Option<Vec<LogGrant>> = found.target_grants().iter().map(grant).collect();
    let Some(grants) = grants else { return Ok(Fact::Unknown(Why::NotUnderstood("a grant of the access log".to_owned()))) };
    let key_format = found.target_object_key_format().map(|format| match format.partitioned_prefix() {
        Some(partitioned) => LogKeyFormat::Partitioned(partitioned.partition_date_source().map(|source| source.as_str().to_owned())),
        None => LogKeyFormat::Simple,
    });
    let value = AccessLog { bucket: found.target_bucket().to_owned(), prefix: found.target_prefix().to_owned(), grants, key_format };
    Ok(proven(&raw, ROOT, KNOWN, &value))
}

fn grant(found: &TargetGrant) -> Option<LogGrant> {
    let grantee = found.grantee()?;
    Some(LogGrant {
        kind: grantee.r#type().as_str().to_owned(),
        id: grantee.id().map(str::to_owned),
        display_name: grantee.display_name().map(str::to_owned),
        uri: grantee.uri().map(str::to_owned),
        email: grantee.email_address().map(str::to_owned),
        permission: found.permission()?.as_str().to_owned(),
    })
}

fn grant_to(grant: &LogGrant) -> Option<TargetGrant> {
    let grantee = Grantee::builder()
        .r#type(Type::from(grant.kind.as_str()))
        .set_id(grant.id.clone())
        .set_display_name(grant.display_name.clone())
        .set_uri(grant.uri.clone())
        .set_email_address(grant.email.clone())
        .build();
    Some(TargetGrant::builder().grantee(grantee.ok()?).permission(BucketLogsPermission::from(grant.permission.as_str())).build())
}

/// Writes it whole.
pub(super) async fn put(bucket: &Bucket, name: &str, wish: &AccessLog, what: &str) -> Result<(), PortError> {
    let grants: Vec<TargetGrant> = wish.grants.iter().map(grant_to).collect::<Option<_>>().ok_or_else(|| unreadable(what))?;
    let format = wish.key_format.as_ref().map(|format| match format {
        LogKeyFormat::Simple => TargetObjectKeyFormat::builder().simple_prefix(SimplePrefix::builder().build()).build(),
        LogKeyFormat::Partitioned(source) => {
            let source = source.as_deref().map(PartitionDateSource::from);
            TargetObjectKeyFormat::builder().partitioned_prefix(PartitionedPrefix::builder().set_partition_date_source(source).build()).build()
        }
    });
    let log = LoggingEnabled::builder()
        .target_bucket(&wish.bucket)
        .target_prefix(&wish.prefix)
        .set_target_grants((!grants.is_empty()).then_some(grants))
        .set_target_object_key_format(format)
        .build()
        .map_err(|_| unreadable(what))?;
    let status = BucketLoggingStatus::builder().logging_enabled(log).build();
    let put = bucket.control.put_bucket_logging().bucket(name).set_expected_bucket_owner(bucket.account.clone()).bucket_logging_status(status);
    put.send().await.map(|_| ()).map_err(|error| port(what, error))
}
