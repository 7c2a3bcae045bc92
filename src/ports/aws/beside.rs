//! What lies in a bucket and lifeboat never manages: questions only, each a GET, each answered in a few words.
//!
//! Nothing here is ever written or deleted, by this or by any other module. An answer counts only with its own root element:
//! servers that do not know a question answer nothing, or the listing of the bucket.

use std::collections::BTreeMap;

use aws_sdk_s3::operation::get_bucket_acl::GetBucketAclOutput;
use aws_sdk_s3::operation::get_bucket_notification_configuration::GetBucketNotificationConfigurationOutput;
use aws_sdk_s3::operation::get_bucket_website::GetBucketWebsiteOutput;
use aws_sdk_s3::types::{BucketAccelerateStatus, CorsRule, Event, IntelligentTieringConfiguration, InventoryConfiguration, Payer};

use super::Bucket;
use super::error::port;
use super::raw;
use crate::model::aspects::Parts;
use crate::model::document::Document;
use crate::model::fact::{Fact, Why};
use crate::model::request::ReadOp;
use crate::ports::{Kind, PortError};

type Reading = Result<Fact<Document>, PortError>;
type Words = BTreeMap<String, String>;

/// Sends a question, and gives its answer with what its body proves of the root element.
macro_rules! ask {
    ($bucket:ident, $name:ident, $what:literal, $root:literal, $question:expr) => {{
        let question = $question.bucket($name).set_expected_bucket_owner($bucket.account.clone());
        let (raw, answer) = raw::kept(question.send()).await;
        let answer = answer.map_err(|error| port(&format!("{} {}", $what, $name), error))?;
        if let Err(why) = raw.rooted($root) {
            return Ok(Fact::Unknown(why));
        }
        answer
    }};
}

/// Asks page by page: S3 lists at most 100 configurations at once.
macro_rules! pages {
    ($bucket:ident, $name:ident, $what:literal, $root:literal, $operation:ident, $list:ident, $words:expr) => {{
        let mut found = Words::new();
        let mut next: Option<String> = None;
        let mut pages = 0;
        loop {
            pages += 1;
            let page = ask!($bucket, $name, $what, $root, $bucket.control.$operation().set_continuation_token(next.clone()));
            found.extend(page.$list().iter().map($words));
            let token = page.next_continuation_token().map(str::to_owned);
            match (page.is_truncated() == Some(true), token) {
                (false, _) => break Ok(said(found)),
                (true, Some(token)) if Some(&token) != next.as_ref() && pages < PAGES => next = Some(token),
                (true, _) => return Ok(Fact::Unknown(Why::NotUnderstood(format!("{} does not come to an end", $what)))),
            }
        }
    }};
}

/// The answers by which S3 says that there is no such thing (S3 API, error responses). Any other 404 may be of somebody who knows no such question.
const NOTHING: &[&str] = &["NoSuchCORSConfiguration", "NoSuchWebsiteConfiguration", "NoSuchConfiguration", "NoSuchBucket"];
/// Pages that are asked for: S3 keeps at most 1,000 configurations of each kind.
const PAGES: usize = 20;

/// Asks one question.
pub(super) async fn read(bucket: &Bucket, op: ReadOp, name: &str) -> Reading {
    match asked(bucket, op, name).await {
        Err(error) if error.kind == Kind::Missing && !NOTHING.iter().any(|code| error.message.starts_with(code)) => {
            Ok(Fact::Unknown(Why::NotUnderstood(format!("{} was answered with 404: {}", error.what, error.message))))
        }
        answered => answered,
    }
}

async fn asked(bucket: &Bucket, op: ReadOp, name: &str) -> Reading {
    match op {
        ReadOp::BucketCors => {
            let answer = ask!(bucket, name, "GetBucketCors", "CORSConfiguration", bucket.control.get_bucket_cors());
            Ok(said(answer.cors_rules().iter().enumerate().map(|(at, rule)| (id(rule.id(), "rule", at), cors(rule)))))
        }
        ReadOp::BucketWebsite => Ok(said(website(&ask!(bucket, name, "GetBucketWebsite", "WebsiteConfiguration", bucket.control.get_bucket_website())))),
        ReadOp::BucketNotification => {
            let question = bucket.control.get_bucket_notification_configuration();
            Ok(said(notifications(&ask!(bucket, name, "GetBucketNotificationConfiguration", "NotificationConfiguration", question))))
        }
        ReadOp::BucketAccelerate => {
            let question = bucket.control.get_bucket_accelerate_configuration();
            let answer = ask!(bucket, name, "GetBucketAccelerateConfiguration", "AccelerateConfiguration", question);
            let on = answer.status().filter(|status| **status != BucketAccelerateStatus::Suspended);
            Ok(said(on.map(|status| (status.as_str().to_owned(), "transfers go by the edge of the network".to_owned()))))
        }
        ReadOp::BucketRequestPayment => {
            let answer = ask!(bucket, name, "GetBucketRequestPayment", "RequestPaymentConfiguration", bucket.control.get_bucket_request_payment());
            let other = answer.payer().filter(|payer| **payer != Payer::BucketOwner);
            Ok(said(other.map(|payer| (payer.as_str().to_owned(), "pays for requests and transfer".to_owned()))))
        }
        ReadOp::BucketAcl => Ok(acl(&ask!(bucket, name, "GetBucketAcl", "AccessControlPolicy", bucket.control.get_bucket_acl()))),
        _ => configurations(bucket, op, name).await,
    }
}

