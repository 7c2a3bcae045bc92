//! [`Objects`] on S3. Bodies are in memory (one chunk at a time), so every attempt can be repeated and carries a header
//! checksum instead of a trailer, which several S3-compatible servers refuse.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::primitives::{ByteStream, DateTime, DateTimeFormat};
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumType, CompletedMultipartUpload, CompletedPart};
use jiff::Timestamp;

use super::error::port;
use super::listing::Keys;
use super::{Aws, Bucket, listing, marks, raw};
use crate::ports::{Answer, Head, Kind, Level, ObjectInfo, Objects, PortError, Tagged, Upload, VersionInfo};

/// How often a body that breaks off is asked for.
const BODIES: usize = 3;
/// How long the completion of a multipart upload may take.
const COMPLETE: Duration = Duration::from_mins(15);

/// Some endpoints make a missing bucket on upload, with none of the settings that protect a backup. There it is asked for
/// first; an identity that may not ask (403) may not make one either.
async fn must_exist(at: &Bucket, bucket: &str, what: &str) -> Result<(), PortError> {
    if !at.quirks.makes_buckets {
        return Ok(());
    }
    match at.control.head_bucket().bucket(bucket).set_expected_bucket_owner(at.account.clone()).send().await {
        Ok(_) => Ok(()),
        Err(error) => match port(what, error) {
            error if error.kind == Kind::Missing => Err(PortError { message: "NoSuchBucket: there is no such bucket".to_owned(), ..error }),
            _ => Ok(()),
        },
    }
}

pub(super) fn strange(what: &str, message: &str) -> PortError {
    PortError { what: what.to_owned(), kind: Kind::NotUnderstood, message: message.to_owned(), maybe_done: false }
}

/// The whole body of an answer, of at most `limit` bytes.
async fn body(what: String, answer: GetObjectOutput, limit: u64) -> Result<Vec<u8>, PortError> {
    let size = answer.content_length().and_then(|size| u64::try_from(size).ok()).unwrap_or(u64::MAX);
    if size > limit {
        return Err(strange(&what, &format!("it has {size} bytes, and at most {limit} are expected here")));
    }
    let body = answer.body.collect().await;
    body.map(|body| body.to_vec()).map_err(|error| PortError { what, kind: Kind::Unreachable, message: error.to_string(), maybe_done: false })
}

/// The folders of a page right below a prefix.
fn below(page: &ListObjectsV2Output, keys: Keys, prefix: &str) -> impl Iterator<Item = String> {
    let name = move |folder: &str| Some(keys.read(folder).strip_prefix(prefix)?.strip_suffix('/')?.to_owned());
    page.common_prefixes().iter().filter_map(move |folder| name(folder.prefix()?))
}

