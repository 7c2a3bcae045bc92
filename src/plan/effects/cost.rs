//! What other lifecycle rules do to the bill, for what is there now: storage a month, and what leaving a class or moving costs once.
//!
//! It must never pass over what has no price without a word, nor be counted as a loss: money is no restore point.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::compare::{Sides, possible, tag};
use super::{Effect, rules_of};
use crate::catalog::cost::{Cost, Money, Shelf};
use crate::catalog::prices::{Prices, RegionPrices};
use crate::catalog::timeline::{self, Class, Forecast, Keeping, Version, World, versions};
use crate::model::document::Document;
use crate::model::fact::Fact;
use crate::model::lifecycle::{Lifecycle, Tag};
use crate::model::resource::{BucketWish, Observed, SeenBackup, Tenant};
use crate::model::units::plural;

/// How many days ahead the bill is looked at.
const AHEAD: i64 = 366;
/// A smaller difference is not worth a word.
const CENT: Money = Money::nanos(10_000_000);
/// Backups that are left out and named; the rest is counted.
const NAMED: usize = 3;

/// What a change does to the bill. What has no price, or is not known, is no amount: never 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CostChange {
    /// The currency of all amounts.
    pub currency: String,
    /// When the two sides differ most, RFC 3339; the moment of the plan is at once.
    pub at: String,
    /// A month then of what is there now, as the rules are, as far as it has a price; none = not known.
    pub before: Option<String>,
    /// The same after the change.
    pub after: Option<String>,
    /// Fees for leaving a class before its minimum days, besides those that come anyway; none = not known.
    pub early: Option<String>,
    /// Fees for moves to other classes, besides those that come anyway; none = not known.
    pub moves: Option<String>,
    /// What has no price, and is in no amount.
    #[serde(default)]
    pub unpriced: Vec<String>,
    /// What is not known, and so in no amount: each in words.
    #[serde(default)]
    pub unknown: Vec<String>,
    /// The region of the prices.
    pub region: String,
    /// Their day; none = there are none.
    pub date: Option<String>,
}

/// What a change of lifecycle rules does to the bill of each policy of the bucket.
pub(in crate::plan) fn of_lifecycle(bucket: &BucketWish, from: &Fact<Document>, to: &Document, observed: &Observed, prices: &Prices) -> Vec<Effect> {
    let (Some(before), Some(after)) = (rules_of(from), to.to::<Lifecycle>()) else { return Vec::new() };
    let sides = Sides { before: &before, after: &after };
    bucket.tenants.iter().filter_map(|tenant| of_tenant(bucket, tenant, sides, observed, prices)).collect()
}

fn of_tenant(bucket: &BucketWish, tenant: &Tenant, sides: Sides<'_>, observed: &Observed, prices: &Prices) -> Option<Effect> {
    let one = One { tenant, prices, region: &bucket.region, now: observed.at };
    let backups = match observed.backups.get(&tenant.policy)? {
        Fact::Known(backups) => backups.as_slice(),
        Fact::Absent => &[],
        Fact::Unknown(_) => return sides.touch(tenant).then(|| one.not_known("the bucket could not be listed".to_owned())),
    };
    let mut sheet = Sheet::default();
    let ledger = Ledger::of(bucket, sides, observed);
    for backup in backups {
        sheet.backup(&ledger, backup, &tags(sides, tenant, backup, observed));
    }
    for object in observed.stored.get(&tenant.policy).into_iter().flatten().flat_map(|repository| &repository.objects) {
        ledger.enter(&timeline::of_object(object, ledger.keeping), &mut sheet);
    }
    if sheet.before == sheet.after && !sheet.touched {
        return None;
    }
    match prices.of(&bucket.region, bucket.endpoint.as_deref()) {
        Ok(region) => one.said(&sheet, region),
        Err(why) => Some(one.not_known(why)),
    }
}

/// The release tags that a backup may have: the one that was read, else any that the rules know of its set.
fn tags(sides: Sides<'_>, tenant: &Tenant, backup: &SeenBackup, observed: &Observed) -> Vec<Vec<Tag>> {
    let known = observed.released.get(&(tenant.policy.clone(), backup.set.clone(), backup.id.clone()));
    known.map_or_else(|| possible(sides, &tenant.policy, &backup.set), |value| vec![tag(value.as_deref())])
}

