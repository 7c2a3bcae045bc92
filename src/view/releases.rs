//! What the keeper's next run would do, as a plan shows it: information beside the plan, which apply never sends.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::plan::EffectView;
use crate::catalog::release::Hold;
use crate::catalog::release::outlook::{Drift, Outlook, Planned};
use crate::catalog::retention::Tier;
use crate::model::units::{bytes, plural};

/// Restore points that are named; the rest is counted.
const NAMED: usize = 3;

/// The release tags of one backup set: what `lifeboat keep` would do in its next run.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReleaseSetView {
    /// The policy.
    pub policy: String,
    /// The set.
    pub set: String,
    /// Always `lifeboat keep`: apply sends none of it.
    pub by: String,
    /// How many backups and attempts there are; none when that is not known.
    pub backups: Option<usize>,
    /// The changes, oldest backup first.
    pub steps: Vec<ReleaseStepView>,
    /// What it means: restore points that would go earlier than the live rules promise.
    pub effects: Vec<EffectView>,
    /// How many backups stay as they are because too little is known of them, by reason.
    pub left: BTreeMap<String, u64>,
    /// Whether the newest backup holds much less than before, so that nothing is released.
    pub anomaly: bool,
    /// Why it is not known what the keeper would do, if it is not.
    pub unknown: Option<String>,
}

/// A change of one backup's release tag.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReleaseStepView {
    /// `backup-release@POLICY/SET/ID`.
    pub id: String,
    /// What is wrong with the tag: `missing`, `wrong`, `foreign`, `incomplete`, or `kept` (it has one and is to be kept).
    pub drift: String,
    /// The tag now; none = it has none.
    pub from: Option<String>,
    /// The tag that it is to have; none = it is kept.
    pub to: Option<String>,
    /// Why.
    pub reason: String,
    /// Its bytes.
    pub bytes: u64,
    /// How many objects.
    pub objects: usize,
    /// Until when it can be restored then by the live rules, RFC 3339; none = nothing expires it.
    pub until: Option<String>,
    /// The backup of the same period whose place it takes, and why.
    pub instead: Option<String>,
    /// When the live rules would let it go, RFC 3339, where it goes earlier now.
    pub promised: Option<String>,
    /// What the keeper would wait for.
    pub held: Option<String>,
    /// The option of `lifeboat keep` that gives leave, where leave can.
    pub leave: Option<String>,
}

impl ReleaseSetView {
    /// What is known of one set.
    pub fn of(policy: &str, set: &str, outlook: &Outlook) -> Self {
        let name = format!("{policy}/{set}");
        Self {
            backups: Some(outlook.backups),
            steps: outlook.steps.iter().map(|planned| ReleaseStepView::of(&name, planned)).collect(),
            effects: earlier(policy, set, &outlook.steps).into_iter().collect(),
            left: outlook.left.iter().map(|(reason, count)| ((*reason).to_owned(), *count)).collect(),
            anomaly: outlook.anomaly,
            ..Self::unknown(policy, set, None)
        }
    }

    /// A set of which nothing is known, and why.
    pub fn unknown(policy: &str, set: &str, why: Option<String>) -> Self {
        Self {
            policy: policy.to_owned(),
            set: set.to_owned(),
            by: "lifeboat keep".to_owned(),
            backups: None,
            steps: Vec::new(),
            effects: Vec::new(),
            left: BTreeMap::new(),
            anomaly: false,
            unknown: why,
        }
    }

    /// What would be done, counted: `12 to release (8 daily, 4 weekly), 1 wrong tag`.
    pub fn counted(&self) -> String {
        let of = |drift: Drift| self.steps.iter().filter(move |step| step.drift == drift.as_str());
        let said = |drift: Drift| {
            let count = of(drift).count() as u64;
            let text = match drift {
                Drift::Missing => format!("{count} to release ({})", tiers(of(drift))),
                Drift::Wrong => format!("{} of another tier", plural(count, "tag")),
                Drift::Foreign => format!("{} that {} none of the set", plural(count, "tag"), if count == 1 { "is" } else { "are" }),
                Drift::Incomplete => format!("{} on some objects only", plural(count, "tag")),
                Drift::Kept => format!("{} to be taken off, as the backup is kept", plural(count, "tag")),
            };
            (count > 0).then_some(text)
        };
        Drift::ALL.into_iter().filter_map(said).collect::<Vec<_>>().join(", ")
    }

