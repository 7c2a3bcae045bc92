//! What changed rules mean for the repositories of other engines: backups that go with what they build on or with their WAL, and the
//! stretches of which any moment can be restored. Pure.
//!
//! It must never call what its engine could not be asked about "nothing": what is not known is said, and holds the step.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::compare::{Gone, Scale, Sides, ends_before};
use super::{Effect, due, elsewhere, thawing, undo};
use crate::catalog::physical::{self, Listed, Part, Physical, Repository, Segment, State};
use crate::catalog::timeline::{self, Standing, Undo, Version};
use crate::model::fact::Fact;
use crate::model::resource::{BucketWish, Observed, SeenBackup, SeenObject, SeenRepository, Tenant};
use crate::model::units::{Span, bytes, elapsed, plural};

/// Backups that are named; the rest is counted.
const NAMED: usize = 3;

/// When something ends by either side, and whether that can be undone.
#[derive(Clone, Copy, Debug)]
struct End {
    before: Option<Timestamp>,
    after: Option<Timestamp>,
    /// When it ends by the second side, also where that is over.
    nominal: Option<Timestamp>,
    undo: Undo,
    /// From when on it must be thawed where it did not, and for how long.
    thaw: Option<(Timestamp, Span)>,
}

impl End {
    const NEVER: Self = Self { before: None, after: None, nominal: None, undo: Undo::Always, thaw: None };

    /// The end of what needs both.
    fn with(self, other: Self) -> Self {
        let earliest = |a: Option<Timestamp>, b: Option<Timestamp>| a.into_iter().chain(b).min();
        let thaw = match (self.thaw, other.thaw) {
            (Some((at, takes)), Some((other, longer))) => Some((at.min(other), takes.max(longer))),
            (one, None) | (None, one) => one,
        };
        Self {
            before: earliest(self.before, other.before),
            after: earliest(self.after, other.after),
            nominal: earliest(self.nominal, other.nominal),
            undo: self.undo.min(other.undo),
            thaw,
        }
    }

    /// Whether it ends earlier than promised.
    fn goes(&self) -> bool {
        earlier(self.after, self.before)
    }

    fn stays_longer(&self) -> bool {
        earlier(self.before, self.after)
    }
}

fn earlier(one: Option<Timestamp>, other: Option<Timestamp>) -> bool {
    one.is_some_and(|one| other.is_none_or(|other| one < other))
}

/// What one or both sides do to the objects of a repository.
#[derive(Default)]
struct Ends<'a> {
    backups: BTreeMap<&'a str, End>,
    sizes: BTreeMap<&'a str, u64>,
    wal: BTreeMap<Segment, End>,
    /// Of the lists without which nothing is found.
    lists: Option<End>,
    /// Objects that go earlier than promised.
    going: Vec<&'a SeenObject>,
    /// Bytes of WAL that goes.
    wal_bytes: u64,
    /// From when on each object must be thawed that did not, and for how long.
    frozen: Vec<(Timestamp, Span)>,
}

impl<'a> Ends<'a> {
    fn of(scale: &Scale<'_>, repository: &'a SeenRepository) -> Self {
        let objects = &repository.objects;
        let versions: Vec<Version<'_>> = objects.iter().map(|object| timeline::of_object(object, scale.keeping)).collect();
        let standings = |forecast: &crate::catalog::timeline::Forecast<'_>| forecast.standings(versions.chunks(1));
        let (before, after, nominal) = (standings(&scale.before), standings(&scale.after), standings(&scale.nominal));
        let mut out = Self::default();
        for ((((object, version), before), after), nominal) in objects.iter().zip(versions.chunks(1)).zip(&before).zip(&after).zip(&nominal) {
            let thaw = scale.thaw(version, after).map(|thaw| (thaw.from, thaw.takes));
            out.add(repository, object, before, End { nominal: nominal.restorable_until, thaw, ..end(before, after) }, after);
        }
        out
    }

