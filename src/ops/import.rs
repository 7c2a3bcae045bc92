//! `lifeboat import`: reads a bucket and writes the policy that it already keeps. Changes nothing.

use std::collections::BTreeSet;

use super::{OpError, Where, identify};
use crate::catalog::physical;
use crate::compile;
use crate::import::{self, LiveRoles, Subject};
use crate::model::fact::Fact;
use crate::model::finding::Level;
use crate::model::id::{ResourceId, ResourceKind};
use crate::model::request::{Read, ReadOp};
use crate::model::resource::{BucketPlace, Identity, ObservedResource, RolePlaces};
use crate::observe;
use crate::plan::{self, Ask};
use crate::policy::{self, ConfigFile};
use crate::ports::Ports;
use crate::ports::aws::{Aws, Begun};
use crate::ports::system::{SystemClock, SystemEntropy};
use crate::rules;
use crate::settings;
use crate::source;
use crate::view::import::ImportView;

/// What is imported.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The bucket.
    pub bucket: String,
    /// Name of the policy; none = made of the bucket's.
    pub name: Option<String>,
    /// Prefix of the backups; none = the name of the policy.
    pub prefix: Option<String>,
    /// Names of roles that may be the policy's.
    pub roles: Vec<String>,
}

/// Reads the bucket, writes its policy, and proves it: the policy is compiled and planned against what was read.
///
/// # Errors
/// When there is no usable identity, or no such bucket that can be read.
pub async fn import(place: &Where, wanted: &Wanted) -> Result<ImportView, OpError> {
    let region = std::env::var("AWS_REGION").or_else(|_| std::env::var("AWS_DEFAULT_REGION")).unwrap_or_else(|_| "us-east-1".to_owned());
    let (ports, identity, _) = connected(&wanted.bucket, &region).await?;
    let id = ResourceId::Bucket(wanted.bucket.clone());
    let exists = ports.cloud.read(&Read { op: ReadOp::BucketExists, target: id.clone() }).await;
    let region = match exists {
        Fact::Known(document) => document.to::<crate::model::aspects::Existence>().and_then(|found| found.region).unwrap_or(region),
        Fact::Absent => return Err(no_bucket(&wanted.bucket, "there is none of that name")),
        Fact::Unknown(why) => return Err(no_bucket(&wanted.bucket, &why.to_string())),
    };
    let (ports, _, unfilled_keys) = connected(&wanted.bucket, &region).await?;
    let mut live = ObservedResource::default();
    for setting in settings::of_kind(ResourceKind::Bucket) {
        live.facts.insert(setting.read, ports.cloud.read(&Read { op: setting.read, target: id.clone() }).await);
    }
    // Where roles are and what they may do of evidence is said by the config repo that the policy is for, if there is one.
    let files = source::read(&place.repo, place.rev.as_deref()).map(|source| source.files).unwrap_or_default();
    let repository = files.into_iter().find(|file| file.path == "lifeboat.yaml").filter(|_| !wanted.roles.is_empty());
    let name = wanted.name.clone().unwrap_or_else(|| policy_name(&wanted.bucket));
    let prefix = wanted.prefix.clone().unwrap_or_else(|| format!("{name}/"));
    let account = Some(identity.account.as_str()).filter(|account| account.len() == 12);
    let repositories = repositories(&ports, &wanted.bucket, &prefix).await;
    let elsewhere = match observe::search(&ports, &wanted.bucket, &prefix).await {
        Ok(found) => Fact::Known(found),
        Err(error) => Fact::Unknown(error.why()),
    };
    let subject = Subject {
        policy: &name,
        bucket: &wanted.bucket,
        account,
        region: &region,
        prefix: &prefix,
        repository: repository.as_ref(),
        unfilled_keys,
        repositories: &repositories,
        elsewhere: &elsewhere,
    };
    let roles = roles(&ports, &wanted.roles).await;
    let imported = import::policy(&subject, &live, &roles);
    let left = left_to_do(&subject, &imported.yaml, &ports, identity.clone()).await?;
    Ok(ImportView::of(&name, &wanted.bucket, imported, left))
}

