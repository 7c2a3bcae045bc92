//! A bucket and roles of another account: `plan` and `apply` take on the roles that the policy names, and whoever runs them
//! needs no right of its own but that.

use aws_config::BehaviorVersion;
use aws_sdk_s3::types::{BucketLocationConstraint, BucketVersioningStatus, CreateBucketConfiguration, VersioningConfiguration};
use lifeboat::model::aspects::Grants;
use lifeboat::model::fact::Fact;
use lifeboat::model::id::ResourceId;
use lifeboat::model::request::{Read, ReadOp};
use lifeboat::ports::Cloud as _;
use lifeboat::ports::aws::Aws;

use super::cli::Config;

const ACCOUNT: &str = "000000000000";

async fn role(name: &str, actions: &str) -> String {
    role_on(name, actions, "\"*\"").await
}

async fn role_on(name: &str, actions: &str, resources: &str) -> String {
    let base = aws_config::defaults(BehaviorVersion::latest()).profile_name("admin").load().await;
    let iam = aws_sdk_iam::Client::new(&base);
    let trust = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{ACCOUNT}:user/job"}},"Action":"sts:AssumeRole"}}]}}"#
    );
    let made = iam.create_role().path("/lifeboat/elsewhere/").role_name(name).assume_role_policy_document(trust).send().await.unwrap();
    let may = format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":{actions},"Resource":{resources}}}]}}"#);
    iam.put_role_policy().role_name(name).policy_name("may").policy_document(may).send().await.unwrap();
    made.role().unwrap().arn().to_owned()
}

