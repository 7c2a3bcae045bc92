use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use jiff::Timestamp;
use proptest::prelude::*;

use super::saved::{Approved, ApprovedStep, Asker, FORMAT, Here, Stale, select};
use super::{Allowed, Hold, Leave, Plan, Step, plan};
use crate::model::aspects::{Existence, Tags, Versioning};
use crate::model::document::Document;
use crate::model::fact::{Fact, Why};
use crate::model::id::ResourceId;
use crate::model::lifecycle::{Expiration, Filter, Lifecycle, Rule};
use crate::model::request::ReadOp;
use crate::model::resource::{Desired, Identity, Observed, ObservedResource, SeenBackup};
use crate::model::units::Span;
use crate::{compile, observe, policy};

pub(crate) const POLICY: &str = include_str!("../../examples/quickstart/config/policies/orders.yaml");
pub(crate) const BUCKET: &str = "shop-dr-orders";

pub(crate) fn desired(from: &str, to: &str) -> Desired {
    assert!(POLICY.contains(from));
    let text = POLICY.replace(from, to);
    let loaded = policy::load(&[policy::ConfigFile { path: "policies/a.yaml".to_owned(), bytes: text.into_bytes() }]);
    assert!(loaded.findings.is_empty(), "{:?}", loaded.findings);
    compile::compile(&loaded, &[]).0
}

pub(crate) fn quickstart() -> Desired {
    desired("kind", "kind")
}

pub(crate) fn bucket() -> ResourceId {
    ResourceId::Bucket(BUCKET.to_owned())
}

/// Everything absent but for what is given of the bucket.
pub(crate) fn observed(desired: &Desired, facts: &[(ReadOp, Fact<Document>)]) -> Observed {
    let mut resources: BTreeMap<ResourceId, ObservedResource> = BTreeMap::new();
    for read in observe::questions(desired) {
        resources.entry(read.target).or_default().facts.insert(read.op, Fact::Absent);
    }
    let live = resources.entry(bucket()).or_default();
    live.facts.insert(ReadOp::BucketExists, Fact::Known(Document::of(&Existence { region: Some("eu-west-1".to_owned()) })));
    live.facts.extend(facts.iter().cloned());
    Observed {
        at: Timestamp::UNIX_EPOCH,
        identity: Fact::Absent,
        resources,
        backups: BTreeMap::new(),
        left: BTreeMap::new(),
        applied: BTreeMap::new(),
        requests: 0,
        unasked: 0,
        stored: BTreeMap::new(),
        released: BTreeMap::new(),
        listed: BTreeMap::new(),
    }
}

pub(crate) fn backup(id: &str, bytes: u64, written: &str) -> SeenBackup {
    let at: Timestamp = written.parse().unwrap();
    let key = format!("orders/nightly/{id}/manifest.json");
    SeenBackup {
        set: "nightly".to_owned(),
        id: id.to_owned(),
        complete: true,
        told: crate::model::resource::Told::Listed,
        bytes,
        oldest: at,
        newest: at,
        stored: Some(at),
        keys: BTreeMap::from([(key, bytes)]),
        classes: BTreeMap::new(),
        late: BTreeMap::new(),
    }
}

pub(crate) fn cleanup(id: &str, prefix: &str, days: i32) -> Rule {
    Rule {
        id: id.to_owned(),
        enabled: true,
        filter: Filter::prefix(prefix),
        expiration: Some(Expiration::Days(days)),
        transitions: Vec::new(),
        noncurrent: None,
        noncurrent_transitions: Vec::new(),
        abort_uploads_days: None,
    }
}

pub(crate) fn lifecycle(rules: Vec<Rule>) -> (ReadOp, Fact<Document>) {
    (ReadOp::BucketLifecycle, Fact::Known(Document::of(&Lifecycle { rules, minimum_size: None })))
}

pub(crate) fn held<'a>(plan: &'a Plan, setting: &str) -> Vec<&'a Hold> {
    plan.held.iter().filter(|held| held.setting == setting).map(|held| &held.hold).collect()
}

pub(crate) fn step<'a>(plan: &'a Plan, setting: &str) -> Option<&'a Step> {
    plan.steps.iter().find(|step| step.setting == setting && step.resource == bucket())
}

