use futures_util::FutureExt as _;
use jiff::{SignedDuration, Timestamp};

use super::{eras, moment, of};
use crate::catalog::prices::Prices;
use crate::compile::compile;
use crate::model::when::When;
use crate::ops::{Prepared, Where};
use crate::policy::{self, ConfigFile};
use crate::ports::sim::World;
use crate::report::expected::Era;
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
    let nightly = POLICY;
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
    let said: Vec<(Timestamp, Option<&str>)> = eras.iter().map(|era| (era.from, era.wanted.as_ref().map(|wanted| wanted.runs[0].0.cron.as_str()))).collect();
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    assert_eq!(said, [(at("2026-11-02T00:00:00Z"), Some(from)), (at("2026-11-04T00:00:00Z"), Some(to)), (at("2026-11-05T00:00:00Z"), None)]);
}

#[test]
fn a_physical_set_has_the_schedule_of_each_of_its_kinds_over_time() {
    let set = |set: &str| POLICY.replacen("  backups:\n", &format!("  backups:\n    physical: {{engine: wal-g, {set}}}\n"), 1);
    let weekly = "prefix: pg/, schedule: {full: \"0 1 * * 0\", incremental: \"0 1 * * *\"}";
    let versions = [
        version("2026-11-01T00:00:00Z", Some(&set("prefix: pg/"))),
        version("2026-11-02T00:00:00Z", Some(&set("prefix: pg/, window: 7d"))),
        version("2026-11-03T00:00:00Z", Some(&set(weekly))),
        version("2026-11-04T00:00:00Z", Some(&set(&weekly.replace("pg/", "walg/")))),
        version("2026-11-05T00:00:00Z", Some(POLICY)),
    ];
    let history = eras(&versions);
    let of = |era: &Era| {
        let wanted = era.wanted.as_ref()?;
        let runs: Vec<(String, bool)> = wanted.runs.iter().map(|(schedule, full)| (schedule.cron.clone(), *full)).collect();
        Some((runs, wanted.place.as_ref()?.1.base.clone()))
    };
    let said: Vec<_> = history[&("orders".to_owned(), "physical".to_owned())].iter().map(|era| (era.from.to_string(), of(era))).collect();
    let at = |day: u32| format!("2026-11-0{day}T00:00:00Z");
    let in_place = |runs: &[(&str, bool)], base: &str| Some((runs.iter().map(|(cron, full)| ((*cron).to_owned(), *full)).collect(), base.to_owned()));
    let runs = [("0 1 * * 0", true), ("0 1 * * *", false)];
    let wanted = [(at(1), in_place(&[], "orders/pg/")), (at(3), in_place(&runs, "orders/pg/")), (at(4), in_place(&runs, "orders/walg/")), (at(5), None)];
    assert_eq!(said, wanted);
}

#[test]
fn a_moment_without_a_zone_is_in_that_of_all_schedules_physical_ones_too() {
    let of = |zone: &str| {
        let prepared = with(&format!("engine: wal-g, prefix: pg/, schedule: {{full: \"0 1 * * *\", timezone: {zone}}}"));
        moment("2026-11-20 12:00".parse().unwrap(), NOW.parse().unwrap(), &prepared).map_err(|error| error.to_string())
    };
    assert_eq!(of("Europe/Berlin"), Ok("2026-11-20T11:00:00Z".parse().unwrap()));
    let refused = of("America/New_York").unwrap_err();
    assert!(refused.contains("in several time zones (America/New_York, Europe/Berlin)"), "{refused}");
}
