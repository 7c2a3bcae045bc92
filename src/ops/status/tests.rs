use futures_util::FutureExt as _;
use jiff::{SignedDuration, Timestamp};

use super::{eras, of};
use crate::catalog::prices::Prices;
use crate::compile::compile;
use crate::model::when::When;
use crate::ops::{Prepared, Where};
use crate::policy::{self, ConfigFile};
use crate::ports::sim::World;
use crate::source::Past;
use crate::view::status::StatusView;

const NOW: &str = "2026-11-22T12:00:00Z";
const POLICY: &str = include_str!("../../../examples/quickstart/config/policies/orders.yaml");

/// The quickstart policy with a physical set as it is given.
fn with(set: &str) -> Prepared {
    let text = POLICY.replacen("  backups:\n", &format!("  backups:\n    physical: {{{set}}}\n"), 1);
    let loaded = policy::load(&[ConfigFile { path: "policies/orders.yaml".to_owned(), bytes: text.into_bytes() }]);
    assert!(loaded.findings.is_empty(), "{:?}", loaded.findings);
    let (desired, findings) = compile(&loaded, &[]);
    Prepared { revision: "here".to_owned(), root: None, keys: std::collections::BTreeMap::new(), loaded, desired, findings, selected: None }
}

/// A world with the bucket of the policy.
fn world() -> std::sync::Arc<World> {
    let world = World::at(NOW.parse().unwrap());
    world.put_bucket("shop-dr-orders", "eu-west-1");
    world
}

/// The status of a folder that is not in git, at a moment.
fn status(world: &std::sync::Arc<World>, prepared: &Prepared, at: Option<When>) -> StatusView {
    let folder = std::env::temp_dir();
    let place = Where { repo: folder.display().to_string(), rev: None };
    of(&place, prepared, &world.ports(), at, Prices::shipped()).now_or_never().unwrap().unwrap().0
}

#[test]
fn no_physical_set_vanishes_without_a_word() {
    let (world, prepared) = (world(), with("engine: wal-g, prefix: pg/"));
    let notes = |hours: i64| {
        let at = NOW.parse::<Timestamp>().unwrap() + SignedDuration::from_hours(hours);
        status(&world, &prepared, Some(When::Exact(at))).as_of.unwrap().notes
    };
    for hours in [-24, 24] {
        assert!(notes(hours).iter().any(|note| note.starts_with("orders/physical: ")), "{:?}", notes(hours));
    }
}

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
