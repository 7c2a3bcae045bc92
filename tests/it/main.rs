//! The one integration binary. `servers` needs the servers that `scripts/sandbox` starts; a missing one fails the test.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, at the line that says what")]

mod aws;
mod command;
mod conformance;
mod converge;
mod fleet;
mod floors;
mod formats;
mod generated;
mod inventory;
mod proxy;
mod servers;
mod stub;
mod tidy;
