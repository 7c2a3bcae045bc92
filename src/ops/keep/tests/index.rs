//! The index is only a cache: what it saves, and that nothing goes by its word.

use super::*;
use crate::catalog::index::{ASKED_EVERY, Entry, Index};
use crate::catalog::layout::index_key;
use crate::ports::sim::{CALLER, Op};

const CONTROL: &str = "acme-control";

/// A stage with a control bucket, on which the keeper ran until nothing was left to do.
pub(super) async fn settled(days: usize) -> Stage {
    let mut stage = Stage::new(days);
    stage.world.put_bucket(CONTROL, "eu-west-1");
    stage.control = serde_json::from_value(serde_json::json!({"bucket": CONTROL, "prefix": "control/", "region": "eu-west-1"})).unwrap();
    for _ in 0..2 {
        stage.keep().await.unwrap();
    }
    stage
}

fn key() -> String {
    index_key("control/", "orders", "nightly")
}

async fn requests(stage: &Stage) -> usize {
    let before = stage.world.requests();
    stage.keep().await.unwrap();
    stage.world.requests() - before
}

async fn entries(stage: &Stage) -> BTreeMap<String, Entry> {
    let bytes = stage.world.ports().objects.get(CONTROL, &key(), u64::MAX).await.unwrap();
    Index::parse(&bytes, "orders", "nightly").unwrap();
    let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    serde_json::from_value(value["entries"].clone()).unwrap()
}

/// An index with a sound digest that says what it likes.
fn forge(stage: &Stage, entries: BTreeMap<String, Entry>) {
    stage.world.put_object(CONTROL, &key(), &Index::new("orders", "nightly", entries).to_bytes());
}

#[tokio::test]
async fn a_run_asks_as_much_of_two_hundred_backups_as_of_twenty() {
    let (few, mut many) = (settled(20).await, settled(200).await);
    let quiet = (requests(&few).await, requests(&many).await);
    assert_eq!(quiet, (4, 4), "listing, the time, the index, the rules");
    assert_eq!(entries(&many).await.len(), 200);
    // A new backup, less than a day later: it is read, and what is released rests on a few others.
    let mut next = Vec::new();
    for stage in [&few, &many] {
        stage.backup();
        stage.world.advance(SignedDuration::from_hours(20));
        next.push(requests(stage).await);
    }
    assert!(next.iter().all(|asked| *asked <= 150), "{next:?}");
    // Without an index it costs a request per manifest and object.
    many.control = None;
    let asked = requests(&many).await;
    assert!(asked > 5 * 200, "{asked}");
}

#[tokio::test]
async fn an_index_that_cannot_be_used_is_said_and_made_anew() {
    let stage = settled(6).await;
    let whole = stage.world.ports().objects.get(CONTROL, &key(), u64::MAX).await.unwrap();
    let text = String::from_utf8(whole.clone()).unwrap();
    let cases = [
        (text[..text.len() / 2].to_owned(), "it is damaged"),
        (text.replacen("\"rows\":603", "\"rows\":604", 1), "its entries are not those of its digest"),
        (text.replace("lifeboat.index/1", "lifeboat.index/2"), "it has format `lifeboat.index/2`"),
        (text.replace("\"set\":\"nightly\"", "\"set\":\"hourly\""), "it is the one of orders/hourly"),
        ("{}".to_owned(), "it is no index"),
    ];
    for (bytes, said) in cases {
        assert_ne!(bytes, text, "{said}");
        stage.world.put_object(CONTROL, &key(), bytes.as_bytes());
        let view = stage.keep().await.unwrap();
        assert!(view.index.as_ref().is_some_and(|index| index.contains(said)) && view.steps.is_empty(), "{said}: {:?}", view.index);
        assert!(requests(&stage).await == 4 && entries(&stage).await.len() == 6, "{said}: it is whole again");
    }
    stage.world.delete_object(CONTROL, &key());
    let view = stage.keep().await.unwrap();
    assert_eq!((view.index, entries(&stage).await.len()), (None, 6), "one that is missing is nothing to say");
}

