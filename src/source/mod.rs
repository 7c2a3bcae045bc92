//! Where a config repo comes from: a folder, or a revision in git read as blobs. Never a checkout.

use std::path::{Path, PathBuf};

use crate::model::finding::Finding;
use crate::policy::ConfigFile;

mod folder;
mod git;
mod history;

pub use git::shown;
pub use history::{Past, history};

/// A file larger than this is refused unread.
const LARGEST: u64 = 1 << 20;
/// A config repo with more files than this is refused.
const MOST_FILES: usize = 20_000;

/// The files of a config repo.
#[derive(Debug, Default)]
pub struct Source {
    /// Its files, sorted by path.
    pub files: Vec<ConfigFile>,
    /// What could not be taken (links, submodules, large files).
    pub findings: Vec<Finding>,
    /// What was read, for headings: `3f2c1ab (main)` or `the working folder`.
    pub revision: String,
    /// The root folder, when it was read from one: keys and relative paths start there.
    pub root: Option<PathBuf>,
}

/// Why a config repo cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// No `lifeboat.yaml` and no `policies/` there or above.
    #[error("no config repo at {0}: there is no lifeboat.yaml and no policies/ there or in a folder above")]
    NotFound(PathBuf),
    /// A bare repository read as a folder.
    #[error("{0} is a bare git repository: it has revisions and no files")]
    Bare(PathBuf),
    /// A repository without any commit.
    #[error("the repository has no commit yet")]
    Unborn,
    /// No such revision.
    #[error("revision `{0}` does not exist")]
    NoRevision(String),
    /// The file system failed.
    #[error("{path} cannot be read")]
    Io {
        /// The path.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// git failed.
    #[error("{what}")]
    Git {
        /// What was tried.
        what: String,
        /// The reason, if libgit2 gave one.
        source: Option<git2::Error>,
    },
    /// `git fetch` of a remote failed.
    #[error("git could not fetch {url}: {message}")]
    Fetch {
        /// The remote, without credentials.
        url: String,
        /// What git said.
        message: String,
    },
    /// More files than a config repo has.
    #[error("{path} holds more than {MOST_FILES} files below policies/, profiles/ and keys/")]
    TooMany {
        /// Where.
        path: PathBuf,
    },
}

impl SourceError {
    /// What a person can do.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotFound(_) => Some("run it inside the config repo, or name it with --repo".to_owned()),
            Self::Bare(_) => Some("name the revision to read, as in --rev main".to_owned()),
            Self::Unborn => Some("commit the policies, or leave out --rev to read the folder as it is".to_owned()),
            Self::NoRevision(_) => Some("name a branch, tag or commit that this clone has; `git fetch` brings new ones".to_owned()),
            Self::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
                Some("name a folder of the config repo, or its URL, with --repo".to_owned())
            }
            Self::Git { source: Some(error), .. } if error.code() == git2::ErrorCode::Owner => {
                Some("the repository belongs to another user: git config --global --add safe.directory PATH".to_owned())
            }
            Self::Io { .. } | Self::Git { .. } | Self::Fetch { .. } | Self::TooMany { .. } => None,
        }
    }
}

/// Reads a config repo: the folder as it is, or with `rev` the blobs of that revision. `repo` may be a URL.
///
/// # Errors
/// When there is no config repo, or it cannot be read at all. What is wrong with single files is a finding.
pub fn read(repo: &str, rev: Option<&str>) -> Result<Source, SourceError> {
    if is_remote(repo) {
        return git::remote(repo, rev.unwrap_or("HEAD"));
    }
    match rev {
        Some(rev) => git::local(Path::new(repo), rev),
        None => folder::read(Path::new(repo)),
    }
}

fn is_remote(repo: &str) -> bool {
    repo.contains("://") || (!Path::new(repo).exists() && repo.split_once(':').is_some_and(|(host, path)| host.contains('@') && !path.is_empty()))
}

/// The folders that lifeboat looks into.
const FOLDERS: [&str; 3] = ["keys", "policies", "profiles"];

/// Whether a path is one of [`FOLDERS`] or below one.
fn is_inside(path: &str) -> bool {
    FOLDERS.contains(&path.split('/').next().unwrap_or(path))
}

/// Whether a path is one that lifeboat reads. Of `keys/` only public keys: nothing else there is any of its business.
fn is_config(path: &str) -> bool {
    let yaml = path.ends_with(".yaml") || path.ends_with(".yml");
    match path.split_once('/') {
        None => path == "lifeboat.yaml",
        Some(("keys", name)) => !name.contains('/') && name.ends_with(".pub"),
        Some(("policies" | "profiles", _)) => yaml,
        Some(_) => false,
    }
}

fn refused(path: &str, what: &str, instead: &str) -> Finding {
    let text = std::sync::Arc::new(crate::model::finding::SourceText { path: path.to_owned(), text: String::new() });
    Finding::error(format!("`{path}` is {what}")).at(&text, 0..0, "not read").instead(instead)
}

fn too_large(path: &str, bytes: u64) -> Finding {
    refused(path, &format!("{} large; a policy is at most 1 MiB", crate::model::units::bytes(bytes)), "split it, or take out what is not policy")
}

#[cfg(test)]
mod tests;
