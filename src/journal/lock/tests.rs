//! The lock in the simulator: who gets it, who loses it, and what is said.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;
use jiff::{SignedDuration, Timestamp};

use super::waiting::{News, Now, Waiting};
use super::{Body, LEASE, Lock, LockError, MARGIN, State, TOLERANCE, look, take};
use crate::model::document::Document;
use crate::model::repository::ControlPlace;
use crate::model::resource::Identity;
use crate::ports::sim::{Fault, Op, When, World};
use crate::ports::{Answer, Clock, Objects as _, Ports};

const SAMPLE: &str = include_str!("../../../tests/data/formats/lock-1.json");
const KEY: &str = "control/lock";

fn world() -> Arc<World> {
    let world = World::at("2026-11-22T10:00:00Z".parse().unwrap());
    world.put_bucket("control", "eu-west-1");
    world
}

fn place() -> ControlPlace {
    ControlPlace { bucket: "control".to_owned(), account: None, region: "eu-west-1".to_owned(), prefix: "control/".to_owned() }
}

fn who(name: &str) -> Identity {
    Identity { account: "000000000000".to_owned(), arn: format!("arn:aws:iam::000000000000:user/{name}") }
}

fn taken(ports: &Ports, name: &str, wait: u64) -> Result<Lock, LockError> {
    waited(ports, name, &Waiting::at_most(Duration::from_secs(wait)))
}

fn waited(ports: &Ports, name: &str, waiting: &Waiting<'_>) -> Result<Lock, LockError> {
    take(ports, &place(), &who(name), &format!("20261122T100000Z-{name}"), waiting).now_or_never().unwrap()
}

/// What is told while so many seconds are waited, and what came of it.
fn told(ports: &Ports, name: &str, seconds: u64) -> (Vec<News>, Result<Lock, LockError>) {
    let heard = Mutex::new(Vec::new());
    let told = |news: &News| heard.lock().unwrap().push(news.clone());
    let ended = waited(ports, name, &Waiting { at_most: Duration::from_secs(seconds), told: Some(&told) });
    (heard.into_inner().unwrap(), ended)
}

fn hold(lock: &mut Lock) -> Result<(), LockError> {
    lock.hold().now_or_never().unwrap()
}

fn release(lock: Lock) {
    lock.release().now_or_never().unwrap().unwrap();
}

fn stored(world: &World) -> Vec<u8> {
    world.get("control", KEY, 10_000).now_or_never().unwrap().unwrap()
}

fn body(world: &World) -> Body {
    serde_json::from_slice(&stored(world)).unwrap()
}

/// A clock that is wrong by so many seconds.
struct Wrong(Arc<World>, i64);

impl Clock for Wrong {
    fn now(&self) -> Timestamp {
        self.0.now() + SignedDuration::from_secs(self.1)
    }
    fn sleep(&self, how_long: Duration) -> Answer<'_, ()> {
        self.0.sleep(how_long)
    }
}

fn with_clock(world: &Arc<World>, wrong_by: i64) -> Ports {
    Ports { clock: Arc::new(Wrong(world.clone(), wrong_by)), ..world.ports() }
}

#[test]
fn the_second_is_told_whose_it_is_and_since_when() {
    let world = world();
    let first = taken(&world.ports(), "first", 0).unwrap();
    world.advance(SignedDuration::from_secs(60));
    let before = stored(&world);
    let error = taken(&world.ports(), "second", 0).unwrap_err();
    let sentence = "another apply is under way: `first` holds the lock since 2026-11-22T10:00:00Z (run 20261122T100000Z-first)";
    assert_eq!(error.to_string(), sentence);
    assert!(error.hint().unwrap().contains("--wait 10m") && error.hint().unwrap().contains("free in 126 s"), "{:?}", error.hint());
    assert_eq!(stored(&world), before);
    let holder = look(&world.ports(), &place()).now_or_never().unwrap().unwrap().holder;
    assert!(holder.is_some_and(|holder| holder.sentence().starts_with("`first` holds the lock since")));
    release(first);
    assert!(look(&world.ports(), &place()).now_or_never().unwrap().unwrap().holder.is_none());
    let second = taken(&world.ports(), "second", 0).unwrap();
    assert_eq!(second.unfinished(), Vec::<String>::new(), "who gave it back did not break off");
    assert_eq!(world.versions("control", KEY).iter().filter(|version| version.is_none()).count(), 0, "it is never deleted");
}

#[test]
fn a_dead_holder_is_waited_for_until_its_lease_is_over_and_then_named() {
    let world = world();
    let mut dead = taken(&world.ports(), "dead", 0).unwrap();
    let before = world.now();
    assert!(matches!(taken(&world.ports(), "second", 120), Err(LockError::Held(_))));
    let second = taken(&world.ports(), "second", 600).unwrap();
    let waited = world.now().duration_since(before);
    assert!(waited > LEASE + TOLERANCE && waited < LEASE + TOLERANCE + SignedDuration::from_secs(5), "{waited:?}");
    assert_eq!(second.unfinished(), ["20261122T100000Z-dead"]);
    let lost = hold(&mut dead).unwrap_err().to_string();
    assert_eq!(lost, "the lock was lost: run 20261122T100000Z-second of `second` took it over");
    assert!(dead.release().now_or_never().unwrap().is_err(), "what is not ours is not given back");
    assert_eq!((body(&world).state, body(&world).holder.as_str()), (State::Held, "second"));
}

