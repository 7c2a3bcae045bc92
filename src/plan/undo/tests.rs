use super::super::tests::{BUCKET, backup, bucket, cleanup, leave, observed, quickstart};
use super::super::{Ask, Hold, Plan, Reason, asked};
use super::{Done, undo};
use crate::catalog::prices::Prices;
use crate::model::aspects::{Tags, Versioning};
use crate::model::document::Document;
use crate::model::fact::{Fact, Why};
use crate::model::lifecycle::{Lifecycle, Rule};
use crate::model::request::ReadOp;
use crate::model::resource::LastApplied;

fn done(setting: &str, from: Fact<Document>, to: Document) -> Done {
    Done { resource: bucket(), setting: setting.to_owned(), from, to }
}

fn versioning(state: Versioning) -> Document {
    Document::of(&state)
}

fn tags(pairs: &[(&str, &str)]) -> Document {
    Document::of(&Tags(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()))
}

fn back(steps: &[Done], now: &[(ReadOp, Fact<Document>)], allow: &[&str]) -> Plan {
    let desired = quickstart();
    let leaves: Vec<_> = allow.iter().map(|text| leave(text)).collect();
    undo(steps, &desired, &observed(&desired, now), &Ask { leaves: &leaves, ..Ask::default() })
}

#[test]
fn a_change_is_taken_back_and_what_loosens_by_it_needs_leave() {
    let steps = [done("bucket-versioning", Fact::Known(versioning(Versioning::Suspended)), versioning(Versioning::Enabled))];
    let now = [(ReadOp::BucketVersioning, Fact::Known(versioning(Versioning::Enabled)))];
    let held = back(&steps, &now, &[]);
    assert!(matches!(held.held.as_slice(), [held] if matches!(held.hold, Hold::Weakens(_))), "{held:?}");
    let allowed = back(&steps, &now, &["weakens-versioning"]);
    let [step] = allowed.steps.as_slice() else { panic!("{allowed:?}") };
    assert_eq!((step.reason, &step.to, step.requests.len()), (Reason::Undo, &versioning(Versioning::Suspended), 1));
}

#[test]
fn what_no_policy_here_wants_has_no_way_back_from_here() {
    let mut step = done("bucket-versioning", Fact::Known(versioning(Versioning::Suspended)), versioning(Versioning::Enabled));
    step.resource = crate::model::id::ResourceId::Bucket("of-another-repo".to_owned());
    let plan = back(&[step], &[], &[]);
    assert!(plan.steps.is_empty() && matches!(&plan.held[0].hold, Hold::CannotChange(why) if why.contains("no policy here wants it")), "{plan:?}");
}

#[test]
fn the_last_step_is_taken_back_first_and_what_is_back_already_is_no_step() {
    let (old, new) = (tags(&[("a", "1")]), tags(&[("a", "2")]));
    let steps = [
        done("bucket-tags", Fact::Known(old.clone()), new.clone()),
        done("bucket-versioning", Fact::Known(versioning(Versioning::Enabled)), versioning(Versioning::Suspended)),
    ];
    let now = [(ReadOp::BucketVersioning, Fact::Known(versioning(Versioning::Suspended))), (ReadOp::BucketTags, Fact::Known(new))];
    let plan = back(&steps, &now, &[]);
    assert_eq!(plan.steps.iter().map(|step| step.setting.as_str()).collect::<Vec<_>>(), ["bucket-versioning", "bucket-tags"]);
    let there = [(ReadOp::BucketVersioning, Fact::Known(versioning(Versioning::Enabled))), (ReadOp::BucketTags, Fact::Known(old))];
    let nothing = back(&steps, &there, &[]);
    assert_eq!((nothing.steps.len(), nothing.held.len(), nothing.settled.len()), (0, 0, 2));
}