/// The repositories of other engines below the prefix, by a listing: what a plan lists too.
async fn repositories(ports: &Ports, bucket: &str, prefix: &str) -> Fact<Vec<physical::Place>> {
    match observe::gather(ports, bucket, (prefix, prefix), &[]).await {
        Ok(found) => Fact::Known(physical::places(found.objects.iter().map(|object| object.key.as_str()))),
        Err(error) => Fact::Unknown(error.why()),
    }
}

async fn connected(bucket: &str, region: &str) -> Result<(Ports, Identity, &'static [&'static str]), OpError> {
    let place = BucketPlace { name: bucket.to_owned(), account: None, region: region.to_owned(), endpoint: None };
    let aws = std::sync::Arc::new(Aws::connect(Begun::new(super::request_timeout()?), &[place]).await);
    let ports = Ports { cloud: aws.clone(), objects: aws.clone(), clock: std::sync::Arc::new(SystemClock), entropy: std::sync::Arc::new(SystemEntropy) };
    let identity = identify(&ports, Some(&aws)).await?;
    Ok((ports, identity, aws.quirks().unfilled_keys))
}

/// All about roles.
async fn roles(ports: &Ports, names: &[String]) -> LiveRoles {
    let mut out = LiveRoles::new();
    for name in names {
        let seen = out.entry(name.clone()).or_default();
        let asked = settings::of_kind(ResourceKind::Role).map(|setting| setting.read).chain([ReadOp::RoleProfiles]).collect::<BTreeSet<_>>();
        for op in asked {
            seen.facts.insert(op, ports.cloud.read(&Read { op, target: ResourceId::Role(name.clone()) }).await);
        }
    }
    out
}

fn no_bucket(bucket: &str, why: &str) -> OpError {
    OpError::Setup {
        message: format!("bucket {bucket} cannot be imported: {why}"),
        hint: "look at the name, the account and the region (AWS_PROFILE, AWS_REGION)".to_owned(),
    }
}

/// A bucket's name as that of a policy: it may begin with a digit and hold dots, a policy's may not.
fn policy_name(bucket: &str) -> String {
    let name: String = bucket.chars().map(|c| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '-' }).collect();
    let name = name.trim_matches(|c: char| c == '-').to_owned();
    let name = if name.starts_with(|c: char| c.is_ascii_digit()) { format!("bucket-{name}") } else { name };
    name.chars().take(40).collect()
}

/// What a plan of the written policy would still do: nothing, or the promise of the command is broken and it is said.
async fn left_to_do(subject: &Subject<'_>, yaml: &str, ports: &Ports, identity: Identity) -> Result<Vec<String>, OpError> {
    let file = ConfigFile { path: format!("policies/{}.yaml", subject.policy), bytes: yaml.as_bytes().to_vec() };
    let files: Vec<ConfigFile> = subject.repository.into_iter().cloned().chain([file]).collect();
    let loaded = policy::load(&files);
    let (mut desired, contradictions) = compile::compile(&loaded, subject.unfilled_keys);
    // The roles of the repository itself, and those that others of its policies want, are not what is imported.
    desired.resources.retain(|wish| wish.policies().contains(&subject.policy));
    desired.roles = RolePlaces::default();
    let judged = rules::check(&loaded.policies);
    let mut out: Vec<String> = loaded
        .findings
        .iter()
        .chain(contradictions.iter().chain(&judged).filter(|finding| finding.level == Level::Error))
        .map(|finding| finding.title.clone())
        .collect();
    let observed = observe::observe(&desired, ports, Fact::Known(identity)).await;
    let plan = plan::asked(&desired, &observed, &Ask::default());
    out.extend(plan.steps.iter().map(plan::Step::id));
    out.extend(plan.held.iter().map(|held| format!("{}@{}: {}", held.setting, held.resource, held.hold.sentence())));
    out.sort();
    out.dedup();
    Ok(out)
}
