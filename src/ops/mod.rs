//! One function per command: composes ports and floors and returns a view with its exit code.
//!
//! Nothing here prints; the command line and, later, the controller call the same functions.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::backup::BackupError;
use crate::compile;
use crate::evidence::EvidenceError;
use crate::journal::lock::LockError;
use crate::model::causes::causes;
use crate::model::finding::{Finding, Level};
use crate::model::policy::SecretRef;
use crate::model::repository::ControlPlace;
use crate::model::resource::{BucketPlace, Desired, Identity, ResourceWish};
use crate::model::units::Span;
use crate::policy::{Loaded, LoadedPolicy};
use crate::ports::aws::{ATTEMPT, Aws, Begun};
use crate::ports::quirks::{AWS, Quirks};
use crate::ports::secrets::{self, Secret, SecretError};
use crate::ports::system::{SystemClock, SystemEntropy};
use crate::ports::{Kind, PortError, Ports};
use crate::restore::RestoreError;
use crate::source::{self, Source, SourceError};
use crate::view::plan::SelectedView;
use crate::{policy, rules};

mod accounts;
pub mod apply;
pub mod backup;
pub mod backups;
pub mod bootstrap;
mod catalogue;
pub mod check;
mod counted;
mod decided;
pub mod drill;
pub mod evidence;
pub mod exit;
pub mod explain;
pub mod hold;
pub mod import;
mod indexed;
mod journal;
pub mod keep;
pub mod notify;
mod overdue;
pub mod plan;
pub mod prices;
mod releases;
pub mod report;
mod repositories;
pub mod restore;
pub mod select;
pub mod show;
pub mod simulate;
pub mod status;
pub mod undo;

pub use accounts::Act;
pub use exit::Exit;
use select::Selection;

/// How many names are listed for somebody who asked for another one.
const MOST_NAMES: usize = 40;

/// Which config repo a command works on.
#[derive(Clone, Debug)]
pub struct Where {
    /// Folder or URL.
    pub repo: String,
    /// Revision; none = the folder as it is.
    pub rev: Option<String>,
}

/// Why a command could not do its work. What an author got wrong is a finding, not one of these.
#[derive(Debug, thiserror::Error)]
pub enum OpError {
    /// The config repo cannot be read.
    #[error("the config repo cannot be read")]
    Source(#[from] SourceError),
    /// The cloud cannot be used at all.
    #[error("{what}")]
    Cloud {
        /// What was needed.
        what: String,
        /// The failure.
        source: PortError,
        /// Which credentials were in use.
        credentials: Option<String>,
    },
    /// Something of the environment is not as needed.
    #[error("{message}")]
    Setup {
        /// What.
        message: String,
        /// What to do.
        hint: String,
    },
    /// No backup was taken.
    #[error("no backup of {name} was taken")]
    Backup {
        /// `POLICY/SET`.
        name: String,
        /// Whether a run began in the bucket that bears no mark of the step at which it failed.
        unmarked: bool,
        /// Why.
        source: Box<BackupError>,
    },
    /// A restore cannot begin.
    #[error("nothing was restored, and the target was not touched")]
    Unready {
        /// Why.
        source: Box<RestoreError>,
    },
    /// A restore broke off.
    #[error("the restore broke off; the target may hold a part of the backup")]
    Restore {
        /// Why.
        source: Box<RestoreError>,
    },
    /// The lock of applies cannot be had.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Evidence cannot be written or read.
    #[error("the evidence cannot be used")]
    Evidence(#[from] EvidenceError),
    /// There is nothing of that name.
    #[error("there is no {kind} `{name}`")]
    NoSuch {
        /// The kind of thing.
        kind: &'static str,
        /// The name asked for.
        name: String,
        /// The names that exist.
        known: Vec<String>,
    },
}

impl OpError {
    /// What a person can do.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Source(error) => error.hint(),
            Self::Cloud { source, credentials, .. } => {
                let hint = source.hint().map(str::to_owned);
                match (credentials, hint) {
                    (Some(credentials), Some(hint)) => Some(format!("in use: {credentials}; {hint}")),
                    (Some(credentials), None) => Some(format!("in use: {credentials}")),
                    (None, hint) => hint,
                }
            }
            Self::Evidence(error) => error.hint(),
            Self::Lock(error) => error.hint(),
            Self::Restore { source } | Self::Unready { source } => source.hint(),
            Self::Setup { hint, .. } => Some(hint.clone()),
            Self::Backup { source, .. } => source.hint(),
            Self::NoSuch { known, .. } if known.is_empty() => None,
            Self::NoSuch { known, .. } => Some(match known.split_at_checked(MOST_NAMES) {
                Some((first, rest)) if !rest.is_empty() => format!("there are: {} and {} more", first.join(", "), rest.len()),
                _ => format!("there are: {}", known.join(", ")),
            }),
        }
    }
}

