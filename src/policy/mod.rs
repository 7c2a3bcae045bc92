//! Bytes of a config repo → policies with the place of every value. Pure: files come in as bytes.
//!
//! One parser decides both value and place. Every mistake in every file is collected; nothing here stops at the first.

mod load;
mod mask;
pub mod profile;
pub mod schema;
pub mod schema_check;
pub mod yaml;

pub use load::{ConfigFile, Loaded, LoadedPolicy, load};
