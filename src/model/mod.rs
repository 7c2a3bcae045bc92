//! The nouns: plain values that every floor above shares.
//!
//! Nothing here does I/O, reads a clock or knows of a server. A type enters this folder when two floors need it.

pub mod aspects;
pub mod causes;
pub mod document;
pub mod fact;
pub mod finding;
pub mod iam;
pub mod id;
pub mod lifecycle;
pub mod parts;
pub mod policy;
pub mod replication;
pub mod repository;
pub mod request;
pub mod resource;
pub mod support;
pub mod units;
pub mod verdict;
pub mod when;
