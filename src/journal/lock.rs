//! The lock of applies: one object, `<control>lock`, written only conditionally. Nothing here deletes it: it is released by
//! a body that says so, so that the applier needs no right to delete.
//!
//! A holder counts its lease by its own clock from before it asked, others count it by S3's clock from S3's date of the
//! object: no two clocks are compared, and the holder is always the first to think that its lease is over.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use self::waiting::{News, Now, Waiting};
use super::store::{self, JournalError, patient};
use super::{End, Run, is_plain, is_run_id};
use crate::model::document::Document;
use crate::model::repository::ControlPlace;
use crate::model::resource::Identity;
use crate::ports::{Kind, PortError, Ports, Tagged};

pub mod waiting;

/// The format of the lock.
pub const FORMAT: &str = "lifeboat.lock/1";

/// For how long a lock is held without being renewed. Long enough that a holder renews it between any two requests, each of
/// which takes at most a minute with all its attempts (`ports::aws`); short enough that who finds a dead one can wait for it.
pub const LEASE: SignedDuration = SignedDuration::from_mins(3);
/// Nothing is sent with less than this left: a request may go out for the last time a minute after it was begun.
const MARGIN: SignedDuration = SignedDuration::from_secs(75);
/// How much longer than its lease a lock is left alone: dates are in whole seconds, and S3 is more than one machine.
const TOLERANCE: SignedDuration = SignedDuration::from_secs(5);
/// The longest lease that is believed.
const LONGEST: u64 = 3_600;
/// How often a lock that somebody holds is looked at while waiting for it.
const POLL: Duration = Duration::from_secs(2);
/// How often a write is tried whose outcome was not clear, or that another one beat.
const TRIES: u32 = 5;
/// Largest lock that is read.
const LARGEST: u64 = 64 << 10;
/// How many of the newest journals are looked at when there is no lock to say which runs broke off.
const LOOKED_AT: usize = 20;
/// An entity tag that no object has.
const NO_TAG: &str = "\"00000000000000000000000000000000\"";

/// The lock as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    format: String,
    state: State,
    /// Id of the run that took it last.
    run: String,
    /// Short name of who took it.
    holder: String,
    /// The account of that identity.
    account: String,
    /// When, by the holder's clock.
    acquired: Timestamp,
    /// Until when, by the holder's clock: for people. Others count `leaseSeconds` from S3's date of the object.
    until: Timestamp,
    lease_seconds: u64,
    /// Makes each write differ, and thereby its entity tag.
    renewals: u64,
    /// Runs that broke off and whose journals are not closed yet.
    unfinished: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum State {
    Held,
    Released,
}

/// Who holds the lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Short name of the identity.
    pub identity: String,
    /// Its run.
    pub run: String,
    /// Since when, by its clock.
    pub since: Timestamp,
    /// Until when the lock is left alone unless it is renewed, by S3's clock.
    pub until: Timestamp,
    /// For how many seconds that is, by the same clock.
    pub left: i64,
    /// How many seconds our clock is ahead of S3's.
    pub ahead: i64,
}

impl Holder {
    /// In one sentence.
    pub fn sentence(&self) -> String {
        let clocks = match self.ahead {
            -5..=5 => String::new(),
            ahead => format!(" (the clock here is {} s {} S3's, by which the lease is counted)", ahead.abs(), if ahead > 0 { "ahead of" } else { "behind" }),
        };
        format!("`{}` holds the lock since {} (run {}){clocks}", self.identity, self.since.strftime("%Y-%m-%dT%H:%M:%SZ"), self.run)
    }
}

/// Why the lock is not ours.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another apply has it.
    #[error("another apply is under way: {}", .0.sentence())]
    Held(Holder),
    /// It was ours, and is not any more.
    #[error("the lock was lost: {0}")]
    Lost(String),
    /// The store takes writes whose condition does not hold.
    #[error("the bucket {bucket} cannot hold a lock: its store ignores {header}")]
    NoConditions {
        /// The bucket.
        bucket: String,
        /// The header that it ignores.
        header: &'static str,
    },
    /// What lies there is not what we write there.
    #[error("s3://{bucket}/{key} is no lock that this lifeboat understands: {why}")]
    NotALock {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
        /// What is wrong with it.
        why: String,
    },
    /// The bucket answered no.
    #[error("{what}")]
    Port {
        /// What was needed.
        what: String,
        /// The failure.
        source: PortError,
    },
    /// A journal that should tell what broke off cannot be read or closed.
    #[error("the journals of earlier runs cannot be read or closed")]
    Journal(#[from] JournalError),
}

