//! Roles: what hangs on them, how long their credentials live, and who may assume them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{merged, seen, setting, weakening};
use crate::model::aspects::{Attachments, Names, RoleBoundary, RoleSession, RoleTrust};
use crate::model::document::Document;
use crate::model::fact::Fact;
use crate::model::iam;
use crate::model::id::ResourceId;
use crate::model::request::RequestOp;
use crate::model::resource::{Purpose, ResourceWish};

fn writer(yaml: &str) -> ResourceWish {
    let (desired, findings) = merged(yaml);
    assert_eq!(findings, Vec::<String>::new());
    let is_writer = |wish: &ResourceWish| matches!(wish, ResourceWish::Role(role) if role.purpose == Purpose::Writer);
    desired.resources.into_iter().find(is_writer).unwrap()
}

fn access(writer: &str, more: &str) -> String {
    let job = "trust: [{principal: \"arn:aws:iam::000000000000:user/job\"}]";
    format!("storage: {{account: \"111122223333\"}}\naccess: {{{more}writer: {{role: w, {writer}}}, keeper: {{role: k, {job}}}, restorer: {{role: r, {job}}}}}")
}

fn live(trust: &Value, max_session: Option<i32>, boundary: Option<&str>) -> Document {
    let tags = BTreeMap::from([("managed-by".to_owned(), "lifeboat".to_owned())]);
    Document::of(&RoleTrust { path: "/lifeboat/orders/".to_owned(), trust: trust.clone(), tags, max_session, boundary: boundary.map(str::to_owned) })
}

fn names(names: &[&str]) -> Document {
    Document::of(&Names(names.iter().map(|name| (*name).to_owned()).collect()))
}

const JOB: &str = "trust: [{principal: \"arn:aws:iam::000000000000:user/job\"}]";

#[test]
fn a_session_is_an_hour_unless_written_and_longer_is_weaker() {
    let session = setting("role-session");
    let of = |seconds| Document::of(&RoleSession { max_session: seconds });
    assert_eq!((session.want)(&writer("{}")), Some(of(3_600)));
    assert_eq!((session.want)(&writer(&access(&format!("maxSession: 4h, {JOB}"), ""))), Some(of(14_400)));
    assert_eq!(seen(session, Fact::Known(live(&json!({}), None, None))), Fact::Known(of(3_600)), "CreateRole says no length");
    assert_eq!(seen(session, Fact::Known(live(&json!({}), Some(7_200), None))), Fact::Known(of(7_200)));
    assert_eq!(weakening("role-session", &of(3_600), &of(7_200)).as_deref(), Some("lengthens-session"));
    assert_eq!(weakening("role-session", &of(7_200), &of(3_600)), None);
    assert_eq!((session.describe)(&Fact::Known(of(7_200)), &of(3_600)), ["2h → 1h"]);
    for (seconds, refused) in [(3_599, true), (3_600, false), (43_200, false), (43_201, true)] {
        assert_eq!((session.refused)(&of(seconds)).is_some(), refused, "{seconds}");
    }
}

#[test]
fn a_boundary_is_named_and_taking_it_off_or_exchanging_it_is_weaker() {
    let bound = setting("role-boundary");
    let of = |arn: Option<&str>| Document::of(&RoleBoundary { boundary: arn.map(str::to_owned) });
    let (named, arn) = ("arn:aws:iam::111122223333:policy/dr-boundary", "arn:aws:iam::aws:policy/ReadOnlyAccess");
    let wants = |yaml: &str| (bound.want)(&writer(&access(JOB, yaml)));
    assert_eq!(wants(""), None, "left alone");
    assert_eq!(wants("permissionBoundary: dr-boundary, "), Some(of(Some(named))));
    assert_eq!(wants(&format!("permissionBoundary: \"{arn}\", ")), Some(of(Some(arn))));
    assert_eq!(wants("permissionBoundary: none, "), Some(of(None)));
    assert_eq!(seen(bound, Fact::Known(live(&json!({}), None, None))), Fact::Known(of(None)), "absent is only the role");
    for (from, to, weaker) in [(Some(named), None, true), (Some(named), Some(arn), true), (Some(arn), Some(arn), false), (None, Some(arn), false)] {
        assert_eq!(weakening("role-boundary", &of(from), &of(to)).is_some(), weaker, "{from:?} → {to:?}");
    }
    assert_eq!(weakening("role-boundary", &of(Some(arn)), &of(None)).as_deref(), Some("weakens-boundary"));
}

