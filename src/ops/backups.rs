//! `lifeboat backups`: what the bucket holds, from the bucket and the records alone.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;

use super::catalogue::{self, Asking, Marked, Proofs, Shelf};
use super::{Exit, OpError, Prepared, Where, backup as sets, causes, connect, control, identify};
use crate::catalog::backups::{Backup, Proven, State};
use crate::catalog::layout;
use crate::catalog::manifest::Manifest;
use crate::catalog::physical::{Place, Repository};
use crate::model::fact::Fact;
use crate::model::policy::Name;
use crate::model::resource::SeenBackup;
use crate::policy::LoadedPolicy;
use crate::ports::{Objects, Ports};
use crate::restore::fetch::{self, At};
use crate::restore::{RestoreError, thaw};
use crate::view::backups::{BackupCheckView, BackupLineView, BackupListView, BackupShowView, CheckedBackupView, ForeignView, RepositoryView, ShelfView};

/// Lists the backups of `POLICY`, of `POLICY/SET`, or of every policy.
///
/// # Errors
/// When there is no such policy or set, no usable identity, or a bucket cannot be listed.
pub async fn list(place: &Where, name: Option<&str>) -> Result<(BackupListView, Exit), OpError> {
    let (prepared, ports, aws) = connect(place).await?;
    identify(&ports, Some(&aws)).await?;
    let wanted = match name.and_then(|name| physical(&prepared, name)) {
        Some(wanted) => vec![wanted],
        None => wanted(&prepared, name)?,
    };
    let proofs = catalogue::proofs(&prepared, &ports).await;
    let asking = Asking { proofs: &proofs, marked: Marked::Last, control: control(&prepared), anew: false };
    let shelves = try_join_all(wanted.iter().map(|(policy, set)| catalogue::shelf(&ports, policy, *set, asking))).await?;
    let policies: Vec<ShelfView> = shelves.iter().map(|shelf| view(shelf, &proofs)).collect();
    let is_odd = |shelf: &ShelfView| {
        State::ALL.into_iter().any(|state| is_odd(state) && shelf.count(state) > 0) || !shelf.repositories.iter().all(RepositoryView::is_whole)
    };
    let exit = if policies.iter().any(is_odd) { Exit::Findings } else { Exit::Good };
    let view = BackupListView {
        format: "lifeboat.backup-list/1".to_owned(),
        tool: env!("CARGO_PKG_VERSION").to_owned(),
        revision: prepared.revision.clone(),
        policies,
    };
    Ok((view, exit))
}

/// Whether a backup of that state is a finding.
fn is_odd(state: State) -> bool {
    matches!(state, State::Partial | State::Refused | State::Unknown)
}

/// `POLICY`, `POLICY/SET`, or every policy.
pub(super) fn wanted<'a>(prepared: &'a Prepared, name: Option<&str>) -> Result<Vec<(&'a LoadedPolicy, Option<&'a Name>)>, OpError> {
    match name {
        None => Ok(prepared.loaded.policies.iter().map(|policy| (policy, None)).collect()),
        Some(name) => one_wanted(prepared, name).map(|wanted| vec![wanted]),
    }
}

/// `POLICY/SET` of a set that another engine takes.
pub(super) fn physical<'a>(prepared: &'a Prepared, name: &str) -> Option<(&'a LoadedPolicy, Option<&'a Name>)> {
    let (policy, set) = name.split_once('/')?;
    let policy = prepared.policy(policy).ok()?;
    policy.policy.spec.backups.physical.keys().find(|known| known.0 == set).map(|set| (policy, Some(set)))
}

/// `POLICY` or `POLICY/SET`.
fn one_wanted<'a>(prepared: &'a Prepared, name: &str) -> Result<(&'a LoadedPolicy, Option<&'a Name>), OpError> {
    if name.contains('/') {
        return sets::find(prepared, name).map(|(policy, set, _)| (policy, Some(set)));
    }
    prepared.policy(name).map(|policy| (policy, None))
}

