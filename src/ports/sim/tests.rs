use futures_util::FutureExt as _;
use jiff::Timestamp;

use super::{CALLER, Fault, Op, When, World};
use crate::model::aspects::{Encryption, Ownership, PublicAccess, Versioning};
use crate::model::document::Document;
use crate::model::fact::{Fact, Why};
use crate::model::id::ResourceId;
use crate::model::lifecycle::{Expiration, Filter, Form, Lifecycle, Rule};
use crate::model::request::{Read, ReadOp, Request, RequestOp};
use crate::ports::{Answer, Cloud as _, Kind, Objects as _};

/// Every future of the simulator is ready at once.
fn now<T>(answer: Answer<'_, T>) -> T {
    answer.now_or_never().unwrap()
}

fn world() -> std::sync::Arc<World> {
    let world = World::at("2026-11-22T10:00:00Z".parse::<Timestamp>().unwrap());
    world.put_bucket("b", "eu-west-1");
    world
}

fn ask(world: &World, op: ReadOp) -> Fact<Document> {
    now(world.read(&Read { op, target: ResourceId::Bucket("b".to_owned()) }))
}

fn versioning() -> Request {
    Request { op: RequestOp::PutBucketVersioning, target: ResourceId::Bucket("b".to_owned()), body: Document::of(&Versioning::Enabled) }
}

#[test]
fn a_new_bucket_has_the_defaults_of_aws() {
    let world = world();
    let default = Encryption { algorithm: "AES256".to_owned(), key: None, bucket_key: false, blocked_types: Vec::new() };
    assert_eq!(ask(&world, ReadOp::BucketEncryption), Fact::Known(Document::of(&default)));
    assert_eq!(ask(&world, ReadOp::BucketPublicAccess), Fact::Known(Document::of(&PublicAccess::BLOCKED)));
    assert_eq!(ask(&world, ReadOp::BucketOwnership), Fact::Known(Document::of(&Ownership::BucketOwnerEnforced)));
    for absent in [ReadOp::BucketVersioning, ReadOp::BucketLifecycle, ReadOp::BucketTags, ReadOp::BucketPolicy] {
        assert_eq!(ask(&world, absent), Fact::Absent);
    }
}

#[test]
fn each_fault_says_whether_the_write_may_have_happened_and_tells_the_truth() {
    let expected = [
        (Fault::Refused, Kind::Refused, false, false),
        (Fault::AnswerLost, Kind::Unreachable, true, true),
        (Fault::CrashAfterSend, Kind::Unreachable, true, true),
        (Fault::Unreachable, Kind::Unreachable, false, false),
        (Fault::SlowDown(1), Kind::Busy, true, false),
        (Fault::SlowDown(40), Kind::Busy, true, false),
        (Fault::Truncated, Kind::Unreachable, true, true),
        (Fault::Conflict(3), Kind::Unsettled, false, false),
        (Fault::NoPrincipal(3), Kind::NoPrincipal, false, false),
        (Fault::Expired, Kind::Credentials, false, false),
        (Fault::Skewed, Kind::Clock, false, false),
    ];
    let silent = Fault::ALL.into_iter().filter(|fault| matches!(fault, Fault::Stale(_) | Fault::NotYet(_))).count();
    assert_eq!(expected.len() + silent, Fault::ALL.len(), "each fault is tried, and those that only delay what is seen below");
    for (fault, kind, maybe_done, happened) in expected {
        let world = world();
        world.strike(When::NthWrite(1), fault);
        let error = now(world.send(&versioning())).unwrap_err();
        assert_eq!((error.kind, error.maybe_done), (kind, maybe_done), "{fault:?}");
        assert_eq!(world.bucket_setting("b", ReadOp::BucketVersioning).is_some(), happened, "{fault:?}");
        assert_eq!((world.sent().len(), world.waiting_faults()), (1, 0));
        let ended = matches!(ask(&world, ReadOp::BucketExists), Fact::Unknown(_));
        assert_eq!(ended, matches!(fault, Fault::CrashAfterSend | Fault::Expired | Fault::Skewed | Fault::SlowDown(40)));
        world.revive();
        assert!(ask(&world, ReadOp::BucketExists).known().is_some());
    }
}

#[test]
fn what_was_written_is_seen_late_and_for_the_said_number_of_reads() {
    let seen = |fault| {
        let world = world();
        world.strike(When::NthWrite(1), fault);
        now(world.send(&versioning())).unwrap();
        let answers: Vec<bool> = (0..4).map(|_| ask(&world, ReadOp::BucketVersioning).known().is_some()).collect();
        (answers, ask(&world, ReadOp::BucketExists).known().is_some())
    };
    assert_eq!(seen(Fault::Stale(2)), (vec![false, false, true, true], true), "each question has its own old answers");
    assert_eq!(seen(Fault::NotYet(3)), (vec![false, false, false, true], true), "the whole resource is not found");
}

#[test]
fn a_storm_is_over_after_so_many_requests() {
    let world = world();
    world.strike(When::Nth(1), Fault::SlowDown(3));
    let answers: Vec<bool> = (0..4).map(|_| matches!(ask(&world, ReadOp::BucketTags), Fact::Unknown(Why::Busy(_)))).collect();
    assert_eq!(answers, [true, true, true, false]);
    world.strike(When::NthWrite(1), Fault::Conflict(2));
    assert!(matches!(now(world.send(&versioning())), Err(error) if error.kind == Kind::Unsettled && !error.maybe_done));
    assert_eq!(ask(&world, ReadOp::BucketTags), Fact::Absent, "a change under way does not stop a read");
    assert!(now(world.send(&versioning())).is_err());
    now(world.send(&versioning())).unwrap();
}

