//! What exists → a policy for it, which then plans to nothing.
//!
//! Every live setting is either said in the words of a policy or left unmanaged with the reason, as a comment. Nothing is
//! invented about the bucket; what nobody can read off a bucket (objectives, database, schedule) is marked as to be filled in.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::compile;
use crate::model::aspects::{AccessLog, Encryption, Existence, LockMode, ObjectLock, Ownership, PublicAccess, Tags, Versioning};
use crate::model::fact::{Fact, Why};
use crate::model::lifecycle::{Expiration, Lifecycle, Rule};
use crate::model::policy::RepositoryPlace;
use crate::model::replication::Replication;
use crate::model::request::ReadOp;
use crate::model::resource::{Desired, ObservedResource};
use crate::model::units::plural;
use crate::observe::Search;
use crate::policy::{ConfigFile, Loaded, load};

mod elsewhere;
mod guard;
mod physical;
mod roles;

use roles::Found;

/// What is known of a bucket besides its settings.
#[derive(Clone, Debug)]
pub struct Subject<'a> {
    /// Name of the policy.
    pub policy: &'a str,
    /// The bucket.
    pub bucket: &'a str,
    /// The account, to be sent as expected owner; none where the endpoint does not say one of 12 digits.
    pub account: Option<&'a str>,
    /// Region of the environment, where the endpoint says none.
    pub region: &'a str,
    /// Where the backups are to go.
    pub prefix: &'a str,
    /// `lifeboat.yaml` of the config repo that the policy is for: it says where roles are and where evidence goes.
    pub repository: Option<&'a ConfigFile>,
    /// Condition keys that the endpoint does not fill.
    pub unfilled_keys: &'static [&'static str],
    /// The repositories of other engines that lie below the prefix.
    pub repositories: &'a Fact<Vec<RepositoryPlace>>,
    /// Those anywhere else in the bucket; absent when they were not looked for.
    pub elsewhere: &'a Fact<Search>,
}

/// Roles by their names, as they are.
pub type LiveRoles = BTreeMap<String, ObservedResource>;

/// A policy, as text and with what it leaves alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The policy, YAML.
    pub yaml: String,
    /// What is there and is not in it, one sentence each.
    pub notes: Vec<String>,
    /// The part of it that is about roles.
    pub of_roles: Vec<String>,
    /// The part of it that is about repositories outside the prefix.
    pub elsewhere: Vec<String>,
}

/// Writes the policy of a bucket and of roles.
pub fn policy(subject: &Subject<'_>, live: &ObservedResource, roles: &LiveRoles) -> Imported {
    let mut words = Words { storage: Map::new(), notes: Vec::new() };
    words.set("bucket", json!(subject.bucket));
    if let Some(account) = subject.account {
        words.set("account", json!(account));
    }
    words.set("region", json!(region(live).unwrap_or_else(|| subject.region.to_owned())));
    words.set("prefix", json!(subject.prefix));
    words.set("create", json!(false));
    words.versioning(live);
    words.encryption(live);
    words.public_access(live);
    words.ownership(live);
    words.object_lock(live);
    words.access_log(live, subject.bucket);
    words.replication(live);
    words.lifecycle(live);
    words.tags(live);
    // What is in the policy of the bucket hangs on the other words.
    words.bucket_policy(subject, live);
    let (storage, mut notes) = (Value::Object(words.storage), words.notes);
    let sets = roles::sets(subject, roles, live);
    let physical = physical::sets(subject, &sets, &mut notes);
    let mut found = roles::found(subject, &storage, roles, Found { sets, physical, ..Found::default() });
    let of_roles = std::mem::take(&mut found.notes);
    notes.extend(of_roles.iter().cloned());
    let elsewhere = elsewhere::notes(subject);
    notes.extend(elsewhere.iter().cloned());
    Imported { yaml: format!("{}{}", heading(subject, &notes), spec(subject, &storage, &found)), notes, of_roles, elsewhere }
}

fn region(live: &ObservedResource) -> Option<String> {
    live.fact(ReadOp::BucketExists).known().and_then(|document| document.to::<Existence>()).and_then(|found| found.region)
}

