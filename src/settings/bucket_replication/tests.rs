use std::collections::BTreeMap;

use super::{SETTING, not_ready};
use crate::model::aspects::Versioning;
use crate::model::document::Document;
use crate::model::fact::{Fact, Why};
use crate::model::id::ResourceId;
use crate::model::lifecycle::{Filter, Form};
use crate::model::replication::{Replication, ReplicationRule};
use crate::model::request::ReadOp;
use crate::model::resource::{BucketWish, Observed, ObservedResource, Replica, ResourceWish};
use crate::settings::tests::bucket_wish;

const ROLE: &str = "arn:aws:iam::111122223333:role/dr-replicator";

fn replica() -> Replica {
    Replica {
        bucket: "replica".to_owned(),
        account: Some("444455556666".to_owned()),
        region: "eu-central-1".to_owned(),
        role: ROLE.to_owned(),
        kms_key: None,
        storage_class: None,
    }
}

fn wish() -> BucketWish {
    let mut bucket = bucket_wish();
    bucket.replication = Some(replica());
    bucket
}

fn want(bucket: BucketWish) -> Replication {
    (SETTING.want)(&ResourceWish::Bucket(bucket)).and_then(|want| want.to()).unwrap()
}

fn theirs(priority: i32) -> ReplicationRule {
    let ours = want(wish()).rules.remove(0);
    ReplicationRule { id: "theirs".to_owned(), priority: Some(priority), filter: crate::model::lifecycle::Filter::default(), ..ours }
}

#[test]
fn a_copy_in_another_account_belongs_to_it_and_a_key_is_said_at_both_ends() {
    let rule = want(wish()).rules.remove(0);
    assert_eq!((rule.id.as_str(), rule.filter.prefix.as_deref(), rule.delete_markers), ("lifeboat/orders", Some("orders/"), Some(false)));
    assert!(rule.destination.owner_changes && rule.destination.account.as_deref() == Some("444455556666") && rule.kms_objects.is_none());
    let mut same = wish();
    same.account = Some("444455556666".to_owned());
    same.replication = Some(Replica { kms_key: Some("arn:aws:kms:eu-central-1:444455556666:key/1".to_owned()), ..replica() });
    let rule = want(same).rules.remove(0);
    assert!(!rule.destination.owner_changes && rule.destination.account.is_none());
    assert_eq!((rule.kms_objects, rule.destination.kms_key.is_some()), (Some(true), true));
}

#[test]
fn rules_of_others_are_carried_and_priorities_stay_unique() {
    let want = Document::of(&want(wish()));
    let adopted = |live: &Replication| (SETTING.adopt)(&want, &Fact::Known(Document::of(live))).to::<Replication>().unwrap();
    let live = Replication { role: ROLE.to_owned(), rules: vec![theirs(1)] };
    let to = adopted(&live);
    assert_eq!(to.rules.iter().map(|rule| (rule.id.as_str(), rule.priority)).collect::<Vec<_>>(), [("lifeboat/orders", Some(2)), ("theirs", Some(1))]);
    let mut moved = to.clone();
    moved.rules.iter_mut().filter(|rule| rule.id == "lifeboat/orders").for_each(|rule| rule.priority = Some(7));
    assert_eq!(adopted(&moved), moved, "a priority that is free stays");
    let document = Document::of(&to);
    assert_eq!((SETTING.adopt)(&document, &Fact::Known(document.clone())), document);
    assert_eq!((SETTING.adopt)(&document, &Fact::Known(Document::of(&live))), document);
}

