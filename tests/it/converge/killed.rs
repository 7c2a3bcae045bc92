//! An apply that is killed at every request boundary, and every fault at every request: the journal in the control bucket
//! tells the truth, nobody else applies before the lease of the dead one is over, and the next apply converges.

use std::sync::Arc;

use lifeboat::apply::session::{Local, Session, intended};
use lifeboat::apply::{self, Applied, Settle};
use lifeboat::journal::lock::waiting::Waiting;
use lifeboat::journal::lock::{self, LEASE, LockError};
use lifeboat::journal::{Began, End, Run, RunStep, runs};
use lifeboat::model::repository::ControlPlace;
use lifeboat::model::resource::{Desired, Identity};
use lifeboat::plan::Plan;
use lifeboat::ports::Objects as _;
use lifeboat::ports::sim::{Fault, When, World};

use super::worlds::{self, Start};
use super::{Kept, QUICKSTART, desired, every, planned, without_access};

const CONTROL: &str = "shop-dr-control";

fn place() -> ControlPlace {
    ControlPlace { bucket: CONTROL.to_owned(), account: None, region: "eu-west-1".to_owned(), prefix: "control/".to_owned() }
}

/// A journal on a machine that is thrown away.
struct Nowhere;

impl Local for Nowhere {
    fn append(&mut self, _: &str) -> Result<(), String> {
        Ok(())
    }
}

/// One apply, as `lifeboat apply` does it: lock, closing, plan, journal, steps, end. Errors end it as they end the command.
async fn run(desired: &Desired, world: &Arc<World>, who: &str) -> Result<(Plan, Applied, Vec<Run>), String> {
    let identity = Identity { account: "000000000000".to_owned(), arn: format!("arn:aws:iam::000000000000:user/{who}") };
    let ports = world.ports();
    let mut session = Session::open(&ports, Some(&place()), &identity, &Waiting::default()).await.map_err(|error| error.to_string())?;
    let (plan, broken) = (planned(desired, world, &[]).await, session.broken.clone());
    let carried = carry_out(&plan, &identity, desired, world, &mut session).await;
    let closed = session.close().await.map_err(|error| error.to_string());
    let applied = carried?;
    closed?;
    Ok((plan, applied, broken))
}

async fn carry_out(plan: &Plan, identity: &Identity, desired: &Desired, world: &Arc<World>, session: &mut Session) -> Result<Applied, String> {
    if plan.steps.is_empty() {
        return Ok(Applied::default());
    }
    let began = Began {
        command: "apply".to_owned(),
        tool: "test".to_owned(),
        identity: identity.clone(),
        revision: "test".to_owned(),
        policy_digest: desired.digest.clone(),
        steps: intended(plan),
    };
    session.begin(Box::new(Nowhere), began).await?;
    let applied = apply::apply(plan, &world.ports(), Settle::default(), session).await;
    session.finish(&applied).await?;
    Ok(applied)
}

/// Every journal as it is stored.
async fn journals(world: &World) -> Vec<Run> {
    let mut objects = Vec::new();
    for object in world.list(CONTROL, "control/journal/").await.unwrap() {
        let bytes = world.get(CONTROL, &object.key, u64::MAX).await.unwrap();
        objects.push((object.key, bytes));
    }
    runs(&objects)
}

fn ids(steps: Vec<&RunStep>) -> Vec<String> {
    steps.into_iter().map(|step| step.intended.id.clone()).collect()
}

/// What the journal of the broken run says is so: what it calls done is done, and what it calls not done is still to do.
async fn is_true(found: &Run, desired: &Desired, world: &Arc<World>, what: &str) {
    assert_eq!(found.problems, Vec::<String>::new(), "{what}");
    let left: Vec<String> = planned(desired, world, &[]).await.steps.iter().map(|step| step.id()).collect();
    for done in ids(found.done()) {
        assert!(!left.contains(&done), "{what}: {done} is listed as done, and it is not");
    }
    for not_done in found.not_done() {
        // What was absent as a part of something missing can be there by default once that is made.
        let default = ["bucket-encryption", "bucket-public-access", "bucket-ownership"].iter().any(|born| not_done.intended.id.starts_with(born));
        assert!(default || left.contains(&not_done.intended.id), "{what}: {} is listed as not done, and it is", not_done.intended.id);
    }
    assert!(found.unknown().len() <= 1, "{what}: one step at most is in doubt: {:?}", ids(found.unknown()));
}