struct Words {
    storage: Map<String, Value>,
    notes: Vec<String>,
}

impl Words {
    fn set(&mut self, field: &str, value: Value) {
        self.storage.insert(field.to_owned(), value);
    }

    fn unmanaged(&mut self, field: &str, why: impl Into<String>) {
        self.set(field, json!("unmanaged"));
        self.notes.push(format!("{field}: {}", why.into()));
    }

    /// The typed answer to a question; what could not be read is unknown, and said by whoever asks.
    fn read<T: serde::de::DeserializeOwned>(live: &ObservedResource, op: ReadOp) -> Fact<T> {
        live.fact(op).and_then(|document| match document.to() {
            Some(value) => Fact::Known(value),
            None => Fact::Unknown(Why::NotUnderstood("the answer is of another kind".to_owned())),
        })
    }

    fn versioning(&mut self, live: &ObservedResource) {
        match Self::read(live, ReadOp::BucketVersioning) {
            Fact::Known(Versioning::Enabled | Versioning::EnabledWithMfa) => self.set("versioning", json!("enabled")),
            Fact::Known(Versioning::Suspended) => self.set("versioning", json!("suspended")),
            Fact::Absent => self.unmanaged("versioning", "the bucket is not versioned: an overwrite or delete is final. Write `enabled` to change that"),
            Fact::Unknown(why) => self.unmanaged("versioning", why.to_string()),
        }
    }

    fn encryption(&mut self, live: &ObservedResource) {
        let found = match Self::read::<Encryption>(live, ReadOp::BucketEncryption) {
            Fact::Known(found) => found,
            Fact::Absent => return,
            Fact::Unknown(why) => return self.notes.push(format!("encryption: {why}")),
        };
        match found.algorithm.as_str() {
            "AES256" => self.set("encryption", json!({"algorithm": "AES256", "bucketKey": found.bucket_key})),
            "aws:kms" => {
                let mut wish = json!({"algorithm": "aws:kms", "bucketKey": found.bucket_key});
                if let (Some(key), Some(fields)) = (found.key, wish.as_object_mut()) {
                    fields.insert("key".to_owned(), json!(key));
                }
                self.set("encryption", wish);
            }
            other => self.notes.push(format!("encryption `{other}` has no word in a policy, so it is left alone")),
        }
    }

    fn public_access(&mut self, live: &ObservedResource) {
        match Self::read(live, ReadOp::BucketPublicAccess) {
            Fact::Known(PublicAccess::BLOCKED) => self.set("publicAccess", json!("blocked")),
            Fact::Known(_) => self.unmanaged("publicAccess", "not all four switches are on. Write `blocked` to change that"),
            Fact::Absent => self.unmanaged("publicAccess", "the bucket has no public access block. Write `blocked` to change that"),
            Fact::Unknown(why) => self.unmanaged("publicAccess", why.to_string()),
        }
    }

    fn ownership(&mut self, live: &ObservedResource) {
        match Self::read(live, ReadOp::BucketOwnership) {
            Fact::Known(Ownership::BucketOwnerEnforced) => self.set("ownership", json!("BucketOwnerEnforced")),
            Fact::Known(_) => self.unmanaged("ownership", "objects can have other owners, and ACLs count. Write `BucketOwnerEnforced` to change that"),
            Fact::Absent => self.unmanaged("ownership", "the bucket has no ownership controls. Write `BucketOwnerEnforced` to change that"),
            Fact::Unknown(why) => self.unmanaged("ownership", why.to_string()),
        }
    }

    fn bucket_policy(&mut self, subject: &Subject<'_>, live: &ObservedResource) {
        let said = match (guard::words(subject, &self.storage, live), live.fact(ReadOp::BucketPolicy)) {
            (Ok(Some(found)), _) => {
                self.storage.extend(found.fields);
                if !found.others.is_empty() {
                    self.notes.push(format!("bucketPolicy: statements of others stay in it as they are: {}", found.others.join(", ")));
                }
                return;
            }
            (Err(why), _) => return self.unmanaged("bucketPolicy", why),
            (Ok(None), Fact::Known(_)) => "statements of others are in it".to_owned(),
            (Ok(None), Fact::Absent) => "there is none".to_owned(),
            (Ok(None), Fact::Unknown(why)) => why.to_string(),
        };
        self.unmanaged("bucketPolicy", format!("{said}. Write `managed` and the plan adds refusals of lifeboat, as that of overwriting a backup"));
    }

