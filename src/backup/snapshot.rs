//! The snapshot that a dump is taken in, and what the catalog and the policy's queries say in it.
//!
//! It reads only. The transaction that holds the snapshot stays open until the dump has ended, and pins the database's
//! horizon for as long (`docs/HA_DR_RUNBOOK.md` says how to see that).

use std::time::Duration;

use tokio_postgres::Client;

use super::BackupError;
use crate::catalog::manifest::{Answered, DatabaseBackup, Extension, Locale, Stored};
use crate::engines::pg_dump::catalog_sql as sql;
use crate::engines::pg_dump::completeness::{self, CatalogFacts, CatalogRelation, Exclusion, RelationKind};
use crate::engines::pg_dump::facts::DataFacts;
use crate::engines::pg_dump::question;
use crate::engines::pg_dump::restored::Pins;
use crate::engines::pg_dump::rowhash;
use crate::engines::pg_dump::views::{self, ViewFacts};
use crate::model::document::sha256_hex;
use crate::model::policy::{BackupSet, Check};
use crate::ports::Clock;
use crate::ports::postgres::{DatabaseError, Target, failed, rows};

/// How long one of the policy's queries may take on the source.
const QUESTION: &str = "SET LOCAL statement_timeout TO '60s'";

/// How long all materialized views of a database together may be read for. `pg_dump` does not read them, so this is the one read of
/// the source that is not the dump's own; what is not read in time is recorded as not read.
const VIEWS: Duration = Duration::from_mins(10);

/// What is the same for all databases of a server.
#[derive(Debug)]
pub(super) struct Server {
    /// `server_version_num`.
    pub(super) version: u32,
    /// Its roles.
    pub(super) roles: Vec<String>,
}

/// Asks a server for its version and roles.
pub(super) async fn server(target: &Target) -> Result<Server, DatabaseError> {
    let client = target.connect().await?;
    let row = client.query_one("SELECT pg_catalog.current_setting('server_version_num')::int4", &[]).await.map_err(failed("server_version_num"))?;
    let version: i32 = row.get(0);
    let roles = client.query(sql::ROLES, &[]).await.map_err(failed("the roles"))?;
    Ok(Server { version: u32::try_from(version).unwrap_or(0), roles: roles.iter().map(|row| row.get(0)).collect() })
}

/// An exported snapshot, held open.
pub(super) struct Snapshot {
    client: Client,
    /// Its id, for `pg_dump --snapshot`.
    pub(super) id: String,
    /// What both sides of a comparison pin.
    pub(super) pins: Pins,
    at: String,
    lsn_before: String,
    standby: bool,
    locale: Locale,
    catalog: CatalogFacts,
    extensions: Vec<Extension>,
    answers: Vec<Answered>,
}

impl Snapshot {
    /// Begins a transaction, exports its snapshot, and reads the catalog and the answers in it.
    pub(super) async fn take(target: &Target, database: &str, server: &Server, questions: &[&Check]) -> Result<Self, BackupError> {
        let client = target.connect().await?;
        // The dump may take hours while this session does nothing. It waits for a lock as long as pg_dump does.
        let patience = if server.version >= 170_000 { "SET transaction_timeout TO 0;" } else { "" };
        let session =
            format!("SET search_path TO ''; SET statement_timeout TO 0; SET lock_timeout TO '60s'; SET idle_in_transaction_session_timeout TO 0; {patience}");
        client.batch_execute(&session).await.map_err(failed("the session"))?;
        hidden(&client, database).await?;
        let (lsn_before, standby) = position(&client).await?;
        client.batch_execute("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY").await.map_err(failed("the transaction"))?;
        let export = "SELECT pg_catalog.pg_export_snapshot(), to_char(pg_catalog.transaction_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')";
        let row = client.query_one(export, &[]).await.map_err(failed("the snapshot"))?;
        let (id, at): (String, String) = (row.get(0), row.get(1));
        let locale = locale(&client, server.version).await?;
        let catalog = catalog(&client).await?;
        let extensions = client.query(sql::EXTENSIONS, &[]).await.map_err(failed("the extensions"))?;
        let extensions = extensions.iter().map(|row| Extension { name: row.get(0), version: row.get(1) }).collect();
        let mut answers = Vec::new();
        for check in questions {
            answers.extend(answer(&client, &check.sql).await?);
        }
        let encoding = if locale.encoding == "SQL_ASCII" { "SQL_ASCII" } else { "UTF8" };
        let pins = Pins { encoding: encoding.to_owned(), lc_monetary: Some(locale.monetary.clone()) };
        Ok(Self { client, id, pins, at, lsn_before, standby, locale, catalog, extensions, answers })
    }

    /// Whether a dump with these facts holds everything that the catalog has, but for what is left out on purpose.
    pub(super) fn complete(&self, set: &BackupSet, database: &str, facts: &DataFacts) -> Result<(), BackupError> {
        let gaps = completeness::compare(&self.catalog, facts, &excluded(set));
        if gaps.is_empty() { Ok(()) } else { Err(BackupError::Incomplete { database: database.to_owned(), gaps }) }
    }

    /// Sums the rows of the materialized views that a restore will fill.
    pub(super) async fn views(&self, set: &BackupSet, clock: &dyn Clock) -> Result<Vec<ViewFacts>, BackupError> {
        let begun = clock.now();
        let mut out = Vec::new();
        for row in self.client.query(views::VIEWS, &[]).await.map_err(failed("the materialized views"))? {
            let (schema, name): (String, String) = (row.get(0), row.get(1));
            let excluded = set.exclude.iter().any(|table| table.schema == schema && table.table == name);
            let mut view = ViewFacts { schema, name, filled: row.get::<_, bool>(2) && !excluded, columns: row.get(3), rows: None };
            let spent = Duration::try_from(clock.now().duration_since(begun)).unwrap_or_default();
            let left = VIEWS.saturating_sub(spent).as_millis();
            if view.filled && left > 0 {
                view.rows = self.rows(&view, left).await?;
            }
            out.push(view);
        }
        Ok(out)
    }

