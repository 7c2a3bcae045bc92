//! Physical sets: repositories that another engine fills and expires. They are read and watched, never driven.

use std::collections::BTreeMap;
use std::ops::Deref;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::super::units::Span;
use super::{BackupSet, Name, Schedule, backups};

/// Engines whose repositories are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum PhysicalEngine {
    /// pgBackRest, repository format 5.
    Pgbackrest,
    /// barman-cloud.
    BarmanCloud,
    /// WAL-G, its `_005` layout for PostgreSQL.
    WalG,
}

impl PhysicalEngine {
    /// `pgbackrest`, `barman-cloud`, `wal-g`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pgbackrest => "pgbackrest",
            Self::BarmanCloud => "barman-cloud",
            Self::WalG => "wal-g",
        }
    }
}

/// A repository of another engine: it takes, restores and expires its backups itself, and lifeboat watches it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "a physical set")]
pub struct PhysicalSet {
    /// The engine that fills it.
    pub engine: PhysicalEngine,
    /// Where the repository lies, below `storage.prefix`, with a slash behind; empty for right there.
    #[schemars(regex(pattern = "^([A-Za-z0-9._-]+/)*$"), description = "a prefix below storage.prefix that ends in a slash, or nothing")]
    pub prefix: String,
    /// pgBackRest's stanza.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[A-Za-z0-9._-]+$"), description = "a name of letters, digits and ._-")]
    pub stanza: Option<String>,
    /// barman's server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[A-Za-z0-9._-]+$"), description = "a name of letters, digits and ._-")]
    pub server: Option<String>,
    /// What this set promises, where it is more than what the policy promises.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objectives: Option<SetObjectives>,
    /// When its engine runs: what is missing by it is said, and nothing is started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<PhysicalSchedule>,
    /// How long one run may take at the most.
    #[serde(default = "backups::three_hours")]
    pub max_duration: Span,
    /// How far back any moment must be restorable: lifecycle rules that cut it are told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Span>,
    /// The archive of WAL; left out, only the ends of backups are restore points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wal: Option<WalWish>,
}

/// What one set promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "the objectives of a set")]
pub struct SetObjectives {
    /// How much work may be lost at the most.
    pub rpo: Span,
}

/// When the engine runs, as cron fields in one time zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "a schedule of a physical set")]
pub struct PhysicalSchedule {
    /// Full backups.
    pub full: String,
    /// Differential and incremental ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incremental: Option<String>,
    /// IANA time zone.
    #[serde(default = "backups::utc")]
    pub timezone: String,
}

impl PhysicalSchedule {
    /// Its schedules by the name of their field, that of full backups first.
    pub fn each(&self) -> impl Iterator<Item = (&'static str, Schedule)> {
        let crons = [("full", Some(&self.full)), ("incremental", self.incremental.as_ref())];
        crons.into_iter().filter_map(|(name, cron)| Some((name, Schedule { cron: cron?.clone(), timezone: self.timezone.clone() })))
    }
}

/// The archive of WAL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "the archive of WAL")]
pub struct WalWish {
    /// How old the newest archived segment may be.
    pub max_lag: Span,
}

impl PhysicalSet {
    /// The stanza or server; WAL-G has no such name.
    pub fn name(&self) -> &str {
        match self.engine {
            PhysicalEngine::Pgbackrest => self.stanza.as_deref().unwrap_or_default(),
            PhysicalEngine::BarmanCloud => self.server.as_deref().unwrap_or_default(),
            PhysicalEngine::WalG => "",
        }
    }

    /// The most that may be lost by this set's own word.
    pub fn rpo(&self) -> Option<Span> {
        self.objectives.map(|objectives| objectives.rpo)
    }
}

/// Where a repository lies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RepositoryPlace {
    /// Its engine.
    pub engine: PhysicalEngine,
    /// The key prefix that it lies below, with a slash behind or empty.
    pub base: String,
    /// pgBackRest's stanza, or barman's server; nothing for WAL-G.
    pub name: String,
}

