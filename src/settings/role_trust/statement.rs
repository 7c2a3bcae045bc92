//! One trust of a policy → the statement of the trust policy that admits it, each as narrow as AWS documents it.
//!
//! No statement that is made here admits more than one job: subjects are whole, audiences are named.

use serde_json::{Map, Value, json};

use crate::model::policy::{AccountTrust, GithubEvent, GithubTrust, IrsaTrust, PodIdentityTrust, Trust};
use crate::model::resource::{GITHUB_OIDC, RoleWish};

/// The audience that the AWS SDKs and `aws-actions/configure-aws-credentials` ask a token for.
const AUDIENCE: &str = "sts.amazonaws.com";

/// The statement.
pub(super) fn of(role: &RoleWish, trust: &Trust) -> Value {
    match trust {
        Trust::Principal(arn) => json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": arn}}),
        Trust::Account(account) => of_account(role, account),
        Trust::Github(github) => of_github(role, github),
        Trust::Irsa(irsa) => of_irsa(role, irsa),
        Trust::PodIdentity(pod) => of_pod_identity(pod),
        Trust::InstanceProfile(_) => {
            json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": format!("ec2.{}", role.partition.dns_suffix())}})
        }
    }
}

/// AWS answers an account id as the ARN of its root, which does not mean its root user only (IAM user guide, "Principal").
fn of_account(role: &RoleWish, account: &AccountTrust) -> Value {
    let root = format!("arn:{}:iam::{}:root", role.partition.as_str(), account.id);
    let mut statement =
        Map::from_iter([("Effect".to_owned(), json!("Allow")), ("Action".to_owned(), json!("sts:AssumeRole")), ("Principal".to_owned(), json!({"AWS": root}))]);
    if let Some(external) = &account.external_id {
        statement.insert("Condition".to_owned(), json!({"StringEquals": {"sts:ExternalId": external}}));
    }
    Value::Object(statement)
}

/// A job that names an environment has the `environment` form of the subject, not the ref form (GitHub docs, "OIDC in AWS").
fn of_github(role: &RoleWish, github: &GithubTrust) -> Value {
    let what = match (&github.environment, github.event, &github.r#ref) {
        (Some(environment), _, _) => format!("environment:{environment}"),
        (None, Some(GithubEvent::PullRequest), _) => "pull_request".to_owned(),
        (None, None, Some(place)) => format!("ref:{place}"),
        // `compile` refuses a trust that says none of them; this subject admits nobody.
        (None, None, None) => "environment:".to_owned(),
    };
    web_identity(role, role.account.as_deref(), GITHUB_OIDC, &format!("repo:{}:{what}", github.repository))
}

/// EKS user guide, "Assign IAM roles to Kubernetes service accounts".
fn of_irsa(role: &RoleWish, irsa: &IrsaTrust) -> Value {
    let account = irsa.account.as_deref().or(role.account.as_deref());
    web_identity(role, account, &irsa.oidc_provider, &format!("system:serviceaccount:{}:{}", irsa.namespace, irsa.service_account))
}

fn web_identity(role: &RoleWish, account: Option<&str>, issuer: &str, subject: &str) -> Value {
    let provider = format!("arn:{}:iam::{}:oidc-provider/{issuer}", role.partition.as_str(), account.unwrap_or_default());
    json!({
        "Effect": "Allow",
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": provider},
        "Condition": {"StringEquals": {format!("{issuer}:aud"): AUDIENCE, format!("{issuer}:sub"): subject}}
    })
}

/// EKS user guide, "Create IAM role with trust policy required by EKS Pod Identity": the tags are those that EKS adds to every
/// session, and the account is the one whose cluster asks.
fn of_pod_identity(pod: &PodIdentityTrust) -> Value {
    json!({
        "Effect": "Allow",
        "Action": ["sts:AssumeRole", "sts:TagSession"],
        "Principal": {"Service": "pods.eks.amazonaws.com"},
        "Condition": {"StringEquals": {
            "aws:SourceAccount": pod.cluster.split(':').nth(4).unwrap_or_default(),
            "aws:RequestTag/eks-cluster-arn": pod.cluster,
            "aws:RequestTag/kubernetes-namespace": pod.namespace,
            "aws:RequestTag/kubernetes-service-account": pod.service_account
        }}
    })
}
