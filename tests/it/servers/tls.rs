//! TLS to the database: the CA of a file is believed by our own connections and by the programs of libpq alike, a wrong one by neither.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use lifeboat::ports::postgres::Target;
use lifeboat::ports::process::{Confinement, Programs, User, find};
use lifeboat::ports::secrets::Secret;

use super::cli::Ran;
use super::stage::{Stage, until};

const SMALL: &str = "CREATE TABLE one (id int PRIMARY KEY); INSERT INTO one SELECT generate_series(1, 100);";

/// A server of its own that speaks TLS only: that of the sandbox has none, and switching it on would reach every other test.
struct Server {
    child: tokio::process::Child,
    folder: tempfile::TempDir,
    programs: Programs,
    port: u16,
}

/// Runs openssl in a folder.
fn openssl(folder: &Path, line: &str) {
    let output = Command::new("openssl")
        .args(line.split(' '))
        .current_dir(folder)
        .output()
        .unwrap_or_else(|error| panic!("these tests make certificates with openssl: {error}"));
    assert!(output.status.success(), "openssl {line}\n{}", String::from_utf8_lossy(&output.stderr));
}

/// A CA and a certificate of it for 127.0.0.1, and a certificate that signed itself.
fn certificates(folder: &Path) {
    let new = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2";
    for ca in ["ca", "other"] {
        openssl(folder, &format!("req -x509 {new} -subj /CN={ca} -keyout {ca}.key -out {ca}.pem"));
    }
    openssl(folder, &format!("req -x509 {new} -subj /CN=self -addext subjectAltName=IP:127.0.0.1 -keyout self.key -out self.pem"));
    std::fs::write(folder.join("names"), "subjectAltName=IP:127.0.0.1\n").unwrap();
    openssl(folder, "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=db -keyout signed.key -out signed.csr");
    openssl(folder, "x509 -req -in signed.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out signed.pem");
}

impl Server {
    async fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("lifeboat-tls-").tempdir_in("/tmp").unwrap();
        std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        certificates(folder.path());
        let programs = find(&["initdb", "postgres", "pg_dump", "psql"], 14).await.unwrap();
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let confinement = Confinement { user: account(), ..Confinement::default() };
        let data = folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        std::fs::write(folder.path().join("password"), "s3cret").unwrap();
        own(&data);
        own(&folder.path().join("password"));
        let arguments = ["-D", &data.to_string_lossy(), "-U", "postgres", "-A", "scram-sha-256", "--no-sync", "--locale=C", "-E", "UTF8"].map(str::to_owned);
        let mut initdb = programs.command("initdb", arguments, &confinement);
        initdb.arg(format!("--pwfile={}", folder.path().join("password").display()));
        let output = initdb.output().await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let settings = [
            format!("port={free}"),
            "ssl=on".to_owned(),
            "ssl_cert_file=server.pem".to_owned(),
            "ssl_key_file=server.key".to_owned(),
            "listen_addresses=127.0.0.1".to_owned(),
            "unix_socket_directories=".to_owned(),
            "fsync=off".to_owned(),
        ];
        std::fs::write(data.join("pg_hba.conf"), "hostssl all all 127.0.0.1/32 scram-sha-256\n").unwrap();
        let present = |name: &str| present(folder.path(), name);
        present("signed");
        let mut postgres = programs.command("postgres", ["-D".to_owned(), data.to_string_lossy().into_owned()], &confinement);
        postgres.args(settings.iter().flat_map(|setting| ["-c", setting.as_str()]));
        let child = postgres.stdout(Stdio::null()).stderr(std::fs::File::create(folder.path().join("log")).unwrap()).spawn().unwrap();
        let server = Self { child, folder, programs, port: free };
        until("the server with TLS answers", || (!server.psql("postgres", "SELECT 1").is_empty()).then_some(()));
        server
    }

    /// Shows another certificate from now on.
    fn turn(&self, name: &str) {
        present(self.folder.path(), name);
        let pid = std::fs::read_to_string(self.folder.path().join("data/postmaster.pid")).unwrap();
        assert!(Command::new("kill").args(["-s", "HUP", pid.lines().next().unwrap()]).status().unwrap().success());
    }

    fn psql(&self, database: &str, sql: &str) -> String {
        let mut command = Command::new(self.programs.path("psql"));
        command.args(["-qXAt", "-v", "ON_ERROR_STOP=1", "-c", sql, &self.url("127.0.0.1", database, "sslmode=require")]);
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    }

    fn url(&self, host: &str, database: &str, parameters: &str) -> String {
        format!("postgresql://postgres:s3cret@{host}:{}/{database}?{parameters}", self.port)
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).to_string_lossy().into_owned()
    }

    /// What `pg_dump` says of a URL, when it connects with the variables that lifeboat gives it.
    fn pg_dump(&self, url: &str) -> String {
        let target = Target::parse(&Secret::new(url)).unwrap();
        let mut command = Command::new(self.programs.path("pg_dump"));
        command.args(["--schema-only", "--file=/dev/null"]).env_clear().env("HOME", "/nonexistent").envs(target.libpq());
        String::from_utf8(command.output().unwrap().stderr).unwrap()
    }
}

