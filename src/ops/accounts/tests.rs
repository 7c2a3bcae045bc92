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

#[test]
fn a_replica_is_looked_at_with_its_own_role_and_nothing_else_is() {
    let copied = |to: &str, of: &str, and: &str| {
        let replica = format!("{{bucket: {to}, account: \"{of}\", region: eu-central-1, role: \"arn:aws:iam::111122223333:role/x/copier\"{and}}}");
        format!("\n    account: \"111122223333\"\n    replication: {replica}")
    };
    let reader = ", assumeRole: {role: \"arn:aws:iam::444455556666:role/reader\", externalId: acme-dr}";
    let there = copied("copies", "444455556666", reader);
    let found = assumed(&loaded(&[("orders", &there), ("carts", &there), ("here", &copied("others", "444455556666", ""))]), Act::Plan, &Selection::default());
    let [one] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((one.role.as_str(), one.external_id.as_deref()), ("arn:aws:iam::444455556666:role/reader", Some("acme-dr")));
    assert_eq!(one.buckets.iter().collect::<Vec<_>>(), ["copies"]);
    assert!(one.roles.is_empty() && one.keys.is_empty() && one.account.is_empty(), "not for roles, keys or providers of that account: {one:?}");
    // With a role for the originals too, each has its own, and the role that copies is of the originals.
    let both = format!("{there}\n    assumeRole: {{plan: \"arn:aws:iam::111122223333:role/p\", apply: \"arn:aws:iam::111122223333:role/a\"}}");
    let found = assumed(&loaded(&[("orders", &both)]), Act::Apply, &Selection::default());
    let said: Vec<(&str, Vec<&String>, bool)> =
        found.iter().map(|one| (one.role.as_str(), one.buckets.iter().collect(), one.roles.contains("copier"))).collect();
    let (originals, copies) = ("dr-orders".to_owned(), "copies".to_owned());
    assert_eq!(said, [("arn:aws:iam::111122223333:role/a", vec![&originals], true), ("arn:aws:iam::444455556666:role/reader", vec![&copies], false)]);
    // A replica that is the bucket of a policy: that policy says who looks at it.
    let found = assumed(&loaded(&[("orders", &copied("dr-carts", "444455556666", reader)), ("carts", "")]), Act::Plan, &Selection::default());
    assert_eq!(found, []);
}
