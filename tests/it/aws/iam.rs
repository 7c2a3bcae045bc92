//! IAM documents whose verdict is known.

use lifeboat::model::verdict::iam_policy;
use lifeboat::settings;

use super::{answer, cases, text};

/// IAM's verdict and its words, on every document; and the setting holds what IAM refuses.
#[test]
fn every_known_policy_verdict_is_ours() {
    let cases = cases("iam_policy_validation.json");
    let setting = settings::by_id("role-permissions").unwrap();
    let mut wrong = Vec::new();
    for case in &cases {
        let expected = if case["expected"] == "ok" { "ok".to_owned() } else { format!("{}: {}", text(case, "/expected"), text(case, "/message")) };
        let ours = answer(&iam_policy::identity(&case["document"]));
        let held = (setting.refused)(&lifeboat::model::document::Document::of(&case["document"])).is_some();
        if ours != expected || held != (expected != "ok") {
            wrong.push(format!("{}\n  AWS:  {expected}\n  ours: {ours} (held: {held})", case["document"]));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    assert_eq!((cases.len(), cases.iter().filter(|case| case["expected"] == "ok").count()), (71, 33));
}