#[tokio::test]
async fn who_may_not_read_or_write_the_index_works_without_it() {
    let mut stage = Stage::new(6);
    stage.world.put_bucket(CONTROL, "eu-west-1");
    let wanted = {
        let plain = Stage::new(6);
        plain.keep().await.unwrap();
        plain.tags().await
    };
    stage.control = serde_json::from_value(serde_json::json!({"bucket": CONTROL, "prefix": "control/", "region": "eu-west-1"})).unwrap();
    stage.world.refuse(CALLER, Op::Create);
    let view = stage.keep().await.unwrap();
    assert!(view.index.unwrap().contains("cannot be written"));
    assert_eq!(stage.tags().await, wanted);
}

#[tokio::test]
async fn an_index_that_cannot_be_read_is_not_taken_for_the_work_of_another_run() {
    let stage = settled(6).await;
    let whole = stage.world.ports().objects.get(CONTROL, &key(), u64::MAX).await.unwrap();
    // A right that is missing for the index alone: what is there stays, and is not said to be another run's.
    let ports = stage.world.ports();
    let place = stage.control.as_ref().unwrap();
    stage.world.refuse(CALLER, Op::Get);
    let unread = crate::ops::indexed::open(&ports, place, "orders", "nightly").await;
    stage.world.grant(CALLER, Op::Get);
    let said = crate::ops::indexed::write(&ports, place, "orders", "nightly", &unread, entries(&stage).await).await.unwrap();
    assert!(said.contains("cannot be read") && said.contains("it is there, and is left") && !said.contains("another run"), "{said}");
    // Read as missing, and written by another run before this one.
    let key = index_key("control/", "orders", "hourly");
    let missing = crate::ops::indexed::open(&ports, place, "orders", "hourly").await;
    stage.world.put_object(CONTROL, &key, &whole);
    let said = crate::ops::indexed::write(&ports, place, "orders", "hourly", &missing, entries(&stage).await).await.unwrap();
    assert!(said.contains("written by another run in the meantime"), "{said}");
    assert_eq!(ports.objects.get(CONTROL, &self::key(), u64::MAX).await.unwrap(), whole);
}

/// Two points older than seven days: one that is about to go, and one that remains for some days and so lets the other one go, as
/// long as it is whole.
async fn two_old_points() -> Stage {
    let mut stage = Stage::new(0);
    stage.policies = super::foretold::with(&stage, "weekly: 12, monthly: 12, ", "");
    stage.world.put_bucket(CONTROL, "eu-west-1");
    stage.control = serde_json::from_value(serde_json::json!({"bucket": CONTROL, "prefix": "control/", "region": "eu-west-1"})).unwrap();
    for hours in [3 * 24, 5 * 24, 24, 24, 24, 24, 2] {
        stage.backup();
        stage.world.advance(SignedDuration::from_hours(hours));
    }
    let held = Tags::from([(HOLD_TAG.to_owned(), "2026-10-13T12:00:00Z audit".to_owned())]);
    stage.world.ports().objects.put_tags(BUCKET, "orders/nightly/20261001T021500Z/manifest.json", None, &held).await.unwrap();
    // What a run tagged only the next one remembers.
    for _ in 0..2 {
        stage.keep().await.unwrap();
    }
    stage.world.advance(SignedDuration::from_hours(30));
    stage
}

