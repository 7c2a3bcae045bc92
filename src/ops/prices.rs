//! The prices that a command counts with: those that come with lifeboat, or a file.

use std::path::Path;

use super::OpError;
use crate::catalog::prices::Prices;

/// Reads the file that was named, else takes what is shipped.
///
/// # Errors
/// When it cannot be read, or is no price list.
pub fn read(path: Option<&Path>) -> Result<Prices, OpError> {
    let Some(path) = path else { return Ok(Prices::shipped()) };
    let setup = |why: String, hint: &str| OpError::Setup { message: format!("the prices in {} cannot be used: {why}", path.display()), hint: hint.to_owned() };
    let text = std::fs::read_to_string(path).map_err(|error| setup(error.to_string(), "name a file that can be read"))?;
    Prices::parse(&text).map_err(|why| setup(why, "docs/cost.md describes the file, and schema/prices.schema.json checks it"))
}
