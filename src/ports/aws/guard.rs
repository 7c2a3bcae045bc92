//! The last gate before the wire: a request that deletes is sent only if it is one of the few that lifeboat has.
//!
//! Whatever a bug above does, no bucket, object or configuration goes by a DELETE: one server takes a DELETE of a
//! sub-resource that it does not know for one of the bucket, with all its objects. It reads the request as it would be sent
//! and must never change it. KMS and STS, where lifeboat only asks, have a list of all that may be asked.

use aws_sdk_s3::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;

/// What may be deleted by the HTTP method DELETE: a name of the query that must be there, and what it is.
const QUERIES: &[(&str, &str)] = &[("uploadId", "AbortMultipartUpload"), ("versionId", "DeleteObject of a delete marker, by `marks::remove_marker` alone")];

/// What may be deleted by an action of IAM, which comes as a form by POST.
const ACTIONS: &[&str] = &["DeleteRole", "DeleteRolePolicy", "DeleteRolePermissionsBoundary", "DetachRolePolicy"];

/// How actions begin that take something away.
const REMOVING: &[&str] = &["Delete", "Detach", "Remove"];

/// The words that a refusal begins with.
pub(super) const REFUSED: &str = "lifeboat does not send this";

/// The interceptor.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Guard;

impl Intercept for Guard {
    fn name(&self) -> &'static str {
        "Guard"
    }

    fn read_before_transmit(&self, context: &BeforeTransmitInterceptorContextRef<'_>, _: &RuntimeComponents, _: &mut ConfigBag) -> Result<(), BoxError> {
        let request = context.request();
        judge(request.method(), request.uri(), request.body().bytes()).map_err(Into::into)
    }
}

/// All that a client may send: keys are looked at and never changed, and nobody is made or let in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Only(&'static [&'static str]);

/// What KMS is asked.
pub(super) const KMS: Only = Only(&["DescribeKey", "GetKeyPolicy", "GetKeyRotationStatus"]);

/// What STS is asked.
pub(super) const STS: Only = Only(&["AssumeRole", "GetCallerIdentity"]);

impl Intercept for Only {
    fn name(&self) -> &'static str {
        "Only"
    }

    fn read_before_transmit(&self, context: &BeforeTransmitInterceptorContextRef<'_>, _: &RuntimeComponents, _: &mut ConfigBag) -> Result<(), BoxError> {
        let request = context.request();
        self.judge(request.headers().get("x-amz-target"), request.body().bytes()).map_err(Into::into)
    }
}

impl Only {
    /// Whether an operation is on the list. KMS names it in a header, `TrentService.DescribeKey`, and STS in the form of the body
    /// (AWS JSON 1.1 and AWS Query protocols). One that cannot be told is none of them.
    fn judge(self, target: Option<&str>, body: Option<&[u8]>) -> Result<(), String> {
        let named = target.map(|target| target.rsplit('.').next().unwrap_or(target)).or_else(|| body.and_then(action));
        match named {
            Some(operation) if self.0.contains(&operation) => Ok(()),
            Some(operation) => Err(format!("{REFUSED}: {operation}")),
            None => Err(format!("{REFUSED}: an operation without a name")),
        }
    }
}

/// Whether a request may be sent, by its method, its URI and its body.
fn judge(method: &str, uri: &str, body: Option<&[u8]>) -> Result<(), String> {
    if method.eq_ignore_ascii_case("DELETE") {
        let query = uri.split_once('?').map(|(_, query)| query).unwrap_or_default();
        let named = |name: &str| query.split('&').any(|pair| pair.split_once('=').is_some_and(|(key, value)| key == name && !value.is_empty()));
        return if QUERIES.iter().any(|(name, _)| named(name)) { Ok(()) } else { Err(format!("{REFUSED}: DELETE {uri}")) };
    }
    let action = body.filter(|_| method.eq_ignore_ascii_case("POST")).and_then(action);
    match action {
        Some(action) if REMOVING.iter().any(|begin| action.starts_with(begin)) && !ACTIONS.contains(&action) => Err(format!("{REFUSED}: {action}")),
        // S3's only way to delete many objects at once is a POST.
        None if method.eq_ignore_ascii_case("POST") && uri.split_once('?').is_some_and(|(_, query)| query.split(['&', '=']).any(|name| name == "delete")) => {
            Err(format!("{REFUSED}: POST {uri}"))
        }
        Some(_) | None => Ok(()),
    }
}

fn action(form: &[u8]) -> Option<&str> {
    std::str::from_utf8(form).ok()?.split('&').find_map(|pair| pair.strip_prefix("Action="))
}

#[cfg(test)]
mod tests;