    fn add(&mut self, repository: &'a SeenRepository, object: &'a SeenObject, before: &Standing, end: End, after: &Standing) {
        let goes = ends_before(after, before);
        if goes {
            self.going.push(object);
        }
        self.frozen.extend(end.thaw);
        match physical::part(&repository.place, &object.key) {
            Part::Backup(id) => {
                *self.sizes.entry(id).or_default() += object.bytes;
                let so_far = self.backups.entry(id).or_insert(End::NEVER);
                *so_far = so_far.with(end);
            }
            Part::Wal(segment) => {
                self.wal.insert(segment, end);
                self.wal_bytes += if goes { object.bytes } else { 0 };
            }
            Part::List => self.lists = Some(self.lists.map_or(end, |lists| lists.with(end))),
            Part::Other => {}
        }
    }

    fn touched(&self) -> bool {
        !self.going.is_empty() || !self.frozen.is_empty() || self.backups.values().chain(self.wal.values()).any(End::stays_longer)
    }

    /// The end of each complete backup: that of its objects, of its WAL, of what it builds on, and of the lists.
    fn of_chains(&self, found: &Repository) -> BTreeMap<String, End> {
        let mut out: BTreeMap<String, End> = BTreeMap::new();
        // Oldest first: what others build on has its end before they do.
        for backup in complete(found) {
            let own = self.backups.get(backup.id.as_str()).copied().unwrap_or(End::NEVER);
            let prior = backup.prior.as_ref().and_then(|prior| out.get(prior)).copied().unwrap_or(End::NEVER);
            let end = own.with(prior).with(self.of_wal(backup)).with(self.lists.unwrap_or(End::NEVER));
            out.insert(backup.id.clone(), end);
        }
        out
    }

    /// The end of the WAL without which a backup is nothing.
    fn of_wal(&self, backup: &Physical) -> End {
        let Some((first, last)) = backup.wal.filter(|(first, last)| first <= last) else { return End::NEVER };
        self.wal.range(first..=last).fold(End::NEVER, |so_far, (_, end)| so_far.with(*end))
    }

    /// Why a backup goes that could stay by its own objects.
    fn why(&self, backup: &Physical, ends: &BTreeMap<String, End>) -> Option<Lost> {
        if self.backups.get(backup.id.as_str()).is_some_and(End::goes) {
            return None;
        }
        let base = backup.prior.as_ref().and_then(|prior| ends.get(prior)).is_some_and(End::goes);
        match (self.of_wal(backup).goes(), base) {
            (true, _) => Some(Lost::Wal),
            (false, true) => Some(Lost::Base),
            (false, false) => Some(Lost::List),
        }
    }
}

/// What a backup goes with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lost {
    Base,
    Wal,
    List,
}

fn end(before: &Standing, after: &Standing) -> End {
    End { before: before.restorable_until, after: after.restorable_until, undo: after.undo, ..End::NEVER }
}

fn complete(found: &Repository) -> impl Iterator<Item = &Physical> {
    found.backups.iter().filter(|backup| backup.state == State::Complete)
}

/// What a repository is called: by its set, else by where it lies.
pub(super) fn says(tenant: &Tenant, repository: &SeenRepository) -> String {
    let (engine, base) = (repository.place.engine.as_str(), &repository.place.base);
    let mut sets = tenant.repositories.iter().filter(|(_, prefix)| prefix == base);
    match (sets.next(), sets.next()) {
        (Some((set, _)), None) => format!("`{set}`"),
        _ if repository.place.name.is_empty() => format!("the {engine} repository below {base}"),
        _ => format!("the {engine} repository `{}` below {base}", repository.place.name),
    }
}

