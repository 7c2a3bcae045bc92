use jiff::Timestamp;

use super::super::tests::{backup, bucket, cleanup, desired, lifecycle, observed, on, quickstart};
use super::super::{Effect, Hold, Leave, Plan, plan};
use crate::model::aspects::{LockMode, LockRetention, ObjectLock};
use crate::model::document::Document;
use crate::model::fact::{Fact, Why};
use crate::model::id::ResourceId;
use crate::model::lifecycle::{Lifecycle, Rule, Transition};
use crate::model::request::ReadOp;
use crate::model::resource::{Desired, Observed, SeenBackup};
use crate::model::units::Span;
use Tag::{As, Kept, Unread};

/// What is known of the release tag of all backups.
#[derive(Clone, Copy, Debug)]
enum Tag<'a> {
    As(&'a str),
    Kept,
    Unread,
}

const NOW: &str = "2026-11-22T12:00:00Z";

const WINDOW: u64 = 30 * 86_400;

/// One backup a night, the newest last.
fn nights(count: i64) -> Vec<SeenBackup> {
    let now: Timestamp = "2026-11-22T01:15:00Z".parse().unwrap();
    let at = |night: i64| now - jiff::SignedDuration::from_hours(24 * (count - 1 - night));
    (0..count).map(|night| backup(&at(night).strftime("%Y%m%dT%H%M%SZ").to_string(), 1024, &at(night).to_string())).collect()
}

/// The rules of the policy as it is, live; backups that are released with a tag, or whose tag was not read.
fn seen(desired: &Desired, backups: &[SeenBackup], tag: Tag<'_>) -> Observed {
    let first = plan(&quickstart(), &observed(&quickstart(), &[]), &[]);
    let live: Lifecycle = first.steps.iter().find(|step| step.setting == "bucket-lifecycle").unwrap().to.to().unwrap();
    world(desired, live.rules, backups, tag)
}

fn world(desired: &Desired, rules: Vec<Rule>, backups: &[SeenBackup], tag: Tag<'_>) -> Observed {
    let mut seen = observed(desired, &[lifecycle(rules), (ReadOp::BucketVersioning, on())]);
    seen.at = NOW.parse().unwrap();
    seen.backups.insert("orders".to_owned(), Fact::Known(backups.to_vec()));
    for backup in backups {
        let tag = match tag {
            As(value) => Some(value.to_owned()),
            Kept => None,
            Unread => continue,
        };
        seen.released.insert(("orders".to_owned(), backup.set.clone(), backup.id.clone()), tag);
    }
    seen
}

fn of_lifecycle(plan: &Plan) -> (Option<&Hold>, Vec<Effect>) {
    let held = plan.held.iter().find(|held| held.setting == "bucket-lifecycle");
    let step = held.and_then(|held| held.step.as_ref()).or_else(|| plan.steps.iter().find(|step| step.setting == "bucket-lifecycle"));
    (held.map(|held| &held.hold), step.map(|step| step.effects.clone()).unwrap_or_default())
}

fn weekly_points() -> Desired {
    desired("daily: 14", "daily: 7")
}

#[test]
fn a_shorter_tier_says_which_of_its_points_go_and_until_when_that_can_be_undone() {
    let wants = weekly_points();
    let seen = seen(&wants, &nights(12), As("orders/nightly:daily"));
    let plan = plan(&wants, &seen, &[]);
    let (hold, effects) = of_lifecycle(&plan);
    assert!(matches!(hold, Some(Hold::Weakens(weakening)) if weakening.id == "shortens-retention"), "{hold:?}");
    let [effect] = effects.as_slice() else { panic!("{effects:?}") };
    // Of 12 nights every one goes a week earlier than promised; the oldest are due: 11 November 01:15 + 8 d.
    assert_eq!((effect.points, effect.bytes, effect.first), (12, 12 * 1024, "2026-11-20T00:00:00Z".parse().ok()));
    assert!(effect.sentence.starts_with("12 restore points (12.0 KiB) would go earlier than promised, the first at once"), "{}", effect.sentence);
    assert_eq!(effect.named, ["nightly/20261111T011500Z on 2026-11-20", "nightly/20261112T011500Z on 2026-11-21", "nightly/20261113T011500Z on 2026-11-22"]);
    // What is due goes at noon today, and stays for 30 days as a noncurrent version.
    assert_eq!(effect.undo.as_deref(), Some("until Wed 2026-12-23 00:00 UTC"));
}

