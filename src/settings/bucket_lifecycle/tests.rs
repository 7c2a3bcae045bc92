use std::collections::BTreeMap;

use super::{SETTING, tag_value, tiers};
use crate::model::document::Document;
use crate::model::fact::Fact;
use crate::model::id::ResourceId;
use crate::model::lifecycle::{EXPIRE_TAG, Expiration, Filter, Form, Lifecycle, Noncurrent, Rule};
use crate::model::policy::{ClassStep, Retention, StorageClass};
use crate::model::resource::{BucketWish, ResourceWish, SetWish, Tenant};
use crate::model::units::Span;
use crate::ports::conformance::rule_forms;

const DAY: u64 = 86_400;

fn retention() -> Retention {
    Retention {
        recent: Span::seconds(3 * DAY),
        daily: Some(14),
        weekly: Some(12),
        monthly: Some(12),
        yearly: None,
        keep_last: 3,
        keep_verified: 2,
        verified_for: Span::seconds(90 * DAY),
    }
}

fn wish(retention: Retention) -> ResourceWish {
    // Out of order on purpose: S3 wants transitions by age.
    let classes = [(90, StorageClass::GlacierIr), (30, StorageClass::StandardIa)];
    let classes = classes.map(|(days, class)| ClassStep { after: Span::seconds(days * DAY), class }).to_vec();
    let sets = vec![SetWish { name: "nightly".to_owned(), retention, classes }];
    let tenant = Tenant {
        policy: "orders".to_owned(),
        prefix: "orders/".to_owned(),
        lifecycle: true,
        keep_days: 30,
        abort_days: 3,
        rto: crate::model::units::Span::seconds(900),
        sets,
        repositories: Vec::new(),
    };
    ResourceWish::Bucket(BucketWish {
        name: "b".to_owned(),
        account: None,
        region: "eu-west-1".to_owned(),
        endpoint: None,
        create: true,
        versioning: None,
        encryption: None,
        public_access: true,
        ownership: None,
        guard: None,
        object_lock: None,
        access_log: None,
        replication: None,
        tags: BTreeMap::new(),
        skip_unsupported: false,
        not_taken: &[],
        tenants: vec![tenant],
    })
}

fn want() -> Lifecycle {
    (SETTING.want)(&wish(retention())).unwrap().to().unwrap()
}

fn document(rules: Vec<Rule>) -> Document {
    Document::of(&Lifecycle { rules, minimum_size: None })
}

fn foreign(id: &str, prefix: &str, expiration: Option<Expiration>, noncurrent: Option<i32>) -> Rule {
    Rule {
        id: id.to_owned(),
        enabled: true,
        filter: Filter::prefix(prefix),
        expiration,
        transitions: Vec::new(),
        noncurrent: noncurrent.map(|days| Noncurrent { days, keep_newer: None }),
        noncurrent_transitions: Vec::new(),
        abort_uploads_days: None,
    }
}

#[test]
fn a_tier_lives_its_count_times_the_longest_period_and_one_period_of_lateness() {
    let all = Retention { yearly: Some(2), ..retention() };
    let days: Vec<(&str, i32)> = tiers(&all).into_iter().map(|(name, days, _)| (name, days)).collect();
    assert_eq!(days, [("recent", 4), ("daily", 15), ("weekly", 91), ("monthly", 403), ("yearly", 1098)]);
    let half = Retention { recent: Span::seconds(DAY + 1), daily: None, weekly: None, monthly: None, ..retention() };
    assert_eq!(tiers(&half), [("recent", 3, "2 kept + 1 late".to_owned())], "a begun day counts whole");
}

#[test]
fn a_tier_that_does_not_live_to_see_a_class_goes_without_it() {
    let classes = |tier: &str| -> Vec<(Option<i32>, String)> {
        let id = format!("lifeboat/{}", tag_value("orders", "nightly", tier));
        let rule = want().rules.into_iter().find(|rule| rule.id == id).unwrap();
        rule.transitions.into_iter().map(|step| (step.days, step.class)).collect()
    };
    let (ia, ir) = ((Some(30), "STANDARD_IA".to_owned()), (Some(90), "GLACIER_IR".to_owned()));
    assert_eq!(classes("daily"), []);
    assert_eq!(classes("weekly"), [ia.clone(), ir.clone()], "91 days are more than 90");
    assert_eq!(classes("monthly"), [ia.clone(), ir]);
    let short = Retention { weekly: None, daily: Some(89), ..retention() };
    let live: Lifecycle = (SETTING.want)(&wish(short)).unwrap().to().unwrap();
    let daily = live.rules.iter().find(|rule| rule.id.ends_with(":daily")).unwrap();
    assert_eq!((daily.expiration.clone(), daily.transitions.len()), (Some(Expiration::Days(90)), 1), "expiry must come strictly after a class");
}

