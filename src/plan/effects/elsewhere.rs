//! What is left of restore points that go: bytes that a lock keeps, and copies in another bucket. It never counts them as safe: neither
//! locks nor copies are listed with the objects, so both are said beside the loss and take nothing off it.

use jiff::Timestamp;

use super::compare::{Gone, tag};
use super::moment;
use crate::catalog::timeline::{Forecast, Keeping, World, versions};
use crate::model::aspects::{LockRetention, ObjectLock, Versioning};
use crate::model::document::Document;
use crate::model::fact::{Fact, Why};
use crate::model::id::ResourceId;
use crate::model::lifecycle::{Lifecycle, Tag};
use crate::model::replication::Replication;
use crate::model::request::ReadOp;
use crate::model::resource::{BucketWish, Observed, Tenant};

const DAY: i64 = 86_400;

/// Until when the bucket's own lock keeps the bytes of the last of them to be locked. It counts only for what was written since it is
/// there, and a longer one of a single object is not asked for: hence "at least", and only "where".
pub(super) fn locked(bucket: &BucketWish, gone: &[Gone<'_>], observed: &Observed) -> Option<String> {
    let document = fact(&bucket.name, ReadOp::BucketObjectLock, observed).known().cloned()?;
    let days = days(document.to::<ObjectLock>()?.retention?);
    let ends = gone.iter().filter_map(|gone| Timestamp::from_second(gone.backup.oldest.as_second() + i64::from(days) * DAY).ok());
    let end = ends.max().filter(|end| *end > observed.at)?;
    Some(format!("; where they were written under the bucket's lock of {days} d their bytes stay that long at least, the last of them until {}", moment(end)))
}

fn days(retention: LockRetention) -> i32 {
    retention.days.unwrap_or(0).saturating_add(retention.years.unwrap_or(0).saturating_mul(365))
}

/// Until when copies in the replica live, by its own rules. What expires here is not deleted there: delete markers that lifecycle rules
/// make are not replicated (S3 User Guide, replication-what-is-isnt-replicated).
pub(super) fn copied(bucket: &BucketWish, tenant: &Tenant, gone: &[Gone<'_>], observed: &Observed) -> Option<String> {
    let replica = &bucket.replication.as_ref()?.bucket;
    let live = fact(&bucket.name, ReadOp::BucketReplication, observed).known()?.to::<Replication>()?;
    let arn = format!("arn:aws:s3:::{replica}");
    let copies =
        |key: &String| live.rules.iter().any(|rule| rule.enabled && rule.destination.bucket == arn && rule.filter.tags.is_empty() && rule.filter.covers(key));
    if !gone.iter().flat_map(|gone| gone.backup.keys.keys()).all(copies) {
        return None;
    }
    let rules = match fact(replica, ReadOp::BucketLifecycle, observed) {
        Fact::Known(document) => document.to::<Lifecycle>()?,
        Fact::Absent => Lifecycle::default(),
        Fact::Unknown(Why::NotAsked) => return None,
        Fact::Unknown(_) => return Some(format!("; how long `{replica}` keeps copies is not known: its rules could not be read")),
    };
    let until = kept(&rules, fact(replica, ReadOp::BucketVersioning, observed).known(), tenant, gone, observed);
    Some(match until {
        None => format!("; copies in `{replica}`, where they were made, stay: no rule there ends them"),
        Some(until) if until <= observed.at => format!("; copies in `{replica}` are due by its own rules too"),
        Some(until) => format!("; copies in `{replica}`, where they were made, stay until {} at least", moment(until)),
    })
}

/// The first end of a copy, whatever its tag: tags are copied too.
fn kept(rules: &Lifecycle, versioning: Option<&Document>, tenant: &Tenant, gone: &[Gone<'_>], observed: &Observed) -> Option<Timestamp> {
    let versioning = versioning.and_then(|document| document.to::<Versioning>());
    let mfa_delete = versioning == Some(Versioning::EnabledWithMfa);
    let forecast = Forecast::new(&World { rules, keeping: Keeping::Enabled, mfa_delete, now: observed.at });
    let of_policy = format!("{}/", tenant.policy);
    let known = rules.rules.iter().flat_map(|rule| &rule.filter.tags).filter(|tag| tag.value.starts_with(&of_policy));
    let tags: Vec<Vec<Tag>> = std::iter::once(tag(None)).chain(known.map(|known| tag(Some(&known.value)))).collect();
    let ends = gone.iter().flat_map(|gone| tags.iter().filter_map(|tags| forecast.standing(&versions(gone.backup, tags, Keeping::Enabled)).restorable_until));
    ends.min()
}

fn fact(bucket: &str, op: ReadOp, observed: &Observed) -> Fact<Document> {
    let id = ResourceId::Bucket(bucket.to_owned());
    observed.resources.get(&id).map_or(Fact::Unknown(Why::NotAsked), |seen| seen.fact(op))
}
