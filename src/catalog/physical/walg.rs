//! WAL-G: `basebackups_005/<name>_backup_stop_sentinel.json` is what makes a backup, `wal_005/` holds the WAL
//! (WAL-G source, `utility/utility.go` and `internal/databases/postgres/backup_sentinel_dto.go`).

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use super::wal::{Archive, Segment};
use super::{Engine, Listed, Metadata, Part, Physical, Place, Repository, State, Told, judged};

/// Where its backups lie.
const BACKUPS: &str = "basebackups_005/";
/// The end of the object that is written when a backup is whole.
const SENTINEL: &str = "_backup_stop_sentinel.json";
/// 16 MiB: WAL-G does not say the size of segments in its sentinels.
const SEGMENT: u64 = 16 << 20;

/// What a sentinel says, of both versions; the second has the times.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Sentinel {
    #[serde(rename = "FinishLSN")]
    finish_lsn: Option<u64>,
    pg_version: Option<u32>,
    delta_from: Option<String>,
    uncompressed_size: Option<u64>,
    finish_time: Option<String>,
}

pub(super) fn place(key: &str) -> Option<Place> {
    let (base, name) = key.strip_suffix(SENTINEL)?.rsplit_once(BACKUPS)?;
    let whole = (base.is_empty() || base.ends_with('/')) && !name.contains('/');
    (whole && begin(name).is_some()).then(|| Place { engine: Engine::WalG, base: base.to_owned(), name: String::new() })
}

pub(super) fn is_sentinel(place: &Place, key: &str) -> bool {
    key.strip_prefix(&place.backups()).and_then(|key| key.strip_suffix(SENTINEL)).is_some_and(|name| !name.contains('/'))
}

/// The segment that a backup begins in: `base_<segment>`, and for a delta `_D_<segment of the one it builds on>` behind it.
fn begin(name: &str) -> Option<Segment> {
    Segment::parse(name.strip_prefix("base_")?.get(..24)?)
}

pub(super) fn read<'a>(place: &Place, listing: &[Listed<'a>], metadata: &[Metadata]) -> (Repository, Archive) {
    let mut told = Told::default();
    let folder = place.backups();
    let mut stored: BTreeMap<&str, (u64, Option<Timestamp>)> = BTreeMap::new();
    for (key, bytes, at) in listing {
        let key: &'a str = key;
        let Some(rest) = key.strip_prefix(folder.as_str()) else { continue };
        match (rest.split_once('/'), rest.strip_suffix(SENTINEL)) {
            (Some((name, _)), _) if begin(name).is_some() => stored.entry(name).or_default().0 += bytes,
            (None, Some(name)) => stored.entry(name).or_default().1 = Some(*at),
            _ => {}
        }
    }
    for (name, (bytes, sentinel)) in stored {
        told.last.extend(sentinel.map(|at| (name, at)));
        let key = format!("{folder}{name}{SENTINEL}");
        let read = metadata.iter().find(|(known, _)| *known == key).map(|(_, read)| read.as_ref().map(|bytes| serde_json::from_slice::<Sentinel>(bytes)));
        told.backups.push(match (sentinel, read) {
            (Some(at), Some(Ok(Ok(said)))) => backup(name, bytes, at, said),
            (Some(_), Some(Ok(Err(error)))) => {
                told.problems.push(format!("{key} is not understood: {error}"));
                untold(name, bytes, State::Unknown, "its sentinel is not understood".to_owned())
            }
            (Some(_), Some(Err(why))) => untold(name, bytes, State::Unknown, format!("its sentinel could not be read: {why}")),
            (Some(_), None) => untold(name, bytes, State::Unknown, "its sentinel was not read".to_owned()),
            (None, _) => untold(name, bytes, State::Unfinished, "it has no sentinel: it is under way, or broke off".to_owned()),
        });
    }
    judged(place, listing, told, archive(place, listing))
}

fn untold(name: &str, stored: u64, state: State, why: String) -> Physical {
    let kind = if name.contains("_D_") { "delta" } else { "full" };
    Physical { id: name.to_owned(), state, why: Some(why), kind: kind.to_owned(), prior: None, stopped: None, bytes: None, stored, server: None, wal: None }
}

/// A backup with its sentinel, which S3 stored at the time given: what version 1 does not say.
fn backup(name: &str, stored: u64, sentinel: Timestamp, said: Sentinel) -> Physical {
    let first = begin(name);
    let last = first.and_then(|first| Segment::before(first.timeline(), said.finish_lsn?, SEGMENT));
    let state = if stored == 0 { State::Partial } else { State::Complete };
    Physical {
        why: (stored == 0).then(|| "its sentinel is there and its data is gone".to_owned()),
        kind: if said.delta_from.is_some() { "delta" } else { "full" }.to_owned(),
        prior: said.delta_from,
        stopped: said.finish_time.and_then(|at| at.parse().ok()).or(Some(sentinel)),
        bytes: said.uncompressed_size,
        server: said.pg_version.map(|version| version.to_string()),
        wal: first.zip(last),
        ..untold(name, stored, state, String::new())
    }
}

/// `wal_005/<24 digits>[.<compression>]`; `.partial` ones, labels and histories are no whole segments.
fn archive(place: &Place, listing: &[Listed<'_>]) -> Archive {
    let wal = place.wal();
    Archive::new(listing.iter().filter_map(|(key, _, stored)| Some((segment(&wal, key)?, *stored))).collect(), SEGMENT)
}

fn segment(wal: &str, key: &str) -> Option<Segment> {
    let name = key.strip_prefix(wal)?;
    Segment::parse(name.split('.').next()?).filter(|_| !name.contains(".backup") && !name.contains(".partial"))
}

pub(super) fn part<'a>(place: &Place, key: &'a str) -> Part<'a> {
    let name = key.strip_prefix(&place.backups()).and_then(|rest| rest.split_once('/').map(|(name, _)| name).or_else(|| rest.strip_suffix(SENTINEL)));
    match name.filter(|name| begin(name).is_some()) {
        Some(name) => Part::Backup(name),
        None => segment(&place.wal(), key).map_or(Part::Other, Part::Wal),
    }
}