    fn object_lock(&mut self, live: &ObservedResource) {
        let found = match Self::read::<ObjectLock>(live, ReadOp::BucketObjectLock) {
            Fact::Known(found) => found,
            Fact::Absent => return,
            Fact::Unknown(why) => return self.notes.push(format!("objectLock: {why}")),
        };
        let Some(retention) = found.retention else {
            return self.notes.push("objectLock: it is on and locks nothing by default; write `objectLock` to change that".to_owned());
        };
        let mode = match retention.mode {
            LockMode::Governance => "governance",
            LockMode::Compliance => "compliance",
        };
        let mut wish = json!({"mode": mode, "iUnderstand": "cannot be undone"});
        for (unit, period) in [("days", retention.days), ("years", retention.years)] {
            if let (Some(period), Some(fields)) = (period, wish.as_object_mut()) {
                fields.insert(unit.to_owned(), json!(period));
            }
        }
        self.set("objectLock", wish);
    }

    /// The region of the replica is not in its configuration, so replication is left alone.
    fn replication(&mut self, live: &ObservedResource) {
        match Self::read::<Replication>(live, ReadOp::BucketReplication) {
            Fact::Known(found) => {
                let rules = plural(found.rules.len() as u64, "rule");
                self.notes.push(format!("replication: {rules} as {}; write `replication` and the plan adds one for this policy", found.role));
            }
            Fact::Absent => {}
            Fact::Unknown(why) => self.notes.push(format!("replication: {why}")),
        }
    }

    fn access_log(&mut self, live: &ObservedResource, bucket: &str) {
        match Self::read::<AccessLog>(live, ReadOp::BucketLogging) {
            Fact::Known(log) if log.bucket == bucket => self.notes.push("accessLog: it goes into the bucket itself, so it is left alone".to_owned()),
            Fact::Known(log) => self.set("accessLog", json!({"bucket": log.bucket, "prefix": log.prefix})),
            Fact::Absent => {}
            Fact::Unknown(why) => self.notes.push(format!("accessLog: {why}")),
        }
    }

    /// A tier is a count of backups and a lifecycle rule a number of days of whatever lies there: the one cannot be read off
    /// the other.
    fn lifecycle(&mut self, live: &ObservedResource) {
        let expiring = |live: Lifecycle| live.rules.iter().filter(|rule| rule.enabled).filter_map(expires).collect::<Vec<_>>().join("; ");
        let said = match Self::read::<Lifecycle>(live, ReadOp::BucketLifecycle).map(expiring) {
            Fact::Known(said) if !said.is_empty() => said,
            Fact::Known(_) | Fact::Absent => "no rule expires anything".to_owned(),
            Fact::Unknown(why) => why.to_string(),
        };
        self.unmanaged("lifecycle", format!("{said}. Write `managed` and the plan shows one rule per tier of `retention`"));
    }

    fn tags(&mut self, live: &ObservedResource) {
        let Tags(tags) = match Self::read(live, ReadOp::BucketTags) {
            Fact::Known(tags) => tags,
            Fact::Absent => return,
            Fact::Unknown(why) => return self.notes.push(format!("tags: {why}")),
        };
        let own: Map<String, Value> = tags.into_iter().filter(|(key, _)| !key.starts_with("aws:")).map(|(key, value)| (key, json!(value))).collect();
        if !own.is_empty() {
            self.set("tags", Value::Object(own));
        }
    }
}