/// What its engine says of it, judged with the objects that are left.
///
/// # Errors
/// Why that is not known.
fn judged(repository: &SeenRepository, stays: impl Fn(&SeenObject) -> bool) -> Result<Repository, String> {
    let metadata = match &repository.metadata {
        Fact::Known(metadata) => metadata,
        Fact::Absent => &Vec::new(),
        Fact::Unknown(why) => return Err(why.to_string()),
    };
    let left: Vec<Listed<'_>> =
        repository.objects.iter().filter(|object| stays(object)).map(|object| (object.key.as_str(), object.bytes, object.written)).collect();
    let known: BTreeSet<&str> = left.iter().map(|(key, ..)| *key).collect();
    let metadata: Vec<physical::Metadata> = metadata.iter().filter(|(key, _)| known.contains(key.as_str())).cloned().collect();
    let found = physical::read(&repository.place, &left, &metadata);
    match found.unknown {
        Some(why) => Err(why),
        None => Ok(found),
    }
}

/// What two sets of rules mean for the repositories of a tenant.
pub(super) fn of_rules(bucket: &BucketWish, tenant: &Tenant, sides: Sides<'_>, observed: &Observed) -> Vec<Effect> {
    let Some(stored) = observed.stored.get(&tenant.policy).filter(|stored| !stored.is_empty()) else { return Vec::new() };
    let scale = Scale::of(bucket, sides, observed);
    stored.iter().flat_map(|repository| One { bucket, tenant, repository, observed }.effects(&scale)).collect()
}

struct One<'a> {
    bucket: &'a BucketWish,
    tenant: &'a Tenant,
    repository: &'a SeenRepository,
    observed: &'a Observed,
}

