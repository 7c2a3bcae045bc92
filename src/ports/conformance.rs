//! One suite of behaviours that the simulator and every real server must have, so that the simulator cannot drift.
//!
//! It judges and never panics: a test prints what failed. What a server is known to do otherwise stands in one table with
//! the reason; a difference that is gone fails too, so that the table stays true.

use super::{Kind, PortError, Ports};
use crate::model::document::Document;
use crate::model::fact::Fact;
use crate::model::id::{ResourceId, ResourceKind};
use crate::model::request::{Read, ReadOp};
use crate::model::resource::ResourceWish;
use crate::settings;

mod data;
mod documents;
mod forms;
mod roles;

pub use forms::rules as rule_forms;

/// What the suite works on: names that nothing else uses.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The kind of server, as in [`DIFFERENCES`].
    pub server: &'static str,
    /// A bucket that does not exist yet.
    pub bucket: String,
    /// The region to make it in.
    pub region: String,
    /// A role that does not exist yet.
    pub role: String,
    /// The ARN of a user that may stand in a trust policy.
    pub principal: String,
}

/// One behaviour and whether it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// What must be so.
    pub name: String,
    /// Whether it is.
    pub outcome: Outcome,
}

/// How a case ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As AWS does it.
    Passed,
    /// Otherwise, as the table says.
    Differs(&'static str),
    /// Otherwise, and nobody knew.
    Failed(String),
}

/// What a server does otherwise than AWS.
#[derive(Debug)]
pub struct Difference {
    /// The kind of server.
    pub server: &'static str,
    /// The name of the case; one that ends in `*` stands for every case that begins like it.
    pub case: &'static str,
    /// What it does and what follows.
    pub reason: &'static str,
}

/// Every known difference, by server and case.
pub const DIFFERENCES: &[Difference] = &[
    Difference {
        server: "ministack",
        case: "a foreign rule keeps its form: and",
        reason: "1.5.33 adds ObjectSizeGreaterThan 0 to an And with tags; the next plan carries what it answers",
    },
    Difference {
        server: "ministack",
        case: "a foreign rule keeps its form: rule prefix",
        reason: "1.5.33 answers a rule-level Prefix as an empty Filter: a rule of that form cannot be tried there",
    },
    Difference {
        server: "ministack",
        case: "of roles: a managed policy that is not there is not attached",
        reason: "1.5.33 attaches whatever ARN it is given; AWS answers NoSuchEntity",
    },
    Difference { server: "moto", case: "a new bucket has no tags, no lifecycle and no versioning", reason: MOTO_VERSIONING },
    Difference { server: "moto", case: "reads back as it was written: bucket-versioning *", reason: MOTO_VERSIONING },
    Difference { server: "moto", case: "a foreign rule keeps its form: and of sizes", reason: MOTO_SIZES },
    Difference { server: "moto", case: "a foreign rule keeps its form: size", reason: MOTO_SIZES },
    Difference { server: "moto", case: "a foreign rule keeps its form: smaller", reason: MOTO_SIZES },
    Difference {
        server: "moto",
        case: "a foreign rule keeps its form: noncurrent versions",
        reason: "5.2.5 drops NewerNoncurrentVersions of what is written: a foreign rule that has it cannot be kept there",
    },
    Difference {
        server: "moto",
        case: "an upload that was given up is gone",
        reason: "5.2.5 answers a part of an upload that was given up with HTTP 500 instead of NoSuchUpload",
    },
    Difference {
        server: "moto",
        case: "of roles: a boundary that is not there is refused",
        reason: "5.2.5 bounds a role by whatever ARN it is given; AWS answers NoSuchEntity",
    },
    Difference { server: "moto", case: "reads back as it was written: bucket-logging *", reason: MOTO_LOGGING },
    Difference { server: "moto", case: "reads back as it was written: bucket-object-lock *", reason: MOTO_LOCK },
    Difference { server: "SeaweedFS", case: "reads back as it was written: bucket-logging *", reason: SEAWEEDFS_LOGGING },
    Difference { server: "moto", case: "reads back as it was written: bucket-replication *", reason: MOTO_REPLICATION },
    Difference { server: "SeaweedFS", case: "reads back as it was written: bucket-policy *", reason: SEAWEEDFS_POLICY },
    Difference { server: "SeaweedFS", case: "reads back as it was written: bucket-replication *", reason: SEAWEEDFS_LOGGING },
    Difference {
        server: "SeaweedFS",
        case: "an object that is not there is not replaced",
        reason: "4.48 answers 412 instead of 404 to a replacement of what is not there: it is taken for a lost race, and nothing is written",
    },
    Difference { server: "SeaweedFS", case: "what is not there is absent, not unknown: bucket-public-access", reason: SEAWEEDFS_PUBLIC },
    Difference { server: "SeaweedFS", case: "reads back as it was written: bucket-public-access *", reason: SEAWEEDFS_PUBLIC },
    Difference { server: "SeaweedFS", case: "what is not there is absent, not unknown: role-*", reason: SEAWEEDFS_ROLES },
    Difference { server: "SeaweedFS", case: "reads back as it was written: role-trust *", reason: SEAWEEDFS_ROLES },
    Difference { server: "SeaweedFS", case: "reads back as it was written: role-session *", reason: SEAWEEDFS_ROLES },
    Difference { server: "SeaweedFS", case: "reads back as it was written: role-boundary *", reason: SEAWEEDFS_ROLES },
    Difference { server: "SeaweedFS", case: "reads back as it was written: role-attached *", reason: SEAWEEDFS_ROLES },
    Difference { server: "SeaweedFS", case: "reads back as it was written: role-inline *", reason: SEAWEEDFS_ROLES },
    Difference { server: "SeaweedFS", case: "reads back as it was written: role-permissions *", reason: SEAWEEDFS_ROLES },
    Difference { server: "SeaweedFS", case: "reads back as it was written: oidc-provider *", reason: SEAWEEDFS_ROLES },
    Difference { server: "SeaweedFS", case: "of roles: *", reason: SEAWEEDFS_ROLES },
    Difference { server: "SeaweedFS", case: "reads back as it was written: bucket-lifecycle as *", reason: SEAWEEDFS_CLASSES },
    Difference { server: "SeaweedFS", case: "a foreign rule keeps its form: transition*", reason: SEAWEEDFS_CLASSES },
    Difference { server: "SeaweedFS", case: "a foreign rule keeps its form: noncurrent versions", reason: SEAWEEDFS_CLASSES },
];

