//! [`Objects`] of the simulator: versions, conditional creates and multipart uploads as S3 has them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::classes::{self, Thawing};
use super::{Op, State, World, failure};
use crate::catalog::layout::expires_at;
use crate::model::aspects::Versioning;
use crate::model::document::sha256_hex;
use crate::model::lifecycle::{Expiration, Rule};
use crate::model::request::ReadOp;
use crate::ports::{Answer, Head, Kind, ObjectInfo, Objects, PortError, Tagged, Upload, VersionInfo};

/// S3 takes at most so many tags of an object.
const MOST_TAGS: usize = 10;
/// S3 refuses parts smaller than this, but for the last one.
const SMALLEST_PART: usize = 5 << 20;

/// One version of an object; the last one of a key is the current one.
#[derive(Clone, Debug)]
pub(super) struct Version {
    /// None = a delete marker.
    pub(super) bytes: Option<Vec<u8>>,
    pub(super) modified: Timestamp,
    /// Written while versioning was on: only such a version stays when the next one comes.
    numbered: bool,
    /// Its version id; `null` where versioning was never on.
    id: String,
    pub(super) tags: BTreeMap<String, String>,
    /// Who asked last that it be thawed.
    pub(super) thawing: Option<Thawing>,
    /// The archive tier that it fell to, once it is in INTELLIGENT_TIERING.
    pub(super) tier: Option<String>,
}

/// A multipart upload that is neither complete nor aborted.
#[derive(Clone, Debug)]
pub(super) struct Unfinished {
    bucket: String,
    key: String,
    begun: Timestamp,
    parts: BTreeMap<i32, (String, Vec<u8>)>,
}

