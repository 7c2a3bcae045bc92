//! A moment as people write it: `2026-11-22T12:00:00Z`, `2026-11-22 12:00` in a time zone, `2h ago`, `in 3d`. Pure: time and zone come in.
//!
//! It never guesses: a day without a time of day is no moment.

use std::str::FromStr;

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};

use super::units::Span;

/// A moment that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// A moment that is the same everywhere.
    Exact(Timestamp),
    /// A date and a time of day, in a zone that is known later.
    Local(DateTime),
    /// So long before now.
    Ago(Span),
    /// So long after now.
    In(Span),
}

impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Some(span) = text.strip_suffix(" ago") {
            return span.trim().parse().map(Self::Ago);
        }
        if let Some(span) = text.strip_prefix("in ") {
            return span.trim().parse().map(Self::In);
        }
        if let Ok(at) = text.parse::<Timestamp>() {
            return Ok(Self::Exact(at));
        }
        if text.parse::<jiff::civil::Date>().is_ok() && !text.contains(':') {
            return Err(format!("`{text}` is a day and no moment: add a time of day, as in \"{text} 12:00\""));
        }
        let words =
            || format!("`{text}` is no moment: write it as 2026-11-22T12:00:00Z, as \"2026-11-22 12:00\" in the time zone of the schedule, or as \"2h ago\"");
        // A zone in brackets would be read over, and the moment be another one.
        if text.contains('[') { Err(words()) } else { text.parse().map(Self::Local).map_err(|_| words()) }
    }
}

impl When {
    /// The moment, seen from `now` and in a zone. A time of day that the clock change left out or shows twice is an error: it names
    /// no moment, or two.
    ///
    /// # Errors
    /// That, and a moment outside of the years that there are.
    pub fn at(self, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, String> {
        let far = |_| "it is outside of the years that can be told".to_owned();
        let length = |span: Span| SignedDuration::from_secs(i64::try_from(span.as_secs()).unwrap_or(i64::MAX));
        match self {
            Self::Exact(at) => Ok(at),
            Self::Ago(span) => now.checked_sub(length(span)).map_err(far),
            Self::In(span) => now.checked_add(length(span)).map_err(far),
            Self::Local(local) => {
                let found = zone.to_ambiguous_timestamp(local);
                let name = zone.iana_name().unwrap_or("that zone");
                match found.offset() {
                    AmbiguousOffset::Unambiguous { .. } => found.unambiguous().map_err(far),
                    AmbiguousOffset::Gap { .. } => {
                        Err(format!("{local} was never shown in {name}: the clock was put forward; write it as 2026-11-22T12:00:00Z"))
                    }
                    AmbiguousOffset::Fold { before, after } => Err(format!(
                        "{local} was shown twice in {name}: the clock was put back; write {} or {}",
                        before.to_timestamp(local).map_err(far)?,
                        after.to_timestamp(local).map_err(far)?
                    )),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