#[test]
fn each_rule_of_ours_that_expires_acts_on_the_release_tag_only() {
    let want = want();
    assert_eq!(want.rules.len(), 5);
    for rule in &want.rules {
        assert!(rule.is_ours() && rule.enabled);
        assert_eq!(rule.expires_untagged("orders/nightly/x"), None, "{}", rule.id);
        if let Some(Expiration::Days(_)) = rule.expiration {
            assert!(matches!(rule.filter.tags.as_slice(), [tag] if tag.key == EXPIRE_TAG), "{}", rule.id);
            assert_eq!(rule.noncurrent, Some(Noncurrent { days: 30, keep_newer: None }));
        }
    }
    let cleanup = want.rules.iter().find(|rule| rule.id == "lifeboat/orders:cleanup").unwrap();
    assert_eq!((&cleanup.filter, cleanup.abort_uploads_days, &cleanup.noncurrent), (&Filter::prefix("orders/"), Some(3), &None));
}

#[test]
fn rules_of_others_are_carried_in_every_form_and_so_is_the_minimum_size() {
    for (name, rule) in rule_forms() {
        let live = Lifecycle { rules: vec![rule.clone()], minimum_size: Some("varies_by_storage_class".to_owned()) };
        let to: Lifecycle = (SETTING.adopt)(&document(want().rules), &Fact::Known(Document::of(&live))).to().unwrap();
        assert_eq!(to.rules.iter().find(|other| other.id == rule.id), Some(&rule), "{name}");
        assert_eq!((to.rules.len(), to.minimum_size), (6, live.minimum_size), "{name}");
        let requests = (SETTING.requests)(&ResourceId::Bucket("b".to_owned()), &Fact::Absent, &document(to.rules));
        assert_eq!(requests.is_empty(), rule.filter.form == Form::RulePrefix, "{name}");
    }
}

#[test]
fn two_rules_of_others_with_one_id_are_both_carried() {
    // Some endpoints give no ids to rules that were written without one.
    let two = vec![foreign("", "a/", Some(Expiration::Days(1)), None), foreign("", "b/", Some(Expiration::Days(2)), None)];
    let to: Lifecycle = (SETTING.adopt)(&document(want().rules), &Fact::Known(document(two.clone()))).to().unwrap();
    assert!(two.iter().all(|rule| to.rules.contains(rule)));
}

fn threat(rule: &Rule) -> Option<String> {
    let threats = (SETTING.threats)(&wish(retention()), &document(vec![rule.clone()]));
    threats.into_iter().next().map(|threat| threat.sentence)
}

#[test]
fn a_rule_that_expires_what_is_kept_is_a_threat_wherever_its_prefix_meets_ours() {
    let days = || Some(Expiration::Days(1000));
    for (prefix, meets) in [("", true), ("ord", true), ("orders/", true), ("orders/nightly/2026", true), ("other/", false), ("orders2/", false)] {
        assert_eq!(threat(&foreign("x", prefix, days(), None)).is_some(), meets, "{prefix}");
    }
    let whole = foreign("x", "", days(), None);
    assert_eq!(threat(&Rule { enabled: false, ..whole.clone() }), None, "it does not act");
    assert_eq!(threat(&Rule { filter: Filter::tag("team", "x"), ..whole.clone() }), None, "no backup has that tag");
    let date = Some(Expiration::Date("2030-01-01T00:00:00Z".to_owned()));
    assert!(threat(&Rule { expiration: date, ..whole.clone() }).is_some_and(|why| why.contains("2030-01-01")));
    assert_eq!(threat(&Rule { expiration: Some(Expiration::DeleteMarker(true)), ..whole }), None);
}

#[test]
fn a_rule_that_cuts_the_time_to_undo_short_is_a_threat() {
    assert!(threat(&foreign("x", "", None, Some(29))).is_some_and(|why| why.contains("29 d") && why.contains("30 d")));
    assert_eq!(threat(&foreign("x", "", None, Some(30))), None);
    assert_eq!(threat(&foreign("x", "other/", None, Some(1))), None);
}

/// An id is only a name: what begins as ours does and is none of those that the policy wants is judged like any other.
#[test]
fn a_rule_in_our_name_that_the_policy_does_not_want_is_a_threat_too() {
    assert!(threat(&foreign("lifeboat/old", "", Some(Expiration::Days(1)), None)).is_some());
    let left_over =
        Rule { filter: Filter::tag(EXPIRE_TAG, "orders/hourly:recent"), ..foreign("lifeboat/orders/hourly:recent", "", Some(Expiration::Days(1)), None) };
    assert_eq!(threat(&left_over), None, "it acts on released backups only");
    let twisted = foreign("lifeboat/orders/nightly:daily", "", Some(Expiration::Days(1)), None);
    assert_eq!(threat(&twisted), None, "this one is put right by the step itself");
}

#[test]
fn without_a_threat_everything_else_is_still_there() {
    let rules = vec![foreign("", "", Some(Expiration::Days(1)), None), foreign("", "tmp/", Some(Expiration::Days(1)), None)];
    let threats = (SETTING.threats)(&wish(retention()), &document(rules.clone()));
    let [threat] = threats.as_slice() else { panic!("{threats:?}") };
    assert_eq!(threat.without, document(rules.into_iter().skip(1).collect()), "a rule without an id is known by what it is");
}

