//! Durations, shares and sizes as policies write them and people read them.

use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A length of time in whole seconds, written as in `90s`, `15m`, `24h`, `3d` or `1h30m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Span(u64);

impl Span {
    /// A span of so many seconds.
    pub const fn seconds(seconds: u64) -> Self {
        Self(seconds)
    }

    /// Its length in seconds.
    pub const fn as_secs(self) -> u64 {
        self.0
    }

    /// Its length in days, a begun day counted whole.
    pub const fn days_rounded_up(self) -> u64 {
        self.0.div_ceil(86_400)
    }
}

const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a duration: write a number and a unit, as in 90s, 15m, 24h, 3d or 1h30m");
        let (mut total, mut digits, mut next_unit) = (0_u64, String::new(), 0_usize);
        for c in text.chars() {
            if c.is_ascii_digit() {
                digits.push(c);
                continue;
            }
            let at = UNITS.iter().position(|(unit, _)| *unit == c).ok_or_else(wrong)?;
            let (_, size) = UNITS.get(at).ok_or_else(wrong)?;
            if at < next_unit {
                return Err(wrong());
            }
            let count: u64 = digits.parse().map_err(|_| wrong())?;
            total = count.checked_mul(*size).and_then(|part| total.checked_add(part)).ok_or_else(wrong)?;
            digits.clear();
            next_unit = at + 1;
        }
        if text.is_empty() || !digits.is_empty() {
            return Err(wrong());
        }
        if total > 100 * 366 * 86_400 {
            return Err(format!("`{text}` is more than 100 years, the longest duration there is"));
        }
        Ok(Self(total))
    }
}

impl fmt::Display for Span {
    /// The shortest exact form; 24 hours are `24h` and not `1d`, as objectives are usually written in hours.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days = self.0 / 86_400;
        if self.0 == 0 {
            return f.write_str("0s");
        }
        if days >= 2 && self.0.is_multiple_of(86_400) {
            return write!(f, "{days}d");
        }
        let (hours, minutes, seconds) = (self.0 / 3_600, self.0 % 3_600 / 60, self.0 % 60);
        for (count, unit) in [(hours, 'h'), (minutes, 'm'), (seconds, 's')] {
            if count > 0 {
                write!(f, "{count}{unit}")?;
            }
        }
        Ok(())
    }
}

impl TryFrom<String> for Span {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        span.to_string()
    }
}

impl JsonSchema for Span {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Duration".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^([0-9]{1,9}d)?([0-9]{1,9}h)?([0-9]{1,9}m)?([0-9]{1,9}s)?$",
            "minLength": 2,
            "title": "a duration",
            "description": "a number and a unit, as in 90s, 15m, 24h, 3d or 1h30m"
        })
    }
}

/// A share in percent, written as in `20%`.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Percent(f64);

impl Percent {
    /// A share of so many percent.
    pub const fn of(percent: f64) -> Self {
        Self(percent)
    }

    /// The number before the percent sign.
    pub const fn value(self) -> f64 {
        self.0
    }
}

impl TryFrom<String> for Percent {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.strip_suffix('%')
            .and_then(|number| number.parse::<f64>().ok())
            .filter(|number| (0.0..=100.0).contains(number))
            .map(Self)
            .ok_or_else(|| format!("`{text}` is not a share: write a number from 0 to 100 and a percent sign, as in 20%"))
    }
}

impl From<Percent> for String {
    fn from(percent: Percent) -> Self {
        format!("{}%", percent.0)
    }
}

impl JsonSchema for Percent {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Percent".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^[0-9]{1,3}(\\.[0-9]{1,3})?%$",
            "title": "a share",
            "description": "a number from 0 to 100 and a percent sign, as in 20%"
        })
    }
}

/// A size in bytes for people: `812 B`, `1.9 GiB`.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if count < 1024 {
        return format!("{count} B");
    }
    #[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
    let mut size = count as f64;
    let mut unit = "B";
    for next in UNITS {
        if size < 1024.0 {
            break;
        }
        size /= 1024.0;
        unit = next;
    }
    format!("{size:.1} {unit}")
}

/// A count with thousands separated: `1,204,331`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, c) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// A measured time for people: `0.6 s`, `12.4 s`, `1 min 23 s`, `4 h 12 min`, `2 d 10 h`, `31 d`.
pub fn elapsed(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    match seconds {
        0..60 => format!("{}.{} s", seconds, milliseconds % 1000 / 100),
        60..3_600 if seconds.is_multiple_of(60) => format!("{} min", seconds / 60),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3_600..172_800 if seconds % 3_600 < 60 => format!("{} h", seconds / 3_600),
        3_600..172_800 => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
        172_800..1_209_600 if seconds % 86_400 >= 3_600 => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// `1 step`, `2 steps`: a number with its noun.
pub fn plural(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{} {noun}s", count(number)) }
}

#[cfg(test)]
mod tests;