#[test]
fn what_is_attached_is_carried_until_it_may_be_taken_off() {
    let attached = setting("role-attached");
    let wish = writer(&access(&format!("attached: [\"arn:aws:iam::aws:policy/A\"], {JOB}"), ""));
    let want = (attached.want)(&wish).unwrap();
    let there = names(&["arn:aws:iam::aws:policy/Admin", "arn:aws:iam::aws:policy/Other"]);
    let to = (attached.adopt)(&want, &Fact::Known(there.clone()));
    assert_eq!(to, names(&["arn:aws:iam::aws:policy/A", "arn:aws:iam::aws:policy/Admin", "arn:aws:iam::aws:policy/Other"]));
    let threats = (attached.threats)(&wish, &to);
    let told: Vec<&str> = threats.iter().map(|threat| threat.name.as_str()).collect();
    assert_eq!(told, ["arn:aws:iam::aws:policy/Admin", "arn:aws:iam::aws:policy/Other"]);
    let id = ResourceId::Role("w".to_owned());
    let requests = (attached.requests)(&id, &Fact::Known(there), &names(&["arn:aws:iam::aws:policy/A", "arn:aws:iam::aws:policy/Other"]));
    let [request] = requests.as_slice() else { panic!("{requests:?}") };
    let change: Attachments = request.body.to().unwrap();
    assert_eq!(request.op, RequestOp::ChangeRoleAttached);
    assert_eq!((change.attach.len(), change.detach.len()), (1, 1));
    assert!(change.attach.contains("arn:aws:iam::aws:policy/A") && change.detach.contains("arn:aws:iam::aws:policy/Admin"));
    assert_eq!(weakening("role-attached", &names(&[]), &want).as_deref(), Some("widens-permissions"));
    assert_eq!(weakening("role-attached", &to, &want), None, "fewer");
    assert_eq!(attached.removes_foreign(), "removes-foreign-policy");
}

#[test]
fn an_inline_policy_of_others_is_a_threat_and_never_written() {
    let inline = setting("role-inline");
    let (wish, id) = (writer("{}"), ResourceId::Role("w".to_owned()));
    let live = names(&["debug", "old"]);
    assert_eq!((inline.adopt)(&(inline.want)(&wish).unwrap(), &Fact::Known(live.clone())), live);
    assert_eq!((inline.threats)(&wish, &live).len(), 2);
    let requests = (inline.requests)(&id, &Fact::Known(live), &names(&["old"]));
    assert_eq!(requests.iter().map(|request| (request.op, request.body.clone())).collect::<Vec<_>>(), [(RequestOp::DeleteRoleInline, names(&["debug"]))]);
    assert_eq!((inline.requests)(&id, &Fact::Absent, &names(&["x"])), Vec::new(), "lifeboat writes none");
}

fn statement(trust: &str) -> Value {
    let wish = writer(&access(&format!("trust: [{trust}]"), ""));
    let want: RoleTrust = (setting("role-trust").want)(&wish).unwrap().to().unwrap();
    want.trust["Statement"][0].clone()
}