fn weakens(from: &Lifecycle, to: &Lifecycle) -> Option<String> {
    (SETTING.weakens)(&Document::of(from), &Document::of(to)).map(|weakening| weakening.sentence)
}

fn changed(change: impl Fn(&mut Rule)) -> Lifecycle {
    let mut live = want();
    live.rules.iter_mut().filter(|rule| rule.id.ends_with(":daily")).for_each(change);
    live
}

#[test]
fn a_shorter_life_or_a_shorter_time_to_undo_weakens() {
    let longer = changed(|rule| rule.expiration = Some(Expiration::Days(16)));
    assert_eq!(weakens(&longer, &want()).as_deref(), Some("orders/nightly:daily expires after 15 d instead of 16 d"));
    assert_eq!(weakens(&want(), &longer), None);
    let undo = changed(|rule| rule.noncurrent = Some(Noncurrent { days: 31, keep_newer: None }));
    assert_eq!(weakens(&undo, &want()).as_deref(), Some("orders/nightly:daily can be undone for 30 d instead of 31 d"));
    assert_eq!(weakens(&want(), &undo), None);
}

#[test]
fn what_never_went_and_now_goes_weakens() {
    for never in [changed(|rule| rule.enabled = false), changed(|rule| rule.expiration = None)] {
        assert!(weakens(&never, &want()).is_some_and(|why| why.contains("instead of never")));
        assert_eq!(weakens(&want(), &never), None);
    }
    let undo_for_ever = changed(|rule| rule.noncurrent = None);
    assert!(weakens(&undo_for_ever, &want()).is_some_and(|why| why.contains("undone for 30 d instead of for ever")));
    let newer = changed(|rule| rule.noncurrent = Some(Noncurrent { days: 30, keep_newer: Some(5) }));
    assert!(weakens(&newer, &want()).is_some_and(|why| why.contains("5 newest")));
}

#[test]
fn a_new_rule_of_ours_and_rules_of_others_weaken_nothing() {
    let theirs = Lifecycle { rules: vec![foreign("x", "", Some(Expiration::Days(9)), None)], minimum_size: None };
    assert_eq!(weakens(&theirs, &want()), None);
    assert_eq!(weakens(&Lifecycle::default(), &want()), None);
}

#[test]
fn a_new_rule_without_a_tag_weakens_where_it_ends_versions_that_stayed_longer() {
    let ending = |id: &str, prefix: &str, days| Rule { noncurrent: Some(Noncurrent { days, keep_newer: None }), ..foreign(id, prefix, None, None) };
    let ours = Lifecycle { rules: vec![ending("lifeboat/orders/physical:versions", "orders/pg/", 30)], minimum_size: None };
    let beside = |prefix: &str, days| weakens(&Lifecycle { rules: vec![ending("x", prefix, days)], minimum_size: None }, &ours);
    assert!(weakens(&Lifecycle::default(), &ours).is_some_and(|why| why.ends_with("removes versions after 30 d instead of never")));
    assert!(beside("orders/", 365).is_some_and(|why| why.ends_with("instead of 365 d")));
    assert_eq!(beside("orders/", 30), None, "they went as soon before");
    assert!(beside("orders/pg/backup/", 7).is_some(), "a rule for a part ends nothing of the rest");
}

#[test]
fn a_change_is_said_rule_by_rule() {
    let from = changed(|rule| rule.expiration = Some(Expiration::Days(16)));
    let lines = (SETTING.describe)(&Fact::Known(Document::of(&from)), &Document::of(&want()));
    assert_eq!(lines, ["~ orders/nightly:daily  expire after 15 d, undo for 30 d (was: expire after 16 d, undo for 30 d)"]);
    let gone = (SETTING.describe)(&Fact::Known(document(vec![foreign("x", "", Some(Expiration::Days(9)), None)])), &document(Vec::new()));
    assert_eq!(gone, ["- x  expire after 9 d"]);
}

#[test]
fn a_rule_that_moves_to_another_prefix_leaves_backups_behind() {
    let moved = |prefix: &str| {
        let mut live = want();
        live.rules.iter_mut().filter(|rule| rule.id.ends_with(":cleanup")).for_each(|rule| rule.filter = Filter::prefix(prefix));
        live
    };
    let (there, within, around) = (moved("elsewhere/"), moved("orders/nightly/"), moved("or"));
    let id = |from: &Lifecycle, to: &Lifecycle| (SETTING.weakens)(&Document::of(from), &Document::of(to)).map(|weakening| weakening.id);
    assert_eq!(id(&there, &want()).as_deref(), Some("leaves-backups-behind"));
    assert_eq!(id(&want(), &within).as_deref(), Some("leaves-backups-behind"), "what lies beside it is left");
    assert_eq!(id(&want(), &around), None, "all of it is still looked after");
    let lines = (SETTING.describe)(&Fact::Known(Document::of(&there)), &Document::of(&want()));
    assert!(lines.iter().any(|line| line.contains(", below orders/ (was: ") && line.contains(", below elsewhere/)")), "{lines:?}");
}