/// Both bills, and what is in neither.
#[derive(Default)]
struct Sheet {
    before: Bill,
    after: Bill,
    /// Backups of which the release tag was not read, where it decides what they cost.
    untold: Vec<String>,
    /// Whether the change does something to one of them.
    touched: bool,
}

impl Sheet {
    fn backup(&mut self, ledger: &Ledger<'_>, backup: &SeenBackup, tags: &[Vec<Tag>]) {
        let of = |tags: &Vec<Tag>| {
            let mut out = Self::default();
            out.enter(ledger, backup, tags);
            (out.before, out.after)
        };
        let (first, others) = match tags {
            [] => return,
            [first, others @ ..] => (first, others),
        };
        let bills: Vec<(Bill, Bill)> = if others.is_empty() { Vec::new() } else { tags.iter().map(of).collect() };
        if bills.iter().all(|bill| Some(bill) == bills.first()) {
            return self.enter(ledger, backup, first);
        }
        self.touched |= bills.iter().any(|(before, after)| before != after);
        self.untold.push(format!("{}/{}", backup.set, backup.id));
    }

    fn enter(&mut self, ledger: &Ledger<'_>, backup: &SeenBackup, tags: &[Tag]) {
        for version in versions(backup, tags, ledger.keeping) {
            ledger.enter(&version, self);
        }
    }

    /// What is in neither bill, in words.
    fn unknown(&self) -> Vec<String> {
        let named = self.untold.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
        let more = match self.untold.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let words = || format!("{} of which the release tag could not be read ({named}{more})", plural(self.untold.len() as u64, "backup"));
        (!self.untold.is_empty()).then(words).into_iter().collect()
    }
}

/// An object that leaves a class before its minimum days are over may cost a fee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Leaving {
    class: Class,
    bytes: u64,
    since: Timestamp,
    left: Timestamp,
}

/// An object that comes to a class, or leaves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Turn {
    class: Class,
    bytes: u64,
    comes: bool,
}

/// What is billed under one side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Bill {
    /// What lies there now.
    shelf: Shelf,
    /// What changes then, and when.
    turns: BTreeMap<Timestamp, Vec<Turn>>,
    left: Vec<Leaving>,
    moved: Vec<Class>,
}

impl Bill {
    /// What lies there at a time, asked in their order.
    fn turn(&mut self, at: Timestamp) -> &Shelf {
        while let Some(next) = self.turns.first_entry().filter(|next| *next.key() <= at) {
            for turn in next.remove() {
                if turn.comes { self.shelf.add(turn.class, turn.bytes) } else { self.shelf.leave(turn.class, turn.bytes) }
            }
        }
        &self.shelf
    }

    fn early(&self, region: &RegionPrices) -> Cost {
        let mut out = Cost::default();
        self.left.iter().for_each(|leaving| out += region.early(leaving.class, leaving.bytes, leaving.since, leaving.left));
        out
    }

    fn moves(&self, region: &RegionPrices) -> Cost {
        let mut out = Cost::default();
        let mut classes = self.moved.clone();
        classes.sort_unstable();
        for same in classes.chunk_by(|a, b| a == b) {
            same.first().into_iter().for_each(|class| out += region.moving(*class, same.len() as u64));
        }
        out
    }
}

struct Ledger<'a> {
    before: Forecast<'a>,
    after: Forecast<'a>,
    /// The rules as they are, without a time: when an object came to where it lies.
    nominal: Forecast<'a>,
    keeping: Keeping,
    now: Timestamp,
}

impl<'a> Ledger<'a> {
    fn of(bucket: &BucketWish, sides: Sides<'a>, observed: &Observed) -> Self {
        let versioning = super::keeping(bucket, observed).known().copied();
        let forecast = |rules, now| Forecast::new(&World::of(rules, versioning, now));
        let (before, after) = (forecast(sides.before, observed.at), forecast(sides.after, observed.at));
        Self { before, after, nominal: forecast(sides.before, Timestamp::MIN), keeping: Keeping::of(versioning), now: observed.at }
    }

    /// Enters one object on both sides.
    fn enter(&self, version: &Version<'_>, sheet: &mut Sheet) {
        let since = self.since(version);
        self.add(&self.before, version, since, &mut sheet.before);
        self.add(&self.after, version, since, &mut sheet.after);
    }

