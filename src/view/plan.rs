//! `lifeboat.plan/1`: what would be done and what not, and what it means. A saved plan is this, and apply looks only at
//! its `approved` part.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::inventory::InventoryView;
use super::journal::OthersView;
use super::place::{self, LineView};
use super::releases::ReleaseSetView;
use crate::model::fact::{Fact, Why};
use crate::model::id::{ResourceId, ResourceKind};
use crate::model::resource::{Desired, Identity, Observed};
use crate::plan::saved::{ApprovedStep, FORMAT, digest};
use crate::plan::{CostChange, Effect, Held, Hold, Leftover, Plan, Reason, Step};
use crate::policy::LoadedPolicy;
use crate::settings;

/// What `plan` says.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanView {
    /// Always `lifeboat.plan/1`.
    pub format: String,
    /// Version of lifeboat.
    pub tool: String,
    /// What it is a plan of, if not of what the policies want: `bootstrap`, or `undo of run …`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// What was read: a commit, or the working folder.
    pub revision: String,
    /// SHA-256 over the resolved policies.
    pub policy_digest: String,
    /// When the reads began, RFC 3339.
    pub observed_at: String,
    /// Who asked; none when nothing was asked.
    pub identity: Option<IdentityView>,
    /// How many policies this plan is for.
    pub policies: usize,
    /// What part of all policies that is, when only a part was asked for.
    pub selected: Option<SelectedView>,
    /// How many settings were compared: not those that could not be read, nor those behind them.
    pub settings: usize,
    /// How many requests were sent for it, to all services: each attempt, each page and what was read of backups and indexes too.
    pub requests: usize,
    /// How many questions have no answer because the plan was interrupted.
    pub unasked: usize,
    /// What there is to do, by the policies that want it.
    pub groups: Vec<GroupView>,
    /// How many steps of each kind.
    pub counts: CountsView,
    /// What lifeboat made and no policy wants any more.
    pub leftovers: Vec<LeftoverView>,
    /// What `lifeboat keep` would do to the release tags of each set that has backups. It comes with time: apply sends none of it, and
    /// it changes no exit code.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub releases: Vec<ReleaseSetView>,
    /// What is known of other applies; none when `lifeboat.yaml` names no place for their lock and journal.
    pub others: Option<OthersView>,
    /// What lies there and is not managed; only with `--inventory`, and never in a saved plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inventory: Option<InventoryView>,
    /// Leaves that nothing needed.
    pub unused_leaves: Vec<String>,
    /// Approvals of policies that do not count, each with the reason.
    pub void_approvals: Vec<String>,
    /// What the endpoint is known not to enforce of what roles may not do.
    pub not_enforced: Vec<String>,
    /// SHA-256 over what is approved when this plan is: equal plans have equal digests, whenever they were made.
    pub digest: String,
    /// What is approved when this plan is approved.
    pub approved: Vec<ApprovedStep>,
}

/// The part of all policies that was asked for.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SelectedView {
    /// How many policies there are in all.
    pub out_of: usize,
    /// The patterns of `--policy`.
    pub policies: Vec<String>,
    /// The part of `--shard`.
    pub shard: Option<String>,
    /// Buckets that policies outside of the part use too: they are planned whole.
    pub shared: Vec<SharedView>,
}

/// A bucket that is planned whole although only a part of its policies was asked for.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SharedView {
    /// The bucket.
    pub bucket: String,
    /// The policies that were not asked for and use it.
    pub others: Vec<String>,
}

/// The caller.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IdentityView {
    /// Account id.
    pub account: String,
    /// ARN.
    pub arn: String,
    /// Role or user name.
    pub name: String,
}

/// Something that is left over.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LeftoverView {
    /// Where it is.
    pub resource: String,
    /// What it is.
    pub name: String,
    /// Why it is still there, or what removes it.
    pub sentence: String,
    /// Whether `--prune` removes it.
    pub removable: bool,
}

/// The steps of resources that the same policies want.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GroupView {
    /// The policies; none when no policy wants it any more.
    pub policies: Vec<String>,
    /// Their files.
    pub files: Vec<String>,
    /// How many settings are as they should be.
    pub settled: usize,
    /// Which ones, as `SETTING@RESOURCE`.
    #[serde(default)]
    pub settled_ids: Vec<String>,
    /// The rest.
    pub steps: Vec<StepView>,
}

/// How many steps of each kind there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CountsView {
    /// New settings.
    pub add: usize,
    /// Changed settings.
    pub change: usize,
    /// Held steps.
    pub held: usize,
    /// Settings that could not be read.
    pub unknown: usize,
    /// Settings that the endpoint does not support and the policies go without.
    #[serde(default)]
    pub skipped: usize,
}

