//! What was observed, with "unknown" as a state of its own.
//!
//! Must never grow a `Default`, an `unwrap_or` or anything else that turns "could not be read" into "off" or "fine".

use std::fmt;

use serde::{Deserialize, Serialize};

/// One observed thing: there, not there, or not known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "state", content = "value")]
pub enum Fact<T> {
    /// It was read, and this is it.
    Known(T),
    /// It was asked for, and the answer was that there is none.
    Absent,
    /// It could not be read; `why` says what stood in the way.
    Unknown(Why),
}

impl<T> Fact<T> {
    /// The value, if it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Absent | Self::Unknown(_) => None,
        }
    }

    /// The same fact about a derived value; `Absent` and `Unknown` pass through.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Fact<U> {
        match self {
            Self::Known(value) => Fact::Known(f(value)),
            Self::Absent => Fact::Absent,
            Self::Unknown(why) => Fact::Unknown(why),
        }
    }

    /// Like [`Fact::map`], for a derivation that can itself be absent or unknown.
    pub fn and_then<U>(self, f: impl FnOnce(T) -> Fact<U>) -> Fact<U> {
        match self {
            Self::Known(value) => f(value),
            Self::Absent => Fact::Absent,
            Self::Unknown(why) => Fact::Unknown(why),
        }
    }
}

/// Why something is not known, by what a person can do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind", content = "detail")]
pub enum Why {
    /// The endpoint refused the read (403): grant it, or stop managing the setting.
    Refused(String),
    /// The endpoint does not implement this at all.
    Unsupported(String),
    /// An answer came that this version cannot read completely.
    NotUnderstood(String),
    /// No usable answer came: down, hanging, or failing.
    Unreachable(String),
    /// The endpoint asked us to slow down (503, 429), and went on to.
    Busy(String),
    /// The role that would ask cannot be taken on.
    NoRole(String),
    /// The credentials are unknown, wrong or expired: nothing at all can be asked with them.
    Credentials(String),
    /// It was read too long ago to act upon.
    Stale(String),
    /// Nobody asked, because the command ran with `--offline`.
    NotAsked,
    /// Nobody asked, because the command was interrupted before.
    Interrupted,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(detail) => write!(f, "access denied: {detail}"),
            Self::Unsupported(detail) => write!(f, "not supported by this endpoint: {detail}"),
            Self::NotUnderstood(detail) => write!(f, "not understood: {detail}"),
            Self::Unreachable(detail) => write!(f, "no usable answer: {detail}"),
            Self::Busy(detail) => write!(f, "too busy to answer: {detail}"),
            Self::NoRole(detail) => write!(f, "nobody to ask as: {detail}"),
            Self::Credentials(detail) => write!(f, "the credentials are not accepted: {detail}"),
            Self::Stale(detail) => write!(f, "too old to act upon: {detail}"),
            Self::NotAsked => write!(f, "not asked (--offline)"),
            Self::Interrupted => write!(f, "not asked (interrupted)"),
        }
    }
}
