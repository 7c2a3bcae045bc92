//! Two sets of rules of one bucket, backup by backup: which restore points one of them ends earlier than the other.
//!
//! A backup whose release tag was not read is compared under every tag that the rules know, and the worst counts.

use jiff::Timestamp;

use crate::catalog::timeline::{Class, Forecast, Keeping, Standing, Undo, Version, World, versions};
use crate::model::aspects::Versioning;
use crate::model::document::Document;
use crate::model::fact::Fact;
use crate::model::id::ResourceId;
use crate::model::lifecycle::{EXPIRE_TAG, Lifecycle, Rule, Tag};
use crate::model::request::ReadOp;
use crate::model::resource::{BucketWish, Observed, SeenBackup, Tenant};
use crate::model::units::Span;

/// What is compared.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sides<'a> {
    /// What was promised.
    pub(super) before: &'a Lifecycle,
    /// What is, or would be.
    pub(super) after: &'a Lifecycle,
}

/// A restore point that goes earlier than promised.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gone<'a> {
    /// Which.
    pub(super) backup: &'a SeenBackup,
    /// When its life ends, also where that is in the past: then it goes at any time.
    pub(super) until: Timestamp,
    /// Whether that can be undone.
    pub(super) undo: Undo,
    /// Whether it goes whatever its tag is.
    pub(super) sure: bool,
}

/// Restore points that need thawing where they did not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Thaw {
    /// How many.
    pub(super) points: usize,
    /// From when on, for the first.
    pub(super) from: Timestamp,
    /// How long at the most.
    pub(super) takes: Span,
}

/// What the second side does to the backups of a policy.
#[derive(Clone, Debug, Default)]
pub(super) struct Outcome<'a> {
    /// What goes earlier, the first to go first.
    pub(super) gone: Vec<Gone<'a>>,
    /// How many live longer, whatever their tag.
    pub(super) longer: usize,
    /// What becomes slow.
    pub(super) thaw: Option<Thaw>,
}

/// How a bucket keeps what is overwritten or deleted; what could not be read is taken as final.
pub(super) fn keeping(bucket: &BucketWish, observed: &Observed) -> Fact<Versioning> {
    let id = ResourceId::Bucket(bucket.name.clone());
    let nothing = || Fact::Unknown(crate::model::fact::Why::NotAsked);
    let fact = observed.resources.get(&id).map_or_else(nothing, |seen| seen.fact(ReadOp::BucketVersioning));
    fact.and_then(|document: Document| document.to().map_or(Fact::Absent, Fact::Known))
}

/// Both sides, ready to be asked.
pub(super) struct Scale<'a> {
    pub(super) before: Forecast<'a>,
    pub(super) after: Forecast<'a>,
    /// The same without a time: when a life ends, whether or not that is over.
    pub(super) nominal: Forecast<'a>,
    pub(super) keeping: Keeping,
    /// Whether a rule moves anything to a class that must be thawed.
    archives: bool,
}

