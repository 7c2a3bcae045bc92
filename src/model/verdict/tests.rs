use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Refusal, Verdict, bucket_policy, encryption, iam_policy, lifecycle, object_lock, ownership, replication, role, said, tags, versioning};
use crate::model::aspects::Versioning;

fn code(verdict: Verdict) -> &'static str {
    verdict.err().map_or("ok", |refusal| refusal.code)
}

fn rules(rules: &[Value]) -> Verdict {
    lifecycle::lifecycle(&json!({"LifecycleConfiguration": {"Rules": rules}}))
}

/// A sound rule with some elements replaced; `null` takes one away.
fn rule(over: Value) -> Value {
    let mut rule = json!({"ID": "r", "Status": "Enabled", "Filter": {"Prefix": "p/"}, "Expiration": {"Days": 400}});
    for (key, value) in over.as_object().unwrap() {
        if value.is_null() { drop(rule.as_object_mut().unwrap().remove(key)) } else { rule[key] = value.clone() }
    }
    rule
}

#[test]
fn a_plan_says_what_is_wrong_and_the_simulator_what_aws_says() {
    let refusal = rules(&[json!({"ID": "a", "Status": "Enabled", "Expiration": {"Days": 1}})]).unwrap_err();
    assert_eq!(refusal.to_string(), "MalformedXML: rule `a` has neither a Filter nor a Prefix; an empty Filter means every key");
    assert!(refusal.answer().starts_with("MalformedXML: The XML you provided"));
    assert_eq!(said(Ok(())), None);
    assert_eq!(said(Err(Refusal::plain("A", "b"))), Some("A: b".to_owned()));
}

#[test]
fn the_form_of_a_lifecycle_rule() {
    let tag = json!({"Key": "a", "Value": "1"});
    for over in [
        json!({"Status": null}),
        json!({"Status": "enabled"}),
        json!({"Filter": null}),
        json!({"Prefix": "p/"}),
        json!({"Filter": {"Prefix": "p/", "Tag": tag}}),
        json!({"Filter": {"And": {"Prefix": "p/"}}}),
        json!({"Filter": {"And": {"Tags": [tag]}}}),
        json!({"Filter": {"Tag": {"Key": "a"}}}),
        json!({"Filter": {"Suffix": "x"}}),
        json!({"Expiration": {}}),
        json!({"Expiration": {"Days": 1, "Date": "2030-01-01T00:00:00Z"}}),
        json!({"Expiration": {"Days": "1"}}),
        json!({"Expiration": {"Date": "Fri, 01 Jan 2016 00:00:00 GMT"}}),
        json!({"Expiration": {"Days": 1, "ExpiredObjectDeleteMarker": false}}),
        json!({"Transitions": [{"StorageClass": "GLACIER"}]}),
        json!({"Transitions": [{"Days": 1}]}),
        json!({"Transitions": [{"Days": 1, "StorageClass": "STANDARD"}]}),
        json!({"Transitions": [{"Days": 1, "StorageClass": "REDUCED_REDUNDANCY"}]}),
        json!({"Transitions": [{"Days": 1, "StorageClass": ""}]}),
        json!({"NoncurrentVersionTransitions": [{"StorageClass": "GLACIER"}]}),
        json!({"AbortIncompleteMultipartUpload": {}}),
        json!({"Unknown": 1}),
    ] {
        assert_eq!(code(rules(&[rule(over.clone())])), "MalformedXML", "{over}");
    }
    let sound = [json!({}), json!({"Filter": {}}), json!({"ID": null}), json!({"Filter": {"And": {"Prefix": "", "ObjectSizeGreaterThan": 9}}})];
    assert!(sound.into_iter().all(|over| rules(&[rule(over)]).is_ok()));
}

