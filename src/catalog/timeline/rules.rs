//! The rules of a bucket, compiled: which of them meet a version, and when they act. Never what comes of it.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Class, Version};
use crate::catalog::layout::expires_at;
use crate::model::lifecycle::{Expiration, Lifecycle, NoncurrentTransition, Rule, Transition};
use crate::model::policy::StorageClass;

/// Objects smaller than this are moved to no class, unless the rule has a size filter of its own (S3 User Guide,
/// lifecycle-transition-general-considerations: "smaller than 128 KB").
const SMALL: u64 = 128 * 1024;
/// The `x-amz-transition-default-minimum-object-size` under which small objects are moved nowhere.
const ALL_CLASSES: &str = "all_storage_classes_128K";

/// When an action is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// So many days after, rounded up to midnight UTC.
    Days(i32),
    /// From that date on, for whatever is written later too.
    Date(Timestamp),
}

impl When {
    /// The moment for what was written then.
    pub(super) fn due(self, written: Timestamp) -> Timestamp {
        match self {
            Self::Days(days) => expires_at(written, days),
            Self::Date(date) => date.max(written),
        }
    }

    fn read(days: Option<i32>, date: Option<&str>) -> Option<Self> {
        days.map(Self::Days).or_else(|| date.and_then(|date| date.parse().ok()).map(Self::Date))
    }
}

/// Removal of noncurrent versions: days, and how many newer ones must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Behind {
    /// Days after the version stopped being current.
    pub(super) days: i32,
    /// So many newer noncurrent versions are kept besides.
    pub(super) newer: usize,
}

impl Behind {
    fn of(days: i32, newer: Option<i32>) -> Self {
        Self { days, newer: newer.and_then(|newer| usize::try_from(newer).ok()).unwrap_or(0) }
    }
}

/// One enabled rule.
#[derive(Debug)]
pub(super) struct Acting<'a> {
    rule: &'a Rule,
    /// Expiry of current versions.
    pub(super) expires: Option<When>,
    /// Moves of current versions.
    pub(super) moves: Vec<(When, Class)>,
    /// Removal of noncurrent versions.
    pub(super) removes: Option<Behind>,
    /// Moves of noncurrent versions.
    pub(super) moves_behind: Vec<(Behind, Class)>,
    /// Whether small objects are moved nowhere; none = the rule's own size filter decides.
    all_classes: Option<bool>,
}

impl<'a> Acting<'a> {
    fn of(rule: &'a Rule, minimum: Option<&str>) -> Self {
        let expires = match &rule.expiration {
            Some(Expiration::Days(days)) => Some(When::Days(*days)),
            Some(Expiration::Date(date)) => When::read(None, Some(date)),
            Some(Expiration::DeleteMarker(_)) | None => None,
        };
        let step = |step: &Transition| Some((When::read(step.days, step.date.as_deref())?, Class::of(&step.class)));
        let behind = |step: &NoncurrentTransition| (Behind::of(step.days, step.keep_newer), Class::of(&step.class));
        let sized = rule.filter.larger_than.is_some() || rule.filter.smaller_than.is_some();
        Self {
            rule,
            expires,
            moves: rule.transitions.iter().filter_map(step).collect(),
            removes: rule.noncurrent.as_ref().map(|gone| Behind::of(gone.days, gone.keep_newer)),
            moves_behind: rule.noncurrent_transitions.iter().map(behind).collect(),
            all_classes: (!sized).then_some(minimum == Some(ALL_CLASSES)),
        }
    }

    /// Whether this rule moves an object of this size to that class. Before September 2024, and where a bucket still says so, small
    /// objects were moved to the two archive classes.
    pub(super) fn takes_to(&self, class: Class, bytes: u64) -> bool {
        let archive = matches!(class, Class::Lower(StorageClass::Glacier | StorageClass::DeepArchive));
        bytes >= SMALL || self.all_classes.is_none_or(|all| !all && archive)
    }

    fn meets(&self, version: &Version<'_>) -> bool {
        let filter = &self.rule.filter;
        let above = |limit: i64| u64::try_from(limit).map_or(true, |limit| version.bytes > limit);
        let below = |limit: i64| u64::try_from(limit).is_ok_and(|limit| version.bytes < limit);
        filter.covers(version.key)
            && filter.larger_than.is_none_or(above)
            && filter.smaller_than.is_none_or(below)
            && filter.tags.iter().all(|tag| version.tags.contains(tag))
    }
}

/// All enabled rules, by what they ask for first.
#[derive(Debug, Default)]
pub(super) struct Rules<'a> {
    /// Without a tag.
    plain: Vec<Acting<'a>>,
    /// With tags, by the first one.
    tagged: BTreeMap<(&'a str, &'a str), Vec<Acting<'a>>>,
}

/// The rules without a tag that can meet keys in a folder.
#[derive(Debug, Default)]
pub(super) struct Near {
    /// The folder; none = any.
    folder: Option<String>,
    /// Places among the rules without a tag.
    plain: Vec<usize>,
}

impl<'a> Rules<'a> {
    pub(super) fn none() -> Self {
        Self::default()
    }

    pub(super) fn of(lifecycle: &'a Lifecycle) -> Self {
        let mut out = Self::default();
        for rule in lifecycle.rules.iter().filter(|rule| rule.enabled) {
            let acting = Acting::of(rule, lifecycle.minimum_size.as_deref());
            match rule.filter.tags.first() {
                Some(tag) => out.tagged.entry((&tag.key, &tag.value)).or_default().push(acting),
                None => out.plain.push(acting),
            }
        }
        out
    }

    /// The rules near a backup.
    pub(super) fn near(&self, versions: &[Version<'_>]) -> Near {
        let mut near = Near::default();
        self.move_near(&mut near, versions);
        near
    }

    /// Looks near another backup, which is free where it lies in the same folder of backups.
    pub(super) fn move_near(&self, near: &mut Near, versions: &[Version<'_>]) {
        let Some(first) = versions.first() else { return };
        let within = |folder: &str| versions.iter().all(|version| version.key.starts_with(folder));
        if near.folder.as_deref().is_some_and(within) {
            return;
        }
        let folder = above(above(first.key));
        let folder = if within(folder) { folder } else { "" };
        let meets = |rule: &Acting<'_>| {
            let prefix = rule.rule.filter.prefix.as_deref().unwrap_or("");
            folder.starts_with(prefix) || prefix.starts_with(folder)
        };
        near.plain.clear();
        near.plain.extend(self.plain.iter().enumerate().filter(|(_, rule)| meets(rule)).map(|(at, _)| at));
        near.folder = Some(folder.to_owned());
    }

    /// The rules that meet a version.
    pub(super) fn meeting<'r>(&'r self, near: &'r Near, version: &'r Version<'_>) -> impl Iterator<Item = &'r Acting<'a>> {
        let plain = near.plain.iter().filter_map(|at| self.plain.get(*at));
        let tagged = version.tags.iter().filter_map(|tag| self.tagged.get(&(tag.key.as_str(), tag.value.as_str()))).flatten();
        plain.chain(tagged).filter(|rule| rule.meets(version))
    }
}

/// The folder of a key, with its slash; nothing above the top.
fn above(key: &str) -> &str {
    let inner = key.strip_suffix('/').unwrap_or(key);
    inner.rfind('/').and_then(|at| key.get(..=at)).unwrap_or("")
}
