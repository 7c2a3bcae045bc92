//! Rule `archived-longer-than-rto`.

use super::{Check, Rule, RuleDocs, repositories};
use crate::model::finding::{Finding, Level};
use crate::model::policy::StorageClass;
use crate::model::resource::{BucketWish, Observed};
use crate::policy::LoadedPolicy;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "archived-longer-than-rto",
    level: Level::Warning,
    since: "0.1.0",
    summary: "a lifecycle rule of others moves backups to a class that takes longer to thaw than the RTO promises",
    docs: RuleDocs {
        checks: "That no live lifecycle rule that lifeboat did not write moves backups, of a set or of a physical repository, to a class whose standard retrieval takes longer than the RTO. What the policy itself asks for is judged by `thaw-longer-than-rto`.",
        why: "A restore begins when the last object is readable, and who wrote the rule does not matter for that.",
        example: "live: [{id: archive, enabled: true, filter: {prefix: orders/}, transitions: [{days: 30, class: GLACIER}]}]",
        instead: "live: [{id: archive, enabled: true, filter: {prefix: orders/}, transitions: [{days: 30, class: GLACIER_IR}]}]",
        when: "When the RTO is promised for the newest backups only.",
    },
    check: Check::Observed(check),
};

fn check(policy: &LoadedPolicy, bucket: &BucketWish, observed: &Observed) -> Vec<Finding> {
    let Some(live) = super::lifecycle(bucket, observed) else { return Vec::new() };
    let spec = &policy.policy.spec;
    let rto = spec.objectives.rto;
    let mut places: Vec<String> = spec.backups.keys().map(|set| format!("{}{set}/", spec.storage.prefix)).collect();
    places.extend(repositories::of(policy, observed).iter().map(|repository| repository.place.backups()));
    let mut out = Vec::new();
    for rule in live.rules.iter().filter(|rule| !rule.is_ours() && places.iter().any(|place| repositories::meets(rule, place))) {
        let classes = repositories::archives(rule).filter_map(|name| StorageClass::ALL.into_iter().find(|class| class.as_str() == name));
        let slow = classes.filter_map(|class| Some((class, class.thaw().filter(|thaw| *thaw > rto)?)));
        let Some((class, thaw)) = slow.max_by_key(|(_, thaw)| *thaw) else { continue };
        let finding = Finding::error(format!("lifecycle rule `{}` of bucket `{}` moves backups to {}", rule.id, bucket.name, class.as_str()));
        let finding = policy.mark(finding, "/spec/objectives/rto", format!("{rto} is promised, and it takes up to {thaw} to thaw"));
        out.push(finding.why("thawing alone breaks the promise").instead("remove that rule, keep it off this prefix, or promise a longer rto"));
    }
    out
}
