//! Rule `replica-keeps-copies-out`.

use super::copying::{self, Copier};
use super::{Check, Rule, RuleDocs};
use crate::model::fact::{Fact, Why};
use crate::model::finding::{Finding, Level};
use crate::model::iam::grants::{self, Grant};
use crate::model::id::ResourceId;
use crate::model::request::ReadOp;
use crate::model::resource::{BucketWish, Observed};
use crate::policy::LoadedPolicy;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "replica-keeps-copies-out",
    level: Level::Warning,
    since: "0.1.0",
    summary: "the bucket of another account that is to receive the copies does not let them in, or that is not known",
    docs: RuleDocs {
        checks: "Where the copies go to another account: that the bucket policy there grants the role that copies s3:ReplicateObject, s3:ReplicateTags and s3:ObjectOwnerOverrideToBucketOwner on the objects. A policy that cannot be read, and a condition whose outcome is not known, are said as not known.",
        why: "Across accounts both sides must grant: without the bucket policy every copy fails, and nobody is told (S3 User Guide, \"Granting permissions when the source and destination buckets are owned by different AWS accounts\").",
        example: "storage: {account: \"111122223333\", replication: {bucket: shop-replica, account: \"444455556666\", region: eu-central-1, role: \"arn:aws:iam::111122223333:role/dr-replicator\"}}\nliveReplicaPolicy: {Statement: [{Effect: Allow, Principal: {AWS: \"arn:aws:iam::111122223333:role/other\"}, Action: \"s3:*\", Resource: \"*\"}]}",
        instead: "storage: {account: \"111122223333\", replication: {bucket: shop-replica, account: \"444455556666\", region: eu-central-1, role: \"arn:aws:iam::111122223333:role/dr-replicator\"}}\nliveReplicaPolicy: {Statement: [{Effect: Allow, Principal: {AWS: \"arn:aws:iam::111122223333:role/dr-replicator\"}, Action: [\"s3:ReplicateObject\", \"s3:ReplicateTags\", \"s3:ObjectOwnerOverrideToBucketOwner\"], Resource: \"arn:aws:s3:::shop-replica/*\"}]}",
        when: "Where only the other account may read its bucket policy, and its owner says that the role is let in. S3 answers a bucket policy to nobody of another account.",
    },
    check: Check::Observed(check),
};

fn check(policy: &LoadedPolicy, bucket: &BucketWish, observed: &Observed) -> Vec<Finding> {
    let Some(replica) = bucket.replication.as_ref().filter(|replica| replica.is_elsewhere(bucket.account.as_ref())) else { return Vec::new() };
    let target = ResourceId::Bucket(replica.bucket.clone());
    let fact = observed.resources.get(&target).map(|seen| seen.fact(ReadOp::BucketPolicy));
    let copier = Copier::of(replica);
    let root = format!("arn:{}:iam::{}:root", copier.partition, copier.account);
    let (mut lacking, mut unclear) = (Vec::new(), Vec::new());
    match fact {
        None | Some(Fact::Unknown(Why::NotAsked)) => return Vec::new(),
        Some(Fact::Unknown(why)) => unclear.push(why.to_string()),
        Some(Fact::Absent) => lacking.push("it has no bucket policy".to_owned()),
        Some(Fact::Known(document)) => {
            for right in copying::writing(policy, bucket, replica, copier.partition) {
                match right.judged(&[copier.arn, &root], |ask| grants::judge([document.value()], ask)) {
                    Grant::Granted => {}
                    Grant::Missing => lacking.push(format!("{} on {} is not granted", right.action, right.resource())),
                    Grant::Refused(sid) => lacking.push(format!("{} on {} is refused by {sid}", right.action, right.resource())),
                    Grant::Unclear(why) => unclear.push(format!("{} on {}: {why}", right.action, right.resource())),
                }
            }
        }
    }
    let finding = |title: String, label: String| {
        let finding = policy.mark(Finding::error(title), "/spec/storage/replication/bucket", label);
        let finding = finding.why("across accounts both sides must grant, and S3 tells nobody what it may not copy");
        finding.instead(format!("have the owner of `{}` let {} in by its bucket policy", replica.bucket, copier.arn))
    };
    let mut out = Vec::new();
    if !lacking.is_empty() {
        out.push(finding(format!("{target} does not let the copies in"), lacking.join(", ")));
    }
    if !unclear.is_empty() {
        out.push(finding(format!("whether {target} lets the copies in is not known"), unclear.join("; ")));
    }
    out
}
