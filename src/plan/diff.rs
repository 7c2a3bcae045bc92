//! The comparison, setting by setting. It never names a setting: what is special about one is in its file.

use super::brake::Loss;
use super::leave::objection;
use super::{Allowed, Ask, Effect, Held, Hold, Leave, Plan, Reason, Step, brake, effects, leftovers};
use jiff::Timestamp;

use crate::model::document::Document;
use crate::model::fact::{Fact, Why};
use crate::model::id::ResourceId;
use crate::model::request::ReadOp;
use crate::model::resource::{Desired, Observed, ObservedResource, ResourceWish};
use crate::settings::{self, Setting, Weakening};

/// The plan. `leaves` release held steps by name.
pub fn plan(desired: &Desired, observed: &Observed, leaves: &[Leave]) -> Plan {
    asked(desired, observed, &Ask { leaves, ..Ask::default() })
}

/// The plan, with all that a caller can ask of it.
pub fn asked(desired: &Desired, observed: &Observed, ask: &Ask<'_>) -> Plan {
    let mut planner = Planner::new(desired, observed, ask);
    for wish in &desired.resources {
        planner.resource(wish);
        planner.plan.leftovers.extend(leftovers::of(wish, observed));
    }
    for (leftover, removal) in leftovers::roles(desired, observed) {
        planner.plan.leftovers.push(leftover);
        planner.plan.steps.extend(removal.filter(|_| ask.prune));
    }
    if ask.prune {
        // What is planned to go is no longer left over.
        planner.plan.leftovers.retain(|left| !left.removable);
    }
    planner.end()
}

/// A plan in the making: what stands in the way of a step, what releases it, and what it takes away, with all that go before it.
pub(super) struct Planner<'a> {
    /// What the steps so far take away without leave.
    lost: Loss,
    desired: &'a Desired,
    observed: &'a Observed,
    ask: &'a Ask<'a>,
    used: Vec<bool>,
    /// A held setting that the one being planned needs.
    waits: Option<&'static str>,
    pub(super) plan: Plan,
}

/// What a change starts from.
struct Base {
    /// What is there, without what has leave to go.
    live: Fact<Document>,
    /// Whether something of others is held.
    held: bool,
    /// What released the removal of something of others.
    allowed: Option<Allowed>,
    /// Whether nothing can be sent before what is held is gone.
    blocked: bool,
}

impl<'a> Planner<'a> {
    pub(super) fn new(desired: &'a Desired, observed: &'a Observed, ask: &'a Ask<'a>) -> Self {
        Self { desired, observed, ask, lost: Loss::default(), used: vec![false; ask.leaves.len()], waits: None, plan: Plan::default() }
    }

    /// The plan, once every step is in it.
    pub(super) fn end(mut self) -> Plan {
        let unused = self.ask.leaves.iter().zip(&self.used).filter(|(_, used)| !**used).map(|(leave, _)| leave.clone());
        self.plan.unused = unused.collect();
        brake::apply(&mut self.plan, self.desired);
        self.plan
    }
}

