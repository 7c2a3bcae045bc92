//! A client of the test's own, to look at and disturb what lifeboat made, as admin or as any profile.

use aws_config::BehaviorVersion;
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;

/// An S3 client with the credentials of a profile.
pub(crate) async fn s3(profile: &str) -> Client {
    let base = aws_config::defaults(BehaviorVersion::latest()).profile_name(profile).load().await;
    Client::from_conf(aws_sdk_s3::config::Builder::from(&base).force_path_style(true).build())
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