    /// Since when it lies in its class: by the rule that moved it there, else since it was written.
    fn since(&self, version: &Version<'_>) -> Timestamp {
        let written = Version { class: Class::Standard, ..*version };
        let came = |at: &&Timestamp| **at <= self.now && class_at(&self.nominal, &written, **at) == Some(version.class);
        if version.class == Class::Standard {
            return version.written;
        }
        self.nominal.transitions(&[written]).iter().find(came).copied().unwrap_or(version.written)
    }

    fn add(&self, side: &Forecast<'_>, version: &Version<'_>, since: Timestamp, bill: &mut Bill) {
        let until = self.now.checked_add(SignedDuration::from_hours(24 * AHEAD)).unwrap_or(self.now);
        let bytes = version.bytes;
        let (mut class, mut since) = (version.class, since);
        bill.shelf.add(class, bytes);
        let leaves = |bill: &mut Bill, class, since, left| {
            bill.left.push(Leaving { class, bytes, since, left });
            bill.turns.entry(left).or_default().push(Turn { class, bytes, comes: false });
        };
        for at in side.transitions(&[*version]).into_iter().filter(|at| *at <= until) {
            let Some(next) = class_at(side, version, at).filter(|next| *next != class) else { continue };
            leaves(bill, class, since, at);
            bill.turns.entry(at).or_default().push(Turn { class: next, bytes, comes: true });
            bill.moved.push(next);
            (class, since) = (next, at);
        }
        if let Some(gone) = side.standing(&[*version]).bytes_gone_at.filter(|gone| *gone <= until) {
            leaves(bill, class, since, gone.max(self.now));
        }
    }
}

/// The class of an object at a time, if it is still there.
fn class_at(side: &Forecast<'_>, version: &Version<'_>, at: Timestamp) -> Option<Class> {
    side.lying(&[*version], at).bytes.first().map(|(class, _)| *class)
}

/// The moment at which a month of what lies there differs most.
struct Widest {
    at: Timestamp,
    was: Cost,
    is: Cost,
    /// What has no price among what ever differs: then nobody can say how much that is.
    differing: BTreeSet<String>,
}

/// The moment at which a month of it differs most, of several the first; where only what has no price differs, the first such moment.
fn widest(before: &Bill, after: &Bill, region: &RegionPrices, now: Timestamp) -> Widest {
    let (mut one, mut other) = (before.clone(), after.clone());
    let mut moments: Vec<Timestamp> = before.turns.keys().chain(after.turns.keys()).copied().filter(|at| *at > now).collect();
    moments.sort_unstable();
    moments.dedup();
    let mut best: Option<Widest> = None;
    let mut differing = BTreeSet::new();
    for at in std::iter::once(now).chain(moments) {
        let (before, after) = (one.turn(at), other.turn(at));
        let odd = region.month(&before.apart(after)).unpriced;
        let (was, is) = (region.month(before), region.month(after));
        let wider = best.as_ref().is_none_or(|best| {
            let (so_far, here) = (best.was.money.apart(best.is.money), was.money.apart(is.money));
            here > so_far || (so_far == Money::default() && differing.is_empty() && !odd.is_empty())
        });
        differing.extend(odd);
        if wider {
            best = Some(Widest { at, was, is, differing: BTreeSet::new() });
        }
    }
    let best = best.unwrap_or_else(|| Widest { at: now, was: Cost::default(), is: Cost::default(), differing: BTreeSet::new() });
    Widest { differing, ..best }
}

/// A sum of what has a price; none where nothing of it has one, which would read as free.
fn priced(cost: &Cost) -> Option<Money> {
    (cost.unpriced.is_empty() || cost.money > Money::default()).then_some(cost.money)
}

/// What one side costs more once than the other, where `same` says that both do the same.
fn more(same: bool, after: Cost, before: &Cost) -> Cost {
    if same { Cost::default() } else { Cost { money: after.money.above(before.money), unpriced: after.unpriced } }
}

/// Whose bill, and by what prices.
struct One<'a> {
    tenant: &'a Tenant,
    prices: &'a Prices,
    region: &'a str,
    now: Timestamp,
}