/// The set whose repository it is.
fn set_of<'a>(policy: &'a LoadedPolicy, repository: &Repository) -> Option<&'a str> {
    let spec = &policy.policy.spec;
    let mut sets = spec.backups.physical.iter();
    sets.find(|(_, set)| Place::of(&spec.storage.prefix, set) == repository.place).map(|(name, _)| name.0.as_str())
}

/// What records say of a backup.
pub(super) fn proven(proofs: &Fact<Proofs>, policy: &LoadedPolicy, seen: &SeenBackup) -> Proven {
    let key = (policy.name.clone(), seen.set.clone(), seen.id.clone());
    proofs.known().and_then(|proofs| proofs.get(&key)).cloned().unwrap_or_default()
}

fn view(shelf: &Shelf<'_>, proofs: &Fact<Proofs>) -> ShelfView {
    let storage = &shelf.policy.policy.spec.storage;
    let lines = shelf.backups.iter().map(|backup| BackupLineView::of(backup, &proven(proofs, shelf.policy, &backup.seen)));
    ShelfView {
        policy: shelf.policy.name.clone(),
        location: format!("s3://{}/{}", storage.bucket, storage.prefix),
        at: shelf.now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        clock: shelf.clock.clone(),
        evidence_unknown: match proofs {
            Fact::Unknown(why) => Some(why.to_string()),
            Fact::Known(_) | Fact::Absent => None,
        },
        remembered: shelf.remembered.len(),
        index: shelf.indexes.values().filter_map(|indexed| indexed.note.clone()).collect(),
        states: BTreeMap::new(),
        bytes: 0,
        backups: lines.collect(),
        repositories: shelf.repositories.iter().map(|repository| RepositoryView::of(repository, set_of(shelf.policy, repository))).collect(),
        foreign: ForeignView::of(&shelf.foreign),
    }
    .summed()
}

/// `POLICY/SET/ID`, or `POLICY/ID` when the policy has one set: the parts.
pub(super) fn named<'a, 'n>(prepared: &'a Prepared, name: &'n str) -> Result<(&'a LoadedPolicy, &'a Name, &'n str), OpError> {
    let wrong = || OpError::Setup {
        message: format!("`{name}` names no backup"),
        hint: "write POLICY/SET/ID, as in orders/nightly/20261122T011507Z; `lifeboat backups list` shows the ids".to_owned(),
    };
    let (set, id) = name.rsplit_once('/').filter(|(_, id)| layout::is_id(id)).ok_or_else(wrong)?;
    let (policy, set, _) = sets::find(prepared, set)?;
    Ok((policy, set, id))
}

/// The backup of that id.
pub(super) fn pick<'s>(shelf: &'s Shelf<'_>, id: &str) -> Result<&'s Backup, OpError> {
    let newest = || shelf.backups.iter().rev().take(10).map(|backup| backup.seen.id.clone()).collect();
    shelf.backups.iter().find(|backup| backup.seen.id == id).ok_or_else(|| OpError::NoSuch { kind: "backup", name: id.to_owned(), known: newest() })
}

/// Shows one backup.
///
/// # Errors
/// As [`list`], and when there is no such backup.
pub async fn show(place: &Where, name: &str) -> Result<(BackupShowView, Exit), OpError> {
    let (prepared, ports, aws) = connect(place).await?;
    identify(&ports, Some(&aws)).await?;
    let (policy, set, id) = named(&prepared, name)?;
    let proofs = catalogue::proofs(&prepared, &ports).await;
    let shelf = catalogue::shelf(&ports, policy, Some(set), Asking::plainly(&proofs, Marked::All)).await?;
    let backup = pick(&shelf, id)?;
    let at = location(policy, set, id);
    let below = |key: &String| key.strip_prefix(&at.folder).unwrap_or(key).to_owned();
    let view = BackupShowView {
        format: "lifeboat.backup-show/1".to_owned(),
        policy: policy.name.clone(),
        location: format!("s3://{}/{}", at.bucket, at.folder),
        at: shelf.now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        backup: BackupLineView::of(backup, &proven(&proofs, policy, &backup.seen)),
        objects: backup.seen.keys.iter().map(|(key, bytes)| (below(key), *bytes)).collect(),
        tables: backup.facts.as_ref().map(|facts| facts.holding.tables.clone()).unwrap_or_default(),
        tags: backup.tags.known().cloned().unwrap_or_default(),
    };
    let exit = if is_odd(backup.state) { Exit::Findings } else { Exit::Good };
    Ok((view, exit))
}

