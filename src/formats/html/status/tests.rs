use serde_json::Value;

use super::status;
use crate::formats::text::stood as view;
use crate::report::Verdict;
use crate::report::status::Standing;
use crate::report::storage::{ClassStorage, Storage};
use crate::view::status::StatusView;

/// The card of a policy.
fn card<'a>(page: &'a str, policy: &str) -> &'a str {
    let end = |from: usize| page[from..].find("</article>").map_or(page.len(), |at| from + at);
    let name = page.find(&format!("<h2>{policy}</h2>")).unwrap();
    let begin = page[..name].rfind("<article").unwrap();
    &page[begin..end(begin)]
}

#[test]
fn each_policy_has_a_card_with_what_can_be_restored() {
    let page = status(&view()).unwrap();
    let orders = card(&page, "orders");
    for said in ["class=\"card passed\"", ">met<", "4 h of 24 h", "<dt>Last verified</dt><dd>47 h ago</dd>", "<dt>Reaches back</dt><dd>365 d</dd>"] {
        assert!(orders.contains(said), "{said}: {orders}");
    }
    assert!(orders.contains("oldest 2025-11-22 01:15 UTC") && !orders.contains("<i style"), "{orders}");
    let billing = card(&page, "billing");
    assert!(billing.contains("class=\"card failed\"") && billing.contains("<b>missed</b>") && billing.contains("<b>gap</b>"), "{billing}");
    // Three days of the last five of a window of 365.
    assert!(billing.contains("<i style=\"left:98.6%;width:0.8%\"></i>"), "{billing}");
    assert!(page.contains("<h1>2 of 3 policies do not meet their objectives</h1>") && page.contains("class=\"banner failed\""), "{page}");
}

#[test]
fn what_is_not_known_is_never_green_nor_nothing() {
    let page = status(&view()).unwrap();
    let ledger = card(&page, "ledger");
    assert!(ledger.contains("class=\"card unproven\"") && ledger.contains("<dt>Restore points</dt><dd>not known</dd>"), "{ledger}");
    assert!(ledger.contains("<b>unknown</b><span>access denied: no</span>"), "{ledger}");
    let mut seen = view();
    seen.policies.retain(|policy| policy.policy == "orders");
    seen.evidence = Some("no evidence".to_owned());
    seen.policies.iter_mut().for_each(|policy: &mut Standing| policy.drills = Some(Verdict::Unproven));
    let seen = StatusView { kept: 0, ..seen };
    let page = status(&seen).unwrap();
    assert!(page.contains("class=\"banner unproven\"") && page.contains("What drills proved is not known: no evidence"), "{page}");
    let empty = StatusView { policies: Vec::new(), kept: 0, ..seen };
    assert!(status(&empty).unwrap().contains("class=\"banner unproven\""));
}

fn storage() -> Storage {
    Storage {
        currency: "USD".to_owned(),
        monthly: None,
        monthly_text: None,
        classes: vec![ClassStorage { class: "GLACIER".to_owned(), objects: 3, bytes: 3 << 40 }],
        policies: Vec::new(),
        unknown: Vec::new(),
        prices: Vec::new(),
        notes: vec!["what lies there of ledger is not known, and not counted: access denied: no".to_owned()],
    }
}

#[test]
fn the_bill_names_what_it_leaves_out() {
    let page = status(&StatusView { storage: Some(storage()), ..view() }).unwrap();
    assert!(page.contains("no price is known") && page.contains("3.0 TiB"), "{page}");
    assert!(page.contains("<li>what lies there of ledger is not known, and not counted: access denied: no</li>"), "{page}");
}

/// Every text of the view, replaced one and all by something hostile: none of it reaches the page as markup.
#[test]
fn hostile_texts_are_escaped_and_nothing_comes_from_outside() {
    fn spoil(value: &mut Value) {
        match value {
            Value::String(text) if !["passed", "failed", "unproven"].contains(&text.as_str()) => {
                *text = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>".to_owned();
            }
            Value::Array(items) => items.iter_mut().for_each(spoil),
            Value::Object(fields) => fields.values_mut().for_each(spoil),
            _ => {}
        }
    }
    let mut value = serde_json::to_value(StatusView { storage: Some(storage()), evidence: Some("no".to_owned()), ..view() }).unwrap();
    spoil(&mut value);
    let page = status(&serde_json::from_value(value).unwrap()).unwrap();
    assert!(!page.contains("<script") && !page.contains("<img") && !page.contains("\"'>"), "{page}");
    assert!(page.matches("&#60;script&#62;").count() > 10);
    let page = status(&view()).unwrap();
    for outside in ["<script", "<link", "src=", "@import", "url(", "http:", "https:", "//"] {
        assert!(!page.contains(outside), "{outside}");
    }
}
