use serde_json::{Value, json};

use super::{Origins, overlay, pointer};

#[test]
fn a_policy_over_a_profile_remembers_who_set_what() {
    let (mut value, mut origins) = (Value::Null, Origins::new());
    overlay(&mut value, &mut origins, &json!({"spec": {"objectives": {"rpo": "24h", "rto": "1h"}, "list": [1, 2, 3]}}), 0);
    overlay(&mut value, &mut origins, &json!({"spec": {"objectives": {"rto": "15m"}, "list": [9]}}), 1);
    assert_eq!(value, json!({"spec": {"objectives": {"rpo": "24h", "rto": "15m"}, "list": [9]}}));
    assert_eq!(origins.get("/spec/objectives/rpo"), Some(&0));
    assert_eq!(origins.get("/spec/objectives/rto"), Some(&1));
    assert_eq!(origins.get("/spec/list/0"), Some(&1));
    assert_eq!(origins.get("/spec/list/2"), None, "a replaced list leaves nothing behind");
}

#[test]
fn a_dotted_path_is_a_pointer() {
    assert_eq!(pointer("spec.backups.nightly"), "/spec/backups/nightly");
}
