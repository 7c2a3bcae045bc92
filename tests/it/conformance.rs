//! The simulator passes the suite that real servers pass, without a difference.

use lifeboat::ports::conformance::{self, Case, DIFFERENCES, Outcome, Subject};
use lifeboat::ports::sim::World;

pub(crate) fn subject(server: &'static str, principal: &str) -> Subject {
    Subject {
        server,
        bucket: format!("lifeboat-conformance-{server}"),
        region: "eu-west-1".to_owned(),
        role: format!("lifeboat-conformance-{server}"),
        principal: principal.to_owned(),
    }
}

/// Fails with every case that nobody knew of; answers the known differences that were met.
pub(crate) fn judge(cases: &[Case]) -> usize {
    let failed: Vec<String> = cases
        .iter()
        .filter_map(|case| match &case.outcome {
            Outcome::Failed(why) => Some(format!("{}: {why}", case.name)),
            Outcome::Passed | Outcome::Differs(_) => None,
        })
        .collect();
    assert!(failed.is_empty(), "{} of {} cases failed:\n{}", failed.len(), cases.len(), failed.join("\n"));
    cases.iter().filter(|case| matches!(case.outcome, Outcome::Differs(_))).count()
}

#[tokio::test]
async fn the_simulator_behaves_as_aws_does() {
    let world = World::at("2026-11-22T10:00:00Z".parse().unwrap());
    let cases = conformance::run(&world.ports(), &subject("simulator", "arn:aws:iam::000000000000:user/job")).await;
    assert_eq!(judge(&cases), 0);
    assert!(cases.len() > 45, "only {} cases", cases.len());
    assert_eq!(world.unfinished_uploads(), Vec::<String>::new());
}

#[tokio::test]
async fn a_difference_that_is_gone_is_noticed() {
    let world = World::at("2026-11-22T10:00:00Z".parse().unwrap());
    let pretend = subject("ministack", "arn:aws:iam::000000000000:user/job");
    let cases = conformance::run(&world.ports(), &pretend).await;
    let gone = cases.iter().filter(|case| matches!(&case.outcome, Outcome::Failed(why) if why.contains("take the difference out")));
    assert_eq!(gone.count(), DIFFERENCES.iter().filter(|difference| difference.server == "ministack").count());
}
