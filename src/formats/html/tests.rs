use serde_json::{Value, json};

use super::report;
use crate::view::report::ReportView;

/// A report with one policy of each verdict, one failed drill, a broken chain, drift and a finding.
const SMALL: &str = include_str!("tests/small.json");
/// Its page.
const PAGE: &str = include_str!("tests/small.html");

fn view(change: impl Fn(&mut Value)) -> ReportView {
    let mut value: Value = serde_json::from_str(SMALL).unwrap();
    change(&mut value);
    serde_json::from_value(value).unwrap()
}

fn body(page: &str) -> &str {
    &page[page.find("<body>").unwrap()..]
}

/// What is well takes few lines, so that what is not is seen; the page stays short enough to be read whole in a review.
#[test]
fn the_page_is_as_it_was() {
    let page = report(&view(|_| ())).unwrap();
    assert!(body(&page).lines().count() <= 150, "{} lines", body(&page).lines().count());
    if std::env::var_os("LIFEBOAT_BLESS").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/src/formats/html/tests/small.html"), body(&page)).unwrap();
    } else {
        let diff = similar::TextDiff::from_lines(PAGE, body(&page));
        assert!(PAGE == body(&page), "LIFEBOAT_BLESS=1 cargo test --lib html rewrites it:\n{}", diff.unified_diff().context_radius(1));
    }
}

/// Every text of the view, replaced one and all by something hostile: none of it reaches the page as markup.
#[test]
fn hostile_texts_are_escaped_everywhere() {
    fn spoil(value: &mut Value) {
        match value {
            Value::String(text) if !["passed", "failed", "unproven", "held", "error", "warning"].contains(&text.as_str()) => {
                *text = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>".to_owned();
            }
            Value::Array(items) => items.iter_mut().for_each(spoil),
            Value::Object(fields) => fields.values_mut().for_each(spoil),
            _ => {}
        }
    }
    let page = report(&view(spoil)).unwrap();
    assert!(!page.contains("<script") && !page.contains("<img") && !page.contains("\"'>"), "{page}");
    assert!(page.matches("&#60;script&#62;").count() > 30);
}

#[test]
fn the_page_needs_nothing_from_outside() {
    let page = report(&view(|_| ())).unwrap();
    for outside in ["<script", "<link", "src=", "@import", "url(", "http:", "https:", "//"] {
        assert!(!page.contains(outside) || (outside == "//" && page.matches("//").count() == page.matches("s3://").count()), "{outside}");
    }
}

#[test]
fn failures_come_first() {
    let page = report(&view(|_| ())).unwrap();
    let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text} is not in the page"));
    assert!(at("<h3>ledger</h3>") < at("<h3>billing</h3>") && at("<h3>billing</h3>") < at("<h3>orders</h3>"));
    assert!(at("ledger / weekly") < at("orders / weekly"));
    assert!(at("content differs") < at("<h2 id=\"drift\">"));
}

#[test]
fn a_note_of_a_drill_is_on_the_page() {
    let page = report(&view(|value| {
        value["drills"][0]["noted"] =
            json!([{"id": "x", "title": "2 views", "database": null, "verdict": "passed", "detail": "one was older than its tables"}]);
    }))
    .unwrap();
    assert!(page.contains("one was older than its tables") && page.contains("<span class=\"tag\">noted</span>"));
}

/// With everything unknown, no word and no colour of a pass is left on the page.
#[test]
fn unknown_is_never_green() {
    let page = report(&view(|value| {
        value["verdict"] = json!("unproven");
        value["policies"].as_array_mut().unwrap().retain(|policy| policy["name"] == "billing");
        value["drills"] = json!([]);
        value["evidence"] = json!({"verdict": "unproven", "sentence": "not read: refused", "place": null, "chains": []});
        value["drift"] = json!({"verdict": "unproven", "sentence": "not compared: no usable identity", "settled": 0, "steps": []});
    }))
    .unwrap();
    for green in ["class=\"tag passed", "class=\"goal passed", "class=\"card passed", "banner passed", ">met<", ">passed<", ">whole<", ">none<"] {
        assert!(!body(&page).contains(green), "{green}");
    }
    assert!(page.contains("not measured, promised 15 min"));
}

/// WCAG 2.1: text needs 4.5 to 1 against what lies behind it, in light and in dark.
#[test]
fn colours_have_contrast() {
    fn luminance(hex: &str) -> f64 {
        let wide: String = if hex.len() == 3 { hex.chars().flat_map(|c| [c, c]).collect() } else { hex.to_owned() };
        let part = |at: usize| {
            let c = f64::from(u8::from_str_radix(&wide[at..at + 2], 16).unwrap()) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(0) + 0.7152 * part(2) + 0.0722 * part(4)
    }
    let css = include_str!("../../../templates/report.html");
    let mut themes = css.match_indices(":root{").map(|(at, _)| &css[at..at + css[at..].find('}').unwrap()]);
    for theme in themes.by_ref() {
        let colour = |name: &str| {
            let rest = &theme[theme.find(&format!("--{name}:#")).unwrap_or_else(|| panic!("{name}")) + name.len() + 4..];
            luminance(rest.split([';', '}', '\n']).next().unwrap())
        };
        let ratio = |a: f64, b: f64| (a.max(b) + 0.05) / (a.min(b) + 0.05);
        for paper in ["page", "card", "failed-wash", "unproven-wash", "passed-wash"] {
            for ink in ["ink", "soft"] {
                assert!(ratio(colour(ink), colour(paper)) >= 4.5, "{ink} on {paper}");
            }
        }
        for tone in ["failed", "unproven", "passed"] {
            for paper in ["card".to_owned(), "page".to_owned(), format!("{tone}-wash")] {
                assert!(ratio(colour(tone), colour(&paper)) >= 4.5, "{tone} on {paper}");
            }
        }
    }
}
