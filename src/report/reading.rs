//! What it costs to read a backup once, by the ways in which it can be thawed. Pure.
//!
//! What S3 charges for traffic out of the region is not in it. What has no price is named, and never free.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::catalog::cost::Shelf;
use crate::catalog::prices::{Prices, Retrieval};
use crate::catalog::timeline::Class;

/// What a restore pays for reading.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reading {
    /// The currency of all amounts.
    pub currency: String,
    /// The region of the prices.
    pub region: String,
    /// Their day; none = there are none.
    pub date: Option<String>,
    /// Whether they are more than a year old.
    pub old: bool,
    /// The ways to read it: one where nothing must be thawed, else those by which all of it can be.
    pub ways: Vec<Way>,
    /// Why nothing can be said; none = something can.
    pub unknown: Option<String>,
}

/// One way to read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Way {
    /// `instant`, `expedited`, `standard` or `bulk`.
    pub by: String,
    /// What has a price, as a decimal number.
    pub cost: String,
    /// The same for people, as in `about $3.00`.
    pub text: String,
    /// What has none.
    pub unpriced: Vec<String>,
}

/// Counts objects that are read once, each with S3's name of its class, its bytes and whether it must be thawed.
pub fn reading<'a>(objects: impl IntoIterator<Item = (Option<&'a str>, u64, bool)>, prices: &Prices, place: (&str, Option<&str>), now: Timestamp) -> Reading {
    let mut shelf = Shelf::default();
    let mut frozen = false;
    for (class, bytes, thaws) in objects {
        let class = class.map_or(Class::Other, Class::of);
        frozen |= thaws;
        // A copy that was thawed lies beside it, and is read as any object of STANDARD.
        shelf.add(if class.thaw().is_some() && !thaws { Class::Standard } else { class }, bytes);
    }
    let (region, endpoint) = place;
    let nothing = Reading { currency: prices.currency.clone(), region: region.to_owned(), ..Reading::default() };
    let of = match prices.of(region, endpoint) {
        Ok(of) => of,
        Err(why) => return Reading { unknown: Some(why), ..nothing },
    };
    let ways: &[Retrieval] = if frozen { &Retrieval::THAWS } else { &[Retrieval::Instant] };
    let way = |by: &Retrieval| {
        let cost = of.reading(&shelf, *by)?;
        let text = cost.money.about(&prices.currency);
        Some(Way { by: by.as_str().to_owned(), cost: cost.money.decimal(), text, unpriced: cost.unpriced.into_iter().collect() })
    };
    Reading { date: Some(of.date.clone()), old: of.is_old(now), ways: ways.iter().filter_map(way).collect(), ..nothing }
}

#[cfg(test)]
mod tests;
