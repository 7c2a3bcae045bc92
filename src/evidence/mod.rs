//! Evidence: signed records of what was done, in one chain per writing identity, append-only by conditional create.
//!
//! An auditor checks it with public keys and a listing, without trusting lifeboat. Nothing here ever overwrites or deletes
//! a record, and nothing re-serialises one before verifying it: signatures and digests are over the bytes as stored.

pub mod chain;
pub mod record;
pub mod sign;
pub mod store;

pub use chain::{Checked, Fault, Problem};
pub use record::{Entry, Kind, Record, Reference};
pub use sign::{KeyError, SigningKey, TrustedKeys};
pub use store::{Chain, EvidenceError, Ledger, Stored};
