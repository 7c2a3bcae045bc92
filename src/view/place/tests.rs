use super::{LineView, lines, of_bucket};
use crate::model::id::{ResourceId, ResourceKind};
use crate::policy::{self, ConfigFile};
use crate::settings;

const POLICY: &str = "\
apiVersion: lifeboat.dev/v1
kind: DisasterRecoveryPolicy
metadata: {name: orders, owner: sre@example.com}
spec:
  extends: [tier-1]
  objectives: {rpo: 26h, rto: 15m}
  database: {connection: {env: ORDERS}}
  storage:
    bucket: acme
    region: eu-west-1
    prefix: orders/
    tags: {a: b}
  backups:
    nightly: {engine: pg_dump, databases: [orders], schedule: {cron: \"15 2 * * *\", timezone: UTC}, retention: {recent: 3d, daily: 14}}
  access:
    writer: {role: w, trust: [{principal: \"arn:aws:iam::111122223333:user/job\"}]}
    keeper: {role: k, trust: [{principal: \"arn:aws:iam::111122223333:user/job\"}]}
    restorer:
      role: r
      trust: [{principal: \"arn:aws:iam::111122223333:user/job\"}]
";

#[test]
fn a_held_step_stands_at_the_line_that_wants_it() {
    let file = ConfigFile { path: "policies/orders.yaml".to_owned(), bytes: POLICY.as_bytes().to_vec() };
    let loaded = policy::load(&[file]);
    assert!(loaded.findings.is_empty(), "{:?}", loaded.findings);
    let owners: Vec<_> = loaded.policies.iter().collect();
    let bucket = ResourceId::Bucket("acme".to_owned());
    let role = |name: &str| ResourceId::Role(name.to_owned());
    let line = |id: &ResourceId, setting: &str| match lines(&owners, id, setting).as_slice() {
        [LineView { file, line }] => {
            assert_eq!(file, "policies/orders.yaml");
            *line
        }
        other => panic!("{setting}: {other:?}"),
    };
    assert_eq!(line(&bucket, "bucket-tags"), 12);
    assert_eq!(line(&bucket, "bucket-lifecycle"), 13);
    assert_eq!(line(&bucket, "bucket-logging"), 8, "left out: the storage that lacks it");
    assert_eq!(line(&bucket, "bucket-encryption"), 5, "set by a profile of the program: the line that extends it");
    assert_eq!(line(&role("r"), "role-trust"), 20);
    assert_eq!(line(&role("r"), "role-permissions"), 19);
    assert_eq!(line(&role("w"), "role-session"), 16);
    assert_eq!(lines(&owners, &role("of nobody"), "role-trust"), []);
}

#[test]
fn every_setting_of_a_bucket_has_a_place_of_its_own() {
    let mut seen = std::collections::BTreeSet::new();
    for setting in settings::of_kind(ResourceKind::Bucket) {
        assert!(seen.insert(of_bucket(setting.id)), "{} stands where another one does", setting.id);
    }
}
