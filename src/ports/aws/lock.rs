//! Object lock: S3's form ↔ ours. A PUT without a rule takes the default retention away, so it is always written out.

use aws_sdk_s3::types::{DefaultRetention, ObjectLockConfiguration, ObjectLockEnabled, ObjectLockRetentionMode, ObjectLockRule};

use super::Bucket;
use super::error::port;
use super::raw;
use super::s3::proven;
use crate::model::aspects::{LockMode, LockRetention, ObjectLock};
use crate::model::document::Document;
use crate::model::fact::{Fact, Why};
use crate::ports::PortError;

const KNOWN: &[&str] = &["ObjectLockEnabled", "Rule", "DefaultRetention", "Mode", "Days", "Years"];

/// Reads whether new versions are locked, and for how long.
pub(super) async fn read(bucket: &Bucket, name: &str) -> Result<Fact<Document>, PortError> {
    let ask = bucket.control.get_object_lock_configuration().bucket(name).set_expected_bucket_owner(bucket.account.clone());
    let (raw, answer) = raw::kept(ask.send()).await;
    let answer = answer.map_err(|error| port(&format!("GetObjectLockConfiguration {name}"), error))?;
    if let Err(why) = raw.check("ObjectLockConfiguration", KNOWN) {
        return Ok(Fact::Unknown(why));
    }
    let found = answer.object_lock_configuration();
    if found.and_then(ObjectLockConfiguration::object_lock_enabled) != Some(&ObjectLockEnabled::Enabled) {
        return Ok(Fact::Unknown(Why::Unsupported("an answer that does not say whether object lock is on".to_owned())));
    }
    let retention = match found.and_then(ObjectLockConfiguration::rule) {
        None => None,
        Some(rule) => match rule.default_retention().and_then(retention) {
            Some(retention) => Some(retention),
            None => return Ok(Fact::Unknown(Why::NotUnderstood("the default retention of the object lock".to_owned()))),
        },
    };
    Ok(proven(&raw, "ObjectLockConfiguration", KNOWN, &ObjectLock { retention }))
}

fn retention(found: &DefaultRetention) -> Option<LockRetention> {
    let mode = match found.mode()? {
        ObjectLockRetentionMode::Governance => LockMode::Governance,
        ObjectLockRetentionMode::Compliance => LockMode::Compliance,
        _ => return None,
    };
    // Some servers answer the period that is not set as 0.
    let set = |period: Option<i32>| period.filter(|period| *period != 0);
    Some(LockRetention { mode, days: set(found.days()), years: set(found.years()) })
}

/// Writes it whole.
pub(super) async fn put(bucket: &Bucket, name: &str, wish: &ObjectLock, what: &str) -> Result<(), PortError> {
    let rule = wish.retention.map(|retention| {
        let mode = match retention.mode {
            LockMode::Governance => ObjectLockRetentionMode::Governance,
            LockMode::Compliance => ObjectLockRetentionMode::Compliance,
        };
        let retention = DefaultRetention::builder().mode(mode).set_days(retention.days).set_years(retention.years).build();
        ObjectLockRule::builder().default_retention(retention).build()
    });
    let lock = ObjectLockConfiguration::builder().object_lock_enabled(ObjectLockEnabled::Enabled).set_rule(rule).build();
    let put = bucket.control.put_object_lock_configuration().bucket(name).set_expected_bucket_owner(bucket.account.clone()).object_lock_configuration(lock);
    put.send().await.map(|_| ()).map_err(|error| port(what, error))
}
