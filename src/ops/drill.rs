//! `lifeboat drill`.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::watch;

use super::notify::{self, Telling};
use super::{Exit, OpError, Prepared, Where, causes, check, connect, evidence, identify};
use crate::backup::Progress;
use crate::catalog::layout;
use crate::drill::checks::{Before, Outcome};
use crate::drill::{self, Drilled, Job};
use crate::evidence::{Entry, Kind};
use crate::model::fact::Fact;
use crate::model::policy::{BackupSet, Drill, Name, Pick};
use crate::model::resource::{Identity, SeenBackup};
use crate::observe;
use crate::policy::LoadedPolicy;
use crate::ports::Ports;
use crate::ports::aws::Aws;
use crate::report::Verdict;
use crate::report::alerts::drill_ended;
use crate::restore::fetch::{self, At};
use crate::view::check::CheckView;
use crate::view::drill::{About, DrillRunView, DrillView};

/// What `drill` ends with.
#[derive(Debug)]
pub enum Ended {
    /// The policies have errors; nothing was done.
    Stopped(CheckView),
    /// The drills, one per backup set.
    Drilled(DrillRunView),
}

/// What is asked for.
#[derive(Debug)]
pub struct Wish<'a> {
    /// `POLICY/DRILL`, or `POLICY` when it has one drill.
    pub name: &'a str,
    /// A backup by id, instead of the one that the policy picks.
    pub backup: Option<&'a str>,
    /// Whether it may run without a network namespace of its own.
    pub unisolated: bool,
    /// Whether the receivers of the policy are told how it ended.
    pub telling: Option<Telling<'a>>,
    /// Becomes true when the run is to end.
    pub stop: watch::Receiver<bool>,
}

/// How `drill` ended, and why somebody could not be told.
pub type Ran = (Result<(Ended, Exit), OpError>, Option<OpError>);

/// Runs a drill of the policy.
///
/// # Errors
/// When there is no such drill or backup, or no usable identity. A drill that does not pass is a verdict, not an error.
pub async fn drill(place: &Where, wish: &Wish<'_>, progress: Arc<dyn Progress>) -> Ran {
    let (prepared, ports, aws) = match connect(place).await {
        Ok(connected) => connected,
        Err(error) => return (Err(error), None),
    };
    let (findings, exit) = check::view(&prepared);
    let (ran, told, of_newest) = match exit {
        Exit::Findings => (Ok((Ended::Stopped(findings), exit)), Vec::new(), false),
        _ => match all(&prepared, &ports, &aws, wish, progress).await {
            Ok(All { run, exit, told, of_newest }) => (Ok((Ended::Drilled(run), exit)), told, of_newest),
            Err(error) => (Err(error), Vec::new(), false),
        },
    };
    let Ok((policy, name, _)) = find(&prepared, wish.name) else { return (ran, None) };
    let Some((verdict, why)) = said(&ran, &told) else { return (ran, None) };
    let now = ports.clock.now();
    let untold = notify::ended(&prepared, wish.telling, drill_ended((&policy.name, &name.0), now, verdict, of_newest, &why), now).await;
    (ran, untold)
}

/// The worst verdict of a run, and what may be told of what did not hold (`told` of each drill); a run that could not even begin has failed.
/// None of one that passed and left no record: nobody after this one would know of it.
fn said(ran: &Result<(Ended, Exit), OpError>, told: &[String]) -> Option<(Verdict, String)> {
    let said = match ran {
        Ok((Ended::Drilled(run), _)) => {
            let of = |drill: &DrillView| match drill.verdict.as_str() {
                "passed" => Verdict::Passed,
                "failed" => Verdict::Failed,
                _ => Verdict::Unproven,
            };
            let of_set = |drill: &DrillView, told: &String| if run.drills.len() > 1 { format!("{}: {told}", drill.set) } else { told.clone() };
            let worst = run.drills.iter().zip(told).min_by_key(|(drill, _)| of(drill));
            worst.map_or((Verdict::Unproven, String::new()), |(drill, told)| (of(drill), of_set(drill, told)))
        }
        Ok((Ended::Stopped(_), _)) => (Verdict::Unproven, "it could not begin: the policies have errors".to_owned()),
        Err(error) => (Verdict::Failed, format!("it could not begin: {}", causes(error))),
    };
    let is_recorded = |run: &DrillRunView| run.drills.iter().all(|drill| drill.evidence.is_some() && drill.evidence_failed.is_none());
    let is_known = said.0 != Verdict::Passed || matches!(ran, Ok((Ended::Drilled(run), _)) if is_recorded(run));
    is_known.then_some(said)
}

