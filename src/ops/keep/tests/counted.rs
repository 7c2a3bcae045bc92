//! What status counts is what could be restored: by the newest manifest, by what the others lack, and by the tags that rules have passed.

use futures_util::FutureExt as _;

use super::*;
use crate::catalog::prices::Prices;
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
    assert_eq!(damaged(&policy.sets[0]), [("20261003T021500Z", "1 of its objects are gone: nasty.dump.zst")]);
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
    let gone = "1 of its objects are gone: globals.sql.zst";
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