#[test]
fn each_trust_is_as_narrow_as_aws_documents_it() {
    let provider = "arn:aws:iam::111122223333:oidc-provider/";
    let github = statement("{github: {repository: acme/dr, ref: refs/heads/main}}");
    assert_eq!(github["Principal"], json!({"Federated": [format!("{provider}token.actions.githubusercontent.com")]}));
    let equals = &github["Condition"]["StringEquals"];
    assert_eq!(equals["token.actions.githubusercontent.com:sub"], json!(["repo:acme/dr:ref:refs/heads/main"]));
    assert_eq!(equals["token.actions.githubusercontent.com:aud"], json!(["sts.amazonaws.com"]));

    let irsa = statement("{irsa: {oidcProvider: oidc.eks.eu-west-1.amazonaws.com/id/ABC, namespace: orders, serviceAccount: backup}}");
    assert_eq!(irsa["Principal"], json!({"Federated": [format!("{provider}oidc.eks.eu-west-1.amazonaws.com/id/ABC")]}));
    let equals = &irsa["Condition"]["StringEquals"];
    assert_eq!(equals["oidc.eks.eu-west-1.amazonaws.com/id/ABC:sub"], json!(["system:serviceaccount:orders:backup"]));
    assert_eq!(equals["oidc.eks.eu-west-1.amazonaws.com/id/ABC:aud"], json!(["sts.amazonaws.com"]));

    let pod = statement("{podIdentity: {cluster: \"arn:aws:eks:eu-west-1:444455556666:cluster/prod\", namespace: orders, serviceAccount: backup}}");
    assert_eq!(pod["Action"], json!(["sts:AssumeRole", "sts:TagSession"]));
    assert_eq!(pod["Principal"], json!({"Service": ["pods.eks.amazonaws.com"]}));
    let equals = &pod["Condition"]["StringEquals"];
    assert_eq!(equals["aws:SourceAccount"], json!(["444455556666"]));
    assert_eq!(equals["aws:RequestTag/kubernetes-service-account"], json!(["backup"]));
    assert_eq!(equals["aws:RequestTag/eks-cluster-arn"], json!(["arn:aws:eks:eu-west-1:444455556666:cluster/prod"]));

    assert_eq!(statement("{instanceProfile: backup-host}")["Principal"], json!({"Service": ["ec2.amazonaws.com"]}));
    let account = statement("{account: {id: \"444455556666\", externalId: \"4711\"}}");
    assert_eq!(account["Principal"], json!({"AWS": ["arn:aws:iam::444455556666:root"]}));
    assert_eq!(account["Condition"]["StringEquals"]["sts:ExternalId"], json!(["4711"]));
}

#[test]
fn an_account_by_its_id_is_its_root_and_opens_nothing() {
    let want: RoleTrust = (setting("role-trust").want)(&writer(&access("trust: [{account: {id: \"444455556666\"}}]", ""))).unwrap().to().unwrap();
    let spelled = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": "444455556666"}, "Action": "sts:AssumeRole"}});
    assert_eq!(iam::canonical(&spelled), want.trust);
}

#[test]
fn a_deleted_principal_is_never_repaired_without_leave() {
    let role = |principal: &str| {
        let statement = json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": principal}});
        live(&iam::canonical(&json!({"Version": "2012-10-17", "Statement": [statement]})), None, None)
    };
    let named = role("arn:aws:iam::111122223333:role/backup-host");
    for raw in ["AROACKCEVSQ6C2EXAMPLE", "AIDACKCEVSQ6C2EXAMPLE"] {
        assert_eq!(weakening("role-trust", &role(raw), &named).as_deref(), Some("repairs-deleted-principal"), "{raw}");
    }
    assert_eq!(weakening("role-trust", &role("arn:aws:iam::111122223333:role/AROACKCEVSQ6C2EXAMPLE"), &named).as_deref(), Some("opens-trust"));
    assert_eq!(weakening("role-trust", &role("111122223333"), &named).as_deref(), Some("opens-trust"));
}

#[test]
fn documents_that_aws_would_find_too_long_are_refused_before_they_are_sent() {
    let trusts = |count: usize| {
        let one = |at: usize| format!("{{principal: \"arn:aws:iam::111122223333:role/backup-host-{at:03}\"}}");
        access(&format!("trust: [{}]", (0..count).map(one).collect::<Vec<_>>().join(", ")), "")
    };
    let refused = |count: usize| {
        let trust = setting("role-trust");
        (trust.refused)(&(trust.want)(&writer(&trusts(count))).unwrap())
    };
    assert_eq!(refused(10), None);
    assert!(refused(30).is_some_and(|why| why.starts_with("LimitExceeded") && why.contains("2048")));
    let permissions = setting("role-permissions");
    let policy = |sid: &str| {
        let statement = json!({"Sid": "a", "Effect": "Allow", "Action": "s3:GetObject", "Resource": format!("arn:aws:s3:::bucket/{sid}")});
        (permissions.refused)(&Document::of(&json!({"Version": "2012-10-17", "Statement": [statement]})))
    };
    assert_eq!(policy(&format!("{}{}", "x".repeat(10_000), " ".repeat(1_000))), None, "white space is free");
    assert!(policy(&"x".repeat(10_240)).is_some_and(|why| why.starts_with("LimitExceeded")));
}
