//! What the keeper's next run would do to one set: its steps, and which of them let a backup go earlier than was promised. Pure.
//!
//! It takes the keeper's own functions, and so says what the keeper will do, while tags and rules stay as they were read.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Around, Hold, Step, days_of, promised, rule_of};
use crate::catalog::backups::{Backup, State, Tags};
use crate::catalog::layout::expires_at;
use crate::catalog::retention::{self, Decision, Point, Terms, Tier, tag_value};
use crate::model::fact::Fact;
use crate::model::lifecycle::Lifecycle;
use crate::model::policy::Retention;
use crate::model::units::Span;

/// What would be done to one set.
#[derive(Clone, Debug, Default)]
pub struct Outlook {
    /// How many backups and attempts there are.
    pub backups: usize,
    /// What the next run would do, oldest backup first.
    pub steps: Vec<Planned>,
    /// How many backups are left as they are because too little is known of them, by reason.
    pub left: BTreeMap<&'static str, u64>,
    /// Whether the newest backup holds much less than before, so that nothing is released.
    pub anomaly: bool,
}

/// One step of the keeper.
#[derive(Clone, Debug)]
pub struct Planned {
    /// What is done.
    pub step: Step,
    /// What holds it there.
    pub held: Option<Hold>,
    /// What is wrong with the tag that is there.
    pub drift: Drift,
    /// Bytes of the backup.
    pub bytes: u64,
    /// S3 date of its oldest object.
    pub oldest: Timestamp,
    /// The backup of the same period whose place it takes, and why.
    pub instead: Option<String>,
    /// When it goes then, and when it would have gone by the rules that are live; only where that is later.
    pub earlier: Option<(Timestamp, Timestamp)>,
}

/// What is wrong with the tag of a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Drift {
    /// It is to be released and has no tag yet: that comes with time.
    Missing,
    /// It has the tag of another tier of its set.
    Wrong,
    /// It has a value that is none of its set.
    Foreign,
    /// Some of its objects have the tag and others have not.
    Incomplete,
    /// It has a tag and is to be kept.
    Kept,
}

impl Drift {
    /// All of them, in the order in which they are counted.
    pub const ALL: [Self; 5] = [Self::Missing, Self::Wrong, Self::Foreign, Self::Incomplete, Self::Kept];

    /// `missing`, `wrong`, `foreign`, `incomplete`, `kept`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Wrong => "wrong",
            Self::Foreign => "foreign",
            Self::Incomplete => "incomplete",
            Self::Kept => "kept",
        }
    }
}

/// What the keeper would do with these backups, given as points too, in the same order.
pub fn outlook(backups: &[&Backup], points: &[Point], terms: &Terms<'_>, around: &Around<'_>) -> Outlook {
    let decisions = retention::decide(points, terms);
    let live = Live::of(points, terms, around);
    let promoted = retention::promoted(points, terms);
    let mut out = Outlook { backups: backups.len(), anomaly: retention::open_anomaly(points, terms), ..Outlook::default() };
    for (at, (backup, decision)) in backups.iter().zip(&decisions).enumerate() {
        if let Decision::Leave(reason) = decision {
            *out.left.entry(reason.as_str()).or_default() += 1;
        }
        let marks = known(backup);
        let Some((step, held)) = super::step(backup, decision, &marks, around) else { continue };
        let instead = promoted.iter().find(|promoted| promoted.at == at && *decision == Decision::Release(promoted.tier));
        // One that is going by its own tag has had its time.
        let instead = instead.and_then(|promoted| Some((backups.get(promoted.instead)?, promoted))).filter(|(before, _)| before.state != State::Expiring);
        let instead = instead.map(|(before, promoted)| format!("{}, {}", before.seen.id, promoted.why.as_str()));
        let earlier = live.as_ref().and_then(|live| live.earlier(at, backup, &marks, decision, around));
        let drift = drift(&step, around);
        out.steps.push(Planned { step, held, drift, bytes: backup.seen.bytes, oldest: backup.seen.oldest, instead, earlier });
    }
    out
}

fn known(backup: &Backup) -> BTreeMap<String, Tags> {
    backup.marks.iter().filter_map(|(key, tags)| Some((key.clone(), tags.known()?.clone()))).collect()
}

fn drift(step: &Step, around: &Around<'_>) -> Drift {
    let of_set = format!("{}/{}:", around.policy, around.set);
    match (&step.from, &step.to) {
        (Some(from), _) if !from.starts_with(&of_set) => Drift::Foreign,
        (Some(_), None) => Drift::Kept,
        (from, to) if from == to => Drift::Incomplete,
        (Some(_), Some(_)) => Drift::Wrong,
        (None, Some(_)) => Drift::Missing,
        (None, None) => Drift::Incomplete,
    }
}

/// What the rules that are live promise: the retention that they were made of, as far as rules tell it.
struct Live<'a> {
    rules: &'a Lifecycle,
    retention: Retention,
    opened: Vec<Option<Tier>>,
}

impl<'a> Live<'a> {
    fn of(points: &[Point], terms: &Terms<'_>, around: &Around<'a>) -> Option<Self> {
        let Fact::Known(rules) = around.rules else { return None };
        let retention = by_rules(rules, around)?;
        let opened = retention::opened(points, &Terms { retention: &retention, ..*terms });
        Some(Self { rules, retention, opened })
    }

    /// When a release lets a backup go, and when it would have gone by what is live, if that is later: by the tag that it has, and by
    /// the period that it opens.
    fn earlier(&self, at: usize, backup: &Backup, marks: &BTreeMap<String, Tags>, to: &Decision, around: &Around<'_>) -> Option<(Timestamp, Timestamp)> {
        let Decision::Release(tier) = to else { return None };
        let oldest = backup.seen.oldest;
        let goes = expires_at(oldest, tier.days(around.retention)?);
        let opened = self.opened.get(at).copied().flatten().and_then(|tier| tier.days(&self.retention)).map(|days| expires_at(oldest, days));
        let promised = promised(backup, marks, self.rules).max(opened)?;
        (goes < promised).then_some((goes, promised))
    }
}

/// The retention that the rules of a set were made of: what no rule tells stays as the policy has it. None where no rule is there.
fn by_rules(rules: &Lifecycle, around: &Around<'_>) -> Option<Retention> {
    const DAY: u64 = 86_400;
    let days = |tier: Tier| rule_of(rules, &tag_value(around.policy, around.set, tier.as_str())).and_then(days_of);
    // n × the longest period + one of lateness; of a rule that is not ours to the day what is left over is not promised.
    let count = |tier: Tier, period: i32| days(tier).map(|days| (days / period - 1).max(0));
    let recent = days(Tier::Recent);
    let live = Retention {
        daily: count(Tier::Daily, 1),
        weekly: count(Tier::Weekly, 7),
        monthly: count(Tier::Monthly, 31),
        yearly: count(Tier::Yearly, 366),
        ..*around.retention
    };
    let none = recent.is_none() && Tier::PERIODS.into_iter().all(|tier| days(tier).is_none());
    let recent = recent.map_or(live.recent, |days| Span::seconds(u64::try_from(days - 1).unwrap_or(0) * DAY));
    (!none).then_some(Retention { recent, ..live })
}

#[cfg(test)]
mod tests;
