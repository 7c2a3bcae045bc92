//! Rule `replication-role-cannot-copy`.

use super::copying::{self, Copier, Right};
use super::{Check, Rule, RuleDocs};
use crate::model::aspects::Grants;
use crate::model::document::Document;
use crate::model::fact::{Fact, Why};
use crate::model::finding::{Finding, Level};
use crate::model::iam::grants::{self, Ask, Grant};
use crate::model::request::ReadOp;
use crate::model::resource::{BucketWish, Observed};
use crate::policy::LoadedPolicy;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "replication-role-cannot-copy",
    level: Level::Warning,
    since: "0.1.0",
    summary: "the role that is to copy lacks a right that copying takes, or its rights are not known",
    docs: RuleDocs {
        checks: "That the inline and attached policies of the role, within its permission boundary, grant s3:GetReplicationConfiguration and s3:ListBucket on the bucket; s3:GetObjectVersionForReplication, s3:GetObjectVersionAcl and s3:GetObjectVersionTagging on the objects below the prefix; s3:ReplicateObject and s3:ReplicateTags on their copies, with another account also s3:ObjectOwnerOverrideToBucketOwner; and with `kmsKey` kms:Decrypt on the key of the bucket and kms:Encrypt on that of the copies. A policy that cannot be read, and a condition whose outcome is not known, are said as not known. s3:ReplicateDelete is not asked for, as no delete markers are copied.",
        why: "S3 takes a replication whose role may do nothing, and then copies nothing; each object says FAILED in its replication status, and nobody is told (S3 User Guide, \"Setting up permissions for live replication\").",
        example: "storage: {account: \"111122223333\", replication: {bucket: shop-replica, region: eu-central-1, role: \"arn:aws:iam::111122223333:role/dr-replicator\"}}\nliveGrants: {policies: {copy: {Statement: [{Effect: Allow, Action: \"s3:Get*\", Resource: \"*\"}, {Effect: Allow, Action: \"s3:ListBucket\", Resource: \"*\"}]}}}",
        instead: "storage: {account: \"111122223333\", replication: {bucket: shop-replica, region: eu-central-1, role: \"arn:aws:iam::111122223333:role/dr-replicator\"}}\nliveGrants: {policies: {copy: {Statement: [{Effect: Allow, Action: [\"s3:GetReplicationConfiguration\", \"s3:ListBucket\"], Resource: \"arn:aws:s3:::shop-dr-orders\"}, {Effect: Allow, Action: \"s3:GetObjectVersion*\", Resource: \"arn:aws:s3:::shop-dr-orders/orders/*\"}, {Effect: Allow, Action: [\"s3:ReplicateObject\", \"s3:ReplicateTags\"], Resource: \"arn:aws:s3:::shop-replica/orders/*\"}]}}}",
        when: "Where the role's owner grants it in a way that lifeboat does not judge, as by a condition on a tag; what an organisation's own policies refuse is not read either.",
    },
    check: Check::Observed(check),
};

fn check(policy: &LoadedPolicy, bucket: &BucketWish, observed: &Observed) -> Vec<Finding> {
    let Some(replica) = &bucket.replication else { return Vec::new() };
    let Some(role) = replica.role_id() else { return Vec::new() };
    let fact = observed.resources.get(&role).map(|seen| seen.fact(ReadOp::RoleGrants));
    let found = match fact {
        // That it is missing is said by the rule about its trust.
        None | Some(Fact::Absent | Fact::Unknown(Why::NotAsked)) => return Vec::new(),
        Some(Fact::Unknown(why)) => Err(why.to_string()),
        Some(Fact::Known(document)) => Document::to::<Grants>(&document).ok_or_else(|| "the answer is not understood".to_owned()),
    };
    let instead = "have its owner grant what is missing (S3 User Guide, \"Setting up permissions for live replication\")";
    let finding = |title: String, label: String, instead: &str| {
        let finding = policy.mark(Finding::error(title), "/spec/storage/replication/role", label);
        finding.why("S3 takes such a replication without a word, and what may not be copied is not copied").instead(instead)
    };
    let unknown = |why: String| finding(format!("what {role} may do is not known"), why, "let this identity read the policies of the role");
    let live = match found {
        Err(why) => return vec![unknown(why)],
        Ok(live) => live,
    };
    let partition = Copier::of(replica).partition;
    let mut rights = copying::reading(policy, bucket, partition);
    rights.extend(copying::writing(policy, bucket, replica, partition));
    let (mut lacking, mut unclear) = (Vec::new(), live.unread.iter().map(|(name, why)| format!("{name}: {why}")).collect::<Vec<_>>());
    match copying::keys(policy, bucket, replica, observed, partition) {
        Ok(keys) => rights.extend(keys),
        Err(why) => unclear.push(why),
    }
    for right in &rights {
        match judged(&live, right) {
            // What is not granted by what was read may be granted by what was not.
            Grant::Missing if live.unread.is_empty() => lacking.push(format!("{} on {}", right.action, right.resource())),
            Grant::Granted | Grant::Missing => {}
            Grant::Refused(sid) => lacking.push(format!("{} on {} (refused by {sid})", right.action, right.resource())),
            Grant::Unclear(why) => unclear.push(format!("{} on {}: {why}", right.action, right.resource())),
        }
    }
    let mut out = Vec::new();
    if !lacking.is_empty() {
        out.push(finding(format!("{role} may not do all that copying takes"), format!("it lacks {}", lacking.join(", ")), instead));
    }
    if !unclear.is_empty() {
        out.push(unknown(unclear.join("; ")));
    }
    out
}

/// The policies grant, and a boundary must grant too (IAM user guide, "Permissions boundaries for IAM entities").
fn judged(live: &Grants, right: &Right) -> Grant {
    let of = |ask: &Ask<'_>| {
        let own = grants::judge(live.policies.values(), ask);
        if own != Grant::Granted {
            return own;
        }
        live.bounds.values().map(|bound| grants::judge([bound], ask)).find(|bound| *bound != Grant::Granted).unwrap_or(Grant::Granted)
    };
    right.judged(&[], of)
}
