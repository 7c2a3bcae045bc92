//! What bringing a moment of a physical set back reads, how that lies, and what is to be said of it. Pure: a way, a listing and heads come in.
//!
//! It never counts an object as readable of which S3 said nothing, where its class leaves that open.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::catalog::physical::{Part, Physical, Place, Repository, State, Stop, Way, part};
use crate::catalog::timeline::Class;
use crate::model::policy::StorageClass;
use crate::model::units::{Span, count, elapsed, plural};
use crate::ports::{Head, ObjectInfo, PortError};
use crate::restore::thaw::{self, Thaw};

/// How many objects S3 is asked about at the most, one request each.
pub const MOST_ASKED: usize = 5_000;
/// Backups that are named, where several are passed over.
const NAMED: usize = 3;
/// The first version of PostgreSQL that knows `recovery.signal` (PostgreSQL 12 release notes).
const SIGNALS: u32 = 12;

/// What an object is to a restore.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// Of the backup itself.
    Backup,
    /// Of a backup that it builds on.
    Base,
    /// A segment of WAL that is replayed.
    Wal,
    /// Where a timeline began.
    History,
    /// A list without which the engine finds nothing.
    List,
}

impl What {
    /// `backup`, `base`, `wal`, `history`, `list`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Backup => "backup",
            Self::Base => "base",
            Self::Wal => "wal",
            Self::History => "history",
            Self::List => "list",
        }
    }
}

/// An object that a restore reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needed<'a> {
    /// What for.
    pub what: What,
    /// The id of its backup, where it is of one.
    pub of: Option<&'a str>,
    /// As it was listed.
    pub object: &'a ObjectInfo,
}

/// The objects that a restore by that way reads at the most: an engine may leave out what of a base is written anew behind it.
pub fn needed<'a>(place: &Place, way: &Way<'_>, listing: &'a [ObjectInfo]) -> Vec<Needed<'a>> {
    let newest = way.backup().map(|backup| backup.id.as_str());
    let of = |object: &'a ObjectInfo| {
        let key = object.key.as_str();
        let (what, of) = match part(place, key) {
            Part::Backup(id) if Some(id) == newest => (What::Backup, Some(id)),
            Part::Backup(id) if way.chain.iter().any(|backup| backup.id == id) => (What::Base, Some(id)),
            Part::Wal(segment) if way.holds(segment) => (What::Wal, None),
            Part::List => (What::List, None),
            Part::Other if is_history(place, key) => (What::History, None),
            Part::Backup(_) | Part::Wal(_) | Part::Other => return None,
        };
        Some(Needed { what, of, object })
    };
    listing.iter().filter_map(of).collect()
}

/// `<8 digits>.history`, with or without the ending of a compression, in the archive.
fn is_history(place: &Place, key: &str) -> bool {
    let name = key.strip_prefix(&place.wal()).and_then(|rest| rest.rsplit('/').next()).and_then(|name| name.split_once('.'));
    name.is_some_and(|(timeline, rest)| timeline.len() == 8 && u32::from_str_radix(timeline, 16).is_ok() && rest.starts_with("history"))
}

fn class(object: &ObjectInfo) -> &str {
    object.class.as_deref().unwrap_or("STANDARD")
}

fn is_tiered(object: &ObjectInfo) -> bool {
    Class::of(class(object)) == Class::Lower(StorageClass::IntelligentTiering)
}

/// The keys that S3 is to be asked about, as their class does not say whether they can be read: those that S3 stored first, first. At most
/// [`MOST_ASKED`].
pub fn asked<'a>(needed: &[Needed<'a>]) -> Vec<&'a str> {
    let mut open: Vec<&ObjectInfo> = needed.iter().map(|needed| needed.object).collect();
    open.retain(|object| is_tiered(object) || Class::of(class(object)).thaw().is_some());
    open.sort_by_key(|object| (object.modified, &object.key));
    open.into_iter().take(MOST_ASKED).map(|object| object.key.as_str()).collect()
}

/// How an object lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lying<'a> {
    /// The object.
    pub needed: Needed<'a>,
    /// Its class by S3's name, with the archive tier that it is in.
    pub class: String,
    /// Whether it must be thawed; none = that is not known.
    pub thaw: Option<Thaw>,
    /// How long that takes at the most by the standard retrieval.
    pub takes: Option<Span>,
}

impl Lying<'_> {
    /// Whether it must be thawed, or is being thawed.
    pub fn is_frozen(&self) -> bool {
        matches!(self.thaw, Some(Thaw::Needed | Thaw::UnderWay))
    }
}

/// How each object lies, by what S3 said of those that it was asked about.
pub fn lying<'a>(needed: Vec<Needed<'a>>, heads: &BTreeMap<&str, Result<Head, PortError>>) -> Vec<Lying<'a>> {
    let of = |needed: Needed<'a>| {
        let listed = class(needed.object);
        let lies = match heads.get(needed.object.key.as_str()) {
            Some(Ok(head)) => Some(thaw::lies(head)),
            // One that nobody asked about is as its class says, where that says it.
            None if !is_tiered(needed.object) => Some(thaw::lies(&Head { class: needed.object.class.clone(), ..Head::default() })),
            Some(Err(_)) | None => None,
        };
        match lies {
            Some((class, thaw, takes)) => Lying { needed, class, thaw: Some(thaw), takes },
            None => Lying { needed, class: listed.to_owned(), thaw: None, takes: None },
        }
    };
    needed.into_iter().map(of).collect()
}

