use super::super::{Engine, Listed, Metadata, Place, read_with_archive};
use super::*;

const FULL: &str = "base_000000010000000000000002";
const DELTA: &str = "base_000000010000000000000004_D_000000010000000000000002";
const SECOND: &str = "base_000000010000000000000006_D_000000010000000000000004";

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000 + 60 * minute).unwrap()
}

type World = (Repository, Archive);

/// A repository by the format of WAL-G's source: backups with what they build on, each in the segment and ended at the minute of its number,
/// and segments with the minute at which they were stored.
fn world(backups: &[(&str, i64, Option<&str>)], wal: &[(String, i64)]) -> World {
    let mut listing: Vec<(String, u64, Timestamp)> = wal.iter().map(|(name, minute)| (format!("pg/wal_005/{name}.br"), 10, at(*minute))).collect();
    let mut metadata: Vec<Metadata> = Vec::new();
    for (name, minute, from) in backups {
        let from = from.map_or_else(String::new, |from| format!(r#""DeltaFrom": "{from}", "#));
        let finish = (u64::try_from(*minute).unwrap() << 24) + 0x138;
        let sentinel = format!(r#"{{{from}"PgVersion": 150018, "FinishLSN": {finish}, "FinishTime": "{}"}}"#, at(*minute));
        let key = format!("pg/basebackups_005/{name}_backup_stop_sentinel.json");
        listing.push((format!("pg/basebackups_005/{name}/tar_partitions/part_001.tar.br"), 1000, at(*minute)));
        listing.push((key.clone(), 300, at(*minute)));
        metadata.push((key, Ok(sentinel.into_bytes())));
    }
    let listed: Vec<Listed<'_>> = listing.iter().map(|(key, bytes, stored)| (key.as_str(), *bytes, *stored)).collect();
    read_with_archive(&Place { engine: Engine::WalG, base: "pg/".to_owned(), name: String::new() }, &listed, &metadata)
}

/// Segments of a timeline, each stored at the minute of its number.
fn segments(timeline: u32, numbers: std::ops::RangeInclusive<i64>) -> Vec<(String, i64)> {
    numbers.map(|n| (format!("{timeline:08X}00000000{n:08X}"), n)).collect()
}

fn chained(wal: &[(String, i64)]) -> World {
    world(&[(FULL, 2, None), (DELTA, 4, Some(FULL)), (SECOND, 6, Some(DELTA))], wal)
}

/// A way in a line: chain, stretches by their last digits, where it ends, and the minute that comes back.
fn said(world: &World, moment: Timestamp) -> String {
    let Some(way) = way(&world.0, &world.1, moment) else { return "none".to_owned() };
    let short = |id: &str| {
        [(FULL, "full"), (DELTA, "delta"), (SECOND, "second")].into_iter().find(|(known, _)| *known == id).map_or(id.to_owned(), |(_, name)| name.to_owned())
    };
    let chain: Vec<String> = way.chain.iter().map(|backup| short(&backup.id)).collect();
    let digits = |segment: &Segment| {
        format!("{}/{}", segment.timeline(), segment.to_string().trim_start_matches(&format!("{:08X}", segment.timeline())).trim_start_matches('0'))
    };
    let wal: Vec<String> = way.wal.iter().map(|(first, last)| format!("{}-{}", digits(first), digits(last))).collect();
    let last = if way.is_last { " last" } else { "" };
    let timeline = way.timeline.map_or_else(String::new, |(ours, newer)| format!(" on {ours} not {newer}"));
    let fallback = way.fallback.map_or_else(String::new, |older| format!(" or {}", short(&older.id)));
    let minute = (way.reached.as_second() - 1_795_000_000) / 60;
    format!("{} {} {:?} {minute}{last}{timeline}{fallback}", chain.join("<"), wal.join("+"), way.stop)
}

#[test]
fn a_moment_is_reached_from_the_newest_backup_before_it_by_the_wal_up_to_it() {
    let world = chained(&segments(1, 2..=9));
    for (moment, expected) in [
        (1, "none"),
        (2, "full 1/2-1/2 Consistent 2"),
        (3, "full 1/2-1/3 Moment 3"),
        (4, "delta<full 1/4-1/4 Consistent 4 or full"),
        (5, "delta<full 1/4-1/5 Moment 5 or full"),
        (7, "second<delta<full 1/6-1/7 Moment 7 or delta"),
        (8, "second<delta<full 1/6-1/8 Moment 8 or delta"),
    ] {
        assert_eq!(said(&world, at(moment)), expected, "minute {moment}");
    }
    let between = Timestamp::from_second(at(7).as_second() + 1).unwrap();
    assert_eq!(said(&world, between), "second<delta<full 1/6-1/8 Moment 7 or delta", "stored first at that moment or after it");
    let almost = Timestamp::from_millisecond(at(6).as_millisecond() + 999).unwrap();
    assert_eq!(said(&world, almost), "second<delta<full 1/6-1/6 Consistent 6 or delta", "within the second in which it ended");
}

#[test]
fn at_the_end_of_the_wal_and_behind_it_all_of_it_is_replayed() {
    let world = chained(&segments(1, 2..=9));
    let just = Timestamp::from_second(at(9).as_second() - 1).unwrap();
    assert_eq!(said(&world, just), "second<delta<full 1/6-1/9 Moment 8 last or delta", "whether it goes on behind that moment is open");
    assert_eq!(said(&world, at(9)), "second<delta<full 1/6-1/9 End 9 last or delta");
    assert_eq!(said(&world, at(60)), "second<delta<full 1/6-1/9 End 9 last or delta");
}

#[test]
fn a_gap_is_never_led_over() {
    let mut wal = segments(1, 2..=9);
    wal.retain(|(name, _)| !name.ends_with('5'));
    let gapped = chained(&wal);
    assert_eq!(said(&gapped, at(3)), "full 1/2-1/3 Moment 3");
    assert_eq!(said(&gapped, at(5)), "delta<full 1/4-1/4 End 4 last or full", "up to the gap, and no further");
    assert_eq!(said(&gapped, at(7)), "second<delta<full 1/6-1/7 Moment 7", "an older backup reaches only the gap");
    let behind = chained(&segments(1, 2..=7).into_iter().chain(segments(1, 9..=9)).collect::<Vec<_>>());
    assert_eq!(said(&behind, at(9)), "second<delta<full 1/6-1/7 End 7 last or delta");
}

#[test]
fn what_is_no_complete_backup_serves_nothing() {
    let orphaned = world(&[(FULL, 2, None), (SECOND, 6, Some(DELTA))], &segments(1, 2..=9));
    assert_eq!(said(&orphaned, at(7)), "full 1/2-1/7 Moment 7");
    let partial = chained(&segments(1, 2..=9).into_iter().filter(|(name, _)| !name.ends_with('4')).collect::<Vec<_>>());
    assert_eq!(said(&partial, at(3)), "full 1/2-1/3 End 3 last");
    assert_eq!(said(&partial, at(7)), "full 1/2-1/3 End 3 last", "the delta lost its WAL, and so what builds on it is nothing");
    assert_eq!(said(&world(&[], &segments(1, 2..=9)), at(7)), "none");
}

#[test]
fn a_backup_whose_wal_ends_sooner_than_that_of_an_older_one_is_not_taken() {
    // The newer one lies on a timeline of which nothing more is archived.
    let lonely = "base_000000020000000000000006";
    let wal: Vec<_> = segments(1, 2..=9).into_iter().chain([("000000020000000000000006".to_owned(), 6)]).collect();
    let two = world(&[(FULL, 2, None), (lonely, 6, None)], &wal);
    assert_eq!(said(&two, at(8)), "full 1/2-1/8 Moment 8 on 1 not 2");
    assert_eq!(said(&two, at(6)), format!("{lonely} 2/6-2/6 Consistent 6 last or full"));
}

#[test]
fn where_a_timeline_ends_the_next_one_goes_on() {
    let wal: Vec<_> = segments(1, 2..=5).into_iter().chain(segments(2, 6..=9)).collect();
    let failed_over = world(&[(FULL, 2, None)], &wal);
    assert_eq!(said(&failed_over, at(4)), "full 1/2-1/4 Moment 4");
    assert_eq!(said(&failed_over, at(8)), "full 1/2-1/5+2/6-2/8 Moment 8");
    let way = way(&failed_over.0, &failed_over.1, at(8)).unwrap();
    assert_eq!(way.timelines(), BTreeSet::from([1, 2]));
    let holds = |name: &str| way.holds(Segment::parse(name).unwrap());
    assert!(holds("000000010000000000000005") && holds("000000020000000000000006") && !holds("000000010000000000000006") && !holds("000000020000000000000009"));
    // The old primary went on: its timeline is followed as it is archived, and that is said.
    let split: Vec<_> = segments(1, 2..=9).into_iter().chain(segments(2, 5..=6)).collect();
    assert_eq!(said(&world(&[(FULL, 2, None)], &split), at(8)), "full 1/2-1/8 Moment 8 on 1 not 2");
    assert_eq!(said(&world(&[(FULL, 2, None)], &split), at(5)), "full 1/2-1/5 Moment 5", "a timeline that begins in this segment has the same history");
}

#[test]
fn a_chain_that_leads_in_a_circle_ends() {
    let (mut found, archive) = chained(&segments(1, 2..=9));
    found.backups[0].prior = Some(SECOND.to_owned());
    assert_eq!(said(&(found, archive), at(7)), "second<delta<full 1/6-1/7 Moment 7 or delta");
}