impl Planner<'_> {
    fn resource(&mut self, wish: &ResourceWish) {
        let id = wish.id();
        let nothing = ObservedResource::default();
        let live = self.observed.resources.get(&id).unwrap_or(&nothing);
        let mut blocked: Option<&'static str> = None;
        let mut all_held: Vec<&'static str> = Vec::new();
        let mut made = false;
        for (at, setting) in settings::of_kind(id.kind()).enumerate() {
            let Some(want) = (setting.want)(wish) else { continue };
            if let Some(first) = blocked {
                self.hold(&id, setting, Hold::WaitsFor(first), None);
                continue;
            }
            self.waits = settings::needs(setting).filter(|needed| all_held.contains(needed));
            let seen = (setting.seen)(live);
            let absent = seen == Fact::Absent;
            if made && setting.comes_with_creation(&want) && absent {
                continue;
            }
            let held = self.setting(wish, &id, setting, &want, seen);
            if held {
                all_held.push(setting.id);
            }
            // The first setting of a kind is the resource itself: without it, nothing else of it can be sent.
            if at == 0 && held {
                blocked = Some(setting.id);
            }
            made |= at == 0 && !held && absent;
        }
    }

    /// Plans one setting; answers whether it ended held.
    fn setting(&mut self, wish: &ResourceWish, id: &ResourceId, setting: &'static Setting, want: &Document, seen: Fact<Document>) -> bool {
        if let Fact::Unknown(why) = &seen {
            // Nothing was asked: what is wanted is shown all the same, and nothing waits for anything.
            let step = (*why == Why::NotAsked).then(|| self.step(wish, id, setting, &seen, want.clone()));
            let blocks = step.is_none();
            self.hold(id, setting, unknown(wish, setting, why.clone()), step);
            return blocks;
        }
        if let Some(sentence) = wrong_account(self.desired, self.observed, wish, setting, &seen) {
            self.hold(id, setting, Hold::CannotChange(sentence), None);
            return true;
        }
        if let Fact::Known(document) = &seen
            && let Some(sentence) = (setting.owner)(want, document)
        {
            self.hold(id, setting, Hold::CannotChange(format!("a role of that name exists and is not ours: {sentence}")), None);
            return true;
        }
        let Base { live: base, held: threats_held, allowed, blocked } = self.threats(wish, id, setting, want, &seen);
        if blocked {
            return true;
        }
        let base = match base {
            Fact::Known(live) if self.ask.prune && setting.read == ReadOp::BucketLifecycle => Fact::Known(leftovers::pruned(wish, &live, self.observed)),
            base => base,
        };
        let to = (setting.adopt)(want, &base);
        if seen.known() == Some(&to) {
            if !threats_held {
                self.plan.settled.push((id.clone(), setting.id));
            }
            return threats_held;
        }
        if let Some(needed) = self.waits {
            self.hold(id, setting, Hold::WaitsFor(needed), None);
            return true;
        }
        if let Some(sentence) = settings::not_ready(setting, wish, self.observed) {
            self.hold(id, setting, Hold::CannotChange(sentence), None);
            return true;
        }
        let mut step = self.step(wish, id, setting, &seen, to);
        step.allowed = allowed;
        let obstacle = obstacle(wish, setting, &seen, &step);
        self.take(id, setting, step, obstacle)
    }

    /// Takes a step into the plan, unless something stands in its way that nothing releases; answers whether it ended held.
    pub(super) fn take(&mut self, id: &ResourceId, setting: &'static Setting, mut step: Step, obstacle: Option<Hold>) -> bool {
        match obstacle.or_else(|| self.losses(&step).map(Hold::Weakens)) {
            Some(Hold::Weakens(weakening)) => match self.leave(&weakening.id, id, &step.effects) {
                Some(allowed) => step.allowed = Some(allowed),
                None => {
                    self.hold(id, setting, Hold::Weakens(weakening), Some(step));
                    return true;
                }
            },
            Some(hold) => {
                let step = (!step.requests.is_empty()).then_some(step);
                self.hold(id, setting, hold, step);
                return true;
            }
            None => {}
        }
        if step.allowed.is_none() {
            self.lost.add(&step.effects, self.observed.at);
        }
        self.plan.steps.push(step);
        false
    }

    /// Whether a step takes more restore points away, with all that go before it, than the limits allow.
    fn losses(&self, step: &Step) -> Option<Weakening> {
        self.lost.beyond(&step.effects, self.observed.at, &self.desired.limits)
    }

    /// Parts of others that work against the policy are held one by one; with leave, they are left out of what is sent.
    fn threats(&mut self, wish: &ResourceWish, id: &ResourceId, setting: &'static Setting, want: &Document, seen: &Fact<Document>) -> Base {
        let mut base = Base { live: seen.clone(), held: false, allowed: None, blocked: false };
        let Fact::Known(live) = seen else { return base };
        let found = (setting.threats)(wish, live);
        if !found.is_empty() {
            base.allowed = self.leave(setting.removes_foreign(), id, &[]);
        }
        if base.allowed.is_some() {
            while let Fact::Known(document) = &base.live
                && let Some(threat) = (setting.threats)(wish, document).into_iter().next()
            {
                base.live = Fact::Known(threat.without);
            }
            return base;
        }
        for threat in found {
            base.held = true;
            base.blocked |= threat.blocks;
            let to = (setting.adopt)(want, &Fact::Known(threat.without.clone()));
            let mut step = self.step(wish, id, setting, seen, to);
            if let ResourceWish::Bucket(bucket) = wish {
                step.effects = effects::of_foreign_rule(bucket, live, &threat.without, self.observed);
            }
            self.hold(id, setting, Hold::NotOurs { name: threat.name, sentence: threat.sentence, leave: setting.removes_foreign() }, Some(step));
        }
        base
    }

    fn step(&self, wish: &ResourceWish, id: &ResourceId, setting: &'static Setting, seen: &Fact<Document>, to: Document) -> Step {
        let reason = match seen {
            Fact::Absent => Reason::Missing,
            _ => self.last_applied(id, setting, &to).map_or(Reason::Differs, Reason::Drifted),
        };
        let effects = match wish {
            ResourceWish::Bucket(bucket) => effects::of_step(bucket, setting.read, seen, &to, self.observed, self.ask.prices),
            ResourceWish::Role(_) | ResourceWish::Provider(_) => Vec::new(),
        };
        Step {
            resource: id.clone(),
            setting: setting.id.to_owned(),
            reason,
            from: seen.clone(),
            requests: (setting.requests)(id, seen, &to),
            lines: (setting.describe)(seen, &to),
            to,
            effects,
            allowed: None,
        }
    }

    /// When an apply last wrote just what is wanted now: what differs since was changed by somebody else.
    fn last_applied(&self, id: &ResourceId, setting: &Setting, to: &Document) -> Option<Timestamp> {
        let applied = self.observed.applied.get(&(id.clone(), setting.id.to_owned()))?;
        (applied.to == *to).then_some(applied.at)
    }

    /// What releases a step of these effects: the command line, else an approval that still counts.
    fn leave(&mut self, what: &str, on: &ResourceId, effects: &[Effect]) -> Option<Allowed> {
        match released(self.ask, &mut self.used, self.desired, what, on, effects, self.observed.at) {
            Ok(allowed) => Some(allowed),
            Err(void) => {
                self.plan.void_approvals.extend(void);
                None
            }
        }
    }

    pub(super) fn hold(&mut self, resource: &ResourceId, setting: &'static Setting, hold: Hold, step: Option<Step>) {
        self.plan.held.push(Held { resource: resource.clone(), setting: setting.id, hold, step });
    }
}

