use super::{alike, names};
use crate::view::plan::{GroupView, StepView};

fn group(policy: &str, bucket: &str, line: &str) -> GroupView {
    let step = StepView {
        id: format!("bucket-tags@bucket/{bucket}"),
        kind: "change".to_owned(),
        resource: format!("bucket/{bucket}"),
        title: format!("bucket {bucket} · tags"),
        reason: "differs".to_owned(),
        lines: vec![line.to_owned()],
        effects: Vec::new(),
        hold: None,
        allowed: None,
        digest: None,
        from: None,
        to: None,
        requests: Vec::new(),
    };
    GroupView { policies: vec![policy.to_owned()], files: vec![format!("policies/{policy}.yaml")], settled: 11, settled_ids: Vec::new(), steps: vec![step] }
}

fn together(groups: &[GroupView]) -> Vec<Vec<&str>> {
    alike(groups).iter().map(|same| same.iter().map(|group| group.policies[0].as_str()).collect()).collect()
}

#[test]
fn what_differs_in_names_only_is_said_once() {
    let groups = [
        group("orders", "dr-orders", "orders/nightly:daily expires after 8 d"),
        group("carts", "dr-carts", "carts/nightly:daily expires after 9 d"),
        group("ledger", "dr-ledger", "ledger/nightly:daily expires after 8 d"),
    ];
    assert_eq!(together(&groups), [vec!["orders", "ledger"], vec!["carts"]]);
}

#[test]
fn a_name_that_could_be_a_number_does_not_make_numbers_equal() {
    assert_eq!(together(&[group("orders", "365", "expires after 365 d"), group("carts", "403", "expires after 403 d")]).len(), 2);
}

#[test]
fn what_is_settled_counts_too() {
    let groups = [group("orders", "a-bucket", "x"), GroupView { settled: 10, ..group("carts", "b-bucket", "x") }];
    assert_eq!(together(&groups).len(), 2);
}

#[test]
fn long_lists_of_names_end_with_a_count() {
    assert_eq!(names(["a", "b", "c"], 2), "a, b, c", "one more is shorter than its count");
    assert_eq!(names(["a", "b", "c", "d"], 2), "a, b and 2 more");
}
