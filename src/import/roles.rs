//! Roles that exist → `access` of the written policy, as far as a policy has words for them.
//!
//! A role counts only when the policy with it plans to nothing for it: that is found out by compiling it. What has no word is said.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{Subject, read_back};
use crate::catalog::retention::tiers;
use crate::model::aspects::{Names, RoleTrust};
use crate::model::fact::Fact;
use crate::model::id::ResourceKind;
use crate::model::lifecycle::{EXPIRE_TAG, Expiration, Lifecycle, OURS};
use crate::model::policy::Retention;
use crate::model::request::ReadOp;
use crate::model::resource::{ObservedResource, ResourceWish};
use crate::model::units::Span;
use crate::settings::{self, role_session};

pub(super) mod trust;

/// The purposes that any policy can have, in the order of their places.
const PURPOSES: [&str; 3] = ["writer", "keeper", "restorer"];
/// The one that only policies with physical sets have.
const EXPIRER: &str = "expirer";
/// Periods of the tiers, longest last, as `tiers` counts them.
const PERIODS: [(&str, i32); 4] = [("daily", 1), ("weekly", 7), ("monthly", 31), ("yearly", 366)];

/// What was found of roles.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// `access` of the policy, with the purposes for which a role was found; none without any.
    pub(super) access: Option<Value>,
    /// The sets that the keeper may release, with their retention as the rules of the bucket tell it.
    pub(super) sets: BTreeMap<String, Value>,
    /// The repositories of other engines.
    pub(super) physical: BTreeMap<String, Value>,
    /// What has no word, one sentence each.
    pub(super) notes: Vec<String>,
}

/// Finds the purpose of each role; `out` has the sets.
pub(super) fn found(subject: &Subject<'_>, storage: &Value, roles: &BTreeMap<String, ObservedResource>, mut out: Found) -> Found {
    let boundary = boundary(roles, &mut out.notes);
    let mut places: BTreeMap<&str, Value> = BTreeMap::new();
    for (name, seen) in roles {
        let entry = match entry(subject, name, seen) {
            Ok(entry) => entry,
            Err(why) => {
                out.notes.push(format!("role {name}: {why}"));
                continue;
            }
        };
        let around = Around { subject, storage, sets: &out.sets, physical: &out.physical, boundary: boundary.as_deref() };
        let purposes = PURPOSES.into_iter().chain((!out.physical.is_empty()).then_some(EXPIRER));
        let tried: Vec<(&str, Vec<String>)> = purposes.map(|purpose| (purpose, around.differing(purpose, name, &entry, seen))).collect();
        match tried.iter().min_by_key(|(_, differing)| differing.len()) {
            Some((purpose, differing)) if differing.is_empty() && places.contains_key(purpose) => {
                out.notes.push(format!("role {name}: another role is the {purpose} already"));
            }
            Some((purpose, differing)) if differing.is_empty() => drop(places.insert(purpose, entry)),
            Some(_) if out.physical.is_empty() && expires(seen) => {
                let where_to = "the repositories that it expires are found by their prefix (--prefix)";
                out.notes.push(format!("role {name}: it is an expirer, and below {} lies no repository of another engine; {where_to}", subject.prefix));
            }
            Some((purpose, differing)) => {
                out.notes.push(format!("role {name}: it is of no purpose that lifeboat knows; as {purpose} it differs in {}", differing.join("; ")));
            }
            None => {}
        }
    }
    let missing: Vec<&str> = PURPOSES.into_iter().filter(|purpose| !places.contains_key(purpose)).collect();
    if places.is_empty() {
        return out;
    }
    if !missing.is_empty() {
        let (missing, flags) = (missing.join(", nor the "), missing.iter().map(|_| "--role NAME").collect::<Vec<_>>().join(" "));
        out.notes.push(format!(
            "roles: no role that was named is the {missing}: `access` goes without; name it too ({flags}), or write it into `access` and a plan makes it"
        ));
    }
    let mut access: Map<String, Value> = places.into_iter().map(|(purpose, entry)| (purpose.to_owned(), entry)).collect();
    access.extend(boundary.map(|arn| ("permissionBoundary".to_owned(), json!(arn))));
    out.access = Some(Value::Object(access));
    out
}

/// Whether a role has the statement that only an expirer has.
fn expires(seen: &ObservedResource) -> bool {
    let document = seen.fact(ReadOp::RolePermissions);
    let statements = document.known().and_then(|document| document.value().get("Statement")).and_then(Value::as_array);
    statements.is_some_and(|all| all.iter().any(|one| one.get("Sid").and_then(Value::as_str) == Some("ExpireRepositories")))
}

/// The boundary that all roles have; where they have different ones, `access` has no word for it and it is left alone.
fn boundary(roles: &BTreeMap<String, ObservedResource>, notes: &mut Vec<String>) -> Option<String> {
    let bounds: BTreeSet<Option<String>> = roles.values().filter_map(|seen| Some(seen.fact(ReadOp::RoleTrust).known()?.to::<RoleTrust>()?.boundary)).collect();
    if bounds.len() > 1 {
        let each: Vec<&str> = bounds.iter().map(|bound| bound.as_deref().unwrap_or("none")).collect();
        notes.push(format!("roles: their boundaries differ ({}), and `access` has one for all: it is left alone", each.join(", ")));
        return None;
    }
    bounds.into_iter().next().flatten()
}

