//! What the rules about the bucket that receives copies share. It judges nothing by itself.

use crate::model::fact::{Fact, Why};
use crate::model::id::ResourceId;
use crate::model::lifecycle::{EXPIRE_TAG, Lifecycle, Rule};
use crate::model::request::ReadOp;
use crate::model::resource::{BucketWish, Observed};
use crate::policy::LoadedPolicy;
use crate::settings::bucket_lifecycle::tiers;

/// The name of the replica with its lifecycle rules, or why they are not known; none when nobody asked.
pub(super) fn live<'a>(bucket: &'a BucketWish, observed: &Observed) -> Option<(&'a str, Result<Lifecycle, String>)> {
    let name = &bucket.replication.as_ref()?.bucket;
    let fact = observed.resources.get(&ResourceId::Bucket(name.clone()))?.fact(ReadOp::BucketLifecycle);
    let found = match fact {
        Fact::Unknown(Why::NotAsked) => return None,
        Fact::Unknown(why) => Err(why.to_string()),
        Fact::Absent => Ok(Lifecycle::default()),
        Fact::Known(document) => document.to::<Lifecycle>().ok_or_else(|| "the answer is not understood".to_owned()),
    };
    Some((name, found))
}

/// Each backup set's folder with the days that its longest tier lives.
pub(super) fn longest_tiers(policy: &LoadedPolicy) -> Vec<(String, i32)> {
    let spec = &policy.policy.spec;
    let longest = |set: &crate::model::policy::BackupSet| tiers(&set.retention).into_iter().map(|(_, days, _)| days).max();
    spec.backups.iter().filter_map(|(name, set)| Some((format!("{}{name}/", spec.storage.prefix), longest(set)?))).collect()
}

/// Whether a rule acts on all keys below a folder.
pub(super) fn covers(rule: &Rule, folder: &str) -> bool {
    rule.filter.covers(folder) && rule.filter.larger_than.is_none() && rule.filter.smaller_than.is_none()
}

/// Whether a rule acts on any key below a folder.
pub(super) fn meets(rule: &Rule, folder: &str) -> bool {
    rule.filter.covers(folder) || rule.filter.prefix.as_deref().is_some_and(|prefix| prefix.starts_with(folder))
}

/// Whether a rule expires what bears the release tag.
pub(super) fn by_release_tag(rule: &Rule) -> bool {
    rule.expiration.is_some() && rule.filter.tags.iter().any(|tag| tag.key == EXPIRE_TAG)
}
