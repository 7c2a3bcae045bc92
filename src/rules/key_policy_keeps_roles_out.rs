//! Rule `key-policy-keeps-roles-out`.

use serde_json::Value;

use super::{Check, Rule, RuleDocs};
use crate::model::aspects::Key;
use crate::model::document::Document;
use crate::model::fact::Fact;
use crate::model::finding::{Finding, Level};
use crate::model::iam;
use crate::model::resource::{BucketWish, Observed};
use crate::policy::LoadedPolicy;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "key-policy-keeps-roles-out",
    level: Level::Warning,
    since: "0.1.0",
    summary: "the policy of the KMS key neither delegates to IAM nor admits a role that needs it",
    docs: RuleDocs {
        checks: "That the key policy allows kms:* to the account itself, so that permissions of roles count, or else admits each role of `access` by name for what it does.",
        why: "A key obeys its own policy first: what a role is granted is worth nothing where the key policy does not delegate to IAM (KMS developer guide, \"Default key policy\").",
        example: "storage: {encryption: {algorithm: \"aws:kms\", key: \"arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab\"}}\nliveKey: {arn: \"arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab\", state: Enabled, rotated: true, policy: {Statement: [{Effect: Allow, Principal: {AWS: \"arn:aws:iam::111122223333:role/admin\"}, Action: \"kms:*\", Resource: \"*\"}]}}",
        instead: "storage: {encryption: {algorithm: \"aws:kms\", key: \"arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab\"}}\nliveKey: {arn: \"arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab\", state: Enabled, rotated: true, policy: {Statement: [{Effect: Allow, Principal: {AWS: \"111122223333\"}, Action: \"kms:*\", Resource: \"*\"}]}}",
        when: "Where grants (aws kms create-grant) let the roles in; lifeboat does not read grants.",
    },
    check: Check::Observed(check),
};

fn check(policy: &LoadedPolicy, bucket: &BucketWish, observed: &Observed) -> Vec<Finding> {
    let Some((name, Fact::Known(document))) = super::key(bucket, observed) else { return Vec::new() };
    let (Some(access), Some(key)) = (&policy.policy.spec.access, Document::to::<Key>(document)) else { return Vec::new() };
    let key_policy = iam::canonical(&key.policy);
    if key.state != "Enabled" || delegates(&key_policy, &key.arn) {
        return Vec::new();
    }
    let needs = [(&access.writer, "kms:GenerateDataKey"), (&access.writer, "kms:Decrypt"), (&access.keeper, "kms:Decrypt"), (&access.restorer, "kms:Decrypt")];
    let needs = needs.into_iter().filter_map(|(role, action)| Some((&role.as_ref()?.role, action)));
    let kept_out: Vec<String> =
        needs.filter(|(role, action)| !admits(&key_policy, role, action)).map(|(role, action)| format!("`{role}` from {action}")).collect();
    if kept_out.is_empty() {
        return Vec::new();
    }
    let title = format!("the policy of key `{name}` keeps out {}", kept_out.join(", "));
    let finding = policy.mark(Finding::error(title), "/spec/storage/encryption/key", "it does not delegate to IAM");
    let finding = finding.why("backups cannot be written, or cannot be read, whatever the roles are granted");
    vec![finding.instead("let the key policy allow kms:* to the root of its account, or name the roles in it")]
}

fn statements(policy: &Value) -> impl Iterator<Item = &Value> {
    let allowing = policy.get("Statement").and_then(Value::as_array).into_iter().flatten();
    allowing.filter(|statement| statement.get("Effect").and_then(Value::as_str) == Some("Allow"))
}

fn has(statement: &Value, field: &str, test: impl Fn(&str) -> bool) -> bool {
    statement.pointer(field).and_then(Value::as_array).is_some_and(|list| list.iter().filter_map(Value::as_str).any(test))
}

/// Whether the account itself may do everything without a condition: then IAM decides.
fn delegates(policy: &Value, arn: &str) -> bool {
    let mut parts = arn.split(':');
    let (partition, account) = (parts.nth(1).unwrap_or_default(), parts.nth(2).unwrap_or_default());
    let root = format!("arn:{partition}:iam::{account}:root");
    statements(policy).any(|statement| {
        statement.get("Condition").is_none() && has(statement, "/Principal/AWS", |who| who == root) && has(statement, "/Action", |action| action == "kms:*")
    })
}

/// Whether the key policy names a role for an action; a condition may still keep it out, which is not judged.
fn admits(policy: &Value, role: &str, action: &str) -> bool {
    let named = |who: &str| who == "*" || who.rsplit_once('/').is_some_and(|(_, name)| name == role);
    let covers = |pattern: &str| pattern == action || pattern.strip_suffix('*').is_some_and(|start| action.starts_with(start));
    statements(policy).any(|statement| has(statement, "/Principal/AWS", named) && has(statement, "/Action", covers))
}
