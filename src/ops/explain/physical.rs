//! What brings a moment of a repository of another engine back: a backup, what it builds on, and the WAL behind it. Writes nothing.

use std::collections::BTreeMap;

use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;

use super::super::{OpError, catalogue};
use super::{Question, asked, bucket_options, rules, unruled};
use crate::catalog::ending;
use crate::catalog::physical::{self, Place, Repository, Way};
use crate::catalog::timeline::{Class, Version};
use crate::model::policy::{Name, PhysicalSet};
use crate::ports::{Head, Kind, ObjectInfo, PortError, Ports};
use crate::report::reading;
use crate::report::serving::physical as serving;
use crate::restore::thaw::Thaw;
use crate::view::serving::engines::Recovery;
use crate::view::serving::physical::{PitrServing, WayView, thawing};
use crate::view::serving::{EndsView, Neighbour, ServingBackup, ServingView, local, moment};

/// How many requests are under way at once.
const AT_ONCE: usize = 16;

/// What brings a moment back.
pub(super) async fn answer(question: &Question<'_>, wish: &PhysicalSet) -> Result<ServingView, OpError> {
    let storage = &question.policy.policy.spec.storage;
    let place = Place::of(&storage.prefix, wish);
    let listing = listed(question, &place).await?;
    let (found, archive, now, clock) = catalogue::archived(question.ports, &storage.bucket, &place, &listing).await;
    let at = asked(question.when, now, wish.schedule.as_ref().map_or("UTC", |schedule| schedule.timezone.as_str()))?;
    let answer = Answer { question, place: &place, found: &found, listing: &listing, now, at, clock };
    Ok(match physical::way(&found, &archive, at) {
        Some(way) => answer.reached(&way).await,
        None => answer.unreached(),
    })
}

/// Everything that lies in a repository; nothing where there is no bucket.
async fn listed(question: &Question<'_>, place: &Place) -> Result<Vec<ObjectInfo>, OpError> {
    let mut out = Vec::new();
    for prefix in place.prefixes() {
        match question.ports.objects.list(&question.policy.policy.spec.storage.bucket, &prefix).await {
            Err(error) if error.kind == Kind::Missing => {}
            listed => out.extend(listed.map_err(|source| catalogue::unlisted(question.policy, source))?),
        }
    }
    Ok(out)
}

struct Answer<'a> {
    question: &'a Question<'a>,
    place: &'a Place,
    found: &'a Repository,
    listing: &'a [ObjectInfo],
    now: Timestamp,
    at: Timestamp,
    clock: Option<String>,
}

