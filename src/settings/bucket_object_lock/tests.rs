use super::{SETTING, for_good};
use crate::model::aspects::{LockMode, LockRetention, ObjectLock};
use crate::model::document::Document;
use crate::model::fact::{Fact, Why};
use crate::model::resource::{LockWanted, ResourceWish};
use crate::settings::tests::bucket_wish;

fn lock(mode: LockMode, days: Option<i32>, years: Option<i32>) -> Document {
    Document::of(&ObjectLock { retention: Some(LockRetention { mode, days, years }) })
}

#[test]
fn a_lock_is_weakened_by_a_shorter_period_a_weaker_mode_or_none() {
    use LockMode::{Compliance, Governance};
    let governance = |days: i32| lock(Governance, Some(days), None);
    let none = Document::of(&ObjectLock { retention: None });
    let weaker = [
        (governance(14), governance(13)),
        (lock(Compliance, Some(14), None), governance(30)),
        (lock(Governance, None, Some(1)), governance(365)),
        (governance(366), lock(Governance, None, Some(1))),
        (governance(14), none.clone()),
    ];
    for (from, to) in weaker {
        assert_eq!((SETTING.weakens)(&from, &to).map(|weakening| weakening.id).as_deref(), Some("weakens-object-lock"), "{from} → {to}");
    }
    let stronger = [
        (governance(14), governance(15)),
        (governance(14), lock(Compliance, Some(14), None)),
        (lock(Governance, None, Some(1)), governance(366)),
        (governance(365), lock(Governance, None, Some(1))),
        (none, governance(1)),
    ];
    for (from, to) in stronger {
        assert_eq!((SETTING.weakens)(&from, &to), None, "{from} → {to}");
    }
}

#[test]
fn the_first_lock_asks_unless_the_policy_says_that_it_is_meant() {
    let wish = |understood: bool| {
        let mut bucket = bucket_wish();
        bucket.object_lock = Some(LockWanted { retention: LockRetention { mode: LockMode::Governance, days: Some(1), years: None }, understood });
        ResourceWish::Bucket(bucket)
    };
    assert_eq!(for_good(&wish(false), &Fact::Absent).map(|hold| hold.id).as_deref(), Some("locks-for-good"));
    assert_eq!(for_good(&wish(true), &Fact::Absent), None);
    assert_eq!(for_good(&wish(false), &Fact::Known(Document::of(&ObjectLock { retention: None }))), None, "it is locked already");
    assert_eq!(for_good(&wish(false), &Fact::Unknown(Why::NotAsked)), None);
}

/// Each of these was answered MalformedXML by AWS (recorded on 2026-02-21).
#[test]
fn what_aws_would_refuse_is_not_sent() {
    for (days, years) in [(None, None), (Some(1), Some(1)), (Some(0), None)] {
        assert!((SETTING.refused)(&lock(LockMode::Governance, days, years)).is_some(), "{days:?} {years:?}");
    }
    assert_eq!((SETTING.refused)(&lock(LockMode::Governance, None, Some(1))), None);
}
