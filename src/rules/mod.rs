//! The table of rules: one judgement a file, as data and a plain function, with documentation whose examples are tests.
//!
//! Adding one: a new file here and two lines below (`mod x;` and `&x::RULE,`), sorted by id. A rule names places by path;
//! it never reads a file, a clock or a server.

use std::collections::BTreeMap;

use crate::model::document::Document;
use crate::model::fact::Fact;
use crate::model::finding::{Finding, Level};
use crate::model::id::ResourceId;
use crate::model::lifecycle::Lifecycle;
use crate::model::parts::in_parts;
use crate::model::request::ReadOp;
use crate::model::resource::{BucketWish, Desired, Observed, ResourceWish};
use crate::policy::LoadedPolicy;

mod archive_slower_than_rpo;
mod archived_longer_than_rto;
mod classified_data_on_shared_runner;
mod copying;
mod delete_markers_are_copied;
mod expirer_without_versioning;
mod instance_profile_is_missing;
mod key_cannot_be_used;
mod key_is_not_rotated;
mod key_policy_keeps_roles_out;
mod lock_does_not_fit_retention;
mod mfa_delete_with_lifecycle;
mod mfa_delete_with_repository;
mod minimum_storage_not_reached;
mod never_drilled;
mod promotion_impossible;
mod replica;
mod replica_expires_too_early;
mod replica_has_no_rule_of_its_own;
mod replica_keeps_copies_out;
mod replication_role_cannot_copy;
mod replication_role_is_closed;
mod repositories;
mod repository_expires_by_age;
mod retention_not_kept;
mod role_is_missing;
mod rpo_shorter_than_schedule;
mod rule_without_slash;
pub(crate) mod schedule;
mod schedule_never_fires;
mod storage_classes_refused;
mod thaw_longer_than_rto;
mod undo_shorter_than_notice;
mod versions_never_removed;
mod wal_gone_before_backups;
mod wal_in_archive_class;
mod write_once_metadata_expires;

/// All rules, sorted by id.
pub(super) static RULES: &[&Rule] = &[
    &archive_slower_than_rpo::RULE,
    &archived_longer_than_rto::RULE,
    &classified_data_on_shared_runner::RULE,
    &delete_markers_are_copied::RULE,
    &expirer_without_versioning::RULE,
    &instance_profile_is_missing::RULE,
    &key_cannot_be_used::RULE,
    &key_is_not_rotated::RULE,
    &key_policy_keeps_roles_out::RULE,
    &lock_does_not_fit_retention::RULE,
    &mfa_delete_with_lifecycle::RULE,
    &mfa_delete_with_repository::RULE,
    &minimum_storage_not_reached::RULE,
    &never_drilled::RULE,
    &promotion_impossible::RULE,
    &replica_expires_too_early::RULE,
    &replica_has_no_rule_of_its_own::RULE,
    &replica_keeps_copies_out::RULE,
    &replication_role_cannot_copy::RULE,
    &replication_role_is_closed::RULE,
    &repository_expires_by_age::RULE,
    &retention_not_kept::RULE,
    &role_is_missing::RULE,
    &rpo_shorter_than_schedule::RULE,
    &rule_without_slash::RULE,
    &schedule_never_fires::RULE,
    &storage_classes_refused::RULE,
    &thaw_longer_than_rto::RULE,
    &undo_shorter_than_notice::RULE,
    &versions_never_removed::RULE,
    &wal_gone_before_backups::RULE,
    &wal_in_archive_class::RULE,
    &write_once_metadata_expires::RULE,
];

/// One rule.
#[derive(Debug)]
pub struct Rule {
    /// Stable id, kebab-case; never reused.
    pub id: &'static str,
    /// Its weight.
    pub level: Level,
    /// The version that brought it.
    pub since: &'static str,
    /// One line.
    pub summary: &'static str,
    /// Documentation. The YAML of `example` must fire, that of `instead` must not.
    pub docs: RuleDocs,
    /// What it looks at.
    pub check: Check,
}

