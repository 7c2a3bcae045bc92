//! Asks the control plane everything that the desired state needs to be compared with. Writes nothing.
//!
//! Each question is asked once, concurrently, and again when the endpoint was too busy. A refused question is one unknown
//! fact, never a failed run; an endpoint that stops answering, or credentials that expire, end the asking, not the run.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::watch;

use crate::catalog::{index, layout};
use crate::model::document::Document;
use crate::model::fact::{Fact, Why};
use crate::model::id::{ResourceId, ResourceKind};
use crate::model::lifecycle::{EXPIRE_TAG, Lifecycle};
use crate::model::policy::Trust;
use crate::model::request::{Read, ReadOp};
use crate::model::resource::{BucketWish, Desired, Identity, Observed, ObservedResource, ResourceWish, SeenBackup, SeenRepository, Tenant};
use crate::ports::{Answer, Clock, ObjectInfo, Ports};
use crate::settings;
use crate::settings::bucket_lifecycle::left;

mod beside;
mod gather;
mod pace;
mod repositories;
mod search;

pub use beside::beside;
pub use gather::{Gathered, gather};
use pace::Pace;
pub use search::{Search, search};

/// How often a question is asked of an endpoint that is too busy, each time with the attempts of the SDK.
const ASKS: usize = 3;

/// Who watches while questions are asked, and may end it.
#[derive(Clone, Default)]
pub struct Watch<'a> {
    /// Becomes true when enough was asked; what is not answered by then is unknown.
    pub stop: Option<watch::Receiver<bool>>,
    /// Is told how many questions are answered, of how many.
    pub answered: Option<&'a (dyn Fn(usize, usize) + Send + Sync)>,
}

impl std::fmt::Debug for Watch<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Watch")
    }
}

impl Watch<'_> {
    /// Comes when enough was asked, and never if nobody can say so.
    pub async fn stopped(&self) {
        if let Some(mut stop) = self.stop.clone()
            && stop.wait_for(|stop| *stop).await.is_ok()
        {
            return;
        }
        // A sender that is gone can ask for nothing any more.
        std::future::pending::<()>().await;
    }
}

/// Every question that the desired state raises.
pub fn questions(desired: &Desired) -> BTreeSet<Read> {
    let of = |wish: &ResourceWish| {
        let id = wish.id();
        let own = settings::of_kind(id.kind()).map(|setting| Read { op: setting.read, target: id.clone() });
        own.chain(settings::beyond(wish)).collect::<Vec<_>>()
    };
    let keys = desired.resources.iter().filter_map(key_of).map(|key| Read { op: ReadOp::Key, target: ResourceId::Key(key.to_owned()) });
    let profiles = desired.resources.iter().filter(|wish| has_instance_profile(wish)).map(|wish| Read { op: ReadOp::RoleProfiles, target: wish.id() });
    desired.resources.iter().flat_map(of).chain(keys).chain(profiles).chain(desired.roles.question()).collect()
}

fn has_instance_profile(wish: &ResourceWish) -> bool {
    matches!(wish, ResourceWish::Role(role) if role.trust.iter().any(|trust| matches!(trust, Trust::InstanceProfile(_))))
}

/// The KMS key that a bucket is to be encrypted with: looked at, never changed.
fn key_of(wish: &ResourceWish) -> Option<&str> {
    match wish {
        ResourceWish::Bucket(bucket) => bucket.encryption.as_ref()?.key.as_deref(),
        _ => None,
    }
}

/// Reads all of it.
pub async fn observe(desired: &Desired, ports: &Ports, identity: Fact<Identity>) -> Observed {
    observe_watched(desired, ports, identity, &Watch::default()).await
}

