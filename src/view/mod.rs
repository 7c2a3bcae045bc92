//! The published, versioned shapes of what commands say. Formats see only these, so JSON never knows less than text.

pub mod apply;
pub mod backup;
pub mod backups;
pub mod check;
pub mod drill;
pub mod evidence;
pub mod hold;
pub mod import;
pub mod inventory;
pub mod journal;
pub mod keep;
pub mod notify;
pub mod place;
pub mod plan;
pub mod releases;
pub mod report;
pub mod restore;
pub mod rule;
pub mod schema;
pub mod serving;
pub mod simulate;
pub mod status;
