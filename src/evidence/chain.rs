//! Is a chain whole? Pure: from the stored bytes to the records and everything that is wrong with them.
//!
//! A chain proves order and content up to its newest record. Records cut off at the end leave no trace in it: the
//! references that commands print (`shop-restorer/000042 sha256:9b1c55d0`) are what such a cut is found by.

use jiff::Timestamp;

use super::record::{FORMAT, Record, Reference};
use super::sign::{TrustedKeys, VerifyError};
use super::store::{Chain, Stored};
use crate::model::document::sha256_hex;

/// What is wrong with one record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// There is none of that number, though there are later ones.
    #[error("is missing: it was deleted, or never arrived")]
    Missing,
    /// The envelope proves nothing.
    #[error("{0}")]
    Envelope(#[from] VerifyError),
    /// Signed, but not a record that this version reads.
    #[error("it is signed, but not a record that this version reads: {0}")]
    NotARecord(String),
    /// It says another number than its key.
    #[error("it says that it is number {0}")]
    OtherSequence(u64),
    /// It belongs to another identity.
    #[error("it was written by `{0}`, and lies in the folder of another identity")]
    OtherIdentity(String),
    /// It was written behind another record than the one that is there.
    #[error("it was written behind a record with sha256:{said}, and the record there has sha256:{found}: one of them was replaced")]
    OtherPrevious {
        /// What it says, shortened.
        said: String,
        /// What is there, shortened.
        found: String,
    },
    /// Another record is there than the one that was noted when it was written.
    #[error("was noted as sha256:{said}, and the record there has sha256:{found}: it was replaced")]
    NotAsNoted {
        /// What was noted.
        said: String,
        /// What is there, shortened.
        found: String,
    },
    /// Something else lies in the folder.
    #[error("{0} is no record's name")]
    Stranger(String),
    /// Its time lies before that of the record in front of it. A warning: clocks differ.
    #[error("its time {at} lies before that of the record in front of it")]
    TimeWentBack {
        /// Its time.
        at: String,
    },
}

impl Fault {
    /// Whether the chain holds all the same.
    pub fn is_warning(&self) -> bool {
        matches!(self, Self::TimeWentBack { .. })
    }

    /// A stable word for programs.
    pub fn id(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Envelope(VerifyError::NotAnEnvelope(_) | VerifyError::OtherType(_)) => "not-an-envelope",
            Self::Envelope(VerifyError::Untrusted(_)) => "untrusted-key",
            Self::Envelope(VerifyError::BadSignature(_)) => "changed",
            Self::NotARecord(_) => "not-a-record",
            Self::OtherSequence(_) => "other-sequence",
            Self::OtherIdentity(_) => "other-identity",
            Self::OtherPrevious { .. } => "other-previous",
            Self::NotAsNoted { .. } => "not-as-noted",
            Self::Stranger(_) => "stranger",
            Self::TimeWentBack { .. } => "time-went-back",
        }
    }
}

/// One problem with the number of the record that has it; 0 for what is no record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The number.
    pub sequence: u64,
    /// What is wrong.
    pub fault: Fault,
}

/// One chain, judged.
#[derive(Clone, Debug)]
pub struct Checked {
    /// Whose.
    pub identity: String,
    /// How many envelopes lie there, sound or not.
    pub stored: usize,
    /// The records whose signature holds, in order, each with its reference and the key id that signed it.
    pub records: Vec<(Reference, Record, String)>,
    /// The newest envelope, sound or not.
    pub head: Option<Reference>,
    /// What is wrong, by number.
    pub problems: Vec<Problem>,
}

impl Checked {
    /// Whether nothing but warnings was found.
    pub fn is_whole(&self) -> bool {
        self.problems.iter().all(|problem| problem.fault.is_warning())
    }
}

