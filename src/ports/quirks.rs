//! The one table of what endpoints are known to do otherwise than AWS.
//!
//! `docs/endpoints.md` is generated from it. A quirk is here only when it was measured; what an endpoint cannot enforce
//! is said in the plan and never counted as proven.

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
}

/// Amazon's own endpoints: all conditions are written.
pub const AWS: Quirks = Quirks { name: "AWS", unfilled_keys: &[], path_style: false, not_enforced: &[] };

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
};

/// Every kind of endpoint.
pub const KINDS: &[Quirks] = &[AWS, OTHER];

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
    use super::{AWS, OTHER, of};

    #[test]
    fn only_amazons_hosts_are_aws() {
        assert_eq!(of(None), AWS);
        assert_eq!(of(Some("https://s3.eu-west-1.amazonaws.com")), AWS);
        assert_eq!(of(Some("http://127.0.0.1:9000")), OTHER);
        assert_eq!(of(Some("https://amazonaws.com.evil.example")), OTHER);
    }
}
