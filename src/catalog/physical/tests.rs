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
            Some((words.nth(1)?, bytes))
        })
        .collect()
}

fn of(listing: &[Listed<'_>], info: &str) -> Repository {
    let found = places(listing.iter().map(|(key, _)| *key));
    let [place] = found.as_slice() else { panic!("{found:?}") };
    let metadata = metadata(place, listing.iter().map(|(key, _)| *key)).into_iter().map(|key| (key, info.as_bytes().to_vec())).collect::<Vec<_>>();
    assert!(listing.iter().all(|(key, _)| is_of(place, key)));
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
    assert_eq!((repository.place.engine, repository.place.base.as_str(), repository.place.name.as_str()), (Engine::PgBackRest, "pgbackrest/", "main"));
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
    let without = |part: &str| -> Vec<Listed<'_>> { listed(PGBACKREST).into_iter().filter(|(key, _)| !key.contains(part)).collect() };
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
    assert!(newer.problems[0].contains("format 6") && newer.backups.iter().all(|backup| backup.state == State::Unfinished), "{newer:?}");
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
    let without: Vec<Listed<'_>> = listed(BARMAN).into_iter().filter(|(key, _)| !key.ends_with("000000010000000000000004.gz")).collect();
    assert_eq!(of(&without, BARMAN_INFO).backups[0].state, State::Partial);
}

#[test]
fn segments_follow_each_other_over_the_end_of_a_log() {
    let names = ["0000000100000000000000FE", "0000000100000000000000FF", "000000010000000100000000", "000000020000000100000005"];
    let segments = names.iter().map(|name| Segment::parse(name).unwrap()).collect();
    assert!(wal::Archive::new(segments, 16 << 20).gaps().is_empty(), "another timeline is no gap");
    for wrong in ["0000000100000000000000F", "00000001000000000000000g", "0000000100000000000000ff", "00000001.history"] {
        assert_eq!(Segment::parse(wrong), None, "{wrong}");
    }
}
