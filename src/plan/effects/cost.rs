//! What other lifecycle rules do to the bill, for what is there now: storage a month, and what leaving a class or moving costs once.
//!
//! It must never pass over what has no price without a word, nor be counted as a loss: money is no restore point.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::compare::{Sides, tag};
use super::{Effect, rules_of};
use crate::catalog::cost::{Cost, Money, Shelf};
use crate::catalog::prices::{Prices, RegionPrices};
use crate::catalog::timeline::{Class, Forecast, Keeping, Version, World, versions};
use crate::model::document::Document;
use crate::model::fact::Fact;
use crate::model::lifecycle::{Lifecycle, Tag};
use crate::model::resource::{BucketWish, Observed, SeenBackup, Tenant};

/// How many days ahead the bill is looked at.
const AHEAD: i64 = 366;
/// A smaller difference is not worth a word.
const CENT: Money = Money::nanos(10_000_000);

/// What a change does to the bill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CostChange {
    /// The currency of all amounts.
    pub currency: String,
    /// When the two sides differ most, RFC 3339; the moment of the plan is at once.
    pub at: String,
    /// A month then of what is there now, as the rules are.
    pub before: String,
    /// The same after the change.
    pub after: String,
    /// Fees for leaving a class before its minimum days, besides those that come anyway.
    pub early: String,
    /// Fees for moves to other classes, besides those that come anyway.
    pub moves: String,
    /// The region of the prices.
    pub region: String,
    /// Their day.
    pub date: String,
}

/// What a change of lifecycle rules does to the bill of each policy of the bucket.
pub(in crate::plan) fn of_lifecycle(bucket: &BucketWish, from: &Fact<Document>, to: &Document, observed: &Observed, prices: &Prices) -> Vec<Effect> {
    let (Some(before), Some(after)) = (rules_of(from), to.to::<Lifecycle>()) else { return Vec::new() };
    let sides = Sides { before: &before, after: &after };
    bucket.tenants.iter().filter_map(|tenant| of_tenant(bucket, tenant, sides, observed, prices)).collect()
}

fn of_tenant(bucket: &BucketWish, tenant: &Tenant, sides: Sides<'_>, observed: &Observed, prices: &Prices) -> Option<Effect> {
    let backups = observed.backups.get(&tenant.policy)?.known()?;
    let ledger = Ledger::of(bucket, sides, observed);
    // Without a release tag it is not known which rules act on a backup.
    let tagged: Option<Vec<(&SeenBackup, Vec<Tag>)>> = backups.iter().map(|backup| Some((backup, released(observed, tenant, backup)?))).collect();
    let (before, after) = ledger.bills(&tagged?);
    if before == after {
        return None;
    }
    match prices.of(&bucket.region, bucket.endpoint.as_deref()) {
        Ok(region) => said(tenant, (&before, &after), prices, (&bucket.region, region), observed.at),
        Err(why) => Some(Effect::said(&tenant.policy, format!("what that does to the storage cost is not known: {why}"))),
    }
}

fn released(observed: &Observed, tenant: &Tenant, backup: &SeenBackup) -> Option<Vec<Tag>> {
    let value = observed.released.get(&(tenant.policy.clone(), backup.set.clone(), backup.id.clone()))?;
    Some(tag(value.as_deref()))
}

/// An object that leaves a class before its minimum days are over may cost a fee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

    fn bills(&self, backups: &[(&SeenBackup, Vec<Tag>)]) -> (Bill, Bill) {
        let (mut before, mut after) = (Bill::default(), Bill::default());
        for (backup, tags) in backups {
            for version in versions(backup, tags, self.keeping) {
                let since = self.since(&version);
                self.add(&self.before, &version, since, &mut before);
                self.add(&self.after, &version, since, &mut after);
            }
        }
        (before, after)
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

/// What lies there under both sides at the moment at which a month of it differs most; of several the first.
fn widest(before: &Bill, after: &Bill, region: &RegionPrices, now: Timestamp) -> (Timestamp, Cost, Cost) {
    let (mut one, mut other) = (before.clone(), after.clone());
    let mut moments: Vec<Timestamp> = before.turns.keys().chain(after.turns.keys()).copied().filter(|at| *at > now).collect();
    moments.sort_unstable();
    moments.dedup();
    let mut best = (now, region.month(one.turn(now)), region.month(other.turn(now)));
    for at in moments {
        let (was, is) = (region.month(one.turn(at)), region.month(other.turn(at)));
        if was.money.apart(is.money) > best.1.money.apart(best.2.money) {
            best = (at, was, is);
        }
    }
    best
}

fn said(tenant: &Tenant, (before, after): (&Bill, &Bill), prices: &Prices, (name, region): (&str, &RegionPrices), now: Timestamp) -> Option<Effect> {
    let (at, was, is) = widest(before, after, region, now);
    let (early, moves) = (after.early(region), after.moves(region));
    let (more_early, more_moves) = (early.money.above(before.early(region).money), moves.money.above(before.moves(region).money));
    let about = |money: Money| money.about(&prices.currency);
    let when = if at <= now { "at once".to_owned() } else { format!("on {}", at.strftime("%Y-%m-%d")) };
    let mut parts = Vec::new();
    if was.money.apart(is.money) >= CENT {
        parts.push(format!("storage of what is there now costs {} a month {when} instead of {}", about(is.money), was.money.text(&prices.currency)));
    }
    let fees = [(more_early, "for leaving a class before its minimum days"), (more_moves, "for moves to other classes")];
    parts.extend(fees.iter().filter(|(fee, _)| *fee >= CENT).map(|(fee, what)| format!("once {} {what}", about(*fee))));
    if parts.is_empty() {
        return None;
    }
    let unpriced: BTreeSet<String> = [was.unpriced, is.unpriced, early.unpriced, moves.unpriced].into_iter().flatten().collect();
    let change = CostChange {
        currency: prices.currency.clone(),
        at: at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        before: was.money.decimal(),
        after: is.money.decimal(),
        early: more_early.decimal(),
        moves: more_moves.decimal(),
        region: name.to_owned(),
        date: region.date.clone(),
    };
    let sentence = format!("{}; list prices of {name} on {}{}{}", parts.join(", "), region.date, old(region, now), without(&unpriced));
    Some(Effect { cost: Some(change), ..Effect::said(&tenant.policy, sentence) })
}

fn old(region: &RegionPrices, now: Timestamp) -> &'static str {
    if region.is_old(now) { ", over a year ago" } else { "" }
}

fn without(unpriced: &BTreeSet<String>) -> String {
    let named: Vec<&str> = unpriced.iter().map(String::as_str).collect();
    if named.is_empty() { String::new() } else { format!(", which have none for {}", named.join(", ")) }
}

#[cfg(test)]
mod tests;
