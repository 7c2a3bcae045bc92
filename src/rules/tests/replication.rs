//! Rules about copies in another bucket: the role that copies, the bucket that receives, and what is copied.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{KEY, ids, judged};
use crate::model::document::Document;
use crate::model::fact::{Fact, Why};
use crate::model::id::ResourceId;
use crate::model::lifecycle::Lifecycle;
use crate::model::replication::Replication;
use crate::model::request::ReadOp;

type Typed = fn(Value) -> Document;

/// What was seen of replication: the rules of the replica, the trust and the policies of the role, the bucket policy of the replica, and the
/// configuration of the bucket; a text is `missing` or why it could not be read.
pub(super) fn seen(live: [Option<Value>; 5]) -> Vec<(ResourceId, ReadOp, Fact<Document>)> {
    let (role, replica) = (ResourceId::Role("dr-replicator".to_owned()), ResourceId::Bucket("shop-replica".to_owned()));
    let typed: [(&ResourceId, ReadOp, Typed); 5] = [
        (&replica, ReadOp::BucketLifecycle, |rules| Document::of(&serde_json::from_value::<Lifecycle>(json!({"rules": rules})).unwrap())),
        (&role, ReadOp::RoleTrust, |trust| Document::of(&json!({"path": "/", "trust": trust, "tags": {}}))),
        (&role, ReadOp::RoleGrants, |grants| Document::of(&grants)),
        (&replica, ReadOp::BucketPolicy, |policy| Document::of(&policy)),
        (&ResourceId::Bucket("shop-dr-orders".to_owned()), ReadOp::BucketReplication, |live| {
            Document::of(&serde_json::from_value::<Replication>(live).unwrap())
        }),
    ];
    let fact = |live: Value, known: Typed| match live.as_str() {
        Some("missing") => Fact::Absent,
        Some(why) => Fact::Unknown(Why::Refused(why.to_owned())),
        None => Fact::Known(known(live)),
    };
    typed.into_iter().zip(live).filter_map(|((id, op, known), live)| Some((id.clone(), op, fact(live?, known)))).collect()
}

fn of_replica(rules: &str) -> BTreeSet<&'static str> {
    let storage = "storage: {replication: {bucket: shop-replica, region: eu-central-1, role: \"arn:aws:iam::111122223333:role/dr-replicator\"}}";
    ids(&judged(&format!("{storage}\nliveReplica: {rules}")))
}

#[test]
fn copies_go_by_age_later_than_the_longest_tier_and_never_at_a_word_of_the_original() {
    let (early, none) = (BTreeSet::from(["replica-expires-too-early"]), BTreeSet::from(["replica-has-no-rule-of-its-own"]));
    let by_age = |prefix: &str, days: i32| format!("{{id: \"{days}\", enabled: true, filter: {{prefix: {prefix}}}, expiration: {{days: {days}}}}}");
    for (prefix, days, wrong) in [
        ("orders/", 403, &early),
        ("orders/", 404, &BTreeSet::new()),
        ("orders/nightly/", 404, &BTreeSet::new()),
        ("orders/hourly/", 3, &none),
        ("logs/", 404, &none),
    ] {
        assert_eq!(of_replica(&format!("[{}]", by_age(prefix, days))), *wrong, "{prefix} {days}");
    }
    assert_eq!(of_replica(&format!("[{}]", by_age("orders/", 404).replace("true", "false"))), none, "a rule that is off");
    let tagged = |key: &str| format!("{{id: tag, enabled: true, filter: {{tags: [{{key: {key}, value: x}}]}}, expiration: {{days: 500}}}}");
    assert_eq!(of_replica(&format!("[{}, {}]", by_age("orders/", 404), tagged("lifeboat-expire"))), early);
    assert_eq!(of_replica(&format!("[{}, {}]", by_age("orders/", 404), tagged("other"))), BTreeSet::new());
    assert_eq!(of_replica(&format!("[{}]", tagged("other"))), none, "not every copy has that tag");
    let part = by_age("orders/nightly/2026", 3);
    assert_eq!(of_replica(&format!("[{}, {part}]", by_age("orders/", 404))), early, "a part of the copies");
    assert_eq!(of_replica("AccessDenied"), none, "what cannot be looked at is not fine");
}