impl One<'_> {
    /// That nothing can be said, and why.
    fn not_known(&self, why: String) -> Effect {
        let sentence = format!("what that does to the storage cost is not known: {why}");
        Effect { cost: Some(CostChange { unknown: vec![why], ..self.nothing(self.now) }), ..Effect::said(&self.tenant.policy, sentence) }
    }

    fn nothing(&self, at: Timestamp) -> CostChange {
        CostChange {
            currency: self.prices.currency.clone(),
            at: at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            before: None,
            after: None,
            early: None,
            moves: None,
            unpriced: Vec::new(),
            unknown: Vec::new(),
            region: self.region.to_owned(),
            date: None,
        }
    }

    fn said(&self, sheet: &Sheet, region: &RegionPrices) -> Option<Effect> {
        let (before, after) = (&sheet.before, &sheet.after);
        let widest = widest(before, after, region, self.now);
        let early = more(alike(&before.left, &after.left), after.early(region), &before.early(region));
        let moves = more(alike(&before.moved, &after.moved), after.moves(region), &before.moves(region));
        let parts = self.parts(&widest, [early.money, moves.money]);
        let missing = !widest.differing.is_empty() || !early.unpriced.is_empty() || !moves.unpriced.is_empty();
        if parts.is_empty() && !missing && !sheet.touched {
            return None;
        }
        let unpriced: Vec<String> = [&widest.was, &widest.is, &early, &moves]
            .into_iter()
            .flat_map(|cost| &cost.unpriced)
            .chain(&widest.differing)
            .collect::<BTreeSet<_>>()
            .into_iter()
            .cloned()
            .collect();
        let unknown = sheet.unknown();
        let sentence = self.sentence(&parts, region, &unpriced, &unknown);
        let decimal = |cost: &Cost| priced(cost).map(Money::decimal);
        let change = CostChange {
            before: decimal(&widest.was),
            after: decimal(&widest.is),
            early: decimal(&early),
            moves: decimal(&moves),
            unpriced,
            unknown,
            date: Some(region.date.clone()),
            ..self.nothing(widest.at)
        };
        Some(Effect { cost: Some(change), ..Effect::said(&self.tenant.policy, sentence) })
    }

    /// What is worth a word: a month, and the fees for leaving early and for moves.
    fn parts(&self, widest: &Widest, [early, moves]: [Money; 2]) -> Vec<String> {
        let currency = &self.prices.currency;
        let when = if widest.at <= self.now { "at once".to_owned() } else { format!("on {}", widest.at.strftime("%Y-%m-%d")) };
        let side = |cost: &Cost, text: &dyn Fn(Money) -> String| match priced(cost) {
            None => "an unknown amount".to_owned(),
            Some(money) if cost.unpriced.is_empty() => text(money),
            Some(money) => format!("{} + ?", text(money)),
        };
        let (was, is) = (side(&widest.was, &|money| money.text(currency)), side(&widest.is, &|money| money.about(currency)));
        let month =
            (widest.was.money.apart(widest.is.money) >= CENT).then(|| format!("storage of what is there now costs {is} a month {when} instead of {was}"));
        let fees = [(early, "for leaving a class before its minimum days"), (moves, "for moves to other classes")];
        let fees = fees.into_iter().filter(|(fee, _)| *fee >= CENT).map(|(fee, what)| format!("once {} {what}", fee.about(currency)));
        month.into_iter().chain(fees).collect()
    }

    fn sentence(&self, parts: &[String], region: &RegionPrices, unpriced: &[String], unknown: &[String]) -> String {
        let list = format!("list prices of {} on {}{}", self.region, region.date, old(region, self.now));
        let none = unpriced.join(", ");
        let without = if unknown.is_empty() { String::new() } else { format!("; without {}", unknown.join(", ")) };
        match (parts.is_empty(), unpriced.is_empty()) {
            (true, true) => format!("what that does to the storage cost is not known of {}", unknown.join(", ")),
            (true, false) => format!("what that does to the storage cost is not known: {list} have none for {none}{without}"),
            (false, true) => format!("{}; {list}{without}", parts.join(", ")),
            (false, false) => format!("{}; {list}, which have none for {none}{without}", parts.join(", ")),
        }
    }
}

/// Whether two lists hold the same, in any order.
fn alike<T: Ord + Copy>(one: &[T], other: &[T]) -> bool {
    let sorted = |list: &[T]| {
        let mut list = list.to_vec();
        list.sort_unstable();
        list
    };
    sorted(one) == sorted(other)
}

fn old(region: &RegionPrices, now: Timestamp) -> &'static str {
    if region.is_old(now) { ", over a year ago" } else { "" }
}

#[cfg(test)]
mod tests;
