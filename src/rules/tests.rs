use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{Check, RULES, Rule, by_id, check, check_observed};
use crate::model::aspects::Key;
use crate::model::document::Document;
use crate::model::fact::{Fact, Why};
use crate::model::finding::{Finding, Level};
use crate::model::id::ResourceId;
use crate::model::lifecycle::Lifecycle;
use crate::model::policy::{PhysicalEngine, RepositoryPlace};
use crate::model::request::ReadOp;
use crate::model::resource::{Observed, ObservedResource, SeenRepository};
use crate::policy::profile::{SHIPPED, overlay};
use crate::policy::{ConfigFile, Loaded};
use crate::{compile, policy};

mod physical;
mod replication;

const QUICKSTART: &str = include_str!("../../examples/quickstart/config/policies/orders.yaml");

fn load(value: &Value) -> Loaded {
    let bytes = serde_yaml::to_string(value).unwrap().into_bytes();
    let loaded = policy::load(&[ConfigFile { path: "policies/a.yaml".to_owned(), bytes }]);
    assert!(loaded.findings.is_empty(), "{:?}", loaded.findings);
    loaded
}

/// The quickstart policy with `yaml` over its spec; below `live` are the rules of the bucket's lifecycle, below `liveKey` is its key,
/// `liveVersioning` is its versioning, below `liveProfiles` the instance profiles that hold the restorer, below `liveReplica` the rules of the
/// replica, below `liveReplicator` the trust of the role that copies, below `liveGrants` its policies, below `liveReplicaPolicy` the bucket policy
/// of the replica, below `liveReplication` the replication configuration of the bucket,
/// below `liveRepositories` the repositories that a listing shows.
fn judged(yaml: &str) -> Vec<Finding> {
    let mut over: Value = serde_yaml::from_str(yaml).unwrap();
    let mut take = |name: &str| over.as_object_mut().and_then(|fields| fields.remove(name));
    let (live, key, profiles, versioning) = (take("live"), take("liveKey"), take("liveProfiles"), take("liveVersioning"));
    let (replica, replicator, repositories) = (take("liveReplica"), take("liveReplicator"), take("liveRepositories"));
    let (grants, replica_policy, live_replication) = (take("liveGrants"), take("liveReplicaPolicy"), take("liveReplication"));
    let mut base: Value = serde_yaml::from_str(QUICKSTART).unwrap();
    overlay(&mut base, json!({"spec": over}));
    let loaded = load(&base);
    let mut findings = check(&loaded.policies);
    let mut resources = BTreeMap::new();
    let mut saw = |id: ResourceId, op: ReadOp, fact| {
        let seen = resources.entry(id).or_insert_with(|| ObservedResource { facts: BTreeMap::new() });
        seen.facts.insert(op, fact);
    };
    if let Some(rules) = live {
        let live: Lifecycle = serde_json::from_value(json!({"rules": rules})).unwrap();
        saw(ResourceId::Bucket("shop-dr-orders".to_owned()), ReadOp::BucketLifecycle, Fact::Known(Document::of(&live)));
    }
    if let Some(versioning) = versioning {
        saw(ResourceId::Bucket("shop-dr-orders".to_owned()), ReadOp::BucketVersioning, Fact::Known(Document::of(&versioning)));
    }
    if let Some(key) = key {
        let fact = match key.as_str() {
            Some("missing") => Fact::Absent,
            Some(why) => Fact::Unknown(Why::Refused(why.to_owned())),
            None => Fact::Known(Document::of(&serde_json::from_value::<Key>(key).unwrap())),
        };
        saw(ResourceId::Key(KEY.to_owned()), ReadOp::Key, fact);
    }
    if let Some(profiles) = profiles {
        saw(ResourceId::Role("shop-restorer".to_owned()), ReadOp::RoleProfiles, Fact::Known(Document::of(&profiles)));
    }
    for (id, op, fact) in replication::seen([replica, replicator, grants, replica_policy, live_replication]) {
        saw(id, op, fact);
    }
    if !resources.is_empty() {
        let (desired, _) = compile::compile(&loaded, &[]);
        findings.extend(check_observed(&loaded.policies, &desired, &Observed { stored: found(repositories), ..observed(resources) }));
    }
    findings
}

