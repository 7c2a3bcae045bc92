//! What brings a moment of a set that lifeboat takes back: backups are whole copies, each of one moment. Writes nothing.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};

use super::super::catalogue::{self, Marked, Proofs};
use super::super::{OpError, Prepared, backups, causes, evidence};
use super::{Question, asked, bucket_options, rules, unruled};
use crate::catalog::backups::{Backup, State};
use crate::catalog::ending;
use crate::catalog::timeline::Version;
use crate::evidence::Checked;
use crate::model::fact::{Fact, Why};
use crate::model::lifecycle::Tag;
use crate::model::policy::{BackupSet, Name};
use crate::model::resource::Identity;
use crate::policy::LoadedPolicy;
use crate::ports::{Head, Kind, PortError, Ports};
use crate::report::serving::{self, Hidden, Rate};
use crate::report::sound;
use crate::restore::thaw::{self, Thaw};
use crate::view::serving::{CommandView, EndsView, EstimateView, ExpiredView, NeededView, Neighbour, ServingBackup, ServingView, kept, local, moment, quoted};

/// For how long a backup that was brought back is held: long enough to restore it.
const HELD: i64 = 7 * 24;
/// Expired backups that are named.
const NAMED: usize = 3;

/// What brings a moment back.
pub(super) async fn answer(question: &Question<'_>, wish: &BackupSet, prepared: &Prepared, identity: &Identity) -> Result<ServingView, OpError> {
    let (ports, policy, set) = (question.ports, question.policy, question.set);
    let (records, doubt) = records(prepared, ports, identity).await;
    let proofs = match &records {
        Ok(chains) => Fact::Known(catalogue::said(chains)),
        Err(why) => Fact::Unknown(Why::Unreachable(why.clone())),
    };
    let shelf = catalogue::shelf(ports, policy, Some(set), catalogue::Asking::plainly(&proofs, Marked::No)).await?;
    let at = asked(question.when, shelf.now, &wish.schedule.timezone)?;
    let mut asking = Asking { ports, policy, set, proofs: &proofs, notes: shelf.clock.into_iter().chain(doubt).collect(), unread: 0, failed: Vec::new() };
    let chosen = asking.choose(&shelf.backups, at).await;
    let ends = match &chosen {
        Some(chosen) => asking.ends(question, chosen, shelf.now).await,
        None => None,
    };
    let hidden = asking.hidden(chosen.as_ref().map(|(when, ..)| *when), at).await;
    let sound: Vec<_> = records.iter().flatten().flat_map(sound).collect();
    let rate = serving::rate(&sound, &policy.name, &set.0);
    let (options, bucket_options) = (question.options.clone(), bucket_options(question));
    let answer = Answer { options, bucket_options, revision: question.revision, now: shelf.now, at, backups: &shelf.backups, hidden, rate, ends };
    let mut view = answer.view(asking, chosen);
    let storage = &policy.policy.spec.storage;
    view.reading = view.backup.as_ref().map(|backup| backup.reading(question.prices, (&storage.region, storage.endpoint.as_deref()), shelf.now));
    Ok(view)
}

/// The chains of evidence; those of this identity alone where it may read no others, which is said.
async fn records(prepared: &Prepared, ports: &Ports, identity: &Identity) -> (Result<Vec<Checked>, String>, Option<String>) {
    let Some(place) = evidence::configured(prepared) else { return (Ok(Vec::new()), None) };
    let keys = match evidence::trusted(prepared, place) {
        Ok(keys) => keys,
        Err(error) => return (Err(causes(&error)), Some(format!("what drills proved is not known: {}", causes(&error)))),
    };
    match evidence::checked(ports, place, &keys, None, &[]).await {
        Ok(chains) => (Ok(chains), None),
        Err(error) => match evidence::checked(ports, place, &keys, Some(identity.short()), &[]).await {
            Ok(own) => (Ok(own), Some(format!("of the evidence only the records of {} could be read", identity.short()))),
            Err(_) => (Err(causes(&error)), Some(format!("what drills proved is not known: {}", causes(&error)))),
        },
    }
}

/// A backup with how its objects lie.
type Chosen<'a> = (Timestamp, &'a Backup, Vec<(String, u64, Result<Head, PortError>)>);

struct Asking<'a> {
    ports: &'a Ports,
    policy: &'a LoadedPolicy,
    set: &'a Name,
    proofs: &'a Fact<Proofs>,
    notes: Vec<String>,
    /// Backups that could not be read, and listings.
    unread: usize,
    /// Those that were passed over because a drill found that they cannot be relied upon, the nearest first.
    failed: Vec<String>,
}

