//! Setting `bucket-lifecycle`: how released backups go, tier by tier.
//!
//! Every rule of ours acts only on the release tag, so a backup that nobody released is never expired. Rules of others
//! are carried element for element.

pub use crate::catalog::retention::{tag_value, tiers};
use crate::model::document::Document;
use crate::model::fact::Fact;
use crate::model::id::{ResourceId, ResourceKind};
use crate::model::lifecycle::{EXPIRE_TAG, Expiration, Filter, Form, Lifecycle, Noncurrent, OURS, Rule, Transition};
use crate::model::request::{ReadOp, Request, RequestOp};
use crate::model::resource::{BucketWish, ObservedResource, ResourceWish, SetWish, Tenant};
use crate::model::verdict;

use super::{Docs, Part, Setting, Threat, Weakening};

/// The setting.
pub(super) static SETTING: Setting = Setting {
    id: "bucket-lifecycle",
    kind: ResourceKind::Bucket,
    title: "lifecycle",
    leave_alone: Some("storage: {lifecycle: unmanaged}"),
    read: ReadOp::BucketLifecycle,
    docs: Docs {
        protects: "Each tier of released backups lives as long as the policy says, and what expired can be brought back for a while.",
        why: "Expiry is done by the bucket on a tag that only the keeper may set: who writes backups cannot make them vanish, and when lifeboat stops, nothing expires.",
        risk: "Shorter tiers let released backups go earlier; S3 applies a changed rule to existing objects at once (S3 User Guide, how-to-set-lifecycle-configuration-intro).",
        example: "storage: {noncurrent: {keepDays: 30}, abortIncompleteUploads: 3d}",
    },
    want,
    seen,
    adopt,
    requests,
    refused,
    weakens,
    threats,
    owner: super::ours,
    describe,
};

fn want(wish: &ResourceWish) -> Option<Document> {
    let ResourceWish::Bucket(bucket) = wish else { return None };
    let managed = bucket.tenants.iter().any(|tenant| tenant.lifecycle);
    managed.then(|| Document::of(&Lifecycle { rules: sorted(rules_for(bucket)), minimum_size: None }))
}

fn rules_for(bucket: &BucketWish) -> Vec<Rule> {
    let mut rules = Vec::new();
    for tenant in bucket.tenants.iter().filter(|tenant| tenant.lifecycle) {
        for set in &tenant.sets {
            rules.extend(tiers(&set.retention).into_iter().map(|(tier, days, _)| tier_rule(tenant, set, tier, days)));
        }
        rules.extend(tenant.repositories.iter().map(|(set, prefix)| versions_rule(tenant, set, prefix)));
        rules.push(cleanup_rule(tenant));
    }
    rules
}

fn tier_rule(tenant: &Tenant, set: &SetWish, tier: &str, days: i32) -> Rule {
    let value = tag_value(&tenant.policy, &set.name, tier);
    // S3 wants Expiration strictly after every Transition: a tier that does not live to see a class goes without it.
    let lives_to_see = set.classes.iter().filter_map(|step| {
        let after = i32::try_from(step.after.days_rounded_up()).ok()?;
        (after < days).then(|| Transition { days: Some(after), date: None, class: step.class.as_str().to_owned() })
    });
    Rule {
        id: format!("{OURS}{value}"),
        enabled: true,
        filter: Filter::tag(EXPIRE_TAG, &value),
        expiration: Some(Expiration::Days(days)),
        transitions: lives_to_see.collect(),
        noncurrent: Some(Noncurrent { days: tenant.keep_days, keep_newer: None }),
        noncurrent_transitions: Vec::new(),
        abort_uploads_days: None,
    }
}

/// AWS refuses these two actions in a rule with a tag filter, so they have a rule of their own per prefix.
fn cleanup_rule(tenant: &Tenant) -> Rule {
    Rule {
        id: format!("{OURS}{}:cleanup", tenant.policy),
        enabled: true,
        filter: Filter::prefix(&tenant.prefix),
        expiration: Some(Expiration::DeleteMarker(true)),
        transitions: Vec::new(),
        noncurrent: None,
        noncurrent_transitions: Vec::new(),
        abort_uploads_days: Some(tenant.abort_days),
    }
}

/// Below the repository of another engine nothing is ever expired by age: what its engine deleted can be brought back for a while.
fn versions_rule(tenant: &Tenant, set: &str, prefix: &str) -> Rule {
    Rule {
        id: format!("{OURS}{}/{set}:{VERSIONS}", tenant.policy),
        enabled: true,
        filter: Filter::prefix(prefix),
        expiration: None,
        transitions: Vec::new(),
        noncurrent: Some(Noncurrent { days: tenant.keep_days, keep_newer: None }),
        noncurrent_transitions: Vec::new(),
        abort_uploads_days: None,
    }
}