#[test]
fn the_days_of_a_lifecycle_rule() {
    let steps = |steps: &[(i64, &str)]| -> Value { steps.iter().map(|(days, class)| json!({"Days": days, "StorageClass": class})).collect() };
    for (over, expected) in [
        (json!({"Expiration": {"Days": 0}}), "InvalidArgument"),
        (json!({"Expiration": {"Date": "2030-01-01T12:00:00Z"}}), "InvalidArgument"),
        (json!({"Expiration": {"Date": "2030-01-01T01:00:00+01:00"}}), "ok"),
        (json!({"Expiration": null, "NoncurrentVersionExpiration": {"NoncurrentDays": 0}}), "InvalidArgument"),
        (json!({"Expiration": null, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 0}}), "InvalidArgument"),
        (json!({"Expiration": null}), "InvalidRequest"),
        (json!({"Transitions": []}), "ok"),
        (json!({"Expiration": null, "Transitions": []}), "InvalidRequest"),
        (json!({"Transitions": steps(&[(29, "STANDARD_IA")])}), "InvalidArgument"),
        (json!({"Transitions": steps(&[(30, "STANDARD_IA")])}), "ok"),
        (json!({"Transitions": steps(&[(0, "GLACIER_IR")])}), "ok"),
        (json!({"NoncurrentVersionTransitions": [{"NoncurrentDays": 29, "StorageClass": "ONEZONE_IA"}]}), "InvalidArgument"),
        (json!({"Transitions": steps(&[(400, "GLACIER")])}), "InvalidArgument"),
        (json!({"Transitions": steps(&[(399, "GLACIER")])}), "ok"),
        // IA for 30 days before an archive takes it; a colder class never goes back.
        (json!({"Transitions": steps(&[(30, "STANDARD_IA"), (59, "GLACIER")])}), "InvalidArgument"),
        (json!({"Transitions": steps(&[(30, "STANDARD_IA"), (60, "GLACIER")])}), "ok"),
        (json!({"Transitions": steps(&[(90, "STANDARD_IA"), (30, "GLACIER_IR")])}), "InvalidArgument"),
        (json!({"Transitions": steps(&[(30, "ONEZONE_IA"), (90, "STANDARD_IA")])}), "InvalidArgument"),
        (json!({"Transitions": steps(&[(30, "INTELLIGENT_TIERING"), (40, "DEEP_ARCHIVE")])}), "ok"),
        (json!({"Transitions": steps(&[(30, "GLACIER"), (40, "CLASS_OF_NEXT_YEAR")])}), "ok"),
        (
            json!({"Expiration": {"Date": "2030-01-01T00:00:00Z"}, "Transitions": [{"Date": "2030-01-01T00:00:00Z", "StorageClass": "GLACIER"}]}),
            "InvalidArgument",
        ),
        (json!({"Expiration": {"Date": "2030-01-02T00:00:00Z"}, "Transitions": [{"Date": "2030-01-01T00:00:00Z", "StorageClass": "GLACIER"}]}), "ok"),
        // Noncurrent versions count days whatever the current ones do.
        (json!({"Expiration": {"Date": "2030-01-02T00:00:00Z"}, "NoncurrentVersionTransitions": [{"NoncurrentDays": 1, "StorageClass": "GLACIER"}]}), "ok"),
    ] {
        assert_eq!(code(rules(&[rule(over.clone())])), expected, "{over}");
    }
}

#[test]
fn the_filter_of_a_lifecycle_rule() {
    let tags = json!([{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]);
    for (over, expected) in [
        (json!({"Filter": {"And": {"Tags": tags}}}), "InvalidRequest"),
        (json!({"Filter": {"ObjectSizeGreaterThan": -1}}), "InvalidRequest"),
        (json!({"Filter": {"And": {"ObjectSizeGreaterThan": 9, "ObjectSizeLessThan": 9}}}), "InvalidRequest"),
        (json!({"Filter": {"And": {"ObjectSizeGreaterThan": 9, "ObjectSizeLessThan": 10}}}), "ok"),
        (json!({"Filter": {"ObjectSizeGreaterThan": 9}, "Expiration": {"ExpiredObjectDeleteMarker": false}}), "InvalidRequest"),
        (
            json!({"Filter": {"And": {"Prefix": "", "Tags": [{"Key": "a", "Value": "1"}]}}, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}}),
            "InvalidRequest",
        ),
    ] {
        assert_eq!(code(rules(&[rule(over.clone())])), expected, "{over}");
    }
}

