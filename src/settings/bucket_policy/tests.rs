use serde_json::{Value, json};

use super::{SETTING, judge, sid, statements};
use crate::model::aspects::Encryption;
use crate::model::document::Document;
use crate::model::fact::Fact;
use crate::model::iam;
use crate::model::policy::{TlsVersion, TransportWish};
use crate::model::resource::{BucketWish, ResourceWish};
use crate::settings::tests::bucket_wish;

const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd";
const APPLIER: &str = "arn:aws:iam::111122223333:role/lifeboat/applier";

/// A bucket of two policies that asks for everything.
fn whole() -> BucketWish {
    let mut bucket = bucket_wish();
    bucket.account = Some("111122223333".to_owned());
    bucket.public_access = true;
    bucket.encryption = Some(Encryption { algorithm: "aws:kms".to_owned(), key: Some(KEY.to_owned()), bucket_key: true, blocked_types: Vec::new() });
    let guard = bucket.guard.get_or_insert_default();
    guard.transport = Some(TransportWish { tls_only: true, min_tls: Some(TlsVersion::V12) });
    guard.changed_by.insert(APPLIER.to_owned());
    let mut second = bucket.tenants.first().unwrap().clone();
    second.prefix = "carts/".to_owned();
    bucket.tenants.push(second);
    bucket
}

fn want(bucket: BucketWish) -> Option<Document> {
    (SETTING.want)(&ResourceWish::Bucket(bucket))
}

fn sids(document: &Document) -> Vec<String> {
    let mut sids: Vec<String> = statements(document).iter().filter_map(|statement| sid(statement).map(str::to_owned)).collect();
    sids.sort();
    sids
}

fn statement(document: &Document, name: &str) -> Value {
    statements(document).into_iter().find(|statement| sid(statement) == Some(name)).unwrap()
}

fn policy(statements: &Value) -> Document {
    Document::of(&iam::canonical(&json!({"Version": "2012-10-17", "Statement": statements})))
}

fn weakening(from: &Document, to: &Document) -> Option<String> {
    (SETTING.weakens)(from, to).map(|weakening| format!("{}: {}", weakening.id, weakening.sentence))
}

#[test]
fn each_wish_is_one_refusal_and_nothing_is_ever_granted() {
    let all = want(whole()).unwrap();
    let ours: Vec<String> = super::OURS.iter().map(|(sid, _)| (*sid).to_owned()).collect();
    let (mut found, mut known) = (sids(&all), ours);
    found.sort();
    known.sort();
    assert_eq!(found, known);
    for statement in statements(&all) {
        assert_eq!((&statement["Effect"], &statement["Principal"]), (&json!("Deny"), &json!("*")), "{statement}");
    }
    assert_eq!(statement(&all, "LifeboatTlsOnly")["Resource"], json!(["arn:aws:s3:::shop-dr-orders", "arn:aws:s3:::shop-dr-orders/*"]));
    let prefixes = json!(["arn:aws:s3:::shop-dr-orders/carts/*", "arn:aws:s3:::shop-dr-orders/orders/*"]);
    for limited in ["LifeboatNeverOverwrite", "LifeboatRightKey", "LifeboatRightAlgorithm", "LifeboatNoCustomerKey"] {
        assert_eq!(statement(&all, limited)["Resource"], prefixes, "{limited}");
    }
    assert_eq!(statement(&all, "LifeboatSettingsByApplier")["Condition"], json!({"ArnNotLike": {"aws:PrincipalArn": [APPLIER]}}));
}

/// S3 judges a request before it applies the default encryption: one that says nothing must pass.
#[test]
fn a_request_that_leaves_encryption_to_the_bucket_is_not_refused() {
    let all = want(whole()).unwrap();
    for name in ["LifeboatRightKey", "LifeboatRightAlgorithm"] {
        let condition = &statement(&all, name)["Condition"];
        let (key, _) = condition["StringNotEquals"].as_object().unwrap().iter().next().unwrap();
        assert_eq!(condition["Null"][key], json!(["false"]), "{name}");
    }
}

