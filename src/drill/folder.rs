//! The folder of a drill: closed, locked while the drill lives, removed after it, and found again if the drill was killed.
//!
//! It holds a restored database, so nothing of it may stay behind. A run that is killed cannot clean up; the next one does.

use std::fs::{File, Permissions};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, OFlags};

use crate::ports::Clock;

/// What the names of such folders begin with.
const PREFIX: &str = "lifeboat-drill-";
/// The file whose lock says that a drill is alive.
const LOCK: &str = "lock";
/// How often removing is tried: what was killed a moment ago may still be writing.
const TRIES: u32 = 100;

/// A folder of a drill under way.
#[derive(Debug)]
pub struct Folder {
    folder: tempfile::TempDir,
    _lock: File,
}

impl Folder {
    /// Removes what killed drills left, and makes a folder.
    ///
    /// # Errors
    /// When the temp folder does not take one.
    pub fn new() -> std::io::Result<Self> {
        let parent = std::env::temp_dir();
        for left in abandoned(&parent) {
            // Nobody waits for it; the next drill tries again.
            let _ = std::fs::remove_dir_all(left);
        }
        let folder = tempfile::Builder::new().prefix(PREFIX).permissions(Permissions::from_mode(0o700)).tempdir_in(parent)?;
        let lock = File::options().write(true).create_new(true).mode(0o600).open(folder.path().join(LOCK))?;
        rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive)?;
        Ok(Self { folder, _lock: lock })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Removes it, and says so.
    pub async fn remove(self, clock: &dyn Clock) -> String {
        let path = self.folder.path().to_owned();
        let files = count(&path);
        for _ in 1..TRIES {
            if std::fs::remove_dir_all(&path).is_ok() {
                break;
            }
            clock.sleep(Duration::from_millis(50)).await;
        }
        match self.folder.close() {
            Err(error) if path.exists() => format!("{} could not be removed: {error}", path.display()),
            _ => format!("{files} files removed"),
        }
    }
}

/// Folders whose lock is ours and held by nobody.
fn abandoned(parent: &Path) -> Vec<PathBuf> {
    let me = rustix::process::geteuid().as_raw();
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX) && entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let is_left = |folder: &PathBuf| {
        let flags = i32::try_from((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits()).unwrap_or(0);
        let lock = File::options().write(true).custom_flags(flags).open(folder.join(LOCK));
        let ours = lock.ok().filter(|lock| lock.metadata().is_ok_and(|lock| lock.is_file() && lock.uid() == me));
        ours.is_some_and(|lock| rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok())
    };
    folders.map(|entry| entry.path()).filter(is_left).collect()
}

fn count(path: &Path) -> usize {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    entries.map(|entry| if entry.file_type().is_ok_and(|kind| kind.is_dir()) { count(&entry.path()) } else { 1 }).sum()
}

#[cfg(test)]
mod tests {
    use super::{LOCK, abandoned};

    #[test]
    fn only_folders_whose_lock_nobody_holds_are_abandoned() {
        let parent = tempfile::tempdir().unwrap();
        for name in ["lifeboat-drill-dead", "lifeboat-drill-alive", "lifeboat-drill-new", "other"] {
            std::fs::create_dir(parent.path().join(name)).unwrap();
        }
        for name in ["lifeboat-drill-dead", "lifeboat-drill-alive", "other"] {
            std::fs::write(parent.path().join(name).join(LOCK), "").unwrap();
        }
        std::os::unix::fs::symlink("lifeboat-drill-dead", parent.path().join("lifeboat-drill-link")).unwrap();
        let alive = std::fs::File::open(parent.path().join("lifeboat-drill-alive").join(LOCK)).unwrap();
        rustix::fs::flock(&alive, rustix::fs::FlockOperation::LockExclusive).unwrap();
        assert_eq!(abandoned(parent.path()), [parent.path().join("lifeboat-drill-dead")]);
    }
}
