//! `lifeboat.explain-restore/1`: what brings a moment back, and how.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::catalog::ending::Ending;
use crate::catalog::prices::Prices;
use crate::report::reading::{self, Reading};
use crate::report::serving::{Hidden, Rate};
use crate::restore::thaw::Thaw;

pub mod engines;
pub mod physical;

use physical::PitrServing;

/// What `explain restore` says.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServingView {
    /// Always `lifeboat.explain-restore/1`.
    pub format: String,
    /// Version of lifeboat.
    pub tool: String,
    /// What was read: a commit, or the working folder.
    pub revision: String,
    /// The policy.
    pub policy: String,
    /// The backup set.
    pub set: String,
    /// The moment that is asked for, RFC 3339.
    pub at: String,
    /// The same in the time zone of the set's schedule, as `2026-11-22 12:00:00 Europe/Berlin`; none where that is UTC.
    #[serde(default)]
    pub at_local: Option<String>,
    /// When it was asked, by S3's clock where it said it, RFC 3339.
    pub now: String,
    /// `ready`: a backup can be restored as it lies. `thaw`: it must be thawed first. `undelete`: it must be brought back first.
    /// `impossible`: no backup holds that moment. `unknown`: what there is, or how it lies, could not be read.
    pub verdict: String,
    /// The backup that serves it, if one does.
    pub backup: Option<ServingBackup>,
    /// The next older backup; of a physical set the next older one from which that moment is reached too.
    pub before: Option<Neighbour>,
    /// The first backup after that moment; of a physical set only where the moment itself cannot be restored.
    pub after: Option<Neighbour>,
    /// Backups nearer to that moment that expired and can still be brought back, the newest first.
    pub expired: Vec<ExpiredView>,
    /// How long the restore takes, by what was measured last; none when nothing was measured.
    pub estimate: Option<EstimateView>,
    /// What reading it costs once; none without a backup that serves.
    #[serde(default)]
    pub reading: Option<Reading>,
    /// How long a restore may take, in seconds.
    pub rto_limit_seconds: u64,
    /// What to run, in order.
    pub commands: Vec<CommandView>,
    /// Backups that were passed over, and what could not be read.
    pub notes: Vec<String>,
    /// Ids of those that were passed over because their last drill found that they cannot be relied upon, the nearest first.
    #[serde(default)]
    pub failed: Vec<String>,
    /// What there is of a physical set; none for one that lifeboat takes.
    #[serde(default)]
    pub pitr: Option<PitrServing>,
}

/// The backup that serves a moment.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServingBackup {
    /// Its id.
    pub id: String,
    /// The moment that comes back, RFC 3339; when it was begun, where its manifest cannot be read before a thaw.
    pub snapshot_at: String,
    /// How long before the moment that is asked for that is: what would be lost.
    pub lost_seconds: u64,
    /// When a drill of it last passed, RFC 3339.
    pub verified_at: Option<String>,
    /// Its databases; empty where its manifest cannot be read before a thaw, and for a physical set, which holds the whole cluster.
    pub databases: Vec<String>,
    /// What a restore reads; empty for a physical set, of which `pitr.way.needs` counts it.
    pub objects: Vec<NeededView>,
    /// Bytes of that.
    pub bytes: u64,
    /// How long the slowest object takes to thaw at the most, by the standard retrieval.
    pub thaw_seconds: Option<u64>,
    /// What S3 says of the expiry of the first of its objects that has one.
    pub expiry: Option<String>,
    /// The rule of the bucket that ends it first, by what can be read of rules and tags.
    #[serde(default)]
    pub ends: Option<EndsView>,
    /// Why it is not known how each object lies, if it is not.
    pub doubt: Option<String>,
}

/// A rule that ends a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EndsView {
    /// From when on something of it can be gone, RFC 3339; in the past, S3 may delete it at any time.
    pub at: String,
    /// The id of the rule.
    pub rule: String,
    /// Whether a hold keeps it away: it acts by the release tag.
    pub heeds_hold: bool,
}

impl EndsView {
    /// What was found.
    pub fn of(ending: &Ending) -> Self {
        Self { at: moment(ending.at), rule: ending.rule.clone(), heeds_hold: ending.by_release }
    }
}

/// An object that a restore reads.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NeededView {
    /// Its key.
    pub key: String,
    /// Its bytes.
    pub bytes: u64,
    /// Its storage class; none when S3 did not say how it lies.
    pub class: Option<String>,
    /// `unneeded`, `done`, `underWay` or `needed`; none when it is not known.
    pub thaw: Option<String>,
}

/// Another backup near that moment.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Neighbour {
    /// Its id.
    pub id: String,
    /// The moment that it restores, RFC 3339.
    pub snapshot_at: String,
}

/// A backup that expired and is still there.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExpiredView {
    /// Its id.
    pub id: String,
    /// When it was begun, RFC 3339.
    pub began_at: String,
    /// Since when it is hidden, RFC 3339.
    pub since: String,
    /// The command that brings it back.
    pub command: String,
}

