//! Properties of the plan itself, from whole policies and whole observations.

use std::sync::Arc;

use lifeboat::model::fact::{Fact, Why};
use lifeboat::model::id::ResourceId;
use lifeboat::model::request::{Read, ReadOp};
use lifeboat::model::resource::Observed;
use lifeboat::observe;
use lifeboat::plan::{self, Hold, Leave, Plan};
use lifeboat::ports::sim::{CALLER, Fault, Op, When, World};
use lifeboat::settings;

use super::worlds::{self, BUCKET, WRITER, expiring};
use super::{QUICKSTART, desired, planned, round};

fn empty() -> Arc<World> {
    World::at("2026-11-22T10:00:00Z".parse().unwrap())
}

fn settled(world: &Arc<World>) {
    world.put_bucket(BUCKET, "eu-west-1");
}

fn names(plan: &Plan) -> (Vec<String>, Vec<String>) {
    let steps = plan.steps.iter().map(|step| step.id());
    (steps.collect(), plan.held.iter().map(|held| format!("{}@{}", held.setting, held.resource)).collect())
}

#[test]
fn offline_everything_is_wanted_and_nothing_known() {
    let desired = desired(&[QUICKSTART]);
    let plan = plan::plan(&desired, &observe::offline(&desired, &*empty()), &[]);
    assert_eq!((plan.steps.len(), plan.held.len()), (0, 23), "eight of the bucket, five of each role");
    for held in &plan.held {
        assert_eq!(held.hold, Hold::Unknown(Why::NotAsked), "{}", held.setting);
        assert!(held.step.as_ref().is_some_and(|step| !step.lines.is_empty()), "{} says what is wanted", held.setting);
    }
}

