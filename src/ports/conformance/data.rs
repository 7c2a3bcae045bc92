//! Objects: conditional creates, listings, ranges and uploads.

use bytes::Bytes;

use super::{Found, Place, Subject, fails, is, same, words};
use crate::model::aspects::{Existence, Versioning};
use crate::model::document::Document;
use crate::model::id::ResourceId;
use crate::model::request::{Request, RequestOp};
use crate::ports::{Kind, Level, Ports, Upload};

const MIB: usize = 1 << 20;

pub(super) async fn created_once(at: Place<'_>) -> Found {
    let objects = &at.ports.objects;
    objects.create(at.bucket, "once/a", b"first".to_vec()).await.map_err(words)?;
    fails("the second create", objects.create(at.bucket, "once/a", b"second".to_vec()).await, Kind::Exists)?;
    same("the bytes", objects.get(at.bucket, "once/a", 5).await.map_err(words)?, b"first".to_vec())?;
    fails("an object that is not there", objects.get(at.bucket, "once/b", 5).await, Kind::Missing)
}

/// RFC 9110, 13.1.1; AWS: "If-Match on a missing key" is 404 and not 412 (S3 API reference, PutObject).
pub(super) async fn replaced_nothing(at: Place<'_>) -> Found {
    let answer = at.ports.objects.replace(at.bucket, "replaced/none", "\"00000000000000000000000000000000\"", b"x".to_vec()).await;
    fails("replacing nothing", answer, Kind::Missing)
}

pub(super) async fn replaced(at: Place<'_>) -> Found {
    let objects = &at.ports.objects;
    objects.create(at.bucket, "replaced/a", b"first".to_vec()).await.map_err(words)?;
    let first = objects.get_tagged(at.bucket, "replaced/a", 9).await.map_err(words)?;
    same("the bytes", first.bytes, b"first".to_vec())?;
    fails("a tag that no object has", objects.replace(at.bucket, "replaced/a", "\"00000000000000000000000000000000\"", b"x".to_vec()).await, Kind::Exists)?;
    objects.replace(at.bucket, "replaced/a", &first.etag, b"second".to_vec()).await.map_err(words)?;
    fails("the tag of before", objects.replace(at.bucket, "replaced/a", &first.etag, b"third".to_vec()).await, Kind::Exists)?;
    let second = objects.get_tagged(at.bucket, "replaced/a", 9).await.map_err(words)?;
    same("the bytes", second.bytes, b"second".to_vec())?;
    is("another object has another tag", first.etag != second.etag)
}

pub(super) async fn dated(at: Place<'_>) -> Found {
    let objects = &at.ports.objects;
    let before = at.ports.clock.now().as_second();
    objects.create(at.bucket, "dated", b"x".to_vec()).await.map_err(words)?;
    let found = objects.get_tagged(at.bucket, "dated", 9).await.map_err(words)?;
    let (modified, now) = (found.modified.as_second(), found.now.as_second());
    is("an object is not younger than the clock", modified <= now)?;
    is("an object just written is young by the clock", now - modified <= 60)?;
    is("the clock is near ours", (now - before).abs() < 3_600)?;
    fails("an object above the limit", objects.get_tagged(at.bucket, "dated", 0).await, Kind::NotUnderstood)?;
    fails("an object that is not there", objects.get_tagged(at.bucket, "undated", 9).await, Kind::Missing)
}

pub(super) async fn folders(at: Place<'_>) -> Found {
    let objects = &at.ports.objects;
    for key in ["folders/b/1", "folders/a/1", "folders/a/2/3", "folders/c", "folders-other/d/1"] {
        objects.create(at.bucket, key, Vec::new()).await.map_err(words)?;
    }
    same("the folders", objects.folders(at.bucket, "folders/").await.map_err(words)?, vec!["a".to_owned(), "b".to_owned()])?;
    same("where there are none", objects.folders(at.bucket, "folders/a/2/").await.map_err(words)?, Vec::new())?;
    let level = Level { folders: ["a".to_owned(), "b".to_owned()].into(), keys: vec!["folders/c".to_owned()], more: false };
    same("with the objects beside them", objects.level(at.bucket, "folders/").await.map_err(words)?, level)?;
    same("below nothing", objects.level(at.bucket, "nothing/").await.map_err(words)?, Level::default())
}

pub(super) async fn listing(at: Place<'_>) -> Found {
    let objects = &at.ports.objects;
    for key in ["list/b", "list/a/2", "list/a/10", "list-other", "list/ü", "list/a b+c"] {
        objects.create(at.bucket, key, key.as_bytes().to_vec()).await.map_err(words)?;
    }
    let listed = objects.list(at.bucket, "list/").await.map_err(words)?;
    let keys: Vec<&str> = listed.iter().map(|object| object.key.as_str()).collect();
    same("the keys", keys, vec!["list/a b+c", "list/a/10", "list/a/2", "list/b", "list/ü"])?;
    is("each size is that of its object", listed.iter().all(|object| object.bytes == object.key.len() as u64))?;
    is("none has another class than STANDARD", listed.iter().all(|object| object.class.is_none()))?;
    let now = at.ports.clock.now().as_second();
    is("each date is near the present", listed.iter().all(|object| (now - object.modified.as_second()).abs() < 3_600))?;
    same("what is below no key", objects.list(at.bucket, "list/c").await.map_err(words)?, Vec::new())
}