/// What is not supported is a person's to decide, unless the policy has decided. Without the bucket itself nothing is skipped.
fn unknown(wish: &ResourceWish, setting: &Setting, why: Why) -> Hold {
    match (wish, why) {
        (ResourceWish::Bucket(bucket), Why::Unsupported(said)) if bucket.skip_unsupported && setting.read != ReadOp::BucketExists => Hold::Skipped(said),
        (_, why) => Hold::Unknown(why),
    }
}

/// That the credentials are of another account than the policy says: what they make is made in their own. An S3 request names the account that its bucket
/// must be of, but none that makes one does, and no request to IAM.
fn wrong_account(desired: &Desired, observed: &Observed, wish: &ResourceWish, setting: &Setting, seen: &Fact<Document>) -> Option<String> {
    let here = &observed.identity.known()?.account;
    let (account, taken_on) = match wish {
        ResourceWish::Bucket(bucket) if *seen == Fact::Absent && setting.read == ReadOp::BucketExists => (bucket.account.as_ref()?, false),
        ResourceWish::Bucket(_) => return None,
        ResourceWish::Role(role) => (role.account.as_ref()?, false),
        ResourceWish::Provider(provider) => (&provider.account, desired.elsewhere.accounts.contains(&provider.account)),
    };
    let is_elsewhere = taken_on || desired.elsewhere.resources.contains(&wish.id());
    (account != here && !is_elsewhere).then(|| {
        let what = if matches!(wish, ResourceWish::Bucket(_)) { "made there" } else { "looked at and changed there" };
        format!("it belongs to account {account}, and these credentials are of {here}: it would be {what}; use credentials of {account}, or write storage.assumeRole")
    })
}

