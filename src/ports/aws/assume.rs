//! Roles of other accounts that are taken on: what is asked and changed there goes with credentials of that account.
//!
//! Each is taken on once before anything else is asked, so that one that cannot be is told by its name. Nothing of such a role is
//! ever asked with other credentials: where nothing is to be changed, all of it is refused, and the rest goes on. Everything that
//! no policy gives to such a role goes with the credentials of the environment, as before.

use aws_config::SdkConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};

use super::error::port;
use super::{Aws, Bucket, bucket, iam_client};
use crate::model::resource::{Assumed, BucketPlace};
use crate::ports::PortError;

/// Words before the name of a role that cannot be taken on: nobody was asked then.
pub(super) const SHUT: &str = "no credentials of";

/// Why there are no credentials of a role.
#[derive(Debug)]
struct Shut(String);

impl ProvideCredentials for Shut {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::ready(Err(CredentialsError::provider_error(self.0.clone())))
    }
}

/// Clients with the credentials of another account.
#[derive(Debug)]
pub(super) struct Elsewhere {
    what: Assumed,
    config: SdkConfig,
    iam: aws_sdk_iam::Client,
}

impl Aws {
    /// Takes these roles on; `session` is the name under which that account's log shows us. `places` are those that were
    /// connected to. With `all`, each must be had; without it everything of one that cannot be is refused.
    ///
    /// # Errors
    /// With `all`, when one cannot be taken on.
    pub async fn assuming(mut self, wanted: &[Assumed], places: &[BucketPlace], session: &str, all: bool) -> Result<Self, PortError> {
        for what in wanted {
            let mut role = AssumeRoleProvider::builder(&what.role).session_name(session).configure(&self.base);
            if let Some(id) = &what.external_id {
                role = role.external_id(id);
            }
            let asked = self.sts.assume_role().role_arn(&what.role).role_session_name(session).set_external_id(what.external_id.clone());
            let had = asked.send().await.map_err(|error| port(&format!("AssumeRole {}", what.role), error));
            let credentials = match had {
                Ok(_) => SharedCredentialsProvider::new(Box::pin(role.build()).await),
                Err(error) if all => return Err(error),
                Err(error) => SharedCredentialsProvider::new(Shut(format!("{SHUT} {}: {}", what.role, error.message))),
            };
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
