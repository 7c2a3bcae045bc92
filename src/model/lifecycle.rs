//! Lifecycle configuration of a bucket, typed so that the settings table, rules and effects share one meaning.
//!
//! Must carry what others wrote element for element: a rule that lifeboat does not own goes back as it came, in the
//! form it came (rule-level `Prefix`, `Filter`, `And`), because a PUT replaces the whole configuration.

use serde::{Deserialize, Serialize};

mod meaning;
mod wire;

/// The whole configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Lifecycle {
    /// The rules, in the order of the answer.
    pub rules: Vec<Rule>,
    /// `x-amz-transition-default-minimum-object-size`. A PUT without it resets it, so it is carried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_size: Option<String>,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rule {
    /// Its id, at most 255 characters. Rules without one get one from S3.
    pub id: String,
    /// Whether it acts.
    pub enabled: bool,
    /// Which objects it acts upon.
    pub filter: Filter,
    /// What happens to current versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiration: Option<Expiration>,
    /// Storage class changes of current versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transitions: Vec<Transition>,
    /// Removal of noncurrent versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noncurrent: Option<Noncurrent>,
    /// Storage class changes of noncurrent versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub noncurrent_transitions: Vec<NoncurrentTransition>,
    /// Days after which an unfinished multipart upload is aborted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abort_uploads_days: Option<i32>,
}

/// The filter of a rule, with the XML form it came in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Filter {
    /// How it is written on the wire.
    #[serde(default, skip_serializing_if = "Form::is_plain")]
    pub form: Form,
    /// Key prefix; none means every key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// Tags, all of which must match.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    /// Only objects larger than so many bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub larger_than: Option<i64>,
    /// Only objects smaller than so many bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smaller_than: Option<i64>,
}

/// The three ways S3 writes a filter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Form {
    /// `<Filter>` with at most one condition.
    #[default]
    Plain,
    /// `<Filter><And>`.
    And,
    /// `<Prefix>` of the rule itself, the form before 2016. One configuration may not mix it with the others.
    RulePrefix,
}

impl Form {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for this signature")]
    fn is_plain(&self) -> bool {
        *self == Self::Plain
    }
}

/// An object tag.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tag {
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: String,
}

impl Tag {
    /// The one by which the keeper releases a backup.
    pub fn release(value: &str) -> Self {
        Self { key: EXPIRE_TAG.to_owned(), value: value.to_owned() }
    }
}

/// Expiration of current versions: exactly one of the three is set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Expiration {
    /// So many days after creation, rounded up to the next midnight UTC (S3 User Guide, intro-lifecycle-rules).
    Days(i32),
    /// On a date, RFC 3339 at midnight UTC.
    Date(String),
    /// Delete markers without versions behind them are removed (or, `false`, written and doing nothing).
    DeleteMarker(bool),
}

/// A storage class change of current versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Transition {
    /// Days after creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<i32>,
    /// Or a date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// To which class.
    pub class: String,
}

/// Removal of noncurrent versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Noncurrent {
    /// Days after the version stopped being current.
    pub days: i32,
    /// How many newer noncurrent versions are kept besides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_newer: Option<i32>,
}

/// A storage class change of noncurrent versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NoncurrentTransition {
    /// Days after the version stopped being current.
    pub days: i32,
    /// To which class.
    pub class: String,
    /// How many newer noncurrent versions are left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_newer: Option<i32>,
}

impl Rule {
    /// Whether lifeboat wrote it: its id says so.
    pub fn is_ours(&self) -> bool {
        self.id.starts_with(OURS)
    }

    /// Days after which this rule expires the current version of an object with this key and no tags, if it does.
    pub fn expires_untagged(&self, key: &str) -> Option<i32> {
        match self.expiration {
            Some(Expiration::Days(days)) if self.enabled && self.filter.tags.is_empty() && self.filter.covers(key) => Some(days),
            _ => None,
        }
    }
}

impl Filter {
    /// Whether the prefix covers this key. S3 prefixes are plain string prefixes: `logs` also matches `logs2/…`.
    pub fn covers(&self, key: &str) -> bool {
        key.starts_with(self.prefix.as_deref().unwrap_or(""))
    }

    /// A filter on one prefix.
    pub fn prefix(prefix: &str) -> Self {
        Self { prefix: Some(prefix.to_owned()), ..Self::default() }
    }

    /// A filter on one tag.
    pub fn tag(key: &str, value: &str) -> Self {
        Self { tags: vec![Tag { key: key.to_owned(), value: value.to_owned() }], ..Self::default() }
    }
}

/// Every rule that lifeboat owns has an id that begins so.
pub const OURS: &str = "lifeboat/";

/// The one object tag by which the keeper releases a backup.
pub const EXPIRE_TAG: &str = "lifeboat-expire";

/// The object tag on a manifest that keeps the keeper from releasing the backup.
pub const HOLD_TAG: &str = "lifeboat-hold";
