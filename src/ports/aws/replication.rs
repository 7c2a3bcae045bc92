//! Replication configurations: S3's typed form ↔ ours, without losing what a foreign rule says.

use aws_sdk_s3::types::{
    AccessControlTranslation, DeleteMarkerReplication, DeleteMarkerReplicationStatus, Destination as SdkDestination, EncryptionConfiguration,
    ExistingObjectReplication, ExistingObjectReplicationStatus, Metrics, MetricsStatus, OwnerOverride, ReplicaModifications, ReplicaModificationsStatus,
    ReplicationConfiguration, ReplicationRule as SdkRule, ReplicationRuleAndOperator, ReplicationRuleFilter, ReplicationRuleStatus, ReplicationTime,
    ReplicationTimeStatus, ReplicationTimeValue, SourceSelectionCriteria, SseKmsEncryptedObjects, SseKmsEncryptedObjectsStatus, StorageClass, Tag as SdkTag,
};
use aws_smithy_types::error::operation::BuildError;

use super::Bucket;
use super::error::port;
use super::iam::unreadable;
use super::raw;
use super::s3::proven;
use crate::model::document::Document;
use crate::model::fact::{Fact, Why};
use crate::model::lifecycle::{Filter, Form, Tag};
use crate::model::replication::{Destination, Replication, ReplicationRule, Timed};
use crate::ports::PortError;

/// Every element of a replication configuration that [`Replication`] carries.
const KNOWN: &[&str] = &[
    "Role",
    "Rule",
    "ID",
    "Priority",
    "Prefix",
    "Filter",
    "And",
    "Tag",
    "Key",
    "Value",
    "Status",
    "SourceSelectionCriteria",
    "SseKmsEncryptedObjects",
    "ReplicaModifications",
    "ExistingObjectReplication",
    "DeleteMarkerReplication",
    "Destination",
    "Bucket",
    "Account",
    "StorageClass",
    "AccessControlTranslation",
    "Owner",
    "EncryptionConfiguration",
    "ReplicaKmsKeyID",
    "ReplicationTime",
    "Time",
    "Minutes",
    "Metrics",
    "EventThreshold",
];

/// Reads the whole configuration.
pub(super) async fn read(bucket: &Bucket, name: &str) -> Result<Fact<Document>, PortError> {
    let ask = bucket.control.get_bucket_replication().bucket(name).set_expected_bucket_owner(bucket.account.clone());
    let (raw, answer) = raw::kept(ask.send()).await;
    let answer = answer.map_err(|error| port(&format!("GetBucketReplication {name}"), error))?;
    let Some(found) = answer.replication_configuration().filter(|found| !found.role().is_empty() && !found.rules().is_empty()) else {
        let why = raw.check("ReplicationConfiguration", KNOWN).err();
        return Ok(Fact::Unknown(why.unwrap_or_else(|| Why::Unsupported("a replication configuration without a role or a rule".to_owned()))));
    };
    let rules: Option<Vec<ReplicationRule>> = found.rules().iter().map(from_sdk).collect();
    Ok(match rules {
        Some(rules) => proven(&raw, "ReplicationConfiguration", KNOWN, &Replication { role: found.role().to_owned(), rules }),
        None => Fact::Unknown(Why::NotUnderstood("a rule of the replication configuration".to_owned())),
    })
}

/// Two values that a status can have; another one is not understood.
fn on(status: &str) -> Option<bool> {
    match status {
        "Enabled" => Some(true),
        "Disabled" => Some(false),
        _ => None,
    }
}

/// A status that was not understood.
struct Strange;

/// A part that may be missing, with a status that must be understood when it is there.
fn part<T>(part: Option<&T>, status: impl Fn(&T) -> Option<&str>) -> Result<Option<bool>, Strange> {
    match part {
        None => Ok(None),
        Some(part) => status(part).and_then(on).map(Some).ok_or(Strange),
    }
}

