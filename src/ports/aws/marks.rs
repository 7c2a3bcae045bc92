//! Tags, versions, delete markers and legal holds of objects on S3: what the keeper and those who hold a backup change.

use std::collections::BTreeMap;

use aws_sdk_s3::types::{EncodingType, ObjectLockLegalHold, ObjectLockLegalHoldStatus, Tag, Tagging};
use jiff::Timestamp;

use super::Bucket;
use super::error::port;
use super::listing::Keys;
use super::objects::strange;
use crate::ports::{Head, Kind, PortError, VersionInfo};

pub(super) async fn tags(at: &Bucket, bucket: &str, key: &str, version: Option<&str>) -> Result<BTreeMap<String, String>, PortError> {
    let what = format!("GetObjectTagging of s3://{bucket}/{key}");
    let ask = at.control.get_object_tagging().bucket(bucket).key(key).set_version_id(version.map(str::to_owned));
    let answer = ask.set_expected_bucket_owner(at.account.clone()).send().await.map_err(|error| port(&what, error))?;
    Ok(answer.tag_set().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect())
}

pub(super) async fn put_tags(at: &Bucket, bucket: &str, key: &str, version: Option<&str>, tags: &BTreeMap<String, String>) -> Result<(), PortError> {
    let what = format!("PutObjectTagging of s3://{bucket}/{key}");
    let tags: Result<Vec<Tag>, _> = tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
    let tagging = tags.and_then(|tags| Tagging::builder().set_tag_set(Some(tags)).build()).map_err(|error| strange(&what, &error.to_string()))?;
    let put = at.control.put_object_tagging().bucket(bucket).key(key).set_version_id(version.map(str::to_owned)).tagging(tagging);
    put.set_expected_bucket_owner(at.account.clone()).send().await.map(|_| ()).map_err(|error| port(&what, error))
}

pub(super) async fn versions(at: &Bucket, bucket: &str, prefix: &str) -> Result<Vec<VersionInfo>, PortError> {
    let what = format!("ListObjectVersions of s3://{bucket}/{prefix}");
    let list = at.control.list_object_versions().bucket(bucket).prefix(prefix).set_expected_bucket_owner(at.account.clone());
    let (mut out, mut from) = (Vec::new(), (None, None));
    loop {
        let ask = list.clone().set_key_marker(from.0).set_version_id_marker(from.1);
        let page = match ask.clone().send().await.map_err(|error| port(&what, error)) {
            Err(error) if error.kind == Kind::NotUnderstood => ask.encoding_type(EncodingType::Url).send().await.map_err(|_| error)?,
            page => page?,
        };
        let all = page.versions().iter().filter_map(|found| found.key()).chain(page.delete_markers().iter().filter_map(|found| found.key()));
        let keys = Keys::of(page.encoding_type(), all);
        let versions = page.versions().iter().map(|found| (found.key(), found.version_id(), found.is_latest(), found.last_modified(), found.size(), false));
        let markers = page.delete_markers().iter().map(|found| (found.key(), found.version_id(), found.is_latest(), found.last_modified(), None, true));
        for (key, id, latest, modified, size, marker) in versions.chain(markers) {
            let modified = modified.and_then(|date| Timestamp::from_second(date.secs()).ok());
            let (Some(key), Some(id), Some(latest), Some(modified)) = (key, id, latest, modified) else {
                return Err(strange(&what, "an entry without key, version id, date, or word on which one is the latest"));
            };
            out.push(VersionInfo {
                key: keys.read(key),
                id: id.to_owned(),
                marker,
                latest,
                bytes: size.and_then(|size| u64::try_from(size).ok()).unwrap_or(0),
                modified,
            });
        }
        from = (page.next_key_marker().map(|key| keys.read(key)), page.next_version_id_marker().map(str::to_owned));
        if page.is_truncated() != Some(true) || from.0.is_none() {
            // A stable sort: versions of one second stay in the order of the answer, which is newest first.
            out.sort_by(|a, b| a.key.cmp(&b.key).then(b.latest.cmp(&a.latest)).then(b.modified.cmp(&a.modified)));
            return Ok(out);
        }
    }
}

pub(super) async fn remove_marker(at: &Bucket, bucket: &str, key: &str, version: &str) -> Result<(), PortError> {
    let what = format!("DeleteObject of the delete marker {version} of s3://{bucket}/{key}");
    let delete = at.control.delete_object().bucket(bucket).key(key).version_id(version);
    delete.set_expected_bucket_owner(at.account.clone()).send().await.map(|_| ()).map_err(|error| port(&what, error))
}

/// Without a version id: with one S3 says nothing of expiry.
pub(super) async fn expiry(at: &Bucket, bucket: &str, key: &str) -> Result<Option<String>, PortError> {
    head(at, bucket, key).await.map(|head| head.expiry)
}

pub(super) async fn head(at: &Bucket, bucket: &str, key: &str) -> Result<Head, PortError> {
    let what = format!("HeadObject of s3://{bucket}/{key}");
    let head = at.control.head_object().bucket(bucket).key(key).set_expected_bucket_owner(at.account.clone());
    let answer = head.send().await.map_err(|error| port(&what, error))?;
    Ok(Head {
        class: answer.storage_class().map(|class| class.as_str().to_owned()),
        restore: answer.restore().map(str::to_owned),
        archive: answer.archive_status().map(|status| status.as_str().to_owned()),
        expiry: answer.expiration().map(str::to_owned),
    })
}

pub(super) async fn legal_hold(at: &Bucket, bucket: &str, key: &str, on: bool) -> Result<(), PortError> {
    let what = format!("PutObjectLegalHold of s3://{bucket}/{key}");
    let status = if on { ObjectLockLegalHoldStatus::On } else { ObjectLockLegalHoldStatus::Off };
    let put = at.control.put_object_legal_hold().bucket(bucket).key(key).legal_hold(ObjectLockLegalHold::builder().status(status).build());
    put.set_expected_bucket_owner(at.account.clone()).send().await.map(|_| ()).map_err(|error| port(&what, error))
}
