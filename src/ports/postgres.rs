//! Connections to PostgreSQL, and the environment by which `pg_dump` and friends make theirs.
//!
//! A password goes by environment or memory, never into an argument or a message.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::secrets::Secret;
use crate::model::causes::causes;

pub mod rows;

/// How long to wait for a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// A database server and how to get in, from a connection URL.
#[derive(Clone)]
pub struct Target {
    config: Config,
    verify: Verify,
    tls: Option<String>,
}

/// How the server's certificate is checked, by libpq's `sslmode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verify {
    /// `disable`, `allow`, `prefer`, `require`: libpq does not check it.
    No,
    /// `verify-ca` and `verify-full`: against the system's roots, with the host name.
    Full,
}

/// Why a server cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The connection URL cannot be read. The URL is not shown: it may hold a password.
    #[error("the connection URL cannot be read: {0}")]
    Url(String),
    /// No connection.
    #[error("no connection to {target}: {message}")]
    Connect {
        /// The server, without password.
        target: String,
        /// What the server or the network said.
        message: String,
    },
    /// A query failed.
    #[error("{what}: {message}")]
    Query {
        /// What was asked.
        what: String,
        /// What the server said.
        message: String,
        /// SQLSTATE, if the server gave one.
        code: Option<String>,
    },
}

impl DatabaseError {
    /// What a person can do.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Url(_) => Some("write it as postgresql://USER:PASSWORD@HOST:PORT/DATABASE"),
            Self::Connect { message, .. } if message.contains("password") => Some("look at user and password of the connection URL"),
            Self::Connect { .. } => Some("look at host, port, sslmode and the server's pg_hba.conf"),
            Self::Query { code: Some(code), .. } if code == "55P03" => {
                Some("a session holds a lock that stands in the way: pg_locks and pg_blocking_pids() show which")
            }
            Self::Query { .. } => None,
        }
    }
}

/// A query's failure in the server's words.
pub fn failed(what: &str) -> impl FnOnce(tokio_postgres::Error) -> DatabaseError {
    let what = what.to_owned();
    move |error| DatabaseError::Query { what, message: words(&error), code: error.code().map(|code| code.code().to_owned()) }
}

/// The server's message, else the chain of causes.
fn words(error: &tokio_postgres::Error) -> String {
    if let Some(said) = error.as_db_error() {
        return said.message().to_owned();
    }
    causes(error)
}

impl Target {
    /// Reads a connection URL (or `key=value` text) as libpq would, with its `sslmode`s.
    ///
    /// # Errors
    /// When it cannot be read or asks for what is not supported (`sslrootcert` and other file parameters).
    pub fn parse(url: &Secret) -> Result<Self, DatabaseError> {
        let (text, mode) = take_sslmode(url.expose());
        let mut config: Config = text.parse().map_err(|error: tokio_postgres::Error| DatabaseError::Url(words(&error)))?;
        let (ssl, verify) = match mode.as_deref() {
            None | Some("prefer" | "allow") => (SslMode::Prefer, Verify::No),
            Some("disable") => (SslMode::Disable, Verify::No),
            Some("require") => (SslMode::Require, Verify::No),
            Some("verify-ca" | "verify-full") => (SslMode::Require, Verify::Full),
            Some(other) => return Err(DatabaseError::Url(format!("sslmode `{other}` is none of disable, allow, prefer, require, verify-ca, verify-full"))),
        };
        config.ssl_mode(ssl).connect_timeout(CONNECT).application_name("lifeboat");
        if config.get_hosts().is_empty() {
            return Err(DatabaseError::Url("it names no host".to_owned()));
        }
        Ok(Self { config, verify, tls: mode })
    }

    /// A server on a unix socket, as a user without password.
    pub fn socket(folder: &std::path::Path, port: u16, user: &str, database: &str) -> Self {
        let mut config = Config::new();
        config.host_path(folder).port(port).user(user).dbname(database).ssl_mode(SslMode::Disable).connect_timeout(CONNECT).application_name("lifeboat");
        Self { config, verify: Verify::No, tls: None }
    }

    /// The same server, another database.
    #[must_use]
    pub fn database(&self, name: &str) -> Self {
        let mut other = self.clone();
        other.config.dbname(name);
        other
    }

    /// The database it names.
    pub fn database_name(&self) -> Option<&str> {
        self.config.get_dbname()
    }

    /// The user it names.
    pub fn user(&self) -> Option<&str> {
        self.config.get_user()
    }

