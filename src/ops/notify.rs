//! `lifeboat status --notify`: tells the receivers of the policies what changed since they were told last.
//!
//! What was told is kept in a file that the caller names. Who looks needs no right to write anywhere else, and a file that is lost
//! costs one message that was told before, never one that was not.

use std::collections::BTreeMap;
use std::path::Path;

use super::{OpError, Where, causes, prepare, secret};
use crate::model::policy::{Alerts, SecretRef};
use crate::ports::Clock;
use crate::ports::quirks::AWS;
use crate::ports::system::SystemClock;
use crate::ports::webhook;
use crate::report::alerts::{Change, Disk, Open, Told, changes, now_told, open};
use crate::report::status::Standing;
use crate::view::notify::{NotificationView, NotifiedView};
use crate::view::status::StatusView;

/// The largest state file that is read.
const LARGEST: u64 = 16 << 20;

/// How full the disk of the folder is in which drills of this machine restore.
pub fn disk() -> Option<Disk> {
    let folder = std::env::temp_dir();
    let stat = rustix::fs::statvfs(&folder).ok()?;
    Some(Disk {
        folder: folder.display().to_string(),
        bytes: stat.f_blocks.saturating_mul(stat.f_frsize),
        free_bytes: stat.f_bavail.saturating_mul(stat.f_frsize),
    })
}

/// Posts what changed to each receiver, and answers how many changes were told. Nothing is remembered unless all of it was posted.
///
/// # Errors
/// When no policy names a receiver, the state cannot be read or written, or a post fails.
pub async fn notify(place: &Where, status: &StatusView, state: Option<&Path>) -> Result<usize, OpError> {
    let prepared = prepare(place, &AWS)?;
    let alerts: BTreeMap<&str, &Alerts> =
        prepared.loaded.policies.iter().filter_map(|policy| Some((policy.name.as_str(), policy.policy.spec.alerts.as_ref()?))).collect();
    if alerts.values().all(|alerts| alerts.notify.is_empty()) {
        let hint = "write alerts: {notify: [{webhook: {env: DR_WEBHOOK_URL}}]} into the policy".to_owned();
        return Err(OpError::Setup { message: "no policy names anybody to notify".to_owned(), hint });
    }
    let told = state.map_or_else(|| Ok(Told::new()), read)?;
    let own = |policy: &&Standing| alerts.get(policy.policy.as_str()).is_some_and(|alerts| !alerts.notify.is_empty());
    let mut all = Open::new();
    for policy in status.policies.iter().filter(own) {
        let limit = alerts.get(policy.policy.as_str()).and_then(|alerts| alerts.disk_above);
        all.extend(open(policy, status.disk.as_ref().zip(limit.map(crate::model::units::Percent::value))));
    }
    let unknown: Vec<&str> = status.policies.iter().filter(|policy| policy.unknown.is_some()).map(|policy| policy.policy.as_str()).collect();
    let changed = changes(&told, &all, &unknown);
    // One receiver that is broken keeps no other one from being told.
    let mut failed = None;
    for (receiver, changes) in receivers(&changed, &alerts) {
        let text = serde_json::to_string(&NotificationView::of(&status.at, &status.revision, changes)).unwrap_or_default();
        failed = failed.or(send(&receiver, &text, &SystemClock).await.err());
    }
    if let Some(failed) = failed {
        return Err(failed);
    }
    if let Some(state) = state {
        write(state, &NotifiedView::of(now_told(&told, &all, &unknown)))?;
    }
    Ok(changed.len())
}

/// What each receiver is told: the changes of the policies that name it. One that no policy names any more is told nothing.
fn receivers(changed: &[Change], alerts: &BTreeMap<&str, &Alerts>) -> Vec<(SecretRef, Vec<Change>)> {
    let mut out: Vec<(SecretRef, Vec<Change>)> = Vec::new();
    for change in changed {
        let policy = change.name.split('/').next().unwrap_or(&change.name);
        for receiver in alerts.get(policy).into_iter().flat_map(|alerts| &alerts.notify) {
            match out.iter_mut().find(|(known, _)| *known == receiver.webhook) {
                Some((_, changes)) => changes.push(change.clone()),
                None => out.push((receiver.webhook.clone(), vec![change.clone()])),
            }
        }
    }
    out
}

async fn send(receiver: &SecretRef, text: &str, clock: &dyn Clock) -> Result<(), OpError> {
    let webhook = secret(receiver, "spec.alerts.notify.webhook")?;
    let name = match receiver {
        SecretRef::Env(name) | SecretRef::File(name) => name,
    };
    webhook::post(&webhook, text, clock).await.map_err(|error| OpError::Setup {
        message: format!("nothing could be posted to the webhook in {name}: {}", causes(&error)),
        hint: "the status is as it was said; what changed is told by the next --notify that gets through".to_owned(),
    })
}

fn unusable(path: &Path, why: &str, hint: &str) -> OpError {
    OpError::Setup { message: format!("--state {}: {why}", path.display()), hint: hint.to_owned() }
}

/// What was told; nothing where there is no file yet.
fn read(path: &Path) -> Result<Told, OpError> {
    let anew = "move the file away: then all that is not well is told once more";
    match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Told::new()),
        Err(error) => return Err(unusable(path, &error.to_string(), "name a file that can be read and written")),
        Ok(found) if found.len() > LARGEST => return Err(unusable(path, "it is larger than any state", anew)),
        Ok(_) => {}
    }
    let text = std::fs::read_to_string(path).map_err(|error| unusable(path, &error.to_string(), anew))?;
    let kept: NotifiedView = serde_json::from_str(&text).map_err(|error| unusable(path, &format!("it is not what was told last: {error}"), anew))?;
    if kept.format != NotifiedView::FORMAT {
        return Err(unusable(path, &format!("it has format `{}`, and this lifeboat reads `{}`", kept.format, NotifiedView::FORMAT), "use a newer lifeboat"));
    }
    Ok(kept.told)
}

fn write(path: &Path, kept: &NotifiedView) -> Result<(), OpError> {
    let text = serde_json::to_string(kept).unwrap_or_default();
    replace(path, &text).map_err(|error| unusable(path, &format!("it cannot be written: {error}"), "name a file in a folder that can be written"))
}

/// Replaces a file at once: a reader never sees half of it.
///
/// # Errors
/// When its folder cannot be written.
pub fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    std::fs::write(&beside, text)?;
    std::fs::rename(&beside, path)
}
