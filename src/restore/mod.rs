//! A backup → a database: fetched piece by piece, each piece proven before a byte of it is used, then loaded.
//!
//! It never trusts a stored byte: what does not have the manifest's digest is named with object and range, and not used.

use crate::catalog::manifest::ManifestError;
use crate::engines::pg_dump::said::{self, Class};
use crate::model::units::{self, Span};
use crate::ports::PortError;
use crate::ports::postgres::DatabaseError;

pub mod fetch;
pub mod load;
pub mod thaw;

/// Why a backup could not be fetched or loaded.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The bucket.
    #[error("the backup cannot be read")]
    Store(#[from] PortError),
    /// The manifest is no manifest.
    #[error("manifest {key} cannot be used")]
    Manifest {
        /// Its key.
        key: String,
        /// Why.
        source: ManifestError,
    },
    /// Stored bytes are not those that were written.
    #[error("object {key}, bytes {}–{}: {what}", units::count(*from), units::count(*to))]
    Damaged {
        /// The object.
        key: String,
        /// First byte.
        from: u64,
        /// Behind the last byte.
        to: u64,
        /// What is wrong.
        what: String,
    },
    /// Objects cannot be read before they are thawed.
    #[error("{} of {folder} must be thawed before they can be read: {key} is in {class}, which takes up to {takes}{}", units::plural(*objects, "object"), under_way(*asked))]
    Frozen {
        /// The backup.
        folder: String,
        /// The one that takes longest.
        key: String,
        /// Its class, and its archive tier if it is in one.
        class: String,
        /// How long a standard retrieval takes at the most.
        takes: Span,
        /// How many there are.
        objects: u64,
        /// Whether a thaw of each is under way.
        asked: bool,
    },
    /// The archive does not decompress although its bytes are right.
    #[error("object {key} does not decompress: {message}")]
    NotCompressed {
        /// The object.
        key: String,
        /// What zstd says.
        message: String,
    },
    /// A program failed.
    #[error("{program} {status}: {stderr}")]
    Program {
        /// Which.
        program: &'static str,
        /// How it ended.
        status: String,
        /// What it said last.
        stderr: String,
    },
    /// The database.
    #[error("the target database cannot be used")]
    Database(#[from] DatabaseError),
    /// This machine.
    #[error("{what}")]
    Local {
        /// What.
        what: String,
        /// Why.
        source: std::io::Error,
    },
}

fn under_way(asked: bool) -> &'static str {
    if asked { "; a thaw is under way" } else { "" }
}

impl RestoreError {
    /// What a person can do.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Store(error) => error.hint().map(str::to_owned),
            Self::Damaged { .. } | Self::NotCompressed { .. } | Self::Manifest { .. } => Some("restore an older backup with --backup ID".to_owned()),
            Self::Program { stderr, .. } if said::failure(stderr) == Class::Rights => {
                Some("restore as a role that may do this (a superuser, or the owner), or with --no-owner".to_owned())
            }
            Self::Frozen { asked: true, .. } => Some("wait for it, or name another backup with --backup ID".to_owned()),
            Self::Frozen { .. } => Some("`lifeboat explain restore` prints the commands that thaw it; or name another backup with --backup ID".to_owned()),
            Self::Database(error) => error.hint().map(str::to_owned),
            Self::Program { .. } | Self::Local { .. } => None,
        }
    }

    /// Whether the backup itself is to blame, and not this machine or the way to it.
    pub fn is_damage(&self) -> bool {
        match self {
            // One that a newer lifeboat wrote can be read by that.
            Self::Manifest { source, .. } => !matches!(source, ManifestError::Newer(_)),
            Self::Damaged { .. } | Self::NotCompressed { .. } => true,
            // Out of disk or memory is the machine; everything else that a restore says is about the archive.
            Self::Program { stderr, .. } => said::failure(stderr) != Class::Machine,
            Self::Store(error) => error.kind == crate::ports::Kind::Missing,
            Self::Database(_) | Self::Local { .. } | Self::Frozen { .. } => false,
        }
    }
}
