//! How a moment is reached: which backup, what it builds on, and which WAL is replayed behind it.
//!
//! Pure. It never leads over a gap, and never names a backup that ended after the moment.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::wal::{Archive, Segment};
use super::{Physical, Reach, Repository, reaches};

/// Where a recovery is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// As soon as the backup is consistent.
    Consistent,
    /// At the moment that is asked for.
    Moment,
    /// Where the WAL ends.
    End,
}

/// How a moment, or the nearest one before it, is reached.
#[derive(Clone, Debug, PartialEq)]
pub struct Way<'a> {
    /// The backup, then what it builds on, down to the full one.
    pub chain: Vec<&'a Physical>,
    /// The WAL that is replayed: first and last segment of each stretch, in that order. Empty where its engine does not say what it needs.
    pub wal: Vec<(Segment, Segment)>,
    /// Where the recovery is to end.
    pub stop: Stop,
    /// The moment that comes back.
    pub reached: Timestamp,
    /// Whether nothing more can be replayed behind that WAL.
    pub is_last: bool,
    /// The timeline to follow, where the newest one branched off before that moment's WAL and would lead elsewhere: that, and the newer one.
    pub timeline: Option<(u32, u32)>,
    /// The next older backup from which that moment is reached too.
    pub fallback: Option<&'a Physical>,
}

impl<'a> Way<'a> {
    /// The backup.
    pub fn backup(&self) -> Option<&'a Physical> {
        self.chain.first().copied()
    }

    /// Whether a segment is replayed.
    pub fn holds(&self, segment: Segment) -> bool {
        self.wal.iter().any(|(first, last)| (*first..=*last).contains(&segment))
    }

    /// The timelines that are gone through.
    pub fn timelines(&self) -> BTreeSet<u32> {
        self.wal.iter().map(|(first, _)| first.timeline()).collect()
    }
}

/// How a repository brings a moment back: by the newest complete backup from which the WAL reaches it, else as near before it as there is a way.
/// None = no complete backup had ended by then.
///
/// S3's date of a segment is when its changes were safe; so the segment that S3 stored first at the moment or after it is the last one that is
/// replayed, and of the moment at which the last one was stored all that is archived is brought back. A backup's end is told to the second at
/// the worst: within that second it is the backup itself that comes back.
pub fn way<'a>(found: &'a Repository, archive: &Archive, at: Timestamp) -> Option<Way<'a>> {
    let mut best: Option<Reach<'_>> = None;
    let mut fallback = None;
    for one in reaches(&found.backups, archive, Some(at)) {
        match best {
            // As far as the moment is as far as it goes: the first that reaches it is the newest.
            Some(best) if one.until.min(at) <= best.until.min(at) => {
                if one.until.min(at) == best.until.min(at) && fallback.is_none() {
                    fallback = Some(one.backup);
                }
            }
            _ => (best, fallback) = (Some(one), None),
        }
        if best.is_some_and(|best| best.until >= at) && fallback.is_some() {
            break;
        }
    }
    let Reach { stopped, until, backup } = best?;
    let stop = match () {
        () if at.duration_since(stopped).as_secs() < 1 => Stop::Consistent,
        () if until <= at => Stop::End,
        () => Stop::Moment,
    };
    let moment = (stop == Stop::Moment).then_some(at);
    let path = backup.wal.map(|wal| if stop == Stop::Consistent { archive.path(wal, Some(Timestamp::MIN)) } else { archive.path(wal, moment) });
    let (wal, on) = path.map_or_else(|| (Vec::new(), None), |path| (path.stretches, path.on));
    let end = wal.last().map(|(_, last)| *last);
    let timeline = end.and_then(|end| Some((end.timeline(), archive.branched(end)?)));
    let reached = if stop == Stop::Consistent { stopped } else { until.min(at) };
    Some(Way { chain: chain(found, backup), wal, stop, reached, is_last: on.is_none(), timeline, fallback })
}

/// A backup and what it builds on. What forged metadata leads around in circles, or to what is not there, ends it.
fn chain<'a>(found: &'a Repository, backup: &'a Physical) -> Vec<&'a Physical> {
    let by_id: BTreeMap<&str, &Physical> = found.backups.iter().map(|backup| (backup.id.as_str(), backup)).collect();
    let mut seen = BTreeSet::from([backup.id.as_str()]);
    let mut out = vec![backup];
    let mut prior = backup.prior.as_deref();
    while let Some(next) = prior.and_then(|id| by_id.get(id)).filter(|next| seen.insert(next.id.as_str())) {
        out.push(next);
        prior = next.prior.as_deref();
    }
    out
}

#[cfg(test)]
mod tests;
