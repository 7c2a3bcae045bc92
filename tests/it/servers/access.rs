//! A client of the test's own, to look at and disturb what lifeboat made, as admin or as any profile.

use aws_config::BehaviorVersion;
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{BucketLifecycleConfiguration, ExpirationStatus, LifecycleExpiration, LifecycleRule, LifecycleRuleFilter};

/// An S3 client with the credentials of a profile.
pub(crate) async fn s3(profile: &str) -> Client {
    let base = aws_config::defaults(BehaviorVersion::latest()).profile_name(profile).load().await;
    Client::from_conf(aws_sdk_s3::config::Builder::from(&base).force_path_style(true).build())
}

/// A lifecycle rule that ends what lies below a prefix.
pub(crate) fn rule(id: &str, prefix: &str, days: i32) -> LifecycleRule {
    let filter = LifecycleRuleFilter::builder().prefix(prefix).build();
    let rule = LifecycleRule::builder().id(id).status(ExpirationStatus::Enabled).filter(filter);
    rule.expiration(LifecycleExpiration::builder().days(days).build()).build().unwrap()
}

/// These lifecycle rules alone.
pub(crate) fn rules(rules: impl IntoIterator<Item = LifecycleRule>) -> BucketLifecycleConfiguration {
    BucketLifecycleConfiguration::builder().set_rules(Some(rules.into_iter().collect())).build().unwrap()
}

/// Makes these the lifecycle rules of a bucket.
pub(crate) async fn put_rules(client: &Client, bucket: &str, wanted: impl IntoIterator<Item = LifecycleRule>) {
    client.put_bucket_lifecycle_configuration().bucket(bucket).lifecycle_configuration(rules(wanted)).send().await.unwrap();
}

/// Adds one to those that are there.
pub(crate) async fn add_rule(client: &Client, bucket: &str, rule: LifecycleRule) {
    let live = client.get_bucket_lifecycle_configuration().bucket(bucket).send().await.unwrap();
    put_rules(client, bucket, live.rules().iter().cloned().chain([rule])).await;
}

/// Keys below a prefix, in order.
pub(crate) async fn keys(client: &Client, bucket: &str, prefix: &str) -> Vec<String> {
    let mut pages = client.list_objects_v2().bucket(bucket).prefix(prefix).into_paginator().send();
    let mut out = Vec::new();
    while let Some(page) = pages.next().await {
        out.extend(page.unwrap().contents().iter().map(|object| object.key().unwrap().to_owned()));
    }
    out
}

/// An object's bytes.
pub(crate) async fn get(client: &Client, bucket: &str, key: &str) -> Vec<u8> {
    client.get_object().bucket(bucket).key(key).send().await.unwrap().body.collect().await.unwrap().to_vec()
}

/// Puts an object, over another if need be.
pub(crate) async fn put(client: &Client, bucket: &str, key: &str, body: Vec<u8>) {
    client.put_object().bucket(bucket).key(key).body(ByteStream::from(body)).send().await.unwrap();
}