/// Documentation of a rule.
#[derive(Debug)]
pub struct RuleDocs {
    /// What it checks.
    pub checks: &'static str,
    /// Why.
    pub why: &'static str,
    /// A change to the sound policy of the docs that fires; YAML merged into `spec` (and `live:` for what was seen).
    pub example: &'static str,
    /// What to write instead.
    pub instead: &'static str,
    /// When it is right to accept it.
    pub when: &'static str,
}

/// How far a rule looks.
#[derive(Debug)]
pub enum Check {
    /// At one policy.
    Policy(fn(&LoadedPolicy) -> Vec<Finding>),
    /// At one policy and what was seen of its bucket.
    Observed(fn(&LoadedPolicy, &BucketWish, &Observed) -> Vec<Finding>),
}

/// What the rules say of the policies alone.
pub fn check(policies: &[LoadedPolicy]) -> Vec<Finding> {
    let of = |rule: &'static Rule, part: &[LoadedPolicy]| -> Vec<Finding> {
        let Check::Policy(check) = rule.check else { return Vec::new() };
        part.iter().flat_map(|policy| stamped(rule, check(policy))).collect()
    };
    by_rule(policies, of)
}

/// What the rules say of the policies and what was seen.
pub fn check_observed(policies: &[LoadedPolicy], desired: &Desired, observed: &Observed) -> Vec<Finding> {
    let wishes = desired.resources.iter().filter_map(|wish| match wish {
        ResourceWish::Bucket(bucket) => Some((bucket.name.as_str(), bucket)),
        _ => None,
    });
    let buckets: BTreeMap<&str, &BucketWish> = wishes.collect();
    let with_bucket = |policy: &'_ LoadedPolicy| buckets.get(policy.policy.spec.storage.bucket.as_str()).copied();
    let of = |rule: &'static Rule, part: &[LoadedPolicy]| -> Vec<Finding> {
        let Check::Observed(check) = rule.check else { return Vec::new() };
        let found = part.iter().filter_map(|policy| Some(check(policy, with_bucket(policy)?, observed)));
        found.flat_map(|found| stamped(rule, found)).collect()
    };
    by_rule(policies, of)
}

/// What each rule says, rule by rule, of the policies in their order.
fn by_rule(policies: &[LoadedPolicy], of: impl Fn(&'static Rule, &[LoadedPolicy]) -> Vec<Finding> + Sync) -> Vec<Finding> {
    let each = |part: &[LoadedPolicy]| RULES.iter().map(|rule| of(rule, part)).collect::<Vec<_>>();
    let mut parts: Vec<_> = in_parts(policies, each).into_iter().map(Vec::into_iter).collect();
    RULES.iter().flat_map(|_| parts.iter_mut().filter_map(Iterator::next).flatten().collect::<Vec<_>>()).collect()
}

/// The lifecycle that was seen on a bucket; without a configuration it has no rules.
fn lifecycle(bucket: &BucketWish, observed: &Observed) -> Option<Lifecycle> {
    match observed.resources.get(&ResourceId::Bucket(bucket.name.clone()))?.facts.get(&ReadOp::BucketLifecycle)? {
        Fact::Known(live) => live.to(),
        Fact::Absent => Some(Lifecycle::default()),
        Fact::Unknown(_) => None,
    }
}

/// The key that a bucket is to be encrypted with, and what was seen of it.
fn key<'a>(bucket: &'a BucketWish, observed: &'a Observed) -> Option<(&'a str, &'a Fact<Document>)> {
    let name = bucket.encryption.as_ref()?.key.as_deref()?;
    let fact = observed.resources.get(&ResourceId::Key(name.to_owned()))?.facts.get(&ReadOp::Key)?;
    Some((name, fact))
}

fn stamped(rule: &'static Rule, findings: Vec<Finding>) -> Vec<Finding> {
    findings.into_iter().map(|finding| Finding { rule: Some(rule.id), level: rule.level, ..finding }).collect()
}

/// A rule by its id.
pub fn by_id(id: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| rule.id == id)
}

#[cfg(test)]
mod tests;
