//! Rule `replication-role-is-closed`.

use super::{Check, Rule, RuleDocs};
use crate::model::aspects::RoleTrust;
use crate::model::document::Document;
use crate::model::fact::{Fact, Why};
use crate::model::finding::{Finding, Level};
use crate::model::iam;
use crate::model::request::ReadOp;
use crate::model::resource::{BucketWish, Observed};
use crate::policy::LoadedPolicy;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "replication-role-is-closed",
    level: Level::Warning,
    since: "0.1.0",
    summary: "the role that is to copy is missing, or S3 may not take it on",
    docs: RuleDocs {
        checks: "That the role which replication names is there and that its trust lets `s3.amazonaws.com` in. What it may do is judged by replication-role-cannot-copy.",
        why: "S3 takes a replication whose role does not let it in, and then copies nothing; each object says FAILED in its replication status, and nobody is told (S3 User Guide, \"Setting up permissions for live replication\").",
        example: "storage: {account: \"111122223333\", replication: {bucket: shop-replica, region: eu-central-1, role: \"arn:aws:iam::111122223333:role/dr-replicator\"}}\nliveReplicator: {Statement: [{Effect: Allow, Principal: {Service: ec2.amazonaws.com}, Action: \"sts:AssumeRole\"}]}",
        instead: "storage: {account: \"111122223333\", replication: {bucket: shop-replica, region: eu-central-1, role: \"arn:aws:iam::111122223333:role/dr-replicator\"}}\nliveReplicator: {Statement: [{Effect: Allow, Principal: {Service: s3.amazonaws.com}, Action: \"sts:AssumeRole\"}]}",
        when: "While the role is not there yet.",
    },
    check: Check::Observed(check),
};

fn check(policy: &LoadedPolicy, bucket: &BucketWish, observed: &Observed) -> Vec<Finding> {
    let Some(role) = bucket.replication.as_ref().and_then(|replica| replica.role_id()) else { return Vec::new() };
    let fact = observed.resources.get(&role).map(|seen| seen.fact(ReadOp::RoleTrust));
    let title = match fact {
        None | Some(Fact::Unknown(Why::NotAsked)) => return Vec::new(),
        Some(Fact::Known(document)) if lets_s3_in(&document) => return Vec::new(),
        Some(Fact::Known(_)) => format!("the trust of {role} does not let S3 in"),
        Some(Fact::Absent) => format!("{role}, which is to copy, is missing"),
        Some(Fact::Unknown(why)) => format!("whether S3 may take on {role} is not known: {why}"),
    };
    let finding = policy.mark(Finding::error(title), "/spec/storage/replication/role", "nothing is copied without it");
    let finding = finding.why("S3 takes such a replication without a word and copies nothing");
    vec![finding.instead("let its trust policy allow sts:AssumeRole to the service s3.amazonaws.com")]
}

fn lets_s3_in(document: &Document) -> bool {
    let Some(trust) = document.to::<RoleTrust>() else { return false };
    iam::principals(&trust.trust).iter().any(|who| who.strip_prefix("Service ").is_some_and(|service| service.starts_with("s3.amazonaws.com")))
}
