//! The programs of PostgreSQL: which ones are there, and how they are run.
//!
//! Programs get an environment of their own (nothing of ours leaks in but what is named), die with us, and can be run as
//! another user, in a network namespace without a way out, and under limits.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::LazyLock;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;

/// The programs of one PostgreSQL version in one folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Programs {
    /// The folder.
    pub folder: PathBuf,
    /// Major version.
    pub major: u32,
    /// The version as `pg_dump --version` says it: `15.18 (Debian …)`.
    pub version: String,
}

/// Why no programs can be used.
#[derive(Debug, thiserror::Error)]
pub enum ProgramsError {
    /// None of the needed programs of a fitting version is installed.
    #[error("no {needed} of PostgreSQL {major} or newer is installed; found: {found}")]
    NotFound {
        /// Programs that are needed.
        needed: String,
        /// Lowest major version that will do.
        major: u32,
        /// What was found instead.
        found: String,
    },
}

/// Folders in which programs of PostgreSQL are looked for: `LIFEBOAT_PGBIN`, the distributions' folders, `PATH`.
fn folders() -> Vec<PathBuf> {
    if let Some(folder) = std::env::var_os("LIFEBOAT_PGBIN") {
        return vec![PathBuf::from(folder)];
    }
    let mut out: Vec<PathBuf> = Vec::new();
    for base in ["/usr/lib/postgresql", "/usr/local/lib/postgresql"] {
        let entries = std::fs::read_dir(base).into_iter().flatten().flatten();
        out.extend(entries.map(|entry| entry.path().join("bin")));
    }
    for base in ["/usr/pgsql-18/bin", "/usr/pgsql-17/bin", "/usr/pgsql-16/bin", "/usr/pgsql-15/bin", "/usr/pgsql-14/bin"] {
        out.push(PathBuf::from(base));
    }
    out.extend(std::env::var_os("PATH").iter().flat_map(|path| std::env::split_paths(path).collect::<Vec<_>>()));
    out
}

/// The oldest installed version that has all `needed` programs and is not older than `major`. `pg_dump` refuses a server
/// newer than itself, and the closest version makes the dump that most servers can restore.
///
/// # Errors
/// When there is none; it says which versions were found.
pub async fn find(needed: &[&str], major: u32) -> Result<Programs, ProgramsError> {
    let mut found: BTreeMap<u32, Programs> = BTreeMap::new();
    for folder in folders() {
        if !needed.iter().all(|name| folder.join(name).is_file()) {
            continue;
        }
        let Some(first) = needed.first() else { continue };
        let Ok(output) = Command::new(folder.join(first)).arg("--version").output().await else { continue };
        if let Some((major, version)) = version(&String::from_utf8_lossy(&output.stdout)) {
            found.entry(major).or_insert(Programs { folder, major, version });
        }
    }
    let fitting = found.range(major..).next().map(|(_, programs)| programs.clone());
    fitting.ok_or_else(|| ProgramsError::NotFound {
        needed: needed.join(", "),
        major,
        found: if found.is_empty() { "none at all".to_owned() } else { found.keys().map(ToString::to_string).collect::<Vec<_>>().join(", ") },
    })
}

/// `pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)` → 15 and `15.18 (Debian …)`.
fn version(text: &str) -> Option<(u32, String)> {
    let (_, rest) = text.trim().split_once(") ")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    Some((digits.parse().ok()?, rest.to_owned()))
}

/// Who a program runs as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct User {
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
}

/// How a program is shut in.
#[derive(Clone, Debug, Default)]
pub struct Confinement {
    /// Another user than our own.
    pub user: Option<User>,
    /// A network namespace of its own, with no way out and no way in.
    pub no_network: bool,
    /// Bytes of memory that it may map at the most.
    pub memory: Option<u64>,
}

impl Programs {
    /// The path of a program.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A program, ready to be run: our own variables are taken away but for the path, the home and the language `C`.
    pub fn command<I, S>(&self, name: &str, arguments: I, confinement: &Confinement) -> Command
    where
        I: IntoIterator<Item = S>,
        S: Into<OsString>,
    {
        confined(&self.path(name), arguments.into_iter().map(Into::into).collect(), confinement)
    }
}

