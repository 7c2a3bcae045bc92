//! The part of `lifeboat.explain-restore/1` that tells how a moment of a physical set is reached, counted and not listed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CommandView, NeededView, moment, quoted};
use crate::catalog::physical::{Place, Repository, Stop, Way};
use crate::report::serving::physical::{Lying, What};
use crate::restore::thaw::Thaw;

/// Objects that are thawed by a command each; more are thawed by a loop over the listing.
const EACH: usize = 3;

/// A physical set, and how it brings a moment back.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PitrServing {
    /// `pgbackrest`, `barman-cloud` or `wal-g`.
    pub engine: String,
    /// Where its repository lies, as in `s3://dr/orders/pg/`.
    pub repository: String,
    /// The stretches of which any moment can be restored, oldest first.
    pub windows: Vec<Stretch>,
    /// How the moment is reached; none = no complete backup had ended by then.
    pub way: Option<WayView>,
}

/// A stretch of time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Stretch {
    /// Its first moment, RFC 3339.
    pub from: String,
    /// Its last moment, RFC 3339.
    pub until: String,
}

/// How a moment is reached.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WayView {
    /// `full`, `diff`, `incr` or `delta`.
    pub kind: String,
    /// When the backup ended, RFC 3339.
    pub ended_at: String,
    /// Version of the server, in the engine's words.
    pub server: Option<String>,
    /// What the backup builds on, down to the full one.
    pub builds_on: Vec<String>,
    /// Where the recovery is to end: `consistent`, as soon as the backup is; `moment`; or `end`, where the WAL does, as it does not reach further.
    pub stop: String,
    /// The WAL that is replayed: first and last segment of each stretch, in that order. Another one begins where the timeline does.
    pub wal: Vec<Segments>,
    /// The timeline to follow, where the newest one would lead elsewhere.
    pub timeline: Option<u32>,
    /// What is read, counted by what it is for and how it lies.
    pub needs: Vec<NeedView>,
    /// Objects of an archive class of which S3 was not asked, as there are too many: they are counted as not thawed.
    pub unasked: u64,
}

/// A stretch of WAL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Segments {
    /// Its first segment.
    pub first: String,
    /// Its last segment.
    pub last: String,
}

/// Objects that a restore reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NeedView {
    /// What for: `backup`, `base` (a backup that it builds on), `wal`, `history` (of timelines) or `list` (without which the engine finds nothing).
    pub what: String,
    /// Their storage class, with the archive tier that they are in.
    pub class: String,
    /// `unneeded`, `done`, `underWay` or `needed`; none when it is not known.
    pub thaw: Option<String>,
    /// How many they are.
    pub objects: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// The one that S3 stored first.
    pub oldest: StoredKey,
    /// The one that S3 stored last.
    pub newest: StoredKey,
}

/// A key, and when S3 stored it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StoredKey {
    /// The key.
    pub key: String,
    /// S3's date of it, RFC 3339.
    pub stored_at: String,
}

impl PitrServing {
    /// A repository in a bucket.
    pub fn of(place: &Place, bucket: &str, found: &Repository, way: Option<WayView>) -> Self {
        let stretch = |(from, until): &(Timestamp, Timestamp)| Stretch { from: moment(*from), until: moment(*until) };
        let name = if place.name.is_empty() { String::new() } else { format!(" ({})", place.name) };
        Self {
            engine: place.engine.as_str().to_owned(),
            repository: format!("s3://{bucket}/{}{name}", place.base),
            windows: found.windows.iter().map(stretch).collect(),
            way,
        }
    }
}

impl WayView {
    /// A way, with how what it needs lies.
    pub fn of(way: &Way<'_>, lying: &[Lying<'_>], unasked: u64) -> Option<Self> {
        let backup = way.backup()?;
        let segments = |(first, last): &(_, _)| Segments { first: format!("{first}"), last: format!("{last}") };
        let stop = match way.stop {
            Stop::Consistent => "consistent",
            Stop::Moment => "moment",
            Stop::End => "end",
        };
        Some(Self {
            kind: backup.kind.clone(),
            ended_at: backup.stopped.map(moment)?,
            server: backup.server.clone(),
            builds_on: way.chain.iter().skip(1).map(|backup| backup.id.clone()).collect(),
            stop: stop.to_owned(),
            wal: way.wal.iter().map(segments).collect(),
            timeline: way.timeline.map(|(ours, _)| ours),
            needs: needs(lying),
            unasked,
        })
    }

    /// Whether an object must be thawed, or is being thawed.
    pub fn is_frozen(&self) -> bool {
        self.needs.iter().any(|need| matches!(need.thaw.as_deref(), Some("needed" | "underWay")))
    }
}

