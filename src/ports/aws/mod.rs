//! The ports on AWS and on anything that speaks its protocols, by the AWS SDK.
//!
//! The same binary talks to both: endpoints, regions, profiles and credentials come from the ordinary AWS environment.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use tokio::task::JoinHandle;

use self::guard::{Guard, KMS, STS};
use self::raw::Keep;
use self::sent::Sent;
use self::wire::wire;
use super::PortError;
use super::quirks::{self, Quirks};
use crate::model::resource::{BucketPlace, Identity, Partition};

mod assume;
mod beside;
mod cloud;
mod error;
mod grants;
mod guard;
mod iam;
mod kms;
mod lifecycle;
mod listing;
mod lock;
mod logging;
mod look;
mod marks;
mod objects;
mod ownership;
mod policy;
mod raw;
mod replication;
mod s3;
mod sent;
mod wire;

/// How long to wait for a connection.
const CONNECT: Duration = Duration::from_secs(3);
/// How long one attempt to ask the control plane may take, unless told otherwise.
pub const ATTEMPT: Duration = Duration::from_secs(10);

/// How long to wait for answers, by the time that one attempt to ask the control plane may take.
#[derive(Clone, Copy, Debug)]
struct Waits(Duration);

impl Waits {
    fn of(attempt: Duration) -> Self {
        Self(attempt)
    }

    /// For one operation of the control plane: with all its attempts it may take six times as long.
    fn control(self) -> TimeoutConfig {
        Self::config(self.0, self.0 * 6)
    }

    /// For moving a chunk of a backup: with 10 s a minute for an attempt (8 MiB at 140 KiB/s), five with all its attempts.
    fn data(self) -> TimeoutConfig {
        Self::config(self.0 * 6, self.0 * 30)
    }

    fn config(attempt: Duration, operation: Duration) -> TimeoutConfig {
        TimeoutConfig::builder().connect_timeout(CONNECT.min(attempt)).operation_attempt_timeout(attempt).operation_timeout(operation).build()
    }
}

/// Clients for the ordinary AWS environment and for the buckets that policies name.
#[derive(Debug)]
pub struct Aws {
    base: SdkConfig,
    iam: aws_sdk_iam::Client,
    sts: aws_sdk_sts::Client,
    default: Bucket,
    buckets: BTreeMap<String, Bucket>,
    elsewhere: Vec<assume::Elsewhere>,
    sent: Sent,
    identity: Mutex<Option<Asked>>,
}

/// The answer to who we are, which is on its way.
type Asked = JoinHandle<Result<Identity, PortError>>;

/// A start that goes on by itself: the AWS environment is read (variables, profiles) and STS is asked who we are, while the policies are
/// read. Where nobody connects in the end, the answer is thrown away.
#[derive(Debug)]
pub struct Begun {
    attempt: Duration,
    started: JoinHandle<Started>,
}

impl Begun {
    /// Begins; attempts to ask may take so long ([`ATTEMPT`]). Must be called within a runtime.
    pub fn new(attempt: Duration) -> Self {
        Self { attempt, started: tokio::spawn(Started::new(attempt)) }
    }
}

#[derive(Debug)]
struct Started {
    base: SdkConfig,
    sts: aws_sdk_sts::Client,
    sent: Sent,
    identity: Option<Asked>,
}

impl Started {
    async fn new(attempt: Duration) -> Self {
        // Retries are the SDK's standard ones (3 attempts), or what AWS_MAX_ATTEMPTS and AWS_RETRY_MODE say.
        let base = aws_config::defaults(BehaviorVersion::latest()).timeout_config(Waits::of(attempt).control()).http_client(wire()).load().await;
        let sent = Sent::default();
        let sts = sts_client(&base, &sent);
        let asked = tokio::spawn(cloud::identity(sts.clone()));
        Self { base, sts, sent, identity: Some(asked) }
    }
}

#[derive(Clone, Debug)]
struct Bucket {
    control: aws_sdk_s3::Client,
    data: aws_sdk_s3::Client,
    account: Option<String>,
    region: Option<String>,
    /// Where it is, unless the SDK decides that.
    endpoint: Option<String>,
    quirks: Quirks,
}

impl Aws {
    /// Makes clients for these buckets. Endpoints that are not Amazon's are asked what they are, once each.
    pub async fn connect(begun: Begun, places: &[BucketPlace]) -> Self {
        let Begun { attempt, started } = begun;
        // What broke in the task would be told by the same work here.
        let started = match started.await {
            Ok(started) => started,
            Err(_) => Started::new(attempt).await,
        };
        Self::made(started, places).await
    }

    /// The same from a configuration that was read before; nobody was asked yet who we are.
    pub async fn with(base: SdkConfig, places: &[BucketPlace]) -> Self {
        let sent = Sent::default();
        let sts = sts_client(&base, &sent);
        Self::made(Started { base, sts, sent, identity: None }, places).await
    }

