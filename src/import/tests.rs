use std::collections::BTreeMap;

use serde_json::json;

use super::{LiveRoles, Subject, policy};

mod roles;
use crate::compile;
use crate::model::aspects::{AccessLog, Encryption, Existence, LockMode, LockRetention, ObjectLock, Ownership, PublicAccess, Tags, Versioning};
use crate::model::document::Document;
use crate::model::fact::{Fact, Why};
use crate::model::id::ResourceId;
use crate::model::lifecycle::{Expiration, Filter, Lifecycle, Rule};
use crate::model::request::ReadOp;
use crate::model::resource::{Observed, ObservedResource};
use crate::plan::{self, Ask};
use crate::policy::{ConfigFile, load};

const SUBJECT: Subject<'static> = Subject {
    policy: "orders",
    bucket: "acme-backups",
    account: Some("111122223333"),
    region: "eu-west-1",
    prefix: "orders/",
    repository: None,
    unfilled_keys: &[],
};

/// The written policy, and how many steps and holds a plan of it has against the same bucket.
fn round(facts: &[(ReadOp, Fact<Document>)]) -> (String, usize, usize) {
    let mut live = ObservedResource { facts: facts.iter().cloned().collect() };
    for setting in crate::settings::SETTINGS {
        live.facts.entry(setting.read).or_insert(Fact::Absent);
    }
    live.facts.insert(ReadOp::BucketExists, Fact::Known(Document::of(&Existence { region: Some("eu-central-1".to_owned()) })));
    let imported = policy(&SUBJECT, &live, &LiveRoles::new());
    let loaded = load(&[ConfigFile { path: "policies/orders.yaml".to_owned(), bytes: imported.yaml.clone().into_bytes() }]);
    assert!(loaded.findings.is_empty(), "{}\n{:?}", imported.yaml, loaded.findings);
    let (desired, findings) = compile::compile(&loaded, &[]);
    assert!(findings.is_empty(), "{findings:?}");
    let resources = BTreeMap::from([(ResourceId::Bucket("acme-backups".to_owned()), live)]);
    let observed = Observed {
        at: jiff::Timestamp::UNIX_EPOCH,
        identity: Fact::Absent,
        resources,
        backups: BTreeMap::new(),
        left: BTreeMap::new(),
        applied: BTreeMap::new(),
        requests: 0,
        unasked: 0,
        stored: BTreeMap::new(),
        repositories: BTreeMap::new(),
        released: BTreeMap::new(),
        listed: BTreeMap::new(),
    };
    let plan = plan::asked(&desired, &observed, &Ask::default());
    (imported.yaml, plan.steps.len(), plan.held.len())
}

type Facts = Vec<(ReadOp, Fact<Document>)>;

fn known<T: serde::Serialize>(op: ReadOp, value: &T) -> (ReadOp, Fact<Document>) {
    (op, Fact::Known(Document::of(value)))
}

fn log(bucket: &str) -> AccessLog {
    AccessLog { bucket: bucket.to_owned(), prefix: "s3/".to_owned(), grants: Vec::new(), key_format: None }
}

fn expiring(days: i32) -> Rule {
    Rule {
        id: "their-rule".to_owned(),
        enabled: true,
        filter: Filter::prefix("dumps/"),
        expiration: Some(Expiration::Days(days)),
        transitions: Vec::new(),
        noncurrent: None,
        noncurrent_transitions: Vec::new(),
        abort_uploads_days: None,
    }
}

