//! Profiles: shared parts of policies, and how a policy is laid over them.
//!
//! Maps merge key by key, everything else is replaced whole: a list in a policy replaces a profile's list.

use serde_json::Value;

/// Lays `upper` over `base`.
pub fn overlay(base: &mut Value, upper: Value) {
    match (base, upper) {
        (Value::Object(below), Value::Object(above)) => {
            for (key, value) in above {
                match below.get_mut(&key) {
                    Some(existing) => overlay(existing, value),
                    None => _ = below.insert(key, value),
                }
            }
        }
        (base, upper) => *base = upper,
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