impl Objects for World {
    fn list<'a>(&'a self, bucket: &'a str, prefix: &'a str) -> Answer<'a, Result<Vec<ObjectInfo>, PortError>> {
        answer(self.call(Op::List, &url(bucket, prefix), None, |state| {
            let (now, rules) = (state.now, state.rules(bucket));
            let all = state.bucket(Op::List, bucket)?.objects.iter();
            let below = all.filter(|(key, _)| key.starts_with(prefix));
            let info = below.filter_map(|(key, versions)| {
                let (bytes, modified) = current(versions)?;
                let class = versions.last().and_then(|version| classes::lying(&rules, key, version, now).class);
                Some(ObjectInfo { key: key.clone(), bytes: bytes.len() as u64, modified, etag: etag(bytes), class })
            });
            Ok(info.collect())
        }))
    }

    fn folders<'a>(&'a self, bucket: &'a str, prefix: &'a str) -> Answer<'a, Result<Vec<String>, PortError>> {
        answer(self.call(Op::List, &url(bucket, prefix), None, |state| {
            let all = state.bucket(Op::List, bucket)?.objects.iter();
            let there = all.filter(|(_, versions)| current(versions).is_some());
            let folders: BTreeSet<String> = there.filter_map(|(key, _)| Some(key.strip_prefix(prefix)?.split_once('/')?.0.to_owned())).collect();
            Ok(folders.into_iter().collect())
        }))
    }

    fn get<'a>(&'a self, bucket: &'a str, key: &'a str, limit: u64) -> Answer<'a, Result<Vec<u8>, PortError>> {
        answer(self.call(Op::Get, &url(bucket, key), None, |state| {
            state.readable(bucket, key)?;
            let (bytes, _) = state.object(bucket, key)?;
            if bytes.len() as u64 > limit {
                return Err(too_large(&url(bucket, key), bytes.len(), limit));
            }
            Ok(bytes.to_vec())
        }))
    }

    fn get_version<'a>(&'a self, bucket: &'a str, key: &'a str, version: &'a str, limit: u64) -> Answer<'a, Result<Vec<u8>, PortError>> {
        answer(self.call(Op::GetVersion, &url(bucket, key), None, |state| {
            let found = state.version(Op::GetVersion, bucket, key, Some(version))?;
            let bytes = found.bytes.clone().unwrap_or_default();
            if bytes.len() as u64 > limit {
                return Err(too_large(&url(bucket, key), bytes.len(), limit));
            }
            Ok(bytes)
        }))
    }

    fn get_tagged<'a>(&'a self, bucket: &'a str, key: &'a str, limit: u64) -> Answer<'a, Result<Tagged, PortError>> {
        answer(self.call(Op::Get, &url(bucket, key), None, |state| {
            let now = whole_seconds(state.now);
            state.readable(bucket, key)?;
            let (bytes, modified) = state.object(bucket, key)?;
            if bytes.len() as u64 > limit {
                return Err(too_large(&url(bucket, key), bytes.len(), limit));
            }
            Ok(Tagged { bytes: bytes.to_vec(), etag: etag(bytes), modified, now })
        }))
    }

    fn get_range<'a>(&'a self, bucket: &'a str, key: &'a str, offset: u64, length: u64) -> Answer<'a, Result<Vec<u8>, PortError>> {
        answer(self.call(Op::Get, &url(bucket, key), None, |state| {
            state.readable(bucket, key)?;
            let (bytes, _) = state.object(bucket, key)?;
            if length == 0 {
                return Ok(Vec::new());
            }
            let start = usize::try_from(offset).unwrap_or(usize::MAX);
            let end = usize::try_from(offset.saturating_add(length)).unwrap_or(usize::MAX).min(bytes.len());
            let range = bytes.get(start..end).filter(|range| !range.is_empty());
            let outside = || failure(Op::Get, &url(bucket, key), Kind::OutOfRange, "InvalidRange: The requested range is not satisfiable");
            range.map(<[u8]>::to_vec).ok_or_else(outside)
        }))
    }

    fn create<'a>(&'a self, bucket: &'a str, key: &'a str, body: Vec<u8>) -> Answer<'a, Result<(), PortError>> {
        answer(self.call(Op::Create, &url(bucket, key), None, |state| {
            let now = state.now;
            state.appear(Op::Create, bucket, key, body, now)
        }))
    }

    fn replace<'a>(&'a self, bucket: &'a str, key: &'a str, tag: &'a str, body: Vec<u8>) -> Answer<'a, Result<(), PortError>> {
        answer(self.call(Op::Replace, &url(bucket, key), None, |state| {
            let (now, careless) = (state.now, state.careless);
            let found = state.object(bucket, key).map(|(bytes, _)| etag(bytes));
            if !careless && found? != tag {
                return Err(precondition(Op::Replace, &url(bucket, key)));
            }
            state.store(Op::Replace, bucket, key, Some(body), now)
        }))
    }

    fn begin<'a>(&'a self, bucket: &'a str, key: &'a str) -> Answer<'a, Result<String, PortError>> {
        answer(self.call(Op::Begin, &url(bucket, key), None, |state| {
            state.bucket(Op::Begin, bucket)?;
            let id = format!("upload-{}", state.serial());
            let upload = Unfinished { bucket: bucket.to_owned(), key: key.to_owned(), begun: state.now, parts: BTreeMap::new() };
            state.uploads.insert(id.clone(), upload);
            Ok(id)
        }))
    }

    fn part<'a>(&'a self, upload: &'a Upload, number: i32, body: bytes::Bytes) -> Answer<'a, Result<String, PortError>> {
        answer(self.call(Op::Part, &url(&upload.bucket, &upload.key), None, |state| {
            let unfinished = state.unfinished(Op::Part, upload)?;
            let tag = etag(&body);
            unfinished.parts.insert(number, (tag.clone(), body.to_vec()));
            Ok(tag)
        }))
    }

    fn complete<'a>(&'a self, upload: &'a Upload, tags: &'a [String]) -> Answer<'a, Result<(), PortError>> {
        answer(self.call(Op::Complete, &url(&upload.bucket, &upload.key), None, |state| state.complete(upload, tags)))
    }

    fn abort<'a>(&'a self, upload: &'a Upload) -> Answer<'a, Result<(), PortError>> {
        answer(self.call(Op::Abort, &url(&upload.bucket, &upload.key), None, |state| {
            state.unfinished(Op::Abort, upload)?;
            state.uploads.remove(&upload.id);
            Ok(())
        }))
    }

    fn tags<'a>(&'a self, bucket: &'a str, key: &'a str, version: Option<&'a str>) -> Answer<'a, Result<BTreeMap<String, String>, PortError>> {
        answer(self.call(Op::Tags, &url(bucket, key), None, |state| Ok(state.version(Op::Tags, bucket, key, version)?.tags.clone())))
    }

    fn put_tags<'a>(
        &'a self,
        bucket: &'a str,
        key: &'a str,
        version: Option<&'a str>,
        tags: &'a BTreeMap<String, String>,
    ) -> Answer<'a, Result<(), PortError>> {
        answer(self.call(Op::PutTags, &url(bucket, key), None, |state| {
            if tags.len() > MOST_TAGS {
                return Err(failure(Op::PutTags, &url(bucket, key), Kind::Rejected, "BadRequest: Object tags cannot be greater than 10"));
            }
            state.version(Op::PutTags, bucket, key, version)?.tags.clone_from(tags);
            Ok(())
        }))
    }

    fn versions<'a>(&'a self, bucket: &'a str, prefix: &'a str) -> Answer<'a, Result<Vec<VersionInfo>, PortError>> {
        answer(self.call(Op::Versions, &url(bucket, prefix), None, |state| {
            let below = state.bucket(Op::Versions, bucket)?.objects.iter().filter(|(key, _)| key.starts_with(prefix));
            let of_key = |(key, versions): (&String, &Vec<Version>)| -> Vec<VersionInfo> {
                let newest_first = versions.iter().rev().enumerate();
                let info = newest_first.map(|(at, version)| VersionInfo {
                    key: key.clone(),
                    id: version.id.clone(),
                    marker: version.bytes.is_none(),
                    latest: at == 0,
                    bytes: version.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64),
                    modified: version.modified,
                });
                info.collect()
            };
            Ok(below.flat_map(of_key).collect())
        }))
    }

    fn remove_marker<'a>(&'a self, bucket: &'a str, key: &'a str, version: &'a str) -> Answer<'a, Result<(), PortError>> {
        answer(self.call(Op::RemoveMarker, &url(bucket, key), None, |state| {
            if let Some(versions) = state.bucket(Op::RemoveMarker, bucket)?.objects.get_mut(key) {
                versions.retain(|found| found.id != version);
            }
            Ok(())
        }))
    }

    fn expiry<'a>(&'a self, bucket: &'a str, key: &'a str) -> Answer<'a, Result<Option<String>, PortError>> {
        let rules = self.rules(bucket);
        answer(self.call(Op::Get, &url(bucket, key), None, |state| {
            let version = state.version(Op::Get, bucket, key, None)?;
            let acts =
                |rule: &&Rule| rule.enabled && rule.filter.covers(key) && rule.filter.tags.iter().all(|tag| version.tags.get(&tag.key) == Some(&tag.value));
            let said = rules.iter().filter(acts).find_map(|rule| match rule.expiration {
                Some(Expiration::Days(days)) => Some(format!("expiry-date=\"{}\", rule-id=\"{}\"", expires_at(version.modified, days), rule.id)),
                _ => None,
            });
            Ok(said)
        }))
    }

    fn head<'a>(&'a self, bucket: &'a str, key: &'a str) -> Answer<'a, Result<Head, PortError>> {
        Box::pin(async move {
            let expiry = self.expiry(bucket, key).await?;
            let lying = self.lock().lying(bucket, key);
            Ok(Head { expiry, class: lying.class, archive: lying.archive, restore: lying.restore })
        })
    }

    fn legal_hold<'a>(&'a self, bucket: &'a str, key: &'a str, _: bool) -> Answer<'a, Result<(), PortError>> {
        answer(self.call(Op::LegalHold, &url(bucket, key), None, |state| {
            let locked = state.bucket(Op::LegalHold, bucket)?.settings.contains_key(&ReadOp::BucketObjectLock);
            let without = || failure(Op::LegalHold, &url(bucket, key), Kind::Rejected, "InvalidRequest: Bucket is missing Object Lock Configuration");
            if locked { Ok(()) } else { Err(without()) }
        }))
    }
}

