//! Materialized views: no dump holds their rows, a restore asks their queries anew (`REFRESH MATERIALIZED VIEW`).
//!
//! A backup sums their rows beside the dump, in its snapshot. A difference after the refresh proves no loss: the view may have been
//! older than the tables it reads, or its query may ask for the time or for chance, and the catalog tells neither. So a difference
//! is said and decides nothing; that a view is there, and filled or empty as `pg_dump` leaves it, is certain and does.

use serde::{Deserialize, Serialize};

use super::names::TableName;
use super::rowhash::RowSum;

/// What a backup recorded of one materialized view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ViewFacts {
    /// `nspname`.
    pub schema: String,
    /// `relname`.
    pub name: String,
    /// Whether a restore fills it: it was filled, so was every materialized view that it reads, and the policy does not exclude it.
    pub filled: bool,
    /// Its columns, in order.
    pub columns: Vec<String>,
    /// Sum of its rows as COPY text; none for one that is not filled, or that could not be read (no right, a lock, no time left).
    pub rows: Option<RowSum>,
}

impl ViewFacts {
    /// Its name.
    #[must_use]
    pub fn table_name(&self) -> TableName {
        TableName::new(self.schema.as_str(), self.name.as_str())
    }
}

/// A materialized view after a restore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RestoredView {
    /// It is not there.
    Missing,
    /// It was never filled (`relispopulated` is off).
    Unfilled,
    /// It is filled; with the sum of its rows where the backup has one to compare with.
    Filled(Option<RowSum>),
}

/// Schema, name, whether a restore fills it, and columns of every materialized view that is not a part of an extension.
///
/// `pg_dump` writes a refresh for a view that is populated and reads no unpopulated one, directly or through views
/// (`buildMatViewRefreshDependencies` in `pg_dump.c`).
pub const VIEWS: &str = "
WITH RECURSIVE reads AS (
    SELECT r.ev_class AS view, o.oid AS other, o.relkind = 'm' AND NOT o.relispopulated AS unfilled
      FROM pg_catalog.pg_rewrite r
      JOIN pg_catalog.pg_class v ON v.oid = r.ev_class AND v.relkind IN ('m', 'v')
      JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = r.oid
                                 AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid <> r.ev_class
      JOIN pg_catalog.pg_class o ON o.oid = d.refobjid AND o.relkind IN ('m', 'v')
), below AS (
    SELECT view, other, unfilled FROM reads
     UNION
    SELECT below.view, reads.other, reads.unfilled FROM below JOIN reads ON reads.view = below.other
)
SELECT n.nspname, c.relname, c.relispopulated AND NOT EXISTS (SELECT 1 FROM below WHERE below.view = c.oid AND below.unfilled),
       ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum)
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
 WHERE c.relkind = 'm'
   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d
                    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e')
 ORDER BY 1, 2";

/// Whether one materialized view, by schema and name, is filled; no row when it is not there.
pub const FILLED: &str = "
SELECT c.relispopulated FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'm' AND n.nspname = $1 AND c.relname = $2";
