//! The suite of the simulator on every real server, through the AWS SDK.

use lifeboat::ports::conformance;

use super::cli::sandbox;
use super::others::Server;
use super::recorder::Recorder;
use crate::conformance::{judge, known, subject};

async fn suite(server: Server, principal: &str) {
    let subject = subject(server.name, principal);
    let recorder = Recorder::before(&server.url);
    let cases = conformance::run(&server.ports_at(&recorder.url, &subject.bucket).await, &subject).await;
    assert_eq!(judge(&cases), known(server.name));
    // A checksum behind the body is refused by some S3-compatible servers, and kept as a part of the object by others.
    let sent = recorder.taken();
    assert!(sent.len() > 100, "{}", sent.len());
    for request in sent {
        let trailing = request.header("x-amz-trailer").is_some() || request.header("content-encoding").is_some_and(|encoding| encoding.contains("aws-chunked"));
        assert!(!trailing, "{} {}", request.method, request.target);
    }
}

#[tokio::test]
async fn ministack_behaves_as_the_simulator_does() {
    suite(Server::ministack(), &sandbox("LIFEBOAT_TEST_JOB_ARN")).await;
}

#[tokio::test]
async fn moto_behaves_as_the_simulator_does() {
    suite(Server::moto(), "arn:aws:iam::123456789012:user/job").await;
}

#[tokio::test]
async fn seaweedfs_behaves_as_the_simulator_does() {
    suite(Server::seaweedfs(), "arn:aws:iam::123456789012:user/job").await;
}