/// A config repo, read and judged.
#[derive(Debug)]
pub struct Prepared {
    /// What was read, for headings.
    pub revision: String,
    /// Root folder, when read from one.
    pub root: Option<std::path::PathBuf>,
    /// Public keys by path: `keys/*.pub`.
    pub keys: BTreeMap<String, Vec<u8>>,
    /// The policies.
    pub loaded: Loaded,
    /// What they want.
    pub desired: Desired,
    /// Everything that is wrong.
    pub findings: Vec<Finding>,
    /// The part of all policies that was asked for; none = all.
    pub selected: Option<SelectedView>,
}

impl Prepared {
    /// Leaves only a part of the policies and of what they want; what was found stays, whoever it is about.
    ///
    /// # Errors
    /// When nothing is of that name.
    pub fn select(&mut self, selection: &Selection) -> Result<(), OpError> {
        self.selected = selection.cut(&mut self.loaded, &mut self.desired)?;
        Ok(())
    }

    /// Whether a finding stops plan and apply.
    pub fn has_errors(&self) -> bool {
        self.findings.iter().any(|finding| finding.level == Level::Error)
    }

    /// File of each policy by name.
    pub fn files(&self) -> BTreeMap<String, String> {
        self.loaded.policies.iter().map(|policy| (policy.name.clone(), policy.file.clone())).collect()
    }

    /// A policy by its name.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn policy(&self, name: &str) -> Result<&LoadedPolicy, OpError> {
        let known = || self.loaded.policies.iter().map(|policy| policy.name.clone()).collect();
        let found = self.loaded.policies.iter().find(|policy| policy.name == name);
        found.ok_or_else(|| OpError::NoSuch { kind: "policy", name: name.to_owned(), known: known() })
    }
}

/// Reads and judges a config repo. `quirks` are those of the endpoint that the desired state is for.
///
/// # Errors
/// When there is no config repo.
pub fn prepare(place: &Where, quirks: &Quirks) -> Result<Prepared, OpError> {
    Ok(judged(read(place)?, quirks))
}

fn read(place: &Where) -> Result<(Source, Loaded), OpError> {
    let source = source::read(&place.repo, place.rev.as_deref())?;
    let loaded = policy::load(&source.files);
    Ok((source, loaded))
}

fn judged((source, loaded): (Source, Loaded), quirks: &Quirks) -> Prepared {
    let (desired, contradictions) = compile::compile(&loaded, quirks.unfilled_keys);
    let refused = !source.findings.is_empty();
    let mut findings = source.findings;
    findings.extend(loaded.findings.iter().cloned());
    findings.extend(contradictions);
    findings.extend(rules::check(&loaded.policies));
    findings.extend(evidence::findings(loaded.repository.as_ref(), &loaded.policies, &source.files));
    if loaded.files == 0 && !refused {
        findings.push(
            Finding::error("there is no policy: the folder policies/ holds no .yaml file")
                .instead("write policies/NAME.yaml; `lifeboat policy example` prints one to begin with"),
        );
    }
    let keys = source.files.into_iter().filter(|file| file.path.starts_with("keys/")).map(|file| (file.path, file.bytes)).collect();
    Prepared { revision: source.revision, root: source.root, keys, loaded, desired, findings, selected: None }
}

