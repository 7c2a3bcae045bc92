//! The real thing: real PostgreSQL, real S3 and IAM, the real binary.

mod access;
mod accounts;
mod backup;
pub(crate) mod cli;
mod conformance;
mod control;
mod drill;
mod drill_world;
mod estate;
mod evidence;
mod faults;
mod gate;
mod import;
mod keep;
mod keys;
mod others;
mod readme;
mod reconcile;
pub(crate) mod recorder;
mod report;
mod restore;
mod rights;
mod safety;
pub(crate) mod stage;
mod tls;
mod toll;
mod undo;