#[test]
fn the_rules_of_one_configuration() {
    let old = |id: &str, prefix: &str| rule(json!({"ID": id, "Filter": null, "Prefix": prefix}));
    let new = |id: &str, prefix: &str| rule(json!({"ID": id, "Filter": {"Prefix": prefix}}));
    assert_eq!(code(rules(&[new("a", "a/"), old("b", "b/")])), "InvalidRequest");
    assert_eq!(
        rules(&[new("a", "a/"), old("b", "b/")]).unwrap_err().message,
        "Base level prefix cannot be used in Lifecycle V2, prefixes are only supported in the Filter."
    );
    assert_eq!(rules(&[old("a", "a/"), new("b", "b/")]).unwrap_err().message, "Filter element can only be used in Lifecycle V2.");
    assert_eq!(code(rules(&[old("a", "a/"), old("b", "b/")])), "ok");
    assert_eq!(code(rules(&[old("a", "a"), old("c", "b/"), old("b", "ab/")])), "InvalidRequest");
    assert_eq!(code(rules(&[new("a", "a"), new("b", "ab/"), new("c", "ab/c/")])), "ok", "filters may overlap");
    assert_eq!(code(rules(&[new("a", "a/"), new("a", "b/")])), "InvalidArgument");
    assert_eq!(code(rules(&[new(&"é".repeat(255), "a/")])), "ok");
    assert_eq!(code(rules(&[new(&"é".repeat(256), "a/")])), "InvalidArgument");
    let many = |count: usize| (0..count).map(|n| new(&n.to_string(), &format!("{n}/"))).collect::<Vec<_>>();
    assert_eq!((code(rules(&many(1000))), code(rules(&many(1001)))), ("ok", "MalformedXML"));
}

