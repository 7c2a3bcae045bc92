//! barman-cloud: `<server>/base/<id>/backup.info` says what a backup is, `<server>/wals/` holds the WAL
//! (barman documentation, cloud object stores; repositories of 3.20 were read).

use std::collections::BTreeMap;

use super::wal::{Archive, Segment};
use super::{Engine, Listed, Metadata, Part, Physical, Place, Repository, State, Told, judged};

/// 16 MiB, where no backup says another size.
const SEGMENT: u64 = 16 << 20;

pub(super) fn place(key: &str) -> Option<Place> {
    let (server, id) = key.strip_suffix("/backup.info")?.rsplit_once("/base/")?;
    let (base, name) = server.rsplit_once('/').map_or(("", server), |(base, name)| (base, name));
    let base = if base.is_empty() { String::new() } else { format!("{base}/") };
    id.as_bytes().first().filter(|byte| byte.is_ascii_digit() && !id.contains('/'))?;
    Some(Place { engine: Engine::BarmanCloud, base, name: name.to_owned() })
}

pub(super) fn is_info(place: &Place, key: &str) -> bool {
    key.strip_prefix(&place.backups()).and_then(|rest| rest.strip_suffix("/backup.info")).is_some_and(|id| !id.contains('/'))
}

pub(super) fn read<'a>(place: &Place, listing: &[Listed<'a>], metadata: &[Metadata]) -> (Repository, Archive) {
    let folder = place.backups();
    let mut told = Told::default();
    // Bytes, and whether there is data.
    let mut found: BTreeMap<&str, (u64, bool)> = BTreeMap::new();
    for (key, bytes, at) in listing {
        let key: &'a str = key;
        let Some((id, rest)) = key.strip_prefix(folder.as_str()).and_then(|rest| rest.split_once('/')) else { continue };
        let (stored, data) = found.entry(id).or_default();
        (*stored, *data) = (*stored + bytes, *data || rest.starts_with("data.tar"));
        if rest == "backup.info" {
            told.last.insert(id, *at);
        }
    }
    let mut segment_bytes = SEGMENT;
    for (id, (stored, data)) in found {
        let key = format!("{folder}{id}/backup.info");
        let untold = |state, why: String| {
            let (why, kind) = (Some(why), "full".to_owned());
            Physical { id: id.to_owned(), state, why, kind, prior: None, stopped: None, bytes: None, stored, server: None, wal: None }
        };
        let info = metadata.iter().find(|(known, _)| *known == key).map(|(_, read)| read.as_ref().map(|bytes| std::str::from_utf8(bytes).ok().map(fields)));
        told.backups.push(match info {
            Some(Ok(Some(fields))) if fields.contains_key("status") => {
                segment_bytes = fields.get("xlog_segment_size").and_then(|size| size.parse().ok()).unwrap_or(segment_bytes);
                let found = backup(id, stored, &fields, data);
                // One that failed is written down by its engine when it does, often without an end.
                let stopped = found.stopped.or_else(|| told.last.get(id).copied().filter(|_| found.state == State::Failed));
                Physical { stopped, ..found }
            }
            Some(Ok(_)) => {
                told.problems.push(format!("{key} is not what barman-cloud writes"));
                untold(State::Unknown, "its backup.info is not understood".to_owned())
            }
            Some(Err(why)) => untold(State::Unknown, format!("its backup.info could not be read: {why}")),
            None => untold(State::Unfinished, "it has no backup.info: it is under way, or broke off".to_owned()),
        });
    }
    let wals = place.wal();
    let archive = Archive::new(listing.iter().filter_map(|(key, _, stored)| Some((segment(&wals, key)?, *stored))).collect(), segment_bytes);
    judged(place, listing, told, archive)
}

fn segment(wals: &str, key: &str) -> Option<Segment> {
    let name = key.strip_prefix(wals)?.rsplit('/').next()?;
    // A label has more behind its segment than the ending of a compression.
    Segment::parse(name.split('.').next()?).filter(|_| !name.contains(".backup") && !name.contains(".partial"))
}

pub(super) fn part<'a>(place: &Place, key: &'a str) -> Part<'a> {
    match key.strip_prefix(&place.backups()).and_then(|rest| rest.split_once('/')) {
        Some((id, _)) => Part::Backup(id),
        None => segment(&place.wal(), key).map_or(Part::Other, Part::Wal),
    }
}

/// `key=value` lines; `None` stands for nothing.
fn fields(text: &str) -> BTreeMap<&str, &str> {
    text.lines().filter_map(|line| line.split_once('=')).filter(|(_, value)| *value != "None").collect()
}

fn backup(id: &str, stored: u64, fields: &BTreeMap<&str, &str>, data: bool) -> Physical {
    let text = |name: &str| fields.get(name).copied();
    let segment = |name: &str| text(name).and_then(Segment::parse);
    let (state, why) = match text("status") {
        Some("DONE") if data => (State::Complete, None),
        Some("DONE") => (State::Partial, Some("its data.tar is gone".to_owned())),
        Some("FAILED") => (State::Failed, text("error").map(str::to_owned)),
        other => (State::Unfinished, Some(format!("its engine calls it {}", other.unwrap_or("nothing")))),
    };
    Physical {
        id: id.to_owned(),
        state,
        why,
        kind: "full".to_owned(),
        prior: text("parent_backup_id").map(str::to_owned),
        stopped: text("end_time").and_then(|at| at.replacen(' ', "T", 1).parse().ok()),
        bytes: text("cluster_size").and_then(|size| size.parse().ok()),
        stored,
        server: text("version").map(str::to_owned),
        wal: segment("begin_wal").zip(segment("end_wal")),
    }
}
