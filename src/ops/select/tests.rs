use super::{Glob, Selection, Shard};
use crate::compile::compile;
use crate::model::resource::{Desired, ResourceWish};
use crate::policy::{ConfigFile, Loaded, load};

const POLICY: &str = include_str!("../../../examples/quickstart/config/policies/orders.yaml");

/// `orders` and `carts` share a bucket, `ledger` has its own.
fn fleet() -> (Loaded, Desired) {
    let policy = |name: &str, bucket: &str| {
        let text = POLICY.replace("name: orders\n", &format!("name: {name}\n")).replace("prefix: orders/", &format!("prefix: {name}/"));
        let text = text.replace("shop-dr-orders", bucket).replace("role: shop-", &format!("role: {name}-"));
        ConfigFile { path: format!("policies/{name}.yaml"), bytes: text.into_bytes() }
    };
    let loaded = load(&[policy("orders", "shared"), policy("carts", "shared"), policy("ledger", "alone")]);
    assert!(loaded.findings.is_empty(), "{:?}", loaded.findings);
    let (desired, findings) = compile(&loaded, &[]);
    assert!(findings.is_empty(), "{findings:?}");
    (loaded, desired)
}

fn globs(globs: &[&str]) -> Selection {
    Selection { policies: globs.iter().map(|glob| glob.parse().unwrap()).collect(), shard: None }
}

fn names(desired: &Desired) -> Vec<String> {
    desired.resources.iter().map(|wish| wish.id().to_string()).collect()
}

#[test]
fn stars_stand_for_any_text() {
    let fits = |glob: &str, name: &str| glob.parse::<Glob>().unwrap().fits(name);
    for (glob, name) in [("orders", "orders"), ("*", "a"), ("team-*", "team-"), ("*-eu", "a-eu-eu"), ("a*b*c", "axbybzc"), ("or??rs", "orders"), ("**", "x")] {
        assert!(fits(glob, name), "{glob} {name}");
    }
    for (glob, name) in [("orders", "orders2"), ("order?", "order"), ("a*b", "a"), ("*-eu", "eu"), ("a*b*c", "acb"), ("?", "ab")] {
        assert!(!fits(glob, name), "{glob} {name}");
    }
    assert!("Orders".parse::<Glob>().unwrap_err().contains("`O` is in no policy's name"));
    assert!("".parse::<Glob>().is_err());
}

/// The rules of the policy that was not asked for stay in what is wanted of the bucket, or they would look left over.
#[test]
fn a_bucket_that_others_share_is_taken_whole_and_that_is_said() {
    let (mut loaded, mut desired) = fleet();
    let digest = desired.digest.clone();
    let view = globs(&["orders"]).cut(&mut loaded, &mut desired).unwrap().unwrap();
    assert_eq!(names(&desired), ["bucket/shared", "role/orders-backup-writer", "role/orders-keeper", "role/orders-restorer"]);
    let Some(ResourceWish::Bucket(bucket)) = desired.resources.first() else { panic!() };
    assert_eq!(bucket.tenants.iter().map(|tenant| tenant.policy.as_str()).collect::<Vec<_>>(), ["carts", "orders"]);
    assert_eq!((view.out_of, view.shared.len(), view.shared[0].others.as_slice()), (3, 1, ["carts".to_owned()].as_slice()));
    assert_eq!(loaded.policies.iter().map(|policy| policy.name.as_str()).collect::<Vec<_>>(), ["orders"]);
    assert_eq!(desired.digest, digest, "a saved plan is bound to all policies");
}

#[test]
fn nothing_selected_is_everything_and_what_fits_nothing_is_an_error() {
    let (mut loaded, mut desired) = fleet();
    assert!(Selection::default().cut(&mut loaded, &mut desired).unwrap().is_none());
    assert_eq!(desired.resources.len(), 11);
    let error = globs(&["orders", "oders*"]).cut(&mut loaded, &mut desired).unwrap_err();
    assert_eq!(error.to_string(), "there is no policy `oders*`");
    assert_eq!(error.hint().unwrap(), "there are: carts, ledger, orders");
    assert_eq!(desired.resources.len(), 11, "and nothing was cut");
}

#[test]
fn shards_are_disjoint_together_everything_and_keep_a_bucket_with_its_roles() {
    for of in 1..=5_u64 {
        let mut all = Vec::new();
        for part in 1..=of {
            let (mut loaded, mut desired) = fleet();
            let shard: Shard = format!("{part}/{of}").parse().unwrap();
            let view = Selection { policies: Vec::new(), shard: Some(shard) }.cut(&mut loaded, &mut desired).unwrap().unwrap();
            assert!(view.shared.is_empty(), "policies that share a bucket stay together");
            let buckets: Vec<&str> = loaded.policies.iter().map(|policy| policy.policy.spec.storage.bucket.as_str()).collect();
            for wish in &desired.resources {
                match wish {
                    ResourceWish::Bucket(bucket) => assert!(buckets.contains(&bucket.name.as_str())),
                    ResourceWish::Role(role) => assert!(buckets.contains(&role.bucket.as_str())),
                    ResourceWish::Provider(_) => panic!("nobody trusts one"),
                }
            }
            all.extend(names(&desired));
        }
        all.sort();
        let mut whole = names(&fleet().1);
        whole.sort();
        assert_eq!(all, whole, "{of} parts");
    }
    // Stable: the numbers are those of SHA-256, whatever machine or version.
    let of_four = |bucket: &str| (1..=4).find(|part| Shard { part: *part, of: 4 }.holds(bucket)).unwrap();
    assert_eq!(["acme-dr-orders", "acme-dr-billing", "acme-dr-ledger"].map(of_four), SHARDS);
    for wrong in ["0/4", "5/4", "4", "1/0", "a/b", "-1/4"] {
        assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
    }
}

const SHARDS: [u64; 3] = [2, 1, 3];
