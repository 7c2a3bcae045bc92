//! Lifecycle configurations: S3's typed form ↔ ours, without losing the form a foreign rule was written in.

use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, ExpirationStatus, LifecycleExpiration, LifecycleRule, LifecycleRuleAndOperator,
    LifecycleRuleFilter, NoncurrentVersionExpiration, NoncurrentVersionTransition, Tag as SdkTag, Transition as SdkTransition,
    TransitionDefaultMinimumObjectSize, TransitionStorageClass,
};
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;

use super::Bucket;
use super::error::port;
use super::iam::unreadable;
use super::raw;
use super::s3::{hollow, proven};
use crate::model::document::Document;
use crate::model::fact::{Fact, Why};
use crate::model::lifecycle::{Expiration, Filter, Form, Lifecycle, Noncurrent, NoncurrentTransition, Rule, Tag, Transition};
use crate::ports::PortError;

/// Every element of a lifecycle configuration that [`Lifecycle`] carries.
const KNOWN: &[&str] = &[
    "Rule",
    "ID",
    "Prefix",
    "Status",
    "Filter",
    "And",
    "Tag",
    "Key",
    "Value",
    "ObjectSizeGreaterThan",
    "ObjectSizeLessThan",
    "Expiration",
    "Days",
    "Date",
    "ExpiredObjectDeleteMarker",
    "Transition",
    "StorageClass",
    "NoncurrentVersionExpiration",
    "NoncurrentDays",
    "NewerNoncurrentVersions",
    "NoncurrentVersionTransition",
    "AbortIncompleteMultipartUpload",
    "DaysAfterInitiation",
];

/// Reads the whole configuration.
pub(super) async fn read(bucket: &Bucket, name: &str) -> Result<Fact<Document>, PortError> {
    let ask = bucket.control.get_bucket_lifecycle_configuration().bucket(name).set_expected_bucket_owner(bucket.account.clone());
    let (raw, answer) = raw::kept(ask.send()).await;
    let answer = answer.map_err(|error| port(&format!("GetBucketLifecycleConfiguration {name}"), error))?;
    if !raw.has("Rule") {
        return Ok(hollow("GetBucketLifecycleConfiguration", "Rule"));
    }
    let mut rules = Vec::new();
    for (at, rule) in answer.rules().iter().enumerate() {
        match from_sdk(rule) {
            Some(rule) => rules.push(rule),
            None => return Ok(Fact::Unknown(Why::NotUnderstood(format!("lifecycle rule {} (`{}`)", at + 1, rule.id().unwrap_or("without id"))))),
        }
    }
    let minimum_size = answer.transition_default_minimum_object_size().map(|size| size.as_str().to_owned());
    Ok(proven(&raw, "LifecycleConfiguration", KNOWN, &Lifecycle { rules, minimum_size }))
}

/// Replaces the whole configuration.
pub(super) async fn put(bucket: &Bucket, name: &str, wish: &Lifecycle, what: &str) -> Result<(), PortError> {
    let rules = wish.rules.iter().map(to_sdk).collect::<Option<Vec<_>>>().ok_or_else(|| unreadable(what))?;
    let configuration = BucketLifecycleConfiguration::builder().set_rules(Some(rules)).build().map_err(|_| unreadable(what))?;
    let size = wish.minimum_size.as_deref().map(TransitionDefaultMinimumObjectSize::from);
    let put = bucket.control.put_bucket_lifecycle_configuration().bucket(name).set_expected_bucket_owner(bucket.account.clone());
    let put = put.lifecycle_configuration(configuration).set_transition_default_minimum_object_size(size);
    put.send().await.map(|_| ()).map_err(|error| port(what, error))
}

fn from_sdk(rule: &LifecycleRule) -> Option<Rule> {
    let enabled = match rule.status() {
        ExpirationStatus::Enabled => true,
        ExpirationStatus::Disabled => false,
        _ => return None,
    };
    let expiration = match rule.expiration() {
        Some(expiration) => Some(expiration_from(expiration)?),
        None => None,
    };
    let transitions = rule.transitions().iter().map(|step| {
        let date = step.date().map(|date| date.fmt(Format::DateTime)).transpose().ok()?;
        Some(Transition { days: step.days(), date, class: step.storage_class()?.as_str().to_owned() })
    });
    let noncurrent_transitions = rule.noncurrent_version_transitions().iter().map(|step| {
        Some(NoncurrentTransition {
            days: step.noncurrent_days()?,
            class: step.storage_class()?.as_str().to_owned(),
            keep_newer: step.newer_noncurrent_versions(),
        })
    });
    let noncurrent = match rule.noncurrent_version_expiration() {
        Some(noncurrent) => Some(Noncurrent { days: noncurrent.noncurrent_days()?, keep_newer: noncurrent.newer_noncurrent_versions() }),
        None => None,
    };
    Some(Rule {
        id: rule.id().unwrap_or_default().to_owned(),
        enabled,
        filter: filter_from(rule),
        expiration,
        transitions: transitions.collect::<Option<_>>()?,
        noncurrent,
        noncurrent_transitions: noncurrent_transitions.collect::<Option<_>>()?,
        abort_uploads_days: rule.abort_incomplete_multipart_upload().and_then(AbortIncompleteMultipartUpload::days_after_initiation),
    })
}

