//! The real thing: real PostgreSQL, real S3 and IAM, the real binary.

mod access;
mod backup;
pub(crate) mod cli;
mod conformance;
mod drill;
mod drill_world;
mod evidence;
mod faults;
mod readme;
mod reconcile;
mod report;
mod restore;
mod rights;
mod stage;
