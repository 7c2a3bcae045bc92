//! `lifeboat keep`: releases what the policies no longer keep, and takes tags off what they do. It only ever tags.
//!
//! Data first and the manifest last: a run that breaks off is begun anew by the next one. What would go earlier than promised
//! waits for a person's word.

use std::collections::{BTreeMap, BTreeSet};

use super::catalogue::{self, Asking, Marked, Proofs, Shelf};
use super::decided::{self, Case, Decided};
use super::{Exit, OpError, Prepared, Where, backups, causes, check, connect, control, evidence, identify};
use crate::catalog::backups::{Backup, Tags};
use crate::catalog::index;
use crate::catalog::release::{self, Hold, Step};
use crate::evidence::{Entry, Kind};
use crate::model::fact::Fact;
use crate::model::id::ResourceId;
use crate::model::lifecycle::{HOLD_TAG, Lifecycle};
use crate::model::policy::{BackupSet, Name};
use crate::model::repository::ControlPlace;
use crate::model::request::{Read, ReadOp};
use crate::policy::LoadedPolicy;
use crate::ports::{PortError, Ports};
use crate::view::check::CheckView;
use crate::view::keep::{KeepView, KeptSetView, KeptStepView};

/// What `keep` ends with.
#[derive(Debug)]
pub enum Ended {
    /// The policies have errors; nothing was done.
    Stopped(CheckView),
    /// What was released, taken back and held.
    Kept(Box<KeepView>),
}

/// What is asked for.
#[derive(Debug)]
pub struct Wish<'a> {
    /// `POLICY`, `POLICY/SET`, or every policy.
    pub name: Option<&'a str>,
    /// Whether nothing is done and only said.
    pub dry_run: bool,
    /// Whether every tag is asked for, whatever the index remembers.
    pub recheck: bool,
    /// Backups that may go earlier than promised: `POLICY/SET/ID`.
    pub earlier: &'a [String],
}

/// Decides for every backup, and brings its tags to what was decided.
///
/// # Errors
/// When there is no such policy or set, no usable identity, or a bucket cannot be listed.
pub async fn keep(place: &Where, wish: &Wish<'_>) -> Result<(Ended, Exit), OpError> {
    let (prepared, ports, aws) = connect(place).await?;
    let (findings, exit) = check::view(&prepared);
    if exit == Exit::Findings {
        return Ok((Ended::Stopped(findings), exit));
    }
    let identity = identify(&ports, Some(&aws)).await?;
    let wanted = backups::wanted(&prepared, wish.name)?;
    let ledger = if wish.dry_run { None } else { evidence::ledger(&prepared, &ports, &identity)? };
    let proofs = catalogue::proofs(&prepared, &ports).await;
    let (mut sets, mut allowed) = (Vec::new(), BTreeSet::new());
    for (policy, set) in wanted {
        let asking = Asking { proofs: &proofs, marked: Marked::All, control: control(&prepared), anew: wish.recheck };
        let mut shelf = catalogue::shelf(&ports, policy, set, asking).await?;
        let rules = rules(&ports, &policy.policy.spec.storage.bucket).await;
        for (name, spec) in policy.policy.spec.backups.iter().filter(|(name, _)| set.is_none_or(|set| set == *name)) {
            let run = Run { ports: &ports, name, spec, rules: &rules, proofs: &proofs, wish, control: asking.control };
            sets.push(run.keep(&mut shelf, &mut allowed).await);
        }
    }
    let mut view = view(&prepared, &identity.arn, wish, sets, &allowed);
    if view.changes() > 0 && !wish.dry_run {
        let body = serde_json::to_value(&view).unwrap_or_default();
        let entry = Entry { kind: Kind::Keep, policy: None, policy_digest: Some(prepared.desired.digest.clone()), body };
        (view.evidence, view.evidence_failed) = evidence::record(ledger.as_ref(), entry).await;
    }
    let exit = ended(&view);
    Ok((Ended::Kept(Box::new(view)), exit))
}

