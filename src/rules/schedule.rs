//! Schedules as the rules need them: does one ever fire, and how far apart are its runs at the most. Pure: the time from
//! which is looked is fixed, so the same policy always gives the same finding.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use croner::Cron;
use croner::parser::CronParser;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use crate::model::policy::Schedule;
use crate::model::units::plural;

/// Rules look at one whole year that begins here: it holds every clock change and month length of a normal year.
const FROM: &str = "2026-01-01T00:00:00Z";

/// How many schedules are remembered: more than a fleet has, and no more memory than a megabyte.
const MOST_WALKED: usize = 4096;

/// A schedule that can be asked.
#[derive(Debug)]
pub(crate) struct Asked {
    cron: Cron,
    zone: TimeZone,
    /// After how many days its runs are the same again, as long as no clock changes: 1 or 7, if they ever are.
    period: Option<i64>,
}

/// The fields of a cron expression with what each one may hold.
const FIELDS: [(&str, &str); 5] = [
    ("minute", "0 to 59"),
    ("hour", "0 to 23"),
    ("day of month", "1 to 31, or L"),
    ("month", "1 to 12, or JAN to DEC"),
    ("day of week", "0 to 7, or SUN to SAT"),
];

/// Why a schedule cannot be read.
#[derive(Debug)]
pub(crate) struct Unreadable {
    /// The field of the schedule that is wrong: `cron` or `timezone`.
    pub(crate) field: &'static str,
    /// What is wrong with it.
    pub(crate) why: String,
    /// What to write.
    pub(crate) instead: String,
}

/// Reads a schedule; the error says which part is wrong.
pub(crate) fn read(schedule: &Schedule) -> Result<Asked, Unreadable> {
    let zone = TimeZone::get(&schedule.timezone).map_err(|_| Unreadable {
        field: "timezone",
        why: format!("`{}` is not a time zone of the IANA database", schedule.timezone),
        instead: "write a name of that database, as in Europe/Berlin or UTC".to_owned(),
    })?;
    let cron = CronParser::new().parse(&schedule.cron).ok().filter(|_| schedule.cron.split_whitespace().count() == FIELDS.len());
    let cron = cron.ok_or_else(|| explain(&schedule.cron))?;
    let days: Vec<&str> = schedule.cron.split_whitespace().skip(2).collect();
    let period = match days.as_slice() {
        ["*", "*", "*"] => Some(1),
        // `5#2` and `5L` count the weeks of a month.
        ["*", "*", of_week] if !of_week.contains(['#', 'L', 'l']) => Some(7),
        _ => None,
    };
    Ok(Asked { cron, zone, period })
}

/// Which field of a cron expression is wrong, found by reading each one alone.
fn explain(cron: &str) -> Unreadable {
    let given: Vec<&str> = cron.split_whitespace().collect();
    if given.len() != FIELDS.len() {
        let names: Vec<&str> = FIELDS.iter().map(|(name, _)| *name).collect();
        let why = format!("`{cron}` has {}, and a cron expression has five: {}", plural(given.len() as u64, "field"), names.join(", "));
        return Unreadable { field: "cron", why, instead: "for every night at 02:15 write \"15 2 * * *\"".to_owned() };
    }
    let wrong = given.iter().zip(FIELDS).enumerate().find(|(at, (field, _))| {
        let mut alone = ["*"; FIELDS.len()];
        alone.iter_mut().skip(*at).take(1).for_each(|place| *place = field);
        CronParser::new().parse(&alone.join(" ")).is_err()
    });
    match wrong {
        Some((_, (field, (name, allowed)))) => Unreadable {
            field: "cron",
            why: format!("`{field}` cannot be the {name}"),
            instead: format!("the {name} is {allowed}; also `*`, lists, ranges and steps of these"),
        },
        None => {
            Unreadable { field: "cron", why: format!("`{cron}` is not a cron expression"), instead: "for every night at 02:15 write \"15 2 * * *\"".to_owned() }
        }
    }
}

/// The longest wait between two runs within a year, in seconds; none for a schedule that cannot be read or never fires.
///
/// A fleet has few schedules, and several rules ask for the wait of each; the walk through a year is taken once.
pub(crate) fn longest_wait(schedule: &Schedule) -> Option<u64> {
    static WALKED: Mutex<BTreeMap<(String, String), Option<u64>>> = Mutex::new(BTreeMap::new());
    let walked = || WALKED.lock().unwrap_or_else(PoisonError::into_inner);
    let key = (schedule.cron.clone(), schedule.timezone.clone());
    let known = walked().get(&key).copied();
    if let Some(known) = known {
        return known;
    }
    let wait = read(schedule).ok().and_then(|asked| asked.longest_wait());
    let mut walked = walked();
    if walked.len() >= MOST_WALKED {
        walked.clear();
    }
    walked.insert(key, wait);
    wait
}

