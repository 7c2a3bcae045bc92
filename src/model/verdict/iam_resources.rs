//! Resources of identity policies: what IAM takes for an ARN.

use serde_json::{Map, Value};

use super::Refusal;
use super::iam_policy::{legacy, texts};

/// What the path of an IAM resource may begin with.
const IAM_PATHS: &[&str] = &[
    "user/",
    "federated-user/",
    "role/",
    "group/",
    "instance-profile/",
    "mfa/",
    "server-certificate/",
    "policy/",
    "sms-mfa/",
    "saml-provider/",
    "oidc-provider/",
    "report/",
    "access-report/",
];

/// The first wrong resource in IAM's words, which it says only after other checks; what its older parser cannot read at once.
pub(super) fn formats(statements: &[&Map<String, Value>]) -> Result<Option<String>, Refusal> {
    let mut wrong = None;
    for (at, statement) in statements.iter().enumerate() {
        for resource in texts(statement, "Resource").into_iter().chain(texts(statement, "NotResource")).filter(|resource| *resource != "*") {
            if wrong.is_none() {
                wrong = format(resource);
            }
            if wrong.is_none() && !readable(resource) {
                return Err(legacy(at, format!("`{resource}` is not an ARN that the older parser of IAM can read")));
            }
        }
    }
    Ok(wrong)
}

/// Six parts, or none left empty; and a service.
fn readable(resource: &str) -> bool {
    let whole = resource.matches(':').count() >= 5 || !resource.contains("::");
    whole && resource.split(':').nth(2).is_some_and(|service| !service.is_empty())
}

fn format(resource: &str) -> Option<String> {
    let Some((_, rest)) = resource.split_once(':') else { return Some(format!("Resource {resource} must be in ARN format or \"*\".")) };
    let partition = rest.split(':').next().unwrap_or_default();
    if partition != "aws" && !partition.starts_with("aws-") {
        return Some(wrong_partition(partition, rest));
    }
    let Some((_, rest)) = rest.split_once(':') else { return Some("Resource vendor must be fully qualified and cannot contain regexes.".to_owned()) };
    let mut parts = rest.splitn(4, ':');
    let (service, region) = (parts.next().unwrap_or_default(), parts.next());
    let (account, path) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    match service {
        "iam" if region != Some("") => Some(format!("IAM resource {resource} cannot contain region information.")),
        "iam" if path != "*" && !IAM_PATHS.iter().any(|start| path.starts_with(start)) => {
            Some(format!("IAM resource path must either be \"*\" or start with {}.", IAM_PATHS.join(", ")))
        }
        // Access points, jobs and the like have an account and therefore a region; buckets have neither.
        "s3" if region != Some("") && account.is_empty() => Some(format!("Resource {resource} can not contain region information.")),
        _ => None,
    }
}

fn wrong_partition(partition: &str, rest: &str) -> String {
    let mut parts = rest.splitn(5, ':').skip(1);
    let shown: Vec<&str> = (0..4).map(|_| parts.next().unwrap_or("*")).collect();
    format!("Partition \"{partition}\" is not valid for resource \"arn:{partition}:{}\".", shown.join(":"))
}