/// Reads of the buckets only these settings, and the listings; with `tags` also the release tag of every complete backup.
pub async fn observe_only(desired: &Desired, ports: &Ports, identity: Fact<Identity>, ops: &[ReadOp], tags: bool) -> Observed {
    let mut asking = Asking { seen: Observed { identity, ..offline(desired, &*ports.clock) }, lanes: lanes(desired), answered: 0, total: 0 };
    for lane in &mut asking.lanes {
        lane.open.retain(|question| match question {
            Question::Setting(read) => ops.contains(&read.op),
            Question::Backups { .. } => true,
            Question::Left { .. } | Question::Release { .. } | Question::Metadata { .. } => false,
        });
    }
    asking.ask_all(ports, &Watch::default()).await;
    if tags {
        let buckets = desired.resources.iter().filter_map(bucket_of);
        let all: Vec<Question> = buckets.flat_map(|bucket| release_questions(bucket, &asking.seen)).collect();
        if let Some(lane) = asking.lanes.first_mut() {
            lane.open.extend(all);
        }
        asking.ask_all(ports, &Watch::default()).await;
    }
    asking.seen
}

fn bucket_of(wish: &ResourceWish) -> Option<&BucketWish> {
    match wish {
        ResourceWish::Bucket(bucket) => Some(bucket),
        ResourceWish::Role(_) | ResourceWish::Provider(_) => None,
    }
}

/// Reads all of it, or what there is time for.
pub async fn observe_watched(desired: &Desired, ports: &Ports, identity: Fact<Identity>, watch: &Watch<'_>) -> Observed {
    let mut asking = Asking { seen: Observed { identity, ..offline(desired, &*ports.clock) }, lanes: lanes(desired), answered: 0, total: 0 };
    asking.ask_all(ports, watch).await;
    if asking.seen.unasked == 0 {
        // What left a bucket is known only when its rules are.
        let mut of_buckets = left_behind(desired, &asking.seen);
        of_buckets.extend(releases(desired, &asking.seen));
        of_buckets.extend(repositories::questions(desired, &asking.seen));
        let left = [of_buckets, left_roles(desired, &asking.seen)];
        asking.lanes.iter_mut().zip(left).for_each(|(lane, left)| lane.open.extend(left));
        asking.ask_all(ports, watch).await;
    }
    asking.seen
}

/// What is asked and what was answered.
struct Asking {
    seen: Observed,
    lanes: [Lane; 2],
    answered: usize,
    total: usize,
}

impl Asking {
    /// Asks everything that is open, until all is answered or somebody has enough.
    async fn ask_all(&mut self, ports: &Ports, watch: &Watch<'_>) {
        self.total += self.lanes.iter().map(|lane| lane.open.len()).sum::<usize>();
        let mut running: FuturesUnordered<Answer<'_, Answered>> = FuturesUnordered::new();
        loop {
            for (at, lane) in self.lanes.iter_mut().enumerate() {
                while lane.running < lane.pace.limit()
                    && let Some(question) = lane.open.pop_front()
                {
                    lane.running += 1;
                    running.push(ask(at, question, 1, Duration::ZERO, ports));
                }
            }
            let next = tokio::select! {
                biased;
                () = watch.stopped() => break,
                next = running.next() => next,
            };
            let Some(next) = next else { break };
            running.extend(self.take(next, ports));
            if let Some(told) = watch.answered {
                told(self.answered, self.total);
            }
        }
        self.seen.unasked = self.total - self.answered;
        if self.seen.unasked > 0 {
            self.seen.interrupt();
        }
    }

    /// Takes an answer; gives the same question again when the endpoint was too busy for it.
    fn take<'a>(&mut self, next: Answered, ports: &'a Ports) -> Option<Answer<'a, Answered>> {
        self.seen.requests += 1;
        let lane = self.lanes.get_mut(next.lane)?;
        lane.pace.answered(next.fact.why(), ports.clock.now());
        let gives_up = lane.pace.gives_up(ports.clock.now());
        if matches!(next.fact.why(), Some(Why::Busy(_))) && next.asks < ASKS && gives_up.is_none() {
            let pause = Duration::from_secs(1 << next.asks.saturating_sub(1));
            return Some(ask(next.lane, next.question, next.asks + 1, pause, ports));
        }
        lane.running -= 1;
        self.answered += 1;
        next.fact.put(next.question, &mut self.seen);
        if let Some(why) = gives_up {
            self.answered += lane.open.len();
            for question in std::mem::take(&mut lane.open) {
                question.unknown(&why, &mut self.seen);
            }
        }
        None
    }
}

