//! Repositories of other engines anywhere in a bucket, by a walk over its folders that is bounded: it lists no data. Writes nothing.
//!
//! A repository is found by the metadata that its engine writes once, never by the names of its folders alone: these only say where to look.

use std::collections::VecDeque;

use crate::catalog::layout;
use crate::catalog::physical::{self, Place};
use crate::ports::{Level, PortError, Ports};

/// How many folders may lie above a repository.
pub(crate) const DEPTH: usize = 4;
/// How many listings of one page are asked for at the most.
pub(crate) const LISTINGS: usize = 100;
/// How many backups of barman are looked at: the newest can be without its metadata, for it is under way.
const BACKUPS: usize = 3;

/// What a walk found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// The repositories.
    pub places: Vec<Place>,
    /// Whether every folder was looked into.
    pub whole: bool,
}

/// Looks for repositories in a bucket, but for what lies below `except`.
///
/// # Errors
/// When the bucket cannot be listed.
pub async fn search(ports: &Ports, bucket: &str, except: &str) -> Result<Search, PortError> {
    let mut walk = Walk { ports, bucket, left: LISTINGS, keys: Vec::new(), whole: true };
    let mut queue = VecDeque::from([(String::new(), 0)]);
    while let Some((prefix, depth)) = queue.pop_front() {
        let Some(level) = walk.level(&prefix).await? else { break };
        walk.whole &= !level.more;
        walk.repository(&prefix, &level).await?;
        let below = level.folders.iter().filter(|folder| !is_of_repository(folder, &level) && !layout::is_id(folder));
        let below: Vec<String> = below.map(|folder| format!("{prefix}{folder}/")).filter(|folder| folder != except).collect();
        if depth == DEPTH {
            walk.whole &= below.is_empty();
            continue;
        }
        queue.extend(below.into_iter().map(|folder| (folder, depth + 1)));
    }
    Ok(Search { places: physical::places(walk.keys.iter().map(String::as_str)), whole: walk.whole })
}

/// Folders in which only an engine's own objects lie.
fn is_of_repository(folder: &str, level: &Level) -> bool {
    let beside = |other: &str| level.folders.contains(other);
    match folder {
        "basebackups_005" | "wal_005" => true,
        "archive" | "backup" => beside("archive") && beside("backup"),
        "base" | "wals" => beside("base") && beside("wals"),
        _ => false,
    }
}

struct Walk<'a> {
    ports: &'a Ports,
    bucket: &'a str,
    /// Listings that may still be asked for.
    left: usize,
    /// What may be metadata.
    keys: Vec<String>,
    whole: bool,
}

impl Walk<'_> {
    /// One page; none when enough was asked.
    async fn level(&mut self, prefix: &str) -> Result<Option<Level>, PortError> {
        let Some(left) = self.left.checked_sub(1) else {
            self.whole = false;
            return Ok(None);
        };
        self.left = left;
        self.ports.objects.level(self.bucket, prefix).await.map(Some)
    }

    /// The metadata of the repository whose folders these are, if they are of one.
    async fn repository(&mut self, prefix: &str, level: &Level) -> Result<(), PortError> {
        let has = |folder: &str| level.folders.contains(folder);
        if has("basebackups_005") {
            self.take(&format!("{prefix}basebackups_005/")).await?;
        }
        if has("backup") && has("archive") {
            let Some(stanzas) = self.level(&format!("{prefix}backup/")).await? else { return Ok(()) };
            self.whole &= !stanzas.more;
            for stanza in &stanzas.folders {
                self.take(&format!("{prefix}backup/{stanza}/backup.info")).await?;
            }
        }
        if has("base") && has("wals") {
            let Some(backups) = self.level(&format!("{prefix}base/")).await? else { return Ok(()) };
            for backup in backups.folders.iter().rev().take(BACKUPS) {
                self.take(&format!("{prefix}base/{backup}/backup.info")).await?;
            }
        }
        Ok(())
    }

    /// Remembers the objects right below a prefix, or with this beginning.
    async fn take(&mut self, prefix: &str) -> Result<(), PortError> {
        let there = self.level(prefix).await?.unwrap_or_default();
        self.keys.extend(there.keys);
        Ok(())
    }
}