const MOTO_VERSIONING: &str = "5.2.5 answers `GetBucketVersioningResponse` instead of `VersioningConfiguration`: an answer to another question, so nothing is \
    written";
const MOTO_SIZES: &str = "5.2.5 drops ObjectSizeGreaterThan and ObjectSizeLessThan of what is written: a foreign rule that has them cannot be kept there";
const MOTO_LOCK: &str = "5.2.5 answers questions about versioning so that nothing is versioned there, and a lock needs versioning";
const MOTO_REPLICATION: &str = "5.2.5 answers questions about versioning so that nothing is versioned there, and replication needs versioning";
const MOTO_LOGGING: &str = "5.2.5 refuses a log bucket without a grant that AWS has not asked for since 2023, and answers HTTP 500 afterwards";
const SEAWEEDFS_LOGGING: &str = "4.48 takes the request for one that makes the bucket, which is never sent there";
const SEAWEEDFS_POLICY: &str = "4.48 refuses a policy that names the actions on a bucket's settings";
const SEAWEEDFS_PUBLIC: &str = "4.48 answers 501 to every question about the public access block";
const SEAWEEDFS_ROLES: &str = "4.48 has no roles on its S3 port: it answers 403 or 501 to every question about one";
const SEAWEEDFS_CLASSES: &str = "4.48 refuses (501) every lifecycle configuration with a storage class in it; without storage classes it converges";

/// The servers that the suite runs on, by the names in [`DIFFERENCES`], with the versions that were measured: those that
/// `scripts/sandbox` pins. The simulator is lifeboat's own.
pub const SERVERS: &[(&str, &str)] = &[("simulator", ""), ("ministack", "1.5.33"), ("moto", "5.2.5"), ("SeaweedFS", "4.48")];

