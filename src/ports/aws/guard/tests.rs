use aws_config::retry::RetryConfig;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};

use super::super::error::port;
use super::super::tests::answering;
use super::{ACTIONS, KMS, REFUSED, STS, judge};
use crate::ports::Kind;

fn form(action: &str) -> Vec<u8> {
    format!("Action={action}&Version=2010-05-08&RoleName=x").into_bytes()
}

#[test]
fn of_all_deletions_only_those_of_the_table_pass() {
    for (uri, may) in [
        ("https://b.s3.amazonaws.com/", false),
        ("http://127.0.0.1:9000/b", false),
        ("http://127.0.0.1:9000/b?replication", false),
        ("http://127.0.0.1:9000/b/key?x-id=DeleteObject", false),
        ("http://127.0.0.1:9000/b/key?versionId=", false),
        ("http://127.0.0.1:9000/b/key?versionId=1", true),
        ("http://127.0.0.1:9000/b/key?uploadId=", false),
        ("http://127.0.0.1:9000/b/key?x-id=AbortMultipartUpload&uploadId=abc", true),
        ("http://127.0.0.1:9000/b/uploadId=1", false),
    ] {
        assert_eq!(judge("DELETE", uri, None).is_ok(), may, "{uri}");
        assert_eq!(judge("delete", uri, None).is_ok(), may, "{uri}");
        assert_eq!(judge("GET", uri, None), Ok(()), "{uri}");
    }
    assert!(judge("POST", "http://127.0.0.1:9000/b?delete", Some(b"<Delete/>")).is_err());
    assert_eq!(judge("POST", "http://127.0.0.1:9000/b/key?uploads", None), Ok(()));
    assert_eq!(judge("PUT", "http://127.0.0.1:9000/b?replication", Some(b"<x/>")), Ok(()));
}

/// A version can be removed by one function only, which is given delete markers.
#[test]
fn one_place_removes_a_version() {
    let sources = [include_str!("../marks.rs"), include_str!("../objects.rs"), include_str!("../s3.rs"), include_str!("../mod.rs")];
    assert_eq!(sources.map(|source| source.matches("delete_object()").count()), [1, 0, 0, 0]);
}

#[test]
fn of_iams_deletions_only_those_of_the_table_pass() {
    for may in ACTIONS {
        assert_eq!(judge("POST", "https://iam.amazonaws.com/", Some(&form(may))), Ok(()), "{may}");
    }
    for may_not in ["DeleteUser", "DeletePolicy", "DeleteOpenIDConnectProvider", "RemoveRoleFromInstanceProfile", "DetachUserPolicy"] {
        assert!(judge("POST", "https://iam.amazonaws.com/", Some(&form(may_not))).is_err(), "{may_not}");
    }
    for other in ["GetRole", "PutRolePolicy", "CreateRole", "GetCallerIdentity", "AssumeRole"] {
        assert_eq!(judge("POST", "https://iam.amazonaws.com/", Some(&form(other))), Ok(()), "{other}");
    }
}

#[test]
fn of_kms_and_sts_only_what_is_listed_passes() {
    let target = |operation: &str| KMS.judge(Some(&format!("TrentService.{operation}")), Some(b"{}"));
    for may in ["DescribeKey", "GetKeyPolicy", "GetKeyRotationStatus"] {
        assert_eq!(target(may), Ok(()), "{may}");
    }
    for may_not in ["ScheduleKeyDeletion", "DisableKey", "PutKeyPolicy", "CreateGrant", "Decrypt", "DescribeKeys", ""] {
        assert!(target(may_not).is_err(), "{may_not}");
    }
    assert!(KMS.judge(None, Some(b"{}")).is_err() && KMS.judge(None, None).is_err());
    for may in ["AssumeRole", "GetCallerIdentity"] {
        assert_eq!(STS.judge(None, Some(&form(may))), Ok(()), "{may}");
    }
    for may_not in ["GetSessionToken", "GetFederationToken", "AssumeRoleWithSAML", "AssumeRoot", "DescribeKey"] {
        assert!(STS.judge(None, Some(&form(may_not))).is_err(), "{may_not}");
    }
    assert!(STS.judge(None, None).is_err());
}

#[tokio::test]
async fn no_client_sends_what_is_not_in_the_tables() {
    let (aws, asked) = answering(RetryConfig::standard(), |_| (200, "")).await;
    let bucket = aws.bucket("b");
    let mut refused = vec![
        port("DeleteBucket", bucket.control.delete_bucket().bucket("b").send().await.unwrap_err()),
        port("DeleteBucketReplication", bucket.control.delete_bucket_replication().bucket("b").send().await.unwrap_err()),
        port("DeleteObject", bucket.data.delete_object().bucket("b").key("k").send().await.unwrap_err()),
        port("ScheduleKeyDeletion", aws.kms("k").schedule_key_deletion().key_id("k").send().await.unwrap_err()),
        port("DisableKey", aws.kms("k").disable_key().key_id("k").send().await.unwrap_err()),
        port("GetSessionToken", aws.sts.get_session_token().send().await.unwrap_err()),
        port("DeleteUser", aws.iam.delete_user().user_name("u").send().await.unwrap_err()),
    ];
    let many = Delete::builder().objects(ObjectIdentifier::builder().key("k").build().unwrap()).build().unwrap();
    refused.push(port("DeleteObjects", bucket.data.delete_objects().bucket("b").delete(many).send().await.unwrap_err()));
    for error in refused {
        assert!(error.kind == Kind::Rejected && !error.maybe_done && error.message.contains(REFUSED), "{error:?}");
    }
    assert_eq!(*asked.lock().unwrap(), Vec::<String>::new());
    // Whatever is made of the answers, these are sent.
    let _ = aws.kms("k").describe_key().key_id("k").send().await;
    let _ = aws.sts.get_caller_identity().send().await;
    assert_eq!(*asked.lock().unwrap(), ["POST / HTTP/1.1", "POST / HTTP/1.1"]);
    asked.lock().unwrap().clear();
    bucket.data.abort_multipart_upload().bucket("b").key("k").upload_id("u").send().await.unwrap();
    assert!(asked.lock().unwrap().iter().all(|line| line.starts_with("DELETE /b/k?")) && asked.lock().unwrap().len() == 1, "{asked:?}");
}
