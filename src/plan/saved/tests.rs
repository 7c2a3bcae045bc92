use super::super::tests::{BUCKET, approval, desired, here, leave, observed, quickstart};
use super::super::{Effect, Plan, plan};
use crate::model::aspects::Versioning;
use crate::model::document::Document;
use crate::model::fact::Fact;
use crate::model::request::ReadOp;

use super::{ApprovedStep, Asker, Here, Stale, digest, select};

#[test]
fn a_plan_of_another_account_or_of_another_time_is_stale() {
    let desired = quickstart();
    let now = || plan(&desired, &observed(&desired, &[]), &[]);
    let good = approval(&desired, &now());
    let mut foreign = good.clone();
    foreign.identity = Some(Asker { account: "999999999999".to_owned() });
    assert!(matches!(select(now(), here(&desired.digest), &foreign), Err(Stale::Account { made, .. }) if made == "in account 999999999999"));
    foreign.identity = None;
    assert!(matches!(select(now(), here(&desired.digest), &foreign), Err(Stale::Account { made, .. }) if made == "offline"));
    let at = |text: &str| Here { now: text.parse().unwrap(), ..here(&desired.digest) };
    assert!(select(now(), at("1970-01-02T00:00:00Z"), &good).is_ok(), "a day is still good");
    assert!(matches!(select(now(), at("1970-01-02T00:00:01Z"), &good), Err(Stale::TooOld { .. })));
    assert!(select(now(), at("1969-12-31T23:55:00Z"), &good).is_ok(), "clocks differ a little");
    assert!(matches!(select(now(), at("1969-12-31T23:54:00Z"), &good), Err(Stale::FromTheFuture(_))));
}

#[test]
fn effects_that_are_worse_by_now_make_a_plan_stale_and_better_ones_do_not() {
    let desired = quickstart();
    let costing = |points: usize, first: Option<&str>| {
        let mut plan = plan(&desired, &observed(&desired, &[]), &[]);
        let first = first.map(|at| at.parse().unwrap());
        plan.steps[0].effects = vec![Effect { points, first, ..Effect::said("orders", String::new()) }];
        plan
    };
    let good = approval(&desired, &costing(7, Some("2026-12-03T00:00:00Z")));
    let verdict = |plan| select(plan, here(&desired.digest), &good).map(|_| ());
    assert_eq!(verdict(costing(7, Some("2026-12-03T00:00:00Z"))), Ok(()));
    assert_eq!(verdict(costing(6, Some("2026-12-04T00:00:00Z"))), Ok(()));
    assert_eq!(verdict(costing(0, None)), Ok(()));
    assert!(matches!(verdict(costing(8, Some("2026-12-03T00:00:00Z"))), Err(Stale::Worse(names)) if names.len() == 1));
    assert!(matches!(verdict(costing(7, Some("2026-12-02T00:00:00Z"))), Err(Stale::Worse(_))));
}

#[test]
fn a_window_that_shrinks_more_or_an_effect_that_cannot_be_said_any_more_makes_a_plan_stale() {
    let desired = quickstart();
    let with = |effect: Effect| {
        let mut plan = plan(&desired, &observed(&desired, &[]), &[]);
        plan.steps[0].effects = vec![effect];
        plan
    };
    let minutes = |seconds: u64| with(Effect { window_seconds: Some(seconds), ..Effect::said("orders", String::new()) });
    let unsaid = || with(Effect::unsaid("orders", String::new()));
    let verdict = |approved: Plan, now: Plan, at: &str| {
        let good = approval(&desired, &approved);
        select(now, Here { now: at.parse().unwrap(), ..here(&desired.digest) }, &good).map(|_| ())
    };
    let (then, hour) = ("1970-01-01T00:00:00Z", "1970-01-01T01:00:00Z");
    assert_eq!(verdict(minutes(7200), minutes(7200), then), Ok(()));
    assert!(matches!(verdict(minutes(7200), minutes(7200 + 301), then), Err(Stale::Worse(_))), "clocks may differ by five minutes");
    assert_eq!(verdict(minutes(7200), minutes(7200 + 3600), hour), Ok(()), "an hour of WAL has come to it since");
    assert!(matches!(verdict(minutes(7200), minutes(7200 + 3901), hour), Err(Stale::Worse(_))));
    assert!(matches!(verdict(minutes(0), unsaid(), then), Err(Stale::Worse(_))));
    assert_eq!(verdict(unsaid(), unsaid(), then), Ok(()), "that it is not known is what was approved");
    assert_eq!(verdict(unsaid(), minutes(0), then), Ok(()));
}

#[test]
fn the_digest_of_a_plan_is_of_what_it_approves_and_not_of_when_it_was_made() {
    let desired = quickstart();
    let good = approval(&desired, &plan(&desired, &observed(&desired, &[]), &[]));
    let fewer: Vec<ApprovedStep> = good.approved.iter().skip(1).cloned().collect();
    assert_eq!(digest(&good.policy_digest, &good.approved), digest(&desired.digest, &good.approved.clone()));
    assert_ne!(digest(&good.policy_digest, &fewer), digest(&good.policy_digest, &good.approved));
    assert_ne!(digest("other", &good.approved), digest(&good.policy_digest, &good.approved));
}

#[test]
fn an_approved_step_that_is_done_by_now_is_no_difference_and_one_that_differs_is() {
    let desired = quickstart();
    let absent = || plan(&desired, &observed(&desired, &[]), &[]);
    let good = approval(&desired, &absent());
    let versioning = |kept: Versioning| plan(&desired, &observed(&desired, &[(ReadOp::BucketVersioning, Fact::Known(Document::of(&kept)))]), &[]);
    let rest = select(versioning(Versioning::Enabled), here(&desired.digest), &good).unwrap();
    assert_eq!(rest.steps.len() + 1, absent().steps.len(), "all but what the broken run did");
    assert!(rest.steps.iter().all(|step| step.setting != "bucket-versioning"));
    let named = vec![format!("bucket-versioning@bucket/{BUCKET}")];
    assert!(matches!(select(versioning(Versioning::Suspended), here(&desired.digest), &good), Err(Stale::Steps(names)) if names == named));
    // A file that names what is settled gains nothing.
    let mut crafted = good.clone();
    crafted.approved.iter_mut().for_each(|step| step.digest = "0".repeat(64));
    crafted.approved.retain(|step| step.id == named[0]);
    assert!(select(versioning(Versioning::Enabled), here(&desired.digest), &crafted).unwrap().steps.is_empty());
}

#[test]
fn a_step_that_was_allowed_when_it_was_approved_must_be_allowed_again() {
    let desired = desired("prefix: orders/\n", "prefix: orders/\n    versioning: suspended\n");
    let seen = observed(&desired, &[(ReadOp::BucketVersioning, Fact::Known(Document::of(&Versioning::Enabled)))]);
    let leaves = [leave("weakens-versioning")];
    let good = approval(&desired, &plan(&desired, &seen, &leaves));
    assert!(select(plan(&desired, &seen, &leaves), here(&desired.digest), &good).is_ok());
    let error = select(plan(&desired, &seen, &[]), here(&desired.digest), &good).unwrap_err();
    assert_eq!(error, Stale::Held(leaves.to_vec()));
    assert!(error.to_string().ends_with(&format!("give it again with --allow weakens-versioning@bucket/{BUCKET}")), "{error}");
}
