use super::*;

const PGBACKREST: &str = include_str!("../../../tests/data/engines/pgbackrest-keys-seaweedfs.txt");
const BACKUP_INFO: &str = include_str!("../../../tests/data/engines/pgbackrest-backup.info");
const BARMAN: &str = include_str!("../../../tests/data/engines/barman-keys-moto.txt");
const BARMAN_INFO: &str = include_str!("../../../tests/data/engines/barman-backup.info");

/// Bytes, storage class and key, as the recorded listings have them.
fn listed(text: &str) -> Vec<Listed<'_>> {
    text.lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let bytes = words.next()?.parse().ok()?;
            Some((words.nth(1)?, bytes, "2026-11-22T14:00:00Z".parse().ok()?))
        })
        .collect()
}

fn of(listing: &[Listed<'_>], info: &str) -> Repository {
    let found = places(listing.iter().map(|(key, ..)| *key));
    let [place] = found.as_slice() else { panic!("{found:?}") };
    let metadata = metadata(place, listing.iter().map(|(key, ..)| *key)).into_iter().map(|key| (key, Ok(info.as_bytes().to_vec()))).collect::<Vec<_>>();
    assert!(listing.iter().all(|(key, ..)| is_of(place, key)));
    read(place, listing, &metadata)
}

fn states(repository: &Repository) -> Vec<(&str, State)> {
    repository.backups.iter().map(|backup| (backup.id.as_str(), backup.state)).collect()
}

const FULL: &str = "20261122-132239F";
const DIFF: &str = "20261122-132239F_20261122-132243D";
const INCR: &str = "20261122-132239F_20261122-132245I";

#[test]
fn a_pgbackrest_repository_is_read_with_its_chain_and_its_wal() {
    let repository = of(&listed(PGBACKREST), BACKUP_INFO);
    assert_eq!((repository.place.engine, repository.place.base.as_str(), repository.place.name.as_str()), (Engine::Pgbackrest, "pgbackrest/", "main"));
    assert_eq!(states(&repository), [(FULL, State::Complete), (DIFF, State::Complete), (INCR, State::Complete)]);
    let diff = &repository.backups[1];
    assert_eq!((diff.kind.as_str(), diff.prior.as_deref(), diff.bytes, diff.server.as_deref()), ("diff", Some(FULL), Some(70_235_969), Some("15")));
    assert_eq!(diff.stopped, Some("2026-11-22T13:22:45Z".parse().unwrap()));
    let range = repository.range.map(|(first, last)| (first.to_string(), last.to_string()));
    assert_eq!((repository.segments, range), (11, Some(("000000010000000000000001".to_owned(), "00000001000000000000000B".to_owned()))));
    assert!(repository.gaps.is_empty() && repository.problems.is_empty(), "{repository:?}");
}

#[test]
fn a_chain_that_lost_its_base_or_its_wal_is_not_complete() {
    let without = |part: &str| -> Vec<Listed<'_>> { listed(PGBACKREST).into_iter().filter(|(key, ..)| !key.contains(part)).collect() };
    let base = of(&without("20261122-132239F/"), BACKUP_INFO);
    assert_eq!(states(&base), [(FULL, State::Partial), (DIFF, State::Orphaned), (INCR, State::Orphaned)]);
    let wal = of(&without("/000000010000000000000008-"), BACKUP_INFO);
    assert_eq!(states(&wal)[..2], [(FULL, State::Complete), (DIFF, State::Partial)]);
    assert!(wal.backups[1].why.as_deref().unwrap().contains("000000010000000000000008"), "{wal:?}");
    let gaps: Vec<String> = wal.gaps.iter().map(|gap| format!("{} {}", gap.after, gap.before)).collect();
    assert_eq!(gaps, ["000000010000000000000007 000000010000000000000009"]);
    let unnamed: String = BACKUP_INFO.lines().filter(|line| !line.starts_with(INCR)).map(|line| format!("{line}\n")).collect();
    assert_eq!(states(&of(&listed(PGBACKREST), &unnamed))[2], (INCR, State::Unfinished));
    let newer = of(&listed(PGBACKREST), &BACKUP_INFO.replace("backrest-format=5\n", "backrest-format=6\n"));
    assert!(newer.unknown.as_ref().unwrap().contains("format 6") && newer.backups.iter().all(|backup| backup.state == State::Unknown), "{newer:?}");
}

#[test]
fn a_barman_repository_is_read() {
    let repository = of(&listed(BARMAN), BARMAN_INFO);
    assert_eq!((repository.place.engine, repository.place.name.as_str(), repository.segments), (Engine::BarmanCloud, "main", 5));
    let [backup] = repository.backups.as_slice() else { panic!("{repository:?}") };
    assert_eq!((backup.state, backup.server.as_deref(), backup.bytes), (State::Complete, Some("150018"), Some(70_381_257)));
    assert_eq!(backup.stopped, Some("2026-11-22T13:32:15.413725Z".parse().unwrap()));
    assert_eq!(backup.wal, Segment::parse("000000010000000000000004").map(|only| (only, only)));
    assert!(repository.gaps.is_empty() && repository.problems.is_empty());
    for (from, to) in [("status=DONE", State::Failed), ("status=DONE\n", State::Unfinished)] {
        let word = if to == State::Failed { "status=FAILED" } else { "status=STARTED\n" };
        assert_eq!(of(&listed(BARMAN), &BARMAN_INFO.replace(from, word)).backups[0].state, to);
    }
    let without: Vec<Listed<'_>> = listed(BARMAN).into_iter().filter(|(key, ..)| !key.ends_with("000000010000000000000004.gz")).collect();
    assert_eq!(of(&without, BARMAN_INFO).backups[0].state, State::Partial);
}

#[test]
fn segments_follow_each_other_over_the_end_of_a_log() {
    let names = ["0000000100000000000000FE", "0000000100000000000000FF", "000000010000000100000000", "000000020000000100000005"];
    let segments = names.iter().map(|name| (Segment::parse(name).unwrap(), Timestamp::UNIX_EPOCH)).collect();
    assert!(wal::Archive::new(segments, 16 << 20).gaps().is_empty(), "another timeline is no gap");
    for wrong in ["0000000100000000000000F", "00000001000000000000000g", "0000000100000000000000ff", "00000001.history"] {
        assert_eq!(Segment::parse(wrong), None, "{wrong}");
    }
}

type Object = (String, u64, Timestamp);

/// A repository by the format of WAL-G's source, not recorded from a run: a full backup, a delta on it, a delta on that, and the WAL from
/// segment 2 to segment 9, one a minute.
fn walg() -> (Vec<Object>, Vec<Metadata>) {
    let at = |minute: i64| Timestamp::from_second(1_795_000_000 + 60 * minute).unwrap();
    let mut listing: Vec<Object> = (2..10).map(|n| (format!("pg/wal_005/0000000100000000000000{n:02X}.br"), 1 << 20, at(n))).collect();
    listing.push(("pg/wal_005/00000001.history.br".to_owned(), 9, at(1)));
    let backups = [(WALG_FULL, 2_u64, None), (WALG_DELTA, 4, Some(WALG_FULL)), (WALG_SECOND, 6, Some(WALG_DELTA))];
    let mut metadata = Vec::new();
    for (name, segment, from) in backups {
        let delta = from.map_or_else(String::new, |from| format!(r#""DeltaLSN": 1, "DeltaFrom": "{from}", "DeltaFullName": "{WALG_FULL}", "DeltaCount": 1, "#));
        let (start, finish) = (segment << 24, (segment << 24) + 0x138);
        let sentinel =
            format!(r#"{{"LSN": {start}, {delta}"PgVersion": 150018, "FinishLSN": {finish}, "UncompressedSize": 70381257, "CompressedSize": 5652237}}"#);
        listing.push((format!("pg/basebackups_005/{name}/tar_partitions/part_001.tar.br"), 1000, at(i64::try_from(segment).unwrap())));
        listing.push((format!("pg/basebackups_005/{name}_backup_stop_sentinel.json"), 300, at(i64::try_from(segment).unwrap())));
        metadata.push((format!("pg/basebackups_005/{name}_backup_stop_sentinel.json"), Ok(sentinel.into_bytes())));
    }
    (listing, metadata)
}

const WALG_FULL: &str = "base_000000010000000000000002";
const WALG_DELTA: &str = "base_000000010000000000000004_D_000000010000000000000002";
const WALG_SECOND: &str = "base_000000010000000000000006_D_000000010000000000000004";

fn of_walg(without: &str) -> Repository {
    let (listing, metadata) = walg();
    let listing: Vec<Listed<'_>> =
        listing.iter().map(|(key, bytes, at)| (key.as_str(), *bytes, *at)).filter(|(key, ..)| without.is_empty() || !key.contains(without)).collect();
    let found = places(listing.iter().map(|(key, ..)| *key));
    let [place] = found.as_slice() else { panic!("{found:?}") };
    let wanted = super::metadata(place, listing.iter().map(|(key, ..)| *key));
    let metadata: Vec<_> = metadata.into_iter().filter(|(key, _)| wanted.contains(key)).collect();
    assert!(listing.iter().all(|(key, ..)| is_of(place, key)));
    read(place, &listing, &metadata)
}

#[test]
fn a_walg_repository_is_read_with_its_chain_of_deltas() {
    let repository = of_walg("");
    assert_eq!((repository.place.engine, repository.place.base.as_str(), repository.segments), (Engine::WalG, "pg/", 8));
    assert_eq!(states(&repository), [WALG_FULL, WALG_DELTA, WALG_SECOND].map(|name| (name, State::Complete)));
    let delta = &repository.backups[1];
    assert_eq!(
        (delta.kind.as_str(), delta.prior.as_deref(), delta.bytes, delta.server.as_deref()),
        ("delta", Some(WALG_FULL), Some(70_381_257), Some("150018"))
    );
    assert_eq!(
        delta.wal.map(|(first, last)| (first.to_string(), last.to_string())),
        Some(("000000010000000000000004".to_owned(), "000000010000000000000004".to_owned()))
    );
    let minute = |at: Option<Timestamp>| at.map(|at| (at.as_second() - 1_795_000_000) / 60);
    assert_eq!((minute(repository.oldest), minute(repository.newest)), (Some(2), Some(9)), "from the oldest backup to the last segment");
    assert!(repository.gaps.is_empty() && repository.problems.is_empty(), "{repository:?}");
    assert!(
        places(["pg/basebackups_005/x/stream_backup_stop_sentinel.json", "basebackups_005/stream_20260101T000000Z_backup_stop_sentinel.json"].into_iter())
            .is_empty()
    );
}

#[test]
fn a_walg_chain_hangs_on_its_sentinels_its_data_and_its_wal() {
    assert_eq!(
        states(&of_walg("base_000000010000000000000002_backup_stop")),
        [(WALG_FULL, State::Unfinished), (WALG_DELTA, State::Orphaned), (WALG_SECOND, State::Orphaned)]
    );
    assert_eq!(states(&of_walg(&format!("{WALG_DELTA}/")))[1..], [(WALG_DELTA, State::Partial), (WALG_SECOND, State::Orphaned)]);
    assert_eq!(states(&of_walg("wal_005/000000010000000000000002"))[0], (WALG_FULL, State::Partial));
}

#[test]
fn a_gap_in_the_wal_is_not_restorable_inside_until_the_next_backup_ends() {
    let minute = |at: Option<Timestamp>| at.map(|at| (at.as_second() - 1_795_000_000) / 60);
    let before = of_walg("wal_005/000000010000000000000005");
    let holes = |repository: &Repository| repository.gaps.iter().map(|gap| (minute(Some(gap.from)), minute(gap.until))).collect::<Vec<_>>();
    assert_eq!((holes(&before), minute(before.newest)), (vec![(Some(4), Some(6))], Some(9)));
    let behind = of_walg("wal_005/000000010000000000000008");
    assert_eq!((holes(&behind), minute(behind.newest)), (vec![(Some(7), None)], Some(7)), "nothing behind the gap can be reached");
}

#[test]
fn the_wal_goes_on_where_a_new_timeline_begins() {
    let at = |second: i64| Timestamp::from_second(second).unwrap();
    let names = ["0000000100000000000000FE", "0000000100000000000000FF", "0000000200000000000000FF", "000000020000000100000000", "000000020000000100000002"];
    let segments = names.iter().zip(1..).map(|(name, second)| (Segment::parse(name).unwrap(), at(second))).collect();
    let archive = wal::Archive::new(segments, 16 << 20);
    assert_eq!(archive.reached(Segment::parse(names[0]).unwrap(), &BTreeMap::new()), Some(at(4)));
    assert_eq!(archive.reached(Segment::parse("0000000100000000000000FD").unwrap(), &BTreeMap::new()), None);
    assert_eq!(Segment::before(1, 0x1_0000_0000, 16 << 20), Segment::parse("0000000100000000000000FF"), "the end of a segment is in it");
}

#[test]
fn a_name_that_claims_the_last_timeline_costs_no_walk_to_it() {
    let at = |second: i64| Timestamp::from_second(second).unwrap();
    let names = ["000000010000000000000001", "00000002000000000000000F", "FFFFFFFF0000000000000009"];
    let segments = names.iter().zip(1..).map(|(name, second)| (Segment::parse(name).unwrap(), at(second))).collect();
    let archive = wal::Archive::new(segments, 16 << 20);
    assert_eq!(archive.reached(Segment::parse(names[0]).unwrap(), &BTreeMap::new()), Some(at(1)));
    assert_eq!(archive.reached(Segment::parse(names[2]).unwrap(), &BTreeMap::new()), Some(at(3)), "there is no timeline behind the last number");
}

/// A recorded pgBackRest repository whose list of backups is something else.
fn with_info(info: Result<&[u8], &str>, without: &str) -> Repository {
    let listing: Vec<Listed<'_>> = listed(PGBACKREST).into_iter().filter(|(key, ..)| without.is_empty() || !key.ends_with(without)).collect();
    let place = Place { engine: Engine::Pgbackrest, base: "pgbackrest/".to_owned(), name: "main".to_owned() };
    let wanted = metadata(&place, listing.iter().map(|(key, ..)| *key));
    let metadata: Vec<Metadata> = wanted.into_iter().map(|key| (key, info.map(<[u8]>::to_vec).map_err(str::to_owned))).collect();
    read(&place, &listing, &metadata)
}

#[test]
fn a_list_of_backups_that_cannot_be_read_is_unknown_and_not_empty() {
    let garbled = BACKUP_INFO.replace("[backrest]", "[something]");
    let cases: [(Result<&[u8], &str>, &str); 5] = [
        (Ok(b"Salted__\x01\x02\xff"), "is encrypted (repo-cipher-type)"),
        (Ok(b"\xff\xfe"), "is no list of backups of pgBackRest"),
        (Ok(b""), "is no list of backups of pgBackRest"),
        (Ok(garbled.as_bytes()), "is no list of backups of pgBackRest"),
        (Err("access denied"), "could not be read: access denied"),
    ];
    for (info, said) in cases {
        let repository = with_info(info, "");
        assert!(repository.unknown.as_ref().is_some_and(|why| why.contains(said)), "{said}: {:?}", repository.unknown);
        assert_eq!(states(&repository), [FULL, DIFF, INCR].map(|label| (label, State::Unknown)));
        assert_eq!((repository.oldest, repository.newest, repository.segments), (None, None, 11));
    }
    assert_eq!(with_info(Ok(BACKUP_INFO.as_bytes()), "").unknown, None);
    assert_eq!(states(&with_info(Ok(BACKUP_INFO.as_bytes()), "backup/main/backup.info"))[0], (FULL, State::Complete), "its copy says the same");
    let gone = with_info(Ok(BACKUP_INFO.as_bytes()), "").place;
    let folders: Vec<Listed<'_>> = listed(PGBACKREST).into_iter().filter(|(key, ..)| !key.contains("backup.info")).collect();
    assert!(read(&gone, &folders, &[]).unknown.unwrap().contains("backup.info is gone"));
    assert_eq!(read(&gone, &[], &[]).unknown, None, "nothing lies there, and that is known");
    let torn = BACKUP_INFO.replace(&format!("{FULL}={{"), &format!("{FULL}="));
    assert_eq!(states(&with_info(Ok(torn.as_bytes()), "")), [(FULL, State::Unknown), (DIFF, State::Orphaned), (INCR, State::Orphaned)]);
    assert!(with_info(Ok(torn.as_bytes()), "").unknown.unwrap().starts_with(FULL), "no backup is told, and none would be a guess");
}

#[test]
fn backups_of_other_engines_that_cannot_be_read_are_unknown() {
    let (listing, mut metadata) = walg();
    let listing: Vec<Listed<'_>> = listing.iter().map(|(key, bytes, at)| (key.as_str(), *bytes, *at)).collect();
    let place = Place { engine: Engine::WalG, base: "pg/".to_owned(), name: String::new() };
    metadata[1].1 = Err("access denied".to_owned());
    let some = read(&place, &listing, &metadata);
    assert_eq!(states(&some), [(WALG_FULL, State::Complete), (WALG_DELTA, State::Unknown), (WALG_SECOND, State::Orphaned)]);
    assert_eq!(some.unknown, None, "one is told");
    metadata[0].1 = Ok(b"Salted__".to_vec());
    assert!(read(&place, &listing, &metadata).unknown.unwrap().contains("is not understood"));
    for broken in ["", "\u{1}"] {
        let barman = of(&listed(BARMAN), broken);
        assert!(barman.backups[0].state == State::Unknown && barman.unknown.is_some(), "{barman:?}");
    }
}

#[test]
fn no_backup_ended_after_s3_stored_it() {
    for (years, told) in [(0, false), (10, true)] {
        let stop = 1_795_353_763 + years * 31_536_000_i64;
        let info = BACKUP_INFO.replace("\"backup-timestamp-stop\":1795353765", &format!("\"backup-timestamp-stop\":{stop}"));
        let repository = with_info(Ok(info.as_bytes()), "");
        assert_eq!(repository.problems.len(), usize::from(told), "{:?}", repository.problems);
        assert!(repository.newest <= "2026-11-22T14:00:00Z".parse().ok(), "{:?}", repository.newest);
    }
}

#[test]
fn more_metadata_than_memory_is_for_is_not_read() {
    let place = Place { engine: Engine::WalG, base: "wal-g/".to_owned(), name: String::new() };
    let key = |at: usize| format!("wal-g/basebackups_005/base_{at:024X}_backup_stop_sentinel.json");
    let of = |sizes: &[u64]| {
        let mut listing: Vec<(String, u64)> = sizes.iter().enumerate().map(|(at, bytes)| (key(at), *bytes)).collect();
        // Data is not read, however large.
        listing.push(("wal-g/basebackups_005/base_000000000000000000000000/tar_partitions/part_1.tar.lz4".to_owned(), u64::MAX));
        let keys = metadata(&place, listing.iter().map(|(key, _)| key.as_str()));
        too_much(&keys, listing.iter().map(|(key, bytes)| (key.as_str(), *bytes)))
    };
    let (most, bytes) = MOST_READ;
    assert_eq!((of(&vec![1; most]), of(&[bytes])), (None, None));
    assert!(of(&vec![1; most + 1]).is_some_and(|why| why.contains("10,001 objects")), "{:?}", of(&vec![1; most + 1]));
    assert!(of(&[bytes, 1]).is_some() && of(&[u64::MAX, u64::MAX]).is_some());
}
