//! The journal of an apply on this machine: a file of JSON lines in the state folder, each line on disk before the next
//! thing happens.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;

use crate::apply::session::Local;

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
    /// Opens the new journal of a run.
    ///
    /// # Errors
    /// When the state folder cannot be written.
    pub(super) fn open(run: &str) -> Result<Self, std::io::Error> {
        let folder = state_folder().join("journal");
        fs::create_dir_all(&folder)?;
        let path = folder.join(format!("apply-{run}.jsonl"));
        let file = OpenOptions::new().create_new(true).append(true).open(&path)?;
        Ok(Self { file, path })
    }
}

impl Local for FileJournal {
    fn append(&mut self, line: &str) -> Result<(), String> {
        let written = self.file.write_all(format!("{line}\n").as_bytes()).and_then(|()| self.file.sync_data());
        written.map_err(|error| format!("{}: {error}", self.path.display()))
    }
}
