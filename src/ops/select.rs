//! `--policy` and `--shard`: a part of a fleet, cut so that what belongs together stays together.
//!
//! All policies are always read, checked and resolved: only what is looked at and changed is a part. A bucket is whole or
//! not there: a selection never makes another policy's rules look like nobody's.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::OpError;
use crate::model::document::sha256_hex;
use crate::model::resource::{Desired, ResourceWish};
use crate::policy::Loaded;
use crate::view::plan::{SelectedView, SharedView};

/// Which policies a command works on. Nothing said = all.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Patterns of names; one that fits is enough.
    pub policies: Vec<Glob>,
    /// One part of all buckets.
    pub shard: Option<Shard>,
}

/// A pattern of policy names: `*` stands for any text, `?` for any one character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob(String);

impl FromStr for Glob {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-*?".contains(c);
        match text.chars().find(|c| !known(*c)) {
            None if !text.is_empty() => Ok(Self(text.to_owned())),
            Some(c) => Err(format!("`{c}` is in no policy's name: write a name, with * for any text and ? for one character")),
            None => Err("write the name of a policy, with * for any text and ? for one character".to_owned()),
        }
    }
}

impl Glob {
    fn fits(&self, name: &str) -> bool {
        fits(self.0.as_bytes(), name.as_bytes())
    }
}

/// Linear in the text for each star: the last star is the only one that ever gives back.
fn fits(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut seen, mut star) = (0, 0, None);
    while let Some(byte) = name.get(seen) {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, seen));
                at += 1;
            }
            Some(wanted) if wanted == byte || *wanted == b'?' => {
                at += 1;
                seen += 1;
            }
            _ => {
                let Some((behind, taken)) = star else { return false };
                star = Some((behind, taken + 1));
                (at, seen) = (behind + 1, taken + 1);
            }
        }
    }
    pattern.iter().skip(at).all(|byte| *byte == b'*')
}

/// `I/N`: the I-th of N parts, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    part: u64,
    of: u64,
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no part: write I/N, as in 1/4 for the first of four");
        let (part, of) = text.split_once('/').ok_or_else(wrong)?;
        let (part, of): (u64, u64) = (part.parse().map_err(|_| wrong())?, of.parse().map_err(|_| wrong())?);
        if part == 0 || part > of { Err(wrong()) } else { Ok(Self { part, of }) }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.part, self.of)
    }
}

impl Shard {
    /// By the first 64 bits of the SHA-256 of the bucket's name: the same on every machine and in every version, and a new
    /// bucket moves no other one.
    fn holds(self, bucket: &str) -> bool {
        let digest = sha256_hex(bucket.as_bytes());
        let number = digest.get(..16).and_then(|digits| u64::from_str_radix(digits, 16).ok()).unwrap_or(0);
        number % self.of == self.part - 1
    }
}

impl Selection {
    /// Whether a policy with this bucket is meant.
    pub(super) fn takes(&self, policy: &str, bucket: &str) -> bool {
        let named = self.policies.is_empty() || self.policies.iter().any(|glob| glob.fits(policy));
        named && self.shard.is_none_or(|shard| shard.holds(bucket))
    }

    /// Leaves only what belongs to the selection. `None`: everything is selected.
    ///
    /// # Errors
    /// When a pattern fits no policy.
    pub fn cut(&self, loaded: &mut Loaded, desired: &mut Desired) -> Result<Option<SelectedView>, OpError> {
        if self.policies.is_empty() && self.shard.is_none() {
            return Ok(None);
        }
        for glob in &self.policies {
            if !loaded.policies.iter().any(|policy| glob.fits(&policy.name)) {
                let known = loaded.policies.iter().map(|policy| policy.name.clone()).collect();
                return Err(OpError::NoSuch { kind: "policy", name: glob.0.clone(), known });
            }
        }
        let out_of = loaded.policies.len();
        let buckets: BTreeMap<String, String> = loaded.policies.iter().map(|policy| (policy.name.clone(), policy.policy.spec.storage.bucket.clone())).collect();
        let mut shared = Vec::new();
        desired.resources.retain(|wish| match wish {
            ResourceWish::Bucket(bucket) => {
                let (ours, others): (Vec<_>, Vec<_>) = bucket.tenants.iter().partition(|tenant| self.takes(&tenant.policy, &bucket.name));
                if !ours.is_empty() && !others.is_empty() {
                    shared.push(SharedView { bucket: bucket.name.clone(), others: others.iter().map(|tenant| tenant.policy.clone()).collect() });
                }
                !ours.is_empty()
            }
            // What belongs to the config repo itself has no bucket: one shard has it.
            ResourceWish::Role(role) => self.takes(&role.policy, &role.bucket),
            ResourceWish::Provider(provider) => provider.policies.iter().any(|policy| self.takes(policy, buckets.get(policy).map_or("", String::as_str))),
        });
        loaded.policies.retain(|policy| self.takes(&policy.name, &policy.policy.spec.storage.bucket));
        Ok(Some(SelectedView {
            out_of,
            policies: self.policies.iter().map(|glob| glob.0.clone()).collect(),
            shard: self.shard.map(|shard| shard.to_string()),
            shared,
        }))
    }
}

#[cfg(test)]
mod tests;
