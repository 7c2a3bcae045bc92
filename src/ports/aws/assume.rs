//! Roles of other accounts that are taken on: what is asked and changed there goes with credentials of that account.
//!
//! Each is taken on once before anything else is asked, so that one that cannot be is told by its name. Nothing of such a role is
//! ever asked with other credentials: where nothing is to be changed, all of it is refused, and the rest goes on. Everything that
//! no policy gives to such a role goes with the credentials of the environment, as before.

use std::time::SystemTime;

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};

use super::error::port;
use super::{Aws, Bucket, bucket, iam_client};
use crate::model::resource::{Assumed, BucketPlace};
use crate::ports::{Kind, PortError};

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

/// Takes a role on whenever credentials run out, through the STS client that may send nothing else: the provider of the SDK makes a client of
/// its own, which no list limits.
#[derive(Clone, Debug)]
struct TakenOn {
    sts: aws_sdk_sts::Client,
    role: String,
    session: String,
    external_id: Option<String>,
}

impl TakenOn {
    async fn ask(&self) -> Result<Credentials, PortError> {
        let what = format!("AssumeRole {}", self.role);
        let asked = self.sts.assume_role().role_arn(&self.role).role_session_name(&self.session).set_external_id(self.external_id.clone());
        let answer = asked.send().await.map_err(|error| port(&what, error))?;
        let not = |message: &str| PortError { what: what.clone(), kind: Kind::NotUnderstood, message: message.to_owned(), maybe_done: false };
        let found = answer.credentials().ok_or_else(|| not("the answer holds no credentials"))?;
        let until = SystemTime::try_from(*found.expiration()).map_err(|_| not("the answer does not say until when they hold"))?;
        Ok(Credentials::new(found.access_key_id(), found.secret_access_key(), Some(found.session_token().to_owned()), Some(until), "AssumeRole"))
    }
}

impl ProvideCredentials for TakenOn {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async move {
            self.ask().await.map_err(|error| CredentialsError::provider_error(format!("{}: {}", error.what, error.message)))
        })
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
            let role = TakenOn { sts: self.sts.clone(), role: what.role.clone(), session: session.to_owned(), external_id: what.external_id.clone() };
            let credentials = match role.ask().await {
                Ok(_) => SharedCredentialsProvider::new(role),
                Err(error) if all => return Err(error),
                Err(error) => SharedCredentialsProvider::new(Shut(format!("{SHUT} {}: {}", what.role, error.message))),
            };
            let config = self.base.to_builder().credentials_provider(credentials).build();
            for place in places.iter().filter(|place| what.buckets.contains(&place.name)) {
                let quirks = self.quirks_of(&place.name);
                self.buckets.insert(place.name.clone(), Bucket { quirks, ..bucket(&config, Some(place), &self.sent) });
            }
            self.elsewhere.push(Elsewhere { what: what.clone(), iam: iam_client(&config, &self.sent), config });
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

#[cfg(test)]
mod tests;
