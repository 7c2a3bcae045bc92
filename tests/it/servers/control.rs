//! The control bucket on a real server: two applies at once, applies that are killed, and what others see of them.

use std::fs::{self, File};
use std::process::{Command, Stdio};
use std::sync::Arc;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::types::{BucketVersioningStatus, LifecycleExpiration, Tag, Tagging, VersioningConfiguration};
use jiff::SignedDuration;
use lifeboat::journal::lock::waiting::Waiting;
use lifeboat::journal::lock::{self, LEASE, LockError};
use lifeboat::journal::{End, Run, runs};
use lifeboat::model::repository::ControlPlace;
use lifeboat::model::resource::{BucketPlace, Identity};
use lifeboat::ops::plan::{Planned, plan};
use lifeboat::ops::{Exit, Where};
use lifeboat::ports::Ports;
use lifeboat::ports::aws::{Aws, Begun};
use lifeboat::ports::system::{SystemClock, SystemEntropy};
use lifeboat::view::plan::PlanView;

use super::access::{get, keys, put, put_rules, rule, s3};
use super::cli::{Config, Ran};
use super::stage::{Running, until};
use super::toll::{Side, Stop, Stopped, Toll};

const CONTROL: &str = "shop-dr-control";
/// How many applies are killed, and how many with `make soak`.
const KILLS: (usize, usize) = (30, 300);
/// What the first entry of a journal holds.
const BEGIN: &str = "\"kind\":\"began\"";

fn command(config: &Config, toll: &Toll, args: &[&str]) -> Command {
    let mut command = config.command("applier", args);
    command.env("AWS_ENDPOINT_URL", &toll.endpoint);
    command
}

fn start(config: &Config, toll: &Toll, args: &[&str]) -> Running {
    Running::of(command(config, toll, args).stdout(Stdio::piped()).stderr(Stdio::piped()))
}

fn apply(config: &Config, toll: &Toll) -> Ran {
    toll.stop_at(None);
    command(config, toll, &["apply"]).output().unwrap().into()
}

async fn journals(client: &Client, config: &Config) -> Vec<Run> {
    let mut objects = Vec::new();
    for key in keys(client, CONTROL, &format!("{}journal/", config.control())).await {
        let bytes = get(client, CONTROL, &key).await;
        objects.push((key, bytes));
    }
    runs(&objects)
}

fn ids(steps: Vec<&lifeboat::journal::RunStep>) -> Vec<String> {
    steps.into_iter().map(|step| step.intended.id.clone()).collect()
}

/// The plan as admin, who sees everything, without a process.
async fn planned(config: &Config) -> (PlanView, Exit) {
    let place = Where { repo: config.path().to_string_lossy().into_owned(), rev: None };
    match plan(&place, &lifeboat::ops::plan::Asked::default()).await.unwrap() {
        (Planned::Plan(view, _), exit) => (*view, exit),
        (Planned::Stopped(view), _) => panic!("{view:?}"),
    }
}

#[tokio::test]
async fn of_two_applies_at_once_one_sends_and_the_other_says_whose_it_is() {
    let (config, toll, client) = (Config::new("at-once"), Toll::new(), s3("admin").await);
    toll.stop_at(Some(Stop { since: BEGIN, nth: 4, side: Side::Before }));
    let first = start(&config, &toll, &["apply"]);
    let held = until("the first apply is in the midst of it", || toll.stopped());
    let second = config.lifeboat("applier", &["apply"]);
    assert_eq!(second.code, 1, "{}{}", second.out, second.err);
    assert!(second.err.starts_with("error: another apply is under way: `applier` holds the lock since 20"), "{}", second.err);
    assert!(second.err.contains("hint: nothing was sent; run it again with --wait 10m"), "{}", second.err);
    let plan = config.lifeboat("planner", &["plan"]);
    assert!(plan.out.contains("note: another apply is under way, so this may change: `applier` holds the lock since"), "{}{}", plan.out, plan.err);
    let heard = config.path().join("third.err");
    let waits = |format| command(&config, &toll, &["apply", "--wait", "2m", "--format", format]);
    let third = Running::of(waits("json").stdout(Stdio::piped()).stderr(File::create(&heard).unwrap()));
    // It waits before the first one goes on.
    until("it says whose lock it waits for", || fs::read_to_string(&heard).unwrap().contains("of at most 2 min").then_some(()));
    held.pass();
    let (first, third) = (first.end(), third.end());
    assert_eq!(first.code, 0, "{}{}", first.out, first.err);
    assert!(first.out.contains("13 steps done · exit 0"), "{}", first.out);
    assert_eq!(third.code, 0, "{}{}", third.out, third.err);
    let view: serde_json::Value = serde_json::from_str(&third.out).unwrap();
    assert_eq!((&view["done"], view["steps"].as_array().map(Vec::len)), (&0.into(), Some(0)), "who waited plans upon what the other made");
    let heard = fs::read_to_string(&heard).unwrap();
    assert!(heard.starts_with("lifeboat: `applier` holds the lock since 20"), "{heard}");
    assert!(heard.contains("its lease runs until 20") && heard.contains("lifeboat: the lock is ours after "), "{heard}");
    let delete = s3("applier").await.delete_object().bucket(CONTROL).key(format!("{}lock", config.control())).send().await;
    assert_eq!(delete.unwrap_err().code(), Some("AccessDenied"), "the applier needs no right to delete, and has none");
    let found = journals(&client, &config).await;
    assert_eq!(found.iter().map(|run| (run.end.clone(), run.done().len())).collect::<Vec<_>>(), [(End::Finished, 13)]);
}