fn view(prepared: &Prepared, identity: &str, wish: &Wish<'_>, sets: Vec<KeptSetView>, allowed: &BTreeSet<String>) -> KeepView {
    KeepView {
        format: "lifeboat.keep/1".to_owned(),
        tool: env!("CARGO_PKG_VERSION").to_owned(),
        revision: prepared.revision.clone(),
        identity: identity.to_owned(),
        dry_run: wish.dry_run,
        sets,
        unused: wish.earlier.iter().filter(|name| !allowed.contains(*name)).cloned().collect(),
        evidence: None,
        evidence_failed: None,
    }
}

fn ended(view: &KeepView) -> Exit {
    let mut exit = if view.dry_run && view.changes() > 0 { Exit::Pending } else { Exit::Good };
    for step in view.sets.iter().flat_map(|set| &set.steps) {
        exit = exit.worst(match step.outcome.as_str() {
            "failed" | "changed" => Exit::Failed,
            "held" => Exit::Held,
            _ => Exit::Good,
        });
    }
    if view.evidence_failed.is_some() { exit.worst(Exit::Failed) } else { exit }
}

/// The lifecycle rules of the bucket: what a tag means.
pub(super) async fn rules(ports: &Ports, bucket: &str) -> Fact<Lifecycle> {
    let read = Read { op: ReadOp::BucketLifecycle, target: ResourceId::Bucket(bucket.to_owned()) };
    decided::rules(ports.cloud.read(&read).await)
}

/// A run over one set, but for its backups.
#[derive(Clone, Copy)]
struct Run<'a> {
    ports: &'a Ports,
    name: &'a Name,
    spec: &'a BackupSet,
    rules: &'a Fact<Lifecycle>,
    proofs: &'a Fact<Proofs>,
    wish: &'a Wish<'a>,
    control: Option<&'a ControlPlace>,
}

impl Run<'_> {
    /// Decides, reads from the source what the steps rest on until nothing of it is hearsay, acts, and writes the index.
    async fn keep(self, shelf: &mut Shelf<'_>, allowed: &mut BTreeSet<String>) -> KeptSetView {
        loop {
            let hearsay = Keeper { run: self, shelf }.hearsay();
            if hearsay.is_empty() {
                break;
            }
            shelf.refresh(self.ports, self.proofs, &self.name.0, &hearsay).await;
        }
        let mut view = Keeper { run: self, shelf }.keep(allowed).await;
        view.index = shelf.indexes.get(&self.name.0).and_then(|indexed| indexed.note.clone());
        if let Some(control) = self.control.filter(|_| !self.wish.dry_run) {
            let sent = view.steps.iter().filter(|step| step.outcome != "held");
            let changed = sent.filter_map(|step| Some(step.backup.rsplit_once('/')?.1.to_owned())).collect();
            view.index = shelf.write_index(self.ports, control, &self.name.0, &changed).await.or(view.index);
        }
        view
    }
}

struct Keeper<'a> {
    run: Run<'a>,
    shelf: &'a Shelf<'a>,
}

