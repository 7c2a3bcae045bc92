//! Asks a restored database everything that the checks judge. It only reads; what fails to be asked is an answer too.

use std::collections::BTreeMap;

use tokio_postgres::Client;

use crate::catalog::manifest::DatabaseBackup;
use crate::engines::pg_dump::catalog_sql as sql;
use crate::engines::pg_dump::facts::{LargeObject, SequenceValue};
use crate::engines::pg_dump::generated::{self, GeneratedColumn, Recomputed};
use crate::engines::pg_dump::names::{TableName, quote_ident};
use crate::engines::pg_dump::question;
use crate::engines::pg_dump::restored::{self, LargeObjectHasher, Pins};
use crate::engines::pg_dump::rowhash::RowSum;
use crate::engines::pg_dump::views::{self, RestoredView, ViewFacts};
use crate::model::policy::Check;
use crate::ports::postgres::{DatabaseError, Target, failed, rows};

/// How long one policy query may take.
const QUESTION: &str = "SET LOCAL statement_timeout TO '300s'";

/// An answer, or why there is none.
pub type Answered<T> = Result<T, String>;

/// Everything that was asked.
#[derive(Debug)]
pub struct Answers {
    /// Sum of each table of the dump.
    pub tables: BTreeMap<TableName, Answered<RowSum>>,
    /// Each materialized view of the backup.
    pub views: BTreeMap<TableName, Answered<RestoredView>>,
    /// Stored generated columns, each with what its expression says of it.
    pub generated: Answered<Vec<(GeneratedColumn, Answered<Recomputed>)>>,
    /// Value of each sequence of the dump.
    pub sequences: BTreeMap<TableName, Answered<SequenceValue>>,
    /// Sequences with the column they feed, and the largest value of that column where it is larger than the sequence.
    pub behind: Answered<Vec<String>>,
    /// Large objects.
    pub large_objects: Answered<BTreeMap<u32, LargeObject>>,
    /// Indexes that are not valid.
    pub invalid_indexes: Answered<Vec<String>>,
    /// Extensions by name.
    pub extensions: Answered<BTreeMap<String, String>>,
    /// Roles.
    pub roles: Answered<Vec<String>>,
    /// Answers of the policy's queries, in order: none for NULL.
    pub queries: Vec<Answered<Option<String>>>,
}

/// Asks `target` about a database of a backup; the policy's queries are asked as `reader`, where there is one.
pub async fn ask(target: &Target, reader: Option<&Target>, database: &DatabaseBackup, queries: &[&Check]) -> Answers {
    let client = match session(target, database).await {
        Ok(client) => client,
        Err(error) => return nothing(&error.to_string(), database, queries),
    };
    let mut answers = nothing("not asked", database, &[]);
    for (name, data) in &database.facts.tables {
        answers.tables.insert(name.clone(), table(&client, database, name, &data.columns).await.map_err(|error| error.to_string()));
    }
    for recorded in database.views.iter().flatten() {
        answers.views.insert(recorded.table_name(), view(&client, recorded).await.map_err(|error| error.to_string()));
    }
    answers.generated = generated(&client).await.map_err(|error| error.to_string());
    for name in database.facts.sequences.keys() {
        answers.sequences.insert(name.clone(), sequence(&client, name).await.map_err(|error| error.to_string()));
    }
    answers.behind = behind(&client).await.map_err(|error| error.to_string());
    answers.large_objects = large_objects(&client).await.map_err(|error| error.to_string());
    answers.invalid_indexes = pairs(&client, sql::INVALID_INDEXES).await.map_err(|error| error.to_string());
    answers.extensions = extensions(&client).await.map_err(|error| error.to_string());
    answers.roles = names(&client, sql::ROLES).await.map_err(|error| error.to_string());
    drop(client);
    for check in queries {
        answers.queries.push(query(reader.unwrap_or(target), &check.sql).await.map_err(|error| error.to_string()));
    }
    answers
}