/// Why it is not known how each object lies, if it is not.
pub fn doubt(lying: &[Lying<'_>], heads: &BTreeMap<&str, Result<Head, PortError>>) -> Option<String> {
    let failed = heads.iter().find_map(|(key, head)| Some(format!("S3 did not say how {key} lies: {}", head.as_ref().err()?)));
    let unknown = || lying.iter().filter(|lying| lying.thaw.is_none()).count();
    let unasked = || match unknown() {
        0 => None,
        many => Some(format!(
            "S3 was asked about {}, those that it stored first; whether {} more of INTELLIGENT_TIERING must be thawed is not known",
            plural(heads.len() as u64, "object"),
            count(many as u64)
        )),
    };
    failed.or_else(unasked)
}

/// Objects of an archive class that nobody asked about: they are counted as not thawed.
pub fn unasked(lying: &[Lying<'_>], heads: &BTreeMap<&str, Result<Head, PortError>>) -> u64 {
    lying.iter().filter(|lying| lying.is_frozen() && !heads.contains_key(lying.needed.object.key.as_str())).count() as u64
}

/// Why nothing may be claimed where there is no way: what its engine says of a backup could not be read, and it may be the one.
pub fn untold(found: &Repository) -> Option<String> {
    let unread = found.backups.iter().find(|backup| backup.state == State::Unknown);
    let one = || unread.map(|backup| format!("{} may hold that moment: {}", backup.id, backup.why.as_deref().unwrap_or("it could not be read")));
    found.unknown.clone().or_else(one)
}

/// The first moment after this one that can be restored, and the backup whose end it is; none while any can.
pub fn following(found: &Repository, at: Timestamp) -> Option<(Timestamp, &Physical)> {
    if found.windows.iter().any(|(from, until)| *from <= at && at < *until) {
        return None;
    }
    let complete = found.backups.iter().filter(|backup| backup.state == State::Complete);
    complete.filter_map(|backup| Some((backup.stopped.filter(|stopped| *stopped > at)?, backup))).min_by_key(|(stopped, backup)| (*stopped, &backup.id))
}

/// The major version of the server that a backup is of.
pub fn major(server: &str) -> Option<u32> {
    let number: u32 = server.split('.').next()?.parse().ok()?;
    Some(if number >= 10_000 { number / 10_000 } else { number })
}

/// What is to be said of a way to a moment.
pub fn notes(found: &Repository, way: &Way<'_>, at: Timestamp) -> Vec<String> {
    let mut out = passed_over(found, way, at);
    let lost = u64::try_from(at.as_second() - way.reached.as_second()).unwrap_or(0);
    if way.stop == Stop::End && lost > 0 {
        let why = match found.gaps.iter().find(|gap| way.wal.last().is_some_and(|(_, last)| *last == gap.after)) {
            Some(gap) => format!("the WAL between {} and {} is not in the archive", gap.after, gap.before),
            None => "nothing newer is archived".to_owned(),
        };
        out.push(format!("{why}: the recovery ends {} before that moment, where the WAL ends, so it is given no target", elapsed(lost * 1000)));
    }
    if way.stop == Stop::Moment && way.is_last {
        let fatal = "\"recovery ended before configured recovery target was reached\"";
        out.push(format!(
            "that moment lies in the last segment that can be replayed: if the server stops with {fatal}, nothing that was committed after it is \
             archived, and without a target it brings back all that was committed by then"
        ));
    }
    if let Some((ours, newer)) = way.timeline {
        out.push(format!(
            "timeline {newer} branched off before that moment; this way stays on timeline {ours}, and what was written on timeline {newer} is not in it"
        ));
    }
    if way.wal.is_empty() {
        out.push("its engine does not say which WAL the backup needs: none is counted".to_owned());
    }
    if let Some(old) = way.backup().and_then(|backup| major(backup.server.as_deref()?)).filter(|major| *major < SIGNALS) {
        out.push(format!("it is of PostgreSQL {old}, which reads these settings from recovery.conf and knows no recovery.signal"));
    }
    out
}

/// Backups that are nearer, or may be, and cannot be counted on.
fn passed_over(found: &Repository, way: &Way<'_>, at: Timestamp) -> Vec<String> {
    let ours = way.backup().and_then(|backup| backup.stopped);
    let is_nearer = |backup: &Physical| match backup.state {
        State::Unknown => true,
        State::Complete | State::Unfinished => false,
        State::Failed | State::Orphaned | State::Partial => backup.stopped.is_some_and(|stopped| stopped <= at && Some(stopped) > ours),
    };
    let why = |backup: &Physical| backup.why.clone().unwrap_or_else(|| backup.state.as_str().to_owned());
    let nearer: Vec<&Physical> = found.backups.iter().rev().filter(|backup| is_nearer(backup)).collect();
    let of = |backup: &&Physical| match backup.state {
        State::Unknown => format!("{} may be nearer: {}", backup.id, why(backup)),
        _ => format!("{} is nearer and passed over: {}", backup.id, why(backup)),
    };
    let mut out: Vec<String> = nearer.iter().take(NAMED).map(of).collect();
    if let Some(more) = nearer.len().checked_sub(NAMED).filter(|more| *more > 0) {
        out.push(format!("{} more that are nearer, or may be, are passed over", plural(more as u64, "backup")));
    }
    out
}

#[cfg(test)]
mod tests;
