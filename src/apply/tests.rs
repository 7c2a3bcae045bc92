use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use futures_util::FutureExt as _;

use super::{Applied, Entry, Journal, Outcome, Settle, apply};
use crate::model::aspects::{Encryption, Tags, Versioning};
use crate::model::document::Document;
use crate::model::fact::{Fact, Why};
use crate::model::id::ResourceId;
use crate::model::lifecycle::{Expiration, Filter, Rule};
use crate::model::request::{Read, ReadOp, Request, RequestOp};
use crate::model::resource::{Desired, Identity};
use crate::plan::{Leave, Plan, plan};
use crate::ports::sim::{Fault, Op, When, World};
use crate::ports::{Answer, Cloud, PortError, Ports};
use crate::{compile, observe, policy};

const POLICY: &str = include_str!("../../examples/quickstart/config/policies/orders.yaml");
const BUCKET: &str = "shop-dr-orders";

fn desired() -> Desired {
    let (before, rest) = POLICY.split_once("  access:\n").unwrap();
    let text = format!("{before}  drills:{}", rest.split_once("  drills:").unwrap().1);
    let loaded = policy::load(&[policy::ConfigFile { path: "policies/a.yaml".to_owned(), bytes: text.into_bytes() }]);
    compile::compile(&loaded, &[]).0
}

fn world() -> Arc<World> {
    World::at("2026-11-22T10:00:00Z".parse().unwrap())
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<Entry>>>, usize);

impl Journal for Lines {
    fn write(&mut self, entry: Entry) -> Answer<'_, Result<(), String>> {
        let mut lines = self.0.lock().unwrap();
        lines.push(entry);
        let full = lines.len() == self.1;
        Box::pin(async move { if full { Err("no space left".to_owned()) } else { Ok(()) } })
    }
    fn hold(&mut self) -> Answer<'_, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }
}

fn planned(world: &Arc<World>, leaves: &[Leave]) -> Plan {
    let desired = desired();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let observed = runtime.block_on(observe::observe(&desired, &world.ports(), Fact::Absent));
    plan(&desired, &observed, leaves)
}

fn carry_out(plan: &Plan, ports: &Ports) -> Applied {
    apply(plan, ports, Settle::default(), &mut Lines::default()).now_or_never().unwrap()
}

fn outcomes(applied: &Applied) -> Vec<(&str, &Outcome)> {
    applied.steps.iter().map(|(step, outcome)| (step.setting.as_str(), outcome)).collect()
}

fn foreign(id: &str, prefix: &str) -> Rule {
    Rule {
        id: id.to_owned(),
        enabled: true,
        filter: Filter::prefix(prefix),
        expiration: Some(Expiration::Days(3)),
        transitions: Vec::new(),
        noncurrent: None,
        noncurrent_transitions: Vec::new(),
        abort_uploads_days: None,
    }
}

type Deed = Box<dyn FnOnce(&World) + Send>;

/// Lets somebody else act in the moment before a request.
struct Meddled {
    world: Arc<World>,
    before: RequestOp,
    deed: Mutex<Option<Deed>>,
}

impl Cloud for Meddled {
    fn identity(&self) -> Answer<'_, Result<Identity, PortError>> {
        self.world.identity()
    }
    fn sent(&self) -> usize {
        self.world.requests()
    }
    fn read<'a>(&'a self, read: &'a Read) -> Answer<'a, Fact<Document>> {
        self.world.read(read)
    }
    fn send<'a>(&'a self, request: &'a Request) -> Answer<'a, Result<(), PortError>> {
        if request.op == self.before
            && let Some(deed) = self.deed.lock().unwrap().take()
        {
            deed(&self.world);
        }
        self.world.send(request)
    }
}

fn meddled(world: &Arc<World>, before: RequestOp, deed: impl FnOnce(&World) + Send + 'static) -> Ports {
    Ports { cloud: Arc::new(Meddled { world: world.clone(), before, deed: Mutex::new(Some(Box::new(deed))) }), ..world.ports() }
}

#[test]
fn everything_is_written_down_before_and_after_it_is_sent() {
    let (world, lines) = (world(), Lines::default());
    let plan = planned(&world, &[]);
    let applied = apply(&plan, &world.ports(), Settle::default(), &mut lines.clone()).now_or_never().unwrap();
    assert!(applied.complete());
    let lines = lines.0.lock().unwrap();
    assert_eq!(lines.len(), plan.steps.len() * 2);
    for (step, pair) in plan.steps.iter().zip(lines.chunks(2)) {
        let (id, digest) = (step.id(), step.digest());
        let ended = Entry::Ended { step: id.clone(), digest: digest.clone(), outcome: Outcome::Done };
        assert_eq!(pair, [Entry::Sending { step: id, digest }, ended]);
    }
}