/// The end of the id of a rule that only removes noncurrent versions of a repository.
const VERSIONS: &str = "versions";

fn sorted(mut rules: Vec<Rule>) -> Vec<Rule> {
    for rule in &mut rules {
        rule.transitions.sort_by_key(|transition| transition.days);
    }
    rules.sort_by(|a, b| a.id.cmp(&b.id));
    rules
}

fn seen(observed: &ObservedResource) -> Fact<Document> {
    observed.fact(ReadOp::BucketLifecycle).map(|document| match document.to::<Lifecycle>() {
        Some(live) => Document::of(&Lifecycle { rules: sorted(live.rules), minimum_size: live.minimum_size }),
        None => document,
    })
}

fn adopt(want: &Document, seen: &Fact<Document>) -> Document {
    let Some(want) = want.to::<Lifecycle>() else { return want.clone() };
    let live = seen.known().and_then(|seen| seen.to::<Lifecycle>()).unwrap_or_default();
    let mut rules = want.rules;
    let carried: Vec<Rule> = live.rules.iter().filter(|rule| !rules.iter().any(|ours| ours.id == rule.id)).cloned().collect();
    rules.extend(carried);
    let to = Lifecycle { rules: sorted(rules), minimum_size: live.minimum_size.clone() };
    // What means the same stays as it is written: a server may give our own rules back in another form.
    seen.known().filter(|_| to.same(&live)).cloned().unwrap_or_else(|| Document::of(&to))
}

/// S3 refuses a configuration that has rules of both forms ("Base level prefix cannot be used in Lifecycle V2"), and a rule
/// of others goes back in the form it came or not at all.
fn requests(id: &ResourceId, _: &Fact<Document>, to: &Document) -> Vec<Request> {
    let rules = to.to::<Lifecycle>().unwrap_or_default().rules;
    let old = rules.iter().filter(|rule| rule.filter.form == Form::RulePrefix).count();
    if old > 0 && old < rules.len() {
        return Vec::new();
    }
    vec![Request { op: RequestOp::PutBucketLifecycle, target: id.clone(), body: to.clone() }]
}

/// Rules of others count too: whatever is wrong with the whole, S3 takes nothing of it.
fn refused(to: &Document) -> Option<String> {
    to.to::<Lifecycle>().and_then(|to| verdict::said(verdict::lifecycle::lifecycle(&to.wire())))
}

fn days_of(rule: &Rule) -> Option<i32> {
    match rule.expiration {
        Some(Expiration::Days(days)) if rule.enabled => Some(days),
        _ => None,
    }
}

fn weakens(from: &Document, to: &Document) -> Option<Weakening> {
    let (from, to) = (from.to::<Lifecycle>()?, to.to::<Lifecycle>()?);
    let left: Vec<String> = to.rules.iter().filter(|rule| rule.is_ours()).filter_map(|rule| leaves(&from, rule)).collect();
    if !left.is_empty() {
        return Some(Weakening { id: "leaves-backups-behind".to_owned(), sentence: left.join("; ") });
    }
    let mut shorter = Vec::new();
    for rule in to.rules.iter().filter(|rule| rule.is_ours()) {
        let before = from.rules.iter().find(|live| live.id == rule.id);
        if let Some(before) = before {
            if let Some(now) = days_of(rule)
                && days_of(before).is_none_or(|then| now < then)
            {
                shorter.push(format!(
                    "{} expires after {now} d instead of {}",
                    short_id(rule),
                    days_of(before).map_or("never".to_owned(), |d| format!("{d} d"))
                ));
            }
            shorter.extend(shorter_undo(before, rule).map(|instead| format!("{} {instead}", short_id(rule))));
        } else {
            shorter.extend(new_end(&from, rule).map(|instead| format!("{} {instead}", short_id(rule))));
        }
    }
    (!shorter.is_empty()).then(|| Weakening { id: "shortens-retention".to_owned(), sentence: shorter.join("; ") })
}

/// What a rule of ours no longer looks after, when it moves to another prefix.
fn leaves(from: &Lifecycle, rule: &Rule) -> Option<String> {
    let before = from.rules.iter().find(|live| live.id == rule.id)?;
    let (then, now) = (before.filter.prefix.as_deref().unwrap_or(""), rule.filter.prefix.as_deref().unwrap_or(""));
    (!then.starts_with(now)).then(|| {
        let place = if then.is_empty() { "outside of it" } else { then };
        format!("{} is for what lies below {now} then, and no longer for {place}: backups that lie there are in nobody's view, nothing releases them, and what expired of them is not removed", short_id(rule))
    })
}

