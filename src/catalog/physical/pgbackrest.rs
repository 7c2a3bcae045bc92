//! pgBackRest: `backup/<stanza>/backup.info` names the backups, `archive/<stanza>/` holds the WAL
//! (pgBackRest source, `src/info/infoBackup.c`; repositories of 2.45 were read).

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;

use super::wal::{Archive, Segment};
use super::{Engine, Listed, Metadata, Part, Physical, Place, Repository, State, Told, judged};

/// The format of repositories that is understood.
const FORMAT: &str = "5";
/// How a file begins that pgBackRest encrypted (pgBackRest source, `src/common/crypto/cipherBlock.c`, as OpenSSL does it).
const CIPHERED: &[u8] = b"Salted__";
/// 16 MiB: pgBackRest does not say the size of segments.
const SEGMENT: u64 = 16 << 20;

pub(super) fn place(key: &str) -> Option<Place> {
    let stanza = key.strip_suffix("/backup.info")?;
    let (base, name) = stanza.rsplit_once('/')?;
    let base = base.strip_suffix("backup").filter(|base| base.is_empty() || base.ends_with('/'))?;
    Some(Place { engine: Engine::Pgbackrest, base: base.to_owned(), name: name.to_owned() })
}

/// The list of backups, or its copy, which pgBackRest writes beside it and falls back to.
pub(super) fn info<'a>(place: &Place, listing: impl Iterator<Item = &'a str>) -> Option<String> {
    let (info, copy) = (format!("{}backup.info", place.backups()), format!("{}backup.info.copy", place.backups()));
    listing.filter(|key| *key == info || *key == copy).min().map(str::to_owned)
}

pub(super) fn read<'a>(place: &Place, listing: &[Listed<'a>], metadata: &[Metadata]) -> (Repository, Archive) {
    let folder = place.backups();
    let mut labels: BTreeMap<&str, u64> = BTreeMap::new();
    let mut told = Told::default();
    for (key, bytes, at) in listing {
        let key: &'a str = key;
        let Some((label, rest)) = key.strip_prefix(folder.as_str()).and_then(|rest| rest.split_once('/')) else { continue };
        if label.as_bytes().first().is_some_and(u8::is_ascii_digit) {
            *labels.entry(label).or_default() += bytes;
        }
        if rest == "backup.manifest" {
            told.last.insert(label, *at);
        }
    }
    match metadata.first() {
        Some((key, Ok(bytes))) => match text(key, bytes) {
            Ok(text) => told.backups = named(&text, &mut told.problems),
            Err(why) => told.unknown = Some(why),
        },
        Some((key, Err(why))) => told.unknown = Some(format!("{key} could not be read: {why}")),
        None if labels.is_empty() => {}
        None => {
            let there = labels.len();
            told.unknown = Some(format!("{folder}backup.info is gone, and folders of backups are there ({there}): bring it back from its noncurrent version"));
        }
    }
    for backup in told.backups.iter_mut().filter(|backup| backup.state == State::Complete) {
        if !told.last.contains_key(backup.id.as_str()) {
            (backup.state, backup.why) = (State::Partial, Some("its backup.manifest is gone".to_owned()));
        }
    }
    let named: BTreeSet<String> = told.backups.iter().map(|backup| backup.id.clone()).collect();
    let (state, why) = match told.unknown {
        Some(_) => (State::Unknown, "the list of backups could not be read"),
        None => (State::Unfinished, "backup.info does not name it: it is under way, or broke off"),
    };
    told.backups.extend(labels.into_iter().filter(|(label, _)| !named.contains(*label)).map(|(label, stored)| untold(label, stored, state, why)));
    judged(place, listing, told, archive(place, listing))
}

/// The text of a list of backups that can be read.
fn text(key: &str, bytes: &[u8]) -> Result<String, String> {
    if bytes.starts_with(CIPHERED) {
        return Err(format!(
            "{key} is encrypted (repo-cipher-type), and lifeboat asks for no passphrase: `pgbackrest info` on a host that has it tells the backups"
        ));
    }
    let text = std::str::from_utf8(bytes).ok().filter(|text| text.lines().any(|line| line == "[backrest]"));
    let text =
        text.ok_or_else(|| format!("{key} is no list of backups of pgBackRest: `pgbackrest check` on its host tells whether the repository is sound"))?;
    match text.lines().find_map(|line| line.strip_prefix("backrest-format=")).filter(|format| *format != FORMAT) {
        Some(format) => Err(format!("{key} has format {format}, and this lifeboat reads {FORMAT}: a newer lifeboat may read it")),
        None => Ok(text.to_owned()),
    }
}

fn untold(label: &str, stored: u64, state: State, why: &str) -> Physical {
    let kind = match label.as_bytes().last() {
        Some(b'D') => "diff",
        Some(b'I') => "incr",
        _ => "full",
    };
    let (why, kind) = (Some(why.to_owned()), kind.to_owned());
    Physical { id: label.to_owned(), state, why, kind, prior: None, stopped: None, bytes: None, stored, server: None, wal: None }
}

/// The backups that `backup.info` names, with the versions of its history.
fn named(text: &str, problems: &mut Vec<String>) -> Vec<Physical> {
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
            "db:history" => versions.extend(json().and_then(|value| Some((name.to_owned(), value.get("db-version")?.as_str()?.to_owned())))),
            "backup:current" => backups.push((name, json())),
            _ => {}
        }
    }
    let mut of = |(label, value): &(&str, Option<Value>)| match value {
        Some(value) => backup(label, value, &versions),
        None => {
            problems.push(format!("backup.info: the line of {label} is not understood"));
            untold(label, 0, State::Unknown, "its line in backup.info is not understood")
        }
    };
    backups.iter().map(&mut of).collect()
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

pub(super) fn part<'a>(place: &Place, key: &'a str) -> Part<'a> {
    let (backups, wal) = (place.backups(), place.wal());
    if key == format!("{backups}backup.info") || key == format!("{wal}archive.info") {
        return Part::List;
    }
    let label = key.strip_prefix(&backups).and_then(|rest| rest.split_once('/')).map(|(label, _)| label);
    match label.filter(|label| label.as_bytes().first().is_some_and(u8::is_ascii_digit)) {
        Some(label) => Part::Backup(label),
        None => segment(&wal, key).map_or(Part::Other, Part::Wal),
    }
}

fn segment(wal: &str, key: &str) -> Option<Segment> {
    let (name, rest) = key.strip_prefix(wal)?.rsplit('/').next()?.split_once('-')?;
    Segment::parse(name).filter(|_| !rest.contains("partial"))
}

/// `archive/<stanza>/<version>-<id>/<16 digits>/<24 digits>-<sha1>[.zst]`; `.partial` ones and labels are no whole segments.
fn archive(place: &Place, listing: &[Listed<'_>]) -> Archive {
    let wal = place.wal();
    Archive::new(listing.iter().filter_map(|(key, _, stored)| Some((segment(&wal, key)?, *stored))).collect(), SEGMENT)
}
