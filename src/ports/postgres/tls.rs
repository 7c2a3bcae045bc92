//! How a server's certificate is checked: libpq's `sslmode` and `sslrootcert`, for our own connections and for its programs alike.
//!
//! PostgreSQL documentation, "SSL Support" (libpq-ssl). It never checks less than libpq would: where the two differ, it checks more.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tokio_postgres::config::SslMode;

use super::DatabaseError;

/// Where systems keep the roots that they trust, in one file: Debian, Fedora, SUSE, Alpine.
const BUNDLES: &[&str] = &["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"];

/// What is encrypted and checked.
#[derive(Clone, Debug)]
pub(super) enum Tls {
    /// `disable`, `allow`, `prefer`, `require`: nobody is checked. None = no `sslmode` was given.
    Unchecked(Option<&'static str>),
    /// `verify-full` against the roots of the system.
    System,
    /// `verify-ca` or `verify-full` against the certificates of a file.
    Private(Private),
}

/// The certificates of a file.
#[derive(Clone, Debug)]
pub(super) struct Private {
    file: PathBuf,
    certificates: Vec<CertificateDer<'static>>,
    roots: Arc<RootCertStore>,
    /// Whether the host name is checked too (`verify-full`).
    name: bool,
}

impl Tls {
    /// Reads the two parameters, and the file that the second one names.
    pub(super) fn of(mode: Option<&str>, roots: Option<&str>) -> Result<Self, DatabaseError> {
        let private = |file: &str, name| Private::read(Path::new(file), name).map(Self::Private);
        match (mode, roots) {
            // libpq takes `verify-ca` against the system's roots for too weak; without a file we check the name as well.
            (Some("verify-full" | "verify-ca"), None | Some("system")) | (None, Some("system")) => Ok(Self::System),
            (Some("verify-full"), Some(file)) => private(file, true),
            // With a root file libpq makes `require` the same as `verify-ca`.
            (Some("verify-ca" | "require"), Some(file)) => private(file, false),
            (None, None) => Ok(Self::Unchecked(None)),
            (Some("disable"), None) => Ok(Self::Unchecked(Some("disable"))),
            (Some("allow"), None) => Ok(Self::Unchecked(Some("allow"))),
            (Some("prefer"), None) => Ok(Self::Unchecked(Some("prefer"))),
            (Some("require"), None) => Ok(Self::Unchecked(Some("require"))),
            (None | Some("disable" | "allow" | "prefer"), Some(_)) => {
                Err(DatabaseError::Url("sslrootcert is checked with sslmode verify-full, verify-ca or require only, and the URL asks for less".to_owned()))
            }
            (Some(other), _) => Err(DatabaseError::Url(format!("sslmode `{other}` is none of disable, allow, prefer, require, verify-ca, verify-full"))),
        }
    }

    /// The mode as tokio-postgres knows it.
    pub(super) fn mode(&self) -> SslMode {
        match self {
            Self::Unchecked(Some("disable")) => SslMode::Disable,
            Self::Unchecked(Some("require")) | Self::System | Self::Private(_) => SslMode::Require,
            Self::Unchecked(_) => SslMode::Prefer,
        }
    }

    /// The variables by which programs of libpq check the same.
    pub(super) fn libpq(&self) -> Vec<(&'static str, String)> {
        let (mode, roots) = match self {
            Self::Unchecked(None) => return Vec::new(),
            Self::Unchecked(Some(mode)) => return vec![("PGSSLMODE", (*mode).to_owned())],
            // `system` is known to libpq 16 and newer; a file is known to all.
            Self::System => ("verify-full", bundle().map_or_else(|| "system".to_owned(), |file| file.display().to_string())),
            Self::Private(private) => (if private.name { "verify-full" } else { "verify-ca" }, private.file.display().to_string()),
        };
        vec![("PGSSLMODE", mode.to_owned()), ("PGSSLROOTCERT", roots)]
    }

    /// The same for our own connections.
    pub(super) fn config(&self) -> ClientConfig {
        let with = |verifier: Arc<dyn ServerCertVerifier>| ClientConfig::builder().dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth();
        match self {
            Self::Unchecked(_) => with(Arc::new(Nobody)),
            Self::Private(private) => with(Arc::new(private.clone())),
            Self::System => {
                let mut roots = RootCertStore::empty();
                // A root of the system that cannot be read is one that trusts nothing.
                let _ = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
                ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()
            }
        }
    }
}

/// The file of the system's roots: the one that our own connections read too.
fn bundle() -> Option<PathBuf> {
    let named = std::env::var_os("SSL_CERT_FILE").map(PathBuf::from);
    named.into_iter().chain(BUNDLES.iter().map(PathBuf::from)).find(|file| file.is_file())
}

impl Private {
    fn read(file: &Path, name: bool) -> Result<Self, DatabaseError> {
        let wrong = |message: String| DatabaseError::Roots { file: file.display().to_string(), message };
        let found = CertificateDer::pem_file_iter(file).map_err(|error| wrong(plain(error)))?;
        let certificates = found.collect::<Result<Vec<_>, _>>().map_err(|error| wrong(plain(error)))?;
        if certificates.is_empty() {
            return Err(wrong("it holds no certificate in PEM".to_owned()));
        }
        let mut roots = RootCertStore::empty();
        for certificate in &certificates {
            roots.add(certificate.clone()).map_err(|error| wrong(format!("a certificate in it cannot be read: {error}")))?;
        }
        let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
        Ok(Self { file, certificates, roots: Arc::new(roots), name })
    }
}

fn plain(error: rustls::pki_types::pem::Error) -> String {
    match error {
        rustls::pki_types::pem::Error::Io(error) => error.to_string(),
        other => format!("it is not PEM: {other}"),
    }
}

fn algorithms() -> WebPkiSupportedAlgorithms {
    aws_lc_rs::default_provider().signature_verification_algorithms
}

impl ServerCertVerifier for Private {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        host: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let parsed = ParsedCertificate::try_from(certificate)?;
        // A server's own self-signed certificate may be the file, as PostgreSQL's manual makes it: that one and no other.
        if !self.certificates.contains(certificate) {
            verify_server_cert_signed_by_trust_anchor(&parsed, &self.roots, between, now, algorithms().all)?;
        }
        if self.name {
            verify_server_name(&parsed, host)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &algorithms())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &algorithms())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        algorithms().supported_schemes()
    }
}

/// libpq's `prefer` and `require` encrypt without checking who answers.
#[derive(Debug)]
struct Nobody;

impl ServerCertVerifier for Nobody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(&self, _: &[u8], _: &CertificateDer<'_>, _: &DigitallySignedStruct) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(&self, _: &[u8], _: &CertificateDer<'_>, _: &DigitallySignedStruct) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        algorithms().supported_schemes()
    }
}
