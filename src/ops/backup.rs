//! `lifeboat backup`.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::watch;

use super::notify::{self, Telling};
use super::{Exit, OpError, Prepared, Where, check, connect, evidence, identify, secret};
use crate::backup::{self, Job, Progress};
use crate::evidence::{Entry, Kind};
use crate::model::policy::{BackupSet, Name};
use crate::policy::LoadedPolicy;
use crate::ports::Ports;
use crate::ports::aws::Aws;
use crate::ports::postgres::Target;
use crate::report::alerts::{Failed, backup_ended};
use crate::view::backup::BackupView;
use crate::view::check::CheckView;

/// What `backup` ends with.
#[derive(Debug)]
pub enum Ended {
    /// The policies have errors; nothing was done.
    Stopped(CheckView),
    /// A backup.
    Taken(Box<BackupView>),
}

/// How `backup` ended, and why somebody could not be told.
pub type Ran = (Result<(Ended, Exit), OpError>, Option<OpError>);

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Wish<'a> {
    /// `POLICY/SET`.
    pub name: &'a str,
    /// Whether the receivers of the policy are told how it ended.
    pub telling: Option<Telling<'a>>,
    /// Becomes true when the run is to end.
    pub stop: watch::Receiver<bool>,
}

/// Takes a backup of `POLICY/SET`.
///
/// # Errors
/// When there is no such set, a secret cannot be read, or no backup could be taken.
pub async fn backup(place: &Where, wish: &Wish<'_>, progress: Arc<dyn Progress>) -> Ran {
    let (prepared, ports, aws) = match connect(place).await {
        Ok(connected) => connected,
        Err(error) => return (Err(error), None),
    };
    let (findings, exit) = check::view(&prepared);
    let began = ports.clock.now();
    let ran = match exit {
        Exit::Findings => Ok((Ended::Stopped(findings), exit)),
        _ => one(&prepared, &ports, &aws, wish, progress).await,
    };
    let Ok((policy, set, _)) = find(&prepared, wish.name) else { return (ran, None) };
    let failed = match &ran {
        Ok((Ended::Stopped(_), _)) => Some(Failed::at("policies")),
        Ok(_) => None,
        Err(OpError::Backup { source, unmarked, .. }) => Some(Failed { unmarked: *unmarked, ..Failed::at(source.step()) }),
        Err(_) => Some(Failed::at("machine")),
    };
    let now = ports.clock.now();
    let untold = notify::ended(&prepared, wish.telling, backup_ended(&policy.name, &set.0, (began, now), failed), now).await;
    (ran, untold)
}

async fn one(prepared: &Prepared, ports: &Ports, aws: &Aws, wish: &Wish<'_>, progress: Arc<dyn Progress>) -> Result<(Ended, Exit), OpError> {
    let (policy, set, spec) = find(prepared, wish.name)?;
    let ledger = evidence::ledger(prepared, ports, &identify(ports, Some(aws)).await?)?;
    let mut view = take(ports, policy, set, spec, wish.stop.clone(), progress).await?;
    let body = serde_json::to_value(&view).unwrap_or_default();
    let entry = Entry { kind: Kind::Backup, policy: Some(policy.name.clone()), policy_digest: Some(prepared.desired.digest.clone()), body };
    (view.evidence, view.evidence_failed) = evidence::record(ledger.as_ref(), entry).await;
    let exit = if view.evidence_failed.is_some() { Exit::Failed } else { Exit::Good };
    Ok((Ended::Taken(Box::new(view)), exit))
}

async fn take(
    ports: &Ports,
    policy: &LoadedPolicy,
    set: &Name,
    wish: &BackupSet,
    stop: watch::Receiver<bool>,
    progress: Arc<dyn Progress>,
) -> Result<BackupView, OpError> {
    let target = database(policy)?;
    let began = ports.clock.now();
    let job = Job { ports, policy: &policy.policy, name: &set.0, set: wish, target, stop, progress, uploads: Arc::default(), unmarked: Arc::default() };
    let taken = backup::backup(&job).await.map_err(|source| {
        let unmarked = job.unmarked.load(Ordering::Relaxed);
        OpError::Backup { name: format!("{}/{set}", policy.name), unmarked, source: Box::new(source) }
    })?;
    let took = ports.clock.now().duration_since(began);
    let millis = u64::try_from(Duration::try_from(took).unwrap_or_default().as_millis()).unwrap_or(u64::MAX);
    Ok(BackupView::of(&taken, &policy.policy.spec.storage.bucket, millis))
}

/// The server of a policy.
pub(super) fn database(policy: &LoadedPolicy) -> Result<Target, OpError> {
    let url = secret(&policy.policy.spec.database.connection, "spec.database.connection")?;
    Target::parse(&url).map_err(|error| OpError::Setup {
        message: format!("spec.database.connection of policy `{}`: {error}", policy.name),
        hint: error.hint().unwrap_or_default().to_owned(),
    })
}

/// `POLICY/SET`, or `POLICY` alone when it has one set.
pub(super) fn find<'a>(prepared: &'a Prepared, name: &str) -> Result<(&'a LoadedPolicy, &'a Name, &'a BackupSet), OpError> {
    let (policy, set) = name.split_once('/').map_or((name, None), |(policy, set)| (policy, Some(set)));
    let policy = prepared.policy(policy)?;
    let sets = &policy.policy.spec.backups;
    let physical = |set: Option<&str>| sets.physical.iter().find(|(known, _)| set.map_or_else(|| sets.is_empty(), |set| known.0 == set));
    if let Some((name, physical)) = physical(set) {
        let engine = physical.engine.as_str();
        return Err(OpError::Setup {
            message: format!("`{}/{name}` is a repository of {engine}, which takes, restores and expires its backups itself", policy.name),
            hint: format!("`lifeboat backups list {}` and `lifeboat status` say how it stands", policy.name),
        });
    }
    let known = || sets.keys().map(|known| format!("{}/{known}", policy.name)).collect();
    let found = match set {
        Some(set) => sets.iter().find(|(known, _)| known.0 == set),
        None if sets.len() == 1 => sets.iter().next(),
        None => None,
    };
    found.map(|(set, wish)| (policy, set, wish)).ok_or_else(|| OpError::NoSuch { kind: "backup set", name: name.to_owned(), known: known() })
}