    /// Why steps would wait, each with how many.
    pub fn waiting(&self) -> Vec<(&str, usize)> {
        let mut out: Vec<(&str, usize)> = Vec::new();
        // Of those that go earlier the effect says it.
        for held in self.steps.iter().filter(|step| step.leave.is_none()).filter_map(|step| step.held.as_deref()) {
            match out.iter_mut().find(|(said, _)| *said == held) {
                Some((_, count)) => *count += 1,
                None => out.push((held, 1)),
            }
        }
        out
    }

    /// Whether there is anything to say of it.
    pub fn is_busy(&self) -> bool {
        !self.steps.is_empty() || !self.left.is_empty() || self.anomaly || self.unknown.is_some()
    }
}

impl ReleaseStepView {
    /// The tier that its tag is to say.
    pub fn tier(&self) -> Option<Tier> {
        let (_, name) = self.to.as_deref()?.rsplit_once(':')?;
        [Tier::Recent].into_iter().chain(Tier::PERIODS).find(|tier| tier.as_str() == name)
    }

    /// `POLICY/SET/ID`.
    pub fn backup(&self) -> &str {
        self.id.split_once('@').map_or(self.id.as_str(), |(_, backup)| backup)
    }

    fn of(set: &str, planned: &Planned) -> Self {
        let step = &planned.step;
        let name = format!("{set}/{}", step.id);
        let earlier = matches!(planned.held, Some(Hold::Earlier { .. }));
        Self {
            id: format!("backup-release@{name}"),
            drift: planned.drift.as_str().to_owned(),
            from: step.from.clone(),
            to: step.to.clone(),
            reason: step.reason.clone(),
            bytes: planned.bytes,
            objects: step.keys.len(),
            until: step.until.map(seconds),
            instead: planned.instead.clone(),
            promised: planned.earlier.map(|(_, promised)| seconds(promised)),
            held: planned.held.as_ref().map(Hold::sentence),
            leave: earlier.then(|| format!("--allow-earlier {name}")),
        }
    }
}

/// How many of each tier.
fn tiers<'a>(steps: impl Iterator<Item = &'a ReleaseStepView>) -> String {
    let of: Vec<Option<Tier>> = steps.map(ReleaseStepView::tier).collect();
    let all = [Tier::Recent].into_iter().chain(Tier::PERIODS);
    let counted = all.filter_map(|tier| match of.iter().filter(|of| **of == Some(tier)).count() {
        0 => None,
        count => Some(format!("{count} {}", tier.as_str())),
    });
    counted.collect::<Vec<_>>().join(", ")
}

/// What goes earlier than the live rules promise, worst first.
fn earlier(policy: &str, set: &str, steps: &[Planned]) -> Option<EffectView> {
    let mut gone: Vec<(Timestamp, Timestamp, &Planned)> = steps.iter().filter_map(|step| step.earlier.map(|(goes, promised)| (goes, promised, step))).collect();
    gone.sort_by(|a, b| (a.0, &a.2.step.id).cmp(&(b.0, &b.2.step.id)));
    let (first, promised, _) = *gone.first()?;
    let size = gone.iter().map(|(.., step)| step.bytes).sum();
    let waiting = gone.iter().filter(|(.., step)| matches!(step.held, Some(Hold::Earlier { .. }))).count();
    let waits = match waiting {
        0 => String::new(),
        some if some == gone.len() => "; the keeper waits for --allow-earlier before it does that".to_owned(),
        some => format!("; for {some} of them the keeper waits for --allow-earlier"),
    };
    let moment = |at: Timestamp| at.strftime("%a %Y-%m-%d").to_string();
    let sentence = format!(
        "{} ({}) would be released to go earlier than the live rules promise, the first on {} instead of {}{waits}",
        plural(gone.len() as u64, "restore point"),
        bytes(size),
        moment(first),
        moment(promised),
    );
    Some(EffectView {
        policy: policy.to_owned(),
        points: gone.len(),
        bytes: size,
        first: Some(seconds(first)),
        sentence,
        oldest: None,
        oldest_left: None,
        undo: Some("`lifeboat hold` keeps each until then".to_owned()),
        cost: None,
        named: gone.iter().take(NAMED).map(|(goes, _, step)| format!("{set}/{} on {}", step.step.id, goes.strftime("%Y-%m-%d"))).collect(),
    })
}

fn seconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