/// Judges a chain.
pub fn check(chain: &Chain, keys: &TrustedKeys) -> Checked {
    let mut out = Checked { identity: chain.identity.clone(), stored: chain.envelopes.len(), records: Vec::new(), head: chain.head(), problems: Vec::new() };
    out.problems.extend(chain.strangers.iter().map(|key| Problem { sequence: 0, fault: Fault::Stranger(key.clone()) }));
    let mut next = 1;
    let mut before: Option<&Stored> = None;
    let mut latest: Option<Timestamp> = None;
    for stored in &chain.envelopes {
        for sequence in next..stored.sequence {
            out.problems.push(Problem { sequence, fault: Fault::Missing });
            before = None;
        }
        match open(stored, keys) {
            Ok((record, keyid)) => {
                let mut faults = judge(&record, chain, stored, before);
                faults.extend(went_back(&record, &mut latest));
                out.problems.extend(faults.into_iter().map(|fault| Problem { sequence: stored.sequence, fault }));
                out.records.push((stored.reference(&chain.identity), record, keyid));
            }
            Err(fault) => out.problems.push(Problem { sequence: stored.sequence, fault }),
        }
        next = stored.sequence.saturating_add(1);
        before = Some(stored);
    }
    out
}

/// Whether a record that somebody noted when it was written is still the one that is there. This finds what a chain cannot
/// show of itself: records cut off at its end, or a whole chain written anew by a holder of the key.
pub fn recall(chain: Option<&Chain>, noted: &Reference) -> Option<Problem> {
    let stored = chain.and_then(|chain| chain.envelopes.iter().find(|stored| stored.sequence == noted.sequence));
    let fault = match stored.map(|stored| sha256_hex(&stored.bytes)) {
        None => Fault::Missing,
        Some(found) if found.starts_with(&noted.sha256) => return None,
        Some(found) => Fault::NotAsNoted { said: noted.sha256.clone(), found: found.chars().take(8).collect() },
    };
    Some(Problem { sequence: noted.sequence, fault })
}

fn open(stored: &Stored, keys: &TrustedKeys) -> Result<(Record, String), Fault> {
    let (payload, keyid) = keys.open(&stored.bytes)?;
    let format = serde_json::from_slice::<serde_json::Value>(&payload).ok().and_then(|value| Some(value.get("format")?.as_str()?.to_owned()));
    match format.as_deref() {
        Some(FORMAT) => {}
        Some(other) => return Err(Fault::NotARecord(format!("its format is {other}, this lifeboat reads {FORMAT}"))),
        None => return Err(Fault::NotARecord("it names no format".to_owned())),
    }
    let record = serde_json::from_slice(&payload).map_err(|error| Fault::NotARecord(error.to_string()))?;
    Ok((record, keyid))
}

/// What a sound record says against the place where it lies. `before` is none behind a gap, which was said already.
fn judge(record: &Record, chain: &Chain, stored: &Stored, before: Option<&Stored>) -> Vec<Fault> {
    let mut faults = Vec::new();
    if record.sequence != stored.sequence {
        faults.push(Fault::OtherSequence(record.sequence));
    }
    if record.identity != chain.identity {
        faults.push(Fault::OtherIdentity(record.identity.clone()));
    }
    let short = |digest: &str| digest.chars().take(8).collect::<String>();
    let found = match before {
        Some(before) => Some(sha256_hex(&before.bytes)),
        None if stored.sequence == 1 => None,
        None => return faults,
    };
    if record.previous != found {
        let none = || "none".to_owned();
        faults.push(Fault::OtherPrevious { said: record.previous.as_deref().map_or_else(none, short), found: found.as_deref().map_or_else(none, short) });
    }
    faults
}

fn went_back(record: &Record, latest: &mut Option<Timestamp>) -> Option<Fault> {
    let Ok(at) = record.at.parse::<Timestamp>() else {
        return Some(Fault::NotARecord(format!("`{}` is no time", record.at)));
    };
    let back = latest.is_some_and(|latest| at < latest);
    *latest = Some(latest.map_or(at, |latest| latest.max(at)));
    back.then(|| Fault::TimeWentBack { at: record.at.clone() })
}

#[cfg(test)]
mod tests;