/// Policies that left a bucket, by their cleanup rule: bucket, policy, prefix.
fn left_behind(desired: &Desired, seen: &Observed) -> Vec<Question> {
    let mut out = Vec::new();
    for wish in &desired.resources {
        let ResourceWish::Bucket(bucket) = wish else { continue };
        let live = seen.resources.get(&wish.id()).map(|seen| seen.fact(ReadOp::BucketLifecycle));
        let Some(live) = live.as_ref().and_then(Fact::known).and_then(Document::to::<Lifecycle>) else { continue };
        let gone = left(bucket, &live).into_iter().filter(|rule| bucket.tenants.iter().all(|tenant| tenant.policy != rule.policy));
        out.extend(gone.filter_map(|rule| Some(Question::Left { bucket: bucket.name.clone(), policy: rule.policy, prefix: rule.prefix? })));
    }
    out
}

/// The release tags of backups whose lifecycle rules are not as they should be: what a change means hangs on them. Where nothing is to
/// change, nothing is asked, so that a plan without one costs no request for each backup.
fn releases(desired: &Desired, seen: &Observed) -> Vec<Question> {
    let mut out = Vec::new();
    for wish in &desired.resources {
        let ResourceWish::Bucket(bucket) = wish else { continue };
        let questions = release_questions(bucket, seen);
        let changes = |setting: &settings::Setting| setting.read == ReadOp::BucketLifecycle && is_open(setting, wish, seen);
        if !questions.is_empty() && settings::of_kind(ResourceKind::Bucket).any(changes) {
            out.extend(questions);
        }
    }
    out
}

/// The release tags of all complete backups of a bucket.
fn release_questions(bucket: &BucketWish, seen: &Observed) -> Vec<Question> {
    let mut out = Vec::new();
    for tenant in &bucket.tenants {
        let backups = seen.backups.get(&tenant.policy).and_then(Fact::known).into_iter().flatten().filter(|backup| backup.complete);
        out.extend(backups.map(|backup| Question::Release {
            bucket: bucket.name.clone(),
            key: format!("{}{}", layout::folder(&tenant.prefix, &backup.set, &backup.id), layout::MANIFEST),
            backup: (tenant.policy.clone(), backup.set.clone(), backup.id.clone()),
        }));
    }
    out
}

/// Whether a setting is not as it should be, or others have a part in it that works against the policy.
fn is_open(setting: &settings::Setting, wish: &ResourceWish, seen: &Observed) -> bool {
    let nothing = ObservedResource::default();
    let live = (setting.seen)(seen.resources.get(&wish.id()).unwrap_or(&nothing));
    let Some(want) = (setting.want)(wish) else { return false };
    match &live {
        Fact::Known(document) => (setting.adopt)(&want, &live) != *document || !(setting.threats)(wish, document).is_empty(),
        Fact::Absent => true,
        Fact::Unknown(_) => false,
    }
}

/// All about roles that no policy wants any more, as the list of roles shows them.
fn left_roles(desired: &Desired, seen: &Observed) -> Vec<Question> {
    let Some(question) = desired.roles.question() else { return Vec::new() };
    let found = seen.resources.get(&question.target).map_or(Fact::Absent, |seen| seen.fact(question.op));
    let about = |name: String| {
        let ops = settings::of_kind(ResourceKind::Role).map(|setting| setting.read).chain([ReadOp::RoleProfiles]).collect::<BTreeSet<_>>();
        ops.into_iter().map(move |op| Question::Setting(Read { op, target: ResourceId::Role(name.clone()) }))
    };
    desired.roles.unwanted(&found).into_iter().flat_map(about).collect()
}

/// The same shape with nothing asked, for `--offline`.
pub fn offline(desired: &Desired, clock: &dyn Clock) -> Observed {
    let mut resources: BTreeMap<_, ObservedResource> = BTreeMap::new();
    for read in questions(desired) {
        resources.entry(read.target).or_default().facts.insert(read.op, Fact::Unknown(Why::NotAsked));
    }
    let backups = tenants(desired).map(|(_, tenant)| (tenant.policy.clone(), Fact::Unknown(Why::NotAsked))).collect();
    Observed {
        at: clock.now(),
        identity: Fact::Unknown(Why::NotAsked),
        resources,
        backups,
        left: BTreeMap::new(),
        applied: BTreeMap::new(),
        requests: 0,
        unasked: 0,
        stored: BTreeMap::new(),
        released: BTreeMap::new(),
        listed: BTreeMap::new(),
    }
}

