//! Invariants 2 and 3 on the simulator: after plan and apply, whatever went wrong in between, a second plan and apply leave
//! nothing to do but what is held; nothing unknown is touched, nothing weakened, nothing of others lost.

use std::collections::BTreeSet;
use std::sync::Arc;

use lifeboat::apply::{self, Applied, Journal, Settle};
use lifeboat::compile;
use lifeboat::journal::Entry;
use lifeboat::model::fact::Fact;
use lifeboat::model::finding::Level;
use lifeboat::model::lifecycle::Rule;
use lifeboat::model::request::ReadOp;
use lifeboat::model::resource::{Desired, ResourceWish};
use lifeboat::observe;
use lifeboat::plan::{self, Hold, Leave, Plan};
use lifeboat::policy::{self, ConfigFile};
use lifeboat::ports::Answer;
use lifeboat::ports::sim::{Fault, Op, Sent, When, World};
use lifeboat::settings;

mod bootstrap;
mod killed;
mod left;
mod pure;
pub(crate) mod worlds;

use worlds::{BUCKET, Start};

/// How many small worlds there are at least: the list may grow, and a start taken out must be taken out here too.
const WORLDS: usize = 64;

/// Of all faults at all requests of a start, so many are one: all of them with `make soak`.
const EVERY: usize = 8;

fn every() -> usize {
    if std::env::var_os("LIFEBOAT_SOAK").is_some() { 1 } else { EVERY }
}

pub(crate) const QUICKSTART: &str = include_str!("../../examples/quickstart/config/policies/orders.yaml");

/// What the policies want, without findings.
pub(crate) fn desired(texts: &[&str]) -> Desired {
    let file = |(at, text): (usize, &&str)| ConfigFile { path: format!("policies/{at}.yaml"), bytes: text.as_bytes().to_vec() };
    let files: Vec<ConfigFile> = texts.iter().enumerate().map(file).collect();
    let loaded = policy::load(&files);
    assert!(loaded.findings.is_empty(), "{:?}", loaded.findings);
    let (desired, findings) = compile::compile(&loaded, &[]);
    assert!(findings.iter().all(|finding| finding.level == Level::Warning), "{findings:?}");
    desired
}

fn kms() -> String {
    let encryption = "    encryption: {algorithm: \"aws:kms\", key: \"arn:aws:kms:eu-west-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab\", bucketKey: true}\n    noncurrent: {keepDays: 20}\n    publicAccess: unmanaged\n";
    let guard = "    account: \"000000000000\"\n    transport: {minTls: \"1.2\"}\n    settingsChangedBy: [\"arn:aws:iam::000000000000:user/sim\"]\n    objectLock: {mode: governance, days: 14, iUnderstand: cannot be undone}\n    accessLog: {bucket: shop-logs, prefix: orders/}\n    replication: {bucket: shop-replica, account: \"000000000000\", region: eu-central-1, role: \"arn:aws:iam::000000000000:role/dr-replicator\", kmsKey: \"arn:aws:kms:eu-central-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab\"}\n";
    QUICKSTART.replace("    prefix: orders/\n", &format!("    prefix: orders/\n{encryption}{guard}"))
}

/// Roles with every setting that a role can have.
fn bounded() -> String {
    let access = "  access:\n    permissionBoundary: \"arn:aws:iam::000000000000:policy/lifeboat-boundary\"\n";
    let more = "role: shop-backup-writer, maxSession: 4h, attached: [\"arn:aws:iam::000000000000:policy/lifeboat-extra\"], ";
    QUICKSTART.replace("  access:\n", access).replace("role: shop-backup-writer, ", more)
}

fn second() -> String {
    let other = QUICKSTART.replace("name: orders\n", "name: carts\n").replace("prefix: orders/", "prefix: carts/").replace("role: shop-", "role: carts-");
    other.replace("cost-centre: \"4711\"", "team: carts")
}

fn without_access(policy: &str) -> String {
    let (before, rest) = policy.split_once("  access:\n").unwrap();
    format!("{before}  drills:{}", rest.split_once("  drills:").unwrap().1)
}

#[derive(Default)]
pub(crate) struct Memory(Vec<Entry>);

impl Journal for Memory {
    fn write(&mut self, entry: Entry) -> Answer<'_, Result<(), String>> {
        self.0.push(entry);
        Box::pin(async { Ok(()) })
    }
    fn hold(&mut self) -> Answer<'_, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }
}