#[tokio::test]
async fn of_many_who_reach_for_the_lock_at_once_exactly_one_gets_it() {
    let control = ControlPlace { bucket: CONTROL.to_owned(), account: None, region: "eu-west-1".to_owned(), prefix: "control/race/".to_owned() };
    let place = BucketPlace { name: CONTROL.to_owned(), account: None, region: control.region.clone(), endpoint: None };
    let aws = Arc::new(Aws::connect(Begun::new(lifeboat::ports::aws::ATTEMPT), &[place]).await);
    let ports = Ports { cloud: aws.clone(), objects: aws, clock: Arc::new(SystemClock), entropy: Arc::new(SystemEntropy) };
    // The first round creates the object, the second one replaces it.
    for round in 0..2 {
        let racers = (0..16).map(|racer| {
            let (ports, control) = (ports.clone(), control.clone());
            tokio::spawn(async move {
                let identity = Identity { account: "000000000000".to_owned(), arn: format!("arn:aws:iam::000000000000:user/racer-{racer}") };
                lock::take(&ports, &control, &identity, &format!("run-{round}-{racer}"), &Waiting::default()).await
            })
        });
        let mut won = Vec::new();
        for racer in racers.collect::<Vec<_>>() {
            match racer.await.unwrap() {
                Ok(lock) => won.push(lock),
                Err(LockError::Held(_)) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
        assert_eq!(won.len(), 1, "round {round}");
        won.pop().unwrap().release().await.unwrap();
    }
}

#[tokio::test]
async fn an_apply_that_broke_off_is_said_by_plan_and_closed_by_the_next_apply() {
    let (config, toll, client) = (Config::new("broken"), Toll::new(), s3("admin").await);
    toll.stop_at(Some(Stop { since: BEGIN, nth: 4, side: Side::Behind }));
    let dead = start(&config, &toll, &["apply"]);
    let held: Stopped = until("the apply is in the midst of it", || toll.stopped());
    dead.signal("KILL");
    dead.end();
    drop(held);
    let found = journals(&client, &config).await.pop().unwrap();
    assert_eq!(found.end, End::Open);
    let early = config.lifeboat("applier", &["apply"]);
    assert!(early.code == 1 && early.err.contains("`applier` holds the lock since"), "{}{}", early.out, early.err);
    // S3's clock goes on, and with it the lease.
    toll.ahead(LEASE + SignedDuration::from_secs(10));
    let plan: Ran = config.command("planner", &["plan"]).env("AWS_ENDPOINT_URL", &toll.endpoint).output().unwrap().into();
    let said = format!("note: run {} of `applier` broke off, last heard of at ", found.id);
    assert!(plan.out.contains(&said) && plan.out.contains("the next `lifeboat apply` plans anew and closes its journal"), "{}{}", plan.out, plan.err);
    let next = apply(&config, &toll);
    assert_eq!(next.code, 0, "{}{}", next.out, next.err);
    assert!(next.out.contains(&format!("run {} of `applier` broke off", found.id)) && next.out.contains("planned anew"), "{}", next.out);
    let closed = journals(&client, &config).await;
    assert!(closed.iter().any(|run| run.id == found.id && matches!(run.end, End::Closed { .. })), "{closed:#?}");
    let again = apply(&config, &toll);
    assert!(again.code == 0 && !again.out.contains("broke off"), "{}{}", again.out, again.err);
}

/// Puts things out of order behind lifeboat's back, and leaves what others wrote as it is.
async fn disturb(client: &Client, config: &Config) {
    let bucket = config.bucket();
    let suspended = VersioningConfiguration::builder().status(BucketVersioningStatus::Suspended).build();
    client.put_bucket_versioning().bucket(&bucket).versioning_configuration(suspended).send().await.unwrap();
    let tags = Tagging::builder().tag_set(Tag::builder().key("owner").value("them").build().unwrap()).build().unwrap();
    client.put_bucket_tagging().bucket(&bucket).tagging(tags).send().await.unwrap();
    put_rules(client, &bucket, [rule("theirs", "theirs/", 3)]).await;
    client.delete_public_access_block().bucket(&bucket).send().await.unwrap();
}

/// What others wrote is as they left it.
async fn is_untouched(client: &Client, config: &Config, what: &str) {
    let bucket = config.bucket();
    assert_eq!(get(client, &bucket, "theirs/object").await, b"theirs", "{what}");
    let tags = client.get_bucket_tagging().bucket(&bucket).send().await.unwrap();
    assert!(tags.tag_set().iter().any(|tag| tag.key() == "owner" && tag.value() == "them"), "{what}: {tags:?}");
    let rules = client.get_bucket_lifecycle_configuration().bucket(&bucket).send().await.unwrap();
    let theirs = rules.rules().iter().find(|rule| rule.id() == Some("theirs"));
    let days = theirs.and_then(|rule| rule.expiration()).and_then(LifecycleExpiration::days);
    assert_eq!((days, theirs.and_then(|rule| rule.filter()?.prefix())), (Some(3), Some("theirs/")), "{what}");
}

/// A sequence that a seed determines (xorshift64*), for choices that a failing run can repeat.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33).unwrap() % end
    }
}

