use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{SETTINGS, Setting, by_id, of_kind};
use crate::model::aspects::{Encryption, Existence, Ownership, RoleTrust, Tags, Versioning};
use crate::model::document::Document;
use crate::model::fact::{Fact, Why};
use crate::model::id::{ResourceId, ResourceKind};
use crate::model::request::ReadOp;
use crate::model::resource::{BucketWish, Desired, ObservedResource, ResourceWish};
use crate::{compile, policy};

mod roles;

pub(super) const QUICKSTART: &str = include_str!("../../examples/quickstart/config/policies/orders.yaml");

/// The quickstart policy with YAML laid over its `spec`; the findings of reading it as text.
fn merged(yaml: &str) -> (Desired, Vec<String>) {
    let mut base: Value = serde_yaml::from_str(QUICKSTART).unwrap();
    let over: Value = serde_yaml::from_str(yaml).unwrap();
    policy::profile::overlay(&mut base, json!({"spec": over}));
    let bytes = serde_yaml::to_string(&base).unwrap().into_bytes();
    let loaded = policy::load(&[policy::ConfigFile { path: "policies/a.yaml".to_owned(), bytes }]);
    let titles = loaded.findings.iter().map(|finding| finding.title.clone()).collect();
    (compile::compile(&loaded, &[]).0, titles)
}

fn wishes() -> Vec<ResourceWish> {
    // Everything that a policy can leave out.
    merged("storage: {objectLock: {mode: governance, days: 1}, accessLog: {bucket: shop-logs}, replication: {bucket: shop-replica, region: eu-central-1, role: \"arn:aws:iam::111122223333:role/dr-replicator\"}}").0.resources
}

/// The bucket of the quickstart policy.
pub(super) fn bucket_wish() -> BucketWish {
    wishes().into_iter().find_map(|wish| if let ResourceWish::Bucket(bucket) = wish { Some(bucket) } else { None }).unwrap()
}

fn seen(setting: &Setting, fact: Fact<Document>) -> Fact<Document> {
    (setting.seen)(&ObservedResource { facts: BTreeMap::from([(setting.read, fact)]) })
}

