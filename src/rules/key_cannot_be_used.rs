//! Rule `key-cannot-be-used`.

use super::{Check, Rule, RuleDocs};
use crate::model::aspects::Key;
use crate::model::fact::{Fact, Why};
use crate::model::finding::{Finding, Level};
use crate::model::resource::{BucketWish, Observed};
use crate::policy::LoadedPolicy;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "key-cannot-be-used",
    level: Level::Warning,
    since: "0.1.0",
    summary: "the KMS key of the bucket is missing, disabled or about to be deleted, or cannot be looked at",
    docs: RuleDocs {
        checks: "That the key which the policy names exists and is enabled, by DescribeKey; an alias is resolved by it.",
        why: "Without its key no object can be read: deleting the key deletes every backup, and 7 to 30 days later for good.",
        example: "storage: {encryption: {algorithm: \"aws:kms\", key: \"arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab\"}}\nliveKey: {arn: \"arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab\", state: PendingDeletion, deletedAt: \"2026-12-01T00:00:00Z\", policy: {}}",
        instead: "storage: {encryption: {algorithm: \"aws:kms\", key: \"arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab\"}}\nliveKey: {arn: \"arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab\", state: Enabled, rotated: true, policy: {Statement: [{Effect: Allow, Principal: {AWS: \"arn:aws:iam::111122223333:root\"}, Action: \"kms:*\", Resource: \"*\"}]}}",
        when: "Never: cancel the deletion or enable the key, or restore what is needed before the key is gone.",
    },
    check: Check::Observed(check),
};

fn check(policy: &LoadedPolicy, bucket: &BucketWish, observed: &Observed) -> Vec<Finding> {
    let Some((name, fact)) = super::key(bucket, observed) else { return Vec::new() };
    let (title, label, instead) = match fact {
        Fact::Absent => (format!("there is no key `{name}`"), "KMS does not know it in this account and region".to_owned(), "name a key that exists"),
        Fact::Unknown(Why::NotAsked) => return Vec::new(),
        Fact::Unknown(why) => {
            (format!("key `{name}` cannot be looked at"), why.to_string(), "grant kms:DescribeKey, kms:GetKeyPolicy and kms:GetKeyRotationStatus")
        }
        Fact::Known(document) => match document.to::<Key>() {
            Some(key) if key.state == "Enabled" => return Vec::new(),
            Some(Key { state, deleted_at: Some(at), .. }) => {
                (format!("key `{name}` is deleted on {at}"), format!("its state is {state}"), "cancel the deletion: aws kms cancel-key-deletion")
            }
            Some(key) => (format!("key `{name}` cannot be used"), format!("its state is {}", key.state), "enable it: aws kms enable-key"),
            None => return Vec::new(),
        },
    };
    let finding = policy.mark(Finding::error(title), "/spec/storage/encryption/key", label);
    vec![finding.why("no backup can be read without the key that encrypted it").instead(instead)]
}