/// How a new rule without a tag ends versions that nothing ended so soon: it acts at once on all that lies there.
fn new_end(from: &Lifecycle, rule: &Rule) -> Option<String> {
    let now = rule.noncurrent.as_ref().filter(|_| rule.enabled && rule.filter.tags.is_empty())?.days;
    let prefix = rule.filter.prefix.as_deref().unwrap_or("");
    let meets = |live: &&Rule| live.enabled && live.filter.tags.is_empty() && prefix.starts_with(live.filter.prefix.as_deref().unwrap_or(""));
    let then = from.rules.iter().filter(meets).filter_map(|live| live.noncurrent.as_ref()).map(|noncurrent| noncurrent.days).min();
    then.is_none_or(|then| now < then)
        .then(|| format!("removes versions after {now} d instead of {}", then.map_or("never".to_owned(), |then| format!("{then} d"))))
}

/// How the time to undo gets shorter, if it does. A rule that is off removes nothing.
fn shorter_undo(before: &Rule, rule: &Rule) -> Option<String> {
    let now = rule.noncurrent.as_ref().filter(|_| rule.enabled)?;
    let Some(then) = before.noncurrent.as_ref().filter(|_| before.enabled) else {
        return Some(format!("can be undone for {} d instead of for ever", now.days));
    };
    if now.days < then.days {
        return Some(format!("can be undone for {} d instead of {} d", now.days, then.days));
    }
    let newest = then.keep_newer.filter(|newest| now.keep_newer.is_none_or(|kept| kept < *newest))?;
    Some(format!("no longer keeps the {newest} newest noncurrent versions"))
}

fn short_id(rule: &Rule) -> &str {
    rule.id.strip_prefix(OURS).unwrap_or(&rule.id)
}

/// Rules of others that expire what this policy keeps, or that cut the time to undo short.
fn threats(wish: &ResourceWish, seen: &Document) -> Vec<Threat> {
    let (ResourceWish::Bucket(bucket), Some(live)) = (wish, seen.to::<Lifecycle>()) else { return Vec::new() };
    // An id is only a name: a rule that the policy does not want is judged by what it does, whatever it is called. One that
    // the policy wants is put right by the step itself.
    let wanted = rules_for(bucket);
    let others = live.rules.iter().enumerate().filter(|(_, rule)| rule.enabled && !wanted.iter().any(|ours| ours.id == rule.id));
    others
        .filter_map(|(at, rule)| {
            let sentence = bucket.tenants.iter().find_map(|tenant| threat_to(tenant, rule))?;
            // By place and not by id: some endpoints give no ids to rules that were written without one.
            let rest = live.rules.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, other)| other.clone()).collect();
            let without = Document::of(&Lifecycle { rules: rest, minimum_size: live.minimum_size.clone() });
            Some(Threat { name: rule.id.clone(), sentence, without, blocks: false })
        })
        .collect()
}

/// A rule of ours that no policy wants any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// Its id.
    pub id: String,
    /// The policy that it was made for.
    pub policy: String,
    /// The set that it was made for; none = the cleanup of the whole prefix.
    pub set: Option<String>,
    /// The prefix of the cleanup.
    pub prefix: Option<String>,
}

/// The rules that bear our mark, in id and shape, and that no policy wants. What only bears our name is judged as a threat.
pub fn left(bucket: &BucketWish, live: &Lifecycle) -> Vec<Left> {
    let wanted = rules_for(bucket);
    live.rules.iter().filter(|rule| wanted.iter().all(|ours| ours.id != rule.id)).filter_map(marked).collect()
}

fn marked(rule: &Rule) -> Option<Left> {
    let value = rule.id.strip_prefix(OURS)?;
    if let Some(policy) = value.strip_suffix(":cleanup").filter(|policy| !policy.contains('/')) {
        let prefix = rule.filter.prefix.clone().filter(|prefix| rule.filter == Filter::prefix(prefix));
        return prefix.map(|prefix| Left { id: rule.id.clone(), policy: policy.to_owned(), set: None, prefix: Some(prefix) });
    }
    let (policy, rest) = value.split_once('/')?;
    let (set, tier) = rest.split_once(':')?;
    let versions = tier == VERSIONS && rule.filter.tags.is_empty() && rule.expiration.is_none();
    let tagged = versions || rule.filter.prefix.is_none() && matches!(rule.filter.tags.as_slice(), [tag] if tag.key == EXPIRE_TAG && tag.value == value);
    tagged.then(|| Left { id: rule.id.clone(), policy: policy.to_owned(), set: Some(set.to_owned()), prefix: None })
}

