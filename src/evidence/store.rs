//! Where evidence lies: `<prefix><identity>/000042.json`, one folder per writing identity.
//!
//! Appending is a conditional create, so two writers never overwrite each other; nothing here deletes or replaces.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use super::record::{Entry, FORMAT, Record, Reference};
use super::sign::{KeyError, SigningKey};
use crate::model::document::sha256_hex;
use crate::model::repository::EvidencePlace;
use crate::ports::secrets::{self, SecretError};
use crate::ports::{Kind, PortError, Ports};

/// Largest envelope that is read or written.
const LARGEST: u64 = 16 << 20;
/// How often a number that another writer took is followed by the next one.
const TRIES: u32 = 10;
/// How many envelopes are fetched at once.
const AT_ONCE: usize = 16;

/// Why evidence could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// The private key cannot be read from its place.
    #[error("the signing key cannot be read")]
    Secret(#[from] SecretError),
    /// What is there is no key.
    #[error("the signing key cannot be used")]
    Key(#[from] KeyError),
    /// The caller's name cannot be a folder.
    #[error("`{0}` cannot name a chain of evidence: only letters, digits and +=,.@_- can")]
    Identity(String),
    /// The record is larger than a reader takes.
    #[error("the record has {0} bytes, and a record has at most {LARGEST}")]
    TooLarge(usize),
    /// The bucket answered no.
    #[error("{what}")]
    Port {
        /// What was needed.
        what: String,
        /// The failure.
        source: PortError,
    },
    /// Every number was taken by another writer, or the answer was lost every time.
    #[error("no free number was found in the chain of {identity} after {TRIES} attempts: too many writers at once")]
    Contended {
        /// Whose chain.
        identity: String,
    },
}

impl EvidenceError {
    /// What a person can do.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Secret(SecretError::NotSet { name, .. }) => {
                Some(format!("export {name}=\"$(cat KEYFILE)\"; `lifeboat evidence keygen --out KEYFILE` makes a key"))
            }
            Self::Secret(SecretError::File { .. }) | Self::Key(_) => Some("`lifeboat evidence keygen --out KEYFILE` makes a key".to_owned()),
            Self::Port { source, .. } if source.kind == Kind::Missing => {
                Some("the bucket of the evidence must exist before the first record: look at `evidence.bucket` in lifeboat.yaml".to_owned())
            }
            Self::Port { source, .. } => source.hint().map(str::to_owned),
            Self::Contended { .. } => Some("run the command again; each writer appends to the chain of its own identity".to_owned()),
            Self::Identity(_) | Self::TooLarge(_) => None,
        }
    }
}

/// One envelope, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The number that its key says.
    pub sequence: u64,
    /// Its exact bytes.
    pub bytes: Vec<u8>,
}

impl Stored {
    /// Its name in the chain of `identity`.
    pub fn reference(&self, identity: &str) -> Reference {
        Reference { identity: identity.to_owned(), sequence: self.sequence, sha256: sha256_hex(&self.bytes) }
    }
}

/// Everything in the folder of one identity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chain {
    /// Whose.
    pub identity: String,
    /// The envelopes by number, without repetition.
    pub envelopes: Vec<Stored>,
    /// Keys that are no record's.
    pub strangers: Vec<String>,
}

impl Chain {
    /// The newest envelope.
    pub fn head(&self) -> Option<Reference> {
        self.envelopes.last().map(|stored| stored.reference(&self.identity))
    }
}

/// A chain to append to.
pub struct Ledger {
    ports: Ports,
    bucket: String,
    prefix: String,
    identity: String,
    key: SigningKey,
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ledger(s3://{}/{}, {:?})", self.bucket, self.prefix, self.key)
    }
}

impl Ledger {
    /// Reads the signing key; nothing is sent yet. `identity` is the short name of the caller.
    ///
    /// # Errors
    /// When there is no usable key, or the identity's name cannot be a folder.
    pub fn open(ports: &Ports, place: &EvidencePlace, identity: &str) -> Result<Self, EvidenceError> {
        if !is_name(identity) {
            return Err(EvidenceError::Identity(identity.to_owned()));
        }
        let pem = secrets::read(&place.sign, "evidence.sign")?;
        let key = SigningKey::from_pem(pem.expose())?;
        let prefix = format!("{}{identity}/", place.prefix);
        Ok(Self { ports: ports.clone(), bucket: place.bucket.clone(), prefix, identity: identity.to_owned(), key })
    }

    /// The id of the key that signs.
    pub fn keyid(&self) -> &str {
        self.key.keyid()
    }

