//! Which roles of other accounts are taken on, and for what. Only `plan` and `apply` do: whoever backs up or restores has a role
//! of its own.

use std::collections::BTreeMap;

use super::select::Selection;
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
    let mut found: BTreeMap<(String, Option<String>), Assumed> = BTreeMap::new();
    for policy in &loaded.policies {
        let spec = &policy.policy.spec;
        if !selection.takes(&policy.name, &spec.storage.bucket) {
            continue;
        }
        let Some(wish) = &spec.storage.assume_role else { continue };
        let role = match act {
            Act::Plan => &wish.plan.0,
            Act::Apply => &wish.apply.0,
        };
        let one = found.entry((role.clone(), wish.external_id.clone())).or_insert_with(|| Assumed {
            role: role.clone(),
            external_id: wish.external_id.clone(),
            account: spec.storage.account.clone().unwrap_or_default(),
            ..Assumed::default()
        });
        one.buckets.insert(spec.storage.bucket.clone());
        one.keys.extend(spec.storage.encryption.iter().filter_map(|encryption| encryption.key.clone()));
        one.roles.extend(spec.access.iter().flat_map(|access| [&access.writer, &access.keeper, &access.restorer]).map(|role| role.role.clone()));
    }
    found.into_values().collect()
}

#[cfg(test)]
mod tests;