/// Compares the complete backups of a tenant.
pub(super) fn compare<'a>(bucket: &BucketWish, tenant: &Tenant, sides: Sides<'_>, backups: &[&'a SeenBackup], observed: &Observed) -> Outcome<'a> {
    let scale = Scale::of(bucket, sides, observed);
    let mut out = Outcome::default();
    for backup in backups {
        let known = observed.released.get(&(tenant.policy.clone(), backup.set.clone(), backup.id.clone()));
        let tags = known.map_or_else(|| possible(sides, &tenant.policy, &backup.set), |value| vec![tag(value.as_deref())]);
        scale.weigh(backup, &tags, &mut out);
    }
    out.gone.sort_by(|a, b| (a.until, &a.backup.set, &a.backup.id).cmp(&(b.until, &b.backup.set, &b.backup.id)));
    out
}

pub(super) fn tag(value: Option<&str>) -> Vec<Tag> {
    value.map(Tag::release).into_iter().collect()
}

/// Every release tag of a set that a rule of either side knows, and none at all.
pub(super) fn possible(sides: Sides<'_>, policy: &str, set: &str) -> Vec<Vec<Tag>> {
    let of_set = format!("{policy}/{set}:");
    let rules = sides.before.rules.iter().chain(&sides.after.rules);
    let tags = rules.flat_map(|rule| &rule.filter.tags).filter(|tag| tag.key == EXPIRE_TAG && tag.value.starts_with(&of_set));
    let mut values: Vec<&str> = tags.map(|tag| tag.value.as_str()).collect();
    values.sort_unstable();
    values.dedup();
    std::iter::once(None).chain(values.into_iter().map(Some)).map(tag).collect()
}

impl<'a> Scale<'a> {
    /// The rules of both sides, in the bucket as it keeps what is deleted.
    pub(super) fn of(bucket: &BucketWish, sides: Sides<'a>, observed: &Observed) -> Self {
        let versioning = keeping(bucket, observed).known().copied();
        let forecast = |rules, now| Forecast::new(&World::of(rules, versioning, now));
        Self {
            before: forecast(sides.before, observed.at),
            after: forecast(sides.after, observed.at),
            nominal: forecast(sides.after, Timestamp::MIN),
            keeping: Keeping::of(versioning),
            archives: sides.after.rules.iter().flat_map(|rule| &rule.transitions).any(|step| Class::of(&step.class).thaw().is_some()),
        }
    }

    fn weigh<'b>(&self, backup: &'b SeenBackup, tags: &[Vec<Tag>], out: &mut Outcome<'b>) {
        let mut worst: Option<Gone<'b>> = None;
        let (mut earlier, mut longer, mut slow) = (0, 0, None);
        for tags in tags {
            let versions = versions(backup, tags, self.keeping);
            let (before, after) = (self.before.standing(&versions), self.after.standing(&versions));
            longer += usize::from(ends_before(&before, &after));
            if ends_before(&after, &before) {
                earlier += 1;
                let Some(until) = self.nominal.standing(&versions).restorable_until else { continue };
                let gone = Gone { backup, until, undo: after.undo, sure: false };
                worst = Some(worst.map_or(gone, |worst| Gone { until: worst.until.min(gone.until), undo: worst.undo.min(gone.undo), ..worst }));
            }
            slow = slower(slow, self.thaw(&versions, &after));
        }
        out.thaw = slower(out.thaw, slow).map(|thaw| Thaw { points: out.thaw.map_or(0, |thaw| thaw.points) + usize::from(slow.is_some()), ..thaw });
        out.longer += usize::from(longer == tags.len());
        out.gone.extend(worst.map(|worst| Gone { sure: earlier == tags.len(), ..worst }));
    }

    /// The first move after which a point that can be restored takes longer to thaw than it would have.
    pub(super) fn thaw(&self, versions: &[Version<'_>], after: &Standing) -> Option<Thaw> {
        let slower = |moment: &Timestamp| {
            let thaw = self.after.lying(versions, *moment).thaw?;
            let promised = self.before.lying(versions, *moment).thaw;
            (after.is_restorable_at(*moment) && promised.is_none_or(|promised| promised < thaw)).then_some(thaw)
        };
        let moments = if self.archives { self.after.transitions(versions) } else { Vec::new() };
        moments.iter().find_map(|moment| slower(moment).map(|takes| Thaw { points: 1, from: *moment, takes }))
    }
}

/// The earlier start and the longer time of two.
fn slower(a: Option<Thaw>, b: Option<Thaw>) -> Option<Thaw> {
    match (a, b) {
        (Some(a), Some(b)) => Some(Thaw { points: a.points, from: a.from.min(b.from), takes: a.takes.max(b.takes) }),
        (one, None) | (None, one) => one,
    }
}

/// Whether a life ends before another one.
pub(super) fn ends_before(one: &Standing, other: &Standing) -> bool {
    one.restorable_until.is_some_and(|one| other.restorable_until.is_none_or(|other| one < other))
}

impl Sides<'_> {
    /// Whether the two differ in a rule that acts below the prefix, or on the release tags, of a tenant.
    pub(super) fn touch(&self, tenant: &Tenant) -> bool {
        let differing = |a: &Lifecycle, b: &Lifecycle| {
            let not_in_b = a.rules.iter().filter(|rule| b.rules.iter().all(|other| other.meaning() != rule.meaning()));
            not_in_b.filter(|rule| rule.expiration.is_some() || !rule.transitions.is_empty()).any(|rule| acts_on(rule, tenant))
        };
        differing(self.before, self.after) || differing(self.after, self.before)
    }
}

fn acts_on(rule: &Rule, tenant: &Tenant) -> bool {
    let prefix = rule.filter.prefix.as_deref().unwrap_or("");
    let overlaps = tenant.prefix.starts_with(prefix) || prefix.starts_with(&tenant.prefix);
    let of_policy = format!("{}/", tenant.policy);
    overlaps && rule.filter.tags.iter().all(|tag| tag.key == EXPIRE_TAG && tag.value.starts_with(&of_policy))
}
