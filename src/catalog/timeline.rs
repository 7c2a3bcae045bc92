//! What S3 will do with stored backups, and when, if nobody writes, tags, holds or configures anything any more.
//!
//! Pure: objects, rules and a time go in, moments come out. It must never say a later moment than S3 may act at: S3 runs lifecycle
//! rules once a day, often later than it may, so every moment here is the earliest one. What is overdue may happen at any time, so it
//! happens now. Sources: S3 User Guide, intro-lifecycle-rules, lifecycle-configuration-examples,
//! lifecycle-transition-general-considerations, object-lock-managing.
//!
//! Cost: one pass over the versions, each against the rules whose prefix and tag can meet it; memory is what is handed in and one
//! [`Standing`] for each backup, nothing besides.

use jiff::Timestamp;

use crate::model::aspects::Versioning;
use crate::model::lifecycle::{Lifecycle, Tag};
use crate::model::resource::{SeenBackup, SeenObject};
use crate::model::units::Span;

mod classes;
mod lives;
mod rules;
mod windows;

pub use classes::Class;
use lives::Life;
use rules::Acting;
pub use windows::{Gap, Point, Reach, Spacing, reach};

/// How the bucket treats what is overwritten or deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// It was never versioned: a delete is final.
    Unversioned,
    /// Old bytes stay as noncurrent versions.
    Enabled,
    /// New writes and deletes replace the version without an id (`null`); versions from before stay.
    Suspended,
}

impl Keeping {
    /// How a bucket of that versioning does; none = it was never versioned.
    pub const fn of(versioning: Option<Versioning>) -> Self {
        match versioning {
            Some(Versioning::Enabled | Versioning::EnabledWithMfa) => Self::Enabled,
            Some(Versioning::Suspended) => Self::Suspended,
            None => Self::Unversioned,
        }
    }
}

/// What decides what becomes of the objects of a bucket.
#[derive(Clone, Copy, Debug)]
pub struct World<'a> {
    /// The rules, those of others too.
    pub rules: &'a Lifecycle,
    /// Versioning.
    pub keeping: Keeping,
    /// Whether deletes need a second factor: S3 then runs no lifecycle rules (S3 User Guide, lifecycle-and-other-bucket-config).
    pub mfa_delete: bool,
    /// The time.
    pub now: Timestamp,
}

impl<'a> World<'a> {
    /// A bucket of that versioning with these rules; none = it was never versioned.
    pub fn of(rules: &'a Lifecycle, versioning: Option<Versioning>, now: Timestamp) -> Self {
        Self { rules, keeping: Keeping::of(versioning), mfa_delete: versioning == Some(Versioning::EnabledWithMfa), now }
    }
}

/// One version of one object, or a delete marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version<'a> {
    /// The key of the object.
    pub key: &'a str,
    /// Its size.
    pub bytes: u64,
    /// Its S3 date.
    pub written: Timestamp,
    /// Its storage class.
    pub class: Class,
    /// Its tags, in any order.
    pub tags: &'a [Tag],
    /// Since when it is not the current version: the S3 date of its successor; none = it is the current one.
    pub noncurrent: Option<Timestamp>,
    /// Whether it is a delete marker.
    pub marker: bool,
    /// Whether it has no version id: written while the bucket was not versioned, or suspended.
    pub null: bool,
    /// Until when it is locked.
    pub locked: Option<Timestamp>,
    /// Whether a legal hold is on it.
    pub held: bool,
}

impl<'a> Version<'a> {
    /// A current version without anything special.
    pub fn plain(key: &'a str, bytes: u64, written: Timestamp) -> Self {
        Self { key, bytes, written, class: Class::Standard, tags: &[], noncurrent: None, marker: false, null: false, locked: None, held: false }
    }
}

