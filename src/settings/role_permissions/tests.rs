//! Every "may" and "may not" of each role, judged as IAM judges: an explicit refusal wins, and what nothing allows is refused.
//!
//! `tests/it/servers/` tries the same on a server; this is what holds where a server does not enforce it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::SETTING;
use crate::model::document::Document;
use crate::model::policy::{PhysicalEngine, RepositoryPlace, Trust};
use crate::model::resource::{BoundaryWish, Estate, Partition, Purpose, ResourceWish, RoleWish};

const BOUNDARY: &str = "arn:aws:iam::111122223333:policy/dr-boundary";
const SELF: &str = "arn:aws:iam::111122223333:role/lifeboat/dr/dr-applier";
const WRITER: &str = "arn:aws:iam::111122223333:role/lifeboat/dr/orders-writer";
const REPLICATOR: &str = "arn:aws:iam::111122223333:role/dr-replicator";
const THEIR_PLANNER: &str = "arn:aws:iam::444455556666:role/lifeboat-planner";
const THEIR_APPLIER: &str = "arn:aws:iam::444455556666:role/lifeboat-applier";
const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd";
const MANIFEST: &str = "arn:aws:s3:::acme-dr/orders/nightly/20261122T000000Z/manifest.json";
const DATA: &str = "arn:aws:s3:::acme-dr/orders/nightly/20261122T000000Z/orders.dump.zst";
const GLOBALS: &str = "arn:aws:s3:::acme-dr/orders/nightly/20261122T000000Z/globals.sql.zst";

fn role(purpose: Purpose, boundary: BoundaryWish) -> RoleWish {
    let estate = Estate {
        places: BTreeSet::from([("acme-dr".to_owned(), "orders/".to_owned()), ("acme-dr".to_owned(), "carts/".to_owned())]),
        repositories: BTreeSet::from([
            ("acme-dr".to_owned(), RepositoryPlace { engine: PhysicalEngine::Pgbackrest, base: "orders/pg/".to_owned(), name: "main".to_owned() }),
            ("acme-dr".to_owned(), RepositoryPlace { engine: PhysicalEngine::BarmanCloud, base: "carts/".to_owned(), name: "pg".to_owned() }),
        ]),
        keys: BTreeSet::from([KEY.to_owned()]),
        repository_keys: BTreeSet::from([KEY.to_owned()]),
        replicas: BTreeSet::from(["acme-replica".to_owned()]),
        replicators: BTreeSet::from([REPLICATOR.to_owned()]),
        plans_as: BTreeSet::from([THEIR_PLANNER.to_owned()]),
        applies_as: BTreeSet::from([THEIR_APPLIER.to_owned()]),
        guarded: ["dr-applier", "dr-planner", "dr-auditor"].map(|name| format!("arn:aws:iam::111122223333:role/lifeboat/dr/{name}")).into(),
        control: Some(("acme-control".to_owned(), "control/".to_owned())),
    };
    RoleWish {
        name: format!("dr-{}", purpose.as_str()),
        policy: "dr".to_owned(),
        path: "/lifeboat/dr/".to_owned(),
        partition: Partition::Aws,
        purpose,
        max_session: 3_600,
        boundary,
        attached: Vec::new(),
        trust: vec![Trust::Principal("arn:aws:iam::111122223333:role/ci".to_owned())],
        account: Some("111122223333".to_owned()),
        bucket: "acme-dr".to_owned(),
        prefix: "orders/".to_owned(),
        sets: vec!["nightly".to_owned()],
        repositories: vec![
            RepositoryPlace { engine: PhysicalEngine::Pgbackrest, base: "orders/pg/".to_owned(), name: "main".to_owned() },
            RepositoryPlace { engine: PhysicalEngine::WalG, base: "orders/wal-g/".to_owned(), name: String::new() },
        ],
        tag_values: vec!["orders/nightly:daily".to_owned()],
        kms_key: Some(KEY.to_owned()),
        evidence: Some(("acme-evidence".to_owned(), "evidence/".to_owned())),
        control: Some(("acme-control".to_owned(), "control/".to_owned())),
        estate: Some(Box::new(estate)),
        bootstrap_only: purpose.is_bootstrapped(),
        unfilled_keys: &[],
    }
}