impl Answer<'_> {
    /// There is no way: because nothing had ended by then, or because what there is could not be told.
    fn unreached(self) -> ServingView {
        let untold = serving::untold(self.found);
        let verdict = if untold.is_some() { "unknown" } else { "impossible" };
        self.view(verdict, None, untold.into_iter().collect())
    }

    async fn reached(self, way: &Way<'_>) -> ServingView {
        let storage = &self.question.policy.policy.spec.storage;
        let needed = serving::needed(self.place, way, self.listing);
        let heads = heads(self.question.ports, &storage.bucket, serving::asked(&needed)).await;
        let lying = serving::lying(needed, &heads);
        let unasked = serving::unasked(&lying, &heads);
        let found = WayView::of(way, &lying, unasked).zip(way.backup());
        let Some((shown, backup)) = found else { return self.unreached() };
        let doubt = serving::doubt(&lying, &heads);
        let verdict = match &doubt {
            Some(_) => "unknown",
            None if shown.is_frozen() => "thaw",
            None => "ready",
        };
        let mut commands = thawing(&bucket_options(self.question), self.place, way, &lying);
        commands.extend(self.recovery(way, backup).commands());
        let reads = lying.iter().map(|one| (Some(one.class.as_str()), one.needed.object.bytes, one.thaw == Some(Thaw::Needed)));
        let reading = reading::reading(reads, self.question.prices, (&storage.region, storage.endpoint.as_deref()), self.now);
        let (rules, versioning) = rules(self.question).await;
        let versions: Vec<_> = lying
            .iter()
            .map(|one| one.needed.object)
            .map(|object| Version {
                class: Class::of(object.class.as_deref().unwrap_or("STANDARD")),
                ..Version::plain(&object.key, object.bytes, object.modified)
            })
            .collect();
        let serving = ServingBackup {
            id: backup.id.clone(),
            snapshot_at: moment(way.reached),
            lost_seconds: u64::try_from(self.at.as_second() - way.reached.as_second()).unwrap_or(0),
            verified_at: None,
            databases: Vec::new(),
            objects: Vec::new(),
            bytes: lying.iter().map(|one| one.needed.object.bytes).fold(0, u64::saturating_add),
            thaw_seconds: lying.iter().filter_map(|one| one.takes).max().map(crate::model::units::Span::as_secs),
            expiry: None,
            ends: rules.known().and_then(|rules| ending::first(&versions, (rules, versioning), self.now)).map(|ending| EndsView::of(&ending)),
            doubt,
        };
        let before = way.fallback.and_then(|older| Some(Neighbour { id: older.id.clone(), snapshot_at: moment(older.stopped?) }));
        let notes = serving::notes(self.found, way, self.at).into_iter().chain(unruled(&rules)).collect();
        let view = self.view(verdict, Some(shown), notes);
        ServingView { backup: Some(serving), before, reading: Some(reading), commands, ..view }
    }

    fn recovery<'b>(&'b self, way: &Way<'b>, backup: &'b physical::Physical) -> Recovery<'b> {
        let storage = &self.question.policy.policy.spec.storage;
        Recovery {
            place: self.place,
            bucket: &storage.bucket,
            region: &storage.region,
            endpoint: self.question.endpoint.as_deref(),
            backup,
            stop: way.stop,
            at: self.at,
            timeline: way.timeline.map(|(ours, _)| ours),
        }
    }

    /// The time zone of the set's schedule, if it has one.
    fn zone(&self) -> Option<&str> {
        let set = self.question.policy.policy.spec.backups.physical.get(self.question.set)?;
        Some(set.schedule.as_ref()?.timezone.as_str())
    }

    /// What can be said without a backup.
    fn view(self, verdict: &str, way: Option<WayView>, notes: Vec<String>) -> ServingView {
        let (policy, Name(set)) = (self.question.policy, self.question.set);
        let after = serving::following(self.found, self.at);
        ServingView {
            format: "lifeboat.explain-restore/1".to_owned(),
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            revision: self.question.revision.to_owned(),
            policy: policy.name.clone(),
            set: set.clone(),
            at: moment(self.at),
            at_local: self.zone().and_then(|zone| local(self.at, zone)),
            now: moment(self.now),
            verdict: verdict.to_owned(),
            backup: None,
            before: None,
            after: after.map(|(when, backup)| Neighbour { id: backup.id.clone(), snapshot_at: moment(when) }),
            expired: Vec::new(),
            estimate: None,
            reading: None,
            rto_limit_seconds: policy.policy.spec.objectives.rto.as_secs(),
            commands: Vec::new(),
            notes: self.clock.into_iter().chain(notes).collect(),
            failed: Vec::new(),
            pitr: Some(PitrServing::of(self.place, &policy.policy.spec.storage.bucket, self.found, way)),
        }
    }
}

/// How objects lie, by S3's own word.
async fn heads<'a>(ports: &Ports, bucket: &str, keys: Vec<&'a str>) -> BTreeMap<&'a str, Result<Head, PortError>> {
    let ask = |key: &'a str| async move { (key, ports.objects.head(bucket, key).await) };
    stream::iter(keys.into_iter().map(ask).collect::<Vec<_>>()).buffer_unordered(AT_ONCE).collect().await
}