pub(crate) fn leave(text: &str) -> Leave {
    format!("{text}@bucket/{BUCKET}").parse().unwrap()
}

#[test]
fn what_hangs_on_a_held_resource_waits_for_it() {
    let desired = quickstart();
    let refused = (ReadOp::BucketExists, Fact::Unknown(Why::Refused("no".to_owned())));
    let plan = plan(&desired, &observed(&desired, &[refused]), &[]);
    let of_bucket: Vec<&Hold> = plan.held.iter().filter(|held| held.resource == bucket()).map(|held| &held.hold).collect();
    assert_eq!(of_bucket.len(), 8);
    assert!(matches!(of_bucket.first(), Some(Hold::Unknown(Why::Refused(_)))));
    assert!(of_bucket.iter().skip(1).all(|hold| **hold == Hold::WaitsFor("bucket-exists")));
    assert_eq!(plan.steps.len(), 6, "the roles do not wait for it");
}

#[test]
fn a_bucket_that_may_not_be_made_and_one_that_cannot_move_are_held() {
    let keeps = desired("prefix: orders/\n", "prefix: orders/\n    create: false\n");
    let missing = observed(&keeps, &[(ReadOp::BucketExists, Fact::Absent)]);
    assert_eq!(held(&plan(&keeps, &missing, &[]), "bucket-exists"), [&Hold::MayNotCreate]);
    let elsewhere = Fact::Known(Document::of(&Existence { region: Some("us-east-1".to_owned()) }));
    let moved = observed(&quickstart(), &[(ReadOp::BucketExists, elsewhere)]);
    let moved = plan(&quickstart(), &moved, &[]);
    assert!(matches!(held(&moved, "bucket-exists").as_slice(), [Hold::CannotChange(why)] if why.contains("us-east-1")));
    assert!(moved.steps.iter().all(|step| step.resource != bucket()));
}

#[test]
fn nothing_is_made_in_another_account_than_the_policy_says() {
    let arn = "arn:aws:iam::111122223333:role/planner";
    let caller = |account: &str| Fact::Known(Identity { account: account.to_owned(), arn: arn.to_owned() });
    let with = |more: &str| desired("prefix: orders/\n", &format!("prefix: orders/\n    account: \"111122223333\"\n{more}"));
    let seen = |desired: &Desired, exists: bool, account: &str| {
        let facts = [(ReadOp::BucketExists, Fact::Absent)];
        Observed { identity: caller(account), ..observed(desired, if exists { &[] } else { &facts }) }
    };
    let wish = with("");
    let count = |plan: &Plan| plan.held.iter().filter(|held| matches!(&held.hold, Hold::CannotChange(why) if why.contains("account 111122223333"))).count();
    let right = plan(&wish, &seen(&wish, false, "111122223333"), &[]);
    assert_eq!((count(&right), right.steps.len() > 10), (0, true), "{right:#?}");
    let wrong = plan(&wish, &seen(&wish, false, "999999999999"), &[]);
    assert_eq!((count(&wrong), wrong.steps.as_slice()), (4, &[][..]), "the bucket and its three roles: {wrong:#?}");
    // A bucket that is there is guarded by its owner, who is named with every request; of roles there is no such word.
    let there = plan(&wish, &seen(&wish, true, "999999999999"), &[]);
    assert!(count(&there) == 3 && there.steps.iter().all(|step| step.resource == bucket()) && !there.steps.is_empty(), "{there:#?}");
    let role = |name: &str| format!("arn:aws:iam::111122223333:role/{name}");
    let taken_on = with(&format!("    assumeRole: {{plan: \"{}\", apply: \"{}\"}}\n", role("p"), role("a")));
    assert_eq!(count(&plan(&taken_on, &seen(&taken_on, false, "999999999999"), &[])), 0, "it is looked at as a role of its own account");
    assert_eq!(count(&plan(&quickstart(), &seen(&quickstart(), false, "999999999999"), &[])), 0, "no account is named");
}