fn statements(purpose: Purpose) -> Vec<Value> {
    let wish = ResourceWish::Role(role(purpose, BoundaryWish::Policy(BOUNDARY.to_owned())));
    (SETTING.want)(&wish).unwrap().value()["Statement"].as_array().unwrap().clone()
}

/// IAM's `*` and `?`.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.chars().next() {
        None => text.is_empty(),
        Some('*') => (0..=text.len()).filter(|at| text.is_char_boundary(*at)).any(|at| matches(&pattern[1..], &text[at..])),
        Some('?') => text.chars().next().is_some_and(|c| matches(&pattern[1..], &text[c.len_utf8()..])),
        Some(c) => text.strip_prefix(c).is_some_and(|rest| matches(&pattern[c.len_utf8()..], rest)),
    }
}

fn any(statement: &Value, field: &str, text: &str) -> bool {
    statement[field].as_array().unwrap().iter().any(|pattern| matches(&pattern.as_str().unwrap().to_lowercase(), &text.to_lowercase()))
}

fn holds(condition: &Value, context: &BTreeMap<&str, &str>) -> bool {
    let Some(operators) = condition.as_object() else { return true };
    operators.iter().all(|(operator, keys)| {
        keys.as_object().unwrap().iter().all(|(key, values)| {
            let (found, values) = (context.get(key.as_str()), values.as_array().unwrap());
            let has = |test: &dyn Fn(&str) -> bool| values.iter().any(|value| test(value.as_str().unwrap()));
            match operator.as_str() {
                "StringEquals" => found.is_some_and(|found| has(&|value| value == *found)),
                "StringEqualsIfExists" => found.is_none_or(|found| has(&|value| value == *found)),
                "StringLike" => found.is_some_and(|found| has(&|value| matches(value, found))),
                "Bool" => found.is_some_and(|found| has(&|value| value == *found)),
                "Null" => has(&|value| (value == "true") == found.is_none()),
                other => panic!("{other} is not judged here"),
            }
        })
    })
}

fn may(purpose: Purpose, action: &str, on: &str, context: &[(&str, &str)]) -> bool {
    let context: BTreeMap<&str, &str> = context.iter().copied().collect();
    let all = statements(purpose);
    let of = |effect: &str| {
        let fits = |s: &&Value| s["Effect"] == effect && any(s, "Action", action) && any(s, "Resource", on) && holds(&s["Condition"], &context);
        all.iter().filter(fits).count() > 0
    };
    of("Allow") && !of("Deny")
}

fn judge(purpose: Purpose, wanted: bool, attempts: &[(&str, &str)]) {
    for (action, on) in attempts {
        assert_eq!(may(purpose, action, on, &[]), wanted, "{}: {action} on {on}", purpose.as_str());
    }
}

const NEW: &[(&str, &str)] = &[("s3:if-none-match", "*"), ("s3:ObjectCreationOperation", "true")];
const OVER: &[(&str, &str)] = &[("s3:ObjectCreationOperation", "true")];

#[test]
fn nobody_deletes_and_only_the_applier_changes_settings() {
    let destroys = [
        ("s3:DeleteObject", DATA),
        ("s3:DeleteObjectVersion", DATA),
        ("s3:DeleteObjectTagging", DATA),
        ("s3:DeleteBucket", "arn:aws:s3:::acme-dr"),
        ("s3:BypassGovernanceRetention", DATA),
    ];
    let changes = [
        ("s3:PutLifecycleConfiguration", "arn:aws:s3:::acme-dr"),
        ("s3:PutBucketVersioning", "arn:aws:s3:::acme-dr"),
        ("s3:PutBucketPolicy", "arn:aws:s3:::acme-dr"),
        ("s3:PutBucketObjectLockConfiguration", "arn:aws:s3:::acme-dr"),
        ("iam:PutRolePolicy", WRITER),
    ];
    for purpose in [Purpose::Writer, Purpose::Keeper, Purpose::Restorer, Purpose::Expirer, Purpose::Planner, Purpose::Applier, Purpose::Auditor] {
        judge(purpose, false, &destroys);
        if purpose != Purpose::Applier {
            judge(purpose, false, &changes);
        }
    }
}

