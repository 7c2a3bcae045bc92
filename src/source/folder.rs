//! A config repo in a folder, as it is now.

use std::fs;
use std::path::{Path, PathBuf};

use super::{FOLDERS, LARGEST, MOST_FILES, Source, SourceError, is_config, refused, too_large};
use crate::policy::ConfigFile;

/// Finds the root at `from` or above it, and reads it.
pub(super) fn read(from: &Path) -> Result<Source, SourceError> {
    let root = find(from)?;
    let mut source = Source { revision: "the working folder".to_owned(), ..Source::default() };
    let mut paths = vec!["lifeboat.yaml".to_owned()];
    for folder in FOLDERS {
        walk(&root, folder, &mut paths, &mut source)?;
    }
    paths.sort();
    for path in paths {
        take(&root, &path, &mut source)?;
    }
    source.root = Some(root);
    Ok(source)
}

fn find(from: &Path) -> Result<PathBuf, SourceError> {
    let start = fs::canonicalize(from).map_err(|source| SourceError::Io { path: from.to_owned(), source })?;
    let found = start.ancestors().find(|folder| folder.join("lifeboat.yaml").is_file() || folder.join("policies").is_dir());
    found.map(Path::to_owned).ok_or_else(|| match git2::Repository::open_bare(&start) {
        Ok(_) => SourceError::Bare(start.clone()),
        Err(_) => SourceError::NotFound(start.clone()),
    })
}

fn walk(root: &Path, folder: &str, paths: &mut Vec<String>, source: &mut Source) -> Result<(), SourceError> {
    let path = root.join(folder);
    if !path.is_dir() {
        return Ok(());
    }
    let entries = fs::read_dir(&path).map_err(|source| SourceError::Io { path: path.clone(), source })?;
    for entry in entries {
        let entry = entry.map_err(|source| SourceError::Io { path: path.clone(), source })?;
        let kind = entry.file_type().map_err(|source| SourceError::Io { path: entry.path(), source })?;
        let below = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if kind.is_symlink() {
            source.findings.push(refused(&below, "a symbolic link", "put the file itself there: what a link points to is not what was reviewed"));
        } else if kind.is_dir() {
            walk(root, &below, paths, source)?;
        } else if is_config(&below) {
            paths.push(below);
        }
        if paths.len() > MOST_FILES {
            return Err(SourceError::TooMany { path: root.to_owned() });
        }
    }
    Ok(())
}

fn take(root: &Path, path: &str, source: &mut Source) -> Result<(), SourceError> {
    let full = root.join(path);
    let metadata = match fs::symlink_metadata(&full) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(SourceError::Io { path: full, source: error }),
    };
    if metadata.file_type().is_symlink() {
        source.findings.push(refused(path, "a symbolic link", "put the file itself there: what a link points to is not what was reviewed"));
    } else if metadata.len() > LARGEST {
        source.findings.push(too_large(path, metadata.len()));
    } else {
        let bytes = fs::read(&full).map_err(|error| SourceError::Io { path: full, source: error })?;
        source.files.push(ConfigFile { path: path.to_owned(), bytes });
    }
    Ok(())
}
