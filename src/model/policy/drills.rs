//! Rehearsed restores and what the restored database is asked.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::units::Span;
use super::{Name, Schedule};

/// A rehearsed restore.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "a drill")]
pub struct Drill {
    /// The backup sets it restores.
    #[schemars(length(min = 1))]
    pub backups: Vec<Name>,
    /// Which backup it takes.
    #[serde(default)]
    pub pick: Pick,
    /// When it runs.
    pub schedule: Schedule,
    /// Labels of the machine that runs it; judged by rules.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub runs_on: Vec<String>,
    /// How long it may take in all.
    #[serde(default = "one_hour")]
    pub timeout: Span,
    /// What the restored database must answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
}

fn one_hour() -> Span {
    Span::seconds(3_600)
}

/// Which backup a drill takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Pick {
    /// The newest complete one.
    #[default]
    Latest,
    /// The oldest complete one.
    Oldest,
}

/// One question to the restored database.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "a check")]
pub struct Check {
    /// What it asks, in words.
    #[schemars(length(min = 1, max = 100))]
    pub name: String,
    /// The database it is asked of; the first of the set when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// One statement that answers one row with one column.
    pub sql: String,
    /// What the answer must be.
    pub expect: Expect,
}

/// What an answer must be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "an expectation", description = "one of {atLeast: N}, {equals: TEXT}, {maxAge: DURATION}, {sameAsBackup: true}")]
pub enum Expect {
    /// A number not below this one.
    AtLeast(f64),
    /// Exactly this text.
    Equals(String),
    /// A timestamp not older than this, counted from the backup's snapshot.
    MaxAge(Span),
    /// What the same query answered in the snapshot of the backup.
    SameAsBackup(bool),
}
