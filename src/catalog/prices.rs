//! What storage costs, as dated data by region. Pure: text comes in, prices come out.
//!
//! A price that is not there is not known: nothing is ever taken from another region, class or year instead.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::timeline::Class;

/// The format of a price list.
pub const FORMAT: &str = "lifeboat.prices/1";
/// The prices that come with lifeboat.
const SHIPPED: &str = include_str!("prices/aws-s3.json");
/// Prices that are older are said to be so, in days.
const OLD: i32 = 365;

/// A price in billionths of the list's currency, so that sums are exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Price(u64);

const UNIT: u64 = 1_000_000_000;

impl Price {
    /// So many billionths.
    pub const fn nanos(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fraction = format!("{:09}", self.0 % UNIT);
        let fraction = fraction.trim_end_matches('0');
        let point = if fraction.is_empty() { "" } else { "." };
        write!(f, "{}{point}{fraction}", self.0 / UNIT)
    }
}

impl TryFrom<String> for Price {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a price: write a decimal number of at most 9 decimals in quotes, as in \"0.023\"");
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, "0"));
        let digits = |part: &str, most: usize| (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole, 6) || !digits(fraction, 9) {
            return Err(wrong());
        }
        let whole: u64 = whole.parse().map_err(|_| wrong())?;
        let fraction: u64 = format!("{fraction:0<9}").parse().map_err(|_| wrong())?;
        Ok(Self(whole * UNIT + fraction))
    }
}

impl From<Price> for String {
    fn from(price: Price) -> Self {
        price.to_string()
    }
}

impl JsonSchema for Price {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Price".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^[0-9]{1,6}(\\.[0-9]{1,9})?$",
            "title": "a price",
            "description": "a decimal number in quotes, as in \"0.023\""
        })
    }
}

/// A price list: `lifeboat.prices/1`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Prices {
    /// Always `lifeboat.prices/1`.
    pub format: String,
    /// The currency of all prices, as in `USD`.
    pub currency: String,
    /// The prices of each region, by its name.
    pub regions: BTreeMap<String, RegionPrices>,
    /// Whether they are AWS's, and hold for no other endpoint.
    #[serde(skip)]
    pub only_aws: bool,
}

/// The prices of one region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RegionPrices {
    /// The day that they are of, as in `2026-08-01`; of several sources the oldest.
    pub date: String,
    /// Where they are from.
    pub source: String,
    /// The prices of each storage class, by S3's name of it.
    pub classes: BTreeMap<String, ClassPrices>,
}

/// The prices of one storage class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClassPrices {
    /// For a GB (2^30 bytes) and month; where the price falls with the volume, the first one.
    pub storage: Price,
    /// For 1,000 objects that a lifecycle rule moves to this class; left out, it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transition: Option<Price>,
    /// For what is read from it, by the way in which it is retrieved.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub retrieval: BTreeMap<Retrieval, RetrievalPrice>,
}

/// What a retrieval costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RetrievalPrice {
    /// For a GB (2^30 bytes).
    pub gb: Price,
    /// For 1,000 requests to thaw an object; left out, it is not known. Nothing is asked for where nothing thaws.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests: Option<Price>,
}

/// Ways to retrieve (S3 User Guide, restoring-objects-retrieval-options).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Retrieval {
    /// Reading what need not be thawed.
    Instant,
    /// The fastest thaw; may be refused, and takes longer above 250 MB.
    Expedited,
    /// The thaw that is meant when none is named.
    Standard,
    /// The cheapest thaw.
    Bulk,
}

impl Retrieval {
    /// The ways to thaw, the fastest first.
    pub const THAWS: [Self; 3] = [Self::Expedited, Self::Standard, Self::Bulk];

    /// `instant`, `expedited`, `standard`, `bulk`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Instant => "instant",
            Self::Expedited => "expedited",
            Self::Standard => "standard",
            Self::Bulk => "bulk",
        }
    }
}

impl Prices {
    /// The prices that come with lifeboat: AWS's, of the regions for which a source could be named.
    pub fn shipped() -> Self {
        Self { only_aws: true, ..Self::parse(SHIPPED).unwrap_or_default() }
    }

    /// Reads a price list.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn parse(text: &str) -> Result<Self, String> {
        let prices: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if prices.format != FORMAT {
            return Err(format!("format `{}` is not known: this version reads {FORMAT}", prices.format));
        }
        if !(prices.currency.len() == 3 && prices.currency.bytes().all(|byte| byte.is_ascii_uppercase())) {
            return Err(format!("currency `{}` is none: write three capital letters, as in USD", prices.currency));
        }
        for (name, region) in &prices.regions {
            region.check().map_err(|why| format!("region {name}: {why}"))?;
        }
        Ok(prices)
    }

    /// The prices of a bucket.
    ///
    /// # Errors
    /// Why there are none.
    pub fn of(&self, region: &str, endpoint: Option<&str>) -> Result<&RegionPrices, String> {
        let elsewhere = endpoint.filter(|url| self.only_aws && !is_aws(url));
        match (elsewhere, self.regions.get(region)) {
            (Some(url), _) => Err(format!("the prices of {url} are not known")),
            (None, None) => Err(format!("the prices of {region} are not known")),
            (None, Some(prices)) => Ok(prices),
        }
    }
}

/// Whether a URL is one of AWS's own endpoints.
fn is_aws(url: &str) -> bool {
    let host = url.split("://").last().unwrap_or(url).split(['/', ':']).next().unwrap_or_default();
    [".amazonaws.com", ".amazonaws.com.cn", ".api.aws"].iter().any(|domain| host.ends_with(domain))
}

impl RegionPrices {
    fn check(&self) -> Result<(), String> {
        if self.date.parse::<Date>().is_err() {
            return Err(format!("date `{}` is none: write it as 2026-08-01", self.date));
        }
        if self.source.trim().is_empty() {
            return Err("source is empty: say where the prices are from".to_owned());
        }
        match self.classes.keys().find(|class| class.is_empty() || matches!(Class::of(class), Class::Other)) {
            Some(class) => Err(format!("`{class}` is not a storage class: write S3's name, as in STANDARD or GLACIER_IR")),
            None => Ok(()),
        }
    }

    /// The prices of a class, if it has any.
    pub fn class(&self, class: Class) -> Option<&ClassPrices> {
        self.classes.get(class.as_str())
    }

    /// Whether they are more than a year old at a time.
    pub fn is_old(&self, now: Timestamp) -> bool {
        let today = now.to_zoned(TimeZone::UTC).date();
        self.date.parse::<Date>().is_ok_and(|date| (today - date).get_days() > OLD)
    }
}

#[cfg(test)]
mod tests;
