//! What a change, or a drift, means for the ability to recover. Pure.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::catalog::prices::Prices;
use crate::catalog::timeline::Undo;
use crate::model::aspects::{ObjectLock, Versioning};
use crate::model::document::Document;
use crate::model::fact::Fact;
use crate::model::lifecycle::{Expiration, Lifecycle, Rule};
use crate::model::policy::StorageClass;
use crate::model::request::ReadOp;
use crate::model::resource::{BucketWish, Observed, SeenBackup, Tenant};
use crate::model::units::{Span, bytes, plural};

mod compare;
pub(super) mod cost;
mod elsewhere;
mod physical;

use compare::{Gone, Outcome, Sides, compare, keeping};

/// Restore points that are named; the rest is counted.
const NAMED: usize = 3;

/// What a step means for one policy's backups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Effect {
    /// The policy.
    pub policy: String,
    /// How many restore points go earlier than promised.
    pub points: usize,
    /// How many bytes they are.
    pub bytes: u64,
    /// When the first of them becomes deletable.
    pub first: Option<Timestamp>,
    /// In words.
    pub sentence: String,
    /// The oldest restore point there is.
    pub oldest: Option<Timestamp>,
    /// The oldest that is left once those have gone; none when none is left, or when none goes.
    pub oldest_left: Option<Timestamp>,
    /// Whether there is a way back, in words; none where nothing goes.
    pub undo: Option<String>,
    /// The first of them to go, each with its set, its id and when.
    #[serde(default)]
    pub named: Vec<String>,
    /// Of a physical set: seconds of which any moment can be restored now, and then no more.
    #[serde(default)]
    pub window_seconds: Option<u64>,
    /// Whether it could not be said what goes.
    #[serde(default)]
    pub unsaid: bool,
    /// What it does to the bill, if that is what is said.
    #[serde(default)]
    pub cost: Option<cost::CostChange>,
}

impl Effect {
    /// An effect in words only.
    pub(super) fn said(policy: &str, sentence: String) -> Self {
        let policy = policy.to_owned();
        Self {
            policy,
            points: 0,
            bytes: 0,
            first: None,
            sentence,
            oldest: None,
            oldest_left: None,
            undo: None,
            named: Vec::new(),
            window_seconds: None,
            unsaid: false,
            cost: None,
        }
    }

    /// That it cannot be said what goes, and why.
    pub(super) fn unsaid(policy: &str, sentence: String) -> Self {
        Self { unsaid: true, ..Self::said(policy, sentence) }
    }

    /// How many seconds of a window go: those by which the oldest restore point comes nearer, or of which no moment can be restored any more.
    pub(super) fn window_lost(&self, now: Timestamp) -> u64 {
        if let Some(seconds) = self.window_seconds {
            return seconds;
        }
        let Some(oldest) = self.oldest.filter(|_| self.points > 0) else { return 0 };
        let left = self.oldest_left.unwrap_or(now);
        u64::try_from(left.duration_since(oldest).as_secs()).unwrap_or(0)
    }
}

/// A moment as people read it, in UTC.
pub(super) fn moment(at: Timestamp) -> String {
    at.strftime("%a %Y-%m-%d %H:%M UTC").to_string()
}

fn complete<'a>(observed: &'a Observed, policy: &str) -> Option<Vec<&'a SeenBackup>> {
    match observed.backups.get(policy) {
        // What a live rule has reached is there, and it is that rule's effect that it goes.
        Some(Fact::Known(backups)) => Some(backups.iter().filter(|backup| backup.is_good() || backup.reached().is_some()).collect()),
        Some(Fact::Absent) => Some(Vec::new()),
        Some(Fact::Unknown(_)) | None => None,
    }
}

const NOT_LISTED: &str = "which restore points go cannot be said: the bucket could not be listed";

/// What one lifecycle rule of others takes away from each policy of the bucket, beside what is promised without it.
pub(super) fn of_foreign_rule(bucket: &BucketWish, live: &Document, without: &Document, observed: &Observed) -> Vec<Effect> {
    let (Some(after), Some(before)) = (live.to::<Lifecycle>(), without.to::<Lifecycle>()) else { return Vec::new() };
    let sides = Sides { before: &before, after: &after };
    let others = || after.rules.iter().filter(|rule| !before.rules.contains(rule));
    let of = |tenant: &Tenant| {
        let dooms = |rule: &Rule| {
            let key = format!("{}x", tenant.prefix);
            rule.filter.tags.is_empty() && rule.filter.covers(&key) && matches!(rule.expiration, Some(Expiration::Days(_) | Expiration::Date(_)))
        };
        let none = complete(observed, &tenant.policy).is_some_and(|there| there.is_empty());
        let repositories = physical::of_rules(bucket, tenant, sides, observed);
        // Of sets that lifeboat takes, or of a policy in whose repositories nothing lies either.
        let its = match (tenant.sets.is_empty(), observed.stored.get(&tenant.policy).is_some_and(|stored| !stored.is_empty())) {
            (true, true) => None,
            (false, true) => Some(" of the sets that lifeboat takes"),
            (_, false) => Some(""),
        };
        match its.filter(|_| none && others().any(dooms)) {
            Some(its) => {
                let sentence = format!("no restore point{its} is there yet; each one that is written would go");
                std::iter::once(Effect::said(&tenant.policy, sentence)).chain(repositories).collect()
            }
            None => of_rules(bucket, tenant, sides, observed),
        }
    };
    bucket.tenants.iter().flat_map(of).collect()
}