pub(crate) async fn planned(desired: &Desired, world: &Arc<World>, leaves: &[Leave]) -> Plan {
    let ports = world.ports();
    let identity = ports.cloud.identity().await;
    let identity = identity.map_or_else(|error| Fact::Unknown(error.why()), Fact::Known);
    plan::plan(desired, &observe::observe(desired, &ports, identity).await, leaves)
}

/// Plans and applies, and holds what was sent against what was planned.
pub(crate) async fn round(desired: &Desired, world: &Arc<World>, leaves: &[Leave], what: &str) -> (Plan, Applied) {
    let plan = planned(desired, world, leaves).await;
    carry_out(plan, world, what).await
}

async fn carry_out(plan: Plan, world: &Arc<World>, what: &str) -> (Plan, Applied) {
    let before = world.sent().len();
    let mut journal = Memory::default();
    let applied = apply::apply(&plan, &world.ports(), Settle::default(), &mut journal).await;
    let mut sent: Vec<Sent> = world.sent().split_off(before);
    // What is refused for a while is sent again, as it was.
    sent.dedup();
    let requests = plan.steps.iter().flat_map(|step| &step.requests);
    let allowed: Vec<Sent> =
        requests.map(|request| Sent { op: Op::Write(request.op), target: request.target.to_string(), body: Some(request.body.clone()) }).collect();
    let mut rest = allowed.iter();
    for one in &sent {
        assert!(rest.any(|next| next == one), "{what}: sent, and not planned, or out of order: {one:?}");
    }
    for held in &plan.held {
        let (resource, setting) = (&held.resource, held.setting);
        let also_planned = plan.steps.iter().any(|step| step.resource == *resource && step.setting == setting);
        assert!(!also_planned || matches!(held.hold, Hold::NotOurs { .. }), "{what}: {setting}@{resource} is held and planned");
    }
    let before = journal.0.iter().filter(|entry| matches!(entry, Entry::Sending { .. })).count();
    assert_eq!(before * 2, journal.0.len(), "{what}: a step is written down before and after");
    (plan, applied)
}

/// What must not change: rules, tags and roles of others, and every setting that is in the policy's favour.
struct Kept {
    rules: Vec<Rule>,
    tags: Vec<(String, String)>,
    settings: Vec<(ReadOp, Fact<lifeboat::model::document::Document>)>,
    roles: Vec<(String, lifeboat::model::aspects::RoleTrust, Option<lifeboat::model::document::Document>)>,
    /// What others attached to roles, and their inline policies.
    hung: Vec<(String, BTreeSet<String>)>,
}

impl Kept {
    fn of(desired: &Desired, world: &World) -> Self {
        let wanted: Vec<String> = desired.resources.iter().flat_map(ours).collect();
        let mut rules: Vec<Rule> = world.rules(BUCKET).into_iter().filter(|rule| !wanted.contains(&rule.id)).collect();
        rules.sort_by(|a, b| a.id.cmp(&b.id));
        let tags = world.bucket_setting(BUCKET, ReadOp::BucketTags).and_then(|tags| tags.to::<lifeboat::model::aspects::Tags>());
        let tags = tags.into_iter().flat_map(|tags| tags.0).filter(|(key, _)| key != "managed-by" && key != "cost-centre").collect();
        let reads = settings::SETTINGS.iter().map(|setting| setting.read);
        let settings = reads.map(|op| (op, world.bucket_setting(BUCKET, op).map_or(Fact::Absent, Fact::Known))).collect();
        let names = desired.resources.iter().filter_map(|wish| match wish {
            ResourceWish::Role(role) => Some(role.name.clone()),
            ResourceWish::Bucket(_) | ResourceWish::Provider(_) => None,
        });
        let names: Vec<String> = names.collect();
        let hung = |name: &String| world.policies_of_role(name).map(|(attached, inline)| (name.clone(), attached.union(&inline).cloned().collect()));
        let hung = names.iter().filter_map(hung).collect();
        let foreign = names.into_iter().filter_map(|name| world.role(&name).map(|(trust, permissions)| (name, trust, permissions)));
        let roles = foreign.filter(|(_, trust, _)| trust.path == "/" || !trust.tags.contains_key("managed-by")).collect();
        Self { rules, tags, settings, roles, hung }
    }