/// Buckets in every state of each setting that a policy knows, and in states that it has no word for.
fn buckets() -> Vec<(&'static str, Facts)> {
    let encryption = |algorithm: &str, key: Option<&str>, bucket_key| Encryption {
        algorithm: algorithm.to_owned(),
        key: key.map(str::to_owned),
        bucket_key,
        blocked_types: Vec::new(),
    };
    let tags = |pairs: &[(&str, &str)]| Tags(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect());
    let open = PublicAccess { block_public_policy: false, ..PublicAccess::BLOCKED };
    let refused = |op| (op, Fact::Unknown(Why::Refused("no".to_owned())));
    let rules = |rules: Vec<Rule>| Lifecycle { rules, minimum_size: Some("varies_by_storage_class".to_owned()) };
    vec![
        ("bare", vec![]),
        ("versioned", vec![known(ReadOp::BucketVersioning, &Versioning::Enabled)]),
        ("suspended", vec![known(ReadOp::BucketVersioning, &Versioning::Suspended)]),
        ("aes", vec![known(ReadOp::BucketEncryption, &encryption("AES256", None, false))]),
        ("aes with a bucket key", vec![known(ReadOp::BucketEncryption, &encryption("AES256", None, true))]),
        ("blocked types", vec![known(ReadOp::BucketEncryption, &Encryption { blocked_types: vec!["SSE-C".to_owned()], ..encryption("AES256", None, false) })]),
        ("the AWS managed key", vec![known(ReadOp::BucketEncryption, &encryption("aws:kms", None, false))]),
        ("a key", vec![known(ReadOp::BucketEncryption, &encryption("aws:kms", Some("arn:aws:kms:eu-west-1:111122223333:key/1234abcd"), true))]),
        ("an alias", vec![known(ReadOp::BucketEncryption, &encryption("aws:kms", Some("alias/dr"), true))]),
        ("two layers", vec![known(ReadOp::BucketEncryption, &encryption("aws:kms:dsse", None, false))]),
        ("blocked", vec![known(ReadOp::BucketPublicAccess, &PublicAccess::BLOCKED)]),
        ("half open", vec![known(ReadOp::BucketPublicAccess, &open)]),
        ("owner enforced", vec![known(ReadOp::BucketOwnership, &Ownership::BucketOwnerEnforced)]),
        ("writers own", vec![known(ReadOp::BucketOwnership, &Ownership::ObjectWriter)]),
        ("tags", vec![known(ReadOp::BucketTags, &tags(&[("team", "dba: \"x\" #1"), ("aws:cloudformation:stack-name", "s"), ("no", "yes"), ("n", "007")]))]),
        ("expiring", vec![known(ReadOp::BucketLifecycle, &rules(vec![expiring(3)]))]),
        ("many rules", vec![known(ReadOp::BucketLifecycle, &rules((1..50).map(|at| Rule { id: format!("r{at}"), ..expiring(at) }).collect()))]),
        ("managed by another lifeboat", vec![known(ReadOp::BucketTags, &tags(&[("managed-by", "lifeboat")]))]),
        (
            "locked",
            vec![
                known(ReadOp::BucketVersioning, &Versioning::Enabled),
                known(ReadOp::BucketObjectLock, &ObjectLock { retention: Some(LockRetention { mode: LockMode::Compliance, days: None, years: Some(1) }) }),
            ],
        ),
        ("locked one by one", vec![known(ReadOp::BucketVersioning, &Versioning::Enabled), known(ReadOp::BucketObjectLock, &ObjectLock { retention: None })]),
        ("logged", vec![known(ReadOp::BucketLogging, &log("logs"))]),
        ("logged into itself", vec![known(ReadOp::BucketLogging, &log("acme-backups"))]),
        (
            "open to all",
            vec![known(ReadOp::BucketPolicy, &json!({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}]}))],
        ),
        ("refused encryption", vec![refused(ReadOp::BucketEncryption)]),
        ("refused tags", vec![refused(ReadOp::BucketTags)]),
        ("refused versioning and block", vec![refused(ReadOp::BucketVersioning), refused(ReadOp::BucketPublicAccess)]),
    ]
}

#[test]
fn what_is_written_plans_to_nothing() {
    let buckets = buckets();
    assert!(buckets.len() >= 15);
    for (name, facts) in &buckets {
        let (yaml, steps, held) = round(facts);
        assert_eq!((steps, held), (0, 0), "{name}:\n{yaml}");
    }
    let all: Facts =
        buckets.iter().filter(|(name, _)| ["versioned", "a key", "blocked", "tags", "expiring"].contains(name)).flat_map(|(_, facts)| facts.clone()).collect();
    let (yaml, steps, held) = round(&all);
    assert_eq!((steps, held), (0, 0), "{yaml}");
    for said in ["versioning: enabled", "publicAccess: blocked", "region: eu-central-1", "rule `their-rule` expires keys below dumps/ after 3 d"] {
        assert!(yaml.contains(said), "{said}:\n{yaml}");
    }
}

#[test]
fn what_has_no_word_is_said_and_left_alone() {
    let refused =
        policy(&SUBJECT, &ObservedResource { facts: BTreeMap::from([(ReadOp::BucketTags, Fact::Unknown(Why::Refused("no".to_owned())))]) }, &LiveRoles::new());
    assert!(refused.notes.iter().any(|note| note.starts_with("tags: access denied")), "{:?}", refused.notes);
    assert!(!refused.yaml.contains("\n    tags:"));
    let (yaml, ..) = round(&[known(
        ReadOp::BucketEncryption,
        &Encryption { algorithm: "aws:kms:dsse".to_owned(), key: None, bucket_key: false, blocked_types: Vec::new() },
    )]);
    assert!(yaml.contains("# ") && yaml.contains("`aws:kms:dsse` has no word") && !yaml.contains("\n    encryption:"), "{yaml}");
}
