//! The outside world, as traits with boxed futures; `aws/` and `sim/` implement them and pass one conformance suite.
//!
//! Every port says of a failure whether the write may have happened and whether a retry can help. No floor above names
//! an SDK. Nothing here decides: a port asks, sends and reports.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use jiff::Timestamp;

use crate::model::document::Document;
use crate::model::fact::{Fact, Why};
use crate::model::request::{Read, Request};
use crate::model::resource::Identity;

pub mod aws;
pub mod conformance;
pub mod postgres;
pub mod process;
pub mod quirks;
pub mod secrets;
pub mod sim;
pub mod system;
pub mod webhook;

/// A future that a port returns.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The control plane: settings of buckets and roles.
pub trait Cloud: Send + Sync {
    /// Who we are. Failing here means that no identity or endpoint is usable at all.
    fn identity(&self) -> Answer<'_, Result<Identity, PortError>>;
    /// One question. A refused, missing or strange answer is a fact too, never a failed run.
    fn read<'a>(&'a self, read: &'a Read) -> Answer<'a, Fact<Document>>;
    /// One write, sent once as it is.
    fn send<'a>(&'a self, request: &'a Request) -> Answer<'a, Result<(), PortError>>;
    /// How many requests were sent so far, those of the data plane too, each attempt and each page counted; not those by which the SDK gets
    /// credentials.
    fn sent(&self) -> usize;
}

/// The data plane: objects of a bucket.
///
/// Every create carries `If-None-Match: *`: an existing object is never replaced ([`Kind::Exists`]). The one write that
/// replaces, [`Objects::replace`], says which object it means.
pub trait Objects: Send + Sync {
    /// All objects below a prefix, in key order.
    fn list<'a>(&'a self, bucket: &'a str, prefix: &'a str) -> Answer<'a, Result<Vec<ObjectInfo>, PortError>>;
    /// The same page by page, in no order that is promised, for who keeps only a part. Of a large listing the parts between `bounds`, which
    /// are keys or beginnings of keys in order, may be asked for at once: they decide how fast it is, and nothing else.
    fn pages<'a>(
        &'a self,
        bucket: &'a str,
        prefix: &'a str,
        bounds: &'a [String],
        take: &'a mut (dyn FnMut(Vec<ObjectInfo>) + Send),
    ) -> Answer<'a, Result<(), PortError>> {
        let _ = bounds;
        Box::pin(async move {
            take(self.list(bucket, prefix).await?);
            Ok(())
        })
    }
    /// The names of the folders right below a prefix (the part of the keys up to the next `/`, without it), in order.
    fn folders<'a>(&'a self, bucket: &'a str, prefix: &'a str) -> Answer<'a, Result<Vec<String>, PortError>>;
    /// The first page of what lies right below a prefix: one request, however much is there.
    fn level<'a>(&'a self, bucket: &'a str, prefix: &'a str) -> Answer<'a, Result<Level, PortError>> {
        Box::pin(async move { Ok(Level::of(prefix, self.list(bucket, prefix).await?.into_iter().map(|object| object.key))) })
    }
    /// A whole object of at most `limit` bytes; a larger one is an error.
    fn get<'a>(&'a self, bucket: &'a str, key: &'a str, limit: u64) -> Answer<'a, Result<Vec<u8>, PortError>>;
    /// The same of one version, by its version id, whether it is the current one or not (S3: `s3:GetObjectVersion`).
    fn get_version<'a>(&'a self, bucket: &'a str, key: &'a str, version: &'a str, limit: u64) -> Answer<'a, Result<Vec<u8>, PortError>>;
    /// A whole object with its entity tag and date, and with the time by S3's own clock.
    fn get_tagged<'a>(&'a self, bucket: &'a str, key: &'a str, limit: u64) -> Answer<'a, Result<Tagged, PortError>>;
    /// `length` bytes from `offset` on.
    fn get_range<'a>(&'a self, bucket: &'a str, key: &'a str, offset: u64, length: u64) -> Answer<'a, Result<Vec<u8>, PortError>>;
    /// Creates an object.
    fn create<'a>(&'a self, bucket: &'a str, key: &'a str, body: Vec<u8>) -> Answer<'a, Result<(), PortError>>;
    /// Replaces the object that has this entity tag (`If-Match`), and no other ([`Kind::Exists`]; [`Kind::Missing`] if there
    /// is none). A tag is that of the bytes: writers that must tell their objects apart write different bytes.
    fn replace<'a>(&'a self, bucket: &'a str, key: &'a str, etag: &'a str, body: Vec<u8>) -> Answer<'a, Result<(), PortError>>;
    /// Begins a multipart upload and answers its id.
    fn begin<'a>(&'a self, bucket: &'a str, key: &'a str) -> Answer<'a, Result<String, PortError>>;
    /// Uploads one part; `number` counts from 1. Answers the part's tag for [`Objects::complete`].
    fn part<'a>(&'a self, upload: &'a Upload, number: i32, body: bytes::Bytes) -> Answer<'a, Result<String, PortError>>;
    /// Makes the object appear, whole; `tags` in the order of the parts.
    fn complete<'a>(&'a self, upload: &'a Upload, tags: &'a [String]) -> Answer<'a, Result<(), PortError>>;
    /// Gives an upload up: no trace of it stays.
    fn abort<'a>(&'a self, upload: &'a Upload) -> Answer<'a, Result<(), PortError>>;
    /// The tags of an object, or of one version of it.
    fn tags<'a>(&'a self, bucket: &'a str, key: &'a str, version: Option<&'a str>) -> Answer<'a, Result<BTreeMap<String, String>, PortError>>;
    /// Puts these tags in place of all that an object, or one version of it, has.
    fn put_tags<'a>(&'a self, bucket: &'a str, key: &'a str, version: Option<&'a str>, tags: &'a BTreeMap<String, String>)
    -> Answer<'a, Result<(), PortError>>;
    /// Every version of every object below a prefix, and every delete marker: by key, the newest first.
    fn versions<'a>(&'a self, bucket: &'a str, prefix: &'a str) -> Answer<'a, Result<Vec<VersionInfo>, PortError>>;
    /// Removes a delete marker, by its version id: what it hid is there again.
    fn remove_marker<'a>(&'a self, bucket: &'a str, key: &'a str, version: &'a str) -> Answer<'a, Result<(), PortError>>;
    /// What S3 itself says of the expiry of the current version (`x-amz-expiration`); none = nothing expires it.
    fn expiry<'a>(&'a self, bucket: &'a str, key: &'a str) -> Answer<'a, Result<Option<String>, PortError>>;
    /// How the current version lies, by S3's own word (HEAD).
    fn head<'a>(&'a self, bucket: &'a str, key: &'a str) -> Answer<'a, Result<Head, PortError>>;
    /// Sets the legal hold of the current version on or off; only where the bucket has an object lock.
    fn legal_hold<'a>(&'a self, bucket: &'a str, key: &'a str, on: bool) -> Answer<'a, Result<(), PortError>>;
}