#[test]
fn points_of_other_tiers_and_kept_ones_are_not_touched() {
    let wants = weekly_points();
    for tag in [Kept, As("orders/nightly:weekly"), As("others/nightly:daily")] {
        let plan = plan(&wants, &seen(&wants, &nights(12), tag), &[]);
        let (hold, effects) = of_lifecycle(&plan);
        assert!(hold.is_some() && effects.is_empty(), "{tag:?} {effects:?}");
    }
}

#[test]
fn what_was_not_read_may_be_the_worst() {
    let wants = weekly_points();
    let plan = plan(&wants, &seen(&wants, &nights(12), Unread), &[]);
    let (_, effects) = of_lifecycle(&plan);
    assert!(matches!(effects.as_slice(), [effect] if effect.points == 12 && effect.sentence.starts_with("up to 12 restore points")), "{effects:?}");
}

#[test]
fn a_longer_tier_keeps_points_and_costs_none() {
    let wants = desired("daily: 14", "daily: 30");
    let plan = plan(&wants, &seen(&wants, &nights(12), As("orders/nightly:daily")), &[]);
    let (hold, effects) = of_lifecycle(&plan);
    assert_eq!(hold, None);
    assert!(
        matches!(effects.as_slice(), [effect] if effect.points == 0 && effect.sentence == "12 restore points would be kept longer than now"),
        "{effects:?}"
    );
}

/// Somebody took the rules away; the points that were released meanwhile stay for ever by what is live.
#[test]
fn rules_that_come_back_do_not_take_points_without_leave() {
    let wants = quickstart();
    let old = nights(30);
    let seen = world(&wants, Vec::new(), &old, As("orders/nightly:daily"));
    let held = plan(&wants, &seen, &[]);
    let (hold, effects) = of_lifecycle(&held);
    let Some(Hold::Weakens(weakening)) = hold else { panic!("{hold:?}") };
    assert_eq!(weakening.id, "loses-restore-points");
    assert_eq!(weakening.sentence, "this plan would end 30 restore points earlier than promised, and limits.restorePointsLost is 0");
    assert_eq!(effects.iter().map(|effect| effect.points).sum::<usize>(), 30);
    let leave: Leave = format!("loses-restore-points@{}", bucket()).parse().unwrap();
    assert!(of_lifecycle(&plan(&wants, &seen, &[leave])).0.is_none());
    // Kept ones are none of it.
    let kept = plan(&wants, &world(&wants, Vec::new(), &old, Kept), &[]);
    assert_eq!(of_lifecycle(&kept), (None, Vec::new()));
}

#[test]
fn each_of_the_three_limits_holds() {
    let old = nights(30);
    let limited = |points, window: u64, bytes| {
        let mut wants = quickstart();
        wants.limits.restore_points_lost = points;
        wants.limits.window_lost = Span::seconds(window);
        wants.limits.bytes_lost = bytes;
        let plan = plan(&wants, &world(&wants, Vec::new(), &old, As("orders/nightly:daily")), &[]);
        match of_lifecycle(&plan).0 {
            Some(Hold::Weakens(weakening)) => Some(weakening.sentence.clone()),
            _ => None,
        }
    };
    assert_eq!(limited(30, WINDOW, 30 * 1024), None);
    assert!(limited(29, WINDOW, 30 * 1024).is_some_and(|said| said.contains("restorePointsLost is 29")));
    assert!(limited(30, 3600, 30 * 1024).is_some_and(|said| said.contains("windowLost is 1h")));
    assert!(limited(30, WINDOW, 1024).is_some_and(|said| said.contains("bytesLost is 1024")));
}