/// A role in the words of a policy, or what has none.
fn entry(subject: &Subject<'_>, name: &str, seen: &ObservedResource) -> Result<Value, String> {
    let live = match seen.fact(ReadOp::RoleTrust) {
        Fact::Known(document) => document.to::<RoleTrust>().ok_or("its trust is not understood")?,
        Fact::Absent => return Err("there is no role of that name".to_owned()),
        Fact::Unknown(why) => return Err(why.to_string()),
    };
    let names = |op: ReadOp| match seen.fact(op) {
        Fact::Known(document) => document.to::<Names>().map(|names| names.0).ok_or_else(|| "the answer is of another kind".to_owned()),
        Fact::Absent => Ok(BTreeSet::new()),
        Fact::Unknown(why) => Err(why.to_string()),
    };
    let others = names(ReadOp::RoleInline)?;
    if !others.is_empty() {
        return Err(format!("inline policies beside the one named lifeboat have no word: {}", others.into_iter().collect::<Vec<_>>().join(", ")));
    }
    let profiles = names(ReadOp::RoleProfiles).unwrap_or_default();
    let mut out = json!({"role": name, "trust": trust::read(&live.trust, subject.account, &profiles)?});
    let Some(fields) = out.as_object_mut() else { return Err("it is not understood".to_owned()) };
    if let Some(seconds) = live.max_session.filter(|seconds| *seconds != role_session::DEFAULT) {
        fields.insert("maxSession".to_owned(), json!(Span::seconds(u64::try_from(seconds).unwrap_or_default()).to_string()));
    }
    let attached = names(ReadOp::RoleAttached)?;
    if !attached.is_empty() {
        fields.insert("attached".to_owned(), json!(attached));
    }
    Ok(out)
}

/// The sets of the policy whose backups some role may release, by the values of the tag that it may set.
pub(super) fn sets(subject: &Subject<'_>, roles: &BTreeMap<String, ObservedResource>, live: &ObservedResource) -> BTreeMap<String, Value> {
    let mut tiers_of: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for document in roles.values().filter_map(|seen| seen.fact(ReadOp::RolePermissions).known().cloned()) {
        let statements = document.value().get("Statement").and_then(Value::as_array).cloned().unwrap_or_default();
        let conditions =
            statements.iter().filter_map(|statement| statement.pointer("/Condition/StringEqualsIfExists")?.get(format!("s3:RequestObjectTag/{EXPIRE_TAG}")));
        for value in conditions.flat_map(trust::texts) {
            let named = value.split_once('/').filter(|(policy, _)| *policy == subject.policy).and_then(|(_, rest)| rest.split_once(':'));
            if let Some((set, tier)) = named {
                tiers_of.entry(set.to_owned()).or_default().insert(tier.to_owned());
            }
        }
    }
    let rules = live.fact(ReadOp::BucketLifecycle).known().and_then(|document| document.to::<Lifecycle>()).unwrap_or_default();
    tiers_of.into_iter().filter_map(|(set, tiers)| Some((set.clone(), retention(subject.policy, &set, &tiers, &rules)?))).collect()
}

/// The retention that has these tiers, with counts from the rules of the bucket where they have one, else of one period.
fn retention(policy: &str, set: &str, wanted: &BTreeSet<String>, rules: &Lifecycle) -> Option<Value> {
    let days = |tier: &str| {
        let rule = rules.rules.iter().find(|rule| rule.id == format!("{OURS}{policy}/{set}:{tier}"))?;
        match rule.expiration {
            Some(Expiration::Days(days)) => Some(days),
            _ => None,
        }
    };
    let recent = days("recent").map_or(3, |days| days - 1).max(1);
    let mut out = Map::from_iter([("recent".to_owned(), json!(format!("{recent}d")))]);
    for (tier, period) in PERIODS.into_iter().filter(|(tier, _)| wanted.contains(*tier)) {
        out.insert(tier.to_owned(), json!(days(tier).map_or(1, |days| days / period - 1).max(1)));
    }
    let out = Value::Object(out);
    let read: Retention = serde_json::from_value(out.clone()).ok()?;
    (tiers(&read).into_iter().map(|(tier, _, _)| tier.to_owned()).collect::<BTreeSet<_>>() == *wanted).then_some(out)
}

/// What a role is tried in.
struct Around<'a> {
    subject: &'a Subject<'a>,
    storage: &'a Value,
    sets: &'a BTreeMap<String, Value>,
    physical: &'a BTreeMap<String, Value>,
    boundary: Option<&'a str>,
}

impl Around<'_> {
    /// In what a role is not as the policy would want it for a purpose.
    fn differing(&self, purpose: &str, name: &str, entry: &Value, seen: &ObservedResource) -> Vec<String> {
        let mut access = Map::from_iter([(purpose.to_owned(), entry.clone())]);
        access.extend(self.boundary.map(|arn| ("permissionBoundary".to_owned(), json!(arn))));
        let found = Found { access: Some(Value::Object(access)), sets: self.sets.clone(), physical: self.physical.clone(), notes: Vec::new() };
        let (loaded, desired) = read_back(self.subject, self.storage, &found);
        let wish = desired.resources.iter().find(|wish| matches!(wish, ResourceWish::Role(role) if role.name == name));
        let Some(wish) = wish else { return loaded.findings.iter().map(|finding| finding.title.clone()).chain(["what a policy can say".to_owned()]).collect() };
        settings::of_kind(ResourceKind::Role).filter_map(|setting| differs(setting, wish, seen)).collect()
    }
}

/// What a setting would change.
pub(super) fn differs(setting: &settings::Setting, wish: &ResourceWish, seen: &ObservedResource) -> Option<String> {
    let want = (setting.want)(wish)?;
    let live = (setting.seen)(seen);
    let differs = match &live {
        Fact::Known(document) => match (setting.owner)(&want, document) {
            Some(why) => return Some(format!("{}: {why}", setting.title)),
            None => (setting.adopt)(&want, &live) != *document || !(setting.threats)(wish, document).is_empty(),
        },
        Fact::Absent | Fact::Unknown(_) => true,
    };
    differs.then(|| setting.title.to_owned())
}
