//! The one table of what endpoints are known to do otherwise than AWS.
//!
//! `docs/endpoints.md` is generated from it. A quirk is here only when it was measured; what an endpoint cannot enforce
//! is said in the plan and never counted as proven.

use crate::model::request::RequestOp;
use crate::model::support::NotTaken;

/// What is known of a kind of endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quirks {
    /// The name of the kind of endpoint.
    pub name: &'static str,
    /// IAM condition keys (or beginnings of keys) that it never fills: a condition on one would refuse everything.
    pub unfilled_keys: &'static [&'static str],
    /// Whether buckets are addressed in the path of the URL.
    pub path_style: bool,
    /// What it is known not to enforce, for reports.
    pub not_enforced: &'static [&'static str],
    /// What it refuses of a write although it answers the matching read.
    pub not_taken: &'static [NotTaken],
    /// Whether an upload makes a missing bucket. Then the bucket is asked for before anything is uploaded.
    pub makes_buckets: bool,
    /// Whether it lists folder by folder, and so not in the order of keys: then a listing is not asked for in parts.
    pub lists_by_folder: bool,
    /// How its `Server` header begins, where that can be relied upon.
    pub server: Option<&'static str>,
}

/// Amazon's own endpoints: all conditions are written.
pub const AWS: Quirks = Quirks {
    name: "AWS",
    unfilled_keys: &[],
    path_style: false,
    not_enforced: &[],
    not_taken: &[],
    makes_buckets: false,
    lists_by_folder: false,
    server: None,
};

/// Any other endpoint. ministack 1.5.33 was measured: a condition on `s3:RequestObjectTag/…` refuses every tagging, right
/// value or wrong, because the key is never filled; overwrites without `If-None-Match` are accepted from the writer.
pub const OTHER: Quirks = Quirks {
    name: "S3-compatible",
    unfilled_keys: &["s3:RequestObjectTag/", "s3:ExistingObjectTag/", "s3:if-none-match", "iam:PermissionsBoundary"],
    path_style: true,
    not_enforced: &[
        "which values the keeper may set on the release tag",
        "that the writer cannot overwrite a backup",
        "that the applier makes only roles with the permission boundary",
    ],
    not_taken: &[],
    makes_buckets: false,
    lists_by_folder: false,
    server: None,
};

/// SeaweedFS. 4.48 was measured with the flags that it has when none are given; every answer of it, a refusal too, has a
/// header like `Server: SeaweedFS 30GB 4.48`.
pub const SEAWEEDFS: Quirks = Quirks {
    name: "SeaweedFS",
    unfilled_keys: &[],
    path_style: true,
    not_enforced: &["anything of `access`: it has no roles"],
    not_taken: &[
        NotTaken {
            op: RequestOp::PutBucketLifecycle,
            part: &["rules", "*", "transitions"],
            sentence: "storage classes in lifecycle rules: SeaweedFS refuses the whole configuration (501)",
        },
        NotTaken {
            op: RequestOp::PutBucketLifecycle,
            part: &["rules", "*", "noncurrentTransitions"],
            sentence: "storage classes of noncurrent versions: SeaweedFS refuses the whole configuration (501)",
        },
        NotTaken { op: RequestOp::PutBucketReplication, part: &[], sentence: "replication: SeaweedFS takes the request for one that makes the bucket" },
        NotTaken { op: RequestOp::PutBucketLogging, part: &[], sentence: "access logging: SeaweedFS takes the request for one that makes the bucket" },
    ],
    makes_buckets: true,
    lists_by_folder: true,
    server: Some("SeaweedFS "),
};

/// Every kind of endpoint.
pub const KINDS: &[Quirks] = &[AWS, OTHER, SEAWEEDFS];

/// The quirks of an endpoint that is not Amazon's, by the `Server` header of one of its answers.
pub fn of_server(header: Option<&str>) -> Quirks {
    let named = |kind: &&Quirks| kind.server.is_some_and(|begin| header.is_some_and(|header| header.starts_with(begin)));
    KINDS.iter().find(named).copied().unwrap_or(OTHER)
}

/// The quirks of an endpoint URL; none means AWS.
pub fn of(endpoint: Option<&str>) -> Quirks {
    let host = endpoint.and_then(|url| url.split_once("://")).map(|(_, rest)| rest.split(['/', ':']).next().unwrap_or(rest));
    match host {
        None => AWS,
        Some(host) if host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn") => AWS,
        Some(_) => OTHER,
    }
}

#[cfg(test)]
mod tests {
    use super::{AWS, OTHER, SEAWEEDFS, of, of_server};

    #[test]
    fn a_server_is_known_by_its_own_word_only() {
        assert_eq!(of_server(Some("SeaweedFS 8000GB 4.48")), SEAWEEDFS);
        for other in [None, Some("amazon.com"), Some("Werkzeug/3.1.9 Python/3.11.2"), Some("NotSeaweedFS 1")] {
            assert_eq!(of_server(other), OTHER);
        }
    }

    #[test]
    fn only_amazons_hosts_are_aws() {
        assert_eq!(of(None), AWS);
        assert_eq!(of(Some("https://s3.eu-west-1.amazonaws.com")), AWS);
        assert_eq!(of(Some("http://127.0.0.1:9000")), OTHER);
        assert_eq!(of(Some("https://amazonaws.com.evil.example")), OTHER);
    }
}
