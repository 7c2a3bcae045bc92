//! The suite of the simulator on a real server, through the AWS SDK.

use std::sync::Arc;

use lifeboat::model::resource::BucketPlace;
use lifeboat::ports::Ports;
use lifeboat::ports::aws::Aws;
use lifeboat::ports::conformance::{self, DIFFERENCES};
use lifeboat::ports::system::{SystemClock, SystemEntropy};

use super::cli::sandbox;
use crate::conformance::{judge, subject};

/// The sandbox's own profile is `admin`, which may do everything.
#[tokio::test]
async fn ministack_behaves_as_the_simulator_does() {
    sandbox("AWS_ENDPOINT_URL");
    assert_eq!(sandbox("AWS_PROFILE"), "admin");
    let subject = subject("ministack", &sandbox("LIFEBOAT_TEST_JOB_ARN"));
    let place = BucketPlace { name: subject.bucket.clone(), account: None, region: subject.region.clone(), endpoint: None };
    let aws = Arc::new(Aws::connect(&[place], lifeboat::ports::aws::ATTEMPT).await);
    let ports = Ports { cloud: aws.clone(), objects: aws, clock: Arc::new(SystemClock), entropy: Arc::new(SystemEntropy) };
    let cases = conformance::run(&ports, &subject).await;
    let known = DIFFERENCES.iter().filter(|difference| difference.server == "ministack").count();
    assert_eq!(judge(&cases), known);
}
