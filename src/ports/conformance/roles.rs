//! Roles: every trust reads back as it was written, and what hangs on a role can be put on and taken off.

use std::collections::BTreeSet;

use super::documents::{role, write};
use super::{Found, Subject, fails, read, same, words};
use crate::model::aspects::{Attachments, Names, RoleBoundary, RoleTrust};
use crate::model::document::Document;
use crate::model::fact::Fact;
use crate::model::id::ResourceId;
use crate::model::policy::{AccountTrust, GithubEvent, GithubTrust, IrsaTrust, PodIdentityTrust, Trust};
use crate::model::request::{ReadOp, Request, RequestOp};
use crate::model::resource::{BoundaryWish, Purpose, ResourceWish, RoleWish};
use crate::ports::{Kind, Ports};
use crate::settings;

/// Managed policies that every account has.
const READ_ONLY: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";
const AUDIT: &str = "arn:aws:iam::aws:policy/SecurityAudit";

/// Every case, on the role that the settings before it made.
pub(super) async fn cases(ports: &Ports, subject: &Subject) -> Vec<(&'static str, Found)> {
    vec![
        ("a new role has the default session, no boundary and nothing attached", new(ports, subject).await),
        ("a role made with session and boundary has them at once", made_whole(ports, subject).await),
        ("every trust reads back as it was written", trusts(ports, subject).await),
        ("a session gets longer and shorter", sessions(ports, subject).await),
        ("a boundary is put on, exchanged and taken off", boundaries(ports, subject).await),
        ("a boundary that is not there is refused", no_such_boundary(ports, subject).await),
        ("a managed policy is attached and detached", attached(ports, subject).await),
        ("a managed policy that is not there is not attached", no_such_policy(ports, subject).await),
        ("our own inline policy is not one of others", inline(ports, subject).await),
    ]
}

fn id(subject: &Subject) -> ResourceId {
    ResourceId::Role(subject.role.clone())
}

async fn send(ports: &Ports, subject: &Subject, op: RequestOp, body: Document) -> Result<(), crate::ports::PortError> {
    ports.cloud.send(&Request { op, target: id(subject), body }).await
}

async fn live(ports: &Ports, target: &ResourceId) -> Result<RoleTrust, String> {
    let fact = read(ports, target, ReadOp::RoleTrust).await;
    fact.known().and_then(|live| live.to()).ok_or_else(|| format!("it reads {fact:?}"))
}

async fn make(ports: &Ports, wish: &RoleWish) -> Result<ResourceId, String> {
    let setting = settings::by_id("role-trust").ok_or("no such setting")?;
    let wish = ResourceWish::Role(wish.clone());
    let want = (setting.want)(&wish).ok_or("nothing wanted")?;
    for request in (setting.requests)(&wish.id(), &Fact::Absent, &want) {
        ports.cloud.send(&request).await.map_err(words)?;
    }
    Ok(wish.id())
}

async fn new(ports: &Ports, subject: &Subject) -> Found {
    let made = make(ports, &RoleWish { name: format!("{}-new", subject.role), ..role(subject, Purpose::Keeper) }).await?;
    let live = live(ports, &made).await?;
    same("the session and the boundary", (live.max_session, live.boundary), (Some(3_600), None))?;
    for op in [ReadOp::RoleAttached, ReadOp::RoleInline] {
        same(&format!("{op:?}"), read(ports, &made, op).await, Fact::Known(Document::of(&Names(BTreeSet::new()))))?;
    }
    same("permissions", read(ports, &made, ReadOp::RolePermissions).await, Fact::Absent)
}

async fn made_whole(ports: &Ports, subject: &Subject) -> Found {
    let boundary = BoundaryWish::Policy(READ_ONLY.to_owned());
    let wish = RoleWish { name: format!("{}-whole", subject.role), max_session: 14_400, boundary, ..role(subject, Purpose::Keeper) };
    let made = make(ports, &wish).await?;
    let live = live(ports, &made).await?;
    same("the session and the boundary", (live.max_session, live.boundary), (Some(14_400), Some(READ_ONLY.to_owned())))
}