#[test]
fn what_the_endpoint_gives_a_new_bucket_is_not_written_again() {
    let world = world();
    let plan = planned(&world, &[]);
    assert_eq!(plan.steps.len(), 8);
    assert!(carry_out(&plan, &world.ports()).complete());
    let ops: Vec<Op> = world.sent().iter().map(|sent| sent.op).collect();
    let wanted = [RequestOp::CreateBucket, RequestOp::PutBucketVersioning, RequestOp::PutBucketLifecycle, RequestOp::PutBucketTags, RequestOp::PutBucketPolicy];
    assert_eq!(ops, wanted.map(Op::Write));
}

#[test]
fn what_changed_since_the_plan_is_left_alone_and_stops_the_rest() {
    let world = world();
    world.put_bucket(BUCKET, "eu-west-1");
    let plan = planned(&world, &[]);
    world.put_bucket_setting(BUCKET, ReadOp::BucketVersioning, Some(Document::of(&Versioning::Suspended)));
    let applied = carry_out(&plan, &world.ports());
    assert!(matches!(applied.steps.first(), Some((_, Outcome::NotSent(why))) if why.contains("changed since the plan")));
    assert!(applied.steps.iter().skip(1).all(|(_, outcome)| matches!(outcome, Outcome::NotSent(why) if why.contains("stopped before it"))));
    assert_eq!(world.sent(), Vec::new());
}

#[test]
fn what_can_no_longer_be_read_is_left_alone() {
    let world = world();
    world.put_bucket(BUCKET, "eu-west-1");
    let plan = planned(&world, &[]);
    world.strike(When::Op(Op::Read(ReadOp::BucketVersioning), format!("bucket/{BUCKET}")), Fault::Refused);
    let applied = carry_out(&plan, &world.ports());
    assert!(matches!(applied.steps.first(), Some((_, Outcome::NotSent(why))) if why.contains("can no longer be read")), "{:?}", outcomes(&applied));
    assert_eq!(world.sent(), Vec::new());
}

/// On a bucket that this apply did not make, an absent setting that is there by now is somebody else's work.
#[test]
fn a_lifecycle_that_appeared_since_the_plan_is_not_overwritten() {
    let world = world();
    world.put_bucket(BUCKET, "eu-west-1");
    let plan = planned(&world, &[]);
    let ports = meddled(&world, RequestOp::PutBucketVersioning, |world| world.add_foreign_rule(BUCKET, foreign("theirs", "tmp/")));
    let applied = carry_out(&plan, &ports);
    assert_eq!(world.rules(BUCKET), [foreign("theirs", "tmp/")], "{:?}", outcomes(&applied));
    assert!(!applied.complete());
}

/// That one setting of an old bucket was absent does not make the bucket new.
#[test]
fn a_key_that_appeared_since_the_plan_is_not_overwritten() {
    let world = world();
    world.put_bucket(BUCKET, "eu-west-1");
    world.put_bucket_setting(BUCKET, ReadOp::BucketPublicAccess, None);
    world.put_bucket_setting(BUCKET, ReadOp::BucketEncryption, None);
    let plan = planned(&world, &[]);
    let key = Encryption { algorithm: "aws:kms".to_owned(), key: Some("alias/theirs".to_owned()), bucket_key: true, blocked_types: Vec::new() };
    let (theirs, put) = (Document::of(&key), Document::of(&key));
    let ports = meddled(&world, RequestOp::PutPublicAccess, move |world| world.put_bucket_setting(BUCKET, ReadOp::BucketEncryption, Some(put)));
    let applied = carry_out(&plan, &ports);
    assert_eq!(world.bucket_setting(BUCKET, ReadOp::BucketEncryption), Some(theirs), "{:?}", outcomes(&applied));
}

#[test]
fn what_was_certainly_not_done_is_said_so_with_what_to_do() {
    for (fault, hint) in [(Fault::Refused, "grant the action"), (Fault::Unreachable, "AWS_ENDPOINT_URL")] {
        let world = world();
        let plan = planned(&world, &[]);
        world.strike(When::NthWrite(1), fault);
        let applied = carry_out(&plan, &world.ports());
        assert!(matches!(applied.steps.first(), Some((_, Outcome::NotSent(why))) if why.contains(hint)), "{:?}", outcomes(&applied));
        assert_eq!(world.sent().len(), 1);
    }
}

/// moto answers no question about versioning as S3 does, which a bucket that is not there cannot tell.
#[test]
fn what_a_new_bucket_turns_out_not_to_have_is_not_sent_and_the_rest_is() {
    let world = world();
    let plan = planned(&world, &[]);
    let lacking = || Fact::Unknown(Why::Unsupported("not as S3 answers".to_owned()));
    world.answer(ResourceId::Bucket(BUCKET.to_owned()), ReadOp::BucketVersioning, lacking());
    let applied = carry_out(&plan, &world.ports());
    for (setting, outcome) in outcomes(&applied) {
        let is_lacking = matches!(outcome, Outcome::NotSent(why) if why.contains("does not support it"));
        assert_eq!((is_lacking, *outcome == Outcome::Done), (setting == "bucket-versioning", setting != "bucket-versioning"), "{setting}: {outcome:?}");
    }
    assert_eq!(world.bucket_setting(BUCKET, ReadOp::BucketVersioning), None);
    // Of one that was there the same answer is a change since the plan, and stops what follows.
    let world = self::world();
    world.put_bucket(BUCKET, "eu-west-1");
    let plan = planned(&world, &[]);
    world.answer(ResourceId::Bucket(BUCKET.to_owned()), ReadOp::BucketVersioning, lacking());
    let applied = carry_out(&plan, &world.ports());
    assert!(outcomes(&applied).iter().any(|(_, outcome)| matches!(outcome, Outcome::NotSent(why) if why.contains("stopped before it"))));
}