impl Asking<'_> {
    fn bucket(&self) -> &str {
        &self.policy.policy.spec.storage.bucket
    }

    /// The time zone of the set's schedule.
    fn zone(&self) -> Option<&str> {
        self.policy.policy.spec.backups.get(self.set).map(|set| set.schedule.timezone.as_str())
    }

    async fn head(&self, key: &str) -> Result<Head, PortError> {
        self.ports.objects.head(self.bucket(), key).await
    }

    /// The nearest backup that can be counted on. One whose manifest cannot be read counts when it is only frozen.
    async fn choose<'b>(&mut self, backups: &'b [Backup], at: Timestamp) -> Option<Chosen<'b>> {
        for (when, backup) in serving::nearest(backups, &self.set.0, at) {
            let id = &backup.seen.id;
            if backups::proven(self.proofs, self.policy, &backup.seen).failed {
                self.notes.push(format!("{id} is nearer and passed over: its last drill found that it cannot be relied upon"));
                self.failed.push(id.clone());
                continue;
            }
            if backup.state == State::Unknown && !self.is_frozen(backup).await {
                let why = backup.why.as_deref().unwrap_or("its manifest could not be read");
                self.notes.push(format!("{id} is nearer and could not be read: {why}"));
                self.unread += 1;
                continue;
            }
            let asking = &*self;
            let heads = serving::needed(backup).map(|(key, bytes)| async move { (key.clone(), bytes, asking.head(key).await) });
            let heads = join_all(heads).await;
            if let Some((key, ..)) = heads.iter().find(|(.., head)| matches!(head, Err(error) if error.kind == Kind::Missing)) {
                self.notes.push(format!("{id} is nearer and passed over: {key} is gone since it was listed"));
                continue;
            }
            return Some((when, backup, heads));
        }
        None
    }

    async fn is_frozen(&self, backup: &Backup) -> bool {
        let Some(manifest) = serving::manifest(backup) else { return false };
        self.head(manifest).await.is_ok_and(|head| matches!(thaw::lies(&head).1, Thaw::Needed | Thaw::UnderWay))
    }

    /// The rule of the bucket that ends a backup first. Where AWS's own word of each object says so too, that stands beside it.
    async fn ends(&mut self, question: &Question<'_>, (_, backup, heads): &Chosen<'_>, now: Timestamp) -> Option<EndsView> {
        let (rules, versioning) = rules(question).await;
        if question.endpoint.is_some() || heads.iter().any(|(.., head)| head.is_err()) {
            self.notes.extend(unruled(&rules));
        }
        let rules = rules.known()?;
        let asking = &*self;
        let ask = |key: String| async move { (asking.ports.objects.tags(asking.bucket(), &key, None).await, key) };
        let answers = join_all(heads.iter().map(|(key, ..)| ask(key.clone()))).await;
        if let Some(error) = answers.iter().find_map(|(tags, _)| tags.as_ref().err()) {
            self.notes.push(format!("whether a rule of the bucket is about to end it is not known: {}", causes(error)));
        }
        let as_tag = |(key, value): (&String, &String)| Tag { key: key.clone(), value: value.clone() };
        let tagged: Vec<(&String, Vec<Tag>)> = answers.iter().map(|(tags, key)| (key, tags.iter().flatten().map(as_tag).collect())).collect();
        let bytes = |key: &String| backup.seen.keys.get(key).copied().unwrap_or(0);
        let versions: Vec<_> = tagged.iter().map(|(key, tags)| Version { tags, ..Version::plain(key, bytes(key), backup.seen.oldest) }).collect();
        ending::first(&versions, (rules, versioning), now).map(|ending| EndsView::of(&ending))
    }

    /// What expired and is nearer than what serves.
    async fn hidden(&mut self, from: Option<Timestamp>, at: Timestamp) -> Vec<Hidden> {
        let below = format!("{}{}/", self.policy.policy.spec.storage.prefix, self.set);
        match self.ports.objects.versions(self.bucket(), &below).await {
            Ok(versions) => {
                let (whole, part): (Vec<_>, Vec<_>) = serving::hidden(&versions, &below, from, at).into_iter().partition(|hidden| hidden.whole);
                self.notes.extend(part.iter().map(|hidden| format!("{} expired, and a part of it is gone for good", hidden.id)));
                whole
            }
            Err(error) => {
                self.notes.push(format!("whether an expired backup could be brought back is not known: {error}"));
                self.unread += 1;
                Vec::new()
            }
        }
    }
}

/// What the answer is made from.
struct Answer<'a> {
    options: String,
    /// Where the bucket is, as options of the AWS CLI.
    bucket_options: String,
    revision: &'a str,
    now: Timestamp,
    at: Timestamp,
    backups: &'a [Backup],
    hidden: Vec<Hidden>,
    rate: Option<Rate>,
    ends: Option<EndsView>,
}

