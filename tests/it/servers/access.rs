//! A client of the test's own, to look at and disturb what lifeboat made, as admin or as any profile.

use aws_config::BehaviorVersion;
use aws_sdk_s3::Client;

/// An S3 client with the credentials of a profile.
pub(crate) async fn s3(profile: &str) -> Client {
    let base = aws_config::defaults(BehaviorVersion::latest()).profile_name(profile).load().await;
    Client::from_conf(aws_sdk_s3::config::Builder::from(&base).force_path_style(true).build())
}