#[tokio::test]
async fn the_last_old_point_stays_whatever_an_index_says_of_another_one() {
    for ruined in [false, true] {
        let stage = two_old_points().await;
        let (first, second) = ("20261001T021500Z", "20261004T021500Z");
        let mut entries = entries(&stage).await;
        if ruined {
            let (objects, folder) = (stage.world.ports().objects, format!("orders/nightly/{second}/"));
            let entry = entries.get_mut(second).unwrap();
            let dump = entry.summary.objects.iter().map(|(name, _)| name.clone()).find(|name| name.contains("dump")).unwrap();
            stage.world.delete_object(BUCKET, &format!("{folder}{dump}"));
            // The index says that it is whole without what is gone, for the very objects that are there.
            entry.summary.objects.retain(|(name, _)| *name != dump);
            let listing = objects.list(BUCKET, "orders/").await.unwrap();
            let seen = crate::catalog::layout::backups("orders/", listing.iter().map(|object| (object.key.as_str(), object.bytes, object.modified)));
            entry.listed = crate::observe::listed(seen.iter().find(|seen| seen.id == second).unwrap(), &listing);
        }
        for entry in entries.values_mut() {
            entry.asked = stage.now();
        }
        forge(&stage, entries);
        stage.keep().await.unwrap();
        let tag = stage.tags().await[first].0.clone();
        assert_eq!(tag, (!ruined).then(|| super::tier("daily")), "ruined: {ruined}");
    }
}

#[tokio::test]
async fn what_others_did_to_tags_is_found_within_the_rotation() {
    let stage = settled(10).await;
    let (objects, data) = (stage.world.ports().objects, "orders/nightly/20261003T021500Z/begun.json");
    assert!(objects.tags(BUCKET, data, None).await.unwrap().contains_key(EXPIRE_TAG));
    objects.put_tags(BUCKET, data, None, &Tags::new()).await.unwrap();
    let mut days = 0;
    while objects.tags(BUCKET, data, None).await.unwrap().is_empty() {
        assert!(days <= ASKED_EVERY, "nobody asked for {days} days");
        stage.world.advance(SignedDuration::from_hours(24));
        stage.keep().await.unwrap();
        days += 1;
    }
}

/// What an index may say that is not so.
type Lie = fn(&mut BTreeMap<String, Entry>);

#[tokio::test]
async fn nothing_is_released_by_the_word_of_an_index() {
    let untag: Lie = |entries| entries.values_mut().for_each(|entry| entry.tags.values_mut().for_each(BTreeMap::clear));
    let newest: Lie = |entries| entries.values_mut().for_each(|entry| entry.summary.tables.clear());
    let opener: Lie = |entries| {
        // Released ones that say that they open the day of the newest settled one.
        let day = entries.values().rev().nth(1).unwrap().summary.snapshot_at.clone();
        for entry in entries.values_mut() {
            entry.summary.snapshot_at.clone_from(&day);
        }
    };
    let of_another: Lie = |entries| entries.values_mut().for_each(|entry| entry.summary.policy = "carts".to_owned());
    for (lie, damaged) in [(untag, false), (newest, false), (opener, false), (of_another, false), (opener, true), (untag, true)] {
        let (mut honest, lied) = (settled(30).await, settled(30).await);
        for stage in [&honest, &lied] {
            stage.backup();
            stage.world.advance(SignedDuration::from_hours(20));
            stage.backup();
            // Somebody holds what is to be released next, and the newest is no backup at all, whatever the index says of it.
            let held = Tags::from([(HOLD_TAG.to_owned(), "2099-01-01T00:00:00Z audit".to_owned())]);
            let next = "orders/nightly/20261030T021500Z/manifest.json";
            stage.world.ports().objects.put_tags(BUCKET, next, None, &held).await.unwrap();
            if damaged {
                stage.world.put_object(BUCKET, "orders/nightly/20261031T021500Z/manifest.json", b"{}");
            }
        }
        let mut entries = entries(&lied).await;
        lie(&mut entries);
        forge(&lied, entries);
        honest.control = None;
        honest.keep().await.unwrap();
        lied.keep().await.unwrap();
        let wanted = honest.tags().await;
        for (id, (tag, _)) in lied.tags().await {
            assert!(tag.is_none() || tag == wanted[&id].0, "{id} went as {tag:?}, and by the source it is {:?}", wanted[&id].0);
        }
    }
}
