//! The small worlds: each a start that plan and apply may meet, as one line of a list.

use std::collections::BTreeMap;
use std::sync::Arc;

use lifeboat::model::aspects::{
    AccessLog, Encryption, LockMode, LockRetention, LogKeyFormat, ObjectLock, Ownership, PublicAccess, RoleTrust, Tags, Versioning,
};
use lifeboat::model::document::Document;
use lifeboat::model::fact::{Fact, Why};
use lifeboat::model::id::ResourceId;
use lifeboat::model::lifecycle::{Expiration, Filter, Noncurrent, Rule};
use lifeboat::model::replication::{Destination, Replication, ReplicationRule, Timed};
use lifeboat::model::request::ReadOp;
use lifeboat::ports::conformance::rule_forms;
use lifeboat::ports::sim::{CALLER, Op, World};
use serde_json::json;

pub(crate) const BUCKET: &str = "shop-dr-orders";
const REPLICA: &str = "shop-replica";
pub(crate) const WRITER: &str = "shop-backup-writer";
pub(crate) const KEEPER: &str = "shop-keeper";

/// A start.
pub(crate) struct Start {
    pub(crate) name: String,
    /// Whether it is about roles too.
    pub(crate) roles: bool,
    build: Box<dyn Fn(&World) + Send + Sync>,
}

impl Start {
    fn new(name: &str, build: impl Fn(&World) + Send + Sync + 'static) -> Self {
        Self { name: name.to_owned(), roles: false, build: Box::new(build) }
    }

    fn with_roles(self) -> Self {
        Self { roles: true, ..self }
    }

    pub(crate) fn world(&self) -> Arc<World> {
        let world = World::at("2026-11-22T10:00:00Z".parse().unwrap());
        world.put_bucket("shop-logs", "eu-west-1");
        world.put_bucket(REPLICA, "eu-central-1");
        world.put_bucket_setting(REPLICA, ReadOp::BucketVersioning, Some(Document::of(&Versioning::Enabled)));
        (self.build)(&world);
        world.forget();
        world
    }
}

fn bucket(world: &World) {
    world.put_bucket(BUCKET, "eu-west-1");
}

fn set<T: serde::Serialize>(world: &World, op: ReadOp, value: &T) {
    world.put_bucket_setting(BUCKET, op, Some(Document::of(value)));
}

pub(crate) fn expiring(id: &str, prefix: &str, days: i32) -> Rule {
    Rule {
        id: id.to_owned(),
        enabled: true,
        filter: Filter::prefix(prefix),
        expiration: Some(Expiration::Days(days)),
        transitions: Vec::new(),
        noncurrent: None,
        noncurrent_transitions: Vec::new(),
        abort_uploads_days: None,
    }
}

fn trust(path: &str, principals: &[&str], tags: &[(&str, &str)]) -> RoleTrust {
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": principals}}]});
    let tags: BTreeMap<String, String> = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    RoleTrust { path: path.to_owned(), trust, tags, max_session: None, boundary: None }
}

const OURS: &[(&str, &str)] = &[("managed-by", "lifeboat"), ("team", "payments")];
const JOB: &str = "arn:aws:iam::000000000000:user/job";

