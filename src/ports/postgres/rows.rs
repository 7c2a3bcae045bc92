//! The rows of a relation → their sum, while they stream: no row is kept, whatever the size.

use futures_util::StreamExt as _;
use tokio_postgres::Client;

use super::{DatabaseError, failed};
use crate::engines::pg_dump::names::TableName;
use crate::engines::pg_dump::restored::{self, RestoredError, RestoredHasher};
use crate::engines::pg_dump::rowhash::RowSum;

/// Sums the rows of a relation in a session that is pinned already. `condition` as for [`restored::copy_out_sql`].
///
/// # Errors
/// When the server refuses, or its answer breaks off.
pub async fn sum(client: &Client, name: &TableName, columns: &[String], condition: Option<&str>) -> Result<RowSum, DatabaseError> {
    let what = format!("the rows of {name}");
    let copied = client.copy_out(&restored::copy_out_sql(name, columns, condition)).await.map_err(failed(&what))?;
    let mut stream = std::pin::pin!(copied);
    let mut hasher = RestoredHasher::new(name, columns);
    let strange = |error: RestoredError| DatabaseError::Query { what: what.clone(), message: error.to_string(), code: None };
    while let Some(bytes) = stream.next().await {
        hasher.push(&bytes.map_err(failed(&what))?).map_err(strange)?;
    }
    hasher.finish().map_err(strange)
}
