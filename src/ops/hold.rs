//! `lifeboat hold` and `lifeboat undelete`: what a person keeps back from expiry, and what is brought back from it.
//!
//! The manifest says that a backup is held, in a tag that the keeper reads before it does anything. The hold is written before
//! any release tag is taken off: from the first request on the keeper leaves the backup alone.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::catalogue::{self, Asking, Marked, Proofs};
use super::{Exit, OpError, Prepared, Where, backups, causes, check, connect, evidence, identify, keep};
use crate::catalog::backups::{State, Tags, hold_value, read_hold};
use crate::catalog::ending;
use crate::catalog::layout::MANIFEST;
use crate::catalog::release::{self, MOST_TAGS};
use crate::catalog::timeline::Version;
use crate::evidence::{Entry, Kind, Ledger};
use crate::model::aspects::Versioning;
use crate::model::document::Document;
use crate::model::fact::{Fact, Why};
use crate::model::id::ResourceId;
use crate::model::lifecycle::{HOLD_TAG, Lifecycle, Tag};
use crate::model::request::{Read, ReadOp};
use crate::model::resource::SeenBackup;
use crate::policy::LoadedPolicy;
use crate::ports::{Kind as ErrorKind, PortError, Ports, VersionInfo};
use crate::view::check::CheckView;
use crate::view::hold::HoldView;

/// A hold that comes later than this before the expiry is not certain: S3 queues an expiry before its day.
const QUEUED: i64 = 48 * 3_600;
/// Characters that S3 takes in the value of a tag, besides letters, digits and the space (S3 User Guide, object-tagging).
const TAG_CHARACTERS: &str = "+-=._:/@";
/// The longest reason: a tag holds 256 characters, and the time and a space stand before it.
const LONGEST_REASON: usize = 256 - 21;

/// What these commands end with.
#[derive(Debug)]
pub enum Ended {
    /// The policies have errors; nothing was done.
    Stopped(CheckView),
    /// What was done.
    Held(Box<HoldView>),
}

/// What is asked for.
#[derive(Debug)]
pub struct Wish<'a> {
    /// `POLICY/SET/ID`.
    pub name: &'a str,
    /// Until when, and why; none = the hold is lifted.
    pub hold: Option<(Timestamp, &'a str)>,
    /// Whether what expired is brought back first.
    pub undelete: bool,
}

