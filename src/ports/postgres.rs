//! Connections to PostgreSQL, and the environment by which `pg_dump` and friends make theirs.
//!
//! A password goes by environment or memory, never into an argument or a message.

use std::fmt;
use std::time::Duration;

use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::secrets::Secret;
use crate::model::causes::causes;

mod conninfo;
pub mod rows;
mod tls;

use tls::Tls;

/// How long to wait for a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// A database server and how to get in, from a connection URL.
#[derive(Clone)]
pub struct Target {
    config: Config,
    tls: Tls,
}

/// Why a server cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The connection URL cannot be read. The URL is not shown: it may hold a password.
    #[error("the connection URL cannot be read: {0}")]
    Url(String),
    /// The file of `sslrootcert` cannot be used.
    #[error("sslrootcert {file} cannot be used: {message}")]
    Roots {
        /// The file.
        file: String,
        /// Why.
        message: String,
    },
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
            Self::Roots { .. } => Some("name a PEM file with the certificate of the CA that signed the server's certificate"),
            Self::Connect { message, .. } if message.contains("UnknownIssuer") || message.contains("BadSignature") => {
                Some("nobody that is trusted signed the server's certificate: name the file of its CA with sslrootcert=/PATH")
            }
            Self::Connect { message, .. } if message.contains("certificate") => {
                Some("look at the server's certificate: verify-full wants the host of the URL among its subjectAltNames, verify-ca does not")
            }
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
    /// Reads a connection URL (or `key=value` text) as libpq would, with its `sslmode`s and `sslrootcert`.
    ///
    /// # Errors
    /// When it cannot be read, asks for what is not supported (client certificates), or names a file of roots that cannot be used.
    pub fn parse(url: &Secret) -> Result<Self, DatabaseError> {
        let (text, mut taken) = conninfo::take(url.expose(), &["sslmode", "sslrootcert"]);
        let mut config: Config = text.parse().map_err(|error: tokio_postgres::Error| DatabaseError::Url(words(&error)))?;
        let (mode, roots) = (taken.remove("sslmode"), taken.remove("sslrootcert"));
        let tls = Tls::of(mode.as_deref(), roots.as_deref())?;
        config.ssl_mode(tls.mode()).connect_timeout(CONNECT).application_name("lifeboat");
        if config.get_hosts().is_empty() {
            return Err(DatabaseError::Url("it names no host".to_owned()));
        }
        Ok(Self { config, tls })
    }

    /// A server on a unix socket, as a user without password.
    pub fn socket(folder: &std::path::Path, port: u16, user: &str, database: &str) -> Self {
        let mut config = Config::new();
        config.host_path(folder).port(port).user(user).dbname(database).ssl_mode(SslMode::Disable).connect_timeout(CONNECT).application_name("lifeboat");
        Self { config, tls: Tls::Unchecked(None) }
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
        out.extend(self.tls.libpq());
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
        let (client, connection) = self.config.connect(MakeRustlsConnect::new(self.tls.config())).await.map_err(refused)?;
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
        assert!(variables.iter().any(|(name, _)| *name == "PGSSLROOTCERT"), "libpq must check against the same roots: {variables:?}");
        assert!(variables.contains(&("PGPASSWORD", "s3cret".to_owned())));
    }

    #[test]
    fn a_mode_is_kept_however_the_text_is_written() {
        let mode = |text: &str| {
            let found = Target::parse(&Secret::new(text)).unwrap().libpq().into_iter().find(|(name, _)| *name == "PGSSLMODE");
            found.map(|(_, mode)| mode)
        };
        for text in ["postgresql://u@h/d?sslmode=require", "host=h user=u dbname=d sslmode=require", "sslmode = 'require' host=h"] {
            assert_eq!(mode(text).as_deref(), Some("require"), "{text}");
        }
        assert_eq!(mode("host=h user=u"), None);
        assert_eq!(mode("postgresql://u@h/d?sslrootcert=system").as_deref(), Some("verify-full"));
        assert_eq!(mode("postgresql://u@h/d?sslmode=verify-ca").as_deref(), Some("verify-full"), "against public roots a name must fit");
    }

    #[test]
    fn roots_that_would_not_be_checked_or_cannot_be_read_are_refused() {
        let said = |text: &str| Target::parse(&Secret::new(text)).unwrap_err().to_string();
        for mode in ["", "sslmode=prefer&", "sslmode=disable&"] {
            assert!(said(&format!("postgresql://u:s3cret@h/d?{mode}sslrootcert=/x")).contains("the URL asks for less"), "{mode}");
        }
        let missing = said("postgresql://u:s3cret@h/d?sslmode=verify-full&sslrootcert=/no/such%20file");
        assert!(missing.starts_with("sslrootcert /no/such file cannot be used: No such file"), "{missing}");
        let file = tempfile::NamedTempFile::new().unwrap();
        let empty = said(&format!("host=h sslmode=verify-ca sslrootcert={}", file.path().display()));
        assert!(empty.ends_with("cannot be used: it holds no certificate in PEM"), "{empty}");
    }

    #[test]
    fn what_cannot_be_read_is_said_without_the_url() {
        for url in ["postgresql://u:s3cret@h/d?sslmode=nonsense", "not a url", "postgresql://u:s3cret@h:port/d", "dbname=x"] {
            let error = Target::parse(&Secret::new(url)).unwrap_err();
            assert!(!error.to_string().contains("s3cret"), "{error}");
        }
    }
}
