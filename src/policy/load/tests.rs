use std::sync::Arc;

use super::super::{profile, schema, schema_check, yaml};
use super::{ConfigFile, Loaded, load};

const OWN: &str = "\
apiVersion: lifeboat.dev/v1
kind: DisasterRecoveryPolicy
metadata: {name: orders, owner: sre@example.com}
spec:
  extends: [house]
  objectives: {rto: 15m}
  database: {connection: {env: ORDERS}}
  storage: {bucket: acme, region: eu-west-1, prefix: orders/, tags: {a: own}}
";
const HOUSE: &str = "\
apiVersion: lifeboat.dev/v1
kind: Profile
metadata: {name: house, owner: platform@example.com}
spec:
  objectives: {rpo: 26h, rto: 1h}
  storage: {tags: {a: house, b: house}}
  backups:
    nightly:
      engine: pg_dump
      databases: [orders, billing]
      schedule: {cron: \"15 2 * * *\", timezone: UTC}
      retention: {recent: 3d, daily: 14}
";

fn loaded(files: &[(&str, &str)]) -> Loaded {
    let files: Vec<ConfigFile> = files.iter().map(|(path, text)| ConfigFile { path: (*path).to_owned(), bytes: text.as_bytes().to_vec() }).collect();
    load(&files)
}

fn one() -> Loaded {
    let loaded = loaded(&[("policies/orders.yaml", OWN), ("profiles/house.yaml", HOUSE)]);
    assert_eq!(loaded.findings.iter().map(|finding| &finding.title).collect::<Vec<_>>(), Vec::<&String>::new());
    loaded
}

#[test]
fn every_value_is_placed_in_the_file_that_set_it() {
    let loaded = one();
    let origin = |pointer: &str| loaded.policies[0].origin(pointer).unwrap();
    let (own, house) = ("policies/orders.yaml".to_owned(), "profiles/house.yaml".to_owned());
    assert_eq!(origin("/spec/objectives/rpo"), (house.clone(), 5));
    assert_eq!(origin("/spec/objectives/rto"), (own.clone(), 6), "the policy lies above its profile");
    assert_eq!(origin("/spec/storage/tags/a"), (own.clone(), 8));
    assert_eq!(origin("/spec/storage/tags/b"), (house.clone(), 6));
    assert_eq!(origin("/spec/backups/nightly/databases/1"), (house, 10));
    assert_eq!(origin("/metadata/owner"), (own.clone(), 3), "what a profile says of itself is not of the policy");
    assert_eq!(origin("/spec/storage/nothing/there"), (own, 8), "the closest that is there");
}

#[test]
fn a_replaced_list_leaves_nothing_behind() {
    let own = format!("{OWN}  backups: {{nightly: {{databases: [orders]}}}}\n");
    let loaded = loaded(&[("policies/orders.yaml", &own), ("profiles/house.yaml", HOUSE)]);
    assert_eq!(loaded.policies[0].origin("/spec/backups/nightly/databases/1"), Some(("policies/orders.yaml".to_owned(), 9)));
}

#[test]
fn the_digest_is_of_what_is_meant_and_not_of_how_it_is_written() {
    let digest = one().digest();
    let written = OWN.replace("{rto: 15m}", "{rto:   15m} # a word");
    assert_eq!(loaded(&[("policies/orders.yaml", &written), ("profiles/house.yaml", HOUSE)]).digest(), digest);
    let meant = HOUSE.replace("26h", "25h");
    assert_ne!(loaded(&[("policies/orders.yaml", OWN), ("profiles/house.yaml", &meant)]).digest(), digest);
}

#[test]
fn what_is_wrong_in_a_part_is_wrong_in_the_whole() {
    // The parts are looked at only when the whole is wrong, so no mistake of a part may hide in the whole.
    let mistakes = [("rto: 15m", "rto: 15"), ("spec:", "spec:\n  nothing: 1"), ("extends: [house]", "extends: [house, house2]"), ("kind: Dis", "kind: dis")];
    for (from, to) in mistakes {
        let own = OWN.replacen(from, to, 1);
        let loaded = loaded(&[("policies/orders.yaml", &own), ("profiles/house.yaml", HOUSE)]);
        assert!(loaded.policies.is_empty(), "{to}");
        assert_eq!(loaded.findings.len(), 1, "{to}: {:?}", loaded.findings);
    }
}

#[test]
fn the_shipped_profiles_are_profiles() {
    let checker = schema_check::SchemaChecker::new(&schema::partial("Profile")).unwrap();
    for (name, text) in profile::SHIPPED {
        let parsed = Arc::new(yaml::parse(text.as_bytes()));
        assert_eq!((parsed.problems.len(), checker.check(&parsed).len()), (0, 0), "{name}");
        assert!(checker.is_sound(&parsed.value), "{name}");
    }
}

#[test]
fn our_schemas_mean_the_same_by_draft_7() {
    // What draft 7 would not look at, beside a reference or at all.
    const SINCE: [&str; 12] = [
        "prefixItems",
        "dependentRequired",
        "dependentSchemas",
        "unevaluatedItems",
        "unevaluatedProperties",
        "minContains",
        "maxContains",
        "$anchor",
        "$dynamicRef",
        "$dynamicAnchor",
        "$recursiveRef",
        "$vocabulary",
    ];
    const SAYS_NOTHING: [&str; 5] = ["$ref", "title", "description", "default", "examples"];
    fn walk(node: &serde_json::Value, seen: &mut usize) {
        match node {
            serde_json::Value::Object(fields) => {
                *seen += 1;
                let refers = fields.get("$ref").is_some_and(serde_json::Value::is_string);
                for (key, value) in fields {
                    assert!(!SINCE.contains(&key.as_str()), "{key} in {node}");
                    assert!(!refers || SAYS_NOTHING.contains(&key.as_str()), "{key} beside a reference in {node}");
                    walk(value, seen);
                }
            }
            serde_json::Value::Array(items) => items.iter().for_each(|item| walk(item, seen)),
            _ => {}
        }
    }
    for schema in [schema::policy(), schema::partial("Profile"), schema::partial("DisasterRecoveryPolicy"), schema::repository()] {
        let mut seen = 0;
        walk(&schema, &mut seen);
        assert!(seen > 100, "{seen}");
    }
}