/// Reads and judges a config repo for the endpoint of the AWS environment, and connects to it.
///
/// # Errors
/// When there is no config repo, or it asks for an endpoint without saying where IAM is.
pub async fn connect(place: &Where) -> Result<(Prepared, Ports, Arc<Aws>), OpError> {
    Box::pin(connect_to(place, None, &Selection::default())).await
}

/// The same with the roles of other accounts taken on that the selected policies name.
///
/// # Errors
/// Also when one of them cannot be taken on, and something is to be changed.
pub async fn connect_as(place: &Where, act: Act, selection: &Selection) -> Result<(Prepared, Ports, Arc<Aws>), OpError> {
    Box::pin(connect_to(place, Some(act), selection)).await
}

async fn connect_to(place: &Where, act: Option<Act>, selection: &Selection) -> Result<(Prepared, Ports, Arc<Aws>), OpError> {
    // Whatever is wrong with the policies is told before what is wrong with the environment.
    let begun = request_timeout().map(Begun::new);
    let read = read(place)?;
    let (begun, places) = (begun?, Arc::new(places(&read.1)));
    // Endpoints are asked what they are while the policies are judged.
    let connecting = tokio::spawn({
        let places = Arc::clone(&places);
        async move { Aws::connect(begun, &places).await }
    });
    let first = judged(read, &AWS);
    let mut aws = connecting.await.map_err(|error| OpError::Setup { message: format!("no client can be made: {error}"), hint: "report this".to_owned() })?;
    if let Some(act) = act.filter(|_| !first.has_errors()) {
        let wanted = accounts::assumed(&first.loaded, act, selection);
        aws = Box::pin(aws.assuming(&wanted, &places, act.session(), act == Act::Apply)).await.map_err(|source| OpError::Cloud {
            what: "a role of another account cannot be taken on".to_owned(),
            source,
            credentials: None,
        })?;
    }
    let aws = Arc::new(aws);
    let quirks = aws.quirks();
    let mut prepared = first;
    if quirks != AWS {
        prepared.desired = compile::compile(&prepared.loaded, quirks.unfilled_keys).0;
    }
    for wish in &mut prepared.desired.resources {
        if let ResourceWish::Bucket(bucket) = wish {
            bucket.not_taken = aws.quirks_of(&bucket.name).not_taken;
        }
    }
    let lonely = prepared.loaded.policies.iter().find(|policy| policy.policy.spec.storage.endpoint.is_some() && policy.policy.spec.access.is_some());
    if let Some(policy) = lonely.filter(|_| !aws.has_iam_endpoint()) {
        return Err(OpError::Setup {
            message: format!("policy `{}` names an S3 endpoint and roles, but not where IAM is: its roles would be made in AWS", policy.name),
            hint: "set AWS_ENDPOINT_URL_IAM and AWS_ENDPOINT_URL_STS, or take `access` out of the policy".to_owned(),
        });
    }
    no_lock_out(&prepared, aws.endpoint().as_deref())?;
    let ports = Ports { cloud: aws.clone(), objects: aws.clone(), clock: Arc::new(SystemClock), entropy: Arc::new(SystemEntropy) };
    Ok((prepared, ports, aws))
}

/// How long one attempt of a request may take: `LIFEBOAT_REQUEST_TIMEOUT`, for endpoints that are slow or must not be.
fn request_timeout() -> Result<Duration, OpError> {
    const NAME: &str = "LIFEBOAT_REQUEST_TIMEOUT";
    let Some(text) = std::env::var_os(NAME) else { return Ok(ATTEMPT) };
    let text = text.to_string_lossy();
    let asked: Result<Span, String> = text.parse();
    match asked {
        Ok(span) if (1..=600).contains(&span.as_secs()) => Ok(Duration::from_secs(span.as_secs())),
        Ok(_) => Err(format!("`{text}` is outside of 1s to 10m")),
        Err(error) => Err(error),
    }
    .map_err(|why| OpError::Setup { message: format!("{NAME}: {why}"), hint: format!("write {NAME}=30s, or leave it out for 10s") })
}