#[expect(clippy::print_stdout, reason = "shown when the test fails, so that the run can be repeated")]
fn seed() -> u64 {
    let given = std::env::var("LIFEBOAT_TEST_SEED").ok().map(|text| text.parse().unwrap());
    let seed = given.unwrap_or_else(|| u64::from(std::process::id()) + 1);
    println!("LIFEBOAT_TEST_SEED={seed} repeats this run");
    seed
}

/// Kills an apply at a request and gives the run as its journal tells it, if it had begun one.
async fn killed(config: &Config, toll: &Toll, client: &Client, stop: Stop, what: &str) -> Option<Run> {
    let before: Vec<String> = journals(client, config).await.into_iter().map(|run| run.id).collect();
    toll.stop_at(Some(stop));
    let running = start(config, toll, &["apply"]);
    // It may come to its end before: then there was less to do than that.
    let stopped = until("the apply is stopped or has ended", || toll.stopped().map(Some).or_else(|| (!running.is_alive()).then_some(None)));
    running.signal("KILL");
    running.end();
    drop(stopped);
    // A run that was killed before its first entry has a journal only since this one closed it.
    let found = journals(client, config).await.into_iter().find(|run| !before.contains(&run.id) && !matches!(run.end, End::Closed { .. }))?;
    assert_eq!(found.problems, Vec::<String>::new(), "{what}");
    let (view, _) = planned(config).await;
    let left: Vec<&str> = view.groups.iter().flat_map(|group| &group.steps).map(|step| step.id.as_str()).collect();
    for done in ids(found.done()) {
        assert!(!left.contains(&done.as_str()), "{what}: {done} is listed as done, and it is not");
    }
    for not_done in ids(found.not_done()) {
        assert!(left.contains(&not_done.as_str()), "{what}: {not_done} is listed as not done, and it is");
    }
    assert!(found.unknown().len() <= 1, "{what}: {:?}", ids(found.unknown()));
    Some(found)
}

#[tokio::test]
async fn applies_that_are_killed_at_random_leave_the_truth_and_the_next_one_converges() {
    let (config, toll, client) = (Config::new("killed"), Toll::new(), s3("admin").await);
    let kills = if std::env::var_os("LIFEBOAT_SOAK").is_some() { KILLS.1 } else { KILLS.0 };
    let mut chance = Chance(seed());
    toll.ahead(LEASE + SignedDuration::from_secs(10));
    assert_eq!(apply(&config, &toll).code, 0);
    put(&client, &config.bucket(), "theirs/object", b"theirs".to_vec()).await;
    disturb(&client, &config).await;
    let whole = apply(&config, &toll);
    assert!(whole.code == 0 && whole.out.contains("4 steps done"), "{}{}", whole.out, whole.err);
    let asked = toll.asked();
    let journal: Vec<usize> = asked.iter().enumerate().filter(|(_, line)| line.starts_with("PUT ") && line.contains("/journal/")).map(|(at, _)| at).collect();
    // From the first entry of a journal to its last one.
    let steps = journal[journal.len() - 1] - journal[0] + 1;
    for kill in 1..=kills {
        disturb(&client, &config).await;
        let side = if chance.below(2) == 0 { Side::Before } else { Side::Behind };
        // Most requests are reads before anything is sent: every second kill is where the steps are.
        let stop = match kill % 2 {
            0 => Stop { since: BEGIN, nth: 2 + chance.below(steps - 2), side },
            _ => Stop { since: "", nth: 1 + chance.below(asked.len()), side },
        };
        let what = format!("kill {kill} at {stop:?} of {} with {steps} for the steps", asked.len());
        let run = killed(&config, &toll, &client, stop, &what).await;
        if !stop.since.is_empty() {
            assert_eq!(run.map(|run| run.end), Some(End::Open), "{what}");
        }
        is_untouched(&client, &config, &what).await;
        // Some are killed on top of each other.
        if chance.below(3) == 0 || kill == kills {
            let next = apply(&config, &toll);
            assert_eq!(next.code, 0, "{what}: {}{}", next.out, next.err);
            let (view, exit) = planned(&config).await;
            assert_eq!(exit, Exit::Good, "{what}: {:?}", view.groups);
            is_untouched(&client, &config, &what).await;
        }
    }
    let open: Vec<Run> = journals(&client, &config).await.into_iter().filter(|run| run.end == End::Open || !run.problems.is_empty()).collect();
    assert!(open.is_empty(), "{open:#?}");
}