impl World {
    /// Writes an object behind lifeboat's back, over whatever is there.
    pub fn put_object(&self, bucket: &str, key: &str, bytes: &[u8]) {
        let mut state = self.lock();
        let now = state.now;
        let _ = state.store(Op::Create, bucket, key, Some(bytes.to_vec()), now);
    }

    /// Flips the bits of one byte of the current version, which S3 does not notice. Answers whether there is such a byte.
    pub fn tamper(&self, bucket: &str, key: &str, offset: usize) -> bool {
        let mut state = self.lock();
        let version = state.buckets.get_mut(bucket).and_then(|bucket| bucket.objects.get_mut(key)?.last_mut());
        let byte = version.and_then(|version| version.bytes.as_mut()?.get_mut(offset));
        byte.map(|byte| *byte = !*byte).is_some()
    }

    /// Deletes an object: a delete marker where versioning is on, else for good.
    pub fn delete_object(&self, bucket: &str, key: &str) {
        let mut state = self.lock();
        let now = state.now;
        let _ = state.store(Op::Create, bucket, key, None, now);
    }

    /// Every version of a key, oldest first; `None` is a delete marker.
    pub fn versions(&self, bucket: &str, key: &str) -> Vec<Option<Vec<u8>>> {
        let state = self.lock();
        let versions = state.buckets.get(bucket).and_then(|bucket| bucket.objects.get(key));
        versions.into_iter().flatten().map(|version| version.bytes.clone()).collect()
    }

    /// Keys of uploads that are neither complete nor aborted.
    pub fn unfinished_uploads(&self) -> Vec<String> {
        self.lock().uploads.values().map(|upload| upload.key.clone()).collect()
    }
}

impl State {
    /// One version of an object; the current one when none is named, and never a delete marker.
    fn version(&mut self, op: Op, bucket: &str, key: &str, version: Option<&str>) -> Result<&mut Version, PortError> {
        let versions = self.bucket(op, bucket)?.objects.get_mut(key);
        let found = versions.and_then(|versions| match version {
            Some(id) => versions.iter_mut().find(|found| found.id == id),
            None => versions.last_mut(),
        });
        let missing = || failure(op, &url(bucket, key), Kind::Missing, "NoSuchKey: The specified key does not exist.");
        found.filter(|found| found.bytes.is_some()).ok_or_else(missing)
    }