/// What came of the drills of each set.
struct All {
    run: DrillRunView,
    exit: Exit,
    /// What may be told of each.
    told: Vec<String>,
    /// Whether each backup was the newest of its set.
    of_newest: bool,
}

/// Drills each set.
async fn all(prepared: &Prepared, ports: &Ports, aws: &Aws, wish: &Wish<'_>, progress: Arc<dyn Progress>) -> Result<All, OpError> {
    let identity = identify(ports, Some(aws)).await?;
    let (policy, name, plan) = find(prepared, wish.name)?;
    let ledger = evidence::ledger(prepared, ports, &identity)?;
    let (mut drills, mut all_told, mut of_newest) = (Vec::new(), Vec::new(), true);
    let mut exit = Exit::Good;
    for set in &plan.backups {
        let Some(set_wish) = policy.policy.spec.backups.get(set) else { continue };
        let at = Subject { prepared, ports, identity: &identity, policy, name, drill: plan, set, wish: set_wish };
        let (mut view, drilled, is_newest) = at.run(wish, &progress).await?;
        of_newest &= is_newest;
        all_told.push(drilled.told());
        if drilled.verdict() != Outcome::Passed {
            exit = exit.worst(Exit::Drill);
        }
        let body = serde_json::to_value(&view).unwrap_or_default();
        let entry = Entry { kind: Kind::Drill, policy: Some(policy.name.clone()), policy_digest: Some(prepared.desired.digest.clone()), body };
        (view.evidence, view.evidence_failed) = evidence::record(ledger.as_ref(), entry).await;
        if view.evidence_failed.is_some() {
            exit = exit.worst(Exit::Failed);
        }
        drills.push(view);
    }
    Ok(All { run: DrillRunView { format: "lifeboat.drill-run/1".to_owned(), drills }, exit, told: all_told, of_newest })
}

struct Subject<'a> {
    prepared: &'a Prepared,
    ports: &'a Ports,
    identity: &'a Identity,
    policy: &'a LoadedPolicy,
    name: &'a Name,
    drill: &'a Drill,
    set: &'a Name,
    wish: &'a BackupSet,
}

impl Subject<'_> {
    async fn run(&self, wish: &Wish<'_>, progress: &Arc<dyn Progress>) -> Result<(DrillView, Drilled, bool), OpError> {
        let known = complete(self.ports, self.policy, self.set).await?;
        let backup = pick(&known, self.drill.pick, wish.backup, self.policy, self.set)?;
        let at = location(self.policy, self.set, &backup.id);
        let before = self.before(&known, backup).await;
        let job = Job {
            ports: self.ports,
            policy: &self.policy.policy,
            set: &self.set.0,
            wish: self.wish,
            drill: self.drill,
            backup: backup.id.clone(),
            at,
            before,
            seen: backup.clone(),
            unisolated: wish.unisolated,
            stop: wish.stop.clone(),
            progress: Arc::clone(progress),
        };
        let drilled = drill::drill(&job).await;
        let older = known.iter().rev().find(|other| other.id < backup.id);
        let next = match older {
            Some(older) => format!("lifeboat drill {}/{} --backup {}   (the newest older one)", self.policy.name, self.name, older.id),
            None => format!("lifeboat backup {}/{}   (there is no older backup)", self.policy.name, self.set),
        };
        let about = About {
            policy: &self.policy.name,
            drill: &self.name.0,
            set: &self.set.0,
            backup: &backup.id,
            objectives: self.policy.policy.spec.objectives,
            next: Some(next),
        };
        let is_newest = known.iter().all(|other| (other.newest, &other.id) <= (backup.newest, &backup.id));
        Ok((DrillView::of(&about, &drilled), drilled, is_newest))
    }
}