#[test]
fn s3_itself_must_be_let_into_the_role_that_copies() {
    let rule = BTreeSet::from(["replication-role-is-closed"]);
    let storage = "storage: {replication: {bucket: shop-replica, region: eu-central-1, role: \"arn:aws:iam::111122223333:role/dr-replicator\"}}";
    let of = |trust: &str| ids(&judged(&format!("{storage}\nliveReplicator: {trust}")));
    let trust = |who: &str, effect: &str| format!("{{Statement: [{{Effect: {effect}, Principal: {who}, Action: \"sts:AssumeRole\"}}]}}");
    assert_eq!(of(&trust("{Service: s3.amazonaws.com}", "Allow")), BTreeSet::new());
    assert_eq!(of(&trust("{Service: [s3.amazonaws.com, batchoperations.s3.amazonaws.com]}", "Allow")), BTreeSet::new());
    for closed in
        [trust("{Service: batchoperations.s3.amazonaws.com}", "Allow"), trust("{AWS: \"111122223333\"}", "Allow"), trust("{Service: s3.amazonaws.com}", "Deny")]
    {
        assert_eq!(of(&closed), rule, "{closed}");
    }
    assert_eq!((of("missing"), of("AccessDenied")), (rule.clone(), rule));
}

const TO_ANOTHER: &str = "storage: {account: \"111122223333\", replication: {bucket: shop-replica, account: \"444455556666\", region: eu-central-1, role: \"arn:aws:iam::111122223333:role/dr-replicator\"}}";

/// A statement with these actions on these resources.
fn grant(effect: &str, actions: &str, resources: &str) -> String {
    format!("{{Sid: S, Effect: {effect}, Action: [{actions}], Resource: [{resources}]}}")
}

fn said(yaml: &str) -> Vec<(String, String)> {
    judged(yaml).into_iter().map(|finding| (finding.title.clone(), finding.places[0].label.clone())).collect()
}

#[test]
fn the_role_that_copies_must_be_granted_each_right_and_what_is_not_read_is_not_fine() {
    let all = [
        grant("Allow", "\"s3:GetReplicationConfiguration\", \"s3:ListBucket\"", "\"arn:aws:s3:::shop-dr-orders\""),
        grant(
            "Allow",
            "\"s3:GetObjectVersionForReplication\", \"s3:GetObjectVersionAcl\", \"s3:GetObjectVersionTagging\"",
            "\"arn:aws:s3:::shop-dr-orders/*\"",
        ),
        grant("Allow", "\"s3:ReplicateObject\", \"s3:ReplicateTags\", \"s3:ObjectOwnerOverrideToBucketOwner\"", "\"arn:aws:s3:::shop-replica/*\""),
    ];
    let of = |statements: &str, beside: &str| said(&format!("{TO_ANOTHER}\nliveGrants: {{policies: {{copy: {{Statement: [{statements}]}}}}{beside}}}"));
    assert_eq!(of(&all.join(", "), ""), Vec::new());
    for (nth, lacks) in [
        (0, "s3:ListBucket on arn:aws:s3:::shop-dr-orders"),
        (1, "s3:GetObjectVersionAcl on arn:aws:s3:::shop-dr-orders/orders/*"),
        (2, "s3:ReplicateTags on arn:aws:s3:::shop-replica/orders/*"),
    ] {
        let rest: Vec<String> = all.iter().enumerate().filter(|(at, _)| *at != nth).map(|(_, statement)| statement.clone()).collect();
        let found = of(&rest.join(", "), "");
        assert!(found.len() == 1 && found[0].0 == "role/dr-replicator may not do all that copying takes" && found[0].1.contains(lacks), "{found:?}");
        let unread = of(&rest.join(", "), ", unread: {\"arn:aws:iam::111122223333:policy/x\": refused}");
        assert!(unread.len() == 1 && unread[0].0 == "what role/dr-replicator may do is not known" && unread[0].1.contains("policy/x: refused"), "{unread:?}");
    }
    let found = of(&all.join(", "), ", unread: {more: refused}");
    assert_eq!(found.iter().map(|(title, _)| title.as_str()).collect::<Vec<_>>(), ["what role/dr-replicator may do is not known"], "it may refuse");
    let denied = of(&format!("{}, {}", all.join(", "), grant("Deny", "\"s3:Replicate*\"", "\"*\"")), ", unread: {more: refused}");
    assert!(denied.len() == 2 && denied[0].1.contains("s3:ReplicateObject on arn:aws:s3:::shop-replica/orders/* (refused by S)"), "{denied:?}");
    let bound = of(&all.join(", "), ", bounds: {limit: {Statement: {Effect: Allow, Action: \"s3:Get*\", Resource: \"*\"}}}");
    assert!(bound.len() == 1 && bound[0].1.contains("s3:ListBucket") && !bound[0].1.contains("s3:GetObjectVersionAcl"), "{bound:?}");
    let refused = said(&format!("{TO_ANOTHER}\nliveGrants: AccessDenied"));
    assert!(refused.len() == 1 && refused[0].1.contains("AccessDenied"), "{refused:?}");
    assert_eq!(said(&format!("{TO_ANOTHER}\nliveGrants: missing")), Vec::new(), "the rule about its trust says so");
}

