//! The pure half of the `pg_dump` engine: what the bytes of a logical dump say, and whether a restored database says the same.
//!
//! Nothing below this module reads a file, a clock, the environment or the network: callers bring bytes and get facts.

pub mod anomaly;
pub mod catalog_sql;
pub mod commands;
pub mod completeness;
pub mod copystream;
pub mod facts;
pub mod generated;
pub mod globals;
pub mod names;
pub mod question;
pub mod restored;
pub mod rowhash;
pub mod said;
pub mod toc;
pub mod views;