#[test]
fn a_bucket_that_could_not_be_listed_holds_rules_that_expire() {
    let wants = quickstart();
    let mut seen = world(&wants, Vec::new(), &[], Unread);
    seen.backups.insert("orders".to_owned(), Fact::Unknown(Why::Refused("no".to_owned())));
    let plan = plan(&wants, &seen, &[]);
    assert!(matches!(of_lifecycle(&plan).0, Some(Hold::Weakens(weakening)) if weakening.sentence.contains("cannot be said")));
}

#[test]
fn a_rule_of_others_takes_what_our_rules_promise_longer_and_nothing_else() {
    let wants = quickstart();
    let backups = nights(3);
    let first = plan(&wants, &observed(&wants, &[]), &[]);
    let ours: Lifecycle = first.steps.iter().find(|step| step.setting == "bucket-lifecycle").unwrap().to.to().unwrap();
    let lost = |days: i32, tag: Tag<'_>| {
        let rules = ours.rules.iter().cloned().chain([cleanup("cleanup", "", days)]).collect();
        let plan = plan(&wants, &world(&wants, rules, &backups, tag), &[]);
        let (_, effects) = of_lifecycle(&plan);
        effects.iter().map(|effect| effect.points).sum::<usize>()
    };
    assert_eq!(lost(7, Kept), 3);
    assert_eq!(lost(7, As("orders/nightly:daily")), 3, "15 days are promised");
    assert_eq!(lost(20, As("orders/nightly:daily")), 0, "they go before that rule");
}

#[test]
fn points_that_must_be_thawed_are_held_against_the_rto() {
    let wants = quickstart();
    let archive = |days| Transition { days: Some(days), date: None, class: "DEEP_ARCHIVE".to_owned() };
    let rule = Rule { expiration: None, transitions: vec![archive(30)], ..cleanup("archive", "", 1) };
    let big: Vec<SeenBackup> = nights(2)
        .into_iter()
        .map(|mut backup| {
            for bytes in backup.keys.values_mut() {
                *bytes = 1 << 20;
            }
            backup
        })
        .collect();
    let plan = plan(&wants, &world(&wants, vec![rule], &big, Kept), &[]);
    let said: Vec<String> = of_lifecycle(&plan).1.into_iter().map(|effect| effect.sentence).collect();
    assert!(
        said.iter().any(|said| said
            .starts_with("from Tue 2026-12-22 00:00 UTC on, 2 restore points must be thawed before a restore, which takes up to 12h, and the promised RTO is")),
        "{said:?}"
    );
}

#[test]
fn a_lock_says_that_it_counts_for_what_is_written_from_then_on() {
    let wants = desired("prefix: orders/\n", "prefix: orders/\n    objectLock: {mode: governance, days: 14, iUnderstand: cannot be undone}\n");
    let seen = world(&wants, Vec::new(), &nights(2), Kept);
    let plan = plan(&wants, &seen, &[]);
    let step = plan.steps.iter().find(|step| step.setting == "bucket-object-lock").unwrap();
    assert_eq!(step.effects[0].sentence, "2 restore points (2.0 KiB) stay without a lock: it counts for what is written from then on");
}

/// Each of its objects in that class, by the listing.
fn in_class(mut backups: Vec<SeenBackup>, class: &str) -> Vec<SeenBackup> {
    for backup in &mut backups {
        backup.classes = backup.keys.keys().map(|key| (key.clone(), class.to_owned())).collect();
    }
    backups
}

