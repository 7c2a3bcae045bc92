//! Which backups of a listing can be counted on: what a listing cannot show is asked, in few requests for each set. Writes nothing.
//!
//! The newest backup of a set is believed by its manifest alone. Of the others those are read that lack an object which the newest has, and those
//! are asked for their tags that the retention released and a rule may have ended: where S3 does its work these are few.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt as _, stream};

use super::backups::proven;
use super::catalogue::{self, Marked, Proofs};
use super::decided::Case;
use crate::catalog::backups::{Backup, State};
use crate::catalog::layout::{self, MANIFEST, id_time};
use crate::catalog::overdue::sketch;
use crate::catalog::retention::{Decision, Point, decide, tag_value};
use crate::catalog::timeline::{Forecast, World};
use crate::model::aspects::Versioning;
use crate::model::fact::Fact;
use crate::model::lifecycle::{EXPIRE_TAG, Lifecycle};
use crate::model::resource::{Observed, SeenBackup, Told};
use crate::policy::LoadedPolicy;
use crate::ports::Ports;
use crate::report::status::{live, reached, tagged};

/// How many of the newest backups of a set are read until one is whole.
const NEWEST: usize = 8;
/// How many backups of a set are read that lack what the newest has.
const ODD: usize = 16;
/// How many backups of a set are asked for their tags, the oldest first.
const TAGS: usize = 256;
/// How many sets are looked at at once.
const AT_ONCE: usize = 16;

/// A backup, by policy, set and id.
type Key = (String, String, String);

/// What was found of one set.
#[derive(Default)]
struct Found {
    told: BTreeMap<Key, Told>,
    released: BTreeMap<Key, Option<String>>,
}

/// Adds to what was listed what can be counted on: of each backup that was looked at what is known of it, and the tags that were asked for.
pub(super) async fn added(observed: &mut Observed, policies: &[LoadedPolicy], ports: &Ports, proofs: &Fact<Proofs>) {
    let now = observed.at;
    let mut looks = Vec::new();
    for policy in policies {
        let Some(backups) = observed.backups.get(&policy.name).and_then(Fact::known) else { continue };
        let world = live(&policy.policy.spec.storage.bucket, observed).ok();
        for (name, spec) in &policy.policy.spec.backups {
            let own: Vec<SeenBackup> = backups.iter().filter(|backup| backup.complete && backup.set == name.0).cloned().collect();
            looks.push(Look { ports, case: Case { policy, name, spec, proofs, now }, own, world: world.clone() }.found());
        }
    }
    let all: Vec<Found> = stream::iter(looks).buffered(AT_ONCE).collect().await;
    for found in all {
        observed.released.extend(found.released);
        for ((policy, set, id), told) in found.told {
            let Some(Fact::Known(backups)) = observed.backups.get_mut(&policy) else { continue };
            for backup in backups.iter_mut().filter(|backup| backup.set == set && backup.id == id) {
                backup.told = told.clone();
            }
        }
    }
    let reached = reached(policies, observed, now, now);
    observed.backups.extend(reached);
}

/// A look at one set.
struct Look<'a> {
    ports: &'a Ports,
    case: Case<'a>,
    /// Its backups that have a manifest, oldest first.
    own: Vec<SeenBackup>,
    /// The rules of its bucket, if they are known.
    world: Option<(Lifecycle, Option<Versioning>)>,
}

