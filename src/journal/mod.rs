//! The journal of applies: what each run set out to do, what it was about to send, and how that ended.
//!
//! Append-only: every entry is an object of its own, made by conditional create. A step is written down before it is sent,
//! so a run that was killed leaves at most one step of which it is not known whether it was sent. Nothing here plans or
//! sends a step; the shapes and [`runs`] are pure, [`store`] and [`lock`] use the ports.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::document::Document;
use crate::model::fact::Fact;
use crate::model::id::ResourceId;
use crate::model::resource::Identity;

pub mod lock;
mod runs;
pub mod store;

pub use runs::{End, Progress, Run, RunStep, runs};

/// The format of an entry.
pub const FORMAT: &str = "lifeboat.journal/1";

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "state", content = "detail")]
pub enum Outcome {
    /// Sent, and read back as planned.
    Done,
    /// Not sent.
    NotSent(String),
    /// Sent, and whether it happened is not known.
    MaybeDone(String),
    /// Sent and accepted, but what is there now is not what was planned.
    ReadsBackOtherwise(String),
}

impl Outcome {
    /// A stable word for programs.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::NotSent(_) => "notSent",
            Self::MaybeDone(_) => "maybeDone",
            Self::ReadsBackOtherwise(_) => "readsBackOtherwise",
        }
    }
}

/// One entry as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// Always [`FORMAT`].
    pub format: String,
    /// The run that the journal is of.
    pub run: String,
    /// Its place in that journal, from 1, without gaps.
    pub sequence: u64,
    /// When it was written, by the writer's clock.
    pub at: Timestamp,
    /// What it says.
    #[serde(flatten)]
    pub entry: Entry,
}

/// What an entry says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "kind")]
pub enum Entry {
    /// The first one: who sets out to do what.
    Began(Began),
    /// A step is about to be re-read and sent.
    Sending {
        /// `SETTING@RESOURCE`.
        step: String,
        /// Digest of the step.
        digest: String,
    },
    /// A step ended.
    Ended {
        /// `SETTING@RESOURCE`.
        step: String,
        /// Digest of the step.
        digest: String,
        /// How.
        outcome: Outcome,
    },
    /// The last one of a run that came to its end, whatever became of its steps: ids of all of them.
    Finished {
        /// Sent, and read back as planned.
        done: Vec<String>,
        /// Surely not sent.
        not_done: Vec<String>,
        /// Sent, and what came of it is not known or not as planned.
        unknown: Vec<String>,
    },
    /// The last one of a run that broke off, written by the run that found it so. It takes the number that the dead run
    /// would have used next: should that one be alive after all, its next entry is refused and it sends nothing more.
    Closed {
        /// The run that closes it.
        by: String,
    },
}

/// Who sets out to do what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Began {
    /// The command: `apply`.
    pub command: String,
    /// Version of lifeboat.
    pub tool: String,
    /// The caller.
    pub identity: Identity,
    /// What was read: a commit, or the working folder.
    pub revision: String,
    /// SHA-256 over the resolved policies.
    pub policy_digest: String,
    /// The steps, in order.
    pub steps: Vec<Intended>,
}

/// One step that a run sets out to do, with what leads back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Intended {
    /// `SETTING@RESOURCE`.
    pub id: String,
    /// Digest of the step.
    pub digest: String,
    /// The resource.
    pub resource: ResourceId,
    /// Id of the setting.
    pub setting: String,
    /// What was seen, in canonical form.
    pub from: Fact<Document>,
    /// What is to be there.
    pub to: Document,
}

impl Line {
    /// Its bytes, without a line feed.
    pub fn to_bytes(&self) -> Vec<u8> {
        Document::of(self).to_string().into_bytes()
    }
}

/// `20261122T100000Z-9f8e7d`: a run's id. Ids sort by the moment their runs began.
pub fn run_id(at: Timestamp, random: &str) -> String {
    format!("{}-{random}", at.strftime("%Y%m%dT%H%M%SZ"))
}

/// Whether a text can be the id of a run. What cannot is never made part of a key or shown.
pub(crate) fn is_run_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= 64 && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

/// Whether a text can be shown: printable, and short enough for a line.
pub(crate) fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.len() <= 400 && text.chars().all(|c| c.is_ascii_graphic() || c == ' ')
}

#[cfg(test)]
mod tests;