impl Objects for Aws {
    fn list<'a>(&'a self, bucket: &'a str, prefix: &'a str) -> Answer<'a, Result<Vec<ObjectInfo>, PortError>> {
        Box::pin(async move {
            let mut out = Vec::new();
            self.pages(bucket, prefix, &[], &mut |page| out.extend(page)).await?;
            // AWS lists by key; SeaweedFS lists an unversioned bucket folder by folder.
            out.sort_by(|a, b| a.key.cmp(&b.key));
            Ok(out)
        })
    }

    fn pages<'a>(
        &'a self,
        bucket: &'a str,
        prefix: &'a str,
        bounds: &'a [String],
        take: &'a mut (dyn FnMut(Vec<ObjectInfo>) + Send),
    ) -> Answer<'a, Result<(), PortError>> {
        let at = self.bucket(bucket);
        let bounds = if at.quirks.lists_by_folder { &[] } else { bounds };
        Box::pin(async move { listing::pages(at, bucket, prefix, bounds, take).await })
    }

    fn folders<'a>(&'a self, bucket: &'a str, prefix: &'a str) -> Answer<'a, Result<Vec<String>, PortError>> {
        Box::pin(async move {
            let what = format!("ListObjectsV2 of folders in s3://{bucket}/{prefix}");
            let at = self.bucket(bucket);
            let list = at.control.list_objects_v2().bucket(bucket).prefix(prefix).delimiter("/").set_expected_bucket_owner(at.account.clone());
            let mut out = Vec::new();
            let mut token = None;
            loop {
                let (page, keys) = listing::answered(&what, list.clone().set_continuation_token(token)).await?;
                out.extend(below(&page, keys, prefix));
                token = page.next_continuation_token().map(str::to_owned);
                if token.is_none() {
                    return Ok(out);
                }
            }
        })
    }

    fn level<'a>(&'a self, bucket: &'a str, prefix: &'a str) -> Answer<'a, Result<Level, PortError>> {
        Box::pin(async move {
            let what = format!("ListObjectsV2 of s3://{bucket}/{prefix}");
            let at = self.bucket(bucket);
            let list = at.control.list_objects_v2().bucket(bucket).prefix(prefix).delimiter("/").set_expected_bucket_owner(at.account.clone());
            let (page, keys) = listing::answered(&what, list).await?;
            Ok(Level {
                folders: below(&page, keys, prefix).collect(),
                keys: page.contents().iter().filter_map(|object| object.key().map(|key| keys.read(key))).collect(),
                more: page.is_truncated().unwrap_or_default(),
            })
        })
    }

    fn get<'a>(&'a self, bucket: &'a str, key: &'a str, limit: u64) -> Answer<'a, Result<Vec<u8>, PortError>> {
        Box::pin(async move {
            let what = format!("GetObject s3://{bucket}/{key}");
            let at = self.bucket(bucket);
            let ask = at.data.get_object().bucket(bucket).key(key).set_expected_bucket_owner(at.account.clone());
            let answer = ask.send().await.map_err(|error| port(&what, error))?;
            body(what, answer, limit).await
        })
    }

    fn get_version<'a>(&'a self, bucket: &'a str, key: &'a str, version: &'a str, limit: u64) -> Answer<'a, Result<Vec<u8>, PortError>> {
        Box::pin(async move {
            let what = format!("GetObject of the version {version} of s3://{bucket}/{key}");
            let at = self.bucket(bucket);
            let ask = at.data.get_object().bucket(bucket).key(key).version_id(version).set_expected_bucket_owner(at.account.clone());
            let answer = ask.send().await.map_err(|error| port(&what, error))?;
            body(what, answer, limit).await
        })
    }

    fn get_tagged<'a>(&'a self, bucket: &'a str, key: &'a str, limit: u64) -> Answer<'a, Result<Tagged, PortError>> {
        Box::pin(async move {
            let what = format!("GetObject s3://{bucket}/{key}");
            let at = self.bucket(bucket);
            let ask = at.control.get_object().bucket(bucket).key(key).set_expected_bucket_owner(at.account.clone());
            let (raw, answer) = raw::kept(ask.send()).await;
            let answer = answer.map_err(|error| port(&what, error))?;
            let modified = answer.last_modified().and_then(|date| Timestamp::from_second(date.secs()).ok());
            let now = raw.date.and_then(|text| DateTime::from_str(&text, DateTimeFormat::HttpDate).ok());
            let now = now.and_then(|date| Timestamp::from_second(date.secs()).ok());
            let (Some(etag), Some(modified), Some(now)) = (answer.e_tag().map(str::to_owned), modified, now) else {
                return Err(strange(&what, "an answer without ETag, Last-Modified or Date"));
            };
            Ok(Tagged { bytes: body(what, answer, limit).await?, etag, modified, now })
        })
    }

    fn get_range<'a>(&'a self, bucket: &'a str, key: &'a str, offset: u64, length: u64) -> Answer<'a, Result<Vec<u8>, PortError>> {
        Box::pin(async move {
            if length == 0 {
                // HTTP has no such range: `bytes=0--1` would be read as another one, or be ignored.
                return Ok(Vec::new());
            }
            let last = offset.saturating_add(length).saturating_sub(1);
            let what = format!("GetObject s3://{bucket}/{key} bytes {offset}-{last}");
            let at = self.bucket(bucket);
            let ask = at.data.get_object().bucket(bucket).key(key).set_expected_bucket_owner(at.account.clone()).range(format!("bytes={offset}-{last}"));
            let mut broken = String::new();
            // The SDK repeats a request until its headers are there; a body that breaks off is ours to ask for again.
            for _ in 0..BODIES {
                let answer = ask.clone().send().await.map_err(|error| port(&what, error))?;
                if answer.content_range().is_none() {
                    return Err(strange(&what, "the server answered the whole object instead of the range"));
                }
                match answer.body.collect().await {
                    Ok(body) => return Ok(body.to_vec()),
                    Err(error) => broken = error.to_string(),
                }
            }
            Err(PortError { what, kind: Kind::Unreachable, message: broken, maybe_done: false })
        })
    }

    fn create<'a>(&'a self, bucket: &'a str, key: &'a str, body: Vec<u8>) -> Answer<'a, Result<(), PortError>> {
        Box::pin(async move {
            let what = format!("PutObject s3://{bucket}/{key}");
            let at = self.bucket(bucket);
            must_exist(at, bucket, &what).await?;
            let put =
                at.data.put_object().bucket(bucket).key(key).set_expected_bucket_owner(at.account.clone()).if_none_match("*").body(ByteStream::from(body));
            put.send().await.map(|_| ()).map_err(|error| port(&what, error))
        })
    }

    fn replace<'a>(&'a self, bucket: &'a str, key: &'a str, etag: &'a str, body: Vec<u8>) -> Answer<'a, Result<(), PortError>> {
        Box::pin(async move {
            let what = format!("PutObject s3://{bucket}/{key} in place of {etag}");
            let at = self.bucket(bucket);
            must_exist(at, bucket, &what).await?;
            // What is replaced is small, and an answer that takes minutes is of no use to who holds a lock.
            let put = at.control.put_object().bucket(bucket).key(key).set_expected_bucket_owner(at.account.clone()).if_match(etag);
            put.body(ByteStream::from(body)).send().await.map(|_| ()).map_err(|error| port(&what, error))
        })
    }

    fn begin<'a>(&'a self, bucket: &'a str, key: &'a str) -> Answer<'a, Result<String, PortError>> {
        Box::pin(async move {
            let what = format!("CreateMultipartUpload s3://{bucket}/{key}");
            let at = self.bucket(bucket);
            must_exist(at, bucket, &what).await?;
            // Said at the beginning and with each part: S3 refuses parts whose checksum was not announced.
            let begin = at.data.create_multipart_upload().bucket(bucket).key(key).set_expected_bucket_owner(at.account.clone());
            let begin = begin.checksum_algorithm(ChecksumAlgorithm::Crc32).checksum_type(ChecksumType::FullObject);
            let answer = begin.send().await.map_err(|error| port(&what, error))?;
            answer.upload_id().map(str::to_owned).ok_or_else(|| strange(&what, "an answer without an upload id"))
        })
    }

    fn part<'a>(&'a self, upload: &'a Upload, number: i32, body: bytes::Bytes) -> Answer<'a, Result<String, PortError>> {
        Box::pin(async move {
            let what = format!("UploadPart {number} of s3://{}/{}", upload.bucket, upload.key);
            let at = self.bucket(&upload.bucket);
            let put = at.data.upload_part().bucket(&upload.bucket).key(&upload.key).upload_id(&upload.id).part_number(number);
            let put = put.set_expected_bucket_owner(at.account.clone()).checksum_algorithm(ChecksumAlgorithm::Crc32).body(ByteStream::from(body));
            let answer = put.send().await.map_err(|error| port(&what, error))?;
            answer.e_tag().map(str::to_owned).ok_or_else(|| strange(&what, "an answer without an ETag"))
        })
    }

    fn complete<'a>(&'a self, upload: &'a Upload, tags: &'a [String]) -> Answer<'a, Result<(), PortError>> {
        Box::pin(async move {
            let what = format!("CompleteMultipartUpload s3://{}/{}", upload.bucket, upload.key);
            let at = self.bucket(&upload.bucket);
            let parts = (1..).zip(tags).map(|(number, tag)| CompletedPart::builder().part_number(number).e_tag(tag).build());
            let parts = CompletedMultipartUpload::builder().set_parts(Some(parts.collect())).build();
            let complete = at.data.complete_multipart_upload().bucket(&upload.bucket).key(&upload.key).upload_id(&upload.id).if_none_match("*");
            let complete = complete.set_expected_bucket_owner(at.account.clone()).multipart_upload(parts);
            // S3 may take minutes to put thousands of parts together, and repeating a completion meets its own object.
            let patient = TimeoutConfig::builder().operation_attempt_timeout(COMPLETE).operation_timeout(COMPLETE).build();
            let complete = complete.customize().config_override(aws_sdk_s3::config::Builder::new().timeout_config(patient));
            complete.send().await.map(|_| ()).map_err(|error| port(&what, error))
        })
    }

    fn abort<'a>(&'a self, upload: &'a Upload) -> Answer<'a, Result<(), PortError>> {
        Box::pin(async move {
            let what = format!("AbortMultipartUpload s3://{}/{}", upload.bucket, upload.key);
            let at = self.bucket(&upload.bucket);
            let abort = at.data.abort_multipart_upload().bucket(&upload.bucket).key(&upload.key).upload_id(&upload.id);
            abort.set_expected_bucket_owner(at.account.clone()).send().await.map(|_| ()).map_err(|error| port(&what, error))
        })
    }

    fn tags<'a>(&'a self, bucket: &'a str, key: &'a str, version: Option<&'a str>) -> Answer<'a, Result<BTreeMap<String, String>, PortError>> {
        Box::pin(marks::tags(self.bucket(bucket), bucket, key, version))
    }

    fn put_tags<'a>(
        &'a self,
        bucket: &'a str,
        key: &'a str,
        version: Option<&'a str>,
        tags: &'a BTreeMap<String, String>,
    ) -> Answer<'a, Result<(), PortError>> {
        Box::pin(marks::put_tags(self.bucket(bucket), bucket, key, version, tags))
    }

    fn versions<'a>(&'a self, bucket: &'a str, prefix: &'a str) -> Answer<'a, Result<Vec<VersionInfo>, PortError>> {
        Box::pin(marks::versions(self.bucket(bucket), bucket, prefix))
    }

    fn remove_marker<'a>(&'a self, bucket: &'a str, key: &'a str, version: &'a str) -> Answer<'a, Result<(), PortError>> {
        Box::pin(marks::remove_marker(self.bucket(bucket), bucket, key, version))
    }

    fn expiry<'a>(&'a self, bucket: &'a str, key: &'a str) -> Answer<'a, Result<Option<String>, PortError>> {
        Box::pin(marks::expiry(self.bucket(bucket), bucket, key))
    }

    fn head<'a>(&'a self, bucket: &'a str, key: &'a str) -> Answer<'a, Result<Head, PortError>> {
        Box::pin(marks::head(self.bucket(bucket), bucket, key))
    }

    fn legal_hold<'a>(&'a self, bucket: &'a str, key: &'a str, on: bool) -> Answer<'a, Result<(), PortError>> {
        Box::pin(marks::legal_hold(self.bucket(bucket), bucket, key, on))
    }
}