/// How many recorded answers of AWS itself are read and written back by a test, by setting. None of the suite was run there.
pub const RECORDED: &[(&str, usize)] = &[
    ("bucket-encryption", 6),
    ("bucket-lifecycle", 11),
    ("bucket-ownership", 4),
    ("bucket-public-access", 2),
    ("bucket-replication", 3),
    ("bucket-tags", 9),
    ("bucket-versioning", 6),
];

/// How far a server supports a setting, as the suite measured it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// Whatever a policy can ask for reads back as it was written.
    Converges,
    /// Some of it does.
    Partly(&'static str),
    /// None of it does.
    Not(&'static str),
}

const WRITTEN: &str = "reads back as it was written: ";

/// How far a server supports a setting: what [`DIFFERENCES`] say of it.
pub fn support(server: &str, setting: &str) -> Support {
    let about = |row: &&Difference| row.server == server && row.case.strip_prefix(WRITTEN).and_then(|case| case.split(' ').next()) == Some(setting);
    match DIFFERENCES.iter().find(about) {
        None => Support::Converges,
        Some(row) if row.case.strip_prefix(WRITTEN).and_then(|case| case.strip_prefix(setting)) == Some(" *") => Support::Not(row.reason),
        Some(row) => Support::Partly(row.reason),
    }
}

impl Difference {
    /// Whether it is about this case on this server.
    pub fn is_about(&self, server: &str, case: &str) -> bool {
        self.server == server && self.case.strip_suffix('*').map_or(self.case == case, |begin| case.starts_with(begin))
    }
}

/// Tries everything, in an order in which each case finds what it needs.
pub async fn run(ports: &Ports, subject: &Subject) -> Vec<Case> {
    let mut cases = missing(ports, subject).await;
    cases.extend([
        case(subject, "nothing is made in a bucket that is not there", made_nowhere(ports, subject).await),
        case(subject, "a bucket is made once", documents::bucket(ports, subject).await),
        case(subject, "a new bucket has no tags, no lifecycle and no versioning", born(ports, subject).await),
        case(subject, "a new bucket has no policy, no lock, no log and no replica", open(ports, subject).await),
        case(subject, "a lock needs versioning", documents::lock_needs_versioning(ports, subject).await),
    ]);
    // Before the settings: a bucket policy that some server reads otherwise than AWS would close the bucket to its maker.
    let place = Place { ports, bucket: &subject.bucket };
    cases.push(case(subject, "an object is never replaced", data::created_once(place).await));
    cases.push(case(subject, "an object that is not there is not replaced", data::replaced_nothing(place).await));
    cases.push(case(subject, "an object is replaced only by who knows its tag", data::replaced(place).await));
    cases.push(case(subject, "the date of an object and the server's clock agree", data::dated(place).await));
    cases.push(case(subject, "folders are those right below a prefix", data::folders(place).await));
    cases.push(case(subject, "a listing is in key order and holds to its prefix", data::listing(place).await));
    cases.push(case(subject, "a range is exactly what was asked for", data::ranges(place).await));
    cases.push(case(subject, "an object above the limit is not read", data::limit(place).await));
    cases.push(case(subject, "an upload is invisible until it is complete", data::upload(place).await));
    cases.push(case(subject, "an upload does not replace an object", data::upload_onto(place).await));
    cases.push(case(subject, "an upload that was given up is gone", data::given_up(place).await));
    cases.push(case(subject, "a version that was replaced is read by its id", data::old_version(ports, subject).await));
    for (name, outcome) in documents::settings(ports, subject).await {
        cases.push(case(subject, &format!("{WRITTEN}{name}"), outcome));
    }
    for (name, outcome) in roles::cases(ports, subject).await {
        cases.push(case(subject, &format!("of roles: {name}"), outcome));
    }
    for (name, outcome) in forms::lifecycle(ports, subject).await {
        cases.push(case(subject, &format!("a foreign rule keeps its form: {name}"), outcome));
    }
    for (name, outcome) in documents::replicates(ports, subject).await.into_iter().chain(documents::locks(ports, subject).await) {
        cases.push(case(subject, &format!("{WRITTEN}{name}"), outcome));
    }
    cases
}

#[derive(Clone, Copy)]
struct Place<'a> {
    ports: &'a Ports,
    bucket: &'a str,
}

