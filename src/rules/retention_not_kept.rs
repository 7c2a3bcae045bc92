//! Rule `retention-not-kept`.

use super::{Check, Rule, RuleDocs};
use crate::model::finding::{Finding, Level};
use crate::model::lifecycle::{Expiration, Rule as LifecycleRule};
use crate::model::resource::{BucketWish, Observed};
use crate::policy::LoadedPolicy;
use crate::settings::bucket_lifecycle::tiers;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "retention-not-kept",
    level: Level::Warning,
    since: "0.1.0",
    summary: "a lifecycle rule of the live bucket expires backups before the retention of the policy",
    docs: RuleDocs {
        checks: "That no enabled rule of the live lifecycle, whoever wrote it, expires untagged objects under the policy's prefix sooner than its longest tier.",
        why: "S3 obeys every rule of the bucket, and the shortest expiry wins. A retention in the policy is worth nothing while another rule deletes first.",
        example: "live: [{id: cleanup, enabled: true, filter: {}, expiration: {days: 3}}]",
        instead: "live: [{id: cleanup, enabled: true, filter: {prefix: tmp/}, expiration: {days: 3}}]",
        when: "While the rule is about to be removed; the plan shows the step that removes it.",
    },
    check: Check::Observed(check),
};

fn check(policy: &LoadedPolicy, bucket: &BucketWish, observed: &Observed) -> Vec<Finding> {
    let Some(live) = super::lifecycle(bucket, observed) else { return Vec::new() };
    let prefix = &policy.policy.spec.storage.prefix;
    let mut out = Vec::new();
    for (name, set) in &policy.policy.spec.backups {
        let Some((tier, longest, _)) = tiers(&set.retention).into_iter().max_by_key(|(_, days, _)| *days) else { continue };
        for rule in live.rules.iter().filter(|rule| rule.enabled && sooner(rule, &format!("{prefix}{name}/"), longest)) {
            let finding = Finding::error(format!("lifecycle rule `{}` of bucket `{}` does not keep the retention of `{name}`", rule.id, bucket.name));
            let finding = policy.mark(finding, &format!("/spec/backups/{name}/retention"), format!("tier {tier} is to live {longest} d"));
            out.push(finding.why(format!("it {}", say(rule))).instead("remove that rule, or keep it off this prefix"));
        }
    }
    out
}

/// `prefix` is the folder of a set; a rule on a part of it takes that part.
fn sooner(rule: &LifecycleRule, prefix: &str, longest: i32) -> bool {
    let of_rule = rule.filter.prefix.as_deref().unwrap_or("");
    let meets = rule.filter.tags.is_empty() && (prefix.starts_with(of_rule) || of_rule.starts_with(prefix));
    meets
        && match rule.expiration {
            Some(Expiration::Days(days)) => days < longest,
            Some(Expiration::Date(_)) => true,
            Some(Expiration::DeleteMarker(_)) | None => false,
        }
}

fn say(rule: &LifecycleRule) -> String {
    let filter = &rule.filter;
    let sizes = [filter.larger_than.map(|bytes| format!("larger than {bytes} bytes")), filter.smaller_than.map(|bytes| format!("smaller than {bytes} bytes"))];
    let sizes: Vec<String> = sizes.into_iter().flatten().collect();
    let sizes = if sizes.is_empty() { String::new() } else { format!(" {}", sizes.join(" and ")) };
    let prefix = filter.prefix.as_ref().filter(|prefix| !prefix.is_empty()).map_or_else(String::new, |prefix| format!(" below `{prefix}`"));
    let objects = format!("every object{sizes}{prefix}");
    match &rule.expiration {
        Some(Expiration::Days(days)) => format!("expires {objects} {days} d after it was written"),
        Some(Expiration::Date(date)) => format!("expires {objects} on {date}"),
        Some(Expiration::DeleteMarker(_)) | None => "expires nothing".to_owned(),
    }
}
