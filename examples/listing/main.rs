//! A listing of the backups of one policy as lifeboat makes it, by itself: what `make bench` holds against other programs.
//!
//! `listing REPO fill OBJECTS` puts so many small objects there first, in backups of four, a day apart. `listing REPO` lists them as a
//! plan does and prints how many there are and how many seconds that took. It must do nothing else.

use std::io::Write as _;
use std::time::Instant;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use lifeboat::catalog::layout;
use lifeboat::observe;
use lifeboat::ops::{self, Where};
use lifeboat::ports::{PortError, Ports};

/// Objects of a backup.
const OBJECTS: [&str; 4] = ["begun.json", "globals.sql.zst", "manifest.json", "shop.dump.zst"];
/// How many are put at once.
const AT_ONCE: usize = 32;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let repo = arguments.get(1).ok_or("listing REPO [fill OBJECTS]")?.clone();
    let (prepared, ports, _) = ops::connect(&Where { repo, rev: None }).await?;
    let policy = prepared.loaded.policies.first().ok_or("there is no policy")?;
    let storage = &policy.policy.spec.storage;
    let sets: Vec<String> = policy.policy.spec.backups.keys().map(|name| name.0.clone()).collect();
    if arguments.get(2).is_some_and(|word| word == "fill") {
        let count: i64 = arguments.get(3).ok_or("how many objects?")?.parse()?;
        let set = sets.first().ok_or("the policy has no set")?;
        return Ok(fill(&ports, &storage.bucket, &format!("{}{set}/", storage.prefix), count).await?);
    }
    let begun = Instant::now();
    let found = observe::gather(&ports, &storage.bucket, (&storage.prefix, &storage.prefix), &sets).await?;
    writeln!(std::io::stdout(), "{} {:.4}", found.objects.len(), begun.elapsed().as_secs_f64())?;
    Ok(())
}

/// Puts objects under the ids of backups: eight a day, the last of them now.
async fn fill(ports: &Ports, bucket: &str, below: &str, count: i64) -> Result<(), PortError> {
    let now = ports.clock.now();
    let put = |number: i64| {
        let (backup, object) = (number / 4, usize::try_from(number % 4).unwrap_or(0));
        let id = layout::backup_id(now - jiff::SignedDuration::from_hours(3 * backup));
        let key = format!("{below}{id}/{}", OBJECTS.get(object).copied().unwrap_or_default());
        async move { ports.objects.create(bucket, &key, b"{}".to_vec()).await }
    };
    stream::iter((0..count).map(put)).buffer_unordered(AT_ONCE).try_collect().await
}