fn expires(rule: &Rule) -> Option<String> {
    let mut whose =
        rule.filter.prefix.as_deref().filter(|prefix| !prefix.is_empty()).map_or_else(|| "every key".to_owned(), |prefix| format!("keys below {prefix}"));
    let tags: Vec<String> = rule.filter.tags.iter().map(|tag| format!("{} = {}", tag.key, tag.value)).collect();
    if !tags.is_empty() {
        let _ = write!(whose, " with the tag {}", tags.join(" and "));
    }
    match &rule.expiration {
        Some(Expiration::Days(days)) => Some(format!("rule `{}` expires {whose} after {days} d", rule.id)),
        Some(Expiration::Date(date)) => Some(format!("rule `{}` expires {whose} on {date}", rule.id)),
        Some(Expiration::DeleteMarker(_)) | None => None,
    }
}

fn heading(subject: &Subject<'_>, notes: &[String]) -> String {
    let mut out = format!(
        "# Written by `lifeboat import s3://{}`: a policy for what exists. It plans to nothing.\n# What a bucket cannot say is marked FILL IN: objectives, owner, database, schedule, retention.\n",
        subject.bucket
    );
    if !notes.is_empty() {
        out.push_str("# Left alone:\n");
        for note in notes {
            let _ = writeln!(out, "#   {}", note.replace('\n', " "));
        }
    }
    out
}

/// The written policy, read again as it would lie in the config repo that it is for.
fn read_back(subject: &Subject<'_>, storage: &Value, found: &Found) -> (Loaded, Desired) {
    let file = ConfigFile { path: "policies/import.yaml".to_owned(), bytes: spec(subject, storage, found).into_bytes() };
    let files: Vec<ConfigFile> = subject.repository.into_iter().cloned().chain([file]).collect();
    let loaded = load(&files);
    let (desired, _) = compile::compile(&loaded, subject.unfilled_keys);
    (loaded, desired)
}

/// The policy itself.
fn spec(subject: &Subject<'_>, storage: &Value, found: &Found) -> String {
    let name = subject.policy;
    let variable = format!("{}_DATABASE_URL", name.to_ascii_uppercase().replace('-', "_"));
    let mut out = format!(
        "apiVersion: lifeboat.dev/v1\nkind: DisasterRecoveryPolicy\nmetadata:\n  name: {name}\n  owner: dba@example.com            # FILL IN\nspec:\n  objectives: {{rpo: 26h, rto: 4h}}    # FILL IN\n  database:\n    connection: {{env: {variable}}}    # FILL IN\n  storage:\n{}  backups:\n",
        indented(storage)
    );
    let database = serde_yaml::to_string(name).unwrap_or_default();
    let guessed = BTreeMap::from([("nightly".to_owned(), json!({"recent": "3d", "daily": 14}))]);
    // A repository right at the prefix, or in the folder of the guessed set, leaves no place for it.
    let alone = found.physical.values().filter_map(|set| set.get("prefix")?.as_str()).any(|below| below.is_empty() || below.starts_with("nightly/"));
    let nothing = BTreeMap::new();
    let sets = match (found.sets.is_empty(), alone) {
        (true, true) => &nothing,
        (true, false) => &guessed,
        (false, _) => &found.sets,
    };
    for (set, retention) in sets {
        let _ = write!(
            out,
            "    {set}:\n      engine: pg_dump\n      databases: [{}]               # FILL IN\n      schedule: {{cron: \"15 2 * * *\"}} # FILL IN\n      retention: {retention} # FILL IN\n",
            database.trim()
        );
    }
    for (set, words) in &found.physical {
        let _ = writeln!(out, "    {set}: {words} # FILL IN what is promised of it: schedule, window, wal");
    }
    if let Some(access) = &found.access {
        let _ = write!(out, "  access:\n{}", indented(access));
    }
    let names: Vec<&str> = sets.keys().map(String::as_str).collect();
    if names.is_empty() {
        return out;
    }
    let _ = write!(
        out,
        "  drills:\n    weekly:\n      backups: [{}]\n      schedule: {{cron: \"0 4 * * 0\"}}   # FILL IN\n      runsOn: [self-hosted]\n",
        names.join(", ")
    );
    out
}

/// YAML below a key of the spec.
fn indented(value: &Value) -> String {
    let text = serde_yaml::to_string(value).unwrap_or_default();
    text.lines().map(|line| format!("    {line}\n")).collect()
}

#[cfg(test)]
mod tests;