    fn check(&self, after: &Self, what: &str) {
        assert_eq!(self.rules, after.rules, "{what}: rules of others");
        assert!(self.tags.iter().all(|tag| after.tags.contains(tag)), "{what}: tags of others: {:?} → {:?}", self.tags, after.tags);
        assert_eq!(self.roles, after.roles.iter().filter(|role| self.roles.iter().any(|old| old.0 == role.0)).cloned().collect::<Vec<_>>(), "{what}: roles");
        for (name, before) in &self.hung {
            let now = after.hung.iter().find(|(other, _)| other == name).map(|(_, now)| now.clone()).unwrap_or_default();
            assert!(now.is_superset(before), "{what}: policies of others on {name}: {before:?} → {now:?}");
        }
        for ((op, before), (_, after)) in self.settings.iter().zip(&after.settings) {
            let setting = settings::SETTINGS.iter().find(|setting| setting.read == *op).unwrap();
            if let (Fact::Known(before), Fact::Known(after)) = (before, after) {
                assert_eq!((setting.weakens)(before, after), None, "{what}: {} was weakened", setting.id);
            }
            assert!(!(matches!(before, Fact::Known(_)) && matches!(after, Fact::Absent)), "{what}: {} is gone", setting.id);
        }
    }
}

fn ours(wish: &ResourceWish) -> Vec<String> {
    let setting = settings::by_id("bucket-lifecycle").unwrap();
    let want = (setting.want)(wish).and_then(|want| want.to::<lifeboat::model::lifecycle::Lifecycle>());
    want.into_iter().flat_map(|want| want.rules).map(|rule| rule.id).collect()
}

/// One start, one policy, one fault at one request: what comes of it.
async fn through(start: &Start, desired: &Desired, strike: Option<(When, Fault)>) -> (usize, usize) {
    let what = format!("{} with {strike:?}", start.name);
    let world = start.world();
    let kept = Kept::of(desired, &world);
    let plan = planned(desired, &world, &[]).await;
    world.forget();
    let faultless = strike.is_none();
    if let Some((at, fault)) = strike {
        world.strike(at, fault);
    }
    carry_out(plan, &world, &what).await;
    let requests = (world.requests(), world.sent().len());
    let mut once = world.sent();
    once.dedup();
    assert!(!faultless || once.len() == requests.1, "{what}: something was sent twice");
    world.revive();
    kept.check(&Kept::of(desired, &world), &what);
    let (_, applied) = round(desired, &world, &[], &what).await;
    assert!(applied.complete(), "{what}: {:?}", applied.steps.iter().map(|(step, outcome)| (step.id(), outcome)).collect::<Vec<_>>());
    kept.check(&Kept::of(desired, &world), &what);
    let left = planned(desired, &world, &[]).await;
    assert!(left.steps.is_empty(), "{what}: left to do: {:#?}", left.steps);
    requests
}

/// Every start, and every fault at every write; refusals at every read too. In the many worlds that differ in the bucket
/// only, the roles are left out of the policy: they behave there as in the others.
async fn converges(policy: &str) {
    let (whole, bucket_only) = (desired(&[policy]), desired(&[&without_access(policy)]));
    let starts = worlds::all();
    assert!(starts.len() >= WORLDS, "{} worlds", starts.len());
    let every = every();
    for (start, number) in starts.iter().zip(0..) {
        let desired = if start.roles { &whole } else { &bucket_only };
        let (requests, writes) = through(start, desired, None).await;
        let refusals = (1..=requests).map(|at| (When::Nth(at), Fault::Refused));
        let faults = (1..=writes).flat_map(|at| Fault::ALL.map(|fault| (When::NthWrite(at), fault)));
        // Each start begins elsewhere, so that all requests and faults have their turn over the starts.
        for strike in refusals.chain(faults).skip(number % every).step_by(every) {
            through(start, desired, Some(strike)).await;
        }
    }
}

#[tokio::test]
async fn the_quickstart_policy_converges_from_every_world_through_every_fault() {
    converges(QUICKSTART).await;
}

#[tokio::test]
async fn a_policy_with_a_key_converges_from_every_world_through_every_fault() {
    converges(&kms()).await;
}

#[tokio::test]
async fn a_policy_with_bounded_roles_converges_from_every_world_through_every_fault() {
    converges(&bounded()).await;
}

#[tokio::test]
async fn two_policies_on_one_bucket_converge_from_every_world_through_a_crash() {
    let both = desired(&[&without_access(QUICKSTART), &without_access(&second())]);
    for start in worlds::all() {
        let (_, writes) = through(&start, &both, None).await;
        for at in 1..=writes {
            through(&start, &both, Some((When::NthWrite(at), Fault::CrashAfterSend))).await;
        }
    }
}
