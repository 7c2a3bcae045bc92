//! Where secrets are read: an environment variable or a file. A value never reaches a message.

use std::fmt;

use crate::model::policy::SecretRef;

/// A secret text. It has no `Display`, and its `Debug` shows nothing.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// A secret made of a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Why a secret could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The variable is not set.
    #[error("environment variable {name} is not set, and `{field}` reads from it")]
    NotSet {
        /// The variable.
        name: String,
        /// The field of the policy.
        field: String,
    },
    /// The file cannot be read.
    #[error("file {path} cannot be read, and `{field}` reads from it")]
    File {
        /// The file.
        path: String,
        /// The field of the policy.
        field: String,
        /// The reason.
        source: std::io::Error,
    },
}

/// Reads a secret; `field` is the policy's field, for messages.
///
/// # Errors
/// When the variable is not set or empty, or the file cannot be read.
pub fn read(place: &SecretRef, field: &str) -> Result<Secret, SecretError> {
    match place {
        SecretRef::Env(name) => match std::env::var(name) {
            Ok(value) if !value.is_empty() => Ok(Secret(value)),
            _ => Err(SecretError::NotSet { name: name.clone(), field: field.to_owned() }),
        },
        SecretRef::File(path) => match std::fs::read_to_string(path) {
            Ok(text) => Ok(Secret(text.trim_end_matches(['\n', '\r']).to_owned())),
            Err(source) => Err(SecretError::File { path: path.clone(), field: field.to_owned(), source }),
        },
    }
}
