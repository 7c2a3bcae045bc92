use super::{Act, Selection, assumed};
use crate::policy::{self, ConfigFile, Loaded};

const QUICKSTART: &str = include_str!("../../../examples/quickstart/config/policies/orders.yaml");

fn loaded(policies: &[(&str, &str)]) -> Loaded {
    let file = |(name, storage): &(&str, &str)| {
        let text = QUICKSTART.replace("name: orders", &format!("name: {name}")).replace("role: shop-", &format!("role: {name}-"));
        let text = text.replace("bucket: shop-dr-orders", &format!("bucket: dr-{name}{storage}"));
        ConfigFile { path: format!("policies/{name}.yaml"), bytes: text.into_bytes() }
    };
    let loaded = policy::load(&policies.iter().map(file).collect::<Vec<_>>());
    assert!(loaded.findings.is_empty(), "{:?}", loaded.findings);
    loaded
}

#[test]
fn each_role_is_taken_on_once_for_all_that_its_policies_have_and_for_nothing_else() {
    let there = "\n    account: \"444455556666\"\n    assumeRole: {plan: \"arn:aws:iam::444455556666:role/p\", apply: \"arn:aws:iam::444455556666:role/a\"}";
    let loaded = loaded(&[("orders", there), ("carts", there), ("here", "")]);
    for (act, role) in [(Act::Plan, "arn:aws:iam::444455556666:role/p"), (Act::Apply, "arn:aws:iam::444455556666:role/a")] {
        let found = assumed(&loaded, act, &Selection::default());
        let [one] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((one.role.as_str(), one.account.as_str()), (role, "444455556666"));
        assert_eq!(one.buckets.iter().collect::<Vec<_>>(), ["dr-carts", "dr-orders"]);
        assert_eq!(one.roles.len(), 6);
        assert!(one.roles.iter().all(|name| !name.starts_with("here-")));
    }
    let carts = Selection { policies: vec!["carts".parse().unwrap()], shard: None };
    assert_eq!(assumed(&loaded, Act::Plan, &carts)[0].buckets.iter().collect::<Vec<_>>(), ["dr-carts"]);
    let here = Selection { policies: vec!["here".parse().unwrap()], shard: None };
    assert_eq!(assumed(&loaded, Act::Apply, &here), [], "a role that nothing selected needs is left alone");
}
