//! What stored bytes cost: a month of it, a deletion before its time, a retrieval. Pure, and exact: whole billionths, no floats.
//!
//! It must never call something free that has no price: what could not be counted is named beside the sum. Sources: S3 User Guide,
//! storage-class-intro (minimum size and days), aws-usage-report-understand (a GB is 2^30 bytes, a GB-month a month of one);
//! S3 FAQ, "How am I charged for deleting objects from Amazon S3 Glacier that are less than 90 days old".

use std::collections::{BTreeMap, BTreeSet};
use std::ops::AddAssign;

use jiff::Timestamp;

use super::prices::{Price, RegionPrices, Retrieval};
use super::timeline::Class;
use crate::model::policy::StorageClass;
use crate::model::resource::SeenBackup;
use crate::model::units::count;

/// A GB as S3 bills it.
const GB: u128 = 1 << 30;
/// A smaller object costs as much as one of this size in the classes that can be read at once and cost less than STANDARD.
const SMALLEST: u64 = 128 << 10;
/// What an archived object holds besides its bytes, at the price of its class.
const ARCHIVED: u64 = 32 << 10;
/// And at the price of STANDARD.
const INDEXED: u64 = 8 << 10;
/// The month of a fee that is prorated: 90 days are three of them.
const MONTH: u128 = 30 * DAY as u128;
const DAY: i64 = 86_400;
const NANOS: u128 = 1_000_000_000;

/// An amount in billionths of a currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Money(u128);

impl Money {
    /// So many billionths.
    pub const fn nanos(nanos: u128) -> Self {
        Self(nanos)
    }

    /// A price for a part of its unit, rounded to the nearest billionth.
    fn part(price: Price, of: u128, unit: u128) -> Self {
        Self((u128::from(price.nanos()).saturating_mul(of) + unit / 2) / unit)
    }

    /// What is left of it after another one, none below nothing.
    pub fn above(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// Both together.
    pub fn and(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// How far two amounts are apart.
    pub fn apart(self, other: Self) -> Self {
        Self(self.0.abs_diff(other.0))
    }

    /// As a program reads it, to a millionth: `41.020000`.
    pub fn decimal(self) -> String {
        let micros = (self.0 + 500) / 1000;
        format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
    }

    /// The same as an estimate: `about $41`, `less than $0.01`, `$0`.
    pub fn about(self, currency: &str) -> String {
        let text = self.text(currency);
        if self.0 == 0 || text.starts_with("less") { text } else { format!("about {text}") }
    }

    /// As people read it: `$41`, `$3.20`, `less than $0.01`; other currencies behind the number.
    pub fn text(self, currency: &str) -> String {
        let cents = (self.0 + NANOS / 200) / (NANOS / 100);
        let number = match cents {
            0 if self.0 == 0 => "0".to_owned(),
            0 => return format!("less than {}", Self(NANOS / 100).text(currency)),
            1..1000 => format!("{}.{:02}", cents / 100, cents % 100),
            _ => count(u64::try_from((self.0 + NANOS / 2) / NANOS).unwrap_or(u64::MAX)),
        };
        if currency == "USD" { format!("${number}") } else { format!("{number} {currency}") }
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        *self = self.and(other);
    }
}

/// What something costs, as far as there are prices for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// The sum of what has a price.
    pub money: Money,
    /// What has none, in words.
    pub unpriced: BTreeSet<String>,
}

impl Cost {
    fn unpriced(what: String) -> Self {
        Self { money: Money::default(), unpriced: BTreeSet::from([what]) }
    }

    fn of(money: Money) -> Self {
        Self { money, unpriced: BTreeSet::new() }
    }
}

impl AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        self.money += other.money;
        self.unpriced.extend(other.unpriced);
    }
}

/// Bytes that are billed for an object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Billed {
    /// At the price of its class.
    pub own: u64,
    /// At the price of STANDARD, besides.
    pub standard: u64,
}

/// What S3 bills for one object of a class.
pub fn billed(class: Class, bytes: u64) -> Billed {
    match class {
        Class::Lower(StorageClass::StandardIa | StorageClass::OnezoneIa | StorageClass::GlacierIr) => Billed { own: bytes.max(SMALLEST), standard: 0 },
        Class::Lower(StorageClass::Glacier | StorageClass::DeepArchive) => Billed { own: bytes.saturating_add(ARCHIVED), standard: INDEXED },
        Class::Standard | Class::Reduced | Class::Lower(StorageClass::IntelligentTiering) | Class::Other => Billed { own: bytes, standard: 0 },
    }
}

/// What lies in one class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// How many objects.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// What is billed for them.
    pub billed: Billed,
}

/// Objects by storage class.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shelf {
    /// What lies in each class.
    pub classes: BTreeMap<Class, Held>,
}

