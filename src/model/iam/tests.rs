use serde_json::json;

use super::{canonical, principals};

#[test]
fn spellings_of_one_meaning_are_equal() {
    let pairs = [
        (json!({"Statement": {"Action": "s3:GetObject"}}), json!({"Statement": [{"Action": ["S3:GetObject"]}]})),
        (json!({"Statement": [{"Resource": ["b", "a", "a"]}]}), json!({"Statement": [{"Resource": ["a", "b"]}]})),
        (json!({"Statement": [{"Principal": {"AWS": "111122223333"}}]}), json!({"Statement": [{"Principal": {"AWS": ["arn:aws:iam::111122223333:root"]}}]})),
        (
            json!({"Statement": [{"Condition": {"Bool": {"aws:SecureTransport": false}}}]}),
            json!({"Statement": [{"Condition": {"Bool": {"aws:SecureTransport": ["false"]}}}]}),
        ),
        (json!({"Statement": [{"Sid": "A"}, {"Sid": "B"}]}), json!({"Statement": [{"Sid": "B"}, {"Sid": "A"}]})),
    ];
    for (one, other) in pairs {
        assert_eq!(canonical(&one), canonical(&other));
        assert_eq!(canonical(&canonical(&one)), canonical(&one), "idempotent");
    }
}

#[test]
fn different_grants_stay_different() {
    let pairs = [
        (json!({"Statement": [{"Principal": "*"}]}), json!({"Statement": [{"Principal": {"AWS": "111122223333"}}]})),
        (json!({"Statement": [{"Effect": "Allow"}]}), json!({"Statement": [{"Effect": "Deny"}]})),
        (json!({"Statement": [{"Action": "s3:Get*"}]}), json!({"Statement": [{"Action": "s3:GetObject"}]})),
        (json!({"Statement": [{"Condition": {"StringEquals": {"a": "1"}}}]}), json!({"Statement": [{"Condition": {"StringLike": {"a": "1"}}}]})),
        (json!({"Version": "2012-10-17"}), json!({"Version": "2008-10-17"})),
    ];
    for (one, other) in pairs {
        assert_ne!(canonical(&one), canonical(&other));
    }
}

#[test]
fn principals_are_those_allowed() {
    let trust = json!({"Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "111122223333", "Service": "ec2.amazonaws.com"}},
        {"Effect": "Deny", "Principal": {"AWS": "444455556666"}},
    ]});
    assert_eq!(principals(&trust), ["AWS arn:aws:iam::111122223333:root", "Service ec2.amazonaws.com"]);
}