/// Each policy of each bucket.
fn tenants(desired: &Desired) -> impl Iterator<Item = (&BucketWish, &Tenant)> {
    desired.resources.iter().filter_map(bucket_of).flat_map(|bucket| bucket.tenants.iter().map(move |tenant| (bucket, tenant)))
}

/// Questions to one service: S3 and IAM have limits of their own, and IAM's are the lower ones.
struct Lane {
    open: VecDeque<Question>,
    running: usize,
    pace: Pace,
}

impl Lane {
    fn of(open: impl Iterator<Item = Question>) -> Self {
        Self { open: open.collect(), running: 0, pace: Pace::new() }
    }
}

/// S3, then IAM. Resource by resource, so that what is answered when the asking ends early is whole.
fn lanes(desired: &Desired) -> [Lane; 2] {
    let mut reads: Vec<Read> = questions(desired).into_iter().collect();
    reads.sort_by(|a, b| (&a.target, a.op).cmp(&(&b.target, b.op)));
    let (roles, buckets): (Vec<Read>, Vec<Read>) = reads.into_iter().partition(|read| read.target.kind() != ResourceKind::Bucket);
    let listings = tenants(desired).map(|(bucket, tenant)| Question::Backups {
        policy: tenant.policy.clone(),
        bucket: bucket.name.clone(),
        prefix: tenant.prefix.clone(),
        sets: tenant.sets.iter().map(|set| set.name.clone()).collect(),
    });
    [Lane::of(buckets.into_iter().map(Question::Setting).chain(listings)), Lane::of(roles.into_iter().map(Question::Setting))]
}

enum Question {
    Setting(Read),
    Backups {
        policy: String,
        bucket: String,
        prefix: String,
        sets: Vec<String>,
    },
    /// The backups of a policy that left the bucket.
    Left {
        bucket: String,
        policy: String,
        prefix: String,
    },
    /// The release tag of a backup, which its manifest gets last.
    Release {
        bucket: String,
        key: String,
        backup: (String, String, String),
    },
    /// What another engine says of its backups: an object of a repository of a policy, by its place among them.
    Metadata {
        policy: String,
        bucket: String,
        at: usize,
        key: String,
    },
}

enum Seen {
    Setting(Fact<Document>),
    Backups(Fact<Vec<SeenBackup>>, Vec<SeenRepository>, Vec<String>),
    Metadata(Fact<Vec<u8>>),
    Release(Fact<Option<String>>),
}

struct Answered {
    lane: usize,
    question: Question,
    asks: usize,
    fact: Seen,
}

/// Asks after a pause.
fn ask(lane: usize, question: Question, asks: usize, pause: Duration, ports: &Ports) -> Answer<'_, Answered> {
    Box::pin(async move {
        if !pause.is_zero() {
            ports.clock.sleep(pause).await;
        }
        let fact = match &question {
            Question::Setting(read) => Seen::Setting(ports.cloud.read(read).await),
            Question::Backups { bucket, prefix, sets, .. } => seen_below(ports, bucket, prefix, sets).await,
            Question::Left { bucket, prefix, .. } => seen_below(ports, bucket, prefix, &[]).await,
            Question::Release { bucket, key, .. } => Seen::Release(release_tag(ports, bucket, key).await),
            Question::Metadata { bucket, key, .. } => Seen::Metadata(repositories::metadata(ports, bucket, key).await),
        };
        Answered { lane, question, asks, fact }
    })
}

impl Seen {
    fn why(&self) -> Option<&Why> {
        match self {
            Self::Setting(Fact::Unknown(why))
            | Self::Backups(Fact::Unknown(why), ..)
            | Self::Release(Fact::Unknown(why))
            | Self::Metadata(Fact::Unknown(why)) => Some(why),
            Self::Setting(_) | Self::Backups(..) | Self::Release(_) | Self::Metadata(_) => None,
        }
    }

