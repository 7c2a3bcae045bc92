//! Tiers, and the day, ISO week, month and year of a moment in a policy's time zone. Pure.

use jiff::civil::{Date, ISOWeekDate, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use crate::model::policy::Retention;

/// The tiers, shortest life first: the order in which a backup is worth more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// It opens no period that the policy counts.
    Recent,
    /// The first of its day.
    Daily,
    /// The first of its ISO week.
    Weekly,
    /// The first of its month.
    Monthly,
    /// The first of its year.
    Yearly,
}

impl Tier {
    /// The tiers that a period opens, shortest first.
    pub const PERIODS: [Self; 4] = [Self::Daily, Self::Weekly, Self::Monthly, Self::Yearly];

    /// `recent`, `daily`, `weekly`, `monthly`, `yearly`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Recent => "recent",
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
            Self::Yearly => "yearly",
        }
    }

    /// How many the policy keeps, and the longest period in days; none for a tier that it does not have.
    pub const fn count(self, retention: &Retention) -> Option<(i32, i32)> {
        let (count, days) = match self {
            Self::Recent => return None,
            Self::Daily => (retention.daily, 1),
            Self::Weekly => (retention.weekly, 7),
            Self::Monthly => (retention.monthly, 31),
            Self::Yearly => (retention.yearly, 366),
        };
        match count {
            Some(count) => Some((count, days)),
            None => None,
        }
    }

    /// Days from an object's S3 date to its expiry: n × the longest period, and one period of lateness.
    pub fn days(self, retention: &Retention) -> Option<i32> {
        if self == Self::Recent {
            return Some(i32::try_from(retention.recent.days_rounded_up()).unwrap_or(i32::MAX - 1) + 1);
        }
        self.count(retention).map(|(count, days)| count.saturating_mul(days).saturating_add(days))
    }
}

/// One tier of one retention: its name, and days from creation to expiry (n × the longest period + one period of lateness).
pub fn tiers(retention: &Retention) -> Vec<(&'static str, i32, String)> {
    let recent = i32::try_from(retention.recent.days_rounded_up()).unwrap_or(i32::MAX - 1);
    let mut out = vec![("recent", recent + 1, format!("{recent} kept + 1 late"))];
    for tier in Tier::PERIODS {
        if let (Some((count, days)), Some(all)) = (tier.count(retention), tier.days(retention)) {
            out.push((tier.as_str(), all, format!("{count} × {days} kept + {days} late")));
        }
    }
    out
}

/// The value of the release tag for one tier of a set.
pub fn tag_value(policy: &str, set: &str, tier: &str) -> String {
    format!("{policy}/{set}:{tier}")
}

/// The periods that a moment lies in: for each its first day, and the moment at which it is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Periods {
    of: [(Date, Timestamp); 4],
}

impl Periods {
    /// The periods of a moment in a time zone. A day of 23 or 25 hours ends when the zone says.
    pub fn of(at: Timestamp, zone: &TimeZone) -> Self {
        let date = at.to_zoned(zone.clone()).date();
        let week = ISOWeekDate::from(date);
        let monday = ISOWeekDate::new(week.year(), week.week(), Weekday::Monday).map_or(date, ISOWeekDate::date);
        let month = date.first_of_month();
        let year = date.first_of_year();
        let end = |first: Date, span: jiff::Span| {
            let next = first.checked_add(span).unwrap_or(Date::MAX);
            next.to_zoned(zone.clone()).map_or(Timestamp::MAX, |zoned| zoned.timestamp())
        };
        let of = [(date, end(date, 1.day())), (monday, end(monday, 1.week())), (month, end(month, 1.month())), (year, end(year, 1.year()))];
        Self { of }
    }

    /// The first day of the period that a tier is about; the day itself for `recent`.
    pub fn first_day(&self, tier: Tier) -> Date {
        self.period(tier).0
    }

    /// When that period is over.
    pub fn over(&self, tier: Tier) -> Timestamp {
        self.period(tier).1
    }

    fn period(&self, tier: Tier) -> (Date, Timestamp) {
        let [day, week, month, year] = self.of;
        match tier {
            Tier::Recent | Tier::Daily => day,
            Tier::Weekly => week,
            Tier::Monthly => month,
            Tier::Yearly => year,
        }
    }
}