impl Answer<'_> {
    fn view(self, asking: Asking<'_>, chosen: Option<Chosen<'_>>) -> ServingView {
        let set = format!("{}/{}", asking.policy.name, asking.set);
        let neighbour = |(when, backup): (Timestamp, &Backup)| Neighbour { id: backup.seen.id.clone(), snapshot_at: moment(when) };
        let older = serving::nearest(self.backups, &asking.set.0, self.at).into_iter();
        let older = older.filter(|(when, backup)| backup.state == State::Complete && chosen.as_ref().is_some_and(|(than, ..)| when < than));
        let before = older.filter(|(_, backup)| !backups::proven(asking.proofs, asking.policy, &backup.seen).failed).map(neighbour).next();
        let after = serving::following(self.backups, &asking.set.0, self.at).map(neighbour);
        let until = self.now.checked_add(SignedDuration::from_hours(HELD)).unwrap_or(self.now).strftime("%Y-%m-%d").to_string();
        let expired: Vec<ExpiredView> = self.hidden.iter().map(|hidden| ExpiredView::of(hidden, &set, &until, &self.options)).collect();
        let backup = chosen.map(|(when, backup, heads)| self.backup(&asking, when, backup, heads));
        let verdict = match &backup {
            Some(backup) if backup.doubt.is_some() => "unknown",
            Some(backup) if backup.is_frozen() => "thaw",
            Some(_) => "ready",
            None if !expired.is_empty() => "undelete",
            None if asking.unread > 0 => "unknown",
            None => "impossible",
        };
        ServingView {
            format: "lifeboat.explain-restore/1".to_owned(),
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            revision: self.revision.to_owned(),
            policy: asking.policy.name.clone(),
            set: asking.set.0.clone(),
            at: moment(self.at),
            at_local: asking.zone().and_then(|zone| local(self.at, zone)),
            now: moment(self.now),
            verdict: verdict.to_owned(),
            before,
            after,
            estimate: self.rate.as_ref().zip(backup.as_ref()).map(|(rate, backup)| EstimateView::of(rate, backup.bytes)),
            reading: None,
            rto_limit_seconds: asking.policy.policy.spec.objectives.rto.as_secs(),
            commands: self.commands(&set, backup.as_ref(), &expired, &until),
            notes: asking.notes,
            failed: asking.failed,
            pitr: None,
            expired: expired.into_iter().take(NAMED).collect(),
            backup,
        }
    }

    fn backup(&self, asking: &Asking<'_>, when: Timestamp, backup: &Backup, heads: Vec<(String, u64, Result<Head, PortError>)>) -> ServingBackup {
        let expiry = heads.iter().find_map(|(.., head)| head.as_ref().ok()?.expiry.clone());
        let lies = |head: &Result<Head, PortError>| head.as_ref().ok().map(thaw::lies);
        let takes = heads.iter().filter_map(|(.., head)| lies(head)?.2).max();
        let object = |(key, bytes, head): &(String, u64, Result<Head, PortError>)| {
            let lies = lies(head);
            NeededView {
                key: key.clone(),
                bytes: *bytes,
                class: lies.as_ref().map(|(class, ..)| class.clone()),
                thaw: lies.map(|(_, thaw, _)| thaw.as_str().to_owned()),
            }
        };
        ServingBackup {
            id: backup.seen.id.clone(),
            snapshot_at: moment(when),
            lost_seconds: u64::try_from(self.at.as_second() - when.as_second()).unwrap_or(0),
            verified_at: backups::proven(asking.proofs, asking.policy, &backup.seen).verified.map(moment),
            databases: backup.facts.as_ref().map(|facts| facts.databases.clone()).unwrap_or_default(),
            bytes: heads.iter().map(|(_, bytes, _)| *bytes).fold(0, u64::saturating_add),
            objects: heads.iter().map(object).collect(),
            thaw_seconds: takes.map(crate::model::units::Span::as_secs),
            expiry,
            ends: self.ends.clone(),
            doubt: heads.iter().find_map(|(key, _, head)| Some(format!("S3 did not say how {key} lies: {}", head.as_ref().err()?))),
        }
    }

    fn commands(&self, set: &str, backup: Option<&ServingBackup>, expired: &[ExpiredView], until: &str) -> Vec<CommandView> {
        let command = |what: &str, line: String| CommandView { what: what.to_owned(), line };
        let restore = |id: &str, database: Option<&String>| {
            let database = database.map_or_else(String::new, |name| format!(" --database {}", quoted(name)));
            format!("lifeboat{} restore {set} --backup {id}{database} --into env:TARGET_URL", self.options)
        };
        let target = || command("an empty database", "export TARGET_URL=postgresql://ADMIN@HOST/DATABASE".to_owned());
        match (backup, expired.first()) {
            (Some(backup), _) => {
                let hold = || command("keep it until it is restored", kept("hold", set, &backup.id, until, &self.options));
                let is_held = backup.ends.as_ref().is_some_and(|ends| ends.heeds_hold) || (backup.ends.is_none() && backup.expiry.is_some());
                let mut out: Vec<CommandView> = is_held.then(hold).into_iter().collect();
                out.extend(backup.thawing(&self.bucket_options));
                out.push(target());
                let several: BTreeSet<&String> = backup.databases.iter().filter(|_| backup.databases.len() > 1).collect();
                out.extend(several.iter().map(|name| command(name, restore(&backup.id, Some(name)))));
                if several.is_empty() {
                    out.push(command("restore", restore(&backup.id, None)));
                }
                out
            }
            (None, Some(expired)) => {
                vec![command("bring it back", expired.command.clone()), target(), command("restore", restore(&expired.id, None))]
            }
            (None, None) => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