/// One answer may hold several settings, as `GetRole` does: trust, session and boundary of a role.
#[test]
fn ids_are_unique_and_kebab_case_and_reads_too() {
    let ids: BTreeSet<&str> = SETTINGS.iter().map(|setting| setting.id).collect();
    let of_get_role = |setting: &&&Setting| setting.read == ReadOp::RoleTrust;
    let reads: BTreeSet<_> = SETTINGS.iter().filter(|setting| !of_get_role(setting)).map(|setting| setting.read).collect();
    let shared: Vec<&str> = SETTINGS.iter().filter(of_get_role).map(|setting| setting.id).collect();
    assert_eq!((ids.len(), reads.len() + shared.len()), (SETTINGS.len(), SETTINGS.len()));
    assert_eq!(shared, ["role-trust", "role-session", "role-boundary"]);
    for setting in SETTINGS {
        assert!(setting.id.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", setting.id);
        let kind = match setting.kind {
            ResourceKind::Bucket => "bucket-",
            ResourceKind::Role => "role-",
            ResourceKind::Provider => "oidc-",
            ResourceKind::Key => "no setting changes a key",
        };
        assert!(setting.id.starts_with(kind) && !setting.title.is_empty(), "{}", setting.id);
        assert_eq!(by_id(setting.id).map(|found| found.id), Some(setting.id));
    }
}

/// Apply sends in this order, and everything else of a resource waits for the first.
#[test]
fn the_first_setting_of_a_kind_makes_the_resource() {
    assert_eq!(of_kind(ResourceKind::Bucket).next().map(|first| first.id), Some("bucket-exists"));
    assert_eq!(of_kind(ResourceKind::Role).next().map(|first| first.id), Some("role-trust"));
}

#[test]
fn each_setting_is_documented_and_its_example_is_a_sound_policy() {
    for setting in SETTINGS {
        for text in [setting.docs.protects, setting.docs.why, setting.docs.risk] {
            assert!(text.len() > 20 && text.ends_with('.'), "{}: {text}", setting.id);
        }
        let (desired, findings) = merged(setting.docs.example);
        assert_eq!(findings, Vec::<String>::new(), "{}", setting.id);
        let wanted = desired.resources.iter().any(|wish| (setting.want)(wish).is_some());
        assert!(wanted, "{}: its own example does not manage it", setting.id);
    }
}

#[test]
fn a_setting_wants_nothing_of_the_other_kind() {
    for (setting, wish) in SETTINGS.iter().flat_map(|setting| wishes().into_iter().map(move |wish| (setting, wish))) {
        let wanted = wish.id().kind() == setting.kind && setting.id != "role-boundary";
        assert_eq!((setting.want)(&wish).is_some(), wanted, "{} of {}: a boundary that is not named is left alone", setting.id, wish.id());
    }
}

/// On some endpoints a DELETE of what is not there deletes the bucket with its objects.
#[test]
fn nothing_is_removed_that_was_not_seen() {
    let unknown = [Why::Refused(String::new()), Why::Unsupported(String::new()), Why::NotUnderstood(String::new()), Why::Unreachable(String::new())];
    let unseen: Vec<Fact<Document>> = unknown.into_iter().map(Fact::Unknown).chain([Fact::Absent]).collect();
    for (setting, wish) in SETTINGS.iter().flat_map(|setting| wishes().into_iter().map(move |wish| (setting, wish))) {
        let Some(want) = (setting.want)(&wish) else { continue };
        for from in &unseen {
            let requests = (setting.requests)(&wish.id(), from, &(setting.adopt)(&want, from));
            assert!(requests.iter().all(|request| !request.removes()), "{} from {from:?}", setting.id);
        }
    }
}

#[test]
fn seen_and_adopt_settle_at_once() {
    for (setting, wish) in SETTINGS.iter().flat_map(|setting| wishes().into_iter().map(move |wish| (setting, wish))) {
        let Some(want) = (setting.want)(&wish) else { continue };
        let once = seen(setting, Fact::Known(want.clone()));
        assert_eq!(once, Fact::Known(want.clone()), "{}: what is wanted is canonical", setting.id);
        assert_eq!((setting.adopt)(&want, &once), want, "{}", setting.id);
        for live in [Fact::Absent, once] {
            let to = (setting.adopt)(&want, &live);
            assert_eq!((setting.adopt)(&to, &Fact::Known(to.clone())), to, "{}", setting.id);
            assert_eq!((setting.adopt)(&to, &live), to, "{}", setting.id);
        }
        assert_eq!((setting.weakens)(&want, &want), None, "{}: nothing changes", setting.id);
        assert_eq!((setting.threats)(&wish, &want), Vec::new(), "{}: ours is no threat", setting.id);
        assert_eq!((setting.owner)(&want, &want), None, "{}", setting.id);
    }
}

#[test]
fn unknown_and_absent_stay_what_they_are() {
    for setting in SETTINGS {
        assert_eq!(seen(setting, Fact::Absent), Fact::Absent);
        let unknown = Fact::Unknown(Why::Refused("no".to_owned()));
        assert_eq!(seen(setting, unknown.clone()), unknown);
        assert_eq!((setting.seen)(&ObservedResource::default()), Fact::Unknown(Why::NotAsked));
    }
}

#[test]
fn each_change_is_one_request_to_its_own_resource() {
    for (setting, wish) in SETTINGS.iter().flat_map(|setting| wishes().into_iter().map(move |wish| (setting, wish))) {
        let Some(want) = (setting.want)(&wish) else { continue };
        let requests = (setting.requests)(&wish.id(), &Fact::Absent, &want);
        if want.value().as_array().is_some_and(Vec::is_empty) {
            assert_eq!(requests, Vec::new(), "{}: nothing is put on", setting.id);
            continue;
        }
        let [request] = requests.as_slice() else { panic!("{}: {requests:?}", setting.id) };
        assert_eq!((&request.target, &request.body), (&wish.id(), &want));
        assert!(!(setting.describe)(&Fact::Absent, &want).is_empty(), "{}: a change without words", setting.id);
    }
}

fn setting(id: &str) -> &'static Setting {
    by_id(id).unwrap()
}