pub(super) async fn ranges(at: Place<'_>) -> Found {
    let objects = &at.ports.objects;
    objects.create(at.bucket, "range", b"0123456789".to_vec()).await.map_err(words)?;
    for (offset, length, wanted) in [(0, 3, "012"), (4, 1, "4"), (7, 3, "789"), (8, 100, "89"), (0, 0, ""), (5, 0, "")] {
        let got = objects.get_range(at.bucket, "range", offset, length).await.map_err(words)?;
        same(&format!("{length} bytes from {offset} on"), got, wanted.as_bytes().to_vec())?;
    }
    fails("a range behind the end", objects.get_range(at.bucket, "range", 10, 1).await, Kind::OutOfRange)?;
    fails("a range of nothing", objects.get_range(at.bucket, "range-none", 0, 1).await, Kind::Missing)
}

pub(super) async fn limit(at: Place<'_>) -> Found {
    let objects = &at.ports.objects;
    objects.create(at.bucket, "limit", vec![b'x'; 100]).await.map_err(words)?;
    same("at the limit", objects.get(at.bucket, "limit", 100).await.map_err(words)?.len(), 100)?;
    fails("above it", objects.get(at.bucket, "limit", 99).await, Kind::NotUnderstood)
}

async fn begun(at: Place<'_>, key: &str, parts: &[&Bytes]) -> Result<(Upload, Vec<String>), String> {
    let objects = &at.ports.objects;
    let id = objects.begin(at.bucket, key).await.map_err(words)?;
    let upload = Upload { bucket: at.bucket.to_owned(), key: key.to_owned(), id };
    let mut tags = Vec::new();
    for (number, part) in (1..).zip(parts) {
        tags.push(objects.part(&upload, number, Bytes::clone(part)).await.map_err(words)?);
    }
    Ok((upload, tags))
}

pub(super) async fn upload(at: Place<'_>) -> Found {
    let objects = &at.ports.objects;
    let (first, last) = (Bytes::from(vec![b'a'; 5 * MIB]), Bytes::from(vec![b'z'; 7]));
    let (upload, tags) = begun(at, "upload/big", &[&first, &last]).await?;
    same("before it is complete", objects.list(at.bucket, "upload/").await.map_err(words)?, Vec::new())?;
    fails("reading it before", objects.get(at.bucket, "upload/big", u64::MAX).await, Kind::Missing)?;
    objects.complete(&upload, &tags).await.map_err(words)?;
    let listed = objects.list(at.bucket, "upload/").await.map_err(words)?;
    same("its size", listed.iter().map(|object| object.bytes).collect(), vec![(5 * MIB + 7) as u64])?;
    let seam = objects.get_range(at.bucket, "upload/big", (5 * MIB - 2) as u64, 4).await.map_err(words)?;
    same("where the parts meet", seam, b"aazz".to_vec())
}

pub(super) async fn upload_onto(at: Place<'_>) -> Found {
    let objects = &at.ports.objects;
    let part = Bytes::from_static(b"upload");
    let (upload, tags) = begun(at, "onto/a", &[&part]).await?;
    objects.create(at.bucket, "onto/a", b"there first".to_vec()).await.map_err(words)?;
    fails("completing", objects.complete(&upload, &tags).await, Kind::Exists)?;
    same("the bytes", objects.get(at.bucket, "onto/a", 99).await.map_err(words)?, b"there first".to_vec())?;
    objects.abort(&upload).await.map_err(words)
}

pub(super) async fn given_up(at: Place<'_>) -> Found {
    let objects = &at.ports.objects;
    let part = Bytes::from_static(b"part");
    let (upload, tags) = begun(at, "given-up/a", &[&part]).await?;
    objects.abort(&upload).await.map_err(words)?;
    fails("a part of it", objects.part(&upload, 2, part).await, Kind::Missing)?;
    fails("completing it", objects.complete(&upload, &tags).await, Kind::Missing)?;
    same("the listing", objects.list(at.bucket, "given-up/").await.map_err(words)?, Vec::new())
}

/// In a versioned bucket of its own.
pub(super) async fn old_version(ports: &Ports, subject: &Subject) -> Found {
    let bucket = format!("{}-versions", subject.bucket);
    let target = ResourceId::Bucket(bucket.clone());
    let made = Request { op: RequestOp::CreateBucket, target: target.clone(), body: Document::of(&Existence { region: Some(subject.region.clone()) }) };
    let versioned = Request { op: RequestOp::PutBucketVersioning, target, body: Document::of(&Versioning::Enabled) };
    for request in [made, versioned] {
        ports.cloud.send(&request).await.map_err(words)?;
    }
    let objects = &ports.objects;
    objects.create(&bucket, "a", b"first".to_vec()).await.map_err(words)?;
    let tag = objects.get_tagged(&bucket, "a", 9).await.map_err(words)?.etag;
    objects.replace(&bucket, "a", &tag, b"second".to_vec()).await.map_err(words)?;
    objects.create(&bucket, "b", b"another".to_vec()).await.map_err(words)?;
    let versions = objects.versions(&bucket, "").await.map_err(words)?;
    let [new, old, other] = versions.as_slice() else { return Err(format!("{versions:?} instead of two versions of a and one of b")) };
    same("the newest first", [new.latest, old.latest, other.latest], [true, false, true])?;
    let current = objects.get_tagged(&bucket, "a", 9).await.map_err(words)?;
    same("its date, to the second", new.modified.as_second(), current.modified.as_second())?;
    same("the one of before", objects.get_version(&bucket, "a", &old.id, 9).await.map_err(words)?, b"first".to_vec())?;
    same("the current one", objects.get_version(&bucket, "a", &new.id, 9).await.map_err(words)?, b"second".to_vec())?;
    fails("one above the limit", objects.get_version(&bucket, "a", &old.id, 4).await, Kind::NotUnderstood)?;
    fails("a version of another object", objects.get_version(&bucket, "b", &old.id, 9).await, Kind::Missing)
}
