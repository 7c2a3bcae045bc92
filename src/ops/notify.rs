//! `lifeboat status --notify`: tells the receivers of the policies what changed since they were told last.
//!
//! What each was told is kept in a file that the caller names. Who looks needs no right to write anywhere else, and a file that is lost
//! costs one message that was told before, never one that was not.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;

use super::{OpError, Prepared, causes, secret};
use crate::model::policy::{Alerts, SecretRef};
use crate::model::units::Percent;
use crate::ports::Clock;
use crate::ports::system::SystemClock;
use crate::ports::webhook;
use crate::report::alerts::{Around, Disk, Judged, changes, judged, now_told};
use crate::view::notify::{NotificationView, NotifiedView};
use crate::view::status::StatusView;

/// Who is told of each policy, by its name.
pub type Receivers = BTreeMap<String, Alerts>;

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

/// Who is told of the policies.
pub fn receivers(prepared: &Prepared) -> Receivers {
    prepared.loaded.policies.iter().filter_map(|policy| Some((policy.name.clone(), policy.policy.spec.alerts.clone()?))).collect()
}

/// What is known of every policy of a status.
pub fn standing(status: &StatusView, receivers: &Receivers) -> Vec<Judged> {
    let Ok(at) = status.at.parse() else { return Vec::new() };
    let of = |policy: &crate::report::status::Standing| {
        let disk_limit = receivers.get(&policy.policy).and_then(|alerts| alerts.disk_above).map(Percent::value);
        judged(policy, &Around { at, evidence: status.evidence.as_deref(), disk_limit, disk: status.disk.as_ref() })
    };
    status.policies.iter().map(of).collect()
}

/// When something was looked at, and what was read.
#[derive(Clone, Copy, Debug)]
pub struct Looked<'a> {
    /// RFC 3339.
    pub at: &'a str,
    /// A commit, or the working folder.
    pub revision: &'a str,
}

/// Where it is kept what was told, by whoever asked for it to be told.
#[derive(Clone, Copy, Debug)]
pub struct Telling<'a> {
    /// The file; without one everything that is not well is told.
    pub state: Option<&'a Path>,
}

/// Tells the receivers of one policy how a run ended; answers why that could not be done.
pub(super) async fn ended(prepared: &Prepared, telling: Option<Telling<'_>>, now: Judged, at: Timestamp) -> Option<OpError> {
    let telling = telling?;
    let looked = Looked { at: &at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(), revision: &prepared.revision };
    let mut of_policy = receivers(prepared);
    of_policy.retain(|policy, _| *policy == now.policy);
    notify(looked, &[now], &of_policy, telling.state).await.err()
}

/// Posts to each receiver what changed since it was told last. One that cannot be reached is told by the next call, and keeps no other one
/// from being told, nor makes anybody hear a thing twice.
///
/// # Errors
/// When no policy names a receiver, the state cannot be read or written, or a post fails.
pub async fn notify(looked: Looked<'_>, now: &[Judged], receivers: &Receivers, state: Option<&Path>) -> Result<(), OpError> {
    let each = by_receiver(now, receivers);
    if receivers.values().all(|alerts| alerts.notify.is_empty()) {
        let hint = "write alerts: {notify: [{webhook: {env: DR_WEBHOOK_URL}}]} into the policy".to_owned();
        return Err(OpError::Setup { message: "no policy names anybody to notify".to_owned(), hint });
    }
    // Of two runs at once the second sees what the first told.
    let _alone = state.map(alone).transpose()?;
    let before = state.map_or_else(|| Ok(NotifiedView::default()), read)?;
    // One that no policy names today may only be named by a policy that cannot be read today.
    let mut after = before.renewed();
    let mut failed = None;
    for (receiver, now) in each {
        let told = before.told(&receiver);
        let changed = changes(told, &now);
        let text = serde_json::to_string(&NotificationView::of(looked.at, looked.revision, changed.clone())).unwrap_or_default();
        let sent = if changed.is_empty() { Ok(()) } else { send(&receiver, &text, &SystemClock).await };
        // What was not told is not remembered.
        if sent.is_ok() {
            after.remember(&receiver, now_told(told, &now));
        } else if !told.is_empty() {
            after.remember(&receiver, told.clone());
        }
        failed = failed.or(sent.err());
    }
    if let Some(state) = state.filter(|_| after != before) {
        write(state, &after)?;
    }
    failed.map_or(Ok(()), Err)
}

/// What each receiver hears of: the policies that name it.
fn by_receiver<'a>(now: &'a [Judged], receivers: &Receivers) -> Vec<(SecretRef, Vec<&'a Judged>)> {
    let mut out: Vec<(SecretRef, Vec<&Judged>)> = Vec::new();
    for (policy, alerts) in receivers {
        for receiver in &alerts.notify {
            let at = out.iter().position(|(known, _)| *known == receiver.webhook).unwrap_or_else(|| {
                out.push((receiver.webhook.clone(), Vec::new()));
                out.len() - 1
            });
            if let Some((_, all)) = out.get_mut(at) {
                all.extend(now.iter().filter(|judged| judged.policy == *policy));
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

/// Waits until nobody else reads, tells and writes; that ends with the process too.
fn alone(state: &Path) -> Result<std::fs::File, OpError> {
    let mut beside = state.as_os_str().to_owned();
    beside.push(".lock");
    let locked = || {
        let file = std::fs::File::options().create(true).truncate(false).write(true).open(&beside)?;
        file.lock()?;
        Ok::<_, std::io::Error>(file)
    };
    locked().map_err(|error| unusable(state, &format!("it cannot be locked: {error}"), "name a file in a folder that can be written"))
}

/// What was told; nothing where there is no file yet.
fn read(path: &Path) -> Result<NotifiedView, OpError> {
    let anew = "move the file away: then all that is not well is told once more";
    match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(NotifiedView::default()),
        Err(error) => return Err(unusable(path, &error.to_string(), "name a file that can be read and written")),
        Ok(found) if found.len() > LARGEST => return Err(unusable(path, "it is larger than any state", anew)),
        Ok(_) => {}
    }
    let text = std::fs::read_to_string(path).map_err(|error| unusable(path, &error.to_string(), anew))?;
    let kept: NotifiedView = serde_json::from_str(&text).map_err(|error| unusable(path, &format!("it is not what was told last: {error}"), anew))?;
    if !kept.is_known() {
        return Err(unusable(path, &format!("it has format `{}`, and this lifeboat reads `{}`", kept.format, NotifiedView::FORMAT), "use a newer lifeboat"));
    }
    Ok(kept)
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