/// The longest wait within a year between two runs of any of these schedules, in seconds.
pub(crate) fn longest_wait_of(schedules: &[Schedule]) -> Option<u64> {
    const HOUR: u64 = 3_600;
    let least = schedules.iter().filter_map(longest_wait).min()?;
    if schedules.len() == 1 || least <= HOUR {
        return Some(least);
    }
    let from = FROM.parse::<Timestamp>().ok()?.as_second();
    let read = schedules.iter().filter_map(|schedule| read(schedule).ok());
    let mut runs: Vec<i64> = read.flat_map(|asked| asked.runs(from, from + 366 * 86_400)).map(Timestamp::as_second).collect();
    runs.sort_unstable();
    runs.windows(2).filter_map(|pair| u64::try_from(pair.last()? - pair.first()?).ok()).max()
}

impl Asked {
    fn start(&self) -> Option<Zoned> {
        Some(FROM.parse::<Timestamp>().ok()?.to_zoned(self.zone.clone()))
    }

    /// Whether it ever fires.
    pub(crate) fn fires(&self) -> bool {
        self.start().is_some_and(|start| self.cron.find_next_occurrence(&start, true).is_ok())
    }

    /// The first run after a moment.
    pub(crate) fn next(&self, after: Timestamp) -> Option<Timestamp> {
        self.cron.find_next_occurrence(&after.to_zoned(self.zone.clone()), false).ok().map(|run| run.timestamp())
    }

    /// The runs between two moments, both in seconds since 1970; the first counts, the last does not.
    pub(crate) fn runs(&self, from: i64, until: i64) -> Vec<Timestamp> {
        let Ok(before) = Timestamp::from_second(from - 1) else { return Vec::new() };
        let next = |run: &Timestamp| self.next(*run);
        std::iter::successors(self.next(before), next).take_while(|run| run.as_second() < until).collect()
    }

    /// The longest wait between two runs within a year, in seconds.
    ///
    /// A schedule that runs every minute has half a million runs a year. But minute and hour do not depend on the day, so
    /// the waits within a day are walked on the first whole day and on days of a clock change; of any other day only its
    /// first and last run matter. Where all days are alike, or all weeks, one of them is walked and then only what is around a
    /// clock change.
    pub(crate) fn longest_wait(&self) -> Option<u64> {
        let start = self.start()?;
        let end = start.timestamp().as_second() + 366 * 86_400;
        let mut last = self.cron.find_next_occurrence(&start, true).ok()?;
        let first = last.timestamp().as_second();
        let (mut longest, mut walked, mut whole, mut calm) = (0, false, false, false);
        while last.timestamp().as_second() < end {
            let next = self.cron.find_next_occurrence(&last, false).ok()?;
            longest = longest.max(next.timestamp().as_second() - last.timestamp().as_second());
            if next.date() != last.date() {
                walked |= whole;
                whole = has_24_hours(&next)?;
            }
            calm = calm || self.is_calm(first, &next);
            last = match (walked && has_24_hours(&next)?, self.period.filter(|_| calm)) {
                (false, _) => next,
                (true, None) => self.last_of_the_day(&next)?,
                (true, Some(period)) => match self.zone.following(next.timestamp()).next() {
                    Some(change) => self.last_of_the_day(&self.before(change.timestamp(), period, &next)?)?,
                    None => break,
                },
            };
        }
        u64::try_from(longest).ok()
    }

    /// Whether no clock changed in a period and a day before a run, and all of that was walked since the first one.
    fn is_calm(&self, first: i64, run: &Zoned) -> bool {
        let Some(period) = self.period else { return false };
        let since = run.timestamp().as_second() - (period + 1) * 86_400;
        first <= since && self.zone.preceding(run.timestamp()).next().is_none_or(|change| change.timestamp().as_second() < since)
    }

    /// A moment a period and a day before a clock change, or of the day of `run` if that is later.
    fn before(&self, change: Timestamp, period: i64, run: &Zoned) -> Option<Zoned> {
        let day = change.to_zoned(self.zone.clone()).checked_sub(jiff::Span::new().days(period + 1)).ok()?;
        if day.date() > run.date() { day.start_of_day().ok() } else { Some(run.clone()) }
    }

    /// The last run of the day of `run`, or `run` when none follows it.
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
