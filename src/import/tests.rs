use std::collections::BTreeMap;

use serde_json::json;

use super::{LiveRoles, Subject, policy};

mod roles;
use crate::compile;
use crate::model::aspects::{AccessLog, Encryption, Existence, LockMode, LockRetention, ObjectLock, Ownership, PublicAccess, Tags, Versioning};
use crate::model::document::Document;
use crate::model::fact::{Fact, Why};
use crate::model::finding::Level;
use crate::model::iam;
use crate::model::id::ResourceId;
use crate::model::lifecycle::{Expiration, Filter, Lifecycle, Rule};
use crate::model::request::ReadOp;
use crate::model::resource::{Observed, ObservedResource, ResourceWish};
use crate::observe::Search;
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
    repositories: &Fact::Absent,
    elsewhere: &Fact::Absent,
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
    assert!(findings.iter().all(|finding| finding.level == Level::Warning), "{findings:?}");
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

/// What lifeboat itself would write into the policy of the bucket, by these words of `storage`, and statements of others after it.
fn guarded(fields: &str, others: &[serde_json::Value]) -> Document {
    let text = include_str!("../../examples/quickstart/config/policies/orders.yaml").replace("bucket: shop-dr-orders", "bucket: acme-backups");
    let text = text.replace("    prefix: orders/\n", &format!("    prefix: orders/\n    account: \"111122223333\"\n{fields}"));
    let loaded = load(&[ConfigFile { path: "policies/orders.yaml".to_owned(), bytes: text.into_bytes() }]);
    assert!(loaded.findings.is_empty(), "{:?}", loaded.findings);
    let (desired, _) = compile::compile(&loaded, &[]);
    let wish = desired.resources.iter().find(|wish| matches!(wish, ResourceWish::Bucket(_))).unwrap();
    let mut document = (crate::settings::by_id("bucket-policy").unwrap().want)(wish).unwrap().value().clone();
    document["Statement"].as_array_mut().unwrap().extend(others.iter().cloned());
    Document::of(&iam::canonical(&document))
}