/// What stands in the way of a step, if anything does.
fn obstacle(wish: &ResourceWish, setting: &Setting, seen: &Fact<Document>, step: &Step) -> Option<Hold> {
    if step.requests.is_empty() {
        return Some(cannot(setting, seen, &step.to));
    }
    if let ResourceWish::Bucket(bucket) = wish {
        if let Some(sentence) = bucket.not_taken(&step.requests) {
            return Some(unknown(wish, setting, Why::Unsupported(sentence.to_owned())));
        }
        if *seen == Fact::Absent && setting.read == ReadOp::BucketExists && !bucket.create {
            return Some(Hold::MayNotCreate);
        }
    }
    if wish.is_bootstrap_only() {
        return Some(Hold::NeedsBootstrap);
    }
    weigh(setting, step).or_else(|| settings::for_good(setting, wish, seen).map(Hold::Weakens))
}

/// What stands in the way of a step by its contents: AWS would refuse it, or it loosens.
pub(super) fn weigh(setting: &Setting, step: &Step) -> Option<Hold> {
    if let Some(why) = (setting.refused)(&step.to) {
        return Some(Hold::Refused(why));
    }
    step.from.known().and_then(|from| (setting.weakens)(from, &step.to)).map(Hold::Weakens)
}

/// What releases a step of these effects, or the approvals that do not, each with the reason.
fn released(
    ask: &Ask<'_>,
    used: &mut [bool],
    desired: &Desired,
    what: &str,
    on: &ResourceId,
    effects: &[Effect],
    now: Timestamp,
) -> Result<Allowed, Vec<String>> {
    let mut given = None;
    for (leave, used) in ask.leaves.iter().zip(used).filter(|(leave, _)| leave.id == what && leave.resource == *on) {
        *used = true;
        given = Some(Allowed::Flag(leave.to_string()));
    }
    if let Some(given) = given {
        return Ok(given);
    }
    let mut void = Vec::new();
    for approval in desired.approvals.iter().filter(|approval| approval.allow == what && approval.on == *on) {
        match objection(approval, effects, now) {
            None => return Ok(Allowed::by(approval)),
            Some(why) => void.push(format!("{what}@{on}: {why}")),
        }
    }
    Err(void)
}

fn cannot(setting: &Setting, seen: &Fact<Document>, to: &Document) -> Hold {
    if setting.read == ReadOp::BucketLifecycle {
        let sentence = "the bucket has rules of others with a Prefix of the rule itself (the form from before 2016), and S3 refuses to mix them with \
                        rules that have a Filter: have their owner write them with a Filter, which means the same";
        return Hold::CannotChange(sentence.to_owned());
    }
    if setting.read == ReadOp::BucketReplication {
        let sentence = "the bucket has replication rules of others with a Prefix of the rule itself (the form from before 2018), and S3 takes rules of one \
                        form only: have their owner write them with a Filter, a Priority and DeleteMarkerReplication Enabled, which means the same";
        return Hold::CannotChange(sentence.to_owned());
    }
    let from = seen.known().map_or_else(String::new, ToString::to_string);
    Hold::CannotChange(format!("the {} is {from} and the policy says {to}: no request can change that", setting.title))
}