    fn object(&mut self, bucket: &str, key: &str) -> Result<(&[u8], Timestamp), PortError> {
        let missing = || failure(Op::Get, &url(bucket, key), Kind::Missing, "NoSuchKey: The specified key does not exist.");
        let versions = self.bucket(Op::Get, bucket)?.objects.get(key);
        versions.and_then(|versions| current(versions)).ok_or_else(missing)
    }

    fn unfinished(&mut self, op: Op, upload: &Upload) -> Result<&mut Unfinished, PortError> {
        let found = self.uploads.get_mut(&upload.id).filter(|found| found.bucket == upload.bucket && found.key == upload.key);
        found.ok_or_else(|| failure(op, &url(&upload.bucket, &upload.key), Kind::Missing, "NoSuchUpload: The specified multipart upload does not exist."))
    }

    fn complete(&mut self, upload: &Upload, tags: &[String]) -> Result<(), PortError> {
        let target = url(&upload.bucket, &upload.key);
        let refused = |message: &str| Err(failure(Op::Complete, &target, Kind::Rejected, message));
        let unfinished = self.unfinished(Op::Complete, upload)?.clone();
        if tags.is_empty() {
            return refused("MalformedXML: at least one part is needed");
        }
        let mut whole = Vec::new();
        for (number, tag) in (1..).zip(tags) {
            match unfinished.parts.get(&number) {
                Some((known, bytes)) if known == tag => {
                    let last = usize::try_from(number) == Ok(tags.len());
                    if bytes.len() < SMALLEST_PART && !last {
                        return refused("EntityTooSmall: Your proposed upload is smaller than the minimum allowed object size.");
                    }
                    whole.extend_from_slice(bytes);
                }
                _ => return refused("InvalidPart: One or more of the specified parts could not be found."),
            }
        }
        // The date of the object is the one at which its upload began: lifecycle rules count from it.
        self.appear(Op::Complete, &upload.bucket, &upload.key, whole, unfinished.begun)?;
        self.uploads.remove(&upload.id);
        Ok(())
    }

    /// `If-None-Match: *`: refused while there is a current version.
    fn appear(&mut self, op: Op, bucket: &str, key: &str, bytes: Vec<u8>, modified: Timestamp) -> Result<(), PortError> {
        let careless = self.careless;
        let versions = self.bucket(op, bucket)?.objects.get(key);
        if !careless && versions.and_then(|versions| current(versions)).is_some() {
            return Err(precondition(op, &url(bucket, key)));
        }
        self.store(op, bucket, key, Some(bytes), modified)
    }

    fn store(&mut self, op: Op, bucket: &str, key: &str, bytes: Option<Vec<u8>>, modified: Timestamp) -> Result<(), PortError> {
        let serial = self.serial();
        let bucket = self.bucket(op, bucket)?;
        let versioned = bucket.settings.get(&ReadOp::BucketVersioning).and_then(|document| document.to::<Versioning>());
        let versions = bucket.objects.entry(key.to_owned()).or_default();
        let numbered = versioned.is_some_and(Versioning::keeps);
        if !numbered {
            versions.retain(|version| version.numbered);
        }
        if bytes.is_some() || versioned.is_some() {
            let id = if numbered { format!("version-{serial}") } else { "null".to_owned() };
            versions.push(Version { bytes, modified: whole_seconds(modified), numbered, id, tags: BTreeMap::new(), thawing: None, tier: None });
        }
        if versions.is_empty() {
            bucket.objects.remove(key);
        }
        Ok(())
    }
}

fn current(versions: &[Version]) -> Option<(&[u8], Timestamp)> {
    versions.last().and_then(|version| Some((version.bytes.as_deref()?, version.modified)))
}

/// Listings and headers show whole seconds.
fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

/// As S3's, a tag of the bytes: two objects of equal bytes have the same.
fn etag(bytes: &[u8]) -> String {
    format!("\"{}\"", sha256_hex(bytes).get(..32).unwrap_or_default())
}

fn precondition(op: Op, target: &str) -> PortError {
    failure(op, target, Kind::Exists, "PreconditionFailed: At least one of the pre-conditions you specified did not hold")
}

fn too_large(target: &str, bytes: usize, limit: u64) -> PortError {
    failure(Op::Get, target, Kind::NotUnderstood, &format!("it has {bytes} bytes, and at most {limit} are expected here"))
}

fn url(bucket: &str, key: &str) -> String {
    format!("s3://{bucket}/{key}")
}

fn answer<'a, T: Send + 'a>(ready: Result<T, PortError>) -> Answer<'a, Result<T, PortError>> {
    Box::pin(std::future::ready(ready))
}
