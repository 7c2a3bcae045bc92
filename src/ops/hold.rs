//! `lifeboat hold` and `lifeboat undelete`: what a person keeps back from expiry, and what is brought back from it.
//!
//! The manifest says that a backup is held, in a tag that the keeper reads before it does anything. The hold is written before
//! any release tag is taken off: from the first request on the keeper leaves the backup alone.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::catalogue::{self, Asking, Marked, Proofs};
use super::{Exit, OpError, Prepared, Where, backups, causes, check, connect, evidence, identify, keep};
use crate::catalog::backups::{Tags, hold_value};
use crate::catalog::layout::MANIFEST;
use crate::catalog::release::{self, MOST_TAGS};
use crate::evidence::{Entry, Kind, Ledger};
use crate::model::fact::Fact;
use crate::model::id::ResourceId;
use crate::model::lifecycle::HOLD_TAG;
use crate::model::request::{Read, ReadOp};
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
    if let Some((_, reason)) = wish.hold {
        sound(reason)?;
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
        view.brought_back = undelete(&ports, &at.bucket, &at.folder, &mut view.doubts).await.map_err(|source| unwritten(wish.name, source))?;
    }
    let shelf = catalogue::shelf(&ports, policy, Some(set), Asking::plainly(&Fact::Known(Proofs::new()), Marked::Last)).await?;
    let backup = backups::pick(&shelf, id)?;
    let keys: Vec<&String> = backup.seen.keys.keys().collect();
    view.objects = keys.len();
    let marker = Marker { ports: &ports, policy, keys: &keys, now: shelf.now, oldest: backup.seen.oldest };
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

struct Marker<'a> {
    ports: &'a Ports,
    policy: &'a LoadedPolicy,
    keys: &'a [&'a String],
    now: Timestamp,
    oldest: Timestamp,
}

impl Marker<'_> {
    async fn mark(&self, wish: &Wish<'_>, view: &mut HoldView) -> Result<(), PortError> {
        let (objects, bucket) = (&self.ports.objects, &self.policy.policy.spec.storage.bucket);
        // The one object that the keeper looks at: the manifest, or the first one of an attempt.
        let manifest = self.keys.iter().find(|key| key.ends_with(&format!("/{MANIFEST}")));
        let Some(first) = manifest.or(self.keys.first()) else { return Ok(()) };
        let before = objects.tags(bucket, first, None).await?;
        let Some((until, reason)) = wish.hold else {
            let mut after = before;
            after.remove(HOLD_TAG);
            objects.put_tags(bucket, first, None, &after).await?;
            return self.legal(false, view).await;
        };
        let mut after = release::with(&before, None);
        after.insert(HOLD_TAG.to_owned(), hold_value(until, reason));
        if after.len() > MOST_TAGS {
            view.doubts.push(format!("{first} has {MOST_TAGS} tags of others: take one away, and hold it again"));
            view.certain = false;
            return Ok(());
        }
        let rules = keep::rules(self.ports, bucket).await;
        let was = rules.known().and_then(|rules| release::expiry(&before, self.oldest, rules));
        objects.put_tags(bucket, first, None, &after).await?;
        for key in self.keys {
            keep::retag(self.ports, bucket, key, None).await?;
        }
        self.legal(true, view).await?;
        if let Some(was) = was.filter(|was| was.as_second() - self.now.as_second() < QUEUED) {
            view.doubts.push(format!("it was to expire at {was}, less than 48 h away: S3 may have queued that already"));
            view.certain = false;
        }
        for key in self.keys {
            if let Some(said) = objects.expiry(bucket, key).await? {
                view.doubts.push(format!("S3 still says of {key}: {said}"));
                view.certain = false;
            }
        }
        Ok(())
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
            Fact::Absent => {}
            Fact::Unknown(why) => view.doubts.push(format!("whether the bucket has an object lock is not known, so there is no legal hold: {why}")),
        }
        Ok(())
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
