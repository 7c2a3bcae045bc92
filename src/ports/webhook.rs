//! Posts JSON to a webhook: TLS unless it is on this machine, a bounded time, a few tries. Its address is a secret and reaches no message.

use std::time::Duration;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::{Connector, tls};
use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;

use super::Clock;
use super::secrets::Secret;
use crate::model::causes::causes;

/// How long one try may take.
const ONE_TRY: Duration = Duration::from_secs(10);
/// The pause after each try but the last.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(3)];

/// Why nothing could be posted. It names the host at the most.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// It is not an address that is posted to.
    #[error("the webhook is no URL that begins with https://; http:// is taken for this machine only")]
    Address,
    /// It was refused.
    #[error("{host} answered HTTP {status}")]
    Refused {
        /// The host.
        host: String,
        /// The status.
        status: u16,
    },
    /// No answer came.
    #[error("{host} gave no answer: {why}")]
    Silent {
        /// The host.
        host: String,
        /// Why.
        why: String,
    },
}

/// The host of an address that may be posted to.
fn host(url: &str) -> Result<&str, WebhookError> {
    let (scheme, rest) = url.split_once("://").ok_or(WebhookError::Address)?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let host = authority.rsplit('@').next().unwrap_or(authority);
    let name = host.strip_prefix('[').map_or_else(|| host.split(':').next().unwrap_or(host), |v6| v6.split(']').next().unwrap_or(v6));
    let here = name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    let sound = !name.is_empty() && url.chars().all(|c| c.is_ascii_graphic());
    if sound && (scheme == "https" || (scheme == "http" && here)) { Ok(host) } else { Err(WebhookError::Address) }
}

/// Posts a document; what is busy or silent is tried again, what refuses is not. Redirects are not followed.
///
/// # Errors
/// See [`WebhookError`].
pub async fn post(webhook: &Secret, body: &str, clock: &dyn Clock) -> Result<(), WebhookError> {
    let host = host(webhook.expose())?.to_owned();
    let mut pauses = PAUSES.iter();
    loop {
        let error = match once(webhook, body, &host).await {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        let again = match &error {
            WebhookError::Refused { status, .. } => *status == 429 || *status >= 500,
            WebhookError::Silent { .. } => true,
            WebhookError::Address => false,
        };
        match pauses.next().filter(|_| again) {
            Some(pause) => clock.sleep(*pause).await,
            None => return Err(error),
        }
    }
}

async fn once(webhook: &Secret, body: &str, host: &str) -> Result<(), WebhookError> {
    let silent = |why: String| WebhookError::Silent { host: host.to_owned(), why: why.replace(webhook.expose(), "…") };
    let provider = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc);
    // Plain HTTP is for this machine only: over a proxy it would leave it.
    let proxy = if webhook.expose().starts_with("https://") { ProxyConfig::from_env() } else { ProxyConfig::disabled() };
    let connector = Connector::builder().proxy_config(proxy).tls_provider(provider).build();
    let mut request = HttpRequest::new(SdkBody::from(body));
    request.set_method("POST").map_err(|_| WebhookError::Address)?;
    request.set_uri(webhook.expose()).map_err(|_| WebhookError::Address)?;
    request.headers_mut().insert("content-type", "application/json");
    request.headers_mut().insert("content-length", body.len().to_string());
    match tokio::time::timeout(ONE_TRY, connector.call(request)).await {
        Err(_) => Err(silent(format!("not within {} s", ONE_TRY.as_secs()))),
        Ok(Err(error)) => Err(silent(causes(&error))),
        Ok(Ok(answer)) if answer.status().is_success() => Ok(()),
        Ok(Ok(answer)) => Err(WebhookError::Refused { host: host.to_owned(), status: answer.status().as_u16() }),
    }
}

#[cfg(test)]
mod tests {
    use super::host;

    #[test]
    fn only_tls_or_this_machine_is_posted_to() {
        for (url, name) in [
            ("https://hooks.example.com/services/T0/B0/secret", "hooks.example.com"),
            ("https://hooks.example.com:8443", "hooks.example.com:8443"),
            ("http://127.0.0.1:9000/x", "127.0.0.1:9000"),
            ("http://localhost/x", "localhost"),
            ("http://[::1]:9000/x", "[::1]:9000"),
        ] {
            assert_eq!(host(url).ok(), Some(name), "{url}");
        }
        for url in
            ["http://hooks.example.com/x", "http://localhost.example.com/", "http://localhost@example.com/", "ftp://x/", "https://", "x", "", "https://a b/"]
        {
            assert!(host(url).is_err(), "{url}");
        }
    }
}
