//! `lifeboat status` over many databases with many backups each, in the simulator: what `make bench` says of it.
//!
//! `status REPO BACKUPS` puts so many backups of every set there, a day apart, tagged as a keeper leaves them, asks for the status, and
//! prints how many databases stand there, how many requests that took, how many seconds, and by how many MiB the process grew over
//! what the simulator itself holds. It must do nothing else.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use lifeboat::catalog::layout;
use lifeboat::catalog::prices::Prices;
use lifeboat::model::lifecycle::EXPIRE_TAG;
use lifeboat::model::request::ReadOp;
use lifeboat::model::resource::{BucketWish, ResourceWish};
use lifeboat::ops::{self, Prepared, Where, status};
use lifeboat::policy::LoadedPolicy;
use lifeboat::ports::quirks::AWS;
use lifeboat::ports::sim::World;
use lifeboat::settings;

/// Objects of a backup.
const OBJECTS: [&str; 4] = ["begun.json", "globals.sql.zst", "shop.dump.zst", "manifest.json"];

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, repo, backups] = arguments.as_slice() else { return Err("status REPO BACKUPS".into()) };
    let place = Where { repo: repo.clone(), rev: None };
    let prepared = ops::prepare(&place, &AWS)?;
    let now: Timestamp = "2026-11-23T12:00:00Z".parse()?;
    let world = filled(&prepared, backups.parse()?, now).await?;
    let held = memory("VmRSS")?;
    let begun = Instant::now();
    let (view, ..) = status::of(&place, &prepared, &world.ports(), None, Prices::shipped()).await?;
    let seconds = begun.elapsed().as_secs_f64();
    let grown = memory("VmHWM")?.saturating_sub(held);
    let stored: usize = view.storage.iter().flat_map(|storage| &storage.classes).map(|class| usize::try_from(class.objects).unwrap_or(0)).sum();
    writeln!(std::io::stdout(), "{} {stored} {} {seconds:.4} {grown}", view.policies.len(), world.requests())?;
    Ok(())
}

/// The buckets as the policies want them, with backups a day apart, the newest of last night.
async fn filled(prepared: &Prepared, backups: i64, now: Timestamp) -> Result<Arc<World>, Box<dyn std::error::Error>> {
    let world = World::at(now - SignedDuration::from_hours(24 * backups));
    for bucket in buckets(prepared) {
        world.put_bucket(&bucket.name, &bucket.region);
        wanted(&world, bucket, "bucket-versioning", ReadOp::BucketVersioning);
    }
    for number in (0..backups).rev() {
        world.advance((now - SignedDuration::from_hours(24 * number + 10)).duration_since(world.ports().clock.now()));
        for policy in &prepared.loaded.policies {
            put(&world, policy, number).await?;
        }
    }
    world.advance(now.duration_since(world.ports().clock.now()));
    // Only now, so that all of them are there to be looked at.
    for bucket in buckets(prepared) {
        wanted(&world, bucket, "bucket-lifecycle", ReadOp::BucketLifecycle);
    }
    world.forget();
    Ok(world)
}

fn buckets(prepared: &Prepared) -> impl Iterator<Item = &BucketWish> {
    prepared.desired.resources.iter().filter_map(|wish| if let ResourceWish::Bucket(bucket) = wish { Some(bucket) } else { None })
}

/// Makes a setting of a bucket what the policies want it to be.
fn wanted(world: &World, bucket: &BucketWish, setting: &str, read: ReadOp) {
    let wish = ResourceWish::Bucket(bucket.clone());
    world.put_bucket_setting(&bucket.name, read, settings::by_id(setting).and_then(|setting| (setting.want)(&wish)));
}

/// One backup of each set of a policy. Those that are long over have the tag that a keeper gave them.
async fn put(world: &Arc<World>, policy: &LoadedPolicy, days: i64) -> Result<(), Box<dyn std::error::Error>> {
    let (ports, storage) = (world.ports(), &policy.policy.spec.storage);
    for set in policy.policy.spec.backups.keys() {
        let folder = layout::folder(&storage.prefix, &set.0, &layout::backup_id(ports.clock.now()));
        for name in OBJECTS {
            world.put_object(&storage.bucket, &format!("{folder}{name}"), b"{}");
        }
        if days > 3 {
            let tags = [(EXPIRE_TAG.to_owned(), format!("{}/{}:daily", policy.name, set.0))].into();
            ports.objects.put_tags(&storage.bucket, &format!("{folder}{}", layout::MANIFEST), None, &tags).await?;
        }
    }
    Ok(())
}

/// What the kernel counts of this process, in MiB.
fn memory(what: &str) -> Result<u64, Box<dyn std::error::Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(':')).ok_or("the kernel counts no memory")?;
    let kib: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib / 1024)
}
