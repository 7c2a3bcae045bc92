//! `lifeboat.simulate/1`: the policies played forward.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::report::simulate::{Asked, Course, Stop};

/// What `simulate` says.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SimulateView {
    /// Always `lifeboat.simulate/1`.
    pub format: String,
    /// Version of lifeboat.
    pub tool: String,
    /// What was read: a commit, or the working folder.
    pub revision: String,
    /// The first day, `2026-11-23`, which begins at midnight UTC.
    pub from: String,
    /// How many days were played.
    pub days: u32,
    /// What stops, and when.
    pub stops: Vec<Stop>,
    /// Bytes that each backup is taken to have.
    pub backup_bytes: u64,
    /// Whether it begins with the backups, the rules and the versioning that are there, and not with an empty bucket.
    #[serde(default)]
    pub live: bool,
    /// What came of each backup set.
    pub sets: Vec<Course>,
    /// In how many of them something is broken.
    pub broken: usize,
}

impl SimulateView {
    /// The view of what was played.
    pub fn of(revision: &str, asked: &Asked<'_>, sets: Vec<Course>) -> Self {
        Self {
            format: "lifeboat.simulate/1".to_owned(),
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            revision: revision.to_owned(),
            from: asked.begin.strftime("%Y-%m-%d").to_string(),
            days: asked.days,
            stops: asked.stops.to_vec(),
            backup_bytes: asked.bytes,
            live: false,
            broken: sets.iter().filter(|set| set.first_broken().is_some()).count(),
            sets,
        }
    }

    /// Whether something is promised that the days that were played cannot break.
    pub fn is_so_far(&self) -> bool {
        self.sets.iter().flat_map(|set| &set.invariants).any(|invariant| invariant.broken.is_none() && invariant.shown_from.is_some())
    }
}