/// Holds a backup, lifts its hold, or brings it back and holds it.
///
/// # Errors
/// When there is no such backup, no usable identity, or a tag cannot be written.
pub async fn hold(place: &Where, wish: &Wish<'_>) -> Result<(Ended, Exit), OpError> {
    let (prepared, ports, aws) = connect(place).await?;
    let (findings, exit) = check::view(&prepared);
    if exit == Exit::Findings {
        return Ok((Ended::Stopped(findings), exit));
    }
    if let Some((until, reason)) = wish.hold {
        sound(reason)?;
        ahead(until, ports.clock.now())?;
    }
    let identity = identify(&ports, Some(&aws)).await?;
    let ledger = ledger(evidence::ledger(&prepared, &ports, &identity), wish)?;
    let (policy, set, id) = backups::named(&prepared, wish.name)?;
    let mut view = HoldView {
        format: "lifeboat.hold/1".to_owned(),
        action: if wish.undelete {
            "undelete"
        } else if wish.hold.is_some() {
            "hold"
        } else {
            "hold --lift"
        }
        .to_owned(),
        backup: format!("{}/{set}/{id}", policy.name),
        until: wish.hold.map(|(until, _)| until.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
        reason: wish.hold.map(|(_, reason)| reason.to_owned()),
        before: None,
        objects: 0,
        brought_back: 0,
        legal_hold: None,
        certain: true,
        doubts: Vec::new(),
        evidence: None,
        evidence_failed: None,
    };
    if wish.undelete {
        let at = backups::location(policy, set, id);
        view.brought_back = undelete(&ports, &at.bucket, &at.folder, &mut view.doubts).await.map_err(|source| gone(wish.name, source))?;
    }
    let shelf = catalogue::shelf(&ports, policy, Some(set), Asking::plainly(&Fact::Known(Proofs::new()), Marked::Last)).await?;
    let backup = backups::pick(&shelf, id)?;
    // What could not be brought back, and what was never whole, no hold makes restorable.
    view.certain = view.doubts.is_empty();
    if matches!(backup.state, State::Partial | State::Refused | State::Orphaned) {
        let why = backup.why.as_ref().map_or_else(String::new, |why| format!(": {why}"));
        view.doubt(format!("it is {} and cannot be restored as it is{why}", backup.state.as_str()));
    }
    let keys: Vec<&String> = backup.seen.keys.keys().collect();
    view.objects = keys.len();
    let marker = Marker { ports: &ports, policy, keys: &keys, now: shelf.now, seen: &backup.seen };
    marker.mark(wish, &mut view).await.map_err(|source| unwritten(wish.name, source))?;
    record(&prepared, policy, ledger, &mut view).await;
    let exit = match (view.evidence_failed.is_some(), view.certain) {
        (true, _) => Exit::Failed,
        (false, false) => Exit::Held,
        (false, true) => Exit::Good,
    };
    Ok((Ended::Held(Box::new(view)), exit))
}

/// A hold is done even when it cannot be recorded, as it only keeps; lifting one is not.
fn ledger(opened: Result<Option<Ledger>, OpError>, wish: &Wish<'_>) -> Result<Result<Option<Ledger>, String>, OpError> {
    match opened {
        Ok(ledger) => Ok(Ok(ledger)),
        Err(error) if wish.hold.is_some() => Ok(Err(causes(&error))),
        Err(error) => Err(error),
    }
}

async fn record(prepared: &Prepared, policy: &LoadedPolicy, ledger: Result<Option<Ledger>, String>, view: &mut HoldView) {
    let body = serde_json::to_value(&*view).unwrap_or_default();
    let kind = if view.action == "undelete" { Kind::Undelete } else { Kind::Hold };
    let entry = Entry { kind, policy: Some(policy.name.clone()), policy_digest: Some(prepared.desired.digest.clone()), body };
    (view.evidence, view.evidence_failed) = match ledger {
        Ok(ledger) => evidence::record(ledger.as_ref(), entry).await,
        Err(why) => (None, Some(why)),
    };
}

/// A hold that is over holds nothing.
fn ahead(until: Timestamp, now: Timestamp) -> Result<(), OpError> {
    let said = |at: Timestamp| at.strftime("%Y-%m-%dT%H:%M:%SZ");
    if until > now {
        return Ok(());
    }
    let message = format!("--until {} is over: it is {}", said(until), said(now));
    Err(OpError::Setup { message, hint: "name a day to come; `--lift` ends a hold".to_owned() })
}

/// What S3 takes in a tag, and people read.
fn sound(reason: &str) -> Result<(), OpError> {
    let wrong = |message: String| OpError::Setup { message, hint: "write it in letters, digits, spaces and + - = . _ : / @".to_owned() };
    let count = reason.chars().count();
    if count == 0 || count > LONGEST_REASON {
        return Err(wrong(format!("the reason has {count} characters, and a tag takes 1 to {LONGEST_REASON}")));
    }
    match reason.chars().find(|c| !c.is_alphanumeric() && *c != ' ' && !TAG_CHARACTERS.contains(*c)) {
        Some(c) => Err(wrong(format!("the reason has the character {c:?}, which S3 does not take in a tag"))),
        None => Ok(()),
    }
}

fn unwritten(name: &str, source: PortError) -> OpError {
    OpError::Cloud { what: format!("the tags of {name} could not all be written"), source, credentials: None }
}

fn gone(name: &str, source: PortError) -> OpError {
    OpError::Cloud { what: format!("not all of {name} could be brought back; run it again to go on"), source, credentials: None }
}

struct Marker<'a> {
    ports: &'a Ports,
    policy: &'a LoadedPolicy,
    keys: &'a [&'a String],
    now: Timestamp,
    seen: &'a SeenBackup,
}