/// A backup as the listing shows it. Locks are not listed, so none is counted on: a moment is the earliest one.
pub fn versions<'v>(backup: &'v SeenBackup, tags: &'v [Tag], keeping: Keeping) -> Vec<Version<'v>> {
    let class = |key: &String| backup.classes.get(key).map_or(Class::Standard, |class| Class::of(class));
    let plain = backup.keys.iter().map(|(key, bytes)| Version { class: class(key), ..Version::plain(key, *bytes, backup.oldest) });
    plain.map(|version| Version { tags, null: keeping != Keeping::Enabled, ..version }).collect()
}

/// An object of another engine as the listing shows it: its tags are those of its engine, and none of lifeboat's.
pub fn of_object(object: &SeenObject, keeping: Keeping) -> Version<'_> {
    let class = object.class.as_deref().map_or(Class::Standard, Class::of);
    Version { class, null: keeping != Keeping::Enabled, ..Version::plain(&object.key, object.bytes, object.written) }
}

/// Whether what S3 expires can be brought back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Undo {
    /// It is final: the bytes go with it, or have gone.
    Final,
    /// Until then, when the first version that is needed goes for good.
    Until(Timestamp),
    /// For ever: nothing removes its versions. Also where nothing expires.
    Always,
}

/// What becomes of one backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Until when every object of it can be read as the current version: when the first of them expires. In the past, it has
    /// expired; none = for ever.
    pub restorable_until: Option<Timestamp>,
    /// From when a delete of one of its versions is no longer refused by a lock; none = a legal hold is on all of them.
    pub deletable_from: Option<Timestamp>,
    /// When its last byte is gone for good; none = never.
    pub bytes_gone_at: Option<Timestamp>,
    /// Until when an expiry can be undone.
    pub undo: Undo,
    /// Bytes of all its versions.
    pub bytes: u64,
    /// How long its slowest object takes to thaw now, if it must be thawed.
    pub thaw: Option<Span>,
}

impl Standing {
    /// Nothing said yet.
    fn whole(now: Timestamp) -> Self {
        Self { restorable_until: None, deletable_from: None, bytes_gone_at: Some(now), undo: Undo::Always, bytes: 0, thaw: None }
    }

    /// Whether it can be restored at a time, thawed or not.
    pub fn is_restorable_at(&self, at: Timestamp) -> bool {
        self.restorable_until.is_none_or(|until| at < until)
    }
}

/// How one backup lies at a time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lying {
    /// Bytes by storage class, noncurrent versions included.
    pub bytes: Vec<(Class, u64)>,
    /// How long the slowest current object takes to thaw, if one must be thawed.
    pub thaw: Option<Span>,
}

/// The rules of a bucket, made ready to be asked about many backups.
#[derive(Debug)]
pub struct Forecast<'a> {
    now: Timestamp,
    keeping: Keeping,
    rules: rules::Rules<'a>,
}

/// The versions of one object, newest first.
type Stack<'v> = [Version<'v>];

impl<'a> Forecast<'a> {
    /// Makes the rules ready.
    pub fn new(world: &World<'a>) -> Self {
        let rules = if world.mfa_delete { rules::Rules::none() } else { rules::Rules::of(world.rules) };
        Self { now: world.now, keeping: world.keeping, rules }
    }

    /// What becomes of a backup, given as the versions of its objects: those of one key together, newest first.
    pub fn standing(&self, versions: &[Version<'_>]) -> Standing {
        let near = self.rules.near(versions);
        self.stand(&near, versions)
    }

    /// What becomes of many backups. Faster than one by one where neighbours lie in one folder.
    pub fn standings<'v>(&self, backups: impl IntoIterator<Item = &'v [Version<'v>]>) -> Vec<Standing> {
        let mut near = rules::Near::default();
        let one = |versions: &'v [Version<'v>]| {
            self.rules.move_near(&mut near, versions);
            self.stand(&near, versions)
        };
        backups.into_iter().map(one).collect()
    }