#[test]
fn where_there_is_no_way_back_it_is_said() {
    let steps = [done("bucket-versioning", Fact::Absent, versioning(Versioning::Enabled))];
    let why = |now: Fact<Document>| {
        back(&steps, &[(ReadOp::BucketVersioning, now)], &["weakens-versioning"]).held.first().map(|held| held.hold.sentence()).unwrap_or_default()
    };
    assert!(why(Fact::Known(versioning(Versioning::Enabled))).contains("was not there before"));
    assert!(why(Fact::Known(versioning(Versioning::Suspended))).contains("changed since"));
    assert!(why(Fact::Unknown(Why::Refused("no".to_owned()))).contains("access denied"));
    assert_eq!(why(Fact::Absent), "", "it is as it was");
}

#[test]
fn what_an_apply_wrote_and_somebody_changed_is_drift() {
    let desired = quickstart();
    let mut seen = observed(&desired, &[(ReadOp::BucketVersioning, Fact::Known(versioning(Versioning::Suspended)))]);
    let reason = |seen: &_| asked(&desired, seen, &Ask::default()).steps.iter().find(|step| step.setting == "bucket-versioning").map(|step| step.reason);
    assert_eq!(reason(&seen), Some(Reason::Differs));
    let at = "2026-11-20T08:00:00Z".parse().unwrap();
    seen.applied.insert((bucket(), "bucket-versioning".to_owned()), LastApplied { at, to: versioning(Versioning::Enabled) });
    assert_eq!(reason(&seen), Some(Reason::Drifted(at)));
    seen.applied.insert((bucket(), "bucket-versioning".to_owned()), LastApplied { at, to: versioning(Versioning::Suspended) });
    assert_eq!(reason(&seen), Some(Reason::Differs), "the policy changed since that apply, not the bucket {BUCKET}");
}

/// Backups that live longer since the apply go earlier by its way back: the plan says so, and holds it as it would hold any step.
#[test]
fn the_way_back_says_what_it_means_and_is_held_for_what_it_takes() {
    let wants = quickstart();
    let (long, short) = (rules(vec![cleanup("cleanup", "orders/", 60)]), rules(vec![cleanup("cleanup", "orders/", 5)]));
    let steps = [done("bucket-lifecycle", Fact::Known(short), long.clone())];
    let prices = Prices::shipped();
    let plan = |allow: &[&str], prices| {
        let mut seen = observed(&wants, &[(ReadOp::BucketLifecycle, Fact::Known(long.clone())), (ReadOp::BucketVersioning, Fact::Absent)]);
        seen.at = "2026-11-22T12:00:00Z".parse().unwrap();
        seen.backups.insert("orders".to_owned(), Fact::Known(vec![backup("20261120T011500Z", 50 << 30, "2026-11-20T01:15:00Z")]));
        seen.released.insert(("orders".to_owned(), "nightly".to_owned(), "20261120T011500Z".to_owned()), None);
        let leaves: Vec<_> = allow.iter().map(|text| leave(text)).collect();
        undo(&steps, &wants, &seen, &Ask { leaves: &leaves, prices, ..Ask::default() })
    };
    let held = plan(&[], Some(&prices));
    let [held] = held.held.as_slice() else { panic!("{held:?}") };
    assert!(matches!(&held.hold, Hold::Weakens(_)), "{:?}", held.hold);
    let effects = &held.step.as_ref().unwrap().effects;
    assert_eq!((effects[0].points, effects[0].bytes), (1, 50 << 30), "{effects:?}");
    assert!(effects.iter().any(|effect| effect.cost.is_some()), "{effects:?}");
    let id = if let Hold::Weakens(weakening) = &held.hold { weakening.id.clone() } else { String::new() };
    let allowed = plan(&[&id], None);
    let [step] = allowed.steps.as_slice() else { panic!("{allowed:?}") };
    assert!(step.allowed.is_some() && step.effects.iter().all(|effect| effect.cost.is_none()), "no prices, no word about the bill");
}

fn rules(rules: Vec<Rule>) -> Document {
    Document::of(&Lifecycle { rules, minimum_size: None })
}