impl Marker<'_> {
    async fn mark(&self, wish: &Wish<'_>, view: &mut HoldView) -> Result<(), PortError> {
        let (objects, bucket) = (&self.ports.objects, &self.policy.policy.spec.storage.bucket);
        // The one object that the keeper looks at: the manifest, or the first one of an attempt.
        let manifest = self.keys.iter().find(|key| key.ends_with(&format!("/{MANIFEST}")));
        let Some(first) = manifest.or(self.keys.first()) else { return Ok(()) };
        let before = objects.tags(bucket, first, None).await?;
        let held = before.get(HOLD_TAG).cloned();
        view.before.clone_from(&held);
        let Some((until, reason)) = wish.hold else {
            let mut after = before;
            after.remove(HOLD_TAG);
            objects.put_tags(bucket, first, None, &after).await?;
            return self.legal(false, view).await;
        };
        let mut after = release::with(&before, None);
        // What holds it longer stays: a second hold takes nothing away from the first.
        match held.as_deref().and_then(read_hold).filter(|(longer, _)| *longer > until) {
            Some((longer, why)) => (view.until, view.reason) = (Some(longer.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()), Some(why.to_owned())),
            None => drop(after.insert(HOLD_TAG.to_owned(), hold_value(until, reason))),
        }
        if after.len() > MOST_TAGS {
            view.doubts.push(format!("{first} has {MOST_TAGS} tags of others: take one away, and hold it again"));
            view.certain = false;
            return Ok(());
        }
        let rules = keep::rules(self.ports, bucket).await;
        let was = rules.known().and_then(|rules| release::expiry(&before, self.seen.oldest, rules));
        objects.put_tags(bucket, first, None, &after).await?;
        // From here on the keeper leaves it alone. What fails below is said, and the rest is done all the same.
        let mut tags = BTreeMap::new();
        for key in self.keys {
            match keep::retag(self.ports, bucket, key, None).await {
                Ok(after) => drop(tags.insert(key.as_str(), after)),
                Err(error) => view.doubt(format!("the release tag of {key} could not be taken off, run it again: {}", causes(&error))),
            }
        }
        if let Err(error) = self.legal(true, view).await {
            view.doubt(format!("the legal hold could not be set on every object, run it again: {}", causes(&error)));
        }
        if let Some(was) = was.filter(|was| was.as_second() - self.now.as_second() < QUEUED) {
            view.doubt(format!("it was to expire at {was}, less than 48 h away: S3 may have queued that already"));
        }
        self.ends(&rules, &tags, view).await;
        Ok(())
    }

    /// Whether anything still ends it: by S3's own word of each object, and by the rules of the bucket, as other endpoints say no such word.
    async fn ends(&self, rules: &Fact<Lifecycle>, tags: &BTreeMap<&str, Tags>, view: &mut HoldView) {
        let bucket = &self.policy.policy.spec.storage.bucket;
        for key in self.keys {
            match self.ports.objects.expiry(bucket, key).await {
                Ok(None) => {}
                Ok(Some(said)) => view.doubt(format!("S3 still says of {key}: {said}")),
                Err(error) => view.doubt(format!("S3 did not say whether {key} expires: {}", causes(&error))),
            }
        }
        let rules = match rules {
            Fact::Known(rules) => rules,
            Fact::Absent => return,
            Fact::Unknown(why) => return view.doubt(format!("whether a rule of the bucket ends it is not known: {why}")),
        };
        let read = Read { op: ReadOp::BucketVersioning, target: ResourceId::Bucket(bucket.clone()) };
        let versioning = self.ports.cloud.read(&read).await.known().and_then(Document::to::<Versioning>);
        let owned: Vec<(&String, Vec<Tag>)> = self.keys.iter().map(|key| (*key, listed(tags.get(key.as_str())))).collect();
        let versions: Vec<Version<'_>> =
            owned.iter().map(|(key, tags)| Version { tags, ..Version::plain(key, self.seen.keys.get(*key).copied().unwrap_or(0), self.seen.oldest) }).collect();
        if let Some(ending) = ending::first(&versions, (rules, versioning), self.now) {
            let at = ending.at.max(self.now).strftime("%Y-%m-%d");
            view.doubt(format!("rule {:?} of the bucket expires it from {at} on, and heeds no hold: disable it, or give it a filter", ending.rule));
        }
    }

    /// With an object lock on, a hold is a legal hold too: then no tag and no person without the right for it ends it.
    async fn legal(&self, on: bool, view: &mut HoldView) -> Result<(), PortError> {
        let bucket = &self.policy.policy.spec.storage.bucket;
        let read = Read { op: ReadOp::BucketObjectLock, target: ResourceId::Bucket(bucket.clone()) };
        match self.ports.cloud.read(&read).await {
            Fact::Known(_) => {
                for key in self.keys {
                    self.ports.objects.legal_hold(bucket, key, on).await?;
                }
                view.legal_hold = Some(if on { "on, for every object" } else { "off, for every object" }.to_owned());
            }
            // Of an endpoint that has no object lock nothing is missing.
            Fact::Absent | Fact::Unknown(Why::Unsupported(_)) => {}
            Fact::Unknown(why) => view.doubt(format!("whether the bucket has an object lock is not known, so there is no legal hold: {why}")),
        }
        Ok(())
    }
}

/// Tags as rules look at them.
fn listed(tags: Option<&Tags>) -> Vec<Tag> {
    tags.into_iter().flatten().map(|(key, value)| Tag { key: key.clone(), value: value.clone() }).collect()
}

impl HoldView {
    /// What stands against it: then it is not certain that nothing expires it.
    fn doubt(&mut self, why: String) {
        self.doubts.push(why);
        self.certain = false;
    }
}

/// Brings back what delete markers hide: first the release tag off the version, then the marker, else it expires again at midnight.
async fn undelete(ports: &Ports, bucket: &str, folder: &str, doubts: &mut Vec<String>) -> Result<usize, PortError> {
    let mut by_key: BTreeMap<String, Vec<VersionInfo>> = BTreeMap::new();
    for version in ports.objects.versions(bucket, folder).await? {
        by_key.entry(version.key.clone()).or_default().push(version);
    }
    let mut back = 0;
    for (key, versions) in &by_key {
        let Some(marker) = versions.first().filter(|newest| newest.marker && newest.latest) else { continue };
        let Some(version) = versions.iter().find(|version| !version.marker) else {
            doubts.push(format!("{key} is gone for good: no version is left"));
            continue;
        };
        match ports.objects.tags(bucket, key, Some(&version.id)).await {
            Ok(before) => {
                let after: Tags = release::with(&before, None);
                if after != before {
                    ports.objects.put_tags(bucket, key, Some(&version.id), &after).await?;
                }
            }
            // Some endpoints know no tags of a version that a marker hides: it is untagged as soon as it is there again.
            Err(error) if error.kind == ErrorKind::Missing => {}
            Err(error) => return Err(error),
        }
        for marker in versions.iter().take_while(|version| version.marker).filter(|other| other.modified <= marker.modified) {
            ports.objects.remove_marker(bucket, key, &marker.id).await?;
        }
        back += 1;
    }
    Ok(back)
}

#[cfg(test)]
mod tests;
