//! Engines: how each kind of backup is taken and read. Pure: command lines and outputs as values.

pub mod pg_dump;