/// One version of an object, or a delete marker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionInfo {
    /// Its key.
    pub key: String,
    /// Its version id.
    pub id: String,
    /// Whether it is a delete marker.
    pub marker: bool,
    /// Whether it is the current one.
    pub latest: bool,
    /// Its size in bytes; 0 of a delete marker.
    pub bytes: u64,
    /// S3's own date of it.
    pub modified: Timestamp,
}

/// How an object lies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Its storage class by S3's name; S3 leaves it out for STANDARD.
    pub class: Option<String>,
    /// What S3 says of a thaw (`x-amz-restore`): `ongoing-request="true"`, or `"false"` with the date until which it lasts.
    pub restore: Option<String>,
    /// The archive tier of INTELLIGENT_TIERING that it is in, if it is (`x-amz-archive-status`).
    pub archive: Option<String>,
    /// What S3 says of its expiry (`x-amz-expiration`); none = nothing expires it.
    pub expiry: Option<String>,
}

/// A multipart upload under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// The bucket.
    pub bucket: String,
    /// The key that the object will have.
    pub key: String,
    /// The id that [`Objects::begin`] answered.
    pub id: String,
}

/// An object with what a conditional replace needs to know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tagged {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its entity tag, as [`Objects::replace`] takes it.
    pub etag: String,
    /// S3's own date of it, to the second.
    pub modified: Timestamp,
    /// The time by S3's own clock when it answered, to the second.
    pub now: Timestamp,
}

/// What lies right below a prefix, as far as one page shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Level {
    /// The names of the folders, without a slash.
    pub folders: BTreeSet<String>,
    /// The whole keys of the objects.
    pub keys: Vec<String>,
    /// Whether more lies there than the page shows.
    pub more: bool,
}

impl Level {
    /// What keys below a prefix make of it.
    fn of(prefix: &str, keys: impl Iterator<Item = String>) -> Self {
        let mut out = Self::default();
        for key in keys {
            match key.strip_prefix(prefix).and_then(|rest| rest.split_once('/')) {
                Some((folder, _)) => drop(out.folders.insert(folder.to_owned())),
                None => out.keys.push(key),
            }
        }
        out
    }
}

