//! What lifeboat made and no policy wants any more. It is reported; with `--prune`, what bears our mark and serves no
//! backup any more is removed.
//!
//! A lifecycle rule outlives its policy until its last backup is gone: released backups go by it. Buckets and objects are
//! never removed.

use crate::model::document::Document;
use crate::model::fact::Fact;
use crate::model::id::ResourceId;
use crate::model::lifecycle::Lifecycle;
use crate::model::request::ReadOp;
use crate::model::resource::{BucketWish, Observed, ResourceWish, SeenBackup};
use crate::model::units::{bytes, plural};
use crate::settings::bucket_lifecycle::{Left, left};

/// One thing that is left over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leftover {
    /// Where it is.
    pub resource: ResourceId,
    /// What it is: `rule lifeboat/orders/old:daily`, `backups orders/old/`.
    pub name: String,
    /// Why it is there still, or what removes it.
    pub sentence: String,
    /// Whether `--prune` removes it.
    pub removable: bool,
}

/// What is left over in a bucket.
pub(super) fn of(wish: &ResourceWish, observed: &Observed) -> Vec<Leftover> {
    let ResourceWish::Bucket(bucket) = wish else { return Vec::new() };
    let id = wish.id();
    let live = observed.resources.get(&id).map(|resource| resource.fact(ReadOp::BucketLifecycle));
    let live = live.as_ref().and_then(Fact::known).and_then(Document::to::<Lifecycle>).unwrap_or_default();
    let rules = left(bucket, &live).into_iter().map(|rule| of_rule(&id, bucket, &rule, observed));
    rules.chain(old_sets(&id, bucket, observed)).collect()
}

/// The live rules without those that `--prune` removes.
pub(super) fn pruned(wish: &ResourceWish, live: &Document, observed: &Observed) -> Document {
    let (ResourceWish::Bucket(bucket), Some(mut lifecycle)) = (wish, live.to::<Lifecycle>()) else { return live.clone() };
    let gone: Vec<String> = left(bucket, &lifecycle).into_iter().filter(|rule| remaining(bucket, rule, observed).is_none()).map(|rule| rule.id).collect();
    lifecycle.rules.retain(|rule| !gone.contains(&rule.id));
    Document::of(&lifecycle)
}

/// The backups that a rule still serves.
enum Remaining {
    /// None is left.
    None,
    /// So many, of so many bytes.
    Some(usize, u64),
    /// Nobody can say.
    Unknown(String),
}

impl Remaining {
    fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }
}

fn remaining(bucket: &BucketWish, rule: &Left, observed: &Observed) -> Remaining {
    let tenant = bucket.tenants.iter().any(|tenant| tenant.policy == rule.policy);
    let seen = if tenant { observed.backups.get(&rule.policy) } else { observed.left.get(&(bucket.name.clone(), rule.policy.clone())) };
    let of_set = |backups: &[SeenBackup]| {
        let mine: Vec<&SeenBackup> = backups.iter().filter(|backup| rule.set.as_ref().is_none_or(|set| *set == backup.set)).collect();
        match mine.len() {
            0 => Remaining::None,
            count => Remaining::Some(count, mine.iter().map(|backup| backup.bytes).sum()),
        }
    };
    match seen {
        Some(Fact::Known(backups)) => of_set(backups),
        Some(Fact::Absent) => Remaining::None,
        Some(Fact::Unknown(why)) => Remaining::Unknown(why.to_string()),
        None => Remaining::Unknown(format!("nothing says any more where policy `{}` kept them", rule.policy)),
    }
}

fn of_rule(id: &ResourceId, bucket: &BucketWish, rule: &Left, observed: &Observed) -> Leftover {
    let (sentence, removable) = match remaining(bucket, rule, observed) {
        Remaining::None => ("no policy wants it and no backup is left for it: --prune removes it".to_owned(), true),
        Remaining::Some(count, size) => (format!("no policy wants it; it stays while {} ({}) remain", plural(count as u64, "backup"), bytes(size)), false),
        Remaining::Unknown(why) => (format!("no policy wants it; it stays, as the backups that it may serve are not known: {why}"), false),
    };
    Leftover { resource: id.clone(), name: format!("rule {}", rule.id), sentence, removable }
}

/// Sets that left their policy, or were renamed, with backups under the old name.
fn old_sets(id: &ResourceId, bucket: &BucketWish, observed: &Observed) -> Vec<Leftover> {
    let mut out = Vec::new();
    for tenant in &bucket.tenants {
        let Some(Fact::Known(backups)) = observed.backups.get(&tenant.policy) else { continue };
        let mut names: Vec<&str> = backups.iter().map(|backup| backup.set.as_str()).filter(|name| tenant.sets.iter().all(|set| set.name != *name)).collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            let mine = backups.iter().filter(|backup| backup.set == name);
            let (count, size) = mine.fold((0, 0), |(count, size), backup| (count + 1, size + backup.bytes));
            out.push(Leftover {
                resource: id.clone(),
                name: format!("backups {}{name}/", tenant.prefix),
                sentence: format!(
                    "no set of policy `{}` has this name; {} ({}) stay until somebody releases them",
                    tenant.policy,
                    plural(count, "backup"),
                    bytes(size)
                ),
                removable: false,
            });
        }
    }
    out
}

mod roles;

pub(super) use roles::roles;

#[cfg(test)]
mod tests;