/// Repositories that a listing shows: engine, base and name.
fn found(listed: Option<Value>) -> BTreeMap<String, Vec<SeenRepository>> {
    let listed: Vec<(PhysicalEngine, String, String)> = listed.map(|listed| serde_json::from_value(listed).unwrap()).unwrap_or_default();
    let of = |(engine, base, name)| SeenRepository { place: RepositoryPlace { engine, base, name }, objects: Vec::new(), metadata: Fact::Absent };
    BTreeMap::from([("orders".to_owned(), listed.into_iter().map(of).collect())])
}

const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

fn observed(resources: BTreeMap<ResourceId, ObservedResource>) -> Observed {
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
}

fn ids(findings: &[Finding]) -> BTreeSet<&'static str> {
    findings.iter().filter_map(|finding| finding.rule).collect()
}

#[test]
fn the_table_is_sorted_and_complete() {
    let ids: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
    assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "{ids:?}");
    for rule in RULES {
        assert!(rule.id.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", rule.id);
        for text in [rule.summary, rule.docs.checks, rule.docs.why, rule.docs.when, rule.since] {
            assert!(!text.trim().is_empty(), "{}", rule.id);
        }
        assert_eq!(by_id(rule.id).map(|found| found.id), Some(rule.id));
    }
}

#[test]
fn each_example_fires_its_rule_and_no_other_and_what_to_write_instead_fires_none() {
    for rule in RULES {
        let example = judged(rule.docs.example);
        assert_eq!(ids(&example), BTreeSet::from([rule.id]), "the example of {}: {example:?}", rule.id);
        let instead = judged(rule.docs.instead);
        assert!(instead.is_empty(), "instead of {}: {instead:?}", rule.id);
    }
}

#[test]
fn each_finding_carries_its_rule_and_weight_and_says_where_why_and_what_instead() {
    for rule in RULES {
        for finding in judged(rule.docs.example) {
            assert_eq!((finding.rule, finding.level), (Some(rule.id), rule.level));
            assert!(!finding.places.is_empty() && finding.why.is_some() && finding.instead.is_some(), "{}: {finding:?}", rule.id);
        }
    }
}

#[test]
fn the_quickstart_and_each_shipped_profile_lint_clean() {
    assert_eq!(judged("{}"), Vec::new());
    for (name, _) in SHIPPED {
        let mut base: Value = serde_yaml::from_str(QUICKSTART).unwrap();
        base["spec"]["extends"] = json!([name]);
        base["spec"].as_object_mut().unwrap().remove("objectives");
        assert_eq!(check(&load(&base).policies), Vec::new(), "{name}");
    }
}

fn fires(rule: &str, yaml: &str) -> bool {
    ids(&judged(yaml)).contains(rule)
}

#[test]
fn a_promise_is_held_against_the_best_set_of_each_database() {
    let rule = "rpo-shorter-than-schedule";
    let hourly = "objectives: {rpo: 2h, rto: 1h}\nbackups: {hourly: {engine: pg_dump, databases: [DB], schedule: {cron: \"0 * * * *\"}, retention: {recent: 3d}}}\ndrills: {weekly: {backups: [nightly, hourly]}}";
    assert!(!fires(rule, &hourly.replace("DB", "shop")), "the hourly set covers it");
    assert!(fires(rule, &hourly.replace("DB", "carts")), "the hourly set covers another");
    assert!(fires(rule, "objectives: {rpo: 24h, rto: 1h}"), "the night of the clock change has 25 h");
    assert!(!fires(rule, "objectives: {rpo: 25h, rto: 1h}"));
}