fn threat_to(tenant: &Tenant, rule: &Rule) -> Option<String> {
    let prefix = rule.filter.prefix.as_deref().unwrap_or("");
    let overlaps = tenant.prefix.starts_with(prefix) || prefix.starts_with(&tenant.prefix);
    // A rule on another tag never meets a backup; one on our release tag meets the released ones.
    if !overlaps || rule.filter.tags.iter().any(|tag| tag.key != EXPIRE_TAG) {
        return None;
    }
    if !rule.filter.tags.is_empty() && rule.is_ours() {
        return None;
    }
    if !rule.filter.tags.is_empty() {
        return Some(format!("acts on the release tag of lifeboat, and may end the backups of `{}` before their tier does", tenant.policy));
    }
    // A rule for a folder below the policy's meets only what lies there.
    let what = if prefix.len() > tenant.prefix.len() {
        format!("what lies below {prefix} of `{}`", tenant.policy)
    } else {
        format!("every backup of `{}`", tenant.policy)
    };
    match &rule.expiration {
        Some(Expiration::Days(days)) => return Some(format!("expires {what} {days} d after it was written, released or not")),
        Some(Expiration::Date(date)) => return Some(format!("expires {what} on {date}, released or not")),
        Some(Expiration::DeleteMarker(_)) | None => {}
    }
    if let Some(step) = rule.transitions.iter().find(|step| matches!(step.class.as_str(), "GLACIER" | "DEEP_ARCHIVE")) {
        return Some(format!("moves {what} to {}, from which nothing can be read before it is thawed", step.class));
    }
    let noncurrent = rule.noncurrent.as_ref().filter(|noncurrent| noncurrent.days < tenant.keep_days)?;
    Some(format!("removes what was expired or overwritten after {} d; `{}` promises {} d to undo", noncurrent.days, tenant.policy, tenant.keep_days))
}

/// Rules that no policy wants, without those that `left` speaks of.
pub(super) fn others(wish: &ResourceWish, live: &Document) -> Vec<Part> {
    let (ResourceWish::Bucket(bucket), Some(live)) = (wish, live.to::<Lifecycle>()) else { return Vec::new() };
    let (wanted, left) = (rules_for(bucket), left(bucket, &live));
    let others = live.rules.iter().filter(|rule| wanted.iter().all(|ours| ours.id != rule.id) && left.iter().all(|left| left.id != rule.id));
    others.map(|rule| Part { kind: "lifecycle-rule", name: rule.id.clone(), words: format!("{}: {}", whose(&rule.filter), action(rule)) }).collect()
}

/// Which objects a filter means.
fn whose(filter: &Filter) -> String {
    let below = filter.prefix.as_deref().filter(|prefix| !prefix.is_empty()).map(|prefix| format!("below {prefix}"));
    let tagged = filter.tags.iter().map(|tag| format!("tagged {} = {}", tag.key, tag.value));
    let words: Vec<String> = below.into_iter().chain(tagged).collect();
    if words.is_empty() { "every object".to_owned() } else { words.join(", ") }
}

fn describe(from: &Fact<Document>, to: &Document) -> Vec<String> {
    let live = from.known().and_then(|from| from.to::<Lifecycle>()).unwrap_or_default();
    let wanted = to.to::<Lifecycle>().unwrap_or_default();
    let mut lines = Vec::new();
    for rule in &wanted.rules {
        match live.rules.iter().find(|old| old.id == rule.id) {
            None => lines.push(format!("+ {}", say(rule))),
            Some(old) if old.filter.prefix != rule.filter.prefix => lines.push(format!("~ {}{} (was: {}{})", say(rule), below(rule), action(old), below(old))),
            Some(old) if old.meaning() != rule.meaning() => lines.push(format!("~ {} (was: {})", say(rule), action(old))),
            Some(_) => {}
        }
    }
    for old in live.rules.iter().filter(|old| !wanted.rules.iter().any(|rule| rule.id == old.id)) {
        lines.push(format!("- {}", say(old)));
    }
    lines
}

fn say(rule: &Rule) -> String {
    format!("{}  {}", short_id(rule), action(rule))
}

fn below(rule: &Rule) -> String {
    format!(", below {}", rule.filter.prefix.as_deref().filter(|prefix| !prefix.is_empty()).unwrap_or("the whole bucket"))
}

fn action(rule: &Rule) -> String {
    let mut parts = Vec::new();
    match &rule.expiration {
        Some(Expiration::Days(days)) => parts.push(format!("expire after {days} d")),
        Some(Expiration::Date(date)) => parts.push(format!("expire on {date}")),
        Some(Expiration::DeleteMarker(true)) => parts.push("remove lone delete markers".to_owned()),
        Some(Expiration::DeleteMarker(false)) | None => {}
    }
    parts.extend(rule.transitions.iter().map(|step| format!("{} after {} d", step.class, step.days.unwrap_or_default())));
    if let Some(noncurrent) = &rule.noncurrent {
        parts.push(format!("undo for {} d", noncurrent.days));
    }
    if let Some(days) = rule.abort_uploads_days {
        parts.push(format!("abort uploads after {days} d"));
    }
    if !rule.enabled {
        parts.push("disabled".to_owned());
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests;
