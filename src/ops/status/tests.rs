use jiff::Timestamp;

use super::eras;
use crate::policy::ConfigFile;
use crate::source::Past;

fn version(since: &str, policy: Option<&str>) -> Past {
    let file = |text: &str| ConfigFile { path: "policies/orders.yaml".to_owned(), bytes: text.as_bytes().to_vec() };
    Past { since: since.parse().unwrap(), files: policy.map(file).into_iter().collect() }
}

#[test]
fn a_schedule_holds_from_its_commit_on_until_another_one_does() {
    let nightly = include_str!("../../../examples/quickstart/config/policies/orders.yaml");
    let (from, to) = (nightly.split("cron: \"").nth(1).unwrap().split('"').next().unwrap(), "0 */6 * * *");
    let often = nightly.replacen(from, to, 1);
    let versions = [
        version("2026-11-01T00:00:00Z", None),
        version("2026-11-02T00:00:00Z", Some(nightly)),
        version("2026-11-03T00:00:00Z", Some(&nightly.replace("owner:", "owner: "))),
        version("2026-11-04T00:00:00Z", Some(&often)),
        version("2026-11-05T00:00:00Z", Some("not: a policy")),
    ];
    let history = eras(&versions);
    let eras = &history[&("orders".to_owned(), "nightly".to_owned())];
    let said: Vec<(Timestamp, Option<&str>)> = eras.iter().map(|era| (era.from, era.set.as_ref().map(|(schedule, _)| schedule.cron.as_str()))).collect();
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    assert_eq!(said, [(at("2026-11-02T00:00:00Z"), Some(from)), (at("2026-11-04T00:00:00Z"), Some(to)), (at("2026-11-05T00:00:00Z"), None)]);
}
