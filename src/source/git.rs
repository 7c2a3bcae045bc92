//! A config repo at a revision: blobs of the commit's tree. A checkout would follow links and run filters; blobs do not.
//!
//! Remotes are fetched by the `git` program, so that the user's own credential helpers, ssh configuration and proxies
//! work; everything after that is read by libgit2.

use std::path::Path;
use std::process::Command;

use git2::{ErrorCode, ObjectType, Oid, Repository, Tree};

use super::{LARGEST, MOST_FILES, Source, SourceError, is_config, is_inside, refused, too_large};
use crate::policy::ConfigFile;

fn failed(what: impl Into<String>) -> impl FnOnce(git2::Error) -> SourceError {
    let what = what.into();
    move |source| SourceError::Git { what, source: Some(source) }
}

/// A revision of the repository at or above a folder.
pub(super) fn local(folder: &Path, rev: &str) -> Result<Source, SourceError> {
    let (repository, subfolder) = opened(folder)?;
    let root = repository.workdir().map(Path::to_owned);
    let mut source = at(&repository, rev, &subfolder)?;
    source.root = root;
    Ok(source)
}

/// The repository at or above a folder, and where below its root the folder lies.
pub(super) fn opened(folder: &Path) -> Result<(Repository, String), SourceError> {
    let repository = Repository::discover(folder).map_err(failed(format!("no git repository can be opened at {}", folder.display())))?;
    let subfolder = repository.workdir().and_then(|work| {
        let folder = std::fs::canonicalize(folder).ok()?;
        let work = std::fs::canonicalize(work).ok()?;
        Some(folder.strip_prefix(work).ok()?.to_string_lossy().into_owned())
    });
    Ok((repository, subfolder.unwrap_or_default()))
}

/// A revision of a remote, fetched without a checkout into a folder that is gone afterwards.
pub(super) fn remote(url: &str, rev: &str) -> Result<Source, SourceError> {
    let shown = without_credentials(url);
    let wrong = |message: &str| SourceError::Fetch { url: shown.clone(), message: message.to_owned() };
    if url.starts_with('-') || rev.starts_with('-') {
        return Err(wrong("a URL or revision may not begin with a hyphen"));
    }
    let folder = tempfile::tempdir().map_err(|source| SourceError::Io { path: std::env::temp_dir(), source })?;
    let repository = Repository::init_bare(folder.path()).map_err(failed("a folder for the fetch cannot be made"))?;
    let output = Command::new("git")
        .arg("-C")
        .arg(folder.path())
        .args([
            "-c",
            "core.hooksPath=/dev/null",
            "-c",
            "protocol.ext.allow=never",
            "fetch",
            "--no-recurse-submodules",
            "--no-tags",
            "--depth=1",
            "--end-of-options",
        ])
        .args([url, rev])
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_ALLOW_PROTOCOL", "https:http:ssh:git:file")
        .output()
        .map_err(|error| wrong(&format!("the git program cannot be run: {error}")))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let said: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        return Err(wrong(&said.join(" · ").replace(url, &shown)));
    }
    let mut source = at(&repository, "FETCH_HEAD", "")?;
    source.revision = format!("{} of {shown}", source.revision);
    Ok(source)
}

fn without_credentials(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) => match rest.split_once('/') {
            Some((host, path)) => format!("{scheme}://{}/{path}", host.rsplit('@').next().unwrap_or(host)),
            None => format!("{scheme}://{}", rest.rsplit('@').next().unwrap_or(rest)),
        },
        None => url.to_owned(),
    }
}

/// A config repo as it may be printed in a command: credentials of its URL become `USER:TOKEN`.
pub fn shown(place: &str) -> String {
    let plain = without_credentials(place);
    let is_name = place.strip_prefix("ssh://").and_then(|rest| rest.split('@').next()).is_some_and(|user| !user.contains(':'));
    match plain.split_once("://") {
        Some((scheme, rest)) if plain != place && !is_name => format!("{scheme}://USER:TOKEN@{rest}"),
        _ => place.to_owned(),
    }
}

