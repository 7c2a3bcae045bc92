//! What a bucket can have besides settings: parts that lifeboat never manages, read only when somebody asks what lies there.
//!
//! Data only. Must never grow a want or a request: what stands here is nobody's to change by a policy.

use crate::model::request::ReadOp;

/// A part of a bucket that lifeboat never manages.
#[derive(Debug)]
pub struct Beside {
    /// The question, a GET.
    pub read: ReadOp,
    /// Its stable id in an inventory.
    pub id: &'static str,
    /// Its name for people.
    pub title: &'static str,
}

/// All of them, in the order in which they are shown (Amazon S3 API Reference, operations on buckets).
pub static BESIDE: &[Beside] = &[
    Beside { read: ReadOp::BucketAcl, id: "acl-grant", title: "ACL grant" },
    Beside { read: ReadOp::BucketWebsite, id: "website", title: "web site" },
    Beside { read: ReadOp::BucketCors, id: "cors", title: "CORS rule" },
    Beside { read: ReadOp::BucketNotification, id: "notification", title: "notification" },
    Beside { read: ReadOp::BucketTiering, id: "intelligent-tiering", title: "archive tier" },
    Beside { read: ReadOp::BucketInventory, id: "inventory", title: "S3 Inventory" },
    Beside { read: ReadOp::BucketAnalytics, id: "analytics", title: "storage class analysis" },
    Beside { read: ReadOp::BucketMetrics, id: "metrics", title: "request metrics" },
    Beside { read: ReadOp::BucketAccelerate, id: "accelerate", title: "transfer acceleration" },
    Beside { read: ReadOp::BucketRequestPayment, id: "request-payment", title: "request payment" },
];
