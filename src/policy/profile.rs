//! Profiles: shared parts of policies, merged with the memory of where each value came from.
//!
//! Maps merge key by key, everything else is replaced whole: a list in a policy replaces a profile's list.

use std::collections::BTreeMap;

use serde_json::Value;

/// For each JSON pointer of a merged value, the index of the file that set it.
pub type Origins = BTreeMap<String, usize>;

/// Lays `upper`, which came from file `file`, over `base`.
pub fn overlay(base: &mut Value, origins: &mut Origins, upper: &Value, file: usize) {
    merge(base, origins, upper, file, "");
}

fn merge(base: &mut Value, origins: &mut Origins, upper: &Value, file: usize, pointer: &str) {
    if let (Value::Object(below), Value::Object(above)) = (&mut *base, upper) {
        origins.insert(pointer.to_owned(), file);
        for (key, value) in above {
            let child = format!("{pointer}/{}", escape(key));
            match below.get_mut(key) {
                Some(existing) => merge(existing, origins, value, file, &child),
                None => {
                    below.insert(key.clone(), value.clone());
                    record(origins, value, file, &child);
                }
            }
        }
        return;
    }
    let inside = format!("{pointer}/");
    origins.retain(|known, _| !known.starts_with(&inside));
    *base = upper.clone();
    record(origins, upper, file, pointer);
}

fn record(origins: &mut Origins, value: &Value, file: usize, pointer: &str) {
    origins.insert(pointer.to_owned(), file);
    match value {
        Value::Object(fields) => {
            for (key, child) in fields {
                record(origins, child, file, &format!("{pointer}/{}", escape(key)));
            }
        }
        Value::Array(items) => {
            for (at, child) in items.iter().enumerate() {
                record(origins, child, file, &format!("{pointer}/{at}"));
            }
        }
        _ => {}
    }
}

/// One segment of a JSON pointer (RFC 6901).
pub fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// A dotted path (`spec.backups.nightly`) as a JSON pointer. Keys with dots need [`escape`] and a pointer by hand.
pub fn pointer(path: &str) -> String {
    path.split('.').map(|segment| format!("/{}", escape(segment))).collect()
}

/// The shipped profiles: name and text.
pub const SHIPPED: &[(&str, &str)] =
    &[("tier-1", include_str!("../../policies/profiles/tier-1.yaml")), ("tier-2", include_str!("../../policies/profiles/tier-2.yaml"))];

#[cfg(test)]
mod tests;