/// The rules that are there, if that is known.
fn rules_of(from: &Fact<Document>) -> Option<Lifecycle> {
    match from {
        Fact::Known(from) => from.to::<Lifecycle>(),
        Fact::Absent => Some(Lifecycle::default()),
        Fact::Unknown(_) => None,
    }
}

/// What other lifecycle rules mean for each policy of the bucket.
pub(super) fn of_lifecycle(bucket: &BucketWish, from: &Fact<Document>, to: &Document, observed: &Observed) -> Vec<Effect> {
    let (Some(before), Some(after)) = (rules_of(from), to.to::<Lifecycle>()) else { return Vec::new() };
    let sides = Sides { before: &before, after: &after };
    bucket.tenants.iter().flat_map(|tenant| of_rules(bucket, tenant, sides, observed)).collect()
}

fn of_rules(bucket: &BucketWish, tenant: &Tenant, sides: Sides<'_>, observed: &Observed) -> Vec<Effect> {
    let Some(backups) = complete(observed, &tenant.policy) else {
        // Rules that do not change promise what they promised.
        let changes = observed.backups.contains_key(&tenant.policy) && sides.touch(tenant);
        return changes.then(|| Effect::unsaid(&tenant.policy, NOT_LISTED.to_owned())).into_iter().collect();
    };
    let outcome = compare(bucket, tenant, sides, &backups, observed);
    let mut out = Vec::new();
    out.extend(losing(bucket, tenant, &backups, &outcome, observed));
    if outcome.longer > 0 {
        out.push(Effect::said(&tenant.policy, format!("{} would be kept longer than now", plural(outcome.longer as u64, "restore point"))));
    }
    if let Some(thaw) = outcome.thaw {
        out.push(thawing(tenant, thaw.from, &plural(thaw.points as u64, "restore point"), thaw.takes));
    }
    out.extend(physical::of_rules(bucket, tenant, sides, observed));
    out
}

/// That something must be thawed from a moment on, for how long, and what was promised if that is less.
fn thawing(tenant: &Tenant, from: Timestamp, what: &str, takes: Span) -> Effect {
    let rto = if takes > tenant.rto { format!(", and the promised RTO is {}", tenant.rto) } else { String::new() };
    let sentence = format!("from {} on, {what} must be thawed before a restore, which takes up to {takes}{rto}{}", moment(from), ways(takes));
    Effect::said(&tenant.policy, sentence)
}

/// When the first of something goes.
fn due(first: Timestamp, now: Timestamp) -> String {
    if first <= now { format!("at once, being due since {}", moment(first)) } else { format!("on {}", moment(first)) }
}

/// The ways to thaw what takes so long by the standard one.
fn ways(standard: Span) -> String {
    let class = StorageClass::ALL.into_iter().find(|class| class.thaw() == Some(standard));
    let ways = class.map_or_else(Vec::new, |class| class.thaws().to_vec());
    let said: Vec<String> = ways.iter().map(|(way, takes)| format!("{way} {takes}")).collect();
    match (class, said.is_empty()) {
        (Some(class), false) => format!("; {} thaws {}", class.as_str(), said.join(", ")),
        _ => String::new(),
    }
}

fn losing(bucket: &BucketWish, tenant: &Tenant, backups: &[&SeenBackup], outcome: &Outcome<'_>, observed: &Observed) -> Option<Effect> {
    let gone = &outcome.gone;
    let first = gone.first()?.until;
    let size = gone.iter().map(|gone| gone.backup.bytes).sum();
    let up_to = if gone.iter().all(|gone| gone.sure) { "" } else { "up to " };
    let from = due(first, observed.at);
    let left = backups.iter().filter(|backup| !gone.iter().any(|gone| gone.backup.set == backup.set && gone.backup.id == backup.id));
    let oldest = backups.iter().map(|backup| backup.oldest).min();
    let oldest_left = left.map(|backup| backup.oldest).min();
    let reach = match (oldest, oldest_left) {
        (_, None) => ", and none is left then".to_owned(),
        (Some(oldest), Some(left)) if days(oldest, observed) != days(left, observed) => {
            format!("; the window shrinks from {} d to {} d", days(oldest, observed), days(left, observed))
        }
        _ => String::new(),
    };
    let undo = undo(bucket, gone, observed);
    let points = plural(gone.len() as u64, "restore point");
    let stays: String = [elsewhere::locked(bucket, gone, observed), elsewhere::copied(bucket, tenant, gone, observed)].into_iter().flatten().collect();
    let sentence = format!("{up_to}{points} ({}) would go earlier than promised, the first {from}{reach}; {}{stays}", bytes(size), undo.0);
    let name = |gone: &Gone<'_>| format!("{}/{} on {}", gone.backup.set, gone.backup.id, gone.until.strftime("%Y-%m-%d"));
    Some(Effect {
        points: gone.len(),
        bytes: size,
        first: Some(first),
        oldest,
        oldest_left,
        undo: Some(undo.1),
        named: gone.iter().take(NAMED).map(name).collect(),
        ..Effect::said(&tenant.policy, sentence)
    })
}