#[test]
fn a_fault_strikes_the_request_it_names_and_only_once() {
    let world = world();
    world.strike(When::Nth(2), Fault::Refused);
    world.strike(When::Op(Op::Read(ReadOp::BucketTags), "bucket/b".to_owned()), Fault::Unreachable);
    assert_eq!(ask(&world, ReadOp::BucketVersioning), Fact::Absent);
    assert!(matches!(ask(&world, ReadOp::BucketVersioning), Fact::Unknown(Why::Refused(_))));
    assert!(matches!(ask(&world, ReadOp::BucketTags), Fact::Unknown(Why::Unreachable(_))));
    assert_eq!(ask(&world, ReadOp::BucketTags), Fact::Absent);
    assert_eq!((world.requests(), world.sent().len()), (4, 0));
}

#[test]
fn what_is_refused_to_one_identity_is_not_refused_to_another() {
    let world = world();
    world.refuse(CALLER, Op::Read(ReadOp::BucketTags));
    assert!(matches!(ask(&world, ReadOp::BucketTags), Fact::Unknown(Why::Refused(_))));
    world.act_as("arn:aws:iam::000000000000:user/other");
    assert_eq!(ask(&world, ReadOp::BucketTags), Fact::Absent);
    world.act_as(CALLER);
    world.grant(CALLER, Op::Read(ReadOp::BucketTags));
    assert_eq!(ask(&world, ReadOp::BucketTags), Fact::Absent);
}

#[test]
fn a_bucket_of_others_is_refused_and_its_name_is_taken() {
    let world = world();
    world.put_bucket_of_others("theirs");
    let target = ResourceId::Bucket("theirs".to_owned());
    let fact = now(world.read(&Read { op: ReadOp::BucketExists, target: target.clone() }));
    assert!(matches!(fact, Fact::Unknown(Why::Refused(_))));
    let body = Document::of(&crate::model::aspects::Existence { region: Some("eu-west-1".to_owned()) });
    assert_eq!(now(world.send(&Request { op: RequestOp::CreateBucket, target, body })).unwrap_err().kind, Kind::Exists);
}

#[test]
fn versions_stay_while_versioning_is_on_and_go_without_it() {
    let world = world();
    world.put_object("b", "k", b"one");
    world.put_object("b", "k", b"two");
    assert_eq!(world.versions("b", "k"), [Some(b"two".to_vec())]);
    now(world.send(&versioning())).unwrap();
    world.put_object("b", "k", b"three");
    world.delete_object("b", "k");
    assert_eq!(world.versions("b", "k"), [Some(b"two".to_vec()), Some(b"three".to_vec()), None]);
    assert_eq!(now(world.get("b", "k", 9)).unwrap_err().kind, Kind::Missing);
    world.put_bucket_setting("b", ReadOp::BucketVersioning, Some(Document::of(&Versioning::Suspended)));
    world.put_object("b", "k", b"four");
    assert_eq!(world.versions("b", "k"), [Some(b"three".to_vec()), None, Some(b"four".to_vec())], "only the version without an id is replaced");
}

#[test]
fn tampering_is_not_noticed_by_s3() {
    let world = world();
    world.put_object("b", "k", b"abc");
    assert!(world.tamper("b", "k", 1));
    assert!(!world.tamper("b", "k", 3));
    assert_eq!(now(world.get("b", "k", 3)).unwrap(), [b'a', !b'b', b'c']);
}

#[test]
fn lifecycles_that_aws_refuses_are_refused() {
    let rule = |id: &str| Rule {
        id: id.to_owned(),
        enabled: true,
        filter: Filter::prefix("a/"),
        expiration: Some(Expiration::Days(3)),
        transitions: Vec::new(),
        noncurrent: None,
        noncurrent_transitions: Vec::new(),
        abort_uploads_days: None,
    };
    let old = Rule { filter: Filter { form: Form::RulePrefix, ..Filter::prefix("a/") }, ..rule("old") };
    let tagged = Rule { filter: Filter::tag("k", "v"), abort_uploads_days: Some(1), ..rule("tagged") };
    let refused: [(&str, Vec<Rule>); 6] = [
        ("none", Vec::new()),
        ("both forms", vec![rule("new"), old]),
        ("one id twice", vec![rule("x"), rule("x")]),
        ("no action", vec![Rule { expiration: None, ..rule("x") }]),
        ("uploads by tag", vec![tagged]),
        ("no days", vec![Rule { expiration: Some(Expiration::Days(0)), ..rule("x") }]),
    ];
    for (what, rules) in refused {
        let request = Request {
            op: RequestOp::PutBucketLifecycle,
            target: ResourceId::Bucket("b".to_owned()),
            body: Document::of(&Lifecycle { rules, minimum_size: None }),
        };
        assert_eq!(now(world().send(&request)).unwrap_err().kind, Kind::Rejected, "{what}");
    }
}

#[test]
fn names_come_in_one_order_and_never_twice() {
    use crate::ports::Entropy as _;
    let (one, other) = (world(), world());
    assert_eq!(one.hex(3), other.hex(3));
    assert_ne!(one.hex(3), one.hex(3));
    assert_eq!(one.hex(40).len(), 80);
}