impl LockError {
    /// What a person can do.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Held(holder) => Some(format!(
                "nothing was sent; run it again with --wait 10m, or when that one has ended; if its process is gone, the lock is free in {} s at the latest",
                holder.left
            )),
            Self::Lost(_) => Some("look at what the other run did, then run `lifeboat plan`".to_owned()),
            Self::NoConditions { .. } => {
                Some("keep `control` on a store with conditional writes, or take it out of lifeboat.yaml and let nobody else apply meanwhile".to_owned())
            }
            Self::NotALock { .. } => Some("use a newer lifeboat, or let `control.prefix` in lifeboat.yaml name a place of its own".to_owned()),
            Self::Port { source, .. } | Self::Journal(JournalError::Port { source, .. }) if source.kind == Kind::Missing => {
                Some("the control bucket must exist before the first apply: look at `control.bucket` in lifeboat.yaml".to_owned())
            }
            Self::Port { source, .. } | Self::Journal(JournalError::Port { source, .. }) => source.hint().map(str::to_owned),
            Self::Journal(JournalError::Overtaken { .. }) => Some("run it again".to_owned()),
        }
    }
}

/// The lock, held by us.
pub struct Lock {
    ports: Ports,
    place: ControlPlace,
    body: Body,
    etag: String,
    /// By our clock, from before the write that began the lease was sent.
    since: Timestamp,
}

impl std::fmt::Debug for Lock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Lock(s3://{}/{}, run {})", self.place.bucket, key(&self.place), self.body.run)
    }
}

/// What one attempt to take the lock came to.
enum Attempt {
    Taken(Box<Lock>),
    Held(Holder),
    /// Another one was faster, or the answer was lost.
    Unclear(Option<PortError>),
}

/// Takes the lock for a run, waiting for who holds it, and proves that the store keeps its conditions.
///
/// # Errors
/// When somebody else holds it for longer than is waited, or the store cannot hold a lock.
pub async fn take(ports: &Ports, place: &ControlPlace, identity: &Identity, run: &str, waiting: &Waiting<'_>) -> Result<Lock, LockError> {
    let begun = ports.clock.now();
    let deadline = begun + SignedDuration::try_from(waiting.at_most).unwrap_or(SignedDuration::ZERO);
    let tell = |holder: Holder, now| waiting.tell(&News { holder, waited: ports.clock.now().duration_since(begun), now });
    let (mut tries, mut before) = (0, None::<Holder>);
    loop {
        match attempt(ports, place, identity, run).await? {
            Attempt::Taken(lock) => {
                let lock = lock.proven().await?;
                if let Some(holder) = before {
                    let now = if lock.unfinished().contains(&holder.run) { Now::TakenOver } else { Now::GivenBack };
                    tell(holder, now);
                }
                return Ok(lock);
            }
            Attempt::Held(holder) if ports.clock.now() >= deadline => {
                tell(holder.clone(), Now::GivenUp);
                return Err(LockError::Held(holder));
            }
            Attempt::Held(holder) => {
                tell(holder.clone(), Now::Held(waiting.at_most));
                before = Some(holder);
                ports.clock.sleep(POLL).await;
            }
            Attempt::Unclear(error) => {
                tries += 1;
                if let Some(error) = error.filter(|_| tries >= TRIES) {
                    return Err(port("the lock cannot be written", error));
                }
                if tries > 10 * TRIES {
                    return Err(LockError::Lost("others take it again and again".to_owned()));
                }
            }
        }
    }
}

