use serde_json::Value;

use super::{path, simulate};
use crate::formats::text::simulated;
use crate::view::simulate::SimulateView;

/// Areas lie on each other without a gap: the bottom of one is the top of the one below.
#[test]
fn an_area_goes_along_its_top_and_back_along_its_bottom() {
    assert_eq!(path(&[1, 4, 2], &[0, 2, 2], 4, 100), "M0.0 75.0L360.0 0.0L720.0 50.0L720.0 50.0L360.0 50.0L0.0 100.0Z");
}

#[test]
fn the_page_needs_nothing_from_outside_and_says_what_the_text_says() {
    let page = simulate(&simulated()).unwrap();
    for outside in ["<script", "<link", "src=", "@import", "url(", "http:", "https:", "//", "style=\""] {
        assert!(!page.contains(outside), "{outside}");
    }
    for said in ["orders/nightly", "keep-last", "daily-kept", "nothing is left of the day 2026-11-02", "rule `cleanup` ended it", "keeper"] {
        assert!(page.contains(said), "{said}");
    }
    assert_eq!((page.matches("<svg viewBox=\"0 -14").count(), page.matches("class=\"mark\"").count()), (2, 2), "{page}");
}

#[test]
fn hostile_names_are_escaped() {
    fn spoil(value: &mut Value) {
        match value {
            Value::String(text) if text != "keeper" => *text = "\"'><script>alert(1)</script>".to_owned(),
            Value::Array(items) => items.iter_mut().for_each(spoil),
            Value::Object(fields) => fields.values_mut().for_each(spoil),
            _ => {}
        }
    }
    let mut value = serde_json::to_value(simulated()).unwrap();
    spoil(&mut value);
    let view: SimulateView = serde_json::from_value(value).unwrap();
    let page = simulate(&view).unwrap();
    assert!(!page.contains("<script") && !page.contains("\"'>"), "{page}");
}