impl Shelf {
    /// The objects of backups, as a listing shows them.
    pub fn of<'a>(backups: impl IntoIterator<Item = &'a SeenBackup>) -> Self {
        let mut out = Self::default();
        for backup in backups {
            for (key, bytes) in &backup.keys {
                out.add(backup.classes.get(key).map_or(Class::Standard, |class| Class::of(class)), *bytes);
            }
        }
        out
    }

    /// Adds one object.
    pub fn add(&mut self, class: Class, bytes: u64) {
        self.join(&Self { classes: BTreeMap::from([(class, Held { objects: 1, bytes, billed: billed(class, bytes) })]) });
    }

    /// Takes one object away that was added.
    pub fn leave(&mut self, class: Class, bytes: u64) {
        let billed = billed(class, bytes);
        let Some(held) = self.classes.get_mut(&class) else { return };
        held.objects = held.objects.saturating_sub(1);
        held.bytes = held.bytes.saturating_sub(bytes);
        held.billed.own = held.billed.own.saturating_sub(billed.own);
        held.billed.standard = held.billed.standard.saturating_sub(billed.standard);
        if held.objects == 0 {
            self.classes.remove(&class);
        }
    }

    /// What lies in the classes of which two do not hold the same, of both.
    #[must_use]
    pub fn apart(&self, other: &Self) -> Self {
        let differing = |one: &Self, two: &Self| Self {
            classes: one.classes.iter().filter(|(class, held)| two.classes.get(class) != Some(held)).map(|(class, held)| (*class, *held)).collect(),
        };
        let mut out = differing(self, other);
        out.join(&differing(other, self));
        out
    }

    /// Adds what another one holds.
    pub fn join(&mut self, other: &Self) {
        for (class, more) in &other.classes {
            let held = self.classes.entry(*class).or_default();
            held.objects += more.objects;
            held.bytes = held.bytes.saturating_add(more.bytes);
            held.billed.own = held.billed.own.saturating_add(more.billed.own);
            held.billed.standard = held.billed.standard.saturating_add(more.billed.standard);
        }
    }
}

impl RegionPrices {
    fn stored(&self, class: Class, bytes: u64, part: u128, whole: u128) -> Cost {
        match self.class(class) {
            _ if bytes == 0 => Cost::default(),
            Some(prices) => Cost::of(Money::part(prices.storage, u128::from(bytes) * part, GB * whole)),
            None => Cost::unpriced(format!("storage in {}", class.as_str())),
        }
    }

    /// A month of it.
    pub fn month(&self, shelf: &Shelf) -> Cost {
        let mut out = Cost::default();
        for (class, held) in &shelf.classes {
            out += self.stored(*class, held.billed.own, 1, 1);
            out += self.stored(Class::Standard, held.billed.standard, 1, 1);
        }
        out
    }

    /// The fee for an object that leaves a class, by a deletion or a move, before its minimum days are over.
    pub fn early(&self, class: Class, bytes: u64, since: Timestamp, left: Timestamp) -> Cost {
        let Class::Lower(lower) = class else { return Cost::default() };
        let stayed = left.as_second().saturating_sub(since.as_second()).max(0);
        let short = u128::try_from(i64::from(lower.minimum_days()) * DAY - stayed).unwrap_or(0);
        if short == 0 { Cost::default() } else { self.stored(class, billed(class, bytes).own, short, MONTH) }
    }

    /// Moving so many objects to a class by a lifecycle rule.
    pub fn moving(&self, to: Class, objects: u64) -> Cost {
        match self.class(to).and_then(|prices| prices.transition) {
            _ if objects == 0 => Cost::default(),
            Some(price) => Cost::of(Money::part(price, u128::from(objects), 1000)),
            None => Cost::unpriced(format!("moves to {}", to.as_str())),
        }
    }

    /// Reading objects once; those that must be thawed, by this retrieval. None where one of them has no such retrieval.
    pub fn reading(&self, shelf: &Shelf, by: Retrieval) -> Option<Cost> {
        let mut out = Cost::default();
        for (class, held) in &shelf.classes {
            out += self.reading_of(*class, held, by)?;
        }
        Some(out)
    }

    fn reading_of(&self, class: Class, held: &Held, by: Retrieval) -> Option<Cost> {
        let by = match class {
            // Intelligent-Tiering has no fee for reading (S3 pricing); of its archive tiers a listing says nothing.
            Class::Standard | Class::Reduced | Class::Lower(StorageClass::IntelligentTiering) => return Some(Cost::default()),
            Class::Lower(StorageClass::DeepArchive) if by == Retrieval::Expedited => return None,
            Class::Lower(StorageClass::Glacier | StorageClass::DeepArchive) => by,
            Class::Lower(_) | Class::Other => Retrieval::Instant,
        };
        let what = || format!("{} retrieval from {}", by.as_str(), class.as_str());
        let Some(price) = self.class(class).and_then(|prices| prices.retrieval.get(&by)) else { return Some(Cost::unpriced(what())) };
        let mut out = Cost::of(Money::part(price.gb, u128::from(held.bytes), GB));
        match price.requests {
            Some(requests) => out.money += Money::part(requests, u128::from(held.objects), 1000),
            None if by != Retrieval::Instant => out += Cost::unpriced(format!("requests for {}", what())),
            None => {}
        }
        Some(out)
    }
}

#[cfg(test)]
mod tests;