#[test]
fn what_lies_in_an_archive_already_becomes_no_slower() {
    let wants = quickstart();
    let archive = |class: &str| {
        let step = Transition { days: Some(30), date: None, class: class.to_owned() };
        Rule { expiration: None, transitions: vec![step], ..cleanup("archive", "", 1) }
    };
    let big = |class: &str| {
        let mut backups = in_class(nights(2), class);
        for bytes in backups.iter_mut().flat_map(|backup| backup.keys.values_mut()) {
            *bytes = 1 << 20;
        }
        backups
    };
    let slow = |from: &str, to: &str| {
        let plan = plan(&wants, &world(&wants, vec![archive(to)], &big(from), Kept), &[]);
        of_lifecycle(&plan).1.into_iter().find(|effect| effect.sentence.contains("thawed")).map(|effect| effect.sentence)
    };
    let ends = |said: Option<String>, end: &str| said.is_some_and(|said| said.ends_with(end));
    let promised = ", and the promised RTO is 15m";
    assert!(ends(slow("STANDARD", "GLACIER"), &format!("up to 5h{promised}; GLACIER thaws expedited 5m, standard 5h, bulk 12h")));
    assert!(ends(slow("GLACIER", "DEEP_ARCHIVE"), &format!("up to 12h{promised}; DEEP_ARCHIVE thaws standard 12h, bulk 2d")));
    assert_eq!(slow("GLACIER", "GLACIER"), None);
    assert_eq!(slow("DEEP_ARCHIVE", "GLACIER"), None, "nothing moves up again");
}

/// A default lock counts only for what was written under it, so it is said, and takes nothing off the loss.
#[test]
fn a_lock_of_the_bucket_is_said_beside_the_loss() {
    let wants = weekly_points();
    let lost = |days: i32| {
        let mut seen = seen(&wants, &nights(12), As("orders/nightly:daily"));
        let lock = ObjectLock { retention: Some(LockRetention { mode: LockMode::Governance, days: Some(days), years: None }) };
        seen.resources.get_mut(&bucket()).unwrap().facts.insert(ReadOp::BucketObjectLock, Fact::Known(Document::of(&lock)));
        of_lifecycle(&plan(&wants, &seen, &[])).1.remove(0)
    };
    let effect = lost(30);
    assert_eq!((effect.points, effect.undo.as_deref()), (12, Some("until Wed 2026-12-23 00:00 UTC")));
    let said = "; where they were written under the bucket's lock of 30 d their bytes stay that long at least, the last of them until Tue 2026-12-22 01:15 UTC";
    assert!(effect.sentence.ends_with(said), "{}", effect.sentence);
    assert_eq!(lost(0).sentence.matches("lock").count(), 0, "a lock that is over keeps nothing");
}

#[test]
fn copies_are_said_by_the_rules_of_the_replica() {
    let with = "prefix: orders/\n    replication: {bucket: orders-copies, region: eu-central-1, role: \"arn:aws:iam::000000000000:role/copier\"}\n";
    let (wants, copied) = (desired("prefix: orders/\n", with), ResourceId::Bucket("orders-copies".to_owned()));
    let setting = crate::settings::by_id("bucket-replication").unwrap();
    let copying = wants.resources.iter().find_map(setting.want).unwrap();
    let said = |is_on: bool, rules: Fact<Document>| {
        let mut seen = world(&wants, vec![cleanup("cleanup", "", 7)], &nights(3), Kept);
        if is_on {
            seen.resources.get_mut(&bucket()).unwrap().facts.insert(ReadOp::BucketReplication, Fact::Known(copying.clone()));
        }
        seen.resources.entry(copied.clone()).or_default().facts.insert(ReadOp::BucketLifecycle, rules);
        seen.resources.entry(copied.clone()).or_default().facts.insert(ReadOp::BucketVersioning, on());
        let effects = of_lifecycle(&plan(&wants, &seen, &[])).1;
        effects.into_iter().find(|effect| effect.points == 3).unwrap().sentence
    };
    // 20 November 01:15 and 400 days, rounded up.
    let days = |days| lifecycle(vec![cleanup("by age", "", days)]).1;
    assert!(
        said(true, days(400)).ends_with("; copies in `orders-copies`, where they were made, stay until Sun 2027-12-26 00:00 UTC at least"),
        "{}",
        said(true, days(400))
    );
    assert!(said(true, Fact::Absent).ends_with("; copies in `orders-copies`, where they were made, stay: no rule there ends them"));
    assert!(said(true, days(1)).ends_with("; copies in `orders-copies` are due by its own rules too"));
    assert!(
        said(true, Fact::Unknown(Why::Refused("no".to_owned()))).ends_with("; how long `orders-copies` keeps copies is not known: its rules could not be read")
    );
    assert!(!said(false, days(400)).contains("copies"), "a replication that is only wanted has copied nothing");
}