fn from_sdk(rule: &SdkRule) -> Option<ReplicationRule> {
    let source = rule.source_selection_criteria();
    Some(ReplicationRule {
        id: rule.id().unwrap_or_default().to_owned(),
        priority: rule.priority(),
        enabled: on(rule.status().as_str())?,
        filter: filter_from(rule),
        delete_markers: part(rule.delete_marker_replication(), |part| part.status().map(DeleteMarkerReplicationStatus::as_str)).ok()?,
        existing_objects: part(rule.existing_object_replication(), |part| Some(part.status().as_str())).ok()?,
        kms_objects: part(source.and_then(SourceSelectionCriteria::sse_kms_encrypted_objects), |part| Some(part.status().as_str())).ok()?,
        replica_modifications: part(source.and_then(SourceSelectionCriteria::replica_modifications), |part| Some(part.status().as_str())).ok()?,
        destination: destination_from(rule.destination()?)?,
    })
}

fn destination_from(found: &SdkDestination) -> Option<Destination> {
    let owner_changes = match found.access_control_translation().map(AccessControlTranslation::owner) {
        None => false,
        Some(OwnerOverride::Destination) => true,
        Some(_) => return None,
    };
    let minutes = |time: Option<&ReplicationTimeValue>| time.and_then(ReplicationTimeValue::minutes);
    let time = match found.replication_time() {
        None => None,
        Some(time) => Some(Timed { enabled: on(time.status().as_str())?, minutes: minutes(time.time()) }),
    };
    let metrics = match found.metrics() {
        None => None,
        Some(metrics) => Some(Timed { enabled: on(metrics.status().as_str())?, minutes: minutes(metrics.event_threshold()) }),
    };
    Some(Destination {
        bucket: found.bucket().to_owned(),
        account: found.account().map(str::to_owned),
        storage_class: found.storage_class().map(|class| class.as_str().to_owned()),
        owner_changes,
        kms_key: found.encryption_configuration().and_then(EncryptionConfiguration::replica_kms_key_id).map(str::to_owned),
        time,
        metrics,
    })
}

#[expect(deprecated, reason = "rules from before 2018 carry a rule-level prefix, and they must go back as they came")]
fn rule_prefix(rule: &SdkRule) -> Option<&str> {
    rule.prefix()
}

fn filter_from(rule: &SdkRule) -> Filter {
    let tag = |tag: &SdkTag| Tag { key: tag.key().to_owned(), value: tag.value().to_owned() };
    let Some(filter) = rule.filter() else {
        return Filter { form: Form::RulePrefix, prefix: rule_prefix(rule).map(str::to_owned), ..Filter::default() };
    };
    if let Some(and) = filter.and() {
        return Filter { form: Form::And, prefix: and.prefix().map(str::to_owned), tags: and.tags().iter().map(tag).collect(), ..Filter::default() };
    }
    let prefix = filter.prefix().filter(|prefix| !prefix.is_empty()).map(str::to_owned);
    Filter { form: Form::Plain, prefix, tags: filter.tag().map(tag).into_iter().collect(), ..Filter::default() }
}

/// Writes the whole configuration.
pub(super) async fn put(bucket: &Bucket, name: &str, wish: &Replication, what: &str) -> Result<(), PortError> {
    let rules = wish.rules.iter().map(to_sdk).collect::<Result<Vec<SdkRule>, _>>().map_err(|_| unreadable(what))?;
    let configuration = ReplicationConfiguration::builder().role(&wish.role).set_rules(Some(rules)).build().map_err(|_| unreadable(what))?;
    let put = bucket.control.put_bucket_replication().bucket(name).set_expected_bucket_owner(bucket.account.clone());
    put.replication_configuration(configuration).send().await.map(|_| ()).map_err(|error| port(what, error))
}

fn status(on: bool) -> &'static str {
    if on { "Enabled" } else { "Disabled" }
}