fn expiration_from(expiration: &LifecycleExpiration) -> Option<Expiration> {
    match (expiration.days(), expiration.date(), expiration.expired_object_delete_marker()) {
        (Some(days), None, None | Some(false)) => Some(Expiration::Days(days)),
        (None, Some(date), None | Some(false)) => Some(Expiration::Date(date.fmt(Format::DateTime).ok()?)),
        (None, None, Some(marker)) => Some(Expiration::DeleteMarker(marker)),
        _ => None,
    }
}

#[expect(deprecated, reason = "rules from before 2016 carry a rule-level prefix, and they must go back as they came")]
fn rule_prefix(rule: &LifecycleRule) -> Option<&str> {
    rule.prefix()
}

fn filter_from(rule: &LifecycleRule) -> Filter {
    let tag = |tag: &SdkTag| Tag { key: tag.key().to_owned(), value: tag.value().to_owned() };
    let Some(filter) = rule.filter() else {
        return Filter { form: Form::RulePrefix, prefix: rule_prefix(rule).map(str::to_owned), ..Filter::default() };
    };
    if let Some(and) = filter.and() {
        return Filter {
            form: Form::And,
            prefix: and.prefix().map(str::to_owned),
            tags: and.tags().iter().map(tag).collect(),
            larger_than: and.object_size_greater_than(),
            smaller_than: and.object_size_less_than(),
        };
    }
    Filter {
        form: Form::Plain,
        prefix: filter.prefix().map(str::to_owned),
        tags: filter.tag().map(tag).into_iter().collect(),
        larger_than: filter.object_size_greater_than(),
        smaller_than: filter.object_size_less_than(),
    }
}

fn to_sdk(rule: &Rule) -> Option<LifecycleRule> {
    let mut builder = LifecycleRule::builder()
        .id(&rule.id)
        .status(if rule.enabled { ExpirationStatus::Enabled } else { ExpirationStatus::Disabled })
        .set_expiration(rule.expiration.as_ref().map(expiration_to).transpose().ok()?);
    builder = with_filter(builder, &rule.filter)?;
    for step in &rule.transitions {
        let date = step.date.as_deref().map(date_to).transpose().ok()?;
        let step = SdkTransition::builder().set_days(step.days).set_date(date).storage_class(TransitionStorageClass::from(step.class.as_str()));
        builder = builder.transitions(step.build());
    }
    for step in &rule.noncurrent_transitions {
        let class = TransitionStorageClass::from(step.class.as_str());
        let step = NoncurrentVersionTransition::builder().noncurrent_days(step.days).storage_class(class).set_newer_noncurrent_versions(step.keep_newer);
        builder = builder.noncurrent_version_transitions(step.build());
    }
    if let Some(noncurrent) = &rule.noncurrent {
        let expiration = NoncurrentVersionExpiration::builder().noncurrent_days(noncurrent.days).set_newer_noncurrent_versions(noncurrent.keep_newer);
        builder = builder.noncurrent_version_expiration(expiration.build());
    }
    if let Some(days) = rule.abort_uploads_days {
        builder = builder.abort_incomplete_multipart_upload(AbortIncompleteMultipartUpload::builder().days_after_initiation(days).build());
    }
    builder.build().ok()
}

fn date_to(text: &str) -> Result<DateTime, ()> {
    DateTime::from_str(text, Format::DateTime).map_err(|_| ())
}

fn expiration_to(expiration: &Expiration) -> Result<LifecycleExpiration, ()> {
    let builder = LifecycleExpiration::builder();
    Ok(match expiration {
        Expiration::Days(days) => builder.days(*days),
        Expiration::Date(date) => builder.date(date_to(date)?),
        Expiration::DeleteMarker(marker) => builder.expired_object_delete_marker(*marker),
    }
    .build())
}

#[expect(deprecated, reason = "rules from before 2016 carry a rule-level prefix, and they must go back as they came")]
fn with_filter(builder: aws_sdk_s3::types::builders::LifecycleRuleBuilder, filter: &Filter) -> Option<aws_sdk_s3::types::builders::LifecycleRuleBuilder> {
    let tags = filter.tags.iter().map(|tag| SdkTag::builder().key(&tag.key).value(&tag.value).build());
    let tags: Vec<SdkTag> = tags.collect::<Result<_, _>>().ok()?;
    Some(match filter.form {
        Form::RulePrefix => builder.prefix(filter.prefix.clone().unwrap_or_default()),
        Form::And => {
            let and = LifecycleRuleAndOperator::builder()
                .set_prefix(filter.prefix.clone())
                .set_tags((!tags.is_empty()).then_some(tags))
                .set_object_size_greater_than(filter.larger_than)
                .set_object_size_less_than(filter.smaller_than);
            builder.filter(LifecycleRuleFilter::builder().and(and.build()).build())
        }
        Form::Plain => {
            let plain = LifecycleRuleFilter::builder()
                .set_prefix(filter.prefix.clone())
                .set_tag(tags.into_iter().next())
                .set_object_size_greater_than(filter.larger_than)
                .set_object_size_less_than(filter.smaller_than);
            builder.filter(plain.build())
        }
    })
}
