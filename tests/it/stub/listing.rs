//! A bucket in which our backups lie among very many objects of others: pages of its listing are made as they are asked for.
//!
//! 20,000 objects of others; with `LIFEBOAT_SOAK` a million.

use std::io::Read as _;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;

use super::{Answer, Asked, Stub, answer, config};

/// Keys of a page (S3 API, ListObjectsV2).
const PAGE: usize = 1_000;
/// Backups of ours, one a day, of four objects each.
const OURS: usize = 400;
const OBJECTS: [&str; 4] = ["begun.json", "globals.sql.zst", "manifest.json", "shop.dump.zst"];
/// What S3 takes in a key and others have to escape: markup, spaces, a plus, a percent, letters beyond ASCII, controls.
const ODD: [&str; 7] = ["orders/zz/&<>\"'", "orders/zz/a b", "orders/zz/a+b", "orders/zz/a%20b", "orders/zz/\u{7f}", "orders/zz/ä", "orders/zz/\u{1f600}"];

fn others() -> usize {
    if std::env::var_os("LIFEBOAT_SOAK").is_some() { 1_000_000 } else { 20_000 }
}

/// Every key, in order, by its number; none behind the last one.
fn key(number: usize) -> Option<String> {
    let behind = number.checked_sub(others());
    let Some(ours) = behind else { return Some(format!("orders/nightl/{number:09}/x")) };
    if let Some(odd) = ours.checked_sub(OURS * OBJECTS.len()) {
        let mut all: Vec<&str> = ODD.to_vec();
        all.sort_unstable();
        return all.get(odd).map(|key| (*key).to_owned());
    }
    let (day, object) = (i64::try_from(ours / OBJECTS.len()).unwrap(), OBJECTS[ours % OBJECTS.len()]);
    let first: jiff::Timestamp = "2025-10-01T02:15:00Z".parse().unwrap();
    let id = (first + jiff::SignedDuration::from_hours(24 * day)).strftime("%Y%m%dT%H%M%SZ").to_string();
    Some(format!("orders/nightly/{id}/{object}"))
}

/// The first number whose key lies behind another one.
fn behind(after: &str) -> usize {
    let (mut low, mut high) = (0, others() + OURS * OBJECTS.len() + ODD.len());
    while low < high {
        let middle = usize::midpoint(low, high);
        if key(middle).is_some_and(|key| key.as_str() <= after) { low = middle + 1 } else { high = middle }
    }
    low
}

fn escaped(text: &str) -> String {
    let one = |c: char| match c {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        c => c.to_string(),
    };
    text.chars().map(one).collect()
}

fn parameter(asked: &Asked, name: &str) -> Option<String> {
    let (_, query) = asked.what.split_once('?')?;
    let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
    Some(value.replace("%2F", "/"))
}

/// A page as it is asked for: behind a token, behind a key, or from the beginning.
fn page(asked: &Asked, _: usize) -> Option<Answer> {
    if !asked.what.contains("list-type=2") || !asked.what.contains("prefix=orders") {
        return None;
    }
    let from = match (parameter(asked, "continuation-token"), parameter(asked, "start-after")) {
        (Some(token), _) => token.parse().unwrap(),
        (None, Some(after)) => behind(&after),
        (None, None) => 0,
    };
    let keys: Vec<String> = (from..from + PAGE).map_while(key).collect();
    let entry = |key: &String| {
        format!(
            "<Contents><Key>{}</Key><LastModified>2026-11-01T00:00:00.000Z</LastModified><ETag>&quot;d41d8cd98f00b204e9800998ecf8427e&quot;</ETag><Size>7</Size></Contents>",
            escaped(key)
        )
    };
    let next = key(from + PAGE).map_or_else(
        || "<IsTruncated>false</IsTruncated>".to_owned(),
        |_| format!("<IsTruncated>true</IsTruncated><NextContinuationToken>{}</NextContinuationToken>", from + PAGE),
    );
    Some(answer(200, format!("<ListBucketResult>{}{next}</ListBucketResult>", keys.iter().map(entry).collect::<String>())))
}

/// The most memory that a process held, in bytes, as the kernel says while it runs.
fn peak(pid: u32, highest: &AtomicU64) {
    let Ok(text) = std::fs::read_to_string(format!("/proc/{pid}/status")) else { return };
    let kilobytes = text.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse::<u64>().ok());
    highest.fetch_max(kilobytes.unwrap_or(0) * 1024, Ordering::Relaxed);
}

#[test]
fn ours_are_found_among_very_many_objects_of_others_in_bounded_memory() {
    let (config, stub) = (config("listing"), Stub::new(page));
    let mut child = stub.command(&config, &["backups", "list", "--format", "json"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let highest = Arc::new(AtomicU64::new(0));
    let (pid, seen) = (child.id(), Arc::clone(&highest));
    let mut out = child.stdout.take().unwrap();
    let read = std::thread::spawn(move || {
        let mut text = String::new();
        out.read_to_string(&mut text).unwrap();
        text
    });
    while child.try_wait().unwrap().is_none() {
        peak(pid, &seen);
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let said: Value = serde_json::from_str(&read.join().unwrap()).unwrap();
    let shelf = &said["policies"][0];
    assert_eq!(shelf["foreign"]["objects"], others() + ODD.len(), "{}", shelf["foreign"]);
    assert_eq!(shelf["backups"].as_array().unwrap().len(), OURS);
    let pages = (others() + OURS * OBJECTS.len() + ODD.len()).div_ceil(PAGE);
    let asked = stub.asked().iter().filter(|asked| asked.what.contains("list-type=2") && asked.what.contains("prefix=orders")).count();
    assert!((pages..=pages + 33).contains(&asked), "{asked} requests for {pages} pages");
    assert!(stub.asked().iter().any(|asked| asked.what.contains("start-after")), "a large listing is asked for in parts");
    let highest = highest.load(Ordering::Relaxed);
    assert!((1..200 << 20).contains(&highest), "{highest} bytes");
}

/// On a stub: ministack writes such a key as it is into its list of versions, and knows no other form of it.
#[test]
fn versions_of_a_key_that_xml_cannot_write_are_asked_for_in_another_form() {
    let page = |keys: &[&str]| {
        let version = |key: &&str| {
            format!(
                "<Version><Key>{key}</Key><VersionId>v1</VersionId><IsLatest>true</IsLatest><LastModified>2026-11-22T01:15:07.000Z</LastModified><Size>3</Size></Version>"
            )
        };
        keys.iter().map(version).collect::<String>()
    };
    let id = "orders/nightly/20261122T011507Z";
    let keys = [format!("{id}/dump%2B1.zst"), format!("{id}/manifest.json"), "orders/odd%1Ba+b".to_owned()];
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let encoded = format!("<ListVersionsResult><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>{}</ListVersionsResult>", page(&keys));
    let raw = format!("<ListVersionsResult><IsTruncated>false</IsTruncated>{}</ListVersionsResult>", page(&["orders/odd\u{1b}a b"]));
    let stub = Stub::new(move |asked: &Asked, _| {
        let versions = asked.what.starts_with("GET") && asked.what.contains("?versions");
        versions.then(|| answer(200, if asked.what.contains("encoding-type=url") { encoded.clone() } else { raw.clone() }))
    });
    let config = config("xml");
    let ran = stub.run(&config, &["status", "--at", "2026-11-22T12:00:00Z", "--format", "json"]);
    let view: serde_json::Value = serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{}{}", ran.out, ran.err));
    assert_eq!((&view["policies"][0]["unknown"], &view["policies"][0]["points"]), (&serde_json::Value::Null, &1.into()), "{view:#}");
}