#[test]
fn statements_of_lifeboat_become_words_and_those_of_others_stay() {
    const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let partner = json!({"Sid": "Partner", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/audit"}, "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::acme-backups"});
    let nameless = json!({"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteBucket", "Resource": "arn:aws:s3:::acme-backups"});
    let applier = "    settingsChangedBy: [\"arn:aws:iam::111122223333:role/dr-applier\", \"arn:aws:iam::111122223333:role/dr-person\"]\n";
    let kms = format!("    encryption: {{algorithm: \"aws:kms\", key: \"{KEY}\", bucketKey: true}}\n");
    let encryption = Encryption { algorithm: "aws:kms".to_owned(), key: Some(KEY.to_owned()), bucket_key: true, blocked_types: Vec::new() };
    let cases: [(&str, String, Vec<serde_json::Value>, &[&str]); 6] = [
        ("never overwritten", String::new(), vec![], &["bucketPolicy: managed"]),
        ("tls", "    transport: {}\n".to_owned(), vec![], &["tlsOnly: true"]),
        ("a lowest tls", "    transport: {tlsOnly: false, minTls: \"1.3\"}\n".to_owned(), vec![], &["tlsOnly: false", "minTls: '1.3'"]),
        ("changed by two", applier.to_owned(), vec![], &["settingsChangedBy:", "- arn:aws:iam::111122223333:role/dr-person"]),
        ("a key", kms.clone(), vec![], &["bucketPolicy: managed"]),
        (
            "all, with others",
            format!("{kms}{applier}    transport: {{minTls: \"1.2\"}}\n"),
            vec![partner.clone(), nameless],
            &["minTls: '1.2'", "statements of others stay in it as they are: statement 4, Partner"],
        ),
    ];
    for (name, fields, others, said) in cases {
        let mut facts = vec![known(ReadOp::BucketPolicy, guarded(&fields, &others).value())];
        if fields.contains("aws:kms") {
            facts.push(known(ReadOp::BucketEncryption, &encryption));
        }
        let (yaml, steps, held) = round(&facts);
        assert_eq!((steps, held), (0, 0), "{name}:\n{yaml}");
        assert!(said.iter().all(|said| yaml.contains(said)) && !yaml.contains("bucketPolicy: unmanaged"), "{name}:\n{yaml}");
    }
    // What would be changed is never claimed: other prefixes, a weaker statement, somebody let in by others.
    let everybody = json!({"Sid": "Open", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::acme-backups/*"});
    let other_prefix = serde_json::from_str(&guarded("", &[]).to_string().replace("acme-backups/orders/", "acme-backups/carts/")).unwrap();
    let weaker = serde_json::from_str(&guarded("    transport: {}\n", &[]).to_string().replace("s3:*", "s3:GetObject")).unwrap();
    let open = guarded("", &[everybody]).value().clone();
    let cases: [(&str, serde_json::Value, &str); 3] = [
        ("another prefix", other_prefix, "LifeboatNeverOverwrite"),
        ("a weaker one", weaker, "LifeboatTlsOnly"),
        ("open to all", open, "`Open` lets everybody in"),
    ];
    for (name, document, said) in cases {
        let (yaml, steps, held) = round(&[known(ReadOp::BucketPolicy, &document)]);
        assert_eq!((steps, held), (0, 0), "{name}:\n{yaml}");
        assert!(yaml.contains("bucketPolicy: unmanaged") && yaml.contains(said), "{name}, {said}:\n{yaml}");
    }
}

#[test]
fn repositories_of_other_engines_become_physical_sets() {
    let written = |keys: &[&str]| {
        let repositories = Fact::Known(crate::catalog::physical::places(keys.iter().copied()));
        let imported = policy(&Subject { repositories: &repositories, ..SUBJECT }, &ObservedResource::default(), &LiveRoles::new());
        let loaded = load(&[ConfigFile { path: "policies/orders.yaml".to_owned(), bytes: imported.yaml.clone().into_bytes() }]);
        assert!(loaded.findings.is_empty(), "{}\n{:?}", imported.yaml, loaded.findings);
        let (_, findings) = compile::compile(&loaded, &[]);
        assert!(findings.is_empty(), "{}\n{findings:?}", imported.yaml);
        let sets = &loaded.policies[0].policy.spec.backups;
        let physical = sets.physical.iter().map(|(name, set)| format!("{name} {} {} {}", set.engine.as_str(), set.prefix, set.name())).collect::<Vec<_>>();
        (physical, sets.len(), imported.notes)
    };
    let walg = "orders/pg/basebackups_005/base_000000010000000000000002_backup_stop_sentinel.json";
    let backrest = "orders/repo/backup/main/backup.info";
    let barman = "orders/cloud/main/base/20261101T000000/backup.info";
    assert_eq!(written(&[walg]).0, ["physical wal-g pg/ "]);
    assert_eq!(written(&[backrest]).0, ["physical pgbackrest repo/ main"]);
    assert_eq!(written(&[barman]).0, ["physical barman-cloud cloud/ main"]);
    let (three, taken, _) = written(&[walg, backrest, barman]);
    assert_eq!((three.len(), taken), (3, 1), "{three:?}");
    let (right_there, taken, _) = written(&["orders/basebackups_005/base_000000010000000000000002_backup_stop_sentinel.json"]);
    assert_eq!((right_there, taken), (vec!["physical wal-g  ".to_owned()], 0));
    let (in_the_guessed_folder, taken, _) = written(&["orders/nightly/basebackups_005/base_000000010000000000000002_backup_stop_sentinel.json"]);
    assert_eq!((in_the_guessed_folder, taken), (vec!["physical wal-g nightly/ ".to_owned()], 0));
    let (none, _, notes) = written(&["pg/basebackups_005/base_000000010000000000000002_backup_stop_sentinel.json"]);
    assert!(none.is_empty() && notes.iter().any(|note| note.contains("it is not below orders/")), "{notes:?}");
    let (none, ..) = written(&["orders/nightly/20261101T000000Z/manifest.json"]);
    assert!(none.is_empty());
}

#[test]
fn repositories_elsewhere_are_named_with_the_import_that_takes_them_in() {
    let walg = |base: &str| format!("{base}basebackups_005/base_000000010000000000000002_backup_stop_sentinel.json");
    let stanza = |base: &str, name: &str| format!("{base}backup/{name}/backup.info");
    let said = |prefix: &str, keys: &[String], whole: bool| {
        let elsewhere = Fact::Known(Search { places: crate::catalog::physical::places(keys.iter().map(String::as_str)), whole });
        let subject = Subject { prefix, elsewhere: &elsewhere, ..SUBJECT };
        let imported = policy(&subject, &ObservedResource::default(), &LiveRoles::new());
        assert!(imported.elsewhere.iter().all(|note| imported.yaml.contains(&format!("#   {note}\n"))), "{}", imported.yaml);
        imported.elsewhere
    };
    let command = |name: &str, prefix: &str| format!("`lifeboat import s3://acme-backups --name {name} --prefix {prefix}`");
    let cases = [
        ("orders/", vec![walg("pg/main/")], vec![("wal-g below pg/main/, outside of orders/", command("orders-pg-main", "pg/main/"))]),
        // Two that lie in one place need a prefix around them.
        (
            "orders/",
            vec![stanza("var/repo/", "a"), stanza("var/repo/", "b")],
            vec![("pgbackrest `a` below var/repo/ and a repository of pgbackrest `b`", command("orders-var", "var/"))],
        ),
        ("orders/", vec![walg("x/"), walg("y/")], vec![("below x/", command("orders-x", "x/")), ("below y/", command("orders-y", "y/"))]),
        ("orders/dumps/", vec![walg("orders/")], vec![("around orders/dumps/", command("orders", "orders/"))]),
        ("orders/", vec![walg("")], vec![("right at the root of the bucket", "no prefix of a policy takes it in".to_owned())]),
        ("orders/", vec![walg("a b/")], vec![("below a b/", "no prefix of a policy takes it in".to_owned())]),
        ("orders/", vec![stanza("repo/", "a"), stanza("repo/", "b")], vec![("`a` below repo/", "no prefix of a policy takes it in".to_owned())]),
        ("orders/", vec![walg("orders/pg/")], vec![]),
    ];
    for (prefix, keys, wanted) in cases {
        let said = said(prefix, &keys, true);
        assert_eq!(said.len(), wanted.len(), "{keys:?}: {said:?}");
        assert!(said.iter().zip(&wanted).all(|(note, (what, how))| note.contains(what) && note.contains(how)), "{said:?}\n{wanted:?}");
    }
    let cut = said("orders/", &[], false);
    assert!(cut.len() == 1 && cut[0].contains("more folders than were looked into"), "{cut:?}");
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

#[test]
fn a_rule_for_a_tag_is_not_one_for_every_key() {
    let tags = vec![crate::model::lifecycle::Tag { key: "expire".to_owned(), value: "soon".to_owned() }];
    let filter = crate::model::lifecycle::Filter { tags, ..crate::model::lifecycle::Filter::default() };
    let rule = Rule { filter, ..expiring(3) };
    assert_eq!(super::expires(&rule).as_deref(), Some("rule `their-rule` expires every key with the tag expire = soon after 3 d"));
}