/// One object of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectInfo {
    /// Its key.
    pub key: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// S3's own date of it.
    pub modified: Timestamp,
    /// Its entity tag; empty where the endpoint shows none.
    pub etag: String,
    /// Its storage class; none = STANDARD, which some endpoints leave out.
    pub class: Option<String>,
}

/// The wall clock.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
    /// Waits; the simulator only moves its clock.
    fn sleep(&self, how_long: std::time::Duration) -> Answer<'_, ()>;
}

/// Randomness for names and nonces.
pub trait Entropy: Send + Sync {
    /// So many random bytes as lower-case hex.
    fn hex(&self, bytes: usize) -> String;
}

/// The ports that the operations need, together.
#[derive(Clone)]
pub struct Ports {
    /// The control plane.
    pub cloud: Arc<dyn Cloud>,
    /// The data plane.
    pub objects: Arc<dyn Objects>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
}

/// What went wrong at a port, in the words of the other side.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{what}: {message}")]
pub struct PortError {
    /// What was being done: `PutBucketVersioning of bucket/acme-dr`.
    pub what: String,
    /// The kind of failure.
    pub kind: Kind,
    /// The other side's code and words.
    pub message: String,
    /// Whether a write may have happened although no good answer came.
    pub maybe_done: bool,
}

/// Kinds of failure, by what can be done about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 403: the identity may not do this.
    Refused,
    /// The role that is to ask cannot be taken on.
    NoRole,
    /// The credentials themselves are unknown, wrong or expired.
    Credentials,
    /// The bucket, object or role is not there.
    Missing,
    /// It is there already, or is another one than was meant (a conditional write was refused).
    Exists,
    /// The endpoint does not implement it.
    Unsupported,
    /// No answer: refused connection, timeout, name not found, server error after retries.
    Unreachable,
    /// The endpoint asks to slow down, after retries too.
    Busy,
    /// Another change of the same thing is under way, or a change just made is not known everywhere: nothing was done.
    Unsettled,
    /// A policy document names a principal that is not there; one that was made seconds ago looks the same.
    NoPrincipal,
    /// The clock of this machine is too far off for signatures to hold.
    Clock,
    /// The bucket lives in another region.
    OtherRegion,
    /// 416: the object ends before the bytes that were asked for.
    OutOfRange,
    /// The request was understood and rejected.
    Rejected,
    /// An answer that this version does not understand.
    NotUnderstood,
}

impl PortError {
    /// The same failure as the reason of an unknown fact.
    pub fn why(&self) -> Why {
        match self.kind {
            Kind::Refused => Why::Refused(self.to_string()),
            Kind::NoRole => Why::NoRole(self.message.clone()),
            Kind::Credentials | Kind::Clock => Why::Credentials(self.to_string()),
            Kind::Unsupported => Why::Unsupported(self.to_string()),
            Kind::Unreachable => Why::Unreachable(self.to_string()),
            Kind::Busy | Kind::Unsettled => Why::Busy(self.to_string()),
            Kind::Missing | Kind::Exists | Kind::OtherRegion | Kind::NoPrincipal | Kind::OutOfRange | Kind::Rejected | Kind::NotUnderstood => {
                Why::NotUnderstood(self.to_string())
            }
        }
    }

    /// What a person can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self.kind {
            Kind::Refused => Some("grant the action to this identity, or run the command as the role that has it (AWS_PROFILE)"),
            Kind::NoRole => Some("let this identity assume the role, in its own permissions and in the trust of that role"),
            Kind::Credentials => Some("look at AWS_PROFILE, AWS_ACCESS_KEY_ID and the files in ~/.aws: `aws sts get-caller-identity` shows what they give"),
            Kind::Unreachable => Some("look at AWS_ENDPOINT_URL, the region and the network"),
            Kind::Busy => Some("run it again later; fewer at once helps: --policy GLOB, --shard I/N"),
            Kind::Unsettled => Some("run it again in a minute"),
            Kind::NoPrincipal => Some("look at `trust` in the policy for a name that does not exist"),
            Kind::Clock => Some("set the clock of this machine: signatures hold for 15 minutes (`timedatectl` shows whether it is synchronised)"),
            Kind::OtherRegion => Some("correct storage.region in the policy"),
            Kind::Missing | Kind::Exists | Kind::Unsupported | Kind::OutOfRange | Kind::Rejected | Kind::NotUnderstood => None,
        }
    }
}

impl fmt::Debug for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ports")
    }
}
