//! What status counts is what could be restored: by the newest manifest, by what the others lack, and by the tags that rules have passed.

use futures_util::FutureExt as _;

use super::*;
use crate::catalog::prices::Prices;
use crate::model::lifecycle::{Expiration, Filter, Lifecycle, Rule};
use crate::ops::{Prepared, Where, status};
use crate::ports::sim::{CALLER, Op};
use crate::report::Verdict;
use crate::report::status::SetStanding;
use crate::view::status::StatusView;

fn view(stage: &Stage) -> (StatusView, usize) {
    let (folder, before) = (std::env::temp_dir().display().to_string(), stage.world.requests());
    let loaded = policy::load(&[ConfigFile {
        path: "policies/orders.yaml".to_owned(),
        bytes: include_bytes!("../../../../examples/quickstart/config/policies/orders.yaml").to_vec(),
    }]);
    let (desired, findings) = crate::compile::compile(&loaded, &[]);
    let prepared = Prepared { revision: "here".to_owned(), root: None, keys: BTreeMap::new(), loaded, desired, findings, selected: None };
    let place = Where { repo: folder, rev: None };
    let view = status::of(&place, &prepared, &stage.world.ports(), None, Prices::shipped()).now_or_never().unwrap().unwrap().0;
    (view, stage.world.requests() - before)
}

fn set(stage: &Stage) -> SetStanding {
    view(stage).0.policies.remove(0).sets.remove(0)
}

/// Deletes one object of the backup of a day.
fn lose(stage: &Stage, day: &str, name: &str) {
    stage.world.delete_object(BUCKET, &format!("orders/nightly/{day}T021500Z/{name}"));
}

fn damaged(set: &SetStanding) -> Vec<(&str, &str)> {
    set.damaged.iter().map(|(id, why)| (id.as_str(), why.as_str())).collect()
}

#[test]
fn a_newest_backup_without_its_dump_is_no_restore_point_and_meets_no_objective() {
    let stage = Stage::new(3);
    let (well, asked) = view(&stage);
    assert_eq!((well.policies[0].points, well.policies[0].rpo.verdict), (3, Verdict::Passed));
    lose(&stage, "20261003", "nasty.dump.zst");
    let (ill, _) = view(&stage);
    let policy = &ill.policies[0];
    assert_eq!((policy.points, policy.rpo.verdict, policy.sets[0].newest.as_deref()), (2, Verdict::Failed, Some("2026-10-02T02:15:00Z")));
    assert_eq!(damaged(&policy.sets[0]), [("20261003T021500Z", "nasty.dump.zst is gone")]);
    assert!(policy.sets[0].missed.is_empty() && policy.sets[0].failed.is_empty(), "the run ended: {policy:#?}");
    // Where all is well one manifest of a set is read, however many backups there are.
    assert_eq!(view(&Stage::new(2)).1, asked);
}

#[test]
fn an_empty_manifest_a_manifest_alone_and_one_that_cannot_be_read_are_told_apart() {
    let stage = Stage::new(4);
    stage.world.put_object(BUCKET, "orders/nightly/20261001T021500Z/manifest.json", b"");
    lose(&stage, "20261002", "nasty.dump.zst");
    lose(&stage, "20261002", "globals.sql.zst");
    let found = set(&stage);
    assert_eq!(damaged(&found), [("20261001T021500Z", "its manifest is empty"), ("20261002T021500Z", "nothing but its manifest is there")]);
    assert_eq!(found.points, 2);
    stage.world.refuse(CALLER, Op::Get);
    let policy = view(&stage).0.policies.remove(0);
    assert_eq!((policy.points, policy.rpo.verdict), (2, Verdict::Unproven), "{:#?}", policy.rpo);
    assert!(policy.rpo.sentence.contains("20261004T021500Z"), "{}", policy.rpo.sentence);
}

#[tokio::test]
async fn an_older_backup_that_lacks_what_the_newest_has_is_read_and_one_that_was_released_is_no_damage() {
    let stage = Stage::new(6);
    for day in ["20261002", "20261004"] {
        lose(&stage, day, "globals.sql.zst");
    }
    let manifest = "orders/nightly/20261002T021500Z/manifest.json";
    let tags = Tags::from([(EXPIRE_TAG.to_owned(), tier("daily"))]);
    stage.world.ports().objects.put_tags(BUCKET, manifest, None, &tags).await.unwrap();
    let found = set(&stage);
    let gone = "globals.sql.zst is gone";
    let early = format!("{gone}, and its release tag promises it until 2026-10-18");
    assert_eq!(damaged(&found), [("20261002T021500Z", early.as_str()), ("20261004T021500Z", gone)]);
    assert_eq!(found.points, 4, "neither is counted");
    stage.world.advance(SignedDuration::from_hours(24 * 11));
    assert_eq!(damaged(&set(&stage)), [("20261004T021500Z", gone)], "the tag of the other is due: it expires");
}