#[test]
fn only_the_applier_writes_lock_and_journal_and_nobody_deletes_them() {
    let (lock, entry) = ("arn:aws:s3:::acme-control/control/lock", "arn:aws:s3:::acme-control/control/journal/20261122T100000Z-9f8e7d/000001.json");
    let bucket = "arn:aws:s3:::acme-control";
    for purpose in [Purpose::Writer, Purpose::Keeper, Purpose::Restorer, Purpose::Expirer, Purpose::Planner, Purpose::Applier, Purpose::Auditor] {
        let (writes, reads) = (purpose == Purpose::Applier, matches!(purpose, Purpose::Applier | Purpose::Planner));
        judge(purpose, writes, &[("s3:PutObject", lock), ("s3:PutObject", entry)]);
        judge(purpose, reads, &[("s3:GetObject", lock), ("s3:GetObject", entry)]);
        assert_eq!(may(purpose, "s3:ListBucket", bucket, &[("s3:prefix", "control/journal/")]), reads, "{purpose:?}");
        judge(purpose, false, &[("s3:DeleteObject", lock), ("s3:DeleteObject", entry), ("s3:PutObject", "arn:aws:s3:::acme-control/other")]);
        judge(purpose, false, &[("s3:PutLifecycleConfiguration", bucket), ("s3:PutBucketVersioning", bucket), ("s3:DeleteBucket", bucket)]);
    }
}

#[test]
fn the_writer_creates_and_nothing_else() {
    assert!(may(Purpose::Writer, "s3:PutObject", DATA, NEW));
    assert!(may(Purpose::Writer, "s3:PutObject", DATA, &[("s3:ObjectCreationOperation", "false")]), "a part of an upload");
    assert!(!may(Purpose::Writer, "s3:PutObject", DATA, OVER), "overwriting");
    assert!(may(Purpose::Writer, "s3:PutObject", "arn:aws:s3:::acme-evidence/evidence/dr-writer/000001.json", NEW));
    judge(Purpose::Writer, true, &[("kms:GenerateDataKey", KEY), ("kms:Decrypt", KEY)]);
    judge(
        Purpose::Writer,
        false,
        &[("s3:GetObject", DATA), ("s3:PutObjectTagging", DATA), ("s3:PutObject", "arn:aws:s3:::acme-evidence/evidence/dr-keeper/000001.json")],
    );
    assert!(!may(Purpose::Writer, "s3:ListBucket", "arn:aws:s3:::acme-dr", &[("s3:prefix", "orders/")]));
}

#[test]
fn the_keeper_tags_with_the_values_of_the_tiers_and_the_restorer_only_reads() {
    let value = |value| [("s3:RequestObjectTag/lifeboat-expire", value)];
    assert!(may(Purpose::Keeper, "s3:PutObjectTagging", DATA, &value("orders/nightly:daily")));
    assert!(!may(Purpose::Keeper, "s3:PutObjectTagging", DATA, &value("tomorrow")));
    judge(Purpose::Keeper, true, &[("s3:GetObject", MANIFEST)]);
    judge(Purpose::Keeper, false, &[("s3:GetObject", DATA), ("s3:PutObject", DATA)]);
    let index = |place: &str| format!("arn:aws:s3:::acme-control/control/{place}");
    let others = [index("index/orders/hourly.json"), index("index/carts/nightly.json"), index("lock"), index("journal/x/000001.json")];
    judge(Purpose::Keeper, true, &[("s3:PutObject", &index("index/dr/nightly.json")), ("s3:GetObject", &index("index/dr/nightly.json"))]);
    for other in &others {
        judge(Purpose::Keeper, false, &[("s3:PutObject", other), ("s3:GetObject", other), ("s3:DeleteObject", other)]);
    }
    for purpose in [Purpose::Writer, Purpose::Restorer] {
        judge(purpose, false, &[("s3:PutObject", &index("index/dr/nightly.json")), ("s3:GetObject", &index("index/dr/nightly.json"))]);
    }
    judge(Purpose::Restorer, true, &[("s3:GetObject", DATA), ("s3:GetObjectVersion", DATA), ("s3:GetObject", GLOBALS), ("kms:Decrypt", KEY)]);
    judge(Purpose::Restorer, false, &[("s3:PutObject", DATA), ("s3:PutObjectTagging", DATA), ("kms:GenerateDataKey", KEY)]);
    for (purpose, prefix, allowed) in [(Purpose::Restorer, "orders/", true), (Purpose::Restorer, "carts/", false), (Purpose::Keeper, "orders/", false)] {
        assert_eq!(may(purpose, "s3:ListBucketVersions", "arn:aws:s3:::acme-dr", &[("s3:prefix", prefix)]), allowed, "{purpose:?} {prefix}");
    }
}