impl One<'_> {
    fn effects(&self, scale: &Scale<'_>) -> Vec<Effect> {
        let ends = Ends::of(scale, self.repository);
        if !ends.touched() {
            return Vec::new();
        }
        let says = says(self.tenant, self.repository);
        let found = match judged(self.repository, |_| true) {
            Ok(found) => found,
            Err(why) => return self.unread(&ends, &says, &why),
        };
        let chains = ends.of_chains(&found);
        let mut out: Vec<Effect> = self.losing(&ends, &found, &chains, &says).into_iter().collect();
        out.extend(self.untold(&ends, &found, &says));
        let longer = chains.values().filter(|end| end.stays_longer()).count();
        if longer > 0 {
            let sentence = format!("{} of {says} would be kept longer than now", plural(longer as u64, "backup"));
            out.push(Effect::said(&self.tenant.policy, sentence));
        }
        out.extend(self.thawing(&ends, Some(&chains), &says));
        out
    }

    /// What can be said of a repository that cannot be read: what goes and what must be thawed, by objects.
    fn unread(&self, ends: &Ends<'_>, says: &str, why: &str) -> Vec<Effect> {
        let going = (!ends.going.is_empty()).then(|| {
            let objects = plural(ends.going.len() as u64, "object");
            let sentence = format!("which backups of {says} go cannot be said, and {objects} of it would go earlier than promised: {why}");
            Effect::unsaid(&self.tenant.policy, sentence)
        });
        going.into_iter().chain(self.thawing(ends, None, says)).collect()
    }

    /// That backups whose metadata could not be read may go with what goes: by their own objects, or by WAL or a backup that they need.
    fn untold(&self, ends: &Ends<'_>, found: &Repository, says: &str) -> Option<Effect> {
        let mut untold = found.backups.iter().filter(|backup| backup.state == State::Unknown);
        let first = untold.next().filter(|_| !ends.going.is_empty())?;
        let (goes, more) = (ends.backups.get(first.id.as_str()).is_some_and(End::goes), untold.count());
        let others = if more == 0 { String::new() } else { format!(" and {more} more") };
        let words = if goes { "goes earlier than promised, and what is lost with it" } else { "goes with that" };
        let whether = if goes { "" } else { "whether " };
        let why = first.why.as_deref().unwrap_or("it could not be read");
        let sentence = format!("{whether}{}{others} of {says} {words} cannot be said: {why}", first.id);
        Some(Effect::unsaid(&self.tenant.policy, sentence))
    }

    /// What must be thawed: by backups and WAL where `chains` tells them, else by objects.
    fn thawing(&self, ends: &Ends<'_>, chains: Option<&BTreeMap<String, End>>, says: &str) -> Option<Effect> {
        let (from, takes) = ends.frozen.iter().copied().reduce(|(at, takes), (other, longer)| (at.min(other), takes.max(longer)))?;
        let frozen = |ends: &mut dyn Iterator<Item = &End>| ends.filter(|end| end.thaw.is_some()).count();
        let told = chains.map(|chains| counted(frozen(&mut chains.values()), frozen(&mut ends.wal.values())));
        let what = told.filter(|told| !told.is_empty()).unwrap_or_else(|| plural(ends.frozen.len() as u64, "object"));
        Some(thawing(self.tenant, from, &format!("{what} of {says}"), takes))
    }

    fn losing(&self, ends: &Ends<'_>, found: &Repository, chains: &BTreeMap<String, End>, says: &str) -> Option<Effect> {
        let mut gone: Vec<(&Physical, Timestamp)> =
            complete(found).filter_map(|backup| chains.get(&backup.id).filter(|end| end.goes()).and_then(|end| Some((backup, end.nominal?)))).collect();
        gone.sort_by_key(|(backup, until)| (*until, &backup.id));
        let wal: Vec<&End> = ends.wal.values().filter(|end| end.goes()).collect();
        let first = gone.iter().map(|(_, until)| *until).chain(wal.iter().filter_map(|end| end.nominal)).min()?;
        let ids: BTreeSet<&str> = gone.iter().map(|(backup, _)| backup.id.as_str()).collect();
        let stays = |object: &SeenObject| match physical::part(&self.repository.place, &object.key) {
            Part::Backup(id) => !ids.contains(id),
            Part::Wal(segment) => !ends.wal.get(&segment).is_some_and(End::goes),
            Part::List | Part::Other => true,
        };
        let size = ids.iter().filter_map(|id| ends.sizes.get(id)).sum::<u64>() + ends.wal_bytes;
        let from = due(first, self.observed.at);
        let what = format!("{} of {says} ({}) would go earlier than promised, the first {from}", counted(gone.len(), wal.len()), bytes(size));
        let loss = |sentence: String| Effect { points: gone.len(), bytes: size, first: Some(first), ..Effect::said(&self.tenant.policy, sentence) };
        let left = match judged(self.repository, stays) {
            _ if ids.len() == complete(found).count() => Vec::new(),
            Ok(left) => left.windows,
            Err(why) => return Some(Effect { unsaid: true, ..loss(format!("{what}, and what could be restored then cannot be said: {why}")) }),
        };
        let (back, stay) = self.ways_back(ends, first, chains);
        let with = with(&gone, ends, chains);
        let reach = reach(&found.windows, &left);
        let sentence = format!("{what}{with}{reach}; {}{stay}", back.0);
        let name = |(backup, until): &(&Physical, Timestamp)| format!("{}/{} on {}", says.trim_matches('`'), backup.id, until.strftime("%Y-%m-%d"));
        Some(Effect {
            oldest: found.windows.first().map(|window| window.0),
            oldest_left: left.first().map(|window| window.0),
            undo: Some(back.1),
            named: gone.iter().take(NAMED).map(name).collect(),
            window_seconds: Some(length(&found.windows).saturating_sub(length(&left))),
            ..loss(sentence)
        })
    }

    /// The way back for the worst of what goes, and what is left of it elsewhere.
    fn ways_back(&self, ends: &Ends<'_>, until: Timestamp, chains: &BTreeMap<String, End>) -> ((String, String), String) {
        let worst = ends.wal.values().chain(chains.values()).filter(|end| end.goes()).map(|end| end.undo).min().unwrap_or(Undo::Always);
        let as_one = |written: Option<Timestamp>| self.as_one(ends, written.unwrap_or(until));
        let written = || ends.going.iter().map(|object| object.written);
        let (newest, oldest) = (as_one(written().max()), as_one(written().min()));
        let gone = |backup| [Gone { backup, until, undo: worst, sure: true }];
        let locked = elsewhere::locked(self.bucket, &gone(&newest), self.observed);
        let copied = elsewhere::copied(self.bucket, self.tenant, &gone(&oldest), self.observed);
        (undo(self.bucket, &gone(&oldest), self.observed), [locked, copied].into_iter().flatten().collect())
    }

    /// All that goes, as what the words about locks and copies are asked about.
    fn as_one(&self, ends: &Ends<'_>, written: Timestamp) -> SeenBackup {
        SeenBackup {
            set: self.repository.place.name.clone(),
            id: String::new(),
            complete: true,
            told: crate::model::resource::Told::Listed,
            bytes: 0,
            oldest: written,
            newest: written,
            stored: None,
            keys: ends.going.iter().map(|object| (object.key.clone(), object.bytes)).collect(),
            classes: BTreeMap::new(),
            late: BTreeMap::new(),
        }
    }
}

