//! Names of WAL segments, and what is missing between them (PostgreSQL, `XLogFileName` in `access/xlog_internal.h`).

use std::collections::BTreeSet;
use std::fmt;

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
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08X}{:08X}{:08X}", self.timeline, self.log, self.part)
    }
}

/// Segments that are missing between two that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The last one before it.
    pub after: Segment,
    /// The first one behind it.
    pub before: Segment,
}

/// Archived segments.
#[derive(Clone, Debug)]
pub(super) struct Archive {
    segments: BTreeSet<Segment>,
    /// Parts of a log.
    parts: u32,
}

impl Archive {
    /// An archive of segments of so many bytes; 16 MiB is what a cluster has unless `initdb` was told otherwise.
    pub(super) fn new(segments: BTreeSet<Segment>, segment_bytes: u64) -> Self {
        let parts = 0x1_0000_0000_u64.checked_div(segment_bytes).and_then(|parts| u32::try_from(parts).ok()).filter(|parts| *parts > 0);
        Self { segments, parts: parts.unwrap_or(256) }
    }

    pub(super) fn count(&self) -> u64 {
        self.segments.len() as u64
    }

    pub(super) fn range(&self) -> Option<(Segment, Segment)> {
        Some((*self.segments.first()?, *self.segments.last()?))
    }

    /// The first segment between two that is not there.
    pub(super) fn missing(&self, first: Segment, last: Segment) -> Option<Segment> {
        let mut at = first;
        while at <= last {
            if !self.segments.contains(&at) {
                return Some(at);
            }
            at = at.next(self.parts);
        }
        None
    }

    /// Gaps within a timeline. Where one timeline ends and the next begins, its history file tells, and no gap is claimed.
    pub(super) fn gaps(&self) -> Vec<Gap> {
        let pairs = self.segments.iter().zip(self.segments.iter().skip(1));
        let apart = pairs.filter(|(a, b)| a.timeline == b.timeline && a.next(self.parts) != **b);
        apart.map(|(after, before)| Gap { after: *after, before: *before }).collect()
    }
}