    /// The sum of one view; none when the server refuses (no right, a lock, no time left): `pg_dump` does without it, so a backup
    /// does too. The lock on the view is let go at once: a refresh must not wait for the end of the dump.
    async fn rows(&self, view: &ViewFacts, millis: u128) -> Result<Option<rowhash::RowSum>, BackupError> {
        let session = format!("SAVEPOINT view; {} SET statement_timeout TO {millis}; SET lock_timeout TO '10s'", self.pins.set_batch());
        self.client.batch_execute(&session).await.map_err(failed("a savepoint"))?;
        let summed = rows::sum(&self.client, &view.table_name(), &view.columns, None).await;
        self.client.batch_execute("ROLLBACK TO SAVEPOINT view").await.map_err(failed("a savepoint"))?;
        Ok(summed.ok())
    }

    /// Ends the transaction and puts everything together.
    pub(super) async fn finish(
        self,
        set: &BackupSet,
        database: &str,
        dump: Stored,
        facts: DataFacts,
        views: Vec<ViewFacts>,
    ) -> Result<DatabaseBackup, BackupError> {
        let (lsn_after, _) = position(&self.client).await?;
        self.client.batch_execute("COMMIT").await.map_err(failed("the end of the transaction"))?;
        Ok(DatabaseBackup {
            name: database.to_owned(),
            dump,
            locale: self.locale,
            client_encoding: self.pins.encoding,
            snapshot_at: self.at,
            lsn_before: self.lsn_before,
            lsn_after,
            standby: self.standby,
            facts,
            views: Some(views),
            algorithm: rowhash::ALGORITHM.to_owned(),
            catalog: self.catalog,
            excluded: excluded(set),
            extensions: self.extensions,
            answers: self.answers,
        })
    }
}

fn excluded(set: &BackupSet) -> Vec<Exclusion> {
    let named = set.exclude.iter();
    named.map(|table| Exclusion { schema: table.schema.clone(), name: table.table.clone(), reason: table.reason.clone() }).collect()
}

/// Refuses where a dump would look whole and is not.
async fn hidden(client: &Client, database: &str) -> Result<(), BackupError> {
    let refuse = |why: String| Err(BackupError::Hidden { database: database.to_owned(), why });
    let settings = client.query(sql::HIDING, &[]).await.map_err(failed("the settings"))?;
    if let Some(row) = settings.first() {
        return refuse(format!("{} is on: rows of damaged pages would be silently missing", row.get::<_, String>(0)));
    }
    let tables = client.query(sql::ROW_SECURITY, &[]).await.map_err(failed("row security"))?;
    if let Some(row) = tables.first() {
        return refuse(format!("row security hides rows of {}.{} from this user", row.get::<_, String>(0), row.get::<_, String>(1)));
    }
    Ok(())
}

async fn position(client: &Client) -> Result<(String, bool), BackupError> {
    let row = client.query_one(sql::POSITION, &[]).await.map_err(failed("the write position"))?;
    Ok((row.get::<_, Option<String>>(0).unwrap_or_default(), row.get(1)))
}

async fn locale(client: &Client, version: u32) -> Result<Locale, BackupError> {
    let row = client.query_one(&sql::database(version), &[]).await.map_err(failed("the locale"))?;
    Ok(Locale { encoding: row.get(0), collate: row.get(1), ctype: row.get(2), provider: row.get(3), provider_locale: row.get(4), monetary: row.get(5) })
}

async fn catalog(client: &Client) -> Result<CatalogFacts, BackupError> {
    let rows = client.query(sql::RELATIONS, &[]).await.map_err(failed("the catalog"))?;
    let relations = rows.iter().map(|row| CatalogRelation {
        schema: row.get(0),
        name: row.get(1),
        kind: match row.get::<_, &str>(2) {
            "table" => RelationKind::Table,
            "unlogged" => RelationKind::Unlogged,
            "partitioned" => RelationKind::Partitioned,
            "sequence" => RelationKind::Sequence,
            "mat_view" => RelationKind::MatView,
            _ => RelationKind::Foreign,
        },
        reltuples: row.get(3),
        bytes: row.get::<_, Option<i64>>(4).unwrap_or(0),
        extension: row.get(5),
        extension_config: row.get(6),
    });
    let relations = relations.collect();
    let count = client.query_one(sql::LARGE_OBJECTS, &[]).await.map_err(failed("the large objects"))?;
    Ok(CatalogFacts { relations, large_objects: u64::try_from(count.get::<_, i64>(0)).unwrap_or(0) })
}

/// The answer of a policy query in the snapshot. A query that fails leaves no answer, so its check will be unproven; it
/// does not fail the backup.
async fn answer(client: &Client, query: &str) -> Result<Option<Answered>, BackupError> {
    let session = format!("SAVEPOINT question; {}; {QUESTION}", question::SESSION);
    client.batch_execute(&session).await.map_err(failed("a savepoint"))?;
    let answered = client.query(&question::wrapped(query), &[]).await;
    client.batch_execute("ROLLBACK TO SAVEPOINT question").await.map_err(failed("a savepoint"))?;
    Ok(answered
        .ok()
        .filter(|rows| rows.len() == 1)
        .and_then(|rows| rows.into_iter().next())
        .map(|row| Answered { query: sha256_hex(query.as_bytes()), answer: row.get::<_, Option<String>>(0).map(|text| sha256_hex(text.as_bytes())) }))
}
