//! A hash of the *multiset* of a table's rows: equal whatever order the rows come in, cheap to add to, and mergeable.
//!
//! Each row is hashed with SHA-256 and the digests are added modulo 2^256, next to the number of rows and bytes. Sums of short
//! hashes and XOR are not good enough: they can be balanced by choice, and XOR forgets pairs of equal rows.
//! Must never change meaning without a new [`ALGORITHM`] name: sums are kept in manifests for years.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest, Sha256};

/// Name and version of the hash, recorded in every manifest and part of every salt.
pub const ALGORITHM: &str = "lifeboat.rowsum/1";

/// Bytes after the 32 of the salt: together they fill one block of SHA-256, so the salted state is computed once a table
/// and a row of up to 55 bytes costs a single compression.
const PAD: [u8; 32] = [0; 32];

/// What was summed: number of rows, their bytes, and the sum of their digests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowSum {
    /// Rows added.
    pub rows: u64,
    /// Bytes of all rows as COPY text, without line ends.
    pub bytes: u64,
    /// Sum of the digests modulo 2^256, little endian; lower-case hex of those 32 bytes in JSON.
    #[serde(serialize_with = "to_hex", deserialize_with = "from_hex")]
    pub sum: [u8; 32],
}

impl RowSum {
    /// Adds another sum to this one.
    ///
    /// Salts are per table, so the sums of two leaf partitions are of two salts: a merged sum equals only another merge of the
    /// same leaves. To compare per root (leaves whose bounds moved), hash every leaf with a [`RowHasher`] of the *root's* name.
    pub fn merge(&mut self, other: &Self) {
        self.rows = self.rows.saturating_add(other.rows);
        self.bytes = self.bytes.saturating_add(other.bytes);
        add_le(&mut self.sum, &other.sum);
    }

    /// The 64 hex digits of the sum.
    #[must_use]
    pub fn hex(&self) -> String {
        hex(&self.sum)
    }

    fn add_digest(&mut self, digest: &[u8; 32], bytes: u64) {
        self.rows = self.rows.saturating_add(1);
        self.bytes = self.bytes.saturating_add(bytes);
        add_le(&mut self.sum, digest);
    }
}

impl fmt::Display for RowSum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rows, {} bytes, {ALGORITHM}:{}", self.rows, self.bytes, self.hex())
    }
}

/// Sums the rows of one table. Rows come whole ([`RowHasher::add_row`]) or in parts, so no row is ever held in memory.
///
/// `digest(row) = SHA-256(salt ‖ 32 zero bytes ‖ row)`, `salt = SHA-256(p(ALGORITHM) ‖ p(schema) ‖ p(name) ‖ n ‖ p(column) …)`
/// where `p(x)` is the length of x as 8 bytes little endian and then x, and n the number of columns, also in 8 bytes.
#[derive(Debug, Clone)]
pub struct RowHasher {
    salted: Sha256,
    open: Option<(Sha256, u64)>,
    sum: RowSum,
}

impl RowHasher {
    /// A hasher salted with the table and its columns, in the order of the dump.
    #[must_use]
    pub fn new<C: AsRef<str>>(schema: &str, name: &str, columns: &[C]) -> Self {
        let mut salt = Sha256::new();
        for part in [ALGORITHM, schema, name] {
            prefixed(&mut salt, part);
        }
        salt.update((columns.len() as u64).to_le_bytes());
        for column in columns {
            prefixed(&mut salt, column.as_ref());
        }
        Self { salted: Sha256::new().chain_update(salt.finalize()).chain_update(PAD), open: None, sum: RowSum::default() }
    }

    /// Adds one row: its raw COPY text line, without the line end. Closes a row left open by [`RowHasher::part`] with it.
    pub fn add_row(&mut self, row: &[u8]) {
        if self.open.is_some() {
            self.part(row);
            self.end_row();
            return;
        }
        let digest = self.salted.clone().chain_update(row).finalize();
        self.sum.add_digest(&digest.into(), row.len() as u64);
    }

    /// Adds a piece of a row that goes on.
    pub fn part(&mut self, bytes: &[u8]) {
        let (state, length) = self.open.get_or_insert_with(|| (self.salted.clone(), 0));
        state.update(bytes);
        *length = length.saturating_add(bytes.len() as u64);
    }

    /// Ends the row begun by [`RowHasher::part`]; without one it adds an empty row.
    pub fn end_row(&mut self) {
        let (state, length) = self.open.take().unwrap_or_else(|| (self.salted.clone(), 0));
        self.sum.add_digest(&state.finalize().into(), length);
    }

    /// Bytes of the row that is not ended yet; `None` between rows.
    #[must_use]
    pub fn open_bytes(&self) -> Option<u64> {
        self.open.as_ref().map(|(_, length)| *length)
    }

    /// The sum of the rows ended so far.
    #[must_use]
    pub fn sum(&self) -> RowSum {
        self.sum
    }
}

fn prefixed(state: &mut Sha256, part: &str) {
    state.update((part.len() as u64).to_le_bytes());
    state.update(part.as_bytes());
}

/// `a += b` modulo 2^256, both little endian.
fn add_le(a: &mut [u8; 32], b: &[u8; 32]) {
    let mut carry = false;
    for (x, y) in a.as_chunks_mut::<8>().0.iter_mut().zip(b.as_chunks::<8>().0) {
        let (low, first) = u64::from_le_bytes(*x).overflowing_add(u64::from_le_bytes(*y));
        let (low, second) = low.overflowing_add(u64::from(carry));
        carry = first || second;
        *x = low.to_le_bytes();
    }
}

/// Lower-case hex of any bytes.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let digit = |n: u8| char::from(if n < 10 { b'0' + n } else { b'a' + (n - 10) });
    bytes.iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]).collect()
}

/// The value of one hex digit, either case.
#[must_use]
pub fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

fn to_hex<S: Serializer>(sum: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&hex(sum))
}

fn from_hex<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 32], D::Error> {
    let text = String::deserialize(deserializer)?;
    let wrong = || de::Error::custom("a row sum is 64 lower-case hex digits");
    if text.len() != 64 || text.bytes().any(|b| b.is_ascii_uppercase()) {
        return Err(wrong());
    }
    let mut sum = [0_u8; 32];
    for (byte, [high, low]) in sum.iter_mut().zip(text.as_bytes().as_chunks::<2>().0) {
        let (high, low) = nibble(*high).zip(nibble(*low)).ok_or_else(wrong)?;
        *byte = high << 4 | low;
    }
    Ok(sum)
}

#[cfg(test)]
mod tests;