    /// The variables by which libpq programs reach the same place.
    pub fn libpq(&self) -> Vec<(&'static str, String)> {
        let mut out = Vec::new();
        match self.config.get_hosts().first() {
            Some(Host::Tcp(host)) => out.push(("PGHOST", host.clone())),
            Some(Host::Unix(path)) => out.push(("PGHOST", path.display().to_string())),
            None => {}
        }
        out.extend(self.config.get_ports().first().map(|port| ("PGPORT", port.to_string())));
        out.extend(self.config.get_user().map(|user| ("PGUSER", user.to_owned())));
        out.extend(self.config.get_password().map(|password| ("PGPASSWORD", String::from_utf8_lossy(password).into_owned())));
        out.extend(self.config.get_dbname().map(|name| ("PGDATABASE", name.to_owned())));
        out.extend(self.tls.clone().map(|mode| ("PGSSLMODE", mode)));
        if self.verify == Verify::Full {
            out.push(("PGSSLROOTCERT", "system".to_owned()));
        }
        out.push(("PGCONNECT_TIMEOUT", CONNECT.as_secs().to_string()));
        out
    }

    /// Connects.
    ///
    /// # Errors
    /// When the server is not reached or does not let us in.
    pub async fn connect(&self) -> Result<Client, DatabaseError> {
        let refused = |error: tokio_postgres::Error| DatabaseError::Connect { target: self.to_string(), message: words(&error) };
        if matches!(self.config.get_hosts().first(), Some(Host::Unix(_))) || self.config.get_ssl_mode() == SslMode::Disable {
            let (client, connection) = self.config.connect(NoTls).await.map_err(refused)?;
            tokio::spawn(connection);
            return Ok(client);
        }
        let (client, connection) = self.config.connect(MakeRustlsConnect::new(tls(self.verify))).await.map_err(refused)?;
        tokio::spawn(connection);
        Ok(client)
    }
}

/// `postgresql://user@host:port/database`, without the password.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("postgresql://")?;
        if let Some(user) = self.config.get_user() {
            write!(f, "{user}@")?;
        }
        match self.config.get_hosts().first() {
            Some(Host::Tcp(host)) => f.write_str(host)?,
            Some(Host::Unix(path)) => write!(f, "{}", path.display())?,
            None => {}
        }
        if let Some(port) = self.config.get_ports().first() {
            write!(f, ":{port}")?;
        }
        write!(f, "/{}", self.config.get_dbname().unwrap_or(""))
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({self})")
    }
}

/// tokio-postgres knows three of libpq's six modes and refuses the others, so the parameter is taken out and read here.
fn take_sslmode(url: &str) -> (String, Option<String>) {
    let Some((head, query)) = url.split_once('?') else { return (url.to_owned(), None) };
    let mode = query.split('&').find_map(|pair| pair.strip_prefix("sslmode=")).map(str::to_owned);
    let rest: Vec<&str> = query.split('&').filter(|pair| !pair.starts_with("sslmode=")).collect();
    let text = if rest.is_empty() { head.to_owned() } else { format!("{head}?{}", rest.join("&")) };
    (text, mode)
}

fn tls(verify: Verify) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    if verify == Verify::Full {
        for certificate in rustls_native_certs::load_native_certs().certs {
            // A root of the system that cannot be read is one that trusts nothing.
            let _ = roots.add(certificate);
        }
    }
    let mut config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    if verify == Verify::No {
        config.dangerous().set_certificate_verifier(Arc::new(AsLibpq));
    }
    config
}

/// libpq's `prefer` and `require` encrypt without checking who answers (PostgreSQL documentation, "SSL Support").
#[derive(Debug)]
struct AsLibpq;

impl ServerCertVerifier for AsLibpq {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(&self, _: &[u8], _: &CertificateDer<'_>, _: &DigitallySignedStruct) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(&self, _: &[u8], _: &CertificateDer<'_>, _: &DigitallySignedStruct) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::{Secret, Target};

    #[test]
    fn a_url_is_shown_without_its_password() {
        let target = Target::parse(&Secret::new("postgresql://shop:s3cret@db.example.com:5433/orders?sslmode=verify-full")).unwrap();
        assert_eq!(target.to_string(), "postgresql://shop@db.example.com:5433/orders");
        assert!(!format!("{target:?}").contains("s3cret"));
        assert_eq!(target.database("other").to_string(), "postgresql://shop@db.example.com:5433/other");
        let variables = target.libpq();
        assert!(variables.contains(&("PGSSLMODE", "verify-full".to_owned())));
        assert!(variables.contains(&("PGPASSWORD", "s3cret".to_owned())));
    }

    #[test]
    fn what_cannot_be_read_is_said_without_the_url() {
        for url in ["postgresql://u:s3cret@h/d?sslmode=nonsense", "not a url", "postgresql://u:s3cret@h:port/d", "dbname=x"] {
            let error = Target::parse(&Secret::new(url)).unwrap_err();
            assert!(!error.to_string().contains("s3cret"), "{error}");
        }
    }
}
