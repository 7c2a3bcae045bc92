//! Runs the binary as a user would, with an environment of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// What the binary said.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) code: i32,
}

/// A config repo of its own for one test, with bucket and role names that no other test uses.
#[derive(Debug)]
pub(crate) struct Config {
    folder: tempfile::TempDir,
    pub(crate) name: String,
    pub(crate) signing_key: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { out: text(&output.stdout), err: text(&output.stderr), code: output.status.code().unwrap_or(-1) }
    }
}

fn lifeboat() -> Command {
    Command::new(env!("CARGO_BIN_EXE_lifeboat"))
}

/// An environment variable that `scripts/sandbox` sets. Without the servers the test fails: it never skips.
pub(crate) fn sandbox(name: &str) -> String {
    std::env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set: run the tests with `make test` or `scripts/sandbox run --moto --seaweedfs -- cargo test`"))
}

impl Config {
    /// A copy of the quickstart's config repo; `name` makes bucket, roles and evidence unique.
    pub(crate) fn new(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Self { folder, name: name.to_owned(), signing_key: String::new() };
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/quickstart/config");
        for file in ["lifeboat.yaml", "policies/orders.yaml"] {
            let text = std::fs::read_to_string(example.join(file)).unwrap();
            let text = text.replace("shop-dr-orders", &config.bucket()).replace("role: shop-", &format!("role: shop-{name}-"));
            let text = text.replace("prefix: evidence/", &format!("prefix: {}", config.evidence()));
            config.write(file, &text.replace("prefix: control/", &format!("prefix: {}", config.control())));
        }
        config.signing_key = config.keygen("keys/quickstart.pub");
        config
    }

    pub(crate) fn bucket(&self) -> String {
        format!("shop-{}-orders", self.name)
    }

    /// Prefix of its evidence in the control bucket.
    pub(crate) fn evidence(&self) -> String {
        format!("evidence/{}/", self.name)
    }

    /// Prefix of the lock and the journal of its applies in the control bucket.
    pub(crate) fn control(&self) -> String {
        format!("control/{}/", self.name)
    }

    /// Makes a key pair, writes the public half into the config repo and gives the private one.
    pub(crate) fn keygen(&self, public: &str) -> String {
        let secret = tempfile::tempdir().unwrap();
        let file = secret.path().join("key.pem");
        let output = lifeboat().args(["evidence", "keygen", "--out"]).arg(&file).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        self.write(public, &String::from_utf8(output.stdout).unwrap());
        std::fs::read_to_string(file).unwrap()
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        let path = self.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Replaces a text in the policy.
    pub(crate) fn edit(&self, from: &str, to: &str) {
        let path = self.path().join("policies/orders.yaml");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "the policy does not contain {from}");
        std::fs::write(path, text.replace(from, to)).unwrap();
    }

    /// Runs `lifeboat` in this config repo as `profile`.
    pub(crate) fn lifeboat(&self, profile: &str, args: &[&str]) -> Ran {
        self.with(profile, args, &[])
    }

    /// The same with more environment variables.
    pub(crate) fn with(&self, profile: &str, args: &[&str], env: &[(&str, &str)]) -> Ran {
        self.command(profile, args).envs(env.iter().copied()).output().unwrap().into()
    }

    /// The command, not yet run, against the servers of the sandbox.
    pub(crate) fn command(&self, profile: &str, args: &[&str]) -> Command {
        sandbox("AWS_ENDPOINT_URL");
        self.bare(profile, args)
    }

    /// The command, not yet run, against whatever the caller names.
    pub(crate) fn bare(&self, profile: &str, args: &[&str]) -> Command {
        let mut command = lifeboat();
        command.args(args).current_dir(self.path()).env("AWS_PROFILE", profile).env("XDG_STATE_HOME", self.path().join("state"));
        command.env("LIFEBOAT_SIGNING_KEY", &self.signing_key);
        command
    }

    /// Files of the state folder.
    pub(crate) fn journals(&self) -> Vec<PathBuf> {
        let folder = self.path().join("state/lifeboat/journal");
        std::fs::read_dir(folder).map(|entries| entries.map(|entry| entry.unwrap().path()).collect()).unwrap_or_default()
    }
}
