//! The other S3s of the sandbox, moto and SeaweedFS, beside ministack: one conformance suite for all.

use std::sync::Arc;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};
use lifeboat::model::resource::BucketPlace;
use lifeboat::ports::Ports;
use lifeboat::ports::aws::Aws;
use lifeboat::ports::system::{SystemClock, SystemEntropy};

use super::cli::sandbox;

const REGION: &str = "eu-west-1";

/// A server of the sandbox and the keys of its administrator.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    /// Its kind, as the tables of `ports` name it.
    pub(crate) name: &'static str,
    pub(crate) url: String,
    key: String,
    secret: String,
}

impl Server {
    pub(crate) fn moto() -> Self {
        Self::of("moto", "MOTO")
    }

    pub(crate) fn seaweedfs() -> Self {
        Self::of("SeaweedFS", "SEAWEEDFS")
    }

    /// With the keys of profile `admin`.
    pub(crate) fn ministack() -> Self {
        let text = std::fs::read_to_string(sandbox("AWS_SHARED_CREDENTIALS_FILE")).unwrap();
        let (_, admin) = text.split_once("[admin]\n").unwrap();
        let value = |name: &str| admin.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = ")).unwrap().to_owned();
        let (key, secret) = (value("aws_access_key_id"), value("aws_secret_access_key"));
        Self { name: "ministack", url: sandbox("AWS_ENDPOINT_URL"), key, secret }
    }

    fn of(name: &'static str, variable: &str) -> Self {
        let value = |part: &str| sandbox(&format!("LIFEBOAT_TEST_{variable}_{part}"));
        Self { name, url: value("URL"), key: value("KEY"), secret: value("SECRET") }
    }

    /// Everything that leads the binary to this server, or to what stands before it.
    pub(crate) fn environment(&self, url: &str) -> [(&'static str, String); 6] {
        let none = || "/dev/null".to_owned();
        [
            ("AWS_ENDPOINT_URL", url.to_owned()),
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_ACCESS_KEY_ID", self.key.clone()),
            ("AWS_SECRET_ACCESS_KEY", self.secret.clone()),
            ("AWS_CONFIG_FILE", none()),
            ("AWS_SHARED_CREDENTIALS_FILE", none()),
        ]
    }

    /// A client of the test's own.
    pub(crate) fn client(&self) -> Client {
        Client::from_conf(aws_sdk_s3::config::Builder::from(&self.config_at(&self.url)).force_path_style(true).build())
    }

    pub(crate) fn config_at(&self, url: &str) -> SdkConfig {
        let keys = Credentials::new(&self.key, &self.secret, None, None, "sandbox");
        let config = SdkConfig::builder().behavior_version(BehaviorVersion::latest()).region(Region::new(REGION)).endpoint_url(url);
        config.credentials_provider(SharedCredentialsProvider::new(keys)).build()
    }

    /// Ports of lifeboat at this server, or at what stands before it.
    pub(crate) async fn ports_at(&self, url: &str, bucket: &str) -> Ports {
        let place = BucketPlace { name: bucket.to_owned(), account: None, region: REGION.to_owned(), endpoint: None };
        let aws = Arc::new(Aws::with(self.config_at(url), &[place]).await);
        Ports { cloud: aws.clone(), objects: aws, clock: Arc::new(SystemClock), entropy: Arc::new(SystemEntropy) }
    }
}
