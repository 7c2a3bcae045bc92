use super::super::tests::{backup, bucket, desired, lifecycle, observed, quickstart, step};
use super::super::{Ask, Plan, asked};
use crate::model::document::Document;
use crate::model::fact::{Fact, Why};
use crate::model::lifecycle::{Expiration, Filter, Lifecycle, Rule};
use crate::model::request::ReadOp;
use crate::model::resource::{Desired, ResourceWish, SeenBackup};
use crate::settings;

/// The rules that a policy with these replacements wants.
fn rules(from: &str, to: &str) -> Vec<Rule> {
    let wanted = desired(from, to);
    let setting = settings::by_id("bucket-lifecycle").unwrap();
    let wish = wanted.resources.iter().find(|wish| matches!(wish, ResourceWish::Bucket(_))).unwrap();
    (setting.want)(wish).unwrap().to::<Lifecycle>().unwrap().rules
}

/// The quickstart's bucket as another policy or set left it, beside what the quickstart wants.
fn left_by(from: &str, to: &str) -> Vec<Rule> {
    let wanted = rules("kind", "kind");
    let old: Vec<Rule> = rules(from, to).into_iter().filter(|rule| wanted.iter().all(|other| other.id != rule.id)).collect();
    assert!(!old.is_empty());
    wanted.into_iter().chain(old).collect()
}

fn of_set(set: &str) -> SeenBackup {
    SeenBackup { set: set.to_owned(), ..backup("20261120T101500Z", 1000, "2026-11-20T10:15:00Z") }
}

fn planned(desired: &Desired, rules: &[Rule], backups: Fact<Vec<SeenBackup>>, left: Option<Fact<Vec<SeenBackup>>>, prune: bool) -> Plan {
    let mut seen = observed(desired, &[lifecycle(rules.to_vec())]);
    seen.backups.insert("orders".to_owned(), backups);
    if let Some(left) = left {
        seen.left.insert((bucket().name().to_owned(), "carts".to_owned()), left);
    }
    asked(desired, &seen, &Ask { prune, ..Ask::default() })
}

fn ids(plan: &Plan) -> Vec<String> {
    let sent = step(plan, "bucket-lifecycle").and_then(|step| step.to.to::<Lifecycle>());
    sent.map(|sent| sent.rules.into_iter().map(|rule| rule.id).collect()).unwrap_or_default()
}

#[test]
fn a_rule_outlives_its_set_until_the_last_backup_is_gone() {
    let desired = quickstart();
    let rules = left_by("    nightly:", "    evening:");
    let with = planned(&desired, &rules, Fact::Known(vec![of_set("nightly"), of_set("evening")]), None, true);
    assert_eq!(ids(&with), Vec::<String>::new(), "nothing is sent: the lifecycle is as it should be");
    let rule = with.leftovers.iter().find(|left| left.name.starts_with("rule lifeboat/orders/evening:")).unwrap();
    assert!(!rule.removable && rule.sentence.contains("1 backup (1000 B)"), "{rule:?}");
    assert!(with.leftovers.iter().any(|left| left.name == "backups orders/evening/" && !left.removable), "{:?}", with.leftovers);
    let without = planned(&desired, &rules, Fact::Known(vec![of_set("nightly")]), None, false);
    assert!(without.leftovers.iter().all(|left| left.removable) && !without.leftovers.is_empty(), "{:?}", without.leftovers);
    assert_eq!(ids(&without), Vec::<String>::new(), "not without --prune");
    let pruned = planned(&desired, &rules, Fact::Known(vec![of_set("nightly")]), None, true);
    let kept = ids(&pruned);
    assert!(!kept.is_empty() && kept.iter().all(|id| !id.contains("evening")), "{kept:?}");
    assert_eq!(kept.len(), self::rules("kind", "kind").len());
}

#[test]
fn what_cannot_be_known_stays() {
    let desired = quickstart();
    let set = left_by("    nightly:", "    evening:");
    let unknown = planned(&desired, &set, Fact::Unknown(Why::Refused("no".to_owned())), None, true);
    assert!(ids(&unknown).is_empty() && unknown.leftovers.iter().all(|left| !left.removable), "{:?}", unknown.leftovers);
    let policy: Vec<Rule> = left_by("name: orders\n", "name: carts\n").into_iter().filter(|rule| !rule.id.ends_with("carts:cleanup")).collect();
    let nowhere = planned(&desired, &policy, Fact::Known(Vec::new()), None, true);
    assert!(ids(&nowhere).is_empty() && nowhere.leftovers.iter().any(|left| left.sentence.contains("nothing says any more")), "{:?}", nowhere.leftovers);
}

#[test]
fn the_rules_of_a_policy_that_left_go_with_its_last_backup() {
    let desired = quickstart();
    let rules = left_by("name: orders\n", "name: carts\n");
    let full = planned(&desired, &rules, Fact::Known(Vec::new()), Some(Fact::Known(vec![of_set("nightly")])), true);
    assert_eq!(ids(&full), Vec::<String>::new());
    let empty = planned(&desired, &rules, Fact::Known(Vec::new()), Some(Fact::Known(Vec::new())), true);
    assert!(!ids(&empty).is_empty() && ids(&empty).iter().all(|id| !id.contains("carts")), "{:?}", ids(&empty));
}

#[test]
fn what_only_bears_our_name_is_not_ours_to_prune() {
    let desired = quickstart();
    let mut rules = self::rules("kind", "kind");
    let foreign = Rule { id: "lifeboat/orders/old:daily".to_owned(), filter: Filter::prefix("logs/"), ..rules[0].clone() };
    rules.push(Rule { expiration: Some(Expiration::Days(7)), ..foreign });
    let plan = planned(&desired, &rules, Fact::Known(Vec::new()), None, true);
    assert_eq!((ids(&plan), plan.leftovers.len()), (Vec::new(), 0));
    let live = observed(&desired, &[lifecycle(rules)]).resources[&bucket()].fact(ReadOp::BucketLifecycle);
    assert!(live.known().and_then(Document::to::<Lifecycle>).unwrap().rules.iter().any(|rule| rule.id == "lifeboat/orders/old:daily"));
}
