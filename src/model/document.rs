//! The one JSON form in which settings are compared, planned and shown.
//!
//! A document is made only from a typed value and is canonical: object keys are sorted, so equal values have equal bytes.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Canonical JSON of one typed aspect (see `model::aspects`, `model::lifecycle`, `model::iam`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Document(Value);

impl Document {
    /// The document of a typed value. A value that JSON cannot carry becomes `null`, which equals no aspect.
    pub fn of<T: Serialize>(value: &T) -> Self {
        Self(serde_json::to_value(value).unwrap_or(Value::Null))
    }

    /// Reads the document back as its type; `None` when it has another shape.
    pub fn to<T: DeserializeOwned>(&self) -> Option<T> {
        T::deserialize(&self.0).ok()
    }

    /// The JSON value, for display and diff.
    pub fn value(&self) -> &Value {
        &self.0
    }

    /// SHA-256 over the canonical bytes, as lower-case hex.
    pub fn digest(&self) -> String {
        sha256_hex(self.0.to_string().as_bytes())
    }
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// SHA-256 of some bytes as lower-case hex.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Bytes as lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(out, "{byte:02x}");
    }
    out
}