#[tokio::test]
async fn a_refused_read_holds_that_one_setting_and_no_other() {
    let desired = desired(&[QUICKSTART]);
    let world = empty();
    settled(&world);
    let (all, none) = names(&planned(&desired, &world, &[]).await);
    assert_eq!(none, Vec::<String>::new());
    for read in observe::questions(&desired) {
        let first = matches!(read.op, ReadOp::BucketExists | ReadOp::RoleTrust);
        for (fault, refused) in [(Fault::Refused, true), (Fault::Unreachable, false)] {
            world.forget();
            world.strike(When::Op(Op::Read(read.op), read.target.to_string()), fault);
            let plan = planned(&desired, &world, &[]).await;
            assert_eq!(world.waiting_faults(), 0, "{read:?} is asked");
            let unknown: Vec<_> = plan.held.iter().filter(|held| matches!(held.hold, Hold::Unknown(_))).collect();
            let managed = settings::SETTINGS
                .iter()
                .filter(|setting| setting.read == read.op)
                .any(|setting| desired.resources.iter().any(|wish| wish.id() == read.target && (setting.want)(wish).is_some()));
            if !managed {
                assert_eq!(names(&plan), (all.clone(), Vec::new()), "{read:?}: what nobody manages holds nothing");
                continue;
            }
            let [one] = unknown.as_slice() else { panic!("{read:?}: {unknown:?}") };
            assert!(one.resource == read.target && settings::by_id(one.setting).unwrap().read == read.op);
            assert_eq!(matches!(one.hold, Hold::Unknown(Why::Refused(_))), refused, "{:?}", one.hold);
            // What rests on the unknown one waits; everything else is planned as before.
            let (steps, held) = names(&plan);
            let others: Vec<_> = all.iter().filter(|id| !held.contains(id)).cloned().collect();
            assert_eq!(steps, others, "{read:?}");
            assert!(first || held.len() == 1, "{read:?} holds {held:?}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_not_understood_is_held_and_never_overwritten() {
    let desired = desired(&[QUICKSTART]);
    for setting in settings::SETTINGS {
        let target = if setting.id.starts_with("role") { ResourceId::Role(WRITER.to_owned()) } else { ResourceId::Bucket(BUCKET.to_owned()) };
        let world = empty();
        settled(&world);
        world.answer(target.clone(), setting.read, Fact::Unknown(Why::NotUnderstood("<New>".to_owned())));
        let (plan, applied) = round(&desired, &world, &[], setting.id).await;
        assert!(applied.complete());
        // Where one answer holds several settings, the first of them is unknown and the others wait for it.
        let known = |held: &Hold| matches!(held, Hold::Unknown(Why::NotUnderstood(_)) | Hold::WaitsFor("role-trust"));
        let wanted = desired.resources.iter().any(|wish| wish.id() == target && (setting.want)(wish).is_some());
        assert_eq!(plan.held.iter().any(|held| held.setting == setting.id && held.resource == target && known(&held.hold)), wanted, "{}", setting.id);
        let ops = plan.steps.iter().filter(|step| step.setting == setting.id && step.resource == target).count();
        assert_eq!(ops, 0, "{} is not written", setting.id);
    }
}

#[tokio::test]
async fn the_order_of_answers_does_not_change_the_plan() {
    let desired = desired(&[QUICKSTART]);
    for start in worlds::all() {
        let world = start.world();
        let ports = world.ports();
        let whole = observe::observe(&desired, &ports, Fact::Absent).await;
        let mut turned = Observed { resources: std::collections::BTreeMap::default(), ..whole.clone() };
        let mut questions: Vec<Read> = observe::questions(&desired).into_iter().collect();
        questions.reverse();
        for read in questions {
            let fact = ports.cloud.read(&read).await;
            turned.resources.entry(read.target).or_default().facts.insert(read.op, fact);
        }
        assert_eq!(bytes(&plan::plan(&desired, &whole, &[])), bytes(&plan::plan(&desired, &turned, &[])), "{}", start.name);
    }
}

fn bytes(plan: &Plan) -> String {
    format!("{plan:?} {}", serde_json::to_string(&plan.steps).unwrap())
}

#[tokio::test]
async fn the_same_input_gives_the_same_bytes() {
    let wishes: Vec<_> = (0..10).map(|_| desired(&[QUICKSTART])).collect();
    for start in worlds::all() {
        let mut seen = std::collections::BTreeSet::new();
        for desired in &wishes {
            seen.insert(bytes(&planned(desired, &start.world(), &[]).await));
        }
        assert_eq!(seen.len(), 1, "{}", start.name);
    }
}

#[tokio::test]
async fn a_rule_of_the_old_form_holds_the_lifecycle_until_its_owner_rewrites_it_or_it_may_be_removed() {
    use lifeboat::model::lifecycle::{Filter, Form, Rule};
    let desired = desired(&[QUICKSTART]);
    let world = empty();
    settled(&world);
    world.add_foreign_rule(BUCKET, Rule { filter: Filter { form: Form::RulePrefix, ..Filter::prefix("orders/") }, ..expiring("old", "", 3) });
    let (plan, applied) = round(&desired, &world, &[], "the old form").await;
    assert!(applied.complete() && applied.steps.iter().all(|(step, _)| step.setting != "bucket-lifecycle"));
    let lifecycle: Vec<_> = plan.held.iter().filter(|held| held.setting == "bucket-lifecycle").collect();
    assert!(matches!(lifecycle.as_slice(), [a, b] if matches!(a.hold, Hold::NotOurs { .. }) && b.hold.sentence().contains("Filter")), "{lifecycle:?}");
    let leave: Leave = format!("removes-foreign-rule@bucket/{BUCKET}").parse().unwrap();
    let (_, applied) = round(&desired, &world, std::slice::from_ref(&leave), "with leave").await;
    assert!(applied.complete());
    assert!(world.rules(BUCKET).iter().all(Rule::is_ours));
    assert_eq!(names(&planned(&desired, &world, &[]).await), (Vec::new(), Vec::new()));
}

#[tokio::test]
async fn a_plan_of_reads_only_sends_nothing() {
    let desired = desired(&[QUICKSTART]);
    for start in worlds::all() {
        let world = start.world();
        world.refuse(CALLER, Op::List);
        planned(&desired, &world, &[]).await;
        assert_eq!(world.sent(), Vec::new(), "{}", start.name);
        assert_eq!(world.requests(), observe::questions(&desired).len() + 2, "{}: each question once, one listing, one identity", start.name);
    }
}

#[tokio::test]
async fn a_bucket_that_is_not_there_holds_no_backups_and_one_that_cannot_be_listed_is_unknown() {
    let desired = desired(&[QUICKSTART]);
    let world = empty();
    let seen = |world: Arc<World>| async move { observe::seen_backups(&world.ports(), BUCKET, "orders/").await };
    assert_eq!(seen(world.clone()).await, Fact::Absent);
    settled(&world);
    assert_eq!(seen(world.clone()).await, Fact::Known(Vec::new()));
    world.refuse(CALLER, Op::List);
    assert!(matches!(seen(world.clone()).await, Fact::Unknown(Why::Refused(_))));
    let held = planned(&desired, &world, &[]).await.held;
    assert_eq!(held.iter().map(|held| held.setting).collect::<Vec<_>>(), ["bucket-lifecycle"], "what it ends cannot be said: {held:?}");
}

/// S3 takes nothing into an infrequent-access class before 30 days: the lifecycle is held with the reason, and with leave too.
#[tokio::test]
async fn what_aws_would_refuse_is_held_and_never_sent() {
    let early = QUICKSTART.replace("{after: 30d, class: STANDARD_IA}", "{after: 10d, class: STANDARD_IA}");
    assert_ne!(early, QUICKSTART);
    let (desired, world) = (desired(&[&early]), empty());
    settled(&world);
    let leave = Leave { id: "shortens-retention".to_owned(), resource: ResourceId::Bucket(BUCKET.to_owned()) };
    let (plan, _) = round(&desired, &world, &[leave], "a class too early").await;
    let refused = plan.held.iter().find(|held| held.setting == "bucket-lifecycle").unwrap();
    let Hold::Refused(why) = &refused.hold else { panic!("{:?}", refused.hold) };
    assert!(
        why.starts_with("InvalidArgument: rule `lifeboat/orders/nightly:") && why.ends_with("moves objects to STANDARD_IA before they are 30 days old"),
        "{why}"
    );
    assert!(refused.step.is_some(), "what would be sent is shown");
    assert_eq!(world.rules(BUCKET), Vec::new());
    assert!(world.sent().iter().all(|sent| sent.op != Op::Write(lifeboat::model::request::RequestOp::PutBucketLifecycle)));
}