#[test]
fn the_expirer_deletes_objects_of_the_repositories_and_nothing_else() {
    let below = |key: &str| format!("arn:aws:s3:::acme-dr/orders/{key}");
    let (base, wal, sentinel) =
        (below("pg/backup/main/20261122-132239F/pg_data/1.zst"), below("pg/archive/main/15-1/0000000100000000/x"), below("wal-g/basebackups_005/x"));
    for key in [&base, &wal, &sentinel] {
        judge(Purpose::Expirer, true, &[("s3:GetObject", key), ("s3:DeleteObject", key)]);
        judge(Purpose::Expirer, false, &[("s3:DeleteObjectVersion", key), ("s3:GetObjectVersion", key), ("s3:PutObject", key), ("s3:PutObjectTagging", key)]);
    }
    let (list, copy) = (below("pg/backup/main/backup.info"), below("pg/backup/main/backup.info.copy"));
    judge(Purpose::Expirer, true, &[("s3:PutObject", &list), ("s3:PutObject", &copy)]);
    judge(Purpose::Expirer, false, &[("s3:PutObject", &below("pg/archive/main/archive.info")), ("s3:PutObject", &below("wal-g/basebackups_005/x"))]);
    judge(
        Purpose::Expirer,
        false,
        &[("s3:GetObject", DATA), ("s3:DeleteObject", &below("pg/backup/other/x")), ("s3:DeleteObject", "arn:aws:s3:::acme-dr/carts/pg/backup/main/x")],
    );
    judge(Purpose::Expirer, false, &[("s3:PutObject", "arn:aws:s3:::acme-evidence/evidence/dr-expirer/000001.json")]);
    let lists = |prefix: &str| may(Purpose::Expirer, "s3:ListBucket", "arn:aws:s3:::acme-dr", &[("s3:prefix", prefix)]);
    assert!(lists("orders/pg/backup/main/") && lists("orders/wal-g/wal_005/") && !lists("orders/") && !lists("orders/nightly/"));
}

#[test]
fn the_planner_reads_settings_roles_and_manifests_and_leaves_no_record() {
    let bucket = "arn:aws:s3:::acme-dr";
    judge(
        Purpose::Planner,
        true,
        &[
            ("s3:GetBucketVersioning", bucket),
            ("s3:GetLifecycleConfiguration", bucket),
            ("s3:GetEncryptionConfiguration", bucket),
            ("s3:GetBucketPublicAccessBlock", bucket),
            ("s3:ListBucket", bucket),
            ("s3:GetObject", MANIFEST),
            ("iam:GetRole", WRITER),
            ("iam:ListAttachedRolePolicies", SELF),
            ("iam:GetRolePolicy", REPLICATOR),
            ("iam:GetPolicyVersion", "arn:aws:iam::111122223333:policy/copy"),
            ("iam:GetPolicyVersion", "arn:aws:iam::aws:policy/AmazonS3FullAccess"),
            ("s3:GetBucketPolicy", "arn:aws:s3:::acme-replica"),
            ("iam:GetOpenIDConnectProvider", "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"),
        ],
    );
    judge(
        Purpose::Planner,
        false,
        &[
            ("s3:GetObject", DATA),
            ("s3:GetObject", GLOBALS),
            ("s3:PutObject", "arn:aws:s3:::acme-control/control/lock"),
            ("s3:GetBucketVersioning", "arn:aws:s3:::of-others"),
            ("s3:PutObject", MANIFEST),
            ("s3:PutObject", "arn:aws:s3:::acme-evidence/evidence/dr-planner/000001.json"),
            ("iam:GetRole", "arn:aws:iam::111122223333:role/of-others"),
            ("iam:CreateRole", WRITER),
            ("sts:AssumeRole", WRITER),
        ],
    );
}