/// What is to be done to one setting, or why nothing is.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StepView {
    /// `SETTING@RESOURCE`.
    pub id: String,
    /// `add`, `change`, `held`, `unknown`, `skipped` because the endpoint does not support it and the policy goes without, or
    /// `waits` for another setting of the resource that is held or unknown.
    #[schemars(extend("enum" = ["add", "change", "held", "unknown", "skipped", "waits"]))]
    pub kind: String,
    /// The resource.
    pub resource: String,
    /// The setting's name for people.
    pub title: String,
    /// Why, in a few words.
    pub reason: String,
    /// The change in words.
    pub lines: Vec<String>,
    /// What it means for recovery.
    pub effects: Vec<EffectView>,
    /// What stands in the way, if it is held.
    pub hold: Option<HoldView>,
    /// What released it, if it would be held: `--allow ID@RESOURCE`, or an approval of the policy.
    pub allowed: Option<String>,
    /// Digest of what is approved.
    pub digest: Option<String>,
    /// What is there now; none = absent or unknown.
    pub from: Option<Value>,
    /// What will be there.
    pub to: Option<Value>,
    /// The requests, whole.
    pub requests: Vec<Value>,
}

/// Why a step is held.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HoldView {
    /// Id of the kind of hold: a leave id, or `unknown`, `skipped`, `may-not-create`, `cannot-change`, `would-be-refused`, `too-many`,
    /// `needs-bootstrap`, `waits`.
    pub id: String,
    /// What stands in the way.
    pub sentence: String,
    /// The argument of `--allow` that releases it, if leave can.
    pub allow: Option<String>,
    /// What else a person can do.
    pub advice: Option<String>,
    /// The lines of the policies that want it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<LineView>,
}

/// What a step means for one policy's backups.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EffectView {
    /// The policy.
    pub policy: String,
    /// How many restore points go earlier than promised.
    pub points: usize,
    /// Their bytes.
    pub bytes: u64,
    /// When the first becomes deletable, RFC 3339.
    pub first: Option<String>,
    /// In words.
    pub sentence: String,
    /// The oldest restore point there is, RFC 3339.
    #[serde(default)]
    pub oldest: Option<String>,
    /// The oldest that is left once those have gone; none when none is left, or when none goes.
    #[serde(default)]
    pub oldest_left: Option<String>,
    /// Whether there is a way back, in words; none where nothing goes.
    #[serde(default)]
    pub undo: Option<String>,
    /// The first of the restore points that go, each as `SET/ID on DATE`; the rest is only counted.
    #[serde(default)]
    pub named: Vec<String>,
    /// What it does to the bill, if that is what is said.
    #[serde(default)]
    pub cost: Option<CostChange>,
}

/// What the view needs besides the plan.
#[derive(Debug)]
pub struct Around<'a> {
    /// What was read.
    pub revision: &'a str,
    /// What is wanted.
    pub desired: &'a Desired,
    /// What was seen.
    pub observed: &'a Observed,
    /// What the endpoint is known not to enforce.
    pub not_enforced: &'a [&'static str],
    /// The policies, as they are written.
    pub policies: &'a [LoadedPolicy],
    /// The part of all policies that was asked for.
    pub selected: Option<&'a SelectedView>,
}