async fn trusts(ports: &Ports, subject: &Subject) -> Found {
    let github = |environment: Option<&str>, event, at: Option<&str>| {
        Trust::Github(GithubTrust { repository: "acme/dr".to_owned(), environment: environment.map(str::to_owned), event, r#ref: at.map(str::to_owned) })
    };
    let irsa = IrsaTrust {
        oidc_provider: "oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF".to_owned(),
        namespace: "orders".to_owned(),
        service_account: "backup".to_owned(),
        account: None,
    };
    let pod = PodIdentityTrust {
        cluster: "arn:aws:eks:eu-west-1:000000000000:cluster/prod".to_owned(),
        namespace: "orders".to_owned(),
        service_account: "backup".to_owned(),
    };
    let all = [
        Trust::Account(AccountTrust { id: "000000000000".to_owned(), external_id: None }),
        Trust::Account(AccountTrust { id: "000000000000".to_owned(), external_id: Some("4711".to_owned()) }),
        github(Some("dr"), None, None),
        github(None, Some(GithubEvent::PullRequest), None),
        github(None, None, Some("refs/heads/main")),
        Trust::Irsa(irsa),
        Trust::PodIdentity(pod),
        Trust::InstanceProfile("backup-host".to_owned()),
    ];
    let setting = settings::by_id("role-trust").ok_or("no such setting")?;
    for trust in &all {
        let wish = ResourceWish::Role(RoleWish { trust: vec![trust.clone()], ..role(subject, Purpose::Writer) });
        write(ports, setting, &wish).await.map_err(|why| format!("{trust:?}: {why}"))?;
    }
    // Several at once, as many as the quota of a trust policy takes.
    for several in all.chunks(4) {
        let wish = ResourceWish::Role(RoleWish { trust: several.to_vec(), ..role(subject, Purpose::Writer) });
        write(ports, setting, &wish).await?;
    }
    Ok(())
}

async fn sessions(ports: &Ports, subject: &Subject) -> Found {
    let setting = settings::by_id("role-session").ok_or("no such setting")?;
    for max_session in [43_200, 3_600] {
        write(ports, setting, &ResourceWish::Role(RoleWish { max_session, ..role(subject, Purpose::Writer) })).await?;
        same("the session", live(ports, &id(subject)).await?.max_session, Some(max_session))?;
    }
    Ok(())
}

async fn boundaries(ports: &Ports, subject: &Subject) -> Found {
    let setting = settings::by_id("role-boundary").ok_or("no such setting")?;
    for arn in [Some(READ_ONLY), Some(AUDIT), None] {
        let boundary = arn.map_or(BoundaryWish::None, |arn| BoundaryWish::Policy(arn.to_owned()));
        write(ports, setting, &ResourceWish::Role(RoleWish { boundary, ..role(subject, Purpose::Writer) })).await?;
        same("the boundary", live(ports, &id(subject)).await?.boundary, arn.map(str::to_owned))?;
    }
    Ok(())
}

async fn no_such_boundary(ports: &Ports, subject: &Subject) -> Found {
    let body = Document::of(&RoleBoundary { boundary: Some("arn:aws:iam::000000000000:policy/lifeboat-none".to_owned()) });
    fails("a boundary of nothing", send(ports, subject, RequestOp::PutRoleBoundary, body).await, Kind::Missing)?;
    same("the boundary", live(ports, &id(subject)).await?.boundary, None)
}

fn change(attach: &[&str], detach: &[&str]) -> Document {
    let set = |arns: &[&str]| arns.iter().map(|arn| (*arn).to_owned()).collect();
    Document::of(&Attachments { attach: set(attach), detach: set(detach) })
}

async fn hanging(ports: &Ports, subject: &Subject) -> Fact<Document> {
    read(ports, &id(subject), ReadOp::RoleAttached).await
}

fn arns(arns: &[&str]) -> Fact<Document> {
    Fact::Known(Document::of(&Names(arns.iter().map(|arn| (*arn).to_owned()).collect())))
}

async fn attached(ports: &Ports, subject: &Subject) -> Found {
    send(ports, subject, RequestOp::ChangeRoleAttached, change(&[READ_ONLY, AUDIT], &[])).await.map_err(words)?;
    same("both", hanging(ports, subject).await, arns(&[READ_ONLY, AUDIT]))?;
    send(ports, subject, RequestOp::ChangeRoleAttached, change(&[AUDIT], &[READ_ONLY])).await.map_err(words)?;
    same("attached twice, and one taken off", hanging(ports, subject).await, arns(&[AUDIT]))?;
    fails("one that is not attached", send(ports, subject, RequestOp::ChangeRoleAttached, change(&[], &[READ_ONLY])).await, Kind::Missing)?;
    send(ports, subject, RequestOp::ChangeRoleAttached, change(&[], &[AUDIT])).await.map_err(words)?;
    same("none", hanging(ports, subject).await, arns(&[]))
}

async fn no_such_policy(ports: &Ports, subject: &Subject) -> Found {
    let none = change(&["arn:aws:iam::000000000000:policy/lifeboat-none"], &[]);
    fails("a policy of nothing", send(ports, subject, RequestOp::ChangeRoleAttached, none).await, Kind::Missing)
}

async fn inline(ports: &Ports, subject: &Subject) -> Found {
    let setting = settings::by_id("role-permissions").ok_or("no such setting")?;
    write(ports, setting, &ResourceWish::Role(role(subject, Purpose::Writer))).await?;
    same("inline policies of others", read(ports, &id(subject), ReadOp::RoleInline).await, arns(&[]))
}
