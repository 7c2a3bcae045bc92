//! What documents grant, each case read off the IAM reference (policy evaluation logic, Resource, Condition).

use serde_json::{Value, json};

use super::{Ask, Grant, Scope, judge};

const OBJECTS: Scope<'_> = Scope::below("arn:aws:s3:::replica/orders/");

fn asked(statements: &Value, ask: &Ask<'_>) -> Grant {
    judge([&json!({"Statement": statements})], ask)
}

fn copy(statements: Value) -> Grant {
    asked(&statements, &Ask { action: "s3:ReplicateObject", on: OBJECTS, principals: &[], context: &[] })
}

fn allow(action: &str, resource: &str) -> Value {
    json!({"Sid": "Copy", "Effect": "Allow", "Action": action, "Resource": resource})
}

fn deny(action: &str, resource: &str) -> Value {
    json!({"Sid": "Never", "Effect": "Deny", "Action": action, "Resource": resource})
}

#[test]
fn a_grant_counts_only_on_all_of_the_objects() {
    for (action, resource) in [
        ("s3:ReplicateObject", "arn:aws:s3:::replica/*"),
        ("s3:replicate*", "arn:aws:s3:::replica/orders/*"),
        ("S3:Replicate??ject", "arn:aws:s3:::rep*/orders/**"),
        ("*", "*"),
    ] {
        assert_eq!(copy(json!([allow(action, resource)])), Grant::Granted, "{action} {resource}");
    }
    for (action, resource) in [
        ("s3:ReplicateDelete", "arn:aws:s3:::replica/*"),
        ("s3:ReplicateObject", "arn:aws:s3:::replica"),
        ("s3:ReplicateObject", "arn:aws:s3:::replica/orders/"),
        ("s3:ReplicateObject", "arn:aws:s3:::replica/orders/?"),
        ("s3:ReplicateObject", "arn:aws:s3:::replica/orders/nightly/*"),
        ("s3:ReplicateObject", "arn:aws:s3:::replica/*.zst"),
        ("s3:ReplicateObject", "arn:aws:s3:::replica2/*"),
    ] {
        assert_eq!(copy(json!([allow(action, resource)])), Grant::Missing, "{action} {resource}");
    }
    assert_eq!(copy(json!([])), Grant::Missing);
    assert_eq!(copy(json!([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}])), Grant::Granted);
    assert_eq!(copy(json!([{"Effect": "Allow", "NotAction": "s3:Replicate*", "Resource": "*"}])), Grant::Missing);
    assert_eq!(copy(json!([{"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::other/*"}])), Grant::Granted);
    assert_eq!(copy(json!([{"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::replica/orders/secret/*"}])), Grant::Missing);
    assert!(matches!(copy(json!([allow("s3:*", "arn:aws:s3:::replica/${aws:username}/*")])), Grant::Unclear(why) if why.contains("${aws:username}")));
}

#[test]
fn a_deny_counts_on_any_of_them() {
    let all = allow("s3:*", "*");
    for resource in ["*", "arn:aws:s3:::replica/*", "arn:aws:s3:::replica/orders/secret/*", "arn:aws:s3:::replica/*.zst"] {
        assert_eq!(copy(json!([all, deny("s3:Replicate*", resource)])), Grant::Refused("Never".to_owned()), "{resource}");
    }
    assert_eq!(copy(json!([all, deny("s3:Replicate*", "arn:aws:s3:::replica/logs/*")])), Grant::Granted);
    let mut when = deny("s3:*", "*");
    when["Condition"] = json!({"StringNotEquals": {"aws:SourceVpce": "vpce-1"}});
    assert!(matches!(copy(json!([all, when])), Grant::Unclear(why) if why.contains("Never") && why.contains("aws:SourceVpce")));
}

#[test]
fn a_condition_is_judged_where_its_key_is_known() {
    let via = [Scope::exactly("s3.eu-west-1.amazonaws.com")];
    let context: &[(&str, &[Scope<'_>])] = &[("kms:ViaService", &via), ("aws:SecureTransport", &[Scope::exactly("true")])];
    let of = |condition: Value| {
        let statement = json!([{"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*", "Condition": condition}]);
        asked(&statement, &Ask { action: "kms:Decrypt", on: Scope::exactly("arn:key"), principals: &[], context })
    };
    assert_eq!(of(json!({"StringLike": {"kms:ViaService": "s3.*.amazonaws.com"}})), Grant::Granted);
    assert_eq!(of(json!({"StringEquals": {"KMS:viaservice": ["x", "s3.eu-west-1.amazonaws.com"]}, "Bool": {"aws:SecureTransport": true}})), Grant::Granted);
    assert_eq!(of(json!({"StringEquals": {"kms:ViaService": "s3.*.amazonaws.com"}})), Grant::Missing, "no pattern");
    assert_eq!(of(json!({"StringLike": {"kms:ViaService": "rds.*"}})), Grant::Missing);
    assert!(matches!(of(json!({"StringEquals": {"aws:PrincipalTag/team": "dr"}})), Grant::Unclear(why) if why.contains("aws:PrincipalTag/team")));
    assert!(matches!(of(json!({"StringNotLike": {"kms:ViaService": "rds.*"}})), Grant::Unclear(_)));
    let plain = json!([allow("kms:*", "*"), {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]);
    assert_eq!(asked(&plain, &Ask { action: "kms:Decrypt", on: Scope::exactly("arn:key"), principals: &[], context }), Grant::Granted);
}

#[test]
fn a_document_of_a_bucket_counts_for_whom_it_names() {
    let of = |principal: Value| {
        let statement = json!([{"Effect": "Allow", "Principal": principal, "Action": "s3:*", "Resource": "*"}]);
        let principals = &["arn:aws:iam::111122223333:role/dr", "arn:aws:iam::111122223333:root"];
        asked(&statement, &Ask { action: "s3:ReplicateObject", on: OBJECTS, principals, context: &[] })
    };
    for named in [json!("*"), json!({"AWS": "111122223333"}), json!({"AWS": ["x", "arn:aws:iam::111122223333:role/dr"]})] {
        assert_eq!(of(named.clone()), Grant::Granted, "{named}");
    }
    for other in [json!({"AWS": "444455556666"}), json!({"Service": "s3.amazonaws.com"})] {
        assert_eq!(of(other.clone()), Grant::Missing, "{other}");
    }
}