fn permissions(actions: &[&str]) -> Document {
    let resource = format!("arn:aws:s3:::{BUCKET}/orders/*");
    Document::of(&json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": resource}]}))
}

fn buckets() -> Vec<Start> {
    let kms =
        || Encryption { algorithm: "aws:kms".to_owned(), key: Some("alias/theirs".to_owned()), bucket_key: true, blocked_types: vec!["SSE-C".to_owned()] };
    vec![
        Start::new("nothing", |_| {}).with_roles(),
        Start::new("a new bucket", bucket),
        Start::new("a bucket in another region", |world| world.put_bucket(BUCKET, "us-east-1")),
        Start::new("a bucket of another account", |world| world.put_bucket_of_others(BUCKET)),
        Start::new("versioning suspended, tags of others", |world| {
            bucket(world);
            set(world, ReadOp::BucketVersioning, &Versioning::Suspended);
            set(world, ReadOp::BucketTags, &Tags(BTreeMap::from([("owner".to_owned(), "them".to_owned()), ("cost-centre".to_owned(), "1".to_owned())])));
        }),
        Start::new("versioning on, another key", move |world| {
            bucket(world);
            set(world, ReadOp::BucketVersioning, &Versioning::Enabled);
            set(world, ReadOp::BucketEncryption, &kms());
        }),
        Start::new("no encryption, half a public access block", |world| {
            bucket(world);
            world.put_bucket_setting(BUCKET, ReadOp::BucketEncryption, None);
            set(world, ReadOp::BucketPublicAccess, &PublicAccess { block_public_policy: false, ..PublicAccess::BLOCKED });
        }),
        Start::new("no public access block", |world| {
            bucket(world);
            world.put_bucket_setting(BUCKET, ReadOp::BucketPublicAccess, None);
        }),
        Start::new("objects are their writers'", |world| {
            bucket(world);
            set(world, ReadOp::BucketOwnership, &Ownership::ObjectWriter);
        }),
        Start::new("no ownership controls", |world| {
            bucket(world);
            world.put_bucket_setting(BUCKET, ReadOp::BucketOwnership, None);
        }),
    ]
}

fn lifecycles() -> Vec<Start> {
    let mut out = vec![
        Start::new("rules of others that expire and that cut undo short", |world| {
            bucket(world);
            world.add_foreign_rule(BUCKET, expiring("cleanup", "", 3));
            world.add_foreign_rule(
                BUCKET,
                Rule { expiration: None, noncurrent: Some(Noncurrent { days: 1, keep_newer: None }), ..expiring("old", "orders/", 1) },
            );
            world.add_foreign_rule(BUCKET, expiring("tmp", "tmp/", 1));
        }),
        Start::new("our rule lives longer, another one is off, one is left over", |world| {
            bucket(world);
            let daily = "orders/nightly:daily";
            world.add_foreign_rule(BUCKET, Rule { filter: Filter::tag("lifeboat-expire", daily), ..expiring(&format!("lifeboat/{daily}"), "", 99) });
            world.add_foreign_rule(BUCKET, Rule { enabled: false, ..expiring("lifeboat/orders/nightly:weekly", "", 9) });
            world.add_foreign_rule(
                BUCKET,
                Rule { filter: Filter::tag("lifeboat-expire", "orders/hourly:recent"), ..expiring("lifeboat/orders/hourly:recent", "", 9) },
            );
        }),
    ];
    for (name, rule) in rule_forms() {
        out.push(Start::new(&format!("a rule of others: {name}"), move |world| {
            bucket(world);
            world.add_foreign_rule(BUCKET, rule.clone());
        }));
    }
    out
}

/// Locks and logs that somebody else set up.
fn locks_and_logs() -> Vec<Start> {
    let locked = |name: &str, retention: Option<LockRetention>| {
        Start::new(name, move |world| {
            bucket(world);
            set(world, ReadOp::BucketVersioning, &Versioning::Enabled);
            set(world, ReadOp::BucketObjectLock, &ObjectLock { retention });
        })
    };
    let logged = |name: &str, log: AccessLog| {
        Start::new(name, move |world| {
            bucket(world);
            set(world, ReadOp::BucketLogging, &log);
        })
    };
    let log = |prefix: &str| AccessLog { bucket: "shop-logs".to_owned(), prefix: prefix.to_owned(), grants: Vec::new(), key_format: None };
    vec![
        locked("a lock that locks nothing by default", None),
        locked("a shorter lock", Some(LockRetention { mode: LockMode::Governance, days: Some(1), years: None })),
        locked("a longer lock that nobody can break", Some(LockRetention { mode: LockMode::Compliance, days: None, years: Some(1) })),
        logged("a log that goes elsewhere", log("theirs/")),
        logged("our log with keys by date", AccessLog { key_format: Some(LogKeyFormat::Partitioned(Some("EventTime".to_owned()))), ..log("orders/") }),
    ]
}

/// Replication that somebody else set up, and a replica that cannot receive.
fn replicas() -> Vec<Start> {
    let rule = |id: &str, bucket: &str, priority: i32| ReplicationRule {
        id: id.to_owned(),
        priority: Some(priority),
        enabled: true,
        filter: Filter::prefix("logs/"),
        delete_markers: Some(true),
        existing_objects: None,
        kms_objects: None,
        replica_modifications: None,
        destination: Destination {
            bucket: format!("arn:aws:s3:::{bucket}"),
            account: None,
            storage_class: None,
            owner_changes: false,
            kms_key: None,
            time: Some(Timed { enabled: true, minutes: Some(15) }),
            metrics: Some(Timed { enabled: true, minutes: Some(15) }),
        },
    };
    let start = |name: &str, role: &str, rules: Vec<ReplicationRule>| {
        let live = Replication { role: format!("arn:aws:iam::000000000000:role/{role}"), rules };
        Start::new(name, move |world| {
            bucket(world);
            set(world, ReadOp::BucketVersioning, &Versioning::Enabled);
            set(world, ReadOp::BucketReplication, &live);
        })
    };
    vec![
        start("rules of others, by the same role", "dr-replicator", vec![rule("theirs", REPLICA, 1), rule("more", REPLICA, 2)]),
        start("rules of others, by another role", "theirs", vec![rule("theirs", REPLICA, 1)]),
        start("our rule, to another bucket", "dr-replicator", vec![rule("lifeboat/orders", "shop-logs", 1)]),
        Start::new("a replica without versioning", |world| {
            bucket(world);
            world.put_bucket_setting(REPLICA, ReadOp::BucketVersioning, None);
        }),
    ]
}

/// Statements of others and what is left of ours.
fn policies() -> Vec<Start> {
    let start = |name: &str, statements: serde_json::Value| {
        Start::new(name, move |world| {
            bucket(world);
            set(world, ReadOp::BucketPolicy, &json!({"Version": "2008-10-17", "Id": "theirs", "Statement": statements}));
        })
    };
    let objects = format!("arn:aws:s3:::{BUCKET}/*");
    let allow = |who: serde_json::Value| json!({"Sid": "Theirs", "Effect": "Allow", "Principal": who, "Action": "s3:GetObject", "Resource": objects});
    let within = json!({"Effect": "Allow", "Principal": {"AWS": "000000000000"}, "Action": ["s3:GetObject"], "Resource": [objects]});
    let deny = json!({"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteBucket", "Resource": format!("arn:aws:s3:::{BUCKET}")});
    let ours = json!({"Sid": "LifeboatRightKey", "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": objects});
    vec![
        start("a bucket policy of others", json!([within, deny])),
        start("a bucket policy that lets everybody in", json!([allow(json!("*")), deny])),
        start("a bucket policy that lets another account in", json!([allow(json!({"AWS": "999999999999"})), within])),
        start("a statement that bears a name of ours and is wider", json!([ours, deny])),
        start("a bucket policy with a principal that is gone", json!([allow(json!({"AWS": "AROAEXAMPLEID12345678"}))])),
    ]
}

fn roles() -> Vec<Start> {
    vec![
        Start::new("our role, narrower", |world| {
            bucket(world);
            world.put_role(WRITER, trust("/lifeboat/orders/", &[JOB], OURS), Some(permissions(&["s3:PutObject"])));
        }),
        Start::new("our role, wider, and another principal", |world| {
            world.put_role(WRITER, trust("/lifeboat/orders/", &[JOB, "arn:aws:iam::000000000000:root"], OURS), Some(permissions(&["s3:*"])));
        }),
        Start::new("our role, another principal only", |world| {
            world.put_role(WRITER, trust("/lifeboat/orders/", &["arn:aws:iam::000000000000:user/them"], OURS), None);
        }),
        Start::new("our role, long sessions, another boundary", |world| {
            let role = trust("/lifeboat/orders/", &[JOB], OURS);
            let boundary = Some("arn:aws:iam::aws:policy/ReadOnlyAccess".to_owned());
            world.put_role(WRITER, RoleTrust { max_session: Some(43_200), boundary, ..role }, Some(permissions(&["s3:PutObject"])));
        }),
        Start::new("our role, policies of others", |world| {
            world.put_role(WRITER, trust("/lifeboat/orders/", &[JOB], OURS), Some(permissions(&["s3:PutObject"])));
            world.attach(WRITER, "arn:aws:iam::aws:policy/AdministratorAccess");
            world.attach(WRITER, "arn:aws:iam::aws:policy/ReadOnlyAccess");
            world.add_inline(WRITER, "debug");
        }),
        Start::new("our role, a principal that was deleted", |world| {
            world.put_role(WRITER, trust("/lifeboat/orders/", &["AIDACKCEVSQ6C2EXAMPLE"], OURS), None);
        }),
        Start::new("a role of others by path", |world| {
            world.put_role(KEEPER, trust("/", &[JOB], OURS), Some(permissions(&["s3:GetObject"])));
        }),
        Start::new("a role of others by tag", |world| {
            world.put_role(KEEPER, trust("/lifeboat/orders/", &[JOB], &[("team", "theirs")]), Some(permissions(&["s3:GetObject"])));
        }),
    ]
}

fn unknowns() -> Vec<Start> {
    let bucket_reads = [
        ReadOp::BucketExists,
        ReadOp::BucketTags,
        ReadOp::BucketVersioning,
        ReadOp::BucketEncryption,
        ReadOp::BucketPublicAccess,
        ReadOp::BucketLifecycle,
        ReadOp::BucketOwnership,
        ReadOp::BucketPolicy,
        ReadOp::BucketObjectLock,
        ReadOp::BucketLogging,
        ReadOp::BucketReplication,
        ReadOp::RoleTrust,
        ReadOp::RolePermissions,
        ReadOp::RoleAttached,
        ReadOp::RoleInline,
    ];
    let mut out: Vec<Start> = Vec::new();
    for op in bucket_reads {
        let start = Start::new(&format!("{op:?} is refused"), move |world| {
            bucket(world);
            world.refuse(CALLER, Op::Read(op));
        });
        let roles = matches!(op, ReadOp::RoleTrust | ReadOp::RolePermissions | ReadOp::RoleAttached | ReadOp::RoleInline);
        out.push(Start { roles, ..start });
    }
    out.push(Start::new("a lifecycle with an element that nobody knows", |world| {
        bucket(world);
        world.add_foreign_rule(BUCKET, expiring("new", "logs/", 3));
        let why = Why::NotUnderstood("the answer has an element <New>".to_owned());
        world.answer(ResourceId::Bucket(BUCKET.to_owned()), ReadOp::BucketLifecycle, Fact::Unknown(why));
    }));
    out
}

/// Every small world.
pub(crate) fn all() -> Vec<Start> {
    let about_roles = roles().into_iter().map(Start::with_roles);
    buckets().into_iter().chain(policies()).chain(locks_and_logs()).chain(replicas()).chain(lifecycles()).chain(about_roles).chain(unknowns()).collect()
}