    /// Appends a record behind the newest one. Writers that append at once each get a number of their own.
    ///
    /// # Errors
    /// When the record cannot be written. Then it is not in the chain, or `maybe_done` of the source says so.
    pub async fn append(&self, entry: Entry) -> Result<Reference, EvidenceError> {
        for attempt in 0..TRIES {
            if attempt > 0 {
                // Writers that collided once must not march in step; the first try is the usual one and waits for nobody.
                let jitter = u64::from_str_radix(&self.ports.entropy.hex(1), 16).unwrap_or(0);
                self.ports.clock.sleep(Duration::from_millis(u64::from(attempt) * 20 + jitter)).await;
            }
            let (sequence, previous) = self.next().await?;
            let bytes = self.seal(&entry, sequence, previous);
            if bytes.len() as u64 > LARGEST {
                return Err(EvidenceError::TooLarge(bytes.len()));
            }
            let key = format!("{}{sequence:06}.json", self.prefix);
            let reference = Reference { identity: self.identity.clone(), sequence, sha256: sha256_hex(&bytes) };
            match self.ports.objects.create(&self.bucket, &key, bytes.clone()).await {
                Ok(()) => return Ok(reference),
                // A lost answer, or a repetition inside the SDK that met its own first attempt: what lies there may be ours.
                Err(error) if error.kind == Kind::Exists || error.maybe_done => match self.ports.objects.get(&self.bucket, &key, LARGEST).await {
                    Ok(found) if found == bytes => return Ok(reference),
                    Ok(_) => {}
                    Err(_) if error.kind == Kind::Exists => {}
                    Err(_) => return Err(port("the record cannot be written", error)),
                },
                Err(error) => return Err(port("the record cannot be written", error)),
            }
        }
        Err(EvidenceError::Contended { identity: self.identity.clone() })
    }

    /// The number behind the newest record, and the digest of that record.
    async fn next(&self) -> Result<(u64, Option<String>), EvidenceError> {
        let listed = self.ports.objects.list(&self.bucket, &self.prefix).await.map_err(|error| port("the chain of evidence cannot be listed", error))?;
        let newest = listed.iter().filter_map(|object| Some((number(object.key.strip_prefix(&self.prefix)?)?, &object.key))).max();
        let Some((sequence, key)) = newest else { return Ok((1, None)) };
        let bytes = self.ports.objects.get(&self.bucket, key, LARGEST).await;
        let bytes = bytes.map_err(|error| port("the newest record cannot be read", error))?;
        Ok((sequence + 1, Some(sha256_hex(&bytes))))
    }

    fn seal(&self, entry: &Entry, sequence: u64, previous: Option<String>) -> Vec<u8> {
        let record = Record {
            format: FORMAT.to_owned(),
            sequence,
            previous,
            identity: self.identity.clone(),
            kind: entry.kind,
            at: self.ports.clock.now().to_string(),
            tool: format!("lifeboat {}", env!("CARGO_PKG_VERSION")),
            policy: entry.policy.clone(),
            policy_digest: entry.policy_digest.clone(),
            body: entry.body.clone(),
        };
        self.key.seal(&serde_json::to_vec(&record).unwrap_or_default())
    }
}

/// Reads the chain of one identity, or of all, by identity.
///
/// # Errors
/// When the bucket cannot be listed or an envelope cannot be read.
pub async fn read(ports: &Ports, place: &EvidencePlace, identity: Option<&str>) -> Result<Vec<Chain>, EvidenceError> {
    let prefix = identity.map_or_else(|| place.prefix.clone(), |identity| format!("{}{identity}/", place.prefix));
    let listed = ports.objects.list(&place.bucket, &prefix).await.map_err(|error| port("the evidence cannot be listed", error))?;
    let mut chains: BTreeMap<String, Chain> = BTreeMap::new();
    let mut wanted = Vec::new();
    for object in listed {
        let Some((identity, name)) = object.key.strip_prefix(&place.prefix).and_then(|rest| rest.split_once('/')) else { continue };
        let chain = chains.entry(identity.to_owned()).or_insert_with(|| Chain { identity: identity.to_owned(), ..Chain::default() });
        match number(name) {
            Some(sequence) => wanted.push((identity.to_owned(), sequence, object.key)),
            None => chain.strangers.push(object.key),
        }
    }
    let fetch = |(identity, sequence, key): (String, u64, String)| async move {
        let bytes = ports.objects.get(&place.bucket, &key, LARGEST).await.map_err(|error| port("a record cannot be read", error))?;
        Ok::<_, EvidenceError>((identity, Stored { sequence, bytes }))
    };
    let fetched: Vec<_> = stream::iter(wanted).map(fetch).buffered(AT_ONCE).try_collect().await?;
    for (identity, stored) in fetched {
        if let Some(chain) = chains.get_mut(&identity) {
            chain.envelopes.push(stored);
        }
    }
    // Key order is not number order from a million on.
    for chain in chains.values_mut() {
        chain.envelopes.sort_by_key(|stored| stored.sequence);
    }
    Ok(chains.into_values().collect())
}

/// `000042.json` → 42. Only the one spelling that a writer uses: no number has two keys.
fn number(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".json")?;
    let number: u64 = digits.parse().ok()?;
    (number > 0 && number < u64::MAX && format!("{number:06}") == digits).then_some(number)
}

fn is_name(identity: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c);
    !identity.is_empty() && identity.len() <= 128 && identity.chars().all(allowed) && !identity.chars().all(|c| c == '.')
}

fn port(what: &str, source: PortError) -> EvidenceError {
    EvidenceError::Port { what: what.to_owned(), source }
}

#[cfg(test)]
mod tests;