#[test]
fn who_waits_is_told_whose_it_is_until_when_and_how_it_ended() {
    let world = world();
    drop(taken(&world.ports(), "dead", 0).unwrap());
    world.advance(SignedDuration::from_secs(20));
    let (heard, ended) = told(&world.ports(), "hurried", 0);
    assert!(heard.is_empty() && ended.is_err(), "who does not wait hears it from the error");
    let (heard, ended) = told(&world.ports(), "second", 60);
    assert!(matches!(ended, Err(LockError::Held(_))));
    let sentences: Vec<String> = heard.iter().map(News::sentence).collect();
    let holds = "`dead` holds the lock since 2026-11-22T10:00:00Z (run 20261122T100000Z-dead); its lease runs until 2026-11-22T10:03:05Z by S3's clock, \
                 longer if it is renewed; waiting for";
    assert_eq!((sentences.len(), &sentences[0]), (31, &format!("{holds} 0 s of at most 1 min")));
    assert_eq!(sentences[29], format!("{holds} 58 s of at most 1 min"));
    let up = "given up after 1 min: run 20261122T100000Z-dead of `dead` still holds the lock; `lifeboat plan` says who holds it, \
              `lifeboat apply --wait` waits again";
    assert_eq!(sentences[30], up);
    let (heard, ended) = told(&world.ports(), "third", 600);
    assert_eq!(ended.unwrap().unfinished(), ["20261122T100000Z-dead"]);
    let last = heard.last().unwrap();
    assert_eq!(last.now, Now::TakenOver);
    assert!(last.sentence().starts_with("the lock was taken over after 1 min 46 s: run 20261122T100000Z-dead of `dead` broke off"), "{}", last.sentence());
}

/// A clock that gives the lock back while somebody sleeps.
struct Ends(Arc<World>, Mutex<Option<Lock>>);

impl Clock for Ends {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
    fn sleep(&self, how_long: Duration) -> Answer<'_, ()> {
        self.1.lock().unwrap().take().into_iter().for_each(release);
        self.0.sleep(how_long)
    }
}

#[test]
fn a_lock_that_is_given_back_is_not_called_broken_off() {
    let world = world();
    let first = taken(&world.ports(), "first", 0).unwrap();
    let ports = Ports { clock: Arc::new(Ends(world.clone(), Mutex::new(Some(first)))), ..world.ports() };
    let (heard, ended) = told(&ports, "second", 60);
    assert_eq!(ended.unwrap().unfinished(), Vec::<String>::new());
    assert_eq!(heard.iter().map(|news| news.now).collect::<Vec<_>>(), [Now::Held(Duration::from_mins(1)), Now::GivenBack]);
    assert!(heard[1].sentence().starts_with("the lock is ours after 2 s: run 20261122T100000Z-first of `first` has ended"), "{}", heard[1].sentence());
}

#[test]
fn a_run_that_broke_off_is_named_until_its_journal_is_closed() {
    let world = world();
    drop(taken(&world.ports(), "a", 0).unwrap());
    drop(taken(&world.ports(), "b", 600).unwrap());
    let mut third = taken(&world.ports(), "c", 600).unwrap();
    assert_eq!(third.unfinished(), ["20261122T100000Z-a", "20261122T100000Z-b"]);
    third.set_unfinished(vec!["20261122T100000Z-b".to_owned()]);
    release(third);
    assert_eq!(taken(&world.ports(), "d", 0).unwrap().unfinished(), ["20261122T100000Z-b"]);
}

#[test]
fn it_is_renewed_in_time_and_not_more_often() {
    let world = world();
    let mut lock = taken(&world.ports(), "first", 0).unwrap();
    world.forget();
    world.advance(LEASE - MARGIN - SignedDuration::from_secs(1));
    hold(&mut lock).unwrap();
    assert_eq!(world.requests(), 0);
    world.advance(SignedDuration::from_secs(1));
    hold(&mut lock).unwrap();
    assert_eq!((world.sent().len(), body(&world).renewals), (1, 1));
    world.advance(LEASE - MARGIN - SignedDuration::from_secs(1));
    assert!(matches!(taken(&world.ports(), "second", 0), Err(LockError::Held(_))), "a renewed lease counts anew");
    // A lease that is over and that nobody took is still ours to renew.
    world.advance(LEASE + LEASE);
    hold(&mut lock).unwrap();
    assert!(matches!(taken(&world.ports(), "second", 0), Err(LockError::Held(_))));
    // A clock that was set back does not make the lease longer.
    world.advance(SignedDuration::from_secs(-3_600));
    world.forget();
    hold(&mut lock).unwrap();
    assert_eq!(world.sent().len(), 1);
}

