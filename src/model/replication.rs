//! Replication configuration of a bucket, typed so that rules of others go back as they came.
//!
//! Must carry every element: a PUT replaces the whole configuration, and its role is one for all rules.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::lifecycle::{Filter, Form};

/// The whole configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Replication {
    /// ARN of the role that S3 takes on, one for all rules.
    pub role: String,
    /// The rules.
    pub rules: Vec<ReplicationRule>,
}

impl Replication {
    /// What the verdict of AWS is about, as its API names it.
    pub fn wire(&self) -> Value {
        json!({"Role": self.role, "Rules": self.rules})
    }
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReplicationRule {
    /// Its id, at most 255 characters. Rules without one get one from S3.
    pub id: String,
    /// Which rule wins where several match; unique in a configuration. Rules of the form before 2018 have none.
    pub priority: Option<i32>,
    /// Whether it acts.
    pub enabled: bool,
    /// Which objects it copies.
    pub filter: Filter,
    /// `DeleteMarkerReplication`; those that lifecycle rules make are never copied.
    pub delete_markers: Option<bool>,
    /// `ExistingObjectReplication`.
    pub existing_objects: Option<bool>,
    /// `SourceSelectionCriteria.SseKmsEncryptedObjects`: without it, what a KMS key encrypts is not copied.
    pub kms_objects: Option<bool>,
    /// `SourceSelectionCriteria.ReplicaModifications`.
    pub replica_modifications: Option<bool>,
    /// Where the copies go.
    pub destination: Destination,
}

impl ReplicationRule {
    /// Whether it has a prefix of its own and no `Filter`: the form before 2018, in which a rule has no priority and no word on delete markers.
    pub fn is_of_the_old_form(&self) -> bool {
        self.filter.form == Form::RulePrefix
    }

    /// Whether a delete marker that somebody makes is copied. The old form always does; those of lifecycle rules never are (S3 User Guide,
    /// "Backward compatibility considerations" of replication configurations).
    pub fn copies_delete_markers(&self) -> bool {
        if self.is_of_the_old_form() { self.delete_markers != Some(false) } else { self.delete_markers == Some(true) }
    }

    /// The rule in one form of writing: what two rules have in common that do the same. It is only compared, never sent; which of several rules
    /// wins is not asked, as the priority is the configuration's.
    pub fn meaning(&self) -> Self {
        let on = |part: Option<bool>| part.filter(|on| *on);
        Self {
            priority: None,
            filter: self.filter.meaning(),
            delete_markers: Some(self.copies_delete_markers()),
            existing_objects: on(self.existing_objects),
            kms_objects: on(self.kms_objects),
            replica_modifications: on(self.replica_modifications),
            ..self.clone()
        }
    }
}

/// Where copies go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Destination {
    /// ARN of the bucket.
    pub bucket: String,
    /// Its account, when it is another one.
    pub account: Option<String>,
    /// Storage class of the copies; none = that of the original.
    pub storage_class: Option<String>,
    /// Whether the copies belong to the account of the bucket (`AccessControlTranslation`).
    pub owner_changes: bool,
    /// Key that encrypts the copies.
    pub kms_key: Option<String>,
    /// `ReplicationTime`.
    pub time: Option<Timed>,
    /// `Metrics`.
    pub metrics: Option<Timed>,
}

/// A promise or measurement with its minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Timed {
    /// Whether it acts.
    pub enabled: bool,
    /// Minutes, where they are said.
    pub minutes: Option<i32>,
}
