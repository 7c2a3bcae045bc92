//! Names of WAL segments, and what is missing between them (PostgreSQL, `XLogFileName` in `access/xlog_internal.h`).

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;

/// A WAL segment: timeline, and the two halves of its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Segment {
    timeline: u32,
    log: u32,
    part: u32,
}

impl Segment {
    /// Reads the 24 hex digits of a segment's name; anything else is none.
    pub fn parse(text: &str) -> Option<Self> {
        let hex = |from: usize| u32::from_str_radix(text.get(from..from + 8)?, 16).ok();
        let plain = text.len() == 24 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte));
        plain.then(|| Some(Self { timeline: hex(0)?, log: hex(8)?, part: hex(16)? })).flatten()
    }

    /// The one behind it, where a log has so many parts (4 GiB over the segment size).
    fn next(self, parts: u32) -> Self {
        if self.part.saturating_add(1) >= parts {
            return Self { log: self.log.saturating_add(1), part: 0, ..self };
        }
        Self { part: self.part + 1, ..self }
    }

    /// The one that holds the byte before a position, on a timeline (PostgreSQL, `XLByteToPrevSeg`).
    pub(super) fn before(timeline: u32, position: u64, segment_bytes: u64) -> Option<Self> {
        let parts = parts(segment_bytes);
        let number = position.checked_sub(1)?.checked_div(segment_bytes)?;
        let (log, part) = (number.checked_div(u64::from(parts))?, number.checked_rem(u64::from(parts))?);
        Some(Self { timeline, log: u32::try_from(log).ok()?, part: u32::try_from(part).ok()? })
    }

    /// Its timeline.
    pub const fn timeline(self) -> u32 {
        self.timeline
    }
}

/// Parts of a log of 4 GiB; 256 where the size of a segment makes no sense.
fn parts(segment_bytes: u64) -> u32 {
    let parts = 0x1_0000_0000_u64.checked_div(segment_bytes).and_then(|parts| u32::try_from(parts).ok()).filter(|parts| *parts > 0);
    parts.unwrap_or(256)
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08X}{:08X}{:08X}", self.timeline, self.log, self.part)
    }
}

/// Segments that are missing between two that are there, and what that costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The last one before it.
    pub after: Segment,
    /// The first one behind it.
    pub before: Segment,
    /// When S3 stored the last one before it: the last moment that can be reached from the backups before.
    pub from: Timestamp,
    /// When the first complete backup behind it ended: the next moment that can be reached. None = there is no such backup.
    pub until: Option<Timestamp>,
}

/// What is replayed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Path {
    /// First and last segment of each stretch, in the order in which they are replayed; another one begins where the timeline does.
    pub(super) stretches: Vec<(Segment, Segment)>,
    /// The segment that could be replayed behind them.
    pub(super) on: Option<Segment>,
}

/// Archived segments, and when S3 stored them.
#[derive(Clone, Debug)]
pub struct Archive {
    segments: BTreeMap<Segment, Timestamp>,
    /// Parts of a log.
    parts: u32,
}

impl Archive {
    /// An archive of segments of so many bytes; 16 MiB is what a cluster has unless `initdb` was told otherwise.
    pub(super) fn new(segments: BTreeMap<Segment, Timestamp>, segment_bytes: u64) -> Self {
        Self { segments, parts: parts(segment_bytes) }
    }

    pub(super) fn count(&self) -> u64 {
        self.segments.len() as u64
    }

    pub(super) fn range(&self) -> Option<(Segment, Segment)> {
        Some((*self.segments.first_key_value()?.0, *self.segments.last_key_value()?.0))
    }

    /// The first segment between two that is not there.
    pub(super) fn missing(&self, first: Segment, last: Segment) -> Option<Segment> {
        let mut at = first;
        while at <= last {
            if !self.segments.contains_key(&at) {
                return Some(at);
            }
            at = at.next(self.parts);
        }
        None
    }

    /// When the last segment was stored that can be replayed without a gap from this one on; none when this one is not there.
    ///
    /// Where a timeline ends, the next one that has the same or the following segment goes on. Of some it may be known how far they reach: there
    /// the walk ends.
    pub(super) fn reached(&self, from: Segment, known: &BTreeMap<Segment, Timestamp>) -> Option<Timestamp> {
        let mut reached = *self.segments.get(&from)?;
        let mut at = from;
        while let Some((next, stored)) = self.following(at) {
            (at, reached) = (next, reached.max(stored));
            if let Some(further) = known.get(&at) {
                return Some(reached.max(*further));
            }
        }
        Some(reached)
    }

    /// The stretches that are replayed from the first of these two segments on, up to the second and on to the one that S3 stored first at a
    /// moment or after it, or as far as they go: in that order, and what came behind the last one.
    pub(super) fn path(&self, (first, last): (Segment, Segment), until: Option<Timestamp>) -> Path {
        let mut path = Path { stretches: vec![(first, last)], on: None };
        let mut at = (last, self.segments.get(&last).copied());
        loop {
            path.on = self.following(at.0).map(|(next, _)| next);
            let Some(next) = path.on.filter(|_| until.is_none_or(|until| at.1.is_none_or(|stored| stored < until))) else { return path };
            match path.stretches.last_mut().filter(|(_, last)| last.next(self.parts) == next) {
                Some((_, last)) => *last = next,
                None => path.stretches.push((next, next)),
            }
            at = (next, self.segments.get(&next).copied());
        }
    }

    /// The newest timeline above that of a segment of which a segment with a lower number is archived: it branched off before that one.
    pub(super) fn branched(&self, at: Segment) -> Option<u32> {
        let mut found = None;
        let mut timeline = at.timeline;
        loop {
            let Some(above) = timeline.checked_add(1) else { return found };
            let Some((first, _)) = self.segments.range(Segment { timeline: above, log: 0, part: 0 }..).next() else { return found };
            timeline = first.timeline;
            found = if (first.log, first.part) < (at.log, at.part) { Some(timeline) } else { found };
        }
    }

    fn following(&self, at: Segment) -> Option<(Segment, Timestamp)> {
        let next = at.next(self.parts);
        let stored = |segment: Segment| self.segments.get(&segment).map(|stored| (segment, *stored));
        stored(next).or_else(|| {
            // From timeline to timeline that is there: a name alone may claim any number.
            let mut timeline = at.timeline;
            loop {
                let above = Segment { timeline: timeline.checked_add(1)?, log: 0, part: 0 };
                timeline = self.segments.range(above..).next()?.0.timeline;
                let found = stored(Segment { timeline, ..at }).or_else(|| stored(Segment { timeline, ..next }));
                if found.is_some() {
                    return found;
                }
            }
        })
    }

    /// Gaps within a timeline. Where one timeline ends and the next begins, its history file tells, and no gap is claimed.
    pub(super) fn gaps(&self) -> Vec<Gap> {
        let pairs = self.segments.iter().zip(self.segments.keys().skip(1));
        let apart = pairs.filter(|((a, _), b)| a.timeline == b.timeline && a.next(self.parts) != **b);
        apart.map(|((after, from), before)| Gap { after: *after, before: *before, from: *from, until: None }).collect()
    }
}
