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
