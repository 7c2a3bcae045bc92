use jiff::Timestamp;

use super::repository;
use crate::catalog::physical::{Engine, Metadata, Place, Repository, State};
use crate::model::aspects::Versioning;
use crate::model::lifecycle::{Lifecycle, Rule, Tag};
use crate::model::resource::SeenObject;
use crate::plan::tests::cleanup;

/// When it was read.
const READ: &str = "2026-11-22T12:00:00Z";

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn place() -> Place {
    Place { engine: Engine::Pgbackrest, base: "orders/pg/".to_owned(), name: "main".to_owned() }
}

/// Full backups of the 10th, 15th and 20th, the last with an incremental one on the 21st, each with its segment and each day one more.
fn stored() -> (Vec<SeenObject>, Vec<Metadata>) {
    let object =
        |key: String, day: i64| SeenObject { key: format!("orders/pg/{key}"), bytes: 1, written: time(&format!("2026-11-{day}T01:00:00Z")), class: None };
    let mut objects: Vec<SeenObject> =
        (10..=22).map(|day| object(format!("archive/main/15-1/0000000100000000/0000000100000000000000{day:02X}-aa.gz"), day)).collect();
    objects.push(object("archive/main/archive.info".to_owned(), 22));
    objects.push(object("backup/main/backup.info".to_owned(), 22));
    let mut info = "[backrest]\nbackrest-format=5\n\n[backup:current]\n".to_owned();
    for (day, kind, label) in [(10, "full", "20261110-005000F"), (15, "full", "20261115-005000F"), (20, "full", "20261120-005000F")] {
        objects.push(object(format!("backup/main/{label}/backup.manifest"), day));
        objects.push(object(format!("backup/main/{label}/pg_data/base.gz"), day));
        info.push_str(&line(day, kind, label, ""));
    }
    objects.push(object("backup/main/20261120-005000F_20261121-005000I/backup.manifest".to_owned(), 21));
    info.push_str(&line(21, "incr", "20261120-005000F_20261121-005000I", ",\"backup-prior\":\"20261120-005000F\""));
    (objects, vec![("orders/pg/backup/main/backup.info".to_owned(), Ok(info.into_bytes()))])
}

fn line(day: i64, kind: &str, label: &str, more: &str) -> String {
    let stop = time(&format!("2026-11-{day}T00:55:00Z")).as_second();
    let segment = format!("0000000100000000000000{day:02X}");
    format!(
        "{label}={{\"backup-type\":\"{kind}\",\"backup-timestamp-stop\":{stop},\"backup-archive-start\":\"{segment}\",\"backup-archive-stop\":\"{segment}\"{more}}}\n"
    )
}

/// What is left at a moment by these rules.
fn left(rules: Vec<Rule>, at: &str) -> Repository {
    let (objects, metadata) = stored();
    let live = (Lifecycle { rules, minimum_size: None }, Some(Versioning::Enabled));
    repository(&place(), (&objects, &metadata), &live, (time(at), time(READ)))
}

fn complete(found: &Repository) -> Vec<&str> {
    found.backups.iter().filter(|backup| backup.state == State::Complete).map(|backup| backup.id.as_str()).collect()
}

#[test]
fn without_a_rule_all_of_it_stays() {
    let found = left(Vec::new(), "2027-11-22T12:00:00Z");
    assert_eq!((complete(&found).len(), found.unknown.as_deref(), found.gaps.len()), (4, None, 0));
    assert_eq!((found.oldest, found.newest), (Some(time("2026-11-10T00:55:00Z")), Some(time("2026-11-22T01:00:00Z"))));
}

#[test]
fn what_a_rule_ends_by_then_is_gone_with_all_that_needs_it() {
    // Ten days after the 10th and the 15th, and rounded up: the 21st, which is over, and the 26th.
    let data = |days| vec![cleanup("data", "orders/pg/backup/main/2026", days)];
    let full = "20261120-005000F";
    let incremental = "20261120-005000F_20261121-005000I";
    assert_eq!(complete(&left(data(10), "2026-11-25T12:00:00Z")), ["20261115-005000F", full, incremental]);
    let found = left(data(10), "2026-11-26T12:00:00Z");
    assert_eq!((complete(&found), found.oldest), (vec![full, incremental], Some(time("2026-11-20T00:55:00Z"))));
    // On the 1st the full one goes, and the incremental one of the day after with it.
    assert_eq!(complete(&left(data(10), "2026-12-01T12:00:00Z")), Vec::<&str>::new());
    // One object of a backup that goes takes the backup along.
    let one = left(vec![cleanup("one", "orders/pg/backup/main/20261115-005000F/pg_data/", 10)], "2026-11-26T12:00:00Z");
    assert_eq!(complete(&one), ["20261110-005000F", full, incremental]);
    // So does its WAL.
    let wal = left(vec![cleanup("wal", "orders/pg/archive/main/15-1/", 10)], "2026-11-26T12:00:00Z");
    assert_eq!(complete(&wal), [full, incremental]);
}

#[test]
fn without_its_list_its_engine_finds_nothing() {
    for list in ["archive/main/archive.info", "backup/main/backup.info"] {
        let found = left(vec![cleanup("list", &format!("orders/pg/{list}"), 3)], "2026-11-27T12:00:00Z");
        assert_eq!((complete(&found).len(), found.unknown.as_deref()), (0, None), "{list}");
        assert!(found.problems.first().unwrap().starts_with(&format!("orders/pg/{list} will have expired")), "{:?}", found.problems);
    }
}

#[test]
fn a_rule_for_what_the_keeper_released_is_none_of_its() {
    let mut released = cleanup("released", "orders/", 1);
    released.filter.tags = vec![Tag::release("orders/nightly:recent")];
    assert_eq!(complete(&left(vec![released], "2027-11-22T12:00:00Z")).len(), 4);
}
