//! The repositories of other engines as the rules need them: those of physical sets, and those that were only found.

use super::schedule;
use crate::model::finding::Finding;
use crate::model::lifecycle::{Expiration, Rule};
use crate::model::policy::{Name, PhysicalEngine, PhysicalSet, RepositoryPlace};
use crate::model::resource::Observed;
use crate::model::units::Span;
use crate::policy::LoadedPolicy;

/// A repository, and the set that names it.
pub(super) struct Repository<'a> {
    pub(super) place: RepositoryPlace,
    pub(super) set: Option<(&'a Name, &'a PhysicalSet)>,
}

/// Those of the policy's sets, then those that lie there and that no set names.
pub(super) fn of<'a>(policy: &'a LoadedPolicy, observed: &Observed) -> Vec<Repository<'a>> {
    let spec = &policy.policy.spec;
    let named = spec.backups.physical.iter().map(|(name, set)| Repository { place: RepositoryPlace::of(&spec.storage.prefix, set), set: Some((name, set)) });
    let mut out: Vec<Repository<'a>> = named.collect();
    for stored in observed.stored.get(&policy.name).into_iter().flatten() {
        if out.iter().all(|known| known.place != stored.place) {
            out.push(Repository { place: stored.place.clone(), set: None });
        }
    }
    out
}

impl Repository<'_> {
    /// Its name in a sentence.
    pub(super) fn says(&self) -> String {
        let engine = self.place.engine.as_str();
        match self.set {
            Some((name, _)) => format!("the {engine} repository of `{name}`"),
            None => format!("the {engine} repository below {}, which no set names,", self.place.base),
        }
    }

    /// The finding with the place that its author should look at.
    pub(super) fn mark(&self, policy: &LoadedPolicy, finding: Finding) -> Finding {
        match self.set {
            Some((name, _)) => policy.mark(finding, &format!("/spec/backups/{name}/prefix"), "this repository"),
            None => policy.mark(finding, "/spec/storage/prefix", "it lies below this"),
        }
    }

    /// Days for which its chains are needed: the window, and the longest wait between two full backups before it. None = only its engine knows.
    pub(super) fn chain_days(&self) -> Option<i32> {
        let (_, set) = self.set?;
        let (_, full) = set.schedule.as_ref()?.each().next()?;
        let wait = schedule::longest_wait(&full)?;
        let seconds = set.window?.as_secs().saturating_add(wait).saturating_add(set.max_duration.as_secs());
        i32::try_from(Span::seconds(seconds).days_rounded_up()).ok()
    }

    /// Whether keys that are written once, and needed for as long as anything is, begin with a prefix: lists of backups, histories of timelines,
    /// sentinels.
    pub(super) fn has_metadata(&self, prefix: &str) -> bool {
        let (backups, wal) = (self.place.backups(), self.place.wal());
        let once: Vec<String> = match self.place.engine {
            PhysicalEngine::Pgbackrest => vec![format!("{backups}backup.info"), format!("{wal}archive.info")],
            PhysicalEngine::BarmanCloud => Vec::new(),
            PhysicalEngine::WalG => vec![format!("{backups}base_")],
        };
        // A history is right in the archive, named by eight digits; pgBackRest has it in a folder by version.
        let history = prefix.strip_prefix(&wal).map(|rest| match self.place.engine {
            PhysicalEngine::Pgbackrest => rest.split_once('/').map_or("", |(_, rest)| rest),
            PhysicalEngine::BarmanCloud | PhysicalEngine::WalG => rest,
        });
        once.iter().any(|key| key.starts_with(prefix)) || wal.starts_with(prefix) || history.is_some_and(|rest| rest.len() <= 8)
    }
}

/// Whether a rule acts on objects below a prefix that bear no tag.
pub(super) fn meets(rule: &Rule, prefix: &str) -> bool {
    let of_rule = rule.filter.prefix.as_deref().unwrap_or("");
    rule.enabled && rule.filter.tags.is_empty() && (prefix.starts_with(of_rule) || of_rule.starts_with(prefix))
}

/// After how many days a rule expires objects by age, or 0 where it does on a date; and in words.
pub(super) fn expires(rule: &Rule) -> Option<(i32, String)> {
    match &rule.expiration {
        Some(Expiration::Days(days)) => Some((*days, format!("expires objects {days} d after they were written"))),
        Some(Expiration::Date(date)) => Some((0, format!("expires all objects on {date}"))),
        Some(Expiration::DeleteMarker(_)) | None => None,
    }
}

/// Whether a rule acts on every object below a prefix that bears no tag.
pub(super) fn covers(rule: &Rule, prefix: &str) -> bool {
    meets(rule, prefix) && rule.filter.larger_than.is_none() && rule.filter.smaller_than.is_none() && rule.filter.covers(prefix)
}

/// The archive classes that a rule moves objects to.
pub(super) fn archives(rule: &Rule) -> impl Iterator<Item = &str> {
    let class = rule.transitions.iter().map(|step| step.class.as_str());
    class.filter(|class| matches!(*class, "GLACIER" | "DEEP_ARCHIVE"))
}
