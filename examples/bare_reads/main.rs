//! The questions of `lifeboat plan`, asked by nothing but the AWS SDK: what a plan is measured against (`make bench`).
//!
//! `bare_reads REPO` prints how many requests were answered and how many seconds that took; `bare_reads REPO prepare` only
//! finds out what to ask. It must do nothing but ask.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Instant;

use aws_config::BehaviorVersion;
use futures_util::StreamExt as _;
use futures_util::stream;
use lifeboat::model::request::{INLINE_POLICY, Read, ReadOp};
use lifeboat::model::resource::ResourceWish;
use lifeboat::observe;
use lifeboat::ops::{self, Where};
use lifeboat::ports::quirks::OTHER;

/// As many as lifeboat asks at once at the most.
const AT_ONCE: usize = 64;

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
    let repo = std::env::args().nth(1).ok_or("bare_reads REPO")?;
    let prepared = ops::prepare(&Where { repo, rev: None }, &OTHER)?;
    let mut asks: Vec<Ask> = observe::questions(&prepared.desired).into_iter().map(Ask::Setting).collect();
    for wish in &prepared.desired.resources {
        if let ResourceWish::Bucket(bucket) = wish {
            asks.extend(bucket.tenants.iter().map(|tenant| Ask::List(bucket.name.clone(), tenant.prefix.clone())));
        }
    }
    let first = prepared.desired.resources.iter().find_map(|wish| match wish {
        ResourceWish::Bucket(bucket) => Some(bucket.name.clone()),
        _ => None,
    });
    asks.extend(first.map(Ask::Look));
    if std::env::args().nth(2).is_some_and(|word| word == "prepare") {
        return Ok(());
    }
    let begun = Instant::now();
    let base = aws_config::defaults(BehaviorVersion::latest()).load().await;
    let s3 = aws_sdk_s3::Client::from_conf(aws_sdk_s3::config::Builder::from(&base).force_path_style(true).build());
    let clients = Arc::new(Clients { s3, iam: aws_sdk_iam::Client::new(&base) });
    aws_sdk_sts::Client::new(&base).get_caller_identity().send().await?;
    let mut answers = stream::iter(asks).map(|ask| one(Arc::clone(&clients), ask)).buffer_unordered(AT_ONCE);
    let mut requests = 0;
    while let Some(asked) = answers.next().await {
        requests += asked;
    }
    writeln!(std::io::stdout(), "{requests} {:.4}", begun.elapsed().as_secs_f64())?;
    Ok(())
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