fn weakening(id: &str, from: &Document, to: &Document) -> Option<String> {
    (setting(id).weakens)(from, to).map(|weakening| weakening.id)
}

#[test]
fn a_bucket_cannot_move_and_an_endpoint_that_names_no_region_is_believed() {
    let exists = setting("bucket-exists");
    let at = |region: Option<&str>| Document::of(&Existence { region: region.map(str::to_owned) });
    let id = ResourceId::Bucket("b".to_owned());
    assert_eq!((exists.requests)(&id, &Fact::Known(at(Some("us-east-1"))), &at(Some("eu-west-1"))), Vec::new());
    assert_eq!((exists.adopt)(&at(Some("eu-west-1")), &Fact::Known(at(None))), at(None));
    assert_eq!((exists.adopt)(&at(Some("eu-west-1")), &Fact::Known(at(Some("us-east-1")))), at(Some("eu-west-1")));
}

#[test]
fn versioning_is_weakened_by_suspending_only() {
    let [on, guarded, off] = [Versioning::Enabled, Versioning::EnabledWithMfa, Versioning::Suspended].map(|state| Document::of(&state));
    assert_eq!(weakening("bucket-versioning", &guarded, &off).as_deref(), Some("weakens-versioning"));
    assert_eq!(weakening("bucket-versioning", &on, &off).as_deref(), Some("weakens-versioning"));
    assert_eq!(weakening("bucket-versioning", &off, &on), None);
}

#[test]
fn ownership_is_weakened_by_acls_that_count_again() {
    let [enforced, preferred, writer] =
        [Ownership::BucketOwnerEnforced, Ownership::BucketOwnerPreferred, Ownership::ObjectWriter].map(|state| Document::of(&state));
    assert_eq!(weakening("bucket-ownership", &enforced, &writer).as_deref(), Some("weakens-ownership"));
    assert_eq!(weakening("bucket-ownership", &enforced, &preferred).as_deref(), Some("weakens-ownership"));
    assert_eq!(weakening("bucket-ownership", &writer, &enforced), None);
}

fn encryption(algorithm: &str, key: Option<&str>, blocked: &[&str]) -> Document {
    let blocked_types = blocked.iter().map(|kind| (*kind).to_owned()).collect();
    Document::of(&Encryption { algorithm: algorithm.to_owned(), key: key.map(str::to_owned), bucket_key: false, blocked_types })
}

#[test]
fn encryption_is_weakened_by_losing_or_changing_the_key_and_blocked_types_are_carried() {
    let (own, other) = (encryption("aws:kms", Some("a"), &[]), encryption("aws:kms", Some("b"), &[]));
    let (managed, none) = (encryption("aws:kms", None, &[]), encryption("AES256", None, &[]));
    for (from, to, weakens) in [(&own, &none, true), (&own, &other, true), (&own, &managed, true), (&managed, &none, true), (&none, &own, false)] {
        assert_eq!(weakening("bucket-encryption", from, to).is_some(), weakens, "{from} → {to}");
    }
    let live = Fact::Known(encryption("AES256", None, &["SSE-C"]));
    assert_eq!((setting("bucket-encryption").adopt)(&own, &live), encryption("aws:kms", Some("a"), &["SSE-C"]));
}

