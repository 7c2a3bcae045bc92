use std::collections::BTreeSet;

use super::*;
use crate::catalog::physical::{Archive, Engine, Metadata, read_with_archive, way};
use crate::ports::Kind;

const FULL: &str = "20261122-132239F";
const DIFF: &str = "20261122-132239F_20261122-132243D";
const INCR: &str = "20261122-132239F_20261122-132245I";
const BACKUP_INFO: &str = include_str!("../../../../tests/data/engines/pgbackrest-backup.info");
const KEYS: &str = include_str!("../../../../tests/data/engines/pgbackrest-keys-seaweedfs.txt");

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn place() -> Place {
    Place { engine: Engine::Pgbackrest, base: "pgbackrest/".to_owned(), name: "main".to_owned() }
}

/// The recorded repository, with what S3 said of its dates: backups at their ends, segments one second apart.
fn listing() -> Vec<ObjectInfo> {
    let of = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let key = words[2].to_owned();
        let number = key.rsplit('/').next().and_then(|name| i64::from_str_radix(name.get(16..24)?, 16).ok()).unwrap_or(7);
        let modified = Timestamp::from_second(time("2026-11-22T13:22:36Z").as_second() + number).unwrap();
        ObjectInfo { key, bytes: words[0].parse().unwrap(), modified, etag: String::new(), class: None }
    };
    KEYS.lines().filter(|line| !line.trim().is_empty()).map(of).collect()
}

fn read(listing: &[ObjectInfo], info: &str) -> (Repository, Archive) {
    let listed: Vec<_> = listing.iter().map(|object| (object.key.as_str(), object.bytes, object.modified)).collect();
    let metadata: Vec<Metadata> = vec![("pgbackrest/backup/main/backup.info".to_owned(), Ok(info.as_bytes().to_vec()))];
    // S3's date of a manifest would cut the ends of the backups.
    let listed: Vec<_> =
        listed.into_iter().map(|(key, bytes, at)| (key, bytes, if key.contains("manifest") { time("2026-11-22T14:00:00Z") } else { at })).collect();
    read_with_archive(&place(), &listed, &metadata)
}

#[test]
fn what_is_read_is_the_chain_the_wal_up_to_the_moment_and_the_lists() {
    let listing = listing();
    let (found, archive) = read(&listing, BACKUP_INFO);
    let at = time("2026-11-22T13:22:46Z");
    let way = way(&found, &archive, at).unwrap();
    assert_eq!(way.chain.iter().map(|backup| backup.id.as_str()).collect::<Vec<_>>(), [DIFF, FULL]);
    let needed = needed(&place(), &way, &listing);
    let of = |what: What| needed.iter().filter(|needed| needed.what == what).map(|needed| needed.object.key.as_str()).collect::<Vec<_>>();
    assert!(of(What::Backup).iter().all(|key| key.contains(&format!("/{DIFF}/"))) && of(What::Backup).len() == 4, "{:?}", of(What::Backup));
    assert!(of(What::Base).iter().all(|key| key.contains(&format!("/{FULL}/"))) && of(What::Base).len() == 7, "{:?}", of(What::Base));
    assert!(needed.iter().all(|needed| !needed.object.key.contains(INCR)), "what builds on it is not read");
    let segments: Vec<&str> = of(What::Wal).iter().filter_map(|key| key.rsplit('/').next()?.get(22..24)).collect();
    assert_eq!(segments, ["08", "09", "0A"]);
    assert_eq!(of(What::List), ["pgbackrest/archive/main/archive.info", "pgbackrest/backup/main/backup.info"]);
}

#[test]
fn histories_of_timelines_are_read_and_labels_are_not() {
    let is = |key: &str| is_history(&place(), key);
    assert!(is("pgbackrest/archive/main/15-1/00000002.history") && is("pgbackrest/archive/main/15-1/00000002.history.gz"));
    for other in ["pgbackrest/archive/main/15-1/0000000100000000/000000010000000000000005.00000028.backup", "pgbackrest/backup/main/00000002.history", "x"] {
        assert!(!is(other), "{other}");
    }
}

fn object(key: &str, class: Option<&str>, minute: i64) -> ObjectInfo {
    ObjectInfo { key: key.to_owned(), bytes: 10, modified: Timestamp::from_second(60 * minute).unwrap(), etag: String::new(), class: class.map(str::to_owned) }
}

fn needs(objects: &[ObjectInfo]) -> Vec<Needed<'_>> {
    objects.iter().map(|object| Needed { what: What::Wal, of: None, object }).collect()
}

#[test]
fn s3_is_asked_of_what_its_class_leaves_open_the_oldest_first_and_not_of_all() {
    let objects = [
        object("ia", Some("STANDARD_IA"), 1),
        object("tiered", Some("INTELLIGENT_TIERING"), 3),
        object("deep", Some("DEEP_ARCHIVE"), 2),
        object("plain", None, 1),
    ];
    assert_eq!(asked(&needs(&objects)), ["deep", "tiered"]);
    let many: Vec<ObjectInfo> = (0..5_001).map(|n| object(&format!("{n}"), Some("GLACIER"), n)).collect();
    let keys = asked(&needs(&many));
    assert_eq!((keys.len(), keys[0], keys.contains(&"5000")), (MOST_ASKED, "0", false));
}

