//! Backup sets: engine, schedule, retention, storage classes, anomaly limits.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::units::{Percent, Span};

/// One way of backing the database up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "a backup set")]
pub struct BackupSet {
    /// The engine that takes it.
    pub engine: EngineKind,
    /// The databases of the cluster that it covers.
    #[schemars(length(min = 1, max = 100))]
    pub databases: Vec<String>,
    /// When it runs.
    pub schedule: Schedule,
    /// How long one run may take at the most.
    #[serde(default = "three_hours")]
    pub max_duration: Span,
    /// How long backups live, by tier.
    pub retention: Retention,
    /// Storage classes with age; a tier that does not live to see one goes without it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub storage_classes: Vec<ClassStep>,
    /// What a drill holds against the last verified backup.
    #[serde(default)]
    pub anomalies: Anomalies,
    /// Tables left out of the dump, with the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<Exclusion>,
}

pub(super) fn three_hours() -> Span {
    Span::seconds(3 * 3_600)
}

/// Engines that this build drives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum EngineKind {
    /// `pg_dump`, streamed: nothing on disk.
    PgDump,
}

/// A schedule: five cron fields in a time zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "a schedule")]
pub struct Schedule {
    /// Minute, hour, day of month, month, day of week.
    pub cron: String,
    /// IANA time zone.
    #[serde(default = "utc")]
    pub timezone: String,
}

pub(super) fn utc() -> String {
    "UTC".to_owned()
}

/// How many backups of each tier are kept. A backup is born kept; these limits act only once it is released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "a retention")]
pub struct Retention {
    /// Backups that open no longer period, for so long.
    pub recent: Span,
    /// Days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 3660))]
    pub daily: Option<i32>,
    /// ISO weeks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 520))]
    pub weekly: Option<i32>,
    /// Months.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 120))]
    pub monthly: Option<i32>,
    /// Years.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 30))]
    pub yearly: Option<i32>,
    /// So many of the newest complete ones are never released, whatever their age.
    #[serde(default = "three")]
    #[schemars(range(min = 1, max = 1000))]
    pub keep_last: u32,
    /// So many of the newest ones that a drill passed are never released.
    #[serde(default = "two")]
    #[schemars(range(min = 1, max = 1000))]
    pub keep_verified: u32,
    /// How long a passed drill counts as fresh. Older ones protect a backup still, beside the fresh ones.
    #[serde(default = "ninety_days")]
    pub verified_for: Span,
}

fn three() -> u32 {
    3
}

fn two() -> u32 {
    2
}

fn ninety_days() -> Span {
    Span::seconds(90 * 86_400)
}

/// A storage class from some age on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "a storage class step")]
pub struct ClassStep {
    /// From this age on, whole days.
    pub after: Span,
    /// The class.
    pub class: StorageClass,
}

/// Storage classes that a backup can move to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are S3's own")]
pub enum StorageClass {
    StandardIa,
    OnezoneIa,
    IntelligentTiering,
    GlacierIr,
    Glacier,
    DeepArchive,
}

impl StorageClass {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::StandardIa, Self::OnezoneIa, Self::IntelligentTiering, Self::GlacierIr, Self::Glacier, Self::DeepArchive];

    /// S3's spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::StandardIa => "STANDARD_IA",
            Self::OnezoneIa => "ONEZONE_IA",
            Self::IntelligentTiering => "INTELLIGENT_TIERING",
            Self::GlacierIr => "GLACIER_IR",
            Self::Glacier => "GLACIER",
            Self::DeepArchive => "DEEP_ARCHIVE",
        }
    }

    /// Days that S3 bills at the least for an object in it, however soon it leaves (S3 User Guide, storage-class-intro).
    pub fn minimum_days(self) -> i32 {
        match self {
            Self::IntelligentTiering => 0,
            Self::StandardIa | Self::OnezoneIa => 30,
            Self::GlacierIr | Self::Glacier => 90,
            Self::DeepArchive => 180,
        }
    }

    /// The ways to thaw an object, each with its longest time; nothing is expedited above 250 MB, or when S3 has no capacity left
    /// (S3 User Guide, restoring-objects-retrieval-options).
    pub fn thaws(self) -> &'static [(&'static str, Span)] {
        const fn hours(hours: u64) -> Span {
            Span::seconds(hours * 3_600)
        }
        const GLACIER: [(&str, Span); 3] = [("expedited", Span::seconds(300)), ("standard", hours(5)), ("bulk", hours(12))];
        const DEEP: [(&str, Span); 2] = [("standard", hours(12)), ("bulk", hours(48))];
        match self {
            Self::Glacier => &GLACIER,
            Self::DeepArchive => &DEEP,
            Self::StandardIa | Self::OnezoneIa | Self::IntelligentTiering | Self::GlacierIr => &[],
        }
    }

    /// Longest time to thaw an object by the standard retrieval, if it must be thawed at all
    /// (S3 User Guide, restoring-objects-retrieval-options: 3–5 h, and 12 h for Deep Archive).
    pub fn thaw(self) -> Option<Span> {
        self.thaws().iter().find(|(way, _)| *way == "standard").map(|(_, takes)| *takes)
    }
}

/// How much less a backup may hold than the last verified one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "the anomaly limits")]
pub struct Anomalies {
    /// Rows of one table.
    #[serde(default = "twenty_percent")]
    pub rows_down: Percent,
    /// Tables that may be gone.
    #[serde(default)]
    pub tables_gone: u32,
}

fn twenty_percent() -> Percent {
    Percent::of(20.0)
}

impl Default for Anomalies {
    fn default() -> Self {
        Self { rows_down: twenty_percent(), tables_gone: 0 }
    }
}

/// A table left out on purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "an exclusion")]
pub struct Exclusion {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub table: String,
    /// Why its rows need not come back.
    #[schemars(length(min = 3))]
    pub reason: String,
}
