//! Schedules as the rules need them: does one ever fire, and how far apart are its runs at the most. Pure: the time from
//! which is looked is fixed, so the same policy always gives the same finding.

use croner::Cron;
use croner::parser::CronParser;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use crate::model::policy::Schedule;

/// Rules look at one whole year that begins here: it holds every clock change and month length of a normal year.
const FROM: &str = "2026-01-01T00:00:00Z";

/// A schedule that can be asked.
#[derive(Debug)]
pub(super) struct Asked {
    cron: Cron,
    zone: TimeZone,
}

/// Reads a schedule; the error says which part is wrong.
pub(super) fn read(schedule: &Schedule) -> Result<Asked, String> {
    let zone =
        TimeZone::get(&schedule.timezone).map_err(|_| format!("`{}` is not a time zone of the IANA database, as in Europe/Berlin", schedule.timezone))?;
    if schedule.cron.split_whitespace().count() != 5 {
        return Err(format!("`{}` does not have the five fields minute, hour, day of month, month, day of week", schedule.cron));
    }
    let cron = CronParser::new().parse(&schedule.cron).map_err(|error| format!("`{}` is not a cron expression: {error}", schedule.cron))?;
    Ok(Asked { cron, zone })
}

impl Asked {
    fn start(&self) -> Option<Zoned> {
        Some(FROM.parse::<Timestamp>().ok()?.to_zoned(self.zone.clone()))
    }

    /// Whether it ever fires.
    pub(super) fn fires(&self) -> bool {
        self.start().is_some_and(|start| self.cron.find_next_occurrence(&start, true).is_ok())
    }

    /// The longest wait between two runs within a year, in seconds.
    ///
    /// A schedule that runs every minute has half a million runs a year. But minute and hour do not depend on the day, so
    /// the waits within a day are walked on the first whole day and on days of a clock change; of any other day only its
    /// first and last run matter.
    pub(super) fn longest_wait(&self) -> Option<u64> {
        let start = self.start()?;
        let end = start.timestamp().as_second() + 366 * 86_400;
        let mut last = self.cron.find_next_occurrence(&start, true).ok()?;
        let (mut longest, mut walked, mut whole) = (0, false, false);
        while last.timestamp().as_second() < end {
            let next = self.cron.find_next_occurrence(&last, false).ok()?;
            longest = longest.max(next.timestamp().as_second() - last.timestamp().as_second());
            if next.date() != last.date() {
                walked |= whole;
                whole = has_24_hours(&next)?;
            }
            last = if walked && has_24_hours(&next)? { self.last_of_the_day(&next)? } else { next };
        }
        u64::try_from(longest).ok()
    }

    /// The last run of the day of `run`, which is one of its runs.
    fn last_of_the_day(&self, run: &Zoned) -> Option<Zoned> {
        let midnight = run.tomorrow().ok()?.start_of_day().ok()?;
        self.cron.find_previous_occurrence(&midnight, false).ok().filter(|last| last > run).or_else(|| Some(run.clone()))
    }
}

/// Whether the clock does not change on the day of this moment.
fn has_24_hours(moment: &Zoned) -> Option<bool> {
    let (today, tomorrow) = (moment.start_of_day().ok()?, moment.tomorrow().ok()?.start_of_day().ok()?);
    Some(tomorrow.timestamp().as_second() - today.timestamp().as_second() == 86_400)
}

#[cfg(test)]
mod tests;
