//! Does a new backup hold much less than the last verified one? Compares the facts of the two.
//!
//! A database that was emptied dumps and restores without an error, so only the step from one backup to the next tells. Must never
//! decide: findings go to the report and the policy accepts them by name.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::facts::DataFacts;
use super::names::TableName;

/// How much less is normal.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// A table may lose up to this share of its rows, in percent; also for the number of large objects. Default 20.
    pub rows_down_percent: f64,
    /// So many tables may be gone before each is a finding. Default 0.
    pub tables_gone: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { rows_down_percent: 20.0, tables_gone: 0 }
    }
}

/// One thing that became less.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub struct Finding {
    /// The backup compared with (its id, for the sentence).
    pub older: String,
    /// What became less.
    #[serde(flatten)]
    pub what: Change,
}

impl Finding {
    /// The table it is about; `None` for large objects. Policies accept findings by this name.
    #[must_use]
    pub fn table(&self) -> Option<&TableName> {
        match &self.what {
            Change::TableGone { table, .. } | Change::Emptied { table, .. } | Change::RowsDown { table, .. } => Some(table),
            Change::LargeObjectsDown { .. } => None,
        }
    }
}

/// A kind of becoming less.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// The table is not in the newer backup.
    TableGone {
        /// The table.
        table: TableName,
        /// Rows in the older backup.
        rows_before: u64,
    },
    /// The table had rows and has none.
    Emptied {
        /// The table.
        table: TableName,
        /// Rows in the older backup.
        rows_before: u64,
    },
    /// The table lost a larger share of its rows than the limit.
    RowsDown {
        /// The table.
        table: TableName,
        /// Rows in the older backup.
        rows_before: u64,
        /// Rows in the newer backup.
        rows_now: u64,
    },
    /// There are fewer large objects, by more than the limit.
    LargeObjectsDown {
        /// Objects in the older backup.
        before: u64,
        /// Objects in the newer backup.
        now: u64,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let older = &self.older;
        match &self.what {
            Change::TableGone { table, rows_before } => write!(f, "{table} had {} in backup {older} and is gone", rows(*rows_before)),
            Change::Emptied { table, rows_before } => {
                write!(f, "{table} had {} in backup {older}, now 0", rows(*rows_before))
            }
            Change::RowsDown { table, rows_before, rows_now } => write!(
                f,
                "{table} had {} in backup {older}, now {} ({:.1} % less)",
                rows(*rows_before),
                thousands(*rows_now),
                percent_less(*rows_before, *rows_now)
            ),
            Change::LargeObjectsDown { before, now } => write!(f, "there were {} large objects in backup {older}, now {}", thousands(*before), thousands(*now)),
        }
    }
}

/// Compares the facts of the last verified backup with those of a newer one; `older_id` is for the sentences.
#[must_use]
pub fn compare(older_id: &str, older: &DataFacts, newer: &DataFacts, limits: &Limits) -> Vec<Finding> {
    let mut gone = Vec::new();
    let mut less = Vec::new();
    for (table, before) in &older.tables {
        let rows_before = before.rows.rows;
        let table = table.clone();
        match newer.tables.get(&table).map(|data| data.rows.rows) {
            None => gone.push(Change::TableGone { table, rows_before }),
            Some(0) if rows_before > 0 => less.push(Change::Emptied { table, rows_before }),
            Some(rows_now) if too_few(rows_before, rows_now, limits) => {
                less.push(Change::RowsDown { table, rows_before, rows_now });
            }
            Some(_) => {}
        }
    }
    if gone.len() as u64 <= u64::from(limits.tables_gone) {
        gone.clear();
    }
    let before = older.large_objects.len() as u64;
    let now = newer.large_objects.len() as u64;
    let objects = (too_few(before, now, limits) || (now == 0 && before > 0)).then_some(Change::LargeObjectsDown { before, now });
    let finding = |what| Finding { older: older_id.to_owned(), what };
    gone.into_iter().chain(less).chain(objects).map(finding).collect()
}

fn too_few(before: u64, now: u64, limits: &Limits) -> bool {
    percent_less(before, now) > limits.rows_down_percent
}

/// 0 when there is not less.
#[expect(clippy::cast_precision_loss, reason = "a share in percent; 2^53 rows are far off")]
fn percent_less(before: u64, now: u64) -> f64 {
    if before == 0 {
        return 0.0;
    }
    before.saturating_sub(now) as f64 * 100.0 / before as f64
}

fn rows(count: u64) -> String {
    let noun = if count == 1 { "row" } else { "rows" };
    format!("{} {noun}", thousands(count))
}

/// `120331` as `120,331`.
fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests;