impl PlanView {
    /// The view of a plan.
    pub fn of(plan: &Plan, around: &Around<'_>) -> Self {
        let mut groups: BTreeMap<Vec<String>, GroupView> = BTreeMap::new();
        let written: BTreeMap<&str, &LoadedPolicy> = around.policies.iter().map(|policy| (policy.name.as_str(), policy)).collect();
        let mut by_resource = ByResource::of(plan);
        for wish in &around.desired.resources {
            let id = wish.id();
            let policies: Vec<String> = wish.policies().into_iter().map(str::to_owned).collect();
            let owners: Vec<&LoadedPolicy> = policies.iter().filter_map(|policy| written.get(policy.as_str()).copied()).collect();
            let mut files: Vec<String> = owners.iter().map(|policy| policy.file.clone()).collect();
            if files.is_empty() {
                files.push("lifeboat.yaml".to_owned());
            }
            let group = groups.entry(policies.clone()).or_insert_with(|| GroupView { policies, files, settled: 0, settled_ids: Vec::new(), steps: Vec::new() });
            let part = by_resource.take(&id);
            group.settled_ids.extend(part.settled.iter().map(|setting| format!("{setting}@{id}")));
            group.settled = group.settled_ids.len();
            group.steps.extend(part.steps().into_iter().map(|step| step.placed(&owners, &id)));
        }
        // What no policy wants any more stands by itself.
        let rest: Vec<StepView> = by_resource.0.into_values().flat_map(Part::steps).collect();
        if !rest.is_empty() {
            let nobody = GroupView { policies: Vec::new(), files: Vec::new(), settled: 0, settled_ids: Vec::new(), steps: rest };
            groups.insert(Vec::new(), nobody);
        }
        let groups: Vec<GroupView> = groups.into_values().collect();
        let counts = count(&groups);
        let approved: Vec<ApprovedStep> = plan.steps.iter().map(|step| ApprovedStep::of(step, around.observed.at)).collect();
        Self {
            format: FORMAT.to_owned(),
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            of: None,
            revision: around.revision.to_owned(),
            policy_digest: around.desired.digest.clone(),
            observed_at: seconds(around.observed.at),
            identity: around.observed.identity.known().map(IdentityView::of),
            policies: around.policies.len(),
            selected: around.selected.cloned(),
            settings: groups.iter().map(|group| group.settled + group.steps.iter().filter(|step| step.is_compared()).count()).sum(),
            requests: around.observed.requests,
            unasked: around.observed.unasked,
            groups,
            counts,
            releases: Vec::new(),
            others: None,
            inventory: None,
            not_enforced: around.not_enforced.iter().map(|text| (*text).to_owned()).collect(),
            leftovers: plan.leftovers.iter().map(LeftoverView::of).collect(),
            unused_leaves: plan.unused.iter().map(ToString::to_string).collect(),
            void_approvals: plan.void_approvals.clone(),
            digest: digest(&around.desired.digest, &approved),
            approved,
        }
    }
}

impl StepView {
    /// Whether what is wanted was held against what is there.
    fn is_compared(&self) -> bool {
        !matches!(self.kind.as_str(), "unknown" | "waits")
    }
}

impl PlanView {
    /// What is said when there is nothing to do.
    pub fn calm(&self) -> &'static str {
        match &self.of {
            Some(of) if of.starts_with("undo") => "nothing of that run is left to take back",
            _ if self.groups.is_empty() && self.selected.is_some() => "nothing was compared: no policy is in this part",
            _ => "everything is as the policies say",
        }
    }
}

impl LeftoverView {
    fn of(left: &Leftover) -> Self {
        Self { resource: left.resource.to_string(), name: left.name.clone(), sentence: left.sentence.clone(), removable: left.removable }
    }
}

fn seconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn count(groups: &[GroupView]) -> CountsView {
    let of = |kind: &str| groups.iter().flat_map(|group| &group.steps).filter(|step| step.kind == kind).count();
    CountsView { add: of("add"), change: of("change"), held: of("held"), unknown: of("unknown"), skipped: of("skipped") }
}

/// The parts of a plan by resource: a fleet has thousands.
struct ByResource<'a>(BTreeMap<&'a ResourceId, Part>);

/// The part of a plan that is about one resource.
#[derive(Default)]
struct Part {
    settled: Vec<&'static str>,
    /// Each step with its place in the settings table.
    steps: Vec<(usize, StepView)>,
}

impl<'a> ByResource<'a> {
    fn of(plan: &'a Plan) -> Self {
        let order = |id: &ResourceId, setting: &str| settings::of_kind(id.kind()).position(|known| known.id == setting).unwrap_or(usize::MAX);
        let mut out: BTreeMap<&ResourceId, Part> = BTreeMap::new();
        for (resource, setting) in &plan.settled {
            out.entry(resource).or_default().settled.push(setting);
        }
        for step in &plan.steps {
            out.entry(&step.resource).or_default().steps.push((order(&step.resource, &step.setting), StepView::of(step)));
        }
        for held in &plan.held {
            out.entry(&held.resource).or_default().steps.push((order(&held.resource, held.setting), StepView::of_held(held)));
        }
        Self(out)
    }

    fn take(&mut self, id: &ResourceId) -> Part {
        self.0.remove(id).unwrap_or_default()
    }
}

impl Part {
    /// The steps in the order of the settings table.
    fn steps(mut self) -> Vec<StepView> {
        self.steps.sort_by_key(|(at, _)| *at);
        self.steps.into_iter().map(|(_, view)| view).collect()
    }
}

impl GroupView {
    /// Its policies as one name.
    pub fn name(&self) -> String {
        if self.policies.is_empty() { "no policy".to_owned() } else { self.policies.join(", ") }
    }
}

impl IdentityView {
    fn of(identity: &Identity) -> Self {
        Self { account: identity.account.clone(), arn: identity.arn.clone(), name: identity.short().to_owned() }
    }
}