#[tokio::test]
async fn what_a_release_rule_has_passed_is_not_counted_though_s3_has_not_deleted_it_yet() {
    let stage = Stage::new(40);
    let before = set(&stage).points;
    stage.keep().await.unwrap();
    let after = set(&stage).points;
    let (now, tags) = (stage.now(), stage.tags().await);
    // By hand: a daily one goes after 14 days.
    let over = |id: &str| crate::catalog::layout::expires_at(crate::catalog::layout::id_time(id).unwrap(), 14) <= now;
    let gone = tags.iter().filter(|(id, (tag, _))| *tag == Some(tier("daily")) && over(id)).count();
    assert!(gone > 10 && before == 40, "{gone} {before}");
    assert_eq!(after, 40 - gone);
}

#[test]
fn when_none_of_those_that_were_read_is_whole_the_next_one_is_not_believed() {
    let stage = Stage::new(12);
    for day in 1..=12 {
        lose(&stage, &format!("202610{day:02}"), "nasty.dump.zst");
    }
    let policy = view(&stage).0.policies.remove(0);
    assert_eq!((policy.rpo.verdict, policy.sets[0].damaged.len()), (Verdict::Unproven, 8), "{:#?}", policy.rpo);
}

#[test]
fn a_rule_of_others_that_has_reached_every_backup_leaves_no_objective_met_and_is_named() {
    let stage = Stage::new(3);
    let rules = stage.world.rules(BUCKET);
    let date = Some(Expiration::Date("2026-10-02T00:00:00Z".to_owned()));
    let filter = Filter { prefix: Some("orders/".to_owned()), ..Filter::default() };
    let cleanup = Rule { id: "cleanup".to_owned(), filter, expiration: date, transitions: Vec::new(), noncurrent: None, ..rules[0].clone() };
    let rules = Lifecycle { rules: rules.into_iter().chain([cleanup]).collect(), minimum_size: None };
    stage.world.put_bucket_setting(BUCKET, ReadOp::BucketLifecycle, Some(Document::of(&rules)));
    let policy = view(&stage).0.policies.remove(0);
    assert_eq!((policy.points, policy.sets[0].reached.clone()), (0, BTreeMap::from([("cleanup".to_owned(), 3)])));
    assert_eq!(policy.rpo.verdict, Verdict::Failed);
    let why = "there is no complete backup of database shop that lasts: rule `cleanup` has reached 3 backups and may delete them at any time";
    assert_eq!(policy.rpo.sentence, why);
}

#[test]
fn a_database_that_was_added_makes_no_older_backup_damaged_and_costs_one_manifest() {
    let (before, after) = (Stage::new(30), Stage::new(30));
    let asked = view(&before).1;
    let added = "orders/nightly/20261030T021500Z/added.dump.zst";
    after.world.put_object(BUCKET, added, b"x");
    let (found, requests) = view(&after);
    assert_eq!((found.policies[0].points, requests), (30, asked + 1));
    assert!(found.policies[0].sets[0].damaged.is_empty());
}

#[test]
fn what_lacks_an_object_counts_for_nothing_even_where_it_was_too_many_to_read() {
    let stage = Stage::new(30);
    for day in 1..=29 {
        lose(&stage, &format!("202610{day:02}"), "globals.sql.zst");
    }
    let found = set(&stage);
    assert_eq!((found.points, found.damaged.len()), (1, 29));
    let last = &found.damaged["20261001T021500Z"];
    assert_eq!(last, "globals.sql.zst is not there, which the newest has; its manifest was not read, as 16 such backups were");
}

#[test]
fn an_older_backup_of_which_something_was_stored_again_is_held_against_its_manifest() {
    let stage = Stage::new(4);
    stage.world.advance(SignedDuration::from_hours(1));
    stage.world.put_object(BUCKET, "orders/nightly/20261002T021500Z/nasty.dump.zst", b"");
    let found = set(&stage);
    assert_eq!((found.points, found.damaged.keys().map(String::as_str).collect::<Vec<_>>()), (3, vec!["20261002T021500Z"]), "{:?}", found.damaged);
}
