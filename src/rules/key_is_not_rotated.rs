//! Rule `key-is-not-rotated`.

use super::{Check, Rule, RuleDocs};
use crate::model::aspects::Key;
use crate::model::document::Document;
use crate::model::fact::Fact;
use crate::model::finding::{Finding, Level};
use crate::model::resource::{BucketWish, Observed};
use crate::policy::LoadedPolicy;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "key-is-not-rotated",
    level: Level::Warning,
    since: "0.1.0",
    summary: "AWS does not rotate the KMS key of the bucket",
    docs: RuleDocs {
        checks: "That automatic rotation of an enabled key of yours is on, where AWS can rotate it.",
        why: "Rotation limits how much one piece of key material encrypts, costs nothing to turn on, and older backups stay readable.",
        example: "storage: {encryption: {algorithm: \"aws:kms\", key: \"arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab\"}}\nliveKey: {arn: \"arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab\", state: Enabled, rotated: false, policy: {Statement: [{Effect: Allow, Principal: {AWS: \"111122223333\"}, Action: \"kms:*\", Resource: \"*\"}]}}",
        instead: "storage: {encryption: {algorithm: \"aws:kms\", key: \"arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab\"}}\nliveKey: {arn: \"arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab\", state: Enabled, rotated: true, policy: {Statement: [{Effect: Allow, Principal: {AWS: \"111122223333\"}, Action: \"kms:*\", Resource: \"*\"}]}}",
        when: "Where another team rotates by making new keys behind an alias.",
    },
    check: Check::Observed(check),
};

fn check(policy: &LoadedPolicy, bucket: &BucketWish, observed: &Observed) -> Vec<Finding> {
    let Some((name, Fact::Known(document))) = super::key(bucket, observed) else { return Vec::new() };
    let stands_still = Document::to::<Key>(document).is_some_and(|key| key.state == "Enabled" && key.rotated == Some(false));
    if !stands_still {
        return Vec::new();
    }
    let finding = policy.mark(Finding::error(format!("key `{name}` is not rotated")), "/spec/storage/encryption/key", "automatic rotation is off");
    let finding = finding.why("one piece of key material encrypts every backup for ever");
    vec![finding.instead("turn it on: aws kms enable-key-rotation")]
}
