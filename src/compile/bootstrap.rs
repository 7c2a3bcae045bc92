//! The minimum that must exist before the first plan in CI: what the ordinary plan holds, because only a person may make it.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::aspects::Versioning;
use crate::model::policy::Trust;
use crate::model::resource::{BucketWish, Desired, GITHUB_OIDC, ProviderWish, ResourceWish, RoleWish};
use crate::policy::Loaded;

/// The OIDC providers that the trusts of roles need, by account.
pub(super) fn providers(roles: &[RoleWish]) -> Vec<ResourceWish> {
    let mut found: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for role in roles {
        let github = role.trust.iter().any(|trust| matches!(trust, Trust::Github(_)));
        if let Some(account) = role.account.as_ref().filter(|_| github) {
            found.entry((account.clone(), GITHUB_OIDC.to_owned())).or_default().insert(role.policy.clone());
        }
    }
    let wish = |((account, issuer), policies)| ResourceWish::Provider(ProviderWish { account, issuer, policies, bootstrap_only: true });
    found.into_iter().map(wish).collect()
}

/// What a person makes before anything else: the evidence bucket, providers, and the roles of the repository.
pub fn bootstrap(loaded: &Loaded, desired: &Desired) -> Desired {
    let released = |wish: &ResourceWish| match wish {
        ResourceWish::Role(role) if role.bootstrap_only => Some(ResourceWish::Role(RoleWish { bootstrap_only: false, ..role.clone() })),
        ResourceWish::Provider(provider) => Some(ResourceWish::Provider(ProviderWish { bootstrap_only: false, ..provider.clone() })),
        ResourceWish::Role(_) | ResourceWish::Bucket(_) => None,
    };
    let mut resources: Vec<ResourceWish> = evidence(loaded, desired).map(ResourceWish::Bucket).into_iter().collect();
    resources.extend(desired.resources.iter().filter_map(released));
    Desired { resources, ..desired.clone() }
}

/// The evidence bucket, unless a policy manages it.
fn evidence(loaded: &Loaded, desired: &Desired) -> Option<BucketWish> {
    let place = loaded.repository.as_ref()?.spec.evidence.as_ref()?;
    let managed = desired.resources.iter().any(|wish| matches!(wish, ResourceWish::Bucket(bucket) if bucket.name == place.bucket));
    (!managed).then(|| BucketWish {
        ownership: Some(crate::model::aspects::Ownership::BucketOwnerEnforced),
        guard: None,
        object_lock: None,
        access_log: None,
        replication: None,
        name: place.bucket.clone(),
        account: place.account.clone(),
        region: place.region.clone(),
        endpoint: None,
        create: true,
        versioning: Some(Versioning::Enabled),
        encryption: None,
        public_access: true,
        skip_unsupported: false,
        not_taken: &[],
        tags: BTreeMap::new(),
        tenants: Vec::new(),
    })
}
