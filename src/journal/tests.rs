//! What stored entries say, and what they must not be taken to say.

use std::sync::Arc;

use futures_util::FutureExt as _;

use super::store::{self, JournalError};
use super::{Began, End, Entry, FORMAT, Intended, Line, Outcome, Progress, Run, run_id, runs};
use crate::model::fact::Fact;
use crate::model::repository::ControlPlace;
use crate::ports::Ports;
use crate::ports::sim::{Fault, When, World};

/// The committed sample: a journal of one run, one entry a line.
const SAMPLE: &str = include_str!("../../tests/data/formats/journal-1.jsonl");
const RUN: &str = "20261122T100000Z-9f8e7d";

fn sample() -> Vec<Line> {
    SAMPLE.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn stored(lines: &[Line]) -> Vec<(String, Vec<u8>)> {
    lines.iter().map(|line| (format!("control/journal/{}/{:06}.json", line.run, line.sequence), line.to_bytes())).collect()
}

fn read(lines: &[Line]) -> Run {
    let found = runs(&stored(lines));
    assert_eq!(found.len(), 1);
    found.into_iter().next().unwrap()
}

fn ids(steps: Vec<&super::RunStep>) -> Vec<&str> {
    steps.into_iter().map(|step| step.intended.id.as_str()).collect()
}

const VERSIONING: &str = "bucket-versioning@bucket/shop-dr-orders";
const LIFECYCLE: &str = "bucket-lifecycle@bucket/shop-dr-orders";
const TAGS: &str = "bucket-tags@bucket/shop-dr-orders";

#[test]
fn the_committed_sample_is_read_and_written_again() {
    for (line, text) in sample().iter().zip(SAMPLE.lines()) {
        assert_eq!(String::from_utf8(line.to_bytes()).unwrap(), text);
    }
    let run = read(&sample());
    assert_eq!((run.id.as_str(), &run.end, run.entries, run.problems.len()), (RUN, &End::Finished, 6, 0));
    let began = run.began.as_ref().unwrap();
    assert_eq!((began.command.as_str(), began.identity.short(), began.steps.len()), ("apply", "applier", 3));
    assert_eq!((ids(run.done()), ids(run.not_done()), ids(run.unknown())), (vec![VERSIONING], vec![TAGS], vec![LIFECYCLE]));
    assert_eq!((run.first.unwrap().to_string(), run.last.unwrap().to_string()), ("2026-11-22T10:00:02Z".to_owned(), "2026-11-22T10:00:20Z".to_owned()));
    let Some(step) = run.steps.first() else { panic!() };
    assert!(matches!(&step.intended.from, Fact::Known(document) if document.to_string().contains("Suspended")), "what leads back is there");
    assert!(matches!(&step.progress, Progress::Ended { at, outcome: Outcome::Done } if at.to_string() == "2026-11-22T10:00:05Z"));
}

/// Cut anywhere, a journal lists nothing as done that was not, and nothing as not done that may have been sent.
#[test]
fn a_journal_that_breaks_off_tells_the_truth() {
    let lines = sample();
    let known = |upto: usize| {
        let run = read(&lines[..upto]);
        assert_eq!((run.end.clone(), run.problems.len()), (if upto == 6 { End::Finished } else { End::Open }, 0));
        let counts = (run.done().len(), run.not_done().len(), run.unknown().len());
        (counts, ids(run.unknown()).join(","))
    };
    assert_eq!(known(1), ((0, 3, 0), String::new()));
    assert_eq!(known(2), ((0, 2, 1), VERSIONING.to_owned()));
    assert_eq!(known(3), ((1, 2, 0), String::new()));
    assert_eq!(known(4), ((1, 1, 1), LIFECYCLE.to_owned()));
    assert_eq!(known(5), ((1, 1, 1), LIFECYCLE.to_owned()));
}

/// Where an entry is missing or damaged, what it may have said is not known, and it is never "not done".
#[test]
fn a_damaged_journal_proves_nothing_not_done() {
    let whole = stored(&sample());
    for at in 1..whole.len() {
        let mut gap = whole.clone();
        gap.truncate(4);
        if at < 3 {
            gap.remove(at);
            let run = runs(&gap).pop().unwrap();
            assert!(!run.problems.is_empty(), "{at}");
            assert_eq!(ids(run.not_done()), Vec::<&str>::new(), "{at}");
        }
    }
    let damage: [&dyn Fn(&str) -> String; 5] = [
        &|_| "{".to_owned(),
        &|text| text.replace("journal/1", "journal/2"),
        &|text| text.replace("\"sequence\":4", "\"sequence\":5"),
        &|text| text.replace("9f8e7d", "000000"),
        &|text| text.replace("bucket-lifecycle@", "\\u001b[2J@"),
    ];
    for (number, damage) in damage.iter().enumerate() {
        let mut objects = whole.clone();
        objects.truncate(4);
        let text = String::from_utf8(objects[3].1.clone()).unwrap();
        objects[3].1 = damage(&text).into_bytes();
        let run = runs(&objects).pop().unwrap();
        assert_eq!(run.problems.len(), 1, "{number}");
        assert!(!run.problems.concat().contains('\u{1b}'));
        assert_eq!((ids(run.done()), run.not_done().len()), (vec![VERSIONING], 0), "{number}");
    }
}

#[test]
fn what_is_no_entry_is_passed_over_and_runs_come_in_the_order_of_time() {
    let other: Vec<Line> = sample().into_iter().map(|line| Line { run: "20261121T090000Z-ffffff".to_owned(), ..line }).collect();
    let mut objects = [stored(&sample()), stored(&other)].concat();
    for key in ["control/lock", "control/journal/README", "control/journal/a b/000001.json", &format!("control/journal/{RUN}/7.json")] {
        objects.push((key.to_owned(), b"{}".to_vec()));
    }
    objects.reverse();
    let found = runs(&objects);
    assert_eq!(found.iter().map(|run| run.id.as_str()).collect::<Vec<_>>(), ["20261121T090000Z-ffffff", RUN]);
    assert!(found.iter().all(|run| run.problems.is_empty() && run.end == End::Finished));
}

fn world() -> Arc<World> {
    let world = World::at("2026-11-22T10:00:00Z".parse().unwrap());
    world.put_bucket("control", "eu-west-1");
    world
}

fn place() -> ControlPlace {
    ControlPlace { bucket: "control".to_owned(), account: None, region: "eu-west-1".to_owned(), prefix: "control/".to_owned() }
}

fn append(ports: &Ports, line: &Line) -> Result<(), JournalError> {
    store::append(ports, &place(), line).now_or_never().unwrap()
}

fn close(ports: &Ports, run: &str) -> Option<Run> {
    store::close(ports, &place(), run, "20261122T110000Z-aaaaaa", ports.clock.now()).now_or_never().unwrap().unwrap()
}

/// A run that is alive after all writes nothing more once its journal is closed, whatever it was about to write.
#[test]
fn who_was_closed_as_dead_can_write_down_and_so_send_nothing_more() {
    let lines = sample();
    for cut in 0..5 {
        let (world, lines) = (world(), &lines);
        for line in &lines[..cut] {
            append(&world.ports(), line).unwrap();
        }
        let found = close(&world.ports(), RUN).unwrap();
        assert_eq!((found.entries, found.end), (cut as u64, End::Open));
        let error = append(&world.ports(), &lines[cut]).unwrap_err().to_string();
        assert!(error.contains("run 20261122T110000Z-aaaaaa closed it as broken off"), "{error}");
        assert_eq!(close(&world.ports(), RUN), None, "closed once");
        let after = store::read(&world.ports(), &place(), RUN).now_or_never().unwrap().unwrap();
        assert_eq!(after.end, End::Closed { by: "20261122T110000Z-aaaaaa".to_owned() });
    }
    let world = world();
    for line in &lines {
        append(&world.ports(), line).unwrap();
    }
    assert_eq!(close(&world.ports(), RUN), None, "what is finished is left as it is");
}

#[test]
fn a_lost_answer_is_found_out_and_nothing_is_written_twice() {
    let lines = sample();
    for (fault, works) in [(Fault::AnswerLost, true), (Fault::SlowDown(4), true), (Fault::SlowDown(100), false), (Fault::Refused, false)] {
        let world = world();
        world.forget();
        world.strike(When::NthWrite(1), fault);
        assert_eq!(append(&world.ports(), &lines[0]).is_ok(), works, "{fault:?}");
        world.revive();
        append(&world.ports(), &lines[0]).unwrap();
        assert_eq!(world.versions("control", &format!("control/journal/{RUN}/000001.json")).len(), 1);
    }
}

#[test]
fn the_last_runs_are_found_among_many() {
    let world = world();
    for day in 1..=12 {
        let run = run_id(format!("2026-11-{day:02}T10:00:00Z").parse().unwrap(), "abcdef");
        for line in sample() {
            append(&world.ports(), &Line { run: run.clone(), ..line }).unwrap();
        }
    }
    world.forget();
    let found = store::last(&world.ports(), &place(), 2).now_or_never().unwrap().unwrap();
    assert_eq!(found.iter().map(|run| run.id.as_str()).collect::<Vec<_>>(), ["20261111T100000Z-abcdef", "20261112T100000Z-abcdef"]);
    assert_eq!(world.requests(), 1 + 2 * 7, "one listing of all, and of each of the two a listing and its entries");
}

#[test]
fn an_entry_of_a_later_version_is_not_guessed_at() {
    let began = Began { steps: Vec::<Intended>::new(), ..read(&sample()).began.unwrap() };
    let line =
        Line { format: FORMAT.replace('1', "2"), run: RUN.to_owned(), sequence: 1, at: "2026-11-22T10:00:00Z".parse().unwrap(), entry: Entry::Began(began) };
    let run = read(&[line]);
    assert_eq!(run.problems, ["entry 1 has format `lifeboat.journal/2`, and this lifeboat reads `lifeboat.journal/1`"]);
    assert_eq!((run.began, run.end), (None, End::Open));
}