    async fn made(started: Started, places: &[BucketPlace]) -> Self {
        let Started { base, sts, sent, identity } = started;
        let iam = iam_client(&base, &sent);
        let default = bucket(&base, None, &sent);
        // Thousands of buckets in one place share one client.
        let mut made: BTreeMap<(Option<&str>, &str), Bucket> = BTreeMap::new();
        let mut buckets = BTreeMap::new();
        for place in places {
            let shared = made.entry((place.endpoint.as_deref(), place.region.as_str())).or_insert_with(|| bucket(&base, Some(place), &sent));
            buckets.insert(place.name.clone(), Bucket { account: place.account.clone(), ..shared.clone() });
        }
        let mut aws = Self { base, iam, sts, default, buckets, elsewhere: Vec::new(), sent, identity: Mutex::new(identity) };
        aws.look().await;
        aws
    }

    /// The endpoint of S3 that the AWS environment names, if it names one.
    pub fn endpoint(&self) -> Option<String> {
        environment_endpoint(&self.base)
    }

    /// Whether the environment names an endpoint for IAM.
    pub fn has_iam_endpoint(&self) -> bool {
        std::env::var_os("AWS_ENDPOINT_URL_IAM").is_some() || self.base.endpoint_url().is_some()
    }

    /// What is known of the endpoint of the AWS environment.
    pub fn quirks(&self) -> Quirks {
        self.default.quirks
    }

    /// What is known of the endpoint of a bucket.
    pub fn quirks_of(&self, bucket: &str) -> Quirks {
        self.bucket(bucket).quirks
    }

    /// The access key in use, shortened, and where the profile was taken from: for messages about credentials.
    pub async fn credentials_hint(&self) -> String {
        use aws_sdk_s3::config::ProvideCredentials as _;
        let profile = std::env::var("AWS_PROFILE").map_or_else(|_| "no AWS_PROFILE".to_owned(), |name| format!("AWS_PROFILE={name}"));
        let Some(provider) = self.base.credentials_provider() else { return profile };
        match provider.provide_credentials().await {
            Ok(found) => {
                let id: String = found.access_key_id().chars().take(8).collect();
                let source = if std::env::var_os("AWS_ACCESS_KEY_ID").is_some() { "AWS_ACCESS_KEY_ID".to_owned() } else { profile };
                format!("access key {id}… from {source}")
            }
            // What went wrong with them is in the error that this hint stands below.
            Err(_) => profile,
        }
    }

    /// A client for the region of a key: that of its ARN, else the one in use.
    fn kms(&self, key: &str) -> aws_sdk_kms::Client {
        let region = key.split(':').nth(3).filter(|region| !region.is_empty()).map(|region| Region::new(region.to_owned()));
        let mut builder = aws_sdk_kms::config::Builder::from(self.config_of_key(key)).interceptor(KMS).interceptor(self.sent.clone());
        if let Some(region) = region {
            builder = builder.region(region);
        }
        aws_sdk_kms::Client::from_conf(builder.build())
    }

    /// `ACCOUNT/ISSUER` → the ARN of the provider, in the partition of the region in use.
    fn provider_arn(&self, name: &str) -> String {
        let partition = Partition::of_region(self.base.region().map(AsRef::as_ref).unwrap_or_default());
        let (account, issuer) = name.split_once('/').unwrap_or_default();
        format!("arn:{}:iam::{account}:oidc-provider/{issuer}", partition.as_str())
    }

    fn bucket(&self, name: &str) -> &Bucket {
        self.buckets.get(name).unwrap_or(&self.default)
    }
}

fn sts_client(base: &SdkConfig, sent: &Sent) -> aws_sdk_sts::Client {
    aws_sdk_sts::Client::from_conf(aws_sdk_sts::config::Builder::from(base).interceptor(STS).interceptor(sent.clone()).build())
}

fn iam_client(base: &SdkConfig, sent: &Sent) -> aws_sdk_iam::Client {
    aws_sdk_iam::Client::from_conf(aws_sdk_iam::config::Builder::from(base).interceptor(Guard).interceptor(sent.clone()).build())
}

fn environment_endpoint(base: &SdkConfig) -> Option<String> {
    std::env::var("AWS_ENDPOINT_URL_S3").ok().or_else(|| base.endpoint_url().map(str::to_owned))
}

fn bucket(base: &SdkConfig, place: Option<&BucketPlace>, sent: &Sent) -> Bucket {
    let attempt = base.timeout_config().and_then(TimeoutConfig::operation_attempt_timeout).unwrap_or(ATTEMPT);
    let endpoint = place.and_then(|place| place.endpoint.clone());
    let effective = endpoint.clone().or_else(|| environment_endpoint(base));
    let quirks = quirks::of(effective.as_deref());
    let config = |timeouts: Option<TimeoutConfig>| {
        let mut builder =
            aws_sdk_s3::config::Builder::from(base).force_path_style(quirks.path_style).interceptor(Guard).interceptor(sent.clone()).interceptor(Keep);
        if let Some(place) = place {
            builder = builder.region(Region::new(place.region.clone()));
        }
        builder.set_endpoint_url(effective.clone());
        if let Some(timeouts) = timeouts {
            builder = builder.timeout_config(timeouts);
        }
        aws_sdk_s3::Client::from_conf(builder.build())
    };
    Bucket {
        control: config(None),
        data: config(Some(Waits::of(attempt).data())),
        account: place.and_then(|place| place.account.clone()),
        region: place.map(|place| place.region.clone()).or_else(|| base.region().map(ToString::to_string)),
        endpoint: effective,
        quirks,
    }
}

#[cfg(test)]
mod tests;
