//! Repositories of other engines that lie below the prefix → physical sets. What is promised of them nobody can read off a bucket.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::Subject;
use crate::model::fact::Fact;
use crate::model::policy::{PhysicalEngine, RepositoryPlace};

/// The sets, by name; what has no word is said. `taken` are the names of the sets of dumps.
pub(super) fn sets(subject: &Subject<'_>, taken: &BTreeMap<String, Value>, notes: &mut Vec<String>) -> BTreeMap<String, Value> {
    let places = match subject.repositories {
        Fact::Known(places) => places.as_slice(),
        Fact::Absent => &[],
        Fact::Unknown(why) => {
            notes.push(format!("repositories of other engines: {why}"));
            &[]
        }
    };
    let mut out = BTreeMap::new();
    for place in places {
        match words(subject, place, taken, places.len()) {
            Ok(words) => drop(out.insert(name(&out, taken), words)),
            Err(why) => notes.push(format!("a repository of {} below {}: {why}", place.engine.as_str(), place.base)),
        }
    }
    out
}

/// A name that no other set has.
fn name(others: &BTreeMap<String, Value>, taken: &BTreeMap<String, Value>) -> String {
    let free = |name: &String| !others.contains_key(name) && !taken.contains_key(name);
    let numbered = (2..=others.len() + taken.len() + 2).map(|at| format!("physical-{at}"));
    std::iter::once("physical".to_owned()).chain(numbered).find(free).unwrap_or_default()
}

fn words(subject: &Subject<'_>, place: &RepositoryPlace, taken: &BTreeMap<String, Value>, all: usize) -> Result<Value, String> {
    let below = place.base.strip_prefix(subject.prefix).ok_or_else(|| format!("it is not below {}, the prefix of the policy", subject.prefix))?;
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
    if !below.split('/').all(plain) || !plain(&place.name) {
        return Err("its place has characters for which a policy has no word".to_owned());
    }
    if below.is_empty() && (!taken.is_empty() || all > 1) {
        return Err("it lies right at the prefix, where other sets lie too; import it with a policy and a prefix of its own".to_owned());
    }
    if let Some(set) = taken.keys().find(|set| below.starts_with(&format!("{set}/"))) {
        return Err(format!("it lies in the folder of set `{set}`"));
    }
    let named = match place.engine {
        PhysicalEngine::Pgbackrest => Some("stanza"),
        PhysicalEngine::BarmanCloud => Some("server"),
        PhysicalEngine::WalG => None,
    };
    let mut out = Map::from_iter([("engine".to_owned(), json!(place.engine.as_str())), ("prefix".to_owned(), json!(below))]);
    out.extend(named.map(|field| (field.to_owned(), json!(place.name))));
    Ok(Value::Object(out))
}