impl Subject<'_> {
    /// The backup to compare with: the newest older one that a drill passed, by our own chain of evidence; without one, the
    /// newest older one. Evidence that cannot be read or does not hold is an error, and the check is then unproven.
    async fn before(&self, known: &[SeenBackup], backup: &SeenBackup) -> Result<Option<Before>, String> {
        let older: Vec<&SeenBackup> = known.iter().filter(|other| (other.newest, &other.id) < (backup.newest, &backup.id)).collect();
        let passed = self.passed().await?;
        let newest = |verified: bool| {
            let fitting = older.iter().filter(|other| !verified || passed.contains(&other.id));
            fitting.max_by_key(|other| (other.newest, &other.id)).map(|other| (other.id.clone(), verified))
        };
        let Some((id, verified)) = newest(true).or_else(|| newest(false)) else { return Ok(None) };
        let manifest = fetch::manifest(self.ports.objects.as_ref(), &location(self.policy, self.set, &id), &self.set.0, &id).await;
        let manifest = manifest.map_err(|error| format!("the manifest of the older backup {id}: {error}"))?;
        Ok(Some(Before { manifest, verified }))
    }

    /// Ids of the backups of the set that a drill passed. No evidence at all means none.
    async fn passed(&self) -> Result<BTreeSet<String>, String> {
        let Some(place) = evidence::configured(self.prepared) else { return Ok(BTreeSet::new()) };
        let keys = evidence::trusted(self.prepared, place).map_err(|error| error.to_string())?;
        let checked = evidence::checked(self.ports, place, &keys, Some(self.identity.short()), &[]).await.map_err(|error| error.to_string())?;
        let Some(chain) = checked.first() else { return Ok(BTreeSet::new()) };
        if !chain.is_whole() {
            return Err(format!("the chain of evidence of {} is broken: `lifeboat evidence verify` says where", chain.identity));
        }
        let field = |body: &serde_json::Value, name: &str| body.get(name).and_then(serde_json::Value::as_str).map(str::to_owned);
        let drills = chain
            .records
            .iter()
            .map(|(_, record, _)| record)
            .filter(|record| record.kind == Kind::Drill && record.policy.as_deref() == Some(&self.policy.name));
        let passed =
            drills.filter(|record| field(&record.body, "verdict").as_deref() == Some("passed") && field(&record.body, "set").as_deref() == Some(&self.set.0));
        Ok(passed.filter_map(|record| field(&record.body, "backup")).collect())
    }
}

/// Where a backup of a set lies.
pub(super) fn location(policy: &LoadedPolicy, set: &Name, id: &str) -> At {
    let storage = &policy.policy.spec.storage;
    At { bucket: storage.bucket.clone(), folder: layout::folder(&storage.prefix, &set.0, id) }
}

/// The complete backups of a set, oldest first.
pub(super) async fn complete(ports: &Ports, policy: &LoadedPolicy, set: &Name) -> Result<Vec<SeenBackup>, OpError> {
    let storage = &policy.policy.spec.storage;
    match observe::seen_backups(ports, &storage.bucket, &storage.prefix).await {
        Fact::Known(backups) => Ok(backups.into_iter().filter(|backup| backup.complete && backup.set == set.0).collect()),
        Fact::Absent => Ok(Vec::new()),
        Fact::Unknown(why) => Err(OpError::Setup {
            message: format!("the backups in s3://{}/{} cannot be listed: {why}", storage.bucket, storage.prefix),
            hint: "run it as the restorer role (AWS_PROFILE)".to_owned(),
        }),
    }
}

/// The backup that is meant.
pub(super) fn pick<'a>(known: &'a [SeenBackup], pick: Pick, wanted: Option<&str>, policy: &LoadedPolicy, set: &Name) -> Result<&'a SeenBackup, OpError> {
    // By S3's date: the id is the writer's word.
    let found = match (wanted, pick) {
        (Some(id), _) => known.iter().find(|backup| backup.id == id),
        (None, Pick::Latest) => known.iter().max_by_key(|backup| (backup.newest, &backup.id)),
        (None, Pick::Oldest) => known.iter().min_by_key(|backup| (backup.newest, &backup.id)),
    };
    let set = format!("{}/{set}", policy.name);
    found.ok_or_else(|| match wanted {
        Some(id) if !known.is_empty() => {
            OpError::NoSuch { kind: "complete backup", name: id.to_owned(), known: known.iter().rev().take(10).map(|backup| backup.id.clone()).collect() }
        }
        Some(_) | None => OpError::Setup { message: format!("{set} has no complete backup"), hint: format!("take one: lifeboat backup {set}") },
    })
}

/// `POLICY/DRILL`, or `POLICY` alone when it has one drill.
fn find<'a>(prepared: &'a Prepared, name: &str) -> Result<(&'a LoadedPolicy, &'a Name, &'a Drill), OpError> {
    let (policy, drill) = name.split_once('/').map_or((name, None), |(policy, drill)| (policy, Some(drill)));
    let policy = prepared.policy(policy)?;
    let drills = &policy.policy.spec.drills;
    let found = match drill {
        Some(drill) => drills.iter().find(|(known, _)| known.0 == drill),
        None if drills.len() == 1 => drills.iter().next(),
        None => None,
    };
    let known = drills.keys().map(|known| format!("{}/{known}", policy.name)).collect();
    found.map(|(name, drill)| (policy, name, drill)).ok_or_else(|| OpError::NoSuch { kind: "drill", name: name.to_owned(), known })
}
