//! Roles of other accounts that are taken on: what is asked and changed there goes with credentials of that account.
//!
//! Each is taken on once before anything else is asked, so that one that cannot be is told by its name. Everything that no
//! policy gives to such a role goes with the credentials of the environment, as before.

use aws_config::SdkConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_sdk_s3::config::{ProvideCredentials as _, SharedCredentialsProvider};

use super::{Aws, Bucket, bucket, iam_client};
use crate::model::causes::causes;
use crate::model::resource::{Assumed, BucketPlace};
use crate::ports::{Kind, PortError};

/// Clients with the credentials of another account.
#[derive(Debug)]
pub(super) struct Elsewhere {
    what: Assumed,
    config: SdkConfig,
    iam: aws_sdk_iam::Client,
}

impl Aws {
    /// Takes these roles on; `session` is the name under which that account's log shows us. `places` are those that were
    /// connected to.
    ///
    /// # Errors
    /// When one cannot be taken on.
    pub async fn assuming(mut self, wanted: &[Assumed], places: &[BucketPlace], session: &str) -> Result<Self, PortError> {
        for what in wanted {
            let mut role = AssumeRoleProvider::builder(&what.role).session_name(session).configure(&self.base);
            if let Some(id) = &what.external_id {
                role = role.external_id(id);
            }
            let credentials = SharedCredentialsProvider::new(Box::pin(role.build()).await);
            credentials.provide_credentials().await.map_err(|error| PortError {
                what: format!("AssumeRole {}", what.role),
                kind: Kind::Refused,
                message: causes(&error),
                maybe_done: false,
            })?;
            let config = self.base.to_builder().credentials_provider(credentials).build();
            for place in places.iter().filter(|place| what.buckets.contains(&place.name)) {
                let quirks = self.quirks_of(&place.name);
                self.buckets.insert(place.name.clone(), Bucket { quirks, ..bucket(&config, Some(place)) });
            }
            self.elsewhere.push(Elsewhere { what: what.clone(), iam: iam_client(&config), config });
        }
        Ok(self)
    }

    /// The client for a role of this name.
    pub(super) fn iam(&self, role: &str) -> &aws_sdk_iam::Client {
        self.elsewhere.iter().find(|other| other.what.roles.contains(role)).map_or(&self.iam, |other| &other.iam)
    }

    /// The client for an OIDC provider, `ACCOUNT/ISSUER`.
    pub(super) fn iam_of_provider(&self, name: &str) -> &aws_sdk_iam::Client {
        let account = name.split_once('/').map(|(account, _)| account);
        let other = self.elsewhere.iter().find(|other| Some(other.what.account.as_str()) == account);
        other.map_or(&self.iam, |other| &other.iam)
    }

    /// The configuration for a key.
    pub(super) fn config_of_key(&self, key: &str) -> &SdkConfig {
        self.elsewhere.iter().find(|other| other.what.keys.contains(key)).map_or(&self.base, |other| &other.config)
    }
}