#[test]
fn weakening_is_held_until_it_is_allowed_on_that_very_resource() {
    let desired = desired("prefix: orders/\n", "prefix: orders/\n    versioning: suspended\n");
    let seen = observed(&desired, &[(ReadOp::BucketVersioning, Fact::Known(Document::of(&Versioning::Enabled)))]);
    let without = plan(&desired, &seen, &[]);
    let [Hold::Weakens(weakening)] = held(&without, "bucket-versioning").as_slice() else { panic!("{without:?}") };
    assert_eq!((weakening.id.as_str(), step(&without, "bucket-versioning")), ("weakens-versioning", None));
    let wrong: [Leave; 2] = ["weakens-versioning@bucket/another".parse().unwrap(), leave("shortens-retention")];
    let still = plan(&desired, &seen, &wrong);
    assert_eq!((held(&still, "bucket-versioning").len(), &still.unused), (1, &wrong.to_vec()));
    let allowed = plan(&desired, &seen, &[leave("weakens-versioning")]);
    let given = step(&allowed, "bucket-versioning").and_then(|step| step.allowed.clone());
    assert_eq!(given, Some(Allowed::Flag(format!("weakens-versioning@bucket/{BUCKET}"))));
    assert_eq!((held(&allowed, "bucket-versioning").len(), allowed.unused.len()), (0, 0));
}

#[test]
fn a_leave_that_nothing_needs_is_said() {
    let desired = quickstart();
    let plan = plan(&desired, &observed(&desired, &[]), &[leave("removes-foreign-rule")]);
    assert_eq!(plan.unused, [leave("removes-foreign-rule")]);
    assert!(plan.held.is_empty());
}

