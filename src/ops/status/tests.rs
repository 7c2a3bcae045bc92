use futures_util::FutureExt as _;
use jiff::{SignedDuration, Timestamp};

use super::{eras, moment, of};
use crate::catalog::prices::Prices;
use crate::compile::compile;
use crate::model::aspects::Versioning;
use crate::model::document::Document;
use crate::model::lifecycle::{Noncurrent, Rule};
use crate::model::request::ReadOp;
use crate::model::when::When;
use crate::ops::{Prepared, Where};
use crate::plan::tests::cleanup;
use crate::policy::{self, ConfigFile};
use crate::ports::sim::{CALLER, Op, World};
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

/// The status of a folder that is not in git, at a moment.
fn status(world: &std::sync::Arc<World>, prepared: &Prepared, at: Option<When>) -> StatusView {
    let folder = std::env::temp_dir();
    let place = Where { repo: folder.display().to_string(), rev: None };
    of(&place, prepared, &world.ports(), at, Prices::shipped()).now_or_never().unwrap().unwrap().0
}

/// A versioned bucket with a repository of pgBackRest: a full backup each night from the 19th to the 22nd, of which it keeps two, and the segment
/// that each one needs.
fn repository() -> std::sync::Arc<World> {
    let world = World::at("2026-11-19T01:00:00Z".parse().unwrap());
    world.put_bucket("shop-dr-orders", "eu-west-1");
    world.put_bucket_setting("shop-dr-orders", ReadOp::BucketVersioning, Some(Document::of(&Versioning::Enabled)));
    let label = |day: i32| format!("202611{day}-005000F");
    let own =
        |day: i32| [format!("backup/main/{}/backup.manifest", label(day)), format!("archive/main/15-1/0000000100000000/0000000100000000000000{day:02X}-aa.gz")];
    for day in 19..=22 {
        for key in own(day) {
            world.put_object("shop-dr-orders", &format!("orders/pg/{key}"), b"x");
        }
        for key in own(day - 2).into_iter().filter(|_| day > 20) {
            world.delete_object("shop-dr-orders", &format!("orders/pg/{key}"));
        }
        let line = |day: i32| {
            let (stop, segment) = (format!("2026-11-{day}T00:55:00Z").parse::<Timestamp>().unwrap().as_second(), format!("0000000100000000000000{day:02X}"));
            let label = label(day);
            format!(
                "{label}={{\"backup-type\":\"full\",\"backup-timestamp-stop\":{stop},\"backup-archive-start\":\"{segment}\",\"backup-archive-stop\":\"{segment}\"}}\n"
            )
        };
        let info: String = (19.max(day - 1)..=day).map(line).collect();
        world.put_object(
            "shop-dr-orders",
            "orders/pg/backup/main/backup.info",
            format!("[backrest]\nbackrest-format=5\n\n[backup:current]\n{info}").as_bytes(),
        );
        world.advance(SignedDuration::from_hours(24));
    }
    world.advance(SignedDuration::from_hours(-13));
    world
}

const SET: &str = "engine: pgbackrest, stanza: main, prefix: pg/, wal: {maxLag: 1d}";

/// What is told of the physical set at a moment: its points, the oldest and the newest moment of the policy, why it is not known, and what is
/// noted of it.
fn told(world: &std::sync::Arc<World>, at: &str) -> (usize, Option<String>, Option<String>, Option<String>) {
    let view = status(world, &with(SET), Some(When::Exact(at.parse().unwrap())));
    let policy = &view.policies[0];
    let set = policy.sets.iter().find(|set| set.set == "physical").unwrap();
    (set.points, policy.oldest.clone(), policy.newest.clone(), set.pitr.as_ref().unwrap().unknown.clone())
}

#[test]
fn a_repository_at_another_moment_is_that_of_then() {
    let world = repository();
    let known =
        |points: usize, oldest: &str, newest: &str| (points, Some(format!("2026-11-{oldest}T00:55:00Z")), Some(format!("2026-11-{newest}T01:00:00Z")), None);
    assert_eq!(told(&world, "2026-11-22T12:00:00Z"), known(2, "21", "22"), "now");
    assert_eq!(told(&world, "2026-11-21T12:00:00Z"), known(2, "20", "21"), "what was expired since was there");
    assert_eq!(told(&world, "2026-11-19T12:00:00Z"), known(1, "19", "19"));
    assert_eq!(told(&world, "2026-11-18T12:00:00Z"), (0, None, None, None), "there was nothing, and that is known");
    // To come: nothing takes it, until a rule does.
    assert_eq!(told(&world, "2026-12-22T12:00:00Z"), known(2, "21", "22"));
    world.add_foreign_rule("shop-dr-orders", cleanup("theirs", "orders/pg/backup/main/2026", 10));
    assert_eq!(told(&world, "2026-12-02T12:00:00Z"), known(1, "22", "22"));
    assert_eq!(told(&world, "2026-12-03T12:00:00Z"), (0, None, None, None));
}

#[test]
fn a_set_of_which_the_past_is_not_known_says_why() {
    let why = |world: &std::sync::Arc<World>, at: &str| {
        let (points, oldest, newest, unknown) = told(world, at);
        assert_eq!((points, oldest, newest), (0, None, None));
        unknown.unwrap()
    };
    let world = repository();
    world.refuse(CALLER, Op::GetVersion);
    let said = why(&world, "2026-11-21T12:00:00Z");
    assert!(said.contains("orders/pg/backup/main/backup.info as it was then could not be read") && said.contains("s3:GetObjectVersion"), "{said}");
    assert_eq!(told(&world, "2026-11-22T02:00:00Z").0, 2, "the current version is read without that right");
    world.refuse(CALLER, Op::Versions);
    assert!(why(&world, "2026-11-22T02:00:00Z").contains("could not be listed"));
    // A rule may have taken what was noncurrent for a day.
    let world = repository();
    world.add_foreign_rule("shop-dr-orders", Rule { noncurrent: Some(Noncurrent { days: 1, keep_newer: None }), ..cleanup("theirs", "orders/", 999) });
    assert!(why(&world, "2026-11-21T11:00:00Z").contains("versions are kept 1 d"));
    assert_eq!(told(&world, "2026-11-21T12:00:00Z").0, 2);
    let world = repository();
    world.put_bucket_setting("shop-dr-orders", ReadOp::BucketVersioning, None);
    assert!(why(&world, "2026-11-22T02:00:00Z").contains("the bucket keeps no versions"));
    world.refuse(CALLER, Op::Read(ReadOp::BucketLifecycle));
    assert!(why(&world, "2026-11-22T02:00:00Z").contains("the lifecycle rules could not be read"));
    assert!(why(&world, "2026-12-22T02:00:00Z").contains("the lifecycle rules could not be read"));
}

#[test]
fn what_is_to_come_misses_no_run_of_a_physical_set() {
    let world = repository();
    let missed = |at: &str| {
        let view = status(&world, &with(&format!("{SET}, schedule: {{full: \"0 0 * * *\", timezone: Europe/Berlin}}")), Some(When::Exact(at.parse().unwrap())));
        view.policies[0].sets.iter().find(|set| set.set == "physical").unwrap().missed.len()
    };
    assert_eq!((missed("2026-11-21T12:00:00Z"), missed("2026-11-22T00:50:00Z"), missed("2026-11-26T12:00:00Z")), (0, 0, 0));
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