/// What a check found: nothing wrong, or what.
type Found = Result<(), String>;

fn case(subject: &Subject, name: &str, found: Found) -> Case {
    let known = DIFFERENCES.iter().find(|difference| difference.is_about(subject.server, name));
    let outcome = match (found, known) {
        (Ok(()), None) => Outcome::Passed,
        (Ok(()), Some(known)) => Outcome::Failed(format!("it is as AWS does it now; take the difference out of the table: {}", known.reason)),
        (Err(_), Some(known)) => Outcome::Differs(known.reason),
        (Err(why), None) => Outcome::Failed(why),
    };
    Case { name: name.to_owned(), outcome }
}

fn is(what: &str, found: bool) -> Found {
    if found { Ok(()) } else { Err(format!("not so: {what}")) }
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: T, wanted: T) -> Found {
    if found == wanted { Ok(()) } else { Err(format!("{what}: {found:?} instead of {wanted:?}")) }
}

/// What should have failed, failed in this way, and it is known that nothing was done.
fn fails<T>(what: &str, answer: Result<T, PortError>, kind: Kind) -> Found {
    match answer {
        Ok(_) => Err(format!("{what}: accepted, and {kind:?} was expected")),
        Err(error) if error.kind == kind && !error.maybe_done => Ok(()),
        Err(error) => Err(format!("{what}: {:?} (maybe done: {}) instead of {kind:?}: {error}", error.kind, error.maybe_done)),
    }
}

fn words(error: PortError) -> String {
    error.to_string()
}

async fn read(ports: &Ports, target: &ResourceId, op: ReadOp) -> Fact<Document> {
    ports.cloud.read(&Read { op, target: target.clone() }).await
}

/// Every setting of a bucket and a role that are not there.
async fn missing(ports: &Ports, subject: &Subject) -> Vec<Case> {
    let (bucket, role) = (ResourceId::Bucket(subject.bucket.clone()), ResourceId::Role(subject.role.clone()));
    let provider = ResourceWish::Provider(documents::provider(subject)).id();
    let mut out = Vec::new();
    for setting in settings::SETTINGS {
        let target = match setting.kind {
            ResourceKind::Bucket => &bucket,
            ResourceKind::Role => &role,
            ResourceKind::Provider | ResourceKind::Key => &provider,
        };
        let found = same("what is not there", read(ports, target, setting.read).await, Fact::Absent);
        out.push(case(subject, &format!("what is not there is absent, not unknown: {}", setting.id), found));
    }
    out
}

async fn made_nowhere(ports: &Ports, subject: &Subject) -> Found {
    fails("a listing", ports.objects.list(&subject.bucket, "").await, Kind::Missing)?;
    fails("an object", ports.objects.create(&subject.bucket, "a", Vec::new()).await, Kind::Missing)?;
    fails("an upload", ports.objects.begin(&subject.bucket, "a").await, Kind::Missing)?;
    same("the bucket", read(ports, &ResourceId::Bucket(subject.bucket.clone()), ReadOp::BucketExists).await, Fact::Absent)
}

async fn born(ports: &Ports, subject: &Subject) -> Found {
    without(ports, subject, &[ReadOp::BucketTags, ReadOp::BucketVersioning, ReadOp::BucketLifecycle]).await?;
    same("objects", ports.objects.list(&subject.bucket, "").await.map_err(words)?, Vec::new())
}

async fn open(ports: &Ports, subject: &Subject) -> Found {
    without(ports, subject, &[ReadOp::BucketPolicy, ReadOp::BucketObjectLock, ReadOp::BucketLogging, ReadOp::BucketReplication]).await
}

async fn without(ports: &Ports, subject: &Subject, absent: &[ReadOp]) -> Found {
    let bucket = ResourceId::Bucket(subject.bucket.clone());
    for op in absent {
        same(&format!("{op:?}"), read(ports, &bucket, *op).await, Fact::Absent)?;
    }
    Ok(())
}
