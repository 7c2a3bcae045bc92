//! Which roles of other accounts are taken on, and for what. Only `plan` and `apply` do: whoever backs up or restores has a role
//! of its own.

use std::collections::BTreeMap;

use super::select::Selection;
use crate::model::policy::{Access, Storage};
use crate::model::resource::Assumed;
use crate::policy::Loaded;

/// What is to be done there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Look.
    Plan,
    /// Change.
    Apply,
}

impl Act {
    /// The name of the session, in the log of that account.
    pub(super) fn session(self) -> &'static str {
        match self {
            Self::Plan => "lifeboat-plan",
            Self::Apply => "lifeboat-apply",
        }
    }
}

/// The roles to take on, each once, with everything that is theirs.
pub(super) fn assumed(loaded: &Loaded, act: Act, selection: &Selection) -> Vec<Assumed> {
    let mut found = Found::new();
    for policy in &loaded.policies {
        let spec = &policy.policy.spec;
        if !selection.takes(&policy.name, &spec.storage.bucket) {
            continue;
        }
        replica(loaded, &spec.storage, &mut found);
        let Some(wish) = &spec.storage.assume_role else { continue };
        let role = match act {
            Act::Plan => &wish.plan.0,
            Act::Apply => &wish.apply.0,
        };
        let one = entry(&mut found, role, wish.external_id.as_ref());
        one.account = spec.storage.account.clone().unwrap_or_default();
        one.buckets.insert(spec.storage.bucket.clone());
        one.keys.extend(spec.storage.encryption.iter().filter_map(|encryption| encryption.key.clone()));
        one.roles.extend(spec.access.iter().flat_map(Access::named).map(|(_, role)| role.role.clone()));
        // The role that copies is of the account of the originals.
        one.roles.extend(spec.storage.replication.iter().filter_map(|replica| Some(replica.role.0.rsplit_once('/')?.1.to_owned())));
    }
    found.into_values().collect()
}

/// Roles by their ARN and external id.
type Found = BTreeMap<(String, Option<String>), Assumed>;

fn entry<'a>(found: &'a mut Found, role: &str, external_id: Option<&String>) -> &'a mut Assumed {
    let key = (role.to_owned(), external_id.cloned());
    found.entry(key).or_insert_with(|| Assumed { role: role.to_owned(), external_id: external_id.cloned(), ..Assumed::default() })
}

/// The role for the replica of a bucket, and for nothing else of its account. Where the replica is the bucket of a policy too, that policy says who looks at it.
fn replica(loaded: &Loaded, storage: &Storage, found: &mut Found) {
    let Some((replica, wish)) = storage.replication.as_ref().and_then(|replica| Some((replica, replica.assume_role.as_ref()?))) else { return };
    if loaded.policies.iter().all(|other| other.policy.spec.storage.bucket != replica.bucket) {
        entry(found, &wish.role.0, wish.external_id.as_ref()).buckets.insert(replica.bucket.clone());
    }
}

#[cfg(test)]
mod tests;
