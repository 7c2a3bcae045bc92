//! ListObjectsV2, page by page; of a large listing several parts at once.
//!
//! Parts are only asked for where keys come in order, and a page that is out of order ends the listing with an error: a part must
//! never end too early and lose what is there.

use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::operation::list_objects_v2::builders::ListObjectsV2FluentBuilder;
use aws_sdk_s3::types::EncodingType;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;

use super::Bucket;
use super::error::port;
use super::objects::strange;
use crate::ports::{Kind, ObjectInfo, PortError};

/// So many pages come one after the other before a listing counts as large: a small one costs no request more.
const ALONE: usize = 4;
/// So many parts are asked for at once.
const AT_ONCE: usize = 8;
/// So many parts there are at the most: each may cost one page that is not full.
const PARTS: usize = 32;
/// The class that needs no mention.
const STANDARD: &str = "STANDARD";

/// What is listed.
#[derive(Clone, Copy)]
struct Whole<'a> {
    at: &'a Bucket,
    bucket: &'a str,
    prefix: &'a str,
}

/// The keys behind `after`, up to and with `until`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Part {
    after: Option<String>,
    until: Option<String>,
    /// Where the next page goes on.
    token: Option<String>,
}

/// Lists all of it.
pub(super) async fn pages(at: &Bucket, bucket: &str, prefix: &str, bounds: &[String], take: &mut (dyn FnMut(Vec<ObjectInfo>) + Send)) -> Result<(), PortError> {
    let whole = Whole { at, bucket, prefix };
    let mut part = Part::default();
    let mut in_order = true;
    for number in 1.. {
        let (page, next) = whole.page(part).await?;
        let last = page.last().map(|object| object.key.clone());
        in_order &= page.is_sorted_by(|a, b| a.key < b.key);
        take(page);
        let Some(next) = next else { return Ok(()) };
        part = next;
        if number == ALONE && in_order && !bounds.is_empty() {
            let Some(last) = last else { continue };
            return at_once(whole, parts(&part, &last, bounds), take).await;
        }
    }
    Ok(())
}

/// What is left behind the key `last`, cut at those bounds that lie behind it.
fn parts(rest: &Part, last: &str, bounds: &[String]) -> Vec<Part> {
    let ahead: Vec<&String> = bounds.iter().filter(|bound| bound.as_str() > last).collect();
    let every = ahead.len().div_ceil(PARTS).max(1);
    let mut out = vec![rest.clone()];
    for bound in ahead.into_iter().step_by(every) {
        if let Some(before) = out.last_mut() {
            before.until = Some(bound.clone());
        }
        out.push(Part { after: Some(bound.clone()), ..Part::default() });
    }
    out
}

async fn at_once(whole: Whole<'_>, parts: Vec<Part>, take: &mut (dyn FnMut(Vec<ObjectInfo>) + Send)) -> Result<(), PortError> {
    let mut open = parts;
    open.reverse();
    let mut running = FuturesUnordered::new();
    loop {
        while running.len() < AT_ONCE
            && let Some(part) = open.pop()
        {
            running.push(whole.page(part));
        }
        let Some(answered) = running.next().await else { return Ok(()) };
        let (page, next) = answered?;
        take(page);
        open.extend(next);
    }
}

impl Whole<'_> {
    /// One page of a part, and the rest of it if there is one.
    async fn page(self, part: Part) -> Result<(Vec<ObjectInfo>, Option<Part>), PortError> {
        let Self { at, bucket, prefix } = self;
        let what = format!("ListObjectsV2 of s3://{bucket}/{prefix}");
        let ask = at.control.list_objects_v2().bucket(bucket).prefix(prefix).set_expected_bucket_owner(at.account.clone());
        let after = part.after.clone().filter(|_| part.token.is_none());
        let ask = ask.set_continuation_token(part.token.clone()).set_start_after(after);
        let (answer, keys) = answered(&what, ask).await?;
        let mut page = Vec::with_capacity(answer.contents().len());
        for object in answer.contents() {
            let modified = object.last_modified().and_then(|date| Timestamp::from_second(date.secs()).ok());
            let (Some(key), Some(size), Some(modified)) = (object.key(), object.size(), modified) else {
                return Err(strange(&what, "an entry without key, size or date"));
            };
            let etag = object.e_tag().unwrap_or_default().to_owned();
            let class = object.storage_class().map(|class| class.as_str().to_owned()).filter(|class| class != STANDARD);
            page.push(ObjectInfo { key: keys.read(key), bytes: u64::try_from(size).unwrap_or(0), modified, etag, class });
        }
        let token = answer.next_continuation_token().map(str::to_owned);
        let cut = cut(&part, &mut page).map_err(|message| strange(&what, &message))?;
        Ok((page, token.filter(|_| !cut).map(|token| Part { token: Some(token), ..part })))
    }
}

/// One page of whatever is listed, and how its keys are written.
///
/// # Errors
/// The first answer's, where the page cannot be read in encoded form either.
pub(super) async fn answered(what: &str, ask: ListObjectsV2FluentBuilder) -> Result<(ListObjectsV2Output, Keys), PortError> {
    let answer = match ask.clone().send().await.map_err(|error| port(what, error)) {
        Err(error) if error.kind == Kind::NotUnderstood => ask.encoding_type(EncodingType::Url).send().await.map_err(|_| error)?,
        answer => answer?,
    };
    let folders = answer.common_prefixes().iter().filter_map(|folder| folder.prefix());
    let keys = Keys::of(answer.encoding_type(), answer.contents().iter().filter_map(|object| object.key()).chain(folders));
    Ok((answer, keys))
}

/// How the keys of a page are written. XML 1.0 has no way to write most control characters: where a key holds one, a page can be read only when it is
/// asked for with encoded keys (S3 API, ListObjectsV2, encoding-type). It is not asked for so in the first place, as servers encode differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keys {
    /// As they are.
    Plain,
    /// Percent-encoded.
    Percent,
    /// The same, and a plus is a space, as AWS writes it.
    Form,
}

impl Keys {
    /// A page that writes any space as `%20` means a plus by a plus.
    pub(super) fn of<'a>(encoding: Option<&EncodingType>, mut keys: impl Iterator<Item = &'a str>) -> Self {
        match encoding {
            Some(EncodingType::Url) if keys.any(|key| key.contains("%20")) => Self::Percent,
            Some(EncodingType::Url) => Self::Form,
            _ => Self::Plain,
        }
    }

    pub(super) fn read(self, key: &str) -> String {
        let decoded = |key: &str| percent_encoding::percent_decode_str(key).decode_utf8_lossy().into_owned();
        match self {
            Self::Plain => key.to_owned(),
            Self::Percent => decoded(key),
            Self::Form => decoded(&key.replace('+', " ")),
        }
    }
}

/// Leaves of a page what belongs to its part; whether the part ends with it.
fn cut(part: &Part, page: &mut Vec<ObjectInfo>) -> Result<bool, String> {
    if part.after.is_none() && part.until.is_none() {
        return Ok(false);
    }
    let behind = page.first().is_none_or(|first| part.after.as_ref().is_none_or(|after| first.key > *after));
    if !behind || !page.is_sorted_by(|a, b| a.key < b.key) {
        return Err(OUT_OF_ORDER.to_owned());
    }
    let Some(until) = &part.until else { return Ok(false) };
    let fits = page.partition_point(|object| object.key <= *until);
    let cut = fits < page.len();
    page.truncate(fits);
    Ok(cut)
}

const OUT_OF_ORDER: &str = "its keys do not come in order";

#[cfg(test)]
mod tests;