fn allowing(over: &Value) -> Value {
    let mut statement = json!({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/job"}});
    statement.as_object_mut().unwrap().extend(over.as_object().unwrap().clone());
    json!({"Version": "2012-10-17", "Statement": [statement]})
}

#[test]
fn trust_policies() {
    let trust = |over: Value| code(role::trust(&allowing(&over)));
    for principal in [
        json!("*"),
        json!({"AWS": ["111122223333", "arn:aws-cn:iam::111122223333:root", "arn:aws:sts::111122223333:assumed-role/r/s"]}),
        json!({"Service": "pods.eks.amazonaws.com"}),
        json!({"Federated": ["arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com", "cognito-identity.amazonaws.com"]}),
    ] {
        assert_eq!(trust(json!({"Action": "sts:AssumeRole", "Principal": principal})), "ok", "{principal}");
    }
    for principal in [
        json!({}),
        json!("arn:aws:iam::111122223333:root"),
        json!({"AWS": []}),
        json!({"AWS": "AROAEXAMPLEEXAMPLE123"}),
        json!({"AWS": "AIDAEXAMPLEEXAMPLE123"}),
        json!({"AWS": "arn:aws:iam::111122223333:role/*"}),
        json!({"AWS": "arn:aws:iam:::role/job"}),
        json!({"AWS": "arn:aws:s3:::b"}),
        json!({"Service": "ec2"}),
        json!({"Federated": "arn:aws:iam:::oidc-provider/token.actions.githubusercontent.com"}),
        json!({"Nobody": "x"}),
    ] {
        assert_eq!(trust(json!({"Action": "sts:AssumeRole", "Principal": principal})), "MalformedPolicyDocument", "{principal}");
    }
    assert_eq!(trust(json!({})), "MalformedPolicyDocument", "no action");
    assert_eq!(trust(json!({"Action": "s3:GetObject"})), "MalformedPolicyDocument");
    assert_eq!(trust(json!({"Action": ["sts:AssumeRole", "sts:TagSession"]})), "ok");
    assert_eq!(code(role::trust(&json!({}))), "MalformedPolicyDocument");
    assert!(
        role::trust(&allowing(&json!({"Action": "sts:AssumeRole", "Principal": {"AWS": "AROAEXAMPLEEXAMPLE123"}}))).unwrap_err().sentence.contains("deleted")
    );
    assert_eq!(code(role::document("{,}").map(|_| ())), "MalformedPolicyDocument");
}

#[test]
fn identity_policies_have_a_size() {
    let policy = |count: usize| {
        let resources: Vec<String> = (0..count).map(|n| format!("arn:aws:s3:::b/{n:0100}")).collect();
        json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": resources}})
    };
    assert_eq!((code(iam_policy::inline(&policy(80), "r")), code(iam_policy::inline(&policy(100), "r"))), ("ok", "LimitExceeded"));
    let with_principal = allowing(&json!({"Action": "s3:GetObject", "Resource": "*"}));
    assert_eq!(code(iam_policy::identity(&with_principal)), "MalformedPolicyDocument");
}

#[test]
fn bucket_policies() {
    let judge = |over: Value| code(bucket_policy::bucket_policy(&allowing(&over), Some("b")));
    for (over, expected) in [
        (json!({"Action": "s3:*", "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"], "Effect": "Deny", "Principal": "*"}), "ok"),
        (json!({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::b"}), "MalformedPolicy"),
        (json!({"Action": "s3:PutBucketObjectLockConfiguration", "Resource": "arn:aws:s3:::b"}), "ok"),
        (json!({"Action": "s3:PutLifecycleConfiguration", "Resource": "arn:aws:s3:::b/*"}), "MalformedPolicy"),
        (json!({"Action": ["s3:ListBucket", "s3:GetObject"], "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"]}), "ok"),
        (json!({"Action": "s3:ListBucket", "Resource": "*"}), "ok"),
        (json!({"Action": "s3:ListBucket", "Resource": "arn:aws:s3:::c"}), "MalformedPolicy"),
        (json!({"Action": "s3:ListBucket", "Resource": "b"}), "MalformedPolicy"),
        (json!({"Action": "s3:ListBucket"}), "MalformedPolicy"),
        (json!({"Resource": "arn:aws:s3:::b"}), "MalformedPolicy"),
        (json!({"Action": "s3:ListBucket", "Resource": "arn:aws:s3:::b", "Principal": {"AWS": "AROAEXAMPLEEXAMPLE123"}}), "MalformedPolicy"),
        (json!({"Action": "s3:ListBucket", "Resource": "arn:aws:s3:::b", "Condition": {"Maybe": {"a": "b"}}}), "MalformedPolicy"),
    ] {
        assert_eq!(judge(over.clone()), expected, "{over}");
    }
    let open =
        |condition: Value| allowing(&json!({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*", "Principal": {"AWS": "*"}, "Condition": condition}));
    assert_eq!(code(bucket_policy::under_block(&open(json!({})))), "AccessDenied");
    assert_eq!(code(bucket_policy::under_block(&open(json!({"Bool": {"aws:SecureTransport": "true"}})))), "AccessDenied");
    assert_eq!(code(bucket_policy::under_block(&open(json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}})))), "ok");
    assert_eq!(code(bucket_policy::text(&format!("{{{}}}", " ".repeat(9)), None)), "MalformedPolicy");
}

#[test]
fn smaller_settings() {
    let lock = |retention: Value| code(object_lock::object_lock(&json!({"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": retention}})));
    assert_eq!(lock(json!({"Mode": "COMPLIANCE", "Years": 1})), "ok");
    assert_eq!(lock(json!({"Mode": "COMPLIANCE", "Years": 0})), "InvalidArgument");
    assert_eq!(code(object_lock::on_bucket(None)), "InvalidBucketState");
    let versions = |configuration: Value, locked| code(versioning::versioning(&configuration, locked));
    assert_eq!(versions(json!({}), false), "IllegalVersioningConfigurationException");
    assert_eq!(versions(json!({"Status": "Disabled"}), false), "MalformedXML");
    assert_eq!((versions(json!({"Status": "Suspended"}), false), versions(json!({"Status": "Suspended"}), true)), ("ok", "InvalidBucketState"));
    let owner = |owner: &str| code(ownership::ownership(&json!({"Rules": [{"ObjectOwnership": owner}]})));
    assert_eq!((owner("BucketOwnerEnforced"), owner("Me")), ("ok", "MalformedXML"));
    let blocked = json!({"Rules": [{"BlockedEncryptionTypes": {"EncryptionType": ["LATER"]}}]});
    assert_eq!(code(encryption::encryption(&json!({"ServerSideEncryptionConfiguration": blocked}))), "ok", "carried, not judged");
    let on = Some(Versioning::Enabled);
    assert_eq!((code(replication::between(on, on)), code(replication::between(on, Some(Versioning::Suspended)))), ("ok", "InvalidRequest"));
    assert_eq!((code(replication::logging("a", Some("a"))), code(replication::logging("a", None))), ("ok", "InvalidTargetBucketForLogging"));
}

#[test]
fn tags_of_a_bucket() {
    let of = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> { pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect() };
    let many: BTreeMap<String, String> = (0..51).map(|n| (format!("k{n}"), String::new())).collect();
    assert_eq!(code(tags::tags(&many, None)), "BadRequest");
    assert_eq!(code(tags::tags(&of(&[("", "a")]), None)), "InvalidTag");
    assert_eq!(code(tags::tags(&of(&[("a", &"x".repeat(257))]), None)), "InvalidTag");
    let system = of(&[("aws:cloudformation:stack-name", "s")]);
    assert_eq!(code(tags::tags(&system, Some(&system))), "ok", "it goes back as it is");
    assert_eq!(code(tags::tags(&system, Some(&BTreeMap::new()))), "InvalidTag");
}