fn at(repository: &Repository, rev: &str, subfolder: &str) -> Result<Source, SourceError> {
    let object = repository.revparse_single(rev).map_err(|error| match error.code() {
        ErrorCode::NotFound if repository.head().is_err_and(|head| head.code() == ErrorCode::UnbornBranch) => SourceError::Unborn,
        ErrorCode::NotFound | ErrorCode::UnbornBranch => SourceError::NoRevision(rev.to_owned()),
        _ => failed(format!("revision `{rev}` cannot be read"))(error),
    })?;
    let commit = object.peel_to_commit().map_err(failed(format!("revision `{rev}` is not a commit")))?;
    let tree = commit.tree().map_err(failed("the tree of the commit cannot be read"))?;
    let short = commit.id().to_string().chars().take(7).collect::<String>();
    let name = if rev.starts_with(&short) || rev == "FETCH_HEAD" { String::new() } else { format!(" ({rev})") };
    let mut source = Source { revision: format!("{short}{name}"), ..Source::default() };
    let tree = root_tree(repository, &tree, subfolder)?;
    walk(repository, &tree, "", &mut source)?;
    source.files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(source)
}

/// The tree of the config repo: the subfolder, or the closest one above it that has a `lifeboat.yaml` or `policies/`.
pub(super) fn root_tree<'a>(repository: &'a Repository, top: &Tree<'a>, subfolder: &str) -> Result<Tree<'a>, SourceError> {
    let mut at = Path::new(subfolder);
    loop {
        let tree = if at.as_os_str().is_empty() {
            Some(top.clone())
        } else {
            top.get_path(at).ok().and_then(|entry| entry.to_object(repository).ok()?.peel_to_tree().ok())
        };
        if let Some(tree) = tree
            && (tree.get_name("lifeboat.yaml").is_some() || tree.get_name("policies").is_some())
        {
            return Ok(tree);
        }
        match at.parent() {
            Some(parent) => at = parent,
            None => return Err(SourceError::NotFound(repository.path().to_owned())),
        }
    }
}

pub(super) fn walk(repository: &Repository, tree: &Tree<'_>, folder: &str, source: &mut Source) -> Result<(), SourceError> {
    for entry in tree {
        let path = format!("{folder}{}", String::from_utf8_lossy(entry.name_bytes()));
        let inside = is_inside(&path);
        match (entry.filemode() & 0o170_000, entry.kind()) {
            (0o120_000, _) if inside || path == "lifeboat.yaml" => {
                source.findings.push(refused(&path, "a symbolic link", "put the file itself there: what a link points to is not what was reviewed"));
            }
            (0o160_000, _) if inside => {
                source.findings.push(refused(&path, "a submodule", "put the files themselves there: what a submodule brings is not in this commit"));
            }
            (_, Some(ObjectType::Tree)) if inside => {
                let below = repository.find_tree(entry.id()).map_err(failed(format!("the tree {path} cannot be read")))?;
                walk(repository, &below, &format!("{path}/"), source)?;
            }
            (0o100_000, Some(ObjectType::Blob)) if is_config(&path) => take(repository, entry.id(), path, source)?,
            _ => {}
        }
        if source.files.len() > MOST_FILES {
            return Err(SourceError::TooMany { path: repository.path().to_owned() });
        }
    }
    Ok(())
}

fn take(repository: &Repository, id: Oid, path: String, source: &mut Source) -> Result<(), SourceError> {
    let database = repository.odb().map_err(failed("the object database cannot be opened"))?;
    let (size, _) = database.read_header(id).map_err(failed(format!("the blob of {path} cannot be read")))?;
    if size as u64 > LARGEST {
        source.findings.push(too_large(&path, size as u64));
        return Ok(());
    }
    let blob = repository.find_blob(id).map_err(failed(format!("the blob of {path} cannot be read")))?;
    source.files.push(ConfigFile { path, bytes: blob.content().to_vec() });
    Ok(())
}