#[test]
fn what_was_not_asked_is_frozen_by_its_class_or_not_known() {
    let objects = [
        object("done", Some("GLACIER"), 1),
        object("deep", Some("DEEP_ARCHIVE"), 2),
        object("tiered", Some("INTELLIGENT_TIERING"), 3),
        object("plain", None, 4),
    ];
    let head = Head { class: Some("GLACIER".to_owned()), restore: Some("ongoing-request=\"false\"".to_owned()), ..Head::default() };
    let heads = BTreeMap::from([("done", Ok(head.clone()))]);
    let found = lying(needs(&objects), &heads);
    let thaws: Vec<Option<Thaw>> = found.iter().map(|one| one.thaw).collect();
    assert_eq!(thaws, [Some(Thaw::Done), Some(Thaw::Needed), None, Some(Thaw::Unneeded)]);
    assert_eq!(unasked(&found, &heads), 1);
    assert_eq!(
        doubt(&found, &heads).unwrap(),
        "S3 was asked about 1 object, those that it stored first; whether 1 more of INTELLIGENT_TIERING must be thawed is not known"
    );
    let refused = PortError { what: "HeadObject".to_owned(), kind: Kind::Refused, message: "AccessDenied".to_owned(), maybe_done: false };
    let heads = BTreeMap::from([("done", Err(refused))]);
    let found = lying(needs(&objects[..1]), &heads);
    assert_eq!((found[0].thaw, found[0].class.as_str()), (None, "GLACIER"), "not even by its class: S3 was asked and did not say");
    assert!(doubt(&found, &heads).unwrap().starts_with("S3 did not say how done lies: "));
    assert_eq!(doubt(&lying(needs(&objects[3..]), &BTreeMap::new()), &BTreeMap::new()), None);
}

fn notes_at(info: &str, without: &str, at: &str) -> Vec<String> {
    let listing: Vec<ObjectInfo> = listing().into_iter().filter(|object| without.is_empty() || !object.key.contains(without)).collect();
    let (found, archive) = read(&listing, info);
    notes(&found, &way(&found, &archive, time(at)).unwrap(), time(at))
}

#[test]
fn a_loss_is_said_with_its_reason_and_what_is_nearer_is_named() {
    assert_eq!(notes_at(BACKUP_INFO, "", "2026-11-22T13:22:46Z"), Vec::<String>::new());
    let behind = notes_at(BACKUP_INFO, "", "2026-11-22T13:24:47Z");
    let end = "the recovery ends 2 min before that moment, where the WAL ends, so it is given no target";
    assert_eq!(behind, [format!("nothing newer is archived: {end}")]);
    let last = notes_at(BACKUP_INFO, "", "2026-11-22T13:22:46.5Z");
    assert!(
        last.len() == 1 && last[0].starts_with("that moment lies in the last segment that can be replayed: if the server stops with \"recovery ended"),
        "{last:?}"
    );
    // Of the difference that is nearer, the first segment is gone; the WAL of the full one ends before it.
    let gapped = notes_at(BACKUP_INFO, "/000000010000000000000008-", "2026-11-22T13:22:46Z");
    let why = "segment 000000010000000000000008 is not in the archive, and without it the backup is not consistent";
    assert_eq!(gapped[0], format!("{DIFF} is nearer and passed over: {why}"));
    assert!(
        gapped[1].starts_with("the WAL between 000000010000000000000007 and 000000010000000000000009 is not in the archive: the recovery ends "),
        "{gapped:?}"
    );
    let torn = BACKUP_INFO.replace(&format!("{DIFF}={{"), &format!("{DIFF}="));
    let unread = notes_at(&torn, "", "2026-11-22T13:22:46Z");
    assert_eq!(unread, [format!("{DIFF} may be nearer: its line in backup.info is not understood")]);
    let old = notes_at(&BACKUP_INFO.replace("\"db-version\":\"15\"", "\"db-version\":\"11\""), "", "2026-11-22T13:22:46Z");
    assert_eq!(old, ["it is of PostgreSQL 11, which reads these settings from recovery.conf and knows no recovery.signal"]);
}

#[test]
fn of_what_could_not_be_read_nothing_is_called_impossible() {
    let (found, _) = read(&listing(), BACKUP_INFO);
    assert_eq!(untold(&found), None);
    let (encrypted, _) = read(&listing(), "Salted__");
    assert!(untold(&encrypted).is_some());
    let torn = BACKUP_INFO.replace(&format!("{FULL}={{"), &format!("{FULL}=")).replace(&format!("\"backup-prior\":\"{FULL}\","), "");
    let (some, _) = read(&listing(), &torn);
    assert_eq!((some.unknown.as_deref(), untold(&some)), (None, Some(format!("{FULL} may hold that moment: its line in backup.info is not understood"))));
}

#[test]
fn the_first_moment_after_one_that_cannot_be_restored_is_the_end_of_a_backup() {
    let without: Vec<ObjectInfo> = listing().into_iter().filter(|object| !object.key.contains("/000000010000000000000007-")).collect();
    let (found, _) = read(&without, BACKUP_INFO);
    let after = |at: &str| following(&found, time(at)).map(|(at, backup)| (at.to_string(), backup.id.clone()));
    assert_eq!(after("2026-11-22T13:00:00Z"), Some(("2026-11-22T13:22:40Z".to_owned(), FULL.to_owned())));
    assert_eq!(after("2026-11-22T13:22:41Z"), None, "any moment after it can be");
    assert_eq!(after("2026-11-22T13:22:44Z"), Some(("2026-11-22T13:22:45Z".to_owned(), DIFF.to_owned())));
    assert_eq!(after("2026-11-22T15:00:00Z"), None);
    let ids: BTreeSet<&str> = found.backups.iter().map(|backup| backup.id.as_str()).collect();
    assert!(ids.contains(INCR));
}

#[test]
fn a_version_is_told_in_either_way() {
    let cases = [("15", Some(15)), ("9.6", Some(9)), ("150018", Some(15)), ("90624", Some(9)), ("x", None)];
    assert!(cases.iter().all(|(server, expected)| major(server) == *expected), "{cases:?}");
}
