//! `lifeboat explain restore`: which backup brings a moment back, what it needs, and the commands. Writes nothing.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Exit, OpError, Prepared, Where, check, connect, decided, identify};
use crate::catalog::prices::Prices;
use crate::model::aspects::Versioning;
use crate::model::document::Document;
use crate::model::fact::Fact;
use crate::model::id::ResourceId;
use crate::model::lifecycle::Lifecycle;
use crate::model::policy::{BackupSet, Name, PhysicalSet};
use crate::model::request::{Read, ReadOp};
use crate::model::when::When;
use crate::policy::LoadedPolicy;
use crate::ports::Ports;
use crate::source;
use crate::view::check::CheckView;
use crate::view::serving::{ServingView, moment, quoted};

mod dumps;
mod physical;

/// What it ends with.
#[derive(Debug)]
pub enum Explained {
    /// The policies have errors.
    Stopped(CheckView),
    /// The answer.
    Said(Box<ServingView>),
}

/// Says what brings `POLICY/SET` back as it was at a moment. A date and time without a zone is in that of the set's schedule.
///
/// # Errors
/// When there is no such set, the moment is none or still to come, or the bucket cannot be listed.
pub async fn restore(place: &Where, name: &str, when: When, prices: Prices) -> Result<(Explained, Exit), OpError> {
    let (prepared, ports, aws) = connect(place).await?;
    let (findings, exit) = check::view(&prepared);
    if exit == Exit::Findings {
        return Ok((Explained::Stopped(findings), exit));
    }
    let (policy, set, kind) = find(&prepared, name)?;
    let identity = identify(&ports, Some(&aws)).await?;
    let endpoint = policy.policy.spec.storage.endpoint.clone().or_else(|| aws.endpoint());
    let prices = prices.through(aws.endpoint());
    let question = Question { ports: &ports, policy, set, when, prices: &prices, revision: &prepared.revision, endpoint, options: options(place) };
    let view = match kind {
        SetKind::Dump(wish) => dumps::answer(&question, wish, &prepared, &identity).await?,
        SetKind::Physical(wish) => physical::answer(&question, wish).await?,
    };
    let exit = match view.verdict.as_str() {
        "ready" => Exit::Good,
        "thaw" => Exit::Pending,
        "undelete" => Exit::Held,
        "impossible" => Exit::Findings,
        _ => Exit::Failed,
    };
    Ok((Explained::Said(Box::new(view)), exit))
}

/// What is asked, and of whom.
struct Question<'a> {
    ports: &'a Ports,
    policy: &'a LoadedPolicy,
    set: &'a Name,
    when: When,
    prices: &'a Prices,
    revision: &'a str,
    /// Where S3 is, if not at AWS: as the policy says, else by the environment.
    endpoint: Option<String>,
    /// The options that name the config repo, for commands to copy.
    options: String,
}

/// A set of either kind.
enum SetKind<'a> {
    Dump(&'a BackupSet),
    Physical(&'a PhysicalSet),
}

/// Finds `POLICY/SET`, or the only set of `POLICY`, of either kind.
fn find<'a>(prepared: &'a Prepared, name: &str) -> Result<(&'a LoadedPolicy, &'a Name, SetKind<'a>), OpError> {
    let (policy, set) = name.split_once('/').map_or((name, None), |(policy, set)| (policy, Some(set)));
    let policy = prepared.policy(policy)?;
    let sets = &policy.policy.spec.backups;
    let dumps = sets.iter().map(|(name, set)| (name, SetKind::Dump(set)));
    let mut all: Vec<_> = dumps.chain(sets.physical.iter().map(|(name, set)| (name, SetKind::Physical(set)))).collect();
    let known = all.iter().map(|(known, _)| format!("{}/{known}", policy.name)).collect();
    match set {
        Some(set) => all.retain(|(known, _)| known.0 == set),
        None if all.len() > 1 => all.clear(),
        None => {}
    }
    all.pop().map(|(set, kind)| (policy, set, kind)).ok_or_else(|| OpError::NoSuch { kind: "backup set", name: name.to_owned(), known })
}

/// The moment that is meant, which must be over; a time of day without a zone is in that of a schedule.
fn asked(when: When, now: Timestamp, timezone: &str) -> Result<Timestamp, OpError> {
    let setup = |message: String, hint: &str| OpError::Setup { message: format!("--at: {message}"), hint: hint.to_owned() };
    let zone = TimeZone::get(timezone).unwrap_or(TimeZone::UTC);
    let at = when.at(now, &zone).map_err(|why| setup(why, "write it as 2026-11-22T12:00:00Z"))?;
    if at > now {
        return Err(setup(format!("{} is still to come", moment(at)), "name a moment that is over, as in \"10m ago\""));
    }
    Ok(at)
}

/// The lifecycle rules of the bucket and its versioning, as they are.
async fn rules(question: &Question<'_>) -> (Fact<Lifecycle>, Option<Versioning>) {
    let bucket = &question.policy.policy.spec.storage.bucket;
    let read = async |op| question.ports.cloud.read(&Read { op, target: ResourceId::Bucket(bucket.clone()) }).await;
    let (rules, versioning) = tokio::join!(read(ReadOp::BucketLifecycle), read(ReadOp::BucketVersioning));
    (decided::rules(rules), versioning.known().and_then(Document::to))
}

/// What to say where the rules could not be read.
fn unruled(rules: &Fact<Lifecycle>) -> Option<String> {
    if let Fact::Unknown(why) = rules { Some(format!("whether a rule of the bucket is about to end it is not known: {why}")) } else { None }
}

/// Where the bucket is, as options of the AWS CLI.
fn bucket_options(question: &Question<'_>) -> String {
    let storage = &question.policy.policy.spec.storage;
    let endpoint = question.endpoint.as_ref().map_or_else(String::new, |endpoint| format!(" --endpoint-url {}", quoted(endpoint)));
    format!("--bucket {} --region {}{endpoint}", quoted(&storage.bucket), quoted(&storage.region))
}

/// The options that name the config repo, for commands to copy. Credentials in its URL are not repeated: a placeholder stands there.
fn options(place: &Where) -> String {
    let repo = if place.repo == "." { String::new() } else { format!(" --repo {}", quoted(&source::shown(&place.repo))) };
    let rev = place.rev.as_ref().map_or_else(String::new, |rev| format!(" --rev {}", quoted(rev)));
    format!("{repo}{rev}")
}
