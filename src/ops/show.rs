//! `lifeboat policy show` and `policy example`.

use std::fmt::Write as _;

use serde_json::Value;

use super::{OpError, Where, prepare};
use crate::policy::LoadedPolicy;
use crate::policy::profile::escape;
use crate::ports::quirks::AWS;

/// A policy to begin with.
pub const EXAMPLE: &str = include_str!("../../examples/first-policy/policies/orders.yaml");

/// The merged policy as YAML; each value with the file and line that set it.
///
/// # Errors
/// When there is no config repo, or no sound policy of that name.
pub fn show(place: &Where, name: &str) -> Result<(String, Value), OpError> {
    let prepared = prepare(place, &AWS)?;
    let policy = prepared.policy(name)?;
    let yaml = serde_yaml::to_string(&policy.value()).unwrap_or_default();
    let mut lines: Vec<(String, String)> = Vec::new();
    let mut pointers = Vec::new();
    in_order(policy.value(), "", &mut pointers);
    let mut pointers = pointers.into_iter();
    for line in yaml.lines() {
        let origin = if line.trim_start().starts_with(['|', '>']) { None } else { pointers.next() };
        lines.push((line.to_owned(), origin.map(|pointer| place_of(policy, &pointer)).unwrap_or_default()));
    }
    let width = lines.iter().map(|(line, _)| line.chars().count()).max().unwrap_or(0).min(60);
    let mut out = String::new();
    for (line, origin) in lines {
        let _ = writeln!(out, "{}", format!("{line:<width$}  # {origin}").trim_end().trim_end_matches('#').trim_end());
    }
    Ok((out, policy.value().clone()))
}

fn place_of(policy: &LoadedPolicy, pointer: &str) -> String {
    policy.origin(pointer).map_or_else(String::new, |(file, line)| format!("{file}:{line}"))
}

/// The pointer of each line of the emitted YAML: one per key, one per scalar item of a list.
fn in_order(value: &Value, at: &str, out: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, child) in fields {
                let pointer = format!("{at}/{}", escape(key));
                out.push(pointer.clone());
                in_order(child, &pointer, out);
            }
        }
        Value::Array(items) => {
            for (index, child) in items.iter().enumerate() {
                let pointer = format!("{at}/{index}");
                if !matches!(child, Value::Object(fields) if !fields.is_empty()) {
                    out.push(pointer.clone());
                }
                in_order(child, &pointer, out);
            }
        }
        _ => {}
    }
}