    fn stand(&self, near: &rules::Near, versions: &[Version<'_>]) -> Standing {
        let mut sum = Sum { standing: Standing::whole(self.now), now: self.now, lost: None };
        for stack in versions.chunk_by(|a, b| a.key == b.key) {
            match stack {
                [version] => sum.add(version, &self.alone(near, version), true),
                _ => {
                    let expired = stack.first().filter(|top| top.marker);
                    sum.expires(expired.map(|marker| marker.written));
                    // What a restore reads is under the markers; with nothing under them, nothing can be brought back.
                    let needed = stack.iter().position(|version| !version.marker).unwrap_or(0);
                    for (at, (version, life)) in stack.iter().zip(&self.lives(near, stack)).enumerate() {
                        sum.add(version, life, at == needed);
                    }
                }
            }
        }
        if versions.is_empty() {
            sum.expires(Some(self.now));
            sum.lost = Some(self.now);
        }
        sum.standing()
    }

    /// How a backup lies at a time, which is not before now.
    pub fn lying(&self, versions: &[Version<'_>], at: Timestamp) -> Lying {
        let near = self.rules.near(versions);
        let mut out = Lying::default();
        for stack in versions.chunk_by(|a, b| a.key == b.key) {
            let lives = self.lives(&near, stack);
            for (place, version) in stack.iter().enumerate().filter(|(_, version)| !version.marker) {
                let Some(life) = lives.get(place).filter(|life| life.gone.is_none_or(|gone| at < gone)) else { continue };
                let class = self.class_at(&near, stack, &lives, place, at);
                match out.bytes.iter_mut().find(|(known, _)| *known == class) {
                    Some((_, bytes)) => *bytes = bytes.saturating_add(version.bytes),
                    None => out.bytes.push((class, version.bytes)),
                }
                if life.is_current_at(at) {
                    out.thaw = out.thaw.max(class.thaw());
                }
            }
        }
        out.bytes.sort_unstable();
        out
    }

    /// The moments at which something of a backup changes its class, sorted.
    pub fn transitions(&self, versions: &[Version<'_>]) -> Vec<Timestamp> {
        let near = self.rules.near(versions);
        let stacks = versions.chunk_by(|a, b| a.key == b.key);
        let mut out: Vec<Timestamp> = stacks.flat_map(|stack| self.class_moments(&near, stack)).collect();
        out.sort_unstable();
        out.dedup();
        out
    }

    /// The rules that meet a version.
    fn acting<'r>(&'r self, near: &'r rules::Near, version: &'r Version<'_>) -> impl Iterator<Item = &'r Acting<'a>> {
        self.rules.meeting(near, version)
    }
}

/// A standing while versions are added to it.
struct Sum {
    standing: Standing,
    now: Timestamp,
    /// When the first version that is needed goes for good.
    lost: Option<Timestamp>,
}

impl Sum {
    fn expires(&mut self, at: Option<Timestamp>) {
        self.standing.restorable_until = earliest(self.standing.restorable_until, at);
    }

    /// Adds one version; `needed` when a restore reads it.
    fn add(&mut self, version: &Version<'_>, life: &Life, needed: bool) {
        if version.marker {
            if needed {
                self.expires(Some(version.written));
                self.lost = earliest(self.lost, Some(version.written));
            }
            return;
        }
        let out = &mut self.standing;
        out.bytes = out.bytes.saturating_add(version.bytes);
        out.bytes_gone_at = out.bytes_gone_at.zip(life.gone).map(|(so_far, gone)| so_far.max(gone));
        if needed {
            let from = (!version.held).then(|| version.locked.map_or(self.now, |until| until.max(self.now)));
            out.deletable_from = earliest(out.deletable_from, from);
            out.thaw = out.thaw.max(version.class.thaw());
            self.lost = earliest(self.lost, life.gone);
            self.expires(life.current_until);
        }
    }

    fn standing(self) -> Standing {
        let undo = match (self.standing.restorable_until, self.lost) {
            (_, None) => Undo::Always,
            (expired, Some(lost)) if lost <= self.now || expired.is_some_and(|expired| lost <= expired) => Undo::Final,
            (_, Some(lost)) => Undo::Until(lost),
        };
        Standing { undo, ..self.standing }
    }
}

/// The earlier of two moments, none being never.
fn earliest(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, None) | (None, one) => one,
    }
}

#[cfg(test)]
mod tests;