#[test]
fn a_rule_of_ours_is_compared_by_what_it_means() {
    let want = want(wish());
    let ours = want.rules.first().unwrap();
    let adopted = |rule: &ReplicationRule| {
        let live = Replication { rules: vec![rule.clone()], ..want.clone() };
        (SETTING.adopt)(&Document::of(&want), &Fact::Known(Document::of(&live))).to::<Replication>().unwrap().rules == live.rules
    };
    let filter = |form| Filter { form, ..ours.filter.clone() };
    for same in [
        ReplicationRule { priority: Some(9), ..ours.clone() },
        ReplicationRule { filter: filter(Form::And), delete_markers: None, ..ours.clone() },
        ReplicationRule { existing_objects: Some(false), kms_objects: Some(false), replica_modifications: Some(false), ..ours.clone() },
        ReplicationRule { filter: filter(Form::RulePrefix), priority: None, delete_markers: Some(false), ..ours.clone() },
    ] {
        assert!(adopted(&same), "{same:?}");
    }
    let old = ReplicationRule { filter: filter(Form::RulePrefix), priority: None, delete_markers: None, ..ours.clone() };
    for other in [
        old.clone(),
        ReplicationRule { delete_markers: Some(true), ..ours.clone() },
        ReplicationRule { existing_objects: Some(true), ..ours.clone() },
        ReplicationRule { enabled: false, ..ours.clone() },
        ReplicationRule { filter: Filter::default(), ..ours.clone() },
    ] {
        assert!(!adopted(&other), "{other:?}");
    }
    let live = |rule: ReplicationRule| Fact::Known(Document::of(&Replication { rules: vec![rule], ..want.clone() }));
    let to = (SETTING.adopt)(&Document::of(&want), &live(old.clone()));
    assert_eq!((SETTING.requests)(&ResourceId::Bucket("b".to_owned()), &live(old.clone()), &to).len(), 1);
    assert_eq!((SETTING.describe)(&live(old.clone()), &to), ["~ lifeboat/orders  orders/ to replica"]);
    assert!((SETTING.describe)(&Fact::Absent, live(old.clone()).known().unwrap())[0].ends_with("to replica, delete markers too"));
    // S3 takes no configuration with rules of both forms, and a rule of others is not rewritten.
    let beside = (SETTING.adopt)(&Document::of(&want), &live(ReplicationRule { id: "theirs".to_owned(), ..old }));
    assert_eq!((SETTING.requests)(&ResourceId::Bucket("b".to_owned()), &Fact::Absent, &beside), Vec::new());
}

#[test]
fn a_copy_less_and_another_role_for_others_weaken() {
    let weakens = |from: &Replication, to: &Replication| (SETTING.weakens)(&Document::of(from), &Document::of(to)).map(|weakening| weakening.id);
    let ours = want(wish());
    let both = Replication { rules: vec![ours.rules.first().unwrap().clone(), theirs(2)], ..ours.clone() };
    assert_eq!(weakens(&both, &ours).as_deref(), Some("weakens-replication"), "a rule of others is gone");
    assert_eq!(weakens(&ours, &both), None);
    let role = |of: &Replication| Replication { role: "arn:aws:iam::111122223333:role/other".to_owned(), ..of.clone() };
    assert_eq!(weakens(&both, &role(&both)).as_deref(), Some("weakens-replication"));
    assert_eq!(weakens(&ours, &role(&ours)), None, "nobody else's rule");
    let mut elsewhere = ours.clone();
    elsewhere.rules.iter_mut().for_each(|rule| rule.destination.bucket = "arn:aws:s3:::other".to_owned());
    assert_eq!(weakens(&ours, &elsewhere).as_deref(), Some("weakens-replication"));
}

#[test]
fn the_other_bucket_must_be_there_and_versioned() {
    let wish = ResourceWish::Bucket(wish());
    let observed = |fact: Fact<Document>| {
        let facts = [(ReadOp::BucketVersioning, fact)].into();
        let resources = [(ResourceId::Bucket("replica".to_owned()), ObservedResource { facts })].into();
        Observed {
            at: jiff::Timestamp::UNIX_EPOCH,
            identity: Fact::Absent,
            resources,
            backups: BTreeMap::new(),
            left: BTreeMap::new(),
            applied: BTreeMap::new(),
            requests: 0,
            unasked: 0,
            stored: BTreeMap::new(),
            released: BTreeMap::new(),
            listed: BTreeMap::new(),
        }
    };
    for versioned in [Versioning::Enabled, Versioning::EnabledWithMfa] {
        assert_eq!(not_ready(&wish, &observed(Fact::Known(Document::of(&versioned)))), None);
    }
    assert!(not_ready(&wish, &observed(Fact::Known(Document::of(&Versioning::Suspended)))).is_some_and(|why| why.contains("not versioned")));
    assert!(not_ready(&wish, &observed(Fact::Absent)).is_some_and(|why| why.contains("missing")));
    assert!(not_ready(&wish, &observed(Fact::Unknown(Why::Refused("403".to_owned())))).is_some_and(|why| why.contains("403")));
    assert_eq!(not_ready(&wish, &observed(Fact::Unknown(Why::NotAsked))), None);
}