#[test]
fn each_threat_is_held_by_itself_and_the_rest_is_sent_with_the_threats_in_it() {
    let desired = quickstart();
    let rules = vec![cleanup("a", "", 3), cleanup("b", "orders/", 9), cleanup("tmp", "tmp/", 1)];
    let seen = observed(&desired, &[lifecycle(rules.clone())]);
    let without = plan(&desired, &seen, &[]);
    let names: Vec<&str> = held(&without, "bucket-lifecycle")
        .iter()
        .filter_map(|hold| match hold {
            Hold::NotOurs { name, .. } => Some(name.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(names, ["a", "b"]);
    let sent: Lifecycle = step(&without, "bucket-lifecycle").unwrap().to.to().unwrap();
    assert!(rules.iter().all(|rule| sent.rules.contains(rule)));
    let allowed = plan(&desired, &seen, &[leave("removes-foreign-rule")]);
    let sent: Lifecycle = step(&allowed, "bucket-lifecycle").unwrap().to.to().unwrap();
    let foreign: Vec<&Rule> = sent.rules.iter().filter(|rule| !rule.is_ours()).collect();
    assert_eq!((foreign, held(&allowed, "bucket-lifecycle").len()), (vec![&cleanup("tmp", "tmp/", 1)], 0));
}

#[test]
fn a_setting_with_a_held_threat_is_not_settled() {
    let desired = quickstart();
    let first = plan(&desired, &observed(&desired, &[]), &[]);
    let mut done: Lifecycle = step(&first, "bucket-lifecycle").unwrap().to.to().unwrap();
    let settled = |plan: &Plan| plan.settled.iter().any(|(id, setting)| *id == bucket() && *setting == "bucket-lifecycle");
    let clean = plan(&desired, &observed(&desired, &[lifecycle(done.rules.clone())]), &[]);
    assert!(settled(&clean) && step(&clean, "bucket-lifecycle").is_none());
    done.rules.push(cleanup("a", "", 3));
    let threatened = plan(&desired, &observed(&desired, &[lifecycle(done.rules)]), &[]);
    assert!(!settled(&threatened) && step(&threatened, "bucket-lifecycle").is_none());
    assert_eq!(held(&threatened, "bucket-lifecycle").len(), 1);
}

fn effects_of(rule: Rule, backups: Fact<Vec<SeenBackup>>, versioning: Fact<Document>) -> Vec<super::Effect> {
    let desired = quickstart();
    let mut seen = observed(&desired, &[lifecycle(vec![rule]), (ReadOp::BucketVersioning, versioning)]);
    for backup in backups.known().into_iter().flatten() {
        seen.released.insert(("orders".to_owned(), backup.set.clone(), backup.id.clone()), None);
    }
    seen.backups.insert("orders".to_owned(), backups);
    let plan = plan(&desired, &seen, &[]);
    plan.held.iter().filter_map(|held| held.step.as_ref()).flat_map(|step| step.effects.clone()).collect()
}

pub(crate) fn on() -> Fact<Document> {
    Fact::Known(Document::of(&Versioning::Enabled))
}

#[test]
fn an_effect_counts_points_and_bytes_and_rounds_up_to_midnight() {
    let unfinished = SeenBackup { complete: false, ..backup("20261119T000000Z", 5000, "2026-11-19T00:00:00Z") };
    let backups = vec![backup("20261120T101500Z", 1000, "2026-11-20T10:15:00Z"), backup("20261122T000000Z", 24, "2026-11-22T00:00:00Z"), unfinished];
    let effects = effects_of(cleanup("a", "orders/nightly/", 3), Fact::Known(backups.clone()), on());
    let [effect] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!((effect.policy.as_str(), effect.points, effect.bytes), ("orders", 2, 1024));
    assert_eq!(effect.first, Some("2026-11-24T00:00:00Z".parse().unwrap()), "10:15 + 3 d is rounded up to midnight, and midnight is not");
    assert!(effect.sentence.contains("2 restore points (1.0 KiB)") && effect.sentence.contains("none is left"), "{}", effect.sentence);
    assert!(effect.sentence.contains("can be undone"), "{}", effect.sentence);
    let narrow = effects_of(cleanup("a", "orders/nightly/20261122", 3), Fact::Known(backups), Fact::Absent);
    let [effect] = narrow.as_slice() else { panic!("{narrow:?}") };
    assert_eq!((effect.points, effect.first), (1, Some("2026-11-25T00:00:00Z".parse().unwrap())));
    assert!(!effect.sentence.contains("none is left") && effect.sentence.contains("final: versioning is not on"), "{}", effect.sentence);
}

/// A report marks them so before it compares: its plan must say what `plan` says.
#[test]
fn what_a_live_rule_has_reached_is_still_lost_by_that_rule() {
    let mut reached = backup("20261120T101500Z", 512, "2026-11-20T10:15:00Z");
    reached.told = crate::model::resource::Told::Reached("a".to_owned());
    let effects = effects_of(cleanup("a", "orders/nightly/", 3), Fact::Known(vec![reached]), on());
    assert_eq!(effects.iter().map(|effect| effect.points).collect::<Vec<_>>(), [1], "{effects:?}");
}

#[test]
fn an_effect_says_when_nothing_is_there_and_when_nothing_is_known() {
    let none = effects_of(cleanup("a", "", 3), Fact::Known(Vec::new()), on());
    assert!(none.iter().any(|effect| effect.sentence.contains("no restore point is there yet")), "{none:?}");
    let unknown = effects_of(cleanup("a", "", 3), Fact::Unknown(Why::Refused("no".to_owned())), on());
    assert!(unknown.iter().any(|effect| effect.sentence.contains("cannot be said")), "{unknown:?}");
}

#[test]
fn versioning_that_is_off_says_what_is_at_stake() {
    let desired = quickstart();
    let mut seen = observed(&desired, &[]);
    seen.backups.insert("orders".to_owned(), Fact::Known(vec![backup("20261120T101500Z", 2048, "2026-11-20T10:15:00Z")]));
    let plan = plan(&desired, &seen, &[]);
    let effects = &step(&plan, "bucket-versioning").unwrap().effects;
    assert!(matches!(effects.as_slice(), [effect] if effect.sentence.contains("is final: 1 restore point (2.0 KiB)")), "{effects:?}");
}

#[test]
fn a_leave_is_read_as_it_is_written() {
    let read: Leave = "weakens-versioning@bucket/b".parse().unwrap();
    assert_eq!(read.to_string(), "weakens-versioning@bucket/b");
    for wrong in ["weakens-versioning", "@bucket/b", "x@bucket/", "x@b", "x@table/b"] {
        assert!(wrong.parse::<Leave>().is_err(), "{wrong}");
    }
}

pub(crate) fn approval(desired: &Desired, plan: &Plan) -> Approved {
    let approved = plan.steps.iter().map(|step| ApprovedStep::of(step, Timestamp::UNIX_EPOCH));
    let identity = Some(Asker { account: "111122223333".to_owned() });
    Approved { format: FORMAT.to_owned(), policy_digest: desired.digest.clone(), observed_at: Timestamp::UNIX_EPOCH, identity, approved: approved.collect() }
}

pub(crate) fn here(policy_digest: &str) -> Here<'_> {
    Here { policy_digest, account: "111122223333", now: Timestamp::UNIX_EPOCH, valid_for: Span::seconds(86_400) }
}

#[test]
fn a_digest_covers_all_that_is_approved() {
    let desired = quickstart();
    let plan = plan(&desired, &observed(&desired, &[]), &[]);
    let step = plan.steps.first().unwrap();
    let other = Document::of(&Tags(BTreeMap::new()));
    let mut requests = step.requests.clone();
    for request in &mut requests {
        request.body = other.clone();
    }
    let twisted = [
        Step { resource: ResourceId::Bucket("other".to_owned()), ..step.clone() },
        Step { setting: "bucket-tags".to_owned(), ..step.clone() },
        Step { from: Fact::Known(other.clone()), ..step.clone() },
        Step { to: other, ..step.clone() },
        Step { requests, ..step.clone() },
    ];
    assert!(twisted.iter().all(|twisted| twisted.digest() != step.digest()));
    assert_eq!(Step { lines: Vec::new(), ..step.clone() }.digest(), step.digest(), "words are not what is approved");
}

#[test]
fn a_plan_of_other_policies_format_or_needs_is_stale() {
    let desired = quickstart();
    let now = || plan(&desired, &observed(&desired, &[]), &[]);
    let good = approval(&desired, &now());
    assert_eq!(select(now(), here(&desired.digest), &good).map(|plan| plan.steps), Ok(now().steps));
    let newer = Approved { format: "lifeboat.plan/2".to_owned(), ..good.clone() };
    assert!(matches!(select(now(), here(&desired.digest), &newer), Err(Stale::Format(_))));
    assert!(matches!(select(now(), here("another"), &good), Err(Stale::Policies)));
    let drifted = plan(&desired, &observed(&desired, &[(ReadOp::BucketVersioning, Fact::Known(Document::of(&Versioning::Suspended)))]), &[]);
    assert_eq!(select(drifted, here(&desired.digest), &good).unwrap_err(), Stale::Steps(vec![format!("bucket-versioning@bucket/{BUCKET}")]));
}

static OWN: LazyLock<(Desired, Plan)> = LazyLock::new(|| {
    let desired = quickstart();
    let plan = plan(&desired, &observed(&desired, &[]), &[]);
    (desired, plan)
});

proptest! {
    /// Whatever is done to a plan file, apply sends only steps that it computed itself, each as it computed it, and in order.
    #[test]
    fn a_crafted_plan_file_gains_nothing(
        take in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
        twist in prop::option::of((any::<prop::sample::Index>(), "[0-9a-f]{0,64}")),
        names in prop::collection::vec("[a-z@/-]{0,30}", 20),
    ) {
        let (desired, own) = (&OWN.0, OWN.1.clone());
        let good = approval(desired, &own);
        let mut approved: Vec<ApprovedStep> = take.iter().map(|at| at.get(&good.approved).clone()).collect();
        for (step, name) in approved.iter_mut().zip(names) {
            step.id = name;
        }
        let twisted = match (&twist, approved.is_empty()) {
            (Some((at, digest)), false) => {
                let at = at.index(approved.len());
                approved[at].digest.clone_from(digest);
                true
            }
            _ => false,
        };
        let wanted: BTreeSet<String> = approved.iter().map(|step| step.digest.clone()).collect();
        let file = Approved { approved, ..good };
        match select(own.clone(), here(&desired.digest), &file) {
            Ok(selected) => {
                prop_assert!(!twisted);
                let expected: Vec<Step> = own.steps.into_iter().filter(|step| wanted.contains(&step.digest())).collect();
                prop_assert_eq!(selected.steps, expected);
            }
            Err(Stale::Steps(_)) => prop_assert!(twisted),
            Err(other) => prop_assert!(false, "{:?}", other),
        }
    }
}

#[test]
fn a_rule_with_a_date_says_which_points_go_on_it() {
    let mut dated = cleanup("a", "", 3);
    dated.expiration = Some(crate::model::lifecycle::Expiration::Date("2027-01-01T00:00:00Z".to_owned()));
    let effects = effects_of(dated, Fact::Known(vec![backup("20261120T101500Z", 2048, "2026-11-20T10:15:00Z")]), on());
    assert!(effects.iter().any(|effect| effect.points == 1 && effect.first == "2027-01-01T00:00:00Z".parse().ok()), "{effects:?}");
}

/// Facts of a bucket that exists, of which this question is not supported.
fn unsupported(op: ReadOp) -> (ReadOp, Fact<Document>) {
    (op, Fact::Unknown(Why::Unsupported("501".to_owned())))
}

#[test]
fn what_could_not_be_read_is_never_written() {
    let desired = quickstart();
    let managed = |setting: &crate::settings::Setting| desired.resources.iter().any(|wish| (setting.want)(wish).is_some());
    for setting in crate::settings::SETTINGS.iter().filter(|setting| managed(setting)) {
        for why in [Why::Refused(String::new()), Why::Unsupported(String::new()), Why::NotUnderstood(String::new()), Why::Unreachable(String::new())] {
            let mut seen = observed(&desired, &[]);
            for resource in seen.resources.values_mut() {
                if let Some(fact) = resource.facts.get_mut(&setting.read) {
                    *fact = Fact::Unknown(why.clone());
                }
            }
            let plan = plan(&desired, &seen, &[]);
            assert!(!plan.steps.iter().any(|step| step.setting == setting.id), "{} {why:?}", setting.id);
            let wanted = desired.resources.iter().any(|wish| (setting.want)(wish).is_some());
            assert_eq!(!held(&plan, setting.id).is_empty(), wanted, "{} {why:?}", setting.id);
        }
    }
}

#[test]
fn what_is_not_supported_is_a_persons_to_decide_unless_the_policy_did() {
    let desires = quickstart();
    let without = plan(&desires, &observed(&desires, &[unsupported(ReadOp::BucketPublicAccess)]), &[]);
    let holds = held(&without, "bucket-public-access");
    assert!(matches!(holds.as_slice(), [hold @ Hold::Unknown(Why::Unsupported(_))] if hold.needs_a_person()), "{without:?}");
    let skips = desired("prefix: orders/\n", "prefix: orders/\n    unsupported: skip\n");
    let skipped = plan(&skips, &observed(&skips, &[unsupported(ReadOp::BucketPublicAccess)]), &[]);
    assert_eq!(held(&skipped, "bucket-public-access"), [&Hold::Skipped("501".to_owned())]);
    assert!(skipped.held.iter().all(|held| !held.hold.needs_a_person()));
    // Only that: what is refused is still a person's, and without the bucket itself there is nothing to go without.
    let refused = (ReadOp::BucketPublicAccess, Fact::Unknown(Why::Refused("no".to_owned())));
    assert!(held(&plan(&skips, &observed(&skips, &[refused]), &[]), "bucket-public-access").iter().all(|hold| hold.needs_a_person()));
    let nothing = plan(&skips, &observed(&skips, &[unsupported(ReadOp::BucketExists)]), &[]);
    assert!(held(&nothing, "bucket-exists").iter().all(|hold| hold.needs_a_person()));
    assert!(nothing.steps.iter().all(|step| step.resource != bucket()));
}

#[test]
fn what_an_endpoint_does_not_take_is_not_sent() {
    let mut desired = quickstart();
    for wish in &mut desired.resources {
        if let crate::model::resource::ResourceWish::Bucket(bucket) = wish {
            bucket.not_taken = crate::ports::quirks::SEAWEEDFS.not_taken;
        }
    }
    let plan = plan(&desired, &observed(&desired, &[]), &[]);
    assert_eq!(step(&plan, "bucket-lifecycle"), None);
    assert!(matches!(held(&plan, "bucket-lifecycle").as_slice(), [Hold::Unknown(Why::Unsupported(why))] if why.starts_with("storage classes")), "{plan:?}");
    assert!(step(&plan, "bucket-versioning").is_some());
}
