use super::compile;
use crate::model::finding::{Finding, Level};
use crate::model::resource::{Desired, ResourceWish};
use crate::policy::{ConfigFile, load};

mod physical;

const POLICY: &str = include_str!("../../examples/quickstart/config/policies/orders.yaml");

/// The quickstart policy under another name, prefix and roles, with further texts replaced.
fn policy(name: &str, replace: &[(&str, &str)]) -> ConfigFile {
    let mut text = POLICY.replace("name: orders\n", &format!("name: {name}\n")).replace("prefix: orders/", &format!("prefix: {name}/"));
    text = text.replace("role: shop-", &format!("role: {name}-"));
    for (from, to) in replace {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    ConfigFile { path: format!("policies/{name}.yaml"), bytes: text.into_bytes() }
}

fn compiled(files: &[ConfigFile]) -> (Desired, Vec<Finding>) {
    let loaded = load(files);
    assert!(loaded.findings.is_empty(), "{:?}", loaded.findings);
    compile(&loaded, &[])
}

/// Title and the files of the places.
fn said(files: &[ConfigFile]) -> Vec<(String, Vec<String>)> {
    let file = |path: &str| path.trim_start_matches("policies/").trim_end_matches(".yaml").to_owned();
    let findings = compiled(files).1;
    findings.iter().map(|finding| (finding.title.clone(), finding.places.iter().map(|place| file(&place.file.path)).collect())).collect()
}

fn files(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn policies_that_agree_share_a_bucket() {
    let (desired, findings) = compiled(&[policy("a", &[]), policy("b", &[("cost-centre: \"4711\"", "team: b")])]);
    assert_eq!(findings, Vec::new());
    let buckets: Vec<_> = desired.resources.iter().filter_map(|wish| if let ResourceWish::Bucket(bucket) = wish { Some(bucket) } else { None }).collect();
    let [bucket] = buckets.as_slice() else { panic!("{buckets:?}") };
    assert_eq!(bucket.tenants.iter().map(|tenant| tenant.policy.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(bucket.tags.keys().collect::<Vec<_>>(), ["cost-centre", "team"]);
    assert_eq!(desired.resources.len(), 7);
}

#[test]
fn policies_that_disagree_about_a_bucket_are_both_named() {
    let cases = [
        ("versioning", "prefix: b/", "prefix: b/\n    versioning: suspended"),
        ("region", "region: eu-west-1", "region: us-east-1"),
        ("account", "prefix: b/", "prefix: b/\n    account: \"111122223333\""),
        ("endpoint", "prefix: b/", "prefix: b/\n    endpoint: http://127.0.0.1:9000"),
        ("encryption", "prefix: b/", "prefix: b/\n    encryption: {algorithm: \"aws:kms\"}"),
        ("publicAccess", "prefix: b/", "prefix: b/\n    publicAccess: unmanaged"),
        ("ownership", "prefix: b/", "prefix: b/\n    ownership: unmanaged"),
        ("objectLock", "prefix: b/", "prefix: b/\n    objectLock: {mode: governance, days: 1}"),
        (
            "replication",
            "prefix: b/",
            "prefix: b/\n    replication: {bucket: shop-replica, region: eu-central-1, role: \"arn:aws:iam::111122223333:role/dr-replicator\"}",
        ),
        ("accessLog", "prefix: b/", "prefix: b/\n    accessLog: {bucket: logs}"),
        ("bucketPolicy", "prefix: b/", "prefix: b/\n    bucketPolicy: unmanaged"),
        ("transport", "prefix: b/", "prefix: b/\n    transport: {tlsOnly: true}"),
    ];
    for (field, from, to) in cases {
        let found = said(&[policy("a", &[]), policy("b", &[(from, to)])]);
        let [(title, places)] = found.as_slice() else { panic!("{field}: {found:?}") };
        assert_eq!(title, &format!("two policies want different `{field}` on bucket `shop-dr-orders`"));
        assert_eq!(places.len(), 2, "{field}: {places:?}");
    }
}

#[test]
fn a_role_to_take_on_is_one_of_the_buckets_account_and_plan_has_its_own() {
    let arn = |account: &str, what: &str| format!("arn:aws:iam::{account}:{what}");
    let one = |name: &str, account: Option<&str>, plan: &str, apply: &str| {
        let account = account.map_or_else(String::new, |account| format!("\n    account: \"{account}\""));
        policy(name, &[("region: eu-west-1", &format!("region: eu-west-1{account}\n    assumeRole: {{plan: \"{plan}\", apply: \"{apply}\"}}"))])
    };
    let titles = |policies: &[ConfigFile]| said(policies).into_iter().map(|(title, _)| title).collect::<Vec<_>>();
    let (home, plan, apply) = ("444455556666", arn("444455556666", "role/p"), arn("444455556666", "role/a"));
    assert_eq!(titles(&[one("a", Some(home), &plan, &apply)]), Vec::<String>::new());
    assert_eq!(titles(&[one("a", Some(home), &plan, &plan)]), ["plan and apply take on the same role"]);
    let abroad = arn("111122223333", "role/a");
    assert_eq!(titles(&[one("a", Some(home), &plan, &abroad)]), ["the role to take on is of another account than the bucket"]);
    assert_eq!(titles(&[one("a", Some(home), &plan, &arn(home, "user/a"))]), ["a user cannot be taken on"]);
    assert_eq!(titles(&[one("a", None, &plan, &apply)]), ["`assumeRole` needs `account`"; 2]);
    let other = arn(home, "role/other");
    let both = [one("a", Some(home), &plan, &apply), one("b", Some(home), &plan, &other)];
    assert_eq!(titles(&both), ["two policies want different `assumeRole` on bucket `shop-dr-orders`"]);
}

#[test]
fn the_role_for_a_replica_is_one_of_its_account_and_the_same_in_every_policy() {
    let one = |name: &str, bucket: &str, account: &str, role: &str| {
        let taken = if role.is_empty() { String::new() } else { format!(", assumeRole: {{role: \"arn:aws:iam::{role}\"}}") };
        let replica = format!("replication: {{bucket: {bucket}{account}, region: eu-central-1, role: \"arn:aws:iam::111122223333:role/r\"{taken}}}");
        let bucket = format!("shop-dr-{name}");
        policy(name, &[("bucket: shop-dr-orders", &format!("bucket: {bucket}")), ("region: eu-west-1", &format!("region: eu-west-1\n    {replica}"))])
    };
    let home = ", account: \"444455556666\"";
    let titles = |policies: &[ConfigFile]| said(policies).into_iter().map(|(title, _)| title).collect::<Vec<_>>();
    assert_eq!(titles(&[one("a", "copies", home, "444455556666:role/x"), one("b", "copies", home, "444455556666:role/x")]), Vec::<String>::new());
    assert_eq!(titles(&[one("a", "copies", home, "111122223333:role/x")]), ["the role to take on is of another account than the bucket"]);
    assert_eq!(titles(&[one("a", "copies", home, "444455556666:user/x")]), ["a user cannot be taken on"]);
    assert_eq!(titles(&[one("a", "copies", "", "444455556666:role/x")]), ["`assumeRole` needs `account`"]);
    let differ = [one("a", "copies", home, "444455556666:role/x"), one("b", "copies", home, "")];
    assert_eq!(titles(&differ), ["two policies look at replica `copies` with different roles"]);
    let owned = [one("a", "shop-dr-b", home, "444455556666:role/x"), one("b", "copies", "", "")];
    assert_eq!(titles(&owned), ["bucket `shop-dr-b` is that of policy `b`, which says who looks at it"]);
}

#[test]
fn overlapping_prefixes_name_the_two_that_overlap() {
    let inside = policy("c", &[("prefix: c/", "prefix: b/c/")]);
    let found = said(&[policy("a", &[]), policy("b", &[]), inside]);
    assert_eq!(found, [("the prefixes of two policies overlap in bucket `shop-dr-orders`".to_owned(), files(&["c", "b"]))]);
    let around = said(&[policy("a", &[("prefix: a/", "prefix: b/a/")]), policy("b", &[])]);
    assert_eq!(around.len(), 1, "the other way round");
    assert_eq!(said(&[policy("a", &[]), policy("ab", &[])]), [], "a/ and ab/ do not overlap");
}

#[test]
fn tags_of_two_values_name_the_two_that_set_them() {
    let tagged = |name: &str, value: &str| policy(name, &[("cost-centre: \"4711\"", value)]);
    let found = said(&[tagged("a", "x: \"1\""), tagged("b", "team: b"), tagged("c", "team: c")]);
    assert_eq!(found, [("two policies want different values of tag `team` on bucket `shop-dr-orders`".to_owned(), files(&["c", "b"]))]);
}

#[test]
fn one_role_for_two_purposes_or_two_policies_is_an_error() {
    let within = said(&[policy("a", &[("role: a-keeper", "role: a-restorer")])]);
    assert_eq!(within, [("role `a-restorer` is named twice".to_owned(), files(&["a", "a"]))]);
    let across = said(&[policy("a", &[]), policy("b", &[("role: b-keeper", "role: a-keeper")])]);
    assert_eq!(across, [("role `a-keeper` is named twice".to_owned(), files(&["b", "a"]))]);
}

#[test]
fn a_lock_says_what_it_is_and_that_it_is_meant() {
    let storage = |yaml: &str| said(&[policy("a", &[("prefix: a/", &format!("prefix: a/\n    {yaml}"))])]);
    let titles = |yaml: &str| storage(yaml).into_iter().map(|(title, _)| title).collect::<Vec<_>>();
    assert_eq!(titles("objectLock: {mode: governance}"), ["an object lock has days or years"]);
    assert_eq!(titles("objectLock: {mode: governance, days: 1, years: 1}"), ["an object lock has days or years"]);
    assert_eq!(titles("objectLock: {mode: compliance, days: 1}"), ["a lock in compliance mode cannot be broken by anybody"]);
    assert_eq!(titles("objectLock: {mode: compliance, days: 1, iUnderstand: cannot be undone}"), Vec::<String>::new());
    for versioning in ["suspended", "unmanaged"] {
        assert_eq!(titles(&format!("versioning: {versioning}\n    objectLock: {{mode: governance, years: 1}}")), ["object lock needs versioning"]);
    }
}

#[test]
fn a_replica_is_another_bucket_of_a_versioned_one_and_has_a_key_where_the_original_has_one() {
    let replication = |bucket: &str| format!("replication: {{bucket: {bucket}, region: eu-central-1, role: \"arn:aws:iam::111122223333:role/dr-replicator\"}}");
    let titles = |yaml: &str| {
        let found = said(&[policy("a", &[("prefix: a/", &format!("prefix: a/\n    {yaml}"))])]);
        found.into_iter().map(|(title, _)| title).collect::<Vec<_>>()
    };
    assert_eq!(titles(&replication("shop-replica")), Vec::<String>::new());
    assert_eq!(titles(&replication("shop-dr-orders")), ["a bucket cannot be its own replica"]);
    assert_eq!(titles(&format!("{}\n    versioning: unmanaged", replication("shop-replica"))), ["replication needs versioning"]);
    let abroad = format!("{}\n    account: \"999922223333\"", replication("shop-replica"));
    assert!(titles(&abroad).contains(&"the role that copies is of another account than the bucket".to_owned()), "{:?}", titles(&abroad));
    let kms = "encryption: {algorithm: \"aws:kms\"}";
    let keyed = policy(
        "a",
        &[("region: eu-west-1", &format!("region: eu-west-1\n    {kms}")), ("prefix: a/", &format!("prefix: a/\n    {}", replication("shop-replica")))],
    );
    assert!(said(&[keyed]).iter().any(|(title, _)| title == "backups under a KMS key would not be copied"));
}

#[test]
fn a_log_goes_neither_into_its_own_bucket_nor_into_a_locked_one() {
    let own = policy("a", &[("prefix: a/", "prefix: a/\n    accessLog: {bucket: shop-dr-orders}")]);
    assert_eq!(said(&[own]), [("the access log of a bucket into itself logs its own writing, for ever".to_owned(), files(&["a"]))]);
    let logged = policy("a", &[("prefix: a/", "prefix: a/\n    accessLog: {bucket: shop-locked}")]);
    let locked = policy("b", &[("bucket: shop-dr-orders", "bucket: shop-locked\n    objectLock: {mode: governance, days: 1}")]);
    assert_eq!(said(&[logged, locked]), [("an access log cannot go into a bucket with object lock".to_owned(), files(&["a", "b"]))]);
}

#[test]
fn a_bucket_policy_that_nobody_would_write_or_that_locks_everybody_out_is_an_error() {
    let storage = |yaml: &str| said(&[policy("a", &[("prefix: a/", &format!("prefix: a/\n    {yaml}"))])]);
    let titles = |found: Vec<(String, Vec<String>)>| found.into_iter().map(|(title, _)| title).collect::<Vec<_>>();
    assert_eq!(
        titles(storage("bucketPolicy: unmanaged\n    transport: {minTls: \"1.3\"}")),
        ["`transport` is written into the bucket policy, which is unmanaged"]
    );
    let plain = "endpoint: \"http://127.0.0.1:9000\"\n    transport: ";
    assert_eq!(titles(storage(&format!("{plain}{{tlsOnly: true}}"))), ["the endpoint has no TLS, and requests without TLS would be refused"]);
    assert_eq!(storage(&format!("{plain}{{tlsOnly: false, minTls: \"1.2\"}}")), []);
    let (_, warned) = compiled(&[policy("a", &[("prefix: a/", "prefix: a/\n    settingsChangedBy: [\"arn:aws:iam::111122223333:role/dr-applier\"]")])]);
    assert!(matches!(warned.as_slice(), [one] if one.level == Level::Warning && one.title.contains("locked out")), "{warned:?}");
}

#[test]
fn a_key_with_aes256_is_an_error() {
    let keyed = policy("a", &[("prefix: a/", "prefix: a/\n    encryption: {algorithm: AES256, key: alias/x}")]);
    assert_eq!(said(&[keyed]), [("`AES256` has no key of yours".to_owned(), files(&["a"]))]);
}

#[test]
fn a_trust_in_github_needs_the_account() {
    let github =
        ("trust: [{principal: \"arn:aws:iam::000000000000:user/job\"}]}\n    keeper", "trust: [{github: {repository: a/b, environment: c}}]}\n    keeper");
    assert_eq!(said(&[policy("a", &[github])]), [("a GitHub trust needs `storage.account`".to_owned(), files(&["a"]))]);
    let with = policy("a", &[github, ("prefix: a/", "prefix: a/\n    account: \"111122223333\"")]);
    assert_eq!(said(&[with]), []);
}

#[test]
fn a_key_that_cannot_be_granted_and_a_check_that_cannot_be_asked_are_errors() {
    let alias = policy("a", &[("region: eu-west-1", "region: eu-west-1\n    encryption: {algorithm: \"aws:kms\", key: alias/dr}")]);
    assert!(said(&[alias]).iter().any(|(title, _)| title == "the key cannot be granted to the roles"));
    let lost = policy("a", &[("{name: orders exist, ", "{name: orders exist, database: billing, ")]);
    let found = said(&[lost]);
    assert!(found.iter().any(|(title, _)| title == "check `orders exist` asks database `billing`, which no backup set of drill `weekly` holds"), "{found:?}");
}
