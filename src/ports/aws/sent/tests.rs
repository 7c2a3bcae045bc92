use std::time::Duration;

use aws_config::retry::RetryConfig;

use crate::model::id::ResourceId;
use crate::model::request::{Read, ReadOp};
use crate::model::resource::{Assumed, BucketPlace};
use crate::ports::aws::tests::answering;
use crate::ports::{Cloud as _, Objects as _};

const PAGE: &str = "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken><Contents><Key>a</Key>\
                    <LastModified>2026-11-22T10:00:00Z</LastModified><Size>1</Size><ETag>e</ETag></Contents></ListBucketResult>";
const LAST: &str = "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>";
const TAKEN: &str = "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIATHEIRS</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
                     <SessionToken>t</SessionToken><Expiration>2099-11-22T11:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";

/// Of every service, every page and every attempt, also through the clients of a role that was taken on.
#[tokio::test]
async fn what_is_counted_is_what_arrives() {
    let retries = RetryConfig::standard().with_max_attempts(2).with_initial_backoff(Duration::from_millis(1));
    let (aws, asked) = answering(retries, |line| match line {
        _ if line.contains("list-type=2") && line.contains("continuation-token") => (200, LAST),
        _ if line.contains("list-type=2") => (200, PAGE),
        _ if line.starts_with("POST") => (200, TAKEN),
        _ => (503, "<Error><Code>SlowDown</Code></Error>"),
    })
    .await;
    let before = aws.sent();
    let place = BucketPlace { name: "theirs".to_owned(), account: None, region: "eu-west-1".to_owned(), endpoint: None };
    let role =
        Assumed { role: "arn:aws:iam::1:role/r".to_owned(), buckets: ["theirs".to_owned()].into(), roles: ["role".to_owned()].into(), ..Assumed::default() };
    let aws = aws.assuming(&[role], &[place], "s", true).await.unwrap();
    let read = |op, target| Read { op, target };
    let _ = aws.identity().await;
    for bucket in ["ours", "theirs"] {
        let _ = aws.read(&read(ReadOp::BucketVersioning, ResourceId::Bucket(bucket.to_owned()))).await;
        assert_eq!(aws.list(bucket, "").await.unwrap().len(), 1);
    }
    for role in ["role", "another"] {
        let _ = aws.read(&read(ReadOp::RoleTrust, ResourceId::Role(role.to_owned()))).await;
    }
    let _ = aws.read(&read(ReadOp::Key, ResourceId::Key("arn:aws:kms:eu-west-1:1:key/k".to_owned()))).await;
    let arrived = asked.lock().unwrap().clone();
    assert_eq!(aws.sent() - before, arrived.len(), "{arrived:#?}");
    let slow = arrived.iter().filter(|line| line.contains("versioning")).count();
    assert_eq!(slow, 4, "each attempt counts: {arrived:#?}");
}
