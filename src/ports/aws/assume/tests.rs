//! A role that is taken on: with which credentials, and through which client.

use std::time::SystemTime;

use aws_config::retry::RetryConfig;
use aws_credential_types::provider::ProvideCredentials as _;

use super::TakenOn;
use crate::ports::aws::tests::answering;

const TAKEN: &str = "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials><AccessKeyId>ASIATHEIRS</AccessKeyId>\
                     <SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2026-11-22T11:00:00Z</Expiration></Credentials>\
                     </AssumeRoleResult></AssumeRoleResponse>";

#[tokio::test]
async fn a_role_is_taken_on_through_the_client_that_may_send_nothing_else() {
    let (aws, asked) = answering(RetryConfig::disabled(), |_| (200, TAKEN)).await;
    let role = TakenOn { sts: aws.sts.clone(), role: "arn:aws:iam::1:role/r".to_owned(), session: "s".to_owned(), external_id: Some("x".to_owned()) };
    let found = role.provide_credentials().await.unwrap();
    assert_eq!((found.access_key_id(), found.session_token()), ("ASIATHEIRS", Some("t")));
    assert_eq!(found.expiry(), Some(SystemTime::from("2026-11-22T11:00:00Z".parse::<jiff::Timestamp>().unwrap())), "asked for again when they run out");
    assert_eq!(asked.lock().unwrap().len(), 1);
    let shut = TakenOn { sts: aws_sdk_sts::Client::from_conf(aws.sts.config().to_builder().interceptor(super::super::guard::KMS).build()), ..role };
    let error = format!("{:?}", shut.provide_credentials().await.unwrap_err());
    assert!(error.contains("lifeboat does not send this: AssumeRole"), "no client of its own: {error}");
    assert_eq!(asked.lock().unwrap().len(), 1);
}
