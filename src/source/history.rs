//! What the files of a config repo were over time: the first parents of a revision, as blobs. Never a checkout.
//!
//! Bounded: only versions that differ, only as far back as is asked, and never more than a few.

use std::path::Path;

use git2::{Commit, Oid, Repository};
use jiff::Timestamp;

use super::git::{opened, root_tree, walk};
use super::{Source, SourceError, is_remote};
use crate::policy::ConfigFile;

/// Commits that are looked at.
const MOST_COMMITS: usize = 2_000;
/// Versions that are read.
const MOST_VERSIONS: usize = 50;

/// The files from one moment on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    /// When the commit was made that brought them; of a merge, when it was merged.
    pub since: Timestamp,
    /// The files, sorted by path.
    pub files: Vec<ConfigFile>,
}

/// The versions of a config repo that held at any time after `from`, oldest first; none outside of git, in a repository without a
/// commit, and of a URL, of which only one commit is fetched. What is not committed counts for nothing.
///
/// # Errors
/// When the repository cannot be read.
pub fn history(repo: &str, rev: Option<&str>, from: Timestamp) -> Result<Option<Vec<Past>>, SourceError> {
    if is_remote(repo) {
        return Ok(None);
    }
    let Ok((repository, subfolder)) = opened(Path::new(repo)) else { return Ok(None) };
    let head = repository.revparse_single(rev.unwrap_or("HEAD")).and_then(|object| object.peel_to_commit());
    let Ok(head) = head else { return Ok(None) };
    // A folder that the commit does not know lies beside what it describes, not in it.
    let known = subfolder.is_empty() || head.tree().is_ok_and(|tree| tree.get_path(Path::new(&subfolder)).is_ok());
    if !known {
        return Ok(None);
    }
    let mut out = Vec::new();
    let (versions, whole) = versions(&repository, head, &subfolder, from);
    for (since, commit) in versions {
        let mut source = Source::default();
        if let Ok(top) = commit.tree()
            && let Ok(tree) = root_tree(&repository, &top, &subfolder)
        {
            walk(&repository, &tree, "", &mut source)?;
        }
        source.files.sort_by(|a, b| a.path.cmp(&b.path));
        out.push(Past { since, files: source.files });
    }
    // What a shallow clone cut off, or was not walked to, is not known, and no time without a policy.
    let cut = out.first().is_some_and(|past| past.since > from) && (repository.is_shallow() || !whole);
    Ok(out.iter().any(|past| !past.files.is_empty() && !cut).then_some(out))
}

/// The commits that changed something, oldest first, each with the time from which it held, and whether none was left out for their number.
fn versions<'r>(repository: &'r Repository, head: Commit<'r>, subfolder: &str, from: Timestamp) -> (Vec<(Timestamp, Commit<'r>)>, bool) {
    let mut out: Vec<(Timestamp, Commit<'r>)> = Vec::new();
    let mut last = None;
    let mut next = Some(head);
    for _ in 0..MOST_COMMITS {
        let Some(commit) = next.take() else { break };
        let made = Timestamp::from_second(commit.time().seconds()).unwrap_or(Timestamp::MIN);
        // A commit that is dated after its child held no later than that.
        let since = out.last().map_or(made, |(later, _)| made.min(*later));
        let what = contents(repository, &commit, subfolder);
        next = commit.parent(0).ok();
        if last == Some(what)
            && let Some(same) = out.last_mut()
        {
            *same = (since, commit);
        } else if out.len() == MOST_VERSIONS {
            out.reverse();
            return (out, false);
        } else {
            out.push((since, commit));
        }
        last = Some(what);
        if since <= from {
            next = None;
        }
    }
    out.reverse();
    (out, next.is_none())
}

/// What of a commit is read, by its ids.
fn contents(repository: &Repository, commit: &Commit<'_>, subfolder: &str) -> [Option<Oid>; 3] {
    let Ok(top) = commit.tree() else { return [None; 3] };
    let Ok(tree) = root_tree(repository, &top, subfolder) else { return [None; 3] };
    ["policies", "profiles", "lifeboat.yaml"].map(|name| tree.get_name(name).map(|entry| entry.id()))
}