#[test]
fn keys_of_copies_are_asked_for_where_what_they_encrypt_is_copied() {
    let (from, to) = (KEY, "arn:aws:kms:eu-central-1:111122223333:key/9");
    let storage = format!(
        "storage: {{account: \"111122223333\", encryption: {{algorithm: \"aws:kms\", key: \"{from}\"}}, replication: {{bucket: shop-replica, region: eu-central-1, kmsKey: \"{to}\", role: \"arn:aws:iam::111122223333:role/dr-replicator\"}}}}"
    );
    let s3 = grant("Allow", "\"s3:*\"", "\"*\"");
    let of = |keys: &str| said(&format!("{storage}\nliveGrants: {{policies: {{copy: {{Statement: [{s3}{keys}]}}}}}}"));
    let found = of("");
    assert!(found.len() == 1 && found[0].1 == format!("it lacks kms:Encrypt on {to}, kms:Decrypt on {from}"), "{found:?}");
    let key = |action: &str, key: &str, via: &str| {
        format!(", {{Effect: Allow, Action: \"{action}\", Resource: \"{key}\", Condition: {{StringLike: {{\"kms:ViaService\": \"{via}\"}}}}}}")
    };
    let both = [key("kms:Encrypt", to, "s3.eu-central-1.amazonaws.com"), key("kms:Decrypt", from, "s3.eu-west-1.amazonaws.com")];
    assert_eq!(of(&both.concat()), Vec::new());
    let wrong = of(&[both[0].clone(), key("kms:Decrypt", from, "s3.eu-central-1.amazonaws.com")].concat());
    assert!(wrong.len() == 1 && wrong[0].1 == format!("it lacks kms:Decrypt on {from}"), "{wrong:?}");
    let tagged = both[1].replace("kms:ViaService", "aws:PrincipalTag/team");
    let unclear = of(&[both[0].clone(), tagged].concat());
    assert!(unclear.len() == 1 && unclear[0].0.ends_with("is not known") && unclear[0].1.contains("aws:PrincipalTag/team"), "{unclear:?}");
}

#[test]
fn a_replica_of_another_account_must_let_the_role_in() {
    let of = |policy: &str| said(&format!("{TO_ANOTHER}\nliveReplicaPolicy: {policy}"));
    let lets = |who: &str, actions: &str, on: &str| {
        format!("{{Statement: [{{Effect: Allow, Principal: {{AWS: \"{who}\"}}, Action: [{actions}], Resource: \"{on}\"}}]}}")
    };
    let (role, all) = ("arn:aws:iam::111122223333:role/dr-replicator", "\"s3:Replicate*\", \"s3:ObjectOwnerOverrideToBucketOwner\"");
    assert_eq!(of(&lets(role, all, "arn:aws:s3:::shop-replica/*")), Vec::new());
    assert_eq!(of(&lets("111122223333", all, "arn:aws:s3:::shop-replica/orders/*")), Vec::new());
    for (who, actions, on) in [("444455556666", all, "*"), (role, "\"s3:ReplicateObject\"", "*"), (role, all, "arn:aws:s3:::shop-replica/logs/*")] {
        let found = of(&lets(who, actions, on));
        assert!(found.len() == 1 && found[0].0 == "bucket/shop-replica does not let the copies in", "{who} {actions} {on}: {found:?}");
    }
    assert_eq!(of("missing")[0].1, "it has no bucket policy");
    assert_eq!(of("MethodNotAllowed")[0].0, "whether bucket/shop-replica lets the copies in is not known");
    let same = TO_ANOTHER.replace("444455556666", "111122223333");
    assert_eq!(said(&format!("{same}\nliveReplicaPolicy: missing")), Vec::new(), "in one account the role's own policies are enough");
}

#[test]
fn a_rule_of_the_old_form_copies_delete_markers_and_others_only_when_they_say_so() {
    let of = |rule: &str| {
        let rule = format!("{{id: a, {rule}, destination: {{bucket: \"arn:aws:s3:::b\", ownerChanges: false}}}}");
        ids(&judged(&format!("liveReplication: {{role: r, rules: [{rule}]}}"))).contains("delete-markers-are-copied")
    };
    assert!(of("enabled: true, filter: {form: rulePrefix, prefix: orders/nightly/}"));
    assert!(of("enabled: true, priority: 1, filter: {}, deleteMarkers: true"));
    assert!(!of("enabled: true, priority: 1, filter: {}"));
    assert!(!of("enabled: false, filter: {form: rulePrefix}"));
    assert!(!of("enabled: true, filter: {form: rulePrefix, prefix: logs/}"));
}