#[test]
fn classified_data_stays_on_machines_of_ones_own() {
    let rule = "classified-data-on-shared-runner";
    assert!(fires(rule, "drills: {weekly: {runsOn: []}}"), "no label is a shared machine");
    assert!(!fires(rule, "drills: {weekly: {runsOn: [linux, self-hosted]}}"));
}

#[test]
fn a_thaw_is_held_against_the_promise() {
    let rule = "thaw-longer-than-rto";
    let with =
        |rto: &str, class: &str| format!("objectives: {{rpo: 26h, rto: {rto}}}\nbackups: {{nightly: {{storageClasses: [{{after: 30d, class: {class}}}]}}}}");
    for (rto, class, wrong) in [("5h", "GLACIER", false), ("4h", "GLACIER", true), ("12h", "DEEP_ARCHIVE", false), ("11h", "DEEP_ARCHIVE", true)] {
        assert_eq!(fires(rule, &with(rto, class)), wrong, "{rto} {class}");
    }
}

#[test]
fn a_live_rule_is_held_against_the_longest_tier_wherever_it_meets_the_backups() {
    let rule = "retention-not-kept";
    let live = |prefix: &str, days: i32| format!("live: [{{id: x, enabled: true, filter: {{prefix: {prefix}}}, expiration: {{days: {days}}}}}]");
    for (prefix, days, wrong) in [
        ("orders/", 402, true),
        ("orders/", 403, false),
        ("orders/nightly/", 3, true),
        ("orders/nightly/2026", 3, true),
        ("orders/hourly/", 3, false),
        ("logs/", 3, false),
    ] {
        assert_eq!(fires(rule, &live(prefix, days)), wrong, "{prefix} {days}");
    }
    assert!(!fires(rule, &live("orders/", 3).replace("true", "false")), "a rule that is off");
    assert!(!fires(rule, "live: [{id: x, enabled: true, filter: {tags: [{key: a, value: b}]}, expiration: {days: 3}}]"), "a rule on a tag");
}

#[test]
fn a_lock_fits_between_what_is_promised_and_what_is_gone() {
    let rule = "lock-does-not-fit-retention";
    let lock = |length: &str| format!("storage: {{objectLock: {{mode: governance, {length}, iUnderstand: cannot be undone}}}}");
    // The shortest tier, recent, lives 3 + 1 days and can be undone for 30 more.
    for (length, wrong) in [("days: 2", true), ("days: 3", false), ("days: 34", false), ("days: 35", true), ("years: 1", true)] {
        assert_eq!(fires(rule, &lock(length)), wrong, "{length}");
    }
}

#[test]
fn a_class_is_held_against_what_is_billed_at_the_least() {
    let rule = "minimum-storage-not-reached";
    let classes = |steps: &str| format!("backups: {{nightly: {{storageClasses: [{steps}]}}}}");
    for (steps, wrong) in [
        // Weekly lives 12 × 7 + 7 days and can be undone for 30 more, monthly 12 × 31 + 31.
        ("{after: 30d, class: STANDARD_IA}", false),
        ("{after: 31d, class: GLACIER_IR}", false),
        ("{after: 32d, class: GLACIER_IR}", true),
        ("{after: 91d, class: GLACIER_IR}", false),
        ("{after: 343d, class: GLACIER_IR}", false),
        ("{after: 344d, class: GLACIER_IR}", true),
        ("{after: 403d, class: GLACIER_IR}", false),
        ("{after: 100d, class: GLACIER_IR}, {after: 189d, class: DEEP_ARCHIVE}", true),
        ("{after: 100d, class: GLACIER_IR}, {after: 190d, class: DEEP_ARCHIVE}", false),
        ("{after: 402d, class: INTELLIGENT_TIERING}", false),
    ] {
        assert_eq!(fires(rule, &classes(steps)), wrong, "{steps}");
    }
}