/// `2 backups and 31 WAL segments`, without what there is none of.
fn counted(backups: usize, segments: usize) -> String {
    let parts = [(backups, "backup"), (segments, "WAL segment")].into_iter().filter(|(number, _)| *number > 0);
    parts.map(|(number, noun)| plural(number as u64, noun)).collect::<Vec<_>>().join(" and ")
}

/// How many of them go with something else.
fn with(gone: &[(&Physical, Timestamp)], ends: &Ends<'_>, chains: &BTreeMap<String, End>) -> String {
    let why: Vec<Lost> = gone.iter().filter_map(|(backup, _)| ends.why(backup, chains)).collect();
    let words = [(Lost::Base, "with what they build on"), (Lost::Wal, "with WAL that they need"), (Lost::List, "with the list of backups")];
    let each = words.into_iter().map(|(lost, said)| (why.iter().filter(|one| **one == lost).count(), said)).filter(|(number, _)| *number > 0);
    let said: Vec<String> = each.map(|(number, said)| format!("{number} of them {said}")).collect();
    if said.is_empty() { String::new() } else { format!(" ({})", said.join(", ")) }
}

/// Seconds of which any moment can be restored.
fn length(windows: &[(Timestamp, Timestamp)]) -> u64 {
    windows.iter().map(|(from, until)| u64::try_from(until.as_second() - from.as_second()).unwrap_or(0)).sum()
}

/// How the stretches of which any moment can be restored become shorter.
fn reach(before: &[(Timestamp, Timestamp)], after: &[(Timestamp, Timestamp)]) -> String {
    let (was, is) = (length(before), length(after));
    if after.is_empty() {
        return ", and nothing of it can be restored then".to_owned();
    }
    if was == is {
        return String::new();
    }
    let time = |seconds: u64| elapsed(seconds.saturating_mul(1000));
    match is {
        0 => format!("; the window of {} in which any moment can be restored is lost, and only the ends of backups are left", time(was)),
        _ if after.len() > before.len() => format!("; the window shrinks from {} to {}, with gaps ({} stretches are left)", time(was), time(is), after.len()),
        _ => format!("; the window shrinks from {} to {}", time(was), time(is)),
    }
}

/// What lies in the repositories of a tenant, in words; none where there is none.
pub(super) fn there(tenant: &Tenant, observed: &Observed) -> Vec<String> {
    let of = |repository: &SeenRepository| {
        let size = bytes(repository.objects.iter().map(|object| object.bytes).sum());
        let what = match judged(repository, |_| true) {
            Ok(found) => counted(complete(&found).count(), usize::try_from(found.segments).unwrap_or(usize::MAX)),
            Err(_) => plural(repository.objects.len() as u64, "object"),
        };
        let what = if what.is_empty() { plural(repository.objects.len() as u64, "object") } else { what };
        format!("{what} of {} ({size})", says(tenant, repository))
    };
    let stored = observed.stored.get(&tenant.policy).into_iter().flatten().filter(|repository| !repository.objects.is_empty());
    stored.map(of).collect()
}

#[cfg(test)]
mod tests;