async fn attempt(ports: &Ports, place: &ControlPlace, identity: &Identity, run: &str) -> Result<Attempt, LockError> {
    let (lock, now) = (&key(place), ports.clock.now());
    let body = |unfinished| Body {
        format: FORMAT.to_owned(),
        state: State::Held,
        run: run.to_owned(),
        holder: identity.short().to_owned(),
        account: identity.account.clone(),
        acquired: now,
        until: now + LEASE,
        lease_seconds: LEASE.as_secs().unsigned_abs(),
        renewals: 0,
        unfinished,
    };
    let Some(found) = load(ports, place).await? else {
        let open = store::last(ports, place, LOOKED_AT).await?.into_iter().filter(|run| run.end == End::Open);
        let body = body(open.map(|run| run.id).collect());
        let written = patient(ports, || ports.objects.create(&place.bucket, lock, bytes(&body))).await;
        return settled(ports, place, body, now, written).await;
    };
    let old = parse(place, &found.bytes)?;
    if old.state == State::Held && old.run == run {
        return Ok(Attempt::Taken(Box::new(Lock { ports: ports.clone(), place: place.clone(), since: old.acquired, body: old, etag: found.etag })));
    }
    if let Some(holder) = holder(&old, &found, now) {
        return Ok(Attempt::Held(holder));
    }
    let body = body(broken(&old));
    let written = patient(ports, || ports.objects.replace(&place.bucket, lock, &found.etag, bytes(&body))).await;
    settled(ports, place, body, now, written).await
}

/// Reads back what was written: an answer may have been lost, and only the object itself tells its entity tag.
async fn settled(ports: &Ports, place: &ControlPlace, body: Body, since: Timestamp, written: Result<(), PortError>) -> Result<Attempt, LockError> {
    let error = match written {
        Err(error) if error.kind != Kind::Exists && !error.maybe_done => return Err(port("the lock cannot be written", error)),
        other => other.err(),
    };
    match load(ports, place).await? {
        Some(found) if found.bytes == bytes(&body) => {
            Ok(Attempt::Taken(Box::new(Lock { ports: ports.clone(), place: place.clone(), body, etag: found.etag, since })))
        }
        _ => Ok(Attempt::Unclear(error.filter(|error| error.maybe_done))),
    }
}

/// Who holds it, unless it is released or its lease is over.
fn holder(body: &Body, found: &Tagged, now: Timestamp) -> Option<Holder> {
    let lease = SignedDuration::from_secs(i64::try_from(body.lease_seconds.min(LONGEST)).unwrap_or_default());
    let until = found.modified + lease + TOLERANCE;
    let left = until.duration_since(found.now).as_secs();
    let ahead = now.duration_since(found.now).as_secs();
    let held = body.state == State::Held && left >= 0;
    held.then(|| Holder { identity: body.holder.clone(), run: body.run.clone(), since: body.acquired, until, left: left + 1, ahead })
}

/// The runs that broke off, given that nobody holds the lock.
fn broken(body: &Body) -> Vec<String> {
    let last = (body.state == State::Held).then(|| body.run.clone());
    body.unfinished.iter().cloned().chain(last).collect()
}

/// What somebody who only looks can see: who holds the lock, and which runs broke off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Who holds it.
    pub holder: Option<Holder>,
    /// The runs that broke off, if nobody holds it.
    pub broken: Vec<Run>,
}

/// Looks at the lock, with reads only.
///
/// # Errors
/// When the lock or a journal cannot be read.
pub async fn look(ports: &Ports, place: &ControlPlace) -> Result<Look, LockError> {
    let Some(found) = load(ports, place).await? else { return Ok(Look::default()) };
    let body = parse(place, &found.bytes)?;
    let holder = holder(&body, &found, ports.clock.now());
    let mut out = Look { holder, broken: Vec::new() };
    if out.holder.is_none() {
        for run in broken(&body) {
            out.broken.push(store::read(ports, place, &run).await?);
        }
        out.broken.retain(|run| run.end == End::Open);
    }
    Ok(out)
}

impl Lock {
    /// The runs that broke off and whose journals are to be closed.
    pub fn unfinished(&self) -> &[String] {
        &self.body.unfinished
    }

    /// Says which runs broke off; written with the next renewal, or at the release.
    pub fn set_unfinished(&mut self, runs: Vec<String>) {
        self.body.unfinished = runs;
    }

    /// Makes sure that a request that is begun now is sent while the lock is ours.
    ///
    /// # Errors
    /// When the lock was lost, or cannot be renewed.
    pub async fn hold(&mut self) -> Result<(), LockError> {
        let passed = self.ports.clock.now().duration_since(self.since);
        // A clock that was set back proves nothing.
        if !passed.is_negative() && passed < LEASE - MARGIN { Ok(()) } else { self.write(State::Held).await }
    }

    /// Gives it back.
    ///
    /// # Errors
    /// When that could not be written; then it is free when its lease is over.
    pub async fn release(mut self) -> Result<(), LockError> {
        self.write(State::Released).await
    }