/// Whether programs can be told to die when we do, however we die (`setpriv` of util-linux 2.33 or newer).
static DIES_WITH_US: LazyLock<bool> = LazyLock::new(|| {
    let mut probe = std::process::Command::new("setpriv");
    probe.args(["--pdeathsig=KILL", "--", "true"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    probe.status().is_ok_and(|status| status.success())
});

fn confined(program: &Path, arguments: Vec<OsString>, confinement: &Confinement) -> Command {
    let mut line: Vec<OsString> = Vec::new();
    if confinement.no_network {
        // As root a namespace is ours to make; else a user namespace comes with it, in which we stay who we are.
        line.push("unshare".into());
        line.push("--net".into());
        if !rustix::process::geteuid().is_root() {
            line.push("--user".into());
            line.push("--map-current-user".into());
        }
        line.push("--".into());
    }
    if confinement.user.is_some() || *DIES_WITH_US {
        line.push("setpriv".into());
        if *DIES_WITH_US {
            line.push("--pdeathsig=KILL".into());
        }
        if let Some(user) = confinement.user {
            line.extend([format!("--reuid={}", user.uid).into(), format!("--regid={}", user.gid).into(), "--clear-groups".into()]);
        }
        line.push("--".into());
    }
    if let Some(bytes) = confinement.memory {
        line.extend(["prlimit".into(), format!("--as={bytes}").into(), "--".into()]);
    }
    line.push(program.into());
    line.extend(arguments);
    let mut words = line.into_iter();
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true).env_clear().process_group(0);
    for name in ["PATH", "LD_LIBRARY_PATH", "TZDIR"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command.env("LC_ALL", "C").env("HOME", "/nonexistent");
    command
}

/// Whether programs can be given a network namespace of their own here.
pub async fn can_isolate() -> bool {
    let confinement = Confinement { no_network: true, ..Confinement::default() };
    let tried = confined(Path::new("true"), Vec::new(), &confinement).status().await;
    tried.is_ok_and(|status| status.success())
}

/// Stops a program and everything it started, by its process group: first asked, then killed.
pub async fn stop(child: &mut tokio::process::Child, grace: std::time::Duration) {
    let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
    if let Some(group) = group {
        // SIGINT is PostgreSQL's fast shutdown; the others take it as "stop".
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::INT);
        if tokio::time::timeout(grace, child.wait()).await.is_ok() {
            return;
        }
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.wait().await;
}

/// What is kept of the end of a program's messages, in bytes.
const MESSAGES: usize = 16 << 10;
/// Lines that are kept however long ago they were said, at the most, and bytes of one.
const LINES: usize = 100;
const LINE: usize = 2 << 10;

/// What a program said on standard error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// The last part of it.
    pub last: String,
    /// The lines that were to be kept, in order: a server may have much to say behind the one that counts.
    pub kept: Vec<String>,
}

impl Said {
    fn line(&mut self, line: &mut Vec<u8>, keep: fn(&str) -> bool) {
        let text = String::from_utf8_lossy(line).trim_end().to_owned();
        line.clear();
        if self.kept.len() < LINES && keep(&text) {
            self.kept.push(text);
        }
    }
}

/// Listens until the program is silent for ever; all of it is read, or the program would stand still or die of its own words.
pub async fn listen(stderr: Option<impl AsyncRead + Unpin>, keep: fn(&str) -> bool) -> Said {
    let (mut said, mut last, mut line) = (Said::default(), Vec::new(), Vec::new());
    if let Some(mut stderr) = stderr {
        let mut buffer = vec![0_u8; MESSAGES];
        while let Ok(read @ 1..) = stderr.read(&mut buffer).await {
            let read = buffer.get(..read).unwrap_or_default();
            last.extend_from_slice(read);
            last.drain(..last.len().saturating_sub(MESSAGES));
            for (at, part) in read.split(|byte| *byte == b'\n').enumerate() {
                if at > 0 {
                    said.line(&mut line, keep);
                }
                line.extend(part.iter().take(LINE.saturating_sub(line.len())));
            }
        }
    }
    said.line(&mut line, keep);
    said.last = String::from_utf8_lossy(&last).into_owned();
    said
}

#[cfg(test)]
mod tests {
    use super::{LINES, MESSAGES, listen, version};

    #[tokio::test]
    async fn a_line_that_counts_is_kept_whatever_is_said_behind_it() {
        let noise = "x".repeat(3 * MESSAGES);
        let text = format!("first\nkeep one\n{noise}\nkeep {noise}\nlast keep");
        let said = listen(Some(text.as_bytes()), |line| line.starts_with("keep") || line.ends_with("keep")).await;
        assert_eq!((said.kept.len(), said.kept[0].as_str(), said.kept[1].len(), said.kept[2].as_str()), (3, "keep one", 2048, "last keep"));
        assert_eq!((said.last.len(), said.last.ends_with("x\nlast keep")), (MESSAGES, true));
        let many = "keep\n".repeat(1000);
        assert_eq!(listen(Some(many.as_bytes()), |line| line == "keep").await.kept.len(), LINES);
        assert_eq!(listen(None::<&[u8]>, |_| true).await.last, "");
    }

    #[test]
    fn versions_are_read() {
        assert_eq!(version("pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some((15, "15.18 (Debian 15.18-0+deb12u1)".to_owned())));
        assert_eq!(version("pg_dump (PostgreSQL) 18beta1"), Some((18, "18beta1".to_owned())));
        assert_eq!(version("nonsense"), None);
    }
}
