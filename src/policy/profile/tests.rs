use serde_json::{Value, json};

use super::{overlay, pointer};

#[test]
fn a_policy_over_a_profile_adds_and_replaces() {
    let mut value = Value::Null;
    overlay(&mut value, json!({"spec": {"objectives": {"rpo": "24h", "rto": "1h"}, "list": [1, 2, 3]}}));
    overlay(&mut value, json!({"spec": {"objectives": {"rto": "15m"}, "list": [9]}}));
    assert_eq!(value, json!({"spec": {"objectives": {"rpo": "24h", "rto": "15m"}, "list": [9]}}));
}

#[test]
fn a_dotted_path_is_a_pointer() {
    assert_eq!(pointer("spec.backups.nightly"), "/spec/backups/nightly");
}
