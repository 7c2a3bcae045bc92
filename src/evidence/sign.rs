//! DSSE envelopes with Ed25519: <https://github.com/secure-systems-lab/dsse>.
//!
//! The signature is over the pre-authentication encoding of the very bytes that the envelope carries. Verifying decodes
//! them and never re-serialises. A private key has no `Display`, and its `Debug` shows the key id only.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Signer as _;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _, EncodePrivateKey as _, EncodePublicKey as _, KeypairBytes};
use serde::{Deserialize, Serialize};

use crate::model::document::sha256_hex;

/// The type of what is signed.
pub const PAYLOAD_TYPE: &str = "application/vnd.lifeboat.evidence+json";

/// A signed payload, as stored.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    payload_type: String,
    /// Base64.
    payload: String,
    signatures: Vec<Signature>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Signature {
    keyid: String,
    /// Base64.
    sig: String,
}

/// Why a key is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not an ed25519 private key. The text is not shown: it may be one all the same.
    #[error("it is not an Ed25519 private key in PKCS#8 PEM (BEGIN PRIVATE KEY)")]
    Private,
    /// Not an ed25519 public key.
    #[error("{name} is not an Ed25519 public key in PEM (BEGIN PUBLIC KEY)")]
    Public {
        /// The file.
        name: String,
    },
    /// The key cannot be written as PEM.
    #[error("the key cannot be encoded")]
    Encoding,
}

/// Why an envelope proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// Its bytes are no envelope.
    #[error("it is not a DSSE envelope: {0}")]
    NotAnEnvelope(String),
    /// It carries something else.
    #[error("it carries `{0}` and not {PAYLOAD_TYPE}")]
    OtherType(String),
    /// None of its signatures names a trusted key.
    #[error("no trusted key signed it; it names {}", names(.0))]
    Untrusted(Vec<String>),
    /// A trusted key is named, and the signature is not its own over these bytes.
    #[error("the signature of trusted key {0} does not fit these bytes: they were changed after they were signed")]
    BadSignature(String),
}

fn names(keyids: &[String]) -> String {
    if keyids.is_empty() { "none".to_owned() } else { keyids.iter().map(|keyid| short(keyid)).collect::<Vec<_>>().join(", ") }
}

/// The first characters of a key id, for people.
pub fn short(keyid: &str) -> String {
    keyid.chars().take(12).collect()
}

/// A private key.
pub struct SigningKey {
    key: ed25519_dalek::SigningKey,
    keyid: String,
}