#[test]
fn the_applier_makes_bounded_roles_and_cannot_get_out_of_that() {
    let bound = |arn| [("iam:PermissionsBoundary", arn)];
    for action in ["iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:PutRolePermissionsBoundary"] {
        assert!(may(Purpose::Applier, action, WRITER, &bound(BOUNDARY)), "{action}");
        assert!(!may(Purpose::Applier, action, WRITER, &[]), "{action} without a boundary");
        assert!(!may(Purpose::Applier, action, WRITER, &bound("arn:aws:iam::aws:policy/AdministratorAccess")), "{action} with another one");
        for guarded in ["dr-applier", "dr-planner", "dr-auditor"] {
            assert!(!may(Purpose::Applier, action, &format!("arn:aws:iam::111122223333:role/lifeboat/dr/{guarded}"), &bound(BOUNDARY)), "{action}");
        }
        assert!(!may(Purpose::Applier, action, "arn:aws:iam::111122223333:role/of-others", &bound(BOUNDARY)), "{action} elsewhere");
    }
    judge(
        Purpose::Applier,
        true,
        &[
            ("s3:CreateBucket", "arn:aws:s3:::acme-dr"),
            ("s3:PutLifecycleConfiguration", "arn:aws:s3:::acme-dr"),
            ("s3:GetBucketVersioning", "arn:aws:s3:::acme-replica"),
            ("iam:PassRole", REPLICATOR),
            ("iam:UpdateAssumeRolePolicy", WRITER),
            ("iam:UpdateRole", WRITER),
            ("iam:TagRole", WRITER),
            ("s3:PutObject", "arn:aws:s3:::acme-control/control/lock"),
            ("s3:GetObject", "arn:aws:s3:::acme-control/control/journal/1"),
        ],
    );
    judge(
        Purpose::Applier,
        false,
        &[
            ("iam:UpdateAssumeRolePolicy", SELF),
            ("iam:UpdateRole", SELF),
            ("iam:DeleteRolePermissionsBoundary", WRITER),
            ("iam:CreatePolicyVersion", BOUNDARY),
            ("iam:SetDefaultPolicyVersion", BOUNDARY),
            ("iam:CreatePolicy", "arn:aws:iam::111122223333:policy/own"),
            ("iam:CreateOpenIDConnectProvider", "arn:aws:iam::111122223333:oidc-provider/evil.example"),
            ("sts:AssumeRole", WRITER),
            ("s3:PutBucketPolicy", "arn:aws:s3:::acme-evidence"),
            ("s3:PutLifecycleConfiguration", "arn:aws:s3:::acme-replica"),
            ("iam:PassRole", WRITER),
            ("iam:UpdateAssumeRolePolicy", REPLICATOR),
            ("s3:PutLifecycleConfiguration", "arn:aws:s3:::acme-evidence"),
            ("s3:PutBucketVersioning", "arn:aws:s3:::of-others"),
            ("s3:PutLifecycleConfiguration", "arn:aws:s3:::acme-control"),
            ("s3:DeleteObject", "arn:aws:s3:::acme-control/control/lock"),
            ("s3:PutObject", "arn:aws:s3:::acme-control/other/lock"),
            ("s3:PutObject", "arn:aws:s3:::acme-evidence/evidence/dr-writer/000001.json"),
            ("s3:PutObject", DATA),
            ("s3:GetObject", DATA),
        ],
    );
    assert!(may(Purpose::Applier, "s3:PutObject", "arn:aws:s3:::acme-evidence/evidence/dr-applier/000001.json", NEW), "its own chain");
}

#[test]
fn planner_and_applier_take_on_each_their_own_role_elsewhere() {
    for (purpose, own, other) in [(Purpose::Planner, THEIR_PLANNER, THEIR_APPLIER), (Purpose::Applier, THEIR_APPLIER, THEIR_PLANNER)] {
        assert!(may(purpose, "sts:AssumeRole", own, &[]) && !may(purpose, "sts:AssumeRole", other, &[]), "{}", purpose.as_str());
    }
    assert!(!may(Purpose::Auditor, "sts:AssumeRole", THEIR_PLANNER, &[]));
}

#[test]
fn nothing_is_granted_by_two_statements() {
    for purpose in [Purpose::Writer, Purpose::Keeper, Purpose::Restorer, Purpose::Expirer, Purpose::Planner, Purpose::Applier, Purpose::Auditor] {
        let mut seen = BTreeSet::new();
        for statement in statements(purpose).iter().filter(|statement| statement["Effect"] == "Allow") {
            for action in statement["Action"].as_array().unwrap() {
                for on in statement["Resource"].as_array().unwrap() {
                    assert!(seen.insert(format!("{action} {on} {}", statement["Condition"])), "{}: {action} on {on} twice", purpose.as_str());
                }
            }
        }
    }
}

