use super::*;

fn entry(asked: &str) -> Entry {
    let summary = Summary {
        policy: "orders".to_owned(),
        started_at: String::new(),
        snapshot_at: String::new(),
        finished_at: String::new(),
        engine: "pg_dump".to_owned(),
        server_version: 150_018,
        databases: Vec::new(),
        rows: 1,
        tables: BTreeMap::new(),
        raw_bytes: 1,
        digest: String::new(),
        objects: Vec::new(),
    };
    Entry { listed: "here".to_owned(), summary, tags: BTreeMap::new(), asked: asked.parse().unwrap() }
}

fn index() -> Index {
    Index::new("orders", "nightly", BTreeMap::from([("20261122T011507Z".to_owned(), entry("2026-11-22T03:00:00Z"))]))
}

#[test]
fn an_entry_holds_for_what_the_listing_shows_and_for_a_week() {
    let index = Index::parse(&index().to_bytes(), "orders", "nightly").unwrap();
    let at = |listed: &str, now: &str| index.entry("20261122T011507Z", listed, now.parse().unwrap()).is_some();
    assert!(at("here", "2026-11-22T23:00:00Z"));
    assert!(!at("elsewhere", "2026-11-22T23:00:00Z"), "another version of an object");
    assert!(!at("here", "2026-11-22T02:00:00Z"), "read in the future");
    assert!(!at("here", "2026-11-29T03:00:00Z"));
    let asked = (1..8).filter(|day| !at("here", &format!("2026-11-{}T03:00:00Z", 22 + day))).count();
    assert!((1..=2).contains(&asked), "in rotation, and after a week at the latest: {asked}");
}

#[test]
fn no_flipped_byte_is_believed() {
    let bytes = index().to_bytes();
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        match Index::parse(&damaged, "orders", "nightly") {
            Err(_) => {}
            Ok(read) => assert_eq!(read, index(), "byte {at}"),
        }
    }
}

#[test]
fn what_a_listing_shows_of_a_backup_is_in_its_digest() {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let of = |key, etag, bytes, time| listed([(key, etag, bytes, at(time))].into_iter());
    let one = of("a", "\"1\"", 1, "2026-11-22T03:00:00Z");
    let others = [
        of("b", "\"1\"", 1, "2026-11-22T03:00:00Z"),
        of("a", "\"2\"", 1, "2026-11-22T03:00:00Z"),
        of("a", "\"1\"", 2, "2026-11-22T03:00:00Z"),
        of("a", "\"1\"", 1, "2026-11-22T03:00:01Z"),
    ];
    assert!(others.iter().all(|other| *other != one));
}

#[test]
fn what_a_step_is_measured_by_is_read_before_it() {
    use crate::catalog::retention::{Hold, Holding, Periods, decide};
    use crate::model::policy::{Anomalies, Retention};
    use crate::model::units::Span;
    let retention: Retention = serde_json::from_value(serde_json::json!({"recent": "3d", "daily": 14, "keepLast": 1, "keepVerified": 1})).unwrap();
    let now: Timestamp = "2026-11-20T00:00:00Z".parse().unwrap();
    let terms = Terms { retention: &retention, max_duration: Span::seconds(60), anomalies: Anomalies::default(), evidence_known: true, now };
    let point = |day: u32, hour: u32, rows: u64| {
        let at: Timestamp = format!("2026-11-{day:02}T{hour:02}:00:00Z").parse().unwrap();
        let holding = Holding { tables: [("shop.public.orders".to_owned(), rows)].into(), bytes: rows };
        let (kind, periods) = (Kind::Complete, Periods::of(at, &jiff::tz::TimeZone::UTC));
        Point { id: at.to_string(), kind, stored: at, oldest: at, snapshot: at, periods, verified: None, failed: false, hold: Hold::None, holding }
    };
    // An index that says much more of the first one makes the second one look weak, and the third one open its day.
    let points: Vec<Point> =
        [(10, 2, 1_000), (11, 2, 100), (11, 12, 1_000), (12, 2, 1_000), (13, 2, 1_000), (14, 2, 1_000), (15, 2, 1_000), (16, 2, 1_000), (17, 2, 1_000)]
            .into_iter()
            .map(|(day, hour, rows)| point(day, hour, rows))
            .collect();
    let decisions = decide(&points, &terms);
    assert_eq!(decisions[1..3], [Decision::Release(Tier::Recent), Decision::Release(Tier::Daily)]);
    let needed = rests_on(&points, &decisions, &BTreeSet::from([1]), &terms);
    assert!(needed.contains(&0), "{needed:?}");
    assert!(!needed.contains(&4), "what has no part in it is not read: {needed:?}");
    assert_eq!(rests_on(&points, &decisions, &BTreeSet::new(), &terms), BTreeSet::new());
}