impl SigningKey {
    /// Reads PKCS#8 PEM.
    ///
    /// # Errors
    /// When it is something else.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let key = ed25519_dalek::SigningKey::from_pkcs8_pem(pem.trim()).map_err(|_| KeyError::Private)?;
        Self::with(key)
    }

    /// A key made of 32 bytes that nobody can guess.
    ///
    /// # Errors
    /// When the public half cannot be encoded.
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self, KeyError> {
        Self::with(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    fn with(key: ed25519_dalek::SigningKey) -> Result<Self, KeyError> {
        let der = key.verifying_key().to_public_key_der().map_err(|_| KeyError::Encoding)?;
        Ok(Self { keyid: sha256_hex(der.as_bytes()), key })
    }

    /// SHA-256 of the public key's SPKI DER, lower-case hex.
    pub fn keyid(&self) -> &str {
        &self.keyid
    }

    /// The private key as PKCS#8 PEM. Version 1 of the format: older openssl programs do not read version 2.
    ///
    /// # Errors
    /// When it cannot be encoded.
    pub fn to_private_pem(&self) -> Result<String, KeyError> {
        let bytes = KeypairBytes { secret_key: self.key.to_bytes(), public_key: None };
        bytes.to_pkcs8_pem(LineEnding::LF).map(|pem| pem.as_str().to_owned()).map_err(|_| KeyError::Encoding)
    }

    /// The public key as SPKI PEM.
    ///
    /// # Errors
    /// When it cannot be encoded.
    pub fn to_public_pem(&self) -> Result<String, KeyError> {
        self.key.verifying_key().to_public_key_pem(LineEnding::LF).map_err(|_| KeyError::Encoding)
    }

    /// Signs a payload and gives the envelope's bytes, with a final newline.
    pub fn seal(&self, payload: &[u8]) -> Vec<u8> {
        let sig = self.key.sign(&pae(PAYLOAD_TYPE, payload));
        let envelope = Envelope {
            payload_type: PAYLOAD_TYPE.to_owned(),
            payload: STANDARD.encode(payload),
            signatures: vec![Signature { keyid: self.keyid.clone(), sig: STANDARD.encode(sig.to_bytes()) }],
        };
        let mut bytes = serde_json::to_vec(&envelope).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", short(&self.keyid))
    }
}

/// The public keys whose signatures count, by key id.
#[derive(Clone, Debug, Default)]
pub struct TrustedKeys(BTreeMap<String, (String, ed25519_dalek::VerifyingKey)>);

impl TrustedKeys {
    /// Reads SPKI PEMs; each comes with a name, for messages.
    ///
    /// # Errors
    /// When one of them is something else.
    pub fn from_pems<'a>(pems: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, KeyError> {
        let mut keys = BTreeMap::new();
        for (name, pem) in pems {
            let wrong = || KeyError::Public { name: name.to_owned() };
            let key = ed25519_dalek::VerifyingKey::from_public_key_pem(pem.trim()).map_err(|_| wrong())?;
            let der = key.to_public_key_der().map_err(|_| wrong())?;
            keys.insert(sha256_hex(der.as_bytes()), (name.to_owned(), key));
        }
        Ok(Self(keys))
    }

    /// Whether a key is one of them.
    pub fn contains(&self, keyid: &str) -> bool {
        self.0.contains_key(keyid)
    }

    /// The name that a key was given.
    pub fn name(&self, keyid: &str) -> Option<&str> {
        self.0.get(keyid).map(|(name, _)| name.as_str())
    }

    /// Key ids with their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(keyid, (name, _))| (keyid.as_str(), name.as_str()))
    }

    /// Verifies an envelope and gives the payload's bytes as they were signed, with the key id that signed them.
    ///
    /// # Errors
    /// When the envelope proves nothing.
    pub fn open(&self, envelope: &[u8]) -> Result<(Vec<u8>, String), VerifyError> {
        let envelope: Envelope = serde_json::from_slice(envelope).map_err(|error| VerifyError::NotAnEnvelope(error.to_string()))?;
        if envelope.payload_type != PAYLOAD_TYPE {
            return Err(VerifyError::OtherType(envelope.payload_type));
        }
        let payload = STANDARD.decode(&envelope.payload).map_err(|error| VerifyError::NotAnEnvelope(format!("payload: {error}")))?;
        let message = pae(PAYLOAD_TYPE, &payload);
        let mut bad = None;
        for signature in &envelope.signatures {
            let Some((_, key)) = self.0.get(&signature.keyid) else { continue };
            let sig = STANDARD.decode(&signature.sig).ok().and_then(|bytes| ed25519_dalek::Signature::from_slice(&bytes).ok());
            // Strict: a signature that several keys or messages could share counts for none.
            if sig.is_some_and(|sig| key.verify_strict(&message, &sig).is_ok()) {
                return Ok((payload, signature.keyid.clone()));
            }
            bad = Some(short(&signature.keyid));
        }
        Err(match bad {
            Some(keyid) => VerifyError::BadSignature(keyid),
            None => VerifyError::Untrusted(envelope.signatures.into_iter().map(|signature| signature.keyid).collect()),
        })
    }
}

/// The payload of an envelope, unverified: to show what a record claims.
pub fn claimed(envelope: &[u8]) -> Option<Vec<u8>> {
    let envelope: Envelope = serde_json::from_slice(envelope).ok()?;
    STANDARD.decode(&envelope.payload).ok()
}

/// DSSE's pre-authentication encoding: `DSSEv1 LEN(type) type LEN(body) body`.
fn pae(kind: &str, payload: &[u8]) -> Vec<u8> {
    let mut out = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).into_bytes();
    out.extend_from_slice(payload);
    out
}

#[cfg(test)]
mod tests;
