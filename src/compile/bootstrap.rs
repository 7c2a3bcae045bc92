//! The minimum that must exist before the first plan in CI: what the ordinary plan holds, because only a person may make it.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::aspects::{Ownership, Versioning};
use crate::model::policy::Trust;
use crate::model::resource::{BucketWish, Desired, GITHUB_OIDC, ProviderWish, ResourceWish, RolePlaces, RoleWish};
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

/// What a person makes before anything else: the buckets of evidence and control, providers, and the roles of the repository.
pub fn bootstrap(loaded: &Loaded, desired: &Desired) -> Desired {
    let released = |wish: &ResourceWish| match wish {
        ResourceWish::Role(role) if role.bootstrap_only => Some(ResourceWish::Role(RoleWish { bootstrap_only: false, ..role.clone() })),
        ResourceWish::Provider(provider) => Some(ResourceWish::Provider(ProviderWish { bootstrap_only: false, ..provider.clone() })),
        ResourceWish::Role(_) | ResourceWish::Bucket(_) => None,
    };
    let mut resources: Vec<ResourceWish> = kept(loaded, desired).into_values().map(ResourceWish::Bucket).collect();
    resources.extend(desired.resources.iter().filter_map(released));
    // It adds what is missing and looks for nothing else.
    Desired { resources, roles: RolePlaces::default(), ..desired.clone() }
}

/// The buckets of evidence and control by name, but for those that a policy manages.
fn kept(loaded: &Loaded, desired: &Desired) -> BTreeMap<String, BucketWish> {
    let Some(spec) = loaded.repository.as_ref().map(|repository| &repository.spec) else { return BTreeMap::new() };
    let managed = |name: &str| desired.resources.iter().any(|wish| matches!(wish, ResourceWish::Bucket(bucket) if bucket.name == name));
    let control = spec.control.iter().map(|place| (&place.bucket, &place.account, &place.region));
    // Behind, so that in one bucket what is said of the evidence holds.
    let places = control.chain(spec.evidence.iter().map(|place| (&place.bucket, &place.account, &place.region)));
    let wish = |name: &String, account: &Option<String>, region: &String| BucketWish {
        name: name.clone(),
        account: account.clone(),
        region: region.clone(),
        endpoint: None,
        create: true,
        versioning: Some(Versioning::Enabled),
        encryption: None,
        public_access: true,
        ownership: Some(Ownership::BucketOwnerEnforced),
        guard: None,
        object_lock: None,
        access_log: None,
        replication: None,
        tags: BTreeMap::new(),
        skip_unsupported: false,
        not_taken: &[],
        tenants: Vec::new(),
    };
    places.filter(|(name, _, _)| !managed(name)).map(|(name, account, region)| (name.clone(), wish(name, account, region))).collect()
}