#[test]
fn a_wrong_clock_neither_takes_a_living_lock_nor_loses_one() {
    let world = world();
    for (wrong_by, words) in [(3_600, "3600 s ahead of S3's"), (-3_600, "3600 s behind S3's")] {
        let mut lock = taken(&with_clock(&world, -wrong_by), "first", 0).unwrap();
        let error = taken(&with_clock(&world, wrong_by), "second", 0).unwrap_err();
        assert!(matches!(error, LockError::Held(_)) && error.to_string().contains(words), "{error}");
        world.advance(LEASE - MARGIN);
        hold(&mut lock).unwrap();
        release(lock);
    }
    drop(taken(&with_clock(&world, 3_600), "dead", 0).unwrap());
    world.advance(LEASE + TOLERANCE + SignedDuration::from_secs(1));
    taken(&with_clock(&world, -3_600), "second", 0).unwrap();
}

#[test]
fn a_store_that_ignores_conditions_is_refused_with_a_clear_word() {
    let world = world();
    world.ignore_conditions();
    let error = taken(&world.ports(), "first", 0).unwrap_err();
    assert_eq!(error.to_string(), "the bucket control cannot hold a lock: its store ignores If-None-Match");
    assert!(error.hint().unwrap().contains("conditional writes"));
    assert_eq!(body(&world).state, State::Released, "nobody has to wait for a lock that could not be proven");
}

#[test]
fn what_is_no_lock_is_never_overwritten() {
    let newer = SAMPLE.replace("lifeboat.lock/1", "lifeboat.lock/2");
    let escape = SAMPLE.replace("\"applier\"", "\"\\u001b[2J\"");
    for (text, why) in [("", "not JSON"), ("{}", "`?`"), (newer.as_str(), "`lifeboat.lock/2`"), (escape.as_str(), "cannot be one")] {
        let world = world();
        world.put_object("control", KEY, text.as_bytes());
        world.forget();
        let error = taken(&world.ports(), "first", 0).unwrap_err().to_string();
        assert!(error.starts_with("s3://control/control/lock is no lock that this lifeboat understands") && error.contains(why), "{error}");
        assert_eq!(world.sent(), Vec::new());
    }
}

#[test]
fn a_lease_of_years_is_not_believed() {
    let world = world();
    let body: Body = serde_json::from_str(SAMPLE).unwrap();
    world.put_object("control", KEY, Document::of(&Body { lease_seconds: u64::MAX, ..body }).to_string().as_bytes());
    world.advance(SignedDuration::from_mins(61));
    taken(&world.ports(), "first", 0).unwrap();
}

#[test]
fn the_committed_sample_is_read_and_written_again() {
    let body: Body = serde_json::from_str(SAMPLE).unwrap();
    assert_eq!(serde_json::to_value(&body).unwrap(), serde_json::from_str::<serde_json::Value>(SAMPLE).unwrap());
    assert_eq!(i64::try_from(body.lease_seconds).unwrap(), LEASE.as_secs(), "the lease that docs/formats.md names");
}

/// Whatever goes wrong at whichever request: it is ours or it is not, and afterwards the next one gets it.
#[test]
fn every_fault_at_every_request_leaves_a_lock_that_the_next_one_gets() {
    let whole = |world: &Arc<World>| -> Result<(), LockError> {
        let mut lock = taken(&world.ports(), "first", 0)?;
        world.advance(LEASE - MARGIN);
        hold(&mut lock)?;
        lock.release().now_or_never().unwrap()
    };
    let calm = world();
    calm.forget();
    whole(&calm).unwrap();
    let requests = calm.requests();
    assert!(requests > 8, "{requests}");
    for at in 1..=requests {
        for fault in Fault::ALL {
            let world = world();
            world.forget();
            world.strike(When::Nth(at), fault);
            let ended = whole(&world);
            assert_eq!(world.waiting_faults(), 0, "{fault:?} at {at}");
            // The self-test must be answered: what is not known there is no proof.
            let proof = ended.as_ref().is_err_and(|error| error.to_string().contains("keeps the conditions"));
            let read = world.sent().len() < at && fault == Fault::AnswerLost;
            assert!(fault != Fault::AnswerLost || ended.is_ok() || proof || read, "{fault:?} at {at}: {ended:?}");
            world.revive();
            world.advance(LEASE + TOLERANCE + SignedDuration::from_secs(1));
            release(taken(&world.ports(), "second", 0).unwrap());
            assert_eq!((body(&world).holder.as_str(), body(&world).state), ("second", State::Released));
        }
    }
}

#[test]
fn a_bucket_that_is_missing_or_closed_to_us_is_said() {
    let world = World::at("2026-11-22T10:00:00Z".parse().unwrap());
    let error = taken(&world.ports(), "first", 0).unwrap_err();
    assert!(error.hint().unwrap().contains("must exist before the first apply"), "{error}");
    world.put_bucket("control", "eu-west-1");
    world.refuse(crate::ports::sim::CALLER, Op::Create);
    let error = taken(&world.ports(), "first", 0).unwrap_err();
    assert!(error.hint().unwrap().contains("grant the action"), "{error}");
}
