//! Storage classes of the simulator: what lifecycle rules have moved by now, what must be thawed before it can be read, and until when it is.
//!
//! Written from the S3 User Guide (lifecycle-transition-general-considerations, restoring-objects), and not from the timeline that it is to
//! check. It moves at the earliest moment that S3 may, and deletes nothing.

use jiff::Timestamp;

use super::objects::Version;
use super::{Op, State, World, failure};
use crate::catalog::layout::expires_at;
use crate::model::lifecycle::{Lifecycle, Rule, Transition};
use crate::model::request::ReadOp;
use crate::ports::{Kind, PortError};

/// Classes from which nothing can be read, each with the hours that a standard retrieval takes at the most.
const FROZEN: [(&str, i64); 2] = [("GLACIER", 5), ("DEEP_ARCHIVE", 12)];
/// The archive tiers of INTELLIGENT_TIERING, the same.
const TIERS: [(&str, i64); 2] = [("ARCHIVE_ACCESS", 5), ("DEEP_ARCHIVE_ACCESS", 12)];
/// Smaller objects stay where they are, unless a rule names a size of its own.
const SMALLEST: usize = 128 * 1024;
const HOUR: i64 = 3_600;

/// How a version lies.
#[derive(Clone, Debug, Default)]
pub(super) struct Lying {
    /// S3's name of its class; none = STANDARD.
    pub(super) class: Option<String>,
    /// Its archive tier.
    pub(super) archive: Option<String>,
    /// What S3 says of a thaw.
    pub(super) restore: Option<String>,
    frozen: bool,
}

/// Somebody asked for a thaw.
#[derive(Clone, Copy, Debug)]
pub(super) struct Thawing {
    asked: Timestamp,
    days: i64,
}

impl World {
    /// Asks S3 to make an archived object readable for some days, as `restore-object` does with the standard retrieval.
    pub fn thaw(&self, bucket: &str, key: &str, days: i64) {
        let mut state = self.lock();
        let asked = state.now;
        if let Some(version) = state.buckets.get_mut(bucket).and_then(|bucket| bucket.objects.get_mut(key)?.last_mut()) {
            version.thawing = Some(Thawing { asked, days });
        }
    }

    /// Says that an object of INTELLIGENT_TIERING was not read for so long that it is in one of its archive tiers.
    pub fn leave_alone(&self, bucket: &str, key: &str, tier: &str) {
        let mut state = self.lock();
        if let Some(version) = state.buckets.get_mut(bucket).and_then(|bucket| bucket.objects.get_mut(key)?.last_mut()) {
            version.tier = Some(tier.to_owned());
        }
    }
}

impl State {
    /// The lifecycle rules of a bucket.
    pub(super) fn rules(&self, bucket: &str) -> Vec<Rule> {
        let live = self.buckets.get(bucket).and_then(|bucket| bucket.settings.get(&ReadOp::BucketLifecycle)?.to::<Lifecycle>());
        live.unwrap_or_default().rules
    }

    /// How the current version of an object lies now.
    pub(super) fn lying(&self, bucket: &str, key: &str) -> Lying {
        let version = self.buckets.get(bucket).and_then(|bucket| bucket.objects.get(key)?.last());
        version.map(|version| lying(&self.rules(bucket), key, version, self.now)).unwrap_or_default()
    }

    /// Refuses to read what is frozen.
    pub(super) fn readable(&self, bucket: &str, key: &str) -> Result<(), PortError> {
        let refused = || {
            let message = "InvalidObjectState: The operation is not valid for the object's storage class";
            failure(Op::Get, &format!("s3://{bucket}/{key}"), Kind::Rejected, message)
        };
        if self.lying(bucket, key).frozen { Err(refused()) } else { Ok(()) }
    }
}

pub(super) fn lying(rules: &[Rule], key: &str, version: &Version, now: Timestamp) -> Lying {
    let class = class(rules, key, version, now);
    let archive = version.tier.clone().filter(|_| class.as_deref() == Some("INTELLIGENT_TIERING"));
    let takes = match &archive {
        Some(tier) => TIERS.iter().find(|(name, _)| name == tier),
        None => FROZEN.iter().find(|(name, _)| Some(*name) == class.as_deref()),
    };
    let Some((_, hours)) = takes else { return Lying { class, archive, restore: None, frozen: false } };
    let thawing = version.thawing.and_then(|thawing| {
        let ready = Timestamp::from_second(thawing.asked.as_second() + hours * HOUR).ok()?;
        let until = Timestamp::from_second(ready.as_second() + thawing.days * 24 * HOUR).ok()?;
        (now < until).then_some((ready, until))
    });
    let (restore, frozen) = match thawing {
        None => (None, true),
        Some((ready, _)) if now < ready => (Some("ongoing-request=\"true\"".to_owned()), true),
        Some((_, until)) => (Some(format!("ongoing-request=\"false\", expiry-date=\"{}\"", until.strftime("%a, %d %b %Y %H:%M:%S GMT"))), false),
    };
    Lying { class, archive, restore, frozen }
}

/// The class of the move that was due last.
fn class(rules: &[Rule], key: &str, version: &Version, now: Timestamp) -> Option<String> {
    let size = version.bytes.as_ref()?.len();
    let acts = |rule: &&Rule| {
        let filter = &rule.filter;
        let sized = |limit: Option<i64>| limit.and_then(|limit| usize::try_from(limit).ok());
        let fits = match (sized(filter.larger_than), sized(filter.smaller_than)) {
            (None, None) => size >= SMALLEST,
            (larger, smaller) => larger.is_none_or(|limit| size > limit) && smaller.is_none_or(|limit| size < limit),
        };
        rule.enabled && filter.covers(key) && fits && filter.tags.iter().all(|tag| version.tags.get(&tag.key) == Some(&tag.value))
    };
    let due = |step: &Transition| {
        let at = match (step.days, &step.date) {
            (Some(days), _) => Some(expires_at(version.modified, days)),
            (None, Some(date)) => date.parse().ok(),
            (None, None) => None,
        };
        at.filter(|at: &Timestamp| *at <= now)
    };
    let steps = rules.iter().filter(acts).flat_map(|rule| &rule.transitions);
    steps.filter_map(|step| Some((due(step)?, step.class.clone()))).max_by_key(|(at, _)| *at).map(|(_, class)| class)
}