#[test]
fn a_schedule_fills_the_tiers_it_is_asked_to_fill() {
    let rule = "promotion-impossible";
    let with = |cron: &str, tier: &str| {
        format!(
            "objectives: {{rpo: 400d, rto: 1h}}\nbackups: {{other: {{engine: pg_dump, databases: [a], schedule: {{cron: \"{cron}\", timezone: Europe/Berlin}}, retention: {{recent: 3d, {tier}: 3}}}}}}\ndrills: {{weekly: {{backups: [nightly, other]}}}}"
        )
    };
    for (cron, tier, wrong) in [
        ("15 2 * * *", "daily", false),
        ("15 2 * * 1-5", "daily", true),
        ("15 2 * * 1-5", "weekly", false),
        ("15 2 * * 0", "weekly", false),
        ("15 2 1,15 * *", "weekly", true),
        ("15 2 1 * *", "monthly", false),
        ("15 2 1 */2 *", "monthly", true),
        ("15 2 1 1 *", "yearly", false),
    ] {
        assert_eq!(fires(rule, &with(cron, tier)), wrong, "{cron} {tier}");
    }
}

#[test]
fn what_is_overwritten_can_be_brought_back_until_the_next_drill() {
    let rule = "undo-shorter-than-notice";
    assert!(fires(rule, "storage: {noncurrent: {keepDays: 7}}"), "the week of the clock change has an hour more");
    assert!(!fires(rule, "storage: {noncurrent: {keepDays: 8}}"));
    let daily = "storage: {noncurrent: {keepDays: 2}}\ndrills: {daily: {backups: [nightly], schedule: {cron: \"0 4 * * *\"}, runsOn: [self-hosted]}}";
    assert!(!fires(rule, daily), "the drill that comes soonest counts");
}

#[test]
fn a_live_rule_that_stops_in_the_midst_of_a_name_is_told() {
    let rule = "rule-without-slash";
    let live = |filter: &str| format!("live: [{{id: x, enabled: true, filter: {{{filter}}}, abortUploadsDays: 1}}]");
    for (filter, wrong) in
        [("prefix: orders", true), ("prefix: o", true), ("prefix: orders/", false), ("prefix: orders/nightly", false), ("", false), ("prefix: \"\"", false)]
    {
        assert_eq!(fires(rule, &live(filter)), wrong, "{filter}");
    }
    assert!(!fires(rule, &live("prefix: orders").replace("true", "false")), "a rule that is off");
}

#[test]
fn versions_that_nothing_removes_are_told_where_nobody_manages_them() {
    let rule = "versions-never-removed";
    let live = |storage: &str, rules: &str| format!("storage: {{{storage}}}\nlive: [{rules}]");
    let removes = "{id: x, enabled: true, filter: {prefix: P}, noncurrent: {days: 9}}";
    assert!(!fires(rule, &live("lifecycle: managed", "")), "lifeboat is about to write the rule");
    assert!(!fires(rule, &live("lifecycle: unmanaged, versioning: unmanaged", "")), "whether it is versioned is not known");
    assert!(!fires(rule, &live("lifecycle: unmanaged", &removes.replace('P', "\"\""))));
    assert!(fires(rule, &live("lifecycle: unmanaged", &removes.replace('P', "logs/"))));
    assert!(fires(rule, &live("lifecycle: unmanaged", &removes.replace('P', "orders/").replace("true", "false"))), "a rule that is off");
    let tagged = "{id: x, enabled: true, filter: {tags: [{key: a, value: b}]}, noncurrent: {days: 9}}";
    assert!(fires(rule, &live("lifecycle: unmanaged", tagged)), "a rule on a tag");
}

fn of_key(live: &str) -> BTreeSet<&'static str> {
    ids(&judged(&format!("storage: {{encryption: {{algorithm: \"aws:kms\", key: \"{KEY}\"}}}}\nliveKey: {live}")))
}

fn key(state: &str, rotated: &str, statement: &str) -> String {
    format!("{{arn: \"{KEY}\", state: {state}, rotated: {rotated}, policy: {{Statement: [{statement}]}}}}")
}