fn title(id: &ResourceId, setting: &str) -> String {
    let setting = settings::by_id(setting).map_or(setting, |setting| setting.title);
    match id.kind() {
        ResourceKind::Bucket if setting == "bucket" => format!("bucket {}", id.name()),
        ResourceKind::Bucket => format!("bucket {} · {setting}", id.name()),
        ResourceKind::Role => format!("role {} · {setting}", id.name()),
        ResourceKind::Key => format!("key {} · {setting}", id.name()),
        ResourceKind::Provider => format!("OIDC {setting} {}", id.name()),
    }
}

impl StepView {
    fn of(step: &Step) -> Self {
        let (kind, reason) = match step.reason {
            Reason::Missing => ("add", "missing".to_owned()),
            Reason::Differs => ("change", "differs".to_owned()),
            Reason::Drifted(since) => ("change", format!("drifted since the apply of {}", since.strftime("%Y-%m-%d"))),
            Reason::Undo => ("change", "taken back".to_owned()),
            Reason::LeftOver => ("change", "removed".to_owned()),
        };
        Self {
            id: step.id(),
            kind: kind.to_owned(),
            resource: step.resource.to_string(),
            title: title(&step.resource, &step.setting),
            reason,
            lines: step.lines.clone(),
            effects: step.effects.iter().map(EffectView::of).collect(),
            hold: None,
            allowed: step.allowed.as_ref().map(ToString::to_string),
            digest: Some(step.digest()),
            from: match &step.from {
                Fact::Known(document) => Some(document.value().clone()),
                Fact::Absent | Fact::Unknown(_) => None,
            },
            to: Some(step.to.value().clone()),
            requests: step.requests.iter().filter_map(|request| serde_json::to_value(request).ok()).collect(),
        }
    }

    /// With the lines of its owners, when it is held.
    fn placed(mut self, owners: &[&LoadedPolicy], id: &ResourceId) -> Self {
        if let (Some(hold), Some((setting, _))) = (&mut self.hold, self.id.split_once('@')) {
            hold.lines = place::lines(owners, id, setting);
        }
        self
    }

    fn of_held(held: &Held) -> Self {
        let hold = HoldView {
            id: match &held.hold {
                Hold::Unknown(_) => "unknown",
                Hold::Skipped(_) => "skipped",
                Hold::MayNotCreate => "may-not-create",
                Hold::CannotChange(_) => "cannot-change",
                Hold::Refused(_) => "would-be-refused",
                Hold::TooMany { .. } => "too-many",
                Hold::NeedsBootstrap => "needs-bootstrap",
                Hold::WaitsFor(_) => "waits",
                Hold::Weakens(_) | Hold::NotOurs { .. } => held.hold.leave_id().unwrap_or_default(),
            }
            .to_owned(),
            sentence: held.hold.sentence(),
            allow: held.hold.leave_id().map(|id| format!("{id}@{}", held.resource)),
            advice: settings::by_id(held.setting).and_then(|setting| held.hold.advice(setting)),
            lines: Vec::new(),
        };
        let (kind, reason) = match held.hold {
            Hold::WaitsFor(_) => ("waits", "waits".to_owned()),
            Hold::Unknown(Why::Interrupted) => ("unknown", "not asked".to_owned()),
            Hold::Unknown(_) => ("unknown", "unknown, left alone".to_owned()),
            Hold::Skipped(_) => ("skipped", "not supported here, skipped".to_owned()),
            _ => ("held", format!("{}, held", hold.id)),
        };
        let base = held.step.as_ref().map(Self::of);
        let empty = Self {
            id: format!("{}@{}", held.setting, held.resource),
            kind: String::new(),
            resource: held.resource.to_string(),
            title: title(&held.resource, held.setting),
            reason: String::new(),
            lines: Vec::new(),
            effects: Vec::new(),
            hold: None,
            allowed: None,
            digest: None,
            from: None,
            to: None,
            requests: Vec::new(),
        };
        Self { kind: kind.to_owned(), reason, hold: Some(hold), ..base.unwrap_or(empty) }
    }
}

impl EffectView {
    fn of(effect: &Effect) -> Self {
        Self {
            policy: effect.policy.clone(),
            points: effect.points,
            bytes: effect.bytes,
            first: effect.first.map(seconds),
            sentence: effect.sentence.clone(),
            oldest: effect.oldest.map(seconds),
            oldest_left: effect.oldest_left.map(seconds),
            undo: effect.undo.clone(),
            named: effect.named.clone(),
            cost: effect.cost.clone(),
        }
    }
}