impl Look<'_> {
    fn key(&self, backup: &SeenBackup) -> Key {
        (self.case.policy.name.clone(), backup.set.clone(), backup.id.clone())
    }

    async fn found(self) -> Found {
        let mut found = Found::default();
        let mut names = None;
        let come = |backup: &&SeenBackup| id_time(&backup.id).is_some_and(|at| at <= self.case.now);
        for backup in self.own.iter().rev().filter(come).take(NEWEST) {
            let told = self.told(backup).await;
            let is_whole = told == Told::Whole;
            let is_unread = matches!(told, Told::Unread(_));
            found.told.insert(self.key(backup), told);
            if is_whole {
                names = Some(names_of(backup));
            }
            if is_whole || is_unread {
                break;
            }
        }
        if names.is_none() && !found.told.values().any(|told| matches!(told, Told::Unread(_))) {
            // Of those that were read none is whole: what was not read is nothing to rely upon.
            let why = "none of the newest that were read is whole, and this one was not read";
            for backup in self.own.iter().filter(|backup| backup.is_good()) {
                found.told.entry(self.key(backup)).or_insert_with(|| Told::Unread(why.to_owned()));
            }
        }
        if let Some(names) = names {
            self.odd(names, &mut found).await;
        }
        found.released = self.released().await;
        found
    }

    /// Reads those that lack what the newest has, or of which something was stored behind the manifest, the newest of them first. One that is whole without it, as where a database was added since,
    /// shows what those before it need.
    async fn odd(&self, newest: BTreeSet<&str>, found: &mut Found) {
        let mut patterns = vec![newest];
        let mut read = 0;
        for backup in self.own.iter().rev().filter(|backup| backup.is_good()) {
            let names = names_of(backup);
            let is_late = backup.late.keys().any(|key| !layout::is_mark(key));
            if found.told.contains_key(&self.key(backup)) || !is_late && patterns.iter().any(|pattern| pattern.is_subset(&names)) {
                continue;
            }
            read += 1;
            let told = if read > ODD {
                let odd = patterns[0].difference(&names).next().map(|lacks| format!("{lacks} is not there, which the newest has"));
                let odd = odd.unwrap_or_else(|| "something of it was stored after its manifest".to_owned());
                Told::Broken(format!("{odd}; its manifest was not read, as {ODD} such backups were"))
            } else {
                self.told(backup).await
            };
            if told == Told::Whole {
                patterns.push(names);
            }
            found.told.insert(self.key(backup), told);
        }
    }

    /// What is known of a backup by its manifest; of one that misses something by its release tag too.
    async fn told(&self, seen: &SeenBackup) -> Told {
        if let Told::Broken(why) = &seen.told {
            return Told::Broken(why.clone());
        }
        let backup = self.judged(seen, Marked::No).await;
        let backup = if backup.state == State::Partial { self.judged(seen, Marked::Last).await } else { backup };
        let why = || backup.why.clone().unwrap_or_else(|| backup.state.as_str().to_owned());
        match backup.state {
            State::Complete => Told::Whole,
            State::Expiring => Told::Expiring,
            State::Unknown => Told::Unread(why()),
            State::Running | State::Abandoned | State::Partial | State::Orphaned | State::Refused => Told::Broken(why()),
        }
    }

    async fn judged(&self, seen: &SeenBackup, marked: Marked) -> Backup {
        catalogue::looked(self.ports, self.case.policy, seen.clone(), marked, self.case.now).await
    }

    /// The release tags of backups that a rule may have ended.
    async fn released(&self) -> BTreeMap<Key, Option<String>> {
        let Case { policy, name, proofs, .. } = self.case;
        let Some((rules, versioning)) = &self.world else { return BTreeMap::new() };
        let points: Vec<Point> = self.own.iter().map(|seen| sketch(seen, &proven(proofs, policy, seen), &self.case.zone())).collect();
        let world = World::of(rules, *versioning, self.case.now);
        let forecast = Forecast::new(&world);
        let is_over = |(seen, decision): &(&SeenBackup, Decision)| match decision {
            Decision::Release(tier) => {
                let tag = tag_value(&policy.name, &name.0, tier.as_str());
                !tagged(&forecast, world.keeping, seen, Some(&tag)).is_restorable_at(self.case.now)
            }
            Decision::Keep(_) | Decision::Leave(_) => false,
        };
        let decisions = decide(&points, &self.case.terms());
        let over: Vec<&SeenBackup> = self.own.iter().zip(decisions).filter(is_over).map(|(seen, _)| seen).take(TAGS).collect();
        let storage = &policy.policy.spec.storage;
        let ask = async |seen: &SeenBackup| {
            let key = format!("{}{MANIFEST}", layout::folder(&storage.prefix, &seen.set, &seen.id));
            let tags = self.ports.objects.tags(&storage.bucket, &key, None).await.ok()?;
            Some((self.key(seen), tags.get(EXPIRE_TAG).cloned()))
        };
        let asked: Vec<_> = over.into_iter().map(ask).collect();
        stream::iter(asked).buffered(AT_ONCE).filter_map(async |answer| answer).collect().await
    }
}

/// What lies in the folder of a backup besides its marks. Of an object that was stored in several only the first counts: how many there are is its size.
fn names_of(backup: &SeenBackup) -> BTreeSet<&str> {
    let is_first = |name: &&str| name.rsplit('.').next().is_none_or(|end| end.parse::<u32>().is_err());
    backup.keys.keys().filter(|key| !layout::is_mark(key)).filter_map(|key| key.rsplit('/').next()).filter(is_first).collect()
}
