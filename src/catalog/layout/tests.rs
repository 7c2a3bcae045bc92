use super::{Foreign, Sieve, backup_id, backups, bounds, classify, expires_at, foreign, id_time, is_id};

#[test]
fn the_guides_example_of_expiry() {
    let date = "2026-01-15T10:30:00Z".parse().unwrap();
    assert_eq!(expires_at(date, 3), "2026-01-19T00:00:00Z".parse().unwrap());
    let midnight = "2026-01-15T00:00:00Z".parse().unwrap();
    assert_eq!(expires_at(midnight, 3), "2026-01-18T00:00:00Z".parse().unwrap());
}

#[test]
fn ids_sort_by_age_and_read_back() {
    let at = "2026-11-22T01:15:07Z".parse().unwrap();
    assert_eq!(backup_id(at), "20261122T011507Z");
    assert_eq!(id_time("20261122T011507Z"), Some(at));
    assert!(is_id("20261122T011507Z"));
    for wrong in ["20261122T011507", "2026-122T011507Z", "20261122X011507Z", "20261332T011507Zx", ""] {
        assert!(!is_id(wrong), "{wrong}");
    }
}

#[test]
fn a_million_foreign_objects_are_counted_and_not_kept() {
    let at = "2026-11-22T01:00:00Z".parse().unwrap();
    let keys: Vec<String> = (0..1_000_000).map(|number| format!("shop/nightly/{number}/x")).collect();
    let mut listing: Vec<(&str, u64, jiff::Timestamp)> = keys.iter().map(|key| (key.as_str(), 1, at)).collect();
    listing.insert(500_000, ("shop/nightly/20261122T010000Z/manifest.json", 5, at));
    let found = foreign("shop/", listing.iter().copied());
    assert_eq!((found.objects, found.bytes, found.first.len()), (1_000_000, 1_000_000, 5));
    assert_eq!(backups("shop/", listing.iter().copied()).len(), 1);
}

#[test]
fn a_sieve_keeps_what_is_ours_or_an_engines_and_counts_the_rest() {
    let at: jiff::Timestamp = "2026-11-22T01:00:00Z".parse().unwrap();
    let ours = ["shop/nightly/20261122T010000Z/manifest.json", "shop/pg/archive/main/archive.info", "shop/pg/backup/main/backup.info", "shop/wals/x"];
    let others = ["shop/a", "shop/nightly/x/y", "shop/archived/x", "shop/nightly/20261122/x", "shop//", "shop/z"];
    let mut sieve = Sieve::new("shop/");
    assert!(ours.iter().all(|key| sieve.keeps(key, 1)) && others.iter().all(|key| !sieve.keeps(key, 2)));
    // Whatever order they come in, it is what a whole listing shows.
    let mut sorted = others;
    sorted.sort_unstable();
    assert_eq!(sieve.foreign, foreign("shop/", sorted.iter().map(|key| (*key, 2, at))));
    let halves = [&others[..3], &others[3..]].map(|half| foreign("shop/", half.iter().map(|key| (*key, 2, at))));
    let [one, two] = halves;
    assert_eq!(one.with(two), sieve.foreign);
}

#[test]
fn the_bounds_of_a_listing_are_months_in_the_order_of_keys() {
    let bounds = bounds("shop/", ["nightly", "hourly"].into_iter(), "2026-01-22T01:00:00Z".parse().unwrap());
    assert!(bounds.is_sorted() && bounds.contains(&"shop/hourly/202512".to_owned()) && bounds.contains(&"shop/nightly/202601".to_owned()), "{bounds:?}");
    assert_eq!((bounds.len(), bounds[0].as_str(), bounds.last().unwrap().as_str()), (54, "shop/hourly/202311", "shop/nightly/202601"));
}

