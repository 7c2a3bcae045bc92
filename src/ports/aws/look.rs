//! What an endpoint that is not Amazon's says of itself: one `HeadBucket`, whose answer names the server even when it
//! refuses. Never writes, and never fails: an endpoint that says nothing is an ordinary S3-compatible one.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;

use super::{Aws, Bucket, raw};
use crate::ports::quirks::{self, AWS, Quirks};

/// How long an endpoint may think about what it is. Whether it can be used at all is asked after this, with more patience.
const PATIENCE: Duration = Duration::from_secs(3);

impl Aws {
    /// Asks each endpoint that is not Amazon's once, by one of its buckets.
    pub(super) async fn look(&mut self) {
        let mut found: BTreeMap<String, Quirks> = BTreeMap::new();
        for (name, bucket) in self.buckets.iter().filter(|(_, bucket)| bucket.quirks != AWS) {
            let Some(endpoint) = &bucket.endpoint else { continue };
            if !found.contains_key(endpoint) {
                found.insert(endpoint.clone(), quirks::of_server(said(bucket, name).await.as_deref()));
            }
        }
        for bucket in self.buckets.values_mut().chain([&mut self.default]) {
            if let Some(quirks) = bucket.endpoint.as_ref().and_then(|endpoint| found.get(endpoint)) {
                bucket.quirks = *quirks;
            }
        }
    }
}

async fn said(bucket: &Bucket, name: &str) -> Option<String> {
    let timeouts = TimeoutConfig::builder().operation_timeout(PATIENCE).build();
    let once = aws_sdk_s3::config::Builder::new().retry_config(RetryConfig::disabled()).timeout_config(timeouts);
    let head = bucket.control.head_bucket().bucket(name).customize().config_override(once);
    // Whatever the answer is, only who gave it is of interest.
    raw::kept(head.send()).await.0.server
}