impl RepositoryPlace {
    /// Where the repository of a set is to lie, below the prefix of its policy.
    pub fn of(prefix: &str, set: &PhysicalSet) -> Self {
        Self { engine: set.engine, base: format!("{prefix}{}", set.prefix), name: set.name().to_owned() }
    }

    /// The prefix of its backups.
    pub fn backups(&self) -> String {
        let Self { base, name, .. } = self;
        match self.engine {
            PhysicalEngine::Pgbackrest => format!("{base}backup/{name}/"),
            PhysicalEngine::BarmanCloud => format!("{base}{name}/base/"),
            PhysicalEngine::WalG => format!("{base}basebackups_005/"),
        }
    }

    /// The prefix of its WAL.
    pub fn wal(&self) -> String {
        let Self { base, name, .. } = self;
        match self.engine {
            PhysicalEngine::Pgbackrest => format!("{base}archive/{name}/"),
            PhysicalEngine::BarmanCloud => format!("{base}{name}/wals/"),
            PhysicalEngine::WalG => format!("{base}wal_005/"),
        }
    }

    /// The prefixes of everything in it.
    pub fn prefixes(&self) -> Vec<String> {
        match self.engine {
            PhysicalEngine::BarmanCloud => vec![format!("{}{}/", self.base, self.name)],
            PhysicalEngine::Pgbackrest | PhysicalEngine::WalG => vec![self.backups(), self.wal()],
        }
    }

    /// Whether a key is part of it.
    pub fn holds(&self, key: &str) -> bool {
        self.prefixes().iter().any(|prefix| key.starts_with(prefix))
    }
}

/// The sets of a policy: those that lifeboat takes, which this is read as, and beside them those that other engines take.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "BTreeMap<Name, AnySet>", into = "BTreeMap<Name, AnySet>")]
pub struct BackupSets {
    taken: BTreeMap<Name, BackupSet>,
    /// The sets that other engines take.
    pub physical: BTreeMap<Name, PhysicalSet>,
}

/// A set of either kind, told by its engine.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(title = "a backup set")]
enum AnySet {
    Taken(BackupSet),
    Physical(PhysicalSet),
}

/// By its engine, so that an error is that of the set which was meant.
impl<'de> Deserialize<'de> for AnySet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let physical = value.get("engine").is_some_and(|engine| PhysicalEngine::deserialize(engine).is_ok());
        let set = if physical { PhysicalSet::deserialize(value).map(Self::Physical) } else { BackupSet::deserialize(value).map(Self::Taken) };
        set.map_err(D::Error::custom)
    }
}

impl From<BTreeMap<Name, AnySet>> for BackupSets {
    fn from(sets: BTreeMap<Name, AnySet>) -> Self {
        let mut out = Self::default();
        for (name, set) in sets {
            match set {
                AnySet::Taken(set) => drop(out.taken.insert(name, set)),
                AnySet::Physical(set) => drop(out.physical.insert(name, set)),
            }
        }
        out
    }
}

impl From<BackupSets> for BTreeMap<Name, AnySet> {
    fn from(sets: BackupSets) -> Self {
        let taken = sets.taken.into_iter().map(|(name, set)| (name, AnySet::Taken(set)));
        taken.chain(sets.physical.into_iter().map(|(name, set)| (name, AnySet::Physical(set)))).collect()
    }
}

impl Deref for BackupSets {
    type Target = BTreeMap<Name, BackupSet>;

    fn deref(&self) -> &Self::Target {
        &self.taken
    }
}

impl<'a> IntoIterator for &'a BackupSets {
    type Item = (&'a Name, &'a BackupSet);
    type IntoIter = std::collections::btree_map::Iter<'a, Name, BackupSet>;

    fn into_iter(self) -> Self::IntoIter {
        self.taken.iter()
    }
}

impl JsonSchema for BackupSets {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "BackupSets".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        BTreeMap::<Name, AnySet>::json_schema(generator)
    }
}