fn fresh(start: &Start) -> Arc<World> {
    let world = start.world();
    world.put_bucket(CONTROL, "eu-west-1");
    world.forget();
    world
}

/// One apply with one fault at one request, then another one by somebody else.
async fn through(start: &Start, desired: &Desired, strike: Option<(usize, Fault)>) -> usize {
    let what = format!("{} with {strike:?}", start.name);
    let world = fresh(start);
    let kept = Kept::of(desired, &world);
    if let Some((at, fault)) = strike {
        world.strike(When::Nth(at), fault);
    }
    let first = run(desired, &world, "first").await;
    let requests = world.requests();
    assert!(strike.is_some() || first.is_ok(), "{what}: {first:?}");
    world.revive();
    let found = journals(&world).await.pop();
    if let Some(found) = &found {
        is_true(found, desired, &world, &what).await;
    }
    kept.check(&Kept::of(desired, &world), &what);
    // A dead one's lock is nobody else's before its lease is over.
    let look = lock::look(&world.ports(), &place()).await.unwrap();
    if let Some(holder) = look.holder {
        assert_eq!(holder.identity, "first", "{what}");
        world.forget();
        let second = run(desired, &world, "second").await.unwrap_err();
        assert!(second.contains("`first` holds the lock since 2026-11-22T10:"), "{what}: {second}");
        assert_eq!(world.sent(), Vec::new(), "{what}");
        world.advance(LEASE + jiff::SignedDuration::from_secs(10));
    }
    let (plan, applied, broken) = run(desired, &world, "second").await.unwrap_or_else(|error| panic!("{what}: {error}"));
    assert!(applied.complete(), "{what}: {:?}", applied.steps);
    kept.check(&Kept::of(desired, &world), &what);
    assert!(planned(desired, &world, &[]).await.steps.is_empty(), "{what}: left to do");
    let after = journals(&world).await;
    assert!(after.iter().all(|run| run.end != End::Open && run.problems.is_empty()), "{what}: {after:#?}");
    // What broke off was found by the second run, as the journal has it, and is closed.
    let open = found.filter(|found| found.end == End::Open);
    if let Some(found) = &open {
        assert!(broken.contains(found), "{what}: {broken:#?}");
        assert!(after.iter().any(|run| run.id == found.id && matches!(run.end, End::Closed { .. })), "{what}");
    }
    assert!(broken.iter().all(|run| run.entries == 0 || open.as_ref() == Some(run)), "{what}: {broken:#?}");
    // Together the two did everything, and the second not what was surely done before it.
    for done in open.iter().flat_map(|open| ids(open.done())) {
        assert!(plan.steps.iter().all(|step| step.id() != done), "{what}: {done} twice");
    }
    requests
}

/// A kill at every request, reads too, and every fault: in the first world all kills, elsewhere and of the other faults one of
/// so many, and everything with `make soak`.
#[tokio::test]
async fn an_apply_that_is_killed_at_any_request_is_taken_up_by_the_next_one() {
    let (whole, bucket_only) = (desired(&[QUICKSTART]), desired(&[&without_access(QUICKSTART)]));
    let (mut kills, every) = (0, every());
    for (number, start) in worlds::all().iter().enumerate() {
        let desired = if start.roles { &whole } else { &bucket_only };
        let requests = through(start, desired, None).await;
        let faults: &[Fault] = if number == 0 { &Fault::ALL } else { &[Fault::CrashAfterSend] };
        let strikes: Vec<(usize, Fault)> = (1..=requests).flat_map(|at| faults.iter().map(move |fault| (at, *fault))).collect();
        for (place, (at, fault)) in strikes.into_iter().enumerate() {
            let kill = fault == Fault::CrashAfterSend;
            // Each start begins elsewhere, so that all requests have their turn over the starts.
            if (number == 0 && kill) || (place + number) % every == 0 {
                through(start, desired, Some((at, fault))).await;
                kills += usize::from(kill);
            }
        }
    }
    assert!(kills * every > 1_000, "{kills} kills");
}