#[test]
fn tags_of_others_are_carried_and_ours_win() {
    let tags = |pairs: &[(&str, &str)]| Document::of(&Tags(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()));
    let live = Fact::Known(tags(&[("aws:cloudformation:stack-name", "s"), ("owner", "them"), ("a", "old")]));
    let to = (setting("bucket-tags").adopt)(&tags(&[("a", "new"), ("b", "1")]), &live);
    assert_eq!(to, tags(&[("aws:cloudformation:stack-name", "s"), ("owner", "them"), ("a", "new"), ("b", "1")]));
}

fn trust(statements: &Value) -> Document {
    let trust = crate::model::iam::canonical(&json!({"Version": "2012-10-17", "Statement": statements}));
    Document::of(&RoleTrust { path: "/lifeboat/orders/".to_owned(), trust, tags: BTreeMap::new(), max_session: None, boundary: None })
}

fn github(subject: Option<&str>) -> Value {
    let mut statement = json!({"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity", "Principal": {"Federated": "arn:aws:iam::1:oidc-provider/gh"}});
    if let Some(subject) = subject {
        statement["Condition"] = json!({"StringEquals": {"gh:sub": subject}});
    }
    statement
}

/// All jobs of GitHub have one principal: only the condition says whose they are.
#[test]
fn a_trust_is_opened_by_a_principal_or_a_condition_that_was_not_there() {
    let (a, b, any) = (github(Some("repo:acme/a")), github(Some("repo:evil/b")), github(None));
    let opens = |from: Value, to: Value| weakening("role-trust", &trust(&from), &trust(&to)).is_some();
    assert!(opens(json!([a]), json!([b])), "another repository");
    assert!(opens(json!([a]), json!([any])), "no condition any more");
    assert!(opens(json!([a]), json!([a, b])), "one more");
    assert!(opens(json!([{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "arn:aws:iam::1:user/a"}}]), json!([a])));
    assert!(!opens(json!([a, b]), json!([a])), "one less");
    assert!(!opens(json!([any]), json!([a])), "a condition more");
    assert!(opens(json!([a, {"Effect": "Deny", "Action": "sts:*", "Principal": "*", "Condition": {"Bool": {"x": "y"}}}]), json!([a])), "a refusal less");
}

#[test]
fn permissions_are_widened_by_a_grant_more_and_by_a_refusal_less() {
    let policy = |statements: &Value| Document::of(&crate::model::iam::canonical(&json!({"Version": "2012-10-17", "Statement": statements})));
    let grant = |actions: &[&str]| json!({"Effect": "Allow", "Action": actions, "Resource": "*"});
    let deny = json!({"Effect": "Deny", "Action": "s3:DeleteObject", "Resource": "*"});
    let widens = |from: Value, to: Value| weakening("role-permissions", &policy(&from), &policy(&to)).is_some();
    assert!(widens(json!([grant(&["s3:GetObject"])]), json!([grant(&["s3:GetObject", "s3:PutObject"])])));
    assert!(!widens(json!([grant(&["s3:GetObject", "s3:PutObject"])]), json!([grant(&["s3:GetObject"])])));
    assert!(widens(json!([grant(&["s3:GetObject"]), deny]), json!([grant(&["s3:GetObject"])])));
}

#[test]
fn a_role_elsewhere_or_without_our_mark_is_not_ours() {
    let role = |path: &str, tags: &[(&str, &str)]| {
        let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Document::of(&RoleTrust { path: path.to_owned(), trust: json!({}), tags, max_session: None, boundary: None })
    };
    let owner = |live: &Document| (setting("role-trust").owner)(&role("/lifeboat/orders/", &[("managed-by", "lifeboat")]), live);
    assert!(owner(&role("/", &[("managed-by", "lifeboat")])).is_some_and(|why| why.contains("path")));
    assert!(owner(&role("/lifeboat/orders/", &[("managed-by", "terraform")])).is_some_and(|why| why.contains("tag")));
    assert_eq!(owner(&role("/lifeboat/orders/", &[("managed-by", "lifeboat"), ("more", "x")])), None);
}