    fn put(self, question: Question, seen: &mut Observed) {
        match (question, self) {
            (Question::Setting(read), Self::Setting(fact)) => {
                seen.resources.entry(read.target).or_default().facts.insert(read.op, fact);
            }
            (Question::Backups { policy, .. }, Self::Backups(fact, stored, listed)) => {
                let backups = fact.known().into_iter().flatten();
                seen.listed.extend(backups.zip(listed).map(|(backup, listed)| ((policy.clone(), backup.set.clone(), backup.id.clone()), listed)));
                seen.stored.insert(policy.clone(), stored);
                seen.backups.insert(policy, fact);
            }
            (Question::Metadata { policy, at, key, .. }, Self::Metadata(fact)) => repositories::put(seen, &policy, at, key, fact),
            (Question::Left { bucket, policy, .. }, Self::Backups(fact, ..)) => {
                seen.left.insert((bucket, policy), fact);
            }
            // What could not be read is not there: then it can be any.
            (Question::Release { backup, .. }, Self::Release(Fact::Known(tag))) => {
                seen.released.insert(backup, tag);
            }
            (Question::Setting(_) | Question::Backups { .. } | Question::Left { .. } | Question::Release { .. } | Question::Metadata { .. }, _) => {}
        }
    }
}

impl Question {
    fn unknown(self, why: &Why, seen: &mut Observed) {
        let fact = match &self {
            Self::Setting(_) => Seen::Setting(Fact::Unknown(why.clone())),
            Self::Backups { .. } | Self::Left { .. } => Seen::Backups(Fact::Unknown(why.clone()), Vec::new(), Vec::new()),
            Self::Release { .. } => Seen::Release(Fact::Unknown(why.clone())),
            Self::Metadata { .. } => Seen::Metadata(Fact::Unknown(why.clone())),
        };
        fact.put(self, seen);
    }
}

/// The backups below one prefix, as the bucket lists them.
pub async fn seen_backups(ports: &Ports, bucket: &str, prefix: &str) -> Fact<Vec<SeenBackup>> {
    match seen_below(ports, bucket, prefix, &[]).await {
        Seen::Backups(fact, ..) => fact,
        Seen::Setting(_) | Seen::Release(_) | Seen::Metadata(_) => Fact::Absent,
    }
}

/// The same, and the repositories of other engines among them.
async fn seen_below(ports: &Ports, bucket: &str, prefix: &str, sets: &[String]) -> Seen {
    match gather(ports, bucket, (prefix, prefix), sets).await {
        Ok(Gathered { objects: listing, .. }) => {
            let mut backups = layout::backups(prefix, listing.iter().map(|object| (object.key.as_str(), object.bytes, object.modified)));
            layout::classify(&mut backups, prefix, listing.iter().filter_map(|object| Some((object.key.as_str(), object.class.as_deref()?))));
            let listed = backups.iter().map(|backup| listed(backup, &listing)).collect();
            Seen::Backups(Fact::Known(backups), repositories::seen(&listing), listed)
        }
        Err(error) if error.kind == crate::ports::Kind::Missing => Seen::Backups(Fact::Absent, Vec::new(), Vec::new()),
        Err(error) => Seen::Backups(Fact::Unknown(error.why()), Vec::new(), Vec::new()),
    }
}

/// The digest of a backup's objects as the listing shows them.
pub fn listed(seen: &SeenBackup, listing: &[ObjectInfo]) -> String {
    let object = |key: &String| listing.binary_search_by(|object| object.key.as_str().cmp(key)).ok().and_then(|at| listing.get(at));
    let objects = seen.keys.keys().filter_map(object);
    index::listed(objects.map(|object| (object.key.as_str(), object.etag.as_str(), object.bytes, object.modified)))
}

async fn release_tag(ports: &Ports, bucket: &str, key: &str) -> Fact<Option<String>> {
    match ports.objects.tags(bucket, key, None).await {
        Ok(mut tags) => Fact::Known(tags.remove(EXPIRE_TAG)),
        Err(error) => Fact::Unknown(error.why()),
    }
}

#[cfg(test)]
mod tests;
