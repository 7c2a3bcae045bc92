use jiff::Timestamp;

use super::super::tests::{BUCKET, bucket, desired, held, observed, step};
use super::super::{Allowed, Ask, Plan, asked};
use crate::model::aspects::Versioning;
use crate::model::document::Document;
use crate::model::fact::Fact;
use crate::model::request::ReadOp;

fn plan_at(now: &str, expires: &str, allow: &str) -> Plan {
    let approval = format!(
        "  approvals:\n    - {{allow: {allow}, on: bucket/{BUCKET}, reason: \"moving to another store\", approvedBy: ciso@example.com, expires: {expires}}}\n  drills:"
    );
    let mut wanted = desired("  drills:", &approval);
    for wish in &mut wanted.resources {
        if let crate::model::resource::ResourceWish::Bucket(bucket) = wish {
            bucket.versioning = Some(Versioning::Suspended);
        }
    }
    let mut seen = observed(&wanted, &[(ReadOp::BucketVersioning, Fact::Known(Document::of(&Versioning::Enabled)))]);
    seen.at = now.parse().unwrap();
    asked(&wanted, &seen, &Ask::default())
}

#[test]
fn an_approval_counts_through_its_last_day_and_is_shown_as_claimed() {
    let plan = plan_at("2027-03-31T23:59:59Z", "2027-03-31", "weakens-versioning");
    let Some(Allowed::Approval { by, until, .. }) = step(&plan, "bucket-versioning").and_then(|step| step.allowed.clone()) else { panic!("{:?}", plan.held) };
    assert_eq!((by.as_str(), until), ("ciso@example.com", "2027-04-01T00:00:00Z".parse::<Timestamp>().unwrap()));
    let said = step(&plan, "bucket-versioning").and_then(|step| step.allowed.as_ref().map(ToString::to_string)).unwrap();
    assert!(said.contains("(claimed)") && said.contains("moving to another store"), "{said}");
}

#[test]
fn an_approval_that_ended_or_is_for_something_else_releases_nothing() {
    let over = plan_at("2027-04-01T00:00:00Z", "2027-03-31", "weakens-versioning");
    assert_eq!((step(&over, "bucket-versioning"), held(&over, "bucket-versioning").len()), (None, 1));
    assert!(matches!(over.void_approvals.as_slice(), [why] if why.contains("ended on Thu 2027-04-01")), "{:?}", over.void_approvals);
    let other = plan_at("2026-12-01T00:00:00Z", "2027-03-31", "shortens-retention");
    assert_eq!((step(&other, "bucket-versioning"), held(&other, "bucket-versioning").len()), (None, 1));
    assert_eq!(other.held.first().map(|held| &held.resource), Some(&bucket()));
}

#[test]
fn an_approval_is_for_its_effect_and_no_more() {
    let approval = crate::model::resource::Approval {
        policy: "orders".to_owned(),
        allow: "shortens-retention".to_owned(),
        on: bucket(),
        reason: "less".to_owned(),
        by: "ciso".to_owned(),
        until: "2027-01-01T00:00:00Z".parse().unwrap(),
        points: 7,
        window: None,
    };
    let effect = |points| super::Effect { points, ..super::Effect::said("orders", String::new()) };
    let now = "2026-11-22T00:00:00Z".parse().unwrap();
    assert_eq!(super::objection(&approval, &[effect(4), effect(3)], now), None);
    assert!(super::objection(&approval, &[effect(4), effect(4)], now).is_some_and(|why| why.contains("costs 8")));
    let objection = |window: Option<u64>, effect: super::Effect| {
        let approval = crate::model::resource::Approval { window: window.map(super::Span::seconds), ..approval.clone() };
        super::objection(&approval, &[effect], now)
    };
    let unsaid = super::Effect::unsaid("orders", "which restore points go cannot be said".to_owned());
    assert!(objection(None, unsaid).is_some_and(|why| why.contains("is for a known effect, and which restore points go cannot be said")));
    let minutes = |seconds| super::Effect { window_seconds: Some(seconds), ..effect(0) };
    assert_eq!(objection(None, minutes(0)), None);
    assert!(objection(None, minutes(60)).is_some_and(|why| why.contains("says no `windowLost`, and this step costs 1m of it")));
    assert_eq!(objection(Some(60), minutes(60)), None);
    assert!(objection(Some(60), minutes(61)).is_some_and(|why| why.contains("is for 1m of the window at the most")));
    let nearer = super::Effect { oldest: "2026-11-01T00:00:00Z".parse().ok(), oldest_left: "2026-11-03T00:00:00Z".parse().ok(), ..effect(7) };
    assert_eq!(objection(None, nearer.clone()), None, "the points say it");
    assert!(objection(Some(86_400), nearer).is_some_and(|why| why.contains("this step costs 2d of it")));
}
