//! The journal of an apply: a file of JSON lines in the state folder, each line on disk before the next thing happens.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;

use crate::apply::{Entry, Journal};
use crate::model::document::Document;

/// A journal in a file.
#[derive(Debug)]
pub(super) struct FileJournal {
    file: File,
    /// Where it is.
    pub(super) path: PathBuf,
}

/// The state folder: `$XDG_STATE_HOME/lifeboat`, else `~/.local/state/lifeboat`, else below the temp folder.
fn state_folder() -> PathBuf {
    let base = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/state"));
    base.or_else(home).unwrap_or_else(std::env::temp_dir).join("lifeboat")
}

impl FileJournal {
    /// Opens a new journal whose name begins with `name`.
    ///
    /// # Errors
    /// When the state folder cannot be written.
    pub(super) fn open(name: &str) -> Result<Self, std::io::Error> {
        let folder = state_folder().join("journal");
        fs::create_dir_all(&folder)?;
        let path = folder.join(format!("{name}.jsonl"));
        let file = OpenOptions::new().create_new(true).append(true).open(&path)?;
        Ok(Self { file, path })
    }
}

impl Journal for FileJournal {
    fn write(&mut self, entry: &Entry) -> Result<(), String> {
        let line = format!("{}\n", Document::of(entry));
        let written = self.file.write_all(line.as_bytes()).and_then(|()| self.file.sync_data());
        written.map_err(|error| format!("{}: {error}", self.path.display()))
    }
}