pub(super) fn location(policy: &LoadedPolicy, set: &Name, id: &str) -> At {
    let storage = &policy.policy.spec.storage;
    At { bucket: storage.bucket.clone(), folder: layout::folder(&storage.prefix, &set.0, id) }
}

/// Reads every byte of a backup, or of all complete ones of `POLICY[/SET]`, and holds it against the manifest.
///
/// # Errors
/// As [`list`]. Damage is a finding and no error.
pub async fn verify(place: &Where, name: &str) -> Result<(BackupCheckView, Exit), OpError> {
    let (prepared, ports, aws) = connect(place).await?;
    identify(&ports, Some(&aws)).await?;
    let (policy, set, id) = if name.rsplit('/').next().is_some_and(layout::is_id) {
        named(&prepared, name).map(|(policy, set, id)| (policy, Some(set), Some(id)))?
    } else {
        one_wanted(&prepared, name).map(|(policy, set)| (policy, set, None))?
    };
    let shelf = catalogue::shelf(&ports, policy, set, Asking::plainly(&Fact::Known(Proofs::new()), Marked::No)).await?;
    let backups: Vec<&Backup> = match id {
        Some(id) => vec![pick(&shelf, id)?],
        None => shelf.backups.iter().filter(|backup| backup.seen.complete).collect(),
    };
    let mut checked = Vec::new();
    for backup in backups {
        checked.push(one(&ports, policy, backup).await);
    }
    let exit = if checked.iter().all(|backup| backup.sound) { Exit::Good } else { Exit::Findings };
    Ok((BackupCheckView { format: "lifeboat.backup-check/1".to_owned(), policy: policy.name.clone(), backups: checked }, exit))
}

async fn one(ports: &Ports, policy: &LoadedPolicy, backup: &Backup) -> CheckedBackupView {
    let (set, id) = (Name(backup.seen.set.clone()), backup.seen.id.clone());
    let at = location(policy, &set, &id);
    let objects = ports.objects.as_ref();
    let mut found = Proof { damaged: false, bytes: 0, problems: Vec::new() };
    if backup.state != State::Complete {
        found.damaged = backup.state != State::Unknown;
        found.problems.push(format!("it is {}{}", backup.state.as_str(), backup.why.as_ref().map_or_else(String::new, |why| format!(": {why}"))));
    }
    if backup.facts.is_some() {
        match thaw::readable(objects, &at, &backup.seen).await {
            Err(error) => found.add(&error),
            Ok(()) => match fetch::manifest(objects, &at, &set.0, &id).await {
                Err(error) => found.add(&error),
                Ok(manifest) => found.read(objects, &at, &manifest).await,
            },
        }
    }
    let verdict = match (found.damaged, found.problems.is_empty()) {
        (true, _) => "damaged",
        (false, true) => "sound",
        (false, false) => "unread",
    };
    CheckedBackupView { set: set.0, id, sound: verdict == "sound", verdict: verdict.to_owned(), bytes: found.bytes, problems: found.problems }
}

/// What reading every byte of a backup showed.
struct Proof {
    /// Whether something is wrong, and not only unread.
    damaged: bool,
    bytes: u64,
    problems: Vec<String>,
}

impl Proof {
    fn add(&mut self, error: &RestoreError) {
        self.damaged |= error.is_damage();
        self.problems.push(causes(error));
    }

    async fn read(&mut self, objects: &dyn Objects, at: &At, manifest: &Manifest) {
        for stored in manifest.objects() {
            match fetch::prove(objects, at, &stored).await {
                Ok(()) => self.bytes += stored.bytes,
                Err(error) => self.add(&error),
            }
        }
    }
}
