//! What lies in the bucket by storage class, and what a month of it costs at the list prices of its region. Pure.
//!
//! Only what a listing shows is counted: current versions. It must never pass over what has no price without a word.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::catalog::cost::{Cost, Money, Shelf};
use crate::catalog::prices::Prices;
use crate::catalog::timeline::Class;
use crate::model::fact::{Fact, Why};
use crate::model::resource::{SeenBackup, SeenRepository};
use crate::policy::LoadedPolicy;

/// What lies there of all policies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Storage {
    /// The currency of all amounts.
    pub currency: String,
    /// A month of all that has a price; none = nothing has one.
    pub monthly: Option<String>,
    /// The same for people.
    pub monthly_text: Option<String>,
    /// All policies together, by storage class.
    pub classes: Vec<ClassStorage>,
    /// Each policy that was listed, by name.
    pub policies: Vec<PolicyStorage>,
    /// Policies of which it is not known what lies there, by name: they are in no sum.
    #[serde(default)]
    pub unknown: Vec<UnknownStorage>,
    /// The dates of the prices, by region.
    pub prices: Vec<PricesOf>,
    /// What is not counted, and why.
    pub notes: Vec<String>,
}

/// What lies there of one policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolicyStorage {
    /// Its name.
    pub policy: String,
    /// The region of its bucket.
    pub region: String,
    /// By storage class.
    pub classes: Vec<ClassStorage>,
    /// A month of what has a price, as a decimal number; none = nothing has one.
    pub monthly: Option<String>,
    /// The same for people.
    pub monthly_text: Option<String>,
    /// What has no price, or why nothing has one.
    pub unpriced: Vec<String>,
}

/// A policy of which it is not known what lies there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnknownStorage {
    /// Its name.
    pub policy: String,
    /// Why.
    pub why: String,
}

/// What lies in a storage class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClassStorage {
    /// S3's name of it.
    pub class: String,
    /// How many objects.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Of when prices are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PricesOf {
    /// The region.
    pub region: String,
    /// Their day.
    pub date: String,
    /// Where they are from.
    pub source: String,
    /// Whether they are more than a year old.
    pub old: bool,
}

/// What a listing showed below the prefix of each policy, by its name.
#[derive(Clone, Copy, Debug)]
pub struct Listed<'a> {
    /// Backups of the sets that lifeboat takes.
    pub backups: &'a BTreeMap<String, Fact<Vec<SeenBackup>>>,
    /// Repositories of other engines.
    pub stored: &'a BTreeMap<String, Vec<SeenRepository>>,
}

/// Counts what was listed.
pub fn storage(policies: &[LoadedPolicy], listed: Listed<'_>, prices: &Prices, now: Timestamp) -> Storage {
    let (mut all, mut sum, mut any) = (Shelf::default(), Money::default(), false);
    let mut out = Storage {
        currency: prices.currency.clone(),
        monthly: None,
        monthly_text: None,
        classes: Vec::new(),
        policies: Vec::new(),
        unknown: Vec::new(),
        prices: Vec::new(),
        notes: Vec::new(),
    };
    let mut regions = BTreeSet::new();
    for policy in policies {
        let backups = match listed.backups.get(&policy.name) {
            Some(Fact::Known(backups)) => backups.as_slice(),
            Some(Fact::Absent) => &[],
            unknown @ (Some(Fact::Unknown(_)) | None) => {
                out.unknown.push(not_listed(policy, unknown));
                continue;
            }
        };
        let mut shelf = Shelf::of(backups);
        for object in listed.stored.get(&policy.name).into_iter().flatten().flat_map(|repository| &repository.objects) {
            shelf.add(object.class.as_deref().map_or(Class::Standard, Class::of), object.bytes);
        }
        let (one, cost) = one(policy, &shelf, prices);
        if let Some(cost) = cost {
            (any, sum) = (true, sum.and(cost.money));
            regions.insert(one.region.clone());
        }
        all.join(&shelf);
        out.policies.push(one);
    }
    out.policies.sort_by(|a, b| a.policy.cmp(&b.policy));
    out.unknown.sort_by(|a, b| a.policy.cmp(&b.policy));
    (out.monthly, out.monthly_text) = if any { (Some(sum.decimal()), Some(sum.text(&prices.currency))) } else { (None, None) };
    out.classes = classes(&all);
    out.prices = regions.iter().filter_map(|region| of_region(prices, region, now)).collect();
    out.notes = notes(&out);
    out
}

fn one(policy: &LoadedPolicy, shelf: &Shelf, prices: &Prices) -> (PolicyStorage, Option<Cost>) {
    let place = &policy.policy.spec.storage;
    let (cost, unpriced) = match prices.of(&place.region, place.endpoint.as_deref()) {
        Ok(region) => {
            let cost = region.month(shelf);
            let unpriced: Vec<String> = cost.unpriced.iter().cloned().collect();
            // A sum of nothing, beside what has no price, would read as free.
            let counted = cost.unpriced.is_empty() || cost.money > Money::default();
            (counted.then_some(cost), unpriced)
        }
        Err(why) => (None, vec![why]),
    };
    let view = PolicyStorage {
        policy: policy.name.clone(),
        region: place.region.clone(),
        classes: classes(shelf),
        monthly: cost.as_ref().map(|cost| cost.money.decimal()),
        monthly_text: cost.as_ref().map(|cost| cost.money.text(&prices.currency)),
        unpriced,
    };
    (view, cost)
}

fn classes(shelf: &Shelf) -> Vec<ClassStorage> {
    let of = |(class, held): (&Class, &crate::catalog::cost::Held)| ClassStorage { class: class.as_str().to_owned(), objects: held.objects, bytes: held.bytes };
    shelf.classes.iter().map(of).collect()
}

fn of_region(prices: &Prices, region: &str, now: Timestamp) -> Option<PricesOf> {
    let found = prices.regions.get(region)?;
    Some(PricesOf { region: region.to_owned(), date: found.date.clone(), source: found.source.clone(), old: found.is_old(now) })
}

fn not_listed(policy: &LoadedPolicy, seen: Option<&Fact<Vec<SeenBackup>>>) -> UnknownStorage {
    let why = match seen {
        Some(Fact::Unknown(why)) => why.to_string(),
        _ => Why::NotAsked.to_string(),
    };
    UnknownStorage { policy: policy.name.clone(), why }
}

fn notes(storage: &Storage) -> Vec<String> {
    let mut by_reason: BTreeMap<&String, Vec<&str>> = BTreeMap::new();
    for one in &storage.policies {
        for why in &one.unpriced {
            by_reason.entry(why).or_default().push(&one.policy);
        }
    }
    let named = |(why, names): (&String, Vec<&str>)| {
        let verb = if why.ends_with("not known") { "" } else { " has no price" };
        format!("{why}{verb}: not in the cost of {}", names.join(", "))
    };
    let mut out: Vec<String> = by_reason.into_iter().map(named).collect();
    let mut unlisted: BTreeMap<&String, Vec<&str>> = BTreeMap::new();
    storage.unknown.iter().for_each(|one| unlisted.entry(&one.why).or_default().push(&one.policy));
    out.extend(unlisted.into_iter().map(|(why, names)| format!("what lies there of {} is not known, and not counted: {why}", names.join(", "))));
    out
}

#[cfg(test)]
mod tests;
