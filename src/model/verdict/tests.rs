use serde_json::json;

use super::{Refusal, lifecycle, said};

#[test]
fn a_plan_says_what_is_wrong_and_the_simulator_what_aws_says() {
    let refusal =
        lifecycle::lifecycle(&json!({"LifecycleConfiguration": {"Rules": [{"ID": "a", "Status": "Enabled", "Expiration": {"Days": 1}}]}})).unwrap_err();
    assert_eq!(refusal.to_string(), "MalformedXML: rule `a` has neither a Filter nor a Prefix; an empty Filter means every key");
    assert!(refusal.answer().starts_with("MalformedXML: The XML you provided"));
    assert_eq!(said(Ok(())), None);
    assert_eq!(said(Err(Refusal::plain("A", "b"))), Some("A: b".to_owned()));
}
