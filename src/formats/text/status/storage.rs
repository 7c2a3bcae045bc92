//! What lies there and what it costs, below the table of `status`.

use super::{StatusView, bytes, wrap};
use crate::report::storage::{PricesOf, Storage};

/// What a month of a policy costs; nothing where no cost is known of any.
pub(in crate::formats) fn cell(view: &StatusView, policy: &str) -> String {
    let Some(storage) = view.storage.as_ref().filter(|storage| storage.monthly.is_some()) else { return String::new() };
    let of = storage.policies.iter().find(|one| one.policy == policy);
    match of.and_then(|one| one.monthly_text.as_ref().map(|text| (one, text))) {
        None => "?".to_owned(),
        Some((one, text)) if one.unpriced.is_empty() => text.clone(),
        Some((_, text)) => format!("{text} + ?"),
    }
}

/// The lines below the table.
pub(super) fn lines(view: &StatusView) -> Vec<String> {
    let Some(storage) = view.storage.as_ref().filter(|storage| !storage.classes.is_empty() || !storage.unknown.is_empty()) else { return Vec::new() };
    let classes: Vec<String> = storage.classes.iter().map(|class| format!("{} in {}", bytes(class.bytes), class.class)).collect();
    let mut out = if classes.is_empty() { Vec::new() } else { wrap(&format!("storage: {}{}", classes.join(", "), cost(storage)), 96) };
    for note in &storage.notes {
        out.extend(wrap(&format!("note: {note}"), 96));
    }
    out
}

fn cost(storage: &Storage) -> String {
    let Some(monthly) = &storage.monthly_text else { return String::new() };
    let of: Vec<String> = storage.prices.iter().map(dated).collect();
    let about = if monthly.starts_with("less") { "" } else { "about " };
    format!("; {about}{monthly} a month without noncurrent versions, by list prices ({})", of.join("; "))
}

fn dated(of: &PricesOf) -> String {
    let old = if of.old { ", over a year old" } else { "" };
    format!("{} of {}{old}", of.region, of.date)
}