impl Keeper<'_> {
    fn policy(&self) -> &LoadedPolicy {
        self.shelf.policy
    }

    fn case(&self) -> Case<'_> {
        let Run { name, spec, proofs, .. } = self.run;
        Case { policy: self.shelf.policy, name, spec, proofs, now: self.shelf.now }
    }

    /// The backups that a step rests on and that only the index speaks of.
    fn hearsay(&self) -> BTreeSet<String> {
        let case = self.case();
        let Decided { own, points, decisions, .. } = case.decide(&self.shelf.backups);
        let is_step = |at: &usize| {
            let pair = own.get(*at).zip(decisions.get(*at));
            pair.is_some_and(|(backup, decision)| release::step(backup, decision, &marks(backup), &case.around(self.run.rules)).is_some())
        };
        let steps: BTreeSet<usize> = (0..own.len()).filter(is_step).collect();
        let needed = index::rests_on(&points, &decisions, &steps, &case.terms()).into_iter().filter_map(|at| own.get(at));
        let ids = needed.map(|backup| (backup.seen.set.clone(), backup.seen.id.clone()));
        ids.filter(|name| self.shelf.remembered.contains(name)).map(|(_, id)| id).collect()
    }

    async fn keep(&self, allowed: &mut BTreeSet<String>) -> KeptSetView {
        let case = self.case();
        let Decided { own, decisions, anomaly, .. } = case.decide(&self.shelf.backups);
        let mut view = KeptSetView::of(&self.policy().name, &self.run.name.0, self.shelf.now);
        view.clock.clone_from(&self.shelf.clock);
        view.anomaly = anomaly;
        for (backup, decision) in own.into_iter().zip(&decisions) {
            view.count(decision);
            let Some((step, held)) = release::step(backup, decision, &marks(backup), &case.around(self.run.rules)) else { continue };
            view.steps.push(self.carry_out(&step, held, backup, allowed).await);
        }
        view
    }

    async fn carry_out(&self, step: &Step, held: Option<Hold>, backup: &Backup, allowed: &mut BTreeSet<String>) -> KeptStepView {
        let name = format!("{}/{}/{}", self.policy().name, step.set, step.id);
        let earlier = matches!(held, Some(Hold::Earlier { .. }));
        let leave = earlier && self.run.wish.earlier.contains(&name);
        if leave {
            allowed.insert(name.clone());
        }
        let view = KeptStepView::of(&name, step, backup.seen.bytes);
        match held {
            Some(held) if !leave => view.ended("held", Some(held.sentence()), earlier.then(|| format!("--allow-earlier {name}"))),
            _ if self.run.wish.dry_run => view,
            _ => match self.send(step).await {
                Ok(true) => view.ended("done", None, None),
                Ok(false) => view.ended("changed", Some("its tags were changed since they were read".to_owned()), None),
                Err(error) => view.ended("failed", Some(causes(&error)), None),
            },
        }
    }

    /// Tags every object; answers false when somebody held it, or tagged it otherwise, in the meantime.
    async fn send(&self, step: &Step) -> Result<bool, PortError> {
        let bucket = &self.policy().policy.spec.storage.bucket;
        let Some(last) = step.keys.last() else { return Ok(true) };
        let now = self.run.ports.objects.tags(bucket, last, None).await?;
        let held = now.get(HOLD_TAG) != self.held(&step.id).as_ref();
        if held || now.get(crate::model::lifecycle::EXPIRE_TAG) != step.from.as_ref() {
            return Ok(false);
        }
        for key in &step.keys {
            retag(self.run.ports, bucket, key, step.to.as_deref()).await?;
        }
        let read_back = self.run.ports.objects.tags(bucket, last, None).await?;
        Ok(read_back.get(crate::model::lifecycle::EXPIRE_TAG) == step.to.as_ref())
    }

    fn held(&self, id: &str) -> Option<String> {
        let backup = self.shelf.backups.iter().find(|backup| backup.seen.set == self.run.name.0 && backup.seen.id == id)?;
        backup.tags.known()?.get(HOLD_TAG).cloned()
    }
}

/// The tags of all objects; a backup of which one is not known is left alone before it comes to this.
fn marks(backup: &Backup) -> BTreeMap<String, Tags> {
    backup.marks.iter().filter_map(|(key, tags)| Some((key.clone(), tags.known()?.clone()))).collect()
}

/// Sets the release tag of one object, or takes it off; tags of others stay. Answers what it has then.
pub(super) async fn retag(ports: &Ports, bucket: &str, key: &str, to: Option<&str>) -> Result<Tags, PortError> {
    let before = ports.objects.tags(bucket, key, None).await?;
    let after = release::with(&before, to);
    if after != before {
        ports.objects.put_tags(bucket, key, None, &after).await?;
    }
    Ok(after)
}

#[cfg(test)]
mod tests;