fn to_sdk(rule: &ReplicationRule) -> Result<SdkRule, BuildError> {
    let marker = |on: bool| DeleteMarkerReplication::builder().status(DeleteMarkerReplicationStatus::from(status(on))).build();
    let existing = |on: bool| ExistingObjectReplication::builder().status(ExistingObjectReplicationStatus::from(status(on))).build();
    let kms = |on: bool| SseKmsEncryptedObjects::builder().status(SseKmsEncryptedObjectsStatus::from(status(on))).build();
    let modifications = |on: bool| ReplicaModifications::builder().status(ReplicaModificationsStatus::from(status(on))).build();
    let kms = rule.kms_objects.map(kms).transpose()?;
    let modifications = rule.replica_modifications.map(modifications).transpose()?;
    let source = (kms.is_some() || modifications.is_some())
        .then(|| SourceSelectionCriteria::builder().set_sse_kms_encrypted_objects(kms).set_replica_modifications(modifications).build());
    let builder = SdkRule::builder()
        .set_id((!rule.id.is_empty()).then(|| rule.id.clone()))
        .set_priority(rule.priority)
        .status(ReplicationRuleStatus::from(status(rule.enabled)))
        .set_delete_marker_replication(rule.delete_markers.map(marker))
        .set_existing_object_replication(rule.existing_objects.map(existing).transpose()?)
        .set_source_selection_criteria(source)
        .destination(destination_to(&rule.destination)?);
    with_filter(builder, &rule.filter)?.build()
}

fn destination_to(wish: &Destination) -> Result<SdkDestination, BuildError> {
    let minutes = |timed: &Timed| timed.minutes.map(|minutes| ReplicationTimeValue::builder().minutes(minutes).build());
    let time = |timed: &Timed| ReplicationTime::builder().status(ReplicationTimeStatus::from(status(timed.enabled))).set_time(minutes(timed)).build();
    let metrics = |timed: &Timed| Metrics::builder().status(MetricsStatus::from(status(timed.enabled))).set_event_threshold(minutes(timed)).build();
    let owner = wish.owner_changes.then(|| AccessControlTranslation::builder().owner(OwnerOverride::Destination).build());
    let key = wish.kms_key.as_ref().map(|key| EncryptionConfiguration::builder().replica_kms_key_id(key).build());
    SdkDestination::builder()
        .bucket(&wish.bucket)
        .set_account(wish.account.clone())
        .set_storage_class(wish.storage_class.as_deref().map(StorageClass::from))
        .set_access_control_translation(owner.transpose()?)
        .set_encryption_configuration(key)
        .set_replication_time(wish.time.as_ref().map(time).transpose()?)
        .set_metrics(wish.metrics.as_ref().map(metrics).transpose()?)
        .build()
}

#[expect(deprecated, reason = "rules from before 2018 carry a rule-level prefix, and they must go back as they came")]
fn with_filter(
    builder: aws_sdk_s3::types::builders::ReplicationRuleBuilder,
    filter: &Filter,
) -> Result<aws_sdk_s3::types::builders::ReplicationRuleBuilder, BuildError> {
    let tags = filter.tags.iter().map(|tag| SdkTag::builder().key(&tag.key).value(&tag.value).build()).collect::<Result<Vec<SdkTag>, _>>()?;
    Ok(match filter.form {
        Form::RulePrefix => builder.prefix(filter.prefix.clone().unwrap_or_default()),
        Form::And => {
            let and = ReplicationRuleAndOperator::builder().set_prefix(filter.prefix.clone()).set_tags((!tags.is_empty()).then_some(tags));
            builder.filter(ReplicationRuleFilter::builder().and(and.build()).build())
        }
        Form::Plain => {
            let prefix = if tags.is_empty() { Some(filter.prefix.clone().unwrap_or_default()) } else { filter.prefix.clone() };
            builder.filter(ReplicationRuleFilter::builder().set_prefix(prefix).set_tag(tags.into_iter().next()).build())
        }
    })
}