#[test]
fn keys_with_every_character_that_s3_takes_are_no_backups_and_no_harm() {
    let at = "2026-11-22T01:00:00Z".parse().unwrap();
    let odd =
        ["shop/nightly//manifest.json", "shop//20261122T010000Z/manifest.json", "shop/nightly/20261122T010000Z", "shop/a b+%2F/\u{7f}\u{1f600}/x", "shop/"];
    let found = backups("shop/", odd.iter().map(|key| (*key, 1, at)));
    assert!(found.iter().all(|backup| backup.set.is_empty()), "{found:?}");
    assert_eq!(foreign("shop/", odd.iter().map(|key| (*key, 1, at))).objects, 4);
}

#[test]
fn what_was_stored_after_the_manifest_is_late() {
    let (early, late) = ("2026-11-22T01:00:00Z".parse().unwrap(), "2026-11-22T01:05:00Z".parse().unwrap());
    let listing =
        |shop| [("b/20261122T010000Z/begun.json", 10, early), ("b/20261122T010000Z/manifest.json", 5, early), ("b/20261122T010000Z/shop.zst", 5, shop)];
    assert!(backups("", listing(early).into_iter())[0].late.is_empty());
    assert_eq!(backups("", listing(late).into_iter())[0].late.iter().collect::<Vec<_>>(), [(&"b/20261122T010000Z/shop.zst".to_owned(), &late)]);
    assert!(backups("", listing(late).into_iter().filter(|(key, ..)| !key.ends_with("manifest.json")))[0].late.is_empty(), "an attempt has no manifest");
}

#[test]
fn a_listing_is_grouped_and_only_a_manifest_makes_it_complete() {
    let (early, late) = ("2026-11-22T01:00:00Z".parse().unwrap(), "2026-11-22T01:05:00Z".parse().unwrap());
    let listing = [
        ("shop/nightly/20261122T010000Z/begun.json", 10, early),
        ("shop/nightly/20261122T010000Z/shop.dump.zst", 100, early),
        ("shop/nightly/20261122T010000Z/manifest.json", 5, late),
        ("shop/nightly/20261122T020000Z/begun.json", 10, late),
        ("shop/nightly/readme.txt", 1, late),
        ("shop/other", 1, late),
        ("elsewhere/nightly/20261122T020000Z/manifest.json", 1, late),
    ];
    let found = backups("shop/", listing.into_iter());
    assert_eq!(found.len(), 2);
    let whole = &found[0];
    assert_eq!((whole.set.as_str(), whole.complete, whole.bytes, whole.oldest, whole.newest), ("nightly", true, 115, early, late));
    assert!(!found[1].complete);
    assert_eq!((whole.stored, found[1].stored), (Some(late), None));
    // In the order of their keys, whatever order the pages came in.
    let first = ["elsewhere/nightly/20261122T020000Z/manifest.json", "shop/nightly/readme.txt", "shop/other"].map(str::to_owned).to_vec();
    assert_eq!(foreign("shop/", listing.into_iter()), Foreign { objects: 3, bytes: 3, first });
}

#[test]
fn a_class_is_noted_at_its_backup_and_nowhere_else() {
    let at = "2026-11-22T01:00:00Z".parse().unwrap();
    let keys = ["a/20261122T010000Z/x", "b/20261121T010000Z/x", "b/20261122T010000Z/manifest.json", "b/20261122T010000Z/x"].map(|key| format!("shop/{key}"));
    let mut found = backups("shop/", keys.iter().map(|key| (key.as_str(), 1, at)));
    classify(&mut found, "shop/", [(keys[3].as_str(), "GLACIER"), ("shop/else", "GLACIER"), ("shop/c/20261122T010000Z/x", "GLACIER")].into_iter());
    let noted: Vec<(&str, &str, usize)> = found.iter().map(|backup| (backup.set.as_str(), backup.id.as_str(), backup.classes.len())).collect();
    assert_eq!(noted, [("b", "20261121T010000Z", 0), ("a", "20261122T010000Z", 0), ("b", "20261122T010000Z", 1)]);
    assert_eq!(found[2].classes[&keys[3]], "GLACIER");
}
