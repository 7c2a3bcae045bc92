//! What status says of releases that are overdue is what the keeper would have done two days before.

use super::*;
use crate::observe;
use crate::ops::decided::Case;
use crate::ops::overdue::Look;
use crate::ports::sim::{CALLER, Op};
use crate::report::status::ReleaseStanding;

/// What is said of the set, and how many requests it took besides the listing that status has anyway.
async fn release(stage: &Stage) -> (ReleaseStanding, usize) {
    let (ports, policy) = (stage.world.ports(), &stage.policies[0]);
    let proofs = Fact::Known(Proofs::new());
    let Fact::Known(seen) = observe::seen_backups(&ports, BUCKET, "orders/").await else { panic!("nothing listed") };
    let before = stage.world.requests();
    let (name, spec) = policy.policy.spec.backups.iter().next().unwrap();
    let case = Case { policy, name, spec, proofs: &proofs, now: stage.now() };
    let look = Look { ports: &ports, case, own: seen.iter().collect() };
    let found = look.release().await;
    (found, stage.world.requests() - before)
}

async fn tagged(stage: &Stage) -> Vec<String> {
    stage.tags().await.into_iter().filter(|(_, (manifest, _))| manifest.is_some()).map(|(id, _)| id).collect()
}

#[tokio::test]
async fn what_a_keeper_would_have_released_two_days_ago_is_overdue() {
    let late = Stage::new(40);
    let (found, asked) = release(&late).await;
    let before = Stage::new(38);
    before.backup();
    before.keep().await.unwrap();
    let due = tagged(&before).await;
    assert_eq!((found.overdue, found.oldest.as_ref()), (due.len() as u64, due.first()), "{found:?}");
    assert!(found.overdue > 20 && found.bytes > found.overdue && found.unknown.is_none() && asked > 40, "{found:?} {asked}");
    late.keep().await.unwrap();
    let (found, asked) = release(&late).await;
    assert_eq!((found, asked), (ReleaseStanding::default(), 16), "while all is well a few tags are asked for");
    // One that waits for leave is old, and so are those that never were.
    let key = format!("orders/nightly/{}/manifest.json", due[0]);
    let tags = late.world.ports().objects.tags(BUCKET, &key, None).await.unwrap();
    late.world.ports().objects.put_tags(BUCKET, &key, None, &Tags::new()).await.unwrap();
    assert_eq!(release(&late).await.0.oldest.as_ref(), due.first());
    late.world.ports().objects.put_tags(BUCKET, &key, None, &tags).await.unwrap();
    // The keeper stops: its last run is young enough for two days.
    let mut said = Vec::new();
    for _ in 0..5 {
        late.backup();
        late.world.advance(SignedDuration::from_hours(24));
        said.push(release(&late).await.0.overdue);
    }
    assert!(said[..2] == [0, 0] && said[4] > 0 && said.is_sorted(), "{said:?}");
}

#[tokio::test]
async fn what_cannot_be_read_is_neither_overdue_nor_well() {
    let stage = Stage::new(20);
    stage.world.refuse(CALLER, Op::Tags);
    let (found, _) = release(&stage).await;
    assert!(found.overdue == 0 && found.unknown.as_deref().is_some_and(|why| why.contains("access denied") || why.contains("tags")), "{found:?}");
    stage.world.grant(CALLER, Op::Tags);
    stage.world.refuse(CALLER, Op::Get);
    let (found, _) = release(&stage).await;
    assert!(found.overdue == 0 && found.unknown.as_deref().is_some_and(|why| why.contains("manifests")), "{found:?}");
    stage.world.grant(CALLER, Op::Get);
    assert!(release(&stage).await.0.overdue > 0);
}

#[tokio::test]
async fn what_somebody_holds_is_not_overdue() {
    let stage = Stage::new(40);
    let due = release(&stage).await.0;
    let key = format!("orders/nightly/{}/manifest.json", due.oldest.unwrap());
    let tags = Tags::from([(HOLD_TAG.to_owned(), "2099-01-01T00:00:00Z audit".to_owned())]);
    stage.world.ports().objects.put_tags(BUCKET, &key, None, &tags).await.unwrap();
    assert_eq!(release(&stage).await.0.overdue, due.overdue - 1);
}
