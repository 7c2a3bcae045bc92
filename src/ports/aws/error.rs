//! SDK errors → [`PortError`], in the other side's words.

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use super::assume::SHUT;
use super::guard::REFUSED;
use crate::model::causes::causes;
use crate::ports::{Kind, PortError};

/// Codes that mean "there is none" for a part of a bucket or role.
const ABSENT: &[&str] = &[
    "NoSuchLifecycleConfiguration",
    "NoSuchTagSet",
    "NoSuchTagSetError",
    "ServerSideEncryptionConfigurationNotFoundError",
    "NoSuchPublicAccessBlockConfiguration",
    "OwnershipControlsNotFoundError",
    "NoSuchBucketPolicy",
    "ObjectLockConfigurationNotFoundError",
    "ReplicationConfigurationNotFoundError",
    "NoSuchBucket",
    "NoSuchKey",
    "NoSuchEntity",
    "NotFoundException",
    "NotFound",
    "NoSuchUpload",
];

const CREDENTIALS: &[&str] =
    &["InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidClientTokenId", "InvalidToken", "TokenRefreshRequired", "ExpiredTokenException"];

/// Codes that ask to slow down (those that the SDK waits for before it tries again).
const BUSY: &[&str] = &[
    "SlowDown",
    "ServiceUnavailable",
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "BandwidthLimitExceeded",
];

/// Codes of a change that met another one under way: nothing was done (S3 and IAM API references, error codes).
const UNSETTLED: &[&str] = &["OperationAborted", "ConcurrentModification", "EntityTemporarilyUnmodifiable"];

/// Codes of a signature that is too old or too young.
const CLOCK: &[&str] = &["RequestTimeTooSkewed", "RequestExpired"];
/// Codes of a request that this state does not take, whatever their status is: an archived object answers 403, but nobody is
/// to be granted anything; the others answer 409, but nothing is there that was to be made.
const REJECTED: &[&str] = &["InvalidObjectState", "InvalidBucketState", "LimitExceeded", "DeleteConflict"];

/// Words of a refusal that nobody's rights would change: the endpoint does not do this for anybody (SeaweedFS 4.48 answers
/// 403 with them to questions about roles).
const NOT_SERVED: &[&str] = &["IAM write operations are disabled"];

/// Words of a failure before the first byte was sent; any other failure of the connection may come after the last.
const NEVER_SENT: &[&str] = &["tcp connect error", "dns error", "error trying to connect", "Connection refused"];

/// Says what an SDK error means; `what` names the operation and its object.
pub(super) fn port<E>(what: &str, error: SdkError<E, HttpResponse>) -> PortError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let status = error.raw_response().map(|response| response.status().as_u16());
    let code = error.code().map(str::to_owned);
    let mut message = match (error.code(), error.message()) {
        (Some(code), Some(text)) => format!("{code}: {text}"),
        (Some(code), None) => code.to_owned(),
        (None, Some(text)) => text.to_owned(),
        (None, None) => match status {
            Some(200..=299) if is_empty(&error) => "an empty answer".to_owned(),
            Some(200..=299) if is_another(&error) => "an answer to another question than was asked".to_owned(),
            Some(200..=299) | None => causes(&error),
            Some(status) => format!("HTTP {status} without a reason"),
        },
    };
    if let Some(at) = message.find(SHUT) {
        // The words of the layers between say nothing.
        return PortError { what: what.to_owned(), kind: Kind::NoRole, message: message.split_off(at), maybe_done: false };
    }
    let (kind, maybe_done) = match &error {
        _ if message.contains(REFUSED) => (Kind::Rejected, false),
        SdkError::ConstructionFailure(_) => (construction(&message), false),
        SdkError::DispatchFailure(failure) => (construction(&message), !failure.is_user() && !NEVER_SENT.iter().any(|words| message.contains(words))),
        SdkError::TimeoutError(_) => (Kind::Unreachable, true),
        SdkError::ResponseError(_) if is_empty(&error) => (Kind::Unsupported, true),
        // Some operations of the SDK call an empty answer an error of the service.
        _ if matches!(status, Some(200..=299)) && is_empty(&error) => (Kind::Unsupported, true),
        _ if is_another(&error) => (Kind::Unsupported, true),
        _ if NOT_SERVED.iter().any(|words| message.contains(words)) => (Kind::Unsupported, false),
        SdkError::ResponseError(_) => (Kind::NotUnderstood, true),
        // It succeeded, and its body could not be read: some operations call that an error of the service too.
        _ if matches!(status, Some(200..=299)) && code.is_none() => (Kind::NotUnderstood, true),
        _ if is_principal(code.as_deref(), &message) => (Kind::NoPrincipal, false),
        _ => kind_of(status.unwrap_or(0), code.as_deref()),
    };
    PortError { what: what.to_owned(), kind, message, maybe_done }
}

/// An answer without a body: what servers say to questions that they do not know.
fn is_empty<E>(error: &SdkError<E, HttpResponse>) -> bool {
    error.raw_response().and_then(|response| response.body().bytes()).is_some_and(<[u8]>::is_empty)
}

/// IAM and S3 say so of a principal that does not exist, and of one that was made less than half a minute ago.
fn is_principal(code: Option<&str>, message: &str) -> bool {
    matches!(code, Some("MalformedPolicyDocument" | "MalformedPolicy")) && message.contains("Invalid principal")
}

/// An answer with another root element than the question has: servers that ignore a sub-resource that they do not know
/// answer the listing of the bucket, or whatever they take it for.
fn is_another<E: std::error::Error + 'static>(error: &SdkError<E, HttpResponse>) -> bool {
    causes(error).contains("encountered invalid XML root")
}

/// A request that could not be made or sent: mostly a missing credential, else the network.
fn construction(message: &str) -> Kind {
    if message.contains("credential") || message.contains("profile") { Kind::Credentials } else { Kind::Unreachable }
}

fn kind_of(status: u16, code: Option<&str>) -> (Kind, bool) {
    let code = code.unwrap_or("");
    let kind = if CREDENTIALS.contains(&code) {
        Kind::Credentials
    } else if ABSENT.contains(&code) {
        Kind::Missing
    } else if CLOCK.contains(&code) {
        Kind::Clock
    } else if BUSY.contains(&code) {
        Kind::Busy
    } else if UNSETTLED.contains(&code) {
        Kind::Unsettled
    } else if REJECTED.contains(&code) {
        Kind::Rejected
    } else if code == "PermanentRedirect" || code == "AuthorizationHeaderMalformed" || status == 301 {
        Kind::OtherRegion
    } else {
        match status {
            403 => Kind::Refused,
            404 => Kind::Missing,
            409 | 412 => Kind::Exists,
            405 | 501 => Kind::Unsupported,
            416 => Kind::OutOfRange,
            // A HEAD has no code: 503 is S3's only way to say it.
            429 | 503 => Kind::Busy,
            500.. => Kind::Unreachable,
            _ => Kind::Rejected,
        }
    };
    (kind, status >= 500 && status != 501)
}

#[cfg(test)]
mod tests;
