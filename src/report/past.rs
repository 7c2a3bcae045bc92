//! What lay in a bucket at a moment that is over, as far as versions and delete markers still tell it. Pure.

use jiff::Timestamp;

use crate::catalog::layout;
use crate::model::aspects::Versioning;
use crate::model::policy::Storage;
use crate::model::resource::SeenBackup;
use crate::ports::VersionInfo;

/// The backups below a prefix as a listing would have shown them then. `versions` are by key, the newest first.
pub fn listed(versions: &[VersionInfo], prefix: &str, at: Timestamp) -> Vec<SeenBackup> {
    let stacks = versions.chunk_by(|a, b| a.key == b.key);
    let then = stacks.filter_map(|stack| stack.iter().find(|version| version.modified <= at).filter(|version| !version.marker));
    layout::backups(prefix, then.map(|version| (version.key.as_str(), version.bytes, version.modified)))
}

/// What can no longer be known of a moment, by how the bucket keeps what expired.
pub fn blind(policy: &str, storage: &Storage, versioning: Option<Versioning>, at: Timestamp, now: Timestamp) -> Option<String> {
    let keeps = matches!(versioning, Some(Versioning::Enabled | Versioning::EnabledWithMfa));
    if !keeps {
        return Some(format!("{policy}: the bucket keeps no versions, so what was there then and is gone now is not seen"));
    }
    let days = storage.noncurrent.keep_days;
    let horizon = now.as_second() - i64::from(days) * 86_400;
    (at.as_second() < horizon).then(|| {
        let from = Timestamp::from_second(horizon).unwrap_or(now).strftime("%Y-%m-%d");
        format!("{policy}: versions are kept {days} d, so what expired before {from} is not seen any more")
    })
}

#[cfg(test)]
mod tests;
