//! What is in the bucket, read from the bucket alone. Pure: listings and manifests come in as values.

pub mod backups;
pub mod cost;
pub mod ending;
pub mod index;
pub mod layout;
pub mod manifest;
pub mod overdue;
pub mod physical;
pub mod prices;
pub mod release;
pub mod retention;
pub mod summary;
pub mod timeline;
