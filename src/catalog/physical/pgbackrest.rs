//! pgBackRest: `backup/<stanza>/backup.info` names the backups, `archive/<stanza>/` holds the WAL
//! (pgBackRest source, `src/info/infoBackup.c`; repositories of 2.45 were read).

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;

use super::wal::{Archive, Segment};
use super::{Engine, Listed, Physical, Place, Repository, State, judged};

/// The format of repositories that is understood.
const FORMAT: &str = "5";
/// 16 MiB: pgBackRest does not say the size of segments.
const SEGMENT: u64 = 16 << 20;

pub(super) fn place(key: &str) -> Option<Place> {
    let stanza = key.strip_suffix("/backup.info")?;
    let (base, name) = stanza.rsplit_once('/')?;
    let base = base.strip_suffix("backup").filter(|base| base.is_empty() || base.ends_with('/'))?;
    Some(Place { engine: Engine::Pgbackrest, base: base.to_owned(), name: name.to_owned() })
}

pub(super) fn read(place: &Place, listing: &[Listed<'_>], metadata: &[(String, Vec<u8>)]) -> Repository {
    let (mut backups, mut problems) = (Vec::new(), Vec::new());
    match metadata.first().map(|(key, bytes)| (key, std::str::from_utf8(bytes))) {
        Some((key, Ok(text))) => backups = named(key, text, &mut problems),
        Some((key, Err(_))) => problems.push(format!("{key} is not text")),
        None => problems.push(format!("backup.info of stanza {} could not be read", place.name)),
    }
    let folder = place.backups();
    let labels: BTreeSet<&str> = listing.iter().filter_map(|(key, ..)| key.strip_prefix(&folder)?.split_once('/')).map(|(label, _)| label).collect();
    for backup in &mut backups {
        let manifest = format!("{folder}{}/backup.manifest", backup.id);
        if listing.iter().all(|(key, ..)| *key != manifest) && backup.state == State::Complete {
            (backup.state, backup.why) = (State::Partial, Some("its backup.manifest is gone".to_owned()));
        }
    }
    for label in labels.into_iter().filter(|label| label.as_bytes().first().is_some_and(u8::is_ascii_digit)) {
        if backups.iter().all(|backup| backup.id != label) {
            let below = format!("{folder}{label}/");
            let stored = listing.iter().filter(|(key, ..)| key.starts_with(&below)).map(|(_, bytes, _)| bytes).sum();
            backups.push(unfinished(label, stored));
        }
    }
    judged(place, backups, &archive(place, listing), problems)
}

fn unfinished(label: &str, stored: u64) -> Physical {
    let kind = match label.as_bytes().last() {
        Some(b'D') => "diff",
        Some(b'I') => "incr",
        _ => "full",
    };
    let why = Some("backup.info does not name it: it is under way, or broke off".to_owned());
    let kind = kind.to_owned();
    Physical { id: label.to_owned(), state: State::Unfinished, why, kind, prior: None, stopped: None, bytes: None, stored, server: None, wal: None }
}

/// The backups that `backup.info` names, with the versions of its history.
fn named(key: &str, text: &str, problems: &mut Vec<String>) -> Vec<Physical> {
    let mut section = "";
    let (mut backups, mut versions) = (Vec::new(), Vec::new());
    for line in text.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name;
            continue;
        }
        let Some((name, value)) = line.split_once('=') else { continue };
        let json = || serde_json::from_str::<Value>(value).ok();
        match section {
            "backrest" if name == "backrest-format" && value != FORMAT => {
                problems.push(format!("{key} has format {value}, and this lifeboat reads {FORMAT}"));
                return Vec::new();
            }
            "db:history" => versions.extend(json().and_then(|value| Some((name.to_owned(), value.get("db-version")?.as_str()?.to_owned())))),
            "backup:current" => match json() {
                Some(value) => backups.push((name.to_owned(), value)),
                None => problems.push(format!("{key}: the line of {name} is not understood")),
            },
            _ => {}
        }
    }
    backups.iter().map(|(label, value)| backup(label, value, &versions)).collect()
}

fn backup(label: &str, value: &Value, versions: &[(String, String)]) -> Physical {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let number = |name: &str| value.get(name).and_then(Value::as_u64);
    let failed = value.get("backup-error").and_then(Value::as_bool) == Some(true);
    let server = number("db-id").and_then(|id| versions.iter().find(|(known, _)| *known == id.to_string())).map(|(_, version)| version.clone());
    Physical {
        id: label.to_owned(),
        state: if failed { State::Failed } else { State::Complete },
        why: failed.then(|| "pages of it have wrong checksums, says its engine".to_owned()),
        kind: text("backup-type").unwrap_or("full").to_owned(),
        prior: text("backup-prior").map(str::to_owned),
        stopped: value.get("backup-timestamp-stop").and_then(Value::as_i64).and_then(|at| Timestamp::from_second(at).ok()),
        bytes: number("backup-info-size"),
        stored: number("backup-info-repo-size-delta").unwrap_or(0),
        server,
        wal: text("backup-archive-start").and_then(Segment::parse).zip(text("backup-archive-stop").and_then(Segment::parse)),
    }
}

/// `archive/<stanza>/<version>-<id>/<16 digits>/<24 digits>-<sha1>[.zst]`; `.partial` ones and labels are no whole segments.
fn archive(place: &Place, listing: &[Listed<'_>]) -> Archive {
    let folder = place.wal();
    let segment = |key: &str| {
        let (name, rest) = key.strip_prefix(&folder)?.rsplit('/').next()?.split_once('-')?;
        Segment::parse(name).filter(|_| !rest.contains("partial"))
    };
    Archive::new(listing.iter().filter_map(|(key, _, stored)| Some((segment(key)?, *stored))).collect(), SEGMENT)
}