/// Alive and overtaken: a process that stood still for longer than its lease sends nothing more.
#[tokio::test]
async fn who_slept_through_its_lease_sends_nothing_more() {
    let desired = desired(&[QUICKSTART]);
    let start = worlds::all().remove(0);
    for after in 1..=4 {
        let world = fresh(&start);
        let identity = Identity { account: "000000000000".to_owned(), arn: "arn:aws:iam::000000000000:user/sleeper".to_owned() };
        let ports = world.ports();
        let mut session = Session::open(&ports, Some(&place()), &identity, &Waiting::default()).await.unwrap();
        let plan = planned(&desired, &world, &[]).await;
        let first = Plan { steps: plan.steps.iter().take(after).cloned().collect(), ..plan.clone() };
        let began = Began {
            command: "apply".to_owned(),
            tool: "test".to_owned(),
            identity: identity.clone(),
            revision: "test".to_owned(),
            policy_digest: desired.digest.clone(),
            steps: intended(&plan),
        };
        session.begin(Box::new(Nowhere), began).await.unwrap();
        assert!(apply::apply(&first, &ports, Settle::default(), &mut session).await.complete());
        world.advance(LEASE + jiff::SignedDuration::from_secs(10));
        let (_, applied, broken) = run(&desired, &world, "second").await.unwrap();
        assert!(applied.complete());
        assert_eq!(broken.iter().map(|run| run.done().len()).collect::<Vec<_>>(), [after]);
        world.forget();
        let rest = Plan { steps: plan.steps.iter().skip(after).cloned().collect(), ..plan };
        let late = apply::apply(&rest, &ports, Settle::default(), &mut session).await;
        assert!(late.steps.iter().all(|(_, outcome)| outcome.as_str() == "notSent"), "{:?}", late.steps);
        let why = format!("{:?}", late.steps.first().unwrap().1);
        assert!(why.contains("closed it as broken off"), "{why}");
        assert!(world.sent().iter().all(|sent| sent.target.starts_with("s3://shop-dr-control/control/journal/")), "{:?}", world.sent());
        assert!(session.finish(&late).await.is_err());
        assert!(matches!(session.close().await, Err(LockError::Lost(why)) if why.contains("of `second` took it over")));
    }
}

/// Without a control place an apply goes on as before, with a journal on its machine only.
#[tokio::test]
async fn without_a_control_place_nothing_is_asked_of_a_bucket() {
    let world = fresh(&worlds::all().remove(0));
    let identity = Identity { account: "000000000000".to_owned(), arn: "arn:aws:iam::000000000000:user/one".to_owned() };
    let session = Session::open(&world.ports(), None, &identity, &Waiting::default()).await.unwrap();
    session.close().await.unwrap();
    assert_eq!(world.requests(), 0);
}

/// Who is interrupted sends nothing more, says what is done and what not, and gives the lock back: the next run neither waits nor finds a
/// run that broke off.
#[tokio::test]
async fn an_interrupted_apply_comes_to_its_end() {
    let desired = desired(&[QUICKSTART]);
    let world = fresh(&worlds::all().remove(0));
    let identity = Identity { account: "000000000000".to_owned(), arn: "arn:aws:iam::000000000000:user/first".to_owned() };
    let ports = world.ports();
    let mut session = Session::open(&ports, Some(&place()), &identity, &Waiting::default()).await.unwrap();
    let plan = planned(&desired, &world, &[]).await;
    let (interrupt, stop) = tokio::sync::watch::channel(false);
    session.stop_when(stop);
    let began = Began {
        command: "apply".to_owned(),
        tool: "test".to_owned(),
        identity,
        revision: "test".to_owned(),
        policy_digest: desired.digest.clone(),
        steps: intended(&plan),
    };
    session.begin(Box::new(Nowhere), began).await.unwrap();
    let first = Plan { steps: plan.steps.iter().take(2).cloned().collect(), ..plan.clone() };
    assert!(apply::apply(&first, &ports, Settle::default(), &mut session).await.complete());
    interrupt.send(true).unwrap();
    world.forget();
    let rest = Plan { steps: plan.steps.iter().skip(2).cloned().collect(), ..plan };
    let applied = apply::apply(&rest, &ports, Settle::default(), &mut session).await;
    let why = applied.steps.iter().map(|(_, outcome)| outcome).find(|outcome| outcome.as_str() == "notSent");
    assert!(format!("{why:?}").contains("interrupted"), "{:?}", applied.steps);
    assert!(world.sent().iter().all(|sent| sent.target.starts_with("s3://shop-dr-control/control/journal/")), "{:?}", world.sent());
    session.finish(&applied).await.unwrap();
    session.close().await.unwrap();
    let (_, applied, broken) = run(&desired, &world, "second").await.unwrap();
    assert!(applied.complete() && broken.is_empty(), "{broken:?}");
}