/// How long a restore takes.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EstimateView {
    /// Milliseconds for this backup, without a thaw.
    pub millis: u64,
    /// What was measured: `drill` or `restore`.
    pub by: String,
    /// Of which set.
    pub set: String,
    /// When, RFC 3339.
    pub measured_at: String,
    /// Bytes that were restored then.
    pub measured_bytes: u64,
    /// Milliseconds that it took.
    pub measured_millis: u64,
    /// The record.
    pub evidence: String,
}

/// A command to run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CommandView {
    /// What for.
    pub what: String,
    /// The line for a shell; a few lines where a file is written.
    pub line: String,
}

/// A moment in RFC 3339, to the second.
pub fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A moment in the time zone of a schedule; none where that is UTC, or no zone.
pub fn local(at: Timestamp, zone: &str) -> Option<String> {
    let known = TimeZone::get(zone).ok().filter(|_| !matches!(zone, "UTC" | "Etc/UTC"))?;
    Some(format!("{} {zone}", at.to_zoned(known).strftime("%Y-%m-%d %H:%M:%S")))
}

impl EstimateView {
    /// For so many bytes at a rate.
    pub fn of(rate: &Rate, bytes: u64) -> Self {
        Self {
            millis: rate.millis_of(bytes),
            by: rate.by.to_owned(),
            set: rate.set.clone(),
            measured_at: rate.at.clone(),
            measured_bytes: rate.bytes,
            measured_millis: rate.millis,
            evidence: rate.evidence.clone(),
        }
    }
}

impl ExpiredView {
    /// A hidden backup of `POLICY/SET`; it is held until that day once it is back.
    pub fn of(hidden: &Hidden, set: &str, until: &str, options: &str) -> Self {
        Self { id: hidden.id.clone(), began_at: moment(hidden.began), since: moment(hidden.since), command: kept("undelete", set, &hidden.id, until, options) }
    }
}

/// The line that brings a backup of `POLICY/SET` back, or holds it, until a day.
pub fn kept(verb: &str, set: &str, id: &str, until: &str, options: &str) -> String {
    format!("lifeboat{options} {verb} {set}/{id} --until {until} --reason \"needed for a restore\"")
}

impl ServingBackup {
    /// What it costs to read it once, at a place: region and endpoint.
    pub fn reading(&self, prices: &Prices, place: (&str, Option<&str>), now: Timestamp) -> Reading {
        let objects = self.objects.iter().map(|object| (object.class.as_deref(), object.bytes, object.thaw.as_deref() == Some(Thaw::Needed.as_str())));
        reading::reading(objects, prices, place, now)
    }

    /// Whether one of its objects must be thawed, or is being thawed.
    pub fn is_frozen(&self) -> bool {
        self.objects.iter().any(|object| matches!(object.thaw.as_deref(), Some("needed" | "underWay")))
    }

    /// What thaws it: one request for each object that nobody asked for yet, and how to see when it is done.
    /// `place` are the options of the AWS CLI that say where the bucket is.
    pub fn thawing(&self, place: &str) -> Vec<CommandView> {
        let frozen = |state: Thaw| self.objects.iter().filter(move |object| object.thaw.as_deref() == Some(state.as_str()));
        let mut out: Vec<CommandView> = frozen(Thaw::Needed).map(|object| thaw(place, object)).collect();
        let largest = frozen(Thaw::Needed).chain(frozen(Thaw::UnderWay)).max_by_key(|object| object.bytes);
        out.extend(largest.map(|object| until_thawed(place, &object.key)));
        out
    }
}

/// How to see when an object is thawed.
fn until_thawed(place: &str, key: &str) -> CommandView {
    let line = format!("aws s3api head-object {place} --key {} --query Restore", quoted(key));
    CommandView { what: "until it says ongoing-request=\"false\"".to_owned(), line }
}

/// What thaws an object by the standard retrieval.
fn thaw(place: &str, object: &NeededView) -> CommandView {
    CommandView { what: "thaw".to_owned(), line: restore_object(place, &quoted(&object.key), object.class.as_deref().is_some_and(is_tiered)) }
}

/// Whether a class is Intelligent-Tiering, whatever tier the object is in.
fn is_tiered(class: &str) -> bool {
    class.starts_with("INTELLIGENT_TIERING")
}

/// Asks for a thaw of a key, a word for a shell. Intelligent-Tiering takes no number of days: what was thawed stays so (S3 API, `RestoreObject`).
fn restore_object(place: &str, key: &str, is_tiered: bool) -> String {
    let days = if is_tiered { "" } else { "\"Days\":7," };
    format!("aws s3api restore-object {place} --key {key} --restore-request '{{{days}\"GlacierJobParameters\":{{\"Tier\":\"Standard\"}}}}'")
}

/// A word for a shell: as it is where that is safe, else in single quotes.
pub fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}