fn needs(lying: &[Lying<'_>]) -> Vec<NeedView> {
    let mut found: BTreeMap<(What, &str, Option<Thaw>), Vec<&Lying<'_>>> = BTreeMap::new();
    for one in lying {
        found.entry((one.needed.what, one.class.as_str(), one.thaw)).or_default().push(one);
    }
    let dated = |one: Option<&&Lying<'_>>| {
        let object = one?.needed.object;
        Some(StoredKey { key: object.key.clone(), stored_at: moment(object.modified) })
    };
    let of = |((what, class, thaw), of): ((What, &str, Option<Thaw>), Vec<&Lying<'_>>)| {
        let by_date = |one: &&&Lying<'_>| (one.needed.object.modified, one.needed.object.key.clone());
        Some(NeedView {
            what: what.as_str().to_owned(),
            class: class.to_owned(),
            thaw: thaw.map(|thaw| thaw.as_str().to_owned()),
            objects: of.len() as u64,
            bytes: of.iter().map(|one| one.needed.object.bytes).fold(0, u64::saturating_add),
            oldest: dated(of.iter().min_by_key(by_date))?,
            newest: dated(of.iter().max_by_key(by_date))?,
        })
    };
    found.into_iter().filter_map(of).collect()
}

/// What thaws what a way needs: one request each where they are few, else loops over the listing, so that nothing else is thawed but what lies in
/// the folders of these backups and in these stretches of WAL. `bucket` are the options of the AWS CLI that say where the bucket is.
pub fn thawing(bucket: &str, place: &Place, way: &Way<'_>, lying: &[Lying<'_>]) -> Vec<CommandView> {
    let needed: Vec<&Lying<'_>> = lying.iter().filter(|one| one.thaw == Some(Thaw::Needed)).collect();
    let mut out = Vec::new();
    let mut single: Vec<&Lying<'_>> = Vec::new();
    for is_tiered in [false, true] {
        let mut folders: BTreeMap<String, usize> = BTreeMap::new();
        let mut wal: Vec<&str> = Vec::new();
        for one in needed.iter().filter(|one| super::is_tiered(&one.class) == is_tiered) {
            let key = one.needed.object.key.as_str();
            let folder = one.needed.of.map(|id| format!("{}{id}/", place.backups())).filter(|folder| key.starts_with(folder.as_str()));
            match (folder, one.needed.what) {
                _ if needed.len() <= EACH => single.push(one),
                (Some(folder), _) => *folders.entry(folder).or_default() += 1,
                (None, What::Wal) => wal.push(key),
                (None, _) => single.push(one),
            }
        }
        let objects = folders.values().sum::<usize>();
        if objects > 0 {
            let prefixes: Vec<String> = folders.keys().map(|folder| quoted(folder)).collect();
            out.push(looped(bucket, &format!("thaw {objects} objects of the backup"), &prefixes, None, is_tiered));
        }
        if !wal.is_empty() {
            let (many, prefix) = (wal.len(), quoted(common(&wal)));
            out.push(looped(bucket, &format!("thaw {many} segments of WAL"), &[prefix], Some(&stretches(way)), is_tiered));
        }
    }
    out.extend(single.iter().map(|one| super::thaw(bucket, &shown(one))));
    let waits = lying.iter().filter(|one| one.is_frozen()).max_by_key(|one| (one.takes, one.needed.object.bytes));
    out.extend(waits.map(|one| super::until_thawed(bucket, &one.needed.object.key)));
    out
}

fn shown(one: &Lying<'_>) -> NeededView {
    let object = one.needed.object;
    NeededView { key: object.key.clone(), bytes: object.bytes, class: Some(one.class.clone()), thaw: one.thaw.map(|thaw| thaw.as_str().to_owned()) }
}

/// Lists what lies below prefixes, and asks for a thaw of each object of an archive class; `filter` is a program of awk that keeps some keys.
fn looped(bucket: &str, what: &str, prefixes: &[String], filter: Option<&str>, is_tiered: bool) -> CommandView {
    let is_archived = if is_tiered { "StorageClass=='INTELLIGENT_TIERING'" } else { "StorageClass=='GLACIER' || StorageClass=='DEEP_ARCHIVE'" };
    let list = |prefix: &str| format!("aws s3api list-objects-v2 {bucket} --prefix {prefix} --query \"Contents[?{is_archived}].[Key]\" --output text");
    let keys = match prefixes {
        [one] => list(one),
        several => format!("for prefix in {}; do {}; done", several.join(" "), list("\"$prefix\"")),
    };
    let filter = filter.map_or_else(String::new, |filter| format!(" | LC_ALL=C awk -F/ '{filter}'"));
    let thaw = super::restore_object(bucket, "\"$key\"", is_tiered);
    CommandView { what: what.to_owned(), line: format!("{{ {keys}; }}{filter} | while IFS= read -r key; do {thaw}; done") }
}

/// A program of awk that keeps the keys of segments which are replayed, by the 24 digits with which the last part of a key begins.
fn stretches(way: &Way<'_>) -> String {
    let one = |(first, last): &(_, _)| format!("segment >= \"{first}\" && segment <= \"{last}\"");
    format!("{{ segment = substr($NF, 1, 24) }} {}", way.wal.iter().map(one).collect::<Vec<_>>().join(" || "))
}

/// With what all of some keys begin.
fn common<'a>(keys: &[&'a str]) -> &'a str {
    let (Some(first), Some(last)) = (keys.iter().min(), keys.iter().max()) else { return "" };
    let same = first.char_indices().zip(last.chars()).find(|((_, a), b)| a != b).map_or(first.len().min(last.len()), |((at, _), _)| at);
    first.get(..same).unwrap_or_default()
}