/// A bucket that refuses requests without TLS cannot be reached over an endpoint that has none.
fn no_lock_out(prepared: &Prepared, endpoint: Option<&str>) -> Result<(), OpError> {
    let Some(plain) = endpoint.filter(|endpoint| endpoint.starts_with("http://")) else { return Ok(()) };
    let shuts = |policy: &&LoadedPolicy| {
        let storage = &policy.policy.spec.storage;
        storage.endpoint.is_none() && storage.transport.is_some_and(|transport| transport.tls_only)
    };
    match prepared.loaded.policies.iter().find(shuts) {
        None => Ok(()),
        Some(policy) => Err(OpError::Setup {
            message: format!(
                "policy `{}` says transport.tlsOnly, and the S3 endpoint of the environment is {plain}: nobody could reach the bucket any more",
                policy.name
            ),
            hint: "use an endpoint with https://, or write transport: {tlsOnly: false}".to_owned(),
        }),
    }
}

fn places(loaded: &Loaded) -> Vec<BucketPlace> {
    let of_policy = |policy: &LoadedPolicy| {
        let storage = &policy.policy.spec.storage;
        BucketPlace { name: storage.bucket.clone(), account: storage.account.clone(), region: storage.region.clone(), endpoint: storage.endpoint.clone() }
    };
    let mut out: Vec<BucketPlace> = loaded.policies.iter().map(of_policy).collect();
    let replicas = loaded.policies.iter().filter_map(|policy| policy.policy.spec.storage.replication.as_ref());
    let replicas =
        replicas.map(|replica| BucketPlace { name: replica.bucket.clone(), account: replica.account.clone(), region: replica.region.clone(), endpoint: None });
    for replica in replicas {
        if out.iter().all(|place| place.name != replica.name) {
            out.push(replica);
        }
    }
    let Some(spec) = loaded.repository.as_ref().map(|repository| &repository.spec) else { return out };
    let evidence = spec.evidence.iter().map(|place| (&place.bucket, &place.account, &place.region));
    let control = spec.control.iter().map(|place| (&place.bucket, &place.account, &place.region));
    for (name, account, region) in evidence.chain(control) {
        // In a bucket of a policy, or in one bucket: what was said of it first holds.
        if out.iter().all(|place| place.name != *name) {
            out.push(BucketPlace { name: name.clone(), account: account.clone(), region: region.clone(), endpoint: None });
        }
    }
    out
}

/// Where applies keep their lock and their journal, if `lifeboat.yaml` says it.
pub fn control(prepared: &Prepared) -> Option<&ControlPlace> {
    prepared.loaded.repository.as_ref()?.spec.control.as_ref()
}

/// Who we are; failing means that no identity or endpoint is usable at all.
///
/// # Errors
/// When STS gives no identity.
pub async fn identify(ports: &Ports, aws: Option<&Aws>) -> Result<Identity, OpError> {
    match ports.cloud.identity().await {
        Ok(identity) => Ok(identity),
        Err(source) => {
            let credentials = match (aws, source.kind) {
                (Some(aws), Kind::Credentials | Kind::Refused | Kind::Rejected) => Some(aws.credentials_hint().await),
                _ => None,
            };
            Err(OpError::Cloud { what: "no usable identity".to_owned(), source, credentials })
        }
    }
}

/// Reads a secret that a policy names.
fn secret(place: &SecretRef, field: &str) -> Result<Secret, OpError> {
    secrets::read(place, field).map_err(|error| {
        let hint = match &error {
            SecretError::NotSet { name, .. } => format!("export {name}, or name another place in the policy"),
            SecretError::File { source, .. } => source.to_string(),
        };
        OpError::Setup { message: error.to_string(), hint }
    })
}
