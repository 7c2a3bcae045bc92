use serde_json::Value;

use super::kind_of;
use crate::ports::Kind;

/// Every error that AWS was recorded to answer to a question about a bucket, with the kind that it must be taken for.
#[test]
fn what_aws_says_of_what_is_not_there_is_absent_and_nothing_else_is() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("../../../../tests/data/aws/defaults.json")).unwrap();
    let codes = cases.iter().filter_map(|case| case.pointer("/response/Error/Code").and_then(Value::as_str));
    let (mut absent, mut others) = (0, 0);
    for code in codes {
        let (status, expected) = match code {
            "AccessDenied" => (403, Kind::Refused),
            "InvalidBucketOwnerAWSAccountID" => (400, Kind::Rejected),
            _ => (404, Kind::Missing),
        };
        assert_eq!(kind_of(status, Some(code)), (expected, false), "{code}");
        if expected == Kind::Missing {
            absent += 1;
        } else {
            others += 1;
        }
    }
    assert_eq!((absent, others), (28, 5));
}

/// 409 means that something is there already only for what was to be made.
#[test]
fn a_state_that_takes_no_such_write_is_a_rejection() {
    for (code, kind) in [
        ("BucketAlreadyOwnedByYou", Kind::Exists),
        ("EntityAlreadyExists", Kind::Exists),
        ("InvalidBucketState", Kind::Rejected),
        ("LimitExceeded", Kind::Rejected),
        ("DeleteConflict", Kind::Rejected),
    ] {
        assert_eq!(kind_of(409, Some(code)).0, kind, "{code}");
    }
    assert_eq!(kind_of(403, Some("InvalidObjectState")).0, Kind::Rejected);
    assert_eq!(kind_of(416, Some("InvalidRange")).0, Kind::OutOfRange);
}