const ROOT: &str = "{Effect: Allow, Principal: {AWS: \"arn:aws:iam::111122223333:root\"}, Action: \"kms:*\", Resource: \"*\"}";

#[test]
fn a_key_that_is_missing_off_going_or_hidden_is_told_and_nothing_else_of_it() {
    let cannot = BTreeSet::from(["key-cannot-be-used"]);
    assert_eq!(of_key("missing"), cannot);
    assert_eq!(of_key("AccessDeniedException"), cannot, "what cannot be looked at is not fine");
    for state in ["Disabled", "PendingDeletion", "PendingImport", "Unavailable"] {
        assert_eq!(of_key(&key(state, "false", "")), cannot, "{state}");
    }
    assert_eq!(of_key(&key("Enabled", "true", ROOT)), BTreeSet::new());
    assert_eq!(of_key(&key("Enabled", "null", ROOT)), BTreeSet::new(), "a key that AWS cannot rotate");
    assert_eq!(of_key(&key("Enabled", "false", ROOT)), BTreeSet::from(["key-is-not-rotated"]));
}

#[test]
fn a_key_policy_delegates_to_its_own_account_without_a_condition_or_names_every_role() {
    let out = BTreeSet::from(["key-policy-keeps-roles-out"]);
    let conditional = ROOT.replace("Resource", "Condition: {Bool: {x: \"true\"}}, Resource");
    for closed in [ROOT.replace("111122223333", "444455556666"), ROOT.replace("kms:*", "kms:Describe*"), ROOT.replace("Allow", "Deny"), conditional] {
        assert_eq!(of_key(&key("Enabled", "true", &closed)), out, "{closed}");
    }
    let role = |name: &str, action: &str| {
        format!("{{Effect: Allow, Principal: {{AWS: \"arn:aws:iam::111122223333:role/lifeboat/orders/shop-{name}\"}}, Action: \"{action}\", Resource: \"*\"}}")
    };
    let named = [role("backup-writer", "kms:*"), role("keeper", "kms:Decrypt"), role("restorer", "kms:Decrypt*")];
    assert_eq!(of_key(&key("Enabled", "true", &named.join(", "))), BTreeSet::new());
    let writer = role("backup-writer", "kms:Decrypt");
    assert_eq!(of_key(&key("Enabled", "true", &[&writer, &named[1], &named[2]].map(String::as_str).join(", "))), out, "no data keys for the writer");
}

/// What the policy itself says must not need an observation, and what was seen must not be judged without one.
#[test]
fn rules_about_what_was_seen_say_nothing_without_it() {
    let seen: Vec<&&Rule> = RULES.iter().filter(|rule| matches!(rule.check, Check::Observed(_))).collect();
    assert_eq!(
        seen.iter().map(|rule| (rule.id, rule.level)).collect::<Vec<_>>(),
        [
            ("archived-longer-than-rto", Level::Warning),
            ("delete-markers-are-copied", Level::Warning),
            ("instance-profile-is-missing", Level::Warning),
            ("key-cannot-be-used", Level::Warning),
            ("key-is-not-rotated", Level::Warning),
            ("key-policy-keeps-roles-out", Level::Warning),
            ("mfa-delete-with-lifecycle", Level::Warning),
            ("mfa-delete-with-repository", Level::Warning),
            ("replica-expires-too-early", Level::Warning),
            ("replica-has-no-rule-of-its-own", Level::Warning),
            ("replica-keeps-copies-out", Level::Warning),
            ("replication-role-cannot-copy", Level::Warning),
            ("replication-role-is-closed", Level::Warning),
            ("repository-expires-by-age", Level::Warning),
            ("retention-not-kept", Level::Warning),
            ("rule-without-slash", Level::Warning),
            ("versions-never-removed", Level::Warning),
            ("wal-gone-before-backups", Level::Warning),
            ("wal-in-archive-class", Level::Warning),
            ("write-once-metadata-expires", Level::Warning)
        ]
    );
    assert!(!fires("retention-not-kept", "{}"));
}