#[tokio::test]
async fn plan_and_apply_take_on_the_roles_that_the_policy_names() {
    let config = Config::new("elsewhere");
    std::fs::remove_file(config.path().join("lifeboat.yaml")).unwrap();
    let own = config.lifeboat("job", &["plan"]);
    assert!(own.code == 5 && own.out.contains("bucket shop-elsewhere-orders"), "job itself may read nothing: {}{}", own.out, own.err);
    let plan = role("elsewhere-planner", r#"["s3:Get*","s3:List*","iam:Get*","iam:List*"]"#).await;
    let apply = role("elsewhere-applier", r#"["s3:*","iam:*"]"#).await;
    let wish = format!("    account: \"{ACCOUNT}\"\n    assumeRole: {{plan: \"{plan}\", apply: \"{apply}\"}}\n    region:");
    config.edit("    region:", &wish);
    let pending = config.lifeboat("job", &["plan"]);
    assert_eq!(pending.code, 4, "{}{}", pending.out, pending.err);
    let done = config.lifeboat("job", &["apply"]);
    assert!(done.code == 0 && done.out.contains("13 steps done"), "{}{}", done.out, done.err);
    let again = config.lifeboat("job", &["plan"]);
    assert_eq!(again.code, 0, "{}{}", again.out, again.err);
    config.edit(&plan, &format!("arn:aws:iam::{ACCOUNT}:role/lifeboat/elsewhere/nobody"));
    let orders = std::fs::read_to_string(config.path().join("policies/orders.yaml")).unwrap();
    let carts =
        orders.replace("name: orders", "name: carts").replace("elsewhere-", "elsewhere-carts-").replace("/elsewhere-carts-applier", "/elsewhere-applier");
    let carts = carts.replace("elsewhere/nobody", "elsewhere/elsewhere-planner");
    std::fs::write(config.path().join("policies/carts.yaml"), carts).unwrap();
    let refused = config.lifeboat("job", &["plan"]);
    assert_eq!(refused.code, 5, "{}{}", refused.out, refused.err);
    assert!(refused.out.contains("let this identity assume the role"), "{}", refused.out);
    assert!(refused.out.contains("13 to add"), "the other policy is planned: {}", refused.out);
    let other = config.lifeboat("job", &["plan", "--policy", "carts"]);
    assert_eq!(other.code, 4, "{}{}", other.out, other.err);
    config.edit(&format!("apply: \"{apply}\""), &format!("apply: \"arn:aws:iam::{ACCOUNT}:role/lifeboat/elsewhere/nobody\""));
    let stopped = config.lifeboat("job", &["apply"]);
    assert!(stopped.code == 1 && stopped.err.contains("a role of another account cannot be taken on"), "{} {}{}", stopped.code, stopped.out, stopped.err);
    assert!(stopped.err.contains("role/lifeboat/elsewhere/nobody"), "{}", stopped.err);
    let done = config.lifeboat("job", &["apply", "--policy", "carts"]);
    assert!(done.code == 0 && done.out.contains("13 steps done"), "{}{}", done.out, done.err);
}

/// Neither whoever plans nor the role for the originals may look at the replica: the role for it may, and nothing else.
#[tokio::test]
async fn a_replica_is_looked_at_with_the_role_of_its_account() {
    let config = Config::new("copied");
    std::fs::remove_file(config.path().join("lifeboat.yaml")).unwrap();
    let admin = super::access::s3("admin").await;
    let place = CreateBucketConfiguration::builder().location_constraint(BucketLocationConstraint::EuWest1).build();
    admin.create_bucket().bucket("copied-replica").create_bucket_configuration(place).send().await.unwrap();
    let on = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
    admin.put_bucket_versioning().bucket("copied-replica").versioning_configuration(on).send().await.unwrap();
    let plan = role_on("copied-planner", r#"["s3:Get*","s3:List*","iam:Get*","iam:List*"]"#, r#"["arn:aws:s3:::shop-copied-*","arn:aws:iam::*"]"#).await;
    let apply = role_on("copied-applier", r#"["s3:*","iam:*"]"#, r#"["arn:aws:s3:::shop-copied-*","arn:aws:iam::*"]"#).await;
    let reader =
        role_on("copied-reader", r#"["s3:GetBucketVersioning","s3:GetLifecycleConfiguration","s3:GetBucketPolicy"]"#, r#""arn:aws:s3:::copied-replica""#).await;
    let replica = |taken: &str| {
        let copier = format!("arn:aws:iam::{ACCOUNT}:role/copier");
        format!("    replication: {{bucket: copied-replica, account: \"{ACCOUNT}\", region: eu-west-1, role: \"{copier}\"{taken}}}\n    region:")
    };
    config.edit("    region:", &format!("    account: \"{ACCOUNT}\"\n    assumeRole: {{plan: \"{plan}\", apply: \"{apply}\"}}\n{}", replica("")));
    let shut = config.lifeboat("job", &["plan"]);
    assert!(shut.err.contains("whether replica `copied-replica` has rules of its own is not known"), "{}{}", shut.out, shut.err);
    let taken = format!(", assumeRole: {{role: \"{reader}\"}}");
    config.edit("role/copier\"}", &format!("role/copier\"{taken}}}"));
    let seen = config.lifeboat("job", &["plan"]);
    assert!(seen.err.contains("no lifecycle rule of replica `copied-replica` expires copies by age"), "{}{}", seen.out, seen.err);
    assert!(seen.code == 4 && !seen.out.contains("is not known") && !seen.err.contains("is not known"), "{}{}", seen.out, seen.err);
    // One that cannot be had: nothing of the replica is asked with other credentials, and an apply does not begin.
    config.edit(&reader, &format!("arn:aws:iam::{ACCOUNT}:role/lifeboat/elsewhere/nobody"));
    let refused = config.lifeboat("job", &["plan"]);
    assert!(refused.err.contains("whether replica `copied-replica` has rules of its own is not known"), "{}{}", refused.out, refused.err);
    let stopped = config.lifeboat("job", &["apply"]);
    assert!(stopped.code == 1 && stopped.err.contains("role/lifeboat/elsewhere/nobody"), "{} {}{}", stopped.code, stopped.out, stopped.err);
}

/// Inline and managed policies of a role that others made, in the version that counts.
#[tokio::test]
async fn the_documents_of_a_role_of_others_are_read() {
    let base = aws_config::defaults(BehaviorVersion::latest()).profile_name("admin").load().await;
    let iam = aws_sdk_iam::Client::new(&base);
    role("elsewhere-replicator", r#"["s3:ReplicateObject"]"#).await;
    let document = |action: &str| format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"{action}","Resource":"*"}}]}}"#);
    let made = iam.create_policy().policy_name("elsewhere-copies").policy_document(document("s3:ListBucket")).send().await.unwrap();
    let arn = made.policy().and_then(|policy| policy.arn()).unwrap();
    iam.create_policy_version().policy_arn(arn).policy_document(document("s3:ReplicateTags")).set_as_default(true).send().await.unwrap();
    iam.attach_role_policy().role_name("elsewhere-replicator").policy_arn(arn).send().await.unwrap();
    let aws = Aws::with(base, &[]).await;
    let ask = |name: &str| Read { op: ReadOp::RoleGrants, target: ResourceId::Role(name.to_owned()) };
    let read = aws.read(&ask("elsewhere-replicator")).await;
    let found: Grants = read.known().and_then(|document| document.to()).unwrap_or_else(|| panic!("{read:?}"));
    let actions: Vec<(&str, String)> = found.policies.iter().map(|(name, policy)| (name.as_str(), policy["Statement"][0]["Action"].to_string())).collect();
    assert_eq!(actions, [(arn, "\"s3:ReplicateTags\"".to_owned()), ("may", "[\"s3:ReplicateObject\"]".to_owned())]);
    assert!(found.unread.is_empty() && found.bounds.is_empty(), "{found:?}");
    assert_eq!(aws.read(&ask("elsewhere-nobody")).await, Fact::Absent);
}