#[test]
fn what_nobody_asks_for_is_not_written() {
    let mut plain = whole();
    plain.encryption = None;
    plain.guard.as_mut().unwrap().transport = Some(TransportWish { tls_only: false, min_tls: None });
    plain.guard.as_mut().unwrap().changed_by.clear();
    assert_eq!(sids(&want(plain.clone()).unwrap()), ["LifeboatNeverOverwrite"]);
    plain.guard.as_mut().unwrap().unfilled_keys = &["s3:if-none-match"];
    assert_eq!(want(plain.clone()), None, "an endpoint that never fills the key would refuse everything");
    plain.guard = None;
    assert_eq!(want(plain), None);
    let mut alias = whole();
    alias.encryption.as_mut().unwrap().key = Some("alias/dr".to_owned());
    assert!(!sids(&want(alias).unwrap()).contains(&"LifeboatRightKey".to_owned()), "an alias says no key");
}

#[test]
fn statements_of_others_are_carried_and_stale_ones_of_ours_go() {
    let theirs = json!({"Sid": "Theirs", "Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::shop-dr-orders/x"});
    let nameless = json!({"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteBucket", "Resource": "arn:aws:s3:::shop-dr-orders"});
    let old = json!({"Sid": "LifeboatMinimumTls", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": {"NumericLessThan": {"s3:TlsVersion": "1.3"}}});
    let mut live = policy(&json!([theirs, nameless, old])).value().clone();
    live["Id"] = json!("written by hand");
    live["Version"] = json!("2008-10-17");
    let live = Document::of(&live);
    let want = want(whole()).unwrap();
    let to = (SETTING.adopt)(&want, &Fact::Known(live.clone()));
    assert_eq!((&to.value()["Id"], &to.value()["Version"]), (&json!("written by hand"), &json!("2008-10-17")));
    for other in statements(&live).iter().filter(|other| sid(other) != Some("LifeboatMinimumTls")) {
        assert!(statements(&to).contains(other), "{other}");
    }
    assert_eq!(statement(&to, "LifeboatMinimumTls"), statement(&want, "LifeboatMinimumTls"));
    assert_eq!((SETTING.adopt)(&to, &Fact::Known(to.clone())), to);
    assert_eq!((SETTING.adopt)(&to, &Fact::Known(live.clone())), to);
    assert!(weakening(&live, &to).is_some_and(|words| words.contains("an older TLS")), "1.3 was asked for");
}

#[test]
fn a_refusal_less_weakens_and_a_stricter_one_does_not() {
    let all = want(whole()).unwrap();
    let without = |sid: &str| policy(&statements(&all).into_iter().filter(|statement| super::sid(statement) != Some(sid)).collect());
    for (sid, words) in super::OURS {
        let said = weakening(&all, &without(sid));
        assert!(said.as_ref().is_some_and(|said| said.starts_with("weakens-bucket-policy: ") && said.contains(words)), "{sid}: {said:?}");
        assert_eq!(weakening(&without(sid), &all), None, "{sid}: one more");
    }
    let changed = |change: fn(&mut BucketWish)| {
        let mut bucket = whole();
        change(&mut bucket);
        want(bucket).unwrap()
    };
    let exempt = |bucket: &mut BucketWish| assert!(bucket.guard.as_mut().unwrap().changed_by.insert("arn:aws:iam::111122223333:user/other".to_owned()));
    let newer = |bucket: &mut BucketWish| bucket.guard.as_mut().unwrap().transport.as_mut().unwrap().min_tls = Some(TlsVersion::V13);
    let fewer = |bucket: &mut BucketWish| bucket.tenants.truncate(1);
    assert!(weakening(&all, &changed(exempt)).is_some(), "one more may change the settings");
    assert_eq!(weakening(&changed(exempt), &all), None);
    assert_eq!(weakening(&all, &changed(newer)), None);
    assert!(weakening(&changed(newer), &all).is_some());
    assert!(weakening(&all, &changed(fewer)).is_some(), "a prefix that is no longer protected");
    assert_eq!(weakening(&changed(fewer), &all), None);
}

#[test]
fn an_open_statement_of_others_is_a_threat_and_can_be_taken_out_alone() {
    let allow = |who: Value, condition: Value| {
        let mut statement =
            json!({"Sid": "Theirs", "Effect": "Allow", "Principal": who, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::shop-dr-orders/*"});
        if !condition.is_null() {
            statement["Condition"] = condition;
        }
        statement
    };
    let all = json!("*");
    let other = json!({"AWS": "arn:aws:iam::999999999999:root"});
    let organisation = json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}});
    let cases = [
        (allow(all.clone(), Value::Null), Some(judge::EVERYBODY)),
        (allow(json!({"AWS": ["*"]}), json!({"Bool": {"aws:SecureTransport": "true"}})), Some(judge::EVERYBODY)),
        (allow(all.clone(), json!({"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "0.0.0.0/0"]}})), Some(judge::EVERYBODY)),
        (allow(all.clone(), json!({"StringLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/x"}})), Some(judge::EVERYBODY)),
        (allow(all.clone(), json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}})), Some(judge::EVERYBODY)),
        (allow(all.clone(), json!({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}})), Some(judge::EVERYBODY)),
        (allow(all.clone(), organisation.clone()), None),
        (allow(all, json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/*"}})), None),
        (allow(other.clone(), Value::Null), Some("account 999999999999")),
        (allow(other, organisation), None),
        (allow(json!({"AWS": "111122223333"}), Value::Null), None),
        (allow(json!({"Service": "logging.s3.amazonaws.com"}), Value::Null), None),
    ];
    let bucket = whole();
    for (statement, who) in cases {
        let live = policy(&json!([statement, statements(&want(whole()).unwrap()).first().unwrap()]));
        let found = (SETTING.threats)(&ResourceWish::Bucket(bucket.clone()), &live);
        match (found.as_slice(), who) {
            ([], None) => {}
            ([threat], Some(who)) => {
                assert!(threat.sentence.contains(who) && threat.name == "Theirs", "{threat:?}");
                assert_eq!(threat.blocks, who == judge::EVERYBODY, "{threat:?}");
                assert_eq!(statements(&threat.without).len(), 1);
            }
            (found, who) => panic!("{statement}: {found:?} instead of {who:?}"),
        }
    }
}

#[test]
fn what_aws_would_refuse_is_not_sent() {
    let to = want(whole()).unwrap();
    assert_eq!((SETTING.refused)(&to), None);
    let deleted =
        json!({"Effect": "Allow", "Principal": {"AWS": "AROAEXAMPLEID12345678"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::shop-dr-orders/x"});
    assert!((SETTING.refused)(&policy(&json!([deleted]))).is_some_and(|why| why.contains("AROAEXAMPLEID12345678")));
    let long = json!({"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": format!("arn:aws:s3:::shop-dr-orders/{}", "x".repeat(20_400))});
    assert!((SETTING.refused)(&policy(&json!([long]))).is_some_and(|why| why.contains("20480")));
}

#[test]
fn a_change_is_said_statement_by_statement() {
    let to = want(whole()).unwrap();
    let theirs = json!({"Sid": "Theirs", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::shop-dr-orders/*"});
    let older = json!({"Sid": "LifeboatMinimumTls", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": {"NumericLessThan": {"s3:TlsVersion": "1.1"}}});
    let lines = (SETTING.describe)(&Fact::Known(policy(&json!([theirs, older]))), &to);
    assert!(lines.contains(&"+ LifeboatTlsOnly  refuses requests without TLS".to_owned()), "{lines:?}");
    assert!(lines.contains(&"~ LifeboatMinimumTls  refuses requests with an older TLS".to_owned()), "{lines:?}");
    assert!(lines.contains(&"- `Theirs`".to_owned()), "{lines:?}");
}
