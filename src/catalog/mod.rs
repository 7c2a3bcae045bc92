//! What is in the bucket, read from the bucket alone. Pure: listings and manifests come in as values.

pub mod layout;
pub mod manifest;
pub mod timeline;