#[test]
fn a_condition_that_the_endpoint_does_not_fill_is_left_out() {
    let wish = RoleWish { unfilled_keys: &["iam:PermissionsBoundary"], ..role(Purpose::Applier, BoundaryWish::Policy(BOUNDARY.to_owned())) };
    let document = (SETTING.want)(&ResourceWish::Role(wish)).unwrap().to_string();
    assert!(!document.contains("iam:PermissionsBoundary"), "{document}");
    assert!(document.contains("iam:DeleteRolePermissionsBoundary"), "what needs no condition stays refused");
}

#[test]
fn the_auditor_reads_evidence_and_nothing_else() {
    judge(Purpose::Auditor, true, &[("s3:GetObject", "arn:aws:s3:::acme-evidence/evidence/dr-writer/000001.json")]);
    assert!(may(Purpose::Auditor, "s3:ListBucket", "arn:aws:s3:::acme-evidence", &[("s3:prefix", "evidence/dr-writer/")]));
    judge(
        Purpose::Auditor,
        false,
        &[
            ("s3:GetObject", MANIFEST),
            ("s3:GetObject", "arn:aws:s3:::acme-evidence/other/1"),
            ("s3:PutObject", "arn:aws:s3:::acme-evidence/evidence/dr-auditor/000001.json"),
            ("s3:GetBucketVersioning", "arn:aws:s3:::acme-dr"),
            ("iam:GetRole", WRITER),
        ],
    );
}

#[test]
fn what_engines_write_of_their_backups_is_read_and_no_byte_of_data() {
    for purpose in [Purpose::Planner, Purpose::Applier] {
        let reads = |key: &str| may(purpose, "s3:GetObject", &format!("arn:aws:s3:::acme-dr/{key}"), &[]);
        assert!(reads("orders/pg/backup/main/backup.info") && reads("carts/pg/base/20261122T133200/backup.info"), "{purpose:?}");
        assert!(!reads("orders/pg/backup/main/20261122-132239F/pg_data/PG_VERSION.gz") && !reads("orders/pg/archive/main/archive.info"), "{purpose:?}");
        assert!(!reads("carts/pg/base/20261122T133200/data.tar.gz") && !reads("carts/pg/wals/0000000100000000/000000010000000000000004.gz"), "{purpose:?}");
        assert!(may(purpose, "kms:Decrypt", KEY, &[]), "{purpose:?}");
    }
}

#[test]
fn what_was_allowed_by_a_wider_pattern_is_not_widened() {
    let document = |action: &str, place: &str, condition: Value| {
        let mut statement = json!({"Effect": "Allow", "Action": [action], "Resource": [place]});
        if !condition.is_null() {
            statement["Condition"] = condition;
        }
        Document::of(&json!({"Version": "2012-10-17", "Statement": [statement]}))
    };
    let widens = |from: &Document, to: &Document| (SETTING.weakens)(from, to).is_some();
    let of = |action: &str, place: &str| document(action, place, Value::Null);
    let (narrow, all) = (of("s3:GetObject", "arn:aws:s3:::acme-dr/orders/sub/*"), of("s3:*", "*"));
    assert!(!widens(&all, &narrow) && widens(&narrow, &all));
    assert!(!widens(&of("s3:GETOBJECT", "arn:aws:s3:::acme-dr/orders/*"), &narrow), "the case of an action does not matter");
    assert!(widens(&of("s3:GetObject", "arn:aws:s3:::acme-dr/orders/sub/x*"), &narrow));
    assert!(widens(&of("s3:GetObject", "arn:aws:s3:::acme-dr/orders/sub/?"), &narrow), "one character is not any number of them");
    assert!(widens(&of("s3:Put*", "*"), &narrow));
    let when = json!({"StringEquals": {"aws:PrincipalTag/team": "dr"}});
    assert!(widens(&document("s3:*", "*", when.clone()), &narrow), "it was allowed to some only");
    assert!(!widens(&document("s3:*", "*", when.clone()), &document("s3:GetObject", "*", when)));
}
