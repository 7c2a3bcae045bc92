//! Roles and tablespaces, without passwords: small, so one conditional create.

use sha2::{Digest as _, Sha256};
use tokio::io::AsyncReadExt as _;

use super::dump::{check, messages};
use super::{BackupError, Job};
use crate::catalog::manifest::{Chunk, Stored};
use crate::engines::pg_dump::commands;
use crate::model::document::hex;
use crate::ports::process::{Confinement, Programs};

/// Roles and tablespaces of the largest cluster fit in this.
const LARGEST: u64 = 64 << 20;
/// The name of the object.
const NAME: &str = "globals.sql.zst";

/// Dumps the globals and stores them; also answers what the program said that is a doubt.
pub(super) async fn store(job: &Job<'_>, programs: &Programs, folder: &str) -> Result<(Stored, Vec<String>), BackupError> {
    let local = |what: &str| {
        let what = what.to_owned();
        move |source| BackupError::Local { what, source }
    };
    let mut command = programs.command("pg_dumpall", commands::globals(), &Confinement::default());
    // pg_dumpall begins in a database of its own choice (postgres, template1) unless it is told one that we may enter.
    command.envs(job.target.libpq());
    if let Some(database) = job.target.database_name() {
        command.arg(format!("--database={database}"));
    }
    let mut child = command.spawn().map_err(local("pg_dumpall cannot be started"))?;
    let says = messages(child.stderr.take());
    let mut sql = Vec::new();
    if let Some(out) = child.stdout.take() {
        out.take(LARGEST).read_to_end(&mut sql).await.map_err(local("pg_dumpall cannot be read"))?;
    }
    let doubts = check("pg_dumpall", &mut child, says).await?;
    let raw_bytes = sql.len() as u64;
    let compressed = zstd::encode_all(sql.as_slice(), 3).map_err(local("compression failed"))?;
    let sha256 = hex(&Sha256::digest(&compressed));
    let bytes = compressed.len() as u64;
    let (bucket, key) = (&job.policy.spec.storage.bucket, format!("{folder}{NAME}"));
    job.uploads.during(job.ports.clock.as_ref(), job.ports.objects.create(bucket, &key, compressed)).await?;
    let chunks = vec![Chunk { bytes, sha256: sha256.clone() }];
    Ok((Stored { name: NAME.to_owned(), objects: Vec::new(), bytes, raw_bytes, sha256, chunks }, doubts))
}