fn nothing(why: &str, database: &DatabaseBackup, queries: &[&Check]) -> Answers {
    let no = || why.to_owned();
    Answers {
        tables: database.facts.tables.keys().map(|name| (name.clone(), Err(no()))).collect(),
        sequences: database.facts.sequences.keys().map(|name| (name.clone(), Err(no()))).collect(),
        views: database.views.iter().flatten().map(|view| (view.table_name(), Err(no()))).collect(),
        generated: Err(no()),
        behind: Err(no()),
        large_objects: Err(no()),
        invalid_indexes: Err(no()),
        extensions: Err(no()),
        roles: Err(no()),
        queries: queries.iter().map(|_| Err(no())).collect(),
    }
}

/// A session pinned as the dump was.
async fn session(target: &Target, database: &DatabaseBackup) -> Result<Client, DatabaseError> {
    let client = target.connect().await?;
    // The source's monetary locale may not exist here; then `money` columns may differ, and their table says so.
    let monetary = Pins { encoding: database.client_encoding.clone(), lc_monetary: Some(database.locale.monetary.clone()) };
    if client.batch_execute(&monetary.set_batch()).await.is_err() {
        let plain = Pins { lc_monetary: None, ..monetary };
        client.batch_execute(&plain.set_batch()).await.map_err(failed("the session"))?;
    }
    Ok(client)
}

async fn table(client: &Client, database: &DatabaseBackup, name: &TableName, columns: &[String]) -> Result<RowSum, DatabaseError> {
    let configuration = database.catalog.relations.iter().any(|relation| relation.extension_config && relation.table_name() == *name);
    let condition: Option<String> = if configuration {
        let row = client.query_opt(sql::EXTENSION_CONDITION, &[&name.schema, &name.name]).await.map_err(failed("an extension's condition"))?;
        row.and_then(|row| row.get::<_, Option<String>>(0))
    } else {
        None
    };
    rows::sum(client, name, columns, condition.as_deref()).await
}

async fn view(client: &Client, recorded: &ViewFacts) -> Result<RestoredView, DatabaseError> {
    let found = client.query_opt(views::FILLED, &[&recorded.schema, &recorded.name]).await.map_err(failed("the materialized views"))?;
    match found.map(|row| row.get::<_, bool>(0)) {
        None => Ok(RestoredView::Missing),
        Some(false) => Ok(RestoredView::Unfilled),
        Some(true) if recorded.rows.is_none() => Ok(RestoredView::Filled(None)),
        Some(true) => Ok(RestoredView::Filled(Some(rows::sum(client, &recorded.table_name(), &recorded.columns, None).await?))),
    }
}

async fn generated(client: &Client) -> Result<Vec<(GeneratedColumn, Answered<Recomputed>)>, DatabaseError> {
    let mut out = Vec::new();
    for row in client.query(generated::COLUMNS, &[]).await.map_err(failed("the generated columns"))? {
        let table = TableName::new(row.get::<_, String>(0), row.get::<_, String>(1));
        let column = GeneratedColumn { table, column: row.get(2), kind: row.get(3), expression: row.get(4) };
        let answer = recomputed(client, &column).await.map_err(|error| reason(&error));
        out.push((column, answer));
    }
    Ok(out)
}

/// Holds one column against its expression. The expression may call anything, so it runs where nothing can be written.
async fn recomputed(client: &Client, column: &GeneratedColumn) -> Result<Recomputed, DatabaseError> {
    client.batch_execute("BEGIN TRANSACTION READ ONLY").await.map_err(failed("the session"))?;
    let counted = async {
        let wrong = number(client, &column.wrong_sql()).await?;
        let unsteady = if wrong > 0 { number(client, &column.unsteady_sql()).await? } else { 0 };
        Ok(Recomputed { wrong, unsteady })
    }
    .await;
    client.batch_execute("ROLLBACK").await.map_err(failed("the session"))?;
    counted
}

async fn number(client: &Client, sql: &str) -> Result<u64, DatabaseError> {
    let row = client.query_one(sql, &[]).await.map_err(failed("its expression cannot be computed"))?;
    Ok(u64::try_from(row.get::<_, i64>(0)).unwrap_or(0))
}