    async fn write(&mut self, state: State) -> Result<(), LockError> {
        let mut last = None;
        for _ in 0..TRIES {
            let now = self.ports.clock.now();
            let body = Body { state, until: now + LEASE, renewals: self.body.renewals + 1, ..self.body.clone() };
            let lock = &key(&self.place);
            let written = patient(&self.ports, || self.ports.objects.replace(&self.place.bucket, lock, &self.etag, bytes(&body))).await;
            match settled(&self.ports, &self.place, body, now, written).await? {
                Attempt::Taken(lock) => {
                    *self = *lock;
                    return Ok(());
                }
                Attempt::Held(_) => {}
                Attempt::Unclear(error) => last = error,
            }
            match load(&self.ports, &self.place).await? {
                None => return Err(LockError::Lost("somebody removed it".to_owned())),
                // Still as we left it: the write was refused for another reason, or did not arrive.
                Some(found) if found.bytes == bytes(&self.body) => self.etag = found.etag,
                Some(found) => {
                    let other = parse(&self.place, &found.bytes)?;
                    return Err(LockError::Lost(format!("run {} of `{}` took it over", other.run, other.holder)));
                }
            }
        }
        Err(last.map_or_else(|| LockError::Lost("it cannot be renewed".to_owned()), |error| port("the lock cannot be renewed", error)))
    }

    /// Tries what the store must refuse, on the lock itself and with its own bytes, so that nothing is lost if it does not.
    async fn proven(self: Box<Self>) -> Result<Self, LockError> {
        match self.refuses().await {
            Ok(()) => Ok(*self),
            Err(error) => {
                // Best effort: nothing was sent under this lock, and nobody should have to wait for it.
                let _ = self.release().await;
                Err(error)
            }
        }
    }

    async fn refuses(&self) -> Result<(), LockError> {
        let (objects, bucket, key) = (&self.ports.objects, &self.place.bucket, key(&self.place));
        let refused = |answer: Result<(), PortError>, header| match answer {
            Ok(()) => Err(LockError::NoConditions { bucket: bucket.clone(), header }),
            Err(error) if error.kind == Kind::Exists => Ok(()),
            Err(error) => Err(port("whether the store keeps the conditions of a lock cannot be told", error)),
        };
        refused(objects.create(bucket, &key, bytes(&self.body)).await, "If-None-Match")?;
        refused(objects.replace(bucket, &key, NO_TAG, bytes(&self.body)).await, "If-Match")
    }
}

async fn load(ports: &Ports, place: &ControlPlace) -> Result<Option<Tagged>, LockError> {
    let lock = &key(place);
    match patient(ports, || ports.objects.get_tagged(&place.bucket, lock, LARGEST)).await {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind == Kind::Missing => Ok(None),
        // Who may list only below a prefix is refused what is not there (S3 API reference, GetObject): the listing tells.
        Err(error) if error.kind == Kind::Refused => match ports.objects.list(&place.bucket, &key(place)).await {
            Ok(listed) if listed.iter().all(|object| object.key != key(place)) => Ok(None),
            Ok(_) | Err(_) => Err(port("the lock cannot be read", error)),
        },
        Err(error) => Err(port("the lock cannot be read", error)),
    }
}

fn parse(place: &ControlPlace, found: &[u8]) -> Result<Body, LockError> {
    let not = |why: String| LockError::NotALock { bucket: place.bucket.clone(), key: key(place), why };
    let value: serde_json::Value = serde_json::from_slice(found).map_err(|_| not("it is not JSON".to_owned()))?;
    let format = value.get("format").and_then(serde_json::Value::as_str).filter(|format| is_plain(format)).unwrap_or("?");
    if format != FORMAT {
        return Err(not(format!("its format is `{format}`, and this one reads `{FORMAT}`")));
    }
    let body: Body = serde_json::from_value(value).map_err(|error| not(error.to_string()))?;
    let sound = is_run_id(&body.run) && is_plain(&body.holder) && body.unfinished.iter().all(|run| is_run_id(run));
    if sound { Ok(body) } else { Err(not("it names a run or a holder that cannot be one".to_owned())) }
}

fn bytes(body: &Body) -> Vec<u8> {
    Document::of(body).to_string().into_bytes()
}

fn key(place: &ControlPlace) -> String {
    format!("{}lock", place.prefix)
}

fn port(what: &str, source: PortError) -> LockError {
    LockError::Port { what: what.to_owned(), source }
}

#[cfg(test)]
mod tests;
