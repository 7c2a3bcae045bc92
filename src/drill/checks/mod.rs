//! The table of checks: one question a file. Judging is pure: manifest and answers in, outcomes out.
//!
//! Adding one: a new file here and two lines below (`mod x;` and `&x::CHECK,`). What was not answered is unproven, never
//! passed.

use std::fmt;

use crate::catalog::manifest::{DatabaseBackup, Manifest};
use crate::model::policy::{Anomalies, Check as Query};

use super::ask::Answers;

mod anomaly;
mod completeness;
mod content;
mod extensions;
mod generated;
mod indexes;
mod large_objects;
pub mod objectives;
mod queries;
mod roles;
mod sequences;
mod views;

/// All checks of a restored database, in the order in which they are shown.
pub static CHECKS: &[&Check] = &[
    &content::CHECK,
    &large_objects::CHECK,
    &generated::CHECK,
    &views::CHECK,
    &completeness::CHECK,
    &anomaly::CHECK,
    &sequences::CHECK,
    &indexes::CHECK,
    &extensions::CHECK,
    &roles::CHECK,
    &queries::CHECK,
];

/// One kind of check.
pub struct Check {
    /// Stable id.
    pub id: &'static str,
    /// What it proves, in one sentence.
    pub proves: &'static str,
    /// Judges one database.
    pub judge: fn(&Subject<'_>) -> Judged,
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Check({})", self.id)
    }
}

/// What a check says of one database.
pub type Judged = Vec<CheckResult>;

/// What is judged.
#[derive(Debug)]
pub struct Subject<'a> {
    /// The whole manifest.
    pub manifest: &'a Manifest,
    /// The database.
    pub database: &'a DatabaseBackup,
    /// What the restored database answered.
    pub answers: &'a Answers,
    /// The policy's queries, in the order of their answers.
    pub queries: &'a [&'a Query],
    /// The older backup to compare with, if there is one.
    pub before: &'a Result<Option<Before>, String>,
    /// How much less is normal.
    pub anomalies: Anomalies,
}

/// An older backup to compare with.
#[derive(Debug)]
pub struct Before {
    /// Its manifest.
    pub manifest: Manifest,
    /// Whether a drill passed it.
    pub verified: bool,
}

/// What nobody could ask: databases of the set, and queries, that the backup does not hold.
pub fn unasked(manifest: &Manifest, databases: &[String], queries: &[Query]) -> Vec<CheckResult> {
    let holds = |name: &str| manifest.databases.iter().any(|database| database.name == name);
    let missing = databases.iter().filter(|name| !holds(name)).map(|name| {
        let detail = "the set names it, and the manifest does not".to_owned();
        CheckResult::of("completeness", "every database of the set is in the backup", Some(name), Outcome::Failed, Some(detail))
    });
    let lost = queries.iter().filter_map(|query| {
        let name = query.database.as_deref().filter(|name| !holds(name))?;
        let detail = "not asked: the backup does not hold this database".to_owned();
        Some(CheckResult::of("query", query.name.clone(), Some(name), Outcome::Unproven, Some(detail)))
    });
    missing.chain(lost).collect()
}

/// What a restore that ended well left to say: a warning is a doubt.
pub fn loaded(database: &str, warnings: &[String]) -> CheckResult {
    verdict("restore", "pg_restore ended well and warned of nothing".to_owned(), database, &[], warnings)
}

/// The outcome of one check. The order is that of weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Proven.
    Passed,
    /// Proven, and something beside it is worth a sentence. It decides nothing.
    Noted,
    /// Neither proven nor disproven.
    Unproven,
    /// Disproven.
    Failed,
}

impl Outcome {
    /// `passed`, `noted`, `unproven`, `failed`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Noted => "noted",
            Self::Unproven => "unproven",
            Self::Failed => "failed",
        }
    }
}

/// One check with its outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckResult {
    /// Id of the check.
    pub id: &'static str,
    /// What was asked.
    pub title: String,
    /// The database, where there is one.
    pub database: Option<String>,
    /// The outcome.
    pub outcome: Outcome,
    /// What was found; always there unless it passed without a note.
    pub detail: Option<String>,
    /// Whether what was found may quote the server, or a value of a row.
    pub quotes: bool,
}

/// At most so many characters of what was found are told outside.
const TOLD: usize = 200;

impl CheckResult {
    /// A result in lifeboat's own words: names, counts and dates.
    pub fn of(id: &'static str, title: impl Into<String>, database: Option<&str>, outcome: Outcome, detail: Option<String>) -> Self {
        Self { id, title: title.into(), database: database.map(str::to_owned), outcome, detail, quotes: false }
    }

    /// The same in words that may quote the server, or a value of a row.
    #[must_use]
    pub fn quoting(self, quotes: bool) -> Self {
        Self { quotes, ..self }
    }

    /// What may be told of it where everybody reads it: its id, of a query of the policy its name, the database, and the first sentence of
    /// what was found, unless that may quote what somebody stored.
    pub fn told(&self) -> String {
        let name = if self.id == "query" { format!(" `{}`", self.title) } else { String::new() };
        let database = self.database.as_ref().map_or_else(String::new, |database| format!(" in {database}"));
        let found = self.detail.as_deref().filter(|_| !self.quotes).and_then(|detail| detail.split("; ").next());
        let found = found.map_or_else(String::new, |found| format!(": {}", found.chars().take(TOLD).collect::<String>()));
        format!("{}{name}{database}{found}", self.id)
    }
}

/// The verdict of all results together: failed beats unproven beats passed. What is only noted passed; no result proves nothing.
pub fn overall(results: &[CheckResult]) -> Outcome {
    match results.iter().map(|result| result.outcome).max() {
        Some(Outcome::Noted) => Outcome::Passed,
        Some(outcome) => outcome,
        None => Outcome::Unproven,
    }
}

/// Objects that hold more than was written. Not one of those bytes is used, so a restore says it and goes on; in a drill it is
/// a finding, for somebody could write where nobody may.
pub fn written(surplus: &[String], outcome: Outcome) -> CheckResult {
    let outcome = if surplus.is_empty() { Outcome::Passed } else { outcome };
    let detail = (!surplus.is_empty()).then(|| list(surplus));
    CheckResult::of("fetch", "no object holds more than was written", None, outcome, detail)
}

/// At most so many names in one sentence.
const NAMES: usize = 5;

/// `a; b; c; and 4 more`.
fn list(items: &[String]) -> String {
    let shown = items.iter().take(NAMES).cloned().collect::<Vec<_>>().join("; ");
    if items.len() > NAMES { format!("{shown}; and {} more", items.len() - NAMES) } else { shown }
}

/// A result from two lists: what is wrong, and what could not be asked.
fn verdict(id: &'static str, title: String, database: &str, wrong: &[String], unasked: &[String]) -> CheckResult {
    let (outcome, detail) = match (wrong.is_empty(), unasked.is_empty()) {
        (false, _) => (Outcome::Failed, Some(list(wrong))),
        (true, false) => (Outcome::Unproven, Some(list(unasked))),
        (true, true) => (Outcome::Passed, None),
    };
    // What could not be asked is said in the server's words.
    CheckResult::of(id, title, Some(database), outcome, detail).quoting(outcome == Outcome::Unproven)
}

#[cfg(test)]
mod tests;
