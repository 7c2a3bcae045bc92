//! The questions of `lifeboat plan`, asked by nothing but the AWS SDK: what a plan is measured against (`make bench`).
//!
//! `bare_reads REPO questions` writes what there is to ask as JSON; `bare_reads FILE` asks it, and prints how many requests were
//! answered. It must do nothing but ask, so that the time of its whole process is that of the SDK.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use aws_config::BehaviorVersion;
use futures_util::StreamExt as _;
use futures_util::stream;
use lifeboat::model::request::{INLINE_POLICY, Read, ReadOp};
use lifeboat::model::resource::ResourceWish;
use lifeboat::observe;
use lifeboat::ops::{self, Where};
use lifeboat::ports::quirks::OTHER;
use serde::{Deserialize, Serialize};

/// As many as lifeboat asks at once at the most.
const AT_ONCE: usize = 64;

#[derive(Serialize, Deserialize)]
enum Ask {
    Setting(Read),
    List(String, String),
    /// What the endpoint is, which is not Amazon's.
    Look(String),
}

struct Clients {
    s3: aws_sdk_s3::Client,
    iam: aws_sdk_iam::Client,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let place = arguments.next().ok_or("bare_reads FILE")?;
    if arguments.next().is_some_and(|word| word == "questions") {
        return Ok(serde_json::to_writer(std::io::stdout(), &questions(place)?)?);
    }
    let asks: Vec<Ask> = serde_json::from_slice(&std::fs::read(Path::new(&place))?)?;
    let base = aws_config::defaults(BehaviorVersion::latest()).load().await;
    let s3 = aws_sdk_s3::Client::from_conf(aws_sdk_s3::config::Builder::from(&base).force_path_style(true).build());
    let clients = Arc::new(Clients { s3, iam: aws_sdk_iam::Client::new(&base) });
    aws_sdk_sts::Client::new(&base).get_caller_identity().send().await?;
    let mut answers = stream::iter(asks).map(|ask| one(Arc::clone(&clients), ask)).buffer_unordered(AT_ONCE);
    let mut requests = 0;
    while let Some(asked) = answers.next().await {
        requests += asked;
    }
    writeln!(std::io::stdout(), "{requests}")?;
    Ok(())
}

/// All that `plan` asks of a config repo, but who it is.
fn questions(repo: String) -> Result<Vec<Ask>, Box<dyn std::error::Error>> {
    let prepared = ops::prepare(&Where { repo, rev: None }, &OTHER)?;
    let mut asks: Vec<Ask> = observe::questions(&prepared.desired).into_iter().map(Ask::Setting).collect();
    let mut looked = false;
    for wish in &prepared.desired.resources {
        if let ResourceWish::Bucket(bucket) = wish {
            asks.extend((!looked).then(|| Ask::Look(bucket.name.clone())));
            looked = true;
            asks.extend(bucket.tenants.iter().map(|tenant| Ask::List(bucket.name.clone(), tenant.prefix.clone())));
        }
    }
    Ok(asks)
}

/// Asks; an error is an answer too. How many requests that were.
async fn one(clients: Arc<Clients>, ask: Ask) -> usize {
    let (s3, iam) = (&clients.s3, &clients.iam);
    let read = match ask {
        Ask::Setting(read) => read,
        Ask::Look(bucket) => {
            drop(s3.head_bucket().bucket(bucket).send().await);
            return 1;
        }
        Ask::List(bucket, prefix) => {
            drop(s3.list_objects_v2().bucket(bucket).prefix(prefix).send().await);
            return 1;
        }
    };
    let name = read.target.name();
    match read.op {
        ReadOp::BucketExists => drop(s3.head_bucket().bucket(name).send().await),
        ReadOp::BucketTags => drop(s3.get_bucket_tagging().bucket(name).send().await),
        ReadOp::BucketVersioning => drop(s3.get_bucket_versioning().bucket(name).send().await),
        ReadOp::BucketEncryption => drop(s3.get_bucket_encryption().bucket(name).send().await),
        ReadOp::BucketPublicAccess => drop(s3.get_public_access_block().bucket(name).send().await),
        ReadOp::BucketLifecycle => drop(s3.get_bucket_lifecycle_configuration().bucket(name).send().await),
        ReadOp::BucketOwnership => drop(s3.get_bucket_ownership_controls().bucket(name).send().await),
        ReadOp::BucketPolicy => drop(s3.get_bucket_policy().bucket(name).send().await),
        ReadOp::BucketObjectLock => drop(s3.get_object_lock_configuration().bucket(name).send().await),
        ReadOp::BucketReplication => drop(s3.get_bucket_replication().bucket(name).send().await),
        ReadOp::BucketLogging => drop(s3.get_bucket_logging().bucket(name).send().await),
        ReadOp::RoleTrust => drop(iam.get_role().role_name(name).send().await),
        ReadOp::RolePermissions => drop(iam.get_role_policy().role_name(name).policy_name(INLINE_POLICY).send().await),
        ReadOp::RoleAttached => drop(iam.list_attached_role_policies().role_name(name).send().await),
        ReadOp::RoleInline => drop(iam.list_role_policies().role_name(name).send().await),
        // No policy of scripts/fleet raises another question.
        _ => return 0,
    }
    1
}
