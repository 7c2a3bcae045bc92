//! What lay in a bucket at a moment that is over, as far as versions and delete markers still tell it. Pure.
//!
//! It must never take what left no trace for what was not there: of a repository in which that may be so nothing is said but why.

use jiff::Timestamp;

use crate::catalog::layout;
use crate::catalog::physical::{self, Engine, Place};
use crate::model::aspects::Versioning;
use crate::model::lifecycle::{EXPIRE_TAG, Lifecycle, Rule};
use crate::model::policy::Storage;
use crate::model::resource::SeenBackup;
use crate::ports::VersionInfo;

/// The backups below a prefix as a listing would have shown them then. `versions` are by key, the newest first.
pub fn listed(versions: &[VersionInfo], prefix: &str, at: Timestamp) -> Vec<SeenBackup> {
    layout::backups(prefix, visible(versions, at).map(|version| (version.key.as_str(), version.bytes, version.modified)))
}

/// The version of each object that was the current one then.
fn visible(versions: &[VersionInfo], at: Timestamp) -> impl Iterator<Item = &VersionInfo> {
    let stacks = versions.chunk_by(|a, b| a.key == b.key);
    stacks.filter_map(move |stack| stack.iter().find(|version| version.modified <= at).filter(|version| !version.marker))
}

/// What was the current version then of each object of a repository; its metadata is to be read by these.
///
/// # Errors
/// Why that is not known: the list of its backups has no version that old any more, and other objects of it have.
pub fn repository<'a>(place: &Place, versions: &'a [VersionInfo], at: Timestamp) -> Result<Vec<&'a VersionInfo>, String> {
    let then: Vec<&VersionInfo> = visible(versions, at).filter(|version| physical::is_of(place, &version.key)).collect();
    // pgBackRest writes its list before anything else, and again with each backup; what the others write of a backup they write once.
    let untold = place.engine == Engine::Pgbackrest && physical::metadata(place, then.iter().map(|version| version.key.as_str())).is_empty();
    let list = format!("{}backup.info", place.backups());
    let is_old = |version: &VersionInfo| version.key.starts_with(&list) && version.modified <= at;
    // One that was deleted by then left a delete marker.
    if untold && !then.is_empty() && !versions.iter().any(is_old) {
        return Err(format!("no version of {list} from then is left, and other objects of the repository are"));
    }
    Ok(then)
}

/// Why it is not known what a repository held at a moment: some of what was there then may be gone without a trace. `live` are the rules of
/// its bucket and its versioning, as they are.
pub fn untold(place: &Place, storage: &Storage, live: &(Lifecycle, Option<Versioning>), at: Timestamp, now: Timestamp) -> Option<String> {
    let (rules, versioning) = live;
    if !keeps(*versioning) {
        return Some(format!("{}, so what was overwritten or deleted since then is gone", without(*versioning)));
    }
    let meets = |rule: &&Rule| {
        let prefix = rule.filter.prefix.as_deref().unwrap_or_default();
        let is_ours = rule.filter.tags.iter().any(|tag| tag.key == EXPIRE_TAG);
        rule.enabled && !is_ours && place.prefixes().iter().any(|of| of.starts_with(prefix) || prefix.starts_with(of.as_str()))
    };
    let live = rules.rules.iter().filter(meets).filter_map(|rule| Some(rule.noncurrent.as_ref()?.days));
    let days = live.chain([storage.noncurrent.keep_days]).min().unwrap_or(storage.noncurrent.keep_days);
    let from = horizon(days, at, now)?;
    Some(format!("versions are kept {days} d, so what was overwritten or deleted before {from} left no trace"))
}

/// Whether a bucket of that versioning keeps what is overwritten or deleted.
fn keeps(versioning: Option<Versioning>) -> bool {
    matches!(versioning, Some(Versioning::Enabled | Versioning::EnabledWithMfa))
}

/// How a bucket stands that keeps nothing of what is overwritten or deleted now.
fn without(versioning: Option<Versioning>) -> &'static str {
    match versioning {
        Some(Versioning::Suspended) => "versioning of the bucket is suspended",
        _ => "the bucket keeps no versions",
    }
}

/// The day from which on everything has a version that is kept so many days, where the moment was before it.
fn horizon(days: i32, at: Timestamp, now: Timestamp) -> Option<String> {
    let horizon = now.as_second() - i64::from(days) * 86_400;
    (at.as_second() < horizon).then(|| Timestamp::from_second(horizon).unwrap_or(now).strftime("%Y-%m-%d").to_string())
}

/// What can no longer be known of a moment, by how the bucket keeps what expired.
pub fn blind(policy: &str, storage: &Storage, versioning: Option<Versioning>, at: Timestamp, now: Timestamp) -> Option<String> {
    if !keeps(versioning) {
        return Some(format!("{policy}: {}, so what was there then and is gone now is not seen", without(versioning)));
    }
    let days = storage.noncurrent.keep_days;
    let from = horizon(days, at, now)?;
    Some(format!("{policy}: versions are kept {days} d, so what expired before {from} is not seen any more"))
}

#[cfg(test)]
mod tests;