fn present(folder: &Path, name: &str) {
    let data = folder.join("data");
    for kind in ["pem", "key"] {
        let to = data.join(format!("server.{kind}"));
        std::fs::copy(folder.join(format!("{name}.{kind}")), &to).unwrap();
        std::fs::set_permissions(&to, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        own(&to);
    }
}

/// PostgreSQL does not run as root.
fn account() -> Option<User> {
    (std::fs::metadata("/proc/self").unwrap().uid() == 0).then_some(User { uid: 65534, gid: 65534 })
}

fn own(path: &Path) {
    if let Some(user) = account() {
        std::os::unix::fs::chown(path, Some(user.uid), Some(user.gid)).unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.start_kill();
    }
}

#[track_caller]
fn refused(ran: &Ran, sentences: &[&str]) {
    assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{}{}", ran.out, ran.err);
    assert!(sentences.iter().all(|sentence| ran.err.contains(sentence)) && !ran.err.contains("s3cret"), "{sentences:?}\n{}", ran.err);
}

#[tokio::test]
async fn the_ca_of_a_file_is_believed_by_us_and_by_the_programs() {
    let stage = Stage::new("tls", SMALL);
    let server = Server::start().await;
    server.psql("postgres", &format!("CREATE DATABASE {}", stage.database));
    server.psql("postgres", "CREATE DATABASE target");
    server.psql(&stage.database, SMALL);
    let (ca, other) = (server.file("ca.pem"), server.file("other.pem"));
    let url = |host: &str, mode: &str, file: &str| server.url(host, &stage.database, &format!("sslmode={mode}&sslrootcert={file}"));
    let backup = |url: &str| stage.with("writer", &["backup", "orders/nightly"], &[("SHOP_DATABASE_URL", url)]);

    let ran = backup(&url("127.0.0.1", "verify-full", &ca));
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let into = server.url("127.0.0.1", "target", &format!("sslmode=verify-full&sslrootcert={ca}"));
    let ran = stage.with("restorer", &["restore", "orders", "--into", "env:TARGET_URL", "--yes"], &[("TARGET_URL", &into)]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert_eq!(server.psql("target", "SELECT count(*) FROM one"), "100\n");

    // The certificate is for 127.0.0.1, and localhost is another name.
    let (full, chain) = (url("localhost", "verify-full", &ca), url("localhost", "verify-ca", &ca));
    refused(&backup(&full), &["no connection to postgresql://postgres@localhost:", "certificate not valid for name \"localhost\"", "subjectAltNames"]);
    assert!(server.pg_dump(&full).contains("does not match host name \"localhost\""));
    assert_eq!(server.pg_dump(&chain), "");
    Target::parse(&Secret::new(chain.as_str())).unwrap().connect().await.unwrap();

    for mode in ["verify-full", "verify-ca", "require"] {
        let wrong = url("127.0.0.1", mode, &other);
        refused(&backup(&wrong), &["no connection to ", "hint: nobody that is trusted signed the server's certificate: name the file of its CA"]);
        assert!(server.pg_dump(&wrong).contains("certificate verify failed"), "{mode}");
    }
    let system = server.url("127.0.0.1", &stage.database, "sslmode=verify-full");
    refused(&backup(&system), &["no connection to ", "name the file of its CA with sslrootcert=/PATH"]);
    assert!(server.pg_dump(&system).contains("certificate verify failed"), "{}", server.pg_dump(&system));
    let missing = url("127.0.0.1", "verify-full", "/no/such/ca.pem");
    refused(&backup(&missing), &["sslrootcert /no/such/ca.pem cannot be used: No such file or directory", "hint: name a PEM file"]);
}

#[tokio::test]
async fn a_certificate_that_signed_itself_is_its_own_root_and_nobody_elses() {
    let server = Server::start().await;
    server.turn("self");
    let url = |host: &str, mode: &str, file: &str| server.url(host, "postgres", &format!("sslmode={mode}&sslrootcert={}", server.file(file)));
    let own = url("127.0.0.1", "verify-full", "self.pem");
    until("the other certificate is shown", || server.pg_dump(&own).is_empty().then_some(()));
    Target::parse(&Secret::new(own.as_str())).unwrap().connect().await.unwrap();
    for (host, file) in [("localhost", "self.pem"), ("127.0.0.1", "ca.pem")] {
        let error = Target::parse(&Secret::new(url(host, "verify-full", file))).unwrap().connect().await.map(drop).unwrap_err();
        assert!(error.to_string().contains("certificate"), "{error}");
        assert_ne!(server.pg_dump(&url(host, "verify-full", file)), "", "{host} {file}");
    }
}