async fn configurations(bucket: &Bucket, op: ReadOp, name: &str) -> Reading {
    match op {
        ReadOp::BucketAnalytics => pages!(
            bucket,
            name,
            "ListBucketAnalyticsConfigurations",
            "ListBucketAnalyticsConfigurationResult",
            list_bucket_analytics_configurations,
            analytics_configuration_list,
            |found| (found.id().to_owned(), "analyses which objects are read".to_owned())
        ),
        ReadOp::BucketInventory => pages!(
            bucket,
            name,
            "ListBucketInventoryConfigurations",
            "ListInventoryConfigurationsResult",
            list_bucket_inventory_configurations,
            inventory_configuration_list,
            |found| (found.id().to_owned(), listing(found))
        ),
        ReadOp::BucketMetrics => pages!(
            bucket,
            name,
            "ListBucketMetricsConfigurations",
            "ListMetricsConfigurationsResult",
            list_bucket_metrics_configurations,
            metrics_configuration_list,
            |found| (found.id().to_owned(), "counts requests".to_owned())
        ),
        ReadOp::BucketTiering => pages!(
            bucket,
            name,
            "ListBucketIntelligentTieringConfigurations",
            "ListBucketIntelligentTieringConfigurationsOutput",
            list_bucket_intelligent_tiering_configurations,
            intelligent_tiering_configuration_list,
            |found| (found.id().to_owned(), tiers(found))
        ),
        _ => Ok(Fact::Unknown(Why::Unsupported("not a question about a bucket".to_owned()))),
    }
}

/// Nothing there is absent.
fn said(parts: impl IntoIterator<Item = (String, String)>) -> Fact<Document> {
    let parts = Parts(parts.into_iter().collect());
    if parts.0.is_empty() { Fact::Absent } else { Fact::Known(Document::of(&parts)) }
}

/// A name where S3 has none.
fn id(id: Option<&str>, what: &str, at: usize) -> String {
    id.filter(|id| !id.is_empty()).map_or_else(|| format!("{what} {}", at + 1), str::to_owned)
}

fn cors(rule: &CorsRule) -> String {
    format!("{} from {}", rule.allowed_methods().join(", "), rule.allowed_origins().join(", "))
}

fn website(found: &GetBucketWebsiteOutput) -> Words {
    let index = found.index_document().map(|index| ("index".to_owned(), index.suffix().to_owned()));
    let error = found.error_document().map(|error| ("error page".to_owned(), error.key().to_owned()));
    let redirect = found.redirect_all_requests_to().map(|to| ("redirect".to_owned(), to.host_name().to_owned()));
    let rules = found.routing_rules().len();
    index.into_iter().chain(error).chain(redirect).chain((rules > 0).then(|| ("routing rules".to_owned(), rules.to_string()))).collect()
}

fn notifications(found: &GetBucketNotificationConfigurationOutput) -> Words {
    let words = |events: &[Event], to: &str| format!("{} to {to}", events.iter().map(Event::as_str).collect::<Vec<_>>().join(", "));
    let topics = found.topic_configurations().iter().enumerate().map(|(at, to)| (id(to.id(), "topic", at), words(to.events(), to.topic_arn())));
    let queues = found.queue_configurations().iter().enumerate().map(|(at, to)| (id(to.id(), "queue", at), words(to.events(), to.queue_arn())));
    let functions = found.lambda_function_configurations().iter().enumerate();
    let functions = functions.map(|(at, to)| (id(to.id(), "function", at), words(to.events(), to.lambda_function_arn())));
    let bus = found.event_bridge_configuration().map(|_| ("EventBridge".to_owned(), "every event to EventBridge".to_owned()));
    topics.chain(queues).chain(functions).chain(bus).collect()
}

fn listing(found: &InventoryConfiguration) -> String {
    let to = found.destination().and_then(|to| to.s3_bucket_destination()).map_or("an unknown place", |to| to.bucket());
    let state = if found.is_enabled() { "" } else { ", off" };
    format!("lists objects to {to}{state}")
}

fn tiers(found: &IntelligentTieringConfiguration) -> String {
    let each = found.tierings().iter().map(|tier| format!("{} after {} d unread", tier.access_tier().as_str(), tier.days()));
    let on = found.status().as_str() == "Enabled";
    format!("{}{}", each.collect::<Vec<_>>().join(", "), if on { "" } else { ", off" })
}

/// Whom the list lets in besides the owner. Without an owner nobody can be told from it.
fn acl(found: &GetBucketAclOutput) -> Fact<Document> {
    let Some(owner) = found.owner().and_then(|owner| owner.id()) else {
        return Fact::Unknown(Why::NotUnderstood("the access control list names no owner".to_owned()));
    };
    let mut grants: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for grant in found.grants() {
        let Some(grantee) = grant.grantee().filter(|grantee| grantee.id() != Some(owner)) else { continue };
        let who = grantee.uri().or(grantee.id()).or(grantee.email_address()).unwrap_or("somebody");
        grants.entry(who.to_owned()).or_default().extend(grant.permission().map(|permission| permission.as_str()));
    }
    said(grants.into_iter().map(|(who, may)| (who, may.join(", "))))
}

#[cfg(test)]
mod tests;