fn days(at: Timestamp, observed: &Observed) -> i64 {
    (observed.at.as_second() - at.as_second()).max(0) / 86_400
}

/// The way back for the worst of them: in a sentence, and by itself.
fn undo(bucket: &BucketWish, gone: &[Gone<'_>], observed: &Observed) -> (String, String) {
    if let Fact::Unknown(_) = keeping(bucket, observed) {
        let unknown = "whether that can be undone is not known: versioning could not be read";
        return (unknown.to_owned(), "not known: versioning could not be read".to_owned());
    }
    match gone.iter().map(|gone| gone.undo).min() {
        Some(Undo::Final) => {
            let why = if keeping(bucket, observed) == Fact::Known(Versioning::Enabled) { "the bytes go with it" } else { "versioning is not on" };
            (format!("final: {why}"), format!("none: {why}"))
        }
        Some(Undo::Until(at)) => (format!("can be undone until {}", moment(at)), format!("until {}", moment(at))),
        Some(Undo::Always) | None => {
            ("can be undone: no rule removes the noncurrent versions".to_owned(), "for as long as noncurrent versions are kept".to_owned())
        }
    }
}

/// What it means that versioning is not on, or will not be. What was written while it was on keeps its versions (S3 User Guide, versioning-workflows,
/// objects in a versioning-suspended bucket); a listing does not show what was.
pub(super) fn of_versioning(bucket: &BucketWish, from: &Fact<Document>, to: &Document, observed: &Observed) -> Vec<Effect> {
    let was = from.known().and_then(Document::to::<Versioning>);
    if was.is_some_and(Versioning::keeps) && to.to().is_some_and(Versioning::keeps) {
        return Vec::new();
    }
    let said = |there: String| match (was, to.to::<Versioning>()) {
        (Some(Versioning::Enabled | Versioning::EnabledWithMfa), Some(Versioning::Suspended)) => {
            format!("from then on an overwrite or delete of what is written anew is final; what is there keeps its versions: {there}")
        }
        (Some(Versioning::Suspended), _) => {
            format!("until it is on again, an overwrite or delete of what was written since it was suspended is final, which may be any of {there}")
        }
        _ => format!("until it is on, an overwrite or delete is final: {there}"),
    };
    bucket.tenants.iter().filter_map(|tenant| Some(Effect::said(&tenant.policy, said(there(observed, tenant)?)))).collect()
}

/// What another object lock means: it counts for what is written from then on only (S3 User Guide, object-lock-overview).
pub(super) fn of_object_lock(bucket: &BucketWish, from: &Fact<Document>, to: &Document, observed: &Observed) -> Vec<Effect> {
    let locks = |document: &Document| document.to::<ObjectLock>().is_some_and(|lock| lock.retention.is_some());
    let before = from.known().is_some_and(locks);
    let each = bucket.tenants.iter().filter_map(|tenant| {
        let there = there(observed, tenant)?;
        let sentence = match (before, locks(to)) {
            (false, true) => format!("{there} stay without a lock: it counts for what is written from then on"),
            (true, true) => format!("{there} keep the lock that they have: the change counts for what is written from then on"),
            (_, false) => format!("{there} keep the lock that they have, and what is written from then on has none"),
        };
        Some(Effect::said(&tenant.policy, sentence))
    });
    each.collect()
}

/// How many restore points there are and how large, and what lies in repositories of other engines, if there is any.
fn there(observed: &Observed, tenant: &Tenant) -> Option<String> {
    let own = complete(observed, &tenant.policy).filter(|backups| !backups.is_empty()).map(|backups| {
        let size = backups.iter().map(|backup| backup.bytes).sum();
        format!("{} ({})", plural(backups.len() as u64, "restore point"), bytes(size))
    });
    let all: Vec<String> = own.into_iter().chain(physical::there(tenant, observed)).collect();
    (!all.is_empty()).then(|| all.join(", "))
}

/// What a step of a setting of a bucket means; what it does to the bill only where prices are given.
pub(super) fn of_step(bucket: &BucketWish, read: ReadOp, from: &Fact<Document>, to: &Document, observed: &Observed, prices: Option<&Prices>) -> Vec<Effect> {
    match read {
        ReadOp::BucketVersioning => of_versioning(bucket, from, to, observed),
        ReadOp::BucketLifecycle => {
            let mut out = of_lifecycle(bucket, from, to, observed);
            out.extend(prices.iter().flat_map(|prices| cost::of_lifecycle(bucket, from, to, observed, prices)));
            out
        }
        ReadOp::BucketObjectLock => of_object_lock(bucket, from, to, observed),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