/// Even on a bucket that this apply made: what AWS gives a new bucket is known, and tags and rules are not among it.
#[test]
fn tags_that_appeared_on_a_new_bucket_are_not_overwritten() {
    let world = world();
    let plan = planned(&world, &[]);
    let tags = BTreeMap::from([("auto".to_owned(), "tagged".to_owned())]);
    let theirs = Document::of(&Tags(tags));
    let put = theirs.clone();
    let ports = meddled(&world, RequestOp::PutBucketLifecycle, move |world| world.put_bucket_setting(BUCKET, ReadOp::BucketTags, Some(put)));
    let applied = carry_out(&plan, &ports);
    assert_eq!(world.bucket_setting(BUCKET, ReadOp::BucketTags), Some(theirs), "{:?}", outcomes(&applied));
    assert!(!applied.complete());
}

#[test]
fn a_lost_answer_is_found_out_by_reading_back() {
    for (fault, wanted) in [(Fault::AnswerLost, true), (Fault::Truncated, true), (Fault::SlowDown(1), true), (Fault::SlowDown(99), false)] {
        let world = world();
        let plan = planned(&world, &[]);
        world.strike(When::Op(Op::Write(RequestOp::PutBucketVersioning), format!("bucket/{BUCKET}")), fault);
        let applied = carry_out(&plan, &world.ports());
        assert_eq!(applied.complete(), wanted, "{fault:?}");
        let maybe = applied.steps.iter().any(|(_, outcome)| matches!(outcome, Outcome::MaybeDone(why) if why.contains("SlowDown")));
        assert_eq!(maybe, !wanted, "{:?}", outcomes(&applied));
    }
}

fn with_threat() -> (Arc<World>, Plan) {
    let world = world();
    assert!(carry_out(&planned(&world, &[]), &world.ports()).complete());
    world.add_foreign_rule(BUCKET, foreign("cleanup", ""));
    let plan = planned(&world, &[format!("removes-foreign-rule@bucket/{BUCKET}").parse().unwrap()]);
    assert_eq!(plan.steps.len(), 1);
    (world, plan)
}

/// What is to go would also be carried along, so "carried along" must not be taken for "done".
#[test]
fn a_removal_that_did_not_happen_is_not_done() {
    let (world, plan) = with_threat();
    world.strike(When::Op(Op::Write(RequestOp::PutBucketLifecycle), format!("bucket/{BUCKET}")), Fault::SlowDown(99));
    let applied = carry_out(&plan, &world.ports());
    assert!(world.rules(BUCKET).iter().any(|rule| rule.id == "cleanup"));
    assert!(matches!(outcomes(&applied).as_slice(), [(_, Outcome::MaybeDone(_))]), "{:?}", outcomes(&applied));
    let (world, plan) = with_threat();
    assert!(carry_out(&plan, &world.ports()).complete());
    assert!(world.rules(BUCKET).iter().all(Rule::is_ours));
}

#[test]
fn what_is_accepted_and_reads_back_otherwise_is_said_after_patience() {
    let world = world();
    world.put_bucket(BUCKET, "eu-west-1");
    let plan = planned(&world, &[]);
    let id = ResourceId::Bucket(BUCKET.to_owned());
    let before = world.ports().clock.now();
    let stuck = id.clone();
    let ports = meddled(&world, RequestOp::PutBucketVersioning, move |world| {
        world.answer(stuck, ReadOp::BucketVersioning, Fact::Known(Document::of(&Versioning::Suspended)));
    });
    let applied = carry_out(&plan, &ports);
    assert!(matches!(applied.steps.first(), Some((_, Outcome::ReadsBackOtherwise(why))) if why.contains("Suspended")), "{:?}", outcomes(&applied));
    let waited = world.ports().clock.now().duration_since(before).as_secs();
    assert_eq!(waited, 180, "three minutes, unless told otherwise");
    world.answer_truly(id, ReadOp::BucketVersioning);
    assert!(carry_out(&planned(&world, &[]), &world.ports()).complete());
}

#[test]
fn a_journal_that_cannot_be_written_stops_everything() {
    for (failing, sent) in [(1, 0), (2, 1)] {
        let world = world();
        let plan = planned(&world, &[]);
        let applied = apply(&plan, &world.ports(), Settle::default(), &mut Lines(Arc::default(), failing)).now_or_never().unwrap();
        assert!(!applied.complete());
        assert_eq!(world.sent().len(), sent, "line {failing}");
    }
}
