//! The one way to the network of all clients: they share its connections and its list of trusted certificates. It must never change what
//! is sent, nor where.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use aws_sdk_s3::config::RuntimeComponents;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{self, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;

/// What the SDK makes for each client by itself, made once for each pair of timeouts: some hundred certificates are read for each of
/// those, once more to see that they can be, and no client finds the connection that another one opened.
#[derive(Debug, Default)]
struct Wire(Mutex<Vec<(Timeouts, SharedHttpConnector)>>);

/// To connect and to read.
type Timeouts = (Option<Duration>, Option<Duration>);

impl HttpClient for Wire {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let timeouts = (settings.connect_timeout(), settings.read_timeout());
        let mut made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, connector)) = made.iter().find(|(key, _)| *key == timeouts) {
            return connector.clone();
        }
        let connector = SharedHttpConnector::new(Ways::new(settings, components));
        made.push((timeouts, connector.clone()));
        connector
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        Some(ConnectorMetadata::new("hyper", Some("1.x".into())))
    }
}

/// With TLS and without. The system's certificates are read when something is first sent with it.
#[derive(Debug)]
struct Ways {
    how: How,
    proxied: bool,
    plain: OnceLock<Connector>,
    secure: OnceLock<Connector>,
}

impl Ways {
    fn new(settings: &HttpConnectorSettings, components: &RuntimeComponents) -> Self {
        let how = How { proxy: ProxyConfig::from_env(), settings: settings.clone(), components: components.clone() };
        Self { how, proxied: has_proxy(), plain: OnceLock::new(), secure: OnceLock::new() }
    }
}

impl HttpConnector for Ways {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        // A proxy may speak TLS where the server behind it does not.
        let way = if request.uri().starts_with("http://") && !self.proxied {
            self.plain.get_or_init(|| self.how.trusting(TrustStore::empty()))
        } else {
            self.secure.get_or_init(|| self.how.trusting(TrustStore::default()))
        };
        way.call(request)
    }
}

/// What both ways have in common.
#[derive(Debug)]
struct How {
    proxy: ProxyConfig,
    settings: HttpConnectorSettings,
    components: RuntimeComponents,
}

impl How {
    /// As the SDK's own (`default_https_client`): rustls, a proxy where the environment names one. With nothing to trust, TLS fails.
    fn trusting(&self, store: TrustStore) -> Connector {
        let provider = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc);
        let mut connector = Connector::builder().tls_provider(provider).proxy_config(self.proxy.clone());
        if let Ok(context) = TlsContext::builder().with_trust_store(store).build() {
            connector.set_tls_context(context);
        }
        connector.set_connector_settings(Some(self.settings.clone()));
        connector.set_sleep_impl(self.components.sleep_impl());
        connector.build()
    }
}

fn has_proxy() -> bool {
    ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"].into_iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// The way to the network, for clients that are to share it.
pub(super) fn wire() -> SharedHttpClient {
    SharedHttpClient::new(Wire::default())
}
