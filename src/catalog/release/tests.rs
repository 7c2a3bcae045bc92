use super::*;
use crate::catalog::backups::State;
use crate::catalog::retention::Reason;
use crate::model::fact::Why;
use crate::model::lifecycle::Filter;
use crate::model::resource::SeenBackup;
use crate::model::units::Span;

const DAY: u64 = 86_400;

fn retention() -> Retention {
    Retention {
        recent: Span::seconds(3 * DAY),
        daily: Some(14),
        weekly: None,
        monthly: Some(12),
        yearly: None,
        keep_last: 1,
        keep_verified: 1,
        verified_for: Span::seconds(90 * DAY),
    }
}

fn key(name: &str) -> String {
    format!("orders/nightly/20261101T021500Z/{name}")
}

fn backup() -> Backup {
    let at: Timestamp = "2026-11-01T02:15:00Z".parse().unwrap();
    let keys = ["begun.json", "manifest.json", "shop.dump.zst"].map(|name| (key(name), 1)).into();
    let seen = SeenBackup {
        set: "nightly".to_owned(),
        id: "20261101T021500Z".to_owned(),
        complete: true,
        told: crate::model::resource::Told::Listed,
        bytes: 3,
        oldest: at,
        newest: at,
        stored: Some(at),
        keys,
        classes: BTreeMap::new(),
        late: BTreeMap::new(),
    };
    Backup { seen, state: State::Complete, why: None, facts: None, tags: Fact::Known(Tags::new()), marks: BTreeMap::new(), notes: Vec::new() }
}

/// A rule for each tier, that ends its backups after so many days.
pub(super) fn lifecycle(days: &[(&str, i32)]) -> Lifecycle {
    let rule = |(tier, days): &(&str, i32)| Rule {
        id: format!("lifeboat/orders/nightly:{tier}"),
        enabled: true,
        filter: Filter::tag(EXPIRE_TAG, &format!("orders/nightly:{tier}")),
        expiration: Some(Expiration::Days(*days)),
        transitions: Vec::new(),
        noncurrent: None,
        noncurrent_transitions: Vec::new(),
        abort_uploads_days: None,
    };
    Lifecycle { rules: days.iter().map(rule).collect(), minimum_size: None }
}

fn rules(days: &[(&str, i32)]) -> Fact<Lifecycle> {
    Fact::Known(lifecycle(days))
}

fn as_applied() -> Fact<Lifecycle> {
    rules(&[("recent", 4), ("daily", 15), ("monthly", 403)])
}

/// Marks of all objects, each with these tags.
fn marks(tags: &[(&str, &str)]) -> BTreeMap<String, Tags> {
    let tags: Tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    ["begun.json", "manifest.json", "shop.dump.zst"].map(|name| (key(name), tags.clone())).into()
}

fn stepped(decision: &Decision, marks: &BTreeMap<String, Tags>, rules: &Fact<Lifecycle>) -> Option<(Step, Option<Hold>)> {
    step(&backup(), decision, marks, &Around { policy: "orders", set: "nightly", retention: &retention(), rules })
}

const DAILY: Decision = Decision::Release(Tier::Daily);
const KEEP: Decision = Decision::Keep(Reason::KeepLast);

#[test]
fn a_release_tags_every_object_the_manifest_last() {
    let (step, held) = stepped(&DAILY, &marks(&[]), &as_applied()).unwrap();
    assert_eq!((step.to.as_deref(), step.from.as_deref(), held), (Some("orders/nightly:daily"), None, None));
    assert_eq!(step.keys, [key("begun.json"), key("shop.dump.zst"), key("manifest.json")]);
    assert_eq!(step.until, Some("2026-11-17T00:00:00Z".parse().unwrap()));
}

#[test]
fn what_is_as_it_should_be_is_no_step_and_what_is_not_known_is_left() {
    assert_eq!(stepped(&DAILY, &marks(&[(EXPIRE_TAG, "orders/nightly:daily"), ("x", "y")]), &as_applied()), None);
    assert_eq!(stepped(&KEEP, &marks(&[("x", "y")]), &as_applied()), None);
    assert_eq!(stepped(&Decision::Leave(Reason::EvidenceUnknown), &marks(&[(EXPIRE_TAG, "orders/nightly:daily")]), &as_applied()), None);
}

#[test]
fn one_object_with_another_tag_is_enough_for_a_step() {
    let mut half = marks(&[]);
    half.get_mut(&key("shop.dump.zst")).unwrap().insert(EXPIRE_TAG.to_owned(), "orders/nightly:recent".to_owned());
    let (step, held) = stepped(&KEEP, &half, &Fact::Unknown(Why::NotAsked)).unwrap();
    assert_eq!((step.to, held), (None, None), "to keep needs no rule");
    let (step, held) = stepped(&DAILY, &half, &as_applied()).unwrap();
    assert_eq!((step.to.as_deref(), held), (Some("orders/nightly:daily"), None), "half released promises nothing");
}

#[test]
fn what_goes_earlier_than_its_tag_promises_is_held_and_what_goes_later_is_not() {
    let monthly = marks(&[(EXPIRE_TAG, "orders/nightly:monthly")]);
    let promised = "2027-12-10T00:00:00Z".parse().unwrap();
    assert_eq!(stepped(&DAILY, &monthly, &as_applied()).unwrap().1, Some(Hold::Earlier { promised }));
    let recent = marks(&[(EXPIRE_TAG, "orders/nightly:recent")]);
    assert_eq!(stepped(&DAILY, &recent, &as_applied()).unwrap().1, None);
    let foreign = marks(&[(EXPIRE_TAG, "tomorrow")]);
    assert_eq!(stepped(&DAILY, &foreign, &as_applied()).unwrap().1, None, "no rule acts upon it, so it promised nothing");
}

#[test]
fn a_tag_without_a_rule_or_with_a_shorter_one_is_not_set() {
    let held = |rules: &Fact<Lifecycle>| stepped(&DAILY, &marks(&[]), rules).unwrap().1;
    assert_eq!(held(&Fact::Absent), Some(Hold::NoRule));
    assert_eq!(held(&rules(&[("monthly", 403)])), Some(Hold::NoRule));
    assert_eq!(held(&rules(&[("daily", 14)])), Some(Hold::RuleShorter { rule: 14, policy: 15 }));
    assert_eq!(held(&rules(&[("daily", 15), ("daily", 14)])), Some(Hold::RuleShorter { rule: 14, policy: 15 }), "the shortest wins");
    assert_eq!(held(&rules(&[("daily", 16)])), None);
    assert!(matches!(held(&Fact::Unknown(Why::NotAsked)), Some(Hold::RulesUnknown(_))));
}

#[test]
fn tags_of_others_stay_and_ten_of_them_leave_no_room() {
    let names: Vec<String> = (0..10).map(|at| format!("t{at}")).collect();
    let ten: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "x")).collect();
    assert!(matches!(stepped(&DAILY, &marks(&ten), &as_applied()).unwrap().1, Some(Hold::NoRoom(_))));
    assert_eq!(stepped(&DAILY, &marks(&ten[..9]), &as_applied()).unwrap().1, None);
    let tags = &marks(&ten[..2])[&key("begun.json")];
    assert_eq!(with(tags, Some("a")).len(), 3);
    assert_eq!(&with(&with(tags, Some("a")), None), tags);
}