/// What the server said of an expression. Only errors about names are quoted: others may hold a value of a row.
fn reason(error: &DatabaseError) -> String {
    match error {
        DatabaseError::Query { what, code: Some(code), .. } if !code.starts_with("42") => format!("{what}: SQLSTATE {code}"),
        error => error.to_string(),
    }
}

async fn sequence(client: &Client, name: &TableName) -> Result<SequenceValue, DatabaseError> {
    let row = client.query_one(&restored::sequence_sql(name), &[]).await.map_err(failed(&format!("sequence {name}")))?;
    Ok(SequenceValue { last_value: row.get(0), is_called: row.get(1) })
}

async fn behind(client: &Client) -> Result<Vec<String>, DatabaseError> {
    let mut out = Vec::new();
    for row in client.query(sql::OWNED_SEQUENCES, &[]).await.map_err(failed("the sequences of columns"))? {
        let (sequence, table) =
            (TableName::new(row.get::<_, String>(0), row.get::<_, String>(1)), TableName::new(row.get::<_, String>(2), row.get::<_, String>(3)));
        let column: String = row.get(4);
        let value = sequence_value(client, &sequence).await?;
        let asked = format!("SELECT max({})::int8 FROM {}", quote_ident(&column), table.to_sql());
        let largest: Option<i64> = client.query_one(&asked, &[]).await.map_err(failed(&format!("the largest {column} of {table}")))?.get(0);
        if let Some(largest) = largest.filter(|largest| *largest > value) {
            out.push(format!("{sequence} is at {value}, and {table} has {column} {largest}: the next insert collides"));
        }
    }
    Ok(out)
}

async fn sequence_value(client: &Client, name: &TableName) -> Result<i64, DatabaseError> {
    let value = sequence(client, name).await?;
    Ok(if value.is_called { value.last_value } else { value.last_value.saturating_sub(1) })
}

async fn large_objects(client: &Client) -> Result<BTreeMap<u32, LargeObject>, DatabaseError> {
    let mut out = BTreeMap::new();
    for row in client.query(restored::LARGE_OBJECT_OIDS_SQL, &[]).await.map_err(failed("the large objects"))? {
        let oid: u32 = row.get(0);
        let mut hasher = LargeObjectHasher::default();
        let mut offset = Some(0);
        while let Some(at) = offset {
            let part = client.query_one(&restored::large_object_sql(oid, at), &[]).await.map_err(failed(&format!("large object {oid}")))?;
            offset = hasher.push(part.get(0));
        }
        out.insert(oid, hasher.finish());
    }
    Ok(out)
}

async fn pairs(client: &Client, sql: &str) -> Result<Vec<String>, DatabaseError> {
    let rows = client.query(sql, &[]).await.map_err(failed("the indexes"))?;
    Ok(rows.iter().map(|row| TableName::new(row.get::<_, String>(0), row.get::<_, String>(1)).to_string()).collect())
}

async fn names(client: &Client, sql: &str) -> Result<Vec<String>, DatabaseError> {
    let rows = client.query(sql, &[]).await.map_err(failed("the roles"))?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

async fn extensions(client: &Client) -> Result<BTreeMap<String, String>, DatabaseError> {
    let rows = client.query(sql::EXTENSIONS, &[]).await.map_err(failed("the extensions"))?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// One policy query, read only, in a session of its own: what one query does to its session, the next does not see.
async fn query(target: &Target, sql: &str) -> Result<Option<String>, DatabaseError> {
    let client = target.connect().await?;
    let begin = format!("BEGIN TRANSACTION READ ONLY; {}; {QUESTION}", question::SESSION);
    client.batch_execute(&begin).await.map_err(failed("the session"))?;
    let rows = client.query(&question::wrapped(sql), &[]).await.map_err(failed("the query"))?;
    match rows.as_slice() {
        [row] => Ok(row.get(0)),
        rows => {
            let many = if rows.is_empty() { "no row" } else { "more than one row" };
            Err(DatabaseError::Query { what: "the query".to_owned(), message: format!("it answers {many}, and one is expected"), code: None })
        }
    }
}
